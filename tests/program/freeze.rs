//! The freeze from a bare machine: the binary, an app's name and a token.

use gatectl::model::RepoName;
use gatectl::sandbox::{Effect, Fault, HerokuApp, HerokuToken, Response, Sandbox, Scenario, Setup, State};
use serde_json::Value;

use super::run::{KEY, Ran, TOKEN, assert_valid, command, with_canaries};
use super::served::Served;

const GATE: &str = r#"
version = 1
[environments.production]
reviewers = [{ user = "alice", id = 501 }]
[environments.staging]
[freeze]
heroku_app = "shop-prod"
environments = ["production"]
"#;

/// An emulated Heroku, and a directory without any file.
struct World {
    sandbox: Sandbox,
    dir: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let mut state = State::default();
        state.now.0 = jiff::Timestamp::now();
        let app = HerokuApp::new("shop-prod", "owner@example.com", std::iter::empty().collect(), state.now.0);
        state.heroku.apps.insert("shop-prod".to_owned(), app);
        Self { sandbox: Sandbox::start(with_canaries(state)).await.unwrap(), dir: tempfile::tempdir().unwrap() }
    }

    /// GitHub as well, broken in this way, and a gate.toml that is about both.
    async fn rehearsal(scenario: Scenario, text: &str) -> Self {
        let config = gatectl::config::parse("gate.toml", text).unwrap();
        let desired = &config.desired;
        let setup = Setup::new(RepoName::parse("acme/shop").unwrap(), &desired.github, &desired.heroku);
        let setup = setup.with_freeze(desired.freeze.as_ref().unwrap()).in_real_time();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("gate.toml"), text).unwrap();
        Self { sandbox: Sandbox::start(with_canaries(State::rehearsal(scenario, &setup))).await.unwrap(), dir }
    }

    /// Runs a command that asks GitHub too.
    async fn both(&self, args: &[&str]) -> Ran {
        self.run_with(args, &[("GITHUB_API_URL", self.sandbox.github_url()), ("GH_TOKEN", TOKEN), ("GITHUB_REPOSITORY", "acme/shop")]).await
    }

    async fn with_file(text: &str) -> Self {
        let world = Self::new().await;
        std::fs::write(world.dir.path().join("gate.toml"), text).unwrap();
        world
    }

    async fn run_with(&self, args: &[&str], vars: &[(&str, &str)]) -> Ran {
        let mut all = vec![("HEROKU_HOST", self.sandbox.heroku_url()), ("HEROKU_API_KEY", KEY), ("NO_PROXY", "*")];
        all.extend(vars);
        let mut child = tokio::process::Command::from(command(self.dir.path(), args, &all));
        Ran::new(args, child.output().await.unwrap())
    }

    async fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, &[]).await
    }

    fn calls(&self) -> Vec<String> {
        self.sandbox.with(|state| state.log.calls())
    }

    fn var(&self, key: &str) -> Option<String> {
        self.sandbox.with(|state| state.heroku.apps["shop-prod"].config.get(key).cloned())
    }

    fn fault(&self, fault: Fault) {
        self.sandbox.with(|state| state.faults.push(fault));
    }
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr))
}

const ON: &[&str] = &["freeze", "on", "--app", "shop-prod", "--reason", "INC-12: database", "--emergency"];

#[tokio::test]
async fn a_freeze_in_an_emergency_needs_an_app_and_a_token_and_nothing_else() {
    let world = World::new().await;
    let on = world.run(ON).await;
    assert_eq!(on.code, Some(0), "{}", on.stderr);
    for told in ["FROZEN", "since", "operator@example.com", "INC-12: database", "gatectl freeze off --app shop-prod --id"] {
        assert!(on.stdout.contains(told), "{told}: {}", on.stdout);
    }
    assert_eq!(world.var("DEPLOY_FREEZE").as_deref(), Some("true"), "readers that know only the flag");
    let mut calls = world.calls();
    calls[..2].sort();
    let vars = "/apps/shop-prod/config-vars";
    assert_eq!(calls, ["GET /account".to_owned(), format!("GET {vars}"), format!("PATCH {vars}"), format!("GET {vars}")]);

    let again = world.run(ON).await;
    assert_eq!(again.code, Some(1));
    for told in ["already frozen by operator@example.com since", "--replace"] {
        assert!(again.stderr.contains(told), "{told}: {}", again.stderr);
    }
    let longer = world.run(&[ON, &["--replace"]].concat()).await;
    assert_eq!(longer.code, Some(0), "{}", longer.stderr);
}

