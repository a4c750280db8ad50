//! Who is who, who may what, and the headers of every answer.

use super::*;

#[test]
fn accounts_are_found_by_login_and_by_id() {
    let mut world = World::new();
    for (path, id, kind) in [
        ("/users/ALICE", ALICE, "User"),
        ("/users/robot%5Bbot%5D", ROBOT, "Bot"),
        ("/users/acme", 510, "Organization"),
        ("/user/502", BOB, "User"),
        ("/user", 500, "User"),
    ] {
        let account = world.get(path);
        assert_eq!((account["id"].as_u64(), account["type"].as_str()), (Some(id), Some(kind)), "{path}");
    }
    for path in ["/users/nobody", "/user/9", "/orgs/alice", "/orgs/acme/teams/nobody", "/apps/none"] {
        assert_eq!(world.verdict("GET", path, &Value::Null), (404, "Not Found".to_owned()), "{path}");
    }
    assert_eq!(world.get("/apps/gatekeeper")["id"], 77);
    world.get("/rate_limit");
}

/// A 404 would say that the thing does not exist.
#[test]
fn a_route_that_is_not_emulated_says_so() {
    let mut world = World::new();
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/nothing"),
        ("GET", "/user/repos"),
        ("GET", "/repos/acme/shop/releases"),
        ("GET", "/repos/acme/shop/rulesets/rule-suites"),
        ("GET", "/repos/acme/shop/commits/main/status"),
        ("GET", "/repos/acme/shop/branches/main/protection/enforce_admins"),
        ("PUT", "/repos/acme/shop/actions/runs/1/x"),
    ] {
        let message = format!("gatectl's emulator does not serve {method} {path}.");
        assert_eq!(world.verdict(method, path, &Value::Null), (501, message));
    }
    assert_eq!(world.verdict("GET", &format!("{ENV}/a/b"), &Value::Null), (404, "Not Found".to_owned()), "a slash that is not encoded");
}

/// As GitHub's `externalDocs` name them; a token that it does not know is about no route.
#[test]
fn an_error_names_the_page_of_its_route() {
    let mut world = World::new();
    let mut page = |method: &str, path: &str, headers: &[(&str, &str)]| {
        let body: Value = serde_json::from_slice(&world.raw(method, path, b"", headers).body).unwrap();
        body["documentation_url"].as_str().unwrap().strip_prefix("https://docs.github.com/rest").unwrap().to_owned()
    };
    for (method, path, expected) in [
        ("GET", "/users/nobody", "/users/users#get-a-user"),
        ("GET", "/repos/acme/none", "/repos/repos#get-a-repository"),
        ("GET", "/repos/acme/shop/environments/none", "/deployments/environments#get-an-environment"),
        ("DELETE", "/repositories/1296/environments/none", "/deployments/environments#delete-an-environment"),
        (
            "POST",
            "/repos/acme/shop/environments/none/deployment-branch-policies",
            "/deployments/branch-policies#create-a-deployment-branch-policy",
        ),
        ("GET", "/repos/acme/shop/contents/.github/none", "/repos/contents#get-repository-content"),
        ("GET", "/repos/acme/shop/releases", ""),
    ] {
        assert_eq!(page(method, path, &[]), expected, "{method} {path}");
    }
    assert_eq!(page("GET", "/user", &[("authorization", "")]), "/users/users#get-the-authenticated-user");
    world.state.github.tokens.insert("other".to_owned(), Token::classic("root", &["repo"]));
    let unknown: Value = serde_json::from_slice(&world.raw("GET", "/user", b"", &[]).body).unwrap();
    assert_eq!((&unknown["message"], &unknown["documentation_url"]), (&json!("Bad credentials"), &json!("https://docs.github.com/rest")));
}

#[test]
fn teams_and_their_access() {
    let mut world = World::new();
    assert_eq!(world.get("/orgs/acme/teams/SRE")["id"], SRE);
    assert_eq!(world.get("/orgs/acme/teams/sre/members")[0]["login"], "bob");
    assert_eq!(world.get("/orgs/acme/teams/ghosts/members"), json!([]));
    assert_eq!(world.call("GET", "/orgs/acme/teams/sre/repos/acme/shop", &Value::Null).0, 204);
    assert_eq!(world.call("GET", "/orgs/acme/teams/ghosts/repos/acme/shop", &Value::Null).0, 404);
    world.accept = "application/vnd.github.v3.repository+json".to_owned();
    assert_eq!(world.get("/orgs/acme/teams/sre/repos/acme/shop")["permissions"]["push"], true);
    assert_eq!(world.get("/repos/acme/shop/teams")[0]["permission"], "push");
}

