//! What holds in every world, for every declaration, whatever goes wrong and wherever a run ends.
//!
//! `GATECTL_CASES` multiplies how many are tried; a failing one shrinks to something that can be read.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use gatectl::apply::Patience;
use gatectl::model::{EnvName, OutcomeResult};
use gatectl::providers::github::strictness::{Dimension, between, weakened};
use gatectl::reconcile::Applied;
use gatectl::sandbox::{Effect, Fault, Response, State};
use gatectl::stop::Stop;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tokio::sync::Notify;

use crate::cases::{Case, Turned, amiss, case, goal, strictness, turned, undeclared_changes};
use crate::world::{World, said};

/// Each property with the number of cases that a test run tries.
pub const PROPERTIES: [(&str, u32); 5] = [
    ("apply converges from any world to any declaration, the next one writes nothing, and nothing undeclared changes", 300),
    ("at every write a gate is as strict as its start, or as its goal", 200),
    ("killed or stopped at any write: strict enough, and the next apply converges", 300),
    ("any fault at any request: said, nothing weakened, and the next apply converges", 300),
    ("what a billing plan refuses is said, and weakens nothing", 200),
];

/// What goes wrong on the wire.
#[derive(Debug, Clone, Copy)]
enum Wrong {
    ResetBefore,
    ResetAfter,
    ErrorBefore,
    ErrorAfter,
    Html,
    Truncated,
    Unauthenticated,
    Forbidden,
    NotFound,
    Conflict,
    Unprocessable,
}

const WRONGS: [Wrong; 11] = [
    Wrong::ResetBefore,
    Wrong::ResetAfter,
    Wrong::ErrorBefore,
    Wrong::ErrorAfter,
    Wrong::Html,
    Wrong::Truncated,
    Wrong::Unauthenticated,
    Wrong::Forbidden,
    Wrong::NotFound,
    Wrong::Conflict,
    Wrong::Unprocessable,
];

impl Wrong {
    fn fault(self) -> Fault {
        match self {
            Self::ResetBefore => Fault::new(Effect::Reset),
            Self::ResetAfter => Fault::new(Effect::Reset).late(),
            Self::ErrorBefore => Fault::before(Response::github_error(500, "Server Error")),
            Self::ErrorAfter => Fault::after(Response::github_error(502, "Server Error")),
            Self::Html => Fault::before(Response::html(502, "<h1>Bad Gateway</h1>")),
            Self::Truncated => Fault::new(Effect::Truncate(10)),
            Self::Unauthenticated => Fault::before(Response::bad_credentials()),
            Self::Forbidden => Fault::before(Response::github_error(403, "Resource not accessible by integration")),
            Self::NotFound => Fault::before(Response::github_error(404, "Not Found")),
            Self::Conflict => Fault::before(Response::github_error(409, "Conflict")),
            Self::Unprocessable => Fault::before(Response::github_error(422, "Invalid request.")),
        }
    }
}

/// Which requests go wrong.
#[derive(Debug, Clone, Copy)]
struct Trouble {
    wrong: Wrong,
    /// Only requests that write; then each method is counted by itself.
    writes: bool,
    from: u32,
    times: u32,
}

fn trouble() -> impl Strategy<Value = Trouble> {
    let times = prop_oneof![4 => 1..4u32, 1 => Just(1000)];
    (proptest::sample::select(WRONGS.to_vec()), any::<bool>(), 1..25u32, times).prop_map(|(wrong, writes, from, times)| Trouble {
        wrong,
        writes,
        from: if writes { from.div_ceil(4) } else { from },
        times,
    })
}

/// Where a run ends before its end.
#[derive(Debug, Clone, Copy)]
pub enum End {
    /// The process is killed while its nth write is looked at.
    Killed(u32),
    /// The user asks it to stop while its nth write is looked at.
    Stopped(u32),
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![(1..8u32).prop_map(End::Killed), (1..8u32).prop_map(End::Stopped)]
}

const WRITES: [&str; 4] = ["PUT", "POST", "PATCH", "DELETE"];

async fn world(case: &Case, turned: &Turned) -> World {
    let mut world = World::of(case.state(&turned.switches()), case.config()).await;
    world.faithful.set(false);
    world.patience = Patience { resend: Duration::ZERO, read_back: [0, 1, 2].map(Duration::from_millis).to_vec(), contest: Duration::ZERO };
    world.settings.backoff = Duration::from_micros(100);
    world
}

