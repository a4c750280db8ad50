//! Every operation of the official description is there.

use super::*;

/// A world in which everything that a path can name exists.
fn full() -> (World, Vec<(&'static str, String)>) {
    let mut world = World::new();
    world.put(&json!({
        "reviewers": [user(ALICE), team(SRE)], "deployment_branch_policy": {"protected_branches": false, "custom_branch_policies": true}
    }));
    let (_, policy) = world.call("POST", &format!("{ENV}/deployment-branch-policies"), &json!({"name": "main"}));
    let (_, rule) = world.call("POST", &format!("{ENV}/deployment_protection_rules"), &json!({"integration_id": 77}));
    world.call("POST", &format!("{ENV}/variables"), &json!({"name": "TIER", "value": "prod"}));
    let now = world.state.now.0;
    let environment = world.repo().environment_mut("production").unwrap();
    environment.secrets.insert("KEY".to_owned(), Secret { created_at: now, updated_at: now });
    let run = world.state.start_run("acme/shop", "deploy.yml", "push", "refs/heads/main", "bob", "production").unwrap();
    let names = vec![
        ("{owner}", "acme".to_owned()),
        ("{repo}", "shop".to_owned()),
        ("{environment_name}", "production".to_owned()),
        ("{branch_policy_id}", policy["id"].to_string()),
        ("{protection_rule_id}", rule["id"].to_string()),
        ("{secret_name}", "KEY".to_owned()),
        ("{name}", "TIER".to_owned()),
        ("{username}", "alice".to_owned()),
        ("{account_id}", ALICE.to_string()),
        ("{org}", "acme".to_owned()),
        ("{team_slug}", "sre".to_owned()),
        ("{branch}", "main".to_owned()),
        ("{run_id}", run.to_string()),
        ("{app_slug}", "gatekeeper".to_owned()),
    ];
    (world, names)
}

#[test]
fn every_described_operation_is_served() {
    let Some(official) = &*OFFICIAL else { return };
    let operations = official.operations();
    assert!(operations.len() > 40, "{}", operations.len());
    for (method, template) in operations {
        let (mut world, names) = full();
        let path = names.iter().fold(template.clone(), |path, (name, value)| path.replace(name, value));
        let (status, body) = world.call(&method, &path, if method == "GET" || method == "DELETE" { &Value::Null } else { &NOTHING });
        let served = if method == "GET" || method == "DELETE" { [200, 204].contains(&status) } else { [200, 204, 422].contains(&status) };
        assert!(served, "{method} {template}: {status} {body}");
    }
}

/// A body that asks for nothing.
static NOTHING: LazyLock<Value> = LazyLock::new(|| json!({}));
