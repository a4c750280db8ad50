//! Who really changed the freeze: compares the store's own history with the records.
//!
//! A record is a claim; what the store keeps is evidence. Heroku keeps releases: owns what a release's description says about a
//! config var, of which only the key's name and the words of a rollback count, since descriptions are prose. GitHub keeps no
//! history of variables, only when each was last written.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::record::{Record, Switch, or_unnamed};
use super::state::{FreezeVars, Keys};

/// One release of the app that holds the freeze. Every change of a config var makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The number after `v`.
    pub version: u64,
    /// Heroku's words.
    pub description: String,
    /// The account that made it.
    pub user: Option<String>,
    /// When.
    pub created_at: Timestamp,
    /// `succeeded`, `pending`, `failed` or `expired`.
    pub status: String,
}

/// When Actions variables were last written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stamps {
    /// Each variable that exists, and when it was written.
    pub written: BTreeMap<String, Timestamp>,
    /// Those of an organization that some of its repositories do not see.
    pub narrow: BTreeSet<String>,
}

/// A store's own history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum History {
    /// Heroku: the newest releases, in any order; the more of them, the further back it sees.
    Releases(Vec<Release>),
    /// GitHub: when each variable was last written.
    Stamps(Stamps),
}

/// The change that gave a value its current state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The release, if the store has releases.
    pub version: Option<u64>,
    /// The account that did it, if the store says it.
    pub user: Option<String>,
    /// When.
    pub at: Timestamp,
    /// The release that it went back to, if it is a rollback.
    pub rollback_to: Option<u64>,
}

/// What the store says about the freeze.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Audit {
    /// What last changed the flag; `None` when that is further back than the store knows, or the flag is not there.
    pub flag: Option<Evidence>,
    /// What last changed the override's flag.
    #[serde(rename = "override")]
    pub override_flag: Option<Evidence>,
    /// How claims and evidence differ, one sentence each.
    pub warnings: Vec<String>,
}

/// How far a record's own time may be from its release's.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(10);

/// Compares the records with the store's history.
pub fn audit(keys: &Keys, vars: &FreezeVars, history: &History) -> Audit {
    match history {
        History::Releases(releases) => by_releases(keys, vars, releases),
        History::Stamps(stamps) => by_stamps(keys, vars, stamps),
    }
}

fn by_stamps(keys: &Keys, vars: &FreezeVars, stamps: &Stamps) -> Audit {
    let written = |key: &str| stamps.written.get(key).copied();
    let after =
        |key: &str, record: &str| Some((written(key)?, written(record)?)).filter(|(key, record)| key.duration_since(*record) > TOLERANCE);
    let late = |key: &str, record: &str| {
        let (flag, record) = after(key, record)?;
        Some(format!("{key} was written at {flag}, after its record at {record}: not by the account in the record"))
    };
    let mut warnings = Vec::new();
    match (&vars.readable_record(), vars.is_set()) {
        (Some(record), _) if written(&keys.record).is_some_and(|at| record.at.duration_since(at) > TOLERANCE) => {
            warnings.push(format!("{} claims to be from {}, which is later than when it was written", keys.record, record.at));
        }
        (Some(record), false) if record.state == Switch::On => {
            warnings.push(format!(
                "{} was removed without a record; the record of {} by {} is left over",
                keys.flag,
                record.at,
                or_unnamed(&record.by)
            ));
        }
        (_, true) => warnings.extend(late(&keys.flag, &keys.record)),
        _ => {}
    }
    if vars.is_overridden() {
        warnings.extend(late(&keys.override_flag, &keys.override_record));
    }
    warnings.extend([&keys.flag, &keys.override_flag].into_iter().filter(|key| stamps.narrow.contains(*key)).map(|key| {
        format!(
            "{key} is not visible to every repository of {}: in the others `vars.{key}` is empty. Set its visibility to all repositories",
            keys.store.name()
        )
    }));
    let evidence = |key: &str| written(key).map(|at| Evidence { version: None, user: None, at, rollback_to: None });
    Audit { flag: evidence(&keys.flag), override_flag: evidence(&keys.override_flag), warnings }
}

fn by_releases(keys: &Keys, vars: &FreezeVars, releases: &[Release]) -> Audit {
    let history = Timeline::of(releases);
    let flag = history.changed(&keys.flag);
    let mut warnings = Vec::new();
    if let Some(evidence) = &flag {
        warnings.extend(history.rollback_warning(keys, vars, evidence));
        warnings.extend(history.failure_warning(keys, evidence));
        match vars.readable_record() {
            Some(record) => warnings.extend(claim_warning(keys, vars, &record, evidence)),
            None if vars.is_set() => {
                warnings.push(format!("{} was set without a record by {}", keys.flag, evidence));
            }
            None => {}
        }
    }
    let override_flag = history.changed(&keys.override_flag);
    if let Some(evidence) = override_flag.as_ref().filter(|_| vars.is_overridden()) {
        warnings.extend(history.override_warning(keys, vars, evidence));
    }
    Audit { flag, override_flag, warnings }
}

