//! What a waiting run would ship, and what a newer deployment has overtaken.

use super::*;

#[tokio::test]
async fn pending_shows_what_would_ship_and_what_is_out_of_date() {
    let mut runs = [0; 3];
    let mut next = 0;
    let stage = Stage::new(|state| {
        runs = overtaken(state);
        state.github.add_account("ann", Some(77), crate::sandbox::AccountKind::User);
        let now = state.now.tick();
        let mut ids = state.github.ids.clone();
        let repo = state.repo(REPO).unwrap();
        repo.commit("main", &"a".repeat(40), "ann", "Fix <b>the</b> cart | @everyone", now);
        repo.merge(&mut ids, &"a".repeat(40), &["MooseQuest"]);
        state.github.ids = ids;
        next = state.start_run(REPO, DEPLOY, "push", "refs/heads/main", "sandbox-admin", "production").unwrap();
        (0..7200).for_each(|_| {
            state.now.tick();
        });
    })
    .await;
    let report = stage.pending().await;
    let seen = value(&report, "pending");
    let [old, new] = [&seen["pending"][0], &seen["pending"][1]];
    assert_eq!((&old["run"], &new["run"]), (&runs[1].into(), &next.into()));
    assert_eq!((&old["overtaken"], &old["ships"]["relation"], &old["newer_waiting_run"]), (&true.into(), &"behind".into(), &next.into()));
    assert_eq!((&new["overtaken"], &new["ships"]["commit_count"]), (&false.into(), &2.into()));
    assert_eq!(new["ships"]["pull_requests"][0]["title"], "Fix <b>the</b> cart | @everyone");
    assert_eq!((&new["ships"]["complete"], &new["deployed"]["sha"]), (&true.into(), &commit_of(&stage, runs[2]).into()));
    assert!(new["age_seconds"].as_i64().unwrap() >= 7200 && new["waiting_since_exact"] == true, "{new}");
    assert_eq!(seen["stale_runs"], serde_json::json!([runs[1]]));
    assert_golden("pending-stale.txt", &shown(&report.document(stage.now())));
    let long = stage.pending_of(&[], Some(7_000)).await;
    assert_eq!((value(&long, "pending")["pending"].as_array().unwrap().len(), long.exit(Exit::Pending)), (2, Exit::Pending));
    let none = stage.pending_of(&[], Some(1_000_000)).await;
    assert_eq!((none.exit(Exit::Pending), report.exit(Exit::Done)), (Exit::Done, Exit::Done));
    assert!(none.document(stage.now()).headline.contains("Nothing waits for approval for that long"));
}

#[tokio::test]
async fn what_would_ship_is_unknown_if_it_cannot_be_read_and_nothing_is_called_stale() {
    let mut runs = [0; 3];
    let stage = Stage::new(|state| runs = overtaken(state)).await;
    for path in ["*/deployments", "*/statuses", "*/compare/*"] {
        stage.sandbox.with(|state| state.faults = vec![Fault::before(Response::github_error(500, "Server Error")).path(path).from(1)]);
        let seen = value(&stage.pending().await, "pending");
        let one = &seen["pending"][0];
        assert_eq!((&one["run"], &one["overtaken"], &one["ships"]), (&runs[1].into(), &Value::Null, &Value::Null), "{path}");
        assert!(one["ships_unknown"].as_str().unwrap().contains("Server Error"), "{path}: {one}");
        assert_eq!(seen["stale_runs"], serde_json::json!([]), "{path}");
    }
}

#[tokio::test]
async fn a_comparison_of_more_commits_than_are_read_says_so() {
    let stage = Stage::new(|state| {
        overtaken(state);
        let now = state.now.tick();
        let repo = state.repo(REPO).unwrap();
        for n in 0..312 {
            repo.commit("main", &format!("{n:040x}"), "ann", &format!("Change {n}"), now);
        }
        state.start_run(REPO, DEPLOY, "push", "refs/heads/main", "sandbox-admin", "production").unwrap();
    })
    .await;
    let seen = value(&stage.pending().await, "pending");
    let ships = &seen["pending"][1]["ships"];
    assert_eq!((&ships["commit_count"], ships["commits"].as_array().unwrap().len(), &ships["complete"]), (&313.into(), 300, &false.into()));
}

#[tokio::test]
async fn what_a_newer_deployment_has_overtaken_is_rejected_and_nothing_else() {
    let (mut runs, mut next) = ([0; 3], 0);
    let stage = Stage::new(|state| {
        runs = overtaken(state);
        next = state.start_run(REPO, DEPLOY, "push", "refs/heads/main", "sandbox-admin", "production").unwrap();
    })
    .await;
    let reject = async |line: &[&str]| stale::reject_stale(&stage.session, &stage.site, &stale_args(line)).await;
    let asked = reject(&[]).await.unwrap_err();
    assert!(crate::commands::explain(&asked).contains("--auto-approve") && stage.posts() == 0, "it asks, and there is no terminal");
    assert_eq!(reject(&["--auto-approve"]).await.unwrap(), Exit::Done);
    let run = |id: u64| stage.sandbox.with(|state| state.repo(REPO).unwrap().runs.iter().find(|known| known.id == id).unwrap().clone());
    assert_eq!((run(runs[1]).conclusion.as_deref(), run(next).status.as_str(), stage.posts()), (Some("failure"), "waiting", 1));
    assert!(run(runs[1]).approvals[0].comment.contains("overtaken by a newer deployment"));
    assert_eq!(reject(&["--auto-approve"]).await.unwrap(), Exit::Done, "nothing is left to reject");
    assert_eq!(stage.posts(), 1);
}

#[tokio::test]
async fn what_is_not_known_to_be_overtaken_and_what_you_may_not_reject_is_left_alone() {
    let stage = Stage::new(|state| {
        overtaken(state);
    })
    .await;
    let reject = async || stale::reject_stale(&stage.session, &stage.site, &stale_args(&["--auto-approve"])).await.unwrap();
    stage.sandbox.with(|state| state.faults = vec![Fault::before(Response::github_error(500, "Server Error")).path("*/compare/*").from(1)]);
    assert_eq!((reject().await, stage.posts()), (Exit::Done, 0));
    stage.sandbox.with(|state| {
        state.faults.clear();
        state.github.viewer = "sandbox-admin".to_owned();
    });
    assert_eq!((reject().await, stage.posts()), (Exit::Error, 0), "not a reviewer");
}
