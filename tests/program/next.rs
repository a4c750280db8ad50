//! Every command that gatectl suggests stays within what the run was about (law 9), and runs when it is pasted.

use gatectl::sandbox::Scenario;

use super::run::run;
use super::served::Served;

const GATE: &str = "version = 1\n[github]\nrepository = \"acme/shop\"\n[environments.production]\n\
                    reviewers = [{ user = \"alice\", id = 501 }]\n[environments.staging]\nwait_timer = 5\n\
                    [freeze]\nheroku_app = \"shop-control\"\nenvironments = [\"production\"]\n";

/// The commands between backticks, and those that are a fix, of an output.
fn suggested(text: &str) -> Vec<String> {
    let code = text.split('`').skip(1).step_by(2);
    let fixes = text.lines().filter_map(|line| line.trim_start().strip_prefix("fix: ")).flat_map(|fix| fix.split("then: ").last());
    let commands = code.chain(fixes).map(|command| command.split_whitespace().collect::<Vec<_>>().join(" "));
    let mut commands: Vec<String> = commands.filter(|command| command.starts_with("gatectl ")).collect();
    commands.sort();
    commands.dedup();
    commands
}

/// Words of a command line as a shell splits them; nothing here has more than simple quotes.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = None;
    for c in command.chars() {
        match (quoted, c) {
            (None, '\'' | '"') => quoted = Some(c),
            (Some(q), c) if c == q => quoted = None,
            (None, ' ') => words.push(String::new()),
            _ => words.last_mut().unwrap().push(c),
        }
    }
    words
}

#[test]
fn a_suggested_command_repeats_the_scope_and_is_understood() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("my gates")).unwrap();
    std::fs::write(dir.path().join("my gates/gate.toml"), GATE).unwrap();
    let mut seen = 0;
    for (scenario, verb) in [
        ("missing-environment", &["plan", "--prune"][..]),
        ("no-rules", &["verify"]),
        ("wrong-reviewer", &["plan"]),
        ("wrong-reviewer", &["apply", "--auto-approve"]),
        ("plan-limit", &["apply", "--auto-approve"]),
        ("plan-limit", &["verify", "--format", "markdown"]),
        ("gated", &["freeze", "status"]),
        ("gated", &["pending"]),
    ] {
        let sandbox = format!("--sandbox={scenario}");
        let scope = ["-c", "my gates/gate.toml", sandbox.as_str(), "--environment", "production"];
        let scope = if verb[0] == "freeze" || verb[0] == "pending" { &scope[..3] } else { &scope[..] };
        let ran = run(dir.path(), &[verb, scope].concat(), &[]);
        for command in suggested(&format!("{}{}", ran.stdout, ran.stderr)) {
            seen += 1;
            let words = words(&command);
            let verb = words[1].as_str();
            if verb == "sandbox" || verb == "import" {
                continue;
            }
            assert!(command.contains("-c 'my gates/gate.toml'"), "{command}\n{}", ran.stdout);
            assert!(verb == "validate" || command.contains(&sandbox), "{command}\n{}", ran.stdout);
            // Words in capitals stand for what the user fills in.
            let filled: Vec<String> =
                words[1..].iter().map(|word| if word == "TEXT" { "because".to_owned() } else { word.clone() }).collect();
            let filled: Vec<&str> = filled.iter().map(String::as_str).collect();
            let again = run(dir.path(), &filled, &[]);
            assert_ne!(again.code, Some(64), "{command}: {}", again.stderr);
        }
    }
    assert!(seen >= 8, "{seen} commands were suggested");
}

#[test]
fn what_verify_and_plan_suggest_closes_the_gate_when_it_is_followed() {
    for scenario in [Scenario::MissingEnvironment, Scenario::NoRules, Scenario::WrongReviewer] {
        let world = Served::rehearsal(scenario, GATE);
        let plan = world.run(&["plan"]);
        let next = suggested(&plan.stdout).into_iter().find(|command| command.starts_with("gatectl apply")).unwrap();
        let mut command = words(&next);
        command.push("--auto-approve".to_owned());
        let applied = world.run(&command[1..].iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(applied.code, Some(0), "{next}: {}{}", applied.stdout, applied.stderr);
        assert!(world.run(&["plan"]).stdout.contains("No changes"), "{next}");
    }
}
