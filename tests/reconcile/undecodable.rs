//! Entries of an answer that are not fully understood: the environment that they belong to is unknown, and is not written.

use gatectl::http::{Settings, Stack, Target, Token};
use gatectl::providers::github;
use gatectl::sandbox::{Fault, Response};
use serde_json::{Value, json};

use gatectl_test_support::world::{World, said};

/// Live, production has a reviewer, no self-review and a timer of 30 minutes.
const LIVE: &str = "version = 1\n[environments.production]\nreviewers = [{ user = \"alice\", id = 501 }]\nprevent_self_review = true\nwait_timer = 30\nprotection_rules = []\n[environments.staging]\nwait_timer = 5\n";
/// Only timers are declared, so a PUT has to carry the reviewers along.
const WANT: &str = "version = 1\n[environments.production]\nwait_timer = 60\n[environments.staging]\nwait_timer = 10\n";
const LIST: &str = "/repos/acme/shop/environments";

/// The true answer to a GET, altered, from now on.
async fn altered(world: &World, path: &str, alter: impl FnOnce(&mut Value)) {
    let stack = Stack::new(Settings::default());
    let reader = stack.reader(&github::api::endpoint(world.sandbox.github_url()).unwrap(), Some(Token::new("sandbox", "a test"))).unwrap();
    let mut answer: Value = reader.get_json(&Target::new(path.trim_start_matches('/').split('/'))).await.unwrap();
    alter(&mut answer);
    world.fault(Fault::before(Response::json(200, &answer)).method("GET").path(path));
}

fn production(list: &mut Value) -> &mut Value {
    list["environments"].as_array_mut().unwrap().iter_mut().find(|one| one["name"] == "production").unwrap()
}

fn reviewers(list: &mut Value) -> &mut Value {
    let rules = production(list)["protection_rules"].as_array_mut().unwrap();
    &mut rules.iter_mut().find(|rule| rule["type"] == "required_reviewers").unwrap()["reviewers"]
}

/// Applies: production is unknown and untouched, and staging, next to it, is as declared.
async fn only_production_is_unknown(world: &World, why: &str) {
    let before = world.environment("production");
    let applied = world.apply().await;
    assert!(!applied.report.converged, "{}", said(&applied));
    let [(address, unknown)] = applied.report.unknown.as_slice() else { panic!("{:?}", applied.report.unknown) };
    assert!(address.to_string().ends_with("/production"), "{address}");
    assert!(unknown.reason.contains(why) && !unknown.hint.is_empty(), "{why}: {}", unknown.reason);
    assert_eq!(world.environment("production"), before);
    assert!(world.written().iter().all(|call| call.ends_with("/staging")), "{:?}", world.written());
}

#[tokio::test]
async fn a_reviewer_that_is_not_understood_is_never_sent_along_or_left_out() {
    let entries = [
        (json!({"type": "User", "reviewer": null}), "is null"),
        (json!({"type": "Role", "reviewer": {"id": 1003}}), "`Role`"),
        (json!({"type": "EnterpriseTeam", "reviewer": {"id": 7, "slug": "all"}}), "`EnterpriseTeam`"),
        (json!({"type": "Bot", "reviewer": {"id": 7, "login": "ci[bot]"}}), "`Bot`"),
        (json!({"type": "User", "reviewer": {"id": 7, "login": "ci[bot]"}}), "ci[bot]"),
        (json!({"type": "User", "reviewer": {"id": 7, "login": "", "type": "User"}}), "no login"),
        (json!({"type": "User", "reviewer": {"id": 10137, "login": "ghost", "type": "User"}}), "deleted"),
    ];
    for (entry, why) in entries {
        let world = World::where_holds(LIVE, WANT).await;
        altered(&world, LIST, |list| reviewers(list).as_array_mut().unwrap().push(entry)).await;
        only_production_is_unknown(&world, why).await;
    }
}

#[tokio::test]
async fn a_reviewer_of_whose_type_two_answers_differ_is_not_sent_along() {
    let world = World::where_holds(LIVE, WANT).await;
    altered(&world, LIST, |list| reviewers(list)[0]["reviewer"]["type"] = json!("Bot")).await;
    only_production_is_unknown(&world, "lists it as a Bot").await;
}

#[tokio::test]
async fn rules_that_are_missing_are_not_rules_that_are_not_there() {
    for value in [Value::Null, json!([{"id": 1, "type": "required_reviewers"}]), json!([{"id": 1, "type": "wait_timer"}])] {
        let world = World::where_holds(LIVE, WANT).await;
        altered(&world, LIST, |list| production(list)["protection_rules"] = value).await;
        only_production_is_unknown(&world, "not fully understood").await;
    }
    let world = World::where_holds(LIVE, WANT).await;
    altered(&world, LIST, |list| {
        production(list).as_object_mut().unwrap().remove("protection_rules");
    })
    .await;
    only_production_is_unknown(&world, "`protection_rules`").await;
}

#[tokio::test]
async fn an_enterprise_team_is_shown_and_its_environment_is_not_written() {
    let team = json!({"type": "BusinessTeam", "reviewer": {"id": 9, "slug": "ent:platform", "node_id": "ET_x"}});
    let mut world = World::where_holds(LIVE, WANT).await;
    altered(&world, LIST, |list| reviewers(list).as_array_mut().unwrap().push(team)).await;
    only_production_is_unknown(&world, "ent:platform").await;

    let gone = WANT.replace("wait_timer = 60", "state = \"absent\"");
    world.declare(&gone);
    only_production_is_unknown(&world, "ent:platform").await;

    // What does not differ needs no write, and is known to be as declared.
    world.declare("version = 1\n[environments.production]\nwait_timer = 30\n");
    let plan = world.plan().await;
    assert!(plan.is_empty() && plan.unknown.is_empty(), "{plan:?}");
}

#[tokio::test]
async fn custom_rules_that_cannot_be_read_are_not_none() {
    const RULES: &str = "/repos/acme/shop/environments/production/deployment_protection_rules";
    let app = json!({"id": 5, "node_id": "A", "slug": "gatekeeper", "integration_url": "https://api.github.com/apps/gatekeeper"});
    let rule = json!({"id": 3, "node_id": "GA", "app": app});
    let answers = [
        json!({}),
        json!({"total_count": 0}),
        json!({"total_count": 1, "custom_deployment_protection_rules": []}),
        json!({"custom_deployment_protection_rules": []}),
        json!({"total_count": 0, "custom_protection_rules": []}),
        json!({"total_count": 1, "custom_deployment_protection_rules": [rule]}),
    ];
    for answer in answers {
        let world = World::where_holds(LIVE, &LIVE.replace("\n[environments.staging]\nwait_timer = 5\n", "\n")).await;
        world.fault(Fault::before(Response::json(200, &answer)).method("GET").path(RULES));
        let plan = world.plan().await;
        assert!(plan.is_empty() && plan.unknown.len() == 1, "{answer} reads as {plan:?}");
    }
}
