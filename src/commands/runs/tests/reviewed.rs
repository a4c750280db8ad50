//! Approving and rejecting a run.

use super::super::review::unchanged;
use super::*;
use crate::sandbox::ReviewerRef;

#[tokio::test]
async fn an_approval_is_written_once_and_read_back() {
    let stage = Stage::new(|_| {}).await;
    let runs = [stage.start("sandbox-admin"), stage.start("sandbox-admin")];
    let report = stage.review(&approve(), &runs).await;
    let seen = value(&report, "review");
    assert_eq!((&seen["reviews"][0]["result"], &seen["reviews"][1]["result"]), (&"recorded".into(), &"recorded".into()));
    assert_eq!((&seen["reviews"][0]["user"], &seen["reviews"][0]["comment"]), (&"MooseQuest".into(), &"ship it".into()));
    assert_eq!((report.exit(), stage.posts()), (Exit::Done, 2));
    let again = stage.look(&approve(), &runs).await.unwrap_err().to_string();
    assert!(again.contains("approved by MooseQuest"), "{again}");
    assert_golden("approve.txt", &shown(&Document::from(&report)));
}

#[tokio::test]
async fn a_record_that_shows_late_is_waited_for() {
    let stage = Stage::new(|state| state.switches.reads = crate::sandbox::Reads::OnceStale).await;
    let run = stage.start("sandbox-admin");
    let report = stage.review(&approve(), &[run]).await;
    assert_eq!((&value(&report, "review")["reviews"][0]["result"], stage.posts()), (&"recorded".into(), 1));
}

