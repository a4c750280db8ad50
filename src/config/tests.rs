use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::desired::freeze::{Length, OnUnreachable, Policy, Schedule};
use crate::desired::github::{BranchPolicy, DesiredEnvironment, Gate, Reviewer};
use crate::desired::verify::Harmless;
use crate::desired::workflows::{Expected, InputValue};
use crate::model::{EnvName, GateKey};

const DESIGN: &str = include_str!("../../tests/fixtures/design.toml");

/// Every key once, none with the value that it has by default.
const FULL: &str = r#"version = 1
[github]
repository = "o/r"
api_url = "http://127.0.0.1:8080/api/v3"
[environments.gone]
state = "absent"
[environments.a]
reviewers = [{ team = "org/sre", id = 7 }, { user = "moose" }]
prevent_self_review = true
can_admins_bypass = true
wait_timer = 43_200
protection_rules = ["app"]
deployment_branch_policy = { branches = ["main", "release/*"], tags = ["v*"] }
variables = { tier = "prod" }
secrets = ["key"]
approvals = 2
[[workflows]]
file = ".github/workflows/a.yaml"
environment = "elsewhere"
when = [
  { event = "push", branch = "main" }, { event = "push", tag = "v1" }, { event = "schedule" },
  { event = "workflow_dispatch", ref = "refs/tags/v1", inputs = { dry = true, n = 2, x = 1.5 } },
  { event = "workflow_dispatch", ref = "topic/x" }, { event = "release", tag = "v2" },
]
[[workflows]]
file = ".github/workflows/b.yml"
environment = ["staging", "Elsewhere"]
[[workflows]]
file = ".github/workflows/c.yml"
jobs = { deploy = "elsewhere", docs = "none" }
[verify]
harmless = ["codecov_token", "SLACK_*", "ci.yml:lint"]
trusted_workflows = ["slsa-framework/slsa-github-generator/.github/workflows/*"]
[heroku.config.app]
KEY = "1"
[freeze]
heroku_app = "app"
environments = ["A"]
flag = "F"
override = "O"
frozen = true
compensates = true
check_commands = ["./scripts/freeze-check.sh", "make freeze-check"]
on_unreachable = "open"
windows = [{ name = "x", from = 2026-12-21T00:00:00, until = 2027-01-04T08:00:00, timezone = "Europe/Berlin", reason = "rest" }, { name = "y", start = "0 1 * * *", duration = "1h", timezone = "UTC" }, { name = "z", start = "0 16 * * FRI", end = "0 8 * * MON", timezone = "UTC" }]
"#;

fn read(text: &str) -> Desired {
    parse("gate.toml", text).unwrap_or_else(|problems| panic!("{problems}")).desired
}

fn refuse(text: &str) -> Vec<Problem> {
    parse("gate.toml", text).expect_err("the text has a problem").problems
}

/// A text with the wanted carets marked, the words of each message and help, in the order of the text.
///
/// The marker is removed before reading; the line `version = 1` is put in front.
fn expect(marked: &str, wanted: &[(&str, &str)]) {
    let marked = format!("version = 1\n{marked}");
    let text = marked.replace('§', "");
    let places: Vec<(usize, usize)> = marked
        .char_indices()
        .filter(|(_, c)| *c == '§')
        .map(|(i, _)| {
            let before = marked[..i].replace('§', "");
            (before.matches('\n').count() + 1, before.rsplit('\n').next().unwrap().chars().count() + 1)
        })
        .collect();
    let problems = refuse(&text);
    let shown = parse("gate.toml", &text).unwrap_err().plain();
    let found: Vec<(usize, usize)> = problems.iter().map(|p| (p.at.line, p.at.column)).collect();
    assert_eq!(found, places, "places of\n{shown}");
    assert_eq!(problems.len(), wanted.len(), "{shown}");
    for (problem, (message, help)) in problems.iter().zip(wanted) {
        assert!(problem.message.contains(message), "`{}` lacks `{message}`", problem.message);
        let told = problem.help.as_deref().unwrap_or_default();
        assert!(told.contains(help) && !told.is_empty(), "`{told}` lacks `{help}`");
        assert!(shown.contains(&format!("--> gate.toml:{}:{}", problem.at.line, problem.at.column)), "{shown}");
    }
}

fn one(marked: &str, message: &str, help: &str) {
    expect(marked, &[(message, help)]);
}

const PROD: &str = "[environments.production]\n";

fn in_prod(marked: &str, message: &str, help: &str) {
    one(&format!("{PROD}{marked}"), message, help);
}

#[test]
fn every_key_of_the_table_is_read() {
    let read: BTreeSet<&str> = keys::ENVIRONMENT.keys.iter().map(|key| key.name).collect();
    assert_eq!(read, GateKey::ALL.iter().map(|key| key.name()).collect());
}

#[test]
fn every_key_of_the_format_reads() {
    let desired = read(DESIGN);
    let repository = desired.github.repository.unwrap();
    assert_eq!(repository.to_string(), "raxx-app/TradeMasterAPI");
    let name = |text: &str| EnvName::new(text).unwrap();
    assert_eq!(desired.github.environments[&name("old")], DesiredEnvironment::Absent);
    assert_eq!(
        desired.github.environments[&name("production")],
        DesiredEnvironment::Present(Gate {
            reviewers: Some(vec![
                Reviewer::User { login: "MooseQuest".to_owned(), id: Some(20_930_225) },
                Reviewer::Team { org: None, slug: "sre".to_owned(), id: None },
            ]),
            prevent_self_review: Some(false),
            can_admins_bypass: Some(false),
            wait_timer: Some(0),
            deployment_branch_policy: Some(BranchPolicy::Protected),
            protection_rules: Some(BTreeSet::from(["some-app-slug".to_owned()])),
            variables: [("TIER".to_owned(), "prod".to_owned())].into(),
            secrets: BTreeSet::from(["HEROKU_API_KEY".to_owned()]),
            approvals: Some(1),
        })
    );
    let [workflow] = &desired.workflows[..] else { panic!("one workflow") };
    let production = Expected::Environments(vec![EnvName::new("production").unwrap()]);
    assert_eq!((workflow.file.as_str(), &workflow.expect), (".github/workflows/deploy-heroku.yml", &production));
    let [when] = &workflow.when[..] else { panic!("one scenario") };
    assert_eq!((when.event.as_str(), &when.git_ref), ("workflow_dispatch", &None));
    assert_eq!(when.inputs["environment"], InputValue::String("production".to_owned()));
    assert_eq!(desired.heroku.config["raxx-console-prod"]["DEPLOY_FREEZE_OVERRIDE"], "0");
    let freeze = desired.freeze.unwrap();
    assert_eq!((freeze.flag.as_str(), freeze.override_flag.as_str()), (Policy::FLAG, Policy::OVERRIDE));
    assert_eq!((freeze.frozen, freeze.compensates, freeze.on_unreachable), (false, false, OnUnreachable::Frozen));
    let [window] = &freeze.windows[..] else { panic!("one window") };
    let length = Length::Duration(Duration::from_secs(64 * 3600));
    assert_eq!(window.schedule, Schedule::Recurring { start: "0 16 * * FRI".to_owned(), length });
    assert_eq!((window.timezone.as_str(), window.reason.as_deref()), ("America/New_York", Some("no weekend deploys")));
}

#[test]
fn the_projects_own_gate_reads() {
    assert_eq!(read(include_str!("../../gate.toml")).workflows.len(), 3);
}

