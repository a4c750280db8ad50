//! One step: its ops in order, a look before the first write, and what a lost answer or a refusal means.
//!
//! Must not know which step comes next. Tested in its `tests.rs`, and over HTTP in `tests/reconcile/others.rs`.

use crate::http::{ApiError, ErrorKind};
use crate::model::{ByHand, Step};
use crate::stop::Stop;

use super::executor::{Executor, Mismatch, RetryDelays, StepResult};

/// How often a write whose answer was lost, and which reading shows did not happen, is sent in all.
pub(super) const ATTEMPTS: u32 = 3;
/// How often a write that a rate limit held back is tried again.
const HELD: u32 = 5;

/// A refusal by the billing plan, and anything else that could not be written.
struct BillingRefusal {
    by_hand: ByHand,
    rest: Vec<String>,
}

/// Performs one step: the preconditions, then the writes.
pub(super) async fn run_step<E: Executor>(
    executor: &E,
    step: &Step<E::Op>,
    stop: &Stop,
    delays: &RetryDelays,
    progress: &impl Fn(&str),
) -> StepResult {
    let weakens = step.changes.iter().any(|change| change.weakens);
    let (preconditions, writes) = step.ops.split_at(step.ops.iter().take_while(|op| !executor.writes(op)).count());
    for op in preconditions {
        if stop.is_set() {
            return unfinished(false);
        }
        progress(&executor.describe(op));
        match executor.moved(op).await {
            Ok(moved) if moved.is_empty() => {}
            Ok(moved) => return StepResult::Mismatch(moved),
            Err(error) => return failed(executor, op, &error, false),
        }
    }
    let mut refusal: Option<BillingRefusal> = None;
    for (index, op) in writes.iter().enumerate() {
        let wrote = index > 0;
        if stop.is_set() {
            return refusal.map_or_else(|| unfinished(wrote), refused);
        }
        progress(&executor.describe(op));
        // The plan's state was looked at right before the first write; a later write follows from what this step wrote itself.
        let look_again = if wrote { &[] } else { preconditions };
        let error = match write(executor, op, look_again, stop, delays).await {
            Ok(()) => continue,
            Err(NotWritten::Mismatch(moved)) => return StepResult::Mismatch(moved),
            Err(NotWritten::Failed(error)) => error,
        };
        if let Some(refusal) = &mut refusal {
            // The rest of a refused step is still tried.
            refusal.rest.push(format!("{}: {error}", executor.describe(op)));
        } else if let Some(by_hand) = executor.refused(op, &error) {
            refusal = Some(BillingRefusal { by_hand, rest: without_the_refused(executor, op, stop).await });
            // A loosening was planned together with what was refused, so it is not written alone.
            if weakens {
                break;
            }
        } else {
            return failed(executor, op, &error, wrote);
        }
    }
    refusal.map_or(StepResult::Done, refused)
}

/// Why a write is not done.
enum NotWritten {
    /// It failed.
    Failed(ApiError),
    /// Another writer came first.
    Mismatch(Vec<Mismatch>),
}

impl From<ApiError> for NotWritten {
    fn from(error: ApiError) -> Self {
        Self::Failed(error)
    }
}

/// Sends a write until its result is known.
///
/// If its answer is lost, reading decides whether it is sent again, and whether a refusal of the second one (it exists, it is gone)
/// is the first one's success. One that a rate limit held back is sent after `preconditions` were looked at again.
async fn write<E: Executor>(
    executor: &E,
    op: &E::Op,
    preconditions: &[E::Op],
    stop: &Stop,
    delays: &RetryDelays,
) -> Result<(), NotWritten> {
    let (mut attempt, mut held) = (1, 0);
    let mut lost: Option<ApiError> = None;
    loop {
        let error = match executor.perform(op).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        if error.kind == ErrorKind::Held && held < HELD {
            held += 1;
            // A request whose answer was lost may have come late: then what looks like another writer is its own effect.
            if lost.is_some() && executor.took_effect(op).await? {
                return Ok(());
            }
            for precondition in preconditions {
                let moved = executor.moved(precondition).await?;
                if !moved.is_empty() {
                    return Err(NotWritten::Mismatch(moved));
                }
            }
            continue;
        }
        match lost {
            None if !error.may_have_applied => return Err(error.into()),
            // That this one was not sent says nothing about the previous one.
            Some(lost) if error.kind == ErrorKind::Interrupted => return Err(lost.into()),
            _ => {}
        }
        match executor.took_effect(op).await {
            Ok(true) => return Ok(()),
            Ok(false) if error.may_have_applied && attempt < ATTEMPTS => {
                if stop.unless_set(tokio::time::sleep(delays.resend * attempt)).await.is_none() {
                    return Err(error.into());
                }
            }
            Ok(false) | Err(_) => return Err(error.into()),
        }
        attempt += 1;
        lost = Some(error);
    }
}

/// Writes what the billing plan does support of a refused op; returns what could not be written.
async fn without_the_refused<E: Executor>(executor: &E, op: &E::Op, stop: &Stop) -> Vec<String> {
    let what = format!("{} without the refused rules", executor.describe(op));
    if stop.is_set() {
        return vec![format!("{what}: interrupted before it was sent")];
    }
    executor.fall_back(op).await.err().map(|error| format!("{what}: {error}")).into_iter().collect()
}

fn refused(refusal: BillingRefusal) -> StepResult {
    StepResult::Refused(refusal.by_hand, refusal.rest)
}

/// The end of a step that the user's stop cuts short.
fn unfinished(wrote: bool) -> StepResult {
    if wrote {
        let why = "interrupted before the step was complete; run `gatectl apply` again to finish it, with --allow-weaken if refs must still be admitted";
        StepResult::Failed { why: why.to_owned(), kind: ErrorKind::Interrupted }
    } else {
        StepResult::Skipped("interrupted before any of it was written".to_owned())
    }
}

fn failed<E: Executor>(executor: &E, op: &E::Op, error: &ApiError, wrote: bool) -> StepResult {
    if error.kind == ErrorKind::Interrupted {
        return unfinished(wrote);
    }
    let hint = error.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
    StepResult::Failed { why: format!("{}: {error}{hint}", executor.describe(op)), kind: error.kind.clone() }
}
