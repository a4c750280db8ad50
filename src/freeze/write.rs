//! One write to the freeze: what changes, in which order if it has to be written one by one, and how to know that it took effect.
//!
//! Owns the type that alone can change a freeze, and the reasons to refuse. What is written is decided in `set` (closes),
//! `lift` (opens) and `interlock` (closes, then puts back).

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp, Unit};

use super::record::{FreezeId, FreezeKind, Record, RecordError, or_unnamed};
use super::state::{Flag, Freeze, FreezeVars, Keys, MAX_OVERRIDE};
use crate::desired::freeze::Store;
use crate::model::parse_duration;

/// Who writes, and why: goes into the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// A fresh id: tells this write from any other when it is read back.
    pub id: FreezeId,
    /// Who, such as `gh:someone`.
    pub by: String,
    /// Why.
    pub reason: String,
    /// The current time.
    pub now: Timestamp,
}

impl Claim {
    /// The current time in whole seconds, as records have it.
    pub(super) fn at(&self) -> Timestamp {
        self.now.round(jiff::TimestampRound::new().smallest(Unit::Second).mode(jiff::RoundMode::Floor)).unwrap_or(self.now)
    }
}

/// How a freeze is to be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The kind.
    pub kind: FreezeKind,
    /// When it ends; `None` means until it is lifted.
    pub until: Option<Timestamp>,
    /// An incident or a ticket.
    pub reference: Option<String>,
}

/// One change of a freeze. Only this module's siblings can build one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct FreezeWrite {
    keys: Keys,
    body: BTreeMap<String, Option<String>>,
    notes: Vec<String>,
    /// The values at the time it is made.
    live: BTreeMap<String, String>,
    /// Whether the record in place is that of a freeze with an end.
    after_an_end: bool,
}

/// One value of a [`FreezeWrite`], for a store that takes single values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueWrite<'w> {
    /// The value's name.
    pub name: &'w str,
    /// What it becomes; `None` deletes it.
    pub value: Option<&'w str>,
    /// Whether it was there when the write was made.
    pub exists: bool,
}

impl FreezeWrite {
    /// From `live` to `after`. The flag is sent again if it stays `true`, so that its removal in between is noticed.
    pub(super) fn new(keys: &Keys, live: &FreezeVars, after: &FreezeVars) -> Result<Self, FreezeRefusal> {
        let mut body: BTreeMap<String, Option<String>> = keys
            .all()
            .into_iter()
            .zip(live.all().into_iter().zip(after.all()))
            .filter(|(_, (before, after))| before != after)
            .map(|(key, (_, after))| (key.to_owned(), after.clone()))
            .collect();
        if body.is_empty() {
            return Err(FreezeRefusal::NoChange);
        }
        if after.flag.as_deref() == Some(ON) {
            body.insert(keys.flag.clone(), after.flag.clone());
        }
        let after_an_end = live.readable_record().is_some_and(|record| record.until.is_some());
        Ok(Self { keys: keys.clone(), body, notes: Vec::new(), live: keys.values(live), after_an_end })
    }

    pub(super) fn with_notes(self, notes: Vec<String>) -> Self {
        Self { notes, ..self }
    }

    /// Where it is written.
    pub const fn store(&self) -> &Store {
        &self.keys.store
    }

    /// What is written, for a store that takes all of it at once: `None` deletes the value. Never empty, never without effect.
    pub const fn body(&self) -> &BTreeMap<String, Option<String>> {
        &self.body
    }

    /// The same, one by one, for a store that takes single values: what closes comes first, what opens comes last.
    ///
    /// After each of them deploys are at least as closed as before the first one or after the last one, for gatectl and for
    /// workflows that read only the flags. Lifting a freeze, or overriding it, takes effect with the last request.
    pub fn one_by_one(&self) -> Vec<ValueWrite<'_>> {
        let mut values: Vec<ValueWrite<'_>> = self
            .body
            .iter()
            .map(|(name, value)| ValueWrite { name, value: value.as_deref(), exists: self.live.contains_key(name) })
            .collect();
        values.sort_by_key(|write| self.rank(write.name, write.value));
        values
    }

    /// Whether a store still holds what it held when the write was made.
    pub fn is_untouched(&self, now: &BTreeMap<String, String>) -> bool {
        self.live == *now
    }

    fn rank(&self, key: &str, value: Option<&str>) -> u8 {
        let off = Flag::read(value) == Flag::Off;
        match key {
            _ if key == self.keys.override_flag && off => 0,
            // With the record of an ended freeze, the flag closes nothing.
            _ if key == self.keys.record && self.after_an_end => 1,
            _ if key == self.keys.flag && !off => 2,
            _ if key == self.keys.record => 3,
            _ if key == self.keys.override_record => 4,
            _ if key == self.keys.override_flag => 5,
            _ => 6,
        }
    }

    /// Side effects of the write that the user may not expect, one sentence each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Compares what was read after the write with what was written. Every write has its own id, so equal means that it
    /// was this one; no store has a compare-and-swap, the last write wins.
    ///
    /// # Errors
    /// Which value differs, and whose record is in place.
    pub fn confirm(&self, after: &BTreeMap<String, String>) -> Result<(), LostUpdate> {
        let differs = self.body.iter().find(|(key, value)| after.get(*key) != value.as_ref());
        differs.map_or(Ok(()), |(key, _)| {
            Err(LostUpdate {
                store: self.keys.store.clone(),
                key: key.clone(),
                theirs: after.get(&self.keys.record).and_then(|text| Record::parse(text).ok()).map(Box::new),
            })
        })
    }
}

