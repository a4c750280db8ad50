//! Every command that gatectl suggests stays within what the run was about (law 9), and runs when it is pasted.

use gatectl::sandbox::Scenario;

use super::run::{Ran, run};
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

/// A suggested command as arguments. Words in capitals stand for what the user fills in.
fn filled(command: &str) -> Vec<String> {
    let fill = |word: &String| if word == "TEXT" { "because".to_owned() } else { word.clone() };
    words(command)[1..].iter().map(fill).collect()
}

#[test]
fn a_suggested_command_repeats_the_scope_and_is_understood() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("my gates")).unwrap();
    std::fs::write(dir.path().join("my gates/gate.toml"), GATE).unwrap();
    let limited: [&[&str]; 5] = [
        &["plan", "--prune"],
        &["verify"],
        &["apply", "--auto-approve"],
        &["verify", "--format", "markdown"],
        &["explain", "--ref", "refs/heads/main"],
    ];
    let others: [&[&str]; 3] = [&["freeze", "status"], &["pending"], &["evidence"]];
    let mut seen = std::collections::BTreeSet::new();
    for scenario in ["missing-environment", "no-rules", "wrong-reviewer", "plan-limit", "unprotected-branches", "gated"] {
        let sandbox = format!("--sandbox={scenario}");
        let whole = ["-c", "my gates/gate.toml", sandbox.as_str(), "--environment", "production"];
        let runs = limited.iter().map(|verb| (*verb, &whole[..])).chain(others.iter().map(|verb| (*verb, &whole[..3])));
        for (verb, scope) in runs.filter(|(verb, _)| scenario == "gated" || verb[0] != "pending" && verb[0] != "evidence") {
            let ran = run(dir.path(), &[verb, scope].concat(), &[]);
            for command in suggested(&format!("{}{}", ran.stdout, ran.stderr)) {
                let verb = words(&command)[1].clone();
                if verb == "sandbox" || verb == "import" || !seen.insert(command.clone()) {
                    continue;
                }
                assert!(command.contains("-c 'my gates/gate.toml'"), "{command}\n{}", ran.stdout);
                assert!(verb == "validate" || command.contains(&sandbox), "{command}\n{}", ran.stdout);
                let filled = filled(&command);
                let again = run(dir.path(), &filled.iter().map(String::as_str).collect::<Vec<_>>(), &[]);
                assert_ne!(again.code, Some(64), "{command}: {}", again.stderr);
            }
        }
    }
    assert!(seen.len() >= 14, "{seen:#?}");
}

/// A page, JSON and SARIF are read elsewhere, and their commands are pasted all the same.
#[test]
fn commands_in_every_format_repeat_the_scope() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("other.toml"), GATE).unwrap();
    let scope = ["-c", "other.toml", "--sandbox=missing-environment", "--environment", "production"];
    let with_scope = "gatectl apply -c other.toml --environment production --sandbox=missing-environment";
    for format in ["human", "json", "markdown", "github", "html"] {
        let ran = run(dir.path(), &[&["verify", "--sarif", "found.sarif", "--format", format], &scope[..]].concat(), &[]);
        let sarif = std::fs::read_to_string(dir.path().join("found.sarif")).unwrap();
        let results = sarif.split_once("\"results\"").unwrap().1.split_once("\"tool\"").unwrap().0;
        for text in [ran.stdout.as_str(), results] {
            let all = text.matches("gatectl apply").count();
            assert!(all > 0 && all == text.matches(with_scope).count(), "{format}: {text}");
        }
    }
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

/// The first suggestion that begins so, run in the same world.
fn follow(world: &Served, text: &str, begins: &str, has: &str, more: &[&str]) -> Ran {
    let command = suggested(text).into_iter().find(|command| command.starts_with(begins) && command.contains(has));
    let command = command.unwrap_or_else(|| panic!("no {begins} {has}: {text}"));
    let filled = filled(&command);
    world.run(&[&filled.iter().map(String::as_str).collect::<Vec<_>>()[..], more].concat())
}

