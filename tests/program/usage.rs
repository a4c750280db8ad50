//! Help, completions, manual, and what the README promises.

use clap::CommandFactory;
use gatectl::cli::Cli;

use super::run::{gatectl, root};

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_has_help_with_examples() {
    for command in Cli::command().get_subcommands().filter(|command| command.get_name() != "help") {
        let help = gatectl(&[command.get_name(), "--help"]);
        assert_eq!(help.code, Some(0), "{}", command.get_name());
        let leaves = command.get_subcommands().count() == 0;
        assert!(!leaves || help.stdout.contains("Examples:"), "{} has no examples", command.get_name());
    }
}

#[test]
fn generated_pages_are_there() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        assert!(gatectl(&["completions", shell]).stdout.contains("gatectl"), "{shell}");
    }
    assert!(gatectl(&["man"]).stdout.starts_with(".ie"), "roff");
    let schema: serde_json::Value = serde_json::from_str(&gatectl(&["schema"]).stdout).unwrap();
    assert!(schema["properties"]["environments"].is_object());
}

#[test]
fn the_readme_shows_real_output() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let shown = gatectl(&["plan", "--sandbox=missing-environment"]).stdout;
    assert!(readme.contains(shown.trim_end()), "README.md must show:\n{shown}");
}

#[test]
fn what_is_printed_ends_its_last_line() {
    let dir = tempfile::tempdir().unwrap();
    let run = |gate: &str| {
        std::fs::write(dir.path().join("gate.toml"), gate).unwrap();
        super::run::run(dir.path(), &["validate"], &[])
    };
    let wrong = run("version = 1\nsurprise = 1\n");
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.stderr.contains("1 problem") && wrong.stderr.ends_with('\n'), "{:?}", wrong.stderr);
    let right = run("version = 1\n[environments.staging]\n");
    assert!(right.stdout.contains("1 environment,") && right.stdout.ends_with('\n'), "{}", right.stdout);
}
