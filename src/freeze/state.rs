//! The meaning of the four values: is there a freeze, and is there an override.
//!
//! Owns the meaning of the four values. Must not know policies or environments: see [`super::decide`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};

use super::record::{OverrideRecord, Record, Switch};
use crate::desired::freeze::{OnUnreachable, Policy, Store};
use crate::model::{EnvName, VarValue};

/// The longest override. A record that ends later was not written by gatectl and opens nothing.
pub const MAX_OVERRIDE: SignedDuration = SignedDuration::from_hours(4);
/// How far the clock of the machine that wrote an override may be ahead of this one.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Where a freeze is kept: the store, and the names of its four values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Keys {
    /// The store.
    pub store: Store,
    /// Says `true` while frozen.
    pub flag: String,
    /// The JSON record of the freeze.
    pub record: String,
    /// Says `1` while overridden.
    pub override_flag: String,
    /// The JSON record of the override.
    pub override_record: String,
}

impl Keys {
    /// The default names: all that the emergency path needs to know is the store.
    pub fn standard(store: Store) -> Self {
        Self::named(store, Policy::FLAG, Policy::OVERRIDE)
    }

    /// The names that a policy declares.
    pub fn of(policy: &Policy) -> Self {
        Self::named(policy.store.clone(), &policy.flag, &policy.override_flag)
    }

    fn named(store: Store, flag: &str, override_flag: &str) -> Self {
        // GitHub keeps the names of variables in capitals.
        let name = |key: &str| if store.app().is_some() { key.to_owned() } else { key.to_ascii_uppercase() };
        let record_of = |key: &str| name(&format!("{key}{}", Policy::RECORD_SUFFIX));
        Self {
            flag: name(flag),
            record: record_of(flag),
            override_flag: name(override_flag),
            override_record: record_of(override_flag),
            store,
        }
    }

    /// A policy for these environments where gate.toml says nothing: no calendar, and closed if the store cannot be read.
    pub fn bare_policy(&self, environments: BTreeSet<EnvName>) -> Policy {
        Policy {
            store: self.store.clone(),
            environments,
            flag: self.flag.clone(),
            override_flag: self.override_flag.clone(),
            frozen: false,
            compensates: false,
            check_commands: Vec::new(),
            on_unreachable: OnUnreachable::Frozen,
            windows: Vec::new(),
        }
    }

    /// All four names: what may be read, and nothing else.
    pub fn all(&self) -> [&str; 4] {
        [&self.flag, &self.record, &self.override_flag, &self.override_record]
    }

    /// The four values by their names, as a store holds them.
    pub fn values(&self, vars: &FreezeVars) -> BTreeMap<String, String> {
        self.all().into_iter().zip(vars.all()).filter_map(|(key, value)| Some((key.to_owned(), value.clone()?))).collect()
    }

    /// Takes the four values out of what a store holds.
    pub fn pick(&self, vars: &BTreeMap<String, String>) -> FreezeVars {
        self.read(|name| vars.get(name).cloned())
    }

    /// The four values, each read by its name.
    pub(super) fn read(&self, value: impl Fn(&str) -> Option<String>) -> FreezeVars {
        FreezeVars {
            flag: value(&self.flag),
            record: value(&self.record),
            override_flag: value(&self.override_flag),
            override_record: value(&self.override_record),
        }
    }
}

/// The values of the four config vars; `None` is a var that is not there.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct FreezeVars {
    /// The flag.
    pub(super) flag: Option<String>,
    /// The record of the freeze.
    pub(super) record: Option<String>,
    /// The flag of the override.
    pub(super) override_flag: Option<String>,
    /// The record of the override.
    pub(super) override_record: Option<String>,
}

impl FreezeVars {
    /// The values under their names. gate.toml may have named any variable of the app, so anything except a flag and a record is hidden.
    pub fn under<'k>(&self, keys: &'k Keys) -> [(&'k str, Option<VarValue>); 4] {
        self.named(keys.all())
    }

    /// The four values, in the order of [`Keys::all`].
    pub(super) const fn all(&self) -> [&Option<String>; 4] {
        [&self.flag, &self.record, &self.override_flag, &self.override_record]
    }

    /// The record, if there is one that can be read.
    pub(super) fn readable_record(&self) -> Option<Record> {
        Record::parse(self.record.as_deref()?).ok()
    }

    /// Whether the flag is anything but off.
    pub(super) fn is_set(&self) -> bool {
        Flag::read(self.flag.as_deref()) != Flag::Off
    }

    /// Whether the override's flag is anything but off.
    pub fn is_overridden(&self) -> bool {
        Flag::read(self.override_flag.as_deref()) != Flag::Off
    }

    /// Whether a flag is set that no record explains: its age is known only to the store.
    pub fn lacks_a_record(&self, now: Timestamp) -> bool {
        matches!(Freeze::read(self, now), Freeze::Unattributed) || matches!(Override::read(self, now), Override::Invalid { .. })
    }

    fn named<'n>(&self, names: [&'n str; 4]) -> [(&'n str, Option<VarValue>); 4] {
        let [flag, record, override_flag, override_record] = names;
        let is_flag = |text: &str| Flag::read(Some(text)) != Flag::Malformed;
        [
            (flag, value(flag, self.flag.as_deref(), is_flag)),
            (record, value(record, self.record.as_deref(), |text| Record::parse(text).is_ok())),
            (override_flag, value(override_flag, self.override_flag.as_deref(), is_flag)),
            (override_record, value(override_record, self.override_record.as_deref(), |text| OverrideRecord::parse(text).is_ok())),
        ]
    }

    /// As a plan file has them.
    fn fields(&self) -> BTreeMap<&'static str, Option<VarValue>> {
        self.named(["flag", "record", "override_flag", "override_record"]).into_iter().collect()
    }
}