fn arm(world: &World, trouble: Trouble) {
    let methods: &[Option<&str>] = if trouble.writes { &WRITES.map(Some) } else { &[None] };
    for method in methods {
        let fault = trouble.wrong.fault();
        let mut fault = method.map_or(fault.clone(), |method| fault.method(method));
        (fault.from, fault.times) = (trouble.from, trouble.times);
        world.fault(fault);
    }
}

/// Applies until the run ends; none when it was killed.
pub async fn apply_to(world: &World, end: End) -> Option<Applied> {
    let (stop, killed) = (Stop::default(), Arc::new(Notify::new()));
    let (nth, hook): (u32, Arc<dyn Fn() + Send + Sync>) = match end {
        End::Killed(nth) => {
            let killed = Arc::clone(&killed);
            (nth, Arc::new(move || killed.notify_one()))
        }
        End::Stopped(nth) => {
            let stop = stop.clone();
            (nth, Arc::new(move || stop.set()))
        }
    };
    let seen = Arc::new(std::sync::atomic::AtomicU32::new(0));
    for method in WRITES {
        let (seen, hook) = (Arc::clone(&seen), Arc::clone(&hook));
        let count = move |_: &mut State| {
            if seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1 == nth {
                hook();
            }
        };
        world.fault(Fault::meanwhile(count).method(method).from(1));
    }
    tokio::select! {
        applied = world.apply_until(&stop) => Some(applied),
        () = killed.notified() => None,
    }
}

/// Law 4 at every prefix of the write log; stronger than dimension by dimension: each moment is wholly as strict as the start, or
/// wholly as strict as the goal.
pub fn never_weaker(world: &World, start: &State) -> Result<(), TestCaseError> {
    let want = &world.config.desired.github.environments;
    let (start, log) = (start.snapshot(), world.sandbox.with(|state| state.log.clone()));
    for write in &log.writes {
        let exchange = &log.exchanges[write.exchange];
        for address in start.gates.keys().chain(write.after.gates.keys()) {
            let name = EnvName::new(address.splitn(3, '/').nth(2).unwrap()).unwrap();
            let began = start.gates.get(address);
            let (from, to) = (began.map(strictness), goal(want.get(&name), began));
            let now = write.after.gates.get(address).map(strictness);
            let lost: Vec<Dimension> = between(from.as_ref(), now.as_ref(), to.as_ref());
            let whole = weakened(from.as_ref(), now.as_ref()).is_empty() || weakened(to.as_ref(), now.as_ref()).is_empty();
            prop_assert!(
                lost.is_empty() && whole,
                "after {} {} the gate {} is weaker in {:?}:\n from {:?}\n  now {:?}\n   to {:?}\nwrites: {:#?}",
                exchange.method,
                exchange.path,
                address,
                lost,
                from,
                now,
                to,
                world.written()
            );
        }
    }
    Ok(())
}

/// Nothing that is not declared changed.
pub fn nothing_else(world: &World, start: &State) -> Result<(), TestCaseError> {
    let after = world.sandbox.with(|state| state.clone());
    prop_assert_eq!(undeclared_changes(&world.config.desired, start, &after), Vec::<String>::new(), "writes: {:#?}", world.written());
    Ok(())
}

/// A report says what is so, and of everything that is not as declared that it is not.
pub fn honest(world: &World, applied: &Applied) -> Result<(), TestCaseError> {
    let amiss = world.sandbox.with(|state| amiss(&world.config.desired, state));
    prop_assert!(!applied.report.converged || amiss.is_empty(), "said to converge, amiss: {:?}\n{}", amiss, said(applied));
    for outcome in applied.report.outcomes.iter().filter(|outcome| outcome.result == OutcomeResult::Applied) {
        let address = outcome.address.to_string();
        let lies = amiss.iter().any(|wrong| address.ends_with(wrong.split(' ').next().unwrap()));
        prop_assert!(!lies, "{} is said to be applied; amiss: {:?}", address, amiss);
    }
    for outcome in &applied.report.outcomes {
        prop_assert!(!outcome.message.is_empty());
    }
    Ok(())
}

/// Applies until it converges, which has to be soon.
pub async fn recover(world: &World) -> Result<(), TestCaseError> {
    world.heal();
    let mut last = world.apply().await;
    // A request of a killed run may still arrive: then the next one finds a world that moves.
    for _ in 0..2 {
        if last.report.converged {
            break;
        }
        last = world.apply().await;
    }
    prop_assert!(last.report.converged, "{}\nwrites: {:#?}", said(&last), world.written());
    honest(world, &last)?;
    prop_assert_eq!(world.settled().await, Ok(()));
    Ok(())
}

