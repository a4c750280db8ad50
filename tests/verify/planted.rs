//! Each fault planted alone: its finding, and nothing else.

use gatectl::findings::{Severity, Verdict};
use gatectl::sandbox::{AccountKind, Fault, Level, Permission, Plan, Response, ReviewerRef, Run, Secret, State, Token, Visibility};
use gatectl::verify::VerifyReport;
use gatectl::workflows::check::SourceFile;
use jiff::Timestamp;

use crate::world::{ALICE, DEPLOY, GATE, SRE, repo, source, verdict};

type Found = (&'static str, Severity, Option<char>);

fn found(report: &VerifyReport) -> Vec<Found> {
    let findings = report.environments.iter().flat_map(|one| &one.findings);
    findings.map(|finding| (finding.code.row().name, finding.severity, finding.failure_mode)).collect()
}

fn environment(state: &mut State) -> &mut gatectl::sandbox::Environment {
    repo(state).environment_mut("production").unwrap()
}

fn secret() -> Secret {
    Secret { created_at: Timestamp::UNIX_EPOCH, updated_at: Timestamp::UNIX_EPOCH }
}

fn add(state: &mut State, login: &str, kind: AccountKind) -> u64 {
    repo(state).collaborators.insert(login.to_owned(), Permission::Write);
    state.github.add_account(login, None, kind)
}

fn rename(state: &mut State, to: &str) {
    state.github.people.accounts.get_mut(&ALICE).unwrap().login = to.to_owned();
    let repo = repo(state);
    let permission = repo.collaborators.remove("alice").unwrap();
    repo.collaborators.insert(to.to_owned(), permission);
}

fn deploys_by(state: &mut State, login: &str) {
    let run = |id| Run {
        id,
        path: ".github/workflows/deploy.yml".to_owned(),
        event: "push".to_owned(),
        head_branch: "main".to_owned(),
        head_sha: "0".repeat(40),
        status: "completed".to_owned(),
        conclusion: Some("success".to_owned()),
        actor: login.to_owned(),
        triggering_actor: login.to_owned(),
        attempt: 1,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        pending: Vec::new(),
        approvals: Vec::new(),
    };
    repo(state).runs = (1..=4).map(run).collect();
}

async fn expect(name: &str, gate: &str, sources: &[SourceFile], change: impl FnOnce(&mut State), verdict_is: Verdict, want: &[Found]) {
    let report = verdict(gate, sources, change).await;
    assert_eq!(found(&report), want, "{name}: {report:#?}");
    assert_eq!(report.verdict, verdict_is, "{name}");
}

const ERROR: Severity = Severity::Error;
const WARNING: Severity = Severity::Warning;

#[tokio::test]
async fn a_world_as_declared_has_no_finding_at_all() {
    expect("gated", GATE, &[source("deploy.yml", DEPLOY)], |_| {}, Verdict::Gated, &[]).await;
}

#[tokio::test]
async fn each_live_fault_has_its_finding_and_no_other() {
    type Change = fn(&mut State);
    let cases: &[(&str, Change, Verdict, &[Found])] = &[
        ("deleted", |s| assert!(repo(s).remove("production")), Verdict::Ungated, &[("environment-missing", ERROR, Some('C'))]),
        ("reset", |s| environment(s).reviewers.clear(), Verdict::Ungated, &[("no-reviewers", ERROR, Some('A'))]),
        ("downgraded", |s| s.github.set_plan("acme", Plan::Team), Verdict::Ungated, &[("reviewers-not-enforced", ERROR, Some('B'))]),
        (
            "downgraded and reset",
            |s| {
                s.github.set_plan("acme", Plan::Team);
                environment(s).reviewers.clear();
            },
            Verdict::Ungated,
            &[("no-reviewers", ERROR, Some('B'))],
        ),
        (
            "a stranger approves",
            |s| {
                let mallory = add(s, "mallory", AccountKind::User);
                environment(s).reviewers.push(ReviewerRef::User(mallory));
            },
            Verdict::Ungated,
            &[("undeclared-reviewer", ERROR, Some('D'))],
        ),
        (
            "the login belongs to another account",
            |s| {
                rename(s, "alice-long-gone");
                let other = add(s, "alice", AccountKind::User);
                environment(s).reviewers = vec![ReviewerRef::User(other), ReviewerRef::Team(SRE)];
            },
            Verdict::Ungated,
            &[("reviewer-id-mismatch", ERROR, Some('D'))],
        ),
        ("the reviewer was renamed", |s| rename(s, "alice-smith"), Verdict::Gated, &[("renamed-reviewer", Severity::Info, None)]),
        (
            "a bot approves",
            |s| {
                let bot = add(s, "deploy[bot]", AccountKind::Bot);
                environment(s).reviewers.push(ReviewerRef::User(bot));
            },
            Verdict::Ungated,
            &[("bot-reviewer", ERROR, Some('D'))],
        ),
        ("a reviewer was dropped", |s| environment(s).reviewers.truncate(1), Verdict::Gated, &[("missing-reviewer", WARNING, Some('D'))]),
        (
            "one has no access",
            |s| assert!(repo(s).collaborators.remove("alice").is_some()),
            Verdict::Gated,
            &[("reviewer-without-access", WARNING, Some('D'))],
        ),
        (
            "a team is empty",
            |s| s.github.people.teams.get_mut(&SRE).unwrap().members.clear(),
            Verdict::Gated,
            &[("empty-team", WARNING, Some('D'))],
        ),
        (
            "cannot approve",
            |s| {
                repo(s).collaborators.remove("alice");
                s.github.people.teams.get_mut(&SRE).unwrap().members.clear();
            },
            Verdict::Ungated,
            &[("reviewer-without-access", ERROR, Some('D')), ("empty-team", ERROR, Some('D'))],
        ),
        ("admins bypass", |s| environment(s).can_admins_bypass = true, Verdict::Ungated, &[("admins-may-bypass", ERROR, None)]),
        ("self-review", |s| environment(s).prevent_self_review = false, Verdict::Ungated, &[("self-review-allowed", ERROR, None)]),
        ("a shorter timer", |s| environment(s).wait_timer = 9, Verdict::Ungated, &[("wait-timer-shorter", ERROR, None)]),
        ("no custom rule", |s| environment(s).custom_rules.clear(), Verdict::Ungated, &[("custom-rule-missing", ERROR, None)]),
        ("every ref", |s| environment(s).policy = None, Verdict::Ungated, &[("open-refs", ERROR, None)]),
        (
            "one more pattern",
            |s| {
                let mut wide = environment(s).patterns[0].clone();
                wide.name = "*".to_owned();
                environment(s).patterns.push(wide);
            },
            Verdict::Ungated,
            &[("open-refs", ERROR, None)],
        ),
        ("no pattern", |s| environment(s).patterns.clear(), Verdict::Gated, &[("no-pattern", WARNING, None)]),
        (
            "the live policy refuses the deploy",
            |s| environment(s).patterns.retain(|pattern| pattern.name != "main"),
            Verdict::Gated,
            &[("ref-refused", WARNING, None)],
        ),
        (
            "a secret of the repository",
            |s| assert!(repo(s).secrets.insert("HEROKU_API_KEY".to_owned(), secret()).is_none()),
            Verdict::Ungated,
            &[("wider-secret", ERROR, None)],
        ),
        (
            "a secret of the organization",
            |s| assert!(repo(s).organization_secrets.insert("HEROKU_API_KEY".to_owned(), secret()).is_none()),
            Verdict::Ungated,
            &[("wider-secret", ERROR, None)],
        ),
        ("no secret", |s| environment(s).secrets.clear(), Verdict::Gated, &[("missing-secret", WARNING, None)]),
    ];
    for (name, change, verdict, want) in cases {
        expect(name, GATE, &[source("deploy.yml", DEPLOY)], change, *verdict, want).await;
    }
}

/// Only reviewers are declared: what is open besides is worth a warning.
const SILENT: &str = r#"
version = 1
[github]
repository = "acme/shop"
[environments.production]
reviewers = [{ user = "alice", id = 501 }]
[[workflows]]
file = ".github/workflows/deploy.yml"
environment = "production"
"#;

#[tokio::test]
async fn what_gate_toml_does_not_mention_and_is_open_is_a_warning() {
    let sources = [source("deploy.yml", DEPLOY)];
    let silent = [("admins-may-bypass", WARNING, None), ("open-refs", WARNING, None)];
    expect("silent", SILENT, &sources, |_| {}, Verdict::Gated, &silent).await;
    let close = |state: &mut State| {
        environment(state).can_admins_bypass = false;
        environment(state).policy = Some(gatectl::sandbox::PolicyMode::Protected);
    };
    expect("closed", SILENT, &sources, close, Verdict::Gated, &[]).await;
    let unprotected = |state: &mut State| {
        close(state);
        repo(state).branches.iter_mut().for_each(|branch| branch.protected = false);
    };
    expect("unprotected", SILENT, &sources, unprotected, Verdict::Gated, &[("no-protected-branch", WARNING, None)]).await;
    let declared = SILENT.replace("[[workflows]]", "deployment_branch_policy = \"protected\"\n[[workflows]]");
    expect("declared protected", &declared, &sources, unprotected, Verdict::Ungated, &[("no-protected-branch", ERROR, None)]).await;
}

#[tokio::test]
async fn a_secret_that_a_gated_job_uses_is_looked_up_in_the_environment_and_beyond() {
    let deploy = DEPLOY.replace("{run: ./deploy}", "{run: ./deploy, env: {TOKEN: '${{ secrets.DEPLOY_TOKEN }}'}}");
    let sources = [source("deploy.yml", &deploy)];
    let told = async |in_environment: bool, in_repository: bool, readable: bool| {
        let report = verdict(SILENT, &sources, |state| {
            if in_environment {
                environment(state).secrets.insert("DEPLOY_TOKEN".to_owned(), secret());
            }
            if in_repository {
                repo(state).secrets.insert("DEPLOY_TOKEN".to_owned(), secret());
            }
            if !readable {
                let areas = ["actions", "contents", "metadata", "organization_plan"].map(|area| (area, Level::Read));
                state.github.tokens.insert("test".to_owned(), Token::fine_grained("sandbox-admin", &areas));
            }
        })
        .await;
        assert_eq!(report.verdict, Verdict::Gated, "{report:#?}");
        let findings = report.environments.into_iter().flat_map(|one| one.findings);
        let about = findings.filter(|finding| finding.field == Some("secrets"));
        about.map(|finding| (finding.code.row().name, finding.severity, finding.fix)).collect::<Vec<_>>()
    };
    let delete = "gh secret delete DEPLOY_TOKEN --repo acme/shop".to_owned();
    let moved = format!("gh secret set DEPLOY_TOKEN --env production --repo acme/shop && {delete}");
    assert_eq!(told(true, false, true).await, []);
    assert_eq!(told(true, true, true).await, [("wider-secret", WARNING, delete)]);
    assert_eq!(told(false, true, true).await, [("wider-secret", WARNING, moved)]);
    let unread: Vec<_> = told(true, true, false).await.into_iter().map(|(code, severity, _)| (code, severity)).collect();
    assert_eq!(unread, [("unreadable-state", Severity::Info); 3], "the environment, the repository, the organization");
}

#[tokio::test]
async fn who_deploys_matters_for_self_review() {
    let sources = [source("deploy.yml", DEPLOY)];
    let closed = SILENT.replace("[[workflows]]", "can_admins_bypass = false\ndeployment_branch_policy = \"protected\"\n[[workflows]]");
    let alice = |state: &mut State| deploys_by(state, "alice");
    expect("may approve their own", &closed, &sources, alice, Verdict::Gated, &[("self-review-allowed", WARNING, None)]).await;
    let as_declared = closed.replace("[[workflows]]", "prevent_self_review = false\n[[workflows]]");
    expect("as declared", &as_declared, &sources, alice, Verdict::Gated, &[]).await;
    let prevented = closed.replace("[[workflows]]", "prevent_self_review = true\n[[workflows]]");
    expect("deadlock", &prevented, &sources, alice, Verdict::Gated, &[("self-review-deadlock", WARNING, None)]).await;
    expect("another person deploys", &prevented, &sources, |state| deploys_by(state, "bob"), Verdict::Gated, &[]).await;
}

#[tokio::test]
async fn each_fault_of_the_workflow_files_has_its_finding_and_no_other() {
    let key = "${{ secrets.HEROKU_API_KEY }}";
    let other = |job: &str| {
        let text = format!("on: {{push: {{branches: [main]}}}}\njobs:\n  hotfix:\n    runs-on: x\n    {job}\n");
        [source("deploy.yml", DEPLOY), source("other.yml", &text)]
    };
    let ungated = other(&format!("env: {{K: '{key}'}}"));
    expect("past the gate", GATE, &ungated, |_| {}, Verdict::Ungated, &[("ungated-credential", ERROR, None)]).await;
    let near = other("environment: prod");
    expect("another spelling", GATE, &near, |_| {}, Verdict::Gated, &[("auto-created-environment", WARNING, Some('C'))]).await;
    let exists = |state: &mut State| {
        let mut other = environment(state).clone();
        other.name = "prod".to_owned();
        repo(state).insert(other);
    };
    expect("another environment", GATE, &near, exists, Verdict::Gated, &[]).await;
    let gone: [SourceFile; 0] = [];
    expect("no file", GATE, &gone, |_| {}, Verdict::Ungated, &[("missing-workflow", ERROR, None)]).await;
    let open = [source("deploy.yml", &DEPLOY.replace("    environment: production\n", ""))];
    expect("no gate", GATE, &open, |_| {}, Verdict::Ungated, &[("no-gated-job", ERROR, None)]).await;
}

#[tokio::test]
async fn refs_that_anyone_can_create_are_pointed_out() {
    let sources = [source("deploy.yml", DEPLOY)];
    let free = [("refs-anyone-can-create", WARNING, None)];
    expect("no ruleset", GATE, &sources, |state| repo(state).rulesets.clear(), Verdict::Gated, &free).await;
    let creation = |state: &mut State| repo(state).rulesets[0].rules.retain(|rule| rule == "creation");
    expect("tags can be moved", GATE, &sources, creation, Verdict::Gated, &free).await;
    expect("not enforced", GATE, &sources, |state| repo(state).rulesets[0].active = false, Verdict::Gated, &free).await;
    let other = |state: &mut State| repo(state).rulesets[0].covers = std::iter::once("v1.*".to_owned()).collect();
    expect("other tags", GATE, &sources, other, Verdict::Gated, &free).await;
    // Without its list of exceptions it is not known to have none.
    let whole = serde_json::json!({"conditions": {"ref_name": {"include": ["~ALL"]}}, "rules": [{"type": "creation"}, {"type": "update"}]});
    let unlisted = |state: &mut State| state.faults.push(Fault::before(Response::json(200, &whole)).path("/repos/acme/shop/rulesets/9"));
    expect("exceptions not listed", GATE, &sources, unlisted, Verdict::Gated, &free).await;
    let open = GATE.replace(r#"branches = ["main"], tags = ["v*"]"#, r#"branches = ["*"]"#);
    let both = [("open-refs", WARNING, None), ("refs-anyone-can-create", WARNING, None)];
    expect("every branch", &open, &sources, |_| {}, Verdict::Gated, &both).await;
}

#[tokio::test]
async fn visibility_and_plan_decide_whether_reviewers_are_enforced() {
    let sources = [source("deploy.yml", DEPLOY)];
    let narrow = Token::classic("sandbox-admin", &["repo", "read:org"]);
    let (private, public) = (narrow.clone(), narrow);
    let unseen = move |state: &mut State| assert!(state.github.tokens.insert("test".to_owned(), private).is_none());
    expect("plan unseen", GATE, &sources, unseen, Verdict::Unknown, &[("plan-unknown", ERROR, Some('B'))]).await;
    let open = move |state: &mut State| {
        state.github.tokens.insert("test".to_owned(), public);
        state.github.set_plan("acme", Plan::Free);
        repo(state).visibility = Visibility::Public;
    };
    expect("public", GATE, &sources, open, Verdict::Gated, &[]).await;
    let internal = |state: &mut State| repo(state).visibility = Visibility::Internal;
    expect("internal", GATE, &sources, internal, Verdict::Gated, &[]).await;
}

#[tokio::test]
async fn declared_absent_is_no_gate_and_undeclared_decides_nothing() {
    let gate = format!("{GATE}\n[environments.old]\nstate = \"absent\"\n");
    let sources = [source("deploy.yml", DEPLOY)];
    // `staging` exists without any rule, and gate.toml does not mention it.
    let report = verdict(&gate, &sources, |_| {}).await;
    let names: Vec<&str> = report.environments.iter().map(|one| one.name.as_str()).collect();
    assert_eq!((report.verdict, names), (Verdict::Gated, vec!["production"]));
    let exists = |state: &mut State| {
        let mut old = environment(state).clone();
        old.name = "old".to_owned();
        repo(state).insert(old);
    };
    expect("still there", &gate, &sources, exists, Verdict::Ungated, &[("environment-not-absent", ERROR, None)]).await;
}

const COMPENSATED: &str = r#"
version = 1
[github]
repository = "acme/shop"
[environments.production]
reviewers = [{ user = "alice", id = 501 }]
can_admins_bypass = true
deployment_branch_policy = "protected"
[[workflows]]
file = ".github/workflows/deploy.yml"
environment = "production"
[freeze]
heroku_app = "shop-control"
environments = ["production"]
compensates = true
"#;

#[tokio::test]
async fn a_freeze_stands_in_for_what_the_plan_withholds_and_for_nothing_else() {
    let checked = DEPLOY.replace("{run: ./deploy}", "{run: gatectl freeze check --environment production}, {run: ./deploy}");
    let sources = [source("deploy.yml", &checked)];
    let refused = |state: &mut State| {
        state.github.set_plan("acme", Plan::Team);
        environment(state).reviewers.clear();
    };
    let told = [("no-reviewers", ERROR, Some('B'))];
    expect("compensated", COMPENSATED, &sources, refused, Verdict::Compensated, &told).await;
    let not_declared = COMPENSATED.replace("compensates = true", "compensates = false");
    expect("not declared", &not_declared, &sources, refused, Verdict::Ungated, &told).await;
    let unchecked = [("no-reviewers", ERROR, Some('B')), ("uncompensated", WARNING, Some('B'))];
    expect("not checked", COMPENSATED, &[source("deploy.yml", DEPLOY)], refused, Verdict::Ungated, &unchecked).await;
    let missing = |state: &mut State| {
        refused(state);
        repo(state).remove("production");
    };
    let gone = [("environment-missing", ERROR, Some('C')), ("reviewers-not-enforced", ERROR, Some('B'))];
    expect("missing", COMPENSATED, &sources, missing, Verdict::Ungated, &gone).await;
    let open = |state: &mut State| {
        refused(state);
        environment(state).policy = None;
    };
    expect("open besides", COMPENSATED, &sources, open, Verdict::Ungated, &[told[0], ("open-refs", ERROR, None)]).await;
    // A freeze that lets deploys through while it cannot be read is said so.
    let fails_open = COMPENSATED.replace("compensates = true", "compensates = true\non_unreachable = \"open\"");
    let weaker = [told[0], ("freeze-open", WARNING, Some('B'))];
    expect("fails open", &fails_open, &sources, refused, Verdict::Compensated, &weaker).await;
    // On a plan that has reviewers, a freeze compensates for nothing.
    let reset = |state: &mut State| environment(state).reviewers.clear();
    expect("reset", COMPENSATED, &sources, reset, Verdict::Ungated, &[("no-reviewers", ERROR, Some('A'))]).await;
}
