//! The main job on the built-in emulator, as it looks.

use super::run::{gatectl, root, run};
use gatectl_test_support::assert_golden;

const SCENARIOS: [&str; 6] = ["missing-environment", "no-rules", "wrong-reviewer", "plan-limit", "unprotected-branches", "gated"];

#[test]
fn plans_and_applies_look_as_they_were_approved() {
    for scenario in SCENARIOS {
        let flag = format!("--sandbox={scenario}");
        let plan = ["plan", flag.as_str(), "--detailed-exitcode"];
        let apply = ["apply", flag.as_str(), "--auto-approve"];
        let seen = gatectl(&plan).transcript(&plan) + &gatectl(&apply).transcript(&apply);
        assert_golden(&format!("program/{scenario}.txt"), &seen);
    }
}

#[test]
fn the_exit_codes_are_the_documented_ones() {
    let code = |args: &[&str]| gatectl(args).code;
    assert_eq!(code(&["plan", "--sandbox=missing-environment"]), Some(0));
    assert_eq!(code(&["plan", "--sandbox=missing-environment", "--detailed-exitcode"]), Some(2));
    assert_eq!(code(&["plan", "--sandbox=gated", "--detailed-exitcode"]), Some(0));
    assert_eq!(code(&["apply", "--sandbox=plan-limit", "--auto-approve"]), Some(3));
    assert_eq!(code(&["apply", "--sandbox=missing-environment", "--auto-approve"]), Some(0));
    assert_eq!(code(&["plan"]), Some(4), "no token");
    assert_eq!(code(&["plan", "--no-such-flag"]), Some(64));
    assert_eq!(code(&["plan", "-c", "no-such-file.toml"]), Some(1));
}

#[test]
fn nothing_is_written_without_consent() {
    let asked = gatectl(&["apply", "--sandbox=missing-environment"]);
    assert_eq!(asked.code, Some(1));
    assert!(asked.stderr.contains("--auto-approve"), "{}", asked.stderr);
    let weaker = gatectl(&["apply", "--sandbox=wrong-reviewer", "--auto-approve"]);
    assert_eq!(weaker.code, Some(1));
    assert!(weaker.stderr.contains("--allow-weaken"), "{}", weaker.stderr);
    assert_eq!(gatectl(&["apply", "--sandbox=wrong-reviewer", "--auto-approve", "--allow-weaken"]).code, Some(0));
}

#[test]
fn the_emulator_can_be_tried_without_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let here = run(dir.path(), &["plan", "--sandbox"], &[]);
    assert_eq!((here.code, here.stdout), (Some(0), gatectl(&["plan", "--sandbox"]).stdout));
    let without = run(dir.path(), &["plan"], &[]);
    assert_eq!(without.code, Some(1));
    assert!(without.stderr.contains("no gate.toml"), "{}", without.stderr);
}

#[test]
fn a_saved_plan_runs_exactly_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let gate = std::fs::read_to_string(root().join("gate.toml")).unwrap();
    std::fs::write(dir.path().join("gate.toml"), &gate).unwrap();
    let run = |args: &[&str]| run(dir.path(), args, &[]);
    let saved = run(&["plan", "--sandbox=no-rules", "--out", "gate.plan"]);
    assert_eq!(saved.code, Some(0), "{}", saved.stderr);

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(dir.path().join("gate.plan")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "readable by its owner only");
    }
    assert_eq!(run(&["apply", "gate.plan", "--sandbox=no-rules", "--auto-approve"]).code, Some(0));

    let moved = run(&["apply", "gate.plan", "--sandbox=gated", "--auto-approve"]);
    assert_eq!(moved.code, Some(5));
    assert!(moved.stderr.contains("environments/production") && moved.stderr.contains("reviewers was []"), "{}", moved.stderr);

    let text = std::fs::read_to_string(dir.path().join("gate.plan")).unwrap();
    std::fs::write(dir.path().join("altered.plan"), text.replace("20930225", "20930226")).unwrap();
    let altered = run(&["apply", "altered.plan", "--sandbox=no-rules", "--auto-approve"]);
    assert_eq!(altered.code, Some(1));
    assert!(altered.stderr.contains("altered"), "{}", altered.stderr);

    std::fs::write(dir.path().join("future.plan"), text.replacen("\"format_version\": \"", "\"format_version\": \"9", 1)).unwrap();
    let future = run(&["apply", "future.plan", "--sandbox=no-rules", "--auto-approve"]);
    assert_eq!(future.code, Some(1));
    assert!(future.stderr.contains("plan format"), "{}", future.stderr);

    std::fs::write(dir.path().join("gate.toml"), gate.replace("\"protected\"", "\"all\"")).unwrap();
    let edited = run(&["apply", "gate.plan", "--sandbox=no-rules", "--auto-approve"]);
    assert_eq!(edited.code, Some(5));
    assert!(edited.stderr.contains("no longer declares"), "{}", edited.stderr);

    assert_eq!(run(&["apply", "gate.toml", "--sandbox", "--auto-approve"]).code, Some(1), "not a plan at all");
}

#[test]
fn json_is_all_that_stdout_holds() {
    for args in [&["plan", "--sandbox", "--format", "json"][..], &["apply", "--sandbox=plan-limit", "--auto-approve", "--format", "json"]] {
        let ran = gatectl(args);
        let value: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(value["format_version"], "1.1");
    }
    let once = gatectl(&["plan", "--sandbox", "--format", "json"]).stdout;
    assert_eq!(once, gatectl(&["plan", "--sandbox", "--format", "json"]).stdout, "deterministic");
}

#[test]
fn in_actions_the_summary_and_the_outputs_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let (summary, output) = (dir.path().join("summary"), dir.path().join("output"));
    let vars = [("GITHUB_STEP_SUMMARY", summary.to_str().unwrap()), ("GITHUB_OUTPUT", output.to_str().unwrap())];
    let ran = run(&root(), &["plan", "--sandbox=wrong-reviewer", "--format", "github"], &vars);
    assert!(ran.stdout.contains("::warning ") && ran.stdout.contains("file=gate.toml,line=7"), "{}", ran.stdout);
    assert!(std::fs::read_to_string(summary).unwrap().contains("production"));
    let output = std::fs::read_to_string(output).unwrap();
    assert!(output.contains("changes") && output.contains("weakens") && output.contains("true"), "{output}");
}
