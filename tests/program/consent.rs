//! What a person agreed to is what runs: narrowing, pruning, saved plans.

use std::path::Path;

use gatectl::sandbox::{Account, BranchPattern, PolicyMode, RefType, Scenario};

use super::run::{Ran, run};
use super::served::Served;

const TWO: &str = r#"version = 1
[github]
repository = "acme/shop"
[environments.production]
reviewers = [{ user = "alice", id = 501 }]
[environments.canary]
wait_timer = 5
"#;

fn write(dir: &Path, name: &str, text: &str) {
    std::fs::write(dir.join(name), text).unwrap();
}

fn here(toml: &str) -> (tempfile::TempDir, impl Fn(&[&str]) -> Ran + use<>) {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "gate.toml", toml);
    let path = dir.path().to_path_buf();
    (dir, move |args: &[&str]| run(&path, args, &[]))
}

#[test]
fn what_a_run_leaves_out_is_still_declared() {
    let (_dir, run) = here(TWO);
    let plan = run(&["plan", "--sandbox=gated", "--environment", "production"]);
    assert_eq!(plan.code, Some(0), "{}", plan.stderr);
    assert!(plan.stdout.contains("environments/staging"), "staging is in the world and in no file: {}", plan.stdout);
    assert!(!plan.stdout.contains("canary"), "{}", plan.stdout);
}

#[test]
fn pruning_part_of_a_file_is_refused_wherever_the_flags_stand() {
    let (_dir, run) = here(TWO);
    for args in [
        &["plan", "--prune", "--environment", "production", "--sandbox=gated"][..],
        &["--environment", "production", "plan", "--prune", "--sandbox=gated"],
        &["apply", "--prune", "--environment", "production", "--sandbox=gated", "--auto-approve", "--allow-weaken"],
    ] {
        let ran = run(args);
        assert_eq!(ran.code, Some(1), "{args:?} {}", ran.stdout);
        assert!(ran.stderr.contains("leaves out canary") && ran.stderr.contains("hint:"), "{}", ran.stderr);
    }
    let whole = run(&["plan", "--prune", "--sandbox=gated", "--format", "json"]);
    assert!(whole.stdout.contains("environments/staging") && !whole.stdout.contains("canary"), "{}", whole.stdout);
}

