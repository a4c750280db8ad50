//! Every operation of the official description is there.

use std::collections::BTreeSet;

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
    world.repo().files.insert("README.md".to_owned(), "shop".to_owned());
    let run = world.state.start_run("acme/shop", "deploy.yml", "push", "refs/heads/main", "bob", "production").unwrap();
    let made = world.repo().deployments.first().unwrap().clone();
    let (deployment, status) = (made.id, made.statuses.first().unwrap().id);
    let mut ids = world.state.github.ids.clone();
    let pull = world.repo().merge(&mut ids, &made.sha, &["alice"]).unwrap();
    world.repo().rulesets.push(Ruleset {
        id: 9,
        name: "r".to_owned(),
        target: RefType::Branch,
        active: true,
        covers: BTreeSet::new(),
        rules: BTreeSet::new(),
    });
    let file = world.get("/repos/acme/shop/contents/README.md");
    world.call("POST", "/repos/acme/shop/actions/variables", &json!({"name": "TIER", "value": "prod"}));
    world.call("POST", "/orgs/acme/actions/variables", &json!({"name": "TIER", "value": "prod", "visibility": "all"}));
    let names = vec![
        ("{owner}", "acme".to_owned()),
        ("{repo}", "shop".to_owned()),
        ("{environment_name}", "production".to_owned()),
        ("{branch_policy_id}", policy["id"].to_string()),
        ("{protection_rule_id}", rule["id"].to_string()),
        ("{secret_name}", "KEY".to_owned()),
        ("{name}", "TIER".to_owned()),
        ("{username}", "bob".to_owned()),
        ("{account_id}", ALICE.to_string()),
        ("{org}", "acme".to_owned()),
        ("{team_slug}", "sre".to_owned()),
        ("{branch}", "main".to_owned()),
        ("{run_id}", run.to_string()),
        ("{deployment_id}", deployment.to_string()),
        ("{status_id}", status.to_string()),
        ("{path}", "README.md".to_owned()),
        ("{file_sha}", file["sha"].as_str().unwrap().to_owned()),
        ("{commit_sha}", "main".to_owned()),
        ("{ref}", "heads/main".to_owned()),
        ("{basehead}", "main...main".to_owned()),
        ("{tree_sha}", "main".to_owned()),
        ("{pull_number}", pull.to_string()),
        ("{ruleset_id}", "9".to_owned()),
        ("{attempt_number}", "1".to_owned()),
        ("{job_id}", deployment.to_string()),
        ("{app_slug}", "gatekeeper".to_owned()),
    ];
    (world, names)
}

/// Operations of a GitHub App itself: they take its JSON web token, and refuse any other.
const BY_AN_APP: &[&str] = &[
    "POST /app/installations/{installation_id}/access_tokens",
    "GET /orgs/{org}/installation",
    "GET /repos/{owner}/{repo}/installation",
    "GET /users/{username}/installation",
];

/// Described operations that the emulator does not serve, as path templates: it says so with 501.
const NOT_EMULATED: &[&str] = &[
    "GET /app",
    "GET /app/installations",
    "DELETE /app/installations/{installation_id}",
    "GET /app/installations/{installation_id}",
    "GET /installation/repositories",
    "GET /meta",
    "GET /orgs/{org}/actions/oidc/customization/sub",
    "PUT /orgs/{org}/actions/oidc/customization/sub",
    "GET /orgs/{org}/actions/secrets",
    "DELETE /orgs/{org}/members/{username}",
    "GET /orgs/{org}/properties/schema",
    "PATCH /orgs/{org}/properties/schema",
    "POST /orgs/{org}/repos",
    "GET /orgs/{org}/rulesets",
    "POST /orgs/{org}/rulesets",
    "DELETE /orgs/{org}/rulesets/{ruleset_id}",
    "GET /orgs/{org}/rulesets/{ruleset_id}",
    "PUT /orgs/{org}/rulesets/{ruleset_id}",
    "POST /orgs/{org}/teams",
    "DELETE /orgs/{org}/teams/{team_slug}/memberships/{username}",
    "PUT /orgs/{org}/teams/{team_slug}/memberships/{username}",
    "GET /repos/{owner}/{repo}/actions/oidc/customization/sub",
    "PUT /repos/{owner}/{repo}/actions/oidc/customization/sub",
    "DELETE /repos/{owner}/{repo}/branches/{branch}/protection",
    "PUT /repos/{owner}/{repo}/branches/{branch}/protection",
    "DELETE /repos/{owner}/{repo}/contents/{path}",
    "PUT /repos/{owner}/{repo}/contents/{path}",
    "PATCH /repos/{owner}/{repo}/properties/values",
    "PATCH /repos/{owner}/{repo}/pulls/{pull_number}",
    "POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews",
    "DELETE /repos/{owner}/{repo}/rulesets/{ruleset_id}",
    "PUT /repos/{owner}/{repo}/rulesets/{ruleset_id}",
];

#[test]
fn every_described_operation_is_served_or_says_that_it_is_not() {
    let Some(official) = &*OFFICIAL else { return };
    let operations = official.operations();
    assert!(operations.len() > 40, "{}", operations.len());
    let mut wrong = Vec::new();
    for (method, template) in operations {
        let (mut world, names) = full();
        let path = names.iter().fold(template.clone(), |path, (name, value)| path.replace(name, value));
        let (status, body) = world.call(&method, &path, if method == "GET" || method == "DELETE" { &Value::Null } else { &NOTHING });
        let expected: &[u16] = match method.as_str() {
            _ if NOT_EMULATED.contains(&format!("{method} {template}").as_str()) => &[501],
            _ if BY_AN_APP.contains(&format!("{method} {template}").as_str()) => &[401],
            "GET" | "DELETE" => &[200, 204],
            _ => &[200, 204, 422],
        };
        if !expected.contains(&status) {
            wrong.push(format!("{method} {template}: {status} {}", body["message"]));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A body that asks for nothing.
static NOTHING: LazyLock<Value> = LazyLock::new(|| json!({}));
