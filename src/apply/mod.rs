//! Carries a plan out: step by step, op by op, exactly what the plan holds (law 3).
//!
//! Owns the order of steps, what a failure stops, how a lost answer is settled, and the report.
//! Must not know any provider: it sees their requests through [`Executor`] only.

mod report;

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use serde_json::Value;

use crate::http::{ApiError, ErrorKind};
use crate::model::{Action, ByHand, Cause, Kind, Step};
use crate::stop::Stop;

pub use report::report;

/// How often a write whose answer was lost, and which reading shows did not happen, is sent in all.
const ATTEMPTS: u32 = 3;
/// How often a write that a rate limit held back is looked at again and sent after all.
const HELD: u32 = 5;

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
    /// It changed a part of it: GitHub drops reviewers without access, and says so in its answer (API page, 2.5).
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

/// What comes after a step.
enum Then {
    Next,
    /// The credentials were refused: the next step of another provider.
    NextElsewhere,
    /// Another writer came first.
    Nothing,
}

/// Performs one step; gives how it ended, and what comes after it.
async fn run_step<E: Executor>(
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

#[cfg(test)]
mod tests;
