//! Config vars: one PATCH per app, only what differs, and nothing of anyone else's keys.

use gatectl::model::OutcomeResult;
use gatectl::sandbox::{Fault, Response, Scenario};
use serde_json::json;

use gatectl_test_support::world::{World, outcome, said};

const APPS: &str = r#"
version = 1
[heroku.config.shop-prod]
A = "1"
B = "2"
C = "3"
[heroku.config.shop-worker]
A = "1"
"#;

async fn world() -> World {
    let world = World::rehearsal(Scenario::Gated, APPS).await;
    world.sandbox.with(|state| {
        let config = &mut state.heroku.apps.get_mut("shop-prod").unwrap().config;
        config.insert("A".to_owned(), "old".to_owned());
        config.remove("B");
        config.insert("CANARY".to_owned(), "canary-in-the-app".to_owned());
    });
    world
}

#[tokio::test]
async fn an_app_gets_one_patch_with_all_that_is_declared_and_an_app_as_declared_gets_none() {
    let world = world().await;
    let applied = world.converge().await;
    assert_eq!(world.written(), ["PATCH /apps/shop-prod/config-vars"]);
    assert_eq!(world.bodies("PATCH"), [json!({"A": "1", "B": "2", "C": "3"})]);
    assert_eq!(applied.report.outcomes.len(), 2);
    world.sandbox.with(|state| {
        let app = &state.heroku.apps["shop-prod"];
        assert_eq!(app.config["CANARY"], "canary-in-the-app");
        assert_eq!(app.config["DATABASE_URL"], "postgres://sandbox:not-to-be-shown@db.invalid/app");
        assert_eq!(app.releases.len(), 2, "one release for two keys");
    });
}

#[tokio::test]
async fn undeclared_keys_are_nowhere_in_what_a_run_holds() {
    let world = world().await;
    let run = world.run();
    let planned = run.context.plan().await;
    let applied = run.context.apply(&run.clients, &planned, &gatectl::stop::Stop::default(), &world.delays, |_| {}).await;
    let held = format!("{:?}{planned:?}{applied:?}", run.context);
    assert!(held.contains("shop-prod"));
    for canary in ["canary-in-the-app", "CANARY", "DATABASE_URL", "not-to-be-shown"] {
        assert!(!held.contains(canary), "{canary}");
    }
}

#[tokio::test]
async fn one_app_that_cannot_be_read_is_unknown_and_does_not_hold_up_the_other() {
    let world = world().await;
    world.fault(
        Fault::before(Response::heroku_error(403, "forbidden", "You do not have access to this resource.")).path("/apps/shop-worker/*"),
    );
    let plan = world.plan().await;
    assert_eq!(plan.unknown.len(), 1, "{:?}", plan.unknown);
    let applied = world.apply().await;
    assert!(!applied.report.converged);
    assert_eq!(outcome(&applied, "shop-prod/config/A").0, &OutcomeResult::Applied, "{}", said(&applied));
    assert_eq!(world.written().len(), 1);
}

#[tokio::test]
async fn a_value_that_moved_since_the_plan_is_reported_and_not_overwritten() {
    let world = world().await;
    // The second read of the app is the look just before the write.
    world.fault(
        Fault::meanwhile(|state| {
            let now = state.now.tick();
            state.heroku.apps.get_mut("shop-prod").unwrap().set("eve@example.com", &[("A", Some("eve"))], now);
        })
        .method("GET")
        .path("/apps/shop-prod/config-vars")
        .nth(2),
    );
    let applied = world.apply().await;
    let (result, message) = outcome(&applied, "shop-prod/config/A");
    assert!(*result == OutcomeResult::Failed && message.contains("\"old\"") && message.contains("\"eve\""), "{}", said(&applied));
    assert_eq!(world.writes(), 0);
    world.heal();
    world.converge().await;
}
