//! Every key of gate.toml, once.
//!
//! The reader, the near matches and the JSON Schema are all driven by [`ROOT`]. What the words of [`super::schema`]
//! cannot say (a rule over several keys) is in [`super::lower`].

mod fleet;
mod github;

pub(super) use fleet::{EXCEPTION, FLEET, MEMBERS, ONLY};
pub(super) use github::{ENVIRONMENT, GITHUB, REVIEWER, SELECTED};

use super::schema::{ANY, Default, Table, Type, key};
use super::syntax as is;
use crate::desired::freeze::Policy;
use crate::desired::workflows::EVENTS;

/// Every table, to find out where a misplaced key belongs.
pub(super) static TABLES: &[&Table] = &[
    &ROOT,
    &GITHUB,
    &ENVIRONMENT,
    &REVIEWER,
    &SELECTED,
    &WORKFLOW,
    &WHEN,
    &VERIFY,
    &HEROKU,
    &FREEZE,
    &WINDOW,
    &FLEET,
    &MEMBERS,
    &ONLY,
    &EXCEPTION,
];

pub(super) static ROOT: Table = Table {
    noun: "gate.toml",
    either: &[],
    keys: &[
        key(
            "version",
            Type::Integer { min: 1, max: 1 },
            "version = 1",
            "The version of this format: 1. A newer version needs a newer gatectl.",
        )
        .required(),
        key("github", Type::Table(&GITHUB), "[github]", "The GitHub repository that these gates belong to."),
        key("fleet", Type::Table(&FLEET), "[fleet]", "Many repositories of one organization, for which `[environments]` is the default."),
        key(
            "environments",
            Type::Map { name: &is::ENVIRONMENT, of: &Type::Table(&ENVIRONMENT), same: is::folded },
            "[environments.production]",
            "GitHub Environments, by name. Names are case-insensitive. Environments that are not named here are left alone.",
        ),
        key(
            "workflows",
            Type::List { of: &Type::Table(&WORKFLOW), noun: "workflows", min: 0, max: ANY, same: is::exact },
            "[[workflows]]",
            "Which environment each workflow must resolve to, checked statically.",
        ),
        key("verify", Type::Table(&VERIFY), "[verify]", "What gatectl cannot tell from the workflow files."),
        key("heroku", Type::Table(&HEROKU), "[heroku.config.my-app]", "Heroku apps."),
        key("freeze", Type::Table(&FREEZE), "[freeze]", "The deploy freeze."),
    ],
};

pub(super) static WORKFLOW: Table = Table {
    noun: "a workflow",
    either: &[&["environment"], &["jobs"]],
    keys: &[
        key("file", Type::Name(&is::WORKFLOW_FILE), "file = \".github/workflows/deploy.yml\"", "The workflow's path in the repository.")
            .required(),
        key(
            "environment",
            Type::Either(&[
                Type::Name(&is::ENVIRONMENT),
                Type::List { of: &Type::Name(&is::ENVIRONMENT), noun: "environments", min: 1, max: ANY, same: is::folded },
            ]),
            "environment = \"production\"",
            "The environment that the workflow deploys to, or a list: each must be reached by a job or by a leg of its matrix.",
        ),
        key(
            "jobs",
            Type::Map { name: &is::JOB, of: &Type::Name(&is::ENVIRONMENT), same: is::folded },
            "jobs = { deploy = \"production\", docs = \"none\" }",
            "Instead of `environment`: which environment each job must resolve to; `none` for no environment.",
        ),
        key(
            "when",
            Type::Either(&[
                Type::Table(&WHEN),
                Type::List { of: &Type::Table(&WHEN), noun: "scenarios", min: 1, max: ANY, same: is::exact },
            ]),
            "when = { event = \"push\", branch = \"main\" }",
            "The scenario, or a list of scenarios, in which it must resolve this way. If omitted: every trigger that the file declares.",
        ),
    ],
};

pub(super) static WHEN: Table = Table {
    noun: "a scenario",
    either: &[],
    keys: &[
        key("event", Type::Word(EVENTS), "event = \"push\"", "The event that starts the run, by GitHub's name.").required(),
        key("branch", Type::Name(&is::REF_NAME), "branch = \"main\"", "For a push: the branch, without refs/heads/."),
        key("tag", Type::Name(&is::REF_NAME), "tag = \"v1.2.3\"", "For a push or a release: the tag, without refs/tags/."),
        key(
            "ref",
            Type::Name(&is::REF),
            "ref = \"refs/heads/main\"",
            "For a dispatch: the ref it runs on; a short name is a branch. If omitted: the default branch.",
        ),
        key(
            "inputs",
            Type::Map { name: &is::INPUT, of: &Type::Either(&[Type::Text, Type::Boolean, Type::Number]), same: is::folded },
            "inputs = { environment = \"production\" }",
            "For a dispatch: its inputs. Inputs that are not named use their defaults.",
        ),
    ],
};

