//! The freeze next to the reconciler: never drift, never lifted, and held while a gate is written.

use gatectl::exit::Exit;
use gatectl::freeze::Flag;
use gatectl::model::{Answer, EnvName, OutcomeResult};
use gatectl::reconcile::{Applied, FreezeReason};
use gatectl::sandbox::{Effect, Fault, Response, Scenario, Snapshot};
use gatectl::stop::Stop;
use serde_json::json;

use gatectl_test_support::world::{World, outcome, said};

const GATE: &str = r#"
version = 1
[environments.production]
reviewers = [{ user = "alice", id = 501 }]
deployment_branch_policy = { branches = ["main"] }
[heroku.config.shop-prod]
DEPLOY_FREEZE_OVERRIDE = "0"
[freeze]
heroku_app = "shop-prod"
environments = ["production"]
"#;

const RECORD: &str =
    r#"{"v":1,"id":"7f0b1a3e-5b1e-4a55-8a3e-0d6f4c2b1a90","reason":"r","by":"gh:ann","at":"2025-12-31T00:00:00Z","kind":"manual"}"#;

fn with(line: &str) -> String {
    format!("{GATE}{line}\n")
}

/// Sets config vars as another writer would have before.
fn set(world: &World, vars: &[(&str, Option<&str>)]) {
    world.sandbox.with(|state| {
        let config = &mut state.heroku.apps.get_mut("shop-prod").unwrap().config;
        for (key, value) in vars {
            match value {
                Some(value) => config.insert((*key).to_owned(), (*value).to_owned()),
                None => config.remove(*key),
            };
        }
    });
}

fn var(world: &World, key: &str) -> Option<String> {
    world.sandbox.with(|state| state.heroku.apps["shop-prod"].config.get(key).cloned())
}

fn frozen(snapshot: &Snapshot) -> bool {
    let config = &snapshot.config["shop-prod"];
    let read = |key: &str| Flag::read(config.get(key).map(String::as_str));
    read("DEPLOY_FREEZE") != Flag::Off && read("DEPLOY_FREEZE_OVERRIDE") == Flag::Off
}

fn gated(snapshot: &Snapshot) -> bool {
    snapshot.gates.get("acme/shop/production").is_some_and(|environment| !environment.reviewers.is_empty())
}

/// Asserts that no write left production open in both ways at once.
fn assert_never_open(world: &World, what: &str) {
    world.sandbox.with(|state| {
        for write in &state.log.writes {
            let exchange = &state.log.exchanges[write.exchange];
            assert!(gated(&write.after) || frozen(&write.after), "{what}: open after {} {}", exchange.method, exchange.path);
        }
    });
}

/// Answers that are lost or refused, with or without effect.
pub const EFFECTS: [fn() -> Fault; 4] = [
    || Fault::before(Response::html(503, "down")),
    || Fault::after(Response::html(502, "lost")),
    || Fault::new(Effect::Reset).late(),
    || Fault::before(Response::json(422, &json!({"id": "invalid_params", "message": "no"}))),
];

/// An apply behind a freeze.
pub async fn held(world: &World) -> anyhow::Result<Applied> {
    let run = world.run();
    let planned = run.context.plan().await;
    let freeze_reason =
        if planned.refusable.is_empty() { FreezeReason::Requested } else { FreezeReason::Refusable(planned.refusable.clone()) };
    run.context.apply_frozen(&freeze_reason, &run.clients, &planned, &Stop::default(), &world.delays, |_| {}).await
}

#[tokio::test]
async fn a_gate_is_rebuilt_behind_a_freeze_that_goes_afterward() {
    let world = World::rehearsal(Scenario::MissingEnvironment, GATE).await;
    set(&world, &[("DEPLOY_FREEZE_OVERRIDE", None)]);
    let applied = held(&world).await.unwrap();
    assert!(applied.report.converged, "{}", said(&applied));
    let written = world.written();
    assert!(written[0].starts_with("PATCH /apps/shop-prod") && written.last().unwrap().starts_with("PATCH /apps/shop-prod"), "{written:?}");
    assert_eq!((var(&world, "DEPLOY_FREEZE"), var(&world, "DEPLOY_FREEZE_INFO")), (None, None));
    assert_eq!(var(&world, "DEPLOY_FREEZE_OVERRIDE").as_deref(), Some("0"), "declared beside the freeze, and kept");
    assert_eq!(outcome(&applied, "/freeze").0, &OutcomeResult::Applied);
    assert_never_open(&world, "without faults");
    world.is_converged().await;
}

