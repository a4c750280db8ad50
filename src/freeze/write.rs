//! One write to the freeze: a single PATCH, and how to tell that it took.
//!
//! Owns the type that alone can change a freeze, and the reasons to refuse. What is written is decided in `set` (closes),
//! `lift` (opens) and `interlock` (closes, then puts back).

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp, Unit};

use crate::desired::freeze::Store;

use super::record::{FreezeId, Kind, Record, RecordError};
use super::state::{Freeze, FreezeVars, Keys, MAX_OVERRIDE};
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
    /// The present time.
    pub now: Timestamp,
}

impl Claim {
    /// The present time in whole seconds, as records have it.
    pub(super) fn at(&self) -> Timestamp {
        self.now.round(jiff::TimestampRound::new().smallest(Unit::Second).mode(jiff::RoundMode::Floor)).unwrap_or(self.now)
    }
}

/// How a freeze is to be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// How grave.
    pub kind: Kind,
    /// When it ends by itself; `None` means when somebody lifts it.
    pub until: Option<Timestamp>,
    /// An incident or a ticket.
    pub reference: Option<String>,
}

/// One change of a store's values that changes its freeze. Only this module's siblings can build one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct FreezeWrite {
    store: Store,
    body: BTreeMap<String, Option<String>>,
    notes: Vec<String>,
    record_key: String,
}

impl FreezeWrite {
    /// From `live` to `after`. The flag is stated again where it stays `true`, so that nobody removes it in between unseen.
    pub(super) fn new(keys: &Keys, live: &FreezeVars, after: &FreezeVars) -> Result<Self, Refusal> {
        let values = |vars: &FreezeVars| [&vars.flag, &vars.record, &vars.override_flag, &vars.override_record].map(Clone::clone);
        let mut body: BTreeMap<String, Option<String>> = keys
            .all()
            .into_iter()
            .zip(values(live).into_iter().zip(values(after)))
            .filter(|(_, (before, after))| before != after)
            .map(|(key, (_, after))| (key.to_owned(), after))
            .collect();
        if body.is_empty() {
            return Err(Refusal::NoChange);
        }
        if after.flag.as_deref() == Some(ON) {
            body.insert(keys.flag.clone(), after.flag.clone());
        }
        Ok(Self { store: keys.store.clone(), body, notes: Vec::new(), record_key: keys.record.clone() })
    }

    pub(super) fn with_notes(self, notes: Vec<String>) -> Self {
        Self { notes, ..self }
    }

    /// Where it is written.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// What is written: `None` deletes the value. Never empty, never without effect.
    #[must_use]
    pub const fn body(&self) -> &BTreeMap<String, Option<String>> {
        &self.body
    }

    /// What else the write does that whoever asked for it may not expect, one sentence each.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Compares what was read after the write with what was written. Every write has its own id, so equal means that it
    /// was this one; Heroku has no compare-and-swap, the last PATCH wins.
    ///
    /// # Errors
    /// Which config var holds something else, and whose record is there.
    pub fn confirm(&self, after: &BTreeMap<String, String>) -> Result<(), Lost> {
        let differs = self.body.iter().find(|(key, value)| after.get(*key) != value.as_ref());
        differs.map_or(Ok(()), |(key, _)| {
            Err(Lost {
                store: self.store.clone(),
                key: key.clone(),
                theirs: after.get(&self.record_key).and_then(|text| Record::parse(text).ok()).map(Box::new),
            })
        })
    }
}

/// The value of the flag while frozen, and the values of the override: as the runbook writes them.
pub(super) const ON: &str = "true";
pub(super) const OVERRIDDEN: &str = "1";
pub(super) const NOT_OVERRIDDEN: &str = "0";

/// A write that did not last: somebody else wrote at the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    store: Store,
    /// The config var that holds something else.
    pub key: String,
    /// The record that is there now, when it can be read.
    pub theirs: Option<Box<Record>>,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "somebody else changed {} at the same time", self.key)?;
        if let Some(theirs) = &self.theirs {
            write!(f, ": the record there now is {}'s ({}, \"{}\")", or_nobody(&theirs.by), theirs.at, theirs.reason)?;
        }
        write!(f, "; see `gatectl freeze status {}`, then decide again", self.store.flag())
    }
}

