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

/// What one provider has to say about its part of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft<O> {
    /// Changes and their requests.
    pub steps: Vec<Step<O>>,
    /// Remarks.
    pub notes: Vec<Note>,
    /// What could not be determined.
    pub unknown: Vec<(Address, Unknown)>,
    /// What exists and is not declared.
    pub unmanaged: Vec<Address>,
}

impl<O> Default for Draft<O> {
    fn default() -> Self {
        Self { steps: Vec::new(), notes: Vec::new(), unknown: Vec::new(), unmanaged: Vec::new() }
    }
}

impl<O> Draft<O> {
    /// Adds a remark.
    pub fn note(&mut self, address: &Address, message: impl Into<String>) {
        self.notes.push(Note { address: address.clone(), message: message.into() });
    }

    /// Turns one provider's requests into the sum of all providers'.
    pub fn map<P>(self, op: impl Fn(O) -> P) -> Draft<P> {
        let steps =
            self.steps.into_iter().map(|step| Step { changes: step.changes, ops: step.ops.into_iter().map(&op).collect() }).collect();
        Draft { steps, notes: self.notes, unknown: self.unknown, unmanaged: self.unmanaged }
    }
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
    /// Puts the providers' parts together, everything in address order.
    pub fn assemble(config: String, fingerprint: String, drafts: impl IntoIterator<Item = Draft<O>>) -> Self {
        let mut plan = Self { config, fingerprint, steps: Vec::new(), notes: Vec::new(), unknown: Vec::new(), unmanaged: Vec::new() };
        for draft in drafts {
            plan.steps.extend(draft.steps);
            plan.notes.extend(draft.notes);
            plan.unknown.extend(draft.unknown);
            plan.unmanaged.extend(draft.unmanaged);
        }
        let first = |step: &Step<O>| step.changes.first().map(|change| change.address.clone());
        plan.steps.sort_by_key(first);
        plan.notes.sort();
        plan.notes.dedup();
        plan.unknown.sort_by(|a, b| a.0.cmp(&b.0));
        plan.unmanaged.sort();
        plan
    }

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
