//! Help, completions, manual, and what the README promises.

use clap::CommandFactory;
use gatectl::cli::Cli;

use super::run::{gatectl, root, run};

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_flag_has_one_sentence() {
    let mut commands = vec![Cli::command()];
    while let Some(command) = commands.pop() {
        for argument in command.get_arguments() {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            let one = !help.is_empty() && !help.contains(". ") && !help.ends_with('.');
            assert!(one, "{} {}: {help:?}", command.get_name(), argument.get_id());
        }
        commands.extend(command.get_subcommands().cloned());
    }
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
fn short_help_fits_a_screen() {
    let mut names = vec![Vec::new()];
    for command in Cli::command().get_subcommands().filter(|command| command.get_name() != "help") {
        names.push(vec![command.get_name().to_owned()]);
        names.extend(command.get_subcommands().map(|below| vec![command.get_name().to_owned(), below.get_name().to_owned()]));
    }
    for name in names {
        let args: Vec<&str> = name.iter().map(String::as_str).chain(["-h"]).collect();
        let help = run(&root(), &args, &[("COLUMNS", "80")]).stdout;
        let lines = help.lines().count();
        assert!(lines <= 40, "{} -h prints {lines} lines", name.join(" "));
        assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
        assert!(help.split_whitespace().collect::<Vec<_>>().join(" ").contains("--help also lists the global options"), "{help}");
    }
}

#[test]
fn generated_pages_are_there() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        assert!(gatectl(&["completions", shell]).stdout.contains("gatectl"), "{shell}");
    }
    let page = gatectl(&["man"]).stdout;
    let version = env!("CARGO_PKG_VERSION");
    assert!(page.contains(&format!(".TH GATECTL 1 \"\" \"gatectl {version}\" \"gatectl manual\"\n")), "{page}");
    for section in ["NAME", "SYNOPSIS", "EXAMPLES", "ENVIRONMENT", "FILES", "EXIT STATUS", "SEE ALSO"] {
        assert!(page.contains(&format!(".SH \"{section}\"")) || page.contains(&format!(".SH {section}")), "{section}: {page}");
    }
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(gatectl(&["man", "--out", dir.path().to_str().unwrap()]).code, Some(0));
    let freeze = std::fs::read_to_string(dir.path().join("gatectl-freeze-on.1")).unwrap();
    for page in [&page, &freeze] {
        let global = ["\\-\\-repo", "\\-\\-no\\-cache", "\\-\\-quiet"];
        for flag in global {
            let described = page.split_once(flag).and_then(|(_, rest)| rest.lines().nth(1)).unwrap_or_default();
            assert!(described.split(' ').count() > 2, "{flag} has no sentence: {described:?}");
        }
    }
    assert!(freeze.contains(".TH GATECTL-FREEZE-ON 1") && freeze.contains("gatectl\\-freeze\\fR(1)"), "{freeze}");
    let schema: serde_json::Value = serde_json::from_str(&gatectl(&["schema"]).stdout).unwrap();
    assert!(schema["properties"]["environments"].is_object());
}

#[test]
fn every_way_to_fail_is_json_if_that_was_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("broken.toml"), "version = 1\nsurprise = 1\n").unwrap();
    for (args, code) in [
        (&["plan", "--bogus"][..], 64),
        (&["plan", "--sandbox", "gated"], 64),
        (&["freeze", "on"], 64),
        (&["approve", "one"], 64),
        (&["plan"], 1),
        (&["validate", "no-such-file"], 1),
        (&["plan", "-c", "broken.toml"], 1),
        (&["apply", "no.plan"], 1),
        (&["import", "acme/shop"], 4),
        (&["check"], 1),
    ] {
        for format in [&["--format", "json"][..], &["--format=json"]] {
            let ran = run(dir.path(), &[args, format].concat(), &[]);
            let told: serde_json::Value =
                serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{args:?}: {error} {}", ran.stdout));
            let said = |key: &str| told["error"][key].as_str().is_some_and(|text| !text.is_empty());
            assert!(said("message") && said("hint") && !ran.stderr.is_empty(), "{args:?}: {told}");
            assert_eq!(ran.code, Some(code), "{args:?}: {told}");
        }
    }
}

#[test]
fn a_failure_in_a_workflow_is_an_annotation_at_its_place() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("broken.toml"), "version = 1\nsurprise = 1\n").unwrap();
    for verb in ["plan", "check", "validate"] {
        let ran = run(dir.path(), &[verb, "-c", "broken.toml", "--format", "github"], &[]);
        assert!(ran.stdout.starts_with("::error file=broken.toml,line=2,col=1,title="), "{verb}: {} {}", ran.stdout, ran.stderr);
    }
    let missing = run(dir.path(), &["plan", "--format", "github"], &[]);
    assert!(missing.stdout.starts_with("::error title="), "{}", missing.stdout);
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
        run(dir.path(), &["validate"], &[])
    };
    let wrong = run("version = 1\nsurprise = 1\n");
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.stderr.contains("1 problem") && wrong.stderr.ends_with('\n'), "{:?}", wrong.stderr);
    let right = run("version = 1\n[environments.staging]\n");
    assert!(right.stdout.contains("1 environment,") && right.stdout.ends_with('\n'), "{}", right.stdout);
}

#[test]
fn validate_reads_every_named_file_and_the_worst_decides() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    write("good.toml", "version = 1\n[environments.production]\nreviewers = [{ user = \"ann\" }]\n");
    write("other.toml", "version = 1\n[environments.staging]\nwait_timer = 5\n");
    write("bad.toml", "version = 1\n[environments.production]\nreviewrs = []\n");
    let validate = |files: &[&str]| run(dir.path(), &[&["validate"], files].concat(), &[]);

    let both = validate(&["good.toml", "other.toml"]);
    assert_eq!(both.code, Some(0), "{}", both.stderr);
    assert!(both.stdout.contains("good.toml is valid") && both.stdout.contains("other.toml is valid"), "{}", both.stdout);
    for files in [["bad.toml", "good.toml"], ["good.toml", "bad.toml"]] {
        let ran = validate(&files);
        assert_eq!(ran.code, Some(1));
        assert!(ran.stdout.contains("good.toml is valid"), "the others are read all the same: {}", ran.stdout);
        assert!(ran.stderr.contains("bad.toml:3:1") && ran.stderr.contains("reviewers"), "{}", ran.stderr);
    }
    assert_eq!(validate(&["good.toml", "--config", "other.toml"]).code, Some(64));
}
