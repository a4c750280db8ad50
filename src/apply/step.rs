//! One step: its ops in order, a look before each write, and what a lost answer, a refusal or another writer makes of it.
//!
//! Must not know which step comes next: it only says whether one may.

use crate::http::{ApiError, ErrorKind};
use crate::model::{ByHand, Step};
use crate::stop::Stop;

use super::{Dispute, End, Executor, Moved, Patience, Performed};

/// How often a write whose answer was lost, and which reading shows did not happen, is sent in all.
pub(super) const ATTEMPTS: u32 = 3;
/// How often a write that a rate limit held back is looked at again and sent after all.
const HELD: u32 = 5;

/// What comes after a step.
pub(super) enum Then {
    Next,
    /// The credentials were refused: the next step of another provider.
    NextElsewhere,
    /// Another writer came first.
    Nothing,
}

/// Performs one step; gives how it ended, and what comes after it.
pub(super) async fn run_step<E: Executor>(
    executor: &E,
    step: &Step<E::Op>,
    performed: &mut Vec<Performed>,
    stop: &Stop,
    patience: &Patience,
    progress: &impl Fn(&str),
) -> (End, Then) {
    let weakens = step.changes.iter().any(|change| change.weakens);
    let mut refused: Option<(ByHand, Vec<String>)> = None;
    let mut wrote = false;
    for op in &step.ops {
        if stop.is_set() {
            return (refused.map_or_else(|| unfinished(wrote), |(by_hand, rest)| End::Refused(by_hand, rest)), Then::Next);
        }
        progress(&executor.describe(op));
        if !executor.writes(op) {
            match executor.moved(op).await {
                Ok(moved) if moved.is_empty() => {
                    performed.push(Performed::Held);
                    continue;
                }
                Ok(moved) => return (End::Moved(moved), Then::Nothing),
                Err(error) => return failed(executor, op, &error, wrote),
            }
        }
        // What a refused write left is not told from what another writer did.
        let tells = refused.is_none();
        let look = async || if tells { foreign(executor, &step.ops, performed, wrote).await } else { Ok(Vec::new()) };
        // Before the first write of a step, its precondition was this look.
        let looked = if wrote { look().await } else { Ok(Vec::new()) };
        let settled = match looked {
            Ok(foreign) if foreign.is_empty() => settle(executor, op, look, stop, patience).await,
            Ok(foreign) => Err(Unwritten::Foreign(foreign)),
            Err(error) => return failed(executor, op, &error, wrote),
        };
        match settled {
            Ok(did) => {
                wrote = true;
                if refused.is_none() {
                    performed.push(did);
                }
            }
            Err(Unwritten::Foreign(foreign)) => {
                let end = if wrote { End::Disputed { foreign, gave_way: None } } else { End::Moved(foreign) };
                return (end, Then::Nothing);
            }
            Err(Unwritten::Failed(error)) if error.kind == ErrorKind::Interrupted && refused.is_none() => {
                return failed(executor, op, &error, wrote);
            }
            Err(Unwritten::Failed(error)) => match (executor.refused(op, &error), &mut refused) {
                (Some(by_hand), None) => {
                    let mut rest = Vec::new();
                    let without = || format!("{} without the refused rules", executor.describe(op));
                    if stop.is_set() {
                        rest.push(format!("{}: interrupted before it was sent", without()));
                    } else if let Err(error) = executor.fall_back(op).await {
                        rest.push(format!("{}: {error}", without()));
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
                (None, None) => {
                    // In the middle of a step, another writer is a likely reason: what it did says more than the refusal.
                    let so_far: Vec<Performed> = performed.iter().copied().chain([Performed::AlreadySo]).collect();
                    let dispute = if wrote { executor.dispute(&step.ops, &so_far).await.unwrap_or_default() } else { Dispute::default() };
                    if dispute.foreign.is_empty() {
                        return failed(executor, op, &error, wrote);
                    }
                    let then = if dispute.overwritten { Then::Nothing } else { Then::Next };
                    return (End::Disputed { foreign: dispute.foreign, gave_way: None }, then);
                }
            },
        }
    }
    (refused.map_or(End::Done, |(by_hand, rest)| End::Refused(by_hand, rest)), Then::Next)
}

/// What another writer changed of what a step is about to write: since the plan was made, or since the step's own first write.
async fn foreign<E: Executor>(executor: &E, ops: &[E::Op], did: &[Performed], wrote: bool) -> Result<Vec<Moved>, ApiError> {
    if wrote {
        return executor.overwritten(ops, did).await;
    }
    let mut all = Vec::new();
    for precondition in ops.iter().take(did.len()) {
        all.extend(executor.moved(precondition).await?);
    }
    Ok(all)
}

/// Why a write is not done.
enum Unwritten {
    /// It failed.
    Failed(ApiError),
    /// Another writer came first.
    Foreign(Vec<Moved>),
}

impl From<ApiError> for Unwritten {
    fn from(error: ApiError) -> Self {
        Self::Failed(error)
    }
}

/// Performs a write; when the answer is lost, reading decides whether it is sent again, and whether a refusal of the second
/// one (it exists, it is gone) is the first one's success.
async fn settle<E: Executor>(
    executor: &E,
    op: &E::Op,
    look: impl AsyncFn() -> Result<Vec<Moved>, ApiError>,
    stop: &Stop,
    patience: &Patience,
) -> Result<Performed, Unwritten> {
    let mut attempt = 1;
    let mut lost: Option<ApiError> = None;
    loop {
        let error = match send(executor, op, &look, lost.is_some()).await {
            // Where an answer was lost before, it was that request's doing.
            Ok(did) => return Ok(if lost.is_none() { did } else { Performed::Written }),
            Err(Unwritten::Failed(error)) => error,
            Err(foreign) => return Err(foreign),
        };
        match lost {
            None if !error.may_have_applied => return Err(error.into()),
            // That this one was not sent says nothing of the one before.
            Some(lost) if error.kind == ErrorKind::Interrupted => return Err(lost.into()),
            _ => {}
        }
        match executor.took_effect(op).await {
            Ok(true) => return Ok(Performed::Written),
            Ok(false) if error.may_have_applied && attempt < ATTEMPTS => {
                if stop.unless_set(tokio::time::sleep(patience.resend * attempt)).await.is_none() {
                    return Err(error.into());
                }
            }
            Ok(false) | Err(_) => return Err(error.into()),
        }
        attempt += 1;
        lost = Some(error);
    }
}

/// Sends a write; one that a rate limit held back is sent after another look only.
async fn send<E: Executor>(
    executor: &E,
    op: &E::Op,
    look: impl AsyncFn() -> Result<Vec<Moved>, ApiError>,
    lost: bool,
) -> Result<Performed, Unwritten> {
    let mut held = 0;
    loop {
        match executor.perform(op).await {
            Err(error) if error.kind == ErrorKind::Held && held < HELD => held += 1,
            other => return Ok(other?),
        }
        // A request whose answer was lost may have come late: then what looks like another writer is its doing.
        if lost && executor.took_effect(op).await? {
            return Ok(Performed::Written);
        }
        let foreign = look().await?;
        if !foreign.is_empty() {
            return Err(Unwritten::Foreign(foreign));
        }
    }
}

/// How a step ends that the user's stop cuts short.
fn unfinished(wrote: bool) -> End {
    if wrote {
        End::failed("interrupted before the step was complete; run `gatectl apply` again to finish it, with --allow-weaken where refs are still to be admitted".to_owned())
    } else {
        End::Skipped("interrupted before anything of it was written".to_owned())
    }
}

fn failed<E: Executor>(executor: &E, op: &E::Op, error: &ApiError, wrote: bool) -> (End, Then) {
    if error.kind == ErrorKind::Interrupted {
        return (unfinished(wrote), Then::Next);
    }
    let hint = error.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
    let then = if error.kind == ErrorKind::Unauthenticated { Then::NextElsewhere } else { Then::Next };
    (End::Failed { why: format!("{}: {error}{hint}", executor.describe(op)), cause: error.unknown().cause }, then)
}
