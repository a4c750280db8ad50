//! Without a checkout: gate.toml of the default branch.

use gatectl::sandbox::{Fault, Response, Scenario};

use super::run::run;
use super::served::Served;

const GATE: &str = "version = 1\n\n[environments.production]\nreviewers = [{ user = \"ann\" }]\n";

fn world(gate: Option<&str>) -> (Served, tempfile::TempDir) {
    let world = Served::rehearsal(Scenario::NoRules, GATE);
    world.sandbox.with(|state| {
        let files = &mut state.repo("acme/shop").unwrap().files;
        files.remove("gate.toml");
        files.extend(gate.map(|gate| ("gate.toml".to_owned(), gate.to_owned())));
    });
    (world, tempfile::tempdir().unwrap())
}

#[test]
fn plan_and_verify_read_the_gate_of_the_default_branch() {
    let (world, elsewhere) = world(Some(GATE));
    let ask = |args: &[&str]| run(elsewhere.path(), &[args, &["-R", "acme/shop"]].concat(), &world.vars());
    let plan = ask(&["plan", "--detailed-exitcode"]);
    assert_eq!(plan.code, Some(2), "{}{}", plan.stdout, plan.stderr);
    assert!(plan.stdout.contains("github/acme/shop/environments/production"), "{}", plan.stdout);
    assert_eq!(ask(&["verify"]).code, Some(6));

    std::fs::write(elsewhere.path().join("gate.toml"), "version = 1\n[environments.other]\nwait_timer = 5\n").unwrap();
    let plan = ask(&["plan"]);
    assert!(plan.stdout.contains("environments/other"), "a file on disk wins: {}", plan.stdout);
}

#[test]
fn a_repository_without_a_gate_says_how_to_write_one() {
    let (world, elsewhere) = world(None);
    let plan = run(elsewhere.path(), &["plan", "-R", "acme/shop"], &world.vars());
    assert_eq!(plan.code, Some(1), "{}", plan.stdout);
    assert!(
        plan.stderr.contains("acme/shop has no gate.toml") && plan.stderr.contains("gatectl import acme/shop --out gate.toml"),
        "{}",
        plan.stderr
    );
}

#[test]
fn workflow_files_that_cannot_be_read_are_never_a_pass() {
    let world = Served::rehearsal(Scenario::Gated, GATE);
    world.sandbox.with(|state| {
        state.faults.push(Fault::before(Response::github_error(403, "Resource not accessible by integration")).path("*/contents/*"));
    });
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join("gate.toml"), GATE).unwrap();
    let ran = run(elsewhere.path(), &["verify", "-R", "acme/shop"], &world.vars());
    assert_eq!(ran.code, Some(6), "{}", ran.stdout);
    assert!(ran.stdout.contains("workflows-unread") && ran.stdout.contains("UNKNOWN"), "{}", ran.stdout);
}

#[test]
fn actions_of_the_default_branch_are_read_too() {
    let world = Served::rehearsal(Scenario::Gated, GATE);
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join("gate.toml"), GATE).unwrap();
    let verify = || run(elsewhere.path(), &["verify", "-R", "acme/shop"], &world.vars());
    assert_eq!(verify().code, Some(0), "{}", verify().stdout);
    let ship = "on: push\njobs:\n  ship:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - uses: ./.github/actions/ship\n";
    let action = "runs:\n  using: composite\n  steps:\n    - {shell: bash, run: ./.github/ship.sh}\n";
    world.sandbox.with(|state| {
        let files = &mut state.repo("acme/shop").unwrap().files;
        files.insert(".github/workflows/ship.yml".to_owned(), ship.to_owned());
        files.insert(".github/actions/ship/action.yml".to_owned(), action.to_owned());
        files.insert(".github/ship.sh".to_owned(), "kubectl apply -f shop.yml\n".to_owned());
    });
    let told = verify();
    assert_eq!(told.code, Some(6), "{}", told.stdout);
    assert!(told.stdout.contains("unclassified-deploy") && told.stdout.contains("kubectl apply"), "{}", told.stdout);
}
