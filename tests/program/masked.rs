//! Live values that look like credentials (law 8): no output and no saved plan has them, and a change of one is still seen.

use gatectl::sandbox::{Scenario, Variable};
use serde_json::Value;

use super::harmless::FORMATS;
use super::run::Ran;
use super::served::Served;

/// What is live, and must not come out: a password in a URL, and two values under the names of secrets.
const LIVE: [(&str, &str); 3] = [
    ("DATABASE_URL", "postgres://app:canary-hunter2@db.example.com/app"),
    ("SECRET_KEY_BASE", "canary-base"),
    ("API_TOKEN", "canary-token"),
];

const GATE: &str = r#"version = 1
[github]
repository = "acme/shop"
[environments.production]
reviewers = [{ user = "alice", id = 501 }]
variables = { API_TOKEN = "from-the-file", TIER = "prod" }
[heroku.config.shop-prod]
DATABASE_URL = "postgres://new"
SECRET_KEY_BASE = "from-the-file"
TIER = "prod"
"#;

/// A world in which everything declared has another value.
fn world() -> Served {
    let world = Served::rehearsal(Scenario::Gated, GATE);
    world.sandbox.with(|state| {
        let config = &mut state.heroku.apps.get_mut("shop-prod").unwrap().config;
        config.extend(LIVE[..2].iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let now = state.now.0;
        let production = state.repo("acme/shop").unwrap().environment_mut("production").unwrap();
        let variable = |value: &str| Variable { value: value.to_owned(), created_at: now, updated_at: now };
        production.variables = [("API_TOKEN".to_owned(), variable(LIVE[2].1)), ("TIER".to_owned(), variable("dev"))].into();
    });
    world
}

fn holds_none(text: &str, about: &str) {
    for (name, value) in LIVE {
        assert!(!text.contains(value) && !text.contains("canary"), "{about} shows the live {name}: {text}");
    }
}

fn masked(ran: Ran) -> Ran {
    holds_none(&ran.stdout, &format!("stdout of {}", ran.args));
    holds_none(&ran.stderr, &format!("stderr of {}", ran.args));
    ran
}

#[test]
fn a_plan_shows_that_a_credential_changes_and_not_what_it_is() {
    let world = world();
    let shown = masked(world.run(&["plan"])).stdout;
    for line in ["API_TOKEN: changes (masked)", "(masked) -> \"postgres://new\"", "\"dev\" -> \"prod\""] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    assert!(!shown.contains("from-the-file"), "what is declared under such a name is the live value tomorrow: {shown}");
    for format in FORMATS {
        masked(world.run(&["plan", "-vv", "--format", format]));
    }
    let plan: Value = serde_json::from_str(&world.run(&["plan", "--format", "json"]).stdout).unwrap();
    let field = |address: &str, name: &str| {
        let changes = plan["changes"].as_array().unwrap();
        let change = changes.iter().find(|change| change["address"].as_str().unwrap().ends_with(address)).unwrap();
        change["fields"].as_array().unwrap().iter().find(|field| field["name"] == name).unwrap().clone()
    };
    let token = field("environments/production", "variables.API_TOKEN");
    assert_eq!((&token["before"], &token["after"]), (&serde_json::json!({"masked": true}), &serde_json::json!({"masked": true})));
    let url = field("config/DATABASE_URL", "value");
    assert_eq!((&url["before"], &url["after"]), (&serde_json::json!({"masked": true}), &serde_json::json!("postgres://new")));
}

#[test]
fn a_saved_plan_holds_no_credential_and_is_applied_or_stale_all_the_same() {
    let saved = |world: &Served| {
        assert_eq!(masked(world.run(&["plan", "--out", "gate.plan"])).code, Some(0));
        let text = std::fs::read_to_string(world.dir.path().join("gate.plan")).unwrap();
        holds_none(&text, "the saved plan");
        assert!(!text.contains("from-the-file"), "{text}");
    };
    let apply = |world: &Served, format: &str| masked(world.run(&["apply", "gate.plan", "--auto-approve", "--format", format]));
    let moved = world();
    saved(&moved);
    moved.sandbox.with(|state| {
        state.heroku.apps.get_mut("shop-prod").unwrap().config.insert("SECRET_KEY_BASE".to_owned(), "canary-other".to_owned());
    });
    let stale = apply(&moved, "human");
    assert_eq!(stale.code, Some(5), "{}", stale.stderr);
    let squeezed = stale.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(squeezed.contains("config/SECRET_KEY_BASE (was (masked), is (masked))"), "{}", stale.stderr);
    assert_eq!(moved.sandbox.with(|state| state.log.write_requests().count()), 0);

    let still = world();
    saved(&still);
    let applied = apply(&still, "json");
    assert_eq!(applied.code, Some(0), "{}{}", applied.stdout, applied.stderr);
    let (config, token) = still.sandbox.with(|state| {
        let config = state.heroku.apps["shop-prod"].config.clone();
        (config, state.repo("acme/shop").unwrap().environment("production").unwrap().variables["API_TOKEN"].value.clone())
    });
    assert_eq!(
        (config["SECRET_KEY_BASE"].as_str(), config["DATABASE_URL"].as_str(), token.as_str()),
        ("from-the-file", "postgres://new", "from-the-file")
    );
    assert_eq!(masked(still.run(&["plan", "--detailed-exitcode"])).code, Some(0));
}

#[test]
fn an_apply_that_meets_another_writer_names_the_variable_and_not_its_value() {
    use gatectl::sandbox::Fault;
    for format in FORMATS {
        let world = world();
        world.sandbox.with(|state| {
            let first = std::sync::atomic::AtomicBool::new(true);
            let change = move |state: &mut gatectl::sandbox::State| {
                // After the plan was made, and before the look that comes before a write.
                if !first.swap(false, std::sync::atomic::Ordering::SeqCst) {
                    state.heroku.apps.get_mut("shop-prod").unwrap().config.insert("SECRET_KEY_BASE".to_owned(), "canary-theirs".to_owned());
                }
            };
            state.faults.push(Fault::meanwhile(change).method("GET").path("/apps/*/config-vars").from(1));
        });
        let ran = masked(world.run(&["apply", "--auto-approve", "--format", format]));
        assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.replace('\\', "").contains("SECRET_KEY_BASE changed (masked)"), "{}", ran.stdout);
    }
}