fn check<S: Strategy>(which: usize, strategy: S, property: impl AsyncFn(S::Value) -> Result<(), TestCaseError>)
where
    S::Value: std::fmt::Debug,
{
    let result = runner(PROPERTIES[which].1).run(&strategy, |value| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(property(value))
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// Tries this many cases, `GATECTL_CASES` times.
fn runner(cases: u32) -> TestRunner {
    let factor: u32 = std::env::var("GATECTL_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    TestRunner::new(Config { cases: cases * factor, failure_persistence: None, max_shrink_iters: 400, ..Config::default() })
}

/// Tries a property that mostly waits on many cases at once; what fails is tried again by itself, and shrunk.
pub fn check_at_once<S: Strategy>(cases: u32, strategy: S, property: impl AsyncFn(S::Value) -> Result<(), TestCaseError>)
where
    S::Value: std::fmt::Debug,
{
    const AT_ONCE: usize = 25;
    let mut runner = runner(cases);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let trees: Vec<S::Tree> = (0..runner.config().cases).map(|_| strategy.new_tree(&mut runner).unwrap()).collect();
    let all = trees.iter().map(|tree| async { (tree.current(), property(tree.current()).await) });
    let results: Vec<_> = runtime.block_on(futures_util::stream::iter(all).buffered(AT_ONCE).collect());
    for (tree, (value, result)) in trees.into_iter().zip(results) {
        let Err(error) = result else { continue };
        if let Err(shrunk) = runner.run_one(tree, |value| runtime.block_on(property(value))) {
            panic!("{shrunk}");
        }
        panic!("{error}, though not when tried again: {value:#?}");
    }
}

/// Switches in some positions of which not everything can come about; `switches` tests each position by itself.
const UNATTAINABLE: &[&str] = &["bypass_key", "self_review_key", "duplicate_policy"];
/// With hidden patterns there is a moment that no client can avoid (API page, 2.6): GitHub does not show them before it brings them back.
const HIDDEN: &[&str] = &["bypass_key", "self_review_key", "duplicate_policy", "left_policies"];

#[test]
fn apply_converges_from_anywhere_to_anywhere_and_touches_nothing_else() {
    check(0, (case(false), turned(UNATTAINABLE)), async |(case, turned)| {
        let start = case.state(&turned.switches());
        let world = world(&case, &turned).await;
        let applied = world.apply().await;
        honest(&world, &applied)?;
        prop_assert!(applied.report.converged, "{}\nwrites: {:#?}", said(&applied), world.written());
        prop_assert_eq!(world.settled().await, Ok(()));
        nothing_else(&world, &start)
    });
}

#[test]
fn every_moment_of_an_apply_is_as_strict_as_its_start_or_its_goal() {
    check(1, (case(false), turned(HIDDEN)), async |(case, turned)| {
        let start = case.state(&turned.switches());
        let world = world(&case, &turned).await;
        world.apply().await;
        never_weaker(&world, &start)
    });
}

#[test]
fn a_run_that_ends_anywhere_leaves_a_gate_that_is_strict_enough_and_the_next_one_finishes() {
    check(2, (case(false), turned(HIDDEN), end()), async |(case, turned, end)| {
        let start = case.state(&turned.switches());
        let world = world(&case, &turned).await;
        if let Some(applied) = apply_to(&world, end).await {
            honest(&world, &applied)?;
        }
        recover(&world).await?;
        never_weaker(&world, &start)?;
        nothing_else(&world, &start)
    });
}

#[test]
fn whatever_goes_wrong_is_said_weakens_nothing_and_is_made_good_by_the_next_run() {
    check(3, (case(false), turned(HIDDEN), trouble()), async |(case, turned, trouble)| {
        let start = case.state(&turned.switches());
        let world = world(&case, &turned).await;
        arm(&world, trouble);
        honest(&world, &world.apply().await)?;
        recover(&world).await?;
        never_weaker(&world, &start)?;
        nothing_else(&world, &start)
    });
}

#[test]
fn what_a_billing_plan_refuses_is_said_and_weakens_nothing() {
    check(4, (case(true), turned(HIDDEN)), async |(case, turned)| {
        let start = case.state(&turned.switches());
        let world = world(&case, &turned).await;
        honest(&world, &world.apply().await)?;
        never_weaker(&world, &start)?;
        world.sandbox.with(|state| state.github.set_plan("acme", gatectl::sandbox::Plan::Enterprise));
        recover(&world).await
    });
}
