//! How far single commands are from their limits: `apply` that creates a gate, `evidence` of many deployments, `check` of large workflow folders, and the start.
//!
//! `cargo bench --bench commands` runs the program against the emulator and prints times, the ratio to the limit that a command promises, requests,
//! round trips (the longest chain of requests that wait for each other), and peak memory. Nothing is asserted.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and fails as tests do")]

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use gatectl::config;
use gatectl::sandbox::{Sandbox, Scenario, Setup, State};
use gatectl_test_support::measure::{self, Measured, ms};

const PROGRAM: &str = env!("CARGO_BIN_EXE_gatectl");
const LATENCY: Duration = Duration::from_millis(50);
const RUNS: usize = 5;
const REPO: &str = "acme/shop";

const GATE: &str = r#"
version = 1
[github]
repository = "acme/shop"
[environments.production]
reviewers = [{ user = "alice", id = 501 }]
can_admins_bypass = false
deployment_branch_policy = { branches = ["main", "release/*"], tags = ["v*"] }
"#;

fn main() {
    measure::bench(async {
        println!("{:<52} {:>8} {:>6} {:>9} {:>6} {:>7}", "", "ms", "ratio", "requests", "trips", "MB");
        start().await;
        apply().await;
        for deployments in [10, 100] {
            evidence(deployments).await;
        }
        for files in [42, 500] {
            folder(&format!("check, {files} workflow files"), GATE, &files_that_deploy(files)).await;
        }
        folder("check, 100 jobs x 10 boolean inputs x 100 refs", &hundred_refs(), &[("deploy.yml".to_owned(), hundred_jobs())]).await;
    });
}

/// The program alone: no file, no request.
async fn start() {
    let (sandbox, home) = world(Scenario::Gated, GATE).await;
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        runs.push(measure::run(PROGRAM, &sandbox, home.path(), &["--version"]).await);
    }
    row("--version", &runs, &sandbox, None);
}

/// A gate with three patterns that does not exist yet: at most k + 4 round trips for k patterns.
async fn apply() {
    const LIMIT: f64 = 7.0;
    let (sandbox, home) = world(Scenario::MissingEnvironment, GATE).await;
    sandbox.with(|state| state.latency = LATENCY);
    let run = measure::run(PROGRAM, &sandbox, home.path(), &["apply", "--auto-approve", "--format", "json"]).await;
    row("apply, a missing gate with 3 patterns, 50 ms", &[run], &sandbox, Some(LIMIT));
}

/// Deployments that one person approved, each with a commit of its own: at most 3N / parallelism + 5 round trips.
async fn evidence(count: u32) {
    let limit = 3.0 * f64::from(count) / 64.0 + 5.0;
    let (sandbox, home) = world(Scenario::Gated, GATE).await;
    sandbox.with(|state| {
        for _ in 0..count {
            let run =
                state.start_run(REPO, ".github/workflows/deploy.yml", "push", "refs/heads/main", "sandbox-admin", "production").unwrap();
            state.release_run(REPO, run, Some("alice"));
            state.finish_run(REPO, run, "success");
        }
        state.log.exchanges.clear();
        state.latency = LATENCY;
    });
    let last = count.to_string();
    let run = measure::run(PROGRAM, &sandbox, home.path(), &["evidence", "--last", &last, "--format", "json"]).await;
    row(&format!("evidence of {count} deployments, 50 ms"), &[run], &sandbox, Some(limit));
}

/// `check` of a folder; no request is sent.
async fn folder(name: &str, gate: &str, files: &[(String, String)]) {
    let (sandbox, home) = world(Scenario::Gated, gate).await;
    let workflows = home.path().join(".github/workflows");
    fs::create_dir_all(&workflows).unwrap();
    for (file, text) in files {
        fs::write(workflows.join(file), text).unwrap();
    }
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        runs.push(measure::run(PROGRAM, &sandbox, home.path(), &["check", "--format", "json"]).await);
    }
    row(name, &runs, &sandbox, None);
}

/// One file that deploys, and others that build, test and publish what ordinary repositories do.
fn files_that_deploy(count: usize) -> Vec<(String, String)> {
    let deploy = "on: {push: {branches: [main]}}\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    environment: production\n    steps:\n      - run: ./deploy\n        env: {TOKEN: \"${{ secrets.DEPLOY_TOKEN }}\"}\n";
    let mut files = vec![("deploy.yml".to_owned(), deploy.to_owned())];
    files.extend((1..count).map(|number| {
        let mut text = "on:\n  push: {branches: [main, 'release/**'], tags: ['v*']}\n  pull_request:\n  workflow_dispatch: {inputs: {debug: {type: boolean}}}\njobs:\n".to_owned();
        for job in ["lint", "test", "build"] {
            let _ = write!(
                text,
                "  {job}:\n    runs-on: ${{{{ matrix.os }}}}\n    if: github.event_name != 'pull_request' || github.actor != 'dependabot[bot]'\n    strategy: {{matrix: {{os: [ubuntu-latest, windows-latest], node: [20, 22]}}}}\n    steps:\n      - uses: actions/checkout@v4\n      - uses: actions/setup-node@v4\n        with: {{node-version: \"${{{{ matrix.node }}}}\"}}\n      - run: npm ci && npm run {job}\n"
            );
        }
        (format!("ci-{number}.yml"), text)
    }));
    files
}

fn hundred_jobs() -> String {
    let mut text = "on:\n  workflow_dispatch:\n    inputs:\n".to_owned();
    for input in 0..10 {
        let _ = writeln!(text, "      flag{input}: {{type: boolean}}");
    }
    text.push_str("jobs:\n");
    for job in 0..100 {
        let _ = write!(
            text,
            "  deploy{job}:\n    runs-on: ubuntu-latest\n    if: inputs.flag{} && !inputs.flag{}\n    environment: production\n    steps: [{{run: ./deploy}}]\n",
            job % 10,
            (job + 3) % 10
        );
    }
    text
}

fn hundred_refs() -> String {
    let refs: Vec<String> = (0..100).map(|number| format!("\"release-{number}\"")).collect();
    GATE.replace("\"main\", \"release/*\"", &format!("\"main\", {}", refs.join(", ")))
}

async fn world(scenario: Scenario, text: &str) -> (Sandbox, tempfile::TempDir) {
    let desired = config::parse("gate.toml", text).unwrap().desired;
    let repository = desired.github.repository.clone().unwrap();
    let setup = Setup::new(repository, &desired.github, &desired.heroku);
    let sandbox = Sandbox::start(State::rehearsal(scenario, &setup)).await.unwrap();
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("gate.toml"), text).unwrap();
    (sandbox, home)
}

/// The median run, with the requests of all that the emulator has seen, and the ratio to this many round trips at the emulator's latency.
fn row(name: &str, runs: &[Measured], sandbox: &Sandbox, limit: Option<f64>) {
    let time = measure::median(runs.iter().map(|run| run.time).collect());
    let memory = runs.iter().map(Measured::megabytes).fold(0.0, f64::max);
    let (requests, trips) = sandbox.with(|state| (state.log.exchanges.len(), state.log.depth()));
    let ratio = limit.map_or_else(|| "-".to_owned(), |limit| format!("{:.2}", time.as_secs_f64() / (limit * LATENCY.as_secs_f64())));
    println!("{name:<52} {:>8.1} {ratio:>6} {requests:>9} {trips:>6} {memory:>7.1}", ms(time));
}
