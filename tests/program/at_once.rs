//! Two processes at once, from plans that were made of the same live state.

use std::thread;
use std::time::Duration;

use gatectl::sandbox::Scenario;

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
[heroku.config.shop-prod]
A = "0"
B = "0"
"#;

#[test]
fn of_two_processes_at_once_one_applies_its_whole_file_and_the_other_says_so() {
    let differ = |timer: &str, branch: &str, value: &str| {
        START
            .replace("wait_timer = 5", &format!("wait_timer = {timer}"))
            .replace("\"main\"", &format!("\"{branch}\", \"both\""))
            .replace("\"0\"", value)
    };
    for head_start in [0, 60, 120] {
        let world = Served::rehearsal(Scenario::Gated, START);
        let (one, two) = (differ("10", "one", "\"1\""), differ("20", "two", "\"2\""));
        for (name, toml) in [("one", &one), ("two", &two)] {
            std::fs::write(world.dir.path().join(format!("{name}.toml")), toml).unwrap();
            let planned = world.run(&["-c", &format!("{name}.toml"), "plan", "--out", &format!("{name}.plan"), "--allow-weaken"]);
            assert_eq!(planned.code, Some(0), "{}{}", planned.stdout, planned.stderr);
        }
        world.sandbox.with(|state| state.latency = Duration::from_millis(30));
        let apply = |name: &str| world.run(&["-c", &format!("{name}.toml"), "apply", &format!("{name}.plan"), "--auto-approve"]);
        let (one, two) = thread::scope(|scope| {
            let one = scope.spawn(|| apply("one"));
            thread::sleep(Duration::from_millis(head_start));
            let two = apply("two");
            (one.join().unwrap(), two)
        });
        world.sandbox.with(|state| state.latency = Duration::ZERO);
        let told = format!("{}{}\n{}{}", one.stdout, one.stderr, two.stdout, two.stderr);
        let (winner, loser) = if one.code == Some(0) { ("one", &two) } else { ("two", &one) };
        assert!(matches!((one.code, two.code), (Some(0), Some(1 | 5)) | (Some(1 | 5), Some(0))), "{told}");
        assert!(["another writer", "somebody else", "the live state moved"].iter().any(|words| told_by(loser, words)), "{told}");
        let plan = world.run(&["-c", &format!("{winner}.toml"), "plan", "--detailed-exitcode"]);
        assert_eq!(plan.code, Some(0), "{}\n{told}", plan.stdout);
    }
}

fn told_by(ran: &super::run::Ran, words: &str) -> bool {
    format!("{}{}", ran.stdout, ran.stderr).split_whitespace().collect::<Vec<_>>().join(" ").contains(words)
}