#[test]
fn a_secret_team_is_hidden_from_those_outside() {
    let mut world = World::new();
    world.state.github.people.teams.get_mut(&SRE).unwrap().secret = true;
    for (login, status) in [("root", 200), ("bob", 200), ("alice", 404)] {
        world.use_token(Token::classic(login, &["repo", "read:org"]));
        assert_eq!(world.call("GET", "/orgs/acme/teams/sre", &Value::Null).0, status, "{login}");
    }
    world.use_token(Token::fine_grained("root", &[("actions", Level::Read)]));
    assert_eq!(world.call("GET", "/orgs/acme/teams/sre", &Value::Null).0, 403);
}

#[test]
fn the_plan_shows_only_to_owners_whose_token_may_see_it() {
    let mut world = World::new();
    assert_eq!(world.get("/orgs/acme")["plan"]["name"], "enterprise");
    for (login, scopes) in [("root", &["repo"][..]), ("alice", &["repo", "admin:org"])] {
        world.use_token(Token::classic(login, scopes));
        assert!(world.get("/orgs/acme").get("plan").is_none(), "{login}");
    }
}

#[test]
fn permissions_are_computed_over_all_grants() {
    let mut world = World::new();
    world.repo().collaborators.insert("carol".to_owned(), Permission::Triage);
    for (login, permission, role) in [
        ("alice", "write", "write"),
        ("bob", "write", "write"),
        ("carol", "read", "triage"),
        ("root", "admin", "admin"),
        ("robot%5Bbot%5D", "none", "none"),
    ] {
        let found = world.get(&format!("/repos/acme/shop/collaborators/{login}/permission"));
        assert_eq!((found["permission"].as_str(), found["role_name"].as_str()), (Some(permission), Some(role)), "{login}");
    }
    assert_eq!(world.call("GET", "/repos/acme/shop/collaborators/nobody/permission", &Value::Null).0, 404);
}

#[test]
fn the_repository_says_who_the_caller_is() {
    let mut world = World::new();
    let repo = world.get("/repos/Acme/SHOP");
    assert_eq!(repo["full_name"], "acme/shop");
    assert_eq!(
        (&repo["visibility"], &repo["owner"]["type"], &repo["permissions"]["admin"]),
        (&json!("private"), &json!("Organization"), &json!(true))
    );
    world.use_token(Token::classic("bob", &["repo"]));
    assert_eq!(
        world.get("/repos/acme/shop")["permissions"],
        json!({"admin": false, "maintain": false, "push": true, "triage": true, "pull": true})
    );
}

#[test]
fn a_renamed_repository_answers_301_and_lives_on_by_its_id() {
    let mut world = World::new();
    world.put(&json!({}));
    world.repo().rename(RepoName::parse("acme/store").unwrap());
    let moved = world.raw("GET", ENV, b"", &[]);
    assert_eq!((moved.status, moved.header("location")), (301, Some("http://sandbox.invalid/repositories/1296/environments/production")));
    assert_eq!(world.raw("PUT", ENV, b"{}", &[]).status, 307);
    assert_eq!(world.get("/repositories/1296/environments/production")["name"], "production");
    assert_eq!(world.get("/repositories/1296")["full_name"], "acme/store");
    world.use_token(Token::classic("carol", &["repo"]));
    assert_eq!(world.raw("GET", ENV, b"", &[]).status, 404, "what one cannot see has not moved");
}

#[test]
fn private_repositories_are_hidden_and_archived_ones_read_only() {
    let mut world = World::new();
    world.repo().archived = true;
    assert_eq!(world.verdict("PUT", ENV, &json!({})), (403, "Repository was archived so is read-only.".to_owned()));
    for token in [
        Token::classic("carol", &["repo"]),
        Token::classic("alice", &["read:org"]),
        Token::fine_grained("carol", &[("administration", Level::Write)]),
    ] {
        world.use_token(token);
        assert_eq!(world.call("GET", "/repos/acme/shop", &Value::Null).0, 404);
        assert_eq!(world.call("PUT", ENV, &json!({})).0, 404);
    }
}

