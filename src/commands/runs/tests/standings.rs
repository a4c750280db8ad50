//! Evidence: every standing, and what could not be read.

use super::*;
use crate::providers::github::runs::audit::AuditLog;

#[tokio::test]
async fn evidence_tells_every_story_apart() {
    let stage = Stage::new(stories).await;
    let report = stage.evidence(Extent::Last(20)).await;
    let seen = value(&report, "evidence");
    let standings: Vec<&str> =
        seen["environments"][0]["deployments"].as_array().unwrap().iter().map(|one| one["standing"].as_str().unwrap()).collect();
    assert_eq!(
        standings,
        [
            "waiting",
            "not-provable", // its run was deleted
            "not-provable", // made over the API, and pointing at an approved run of the same commit
            "not-provable", // made over the API
            "not-provable", // the second attempt, and the first
            "not-provable",
            "no-approval",
            "self-approved",
            "approved",
        ]
    );
    assert_eq!(seen["environments"][0]["deployments"][8]["approved_by"][0]["login"], "MooseQuest");
    assert!(!report.all_approved());
    assert_eq!((evidence::exit(&report, false), evidence::exit(&report, true)), (Exit::Done, Exit::NotGated));
    assert_golden("evidence.txt", &shown(&Document::from(&report)));
    assert_golden("evidence.csv", &csv(&report.records()));
    let last = stage.evidence(Extent::Last(1)).await;
    assert_eq!((last.unread().count(), value(&last, "evidence")["summary"]["waiting"].as_u64()), (0, Some(1)));
    let since: Timestamp = seen["environments"][0]["deployments"][2]["created_at"].as_str().unwrap().parse().unwrap();
    let since = value(&stage.evidence(Extent::Since(since, None)).await, "evidence");
    assert_eq!(since["environments"][0]["deployments"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn how_far_back_one_looks_makes_nothing_approved() {
    let stage = Stage::new(|state| {
        let run = state.start_run(REPO, DEPLOY, "workflow_dispatch", "refs/heads/main", "sandbox-admin", "production").unwrap();
        state.release_run(REPO, run, Some("MooseQuest"));
        state.add_job(REPO, run, "production");
        state.release_run(REPO, run, None);
        state.finish_run(REPO, run, "success");
    })
    .await;
    for last in 1..4 {
        let seen = value(&stage.evidence(Extent::Last(last)).await, "evidence");
        assert_eq!((&seen["summary"]["approved"], &seen["summary"]["not-provable"]), (&0.into(), &last.min(2).into()), "{last}");
    }
    let older = shown(&Document::from(&stage.evidence(Extent::Last(1)).await));
    assert!(older.contains("\n1 older deployment exists: use --last N"), "{older}");
}

#[tokio::test]
async fn an_audit_log_that_is_not_all_understood_proves_no_approval() {
    let stage = Stage::new(|state| {
        let run = state.start_run(REPO, DEPLOY, "workflow_dispatch", "refs/heads/main", "sandbox-admin", "production").unwrap();
        state.release_run(REPO, run, Some("MooseQuest"));
        state.finish_run(REPO, run, "success");
    })
    .await;
    for (log, exit, said) in [
        ("", Exit::Done, "0 events of raxx-app/TradeMasterAPI in audit.jsonl"),
        (r#"{"action":"workflows.bypass_protection_"#, Exit::NotGated, "Incomplete: 1 entry of the audit log not understood."),
    ] {
        let audit = AuditLog::parse(log, &stage.site.repository).unwrap();
        let report = stage.evidence_by(Extent::Last(1), Measure { approvals: None, audit: Some(&audit) }).await;
        assert_eq!((evidence::exit(&report, false), evidence::exit(&report, true)), (Exit::Done, exit), "{log}");
        assert_eq!(value(&report, "evidence")["complete"], exit == Exit::Done);
        let text = shown(&Document::from(&report)).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(said), "{text}");
    }
}

#[tokio::test]
async fn no_evidence_is_not_approval() {
    let stage = Stage::new(|_| {}).await;
    let report = stage.evidence(Extent::Last(10)).await;
    assert_eq!((evidence::exit(&report, false), evidence::exit(&report, true)), (Exit::Done, Exit::NotGated));
    let text = shown(&Document::from(&report));
    assert!(text.contains("No evidence") && !text.contains("approved"), "{text}");
}

#[tokio::test]
async fn deployments_that_could_not_be_read_are_not_none() {
    let stage = Stage::new(stories).await;
    stage.sandbox.with(|state| state.faults.push(Fault::before(Response::github_error(500, "Server Error")).path("*/deployments")));
    let report = stage.evidence(Extent::Last(10)).await;
    let text = shown(&Document::from(&report)).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(evidence::exit(&report, false), Exit::Error);
    assert!(text.contains("the deployments to production could not be read"), "{text}");
    assert!(!text.contains("No evidence") && !text.contains("spelling"), "{text}");
}

#[tokio::test]
async fn evidence_reads_every_page() {
    let stage = Stage::new(|state| {
        for _ in 0..130 {
            state.deploy_over_api(REPO, "production", "beef", "mallory", None);
        }
        state.deploy_over_api(REPO, "preview", "beef", "mallory", None);
    })
    .await;
    for (extent, expected) in [(Extent::Last(1000), 130), (Extent::Last(120), 120), (Extent::Since(Timestamp::MIN, None), 130)] {
        assert_eq!(value(&stage.evidence(extent).await, "evidence")["summary"]["not-provable"], expected);
    }
}

#[tokio::test]
async fn what_a_token_may_not_read_is_unknown_by_name() {
    let stage = Stage::new(stories).await;
    let grant = |areas: &[(&str, Level)]| {
        let token = Token::fine_grained("sandbox-admin", areas);
        stage.sandbox.with(|state| {
            state.repo(REPO).unwrap().visibility = crate::sandbox::Visibility::Private;
            state.github.tokens = [("token".to_owned(), token.clone())].into();
        });
    };
    grant(&[("deployments", Level::Read)]);
    let report = stage.evidence(Extent::Last(20)).await;
    assert_eq!(evidence::exit(&report, false), Exit::Credentials);
    assert!(value(&report, "evidence")["summary"]["approved"] == 0);
    let text = shown(&Document::from(&report)).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("Actions: read"), "the permission is named: {text}");
    grant(&[("actions", Level::Read)]);
    let report = stage.evidence(Extent::Last(20)).await;
    assert_eq!((evidence::exit(&report, true), report.unread().count()), (Exit::Credentials, 1));
    assert!(!report.all_approved());
}

#[test]
fn the_environments_of_evidence_are_named_declared_or_production() {
    let parse = |text: &str| config::parse("gate.toml", text).unwrap();
    let name = |name: &str| EnvName::new(name).unwrap();
    let gate = parse("version = 1\n[environments.live]\nreviewers = [{ user = \"a\" }]\n[environments.open]\nwait_timer = 1\n");
    assert_eq!(evidence::environments(&gate, &[]), [name("live")]);
    assert_eq!(evidence::environments(&gate, &[name("x"), name("X")]), [name("x")]);
    assert_eq!(evidence::environments(&parse("version = 1\n"), &[]), [name("production")]);
}

#[tokio::test]
async fn deleted_accounts_and_odd_answers_make_nothing_known() {
    let mut next = 0;
    let stage = Stage::new(|state| {
        overtaken(state);
        next = state.start_run(REPO, DEPLOY, "push", "refs/heads/main", "sandbox-admin", "production").unwrap();
        for commit in state.repo(REPO).unwrap().commits.values_mut() {
            commit.author = None;
        }
    })
    .await;
    let sha = commit_of(&stage, next);
    let pulls = serde_json::json!([
        {"number": 7, "title": "t", "user": null, "merge_commit_sha": sha, "merged_at": "2026-01-01T00:09:00Z", "updated_at": "2026-01-01T00:09:00Z"},
        {"number": 8, "title": "closed", "user": null, "merge_commit_sha": null, "merged_at": null, "updated_at": "2026-01-01T00:09:00Z"},
    ]);
    stage.sandbox.with(|state| state.faults = vec![Fault::before(Response::json(200, &pulls)).path("*/pulls").from(1)]);
    let seen = value(&stage.pending().await, "pending");
    let ships = &seen["pending"][1]["ships"];
    assert_eq!(
        (&ships["unnamed_authors"], &ships["pull_requests"][0]["author"], ships["pull_requests"].as_array().unwrap().len()),
        (&1.into(), &Value::Null, 1)
    );
    for (status, ahead_by, commits) in [("ahead", 0, 0), ("sideways", 1, 0), ("behind", 1, 0), ("ahead", 2, 0)] {
        let commits = vec![serde_json::json!({"sha": "x", "parents": []}); commits];
        let base = seen["pending"][1]["deployed"]["sha"].as_str().unwrap();
        let odd = serde_json::json!({"status": status, "ahead_by": ahead_by, "base_commit": {"sha": base}, "commits": commits});
        stage.sandbox.with(|state| state.faults = vec![Fault::before(Response::json(200, &odd)).path("*/compare/*").from(1)]);
        let seen = value(&stage.pending().await, "pending");
        assert_eq!((&seen["pending"][1]["ships"], &seen["stale_runs"]), (&Value::Null, &serde_json::json!([])), "{status} {ahead_by}");
    }
}
