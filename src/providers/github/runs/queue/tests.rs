use super::*;
use crate::providers::github::runs::{Account, Approver};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + second).unwrap()
}

fn run(id: u64, sha: &str, created: i64) -> Run {
    Run {
        id,
        workflow: "deploy".to_owned(),
        workflow_id: Some(1),
        path: ".github/workflows/deploy.yml".to_owned(),
        event: "push".to_owned(),
        branch: "main".to_owned(),
        sha: sha.to_owned(),
        status: "waiting".to_owned(),
        conclusion: None,
        attempt: 1,
        actor: None,
        triggering_actor: None,
        created_at: at(created),
        updated_at: at(created + 1),
    }
}

fn waits(run: Run, environments: &[&str]) -> WaitingRun {
    let pending = |name: &&str| Pending {
        environment: EnvName::new(*name).unwrap(),
        environment_id: name.len() as u64,
        wait_timer: 0,
        wait_timer_started_at: None,
        you_may_approve: true,
        reviewers: vec![Approver::User("ann".to_owned())],
    };
    WaitingRun { run, pending: Ok(environments.iter().map(pending).collect()) }
}

fn deployed(sha: &str, succeeded: i64) -> Deployed {
    let deployment = Deployment {
        id: 1,
        sha: sha.to_owned(),
        git_ref: "main".to_owned(),
        environment: "production".to_owned(),
        creator: None,
        created_at: at(0),
    };
    Deployed { deployment, succeeded_at: at(succeeded), run: None }
}

fn compared(relation: Relation, commits: &[&str]) -> Result<Comparison, Unknown> {
    let commit = |sha: &&str| Commit {
        sha: (*sha).to_owned(),
        parents: Vec::new(),
        author: Some(Account::new("ann".to_owned(), None, Some("User"))),
        subject: String::new(),
        committed_at: None,
    };
    Ok(Comparison { relation, ahead_by: commits.len(), commits: commits.iter().map(commit).collect() })
}

fn unknown() -> Unknown {
    Unknown::new("502", "")
}

/// Runs that wait for production, what is deployed there, and how each commit compares with that.
fn queue(runs: Vec<WaitingRun>, target: Target, comparisons: Vec<(&str, Result<Comparison, Unknown>)>) -> Queue {
    let base = target.deployed.as_ref().map(|deployed| deployed.deployment.sha.clone()).unwrap_or_default();
    Queue {
        runs,
        environments: [(EnvName::new("production").unwrap(), Ok(target))].into(),
        comparisons: comparisons.into_iter().map(|(head, comparison)| ((base.clone(), head.to_owned()), comparison)).collect(),
        merged: Ok(Merged { complete: true, ..Merged::default() }),
    }
}

fn target(succeeded: i64, since: &[(u64, i64)]) -> Target {
    Target { deployed: Some(deployed("live", succeeded)), since: since.iter().map(|(run, second)| (*run, at(*second))).collect() }
}

#[test]
fn a_newer_deployment_overtakes_what_waited_before_it_and_never_a_rollback() {
    let overtaken = |succeeded, since: &[(u64, i64)], comparison| {
        let queue = queue(vec![waits(run(7, "old", 10), &["production"])], target(succeeded, since), vec![("old", comparison)]);
        let waiting = queue.waiting();
        let stale = Queue::stale(&waiting).len();
        match &waiting[0].overtaken {
            Overtaken::By(by) => {
                assert_eq!((by.deployment.sha.as_str(), stale), ("live", 1));
                "yes"
            }
            Overtaken::No => {
                assert_eq!(stale, 0);
                "no"
            }
            Overtaken::Unknown(_) => {
                assert_eq!(stale, 0);
                "unknown"
            }
        }
    };
    let known = &[(7, 20)][..];
    assert_eq!(overtaken(30, known, compared(Relation::Behind, &[])), "yes");
    assert_eq!(overtaken(30, known, compared(Relation::Identical, &[])), "yes");
    assert_eq!(overtaken(30, known, compared(Relation::Ahead, &["old"])), "no");
    assert_eq!(overtaken(30, known, compared(Relation::Diverged, &["old"])), "no");
    assert_eq!(
        overtaken(15, known, compared(Relation::Behind, &[])),
        "no",
        "it asks for an older commit than what is deployed: a rollback"
    );
    assert_eq!(overtaken(30, known, Err(unknown())), "unknown");
    assert_eq!(overtaken(30, &[], compared(Relation::Behind, &[])), "unknown", "when it began to wait is not known");
    assert_eq!(overtaken(5, &[], compared(Relation::Behind, &[])), "no", "nothing waits before its run exists");
}

