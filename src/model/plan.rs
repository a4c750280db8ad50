//! A plan: everything that will be shown, and everything that will be done.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Action, Address, Blocker, Change, EnvName, Invalid, Unknown};

/// Some changes and the requests that make them: what is shown and what is done are one piece of data (law 3).
///
/// `O` is a provider's request. One step may hold several changes if one request makes them all (Heroku's PATCH).
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
    /// What it is about.
    pub address: Address,
    /// One or two sentences, ending with the next step if there is one.
    pub message: String,
}

/// Something that gate.toml declares and that only a person can do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Manual {
    /// What it is about.
    pub address: Address,
    /// What is missing, in one sentence.
    pub message: String,
    /// The commands or steps, in order.
    pub steps: Vec<String>,
}

/// One declaration that the live state contradicts, with everything that it keeps from being planned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct InvalidDeclaration {
    /// What it affects, in address order.
    pub addresses: Vec<Address>,
    /// What contradicts what.
    #[serde(flatten)]
    pub why: Invalid,
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
    /// What only a person can do, in address order.
    pub manual: Vec<Manual>,
    /// Declarations that the live state contradicts; nothing is planned for what they affect.
    pub invalid: Vec<InvalidDeclaration>,
    /// In address order.
    pub notes: Vec<Note>,
    /// What could not be determined, in address order; nothing is planned for these.
    pub unknown: Vec<(Address, Unknown)>,
    /// What exists and gate.toml does not mention; never touched.
    pub unmanaged: Vec<Address>,
    /// The environments that it is about, if `--environment` leaves out others that gate.toml declares; else empty.
    pub limited_to: BTreeSet<EnvName>,
}

/// What one provider has to say about its part of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft<O> {
    /// Changes and their requests.
    pub steps: Vec<Step<O>>,
    /// What only a person can do.
    pub manual: Vec<Manual>,
    /// Addresses whose declarations the live state contradicts.
    pub invalid: Vec<(Address, Invalid)>,
    /// Remarks.
    pub notes: Vec<Note>,
    /// What could not be determined.
    pub unknown: Vec<(Address, Unknown)>,
    /// What exists and is not declared.
    pub unmanaged: Vec<Address>,
    /// The live state of what is declared, if it is known: a saved plan compares it with the live state when it is applied.
    pub basis: BTreeMap<Address, Value>,
}

impl<O> Default for Draft<O> {
    fn default() -> Self {
        Self {
            steps: Vec::new(),
            manual: Vec::new(),
            invalid: Vec::new(),
            notes: Vec::new(),
            unknown: Vec::new(),
            unmanaged: Vec::new(),
            basis: BTreeMap::new(),
        }
    }
}

impl<O> Draft<O> {
    /// Adds a remark.
    pub fn note(&mut self, address: &Address, message: impl Into<String>) {
        self.notes.push(Note { address: address.clone(), message: message.into() });
    }

    /// Records why nothing is planned for an address.
    pub fn block(&mut self, address: &Address, why: Blocker) {
        match why {
            Blocker::Invalid(invalid) => self.invalid.push((address.clone(), invalid)),
            Blocker::Unknown(unknown) => self.unknown.push((address.clone(), unknown)),
        }
    }

    /// Wraps one provider's requests in the enum of all providers'.
    pub fn map<P>(self, op: impl Fn(O) -> P) -> Draft<P> {
        let steps =
            self.steps.into_iter().map(|step| Step { changes: step.changes, ops: step.ops.into_iter().map(&op).collect() }).collect();
        Draft {
            steps,
            manual: self.manual,
            invalid: self.invalid,
            notes: self.notes,
            unknown: self.unknown,
            unmanaged: self.unmanaged,
            basis: self.basis,
        }
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
    /// Steps that only a person can do, by address.
    pub manual: usize,
    /// Declarations that the live state contradicts.
    pub invalid: usize,
    /// Addresses that could not be determined.
    pub unknown: usize,
}

impl<O> Plan<O> {
    /// Combines the providers' parts, everything in address order.
    pub fn assemble(config: String, fingerprint: String, drafts: impl IntoIterator<Item = Draft<O>>) -> Self {
        let mut plan = Self {
            config,
            fingerprint,
            steps: Vec::new(),
            manual: Vec::new(),
            invalid: Vec::new(),
            notes: Vec::new(),
            unknown: Vec::new(),
            unmanaged: Vec::new(),
            limited_to: BTreeSet::new(),
        };
        let mut invalid: BTreeMap<Invalid, BTreeSet<Address>> = BTreeMap::new();
        for draft in drafts {
            plan.steps.extend(draft.steps);
            plan.manual.extend(draft.manual);
            for (address, why) in draft.invalid {
                invalid.entry(why).or_default().insert(address);
            }
            plan.notes.extend(draft.notes);
            plan.unknown.extend(draft.unknown);
            plan.unmanaged.extend(draft.unmanaged);
        }
        let first = |step: &Step<O>| step.changes.first().map(|change| change.address.clone());
        plan.steps.sort_by_key(first);
        plan.manual.sort();
        plan.invalid =
            invalid.into_iter().map(|(why, addresses)| InvalidDeclaration { addresses: addresses.into_iter().collect(), why }).collect();
        plan.invalid.sort();
        plan.notes.sort();
        plan.notes.dedup();
        plan.unknown.sort_by(|a, b| a.0.cmp(&b.0));
        plan.unmanaged.sort();
        plan
    }

    /// Combines the plans of several repositories, as [`Self::assemble`] does the providers' parts.
    pub fn merge(config: String, fingerprint: String, plans: impl IntoIterator<Item = Self>) -> Self {
        let mut limited_to = BTreeSet::new();
        let draft = |plan: Self| {
            limited_to.extend(plan.limited_to);
            let invalid = plan.invalid.into_iter().flat_map(|one| one.addresses.into_iter().map(move |address| (address, one.why.clone())));
            Draft {
                steps: plan.steps,
                manual: plan.manual,
                invalid: invalid.collect(),
                notes: plan.notes,
                unknown: plan.unknown,
                unmanaged: plan.unmanaged,
                basis: BTreeMap::new(),
            }
        };
        let merged = Self::assemble(config, fingerprint, plans.into_iter().map(draft));
        Self { limited_to, ..merged }
    }

    /// Every change, in address order.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.steps.iter().flat_map(|step| &step.changes)
    }

    /// Whether everything that gate.toml declares is known to hold.
    pub fn holds(&self) -> bool {
        self.steps.is_empty() && self.manual.is_empty() && self.invalid.is_empty() && self.unknown.is_empty()
    }

    /// Why nothing is planned for an address, if anything is.
    pub fn blocked(&self, address: &Address) -> Option<Unknown> {
        let unknown = self.unknown.iter().find(|(blocked, _)| blocked == address).map(|(_, unknown)| unknown.clone());
        let invalid = || self.invalid.iter().find(|invalid| invalid.addresses.contains(address));
        unknown.or_else(|| Some(Blocker::Invalid(invalid()?.why.clone()).into_unknown()))
    }

    /// Whether apply would do nothing. That does not prove that nothing differs: see [`Self::holds`].
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
            manual: self.manual.len(),
            invalid: self.invalid.len(),
            unknown: self.unknown.len(),
        }
    }
}