#[test]
fn what_is_not_declared_stays_undeclared() {
    let desired = read("version = 1\n[environments.production]\n");
    let environment = &desired.github.environments[&EnvName::new("production").unwrap()];
    assert_eq!(*environment, DesiredEnvironment::Present(Gate::default()));
    assert_eq!((desired.freeze, desired.workflows.len(), desired.heroku.config.len()), (None, 0, 0));
    assert_eq!(read("version = 1").github, Default::default());
}

#[test]
fn the_other_forms_read() {
    let desired = read(FULL);
    assert_eq!(desired.github.api_url.as_deref(), Some("http://127.0.0.1:8080/api/v3"));
    let DesiredEnvironment::Present(gate) = &desired.github.environments[&EnvName::new("a").unwrap()] else { panic!("present") };
    let team = Reviewer::Team { org: Some("org".to_owned()), slug: "sre".to_owned(), id: Some(7) };
    let user = Reviewer::User { login: "moose".to_owned(), id: None };
    assert_eq!(gate.reviewers.as_deref(), Some(&[team, user][..]));
    assert_eq!((gate.prevent_self_review, gate.can_admins_bypass, gate.wait_timer), (Some(true), Some(true), Some(43_200)));
    let Some(BranchPolicy::Selected(patterns)) = &gate.deployment_branch_policy else { panic!("patterns") };
    assert_eq!(patterns.len(), 3);
    assert_eq!(gate.variables["TIER"], "prod", "GitHub returns names in upper case");
    assert!(gate.secrets.contains("KEY"));
    let refs: Vec<_> = desired.workflows[0].when.iter().map(|when| when.git_ref.as_deref()).collect();
    let (main, v1, topic, v2) = ("refs/heads/main", "refs/tags/v1", "refs/heads/topic/x", "refs/tags/v2");
    assert_eq!(refs, [Some(main), Some(v1), None, Some(v1), Some(topic), Some(v2)]);
    let inputs = &desired.workflows[0].when[3].inputs;
    assert_eq!((&inputs["dry"], &inputs["n"], &inputs["x"]), (&InputValue::Bool(true), &InputValue::Number(2.0), &InputValue::Number(1.5)));
    let env = |name: &str| EnvName::new(name).unwrap();
    assert_eq!(desired.workflows[1].expect, Expected::Environments(vec![env("staging"), env("Elsewhere")]));
    let jobs = [("deploy", Some(env("elsewhere"))), ("docs", None)];
    assert_eq!(desired.workflows[2].expect, Expected::Jobs(jobs.into_iter().map(|(id, name)| (id.to_owned(), name)).collect()));
    let harmless = desired.verify.harmless.iter().map(Harmless::to_string).collect::<Vec<_>>();
    assert_eq!(harmless, ["CODECOV_TOKEN", "SLACK_*", "ci.yml:lint"]);
    assert!(desired.verify.trusts("slsa-framework/slsa-github-generator/.github/workflows/x.yml"));
    let freeze = desired.freeze.unwrap();
    assert_eq!((freeze.frozen, freeze.compensates, freeze.on_unreachable), (true, true, OnUnreachable::Open));
    assert_eq!((freeze.flag.as_str(), freeze.override_flag.as_str()), ("F", "O"));
    assert_eq!(freeze.check_commands, ["./scripts/freeze-check.sh", "make freeze-check"]);
    let Schedule::Once { from, until } = freeze.windows[0].schedule else { panic!("once") };
    assert_eq!((from.to_string(), until.to_string()), ("2026-12-21T00:00:00".to_owned(), "2027-01-04T08:00:00".to_owned()));
}

#[test]
fn the_version_is_named_and_known() {
    for (text, message) in [("", "needs `version`"), ("version = 2", "must be 1"), ("version = \"1\"", "must be a whole number")] {
        let [problem] = &refuse(text)[..] else { panic!("one problem") };
        assert!(problem.message.contains(message), "{}", problem.message);
        assert_eq!(problem.at.line, 1);
    }
}

#[test]
fn unknown_keys_have_a_near_match_or_the_list() {
    in_prod("§reviewrs = []", "unknown key `reviewrs` in an environment", "write `reviewers`");
    in_prod("§waitTimer = 1", "unknown key", "write `wait_timer`");
    in_prod("§wait-timer = 1", "unknown key", "write `wait_timer`");
    in_prod("§zzz = 1", "unknown key `zzz`", "`reviewers`, `prevent_self_review`");
    one("[§environment.production]", "unknown key `environment` in gate.toml", "write `environments`");
    one("[§x]\ny = 1", "unknown key", "`github`, `fleet`, `environments`");
    one("[github]\n§repo = \"a/b\"", "unknown key `repo`", "`repository`");
    one("[heroku]\n§conf = {}", "unknown key `conf`", "`config`");
    in_prod("reviewers = [{ §usr = \"a\", user = \"a\" }]", "unknown key `usr` in a reviewer", "write `user`");
    in_prod("deployment_branch_policy = { §branch = [\"main\"], tags = [\"v*\"] }", "unknown key `branch`", "write `branches`");
    one("[github]\n§reviewers = []", "unknown key `reviewers`", "a key of an environment");
    in_prod("§heroku_app = \"my-app\"", "unknown key", "a key of `[freeze]`");
    let long = "x".repeat(10_000);
    assert!(refuse(&format!("version = 1\n{long} = 1"))[0].message.len() < 200);
}

#[test]
fn a_misspelled_key_is_one_problem() {
    one("[[workflows]]\n§fil = \".github/workflows/a.yml\"\nenvironment = \"p\"", "unknown key `fil`", "write `file`");
    in_prod("reviewers = [{ §usr = \"a\" }]", "unknown key `usr`", "write `user`");
    in_prod("deployment_branch_policy = { §branch = [\"main\"] }", "unknown key `branch`", "write `branches`");
    in_prod("§reviewrs = [{ user = \"a\" }]\nprevent_self_review = true", "unknown key `reviewrs`", "write `reviewers`");
    in_prod("reviewers = [§\"a\"]\nprevent_self_review = true", "must be a table", "user");
}

#[test]
fn wrong_types_say_what_is_wanted_and_how_to_write_it() {
    in_prod("wait_timer = §\"30\"", "`wait_timer` must be a whole number, found a string", "remove the quotes: 30");
    in_prod("wait_timer = §1.5", "must be a whole number, found a decimal number", "wait_timer = 30");
    in_prod("can_admins_bypass = §\"false\"", "must be true or false", "remove the quotes: false");
    in_prod("can_admins_bypass = §0", "must be true or false, found a whole number", "can_admins_bypass = false");
    in_prod("reviewers = §\"a\"", "must be a list of reviewers, found a string", "{ user = \"LOGIN\" }");
    in_prod("reviewers = [§\"a\"]", "must be a table, found a string", "{ user = \"LOGIN\" }");
    in_prod("deployment_branch_policy = §true", "must be \"all\" or \"protected\" or a table", "branches");
    in_prod("variables = { A = §1 }", "`A` must be a string, found a whole number", "quote it: \"1\"");
    in_prod("variables = { A = §true }", "`A` must be a string, found a boolean", "quote it: \"true\"");
    in_prod("secrets = [§1]", "must be a string", "quote it: \"1\"");
    one("environments = §1", "must be a table", "[environments.production]");
    one("[environments]\nproduction = §1", "`production` must be a table", "[environments.production]");
    one("§[workflows]\nfile = \"x\"", "must be a list of workflows, found a table", "[[workflows]]");
    one("[heroku.config.my-app]\nDEPLOY_FREEZE_OVERRIDE = §0", "must be a string", "quote it: \"0\"");
}

