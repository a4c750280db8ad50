//! A saved plan against a world that moved, one that cannot be read, and a gate.toml that was edited.

use gatectl::sandbox::{Api, BranchPattern, Fault, PolicyMode, RefType, Response, Scenario};

use super::served::Served;

const TOML: &str = r#"
version = 1
[github]
repository = "acme/shop"
[environments.production]
reviewers = [{ user = "alice", id = 501 }]
deployment_branch_policy = { branches = ["main"] }
[environments.staging]
wait_timer = 5
[heroku.config.shop-prod]
TIER = "prod"
[freeze]
heroku_app = "shop-prod"
environments = ["production"]
"#;
const APPLY: [&str; 3] = ["apply", "gate.plan", "--auto-approve"];

/// A world in which everything has to be written, and the plan of it.
fn planned() -> Served {
    let world = Served::rehearsal(Scenario::NoRules, TOML);
    world.sandbox.with(|state| {
        state.heroku.apps.get_mut("shop-prod").unwrap().config.remove("TIER");
        let production = state.repo("acme/shop").unwrap().environment_mut("production").unwrap();
        let pattern = |id, name: &str| BranchPattern { id, name: name.to_owned(), kind: RefType::Branch };
        (production.policy, production.patterns) = (Some(PolicyMode::Custom), vec![pattern(1, "main"), pattern(2, "dev")]);
    });
    let saved = world.run(&["plan", "--out", "gate.plan"]);
    assert_eq!(saved.code, Some(0), "{}", saved.stderr);
    world
}

fn writes(world: &Served) -> usize {
    world.sandbox.with(|state| state.log.write_requests().count())
}

#[test]
fn a_claim_names_the_environments_it_is_about_also_if_the_plan_was_saved() {
    let world = planned();
    let only = ["plan", "--environment", "production", "--out", "part.plan"];
    assert_eq!(world.run(&only).code, Some(0));
    let claim = "live state of production matches gate.toml";
    for args in [&["apply", "part.plan", "--auto-approve"][..], &["plan", "--environment", "production"]] {
        let ran = world.run(args);
        let said = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(ran.code == Some(0) && said.contains(claim), "{args:?}: {} {}", ran.stdout, ran.stderr);
    }
    let json = world.run(&["plan", "--environment", "production", "--format", "json"]).stdout;
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["limited_to"], serde_json::json!(["production"]));
}

#[test]
fn what_cannot_be_read_has_not_moved_and_the_plan_stays_good() {
    let forbidden = Response::github_error(403, "Resource not accessible by personal access token");
    let unwell = Response::heroku_error(503, "service_unavailable", "Heroku is unwell.");
    let list = "/repos/acme/shop/environments";
    let cases = [
        (Fault::before(Response::bad_credentials()).api(Api::GitHub), 4, "401", "GH_TOKEN"),
        (Fault::before(forbidden.with("x-accepted-github-permissions", "actions=read")).path(list), 4, "403", "Actions: read"),
        (Fault::before(Response::html(502, "<h1>Bad Gateway</h1>")).path(list), 1, "502", "run again"),
        (Fault::before(Response::github_error(404, "Not Found")).path("/repos/acme/shop"), 1, "404", "hint: "),
        (Fault::before(Response::github_error(404, "Not Found")).path("*/deployment-branch-policies"), 1, "404", "hint: "),
        (Fault::before(Response::primary_limit(403, 3600)).api(Api::GitHub), 1, "try again after", "--timeout"),
        (Fault::before(unwell).api(Api::Heroku), 1, "503", "run again"),
        (Fault::before(Response::heroku_error(401, "unauthorized", "Invalid credentials")).api(Api::Heroku), 4, "401", "HEROKU_API_KEY"),
    ];
    for (fault, code, reason, hint) in cases {
        let world = planned();
        world.sandbox.with(|state| state.faults.push(fault.clone()));
        let unread = world.run(&APPLY);
        assert_eq!(unread.code, Some(code), "{fault:?}: {}{}", unread.stdout, unread.stderr);
        for words in [reason, hint, "nothing was written", "the plan is still good", "gatectl apply gate.plan"] {
            assert!(unread.stderr.contains(words), "{fault:?}, {words}: {}", unread.stderr);
        }
        assert!(!unread.stderr.contains("moved") && !unread.stderr.contains("stale"), "{fault:?}: {}", unread.stderr);
        assert_eq!(writes(&world), 0, "{fault:?}");
        world.sandbox.with(|state| state.faults.clear());
        assert_eq!(world.run(&APPLY).code, Some(0), "{fault:?}");
    }
}