/// The value of the flag while frozen, and the values of the override: as the runbook writes them.
pub(super) const ON: &str = "true";
pub(super) const OVERRIDDEN: &str = "1";
pub(super) const NOT_OVERRIDDEN: &str = "0";

/// A write that did not last: another writer wrote at the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostUpdate {
    store: Store,
    /// The value that differs.
    pub key: String,
    /// The record that exists now, when it can be read.
    pub theirs: Option<Box<Record>>,
}

impl fmt::Display for LostUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "another writer changed {} at the same time", self.key)?;
        if let Some(theirs) = &self.theirs {
            write!(f, ": the record there now is by {} ({}, \"{}\")", or_unnamed(&theirs.by), theirs.at, theirs.reason)?;
        }
        Ok(())
    }
}

impl std::error::Error for LostUpdate {}

/// Why a write is refused before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FreezeRefusal {
    /// There is a freeze already.
    AlreadyFrozen(Box<Freeze>),
    /// There is no freeze to lift.
    NotFrozen,
    /// The freeze is not the one that was named.
    OtherFreeze(Box<Freeze>),
    /// The new end is earlier than the one in place.
    Shortens {
        /// The current end; `None` if it has none.
        held: Option<Timestamp>,
    },
    /// The new end is not in the future.
    Ended(Timestamp),
    /// An override lasts more than zero and at most four hours.
    OverrideLength,
    /// Nothing is closed, and no window closes before the override would end.
    NothingToOverride,
    /// An override cannot be tied to what cannot be understood.
    OverrideOfMalformed {
        /// What is wrong with the values.
        why: String,
    },
    /// There is no override.
    NothingToRevoke,
    /// What was set by this run has been changed since.
    Changed,
    /// The record cannot be written.
    Record(RecordError),
    /// Everything is as it would be written.
    NoChange,
}

impl From<RecordError> for FreezeRefusal {
    fn from(error: RecordError) -> Self {
        Self::Record(error)
    }
}

impl fmt::Display for FreezeRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyFrozen(freeze) => {
                write!(f, "already frozen{}", described(freeze))
            }
            Self::NotFrozen => f.write_str("not frozen: there is nothing to lift"),
            Self::OtherFreeze(freeze) => {
                write!(f, "the freeze in place is not the one that --id names{}", described(freeze))
            }
            Self::Shortens { held: Some(until) } => {
                write!(f, "the freeze in place lasts until {until}, and `--replace` only extends a freeze")
            }
            Self::Shortens { held: None } => f.write_str("the freeze in place has no end, and `--replace` only extends a freeze"),
            Self::Ended(until) => write!(f, "{until} is not in the future: give a later `--until`"),
            Self::OverrideLength => {
                write!(f, "an override must be longer than zero and at most {}h: give another `--for`", MAX_OVERRIDE.as_hours())
            }
            Self::NothingToOverride => f.write_str("nothing is frozen, so there is nothing to override"),
            Self::OverrideOfMalformed { why } => {
                write!(f, "the freeze cannot be understood ({why}), so no override can name it")
            }
            Self::NothingToRevoke => f.write_str("there is no override to revoke"),
            Self::Changed => f.write_str("another writer changed the freeze in the meantime, so it is left as it is"),
            Self::Record(error) => error.fmt(f),
            Self::NoChange => f.write_str("everything is already set: nothing to do"),
        }
    }
}

impl std::error::Error for FreezeRefusal {}

/// Reads how long an override lasts.
///
/// # Errors
/// A sentence that names the text, if it is not a duration, or one that no override may have.
pub fn parse_override(text: &str) -> Result<Duration, String> {
    let length = parse_duration(text)?;
    let most = MAX_OVERRIDE.as_hours();
    if length.is_zero() {
        return Err(format!("`{text}` overrides nothing: give a time of at most {most}h, such as 1h"));
    }
    if SignedDuration::try_from(length).map_or(true, |length| length > MAX_OVERRIDE) {
        return Err(format!("`{text}` is longer than an override may last: give at most {most}h"));
    }
    Ok(length)
}

/// ` by WHO since WHEN …`, as far as it is known.
fn described(freeze: &Freeze) -> String {
    match freeze {
        Freeze::Open => String::new(),
        Freeze::Unattributed => ", without a record".to_owned(),
        Freeze::Malformed { why } => format!(": {why}"),
        Freeze::Expired(record) | Freeze::Recorded(record) => {
            let until = record.until.map(|until| format!(" until {until}")).unwrap_or_default();
            format!(" by {} since {}{until} (\"{}\", id {})", or_unnamed(&record.by), record.at, record.reason, record.id)
        }
    }
}

/// Reads the end of a freeze: a duration from `now` (`2h`, `3d`) or a time with its offset (`2026-05-05T18:00:00-04:00`).
///
/// # Errors
/// A sentence, when it is neither, or not in the future.
pub fn parse_until(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let bad = || format!("`{text}` is neither a duration such as 2h nor a time with its offset such as 2026-05-05T18:00:00-04:00 or ...Z");
    match parse_duration(text) {
        Ok(duration) if duration.is_zero() => Err(format!("`{text}` ends the freeze at once: give a longer time, such as 2h")),
        Ok(duration) => SignedDuration::try_from(duration).ok().and_then(|d| now.checked_add(d).ok()).ok_or_else(bad),
        Err(_) => match text.parse::<Timestamp>() {
            Ok(until) if until <= now => Err(format!("`{text}` is not in the future: it is {now} now")),
            Ok(until) => Ok(until),
            Err(_) => Err(bad()),
        },
    }
}

#[cfg(test)]
mod tests;