#[test]
fn numbers_have_bounds() {
    for (value, ok) in [("0", true), ("43200", true), ("0xA8C0", true), ("43201", false), ("-1", false), ("99999999999999999999999", false)]
    {
        let text = format!("version = 1\n{PROD}wait_timer = {value}");
        assert_eq!(parse("gate.toml", &text).is_ok(), ok, "{value}");
    }
    in_prod("wait_timer = §43201", "must be from 0 to 43200, found `43201`", "30 days");
    in_prod("reviewers = [{ user = \"a\", id = §0 }]", "`id` must be at least 1", "id");
}

#[test]
fn reviewers_are_at_most_six_and_each_is_one() {
    let list = |n: usize| (0..n).map(|i| format!("{{ user = \"u{i}\" }}")).collect::<Vec<_>>().join(", ");
    read(&format!("version = 1\n{PROD}reviewers = [{}]", list(6)));
    in_prod(&format!("reviewers = [{}, §{{ team = \"t\" }}]", list(6)), "at most 6 reviewers, found 7", "remove 1");
    in_prod("reviewers = [{ user = \"a\", §team = \"b\" }]", "either `user`, or `team`", "remove one");
    in_prod("reviewers = [§{ id = 1 }]", "needs `user`, or `team`", "add");
    in_prod("reviewers = [{ user = \"Moose\" }, { user = §\"mOOSE\" }]", "only case differs", "keep one");
    in_prod("reviewers = [{ user = \"a\", id = 5 }, { user = \"b\", id = §5 }]", "named twice", "keep one");
    in_prod("reviewers = [{ team = \"a\" }, { team = §\"a\" }]", "named twice", "keep one");
    one(
        "[github]\nrepository = \"Org/r\"\n[environments.p]\nreviewers = [{ team = \"org/a\" }, { team = §\"a\" }]",
        "only case differs",
        "keep one",
    );
    read("version = 1\n[environments.p]\nreviewers = [{ user = \"a\", id = 5 }, { team = \"a\", id = 5 }, { team = \"x/a\" }]");
}

#[test]
fn names_of_people_and_teams_are_as_github_writes_them() {
    in_prod("reviewers = [{ user = §\"@Moose\" }]", "a login has letters", "write `Moose`");
    in_prod("reviewers = [{ user = §\"dependabot[bot]\" }]", "App cannot be a reviewer", "a person or a team");
    in_prod("reviewers = [{ user = §\"org/team\" }]", "no `/`", "{ team = \"org/team\" }");
    in_prod("reviewers = [{ user = §\"\" }]", "empty", "write a name");
    in_prod("reviewers = [{ team = §\"Site Reliability\" }]", "slug", "write `site-reliability`");
    in_prod("reviewers = [{ team = §\"@org/sre\" }]", "slug", "write `org/sre`");
    in_prod("reviewers = [{ team = §\"a/b/c\" }]", "slug", "remove `/`");
    in_prod("reviewers = [{ team = §\"org/\" }]", "slug", "write a name");
}

#[test]
fn environments_are_told_apart_without_case() {
    one("[environments.production]\n[environments.§PRODUCTION]", "`production` and `PRODUCTION` are the same name", "keep one");
    let first = &refuse("version = 1\n[environments.b]\n[environments.B]")[0].related.clone().unwrap();
    assert_eq!((first.at.line, first.at.column), (2, 15), "both places are shown");
    one("[environments.§\"\"]", "needs a name", "production");
    read(&format!("version = 1\n[environments.\"{}\"]", "é".repeat(255)));
    one(&format!("[environments.§\"{}\"]", "é".repeat(256)), "at most 255 characters, this one has 256", "shorten");
}

#[test]
fn names_that_look_the_same_are_the_same() {
    one("[environments.§\"production\u{200b}\"]", "an invisible character", "remove it");
    in_prod("secrets = [§\"A\u{202e}\"]", "an invisible character", "remove it");
    in_prod("deployment_branch_policy = { branches = [§\"main\\u0000\"] }", "an invisible character", "remove it");
}

#[test]
fn self_review_needs_reviewers() {
    in_prod("reviewers = []\n§prevent_self_review = true", "has no effect without reviewers", "name a reviewer");
    in_prod("§prevent_self_review = true", "has no effect without reviewers", "declare `reviewers`");
    read(&format!("version = 1\n{PROD}prevent_self_review = false"));
}

#[test]
fn branch_policies_are_a_word_or_a_set_that_is_not_empty() {
    in_prod("deployment_branch_policy = §\"protcted\"", "cannot be `protcted`", "write \"protected\"");
    in_prod("deployment_branch_policy = §\"main\"", "cannot be `main`", "one of `all` or `protected`");
    for empty in ["{}", "{ branches = [] }", "{ branches = [], tags = [] }"] {
        in_prod(&format!("deployment_branch_policy = §{empty}"), "no branch and no tag could deploy", "\"protected\"");
    }
    in_prod("deployment_branch_policy = { branches = [§\"\"] }", "empty pattern", "remove it");
    in_prod("deployment_branch_policy = { branches = [\"a\", §\"a\"] }", "named twice", "keep one");
    in_prod("deployment_branch_policy = { branches = [§\"refs/heads/main\"] }", "the short name", "write `main`");
    in_prod("deployment_branch_policy = { branches = [§\"tag:v*\"] }", "no ref matches", "write `v*` in `tags`");
    for (pattern, says, help) in [
        ("my branch", "never has a space", "one pattern for each name"),
        ("HEAD~1", "never has `~`", "as `git branch`"),
        ("x:y", "never has `:`", "as `git branch`"),
        ("x^", "never has `^`", "as `git branch`"),
        ("~DEFAULT_BRANCH", "never has `~`", "write the branch's name"),
        ("~ALL", "never has `~`", "\"all\""),
        (".x", "begins with `.`", "write `x`"),
        ("feature/.x", "begins with `.`", "as `git branch`"),
        ("x.lock/y", "ends with `.lock`", "as `git branch`"),
        ("*.lock", "never ends with `.lock`", "as `git branch`"),
        ("tag:", "no ref matches", "write a name in `tags`"),
    ] {
        in_prod(&format!("deployment_branch_policy = {{ branches = [§\"{pattern}\"] }}"), says, help);
    }
    read(&format!("version = 1\n{PROD}deployment_branch_policy = {{ branches = [\"[!^]*\", \"v[0-9].*\"] }}"));
    in_prod("deployment_branch_policy = { branches = [§\"main..dev\"] }", "never has `..`", "as `git branch`");
    in_prod("deployment_branch_policy = { tags = [§\"v1.lock\"] }", "never ends with `.lock`", "did you mean `v1`?");
    in_prod("deployment_branch_policy = { branches = [§\"release/\"] }", "never ends with `/`", "did you mean `release`?");
    in_prod("deployment_branch_policy = §\"selected\"", "cannot be `selected`", "branches = [\"main\"]");
    in_prod("deployment_branch_policy = { tags = [§\"refs/tags/v*\"] }", "the short name", "write `v*`");
    read(&format!("version = 1\n{PROD}deployment_branch_policy = {{ branches = [\"a\", \"refs/pull/*/merge\"], tags = [\"a\"] }}"));
}

