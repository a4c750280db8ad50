//! Responses that look valid and are not: each is unknown, never a pass, never an absence.

use std::time::Duration;

use gatectl::model::OutcomeResult;
use gatectl::sandbox::{AccountKind, BranchPattern, Fault, LeftPolicies, RefType, Response, Scenario, State};
use serde_json::{Value, json};

use gatectl_test_support::world::{World, outcome, said};

const GATE: &str = "version = 1\n[environments.production]\nreviewers = [{ user = \"alice\", id = 501 }]\ndeployment_branch_policy = { branches = [\"main\"] }\n";
const LIST: &str = "/repos/acme/shop/environments";

async fn unknown(world: &World) -> String {
    let plan = world.plan().await;
    assert!(plan.is_empty(), "{:?}", plan.changes().collect::<Vec<_>>());
    let (_, unknown) = plan.unknown.first().unwrap_or_else(|| panic!("nothing is unknown: {:?}", plan.unmanaged));
    assert!(!unknown.hint.is_empty(), "no next step: {}", unknown.reason);
    unknown.reason.clone()
}

/// The gated world, in which one answer is replaced.
async fn answering(path: &str, answer: Value) -> World {
    let world = World::rehearsal(Scenario::Gated, GATE).await;
    world.fault(Fault::before(Response::json(200, &answer)).method("GET").path(path));
    world
}

fn environment(name: &str, id: u64, policy: &Value) -> Value {
    json!({"id": id, "node_id": "E", "name": name, "url": "u", "html_url": "u", "created_at": "2025-01-01T00:00:00Z",
        "updated_at": "2025-01-01T00:00:00Z", "protection_rules": [], "deployment_branch_policy": policy})
}

/// A machine without idle time, or a slow network. That everything holds as declared changes nothing.
#[tokio::test]
async fn an_answer_after_the_timeout_is_unknown_and_nothing_is_written_for_it() {
    let mut world = World::rehearsal(Scenario::Gated, GATE).await;
    world.is_converged().await;
    world.sandbox.with(|state| state.latency = Duration::from_secs(1));
    (world.settings.attempt_timeout, world.settings.timeout) = (Duration::from_millis(20), Duration::from_millis(60));
    let applied = world.apply().await;
    let [(address, unknown)] = applied.report.unknown.as_slice() else { panic!("{}", said(&applied)) };
    assert!(address.to_string().ends_with("environments/production"), "{address}");
    assert!(unknown.reason.contains("timed out"), "{}", unknown.reason);
    assert_eq!((applied.report.converged, applied.report.outcomes.len(), world.writes()), (false, 0, 0), "{}", said(&applied));
}

#[tokio::test]
async fn two_equal_policy_flags_are_no_protection() {
    for equal in [false, true] {
        let policy = json!({"protected_branches": equal, "custom_branch_policies": equal});
        let world = answering(LIST, json!({"total_count": 1, "environments": [environment("production", 1, &policy)]})).await;
        assert!(unknown(&world).await.contains("flags"));
    }
}

#[tokio::test]
async fn two_environments_of_one_name_are_not_told_apart_by_guessing() {
    let both = json!([environment("production", 1, &Value::Null), environment("Production", 2, &Value::Null)]);
    let world = answering(LIST, json!({"total_count": 2, "environments": both})).await;
    assert!(unknown(&world).await.contains("ignoring case"));
}

#[tokio::test]
async fn a_full_page_without_a_total_is_not_the_end() {
    let world = World::rehearsal(Scenario::Gated, GATE).await;
    let full: Vec<Value> = (0..100).map(|n| environment(&format!("e{n}"), n + 10, &Value::Null)).collect();
    let first = Response::json(200, &json!({"environments": full}));
    let second = Response::json(200, &json!({"environments": [environment("production", 1, &Value::Null)]}));
    world.fault(Fault::before(first).path(LIST).nth(1));
    world.fault(Fault::before(second).path(LIST).nth(2));
    let plan = world.plan().await;
    let changes: Vec<_> = plan.changes().collect();
    assert!(changes.iter().all(|change| change.action != gatectl::model::Action::Create), "{changes:?} {:?}", plan.unknown);
}

#[tokio::test]
async fn a_list_that_promises_more_than_there_can_be_is_not_followed() {
    let world = answering(LIST, json!({"total_count": 10_000_000_000_000_u64, "environments": []})).await;
    assert!(unknown(&world).await.contains("pages"));
}

#[tokio::test]
async fn a_list_without_end_ends() {
    let world = World::rehearsal(Scenario::Gated, GATE).await;
    let next = Response::json(200, &json!({"environments": []})).with("link", "<https://x/?page=2>; rel=\"next\"");
    world.fault(Fault::before(next).path(LIST));
    assert!(unknown(&world).await.contains("pages"));
}

