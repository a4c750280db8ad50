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
    world.repo().files.insert("README.md".to_owned(), "shop".to_owned());
    let run = world.state.start_run("acme/shop", "deploy.yml", "push", "refs/heads/main", "bob", "production").unwrap();
    let deployment = world.repo().deployments.first().unwrap().id;
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
        ("{deployment_id}", deployment.to_string()),
        ("{path}", "README.md".to_owned()),
        ("{app_slug}", "gatekeeper".to_owned()),
    ];
    (world, names)
}

/// Described operations that the emulator does not serve, as path templates: it says so with 501.
const NOT_EMULATED: &[&str] = &[
    "GET /app",
    "GET /app/installations",
    "DELETE /app/installations/{installation_id}",
    "GET /app/installations/{installation_id}",
    "POST /app/installations/{installation_id}/access_tokens",
    "GET /installation/repositories",
    "GET /meta",
    "GET /orgs/{org}/actions/oidc/customization/sub",
    "PUT /orgs/{org}/actions/oidc/customization/sub",
    "GET /orgs/{org}/actions/secrets",
    "GET /orgs/{org}/actions/variables",
    "POST /orgs/{org}/actions/variables",
    "DELETE /orgs/{org}/actions/variables/{name}",
    "GET /orgs/{org}/actions/variables/{name}",
    "PATCH /orgs/{org}/actions/variables/{name}",
    "GET /orgs/{org}/installation",
    "GET /orgs/{org}/members",
    "DELETE /orgs/{org}/members/{username}",
    "GET /orgs/{org}/members/{username}",
    "GET /orgs/{org}/properties/schema",
    "PATCH /orgs/{org}/properties/schema",
    "GET /orgs/{org}/properties/values",
    "PATCH /orgs/{org}/properties/values",
    "GET /orgs/{org}/repos",
    "POST /orgs/{org}/repos",
    "GET /orgs/{org}/rulesets",
    "POST /orgs/{org}/rulesets",
    "DELETE /orgs/{org}/rulesets/{ruleset_id}",
    "GET /orgs/{org}/rulesets/{ruleset_id}",
    "PUT /orgs/{org}/rulesets/{ruleset_id}",
    "GET /orgs/{org}/teams",
    "POST /orgs/{org}/teams",
    "DELETE /orgs/{org}/teams/{team_slug}/memberships/{username}",
    "GET /orgs/{org}/teams/{team_slug}/memberships/{username}",
    "PUT /orgs/{org}/teams/{team_slug}/memberships/{username}",
    "GET /orgs/{org}/teams/{team_slug}/repos",
    "GET /repos/{owner}/{repo}/actions/jobs/{job_id}",
    "GET /repos/{owner}/{repo}/actions/oidc/customization/sub",
    "PUT /repos/{owner}/{repo}/actions/oidc/customization/sub",
    "GET /repos/{owner}/{repo}/actions/organization-variables",
    "GET /repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}",
    "GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs",
    "GET /repos/{owner}/{repo}/actions/variables",
    "POST /repos/{owner}/{repo}/actions/variables",
    "DELETE /repos/{owner}/{repo}/actions/variables/{name}",
    "GET /repos/{owner}/{repo}/actions/variables/{name}",
    "PATCH /repos/{owner}/{repo}/actions/variables/{name}",
    "GET /repos/{owner}/{repo}/actions/workflows",
    "GET /repos/{owner}/{repo}/branches/{branch}",
    "DELETE /repos/{owner}/{repo}/branches/{branch}/protection",
    "GET /repos/{owner}/{repo}/branches/{branch}/protection",
    "PUT /repos/{owner}/{repo}/branches/{branch}/protection",
    "GET /repos/{owner}/{repo}/collaborators",
    "DELETE /repos/{owner}/{repo}/collaborators/{username}",
    "GET /repos/{owner}/{repo}/collaborators/{username}",
    "PUT /repos/{owner}/{repo}/collaborators/{username}",
    "GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls",
    "GET /repos/{owner}/{repo}/commits/{ref}",
    "GET /repos/{owner}/{repo}/compare/{basehead}",
    "DELETE /repos/{owner}/{repo}/contents/{path}",
    "PUT /repos/{owner}/{repo}/contents/{path}",
    "POST /repos/{owner}/{repo}/deployments",
    "DELETE /repos/{owner}/{repo}/deployments/{deployment_id}",
    "POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses",
    "GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses/{status_id}",
    "GET /repos/{owner}/{repo}/git/blobs/{file_sha}",
    "GET /repos/{owner}/{repo}/git/ref/{ref}",
    "GET /repos/{owner}/{repo}/installation",
    "GET /repos/{owner}/{repo}/properties/values",
    "PATCH /repos/{owner}/{repo}/properties/values",
    "GET /repos/{owner}/{repo}/pulls/{pull_number}",
    "PATCH /repos/{owner}/{repo}/pulls/{pull_number}",
    "GET /repos/{owner}/{repo}/pulls/{pull_number}/commits",
    "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews",
    "POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews",
    "DELETE /repos/{owner}/{repo}/rulesets/{ruleset_id}",
    "GET /repos/{owner}/{repo}/rulesets/{ruleset_id}",
    "PUT /repos/{owner}/{repo}/rulesets/{ruleset_id}",
    "GET /users/{username}/installation",
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
