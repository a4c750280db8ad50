//! Branch policies, custom rules, variables, secrets.

use super::*;

const POLICIES: &str = "/repos/acme/shop/environments/production/deployment-branch-policies";
const RULES: &str = "/repos/acme/shop/environments/production/deployment_protection_rules";
const VARIABLES: &str = "/repos/acme/shop/environments/production/variables";
const SECRETS: &str = "/repos/acme/shop/environments/production/secrets";

fn custom() -> Value {
    json!({"deployment_branch_policy": {"protected_branches": false, "custom_branch_policies": true}})
}

fn selected() -> World {
    let mut world = World::new();
    world.put(&custom());
    world
}

#[test]
fn policies_exist_in_selected_mode_only() {
    let mut world = World::new();
    assert_eq!(world.call("GET", POLICIES, &Value::Null).0, 404);
    for body in [json!({}), json!({"deployment_branch_policy": {"protected_branches": true, "custom_branch_policies": false}})] {
        world.put(&body);
        assert_eq!(world.call("GET", POLICIES, &Value::Null).0, 404);
        assert_eq!(world.call("POST", POLICIES, &json!({"name": "main"})).0, 404);
    }
    world.put(&custom());
    assert_eq!(world.get(POLICIES), json!({"total_count": 0, "branch_policies": []}));
}

#[test]
fn a_policy_is_made_with_200_renamed_and_deleted() {
    let mut world = selected();
    let (status, made) = world.call("POST", POLICIES, &json!({"name": "release/*"}));
    assert_eq!((status, &made["type"]), (200, &json!("branch")));
    let one = format!("{POLICIES}/{}", made["id"]);
    let (status, renamed) = world.call("PUT", &one, &json!({"name": "main"}));
    assert_eq!((status, &renamed["name"], &renamed["id"]), (200, &json!("main"), &made["id"]));
    assert_eq!(world.get(&one), renamed);
    assert_eq!(world.call("DELETE", &one, &Value::Null).0, 204);
    assert_eq!(world.call("DELETE", &one, &Value::Null).0, 404);
    for bad in [json!({}), json!({"name": ""}), json!({"name": 1}), json!({"name": "a", "type": "fork"})] {
        assert_eq!(world.call("POST", POLICIES, &bad).0, 422, "{bad}");
    }
}

