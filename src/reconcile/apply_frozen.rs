//! Frozen while gates are written: `apply --interlock`, and `freeze.compensates` if GitHub may refuse a reviewer.
//!
//! Owns the order: the freeze is set and read back before any other write, and lifted only after everything was read back
//! as declared. GitHub refuses a reviewer only when one is written, and by then the environment may exist without
//! one (fact G2.2); so the freeze comes first, and is lifted if it was not needed.

use std::collections::BTreeSet;

use crate::apply::{RetryDelays, StepResult};
use crate::freeze::{Claim, FreezeId, Interlock, Keys};
use crate::http::Writer;
use crate::model::{Action, AddressKind, ApplyReport, ByHand, EnvName, Outcome, OutcomeResult, Step};
use crate::providers::freeze_store::access::{self as store, SendError};
use crate::providers::{Clients, Op, freeze_store};
use crate::stop::Stop;

use super::apply::Applied;
use super::context::{Context, Planned};

/// Why an apply freezes deploys around its writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FreezeReason {
    /// The user requested it.
    Requested,
    /// These environments get a first reviewer that GitHub's billing plan may refuse.
    Refusable(BTreeSet<EnvName>),
}

impl Context {
    /// Performs a plan as [`Self::apply`] does, with deploys frozen from before the first write until everything was read
    /// back as declared; else they stay frozen, and the report says so.
    ///
    /// # Errors
    /// When deploys are not known to be frozen: then nothing else was written.
    pub async fn apply_frozen(
        &self,
        freeze_reason: &FreezeReason,
        clients: &Clients,
        planned: &Planned,
        stop: &Stop,
        delays: &RetryDelays,
        progress: impl Fn(&str),
    ) -> anyhow::Result<Applied> {
        let Some(policy) = &self.want.freeze else { anyhow::bail!("gate.toml declares no freeze") };
        progress("freezing deploys");
        if let Some(index) = planned.plan.steps.iter().position(sets_freeze) {
            return self.after_planned_freeze(index, clients, planned, stop, delays, progress).await;
        }
        let claim = Claim { reason: reason(freeze_reason), ..self.claim.clone() };
        let apply_freeze =
            ApplyFreeze::take(clients.of(freeze_store::of(&policy.store).api())?.clone(), Keys::of(policy), claim, delays).await?;
        let mut applied = self.apply(clients, planned, stop, delays, &progress).await;
        progress("putting the freeze back");
        let outcome = apply_freeze.release(&applied.report, delays).await;
        let report = &mut applied.report;
        report.converged &= outcome.result == OutcomeResult::Applied;
        report.outcomes.push(outcome);
        report.outcomes.sort_by(|a, b| a.address.cmp(&b.address));
        Ok(applied)
    }

    /// A freeze that the plan itself sets is the one that holds: it comes first, alone, and stays.
    async fn after_planned_freeze(
        &self,
        index: usize,
        clients: &Clients,
        planned: &Planned,
        stop: &Stop,
        delays: &RetryDelays,
        progress: impl Fn(&str),
    ) -> anyhow::Result<Applied> {
        let mut first = planned.clone();
        let mut rest = planned.clone();
        first.plan.steps = vec![rest.plan.steps.remove(index)];
        let frozen = self.apply(clients, &first, stop, delays, &progress).await;
        if frozen.report.outcomes.iter().any(|outcome| outcome.result != OutcomeResult::Applied) {
            let why = frozen.report.outcomes.into_iter().map(|outcome| outcome.message).collect::<Vec<_>>().join("; ");
            anyhow::bail!("{why}");
        }
        let mut applied = self.apply(clients, &rest, stop, delays, &progress).await;
        let end = frozen.ends.into_iter().next().unwrap_or(StepResult::Done);
        applied.ends.insert(index.min(applied.ends.len()), end);
        applied.report.outcomes.extend(frozen.report.outcomes);
        applied.report.outcomes.sort_by(|a, b| a.address.cmp(&b.address));
        Ok(applied)
    }
}

/// Whether a planned step sets the freeze.
fn sets_freeze(step: &Step<Op>) -> bool {
    step.changes.iter().any(|change| *change.address.kind() == AddressKind::Freeze)
}