#[tokio::test]
async fn a_broken_file_does_not_hold_up_a_freeze() {
    let world = World::with_file("version = 1\n[freeze\n").await;
    let without = world.run(&["freeze", "on", "--reason", "x"]).await;
    assert_eq!(without.code, Some(1));
    assert!(without.stderr.contains("--app NAME"), "{}", without.stderr);
    let on = world.run(ON).await;
    assert_eq!(on.code, Some(0), "{}", on.stderr);
    assert!(on.stderr.contains("gate.toml cannot be read") && on.stderr.contains("DEPLOY_FREEZE"), "{}", on.stderr);
    let check = world.run(&["freeze", "check", "--app", "shop-prod", "--environment", "production"]).await;
    assert_eq!(check.code, Some(8), "it may declare a window: {}", check.stdout);
}

#[tokio::test]
async fn a_check_answers_by_its_exit_code() {
    let world = World::with_file(GATE).await;
    let check = ["freeze", "check", "--environment", "production"];
    assert_eq!(world.run(&check).await.code, Some(0));
    assert_eq!(world.run(ON).await.code, Some(0));
    assert_eq!(world.run(&check).await.code, Some(7));
    assert_eq!(world.run(&["freeze", "check"]).await.code, Some(7), "all environments of the freeze");
    assert_eq!(world.run(&["freeze", "override", "--for", "1h", "--reason", "hotfix"]).await.code, Some(0));
    assert_eq!(world.run(&check).await.code, Some(0));
    assert_eq!(world.run(&["freeze", "override", "--revoke"]).await.code, Some(0));
    assert_eq!(world.run(&check).await.code, Some(7));
    let json_check = json(&world.run(&["freeze", "check", "--format", "json"]).await);
    assert_eq!((&json_check["verdict"], &json_check["environments"][0]["why"]), (&"frozen".into(), &"emergency".into()));
    world.fault(Fault::before(Response::heroku_error(403, "forbidden", "no")));
    let refused = world.run(&check).await;
    assert_eq!(refused.code, Some(8));
    assert!(refused.stdout.contains("read-protected"), "{}", refused.stdout);
}

#[tokio::test]
async fn environments_outside_the_freeze_are_open_without_a_request() {
    let world = World::with_file(GATE).await;
    for name in ["staging", "preview"] {
        let ran = world.run_with(&["freeze", "check", "--environment", name], &[("HEROKU_API_KEY", "")]).await;
        assert_eq!(ran.code, Some(0), "{name}: {}{}", ran.stdout, ran.stderr);
    }
    assert_eq!(world.calls(), Vec::<String>::new());
    for misspelled in ["prodution", "prod", "Production-"] {
        assert_eq!(world.run(&["freeze", "check", "--environment", misspelled]).await.code, Some(8), "{misspelled}");
    }
}

#[tokio::test]
async fn in_actions_the_refusal_is_an_annotation_and_in_the_summary() {
    let world = World::with_file(GATE).await;
    assert_eq!(world.run(ON).await.code, Some(0));
    let summary = world.dir.path().join("summary");
    let vars = [("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", summary.to_str().unwrap())];
    let ran = world.run_with(&["freeze", "check", "--environment", "production"], &vars).await;
    assert_eq!(ran.code, Some(7));
    assert!(ran.stdout.contains("::error ") && ran.stdout.contains("INC-12"), "{}", ran.stdout);
    assert!(std::fs::read_to_string(summary).unwrap().contains("INC-12"));
}

#[tokio::test]
async fn a_store_that_never_answers_is_closed_within_ten_seconds() {
    let world = World::with_file(GATE).await;
    world.fault(Fault::new(Effect::Hang));
    let check = world.run(&["freeze", "check", "--environment", "production", "--timeout", "10m"]);
    let ran = tokio::time::timeout(std::time::Duration::from_secs(10), check).await.expect("bounded");
    assert_eq!(ran.code, Some(8), "{}", ran.stdout);
    world.sandbox.with(|state| state.faults.clear());
    std::fs::write(world.dir.path().join("gate.toml"), format!("{GATE}on_unreachable = \"open\"\n")).unwrap();
    world.fault(Fault::before(Response::html(503, "down")));
    let open = world.run(&["freeze", "check", "--environment", "production"]).await;
    assert_eq!(open.code, Some(0));
    assert!(open.stdout.contains("on_unreachable"), "loudly: {}", open.stdout);
}

