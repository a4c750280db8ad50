//! Two writers at once on one environment: who finishes, and who gives way.
//!
//! GitHub has no lock and no precondition on a write (fact G2.1), but one request writes reviewers, timer and mode as a whole.
//! Of two runs that both send it, the later one stands: that run finishes its lists, and the other one stops. All that the other one
//! wrote before was there for the first to see, but for its last write, which may have come after: that it takes back. Where this
//! does not tell two runs apart, each looks on for a while of random length before it goes on, and who is undone meanwhile gives way.
//!
//! A run that finishes plans anew what is left to its goal: the declaration that was shown and consented to, and nothing beyond it.
//! This needs no answer from the other writer, and it ends: after [`CLASHES`] rounds, or once [`QUIET`] looks find nothing amiss.

use std::collections::BTreeSet;
use std::time::Duration;

use uuid::Uuid;

use crate::apply::{self, Dispute, End, Executor, Moved, Patience, Performed, Tried, Withdrawal};
use crate::http::ApiError;
use crate::model::{Plan, Step};
use crate::providers::{Fleet, Op};
use crate::stop::Stop;

use super::Scene;

/// How many looks in a row must find everything as declared before a run that met another writer believes it.
const QUIET: u32 = 3;
/// How often a run goes on writing beside another writer before it gives up.
const CLASHES: u32 = 6;

/// What a contest needs to go on.
pub(super) struct Means<'a> {
    /// The clients.
    pub(super) fleet: &'a Fleet,
    /// Whether the user asked to stop.
    pub(super) stop: &'a Stop,
    /// The pauses between looks.
    pub(super) patience: &'a Patience,
    /// Who is told what is going on.
    pub(super) progress: &'a dyn Fn(&str),
}

impl Scene {
    /// Whether a step that was answered with success reads back otherwise, and that is another writer's doing.
    pub(super) async fn disputed(&self, fleet: &Fleet, plan: &Plan<Op>, tried: &[Tried], after: &Plan<Op>) -> bool {
        for (step, tried) in plan.steps.iter().zip(tried) {
            if tried.end == End::Done && differs(step, after) && meets_another(fleet, step, tried, Lag::MayBe).await {
                return true;
            }
        }
        false
    }

    /// Ends every dispute of an apply, one step after the other; true when there was any, so that reading back starts anew.
    pub(super) async fn settle(&self, means: &Means<'_>, plan: &Plan<Op>, tried: &mut [Tried], after: &Plan<Op>) -> bool {
        let mut any = false;
        for (step, tried) in plan.steps.iter().zip(tried) {
            let met = match tried.end {
                End::Disputed { .. } => true,
                End::Done => {
                    tried.performed.contains(&Performed::AlreadySo)
                        || (differs(step, after) && meets_another(means.fleet, step, tried, Lag::IsOver).await)
                }
                End::Refused(..) | End::Failed { .. } | End::Moved(_) | End::Skipped(_) => false,
            };
            if met && !means.stop.is_set() {
                any = true;
                (means.progress)("another writer is at work: looking on before going on");
                tried.end = self.contest(means, step, tried).await.unwrap_or_else(|error| End::Failed {
                    why: format!("another writer was at work at the same time, and what it did could not be read: {error}"),
                    cause: error.unknown().cause,
                });
            }
        }
        any
    }

