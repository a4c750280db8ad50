//! How far a fleet's plan is from the limit of the network: the list, the environments, what depends on them, and all requests at 64 at once.
//!
//! `cargo bench --bench fleet` runs the program against the emulator for 1, 20, 100 and 1,000 repositories at 0 and 50 ms latency, and 10,000 at 0 ms, cold
//! and warm, and prints requests, time, the ratio to the limit (with a round trip of the same run), round trips (the longest chain of
//! requests that wait for each other), and peak memory. Nothing is asserted.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, and fails as tests do"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use gatectl::sandbox::{Sandbox, Scenario};
use gatectl_test_support::measure::{self, Measured, median, ms};
use gatectl_test_support::world;
use serde_json::Value;

/// Requests under way at once, as the program has them by default.
const AT_ONCE: f64 = 64.0;
const LATENCIES: [Duration; 2] = [Duration::ZERO, Duration::from_millis(50)];

const ENVIRONMENTS: [&str; 3] = ["production", "staging", "demo"];

/// A fleet file with this many environments in selected mode.
fn fleet(environments: usize) -> String {
    let tables = ENVIRONMENTS.iter().take(environments).map(|name| {
        format!(
            "[environments.{name}]\nreviewers = [{{ team = \"sre\", id = 601 }}]\ndeployment_branch_policy = {{ branches = [\"main\"] }}\n"
        )
    });
    format!("version = 1\n[fleet]\norganization = \"acme\"\nrepositories = [\"svc-*\"]\n{}", tables.collect::<String>())
}

fn main() {
    measure::bench(async {
        println!("{:<44} {:>8} {:>8} {:>9} {:>8} {:>6} {:>8}", "", "ms", "ratio", "requests", "free", "trips", "MB");
        for (count, environments) in [(1, 1), (20, 1), (20, 3), (100, 1), (100, 3), (1_000, 1)] {
            for latency in LATENCIES {
                measure(count, environments, latency).await;
            }
        }
        measure(10_000, 1, Duration::ZERO).await;
    });
}

/// One fleet, planned with an empty cache and again.
async fn measure(count: usize, environments: usize, latency: Duration) {
    let text = fleet(environments);
    let sandbox = served(&text, count).await;
    sandbox.with(|state| state.latency = latency);
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("gate.toml"), &text).unwrap();
    let trip = round_trip(&sandbox, home.path()).await;
    sandbox.with(|state| state.log.clear());
    for state in ["cold", "warm"] {
        let run = tokio::select! {
            run = plan(&sandbox, home.path(), &[]) => run,
            () = without_quota(&sandbox) => continue,
        };
        let (requests, free) = counted(&run);
        let limit = (3.0 + requests as f64 / AT_ONCE) * trip.as_secs_f64();
        let name = format!("{count} repositories x {environments}, {} ms, {state}", latency.as_millis());
        let ratio = run.time.as_secs_f64() / limit;
        let trips = sandbox.with(|state| state.log.depth());
        println!("{name:<44} {:>8.0} {ratio:>8.2} {requests:>9} {free:>8} {trips:>6} {:>8.1}", run.ms(), run.megabytes());
        sandbox.with(|state| state.log.clear());
    }
    if latency > Duration::ZERO && (20..=100).contains(&count) {
        // A loop of single plans, as teams have it without a fleet file; a few stand for all.
        const FEW: usize = 4;
        let begun = Instant::now();
        for number in 0..FEW {
            let single = text.replace("[fleet]\norganization = \"acme\"\nrepositories = [\"svc-*\"]\n", "");
            std::fs::write(home.path().join("single.toml"), single).unwrap();
            plan(&sandbox, home.path(), &["-c", "single.toml", "--no-cache", "-R", &format!("acme/svc-{number:04}")]).await;
        }
        let each = begun.elapsed() / u32::try_from(FEW).unwrap();
        let fleet = plan(&sandbox, home.path(), &["--no-cache"]).await.time;
        let factor = each.as_secs_f64() * count as f64 / fleet.as_secs_f64();
        println!(
            "{:<44} {:>8.0}   a loop takes {factor:.1} times as long",
            format!("  {count} single plans, one after another"),
            ms(each) * count as f64
        );
    }
}

/// Keeps the emulator's limit of an hour out of the way, which the largest fleet exceeds.
async fn without_quota(sandbox: &Sandbox) {
    loop {
        sandbox.with(|state| state.github.used = 0);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// An organization of this many repositories in which everything is as declared.
async fn served(text: &str, count: usize) -> Sandbox {
    let names = (0..count).map(|number| format!("svc-{number:04}"));
    Sandbox::start(world::fleet(Scenario::Gated, text, names)).await.unwrap()
}

/// The time of one request on a connection that is open, by the time that a plan of one repository takes for each of its three.
async fn round_trip(sandbox: &Sandbox, directory: &Path) -> Duration {
    let mut times = Vec::new();
    for _ in 0..3 {
        times.push(plan(sandbox, directory, &["--no-cache", "--repository", "svc-0000"]).await.time / 3);
    }
    median(times)
}

async fn plan(sandbox: &Sandbox, directory: &Path, more: &[&str]) -> Measured {
    let args = [&["plan", "--format", "json"], more].concat();
    measure::run(env!("CARGO_BIN_EXE_gatectl"), sandbox, directory, &args).await
}

/// The requests of a run, and those of them that were answered with 304.
fn counted(run: &Measured) -> (u64, u64) {
    let json: Value = serde_json::from_slice(&run.stdout).unwrap_or_default();
    let number = |name: &str| json.pointer(&format!("/requests/{name}")).and_then(Value::as_u64).unwrap_or_default();
    (number("sent"), number("not_modified"))
}
