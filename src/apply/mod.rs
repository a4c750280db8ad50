//! Carries a plan out: step by step, op by op, exactly what the plan holds (law 3).
//!
//! Owns the order of steps, what a failure stops, how a lost answer is settled, and the report.
//! Must not know any provider: it sees their requests through [`Executor`] only.

mod report;
mod step;

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use serde_json::Value;

use crate::http::ApiError;
use crate::model::{Action, ByHand, Cause, Kind, Step};
use crate::stop::Stop;

pub use report::report;
use step::{Then, run_step};

/// How long an apply waits for what cannot be hurried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patience {
    /// Before a write whose answer was lost, and which reading does not show, is sent again; twice as long the second time.
    pub resend: Duration,
    /// Between one reading back and the next, while what was written does not show: reads may lag behind writes.
    pub read_back: Vec<Duration>,
    /// Between two looks at what another writer does at the same time; longer than a request takes, and than reads lag behind.
    pub contest: Duration,
}

impl Default for Patience {
    /// A quarter of a second, six seconds in all, and a second.
    fn default() -> Self {
        Self {
            resend: Duration::from_millis(250),
            read_back: [200, 400, 800, 1600, 3000].map(Duration::from_millis).to_vec(),
            contest: Duration::from_secs(1),
        }
    }
}

/// What apply needs of a provider's requests.
pub trait Executor {
    /// One request.
    type Op;

    /// The op in words, for progress and reports: `writing the rules of production`.
    fn describe(&self, op: &Self::Op) -> String;

    /// Whether performing it writes; what does not is a precondition.
    fn writes(&self, op: &Self::Op) -> bool;

    /// For a precondition: what is no longer as the plan saw it.
    fn moved(&self, op: &Self::Op) -> impl Future<Output = Result<Vec<Moved>, ApiError>>;

    /// Sends the write, right after it was looked at what is there: one that had to wait for a rate limit comes back as
    /// [`ErrorKind::Held`] instead.
    fn perform(&self, op: &Self::Op) -> impl Future<Output = Result<Performed, ApiError>>;

    /// What one request writes as a whole, and another writer wrote since; empty when it still is as the precondition among these
    /// ops saw it, or as the writes among them leave it. `ops` are a step's, in order; as many of them were done as `did` tells of.
    fn overwritten(&self, ops: &[Self::Op], did: &[Performed]) -> impl Future<Output = Result<Vec<Moved>, ApiError>>;

    /// The same for everything that these ops are about, lists too. Reads that lag behind these writes are no dispute.
    fn dispute(&self, ops: &[Self::Op], did: &[Performed]) -> impl Future<Output = Result<Dispute, ApiError>>;

    /// Takes back what a write did to a list, as if it had not been sent.
    fn withdraw(&self, op: &Self::Op) -> impl Future<Output = Result<Withdrawal, ApiError>>;

    /// Whether a write whose answer was lost took effect, by reading.
    fn took_effect(&self, op: &Self::Op) -> impl Future<Output = Result<bool, ApiError>>;

    /// What a person does when this error is the billing plan's refusal; `None` when it is any other error.
    fn refused(&self, op: &Self::Op, error: &ApiError) -> Option<ByHand>;

    /// Writes the part of a refused op that every plan supports, as planned.
    fn fall_back(&self, op: &Self::Op) -> impl Future<Output = Result<(), ApiError>>;
}

/// A value that is no longer as the plan saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct Moved {
    /// The field.
    pub name: String,
    /// As the plan saw it.
    pub was: Value,
    /// As it is.
    pub now: Value,
}

/// What an op that was answered with success did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Performed {
    /// It looked, and what it looked at was as planned.
    Held,
    /// It changed what it was to change.
    Written,
    /// It changed a part of it: GitHub drops reviewers without access, and says so in its answer (fact G2.5).
    Reduced,
    /// There was nothing to change, though the plan saw otherwise: another writer did it first.
    AlreadySo,
}

/// What became of a write that was to be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withdrawal {
    /// It is as if it had not been sent.
    TakenBack,
    /// Nothing of it shows any more.
    Gone,
    /// It stays: what was there just before is not known.
    Stays,
}

/// How what is there compares with what a step found and what it wrote.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Dispute {
    /// Values of another writer; empty when nothing is in dispute.
    pub foreign: Vec<Moved>,
    /// Whether what is written as one whole is another writer's: of two that write at once, this is the one that gives way.
    pub overwritten: bool,
    /// How many of the step's own entries in lists do not show, or no longer.
    pub undone: usize,
}