impl std::error::Error for Lost {}

/// Why a write is refused before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is a freeze already.
    AlreadyFrozen(Box<Freeze>),
    /// There is no freeze to lift.
    NotFrozen,
    /// The freeze is not the one that was named.
    OtherFreeze(Box<Freeze>),
    /// The new end is earlier than the one in place.
    Shortens {
        /// The end in place; `None` is none.
        held: Option<Timestamp>,
    },
    /// The new end is not in the future.
    Ended(Timestamp),
    /// An override lasts longer than nothing and at most four hours.
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

impl From<RecordError> for Refusal {
    fn from(error: RecordError) -> Self {
        Self::Record(error)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyFrozen(freeze) => {
                write!(f, "already frozen{}; `--replace` extends the freeze in place", described(freeze))
            }
            Self::NotFrozen => f.write_str("not frozen: there is nothing to lift"),
            Self::OtherFreeze(freeze) => {
                write!(f, "the freeze in place is another one{}; look at `gatectl freeze status` before lifting it", described(freeze))
            }
            Self::Shortens { held: Some(until) } => {
                write!(f, "the freeze in place lasts until {until}: `--replace` extends a freeze, `gatectl freeze off` ends it")
            }
            Self::Shortens { held: None } => {
                f.write_str("the freeze in place has no end: `--replace` extends a freeze, `gatectl freeze off` ends it")
            }
            Self::Ended(until) => write!(f, "{until} is not in the future: give a later `--until`"),
            Self::OverrideLength => {
                write!(f, "an override lasts more than nothing and at most {}h: give a shorter `--for`", MAX_OVERRIDE.as_hours())
            }
            Self::NothingToOverride => {
                f.write_str("nothing is frozen that an override could open; `gatectl freeze status` shows what will be")
            }
            Self::OverrideOfMalformed { why } => {
                write!(
                    f,
                    "the freeze cannot be understood ({why}), so no override can name it; set it anew with `gatectl freeze on --replace --reason TEXT`"
                )
            }
            Self::NothingToRevoke => f.write_str("there is no override to revoke"),
            Self::Changed => {
                f.write_str("the freeze was changed by somebody else meanwhile and is left as it is; see `gatectl freeze status`")
            }
            Self::Record(error) => error.fmt(f),
            Self::NoChange => f.write_str("everything is as it would be written: nothing to do"),
        }
    }
}

impl std::error::Error for Refusal {}

fn or_nobody(by: &str) -> &str {
    if by.is_empty() { "nobody" } else { by }
}

/// ` by WHO since WHEN …`, as far as it is known.
fn described(freeze: &Freeze) -> String {
    match freeze {
        Freeze::Open => String::new(),
        Freeze::Unattributed => ", by somebody who left no record".to_owned(),
        Freeze::Malformed { why } => format!(": {why}"),
        Freeze::Expired(record) | Freeze::Recorded(record) => {
            let until = record.until.map(|until| format!(" until {until}")).unwrap_or_default();
            format!(" by {} since {}{until} (\"{}\", id {})", or_nobody(&record.by), record.at, record.reason, record.id)
        }
    }
}

/// Reads the end of a freeze: a duration from `now` (`2h`, `3d`) or a time with its offset (`2026-05-05T18:00:00-04:00`).
///
/// # Errors
/// A sentence, when it is neither, or not in the future.
pub fn parse_until(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let bad = || format!("`{text}` is neither a duration such as 2h nor a time with its offset such as 2026-05-05T18:00:00-04:00 or ...Z");
    let until = match parse_duration(text) {
        Ok(duration) => SignedDuration::try_from(duration).ok().and_then(|d| now.checked_add(d).ok()).ok_or_else(bad)?,
        Err(_) => text.parse::<Timestamp>().map_err(|_| bad())?,
    };
    if until <= now {
        return Err(Refusal::Ended(until).to_string());
    }
    Ok(until)
}

#[cfg(test)]
mod tests;