#[test]
fn an_absent_environment_has_nothing_else() {
    in_prod("state = \"absent\"\n§wait_timer = 1", "has no `wait_timer`", "remove `state`");
    in_prod("state = §\"abssent\"", "cannot be `abssent`", "write \"absent\"");
    let marked = "[environments.old]\nstate = \"absent\"\n[[workflows]]\nfile = \".github/workflows/a.yml\"\nenvironment = §\"OLD\"";
    one(marked, "`OLD` is declared absent", "another environment");
}

#[test]
fn rules_variables_and_secrets_have_names() {
    in_prod("protection_rules = [\"a\", §\"A\"]", "only case differs", "keep one");
    in_prod("protection_rules = [§\"\"]", "empty", "write a name");
    in_prod("protection_rules = [\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",§\"g\"]", "at most 6 protection rules", "remove 1");
    in_prod("variables = { §GITHUB_X = \"\" }", "GitHub's own", "another name");
    in_prod("variables = { §github_x = \"\" }", "GitHub's own", "another name");
    in_prod("variables = { §1X = \"\" }", "begin with a digit", "letter");
    in_prod("variables = { §A-B = \"\" }", "A to Z", "write `A_B`");
    in_prod("variables = { §\"é\" = \"\" }", "A to Z", "remove");
    in_prod("variables = { TIER = \"\", §tier = \"\" }", "only case differs", "keep one");
    in_prod("secrets = [\"A\", §\"a\"]", "only case differs", "keep one");
    in_prod("secrets = [§\"GITHUB_TOKEN\"]", "GitHub's own", "another name");
}

#[test]
fn a_workflow_is_a_file_and_an_environment() {
    let rest = "environment = \"production\"";
    one("§[[workflows]]\nenvironment = \"p\"", "a workflow needs `file`", "add `file = ");
    one("§[[workflows]]\nfile = \".github/workflows/a.yml\"", "a workflow needs `environment`, or `jobs`", "add `environment`, or `jobs`");
    for (file, help) in [
        ("deploy.yml", "\".github/workflows/deploy.yml\""),
        ("./.github/workflows/deploy.yml", "\".github/workflows/deploy.yml\""),
        ("/.github/workflows/deploy.yml", "\".github/workflows/deploy.yml\""),
        (".github/workflows/../a.yml", "without `..`"),
        (".github/workflows/a.txt", ".yml"),
        (".github/workflows/.yml", ".yml"),
    ] {
        one(&format!("[[workflows]]\nfile = §{file:?}\n{rest}"), "a workflow", help);
    }
}

#[test]
fn a_workflow_expects_environments_or_jobs() {
    let of =
        |rest: &str, message: &str, help: &str| one(&format!("[[workflows]]\nfile = \".github/workflows/a.yml\"\n{rest}"), message, help);
    of("environment = §[]", "an empty list of environments", "name at least one");
    of("environment = [\"p\", §\"P\"]", "only case differs", "keep one");
    of("environment = \"p\"\n§jobs = { a = \"p\" }", "has either `environment`, or `jobs`", "remove one");
    of("jobs = { §\"a b\" = \"p\" }", "a job's id", "write the job's key");
    let absent = "[environments.old]\nstate = \"absent\"\n[[workflows]]\nfile = \".github/workflows/a.yml\"\n";
    one(&format!("{absent}environment = [\"p\", §\"old\"]"), "declared absent", "name another");
    one(&format!("{absent}jobs = {{ a = §\"old\" }}"), "declared absent", "name another");
}

#[test]
fn what_is_declared_harmless_is_a_secret_or_a_job() {
    let of = |rest: &str, message: &str, help: &str| one(&format!("[verify]\n{rest}"), message, help);
    of("harmless = [§\"*\"]", "matches every secret", "name the secrets");
    of("harmless = [§\"ci.yml\"]", "a whole file", "\"ci.yml:JOB\"");
    of("harmless = [§\"a-b\"]", "a secret's name", "FILE:JOB");
    of("harmless = [§\"ci:lint\"]", "FILE:JOB", "ci.yml:lint");
    of("harmless = [§\"ci.yml:\"]", "a job's id", "write the job's key");
    of("harmless = [\"A\", §\"a\"]", "only case differs", "keep one");
    of("trusted_workflows = [§\"o/r/.github/workflows/x.yml@v1\"]", "without its ref", "write `o/r/.github/workflows/x.yml`");
    of("trusted_workflows = [§\"*/r/.github/workflows/x.yml\"]", "would trust everyone", "OWNER/REPO");
    of("trusted_workflows = [§\"./.github/workflows/x.yml\"]", "another repository", "OWNER/REPO");
    of("§harmles = [\"A\"]", "unknown key `harmles`", "write `harmless`");
}

#[test]
fn a_secret_is_either_a_deploy_credential_or_harmless() {
    let listed = "secrets = [\"HEROKU_API_KEY\"]\n[verify]\n";
    in_prod(&format!("{listed}harmless = [\"SLACK_*\", §\"heroku_*\"]"), "cannot be harmless", "name only secrets");
    let fleet = "[fleet]\norganization = \"acme\"\nrepositories = [\"*\"]\n[fleet.only.pay.environments.production]\n";
    one(&format!("{fleet}{listed}harmless = [§\"HEROKU_API_KEY\"]"), "lists `HEROKU_API_KEY`", "name only secrets");
}

#[test]
fn a_scenario_has_the_keys_of_its_event() {
    let when = |when: &str, message: &str, help: &str| {
        one(&format!("[[workflows]]\nfile = \".github/workflows/a.yml\"\nenvironment = \"p\"\nwhen = {when}"), message, help);
    };
    when("§{ branch = \"main\" }", "needs `event`", "event = ");
    when("{ event = §\"psh\", branch = \"main\" }", "cannot be `psh`", "write \"push\"");
    when("{ event = §\"dispatch\" }", "cannot be `dispatch`", "`workflow_dispatch`");
    when("§{ event = \"push\" }", "of a branch or of a tag", "branch = \"main\"");
    when("{ event = \"push\", branch = \"a\", §tag = \"b\" }", "not of both", "one scenario for each");
    when("{ event = \"push\", branch = \"a\", §ref = \"b\" }", "`push` takes no `ref`", "`branch` and `tag`");
    when("{ event = \"push\", branch = \"a\", §inputs = {} }", "`push` takes no `inputs`", "`branch` and `tag`");
    when("{ event = \"workflow_dispatch\", §branch = \"a\" }", "takes no `branch`", "`ref` and `inputs`");
    when("{ event = \"schedule\", §ref = \"a\" }", "`schedule` takes no `ref`", "remove");
    when("{ event = \"push\", branch = §\"refs/heads/main\" }", "short name", "write `main`");
    when("{ event = \"push\", tag = §\"v*\" }", "not a pattern", "v1.2.3");
    when("{ event = \"push\", branch = §\"a b\" }", "git allows", "git branch");
    when("{ event = \"push\", branch = §\"\" }", "git allows", "git branch");
    when("{ event = \"workflow_dispatch\", ref = §\"refs/pull/1/merge\" }", "a branch or a tag", "refs/heads/BRANCH");
    when("{ event = \"workflow_dispatch\", inputs = { a = §[1] } }", "`a` must be a string or true or false or a number", "inputs");
    when("{ event = \"workflow_dispatch\", inputs = { a = §nan } }", "not a number", "quote it");
    when("{ event = \"workflow_dispatch\", inputs = { a = §9007199254740993 } }", "exactly", "quote it: \"9007199254740993\"");
    when("§[]", "empty list of scenarios", "remove the key");
    when("§\"push\"", "must be a table or a list", "event = ");
    when("[{ event = \"push\", branch = \"a\" }, §{ event = \"push\" }]", "of a branch or of a tag", "branch");
}