#[tokio::test]
async fn an_answer_for_another_repository_is_none_for_this_one() {
    let world = World::rehearsal(Scenario::NoRules, GATE).await;
    let other = json!({"full_name": "evil/shop", "private": false, "visibility": "public", "archived": false, "default_branch": "main",
        "owner": {"login": "evil", "type": "User"}});
    world.fault(Fault::before(Response::json(200, &other)).path("/repos/acme/shop"));
    assert!(unknown(&world).await.contains("evil/shop"));
}

#[tokio::test]
async fn a_pattern_of_an_unheard_of_type_is_not_taken_for_a_branch() {
    let odd = json!({"total_count": 1, "branch_policies": [{"id": 1, "node_id": "P", "name": "main", "type": "environment"}]});
    let world = answering("/repos/acme/shop/environments/production/deployment-branch-policies", odd).await;
    assert!(unknown(&world).await.contains("neither branch nor tag"));
}

#[tokio::test]
async fn patterns_that_come_back_and_cannot_be_read_end_the_step() {
    let world = World::where_holds(&GATE.replace("{ branches = [\"main\"] }", "\"protected\""), GATE).await;
    world.sandbox.with(|state| state.switches.left_policies = LeftPolicies::Kept);
    world.repo(|repo| {
        let stale = BranchPattern { id: 77, name: "*".to_owned(), kind: RefType::Branch };
        repo.environment_mut("production").unwrap().patterns.push(stale);
    });
    // The plan's own question about patterns is the first; the next is the one that looks for what came back.
    let policies = "/repos/acme/shop/environments/production/deployment-branch-policies";
    world.fault(Fault::before(Response::github_error(403, "Forbidden")).method("GET").path(policies));
    let applied = world.apply().await;
    let (result, message) = outcome(&applied, "/environments/production");
    assert_eq!(*result, OutcomeResult::Failed, "{}", said(&applied));
    assert!(message.contains("removing patterns"), "{message}");
    assert!(!world.written().iter().any(|call| call.starts_with("POST")), "nothing is added beside it: {:?}", world.written());
}

#[tokio::test]
async fn reviewers_are_not_replaced_by_some_whom_github_may_drop() {
    let world = World::rehearsal(Scenario::Gated, &GATE.replace("alice\", id = 501", "bob\", id = 502")).await;
    let before = world.environment("production").unwrap().reviewers;
    world.sandbox.with(|state| state.github.add_account("carol", Some(777), AccountKind::User));
    let mut world = world;
    world.declare(&GATE.replace("alice\", id = 501", "carol\", id = 777"));
    let permission = "/repos/acme/shop/collaborators/carol/permission";
    world.fault(Fault::before(Response::github_error(404, "Not Found")).path(permission));
    assert!(unknown(&world).await.contains("a write may lose"));
    assert_eq!(world.environment("production").unwrap().reviewers, before);

    // If no approval is required today, nothing is lost by trying.
    world.repo(|repo| repo.environment_mut("production").unwrap().reviewers.clear());
    let plan = world.plan().await;
    assert!(plan.unknown.is_empty() && !plan.is_empty(), "{:?}", plan.unknown);
}

#[tokio::test]
async fn a_dropped_reviewer_is_told_even_when_something_else_fails_later() {
    let toml = GATE.replace("deployment_branch_policy = { branches = [\"main\"] }", "variables = { A = \"1\" }");
    let world = World::rehearsal(Scenario::MissingEnvironment, &toml).await;
    // GitHub silently drops the only reviewer, and the variable after it is refused.
    let drop = |state: &mut State| state.repo("acme/shop").unwrap().environment_mut("production").unwrap().reviewers.clear();
    world.fault(Fault::meanwhile(drop).late().method("PUT"));
    world.fault(Fault::before(Response::github_error(403, "Forbidden")).method("POST"));
    let applied = world.apply().await;
    let (result, message) = outcome(&applied, "/environments/production");
    assert_eq!(*result, OutcomeResult::Failed, "{}", said(&applied));
    assert!(message.contains("NO APPROVAL IS REQUIRED") && message.contains("variable A"), "{message}");
}

#[tokio::test]
async fn a_404_for_a_write_names_what_it_may_mean() {
    let world = World::rehearsal(Scenario::NoRules, GATE).await;
    world.fault(Fault::before(Response::github_error(404, "Not Found")).method("PUT"));
    let (_, message) = {
        let applied = world.apply().await;
        let (r, m) = outcome(&applied, "/environments/production");
        (r.clone(), m.to_owned())
    };
    assert!(message.contains("not an admin") && message.contains("plans without environments"), "{message}");
}