#[tokio::test]
async fn a_colleagues_freeze_is_not_lifted_by_mistake() {
    let world = World::with_file(GATE).await;
    let own = json(&world.run(&[ON, &["--format", "json"]].concat()).await);
    let colleague = [("GITHUB_ACTIONS", "true"), ("GITHUB_ACTOR", "ann")];
    let args = ["freeze", "on", "--replace", "--emergency", "--reason", "worse than thought", "--format", "json"];
    let theirs = json(&world.run_with(&args, &colleague).await);
    assert_ne!(own["freeze"]["id"], theirs["freeze"]["id"]);
    assert_eq!(theirs["freeze"]["by"], "gh:ann");

    let off = |more: &[&'static str]| [&["freeze", "off", "--reason", "over"], more].concat();
    assert_eq!(world.run(&off(&[])).await.code, Some(1), "there is no one to ask");
    let blind = world.run(&off(&["--auto-approve"])).await;
    assert_eq!(blind.code, Some(1));
    assert!(blind.stderr.contains("gh:ann") && blind.stderr.contains("--id"), "{}", blind.stderr);
    let id = own["freeze"]["id"].as_str().unwrap();
    let stale = world.run(&["freeze", "off", "--reason", "over", "--id", id, "--auto-approve"]).await;
    assert_eq!(stale.code, Some(1));
    assert!(stale.stderr.contains("not the one that --id names"), "{}", stale.stderr);
    assert_eq!(world.var("DEPLOY_FREEZE").as_deref(), Some("true"));

    let id = theirs["freeze"]["id"].as_str().unwrap();
    assert_eq!(world.run(&["freeze", "off", "--reason", "over", "--id", id, "--auto-approve"]).await.code, Some(0));
    assert_eq!(world.var("DEPLOY_FREEZE"), None);
    let nothing = world.run(&off(&["--format", "json"])).await;
    assert_eq!(nothing.code, Some(0), "not frozen is done: {}", nothing.stderr);
    assert!(json(&nothing)["warnings"][0].as_str().unwrap().contains("nothing was lifted"), "{}", nothing.stdout);
}

#[tokio::test]
async fn the_status_holds_the_claim_against_who_really_did_it() {
    let world = World::with_file(GATE).await;
    world.sandbox.with(|state| {
        let at = state.now.tick();
        let app = state.heroku.apps.get_mut("shop-prod").unwrap();
        app.set("mallory@example.com", &[("DEPLOY_FREEZE", Some("true")), ("DEPLOY_FREEZE_OVERRIDE", Some("1"))], at);
    });
    let bare = json(&world.run(&["freeze", "status", "--format", "json"]).await);
    assert_eq!(bare["audit"]["flag"]["user"], "mallory@example.com");
    assert_eq!(bare["override"]["state"], "invalid");
    assert_eq!(bare["environments"][0]["verdict"], "frozen", "an override without an owner opens nothing");
    let told = bare["warnings"].to_string() + &bare["audit"]["warnings"].to_string();
    assert!(told.contains("unattributed") && told.contains("without a record"), "{told}");

    world.sandbox.with(|state| {
        let at = state.now.tick();
        state.heroku.apps.get_mut("shop-prod").unwrap().rollback(1, "rob@example.com", at);
    });
    let rolled = world.run(&["freeze", "status"]).await;
    assert_eq!(rolled.code, Some(0));
    assert!(rolled.stdout.contains("rolled back to v1") && rolled.stdout.contains("rob@example.com"), "{}", rolled.stdout);
    let range = world.sandbox.with(|state| {
        let asked = state.log.exchanges.iter().find(|exchange| exchange.path.ends_with("/releases")).unwrap();
        asked.header("range").map(str::to_owned)
    });
    assert_eq!(range.as_deref(), Some("version ..; order=desc,max=200"));
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let world = World::new().await;
    let none = world.run_with(ON, &[("HEROKU_API_KEY", "")]).await;
    assert_eq!(none.code, Some(4));
    assert!(none.stderr.contains("HEROKU_API_KEY"), "{}", none.stderr);
    world.sandbox.with(|state| {
        let scopes = std::iter::once("read-protected".to_owned()).collect();
        state.heroku.tokens.insert(KEY.to_owned(), HerokuToken { email: "ci@example.com".to_owned(), scopes });
    });
    let weak = world.run(ON).await;
    assert_eq!(weak.code, Some(4));
    assert!(weak.stderr.contains("write-protected"), "{}", weak.stderr);
    assert!(world.run(&["freeze", "status", "--app", "shop-prod"]).await.stdout.contains("open"));
    assert_eq!(world.run(&["freeze", "on", "--app", "shop-prod"]).await.code, Some(64), "a reason is needed");
    assert_eq!(world.run(&["freeze", "on", "--app", "shop-prod", "--reason", "x", "--until", "soon"]).await.code, Some(64));
    let gone = world.run(&["freeze", "status", "--app", "no-such-app"]).await;
    assert_eq!(gone.code, Some(1));
}

#[tokio::test]
async fn a_warning_of_heroku_is_passed_on_once() {
    let world = World::new().await;
    let vars = Response::json(200, &serde_json::json!({})).with("x-heroku-warning", "the stack is old");
    world.fault(Fault::before(vars).method("GET").path("*/config-vars"));
    world.fault(Fault::before(Response::json(200, &serde_json::json!([])).with("x-heroku-warning", "the stack is old")).path("*/releases"));
    let ran = world.run(&["freeze", "status", "--app", "shop-prod"]).await;
    assert_eq!(ran.stderr.matches("the stack is old").count(), 1, "{}", ran.stderr);
}

#[tokio::test]
async fn a_frozen_gate_is_weakened_only_on_purpose() {
    let world = World::rehearsal(Scenario::WrongReviewer, GATE).await;
    assert_eq!(world.run(ON).await.code, Some(0));
    let writes = || world.calls().iter().filter(|call| !call.starts_with("GET")).count();
    let before = writes();
    let apply = ["apply", "--auto-approve", "--allow-weaken"];
    let refused = world.both(&apply).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("INC-12") && refused.stderr.contains("--while-frozen"), "{}", refused.stderr);
    world.fault(Fault::before(Response::heroku_error(403, "forbidden", "no")).path("/apps/*"));
    let unknown = world.both(&apply).await;
    assert!(unknown.stderr.contains("is unknown"), "{}", unknown.stderr);
    world.sandbox.with(|state| state.faults.clear());
    assert_eq!(writes(), before, "nothing was written");
    assert_eq!(world.both(&[&apply[..], &["--while-frozen"]].concat()).await.code, Some(0));
    assert_eq!(world.var("DEPLOY_FREEZE").as_deref(), Some("true"), "and the freeze stays");
}

