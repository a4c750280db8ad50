//! Turns a plan into a report: write, then read back until the writes show (law 6).
//!
//! Owns what is read back, and for how long. Must not decide what is written.

use std::collections::{BTreeMap, BTreeSet};

use crate::apply::{self, ReadBack, RetryDelays, StepResult};
use crate::model::{Address, ApplyReport, Plan};
use crate::providers::{Clients, Op};
use crate::stop::Stop;

use super::Context;
use super::context::{Observed, Planned};

/// The result of an apply.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// How each step of the plan ended, in its order, before anything was read back.
    pub ends: Vec<StepResult>,
    /// What reading back found still to differ, or could not determine.
    pub after: Plan<Op>,
    /// The report.
    pub report: ApplyReport,
}

impl Context {
    /// Performs a plan of this context and reads back what it changed.
    ///
    /// Dropping the future ends it at once; setting `stop` lets the request in flight finish first.
    pub async fn apply(&self, clients: &Clients, planned: &Planned, stop: &Stop, delays: &RetryDelays, progress: impl Fn(&str)) -> Applied {
        let plan = &planned.plan;
        let ends = apply::run(clients, &plan.steps, stop, delays, &progress).await;
        let after = self.read_back(planned, &ends, stop, delays, &progress).await;
        let report = apply::report(plan, &ends, &after, stop.is_set());
        Applied { ends, after: after.plan, report }
    }

    /// Reads what was written and plans again, until nothing differs or time is up; it waits only for successful writes.
    async fn read_back(
        &self,
        planned: &Planned,
        ends: &[StepResult],
        stop: &Stop,
        delays: &RetryDelays,
        progress: &impl Fn(&str),
    ) -> ReadBack<Op> {
        let plan = &planned.plan;
        let addresses: BTreeSet<Address> = plan.changes().map(|change| change.address.clone()).collect();
        if addresses.is_empty() {
            return ReadBack { plan: Plan::assemble(plan.config.clone(), String::new(), []), not_kept: BTreeMap::new() };
        }
        let narrowed = self.narrowed(&addresses);
        progress("reading back");
        let mut after = narrowed.look_back(plan, ends, &planned.observed).await;
        for pause in &delays.read_back {
            if stop.is_set() || !awaited(plan, ends, &after) {
                break;
            }
            // After a stop, the last read happens at once.
            stop.unless_set(tokio::time::sleep(*pause)).await;
            after = narrowed.look_back(plan, ends, &planned.observed).await;
        }
        after
    }

    async fn look_back(&self, plan: &Plan<Op>, ends: &[StepResult], before: &Observed) -> ReadBack<Op> {
        let again = self.plan_again(before).await;
        let done = plan.steps.iter().zip(ends).filter(|(_, end)| **end == StepResult::Done);
        let not_kept = done.flat_map(|(step, _)| {
            let not_kept = again.observed.not_kept(step);
            step.changes.iter().map(move |change| (change.address.clone(), not_kept.clone()))
        });
        let not_kept = not_kept.filter(|(_, not_kept)| !not_kept.is_empty()).collect();
        ReadBack { plan: again.plan, not_kept }
    }
}

/// Whether a successful write does not show yet.
fn awaited(plan: &Plan<Op>, ends: &[StepResult], after: &ReadBack<Op>) -> bool {
    let written = plan.steps.iter().zip(ends).filter(|(_, end)| **end == StepResult::Done);
    let mut addresses = written.flat_map(|(step, _)| &step.changes).map(|change| &change.address);
    addresses.any(|address| {
        after.plan.changes().any(|change| change.address == *address)
            || after.plan.unknown.iter().any(|(unknown, _)| unknown == address)
            || after.not_kept.contains_key(address)
    })
}