#[test]
fn config_vars_have_herokus_names() {
    one("[heroku.config.§MyApp]", "not the name of a Heroku app", "heroku apps");
    one("[heroku.config.§\"my-app.herokuapp.com\"]", "not the name of a Heroku app", "`my-app`");
    one("[heroku.config.my-app]\n§__X = \"1\"", "two underscores", "another key");
    one("[heroku.config.my-app]\n§HEROKU_X = \"1\"", "Heroku's own", "another key");
    one("[heroku.config.my-app]\n§A-B = \"1\"", "A to Z", "write `A_B`");
    let two = read("version = 1\n[heroku.config.my-app]\na = \"1\"\nA = \"2\"");
    assert_eq!(two.heroku.config["my-app"].len(), 2, "Heroku tells the case of keys apart");
}

const FREEZE: &str = "[freeze]\nheroku_app = \"my-app\"\nenvironments = [\"production\"]\n";

#[test]
fn a_key_is_managed_once() {
    let with = |key: &str, freeze: &str| format!("[heroku.config.my-app]\n§{key} = \"x\"\n{FREEZE}{freeze}");
    for key in ["DEPLOY_FREEZE", "DEPLOY_FREEZE_INFO", "DEPLOY_FREEZE_OVERRIDE_INFO"] {
        one(&with(key, ""), "is managed twice", "gatectl freeze");
    }
    one(&with("F_INFO", "flag = \"F\""), "is managed twice", "gatectl freeze");
    for (app, key) in [("other-app", "DEPLOY_FREEZE"), ("my-app", "DEPLOY_FREEZE_OVERRIDE"), ("my-app", "OTHER")] {
        read(&format!("version = 1\n[heroku.config.{app}]\n{key} = \"x\"\n{FREEZE}"));
    }
}

#[test]
fn a_freeze_names_what_it_closes() {
    one("§[freeze]\nenvironments = [\"p\"]", "needs `heroku_app`, or `github`", "add `heroku_app`, or `github`");
    one("[freeze]\nheroku_app = \"my-app\"\n§github = \"acme\"\nenvironments = [\"p\"]", "has either", "remove one");
    one("[freeze]\ngithub = §\"acme/shop/x\"\nenvironments = [\"p\"]", "OWNER/REPO", "acme/shop");
    one("[freeze]\ngithub = \"acme\"\nflag = §\"GITHUB_FREEZE\"\nenvironments = [\"p\"]", "GitHub's own", "another name");
    one(
        "[environments.p]\nvariables = { §deploy_freeze = \"false\" }\n[freeze]\ngithub = \"acme\"\nenvironments = [\"p\"]",
        "would hide the freeze of the organization acme",
        "remove it",
    );
    one("§[freeze]\nheroku_app = \"my-app\"", "needs `environments`", "environments = ");
    one("[freeze]\nheroku_app = \"my-app\"\nenvironments = §[]", "empty list of environments", "at least one");
    one("[freeze]\nheroku_app = \"my-app\"\nenvironments = §\"production\"", "must be a list of environments", "[\"production\"]");
    one("[freeze]\nheroku_app = \"my-app\"\nenvironments = [\"a\", §\"A\"]", "only case differs", "keep one");
    let declared = |marked: &str, message: &str, help: &str| {
        let environments = "[environments.production]\n[environments.old]\nstate = \"absent\"\n";
        one(&format!("{environments}[freeze]\nheroku_app = \"my-app\"\nenvironments = [{marked}]"), message, help);
    };
    declared("§\"prodction\"", "no environment `prodction` is declared", "write \"production\"");
    declared("\"PRODUCTION\", §\"eu west\"", "no environment `eu west`", "declare [environments.\"eu west\"]");
    declared("§\"old\"", "declared absent", "remove it");
    one(&format!("{FREEZE}frozen = §false"), "cannot be declared", "gatectl freeze off");
    one(&format!("{FREEZE}flag = \"X\"\noverride = §\"X\""), "not four different", "another key");
    one(&format!("{FREEZE}override = §\"DEPLOY_FREEZE_INFO\""), "not four different", "another key");
    one(&format!("{FREEZE}flag = §\"DEPLOY_FREEZE_OVERRIDE\""), "not four different", "another key");
    one(&format!("{FREEZE}flag = §\"A B\""), "A to Z", "write `A_B`");
    one(&format!("{FREEZE}on_unreachable = §\"closed\""), "cannot be `closed`", "`frozen` or `open`");
}

#[test]
fn a_window_recurs_or_happens_once() {
    let window = |marked: &str, message: &str, help: &str| {
        one(&format!("{FREEZE}[[freeze.windows]]\nname = \"w\"\n{marked}"), message, help);
    };
    let zone = "timezone = \"UTC\"";
    let cron = "start = \"0 16 * * FRI\"\n";
    one(
        &format!("{FREEZE}§[[freeze.windows]]\nname = \"w\"\n{zone}"),
        "needs `start` and `duration`, or `start` and `end`, or `from` and `until`",
        "add",
    );
    one(&format!("{FREEZE}§[[freeze.windows]]\nname = \"w\"\n{cron}duration = \"1h\""), "needs `timezone`", "America/New_York");
    one(&format!("{FREEZE}§[[freeze.windows]]\n{zone}\n{cron}duration = \"1h\""), "needs `name`", "name = ");
    window(&format!("§{cron}{zone}"), "`start` and `duration`, or `start` and `end` together", "`duration = \"64h\"` or `end = ");
    window(&format!("§end = \"0 8 * * MON\"\n{zone}"), "`start` and `end` together", "start = ");
    window(&format!("{cron}duration = \"64h\"\n§end = \"0 8 * * MON\"\n{zone}"), "has either", "remove one");
    window(&format!("{cron}end = §\"0 8 * *\"\n{zone}"), "this one has 4", "day of week");
    window(&format!("§until = 2026-01-01T00:00:00\n{zone}"), "`from` and `until` together", "from = ");
    window(&format!("{cron}duration = \"1h\"\n§from = 2026-01-01T00:00:00\n{zone}"), "has either", "remove one");
    window(&format!("start = §\"0 16 * *\"\nduration = \"1h\"\n{zone}"), "this one has 4", "day of week");
    window(&format!("{cron}duration = §\"0h\"\n{zone}"), "longer than nothing", "64h");
    window(&format!("{cron}duration = §\"32d\"\n{zone}"), "at most 31 days", "shorten");
    window(&format!("{cron}duration = §\"90 minutes\"\n{zone}"), "not a duration", "64h");
    window(&format!("{cron}duration = §64\n{zone}"), "must be a string", "quote it");
    window(&format!("{cron}duration = \"1h\"\ntimezone = §\"America/NewYork\""), "unknown time zone", "\"America/New_York\"");
    window(&format!("{cron}duration = \"1h\"\ntimezone = §\"Berlin\""), "unknown time zone", "\"Europe/Berlin\"");
    for (given, help) in [
        ("+02:00", "for UTC+2 all year, write \"Etc/GMT-2\" (the sign is inverted"),
        ("GMT+2", "for UTC+2 all year, write \"Etc/GMT-2\""),
        ("UTC-5", "for UTC-5 all year, write \"Etc/GMT+5\""),
        ("UTC+05:30", "an offset knows no daylight saving; name the place"),
        ("Etc/GMT+20", "an offset knows no daylight saving; name the place"),
        ("Z", "write \"UTC\""),
        ("PST", "\"America/Los_Angeles\" or \"Asia/Manila\""),
        ("IST", "\"Asia/Kolkata\" or \"Asia/Jerusalem\" or \"Europe/Dublin\""),
        ("BST", "\"Europe/London\" or \"Asia/Dhaka\""),
        ("AEST", "\"Australia/Sydney\""),
        ("EDT", "\"America/New_York\""),
        ("XYZT", "an abbreviation is not a time zone"),
        ("Europ/Berlin", "did you mean \"Europe/Berlin\"?"),
        ("Nowhere At All", "write an IANA name"),
    ] {
        window(&format!("{cron}duration = \"1h\"\ntimezone = §\"{given}\""), "unknown time zone", help);
    }
    window(&format!("from = 2026-01-02T00:00:00\nuntil = §2026-01-02T00:00:00\n{zone}"), "ends after it begins", "swap");
    window(&format!("from = §2026-01-02\nuntil = 2026-01-03T00:00:00\n{zone}"), "local date-time", "from = 2026");
    window(&format!("from = 2026-01-02T00:00:00\nuntil = §2026-01-03T00:00:00Z\n{zone}"), "local date-time", "timezone");
    window(
        &format!("from = §\"2026-01-02T00:00:00\"\nuntil = 2026-01-03T00:00:00\n{zone}"),
        "local date-time, found a string",
        "from = 2026",
    );
    window(&format!("from = 2026-01-02T00:00:00\nuntil = §2026-12-31T23:59:60\n{zone}"), "no such moment", "2026-12-21");
    let twice = format!("[[freeze.windows]]\nname = \"w\"\n{cron}duration = \"1h\"\n{zone}\n");
    one(&format!("{FREEZE}{twice}{}", twice.replace("\"w\"", "§\"w\"")), "named twice", "keep one");
}