#[test]
fn a_duplicate_is_a_303_without_a_body() {
    let mut world = selected();
    let tag = json!({"name": "v1", "type": "tag"});
    world.call("POST", POLICIES, &json!({"name": "v1"}));
    let twin = world.raw("POST", POLICIES, br#"{"name":"v1"}"#, &[]);
    assert_eq!((twin.status, twin.body.len(), twin.header("location")), (303, 0, None));
    assert_eq!(world.call("POST", POLICIES, &tag).0, 200, "another type is another policy");
    let mut world = selected().with(|switches| switches.duplicate_policy = DuplicatePolicy::Name);
    world.call("POST", POLICIES, &json!({"name": "v1"}));
    assert_eq!(world.call("POST", POLICIES, &tag).0, 303);
    world.state.switches.duplicate_location = DuplicateLocation::Present;
    let twin = world.raw("POST", POLICIES, br#"{"name":"v1"}"#, &[]);
    assert!(twin.header("location").unwrap().starts_with(&format!("http://sandbox.invalid{POLICIES}/")));
}

#[test]
fn leaving_selected_mode_drops_the_policies_unless_the_switch_keeps_them() {
    for (position, left) in [(LeftPolicies::Dropped, 0), (LeftPolicies::Kept, 1)] {
        let mut world = selected().with(|switches| switches.left_policies = position);
        world.call("POST", POLICIES, &json!({"name": "main"}));
        world.put(&custom());
        assert_eq!(world.get(POLICIES)["total_count"], 1, "staying in the mode keeps them");
        world.put(&json!({"deployment_branch_policy": null}));
        assert_eq!(world.call("GET", POLICIES, &Value::Null).0, 404);
        world.put(&custom());
        assert_eq!(world.get(POLICIES)["total_count"], left);
    }
}

#[test]
fn custom_rules_are_of_installed_apps_and_survive_a_put() {
    let mut world = World::new();
    world.put(&json!({}));
    assert_eq!(world.get(&format!("{RULES}/apps"))["available_custom_deployment_protection_rule_integrations"][0]["slug"], "gatekeeper");
    assert_eq!(world.call("POST", RULES, &json!({"integration_id": 78})).0, 404);
    let (status, made) = world.call("POST", RULES, &json!({"integration_id": 77}));
    assert_eq!((status, &made["app"]["slug"], &made["enabled"]), (201, &json!("gatekeeper"), &json!(true)));
    world.put(&json!({"wait_timer": 1}));
    assert_eq!(world.get(RULES)["total_count"], 1);
    let one = format!("{RULES}/{}", made["id"]);
    assert_eq!(world.get(&one), made);
    assert_eq!(world.call("DELETE", &one, &Value::Null).0, 204);
    assert_eq!(world.call("GET", &one, &Value::Null).0, 404);
}

#[test]
fn at_most_six_custom_rules_are_enabled() {
    let mut world = World::new();
    world.put(&json!({}));
    for id in 80..87 {
        world.state.github.people.apps.push(App { id, slug: format!("app-{id}"), owner: "acme".to_owned() });
        world.repo().installed_apps.insert(id);
        let expected = if id < 86 { 201 } else { 422 };
        assert_eq!(world.call("POST", RULES, &json!({"integration_id": id})).0, expected, "{id}");
    }
    assert_eq!(World::new().on(Plan::Team).call("GET", RULES, &Value::Null).0, 404, "no environment, no rules");
}

#[test]
fn variables_fold_to_upper_case_and_conflict() {
    let mut world = World::new();
    world.put(&json!({}));
    let (status, body) = world.call("POST", VARIABLES, &json!({"name": "tier", "value": "prod"}));
    assert_eq!((status, body), (201, json!({})));
    assert_eq!(world.call("POST", VARIABLES, &json!({"name": "TIER", "value": "x"})).0, 409);
    assert_eq!(world.get(&format!("{VARIABLES}/Tier"))["value"], "prod");
    assert_eq!(world.call("PATCH", &format!("{VARIABLES}/tier"), &json!({"value": "new"})).0, 204);
    assert_eq!(world.call("PATCH", &format!("{VARIABLES}/tier"), &json!({"name": "level"})).0, 204);
    let all = world.get(VARIABLES);
    assert_eq!((&all["variables"][0]["name"], &all["variables"][0]["value"]), (&json!("LEVEL"), &json!("new")));
    assert_eq!(world.call("DELETE", &format!("{VARIABLES}/level"), &Value::Null).0, 204);
    assert_eq!(world.call("DELETE", &format!("{VARIABLES}/level"), &Value::Null).0, 404);
    for bad in ["1A", "A-B", "GITHUB_X", ""] {
        assert_eq!(world.call("POST", VARIABLES, &json!({"name": bad, "value": ""})).0, 422, "{bad}");
    }
}

#[test]
fn variables_come_ten_at_a_time_and_thirty_at_most() {
    let mut world = World::new();
    world.put(&json!({}));
    for place in 0..31 {
        world.call("POST", VARIABLES, &json!({"name": format!("V{place:02}"), "value": ""}));
    }
    let length = |world: &mut World, query: &str| world.get(&format!("{VARIABLES}{query}"))["variables"].as_array().unwrap().len();
    assert_eq!((length(&mut world, ""), length(&mut world, "?per_page=100"), length(&mut world, "?per_page=30&page=2")), (10, 30, 1));
    assert!(world.raw("GET", VARIABLES, b"", &[]).header("link").unwrap().contains("page=2>; rel=\"next\""));
}

#[test]
fn secrets_need_the_environments_own_key_and_never_come_back() {
    let mut world = World::new();
    world.put(&json!({}));
    let key = world.get(&format!("{SECRETS}/public-key"));
    assert_eq!(key["key"].as_str().unwrap().len(), 44);
    let body = json!({"encrypted_value": "c2VhbGVk", "key_id": key["key_id"]});
    assert_eq!(world.call("PUT", &format!("{SECRETS}/api_key"), &body), (201, json!({})));
    assert_eq!(world.call("PUT", &format!("{SECRETS}/API_KEY"), &body).0, 204);
    let all = world.get(SECRETS);
    assert_eq!((&all["total_count"], &all["secrets"][0]["name"]), (&json!(1), &json!("API_KEY")));
    assert_eq!(all["secrets"][0].as_object().unwrap().len(), 3);
    let wrong = json!({"encrypted_value": "c2VhbGVk", "key_id": "1"});
    assert_eq!(
        world.verdict("PUT", &format!("{SECRETS}/OTHER"), &wrong),
        (422, "Bad request - validation failed due to an improperly encrypted secret".to_owned())
    );
    let etag = |world: &mut World| world.raw("GET", ENV, b"", &[]).header("etag").unwrap().to_owned();
    let before = etag(&mut world);
    assert_eq!(world.call("DELETE", &format!("{SECRETS}/api_key"), &Value::Null).0, 204);
    assert_eq!(etag(&mut world), before, "secrets do not change the environment's ETag");
}
