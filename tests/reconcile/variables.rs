//! The freeze in Actions variables: the same laws as in config vars, with one request for each value.

use gatectl::freeze::{Freeze, FreezeVars, Keys, Override};
use gatectl::model::OutcomeResult;
use gatectl::providers::freeze_store::access;
use gatectl::sandbox::{Fault, Response, Scenario};
use serde_json::json;

use crate::frozen::{EFFECTS, held};
use gatectl_test_support::world::{World, outcome, said};

fn gate(store: &str, line: &str) -> String {
    format!(
        "version = 1\n[environments.production]\nreviewers = [{{ user = \"alice\", id = 501 }}]\n\
         deployment_branch_policy = {{ branches = [\"main\"] }}\n[freeze]\ngithub = \"{store}\"\nenvironments = [\"production\"]\n{line}\n"
    )
}

const STORES: [&str; 2] = ["acme", "acme/shop"];

fn variables(world: &World, store: &str) -> std::collections::BTreeMap<String, String> {
    world.sandbox.with(|state| {
        if store.contains('/') {
            state.github.repos[0].variables.iter().map(|(name, variable)| (name.clone(), variable.value.clone())).collect()
        } else {
            let organization = state.github.organization_mut(store);
            organization.variables.iter().map(|(name, held)| (name.clone(), held.variable.value.clone())).collect()
        }
    })
}

fn vars(world: &World, store: &str) -> FreezeVars {
    Keys::of(world.config.desired.freeze.as_ref().unwrap()).pick(&variables(world, store))
}

fn frozen(world: &World, store: &str) -> bool {
    let (vars, now) = (vars(world, store), world.sandbox.with(|state| state.now.0));
    let freeze = Freeze::read(&vars, now);
    freeze.closes() && Override::read(&vars, now).opening(&freeze).is_none()
}

fn gated(world: &World) -> bool {
    world.environment("production").is_some_and(|environment| !environment.reviewers.is_empty())
}

#[tokio::test]
async fn a_gate_is_rebuilt_behind_a_freeze_that_goes_afterward() {
    for store in STORES {
        let world = World::rehearsal(Scenario::MissingEnvironment, &gate(store, "")).await;
        let applied = held(&world).await.unwrap();
        assert!(applied.report.converged, "{store}: {}", said(&applied));
        let written = world.written();
        assert!(written[0].starts_with("POST ") && written[0].ends_with("/actions/variables"), "{written:?}");
        assert!(written.last().unwrap().ends_with("/actions/variables/DEPLOY_FREEZE"), "the flag goes last: {written:?}");
        assert_eq!(vars(&world, store), FreezeVars::default());
        assert_eq!(outcome(&applied, "/freeze").0, &OutcomeResult::Applied);
        world.is_converged().await;
    }
}

/// Killed at every request, with every kind of lost or refused answer: each state in between is one that a killed run leaves.
#[tokio::test]
async fn killed_at_every_request_it_never_leaves_production_ungated_and_unfrozen() {
    for store in STORES {
        let clean = World::rehearsal(Scenario::MissingEnvironment, &gate(store, "")).await;
        held(&clean).await.unwrap();
        let requests = u32::try_from(clean.sandbox.with(|state| state.log.exchanges.len())).unwrap();
        for (index, effect) in EFFECTS.iter().enumerate() {
            for nth in 1..=requests + 1 {
                for outage in [true, false] {
                    let what = format!("{store}, effect {index} at request {nth}, outage {outage}");
                    let world = World::rehearsal(Scenario::MissingEnvironment, &gate(store, "")).await;
                    world.fault(if outage { effect().from(nth) } else { effect().nth(nth) });
                    let result = held(&world).await;
                    match result {
                        Ok(applied) if applied.report.converged => assert!(gated(&world) && !frozen(&world, store), "{what}"),
                        Ok(applied) => {
                            assert!(frozen(&world, store) || gated(&world), "{what}: {}", said(&applied));
                            let told = outcome(&applied, "/freeze");
                            assert_ne!(told.0, &OutcomeResult::Applied, "{what}");
                        }
                        // Not known to be frozen: then GitHub's environments were not written, and nothing is there to be open.
                        Err(_) => assert!(world.written().iter().all(|call| call.contains("/actions/variables")), "{what}"),
                    }
                    let environment = world.environment("production").is_some();
                    assert!(!environment || gated(&world) || frozen(&world, store), "{what}: ungated and unfrozen at once");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_declared_freeze_is_set_first_and_removing_the_line_lifts_nothing() {
    for store in STORES {
        // A rehearsal starts as gate.toml declares, and here that is yet to be made so.
        let mut world = World::rehearsal(Scenario::MissingEnvironment, &gate(store, "")).await;
        world.declare(&gate(store, "frozen = true"));
        world.converge().await;
        assert!(world.written()[0].contains("/actions/variables"), "{:?}", world.written());
        assert!(variables(&world, store)["DEPLOY_FREEZE_INFO"].contains("gh:tester"), "attributed");
        world.declare(&gate(store, ""));
        world.is_converged().await;
        assert!(frozen(&world, store));
        let notes = world.plan().await.notes;
        let address = format!("github/{store}/freeze");
        assert!(notes.iter().any(|note| note.address.to_string() == address && note.message.contains("FROZEN")), "{notes:?}");
    }
}

#[tokio::test]
async fn a_freeze_compensates_for_a_reviewer_that_github_refuses_and_goes_if_it_does_not() {
    for store in STORES {
        let world = World::rehearsal(Scenario::PlanLimit, &gate(store, "compensates = true")).await;
        let applied = held(&world).await.unwrap();
        let (result, message) = outcome(&applied, "/freeze");
        let OutcomeResult::Manual(by_hand) = result else { panic!("{store}: {}", said(&applied)) };
        assert!(message.contains("weaker than a reviewer"), "{message}");
        assert!(
            by_hand.steps.iter().any(|step| step.contains(&format!("gatectl freeze off --github {store} --id"))),
            "{:?}",
            by_hand.steps
        );
        assert!(frozen(&world, store) && !gated(&world), "{store}");

        let world = World::rehearsal(Scenario::MissingEnvironment, &gate(store, "compensates = true")).await;
        let applied = held(&world).await.unwrap();
        assert!(applied.report.converged && gated(&world) && !frozen(&world, store), "{store}: {}", said(&applied));
    }
}

#[tokio::test]
async fn a_store_that_cannot_be_read_is_unknown_and_names_the_permission() {
    for (store, permission) in [("acme", "organization permission `Variables: read`"), ("acme/shop", "`Variables: read` (fine-grained)")] {
        let world = World::rehearsal(Scenario::Gated, &gate(store, "frozen = true")).await;
        world.fault(Fault::before(Response::json(403, &json!({"message": "Resource not accessible"}))).path("*/actions/variables*"));
        let plan = world.plan().await;
        let (_, unknown) = plan.unknown.iter().find(|(address, _)| address.to_string() == format!("github/{store}/freeze")).unwrap();
        assert!(unknown.hint.contains(permission), "{}", unknown.hint);
    }
}

#[tokio::test]
async fn what_every_value_says_is_kept_and_nothing_else_of_the_store() {
    let world = World::rehearsal(Scenario::Gated, &gate("acme", "")).await;
    let keys = Keys::of(world.config.desired.freeze.as_ref().unwrap());
    let reader = world.run().clients.of(&gatectl::providers::github::api::API).unwrap().reader().clone();
    assert_eq!(access::read(&reader, &keys).await.unwrap(), FreezeVars::default(), "an organization without variables is not frozen");
}