#[test]
fn writing_environments_takes_an_admin_and_the_administration_permission() {
    let mut world = World::new();
    world.use_token(Token::classic("alice", &["repo"]));
    assert_eq!(world.verdict("PUT", ENV, &json!({})), (403, "Must have admin rights to Repository.".to_owned()));
    world.state.switches.non_admin_write = NonAdminWrite::NotFound;
    assert_eq!(world.verdict("PUT", ENV, &json!({})).0, 404);
    world.state.switches = Switches::default();
    let areas = [("environments", Level::Write), ("actions", Level::Read)];
    for (token, message) in [
        (Token::fine_grained("root", &areas), "Resource not accessible by personal access token"),
        (Token::installation("robot[bot]", &areas), "Resource not accessible by integration"),
    ] {
        world.use_token(token);
        let refused = world.raw("PUT", ENV, b"{}", &[]);
        assert_eq!((refused.status, refused.header("x-accepted-github-permissions")), (403, Some("administration=write")));
        assert!(String::from_utf8_lossy(&refused.body).contains(message));
        world.get("/repos/acme/shop/environments");
    }
    world.use_token(Token::installation("robot[bot]", &[("administration", Level::Write)]));
    world.put(&json!({}));
    let hidden = world.raw("GET", &format!("{ENV}/variables"), b"", &[]);
    assert_eq!((hidden.status, hidden.header("x-accepted-github-permissions")), (403, Some("environments=read")));
}

#[test]
fn a_classic_token_without_the_scope_writes_nothing() {
    let mut world = World::new();
    world.repo().visibility = Visibility::Public;
    for (scopes, status) in [(&["read:org"][..], 403), (&["public_repo"], 200), (&["repo"], 200)] {
        world.use_token(Token::classic("root", scopes));
        assert_eq!(world.call("PUT", ENV, &json!({})).0, status, "{scopes:?}");
        assert_eq!(world.call("GET", "/repos/acme/shop/environments", &Value::Null).0, 200, "{scopes:?}");
    }
}

#[test]
fn without_a_known_token_or_a_user_agent_nothing_is_answered() {
    let mut world = World::new();
    assert_eq!(world.raw("GET", "/repos/acme/shop", b"", &[("authorization", "")]).status, 401);
    assert_eq!(world.raw("GET", "/repos/acme/shop", b"", &[("authorization", "Basic x")]).status, 401);
    assert_eq!(world.raw("GET", "/repos/acme/shop", b"", &[("user-agent", "")]).status, 403);
    world.state.github.tokens.insert("other".to_owned(), Token::classic("root", &["repo"]));
    assert_eq!(world.verdict("GET", "/repos/acme/shop", &Value::Null), (401, "Bad credentials".to_owned()));
    assert_eq!(world.raw("GET", "/repos/acme/shop", b"", &[("authorization", "token other")]).header("x-oauth-scopes"), Some("repo"));
}

#[test]
fn a_known_etag_is_a_304_that_costs_nothing() {
    let mut world = World::new();
    world.put(&json!({}));
    let first = world.raw("GET", ENV, b"", &[]);
    let tag = first.header("etag").unwrap().to_owned();
    let used = world.state.github.used;
    let known = world.raw("GET", ENV, b"", &[("if-none-match", &tag)]);
    assert_eq!((known.status, known.body.len(), world.state.github.used), (304, 0, used));
    world.put(&json!({"wait_timer": 1}));
    assert_eq!(world.raw("GET", ENV, b"", &[("if-none-match", &tag)]).status, 200);
    assert_eq!(world.raw("GET", ENV, b"", &[("if-none-match", &tag), ("authorization", "token other")]).status, 200);
}

#[test]
fn requests_are_counted_until_none_is_left() {
    let mut world = World::new();
    world.state.github.used = 4999;
    assert_eq!(world.raw("GET", "/user", b"", &[]).header("x-ratelimit-remaining"), Some("0"));
    let limited = world.raw("GET", "/user", b"", &[]);
    assert_eq!((limited.status, limited.header("x-ratelimit-remaining")), (403, Some("0")));
    assert_eq!(world.get("/rate_limit")["rate"]["remaining"], 0);
    assert!(limited.header("x-github-request-id").is_some());

    // Each answer of an hour names the same end, and then another hour begins.
    let resets = world.state.github.resets.unwrap();
    assert_eq!(limited.header("x-ratelimit-reset"), Some(resets.to_string().as_str()));
    world.state.github.resets = Some(resets - 10);
    assert_eq!(world.raw("GET", "/user", b"", &[]).header("x-ratelimit-reset"), Some((resets - 10).to_string().as_str()));
    world.state.github.resets = Some(1);
    let another = world.raw("GET", "/user", b"", &[]);
    assert_eq!((another.status, another.header("x-ratelimit-used")), (200, Some("1")));
}

