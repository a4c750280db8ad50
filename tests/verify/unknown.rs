//! What cannot be read is never a pass, and never drift (law 1).

use gatectl::findings::{Code, Verdict};
use gatectl::sandbox::{Api, Fault, Level, Response, Sandbox, Token};

use crate::world::{DEPLOY, GATE, REPO, config, source, state, verdict, verdict_of};

/// Requests that the verdict does not depend on: another reviewer is proven, or they only add warnings.
const SPARE: &[&str] = &["/teams/", "/collaborators/", "/actions/runs", "/branches", "/environments/production/secrets", "/rulesets"];

#[tokio::test]
async fn every_single_answer_that_is_refused_leaves_it_undecided_at_best() {
    let config = config(GATE);
    let sources = [source("deploy.yml", DEPLOY)];
    let sandbox = Sandbox::start(state(&config)).await.unwrap();
    assert_eq!(verdict_of(&sandbox, &config, &sources, "test").await.verdict, Verdict::Gated);
    let asked: Vec<String> = sandbox.with(|state| state.log.exchanges.iter().map(|exchange| exchange.path.clone()).collect());
    assert!(asked.len() >= 12, "{asked:?}");
    let mut undecided = 0;
    for path in &asked {
        let path = path.split('?').next().unwrap();
        for status in [401, 403, 404, 500, 502] {
            sandbox.with(|state| {
                state.faults = vec![Fault::before(Response::github_error(status, "No.")).api(Api::GitHub).path(path)];
            });
            let report = verdict_of(&sandbox, &config, &sources, "test").await;
            let spare = SPARE.iter().any(|spare| path.contains(spare));
            assert_ne!(report.verdict, Verdict::Ungated, "{status} on {path}: {report:#?}");
            assert!(spare || report.verdict == Verdict::Unknown, "{status} on {path}: {report:#?}");
            let steps = report.environments.iter().flat_map(|one| &one.findings);
            assert!(steps.clone().all(|finding| !finding.fix.is_empty()), "{report:#?}");
            undecided += usize::from(report.verdict == Verdict::Unknown);
        }
    }
    assert!(undecided > 20);
}

#[tokio::test]
async fn a_team_that_holds_an_undeclared_environment_back_is_looked_up() {
    let live = config(&format!("{GATE}[environments.prod-eu]\nreviewers = [{{ team = \"ops\", id = 602 }}]\n"));
    let eu = DEPLOY.replace("production", "prod-eu").replace("./deploy}", "./deploy, env: {K: '${{ secrets.HEROKU_API_KEY }}'}}");
    let sources = [source("deploy.yml", DEPLOY), source("eu.yml", &eu)];
    let sandbox = Sandbox::start(state(&live)).await.unwrap();
    assert_eq!(verdict_of(&sandbox, &config(GATE), &sources, "test").await.verdict, Verdict::Gated);
    for path in ["/orgs/acme/teams/ops/members", "/orgs/acme/teams/ops/repos/acme/shop"] {
        sandbox.with(|state| state.faults = vec![Fault::before(Response::github_error(403, "No.")).api(Api::GitHub).path(path)]);
        let report = verdict_of(&sandbox, &config(GATE), &sources, "test").await;
        assert_eq!(report.verdict, Verdict::Unknown, "{path}: {report:#?}");
    }
}

#[tokio::test]
async fn a_token_that_sees_nothing_gets_no_pass() {
    let sources = [source("deploy.yml", DEPLOY)];
    for areas in [&[][..], &[("metadata", Level::Read)], &[("contents", Level::Read)], &[("secrets", Level::Read)]] {
        let token = Token::fine_grained("sandbox-admin", areas);
        let report = verdict(GATE, &sources, |state| assert!(state.github.tokens.insert("test".to_owned(), token).is_none())).await;
        assert_eq!(report.verdict, Verdict::Unknown, "{areas:?}: {report:#?}");
        let codes: Vec<Code> = report.environments.iter().flat_map(|one| &one.findings).map(|finding| finding.code).collect();
        assert!(codes.contains(&Code::UnreadableState), "{codes:?}");
    }
}

