//! The keys of `[github]` and of an environment.

use super::super::schema::{ANY, Default, Table, Type, key};
use super::super::syntax as is;
use crate::model::GateKey;

pub(in crate::config) static GITHUB: Table = Table {
    noun: "`[github]`",
    either: &[],
    keys: &[
        key(
            "repository",
            Type::Name(&is::REPOSITORY),
            "repository = \"OWNER/REPO\"",
            "The repository as OWNER/REPO. If omitted: --repo, GITHUB_REPOSITORY, or the git remote `origin`.",
        ),
        key(
            "api_url",
            Type::Name(&is::API_URL),
            "api_url = \"https://ghe.example.com/api/v3\"",
            "The address of the REST API of a GitHub Enterprise Server.",
        ),
    ],
};

pub(in crate::config) static ENVIRONMENT: Table = Table {
    noun: "an environment",
    either: &[],
    keys: &[
        key(
            GateKey::State.name(),
            Type::Word(&["present", "optional", "absent"]),
            "state = \"absent\"",
            "`optional`: the rules hold if the environment exists, and it is never created. `absent`: it must not exist; no other key goes with it.",
        ).or(Default::Text("present")),
        key(
            GateKey::Reviewers.name(),
            Type::List { of: &Type::Table(&REVIEWER), noun: "reviewers", min: 0, max: 6, same: is::exact },
            "reviewers = [{ user = \"LOGIN\" }, { team = \"SLUG\" }]",
            "Who may approve a deployment, at most 6; one approval is enough. An empty list declares that no approval is required.",
        ),
        key(
            GateKey::PreventSelfReview.name(),
            Type::Boolean,
            "prevent_self_review = true",
            "Whether the person who started the run is prevented from approving it. Needs reviewers.",
        ),
        key(
            GateKey::CanAdminsBypass.name(),
            Type::Boolean,
            "can_admins_bypass = false",
            "Whether admins of the repository may skip the rules.",
        ),
        key(
            GateKey::WaitTimer.name(),
            Type::Integer { min: 0, max: 43_200 },
            "wait_timer = 30",
            "Minutes that a deployment waits, 0 to 43200 (30 days).",
        ),
        key(
            GateKey::DeploymentBranchPolicy.name(),
            Type::Either(&[Type::Word(&["all", "protected"]), Type::Table(&SELECTED)]),
            "deployment_branch_policy = { branches = [\"main\"], tags = [\"v*\"] }",
            "Which refs may deploy: `all`, `protected` (branches with branch protection), or the whole set of patterns.",
        ),
        key(
            GateKey::ProtectionRules.name(),
            Type::List { of: &Type::Name(&is::APP_SLUG), noun: "protection rules", min: 0, max: 6, same: is::folded },
            "protection_rules = [\"some-app\"]",
            "Slugs of the GitHub Apps whose custom protection rules are enabled: the whole set, at most 6.",
        ),
        key(
            GateKey::Variables.name(),
            Type::Map { name: &is::VARIABLE, of: &Type::Text, same: is::upper },
            "variables = { TIER = \"prod\" }",
            "Environment variables, owned key by key; others are left alone. Never secrets.",
        ),
        key(
            GateKey::Secrets.name(),
            Type::List { of: &Type::Name(&is::SECRET), noun: "secrets", min: 0, max: ANY, same: is::upper },
            "secrets = [\"API_KEY\"]",
            "Names of secrets that must exist in this environment and at no wider scope. Never values.",
        ),
        key(
            GateKey::Approvals.name(),
            Type::Integer { min: 1, max: 6 },
            "approvals = 2",
            "How many different people must have approved a deployment. GitHub enforces one; `gatectl evidence` judges the rest.",
        ),
    ],
};

pub(in crate::config) static REVIEWER: Table = Table {
    noun: "a reviewer",
    either: &[&["user"], &["team"]],
    keys: &[
        key("user", Type::Name(&is::LOGIN), "{ user = \"LOGIN\" }", "A person's login."),
        key("team", Type::Name(&is::TEAM), "{ team = \"SLUG\" }", "The slug of a team in the repository's organization, or ORG/SLUG."),
        key(
            "id",
            Type::Integer { min: 1, max: i64::MAX },
            "id = 583231",
            "The numeric id that pins the account or team: a renamed or re-registered name is then an error.",
        ),
    ],
};

pub(in crate::config) static SELECTED: Table = Table {
    noun: "a set of patterns",
    either: &[],
    keys: &[
        key(
            "branches",
            Type::List { of: &Type::Name(&is::PATTERN), noun: "patterns", min: 0, max: ANY, same: is::exact },
            "branches = [\"main\", \"release/*\"]",
            "Branch patterns. If omitted, no branch may deploy. `*` does not cross `/`.",
        ),
        key(
            "tags",
            Type::List { of: &Type::Name(&is::PATTERN), noun: "patterns", min: 0, max: ANY, same: is::exact },
            "tags = [\"v*\"]",
            "Tag patterns. If omitted, no tag may deploy. `*` does not cross `/`.",
        ),
    ],
};