#[test]
fn what_moved_is_named_beside_what_cannot_be_read() {
    let world = planned();
    world.sandbox.with(|state| {
        state.repo("acme/shop").unwrap().environment_mut("staging").unwrap().wait_timer = 7;
        state.faults.push(Fault::before(Response::heroku_error(503, "service_unavailable", "Heroku is unwell.")).api(Api::Heroku));
    });
    let both = world.run(&APPLY);
    assert_eq!(both.code, Some(5), "{}", both.stderr);
    for words in
        ["environments/staging (wait_timer was 5, is 7)", "could not be read: heroku/shop-prod/config/TIER", "503", "reviewed again"]
    {
        assert!(both.stderr.replace("\n    ", " ").contains(words), "{words}: {}", both.stderr);
    }
    assert!(!both.stderr.contains("environments/production"), "{}", both.stderr);
    assert_eq!(writes(&world), 0);
}

#[test]
fn what_was_unknown_when_the_plan_was_made_and_is_known_now_was_not_reviewed() {
    let world = planned();
    world.sandbox.with(|state| state.faults.push(Fault::before(Response::bad_credentials()).api(Api::Heroku)));
    assert_eq!(world.run(&["plan", "--out", "gate.plan"]).code, Some(4));
    world.sandbox.with(|state| state.faults.clear());
    let known = world.run(&APPLY);
    assert_eq!(known.code, Some(5), "{}", known.stderr);
    let said = known.stderr.replace("\n    ", " ");
    assert!(said.contains("heroku/shop-prod/config/TIER could not be read when the plan was made"), "{said}");
}

#[test]
fn what_gate_toml_declares_otherwise_is_named() {
    let world = planned();
    let edited = |from: &str, to: &str| {
        std::fs::write(world.dir.path().join("gate.toml"), TOML.replace(from, to)).unwrap();
        let stale = world.run(&APPLY);
        assert_eq!(stale.code, Some(5), "{}", stale.stderr);
        assert!(!stale.stderr.contains("the live state moved"), "{}", stale.stderr);
        stale.stderr.replace("\n    ", " ")
    };
    let changed = edited("[\"main\"]", "[\"dev\"]");
    assert!(changed.contains("github/acme/shop/environments/production is declared differently"), "{changed}");
    assert!(!changed.contains("staging") && !changed.contains("heroku"), "{changed}");
    let renamed = edited("staging", "preview");
    assert!(renamed.contains("environments/preview is new in it") && renamed.contains("environments/staging is gone from it"), "{renamed}");
    let var = edited("\"prod\"", "\"production\"");
    assert!(
        var.contains("gate.toml no longer declares what it was made from: heroku/shop-prod/config/TIER is declared differently"),
        "{var}"
    );
    let freeze = edited("[\"production\"]", "[\"production\", \"staging\"]");
    assert!(freeze.contains("heroku/shop-prod/freeze is declared differently"), "{freeze}");
    assert_eq!(writes(&world), 0);

    std::fs::write(world.dir.path().join("gate.toml"), format!("# a comment\n{TOML}")).unwrap();
    assert_eq!(world.run(&APPLY).code, Some(0), "comments do not count");
}

#[test]
fn a_plan_of_another_format_is_refused_and_so_is_what_plan_prints() {
    let world = planned();
    let path = world.dir.path().join("gate.plan");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"format_version\": \"3.0\"", "\"format_version\": \"1.0\"")).unwrap();
    let older = world.run(&APPLY);
    assert_eq!(older.code, Some(1));
    assert!(
        older.stderr.contains("has plan format \"1.0\"; this gatectl reads \"3.0\"") && older.stderr.contains("plan --out"),
        "{}",
        older.stderr
    );

    std::fs::write(&path, world.run(&["plan", "--format", "json"]).stdout).unwrap();
    let printed = world.run(&APPLY);
    assert_eq!(printed.code, Some(1));
    assert!(printed.stderr.contains("is not a saved plan"), "{}", printed.stderr);
}