#[test]
fn no_text_that_is_not_a_place_is_corrected_to_a_zone_by_its_spelling() {
    let zones = jiff::tz::TimeZoneDatabase::bundled();
    let letters = ["P", "S", "T", "G", "M", "+2", "-5", "+", "Z", "UTC", "Etc/", "+10"];
    for (a, b) in letters.iter().flat_map(|a| letters.iter().map(move |b| (a, b))) {
        for c in letters {
            let text = format!("{a}{b}{c}");
            if zones.get(&text).is_ok() {
                continue;
            }
            let file = format!(
                "version = 1\n{FREEZE}[[freeze.windows]]\nname = \"w\"\nstart = \"0 1 * * *\"\nduration = \"1h\"\ntimezone = \"{text}\""
            );
            let problems = parse("gate.toml", &file).unwrap_err();
            let helps: Vec<_> = problems.problems.iter().filter_map(|problem| problem.help.as_deref()).collect();
            assert!(helps.iter().all(|help| !help.contains("did you mean")), "{text}: {helps:?}");
        }
    }
}

#[test]
fn what_a_window_most_likely_does_not_mean_is_a_warning() {
    let warnings = |start: &str, zone: &str| {
        let file =
            format!("version = 1\n{FREEZE}[[freeze.windows]]\nname = \"w\"\nstart = \"{start}\"\nduration = \"1h\"\ntimezone = \"{zone}\"");
        let found = parse("gate.toml", &file).unwrap().warnings;
        found.into_iter().map(|warning| (warning.at.line, warning.message)).collect::<Vec<_>>()
    };
    assert_eq!(warnings("0 8 * * 1", "Europe/Berlin"), []);
    assert_eq!(warnings("0 8 */2 * 1", "UTC"), []);
    let [(line, message)] = &warnings("0 8 1-7 * 1", "UTC")[..] else { panic!("one warning") };
    assert!(*line == 7 && message.contains("cron takes either"), "{line}: {message}");
    for zone in ["EST", "MST", "HST"] {
        let [(9, message)] = &warnings("0 8 * * 1", zone)[..] else { panic!("one warning") };
        assert!(message.contains("no daylight saving"), "{message}");
    }
    let [(9, message)] = &warnings("0 8 * * 1", "Etc/GMT+2")[..] else { panic!("one warning") };
    assert!(message.contains("is UTC-2"), "{message}");
}

#[test]
fn addresses_are_safe_to_send_a_token_to() {
    one("[github]\nrepository = §\"https://github.com/o/r.git\"", "OWNER/REPO", "write \"o/r\"");
    one("[github]\nrepository = §\"r\"", "OWNER/REPO", "write \"OWNER/REPO\"");
    for (url, message) in [
        ("ghe.example.com", "not an address"),
        ("http://ghe.example.com/api/v3", "in the open"),
        ("http://localhost.example.com", "in the open"),
        ("https://u:p@h/api/v3", "must not hold a user"),
        ("https:///x", "not an address"),
        ("https://h/ x", "not an address"),
        ("ftp://h/", "https"),
    ] {
        one(&format!("[github]\napi_url = §\"{url}\""), message, "");
    }
    for url in ["http://localhost:3000", "http://[::1]:80/x", "https://api.x.ghe.com"] {
        read(&format!("version = 1\n[github]\napi_url = \"{url}\""));
    }
}

#[test]
fn every_problem_is_reported_at_once() {
    expect(
        "x = §= 1\n[environments.production]\n§reviewrs = []\nwait_timer = §50000\nvariables = { §GITHUB_A = \"\", B = §1 }\n[freeze]\nfrozen = §false\n",
        &[
            ("extra `=`", "toml.io"),
            ("unknown key `reviewrs`", ""),
            ("must be from 0", ""),
            ("GitHub's own", ""),
            ("must be a string", ""),
            ("cannot be declared", ""),
        ],
    );
}

#[test]
fn a_syntax_error_does_not_mislead_about_the_rest() {
    one("[environments.eu§ west]\nwait_timer = 1", "unclosed table", "\"eu west\"");
    let marked = "[environments§\nwait_timer = 1\n[github]\n§y = 1\n[freeze]\nfrozen = §yes\n";
    expect(marked, &[("unclosed table", ""), ("unknown key `y`", ""), ("must be quoted", "double quotes")]);
    let again = "[environments.a]\nwait_timer = 1\n§wait_timer = 2\n[environments.§a]\n§x = 1";
    expect(again, &[("duplicate", "merge"), ("duplicate", "merge"), ("unknown key `x`", "")]);
}

/// Every key path of a document, tables and items of lists included.
fn paths(item: &toml_edit::Item, at: &[String], all: &mut Vec<Vec<String>>) {
    let mut below = |name: String, item: &toml_edit::Item| {
        let path = [at, &[name]].concat();
        all.push(path.clone());
        paths(item, &path, all);
    };
    if let Some(table) = item.as_table_like() {
        table.iter().for_each(|(name, item)| below(name.to_owned(), item));
    } else if let Some(tables) = item.as_array_of_tables() {
        tables.iter().enumerate().for_each(|(i, table)| below(i.to_string(), &toml_edit::Item::Table(table.clone())));
    } else if let Some(list) = item.as_array() {
        list.iter().enumerate().for_each(|(i, value)| below(i.to_string(), &toml_edit::Item::Value(value.clone())));
    }
}

