//! What `pending` lists.

use super::*;
use crate::model::shell_word;

#[tokio::test]
async fn pending_shows_what_waits_and_for_whom() {
    let stage = Stage::new(stories).await;
    let report = stage.pending().await;
    let seen = value(&report, "pending");
    assert_eq!(seen["pending"].as_array().unwrap().len(), 1);
    assert_eq!((&seen["pending"][0]["you_may_approve"], &seen["pending"][0]["reviewers"][0]), (&true.into(), &"MooseQuest".into()));
    assert_golden("pending.txt", &shown(&report.document(stage.now())));
    let other = stage.pending_of(&[EnvName::new("staging").unwrap()], None).await;
    assert_eq!(value(&other, "pending")["pending"], serde_json::json!([]));
}

#[tokio::test]
async fn a_run_that_still_works_elsewhere_waits_too() {
    let stage = Stage::new(|_| {}).await;
    let run = stage.start("sandbox-admin");
    stage.sandbox.with(|state| {
        state.add_job(REPO, run, "staging");
    });
    assert_eq!(value(&stage.pending().await, "pending")["pending"][0]["run"], run);
}

#[tokio::test]
async fn what_cannot_be_read_is_not_called_nothing() {
    let stage = Stage::new(|_| {}).await;
    let run = stage.start("sandbox-admin");
    let broken = Response::github_error(403, "Resource not accessible by personal access token");
    stage.sandbox.with(|state| state.faults.push(Fault::before(broken).api(Api::GitHub).path("*/pending_deployments")));
    let report = stage.pending().await;
    let seen = value(&report, "pending");
    assert_eq!((&seen["unknown"][0]["run"], report.exit(Exit::Pending)), (&run.into(), Exit::Credentials));
    assert!(report.document(stage.now()).headline.contains("What 1 run waits for could not be read"));
}

#[test]
fn a_name_from_outside_is_one_word_of_a_command() {
    for (name, word) in
        [("production", "production"), ("a b", "'a b'"), ("x;rm -rf ~", "'x;rm -rf ~'"), ("it's", "'it'\\''s'"), ("", "''"), ("-x", "'-x'")]
    {
        assert_eq!(shell_word(name), word);
    }
}

#[tokio::test]
async fn pending_says_why_you_may_not_approve() {
    let stage = Stage::new(|_| {}).await;
    stage.start("MooseQuest");
    let why = async |stage: &Stage| value(&stage.pending().await, "pending")["pending"][0]["you_may_not_because"].clone();
    assert_eq!(why(&stage).await, Value::Null);
    let app = APP.to_owned();
    stage.sandbox.with(|state| drop(state.heroku.apps.get_mut(&app).unwrap().config.insert("DEPLOY_FREEZE".to_owned(), "true".to_owned())));
    assert!(why(&stage).await.as_str().unwrap().contains("production is frozen"));
    stage.sandbox.with(|state| state.repo(REPO).unwrap().environment_mut("production").unwrap().prevent_self_review = true);
    assert!(why(&stage).await.as_str().unwrap().contains("you started it"));
    stage.sandbox.with(|state| state.github.viewer = "sandbox-admin".to_owned());
    assert!(why(&stage).await.as_str().unwrap().contains("its reviewers are: MooseQuest"));
    let robot = Token {
        login: "robot[bot]".to_owned(),
        grant: Grant::Installation(
            [
                ("actions".to_owned(), Level::Read),
                ("deployments".to_owned(), Level::Read),
                ("contents".to_owned(), Level::Read),
                ("pull_requests".to_owned(), Level::Read),
            ]
            .into(),
        ),
    };
    stage.sandbox.with(|state| state.github.tokens = [("token".to_owned(), robot.clone())].into());
    assert!(why(&stage).await.as_str().unwrap().contains("GITHUB_TOKEN and App installation tokens"));
}

#[tokio::test]
async fn a_wait_without_a_deployment_record_is_at_least_that_long_and_never_stale() {
    let mut runs = [0; 3];
    let stage = Stage::new(|state| {
        runs = overtaken(state);
        let waits = runs[1];
        state.repo(REPO).unwrap().deployments.retain(|made| made.run != Some(waits));
    })
    .await;
    let report = stage.pending().await;
    let seen = value(&report, "pending");
    let one = &seen["pending"][0];
    assert_eq!((&one["run"], &one["waiting_since_exact"], &one["overtaken"]), (&runs[1].into(), &false.into(), &Value::Null));
    assert!(one["overtaken_unknown"].as_str().unwrap().contains("record was not found"), "{one}");
    assert!(shown(&report.document(stage.now())).contains("has waited at least"));
    let exit = stale::reject_stale(&stage.session, &stage.site, &stale_args(&["--auto-approve"])).await.unwrap();
    assert_eq!((exit, stage.posts()), (Exit::Done, 0));
}