/// Deploys are frozen during this run.
struct ApplyFreeze {
    writer: Writer,
    keys: Keys,
    id: FreezeId,
    /// How to restore the previous state; `None` if a freeze without an end was already in place.
    interlock: Option<Interlock>,
}

impl ApplyFreeze {
    /// Freezes, and reads that back.
    async fn take(writer: Writer, keys: Keys, claim: Claim, delays: &RetryDelays) -> anyhow::Result<Self> {
        let live = store::read(writer.reader(), &keys).await?;
        let interlock = match Interlock::needed(&keys, &live, &claim)? {
            None => None,
            Some((interlock, write)) => {
                store::send(&writer, &keys, &write, delays).await.map_err(plain)?;
                Some(interlock)
            }
        };
        Ok(Self { writer, keys, id: claim.id, interlock })
    }

    /// Restores the previous freeze if everything was verified; returns the outcome.
    async fn release(self, report: &ApplyReport, delays: &RetryDelays) -> Outcome {
        let (result, message) = match &self.interlock {
            _ if !report.converged => self.kept(report),
            None => (OutcomeResult::Applied, format!("was frozen before this run, without an end, and stays frozen; {}", self.lift())),
            Some(interlock) => match self.restore(interlock, delays).await {
                Ok(()) => (OutcomeResult::Applied, "frozen while the gate was written, and now as it was before".to_owned()),
                Err(error) => (
                    OutcomeResult::Failed,
                    format!(
                        "the gate is as declared, but the freeze of this run could not be lifted: {error}; to lift it: {}",
                        self.lift()
                    ),
                ),
            },
        };
        Outcome { address: self.keys.store.address(), action: Action::Update, result, message }
    }

    async fn restore(&self, interlock: &Interlock, delays: &RetryDelays) -> anyhow::Result<()> {
        let live = store::read(self.writer.reader(), &self.keys).await?;
        store::send(&self.writer, &self.keys, &interlock.restore(&live)?, delays).await?;
        Ok(())
    }

    fn kept(&self, report: &ApplyReport) -> (OutcomeResult, String) {
        let (kind, store) = (freeze_store::of(&self.keys.store), &self.keys.store);
        let refused = report.outcomes.iter().any(|outcome| matches!(outcome.result, OutcomeResult::Manual(_)));
        let (message, first) = if refused {
            let weaker = format!(
                "FROZEN, and stays frozen in place of the rule that GitHub refuses. That is weaker than a reviewer: it holds only in workflows that run `gatectl freeze check` before they deploy, {}",
                kind.gets_past(store)
            );
            (weaker, "To let a single deploy through, with a name and a reason: gatectl freeze override --for 1h --reason TEXT")
        } else {
            let why = "FROZEN, and stays frozen: the gate could not be verified".to_owned();
            (why, "Bring the gate in line: gatectl apply")
        };
        let steps = vec![first.to_owned(), format!("When the gate is as declared, lift the freeze: {}", self.lift())];
        (OutcomeResult::Manual(ByHand { url: kind.page(store), because: String::new(), steps }), message)
    }

    fn lift(&self) -> String {
        let which = self.keys.store.flag();
        match self.interlock {
            Some(_) => format!("gatectl freeze off {which} --id {} --reason TEXT", self.id),
            None => format!("`gatectl freeze status {which}` shows whose freeze it is and how to lift it"),
        }
    }
}

fn reason(freeze_reason: &FreezeReason) -> String {
    match freeze_reason {
        FreezeReason::Requested => "gatectl apply --interlock: a gate is being written".to_owned(),
        FreezeReason::Refusable(names) => {
            let names: Vec<&str> = names.iter().map(EnvName::as_str).collect();
            let shown: String = names.join(", ").chars().filter(|c| !c.is_control()).take(200).collect();
            format!("gatectl apply: first reviewers of {shown}, which GitHub may refuse")
        }
    }
}

/// A refused request as itself, so that the exit code tells whether credentials are why.
fn plain(error: SendError) -> anyhow::Error {
    match error {
        SendError::NotWritten(error) => error.into(),
        error => error.into(),
    }
}
