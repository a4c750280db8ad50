//! Which jobs a freeze check must come before, and where it may be.

use super::*;
use crate::desired::freeze::{OnUnreachable, Policy, Store};
use crate::workflows::freeze_check::FreezeFacts;

const CHECK: &str = "{run: gatectl freeze check}";

/// A freeze that compensates.
pub(super) fn policy() -> Policy {
    Policy {
        store: Store::Heroku("raxx-console-prod".to_owned()),
        environments: BTreeSet::from([env("production")]),
        flag: Policy::FLAG.to_owned(),
        override_flag: Policy::OVERRIDE.to_owned(),
        frozen: false,
        compensates: true,
        check_commands: Vec::new(),
        on_unreachable: OnUnreachable::Frozen,
        windows: Vec::new(),
    }
}

/// File, scenario, job and kind of each proof for production.
fn proofs(files: &[(&str, &str)], expectations: Vec<Expectation>) -> Vec<(String, String, String, &'static str)> {
    let policy = policy();
    let sources: Vec<SourceFile> = files.iter().map(|(name, text)| source(name, text)).collect();
    let mut facts = facts(expectations);
    facts.environments.insert(env("staging"), None);
    let freeze = FreezeFacts { policy: &policy, config: Some("gate.toml"), holds: &|path| Some(path == "gate.toml") };
    let short = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let kind = |proof: &Proof| match proof {
        Proof::Proven(_) => "proven",
        Proof::Earlier(..) => "earlier",
        Proof::AtStart(_) => "at start",
        Proof::Unproven(..) => "unproven",
    };
    let all = compensation(&super::files(&sources, &facts), &facts, &env("production"), freeze).into_iter();
    all.map(|one| (short(&one.at), one.scenario, one.path, kind(&one.proof))).collect()
}

fn row(at: &str, scenario: &str, path: &str, kind: &'static str) -> (String, String, String, &'static str) {
    (at.to_owned(), scenario.to_owned(), path.to_owned(), kind)
}

fn one(job: &str) -> Vec<(String, String, String, &'static str)> {
    proofs(&[("deploy.yml", &with_jobs(job))], vec![])
}

const MAIN: &str = "push refs/heads/main";

#[test]
fn every_job_that_may_deploy_there_needs_a_check() {
    let none = [row("", "", "", "unproven")];
    let job = |rest: &str| one(&format!("deploy:\n  runs-on: ubuntu-latest\n{rest}"));
    let of_it = |kind| [row("deploy.yml", MAIN, "deploy.yml:deploy", kind)];
    let deploy = "{run: heroku container:release web}";
    let checked = format!("  steps: [{CHECK}, {deploy}]");
    assert_eq!(job(&format!("  environment: production\n{checked}")), of_it("proven"));
    assert_eq!(job(&format!("  environment: production\n  steps: [{deploy}, {CHECK}]")), of_it("unproven"));
    // Elsewhere, or with nothing to deploy with, or never.
    assert_eq!(job(&format!("  environment: staging\n  steps: [{deploy}]")), none);
    assert_eq!(one("build:\n  runs-on: x\n  steps: [{run: make}]"), none);
    assert_eq!(job(&format!("  environment: production\n  if: false\n  steps: [{deploy}]")), none);
    // Outside any environment, or in one that may be this one, or none.
    assert_eq!(job(&format!("  steps: [{deploy}]")), of_it("unproven"));
    let set = |names: &str| job(&format!("  environment: ${{{{ github.actor == 'x' && {names} }}}}\n  steps: [{deploy}]"));
    assert_eq!(set("'staging' || 'production'"), of_it("unproven"));
    assert_eq!(set("'staging' || ''"), of_it("unproven"));
    assert_eq!(set("'staging' || 'qa'"), none);
    assert_eq!(job(&format!("  environment: ${{{{ vars.X }}}}\n  steps: [{deploy}]")), of_it("unproven"));
}

#[test]
fn a_declared_scenario_must_deploy_unless_it_is_declared_for_others_too() {
    let staging = with_jobs("deploy:\n  runs-on: ubuntu-latest\n  environment: staging\n  steps: [{run: heroku container:release web}]");
    let declared = |names: &[&str]| Expectation {
        expect: Expected::Environments(names.iter().copied().map(env).collect()),
        ..expect("deploy.yml", vec![when("push", None, &[])])
    };
    let with = |expectation: Expectation| proofs(&[("deploy.yml", &staging)], vec![expectation]);
    assert_eq!(with(declared(&["production"])), [row("deploy.yml", MAIN, "", "unproven")]);
    // That no job of the file deploys there at all is the only doubt then.
    assert_eq!(with(declared(&["production", "staging"])), [row("", "", "", "unproven")]);
    assert_eq!(with(declared(&["staging"])), [row("", "", "", "unproven")]);
    assert_eq!(
        with(Expectation { file: ".github/workflows/gone.yml".to_owned(), ..declared(&["production"]) }),
        [row("gone.yml", "", "", "unproven")]
    );
    assert_eq!(
        with(Expectation { file: ".github/workflows/gone.yml".to_owned(), ..declared(&["staging"]) }),
        [row("", "", "", "unproven")]
    );
}

#[test]
fn a_called_workflow_is_checked_in_itself_or_before_it_is_called() {
    let callee = |steps: &str| {
        format!(
            "on: {{workflow_call: {{inputs: {{go: {{type: string}}}}}}}}\njobs:\n  apply:\n    runs-on: ubuntu-latest\n    environment: production\n    steps: [{steps}]\n"
        )
    };
    let deploy = "{run: heroku container:release web}";
    let caller = |needs: &str, guard: &str| {
        with_jobs(&format!(
            "guard:\n  runs-on: ubuntu-latest\n  environment: staging\n  steps: [{guard}]\ncall:\n{needs}  uses: ./.github/workflows/apply.yml\n  secrets: inherit"
        ))
    };
    let run = |caller: &str, callee: &str| proofs(&[("deploy.yml", caller), ("apply.yml", callee)], vec![]);
    let path = "deploy.yml:call \u{203a} apply.yml:apply";
    let (plain, guarded) = (caller("", "{run: make}"), caller("  needs: guard\n", "{run: gatectl freeze check --environment production}"));
    assert_eq!(run(&plain, &callee(&format!("{CHECK}, {deploy}"))), [row("apply.yml", MAIN, path, "proven")]);
    assert_eq!(run(&plain, &callee(deploy)), [row("apply.yml", MAIN, path, "unproven")]);
    assert_eq!(run(&guarded, &callee(deploy)), [row("deploy.yml", MAIN, path, "earlier")]);
    // Where both check, its own is the one that counts.
    assert_eq!(run(&guarded, &callee(&format!("{CHECK}, {deploy}"))), [row("apply.yml", MAIN, path, "proven")]);
    // The inputs of the run are not those of the called workflow.
    let dispatch = "on: {workflow_dispatch: {inputs: {go: {type: choice, options: ['no']}}}}\njobs:\n  call:\n    uses: ./.github/workflows/apply.yml\n    with: {go: 'yes'}\n    secrets: inherit\n";
    let skipped = format!("{{run: gatectl freeze check, if: \"inputs.go == 'no'\"}}, {deploy}");
    let found = run(dispatch, &callee(&skipped));
    assert!(!found.is_empty() && found.iter().all(|(_, _, _, kind)| *kind == "unproven"), "{found:?}");
}