fn remove(item: &mut toml_edit::Item, path: &[String]) {
    let (name, rest) = path.split_first().unwrap();
    let at = name.parse::<usize>();
    if rest.is_empty() {
        if let Some(table) = item.as_table_like_mut() {
            table.remove(name);
        } else if let Some(tables) = item.as_array_of_tables_mut() {
            tables.remove(at.unwrap());
        } else {
            item.as_array_mut().unwrap().remove(at.unwrap());
        }
    } else if let Ok(at) = at {
        if let Some(tables) = item.as_array_of_tables_mut() {
            let table = tables.get_mut(at).unwrap();
            let mut inner = toml_edit::Item::Table(table.clone());
            remove(&mut inner, rest);
            *table = inner.into_table().unwrap();
        } else {
            let value = item.as_array_mut().unwrap().get_mut(at).unwrap();
            let mut inner = toml_edit::Item::Value(value.clone());
            remove(&mut inner, rest);
            *value = inner.into_value().unwrap();
        }
    } else {
        remove(item.as_table_like_mut().unwrap().get_mut(name).unwrap(), rest);
    }
}

#[test]
fn no_key_is_read_in_vain() {
    let mut used: BTreeSet<String> = BTreeSet::new();
    for text in [FULL, fleet::FULL, fleet::BY_PROPERTY] {
        let whole = read(text);
        let document: toml_edit::DocumentMut = text.parse().unwrap();
        let mut all = Vec::new();
        paths(document.as_item(), &[], &mut all);
        for path in &all {
            let mut less = document.clone();
            remove(less.as_item_mut(), path);
            if let Ok(config) = parse("gate.toml", &less.to_string()) {
                assert_ne!(config.desired, whole, "{} changes nothing", path.join("."));
            }
        }
        used.extend(all.into_iter().filter_map(|mut path| path.pop()));
    }
    assert!(used.len() > 50, "{}", used.len());
    for key in keys::TABLES.iter().flat_map(|table| table.names()) {
        assert!(used.contains(key), "{key} is not in the example");
    }
}

#[test]
fn the_example_of_each_key_reads_as_its_kind() {
    for schema in keys::TABLES {
        for key in schema.keys {
            if key.example.starts_with('[') || key.example.starts_with('{') {
                continue;
            }
            let (table, errors) = DeTable::parse_recoverable(key.example);
            assert!(errors.is_empty(), "{}", key.example);
            let mut sink = Sink::new(key.example);
            check::table(&mut sink, schema, table.get_ref(), 0..0);
            let problems = sink.finish("x").problems;
            assert!(problems.iter().all(|p| p.message.contains("needs")), "{}: {problems:?}", key.example);
            assert!(table.get_ref().contains_key(key.name), "{}", key.example);
        }
    }
}

#[test]
fn positions_point_at_keys_and_fall_back_to_the_nearest_parent() {
    let config = parse("gate.toml", FULL).unwrap();
    let at = |path: &[&str]| {
        let position = config.positions.get(path);
        (FULL[position.span.clone()].to_owned(), position.line)
    };
    assert_eq!(at(&["environments", "a", "wait_timer"]).0, "wait_timer");
    assert_eq!(at(&["environments", "A", "variables", "TIER"]).0, "tier", "names are found without case");
    assert_eq!(at(&["environments", "a", "secrets", "0"]).0, "\"key\"");
    assert_eq!(at(&["environments", "a", "nothing", "here"]).0, "a");
    assert_eq!(at(&["workflows", "0", "environment"]).0, "environment");
    assert_eq!(at(&["workflows", "0", "when", "1", "tag"]).0, "tag");
    assert_eq!(at(&["workflows", "7"]).0, "workflows");
    assert_eq!(at(&["freeze", "windows", "1", "start"]).0, "start");
    assert_eq!(at(&["nothing"]), (String::new(), 1));
    for (line, name) in [(config.positions.get(["freeze"]).line, "[freeze]"), (config.positions.get(["version"]).line, "version = 1")] {
        assert_eq!(FULL.lines().nth(line - 1), Some(name));
    }
}

#[test]
fn columns_count_characters_and_a_byte_order_mark_is_none() {
    for (text, line, column) in [
        ("\u{feff}version = 2", 1, 11),
        ("version = 1\r\n[github]\r\nx = 1\r\n", 3, 1),
        ("version = 1\nenvironments = { \"é日\" = { x = 1 } }", 2, 27),
        ("version = 1\n\tx = 1", 2, 2),
    ] {
        let problems = parse("gate.toml", text).unwrap_err();
        let at = &problems.problems[0].at;
        assert_eq!((at.line, at.column), (line, column), "{problems}");
    }
    assert!(parse("gate.toml", "\u{feff}version = 1\r\n").is_ok());
}

#[test]
fn hostile_text_is_one_clear_error() {
    let deep = 100_000;
    for (text, message) in [
        (format!("version = 1\nx = {}", "[".repeat(deep)), "nested too deeply"),
        (format!("version = 1\nx = {}", "{a=".repeat(deep)), "nested too deeply"),
        (format!("version = 1\n{}a = 1", "a.".repeat(deep)), "nested too deeply"),
        (format!("version = 1\n[{}a]", "a.".repeat(deep)), "nested too deeply"),
        ("x".repeat(10 * MAX_BYTES), "larger than 1048576 bytes"),
    ] {
        let problems = parse("gate.toml", &text).unwrap_err();
        let [problem] = &problems.problems[..] else { panic!("{}: {}", problems.problems.len(), problems.lines()) };
        assert!(problem.message.contains(message), "{}", problem.message);
        assert!(problem.help.is_some());
        assert!(problems.plain().len() < 2_000);
    }
    let nested = format!("version = 1\nx = {}1{}", format!("{{{}b=", "a.".repeat(78)).repeat(79), "}".repeat(79));
    assert_eq!(refuse(&nested)[0].message, "unknown key `x` in gate.toml", "dotted keys in inline tables nest deepest");
}

#[test]
fn thousands_of_problems_are_counted_and_fifty_shown() {
    let text: String = (0..5_000).map(|i| format!("k{i} = 1\n")).collect();
    let problems = parse("gate.toml", &format!("version = 1\n{text}")).unwrap_err();
    assert_eq!(problems.problems.len(), 5_000);
    let shown = problems.plain();
    assert_eq!(shown.matches("error: ").count(), 50);
    assert!(shown.ends_with("gate.toml: 5000 problems, the first 50 are shown; correct these and run again"), "{shown}");
    let one_line = format!("version = 1\nenvironments = {{ {} }}", (0..20_000).map(|i| format!("e{i} = 1, ")).collect::<String>());
    assert_eq!(refuse(&one_line).len(), 20_000);
}

#[test]
fn a_long_line_is_cut_around_the_caret() {
    let text = format!("version = 1\nx = \"{}\" # {}", "é".repeat(200_000), "y".repeat(200_000));
    let shown = parse("gate.toml", &text).unwrap_err().plain();
    assert!(shown.len() < 1_000 && shown.contains("gate.toml:2:1"), "{shown}");
    let text =
        format!("version = 1\nenvironments = {{ a = {{ variables = {{ A = \"{}\", §B = 1 }} }} }}", "z".repeat(100_000)).replace('§', "");
    let problems = parse("gate.toml", &text).unwrap_err();
    let shown = problems.plain();
    assert!(shown.len() < 1_000 && shown.contains(&format!("gate.toml:2:{}", problems.problems[0].at.column)), "{shown}");
    let caret = shown.lines().find(|line| line.contains('^')).unwrap();
    let source = shown.lines().find(|line| line.contains("B = 1")).unwrap();
    assert_eq!(caret.find('^'), source.find("1 }"), "{shown}");
}