fn value(name: &str, text: Option<&str>, is_understood: impl Fn(&str) -> bool) -> Option<VarValue> {
    text.map(|text| if is_understood(text) { VarValue::new(name, text) } else { VarValue::hidden(name, text) })
}

impl fmt::Debug for FreezeVars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fields().fmt(f)
    }
}

impl Serialize for FreezeVars {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.fields().serialize(serializer)
    }
}

/// What a flag says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    /// Absent, empty, `false`, `0`, `no` or `off`.
    Off,
    /// `true`, `1`, `yes` or `on`.
    On,
    /// Anything else.
    Malformed,
}

impl Flag {
    /// Reads the value of a config var, in any case of letters.
    pub fn read(value: Option<&str>) -> Self {
        match value.unwrap_or_default().to_ascii_lowercase().as_str() {
            "" | "false" | "0" | "no" | "off" => Self::Off,
            "true" | "1" | "yes" | "on" => Self::On,
            _ => Self::Malformed,
        }
    }
}

/// The freeze that the store holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Freeze {
    /// There is none.
    Open,
    /// One that has expired. Readers that know only the flag still see it.
    Expired(Record),
    /// One that was set without a record: `heroku config:set DEPLOY_FREEZE=true`.
    Unattributed,
    /// One with a record.
    Recorded(Record),
    /// The values cannot be understood, which counts as frozen.
    Malformed {
        /// What is wrong with them.
        why: String,
    },
}

impl Freeze {
    /// Reads the flag and its record. The flag decides; the record explains it.
    pub fn read(vars: &FreezeVars, now: Timestamp) -> Self {
        match Flag::read(vars.flag.as_deref()) {
            Flag::Off => Self::Open,
            Flag::Malformed => Self::Malformed { why: "the flag says neither true nor false".to_owned() },
            Flag::On => match vars.record.as_deref().filter(|text| !text.is_empty()).map(Record::parse) {
                None => Self::Unattributed,
                Some(Err(error)) => Self::Malformed { why: format!("the record cannot be read: {error}") },
                // The freeze of the record was lifted; the flag was set by hand since.
                Some(Ok(record)) if record.state == Switch::Off => Self::Unattributed,
                Some(Ok(record)) if record.expired(now) => Self::Expired(record),
                Some(Ok(record)) => Self::Recorded(record),
            },
        }
    }

    /// Whether deploys are refused, overrides aside.
    pub const fn closes(&self) -> bool {
        match self {
            Self::Open | Self::Expired(_) => false,
            Self::Unattributed | Self::Recorded(_) | Self::Malformed { .. } => true,
        }
    }

    /// The record, if there is one that belongs to the freeze.
    pub const fn record(&self) -> Option<&Record> {
        match self {
            Self::Expired(record) | Self::Recorded(record) => Some(record),
            Self::Open | Self::Unattributed | Self::Malformed { .. } => None,
        }
    }
}

/// The override that the store holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Override {
    /// There is none.
    None,
    /// One that may open the freeze it names.
    Valid(OverrideRecord),
    /// One that has ended. Readers that know only the flag still see it.
    Expired(OverrideRecord),
    /// One that opens nothing here: it has no owner, it has no proper end, or it cannot be understood.
    /// Readers that know only the flag still see it.
    Invalid {
        /// What is wrong with it.
        why: String,
    },
}

impl Override {
    /// Reads the override's flag and its record.
    pub fn read(vars: &FreezeVars, now: Timestamp) -> Self {
        let invalid = |why: &str| Self::Invalid { why: why.to_owned() };
        match Flag::read(vars.override_flag.as_deref()) {
            Flag::Off => return Self::None,
            Flag::Malformed => return invalid("its flag says neither 1 nor 0"),
            Flag::On => {}
        }
        match vars.override_record.as_deref().filter(|text| !text.is_empty()).map(OverrideRecord::parse) {
            None => invalid("it is unattributed: it was set by hand, without a name, a reason and an end"),
            Some(Err(error)) => Self::Invalid { why: format!("its record cannot be read: {error}") },
            Some(Ok(record)) if record.by.trim().is_empty() || record.reason.trim().is_empty() => {
                invalid("it is unattributed: its record has no name or no reason")
            }
            Some(Ok(record)) if record.until <= now => Self::Expired(record),
            Some(Ok(record)) if record.until.duration_since(now) > MAX_OVERRIDE + CLOCK_SKEW => {
                invalid("it ends later than any override may: at most four hours from when it is given")
            }
            Some(Ok(record)) => Self::Valid(record),
        }
    }

    /// The override, if it opens what is closed while `freeze` is in place.
    ///
    /// One that names a freeze opens that freeze, and the windows that are closed as well. One that names none opens
    /// windows only: a freeze that is set later is not lifted by it.
    pub fn opening(&self, freeze: &Freeze) -> Option<&OverrideRecord> {
        let Self::Valid(record) = self else { return None };
        let opens = match freeze {
            Freeze::Malformed { .. } | Freeze::Unattributed => false,
            Freeze::Recorded(held) => record.freeze_id == Some(held.id),
            Freeze::Expired(held) => record.freeze_id.is_none_or(|id| id == held.id),
            Freeze::Open => record.freeze_id.is_none(),
        };
        opens.then_some(record)
    }
}

#[cfg(test)]
mod tests;
