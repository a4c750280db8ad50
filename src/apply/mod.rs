//! Carries a plan out: step by step, op by op, exactly what the plan holds (law 3).
//!
//! Owns the order of steps, what a failure stops, how a lost answer is settled, and the report.
//! Must not know any provider: it sees their requests through [`Executor`] only.

mod report;

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use crate::http::{ApiError, ErrorKind};
use crate::model::{Action, ByHand, Cause, Kind, Step};

pub use report::report;

/// How often a write whose answer was lost, and which reading shows did not happen, is sent in all.
const ATTEMPTS: u32 = 3;

/// How long an apply waits for what cannot be hurried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patience {
    /// Before a write whose answer was lost, and which reading does not show, is sent again; twice as long the second time.
    pub resend: Duration,
    /// Between one reading back and the next, while what was written does not show: reads may lag behind writes.
    pub read_back: Vec<Duration>,
}

impl Default for Patience {
    /// A quarter of a second, and six seconds in all.
    fn default() -> Self {
        Self { resend: Duration::from_millis(250), read_back: [200, 400, 800, 1600, 3000].map(Duration::from_millis).to_vec() }
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

    /// Sends the write.
    fn perform(&self, op: &Self::Op) -> impl Future<Output = Result<(), ApiError>>;

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

/// How a step ended, before anything was read back.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// Every op was answered with success, or was found done after its answer was lost.
    Done,
    /// The billing plan refused; what could not be written beside that is named.
    Refused(ByHand, Vec<String>),
    /// An op failed, or a precondition did not hold; the rest of the step was not tried.
    Failed {
        /// What happened, with the next step.
        why: String,
        /// Whether better credentials would help.
        cause: Cause,
    },
    /// Nothing of it was tried.
    Skipped(String),
}

impl End {
    fn failed(why: String) -> Self {
        Self::Failed { why, cause: Cause::Other }
    }
}

/// Counts how often the user asked to stop: once, and no further request is sent; twice, and nothing is waited for.
#[derive(Debug, Clone)]
pub struct Stop(Arc<watch::Sender<u8>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl Stop {
    /// Asks for the stop.
    pub fn set(&self) {
        self.0.send_modify(|count| *count = count.saturating_add(1));
    }

    /// Whether it was asked for.
    #[must_use]
    pub fn is_set(&self) -> bool {
        *self.0.borrow() > 0
    }

    /// Comes back when it was asked for `times` times.
    pub async fn asked(&self, times: u8) {
        // The sender lives as long as this does, so the wait cannot fail.
        let _ = self.0.subscribe().wait_for(|count| *count >= times).await;
    }
}

/// Performs the steps one after the other, a freeze first and deletions last; gives one [`End`] for each, in the order of `steps`.
///
/// A failed step does not stop the others, except that refused credentials stop the steps of the same provider.
pub async fn run<E: Executor>(executor: &E, steps: &[Step<E::Op>], stop: &Stop, patience: &Patience, progress: impl Fn(&str)) -> Vec<End> {
    let mut order: Vec<usize> = (0..steps.len()).collect();
    order.sort_by_key(|index| steps.get(*index).map(phase));

    let mut ends: Vec<End> = steps.iter().map(|_| End::Skipped("interrupted before it was tried".to_owned())).collect();
    let mut locked_out = BTreeSet::new();
    for index in order {
        let (Some(step), Some(end)) = (steps.get(index), ends.get_mut(index)) else { continue };
        let provider = step.changes.first().map(|change| change.address.provider());
        if stop.is_set() {
            break;
        }
        if locked_out.contains(&provider) {
            *end = End::Skipped("the credentials were refused on an earlier step".to_owned());
            continue;
        }
        let (outcome, kind) = run_step(executor, step, stop, patience, &progress).await;
        if kind == Some(ErrorKind::Unauthenticated) {
            locked_out.insert(provider);
        }
        *end = outcome;
    }
    ends
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

async fn run_step<E: Executor>(
    executor: &E,
    step: &Step<E::Op>,
    stop: &Stop,
    patience: &Patience,
    progress: &impl Fn(&str),
) -> (End, Option<ErrorKind>) {
    let weakens = step.changes.iter().any(|change| change.weakens);
    let mut refused: Option<(ByHand, Vec<String>)> = None;
    let mut wrote = false;
    for op in &step.ops {
        if stop.is_set() {
            let end = match refused {
                Some((by_hand, rest)) => End::Refused(by_hand, rest),
                None if wrote => End::failed("interrupted before the step was complete; run `gatectl apply` again to finish it, with --allow-weaken where refs are still to be admitted".to_owned()),
                None => End::Skipped("interrupted before it was tried".to_owned()),
            };
            return (end, None);
        }
        progress(&executor.describe(op));
        if !executor.writes(op) {
            match executor.moved(op).await {
                Ok(moved) if moved.is_empty() => continue,
                Ok(moved) => return (End::failed(changed_meanwhile(&moved)), None),
                Err(error) => return (failed(executor, op, &error), Some(error.kind)),
            }
        }
        match settle(executor, op, stop, patience).await {
            Ok(()) => wrote = true,
            Err(error) => match (executor.refused(op, &error), &mut refused) {
                (Some(by_hand), None) => {
                    let mut rest = Vec::new();
                    if let Err(error) = executor.fall_back(op).await {
                        rest.push(format!("{} without the refused rules: {error}", executor.describe(op)));
                    }
                    wrote = true;
                    refused = Some((by_hand, rest));
                    // What loosens was meant to come together with what was refused: it does not come alone.
                    if weakens {
                        break;
                    }
                }
                // The rest of a refused step is tried for what it is worth.
                (_, Some((_, rest))) => rest.push(format!("{}: {error}", executor.describe(op))),
                (None, None) => return (failed(executor, op, &error), Some(error.kind)),
            },
        }
    }
    (refused.map_or(End::Done, |(by_hand, rest)| End::Refused(by_hand, rest)), None)
}

/// Performs a write; when the answer is lost, reading decides whether it is sent again, and whether a refusal of the second
/// one (it exists, it is gone) is the first one's success.
async fn settle<E: Executor>(executor: &E, op: &E::Op, stop: &Stop, patience: &Patience) -> Result<(), ApiError> {
    let mut attempt = 1;
    loop {
        let error = match executor.perform(op).await {
            Ok(()) => return Ok(()),
            Err(error) if attempt == 1 && !error.may_have_applied => return Err(error),
            Err(error) => error,
        };
        match executor.took_effect(op).await {
            Ok(true) => return Ok(()),
            Ok(false) if error.may_have_applied && attempt < ATTEMPTS && !stop.is_set() => {
                tokio::select! {
                    () = tokio::time::sleep(patience.resend * attempt) => {}
                    () = stop.asked(1) => return Err(error),
                }
            }
            Ok(false) | Err(_) => return Err(error),
        }
        attempt += 1;
    }
}

fn failed<E: Executor>(executor: &E, op: &E::Op, error: &ApiError) -> End {
    let hint = error.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
    End::Failed { why: format!("{}: {error}{hint}", executor.describe(op)), cause: error.unknown().cause }
}

fn changed_meanwhile(moved: &[Moved]) -> String {
    let what: Vec<String> = moved.iter().map(|m| format!("{} was {} and is now {}", m.name, m.was, m.now)).collect();
    format!("changed by somebody else since the plan was made, so nothing was written: {}; run `gatectl plan` again", what.join("; "))
}

#[cfg(test)]
mod tests;
