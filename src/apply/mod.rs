//! Carries a plan out: step by step, op by op, exactly what the plan holds (law 3).
//!
//! Owns the order of steps, what a failure stops, how a lost answer is settled, and the report.
//! Must not know any provider: it sees their requests through [`Executor`] only.
//! Tested in its `tests.rs`, and with the real clients by `tests/reconcile/`.

mod executor;
mod report;
mod step;

use std::collections::BTreeSet;

use crate::http::ErrorKind;
use crate::model::{Action, AddressKind, Step};
use crate::stop::Stop;

pub use executor::{Executor, Mismatch, RetryDelays, StepResult};
pub use report::{ReadBack, by_hand, report};
use step::run_step;

/// Performs the steps one by one, a freeze first and deletions last; returns how each ended, in the order of `steps`.
///
/// A step that fails, or that another writer came before, does not stop the others; refused credentials stop those of the same provider.
pub async fn run<E: Executor>(
    executor: &E,
    steps: &[Step<E::Op>],
    stop: &Stop,
    delays: &RetryDelays,
    progress: impl Fn(&str),
) -> Vec<StepResult> {
    let mut order: Vec<usize> = (0..steps.len()).collect();
    order.sort_by_key(|index| steps.get(*index).map(phase));

    let mut ends: Vec<StepResult> = steps.iter().map(|_| StepResult::Skipped("interrupted before it was tried".to_owned())).collect();
    let mut locked_out = BTreeSet::new();
    for index in order {
        if stop.is_set() {
            break;
        }
        let (Some(step), Some(end)) = (steps.get(index), ends.get_mut(index)) else { continue };
        let provider = step.changes.first().map(|change| change.address.provider());
        if locked_out.contains(&provider) {
            *end = StepResult::Skipped("the credentials were refused on an earlier step".to_owned());
            continue;
        }
        *end = run_step(executor, step, stop, delays, &progress).await;
        if matches!(end, StepResult::Failed { kind: ErrorKind::Unauthenticated, .. }) {
            locked_out.insert(provider);
        }
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
    if step.changes.iter().any(|change| *change.address.kind() == AddressKind::Freeze) {
        Phase::Freeze
    } else if step.changes.iter().any(|change| change.action == Action::Delete) {
        Phase::Delete
    } else {
        Phase::Change
    }
}

#[cfg(test)]
mod tests;
