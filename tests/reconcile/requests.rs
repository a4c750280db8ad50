//! What is asked, and in how many round trips.

use std::collections::BTreeSet;

use gatectl::sandbox::{Fault, Response, Scenario};

use gatectl_test_support::world::{THREE_ENVIRONMENTS, World, said};

fn asked_twice(calls: &[String]) -> Vec<&String> {
    let mut seen = BTreeSet::new();
    calls.iter().filter(|call| !seen.insert(*call)).collect()
}

#[tokio::test]
async fn a_plan_is_one_round_trip_deep_and_asks_nothing_twice() {
    for scenario in [Scenario::Gated, Scenario::NoRules, Scenario::MissingEnvironment] {
        let world = World::rehearsal(scenario, THREE_ENVIRONMENTS).await;
        // Long enough for every request of one wave to arrive before the first answer, however busy the machine is.
        world.sandbox.with(|state| state.latency = std::time::Duration::from_millis(400));
        world.plan().await;
        world.sandbox.with(|state| {
            let calls = state.log.calls();
            assert_eq!(state.log.depth(), 1, "{scenario}: {calls:#?}");
            assert_eq!(asked_twice(&calls), Vec::<&String>::new(), "{scenario}");
            // Repository, environments; patterns of three; two people; one app.
            assert_eq!(calls.len(), 2 + 3 + 2 + 1, "{scenario}: {calls:#?}");
        });
    }
}

#[tokio::test]
async fn what_nothing_declares_is_not_asked() {
    let world = World::rehearsal(Scenario::Gated, "version = 1\n[environments.production]\nwait_timer = 5\n").await;
    world.plan().await;
    let mut calls = world.sandbox.with(|state| state.log.calls());
    calls.sort();
    assert_eq!(calls, ["GET /repos/acme/shop", "GET /repos/acme/shop/environments"]);
}

#[tokio::test]
async fn a_converged_apply_asks_no_more_than_a_plan() {
    let world = World::rehearsal(Scenario::Gated, THREE_ENVIRONMENTS).await;
    world.plan().await;
    let planned = world.sandbox.with(|state| std::mem::take(&mut state.log).calls().len());
    world.apply().await;
    assert_eq!(world.sandbox.with(|state| state.log.calls().len()), planned);
}

#[tokio::test]
async fn one_change_is_one_write_after_one_look_and_one_look_back() {
    let world = World::rehearsal(Scenario::Gated, THREE_ENVIRONMENTS).await;
    world.repo(|repo| repo.environment_mut("production").unwrap().reviewers.clear());
    world.converge().await;
    assert_eq!(world.written(), ["PUT /repos/acme/shop/environments/production"]);
}

#[tokio::test]
async fn a_gate_with_three_patterns_is_made_in_seven_round_trips_and_read_back_asks_only_for_it() {
    let gate = r#"
version = 1
[environments.production]
reviewers = [{ user = "alice", id = 501 }, { user = "bob", id = 502 }]
deployment_branch_policy = { branches = ["main", "release/*"], tags = ["v*"] }
"#;
    let world = World::rehearsal(Scenario::MissingEnvironment, gate).await;
    world.sandbox.with(|state| state.latency = std::time::Duration::from_millis(400));
    let applied = world.apply().await;
    assert!(applied.report.converged, "{}", said(&applied));
    world.sandbox.with(|state| {
        let calls = state.log.calls();
        // Observing, the look, the PUT, three patterns, reading back.
        assert_eq!(state.log.depth(), 7, "{calls:#?}");
        let last_write = calls.iter().rposition(|call| call.starts_with("POST ")).unwrap();
        let mut read_back = calls[last_write + 1..].to_vec();
        read_back.sort();
        let environments = "GET /repos/acme/shop/environments";
        assert_eq!(read_back, [environments.to_owned(), format!("{environments}/production/deployment-branch-policies")]);
    });
}

#[tokio::test]
async fn a_limited_lookup_is_waited_out_and_asked_again_and_nothing_is_asked_in_its_place() {
    let gate = "version = 1\n[environments.production]\nreviewers = [{ user = \"alice\" }]\n";
    let permission = "GET /repos/acme/shop/collaborators/alice/permission";
    let lookups = |world: &World| -> Vec<String> {
        let calls = world.sandbox.with(|state| state.log.calls());
        calls.into_iter().filter(|call| call.contains("/collaborators/") || call.contains("/users/")).collect()
    };
    let mut world = World::rehearsal(Scenario::MissingEnvironment, gate).await;
    world.settings.secondary_wait = std::time::Duration::from_millis(20);
    world.fault(Fault::before(Response::secondary_limit(403, None)).path("*/permission").nth(1));
    let plan = world.plan().await;
    assert!(plan.unknown.is_empty() && !plan.is_empty(), "{:?}", plan.unknown);
    assert_eq!(lookups(&world), [permission, permission]);

    // Limited for longer than there is time: unknown, and no second question.
    let world = World::rehearsal(Scenario::MissingEnvironment, gate).await;
    world.fault(Fault::before(Response::primary_limit(403, 3600)).path("*/permission"));
    let plan = world.plan().await;
    assert!(plan.is_empty() && plan.unknown[0].1.reason.contains("try again after"), "{:?}", plan.unknown);
    assert_eq!(lookups(&world), [permission]);
}