#[tokio::test]
async fn every_refusal_of_a_write_has_a_next_step() {
    for status in [400, 401, 402, 403, 404, 405, 409, 410, 418, 422, 451, 500, 503] {
        let world = World::rehearsal(Scenario::NoRules, GATE).await;
        world.fault(Fault::before(Response::github_error(status, "odd")).method("PUT"));
        let applied = world.apply().await;
        let (_, message) = outcome(&applied, "/environments/production");
        let after = message.split("odd").last().unwrap_or_default();
        assert!(after.contains("; "), "{status}: {message}");
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_read_right_before_the_write_is_not_said_to_have_moved() {
    let world = World::where_holds(GATE, &GATE.replace("main", "dev")).await;
    let list = "/repos/acme/shop/environments/production/deployment-branch-policies";
    // The second read of the list is the look right before the first write.
    world.fault(Fault::before(Response::github_error(401, "Bad credentials")).method("GET").path(list).nth(2));
    let applied = world.apply().await;
    let (result, message) = outcome(&applied, "environments/production");
    assert!(*result == OutcomeResult::Failed && message.contains("401") && !message.contains("is now"), "{}", said(&applied));
    assert_eq!(world.writes(), 0);
    world.heal();
    world.converge().await;
}

#[tokio::test]
async fn a_lost_write_whose_effect_cannot_be_read_is_not_sent_again() {
    let world = World::where_holds(GATE, &GATE.replace("main", "dev")).await;
    let list = "/repos/acme/shop/environments/production/deployment-branch-policies";
    world.fault(Fault::after(Response::github_error(502, "Server Error")).method("POST").path(list).nth(1));
    world.fault(Fault::before(Response::github_error(409, "Conflict")).method("GET").path(list).from(3));
    let applied = world.apply().await;
    assert!(!applied.report.converged, "{}", said(&applied));
    assert_eq!(world.bodies("POST").len(), 1, "{}", said(&applied));
    world.heal();
    world.converge().await;
}

#[tokio::test]
async fn a_list_that_contradicts_its_own_count_or_itself_proves_no_absence() {
    let staging = || environment("staging", 2, &Value::Null);
    for (total, entries) in
        [(2, json!([staging(), staging()])), (0, json!([staging()])), (1, json!([staging(), environment("other", 3, &Value::Null)]))]
    {
        let world = answering(LIST, json!({"total_count": total, "environments": entries})).await;
        let reason = unknown(&world).await;
        assert!(reason.contains("twice") || reason.contains("entries"), "{reason}");
    }
}

#[tokio::test]
async fn a_repository_that_does_not_say_who_sees_it_is_unknown() {
    let repository = |said: Value| {
        let mut answer = json!({"id": 1, "full_name": "acme/shop", "archived": false, "default_branch": "main", "owner": {"login": "acme", "type": "Organization"}});
        answer.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
        answer
    };
    for said in [
        json!({}),
        json!({"private": null}),
        json!({"private": true, "visibility": "public"}),
        json!({"private": false, "visibility": "internal"}),
    ] {
        let world = answering("/repos/acme/shop", repository(said.clone())).await;
        let reason = unknown(&world).await;
        assert!(reason.contains("visibility is unclear"), "{said}: {reason}");
    }
}

#[tokio::test]
async fn a_repository_that_does_not_say_all_that_counts_is_unknown() {
    let whole = json!({"id": 1, "full_name": "acme/shop", "private": false, "archived": false, "default_branch": "main",
        "owner": {"login": "acme", "type": "Organization"}});
    for key in ["archived", "default_branch"] {
        for said in [None, Some(Value::Null)] {
            let mut answer = whole.clone();
            answer.as_object_mut().unwrap().remove(key);
            answer.as_object_mut().unwrap().extend(said.map(|null| (key.to_owned(), null)));
            let world = answering("/repos/acme/shop", answer).await;
            unknown(&world).await;
        }
    }
    // A personal account has other limits and no secrets of an organization.
    for owner in [json!({"login": "acme"}), json!({"login": "acme", "type": null})] {
        let mut answer = whole.clone();
        answer["owner"] = owner;
        let world = answering("/repos/acme/shop", answer).await;
        unknown(&world).await;
    }
}

#[tokio::test]
async fn an_answer_with_a_key_twice_or_another_status_is_none() {
    let doubled = r#"{"total_count":0,"total_count":1,"environments":[]}"#;
    let of = |status: u16, body: &str| Response { body: body.as_bytes().to_vec(), ..Response::json(status, &Value::Null) };
    let empty = r#"{"total_count":0,"environments":[]}"#;
    for (answer, words) in [
        (of(200, doubled), "twice"),
        (of(202, empty), "202 not a possible"),
        (of(203, empty), "203 not a possible"),
        (of(206, empty), "206 not a possible"),
    ] {
        let world = World::rehearsal(Scenario::Gated, GATE).await;
        world.fault(Fault::before(answer).method("GET").path(LIST));
        let reason = unknown(&world).await;
        assert!(reason.contains(words), "{reason}");
    }
}