#[test]
fn protected_branches_come_from_protection_and_by_the_switch_from_rulesets() {
    let mut world = World::new();
    world.repo().branches.push(Branch { name: "next".to_owned(), protected: false });
    world.repo().rulesets.push(Ruleset {
        id: 5,
        name: "all".to_owned(),
        target: RefType::Branch,
        active: true,
        covers: std::iter::once("next".to_owned()).collect(),
        rules: std::iter::once("deletion".to_owned()).collect(),
    });
    let protected = |world: &mut World| world.get("/repos/acme/shop/branches?protected=true").as_array().unwrap().len();
    assert_eq!(protected(&mut world), 1);
    assert_eq!(world.get("/repos/acme/shop/branches").as_array().unwrap().len(), 2);
    assert_eq!(world.get("/repos/acme/shop/rulesets?includes_parents=true&targets=branch,tag")[0]["name"], "all");
    assert_eq!(world.get("/repos/acme/shop/rulesets?targets=tag"), json!([]));
    assert_eq!(world.get("/repos/acme/shop/rules/branches/next")[0]["ruleset_id"], 5);
    assert_eq!(world.get("/repos/acme/shop/rules/branches/gone%2Fbranch"), json!([]));
    world.state.switches.rulesets = Rulesets::Protect;
    assert_eq!(protected(&mut world), 2);
    let mut world = world.on(Plan::Free);
    assert_eq!(
        world.verdict("GET", "/repos/acme/shop/rulesets", &Value::Null).1,
        "Upgrade to GitHub Pro or make this repository public to enable this feature."
    );
}

#[test]
fn files_are_served_as_json_raw_and_listed() {
    let mut world = World::new();
    let text = "on: push\njobs: {}\n# \u{e9}";
    world.repo().files.insert(".github/workflows/deploy.yml".to_owned(), text.to_owned());
    world.repo().files.insert("README.md".to_owned(), String::new());
    let all = world.get("/repos/acme/shop/contents/.github/workflows");
    assert_eq!((&all[0]["name"], &all[0]["type"]), (&json!("deploy.yml"), &json!("file")));
    assert_eq!(world.get("/repos/acme/shop/contents")[0]["type"], "dir");
    let file = world.get("/repos/acme/shop/contents/.github/workflows/deploy.yml");
    assert_eq!(file["content"].as_str().unwrap().replace('\n', ""), "b246IHB1c2gKam9iczoge30KIyDDqQ==");
    assert_eq!(world.call("GET", "/repos/acme/shop/contents/.github/none", &Value::Null).0, 404);
    let paths: Vec<String> = world.get("/repos/acme/shop/git/trees/main?recursive=1")["tree"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["path"].to_string())
        .collect();
    assert_eq!(paths, ["\".github\"", "\".github/workflows\"", "\".github/workflows/deploy.yml\"", "\"README.md\""]);
    world.repo().files.insert("docs/a b#1.md".to_owned(), String::new());
    let odd = world.get("/repos/acme/shop/contents/docs/a%20b%231.md");
    assert_eq!(odd["path"], "docs/a b#1.md");
    for key in ["url", "html_url", "download_url"] {
        assert!(odd[key].as_str().unwrap().contains("docs/a%20b%231.md"), "{key}: {}", odd[key]);
    }
    world.accept = "application/vnd.github.raw+json".to_owned();
    assert_eq!(world.raw("GET", "/repos/acme/shop/contents/.github/workflows/deploy.yml", b"", &[]).body, text.as_bytes());
}

#[test]
fn secrets_of_wider_scopes_are_listed_by_name() {
    let mut world = World::new();
    let now = world.state.now.0;
    world.repo().secrets.insert("WIDE".to_owned(), Secret { created_at: now, updated_at: now });
    world.repo().organization_secrets.insert("WIDER".to_owned(), Secret { created_at: now, updated_at: now });
    assert_eq!(world.get("/repos/acme/shop/actions/secrets")["secrets"][0]["name"], "WIDE");
    assert_eq!(world.get("/repos/acme/shop/actions/organization-secrets")["secrets"][0]["name"], "WIDER");
}