#[test]
fn nothing_of_the_file_steers_the_terminal() {
    let nasty = "\u{1b}[31m\u{202e}\u{7}\u{9b}\u{200b}\u{2028}";
    let text =
        format!("version = 1\n\"{nasty}\" = 1 # {nasty}\n[environments.\"{nasty}\"]\nstate = \"{nasty}\"\nwait_timer = \"x\" # {nasty}");
    let problems = parse(&format!("gate{nasty}.toml"), &text).unwrap_err();
    for shown in [problems.plain(), problems.lines(), problems.to_string()] {
        assert!(shown.chars().all(|c| c == '\n' || (!c.is_control() && !('\u{200b}'..='\u{206f}').contains(&c))), "{shown:?}");
    }
    let colors = problems.styled();
    assert!(colors.contains("\u{1b}[") && !colors.contains("\u{1b}[31m\u{202e}") && !colors.contains('\u{7}'));
}

#[test]
fn two_places_are_both_shown() {
    let shown = |text: &str| parse("gate.toml", text).unwrap_err().plain();
    let apart = shown("version = 1\n[environments.a]\n[environments.b]\n[environments.A]");
    assert!(apart.contains("--> gate.toml:4:15") && apart.contains("--> gate.toml:2:15"), "{apart}");
    let beside = shown("version = 1\n[environments.a]\nsecrets = [\"A\", \"A\"]");
    assert_eq!(beside.matches("secrets = ").count(), 1, "{beside}");
}

#[test]
fn machines_read_places_and_words() {
    let problems = parse("gate.toml", "version = 1\nfreez = 1").unwrap_err();
    assert_eq!(problems.lines(), "gate.toml:2:1: unknown key `freez` in gate.toml; write `freeze`");
    let json = serde_json::to_value(&problems).unwrap();
    assert_eq!(json["problems"][0]["line"], 2);
    assert_eq!(json["problems"][0]["span"]["start"], 12);
    assert_eq!(json["problems"][0]["help"], "write `freeze`");
    assert!(json.get("text").is_none());
}

/// What an editor hands to the schema: dates as text.
fn as_json(value: &toml::Value) -> serde_json::Value {
    match value {
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(items) => items.iter().map(as_json).collect(),
        toml::Value::Table(table) => serde_json::Value::Object(table.iter().map(|(k, v)| (k.clone(), as_json(v))).collect()),
        toml::Value::String(text) => text.as_str().into(),
        toml::Value::Integer(number) => (*number).into(),
        toml::Value::Float(number) => (*number).into(),
        toml::Value::Boolean(flag) => (*flag).into(),
    }
}

fn schema_takes(text: &str) -> bool {
    let value: toml::Value = toml::from_str(text).unwrap();
    jsonschema::draft7::is_valid(&json_schema(), &as_json(&value))
}

#[test]
fn the_schema_takes_what_the_reader_takes() {
    assert!(jsonschema::draft7::meta::is_valid(&json_schema()));
    for text in [DESIGN, FULL, include_str!("../../gate.toml")] {
        assert!(schema_takes(text), "{text}");
    }
}

#[test]
fn the_schema_refuses_what_it_can() {
    let document: toml_edit::DocumentMut = FULL.parse().unwrap();
    let mut all = Vec::new();
    paths(document.as_item(), &[], &mut all);
    for path in all {
        let mut less = document.clone();
        remove(less.as_item_mut(), &path);
        let text = less.to_string();
        assert!(schema_takes(&text) || parse("gate.toml", &text).is_err(), "the schema is stricter about {}", path.join("."));
    }
    for bad in [
        "",
        "version = 2",
        "version = 1\nx = 1",
        "version = 1\n[environments.a]\nreviewrs = []",
        "version = 1\n[environments.a]\nwait_timer = 43201",
        "version = 1\n[environments.a]\nreviewers = [{ user = \"a\", team = \"b\" }]",
        "version = 1\n[environments.a]\nreviewers = [{}]",
        "version = 1\n[environments.a]\nvariables = { A-B = \"\" }",
        "version = 1\n[environments.a]\ndeployment_branch_policy = \"main\"",
        "version = 1\n[freeze]\nheroku_app = \"my-app\"\nenvironments = []",
        "version = 1\n[[freeze.windows]]\nname = \"w\"\ntimezone = \"UTC\"\nstart = \"* * * * *\"",
    ] {
        assert!(!schema_takes(bad), "{bad}");
        assert!(parse("gate.toml", bad).is_err(), "{bad}");
    }
}

#[test]
fn every_key_has_a_description() {
    fn walk(value: &serde_json::Value) -> usize {
        let properties = value.get("properties").and_then(|p| p.as_object());
        let mine: usize = properties
            .into_iter()
            .flatten()
            // In a group, `true` and `false` only say which keys go together.
            .filter(|(_, key)| !key.is_boolean())
            .map(|(name, key)| {
                assert!(key["description"].as_str().is_some_and(|text| text.ends_with('.')), "{name}");
                1
            })
            .sum();
        let below: usize = match value {
            serde_json::Value::Object(map) => map.values().map(walk).sum(),
            serde_json::Value::Array(items) => items.iter().map(walk).sum(),
            _ => 0,
        };
        mine + below
    }
    assert!(walk(&json_schema()) > 45);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        hold(&text);
    }

    #[test]
    fn a_mutated_file_is_read_or_refused(
        cuts in prop::collection::vec((0usize..FULL.len(), 0usize..30, "[\\[\\]{}=\"'.,#\n\\\\a0 -é\0\r\u{202e}]{0,4}"), 1..6),
        design in any::<bool>(),
    ) {
        let mut text = if design { DESIGN.to_owned() } else { FULL.to_owned() };
        for (at, length, insert) in cuts {
            let start = text.floor_char_boundary(at);
            let end = text.floor_char_boundary(start + length);
            text.replace_range(start..end, &insert);
        }
        hold(&text);
    }
}

/// What holds for every text: places lie in it, problems are in its order, all can be shown, and reading is repeatable.
fn hold(text: &str) {
    let result = parse("gate.toml", text);
    assert_eq!(result, parse("gate.toml", text));
    let Err(problems) = result else { return };
    assert!(!problems.problems.is_empty());
    let lines = problems.text.split('\n').count();
    let mut last = 0;
    for problem in &problems.problems {
        for at in std::iter::once(&problem.at).chain(problem.related.as_ref().map(|related| &related.at)) {
            assert!(problems.text.get(at.span.clone()).is_some(), "{at:?}");
            assert!((1..=lines).contains(&at.line) && at.column >= 1);
        }
        assert!(last <= problem.at.span.start);
        last = problem.at.span.start;
        assert!(problem.help.is_some() && !problem.message.is_empty());
    }
    let shown = problems.plain();
    assert!(shown.contains("gate.toml:1:") || problems.problems[0].at.line > 1);
    assert!(!problems.styled().is_empty());
}

mod fleet;
