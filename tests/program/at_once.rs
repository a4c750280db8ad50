//! Two processes that write the same environments.

use std::thread;
use std::time::Duration;

use gatectl::sandbox::{Fault, Scenario};

use super::served::Served;

const START: &str = r#"version = 1
[github]
repository = "acme/shop"
[environments.production]
reviewers = [{ user = "alice", id = 501 }, { user = "bob", id = 502 }]
wait_timer = 5
deployment_branch_policy = { branches = ["main"] }
[environments.staging]
reviewers = [{ user = "alice", id = 501 }]
wait_timer = 5
"#;

#[test]
fn a_process_that_applies_after_another_one_wrote_names_what_moved_and_writes_nothing() {
    let differ = |timer: &str| START.replace("wait_timer = 5", &format!("wait_timer = {timer}"));
    let world = Served::rehearsal(Scenario::Gated, START);
    for (name, toml) in [("one", differ("10")), ("two", differ("20"))] {
        std::fs::write(world.dir.path().join(format!("{name}.toml")), toml).unwrap();
    }
    // Both observe the same live state; the second one's first look comes after the first one is done.
    let one = world.run(&["-c", "one.toml", "plan", "--out", "one.plan"]);
    assert_eq!(one.code, Some(0), "{}{}", one.stdout, one.stderr);
    let after_the_plan = Fault::meanwhile(|state| {
        for name in ["production", "staging"] {
            state.repo("acme/shop").unwrap().environment_mut(name).unwrap().wait_timer = 10;
        }
    });
    world.sandbox.with(|state| state.faults.push(after_the_plan.method("GET").path("/repos/acme/shop/environments/production").nth(1)));
    let two = world.run(&["-c", "two.toml", "apply", "--auto-approve"]);
    let told = format!("{}{}", two.stdout, two.stderr);
    assert_eq!(two.code, Some(1), "{told}");
    assert!(told_by(&two, "wait_timer was 5 and is now 10"), "{told}");
    assert_eq!(world.sandbox.with(|state| state.log.write_requests().count()), 0, "{told}");
    // A saved plan is stale by then.
    let stale = world.run(&["-c", "one.toml", "apply", "one.plan", "--auto-approve"]);
    assert_eq!(stale.code, Some(5), "{}{}", stale.stdout, stale.stderr);
}

#[test]
fn of_two_processes_at_once_neither_sends_anything_twice_and_who_is_overwritten_says_so() {
    let differ = |timer: &str| START.replace("wait_timer = 5", &format!("wait_timer = {timer}"));
    let world = Served::rehearsal(Scenario::Gated, START);
    for (name, toml) in [("one", differ("10")), ("two", differ("20"))] {
        std::fs::write(world.dir.path().join(format!("{name}.toml")), toml).unwrap();
    }
    world.sandbox.with(|state| state.latency = Duration::from_millis(30));
    let apply = |name: &str| world.run(&["-c", &format!("{name}.toml"), "apply", "--auto-approve"]);
    let (one, two) = thread::scope(|scope| {
        let one = scope.spawn(|| apply("one"));
        let two = apply("two");
        (one.join().unwrap(), two)
    });
    world.sandbox.with(|state| state.latency = Duration::ZERO);
    let told = format!("{}{}\n{}{}", one.stdout, one.stderr, two.stdout, two.stderr);
    for ran in [&one, &two] {
        assert!(matches!(ran.code, Some(0 | 1)), "{told}");
    }
    // Two environments each: at most one PUT for each environment and process.
    assert!(world.sandbox.with(|state| state.log.write_requests().count()) <= 4, "{told}");
    for (name, ran) in [("one", &one), ("two", &two)] {
        let plan = world.run(&["-c", &format!("{name}.toml"), "plan", "--detailed-exitcode"]);
        let said = ["another writer"].iter().any(|words| told_by(ran, words));
        assert!(ran.code == Some(0) || said, "{told}");
        assert!(plan.code == Some(0) || ran.code == Some(0) || said, "{}\n{told}", plan.stdout);
    }
}

fn told_by(ran: &super::run::Ran, words: &str) -> bool {
    format!("{}{}", ran.stdout, ran.stderr).split_whitespace().collect::<Vec<_>>().join(" ").contains(words)
}
