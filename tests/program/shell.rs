//! Completions and manual pages.

use super::run::{gatectl, root, run};

fn completed(words: &[&str]) -> Vec<String> {
    let args: Vec<&str> = ["--", "gatectl"].iter().chain(words).copied().collect();
    let out = run(&root().join("examples"), &args, &[("COMPLETE", "fish")]);
    assert_eq!(out.code, Some(0), "{}", out.stderr);
    out.stdout.lines().filter_map(|line| line.split('\t').next().map(str::to_owned)).collect()
}

#[test]
fn names_of_environments_come_from_the_file_at_hand() {
    let dir = tempfile::tempdir().unwrap();
    let names = |text: Option<&str>| {
        let gate = dir.path().join("gate.toml");
        match text {
            Some(text) => std::fs::write(gate, text).unwrap(),
            None => _ = std::fs::remove_file(gate),
        }
        let out = run(dir.path(), &["--", "gatectl", "plan", "--environment", ""], &[("COMPLETE", "fish")]);
        assert_eq!((out.code, out.stderr.as_str()), (Some(0), ""));
        out.stdout.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(names(Some("version = 1\n[environments.staging]\n[environments.production]\n")), ["production", "staging"]);
    assert!(names(Some("version = ")).is_empty());
    assert!(names(None).is_empty());
}

#[test]
fn scenarios_and_commands_are_completed() {
    for scenario in gatectl::sandbox::Scenario::ALL {
        assert!(completed(&["plan", "--sandbox="]).contains(&format!("--sandbox={scenario}")), "{scenario}");
        assert!(completed(&["sandbox", "--scenario", ""]).contains(&scenario.to_string()), "{scenario}");
    }
    assert!(completed(&["im"]).contains(&"import".to_owned()));
}

#[test]
fn each_shell_gets_a_script_that_asks_the_program() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = gatectl(&["completions", shell]).stdout;
        assert!(script.contains("COMPLETE") && script.contains("gatectl"), "{shell}: {script}");
        assert!(!script.contains(env!("CARGO_BIN_EXE_gatectl")), "{shell}: found by name, wherever it is installed");
    }
}

#[test]
fn a_variable_that_was_not_meant_for_us_changes_nothing() {
    for value in ["", "0", "1", "yes"] {
        let out = run(&root(), &["--version"], &[("COMPLETE", value)]);
        assert_eq!((out.code, out.stdout), (Some(0), gatectl(&["--version"]).stdout), "{value}");
    }
}

#[test]
fn every_command_has_a_manual_page() {
    use clap::CommandFactory;
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("man1");
    assert_eq!(gatectl(&["man", "--out", out.to_str().unwrap()]).code, Some(0));
    assert_eq!(std::fs::read_to_string(out.join("gatectl.1")).unwrap(), gatectl(&["man"]).stdout);
    for command in gatectl::cli::Cli::command().get_subcommands() {
        let page = std::fs::read_to_string(out.join(format!("gatectl-{}.1", command.get_name()))).unwrap();
        assert!(page.contains(".SH SYNOPSIS") && !page.contains(".SH EXTRA"), "{}", command.get_name());
    }
    assert!(!out.join("gatectl-help.1").exists());
    // An example is pasted whole: it stands on one line, and prose around it is filled.
    let approve = std::fs::read_to_string(out.join("gatectl-approve.1")).unwrap();
    let (notes, examples) = approve.split_once(".SH NOTES\n").unwrap().1.split_once(".SH EXAMPLES\n.nf\n").unwrap();
    assert!(notes.starts_with("RUN is") && !notes.contains("  gatectl"), "{notes}");
    assert!(examples.lines().take_while(|line| *line != ".fi").all(|line| line.starts_with("  gatectl approve ")), "{examples}");
}
