//! From a plan to a report: write, then read back until it shows (law 6).
//!
//! Owns what is read back, and for how long. Must not decide what is written.

use std::collections::BTreeSet;

use crate::apply::{self, End, Patience, Tried};
use crate::model::{Address, Plan, Report};
use crate::providers::{Fleet, Op};
use crate::stop::Stop;

use super::Scene;
use super::contest::Means;

/// What an apply came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// How each step of the plan ended, in its order, before anything was read back.
    pub ends: Vec<End>,
    /// What reading back found still to differ, or could not determine.
    pub after: Plan<Op>,
    /// What is said of it.
    pub report: Report,
}

impl Scene {
    /// Carries a plan of this scene out and reads back what it was about.
    ///
    /// Dropping the future ends it at once; setting `stop` lets the request in flight finish first.
    pub async fn apply(&self, fleet: &Fleet, plan: &Plan<Op>, stop: &Stop, patience: &Patience, progress: impl Fn(&str)) -> Applied {
        let mut tried = apply::run(fleet, &plan.steps, stop, patience, &progress).await;
        let mut after = self.read_back(fleet, plan, &tried, stop, patience, &progress).await;
        let means = Means { fleet, stop, patience, progress: &progress };
        if self.settle(&means, plan, &mut tried, &after).await {
            after = self.read_back(fleet, plan, &tried, stop, patience, &progress).await;
        }
        let interrupted = stop.is_set();
        let ends: Vec<End> = tried.into_iter().map(|tried| tried.end).collect();
        let report = apply::report(plan, ends.clone(), &after, interrupted);
        Applied { ends, after, report }
    }

    /// Plans again for what was written, until nothing differs, patience ends or another writer shows; only what was written with
    /// success is waited for.
    async fn read_back(
        &self,
        fleet: &Fleet,
        plan: &Plan<Op>,
        tried: &[Tried],
        stop: &Stop,
        patience: &Patience,
        progress: &impl Fn(&str),
    ) -> Plan<Op> {
        let addresses: BTreeSet<Address> = plan.changes().map(|change| change.address.clone()).collect();
        if addresses.is_empty() {
            return Plan::assemble(plan.config.clone(), String::new(), []);
        }
        let narrowed = self.narrowed(&addresses);
        progress("reading back");
        let mut after = narrowed.draft().await.plan;
        for pause in &patience.read_back {
            if stop.is_set() || !awaited(plan, tried, &after) || self.disputed(fleet, plan, tried, &after).await {
                break;
            }
            // Asked to stop, it takes its last look at once.
            stop.unless_set(tokio::time::sleep(*pause)).await;
            after = narrowed.draft().await.plan;
        }
        after
    }
}

/// Whether something that was written with success does not show yet.
fn awaited(plan: &Plan<Op>, tried: &[Tried], after: &Plan<Op>) -> bool {
    let written = plan.steps.iter().zip(tried).filter(|(_, tried)| tried.end == End::Done);
    let mut addresses = written.flat_map(|(step, _)| &step.changes).map(|change| &change.address);
    addresses.any(|address| {
        after.changes().any(|change| change.address == *address) || after.unknown.iter().any(|(unknown, _)| unknown == address)
    })
}