    /// Goes on with a step until it is as declared and stays so, or until it is the other writer's; gives how that ended.
    async fn contest(&self, means: &Means<'_>, step: &Step<Op>, tried: &Tried) -> Result<End, ApiError> {
        let narrowed = self.narrowed(&step.changes.iter().map(|change| change.address.clone()).collect::<BTreeSet<_>>());
        let mut mine = Mine::of(step, tried);
        let mut foreign = match &tried.end {
            End::Disputed { foreign, .. } => foreign.clone(),
            _ => Vec::new(),
        };
        let (mut quiet, mut clashes, mut failed) = (0, 0, None);
        while quiet < QUIET && clashes < CLASHES {
            let first = mine.look(means.fleet, &mut foreign).await?;
            if first.overwritten {
                break;
            }
            let pause = jittered(means.patience.contest * (1 << clashes.min(2)));
            if means.stop.unless_set(tokio::time::sleep(pause)).await.is_none() {
                break;
            }
            let second = mine.look(means.fleet, &mut foreign).await?;
            if second.overwritten || second.undone > first.undone {
                break;
            }
            let left = narrowed.draft().await.plan;
            if left.is_empty() && left.unknown.is_empty() {
                quiet += 1;
                continue;
            }
            (quiet, clashes) = (0, clashes + 1);
            let ([next], true) = (left.steps.as_slice(), left.unknown.is_empty()) else { break };
            let Some(again) = apply::run(means.fleet, std::slice::from_ref(next), means.stop, means.patience, means.progress).await.pop()
            else {
                break;
            };
            if !again.performed.is_empty() {
                mine = Mine::of(next, &again);
            }
            match again.end {
                // Moved: the next round looks anew.
                End::Done | End::Disputed { .. } | End::Moved(_) => failed = None,
                // Once, the other writer may be why; the next look tells.
                End::Failed { .. } if failed.is_none() => failed = Some(again.end),
                End::Failed { .. } | End::Refused(..) | End::Skipped(_) => return Ok(again.end),
            }
        }
        // Whoever asked to stop wants no further write, not even this one.
        let gave_way = if means.stop.is_set() { None } else { mine.give_way(means.fleet).await? };
        match (gave_way, failed) {
            (None, Some(failed)) if quiet < QUIET => Ok(failed),
            (None, _) if foreign.is_empty() => Ok(End::Done),
            (gave_way, _) => Ok(End::Disputed { foreign, gave_way }),
        }
    }
}

/// What this run did of a step.
struct Mine {
    ops: Vec<Op>,
    did: Vec<Performed>,
    /// What the last op did, also when another writer had done it before.
    last: Option<Performed>,
}

impl Mine {
    /// What another writer had done before is not this run's.
    fn of(step: &Step<Op>, tried: &Tried) -> Self {
        let done = step.ops.iter().cloned().zip(tried.performed.iter().copied());
        let (ops, did) = done.filter(|(_, did)| *did != Performed::AlreadySo).unzip();
        Self { ops, did, last: tried.performed.last().copied() }
    }

    /// Looks, and remembers what is another writer's.
    async fn look(&self, fleet: &Fleet, foreign: &mut Vec<Moved>) -> Result<Dispute, ApiError> {
        let dispute = fleet.dispute(&self.ops, &self.did).await?;
        for moved in &dispute.foreign {
            if !foreign.iter().any(|known| known.name == moved.name) {
                foreign.push(moved.clone());
            }
        }
        Ok(dispute)
    }

    /// Takes the last write back, where the whole is another writer's; in words, what became of it.
    async fn give_way(&self, fleet: &Fleet) -> Result<Option<String>, ApiError> {
        let (Some(op), Some(Performed::Written)) = (self.ops.last(), self.last) else { return Ok(None) };
        if !fleet.dispute(&self.ops, &self.did).await?.overwritten {
            return Ok(None);
        }
        Ok(match fleet.withdraw(op).await? {
            Withdrawal::TakenBack => Some(format!("taken back, as if it had not been done: {}", fleet.describe(op))),
            Withdrawal::Stays => Some(format!("not taken back: {}", fleet.describe(op))),
            Withdrawal::Gone => None,
        })
    }
}

fn differs(step: &Step<Op>, after: &Plan<Op>) -> bool {
    step.changes.iter().any(|change| after.changes().any(|now| now.address == change.address))
}

/// Whether reads may still lag behind what this run wrote.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lag {
    MayBe,
    /// What does not show by now was taken away, with the environment itself perhaps.
    IsOver,
}

/// Whether another writer's doing shows. What cannot be read is for reading back to say.
async fn meets_another(fleet: &Fleet, step: &Step<Op>, tried: &Tried, lag: Lag) -> bool {
    let dispute = fleet.dispute(&step.ops, &tried.performed).await;
    dispute.is_ok_and(|dispute| !dispute.foreign.is_empty() || (lag == Lag::IsOver && dispute.undone > 0))
}

/// Between half and one and a half of a pause, so that two who wait seldom wake together.
fn jittered(pause: Duration) -> Duration {
    let thousandths = u32::try_from(Uuid::new_v4().as_u128() % 1000).unwrap_or_default();
    pause / 2 + pause * thousandths / 1000
}