#[test]
fn a_run_is_stale_only_if_everything_that_it_waits_for_is_overtaken() {
    let both = waits(run(7, "old", 10), &["production", "eu"]);
    let queue = queue(vec![both], target(30, &[(7, 20)]), vec![("old", compared(Relation::Behind, &[]))]);
    let waiting = queue.waiting();
    assert_eq!(waiting.iter().filter(|one| matches!(one.overtaken, Overtaken::By(_))).count(), 1);
    assert!(Queue::stale(&waiting).is_empty());
}

#[test]
fn the_newest_run_that_contains_a_commit_is_named() {
    let runs = vec![
        waits(run(1, "a", 1), &["production"]),
        waits(run(2, "b", 2), &["production"]),
        waits(run(3, "c", 3), &["production"]),
        waits(run(4, "hotfix", 4), &["production"]),
        waits(run(5, "done", 5), &["production"]),
    ];
    let comparisons = vec![
        ("a", compared(Relation::Ahead, &["a"])),
        ("b", compared(Relation::Ahead, &["a", "b"])),
        ("c", compared(Relation::Ahead, &["a", "b", "c"])),
        ("hotfix", compared(Relation::Diverged, &["hotfix"])),
        ("done", compared(Relation::Behind, &[])),
    ];
    let queue = queue(runs, target(0, &[]), comparisons);
    let newer: Vec<(u64, Option<u64>)> = queue.waiting().iter().map(|one| (one.run.id, one.newer.map(|run| run.id))).collect();
    assert_eq!(newer, [(1, Some(3)), (2, Some(3)), (3, None), (4, None), (5, Some(3))]);
}

#[test]
fn what_could_not_be_read_is_not_called_nothing() {
    let mut queue = queue(vec![waits(run(7, "new", 10), &["production"])], target(5, &[]), vec![("new", Err(unknown()))]);
    assert_eq!(queue.waiting()[0].ships, Err(NotCompared::Unread(&unknown())));
    queue.environments = [(EnvName::new("production").unwrap(), Err(unknown()))].into();
    let waiting = queue.waiting();
    assert_eq!((&waiting[0].deployed, &waiting[0].ships), (&Err(&unknown()), &Err(NotCompared::Unread(&unknown()))));
    assert!(matches!(waiting[0].overtaken, Overtaken::Unknown(_)));
    queue.environments = [(EnvName::new("production").unwrap(), Ok(Target::default()))].into();
    assert_eq!(queue.waiting()[0].ships, Err(NotCompared::NothingDeployed));
}

#[test]
fn a_cut_off_list_is_not_called_complete() {
    let mut long = compared(Relation::Ahead, &["a", "b"]).unwrap();
    long.ahead_by = 412;
    let mut queue = queue(vec![waits(run(7, "b", 10), &["production"])], target(5, &[]), vec![("b", Ok(long))]);
    let complete = |queue: &Queue| queue.waiting()[0].ships.as_ref().unwrap().complete;
    assert!(!complete(&queue));
    queue.comparisons = [(("live".to_owned(), "b".to_owned()), compared(Relation::Ahead, &["a", "b"]))].into();
    assert!(complete(&queue));
    queue.merged = Ok(Merged::default());
    assert!(!complete(&queue));
    queue.merged = Err(unknown());
    let waiting = queue.waiting();
    assert_eq!(waiting[0].ships.as_ref().unwrap().pull_requests_unknown, Some(&unknown()));
}