#[test]
fn the_fix_of_a_finding_removes_it() {
    for (scenario, code) in [
        (Scenario::MissingEnvironment, "environment-missing"),
        (Scenario::NoRules, "no-reviewers"),
        (Scenario::WrongReviewer, "undeclared-reviewer"),
    ] {
        let world = Served::rehearsal(scenario, GATE);
        let scope = ["--environment", "production"];
        let verified = world.run(&[&["verify"], &scope[..]].concat());
        assert!(verified.stdout.contains(&format!("error[{code}")), "{}", verified.stdout);
        let mut applied = follow(&world, &verified.stdout, "gatectl apply", "--environment production", &["--auto-approve"]);
        // A new approver is a wider door, which needs consent.
        if scenario == Scenario::WrongReviewer {
            applied = follow(&world, &applied.stderr, "gatectl apply", "--allow-weaken", &[]);
        }
        assert_eq!(applied.code, Some(0), "{}{}", applied.stdout, applied.stderr);
        let verified = follow(&world, &verified.stdout, "gatectl verify", "", &[]);
        assert!(!verified.stdout.contains("error["), "{}", verified.stdout);
    }
}

#[test]
fn a_freeze_names_the_commands_that_end_it() {
    let world = Served::rehearsal(Scenario::Gated, GATE);
    let frozen = world.run(&["freeze", "on", "--reason", "an incident"]);
    let overridden = follow(&world, &frozen.stdout, "gatectl freeze override", "--for", &[]);
    assert_eq!(overridden.code, Some(0), "{}", overridden.stderr);
    assert_eq!(world.run(&["freeze", "check", "--environment", "production"]).code, Some(0));
    let revoked = follow(&world, &format!("{}{}", overridden.stdout, overridden.stderr), "gatectl freeze override", "--revoke", &[]);
    assert_eq!(revoked.code, Some(0), "{}", revoked.stderr);
    let refused = world.run(&["freeze", "check", "--environment", "production"]);
    assert_eq!(refused.code, Some(7));
    let lifted = follow(&world, &refused.stdout, "gatectl freeze off", "", &["--auto-approve"]);
    assert_eq!(lifted.code, Some(0), "{}", lifted.stderr);
    assert_eq!(world.run(&["freeze", "check", "--environment", "production"]).code, Some(0));
}

#[test]
fn a_refused_apply_names_the_command_that_is_not_refused() {
    let world = Served::rehearsal(Scenario::Gated, GATE);
    // Stale: the live state moved after the plan was saved.
    std::fs::write(world.dir.path().join("gate.toml"), GATE.replace("wait_timer = 5", "wait_timer = 9")).unwrap();
    assert_eq!(world.run(&["plan", "--out", "gate.plan"]).code, Some(0));
    std::fs::write(world.dir.path().join("gate.toml"), GATE.replace("wait_timer = 5", "wait_timer = 8")).unwrap();
    let stale = world.run(&["apply", "gate.plan", "--auto-approve"]);
    assert_eq!(stale.code, Some(5));
    let planned = follow(&world, &stale.stderr, "gatectl plan", "--out gate.plan", &[]);
    assert_eq!(planned.code, Some(0), "{}", planned.stderr);
    assert_eq!(world.run(&["apply", "gate.plan", "--auto-approve"]).code, Some(0));
    // Weaker, and without consent.
    std::fs::write(world.dir.path().join("gate.toml"), GATE.replace("wait_timer = 5", "wait_timer = 1")).unwrap();
    let refused = world.run(&["apply", "--auto-approve"]);
    assert_eq!(refused.code, Some(1), "{}", refused.stdout);
    let applied = follow(&world, &refused.stderr, "gatectl apply", "--allow-weaken", &[]);
    assert_eq!(applied.code, Some(0), "{}{}", applied.stdout, applied.stderr);
    assert!(world.run(&["plan"]).stdout.contains("No changes"));
}

#[test]
fn what_waits_names_the_command_that_approves_it() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("gate.toml"), GATE).unwrap();
    let pending = run(dir.path(), &["pending", "--sandbox=gated"], &[]);
    let command = suggested(&pending.stdout).into_iter().find(|command| command.starts_with("gatectl approve")).unwrap();
    let mut arguments = filled(&command);
    arguments.extend(["--comment".to_owned(), "fine".to_owned(), "--auto-approve".to_owned()]);
    let approved = run(dir.path(), &arguments.iter().map(String::as_str).collect::<Vec<_>>(), &[]);
    assert_eq!(approved.code, Some(0), "{command}: {}{}", approved.stdout, approved.stderr);
}
