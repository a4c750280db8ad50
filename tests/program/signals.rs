//! Ctrl-C and SIGTERM, sent to the real process.
#![cfg(unix)]

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use gatectl::sandbox::{Effect, Fault, Response, Scenario};

use super::run::{KEY, TOKEN, command, holds_no_secret};
use super::served::Served;

const GATE: &str = "version = 1\n[environments.production]\nreviewers = [{ user = \"alice\", id = 501 }]\ndeployment_branch_policy = { branches = [\"main\"] }\n";

fn start(world: &Served, args: &[&str]) -> Child {
    let vars = [
        ("GITHUB_API_URL", world.sandbox.github_url()),
        ("GITHUB_REPOSITORY", "acme/shop"),
        ("HEROKU_HOST", world.sandbox.heroku_url()),
        ("GH_TOKEN", TOKEN),
        ("HEROKU_API_KEY", KEY),
    ];
    command(world.dir.path(), args, &vars).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits until a request of this method is on its way; how long that takes is not the test's business.
fn until_asked(world: &Served, method: &str) {
    while asked(world, method) == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn asked(world: &Served, method: &str) -> usize {
    world.sandbox.with(|state| state.log.exchanges.iter().filter(|exchange| exchange.method == method).count())
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
    // A terminal that closes is no reason to say less.
    for name in ["INT", "HUP"] {
        let world = Served::rehearsal(Scenario::MissingEnvironment, GATE);
        world.sandbox.with(|state| state.faults = vec![Fault::new(Effect::Delay(Duration::from_millis(400))).method("PUT")]);
        let child = start(&world, &["apply", "--auto-approve"]);
        until_asked(&world, "PUT");
        signal(&child, name);
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
}

/// What an apply says on one line that hangs in a request of this method and is asked to stop twice.
fn asked_twice(method: &str, second: &str) -> String {
    let world = Served::rehearsal(Scenario::MissingEnvironment, GATE);
    world.sandbox.with(|state| state.faults = vec![Fault::new(Effect::Hang).method(method)]);
    let child = start(&world, &["apply", "--auto-approve"]);
    until_asked(&world, method);
    signal(&child, "INT");
    std::thread::sleep(Duration::from_millis(50));
    signal(&child, second);
    let (code, _, stderr) = ended(child);
    assert_eq!(code, Some(130), "{stderr}");
    stderr.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn asked_twice_it_waits_for_nothing() {
    let told = asked_twice("PUT", "INT");
    assert!(told.contains("while writing the rules of production, so it is unknown whether that took effect"), "{told}");
    assert!(told.contains("gatectl plan"), "{told}");
}

#[test]
fn asked_twice_it_says_what_was_done_before() {
    let told = asked_twice("POST", "TERM");
    assert!(told.contains("stopped while adding branch pattern `main`"), "{told}");
    assert!(told.contains("before that, in this order: writing the rules of production"), "{told}");
}

#[cfg(target_os = "linux")]
#[test]
fn what_was_done_is_said_elsewhere_where_stdout_is_full() {
    let apply = |format: &str| {
        let world = Served::rehearsal(Scenario::MissingEnvironment, GATE);
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let args = ["apply", "--auto-approve", "--format", format];
        let vars = [&world.vars()[..], &[("GITHUB_REPOSITORY", "acme/shop")]].concat();
        let output = command(world.dir.path(), &args, &vars).stdout(full).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        (stderr, world.sandbox.with(|state| state.log.write_requests().count()))
    };
    for format in ["json", "markdown"] {
        assert!(apply(format).0.contains("verified"), "{format}");
    }
    assert_eq!(apply("human").1, 0, "nothing is written if not even the plan can be shown");
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

const SIGNALS: [&str; 2] = ["INT", "TERM"];
const FROZEN_GATE: &str = "version = 1\n[environments.production]\nreviewers = [{ user = \"alice\", id = 501 }]\n[freeze]\nheroku_app = \"shop-prod\"\nenvironments = [\"production\"]\n";

/// A write to the freeze: the command line, whether it is frozen before, and the config var that it changes.
const FREEZES: [(&[&str], bool, &str); 3] = [
    (&["freeze", "on", "--reason", "INC-12"], false, "DEPLOY_FREEZE"),
    (&["freeze", "off", "--reason", "over", "--auto-approve"], true, "DEPLOY_FREEZE"),
    (&["freeze", "override", "--for", "1h", "--reason", "hotfix"], true, "DEPLOY_FREEZE_OVERRIDE"),
];

fn freezable(frozen: bool) -> Served {
    let world = Served::rehearsal(Scenario::Gated, FROZEN_GATE);
    world.sandbox.with(|state| {
        let config = &mut state.heroku.apps.get_mut("shop-prod").unwrap().config;
        config.retain(|key, _| !key.starts_with("DEPLOY_FREEZE"));
    });
    if frozen {
        assert_eq!(world.run(FREEZES[0].0).code, Some(0));
        world.sandbox.with(|state| state.log.clear());
    }
    world
}

fn var(world: &Served, key: &str) -> Option<String> {
    world.sandbox.with(|state| state.heroku.apps["shop-prod"].config.get(key).cloned())
}

/// Starts a command, sends the signal while a request of this method is on its way, and waits for the end; gives what was printed, with
/// wrapped lines as one.
fn interrupted(world: &Served, args: &[&str], method: &str, name: &str) -> (String, String) {
    let child = start(world, args);
    until_asked(world, method);
    signal(&child, name);
    let (code, stdout, stderr) = ended(child);
    assert_eq!(code, Some(130), "{args:?}, {name}: {stdout}{stderr}");
    let unwrapped = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    (unwrapped(stdout), unwrapped(stderr))
}

fn slow(method: &str) -> Fault {
    Fault::new(Effect::Delay(Duration::from_millis(400))).method(method)
}

#[test]
fn a_freeze_command_that_still_reads_writes_nothing() {
    for name in SIGNALS {
        for (args, frozen, key) in FREEZES {
            let world = freezable(frozen);
            let before = var(&world, key);
            world.sandbox.with(|state| state.faults = vec![slow("GET")]);
            let (stdout, stderr) = interrupted(&world, args, "GET", name);
            assert_eq!((asked(&world, "PATCH"), var(&world, key)), (0, before), "{args:?}");
            assert_eq!(stdout, "");
            assert!(stderr.contains("nothing was changed") && stderr.contains("run the same command again"), "{stderr}");
        }
    }
}

#[test]
fn a_freeze_that_was_on_its_way_is_read_back_and_shown() {
    for name in SIGNALS {
        for (args, frozen, key) in FREEZES {
            let world = freezable(frozen);
            let before = var(&world, key);
            world.sandbox.with(|state| state.faults = vec![slow("PATCH")]);
            let (stdout, stderr) = interrupted(&world, args, "PATCH", name);
            assert_eq!(asked(&world, "PATCH"), 1, "{args:?}");
            assert_ne!(var(&world, key), before, "the request in flight was not torn");
            let told = if args[1] == "on" { "FROZEN" } else { "open" };
            assert!(stdout.contains(told), "{args:?}: {stdout}{stderr}");
        }
    }
}

#[test]
fn a_freeze_whose_answer_is_lost_is_looked_for_and_not_sent_again() {
    for name in SIGNALS {
        for (args, frozen, key) in FREEZES {
            let world = freezable(frozen);
            let before = var(&world, key);
            world.sandbox.with(|state| state.faults = vec![Fault::new(Effect::Hang).method("PATCH").nth(1)]);
            let (stdout, stderr) = interrupted(&world, &[args, &["--timeout", "1s"]].concat(), "PATCH", name);
            assert_eq!((asked(&world, "PATCH"), var(&world, key)), (1, before), "{args:?}");
            for told in ["interrupted", "reading back shows that it did not take effect", "timed out", "freeze status"] {
                assert!(stderr.contains(told), "{told}: {stderr}");
            }
            assert_eq!(stdout, "");
        }
    }
}

#[test]
fn a_freeze_that_waits_for_a_rate_limit_is_not_sent_again() {
    for name in SIGNALS {
        for (args, frozen, key) in FREEZES {
            let world = freezable(frozen);
            let before = var(&world, key);
            let limit = Fault::before(Response::heroku_limit().with("retry-after", "3")).method("PATCH").nth(1);
            world.sandbox.with(|state| state.faults = vec![limit]);
            let (_, stderr) = interrupted(&world, args, "PATCH", name);
            assert_eq!((asked(&world, "PATCH"), var(&world, key)), (1, before), "{args:?}");
            assert!(stderr.contains("no further write was sent") && stderr.contains("run the same command again"), "{stderr}");
        }
    }
}

#[test]
fn a_freeze_around_an_apply_stays_and_is_said_to() {
    let world = Served::rehearsal(Scenario::NoRules, FROZEN_GATE);
    world.sandbox.with(|state| {
        state.heroku.apps.get_mut("shop-prod").unwrap().config.retain(|key, _| !key.starts_with("DEPLOY_FREEZE"));
        state.faults = vec![slow("PUT")];
    });
    let (stdout, _) = interrupted(&world, &["apply", "--auto-approve", "--interlock"], "PUT", "INT");
    assert_eq!((asked(&world, "PUT"), asked(&world, "PATCH")), (1, 1), "{stdout}");
    assert_eq!(var(&world, "DEPLOY_FREEZE").as_deref(), Some("true"));
    for told in ["the gate is as declared, but the freeze of this run could not be lifted", "interrupted", "gatectl freeze off --app"] {
        assert!(stdout.contains(told), "{told}: {stdout}");
    }
}

#[test]
fn an_apply_that_waits_for_a_rate_limit_sends_nothing_more() {
    for name in SIGNALS {
        let world = Served::rehearsal(Scenario::NoRules, GATE);
        let limit = Fault::before(Response::secondary_limit(429, Some(3))).method("PUT").nth(1);
        world.sandbox.with(|state| state.faults = vec![limit]);
        let (stdout, _) = interrupted(&world, &["apply", "--auto-approve", "--allow-weaken"], "PUT", name);
        assert_eq!((asked(&world, "PUT"), asked(&world, "POST")), (1, 0), "{stdout}");
        assert!(stdout.contains("interrupted before any of it was written"), "{stdout}");
        assert!(stdout.contains("Next: run `gatectl apply` again"), "{stdout}");
    }
}

#[test]
fn an_apply_that_is_refused_by_the_billing_plan_sends_nothing_more() {
    for name in SIGNALS {
        let world = Served::rehearsal(Scenario::PlanLimit, GATE);
        world.sandbox.with(|state| state.faults = vec![slow("PUT")]);
        let (stdout, _) = interrupted(&world, &["apply", "--auto-approve", "--allow-weaken"], "PUT", name);
        assert_eq!((asked(&world, "PUT"), asked(&world, "POST")), (1, 0), "{stdout}");
        assert!(stdout.contains("without the refused rules: interrupted before it was sent"), "{stdout}");
    }
}

/// A run that waits for its approval, and its number.
fn reviewable() -> (Served, String) {
    let world = Served::rehearsal(Scenario::Gated, GATE);
    let run = world.sandbox.with(|state| {
        state.github.viewer = "alice".to_owned();
        state.start_run("acme/shop", ".github/workflows/deploy.yml", "workflow_dispatch", "refs/heads/main", "bob", "production").unwrap()
    });
    (world, run.to_string())
}

#[test]
fn an_approval_that_was_on_its_way_is_read_back_and_one_that_waits_is_not_sent_again() {
    for name in SIGNALS {
        let (world, run) = reviewable();
        let approve = ["approve", &run, "--comment", "ship it", "--auto-approve"];
        world.sandbox.with(|state| state.faults = vec![slow("POST")]);
        let (stdout, _) = interrupted(&world, &approve, "POST", name);
        assert_eq!(asked(&world, "POST"), 1);
        assert!(stdout.contains("1 run approved and verified"), "{stdout}");

        let (world, run) = reviewable();
        let approve = ["approve", &run, "--comment", "ship it", "--auto-approve"];
        let limit = Fault::before(Response::secondary_limit(429, Some(3))).method("POST").nth(1);
        world.sandbox.with(|state| state.faults = vec![limit]);
        let (stdout, _) = interrupted(&world, &approve, "POST", name);
        assert_eq!(asked(&world, "POST"), 1, "{stdout}");
        for told in ["0 of 1 run approved", "interrupted", "run the same command again"] {
            assert!(stdout.contains(told), "{told}: {stdout}");
        }
    }
}
