//! The one test that talks to the real GitHub. It runs only when a scratch repository and a token are given:
//!
//! ```sh
//! GATECTL_LIVE_REPOSITORY=OWNER/SCRATCH GH_TOKEN=… cargo test --test program live -- --nocapture
//! ```
//!
//! It makes, changes and deletes an environment named `gatectl-smoke`, and touches nothing else. It has not been run yet.

use super::run::{Ran, run};

#[test]
fn live_smoke() {
    let given = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let (Some(repository), Some(token)) = (given("GATECTL_LIVE_REPOSITORY"), given("GH_TOKEN")) else {
        eprintln!("skipped: GATECTL_LIVE_REPOSITORY and GH_TOKEN are not set");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let gatectl = |args: &[&str]| -> Ran {
        let mut vars = vec![("GH_TOKEN", token.as_str())];
        let url = given("GITHUB_API_URL");
        vars.extend(url.as_deref().map(|url| ("GITHUB_API_URL", url)));
        run(dir.path(), args, &vars)
    };
    let declare = |gate: &str| {
        let text = format!("version = 1\n[github]\nrepository = \"{repository}\"\n[environments.gatectl-smoke]\n{gate}\n");
        std::fs::write(dir.path().join("gate.toml"), text).unwrap();
    };
    // Each state is applied, and a second plan shows no change: what the emulator promises, held against the real thing.
    let mut failed = Vec::new();
    for gate in [
        "deployment_branch_policy = { branches = [\"main\", \"release/*\"], tags = [\"v*\"] }",
        "deployment_branch_policy = { branches = [\"main\"] }",
        "deployment_branch_policy = \"all\"",
        "state = \"absent\"",
    ] {
        declare(gate);
        let applied = gatectl(&["apply", "--auto-approve", "--allow-weaken"]);
        let again = gatectl(&["plan", "--detailed-exitcode"]);
        if (applied.code, again.code) != (Some(0), Some(0)) {
            failed.push(format!("{gate}\n{}{}{}{}", applied.stdout, applied.stderr, again.stdout, again.stderr));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