#[tokio::test]
async fn a_token_of_a_job_needs_read_permissions_only() {
    let gate =
        "version = 1\n[github]\nrepository = \"acme/shop\"\n[environments.production]\nreviewers = [{ user = \"alice\", id = 501 }]\n";
    let areas = [("actions", Level::Read), ("contents", Level::Read), ("metadata", Level::Read), ("organization_plan", Level::Read)];
    let token = Token::installation("github-actions[bot]", &areas);
    let report = verdict(gate, &[], |state| {
        state.github.tokens.insert("test".to_owned(), token);
    })
    .await;
    assert_eq!(report.verdict, Verdict::Gated, "{report:#?}");
}

#[tokio::test]
async fn one_wave_of_few_requests_answers_a_preflight() {
    let gate =
        "version = 1\n[github]\nrepository = \"acme/shop\"\n[environments.production]\nreviewers = [{ user = \"alice\", id = 501 }]\n";
    let config = config(gate);
    let mut state = state(&config);
    state.latency = std::time::Duration::from_millis(20);
    let sandbox = Sandbox::start(state).await.unwrap();
    assert_eq!(verdict_of(&sandbox, &config, &[], "test").await.verdict, Verdict::Gated);
    let (count, depth) = sandbox.with(|state| (state.log.exchanges.len(), state.log.depth()));
    assert!(count <= 9, "{count}");
    assert_eq!(depth, 1);
}

/// The verdict if this is the answer to the list of environments.
async fn with_list(gate: &str, alter: impl FnOnce(&mut serde_json::Value)) -> gatectl::verify::VerifyReport {
    let config = config(gate);
    let sandbox = Sandbox::start(state(&config)).await.unwrap();
    let list = format!("/repos/{REPO}/environments");
    verdict_of(&sandbox, &config, &[source("deploy.yml", DEPLOY)], "test").await;
    let mut answer = sandbox.with(|state| {
        let exchange = state.log.exchanges.iter().find(|exchange| exchange.path == list).unwrap();
        serde_json::from_slice(&exchange.response).unwrap()
    });
    alter(&mut answer);
    sandbox.with(|state| state.faults.push(Fault::before(Response::json(200, &answer)).method("GET").path(&list)));
    verdict_of(&sandbox, &config, &[source("deploy.yml", DEPLOY)], "test").await
}

#[tokio::test]
async fn a_gate_with_an_enterprise_team_is_not_proven() {
    let business = serde_json::json!({"type": "BusinessTeam", "reviewer": {"id": 9, "slug": "ent:platform", "node_id": "ET_x"}});
    let reviewers = |list: &mut serde_json::Value| {
        let rules = list["environments"][0]["protection_rules"].as_array_mut().unwrap();
        let rule = rules.iter_mut().find(|rule| rule["type"] == "required_reviewers").unwrap();
        rule["reviewers"].as_array_mut().unwrap().push(business);
    };
    let report = with_list(GATE, reviewers).await;
    assert_eq!(report.verdict, Verdict::Unknown, "{report:#?}");
    let said: Vec<&str> = report.environments[0].findings.iter().map(|finding| finding.message.as_str()).collect();
    assert!(said.iter().any(|message| message.contains("ent:platform")), "{said:?}");
}

#[tokio::test]
async fn a_server_that_does_not_say_who_may_bypass_is_a_warning_and_unknown_only_if_declared() {
    let unsaid = |list: &mut serde_json::Value| drop(list["environments"][0].as_object_mut().unwrap().remove("can_admins_bypass"));
    let declared = with_list(GATE, unsaid).await;
    assert_eq!(declared.verdict, Verdict::Unknown, "{declared:#?}");
    let silent = with_list(&GATE.replace("can_admins_bypass = false\n", ""), unsaid).await;
    assert_eq!(silent.verdict, Verdict::Gated, "{silent:#?}");
    let bypass = silent.environments[0].findings.iter().find(|finding| finding.field == Some("can_admins_bypass")).unwrap();
    assert_eq!(bypass.severity, gatectl::findings::Severity::Warning, "{bypass:?}");
}
