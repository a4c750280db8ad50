//! A plan: everything that will be shown, and everything that will be done.

use serde::{Deserialize, Serialize};

use super::{Action, Address, Change, Unknown};

/// Some changes and the requests that make them: shown and done are one piece of data (law 3).
///
/// `O` is a provider's request. One step may hold several changes where one request makes them all (Heroku's PATCH).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step<O> {
    /// What is shown, in address order.
    pub changes: Vec<Change>,
    /// What is done, in this order; the first failure ends the step.
    pub ops: Vec<O>,
}

/// Something worth knowing about an address that is not a change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Note {
    /// What it speaks of.
    pub address: Address,
    /// One or two sentences, ending with the next step where there is one.
    pub message: String,
}

/// What differs between gate.toml and the live state, and how it would be brought in line.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan<O> {
    /// gate.toml as the user named it.
    pub config: String,
    /// `sha256:…` over gate.toml's meaning and the live state that the plan was made from.
    pub fingerprint: String,
    /// In address order.
    pub steps: Vec<Step<O>>,
    /// In address order.
    pub notes: Vec<Note>,
    /// What could not be determined, in address order; nothing is planned for these.
    pub unknown: Vec<(Address, Unknown)>,
    /// What exists and gate.toml does not mention; never touched.
    pub unmanaged: Vec<Address>,
}

/// The counts of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Summary {
    /// Addresses that will be created.
    pub create: usize,
    /// Addresses that will be updated.
    pub update: usize,
    /// Addresses that will be deleted.
    pub delete: usize,
    /// Changes that weaken a gate.
    pub weakens: usize,
    /// Addresses that could not be determined.
    pub unknown: usize,
}

impl<O> Plan<O> {
    /// Every change, in address order.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.steps.iter().flat_map(|step| &step.changes)
    }

    /// Whether nothing would be done. A plan with unknowns may be empty too: that is no proof that nothing differs.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The counts for the last line and for JSON.
    pub fn summary(&self) -> Summary {
        let count = |action| self.changes().filter(|change| change.action == action).count();
        Summary {
            create: count(Action::Create),
            update: count(Action::Update),
            delete: count(Action::Delete),
            weakens: self.changes().filter(|change| change.weakens).count(),
            unknown: self.unknown.len(),
        }
    }
}