#[test]
fn a_server_that_repeats_what_was_sent_is_not_quoted_if_that_looks_like_a_credential() {
    use gatectl::sandbox::{Fault, Response};
    for format in FORMATS {
        let world = world();
        world.sandbox.with(|state| {
            let github = Response::github_error(422, "The value from-the-file of API_TOKEN is not allowed.");
            let variables = "/repos/acme/shop/environments/production/variables/*";
            state.faults.push(Fault::before(github).method("PATCH").path(variables));
            let heroku = Response::heroku_error(422, "invalid_params", "SECRET_KEY_BASE cannot be 'from-the-file'");
            state.faults.push(Fault::before(heroku).method("PATCH").path("/apps/*/config-vars"));
        });
        let ran = masked(world.run(&["apply", "--auto-approve", "-vv", "--format", format]));
        assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
        assert!(!ran.stdout.contains("from-the-file") && !ran.stderr.contains("from-the-file"), "{}{}", ran.stdout, ran.stderr);
        let squeezed = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(squeezed.contains("is not allowed") && squeezed.contains("cannot be"), "{}", ran.stdout);
    }
}

#[test]
fn import_leaves_a_variable_out_that_looks_like_a_credential_and_says_so() {
    let world = world();
    let imported = masked(world.run(&["import", "acme/shop"]));
    assert_eq!(imported.code, Some(0), "{}", imported.stderr);
    assert!(imported.stdout.contains("# weak: the variable `API_TOKEN` looks like a credential"), "{}", imported.stdout);
    assert!(imported.stdout.contains("TIER = \"dev\"") && !imported.stdout.contains("API_TOKEN = "), "{}", imported.stdout);
    // What a file declares of it stays.
    let updated = masked(world.run(&["import", "--update"]));
    assert_eq!(updated.code, Some(0), "{}", updated.stderr);
    let text = std::fs::read_to_string(world.dir.path().join("gate.toml")).unwrap();
    assert!(text.contains("API_TOKEN = \"from-the-file\"") && text.contains("TIER = \"dev\""), "{text}");
    holds_none(&text, "the updated gate.toml");
}

#[test]
fn a_freeze_flag_that_is_another_config_var_is_not_shown_either() {
    let gate = "version = 1\n[environments.production]\nreviewers = [{ user = \"alice\", id = 501 }]\n[github]\nrepository = \"acme/shop\"\n\
                [freeze]\nheroku_app = \"shop-prod\"\nenvironments = [\"production\"]\nflag = \"DATABASE_URL\"\n";
    let world = Served::rehearsal(Scenario::Gated, gate);
    world.sandbox.with(|state| {
        let config = &mut state.heroku.apps.get_mut("shop-prod").unwrap().config;
        config.insert(LIVE[0].0.to_owned(), LIVE[0].1.to_owned());
        config.insert("DATABASE_URL_INFO".to_owned(), LIVE[1].1.to_owned());
    });
    for args in [&["plan", "--out", "gate.plan"][..], &["freeze", "status"], &["freeze", "check"], &["verify"]] {
        for format in FORMATS {
            masked(world.run(&[args, &["--format", format]].concat()));
        }
    }
    holds_none(&std::fs::read_to_string(world.dir.path().join("gate.plan")).unwrap(), "the saved plan");
}

#[test]
fn validate_warns_of_a_credential_in_gate_toml_without_showing_it() {
    let dir = tempfile::tempdir().unwrap();
    let token = "ghp_canaryB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3";
    let gate = format!("version = 1\n[heroku.config.shop-prod]\nTIER = \"prod\"\nDEPLOYER = \"{token}\"\nURL = \"postgres://new\"\n");
    std::fs::write(dir.path().join("gate.toml"), gate).unwrap();
    for format in FORMATS {
        let ran = super::run::run(dir.path(), &["validate", "--format", format], &[]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert!(ran.stdout.contains("this value looks like a GitHub token"), "{}", ran.stdout);
        assert!(!ran.stdout.contains("canary"), "{}", ran.stdout);
    }
    let human = super::run::run(dir.path(), &["validate"], &[]).stdout;
    assert!(human.contains("gate.toml:4:12") && human.matches("looks like").count() == 1, "{human}");
}