#[tokio::test]
async fn a_saved_plan_carries_the_freeze() {
    let world = World::rehearsal(Scenario::NoRules, &format!("{GATE}frozen = true\n")).await;
    world.sandbox.with(|state| state.heroku.apps.get_mut("shop-prod").unwrap().config.remove("DEPLOY_FREEZE"));
    assert_eq!(world.both(&["plan", "--out", "gate.plan"]).await.code, Some(0));
    assert_eq!(world.run(ON).await.code, Some(0));
    let stale = world.both(&["apply", "gate.plan", "--auto-approve"]).await;
    assert_eq!(stale.code, Some(5));
    assert!(stale.stderr.contains("heroku/shop-prod/freeze"), "{}", stale.stderr);
    let off = json(&world.run(&["freeze", "off", "--reason", "over", "--auto-approve", "--format", "json"]).await);
    assert_eq!(off["frozen"], false);
    assert_eq!(world.both(&["plan", "--out", "gate.plan"]).await.code, Some(0));
    let applied = world.both(&["apply", "gate.plan", "--auto-approve"]).await;
    assert_eq!(applied.code, Some(0), "who acts and when is not part of what was saved: {}{}", applied.stdout, applied.stderr);
    assert_eq!(world.var("DEPLOY_FREEZE").as_deref(), Some("true"));
}

#[tokio::test]
async fn an_interlocked_apply_tells_what_became_of_the_freeze() {
    let world = World::rehearsal(Scenario::MissingEnvironment, GATE).await;
    world.fault(Fault::before(Response::html(503, "down")).method("PUT"));
    let args = ["apply", "--interlock", "--auto-approve", "--format", "json"];
    let broken = world.both(&args).await;
    assert_eq!(broken.code, Some(1));
    let report = json(&broken);
    let freeze = report["outcomes"].as_array().unwrap().iter().find(|outcome| outcome["address"] == "heroku/shop-prod/freeze").unwrap();
    assert!(freeze["message"].as_str().unwrap().starts_with("FROZEN, and stays frozen"), "{freeze}");
    assert!(freeze["manual"]["steps"][1].as_str().unwrap().contains("freeze off --app shop-prod --id"), "{freeze}");
    assert_eq!(world.run(&["freeze", "check"]).await.code, Some(7));
    world.sandbox.with(|state| state.faults.clear());
    let fixed = world.both(&args).await;
    assert_eq!(fixed.code, Some(0), "{}{}", fixed.stdout, fixed.stderr);
    assert_eq!(world.run(&["freeze", "check"]).await.code, Some(7), "the freeze of the first run has no end: it is lifted by name");

    let uncovered =
        World::rehearsal(Scenario::NoRules, &GATE.replace("environments = [\"production\"]", "environments = [\"staging\"]")).await;
    let refused = uncovered.both(&args).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("covers"), "{}", refused.stderr);
}

