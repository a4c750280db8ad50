//! How far a plan is from the limit: the latency of the network, times the longest chain of requests that depend on each other.
//!
//! `cargo bench --bench plan` runs the real client against the emulator at 100 ms latency and prints ratios against one round
//! trip of the same run, the number of requests, and the peak memory of the program itself. Nothing is asserted.

#![allow(dead_code, unreachable_pub, reason = "the world of the tests has more than a benchmark needs")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints, and fails as tests do"
)]

use std::time::{Duration, Instant};

use gatectl::sandbox::{Environment, Sandbox, Scenario};

use gatectl_test_support::measure::{self, Measured, ms};
use gatectl_test_support::world::{THREE_ENVIRONMENTS, World};

const LATENCY: Duration = Duration::from_millis(100);
const RUNS: usize = 9;

fn main() {
    measure::bench(async {
        let trip = round_trip().await;
        println!("one round trip at {} ms latency: {:.1} ms", LATENCY.as_millis(), ms(trip));
        println!("{:<44} {:>8} {:>8} {:>9} {:>6}", "", "ms", "ratio", "requests", "waves");

        for (name, scenario) in [("plan, all as declared", Scenario::Gated), ("plan, everything missing", Scenario::MissingEnvironment)] {
            measure(name, World::rehearsal(scenario, THREE_ENVIRONMENTS).await, trip).await;
        }
        let world = World::rehearsal(Scenario::Gated, THREE_ENVIRONMENTS).await;
        add_environments(&world, 130);
        measure("plan beside 130 undeclared environments", world, trip).await;
        let rules = THREE_ENVIRONMENTS.replace("[environments.demo]", "protection_rules = [\"gatekeeper\"]\n[environments.demo]");
        let world = World::rehearsal(Scenario::Gated, &rules).await;
        world.repo(|repo| repo.environment_mut("staging").unwrap().custom_rules.clear());
        measure("plan with a custom rule to enable", world, trip).await;

        let world = World::rehearsal(Scenario::Gated, THREE_ENVIRONMENTS).await;
        world.sandbox.with(|state| state.latency = LATENCY);
        let (version, _) = program(&world.sandbox, &["--version"]).await;
        let (whole, memory) = program(&world.sandbox, &["plan", "--format", "json"]).await;
        let net = whole.saturating_sub(version);
        println!("{:<44} {:>8.1} {:>8.2}   less `--version`, {:.1} ms", "the program: plan", ms(net), ratio(net, trip), ms(version));
        println!("peak memory of the program: {memory:.1} MB");
    });
}

/// A plan that needs one request only.
async fn round_trip() -> Duration {
    let world = World::rehearsal(Scenario::Gated, "version = 1\n[heroku.config.shop-prod]\nA = \"1\"\n").await;
    world.sandbox.with(|state| state.latency = LATENCY);
    median(&world).await
}

async fn measure(name: &str, world: World, trip: Duration) {
    world.sandbox.with(|state| state.latency = LATENCY);
    let time = median(&world).await;
    world.sandbox.with(|state| state.log.clear());
    world.plan().await;
    let (requests, waves) = world.sandbox.with(|state| (state.log.exchanges.len(), state.log.depth()));
    println!("{name:<44} {:>8.1} {:>8.2} {requests:>9} {waves:>6}", ms(time), ratio(time, trip));
}

/// The median of some plans, each with connections of its own, as a process has them.
async fn median(world: &World) -> Duration {
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let begun = Instant::now();
        world.plan().await;
        times.push(begun.elapsed());
    }
    measure::median(times)
}

fn add_environments(world: &World, count: usize) {
    world.sandbox.with(|state| {
        let now = state.now.tick();
        let mut ids = state.github.ids.clone();
        for n in 0..count {
            let other = Environment::ungated(&mut ids, &format!("preview-{n}"), true, now);
            state.github.repos[0].insert(other);
        }
        state.github.ids = ids;
    });
}

/// The median time of the program, and the most memory it had, in MB.
async fn program(sandbox: &Sandbox, args: &[&str]) -> (Duration, f64) {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("gate.toml"), THREE_ENVIRONMENTS).unwrap();
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        runs.push(measure::run(env!("CARGO_BIN_EXE_gatectl"), sandbox, directory.path(), &[args, &["--no-cache"]].concat()).await);
    }
    let memory = runs.iter().map(Measured::megabytes).fold(0.0, f64::max);
    (measure::median(runs.into_iter().map(|run| run.time).collect()), memory)
}

fn ratio(time: Duration, trip: Duration) -> f64 {
    time.as_secs_f64() / trip.as_secs_f64()
}
