//! Ctrl-C and SIGTERM, sent to the real process.
#![cfg(unix)]

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use gatectl::sandbox::{Effect, Fault, Scenario};

use super::run::{KEY, TOKEN, command, holds_no_secret};
use super::served::Served;

const GATE: &str = "version = 1\n[environments.production]\nreviewers = [{ user = \"alice\", id = 501 }]\ndeployment_branch_policy = { branches = [\"main\"] }\n";

fn start(world: &Served, args: &[&str]) -> Child {
    let vars =
        [("GITHUB_API_URL", world.sandbox.github_url()), ("GITHUB_REPOSITORY", "acme/shop"), ("GH_TOKEN", TOKEN), ("HEROKU_API_KEY", KEY)];
    command(world.dir.path(), args, &vars).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits until a request of this method is on its way; how long that takes is not the test's business.
fn until_asked(world: &Served, method: &str) {
    while !world.sandbox.with(|state| state.log.exchanges.iter().any(|exchange| exchange.method == method)) {
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("/bin/kill").args(["-s", name, &child.id().to_string()]).status().unwrap().success());
}

fn ended(child: Child) -> (Option<i32>, String, String) {
    let output = child.wait_with_output().unwrap();
    let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    holds_no_secret(&format!("{stdout}{stderr}"), "a run that was interrupted");
    (output.status.code(), stdout, stderr)
}

#[test]
fn a_plan_ends_at_once() {
    for name in ["INT", "TERM"] {
        let world = Served::rehearsal(Scenario::NoRules, GATE);
        world.sandbox.with(|state| state.faults = vec![Fault::new(Effect::Hang)]);
        let child = start(&world, &["plan"]);
        until_asked(&world, "GET");
        signal(&child, name);
        let (code, stdout, stderr) = ended(child);
        assert_eq!((code, stdout.as_str()), (Some(130), ""), "{stderr}");
        assert!(stderr.contains("nothing was changed"), "{stderr}");
    }
}

#[test]
fn an_apply_finishes_the_request_in_flight_and_says_what_was_done() {
    let world = Served::rehearsal(Scenario::MissingEnvironment, GATE);
    world.sandbox.with(|state| state.faults = vec![Fault::new(Effect::Delay(Duration::from_millis(400))).method("PUT")]);
    let child = start(&world, &["apply", "--auto-approve"]);
    until_asked(&world, "PUT");
    signal(&child, "INT");
    let (code, stdout, stderr) = ended(child);
    assert_eq!(code, Some(130), "{stdout}{stderr}");
    assert!(stdout.contains("interrupted") && stdout.contains("--allow-weaken"), "{stdout}");
    world.sandbox.with(|state| {
        state.faults.clear();
        let production = state.repo("acme/shop").unwrap().environment("production").unwrap();
        assert!(!production.reviewers.is_empty(), "the request in flight was not torn");
        assert!(production.patterns.is_empty(), "and none was sent after it");
    });
    let again = world.run_with(&["apply", "--auto-approve", "--allow-weaken"], &[("GITHUB_REPOSITORY", "acme/shop")]);
    assert_eq!(again.code, Some(0), "the next apply picks up: {}{}", again.stdout, again.stderr);
}

#[test]
fn asked_twice_it_waits_for_nothing() {
    let world = Served::rehearsal(Scenario::MissingEnvironment, GATE);
    world.sandbox.with(|state| state.faults = vec![Fault::new(Effect::Hang).method("PUT")]);
    let child = start(&world, &["apply", "--auto-approve"]);
    until_asked(&world, "PUT");
    signal(&child, "INT");
    std::thread::sleep(Duration::from_millis(50));
    signal(&child, "INT");
    let (code, _, stderr) = ended(child);
    assert_eq!(code, Some(130));
    assert!(stderr.contains("unknown") && stderr.contains("gatectl plan"), "{stderr}");
}

#[test]
fn a_killed_apply_is_picked_up_by_the_next_one_wherever_it_died() {
    // Its writes: the gate, and its pattern.
    for nth in 1..=2 {
        let world = Served::rehearsal(Scenario::MissingEnvironment, GATE);
        world.sandbox.with(|state| {
            state.faults = ["PUT", "POST"].map(|method| Fault::new(Effect::Delay(Duration::from_millis(300))).method(method)).to_vec();
        });
        let mut child = start(&world, &["apply", "--auto-approve"]);
        until_asked(&world, ["PUT", "POST"][nth - 1]);
        child.kill().unwrap();
        child.wait().unwrap();
        world.sandbox.with(|state| {
            state.faults.clear();
            // Missing, or there with the whole gate; never there without.
            let production = state.repo("acme/shop").unwrap().environment("production");
            assert!(production.is_none_or(|it| !it.reviewers.is_empty() && it.policy.is_some()), "{production:?}");
        });
        let again = world.run_with(&["apply", "--auto-approve", "--allow-weaken"], &[("GITHUB_REPOSITORY", "acme/shop")]);
        assert_eq!(again.code, Some(0), "{}{}", again.stdout, again.stderr);
    }
}