#[tokio::test]
async fn output_follows_the_published_schemas() {
    let windows = "[[freeze.windows]]\nname = \"nights\"\nstart = \"0 22 * * *\"\nduration = \"8h\"\ntimezone = \"Europe/Berlin\"\n";
    let world = World::with_file(&format!("{GATE}{windows}")).await;
    let mut seen = Vec::new();
    for args in [
        &["status"][..],
        &["check"],
        &["on", "--reason", "r", "--ref", "INC-1", "--until", "2h"],
        &["check"],
        &["override", "--for", "1h", "--reason", "hotfix"],
        &["check"],
        &["check", "--environment", "prodution"],
        &["status", "--at", "2027-01-01T00:00:00Z"],
        &["off", "--reason", "over", "--auto-approve"],
        &["status", "--app", "no-such-app"],
    ] {
        let ran = world.run(&[&["freeze"], args, &["--format", "json"]].concat()).await;
        seen.push((args[0], json(&ran)));
    }
    std::fs::write(world.dir.path().join("gate.toml"), "nonsense").unwrap();
    seen.push(("check", json(&world.run(&["freeze", "check", "--format", "json"]).await)));
    for (verb, value) in seen {
        let name = if verb == "check" { "freeze-check" } else { "freeze" };
        assert_valid(&format!("docs/schemas/{name}.schema.json"), &value);
    }
}

#[test]
fn an_answer_that_is_no_config_vars_leaves_a_deploy_undetermined() {
    const TOML: &str = "version = 1\n[freeze]\nheroku_app = \"shop-prod\"\nenvironments = [\"production\"]\n";
    for (status, body) in [
        (200, r#"{"error":{"code":503,"message":"backend unavailable"}}"#),
        (200, r#"{"id":"service_unavailable","message":"try later"}"#),
        (200, r#"{"data":{"DEPLOY_FREEZE":"true"}}"#),
        (200, r#"{"DEPLOY_FREEZE":null}"#),
        (200, r#"{"DEPLOY_FREEZE":"true","DEPLOY_FREEZE":"0"}"#),
        (202, "{}"),
        (203, "{}"),
        (205, "{}"),
        (206, "{}"),
    ] {
        let world = Served::rehearsal(Scenario::Gated, TOML);
        let answer = Response { body: body.as_bytes().to_vec(), ..Response::json(status, &Value::Null) };
        world.sandbox.with(|state| state.faults.push(Fault::before(answer).method("GET").path("/apps/*")));
        let ran = world.run(&["freeze", "check", "--environment", "production"]);
        assert_eq!(ran.code, Some(8), "{status} {body}: {}{}", ran.stdout, ran.stderr);
    }
}

#[tokio::test]
async fn a_freeze_that_cannot_be_set_says_so() {
    let world = World::new().await;
    world.fault(Fault::before(Response::html(502, "<h1>Bad Gateway</h1>")).method("PATCH"));
    let on = world.run(ON).await;
    assert_eq!((on.code, on.stdout.as_str()), (Some(1), ""));
    for told in ["reading back shows that it did not take effect", "502", "freeze status --app shop-prod"] {
        assert!(on.stderr.contains(told), "{told}: {}", on.stderr);
    }
}

#[tokio::test]
async fn a_flag_that_was_set_by_hand_on_heroku_is_named_with_the_age_of_its_release() {
    let world = World::rehearsal(Scenario::Gated, GATE).await;
    world.sandbox.with(|state| {
        let then = state.now.0 - jiff::SignedDuration::from_hours(75);
        state.heroku.apps.get_mut("shop-prod").unwrap().set("ann@example.com", &[("DEPLOY_FREEZE", Some("1"))], then);
    });
    for args in [&["plan"][..], &["verify"], &["freeze", "check"], &["freeze", "status"]] {
        let ran = world.both(args).await;
        let words = format!("{}{}", ran.stdout, ran.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("was set by hand 3 days ago, without a record"), "{args:?}: {words}");
    }
}