pub(super) static VERIFY: Table = Table {
    noun: "`[verify]`",
    either: &[],
    keys: &[
        key(
            "harmless",
            Type::List { of: &Type::Name(&is::HARMLESS), noun: "harmless secrets and jobs", min: 0, max: ANY, same: is::folded },
            "harmless = [\"CODECOV_TOKEN\", \"SLACK_*\", \"ci.yml:lint\"]",
            "Secrets by name, and jobs as FILE:JOB, that cannot deploy. `*` stands for any characters of a secret's name.",
        ),
        key(
            "trusted_workflows",
            Type::List { of: &Type::Name(&is::CALLED_WORKFLOW), noun: "workflows", min: 0, max: ANY, same: is::folded },
            "trusted_workflows = [\"slsa-framework/slsa-github-generator/.github/workflows/*\"]",
            "Workflows of other repositories that deploy nothing of yours, without `@ref`. `*` does not cross `/`.",
        ),
    ],
};

pub(super) static HEROKU: Table = Table {
    noun: "`[heroku]`",
    either: &[],
    keys: &[key(
        "config",
        Type::Map { name: &is::APP, of: &Type::Map { name: &is::CONFIG_VAR, of: &Type::Text, same: is::exact }, same: is::exact },
        "[heroku.config.my-app]",
        "Config vars, by app and key. Only the keys named here are read, compared or written. Never secrets.",
    )],
};

pub(super) static FREEZE: Table = Table {
    noun: "`[freeze]`",
    either: &[&["heroku_app"], &["github"]],
    keys: &[
        key("heroku_app", Type::Name(&is::APP), "heroku_app = \"my-app\"", "The Heroku app whose config vars hold the freeze."),
        key(
            "github",
            Type::Name(&is::OWNER_OR_REPOSITORY),
            "github = \"acme\"",
            "The organization (OWNER), or the repository (OWNER/REPO), whose Actions variables hold the freeze.",
        ),
        key(
            "environments",
            Type::List { of: &Type::Name(&is::ENVIRONMENT), noun: "environments", min: 1, max: ANY, same: is::folded },
            "environments = [\"production\"]",
            "The environments that a freeze closes.",
        )
        .required(),
        key(
            "flag",
            Type::Name(&is::CONFIG_VAR),
            "flag = \"DEPLOY_FREEZE\"",
            "The config var or variable that says `true` while deploys are frozen.",
        )
        .or(Default::Text(Policy::FLAG)),
        key(
            "override",
            Type::Name(&is::CONFIG_VAR),
            "override = \"DEPLOY_FREEZE_OVERRIDE\"",
            "The config var or variable that lets a deploy through a freeze.",
        )
        .or(Default::Text(Policy::OVERRIDE)),
        key("frozen", Type::Boolean, "frozen = true", "`true` declares a freeze. `false` is refused: only `gatectl freeze off` lifts one."),
        key("compensates", Type::Boolean, "compensates = true", "Whether a freeze stands in while GitHub refuses required reviewers.")
            .or(Default::Bool(false)),
        key(
            "check_commands",
            Type::List { of: &Type::Name(&is::CHECK_COMMAND), noun: "commands", min: 0, max: ANY, same: is::exact },
            "check_commands = [\"./scripts/freeze-check.sh\"]",
            "Commands that count as a freeze check in addition to `gatectl freeze check`: each fails while deploys are frozen.",
        ),
        key(
            "on_unreachable",
            Type::Word(&["frozen", "open"]),
            "on_unreachable = \"frozen\"",
            "What `gatectl freeze check` assumes if the store cannot be reached.",
        )
        .or(Default::Text("frozen")),
        key(
            "windows",
            Type::List { of: &Type::Table(&WINDOW), noun: "windows", min: 0, max: ANY, same: is::exact },
            "[[freeze.windows]]",
            "Times when deploys are closed.",
        ),
    ],
};

pub(super) static WINDOW: Table = Table {
    noun: "a window",
    either: &[&["start", "duration"], &["start", "end"], &["from", "until"]],
    keys: &[
        key("name", Type::Name(&is::WINDOW), "name = \"weekend\"", "The window's name in messages; must be unique.").required(),
        key("start", Type::Name(&is::CRON), "start = \"0 16 * * FRI\"", "When it closes, repeatedly: five cron fields."),
        key(
            "duration",
            Type::Name(&is::DURATION),
            "duration = \"64h\"",
            "How long it stays closed each time, at most 31d. This is elapsed time: when the clocks change, the window opens at a different local hour.",
        ),
        key(
            "end",
            Type::Name(&is::CRON),
            "end = \"0 8 * * MON\"",
            "When it opens again, in wall-clock time: the first match after the start. Five cron fields.",
        ),
        key("from", Type::LocalDateTime, "from = 2026-12-21T00:00:00", "When it closes, once: the first closed moment."),
        key("until", Type::LocalDateTime, "until = 2027-01-04T08:00:00", "When it opens again: the first open moment."),
        key("timezone", Type::Name(&is::TIMEZONE), "timezone = \"America/New_York\"", "The IANA time zone of the times.").required(),
        key("reason", Type::Text, "reason = \"no weekend deploys\"", "Why; shown to everyone who is refused."),
    ],
};
