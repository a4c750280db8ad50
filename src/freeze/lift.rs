//! Opening: the writes that lift a freeze or open it for a while. For the `freeze` command only: apply must not use it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::record::{FreezeId, FreezeKind, OverrideRecord, Record, Switch};
use super::set::without_override;
use super::state::{Freeze, FreezeVars, Keys, MAX_OVERRIDE, Override};
use super::window::state_at;
use super::write::{Claim, FreezeRefusal, FreezeWrite, ON, OVERRIDDEN};
use crate::desired::freeze::Window;

/// Lifts the freeze. The record stays and says who did it; an override for the freeze goes with it.
///
/// `only` names the intended freeze: any other one stays.
///
/// # Errors
/// When nothing is frozen, or another freeze than the intended one.
pub fn off(keys: &Keys, live: &FreezeVars, claim: &Claim, only: Option<FreezeId>) -> Result<FreezeWrite, FreezeRefusal> {
    let freeze = Freeze::read(live, claim.now);
    if freeze == Freeze::Open {
        return Err(FreezeRefusal::NotFrozen);
    }
    if only.is_some_and(|id| freeze.record().is_none_or(|record| record.id != id)) {
        return Err(FreezeRefusal::OtherFreeze(Box::new(freeze)));
    }
    let record = Record {
        id: claim.id,
        state: Switch::Off,
        reason: claim.reason.clone(),
        by: claim.by.clone(),
        at: claim.at(),
        until: None,
        kind: freeze.record().map_or(FreezeKind::Manual, |record| record.kind),
        reference: freeze.record().and_then(|record| record.reference.clone()),
    };
    let lifted = FreezeVars { flag: None, record: Some(record.to_wire()?), ..live.clone() };
    let after = match Override::read(live, claim.now) {
        Override::Valid(over) if over.freeze_id.is_none() => lifted,
        _ => without_override(lifted),
    };
    FreezeWrite::new(keys, live, &after)
}

/// The question before the freeze is lifted; `None` if it is the caller's own and not an emergency.
pub fn question(live: &FreezeVars, claim: &Claim) -> Option<String> {
    match Freeze::read(live, claim.now) {
        Freeze::Open | Freeze::Expired(_) => None,
        Freeze::Unattributed => Some("this freeze was set without a record".to_owned()),
        Freeze::Malformed { why } => Some(format!("this freeze cannot be understood: {why}")),
        Freeze::Recorded(record) if record.kind == FreezeKind::Emergency => {
            Some(format!("this is an emergency freeze, by {} since {}: \"{}\"", record.by, record.at, record.reason))
        }
        Freeze::Recorded(record) if record.by != claim.by => {
            Some(format!("this freeze is {}'s, since {}: \"{}\"", record.by, record.at, record.reason))
        }
        Freeze::Recorded(_) => None,
    }
}

/// Opens what is frozen for a while: the freeze in place and its windows, or, if there is no freeze, `windows`.
///
/// A freeze without a record gets one, so that the override has something to name: set by hand again, it closes again.
///
/// # Errors
/// When nothing is frozen, what is frozen cannot be named, or the override is too long.
pub fn override_for(
    keys: &Keys,
    live: &FreezeVars,
    claim: &Claim,
    length: Duration,
    windows: &[Window],
) -> Result<FreezeWrite, FreezeRefusal> {
    let length = SignedDuration::try_from(length).map_err(|_| FreezeRefusal::OverrideLength)?;
    if length.is_zero() || length > MAX_OVERRIDE {
        return Err(FreezeRefusal::OverrideLength);
    }
    let until = claim.at().checked_add(length).map_err(|_| FreezeRefusal::OverrideLength)?;
    let mut notes = Vec::new();
    let mut after = live.clone();
    let freeze_id = match Freeze::read(live, claim.now) {
        Freeze::Malformed { why } => return Err(FreezeRefusal::OverrideOfMalformed { why }),
        Freeze::Recorded(record) => Some(record.id),
        Freeze::Unattributed => {
            let record = adopted(claim);
            after.flag = Some(ON.to_owned());
            after.record = Some(record.to_wire()?);
            notes.push(format!("the freeze had no record and has one now, with id {}", record.id));
            Some(record.id)
        }
        Freeze::Open | Freeze::Expired(_) if windows.iter().any(|window| closes_before(window, claim.now, until)) => None,
        Freeze::Open | Freeze::Expired(_) => return Err(FreezeRefusal::NothingToOverride),
    };
    if let Override::Valid(over) = Override::read(live, claim.now) {
        notes.push(format!("it replaces the override by {} (until {})", over.by, over.until));
    }
    notes
        .push(format!("workflows that read only {} stay open after {until}, until `gatectl freeze override --revoke`", keys.override_flag));
    let record =
        OverrideRecord { id: claim.id, by: claim.by.clone(), reason: claim.reason.clone(), at: Some(claim.at()), until, freeze_id };
    after.override_flag = Some(OVERRIDDEN.to_owned());
    after.override_record = Some(record.to_wire()?);
    Ok(FreezeWrite::new(keys, live, &after)?.with_notes(notes))
}

/// Ends the override before its time.
///
/// # Errors
/// When there is none.
pub fn revoke(keys: &Keys, live: &FreezeVars) -> Result<FreezeWrite, FreezeRefusal> {
    if !live.is_overridden() {
        return Err(FreezeRefusal::NothingToRevoke);
    }
    FreezeWrite::new(keys, live, &without_override(live.clone()))
}

/// The record of a freeze that was set by hand. It shares the id of the write; its start is unknown.
fn adopted(claim: &Claim) -> Record {
    Record {
        id: claim.id,
        state: Switch::On,
        reason: "set without a record; recorded when it was overridden".to_owned(),
        by: "unknown".to_owned(),
        at: claim.at(),
        until: None,
        kind: FreezeKind::Manual,
        reference: None,
    }
}

/// Whether the window is closed now or closes before `until`; one that cannot be read may be.
fn closes_before(window: &Window, now: Timestamp, until: Timestamp) -> bool {
    state_at(window, now).map_or(true, |state| state.now.is_some() || state.next.is_some_and(|next| next.since < until))
}
