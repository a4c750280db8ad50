//! Leftovers: a freeze without an end, a flag set by hand, an override that is over.
//!
//! Owns what counts as a leftover, its message, and the command that cleans it up. `status`, `check`, `plan` and `verify` show it.

use jiff::{SignedDuration, Timestamp};

use super::audit::Audit;
use super::record::or_unnamed;
use super::state::{Freeze, FreezeVars, Keys, Override};
use crate::model::age;

/// How long a freeze without an end may last before it is reported.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(24);

/// One leftover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// What is left over, and since when: a sentence without a full stop.
    pub message: String,
    /// The command that cleans it up.
    pub command: String,
}

impl std::fmt::Display for Leftover {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: `{}`", self.message, self.command)
    }
}

/// When each flag was last written, as the store itself knows it: the age of a flag that has no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FlagTimes {
    /// The flag of the freeze; `None` if that is not known.
    pub flag: Option<Timestamp>,
    /// The flag of the override.
    pub override_flag: Option<Timestamp>,
}

impl From<&Audit> for FlagTimes {
    fn from(audit: &Audit) -> Self {
        let at = |evidence: &Option<super::Evidence>| evidence.as_ref().map(|evidence| evidence.at);
        Self { flag: at(&audit.flag), override_flag: at(&audit.override_flag) }
    }
}

/// Everything that is left over at a moment.
pub fn leftovers(keys: &Keys, vars: &FreezeVars, written: FlagTimes, now: Timestamp) -> Vec<Leftover> {
    let freeze = Freeze::read(vars, now);
    let over = Override::read(vars, now);
    of_freeze(keys, &freeze, written.flag, now).into_iter().chain(of_override(keys, &freeze, &over, written.override_flag, now)).collect()
}

fn of_freeze(keys: &Keys, freeze: &Freeze, written: Option<Timestamp>, now: Timestamp) -> Option<Leftover> {
    let scope = keys.store.flag();
    match freeze {
        Freeze::Open | Freeze::Malformed { .. } => None,
        Freeze::Expired(record) => Some(Leftover {
            message: format!(
                "the freeze {} ended{}; workflows that read only {} stay closed",
                record.id,
                ago(record.until, now),
                keys.flag
            ),
            command: format!("gatectl freeze off {scope} --id {} --reason TEXT", record.id),
        }),
        Freeze::Unattributed => Some(Leftover {
            message: format!("{} was set by hand{}, without a record: its owner and its reason are unknown", keys.flag, ago(written, now)),
            command: format!("gatectl freeze on {scope} --replace --reason TEXT"),
        }),
        Freeze::Recorded(record) => {
            let forgotten = record.until.is_none() && now.duration_since(record.at) > FORGOTTEN;
            forgotten.then(|| Leftover {
                message: format!(
                    "the freeze by {} has no end and is {} old (\"{}\")",
                    or_unnamed(&record.by),
                    age(record.at, now),
                    record.reason
                ),
                command: format!("gatectl freeze off {scope} --id {} --reason TEXT", record.id),
            })
        }
    }
}

fn of_override(keys: &Keys, freeze: &Freeze, over: &Override, written: Option<Timestamp>, now: Timestamp) -> Option<Leftover> {
    let open = format!("workflows that read only {} stay open", keys.override_flag);
    let message = match over {
        Override::None => return None,
        // One for another freeze opens nothing here, and everything elsewhere.
        Override::Valid(record) if record.freeze_id.is_some() && freeze.record().map(|held| held.id) != record.freeze_id => {
            format!(
                "the override by {} (until {}) is for another freeze and opens nothing here; {open}",
                or_unnamed(&record.by),
                record.until
            )
        }
        Override::Valid(_) => return None,
        Override::Expired(record) => {
            format!("the override by {} ended {} ago and opens nothing here; {open}", or_unnamed(&record.by), age(record.until, now))
        }
        Override::Invalid { why } => format!("the override opens nothing here, {why}{}; {open}", since(written, now)),
    };
    Some(Leftover { message, command: format!("gatectl freeze override {} --revoke", keys.store.flag()) })
}

/// ` 3 days ago`, if the moment is known.
fn ago(at: Option<Timestamp>, now: Timestamp) -> String {
    at.map(|at| format!(" {} ago", age(at, now))).unwrap_or_default()
}

/// ` (written 3 days ago)`, if the moment is known.
fn since(at: Option<Timestamp>, now: Timestamp) -> String {
    at.map(|at| format!(" (written {} ago)", age(at, now))).unwrap_or_default()
}

#[cfg(test)]
mod tests;
