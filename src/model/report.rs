//! What an apply did, address by address.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Action, Address, EnvName, InvalidDeclaration, Plan, Unknown};

/// What a person has to do because the API refused (exit code 3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByHand {
    /// The page to open.
    pub url: String,
    /// GitHub's own words for the refusal.
    pub because: String,
    /// What to do there, in order, with exact values.
    pub steps: Vec<String>,
}

/// How one change ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Result {
    /// Written, read back, and as declared.
    Applied,
    /// The API refuses this on the present billing plan; a person has to act.
    Manual(ByHand),
    /// It is not as declared; the message says why and what exists now.
    Failed,
    /// Not tried; the message says why.
    Skipped,
}

impl Result {
    /// As JSON has it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Manual(_) => "manual",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// The outcome of one planned change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What it was about.
    pub address: Address,
    /// What was planned.
    pub action: Action,
    /// How it ended.
    pub result: Result,
    /// What happened, in words; ends with the next step when something is left to do.
    pub message: String,
}

/// The outcome of an apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplyReport {
    /// Whether everything declared was verified, and nothing was unknown.
    pub converged: bool,
    /// In address order.
    pub outcomes: Vec<Outcome>,
    /// Declarations that the live state contradicts; what they affect was not touched.
    pub invalid: Vec<InvalidDeclaration>,
    /// What could not be determined and was not touched, in address order.
    pub unknown: Vec<(Address, Unknown)>,
    /// Whether a signal stopped the run early (exit code 130).
    pub interrupted: bool,
    /// As in the plan.
    pub limited_to: BTreeSet<EnvName>,
}

/// The counts of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ReportSummary {
    /// Changes made and read back.
    pub applied: usize,
    /// Changes that a person has to make.
    pub manual: usize,
    /// Changes that failed.
    pub failed: usize,
    /// Changes not tried.
    pub skipped: usize,
}

impl ApplyReport {
    /// The report on a plan, with its outcomes in address order.
    pub fn new<O>(plan: &Plan<O>, converged: bool, mut outcomes: Vec<Outcome>, interrupted: bool) -> Self {
        outcomes.sort_by(|a, b| a.address.cmp(&b.address));
        let (invalid, unknown, limited_to) = (plan.invalid.clone(), plan.unknown.clone(), plan.limited_to.clone());
        Self { converged, outcomes, invalid, unknown, interrupted, limited_to }
    }

    /// Adds what a saved plan was about and was not tried, since it moved; each with what moved.
    pub fn skip<'a>(&mut self, stale: impl IntoIterator<Item = (Address, &'a String)>) {
        for (address, why) in stale {
            let message = format!("not tried: it moved after the plan was saved: {why}");
            self.outcomes.push(Outcome { address, action: Action::Update, result: Result::Skipped, message });
            self.converged = false;
        }
        self.outcomes.sort_by(|a, b| a.address.cmp(&b.address));
    }

    /// The counts for the last line and for JSON.
    pub fn summary(&self) -> ReportSummary {
        let mut summary = ReportSummary::default();
        for outcome in &self.outcomes {
            match outcome.result {
                Result::Applied => summary.applied += 1,
                Result::Manual(_) => summary.manual += 1,
                Result::Failed => summary.failed += 1,
                Result::Skipped => summary.skipped += 1,
            }
        }
        summary
    }
}
