//! Config vars, releases, tokens.

use super::*;

const VARS: &str = "/apps/shop-prod/config-vars";

fn world() -> World {
    let mut world = World::new();
    world.accept = "application/vnd.heroku+json; version=3".to_owned();
    let now = world.state.now.0;
    let config = [("A", "1"), ("SECRET", "s")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    world
        .state
        .heroku
        .apps
        .insert("shop-prod".to_owned(), HerokuApp::new("shop-prod", "owner@example.com", config.into_iter().collect(), now));
    world
}

#[test]
fn a_patch_merges_null_deletes_and_the_whole_map_comes_back() {
    let mut world = world();
    let (status, all) = world.call("PATCH", VARS, &json!({"B": "2", "A": null}));
    assert_eq!((status, &all), (200, &json!({"B": "2", "SECRET": "s"})));
    assert_eq!(world.get(VARS), all);
}

#[test]
fn each_effective_patch_makes_one_release_that_names_keys_and_actor() {
    let mut world = world();
    world.call("PATCH", VARS, &json!({"A": "1", "NONE": null}));
    assert_eq!(world.state.heroku.apps["shop-prod"].releases.len(), 1, "nothing changed");
    world.call("PATCH", VARS, &json!({"A": "2", "B": "3", "SECRET": null}));
    let newest = world.get("/apps/shop-prod/releases/2");
    assert_eq!(newest["user"]["email"], "operator@example.com");
    assert_eq!(newest["description"], "Set A, B config vars, Remove SECRET config vars");
    assert_eq!(newest["current"], true);
    assert_eq!(world.get("/apps/shop-prod/releases/v1/config-vars"), json!({"A": "1", "SECRET": "s"}));
    assert_eq!(world.get("/apps/shop-prod/releases/2/config-vars"), json!({"A": "2", "B": "3"}));
    world.state.switches.release_wording = ReleaseWording::ConfigAdd;
    world.state.switches.same_config = SameConfig::Release;
    world.call("PATCH", VARS, &json!({"C": "2"}));
    assert_eq!(world.get("/apps/shop-prod/releases/3")["description"], "Config add C");
    world.call("PATCH", VARS, &json!({"C": "2"}));
    assert_eq!(world.state.heroku.apps["shop-prod"].releases.len(), 4);
}

#[test]
fn a_route_that_is_not_emulated_says_so() {
    let mut world = world();
    for path in ["/apps", "/apps/shop-prod/dynos", "/pipelines"] {
        let (status, body) = world.call("GET", path, &Value::Null);
        assert_eq!((status, &body["message"]), (501, &json!(format!("gatectl's emulator does not serve GET {path}."))));
    }
}

#[test]
fn a_refused_patch_changes_nothing() {
    let mut world = world();
    for body in [json!({"A": "9", "B-C": "1"}), json!({"A": "9", "HEROKU_X": "1"}), json!({"A": 9}), json!({"A": "9", "": "1"})] {
        let (status, error) = world.call("PATCH", VARS, &body);
        assert_eq!((status, &error["id"]), (422, &json!("invalid_params")), "{body}");
    }
    assert_eq!(world.raw("PATCH", VARS, b"nonsense", &[]).status, 400);
    assert_eq!(world.get(VARS)["A"], "1");
}

#[test]
fn releases_come_in_ranges() {
    let mut world = world();
    for place in 0..4 {
        world.call("PATCH", VARS, &json!({"A": format!("v{place}")}));
    }
    let page = |world: &mut World, range: &str| {
        let response = world.raw("GET", "/apps/shop-prod/releases", b"", &[("range", range)]);
        let body: Value = serde_json::from_slice(&response.body).unwrap();
        let versions: Vec<u64> = body.as_array().into_iter().flatten().map(|release| release["version"].as_u64().unwrap()).collect();
        (response.status, versions, response.header("next-range").map(str::to_owned))
    };
    let next = |text: &str| Some(text.to_owned());
    assert_eq!(page(&mut world, "version ..; order=desc,max=1"), (206, vec![5], next("version ]5..; order=desc,max=1")));
    assert_eq!(page(&mut world, "version ]5..; order=desc,max=3"), (206, vec![4, 3, 2], next("version ]2..; order=desc,max=3")));
    assert_eq!(page(&mut world, "version ]2..; order=desc,max=3"), (200, vec![1], None));
    assert_eq!(page(&mut world, ""), (200, vec![1, 2, 3, 4, 5], None));
    assert_eq!(page(&mut world, "color ..").0, 416);
    assert_eq!(page(&mut world, "version ..; max=0").0, 416);
}

#[test]
fn a_rollback_restores_old_config_vars() {
    let mut world = world();
    world.call("PATCH", VARS, &json!({"DEPLOY_FREEZE": "true"}));
    let first = world.get("/apps/shop-prod/releases/1");
    assert_eq!(world.call("POST", "/apps/shop-prod/releases", &json!({"release": first["id"]})).0, 201);
    assert!(world.get(VARS).get("DEPLOY_FREEZE").is_none());
    assert_eq!(world.get("/apps/shop-prod/releases/3")["description"], "Rollback to v1");
}

#[test]
fn tokens_need_the_scope_of_what_they_ask() {
    let mut world = world();
    for (scope, statuses) in [
        ("read", [403, 403, 200]),
        ("read-protected", [200, 403, 200]),
        ("write-protected", [200, 200, 200]),
        ("identity", [403, 403, 403]),
    ] {
        let scopes = std::iter::once(scope.to_owned()).collect();
        world.state.heroku.tokens.insert("named".to_owned(), HerokuToken { email: "ci@example.com".to_owned(), scopes });
        world.token = "named".to_owned();
        let got = [
            world.call("GET", VARS, &Value::Null).0,
            world.call("PATCH", VARS, &json!({"A": scope})).0,
            world.call("GET", "/apps/shop-prod", &Value::Null).0,
        ];
        assert_eq!(got, statuses, "{scope}");
    }
    world.token = "unknown".to_owned();
    assert_eq!(world.call("GET", VARS, &Value::Null).1["id"], "unauthorized");
    assert_eq!(world.raw("GET", VARS, b"", &[("authorization", "")]).status, 401);
}

#[test]
fn every_answer_carries_the_request_id_and_what_is_left() {
    let mut world = world();
    let answer = world.raw("GET", VARS, b"", &[("request-id", "abc-1")]);
    assert_eq!((answer.header("request-id"), answer.header("ratelimit-remaining")), (Some("abc-1"), Some("4499")));
    let tag = answer.header("etag").unwrap().to_owned();
    assert_eq!(world.raw("GET", VARS, b"", &[("if-none-match", &tag)]).status, 304);
    assert_eq!(world.get("/account/rate-limits")["remaining"], 4498, "asking for it is free");
    assert_eq!(world.get("/account")["email"], "operator@example.com");
    assert_eq!(world.raw("GET", VARS, b"", &[("accept", "application/json")]).status, 406);
    assert_eq!(world.call("GET", "/apps/none", &Value::Null).1["id"], "not_found");
    assert_eq!(world.get("/apps/shop-prod/pipeline-couplings")["stage"], "production");
    assert_eq!(world.get("/apps/shop-prod")["generation"]["name"], "cedar");
    world.state.heroku.remaining = 0;
    let (status, error) = world.call("GET", VARS, &Value::Null);
    assert_eq!((status, &error["id"]), (429, &json!("rate_limit")));
}