impl std::fmt::Display for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.version {
            Some(version) => write!(f, "{} (release v{version}, {})", self.user.as_deref().unwrap_or("an unknown account"), self.at),
            None => write!(f, "{}; GitHub keeps no history of variables: only the record says who did it", self.at),
        }
    }
}

/// Releases in the order of their versions.
struct Timeline<'r>(Vec<&'r Release>);

impl<'r> Timeline<'r> {
    fn of(releases: &'r [Release]) -> Self {
        let mut sorted: Vec<_> = releases.iter().collect();
        sorted.sort_by_key(|release| release.version);
        sorted.dedup_by_key(|release| release.version);
        Self(sorted)
    }

    /// For each release the version that gave `key` its value from then on; 0 if none of these releases did.
    fn origins(&self, key: &str) -> Vec<u64> {
        let first = self.0.first().map_or(0, |release| release.version);
        let mut origins: Vec<u64> = Vec::with_capacity(self.0.len());
        for release in &self.0 {
            let origin = match rollback_target(release) {
                _ if mentions(&release.description, key) => release.version,
                // The release it went back to is unknown here.
                Some(to) if to < first => release.version,
                Some(to) => self.0.iter().zip(&origins).rfind(|(earlier, _)| earlier.version <= to).map_or(0, |(_, origin)| *origin),
                None => origins.last().copied().unwrap_or_default(),
            };
            origins.push(origin);
        }
        origins
    }

    /// The last release after which `key` may have had another value than before it.
    fn changed(&self, key: &str) -> Option<Evidence> {
        let origins = self.origins(key);
        let before = std::iter::once(0).chain(origins.iter().copied());
        let last = self.0.iter().zip(&origins).zip(before).filter(|((_, origin), before)| *origin != before).last();
        last.map(|((release, _), _)| evidence(release))
    }

    fn rollback_warning(&self, keys: &Keys, vars: &FreezeVars, evidence: &Evidence) -> Option<String> {
        let to = evidence.rollback_to?;
        let did = if vars.is_set() { "may have brought back a freeze" } else { "may have lifted a freeze" };
        Some(format!("{evidence} rolled back to v{to}, which restores config vars, and {did}: check that {} is as intended", keys.flag))
    }

    fn failure_warning(&self, keys: &Keys, evidence: &Evidence) -> Option<String> {
        let failed = self.0.iter().any(|release| Some(release.version) == evidence.version && release.status == "failed");
        failed.then(|| {
            format!(
                "the release that changed {} has failed ({evidence}): the config var is changed, but running dynos may not see it",
                keys.flag
            )
        })
    }

    fn override_warning(&self, keys: &Keys, vars: &FreezeVars, evidence: &Evidence) -> Option<String> {
        if let Some(to) = evidence.rollback_to {
            return Some(format!("{evidence} rolled back to v{to}, which may have brought back an override"));
        }
        let recorded = self.changed(&keys.override_record).is_some_and(|record| record.version == evidence.version);
        (vars.override_record.is_none() || !recorded).then(|| format!("{} was set without a record by {evidence}", keys.override_flag))
    }
}

/// How the record and the release that changed the flag differ, if they are not about the same act.
fn claim_warning(keys: &Keys, vars: &FreezeVars, record: &Record, evidence: &Evidence) -> Option<String> {
    let claim = format!("the record of {} by {}", record.at, or_unnamed(&record.by));
    if evidence.rollback_to.is_some() {
        return None;
    }
    match (vars.is_set(), record.state) {
        (true, Switch::Off) => return Some(format!("{} was set again by {evidence}, after {claim} had lifted it", keys.flag)),
        (false, Switch::On) => return Some(format!("{} was lifted without a record by {evidence}; {claim} is left over", keys.flag)),
        (true, Switch::On) | (false, Switch::Off) => {}
    }
    // A record that was extended keeps the time of the first one, so only a later claim is out of order.
    if record.at.duration_since(evidence.at) > TOLERANCE
        || (record.state == Switch::Off && evidence.at.duration_since(record.at) > TOLERANCE)
    {
        return Some(format!("{claim} does not match {evidence}, who last changed {}", keys.flag));
    }
    let user = evidence.user.as_deref()?;
    (record.by.contains('@') && !record.by.eq_ignore_ascii_case(user)).then(|| format!("{claim} names another account than {evidence}"))
}

fn evidence(release: &Release) -> Evidence {
    Evidence { version: Some(release.version), user: release.user.clone(), at: release.created_at, rollback_to: rollback_target(release) }
}

/// Whether the description names the config var as a whole word.
fn mentions(description: &str, key: &str) -> bool {
    description.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == key)
}

/// The release that a rollback goes back to: `Rollback to v12`. The wording is not documented, so only its main words are required.
fn rollback_target(release: &Release) -> Option<u64> {
    let description = release.description.to_ascii_lowercase();
    let mut words = description.split_ascii_whitespace();
    words.next().filter(|word| word.starts_with("roll"))?;
    words.find_map(|word| word.strip_prefix('v')?.parse().ok()).filter(|to| *to < release.version)
}

#[cfg(test)]
mod tests;