/// A step that was tried, before anything was read back.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    /// How it ended.
    pub end: End,
    /// What its ops did, in order, up to the first one that did not succeed.
    pub performed: Vec<Performed>,
}

impl From<End> for Tried {
    /// A step of which nothing was performed.
    fn from(end: End) -> Self {
        Self { end, performed: Vec::new() }
    }
}

/// How a step ended, before anything was read back.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// Every op was answered with success, or was found done after its answer was lost.
    Done,
    /// The billing plan refused; what could not be written beside that is named.
    Refused(ByHand, Vec<String>),
    /// An op failed, or a precondition could not be looked at; the rest of the step was not tried.
    Failed {
        /// What happened, with the next step.
        why: String,
        /// Whether better credentials would help.
        cause: Cause,
    },
    /// A precondition did not hold: another writer changed this since the plan was made, so nothing of it was tried.
    Moved(Vec<Moved>),
    /// Another writer wrote at the same time; reading back tells who finished.
    Disputed {
        /// What the other one wrote.
        foreign: Vec<Moved>,
        /// What became of this run's last write when it gave way, in words.
        gave_way: Option<String>,
    },
    /// Nothing of it was tried.
    Skipped(String),
}

impl End {
    fn failed(why: String) -> Self {
        Self::Failed { why, cause: Cause::Other }
    }
}

/// Performs the steps one after the other, a freeze first and deletions last; gives one [`Tried`] for each, in the order of `steps`.
///
/// A failed step does not stop the others, except that refused credentials stop the steps of the same provider, and that another
/// writer stops them all: of two runs at once, the one that meets the other first leaves the rest to it.
pub async fn run<E: Executor>(
    executor: &E,
    steps: &[Step<E::Op>],
    stop: &Stop,
    patience: &Patience,
    progress: impl Fn(&str),
) -> Vec<Tried> {
    let mut order: Vec<usize> = (0..steps.len()).collect();
    order.sort_by_key(|index| steps.get(*index).map(phase));

    let mut all: Vec<Tried> = steps.iter().map(|_| End::Skipped("interrupted before it was tried".to_owned()).into()).collect();
    let mut locked_out = BTreeSet::new();
    let mut another: Option<String> = None;
    let mut last: Option<usize> = None;
    for index in order {
        let Some(step) = steps.get(index) else { continue };
        let provider = step.changes.first().map(|change| change.address.provider());
        if stop.is_set() {
            break;
        }
        if another.is_none()
            && let Some((before, tried)) = last.and_then(|last| steps.get(last).zip(all.get_mut(last)))
            && tried.end == End::Done
            && let Ok(foreign) = executor.overwritten(&before.ops, &tried.performed).await
            && !foreign.is_empty()
        {
            another = Some(skipped_for(before));
            tried.end = End::Disputed { foreign, gave_way: None };
        }
        let Some(tried) = all.get_mut(index) else { continue };
        if let Some(why) = &another {
            *tried = End::Skipped(why.clone()).into();
            continue;
        }
        if locked_out.contains(&provider) {
            *tried = End::Skipped("the credentials were refused on an earlier step".to_owned()).into();
            continue;
        }
        let then;
        (tried.end, then) = run_step(executor, step, &mut tried.performed, stop, patience, &progress).await;
        match then {
            Then::Next => {}
            Then::NextElsewhere => drop(locked_out.insert(provider)),
            Then::Nothing => another = Some(skipped_for(step)),
        }
        last = Some(index);
    }
    all
}

fn skipped_for<O>(step: &Step<O>) -> String {
    let address = step.changes.first().map(|change| change.address.to_string()).unwrap_or_default();
    format!("another writer changed {address} at the same time, so nothing more was tried; run `gatectl plan` again")
}

/// When a step has its turn; within a phase, address order holds.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// A planned freeze only ever closes: nothing is weaker for its coming first.
    Freeze,
    Change,
    Delete,
}

fn phase<O>(step: &Step<O>) -> Phase {
    if step.changes.iter().any(|change| *change.address.kind() == Kind::Freeze) {
        Phase::Freeze
    } else if step.changes.iter().any(|change| change.action == Action::Delete) {
        Phase::Delete
    } else {
        Phase::Change
    }
}

#[cfg(test)]
mod tests;
