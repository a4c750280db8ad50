//! Closing: the writes that set a freeze, and that can do nothing else.

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::record::{FreezeId, Record, Switch};
use super::state::{Freeze, FreezeVars, Keys, Override};
use super::write::{Claim, FreezeRefusal, FreezeWrite, NOT_OVERRIDDEN, ON, Terms};

/// Sets a freeze if there is none. An override that is left over ends: it is not for this freeze.
///
/// # Errors
/// When there is a freeze already, or the record cannot be written.
pub fn on(keys: &Keys, live: &FreezeVars, claim: &Claim, terms: &Terms) -> Result<FreezeWrite, FreezeRefusal> {
    match Freeze::read(live, claim.now) {
        freeze if freeze.closes() => Err(FreezeRefusal::AlreadyFrozen(Box::new(freeze))),
        _ => close(keys, live, claim, &new_record(claim, terms)?),
    }
}

/// Sets a freeze, or extends the one in place: it keeps its start and kind, and gets a new ID, so that anyone who
/// set the old one does not lift the new one by mistake.
///
/// # Errors
/// When the freeze would end sooner than the one in place, or the record cannot be written.
pub fn replace(keys: &Keys, live: &FreezeVars, claim: &Claim, terms: &Terms) -> Result<FreezeWrite, FreezeRefusal> {
    let mut record = new_record(claim, terms)?;
    let freeze = Freeze::read(live, claim.now);
    // What cannot be read, or has no record, has no end.
    if freeze.closes() && freeze.record().is_none() && record.until.is_some() {
        return Err(FreezeRefusal::Shortens { held: None });
    }
    if let Freeze::Recorded(held) = freeze {
        let sooner = match (held.until, record.until) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(held), Some(new)) => new < held,
        };
        if sooner {
            return Err(FreezeRefusal::Shortens { held: held.until });
        }
        record.at = held.at;
        record.kind = record.kind.max(held.kind);
        record.reference = record.reference.or(held.reference);
    }
    close(keys, live, claim, &record)
}

/// A freeze to be set by an apply: data that a plan can hold and show. It has no form that lifts one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetFreeze {
    keys: Keys,
    live: FreezeVars,
    record: Record,
}

impl SetFreeze {
    /// What is to be set so that deploys are frozen: nothing if they are already frozen.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn needed(keys: &Keys, live: &FreezeVars, claim: &Claim, terms: &Terms) -> Result<Option<Self>, FreezeRefusal> {
        if Freeze::read(live, claim.now).closes() {
            return Ok(None);
        }
        let set = Self { keys: keys.clone(), live: live.clone(), record: new_record(claim, terms)? };
        set.write().map(|_| Some(set))
    }

    /// Where it is set.
    pub const fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The record that will be there.
    pub const fn record(&self) -> &Record {
        &self.record
    }

    /// The same without who sets it and when: two plans that differ in nothing else are the same plan.
    #[must_use]
    pub fn unattributed(&self) -> Self {
        let record = Record { id: FreezeId::new(Uuid::nil()), by: String::new(), at: Timestamp::UNIX_EPOCH, ..self.record.clone() };
        Self { record, ..self.clone() }
    }

    /// The request.
    ///
    /// # Errors
    /// When the record cannot be written; not for one that [`Self::needed`] returned.
    pub fn write(&self) -> Result<FreezeWrite, FreezeRefusal> {
        let record = Record { state: Switch::On, ..self.record.clone() };
        FreezeWrite::new(&self.keys, &self.live, &closed(&self.live, &record)?)
    }
}

pub(super) fn new_record(claim: &Claim, terms: &Terms) -> Result<Record, FreezeRefusal> {
    match terms.until {
        Some(until) if until <= claim.now => Err(FreezeRefusal::Ended(until)),
        until => Ok(Record {
            id: claim.id,
            state: Switch::On,
            reason: claim.reason.clone(),
            by: claim.by.clone(),
            at: claim.at(),
            until,
            kind: terms.kind,
            reference: terms.reference.clone(),
        }),
    }
}

fn close(keys: &Keys, live: &FreezeVars, claim: &Claim, record: &Record) -> Result<FreezeWrite, FreezeRefusal> {
    let ended = match Override::read(live, claim.now) {
        Override::None => None,
        Override::Valid(over) => Some(format!("the override by {} (until {}) ends with this", over.by, over.until)),
        Override::Expired(_) | Override::Invalid { .. } => Some(format!("{} is set back to {NOT_OVERRIDDEN}", keys.override_flag)),
    };
    Ok(FreezeWrite::new(keys, live, &closed(live, record)?)?.with_notes(ended.into_iter().collect()))
}

/// `live`, frozen by `record` and not overridden.
pub(super) fn closed(live: &FreezeVars, record: &Record) -> Result<FreezeVars, FreezeRefusal> {
    let after = FreezeVars { flag: Some(ON.to_owned()), record: Some(record.to_wire()?), ..live.clone() };
    Ok(without_override(after))
}

/// `vars` without an override. One that is not there is not written.
pub(super) fn without_override(vars: FreezeVars) -> FreezeVars {
    if !vars.is_overridden() {
        return vars;
    }
    FreezeVars { override_flag: Some(NOT_OVERRIDDEN.to_owned()), override_record: None, ..vars }
}