#[test]
fn pruning_by_an_empty_file_is_refused() {
    let (_dir, run) = here("version = 1\n[github]\nrepository = \"acme/shop\"\n");
    let ran = run(&["plan", "--prune", "--sandbox=gated"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("would delete them all"), "{}", ran.stderr);
}

#[test]
fn a_saved_plan_gains_no_consent_by_an_edit() {
    let (dir, run) = here(TWO);
    assert_eq!(run(&["plan", "--sandbox=wrong-reviewer", "--out", "gate.plan"]).code, Some(0));
    let apply = |plan: &str| run(&["apply", plan, "--sandbox=wrong-reviewer", "--auto-approve"]);
    let without = apply("gate.plan");
    assert_eq!(without.code, Some(1));
    assert!(without.stderr.contains("--allow-weaken"), "{}", without.stderr);

    let text = std::fs::read_to_string(dir.path().join("gate.plan")).unwrap();
    for (from, to) in [
        ("\"allow_weaken\": false", "\"allow_weaken\": true"),
        ("\"prune\": false", "\"prune\": true"),
        ("\"seal\": \"sha256:", "\"seal\": \"sha256:0"),
    ] {
        assert!(text.contains(from), "{text}");
        write(dir.path(), "edited.plan", &text.replace(from, to));
        let edited = apply("edited.plan");
        assert_eq!(edited.code, Some(1), "{to}");
        assert!(
            edited.stderr.contains("was altered") && edited.stderr.contains("gatectl plan --sandbox=wrong-reviewer --out"),
            "{}",
            edited.stderr
        );
    }

    assert_eq!(run(&["plan", "--sandbox=wrong-reviewer", "--out", "gate.plan", "--allow-weaken"]).code, Some(0));
    assert_eq!(apply("gate.plan").code, Some(0), "made with the flag, it carries the consent");
}

#[test]
fn a_saved_plan_is_stale_when_a_login_changed_hands() {
    // Nothing of the environment moves and no file changes: only the account behind the login is another one.
    let world = Served::rehearsal(Scenario::NoRules, &TWO.replace(", id = 501", ""));
    assert_eq!(world.run(&["plan", "--out", "gate.plan"]).code, Some(0));
    world.sandbox.with(|state| {
        let accounts = &mut state.github.people.accounts;
        let id = *accounts.iter().find(|(_, account)| account.login == "alice").unwrap().0;
        let alice = accounts.remove(&id).unwrap();
        accounts.insert(666, Account { id: 666, ..alice });
    });
    let moved = world.run(&["apply", "gate.plan", "--auto-approve"]);
    assert_eq!(moved.code, Some(5), "{}", moved.stderr);
    assert!(moved.stderr.contains("environments/production") && moved.stderr.contains("behind a login"), "{}", moved.stderr);
    assert_eq!(world.sandbox.with(|state| state.log.writes.len()), 0);
}

#[test]
fn a_cut_off_apply_is_named_with_the_command_that_finishes_it_and_nothing_else() {
    let gate =
        format!("{TWO}[environments.\"prod eu\"]\ndeployment_branch_policy = {{ branches = [\"main\", \"release\"], tags = [\"v*\"] }}\n");
    let world = Served::rehearsal(Scenario::Gated, &gate);
    world.sandbox.with(|state| {
        let cut_off = state.repo("acme/shop").unwrap().environment_mut("prod eu").unwrap();
        cut_off.policy = Some(PolicyMode::Custom);
        cut_off.patterns = vec![BranchPattern { id: 9, name: "main".to_owned(), kind: RefType::Branch }];
    });
    let refused = world.run(&["apply", "--auto-approve", "-c", "gate.toml"]);
    assert_eq!(refused.code, Some(1), "{}", refused.stdout);
    let said = refused.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("an interrupted apply can leave this state: only branch `release`, tag `v*` is missing"), "{said}");
    let command = |ran: &Ran| ran.stderr.split_once("finishes it:").and_then(|(_, rest)| rest.split('`').nth(1).map(str::to_owned));
    assert_eq!(command(&refused).as_deref(), Some("gatectl apply -c gate.toml --allow-weaken --auto-approve"), "{}", refused.stderr);

    // Beside another weakening the command is about the cut-off environment alone.
    world.sandbox.with(|state| state.repo("acme/shop").unwrap().environment_mut("canary").unwrap().wait_timer = 9);
    let refused = world.run(&["apply", "--auto-approve"]);
    let line = command(&refused).unwrap_or_else(|| panic!("{}", refused.stderr));
    assert_eq!(line, "gatectl apply --environment 'prod eu' --allow-weaken --auto-approve");
    let finished = world.run(&["apply", "--environment", "prod eu", "--allow-weaken", "--auto-approve"]);
    assert_eq!(finished.code, Some(0), "{}{}", finished.stdout, finished.stderr);
    let left = world.run(&["plan", "--format", "json"]).stdout;
    assert!(left.contains("environments/canary") && !left.contains("prod eu"), "{left}");
}

#[test]
fn a_weakening_that_no_cut_off_apply_leaves_is_refused_with_the_command_that_consents() {
    let world = Served::rehearsal(Scenario::Gated, TWO);
    world.sandbox.with(|state| state.repo("acme/shop").unwrap().environment_mut("canary").unwrap().wait_timer = 9);
    let refused = world.run(&["apply", "--auto-approve", "--environment", "canary"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("`gatectl apply --environment canary --allow-weaken --auto-approve`"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("interrupted"), "{}", refused.stderr);
}