#[tokio::test]
async fn a_rejection_ends_the_run() {
    let stage = Stage::new(|_| {}).await;
    let run = stage.start("sandbox-admin");
    let report = stage.review(&request(Decision::Rejected), &[run]).await;
    assert_eq!((report.exit(), &value(&report, "review")["decision"]), (Exit::Done, &"rejected".into()));
    assert_eq!(value(&stage.evidence(Extent::Last(1)).await, "evidence")["summary"]["rejected"], 1);
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_reading() {
    for (fault, posts, result) in [
        (Fault::after(Response::html(502, "Bad Gateway")), 1, "recorded"),
        (Fault::before(Response::html(502, "Bad Gateway")), 1, "failed"),
    ] {
        let stage = Stage::new(|_| {}).await;
        let run = stage.start("sandbox-admin");
        stage.sandbox.with(|state| state.faults.push(fault.method("POST").path("*/pending_deployments")));
        let report = stage.review(&approve(), &[run]).await;
        let seen = value(&report, "review");
        assert_eq!((seen["reviews"][0]["result"].as_str(), stage.posts()), (Some(result), posts));
        if result == "failed" {
            assert!(seen["reviews"][0]["hint"].as_str().unwrap().contains("did not take effect"));
            assert_eq!(report.exit(), Exit::Error);
        }
    }
}

#[tokio::test]
async fn who_may_not_approve_is_told_why_and_nothing_is_written() {
    let stage = Stage::new(|_| {}).await;
    let run = stage.start("MooseQuest");
    let refusal = |request: ReviewRequest| {
        let stage = &stage;
        async move { stage.look(&request, &[run]).await.unwrap_err() }
    };
    assert!(stage.look(&approve(), &[run]).await.unwrap().admitted[0].own);
    let pinned = ReviewRequest { commit: Some("abcdef0".parse().unwrap()), ..approve() };
    assert!(refusal(pinned).await.to_string().contains("not abcdef0"));
    stage.sandbox.with(|state| state.repo(REPO).unwrap().environment_mut("production").unwrap().prevent_self_review = true);
    assert!(refusal(approve()).await.to_string().contains("prevents self-review"));
    stage.sandbox.with(|state| state.github.viewer = "sandbox-admin".to_owned());
    assert!(refusal(approve()).await.to_string().contains("its reviewers are: MooseQuest"));
    let robot = Token { login: "robot[bot]".to_owned(), grant: Grant::Installation([("actions".to_owned(), Level::Read)].into()) };
    stage.sandbox.with(|state| state.github.tokens = [("token".to_owned(), robot.clone())].into());
    let error = refusal(approve()).await;
    assert_eq!(crate::commands::exit_of(&error), Exit::Credentials);
    let told = crate::commands::explain(&error);
    assert!(told.contains("GITHUB_TOKEN and App installation tokens cannot"), "{told}");
    assert_eq!(stage.posts(), 0);
}

#[tokio::test]
async fn nothing_is_approved_into_a_freeze() {
    let frozen = |vars: &'static [(&'static str, &'static str)]| {
        move |state: &mut State| {
            let app = state.heroku.apps.get_mut(APP).unwrap();
            app.config.extend(vars.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        }
    };
    let stage = Stage::new(frozen(&[("DEPLOY_FREEZE", "true")])).await;
    let runs = [stage.start("sandbox-admin")];
    let error = crate::commands::explain(&stage.look(&approve(), &runs).await.unwrap_err());
    assert!(error.contains("production is frozen") && error.contains("gatectl freeze off"), "{error}");
    assert!(stage.input(&approve(), &runs, OnUndetermined::Warn).look(Timestamp::now()).await.is_err(), "the flag opens no freeze");
    assert!(stage.look(&request(Decision::Rejected), &runs).await.is_ok());
    stage.sandbox.with(frozen(&[("DEPLOY_FREEZE", "false")]));
    assert!(stage.look(&approve(), &runs).await.is_ok());
    for response in [Response::heroku_error(403, "forbidden", "no"), Response::heroku_error(404, "not_found", "no")] {
        stage.sandbox.with(|state| state.faults = vec![Fault::before(response).api(Api::Heroku)]);
        let error = stage.look(&approve(), &runs).await.unwrap_err().to_string();
        assert!(error.contains("could not be determined"), "{error}");
        let seen = stage.input(&approve(), &runs, OnUndetermined::Warn).look(Timestamp::now()).await.unwrap();
        assert!(seen.warnings.iter().any(|warning| warning.contains("could not be determined")));
    }
    assert_eq!(stage.posts(), 0);
}

#[tokio::test]
async fn one_refusal_stops_all() {
    let stage = Stage::new(|_| {}).await;
    let runs = [stage.start("sandbox-admin"), stage.start("sandbox-admin")];
    stage.sandbox.with(|state| state.release_run(REPO, runs[1], Some("MooseQuest")));
    assert!(stage.look(&approve(), &runs).await.unwrap_err().to_string().contains("no longer waits"));
    assert_eq!(stage.posts(), 0);
}

#[tokio::test]
async fn several_environments_of_a_run_are_reviewed_by_name() {
    let gate = include_str!("../../../../gate.toml").replace(
        "[[workflows]]\nfile = \".github/workflows/deploy-heroku.yml\"",
        "[environments.eu]\nreviewers = [{ user = \"MooseQuest\" }]\n\n[[workflows]]\nfile = \".github/workflows/deploy-heroku.yml\"",
    );
    let stage = Stage::of(&gate, |_| {}).await;
    let run = stage.start("sandbox-admin");
    stage.sandbox.with(|state| state.add_job(REPO, run, "eu"));
    assert!(stage.look(&approve(), &[run]).await.unwrap_err().to_string().contains("several environments"));
    let eu = ReviewRequest { environments: Which::Named(vec![EnvName::new("EU").unwrap()]), ..approve() };
    stage.review(&eu, &[run]).await;
    let waits = value(&stage.pending().await, "pending");
    assert_eq!((&waits["pending"][0]["environment"], waits["pending"].as_array().unwrap().len()), (&"production".into(), 1));
    stage.sandbox.with(|state| {
        state.release_run(REPO, run, None);
        state.finish_run(REPO, run, "success");
    });
    let seen = value(&stage.evidence(Extent::Last(5)).await, "evidence");
    let standing = |at: usize| seen["environments"][at]["deployments"][0]["standing"].as_str().unwrap().to_owned();
    assert_eq!((standing(0), standing(1)), ("approved".to_owned(), "no-approval".to_owned()), "a review of one is none of the other");
}

#[tokio::test]
async fn what_changed_since_it_was_shown_is_not_reviewed() {
    let stage = Stage::new(|_| {}).await;
    let run = [stage.start("sandbox-admin")];
    let shown = stage.look(&approve(), &run).await.unwrap();
    assert!(unchanged(&shown.admitted, &stage.look(&approve(), &run).await.unwrap().admitted).is_ok());
    stage.sandbox.with(|state| state.rerun(REPO, run[0], "sandbox-admin"));
    assert!(unchanged(&shown.admitted, &stage.look(&approve(), &run).await.unwrap().admitted).is_err());
}

#[test]
fn a_run_of_another_place_is_refused() {
    let repository = RepoName::parse("o/r").unwrap();
    let ids = |runs: &[&str]| ids(&runs.iter().map(|run| run.parse().unwrap()).collect::<Vec<_>>(), &repository, "https://github.com");
    assert_eq!(ids(&["7", "https://github.com/O/R/actions/runs/8/job/1", "7"]).unwrap(), [7, 8]);
    assert!(ids(&["https://github.com/o/other/actions/runs/8"]).is_err());
    assert!(ids(&["https://ghe.example.com/o/r/actions/runs/8"]).is_err());
}

#[tokio::test]
async fn a_team_reviews_through_its_members() {
    let stage = Stage::new(|state| {
        let team = state.github.add_team("raxx-app", "sre", None);
        state.github.people.teams.get_mut(&team).unwrap().members.insert("MooseQuest".to_owned());
        state.repo(REPO).unwrap().environment_mut("production").unwrap().reviewers = vec![ReviewerRef::Team(team)];
    })
    .await;
    let run = stage.start("sandbox-admin");
    assert_eq!(value(&stage.pending().await, "pending")["pending"][0]["reviewers"][0], "team sre");
    assert!(matches!(stage.review(&approve(), &[run]).await.exit(), Exit::Done));
}

#[tokio::test]
async fn an_answer_about_another_run_or_repository_is_never_approved() {
    for (key, other) in
        [("id", serde_json::json!(1)), ("repository", serde_json::json!({"full_name": "raxx-app/other"})), ("repository", Value::Null)]
    {
        let stage = Stage::new(|_| {}).await;
        let run = stage.start("sandbox-admin");
        let path = format!("/repos/{REPO}/actions/runs/{run}");
        let target = crate::http::Target::new(path.trim_start_matches('/').split('/'));
        let mut answer: Value = stage.site.reader.get_json(&target).await.unwrap();
        answer[key] = other;
        stage.sandbox.with(|state| state.faults.push(Fault::before(Response::json(200, &answer)).method("GET").path(&path)));
        let error = stage.look(&approve(), &[run]).await.unwrap_err().to_string();
        assert!(error.contains("the answer is about run"), "{key}: {error}");
        assert_eq!(stage.posts(), 0);
    }
}