#[tokio::test]
async fn a_fault_at_any_request_never_leaves_production_ungated_and_unfrozen() {
    let starts: [&[(&str, Option<&str>)]; 3] = [
        &[("DEPLOY_FREEZE_OVERRIDE", None)],
        &[("DEPLOY_FREEZE", Some("true")), ("DEPLOY_FREEZE_INFO", Some(RECORD))],
        &[("DEPLOY_FREEZE", Some("true"))],
    ];
    for (case, start) in starts.into_iter().enumerate() {
        let clean = World::rehearsal(Scenario::MissingEnvironment, GATE).await;
        set(&clean, start);
        held(&clean).await.unwrap();
        let requests = u32::try_from(clean.sandbox.with(|state| state.log.exchanges.len())).unwrap();
        for (index, effect) in EFFECTS.iter().enumerate().take(if case == 0 { 4 } else { 2 }) {
            for nth in 1..=requests + 1 {
                for outage in [false, true].into_iter().take(if case == 0 { 2 } else { 1 }) {
                    let what = format!("start {start:?}, effect {index} at request {nth}, outage {outage}");
                    let world = World::rehearsal(Scenario::MissingEnvironment, GATE).await;
                    set(&world, start);
                    let before = (var(&world, "DEPLOY_FREEZE"), var(&world, "DEPLOY_FREEZE_INFO"));
                    world.fault(if outage { effect().from(nth) } else { effect().nth(nth) });
                    let result = held(&world).await;
                    assert_never_open(&world, &what);
                    let now = world.sandbox.with(|state| state.snapshot());
                    match result {
                        Ok(applied) if applied.report.converged => {
                            assert!(gated(&now), "{what}");
                            assert_eq!((var(&world, "DEPLOY_FREEZE"), var(&world, "DEPLOY_FREEZE_INFO")), before, "{what}");
                        }
                        Ok(applied) => {
                            assert!(frozen(&now) || gated(&now), "{what}: {}", said(&applied));
                            let told = outcome(&applied, "/freeze");
                            assert_ne!(told.0, &OutcomeResult::Applied, "{what}");
                            assert!(frozen(&now) || told.1.contains("could not be lifted"), "{what}: {told:?}");
                        }
                        Err(_) => {
                            let github = world.written().iter().any(|call| call.contains("/repos/"));
                            assert!(!github, "{what}: GitHub was written although deploys were not known to be frozen");
                        }
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_freeze_that_cannot_be_taken_back_is_an_error_and_no_matter_of_credentials() {
    let world = World::rehearsal(Scenario::MissingEnvironment, GATE).await;
    world.fault(Fault::before(Response::heroku_error(404, "not_found", "no")).method("PATCH").from(2));
    let plan = world.plan().await;
    let applied = held(&world).await.unwrap();
    assert!(said(&applied).contains("could not be lifted"), "{}", said(&applied));
    assert_eq!(applied.exit(&plan), Exit::Error);
}

#[tokio::test]
async fn somebody_elses_freeze_in_between_is_not_lifted() {
    let world = World::rehearsal(Scenario::MissingEnvironment, GATE).await;
    let theirs = RECORD.to_owned();
    let meanwhile = Fault::meanwhile(move |state| {
        let at = state.now.tick();
        let app = state.heroku.apps.get_mut("shop-prod").unwrap();
        app.set("ann@example.com", &[("DEPLOY_FREEZE", Some("true")), ("DEPLOY_FREEZE_INFO", Some(&theirs))], at);
    });
    world.fault(meanwhile.method("PUT"));
    let applied = held(&world).await.unwrap();
    assert_eq!(outcome(&applied, "/freeze").0, &OutcomeResult::Failed, "{}", said(&applied));
    assert_eq!(var(&world, "DEPLOY_FREEZE_INFO").as_deref(), Some(RECORD));
    assert_never_open(&world, "their freeze");
}

#[tokio::test]
async fn a_refused_reviewer_leaves_deploys_frozen_and_says_that_this_is_weaker() {
    let world = World::rehearsal(Scenario::PlanLimit, &with("compensates = true")).await;
    let planned = world.run().context.plan().await;
    assert!(planned.refusable.contains(&EnvName::new("production").unwrap()));
    assert!(planned.plan.notes.iter().any(|note| note.message.contains("freezes deploys before")), "{:?}", planned.plan.notes);
    let applied = held(&world).await.unwrap();
    assert!(world.written()[0].starts_with("PATCH /apps/shop-prod"), "{:?}", world.written());
    assert_eq!(var(&world, "DEPLOY_FREEZE").as_deref(), Some("true"));
    let (result, message) = outcome(&applied, "/freeze");
    let OutcomeResult::Manual(by_hand) = result else { panic!("{}", said(&applied)) };
    assert!(message.contains("weaker than a reviewer") && message.contains("freeze check"), "{message}");
    assert!(by_hand.steps.iter().any(|step| step.contains("gatectl freeze off --app shop-prod --id")), "{:?}", by_hand.steps);
    assert_never_open(&world, "refused");

    let releases = || world.sandbox.with(|state| state.heroku.apps["shop-prod"].releases.len());
    let before = releases();
    held(&world).await.unwrap();
    assert_eq!(releases(), before, "a second apply does not restart the app");
}

#[tokio::test]
async fn where_github_takes_the_reviewer_the_freeze_goes_again_and_in_public_none_is_set() {
    let world = World::rehearsal(Scenario::MissingEnvironment, &with("compensates = true")).await;
    let applied = held(&world).await.unwrap();
    assert!(applied.report.converged, "{}", said(&applied));
    assert_eq!(var(&world, "DEPLOY_FREEZE"), None);

    let world = World::rehearsal(Scenario::MissingEnvironment, &with("compensates = true")).await;
    world.repo(|repo| repo.visibility = gatectl::sandbox::Visibility::Public);
    assert!(world.run().context.plan().await.refusable.is_empty());
}

#[tokio::test]
async fn a_live_freeze_is_shown_and_is_no_difference() {
    let world = World::rehearsal(Scenario::Gated, GATE).await;
    set(&world, &[("DEPLOY_FREEZE", Some("true")), ("DEPLOY_FREEZE_INFO", Some(RECORD))]);
    let plan = world.plan().await;
    assert!(plan.is_empty());
    let notes: Vec<&str> = plan.notes.iter().map(|note| note.message.as_str()).collect();
    assert!(notes.iter().any(|note| note.contains("FROZEN") && note.contains("gh:ann")), "{notes:?}");
    world.is_converged().await;
    assert_eq!(var(&world, "DEPLOY_FREEZE_INFO").as_deref(), Some(RECORD));
}

#[tokio::test]
async fn a_declared_freeze_is_set_first_and_only_once_and_removing_the_line_lifts_nothing() {
    let mut world = World::rehearsal(Scenario::MissingEnvironment, &with("frozen = true")).await;
    set(&world, &[("DEPLOY_FREEZE", None)]);
    world.converge().await;
    assert!(world.written()[0].starts_with("PATCH /apps/shop-prod"), "{:?}", world.written());
    assert_eq!(var(&world, "DEPLOY_FREEZE").as_deref(), Some("true"));
    assert!(var(&world, "DEPLOY_FREEZE_INFO").unwrap().contains("gh:tester"), "attributed");
    world.declare(GATE);
    world.is_converged().await;
    assert_eq!(var(&world, "DEPLOY_FREEZE").as_deref(), Some("true"));
}

#[tokio::test]
async fn a_declared_freeze_that_cannot_be_set_keeps_a_held_apply_from_starting() {
    let world = World::rehearsal(Scenario::MissingEnvironment, &with("frozen = true")).await;
    set(&world, &[("DEPLOY_FREEZE", None)]);
    world.fault(Fault::before(Response::heroku_error(403, "forbidden", "no")).method("PATCH"));
    held(&world).await.unwrap_err();
    assert!(world.environment("production").is_none());
    world.heal();
    let applied = held(&world).await.unwrap();
    assert!(applied.report.converged, "{}", said(&applied));
    assert_eq!(var(&world, "DEPLOY_FREEZE").as_deref(), Some("true"), "declared, so it stays");
    assert_never_open(&world, "declared");
}

#[tokio::test]
async fn a_store_that_cannot_be_read_is_unknown_and_github_is_planned_all_the_same() {
    let world = World::rehearsal(Scenario::MissingEnvironment, GATE).await;
    world.fault(Fault::before(Response::heroku_error(503, "unavailable", "no")).path("/apps/*"));
    let planned = world.run().context.plan().await;
    assert!(matches!(planned.freeze, Some(Answer::Unknown(_))));
    assert!(planned.plan.unknown.iter().any(|(address, _)| address.to_string() == "heroku/shop-prod/freeze"));
    assert!(planned.plan.changes().any(|change| change.address.to_string().ends_with("/environments/production")));

    // Without the permission, and with nothing declared about the freeze's own state, it is a note.
    world.heal();
    world.fault(Fault::before(Response::heroku_error(403, "forbidden", "no")).path("/apps/*"));
    let unnamed = |plan: &gatectl::model::Plan<gatectl::providers::Op>| {
        plan.unknown.iter().all(|(address, _)| address.to_string() != "heroku/shop-prod/freeze")
    };
    let plan = world.plan().await;
    assert!(unnamed(&plan) && plan.notes.iter().any(|note| note.message.contains("counts as frozen")), "{:?}", plan.notes);
    for line in ["frozen = true", "compensates = true"] {
        let mut world = World::rehearsal(Scenario::MissingEnvironment, GATE).await;
        world.declare(&with(line));
        world.fault(Fault::before(Response::heroku_error(403, "forbidden", "no")).path("/apps/*"));
        assert!(!unnamed(&world.plan().await), "{line}");
    }
}

#[tokio::test]
async fn the_freeze_costs_no_request_where_its_app_is_read_anyway() {
    let world = World::rehearsal(Scenario::Gated, GATE).await;
    world.plan().await;
    let reads = world.sandbox.with(|state| state.log.calls()).into_iter().filter(|call| call == "GET /apps/shop-prod/config-vars").count();
    assert_eq!(reads, 1);
}
