//! Hostile names, values and messages from outside, through the whole program and each of its outputs.

use std::collections::BTreeSet;

use gatectl::render::escape::visible;
use gatectl::sandbox::{BranchPattern, Environment, Fault, PolicyMode, RefType, Response, Scenario, State, Variable};
use serde_json::{Value, json};

use super::harmless::{FORMATS, is_harmless, is_only_text};
use super::run::{holds_no_secret, run};
use super::served::Served;
use gatectl_test_support::NASTY;

const GATE: &str = r#"version = 1
[github]
repository = "acme/shop"
[environments.production]
reviewers = [{ user = "alice", id = 501 }]
deployment_branch_policy = { branches = ["main"] }
protection_rules = []
variables = { A = "1" }
[heroku.config.shop-prod]
DEPLOY_FREEZE_OVERRIDE = "0"
"#;

/// A world that differs from its gate.toml in everything that a name or a value can be.
pub(crate) fn world(nasty: &[&str]) -> Served {
    let variables: String = (0..nasty.len()).map(|n| format!(", V{n} = \"declared\"")).collect();
    let vars: String = (0..nasty.len()).map(|n| format!("V{n} = \"declared\"\n")).collect();
    let toml = GATE.replace("{ A = \"1\" }", &format!("{{ A = \"1\"{variables} }}")) + &vars;
    let world = Served::rehearsal(Scenario::Gated, &toml);
    world.sandbox.with(|state| {
        let now = state.now.tick();
        let mut ids = state.github.ids.clone();
        let named = nasty.iter().filter(|name| (1..256).contains(&name.chars().count()));
        let others: Vec<Environment> = named.map(|name| Environment::ungated(&mut ids, name, true, now)).collect();
        let config = &mut state.heroku.apps.get_mut("shop-prod").unwrap().config;
        config.extend(nasty.iter().enumerate().map(|(n, text)| (format!("V{n}"), (*text).to_owned())));
        let repo = state.repo("acme/shop").unwrap();
        let production = repo.environment_mut("production").unwrap();
        production.policy = Some(PolicyMode::Custom);
        production.reviewers.clear();
        for (n, text) in nasty.iter().enumerate() {
            production.patterns.push(BranchPattern { id: ids.fresh(), name: (*text).to_owned(), kind: RefType::Tag });
            production.variables.insert(format!("V{n}"), Variable { value: (*text).to_owned(), created_at: now, updated_at: now });
        }
        others.into_iter().for_each(|other| repo.insert(other));
        state.github.ids = ids;
    });
    world
}

pub(crate) fn check(world: &Served, verb: &[&str], about: &str) {
    let summary = world.dir.path().join("summary");
    let output = world.dir.path().join("output");
    let vars = [("GITHUB_STEP_SUMMARY", summary.to_str().unwrap()), ("GITHUB_OUTPUT", output.to_str().unwrap())];
    for format in FORMATS {
        let args = [verb, &["--format", format, "-vv"]].concat();
        let ran = world.run_with(&args, &vars);
        is_harmless(&ran, format, about);
        match format {
            "json" => {
                drop(serde_json::from_str::<Value>(&ran.stdout).unwrap_or_else(|e| panic!("{about}: {e}: {}{}", ran.stdout, ran.stderr)));
            }
            "markdown" => is_only_text(&ran.stdout, about),
            "github" => {
                is_only_text(&std::fs::read_to_string(&summary).unwrap(), about);
                for line in std::fs::read_to_string(&output).unwrap().lines() {
                    let (name, value) = line.split_once('=').unwrap_or_else(|| panic!("{about}: {line}"));
                    assert!(!name.is_empty() && value.chars().all(|c| c.is_ascii_alphanumeric()), "{about}: {line}");
                }
            }
            _ => {}
        }
    }
}

#[test]
fn what_is_live_is_only_ever_text() {
    let world = world(NASTY);
    check(&world, &["plan"], "live");
    check(&world, &["plan", "--prune"], "live");
    check(&world, &["apply", "--auto-approve", "--allow-weaken"], "live");
}

#[test]
fn a_saved_plan_holds_no_secret() {
    let world = world(NASTY);
    assert_eq!(world.run(&["plan", "--out", "gate.plan"]).code, Some(0));
    let saved = std::fs::read_to_string(world.dir.path().join("gate.plan")).unwrap();
    holds_no_secret(&saved, "a saved plan");
    assert!(saved.contains("V0"), "the declared ones are in it");
}

#[test]
fn what_a_server_says_is_only_ever_text() {
    let world = world(&["x"]);
    for (n, nasty) in NASTY.iter().enumerate() {
        let body = json!({"message": nasty, "documentation_url": nasty, "errors": [nasty, {"resource": nasty, "field": nasty, "code": nasty}], "id": nasty});
        let mut response = Response::json([403, 404, 422, 301, 401][n % 5], &body);
        let header: String = nasty.chars().filter(|c| (' '..='~').contains(c)).collect();
        for name in ["location", "x-github-request-id", "request-id", "x-github-sso", "x-accepted-github-permissions", "x-oauth-scopes"] {
            response = response.with(name, header.clone());
        }
        let (format, refused) = (FORMATS[n % 4], |method: &str| Fault::before(response.clone()).method(method));
        world.sandbox.with(|state| state.faults = vec![refused("GET")]);
        is_harmless(&world.run(&["plan", "-vv", "--format", format]), format, nasty);
        world.sandbox.with(|state| state.faults = ["PUT", "PATCH", "POST", "DELETE"].map(refused).to_vec());
        is_harmless(&world.run(&["apply", "-vv", "--auto-approve", "--allow-weaken", "--format", format]), format, nasty);
    }
}

