//! Runs that wait, reviews, deployments.

use super::*;

const RUNS: &str = "/repos/acme/shop/actions/runs";

fn waiting(gate: &Value) -> (World, u64) {
    let mut world = World::new();
    world.put(gate);
    let run = world.state.start_run("acme/shop", ".github/workflows/deploy.yml", "push", "refs/heads/main", "alice", "production").unwrap();
    (world, run)
}

#[test]
fn a_job_that_names_a_missing_environment_makes_it_ungated() {
    let mut world = World::new();
    world.state.start_run("acme/shop", "deploy.yml", "push", "refs/heads/main", "alice", "Production").unwrap();
    let made = world.get(ENV);
    assert_eq!((&made["name"], &made["protection_rules"]), (&json!("Production"), &json!([])));
    assert_eq!(world.get(&format!("{RUNS}?status=waiting"))["total_count"], 0);
    assert_eq!(world.get("/repos/acme/shop/deployments?environment=production").as_array().unwrap().len(), 1);
}

#[test]
fn a_gated_run_waits_until_a_reviewer_approves() {
    let (mut world, run) = waiting(&json!({"reviewers": [team(SRE)], "wait_timer": 5}));
    assert_eq!(world.get(&format!("{RUNS}?status=waiting"))["workflow_runs"][0]["id"], run);
    let pending = world.get(&format!("{RUNS}/{run}/pending_deployments"));
    assert_eq!((&pending[0]["environment"]["name"], &pending[0]["current_user_can_approve"]), (&json!("production"), &json!(false)));
    let body = json!({"environment_ids": [pending[0]["environment"]["id"]], "state": "approved", "comment": "ship it"});
    let target = format!("{RUNS}/{run}/pending_deployments");
    assert_eq!(world.call("POST", &target, &body).0, 403, "an admin is not a reviewer");
    world.use_token(Token::installation("robot[bot]", &[("deployments", Level::Write), ("actions", Level::Read)]));
    assert_eq!(world.verdict("POST", &target, &body), (403, "Resource not accessible by integration".to_owned()));
    world.use_token(Token::classic("bob", &["repo"]));
    for bad in [
        json!({"environment_ids": [], "state": "approved", "comment": ""}),
        json!({"environment_ids": [1], "state": "approved", "comment": ""}),
        json!({"state": "approved", "comment": ""}),
    ] {
        assert_eq!(world.call("POST", &target, &bad).0, 422, "{bad}");
    }
    let (status, deployed) = world.call("POST", &target, &body);
    assert_eq!((status, &deployed[0]["environment"]), (200, &json!("production")));
    assert_eq!(world.get(&format!("{RUNS}/{run}"))["status"], "in_progress");
    assert_eq!(world.get(&target), json!([]));
    let approvals = world.get(&format!("{RUNS}/{run}/approvals"));
    assert_eq!((&approvals[0]["user"]["login"], &approvals[0]["state"]), (&json!("bob"), &json!("approved")));
    world.state.finish_run("acme/shop", run, "success");
    let statuses = world.get(&format!("/repos/acme/shop/deployments/{}/statuses", deployed[0]["id"]));
    let states: Vec<&str> = statuses.as_array().unwrap().iter().map(|status| status["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["success", "in_progress", "waiting"]);
    assert!(statuses[0]["log_url"].as_str().unwrap().contains(&format!("/actions/runs/{run}/")));
}

#[test]
fn a_rejected_run_fails() {
    let (mut world, run) = waiting(&json!({"reviewers": [user(BOB)]}));
    world.use_token(Token::classic("bob", &["repo"]));
    let id = world.environment().id;
    let body = json!({"environment_ids": [id], "state": "rejected", "comment": "no"});
    assert_eq!(world.call("POST", &format!("{RUNS}/{run}/pending_deployments"), &body).0, 200);
    assert_eq!(world.get(&format!("{RUNS}/{run}"))["conclusion"], "failure");
}

#[test]
fn no_one_approves_their_own_run_if_that_is_prevented() {
    for (prevented, status) in [(true, 403), (false, 422)] {
        let (mut world, run) = waiting(&json!({"reviewers": [user(ALICE)], "prevent_self_review": prevented}));
        world.use_token(Token::classic("alice", &["repo"]));
        let id = world.environment().id;
        let body = json!({"environment_ids": [id], "state": "approved", "comment": ""});
        let target = format!("{RUNS}/{run}/pending_deployments");
        assert_eq!(world.get(&target)[0]["current_user_can_approve"], !prevented);
        world.state.switches.foreign_review = ForeignReview::Unprocessable;
        assert_eq!(world.call("POST", &target, &body).0, if prevented { 422 } else { 200 });
        world.state.switches.foreign_review = ForeignReview::Forbidden;
        // What was approved once no longer waits.
        assert_eq!(world.call("POST", &target, &body).0, status);
    }
}

#[test]
fn refs_are_held_against_the_branch_policy() {
    let admitted = |gate: &Value, git_ref: &str, prepare: fn(&mut Repo)| {
        let mut world = World::new();
        world.put(gate);
        prepare(world.repo());
        let run = world.state.start_run("acme/shop", "d.yml", "push", git_ref, "alice", "production").unwrap();
        world.repo().runs.iter().find(|candidate| candidate.id == run).unwrap().conclusion.is_none()
    };
    let protected = json!({"deployment_branch_policy": {"protected_branches": true, "custom_branch_policies": false}});
    let custom = json!({"deployment_branch_policy": {"protected_branches": false, "custom_branch_policies": true}});
    let none: fn(&mut Repo) = |_| {};
    let unprotect: fn(&mut Repo) = |repo| repo.branches.iter_mut().for_each(|branch| branch.protected = false);
    let patterns: fn(&mut Repo) = |repo| {
        let environment = repo.environment_mut("production").unwrap();
        environment.patterns.push(BranchPattern { id: 1, name: "release/*".to_owned(), kind: RefType::Branch });
        environment.patterns.push(BranchPattern { id: 2, name: "v?.*".to_owned(), kind: RefType::Tag });
    };
    for (gate, git_ref, prepare, expected) in [
        (&protected, "refs/heads/main", none, true),
        (&protected, "refs/heads/topic", none, false),
        (&protected, "refs/tags/main", none, false),
        (&protected, "refs/heads/topic", unprotect, true),
        (&protected, "refs/tags/v1", unprotect, false),
        (&custom, "refs/heads/main", none, false),
        (&custom, "refs/heads/release/1", patterns, true),
        (&custom, "refs/heads/release/1/hotfix", patterns, false),
        (&custom, "refs/tags/v1.2", patterns, true),
        (&custom, "refs/heads/v1.2", patterns, false),
    ] {
        assert_eq!(admitted(gate, git_ref, prepare), expected, "{gate} {git_ref}");
    }
}

#[test]
fn taking_the_reviewers_away_releases_what_waits_only_by_the_switch() {
    for (position, status) in [(WaitingRuns::Wait, "waiting"), (WaitingRuns::Released, "in_progress")] {
        let (mut world, run) = waiting(&json!({"reviewers": [user(ALICE)]}));
        world.state.switches.waiting_runs = position;
        world.put(&json!({"reviewers": null}));
        assert_eq!(world.get(&format!("{RUNS}/{run}"))["status"], status);
    }
}