#[test]
fn megabytes_stay_where_they_are() {
    let flood = "\u{1b}[2J::error::x ".repeat(100_000);
    // Ten times what GitHub or Heroku keep in one value.
    let world = world(&[&flood[..400_000]]);
    check(&world, &["plan"], "a flood of live values");
    let refusal = Response::json(422, &json!({"message": flood, "errors": vec![flood.clone(); 3]}));
    world.sandbox.with(|state| state.faults = vec![Fault::before(refusal).method("PUT")]);
    is_harmless(&world.run(&["apply", "--auto-approve", "--allow-weaken", "-vv"]), "human", "a flood of words");
    world.sandbox.with(|state| state.faults = vec![Fault::before(Response::html(200, &flood))]);
    is_harmless(&world.run(&["plan", "-vv"]), "human", "a flood of HTML");
}

#[test]
fn what_a_pull_request_writes_is_only_ever_text() {
    let dir = tempfile::tempdir().unwrap();
    let write = |gate: &str| std::fs::write(dir.path().join("gate.toml"), gate).unwrap();
    let toml = |text: &str| toml_edit::Value::from(text).to_string().trim().to_owned();

    // What the file may hold: names without hidden characters, and any value.
    let names: Vec<String> = NASTY.iter().map(|text| text.chars().filter(|c| visible(&c.to_string()) == c.to_string()).collect()).collect();
    let mut gate = GATE.replace("{ A = \"1\" }", &format!("{{ {} }}", each(NASTY, |n, text| format!("V{n} = {}", toml(text)))));
    let unique: BTreeSet<&str> = names.iter().map(String::as_str).filter(|name| !name.trim().is_empty()).collect();
    for name in &unique {
        gate = format!(
            "version = 1\n[environments.{}]\nreviewers = [{{ user = \"alice\", id = 501 }}]\n{}",
            toml(name),
            gate.trim_start_matches("version = 1\n")
        );
    }
    write(&gate);
    for format in FORMATS {
        for verb in [
            &["validate"][..],
            &["plan", "--sandbox=no-rules", "-vv"],
            &["apply", "--sandbox=plan-limit", "--auto-approve", "--allow-weaken"],
        ] {
            let ran = run(dir.path(), &[verb, &["--format", format]].concat(), &[]);
            is_harmless(&ran, format, "gate.toml");
            assert!(ran.code.is_some_and(|code| [0, 3].contains(&code)), "{:?} {gate}\n{}", ran.code, ran.stderr);
            if format == "markdown" {
                is_only_text(&ran.stdout, "gate.toml");
            }
        }
    }

    // What it may not hold is said about it.
    for nasty in NASTY {
        let key = toml(nasty);
        write(&format!(
            "version = 1\n[github]\nrepository = {key}\napi_url = {key}\n[environments.{key}]\nreviewers = [{{ user = {key} }}, {{ team = {key} }}]\n\
             deployment_branch_policy = {key}\nprotection_rules = [{key}]\nsecrets = [{key}]\n{key} = 1\n[heroku.config.{key}]\n{key} = {key}\n"
        ));
        for color in ["never", "always"] {
            let ran = run(dir.path(), &["validate", "--color", color], &[]);
            assert_eq!(ran.code, Some(1));
            is_harmless(&ran, "human", nasty);
        }
        write(&format!("version = 1\n{nasty}\n"));
        for color in ["never", "always"] {
            is_harmless(&run(dir.path(), &["validate", "--format", "github", "--color", color], &[]), "github", nasty);
        }
    }
}

#[test]
fn what_the_environment_says_is_only_ever_text() {
    let world = Served::rehearsal(Scenario::Gated, &GATE.replace("repository = \"acme/shop\"\n", ""));
    let names = ["GITHUB_REPOSITORY", "GITHUB_API_URL", "HEROKU_HOST", "GH_TOKEN", "GITHUB_SERVER_URL", "HTTPS_PROXY", "GITHUB_ACTOR"];
    for (n, nasty) in NASTY.iter().enumerate() {
        for (m, name) in names.iter().enumerate() {
            let color = ["never", "always"][(n + m) % 2];
            let vars = [("GITHUB_REPOSITORY", "acme/shop"), ("GITHUB_ACTIONS", "true"), (name, nasty)];
            // No name of the corpus is looked up for long.
            let ran = world.run_with(&["plan", "-vv", "--timeout", "1s", "--color", color], &vars);
            is_harmless(&ran, "human", &format!("{name}={nasty}"));
        }
    }
}

fn each(texts: &[&str], form: impl Fn(usize, &str) -> String) -> String {
    texts.iter().enumerate().map(|(n, text)| form(n, text)).collect::<Vec<_>>().join(", ")
}

#[test]
fn a_redirect_takes_no_token_anywhere() {
    let elsewhere = Served::rehearsal(Scenario::Gated, GATE);
    let world = world(&["x"]);
    for status in [301, 302, 303, 307, 308] {
        let away = |url: &str| Response::empty(status).with("location", format!("{url}/repos/acme/shop"));
        let (github, heroku) = (away(elsewhere.sandbox.github_url()), away(elsewhere.sandbox.heroku_url()));
        world
            .sandbox
            .with(|state: &mut State| state.faults = vec![Fault::before(github).path("/repos/*"), Fault::before(heroku).path("/apps/*")]);
        let ran = world.run(&["apply", "--auto-approve", "--allow-weaken", "-vv"]);
        assert_ne!(ran.code, Some(0), "{}", ran.stdout);
        is_harmless(&ran, "human", "a redirect");
    }
    assert_eq!(elsewhere.sandbox.with(|state| state.log.calls()), Vec::<String>::new(), "no request was sent, with or without a token");
    assert_eq!(elsewhere.sandbox.connections(), 0);
}
