//! Who really changed the freeze: the app's releases against the records.
//!
//! Owns what a release's description says about a config var. A record is a claim; a release is evidence. Descriptions are
//! prose, so only the key's name and the words of a rollback are looked for in them.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::record::{Record, Switch};
use super::state::{Flag, FreezeVars, Keys};

/// One release of the app that holds the freeze. Every change of a config var makes one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Whether it is the one that runs.
    pub current: bool,
}

/// The release that gave a config var its present value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The release.
    pub version: u64,
    /// The account that made it.
    pub user: Option<String>,
    /// When.
    pub at: Timestamp,
    /// The release that it went back to, where it is a rollback.
    pub rollback_to: Option<u64>,
}

/// What the releases say about the freeze.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Audit {
    /// What last changed the flag; `None` when it is further back than the releases at hand.
    pub flag: Option<Evidence>,
    /// What last changed the override's flag.
    #[serde(rename = "override")]
    pub override_flag: Option<Evidence>,
    /// Where claims and evidence differ, one sentence each.
    pub warnings: Vec<String>,
}

/// How far a record's own time may be from its release's.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(10);

/// Compares the records with the releases, which may come in any order; the more of them, the further back it sees.
#[must_use]
pub fn audit(keys: &Keys, vars: &FreezeVars, releases: &[Release]) -> Audit {
    let history = History::of(releases);
    let flag = history.changed(&keys.flag);
    let record = vars.record.as_deref().and_then(|text| Record::parse(text).ok());
    let mut warnings = Vec::new();
    if let Some(evidence) = &flag {
        warnings.extend(history.rollback_warning(keys, vars, evidence));
        warnings.extend(history.failure_warning(keys, evidence));
        match &record {
            Some(record) => warnings.extend(claim_warning(keys, vars, record, evidence)),
            None if Flag::read(vars.flag.as_deref()) != Flag::Off => {
                warnings.push(format!("{} was set without a record by {}", keys.flag, evidence));
            }
            None => {}
        }
    }
    let override_flag = history.changed(&keys.override_flag);
    if let Some(evidence) = override_flag.as_ref().filter(|_| Flag::read(vars.override_flag.as_deref()) != Flag::Off) {
        warnings.extend(history.override_warning(keys, vars, evidence));
    }
    Audit { flag, override_flag, warnings }
}

/// The releases after `version` that changed the freeze: more than one's own after one's own write means that somebody
/// else wrote as well.
#[must_use]
pub fn writers_since(keys: &Keys, version: u64, releases: &[Release]) -> Vec<Evidence> {
    let history = History::of(releases);
    let names = |release: &&&Release| release.version > version && keys.all().iter().any(|key| mentions(&release.description, key));
    history.0.iter().filter(names).map(|release| evidence(release)).collect()
}

impl std::fmt::Display for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (release v{}, {})", self.user.as_deref().unwrap_or("an unknown account"), self.version, self.at)
    }
}

/// Releases in the order of their versions.
struct History<'r>(Vec<&'r Release>);

impl<'r> History<'r> {
    fn of(releases: &'r [Release]) -> Self {
        let mut sorted: Vec<_> = releases.iter().collect();
        sorted.sort_by_key(|release| release.version);
        sorted.dedup_by_key(|release| release.version);
        Self(sorted)
    }

    /// For each release the version that gave `key` the value it has from then on; 0 where no release at hand did.
    fn origins(&self, key: &str) -> Vec<u64> {
        let first = self.0.first().map_or(0, |release| release.version);
        let mut origins: Vec<u64> = Vec::with_capacity(self.0.len());
        for release in &self.0 {
            let origin = match rollback_target(release) {
                _ if mentions(&release.description, key) => release.version,
                // Nobody here knows what it went back to.
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
        let did = match Flag::read(vars.flag.as_deref()) {
            Flag::Off => "may have lifted a freeze",
            Flag::On | Flag::Malformed => "may have brought back a freeze",
        };
        Some(format!("{evidence} rolled back to v{to}, which restores config vars, and {did}: see who last meant to change {}", keys.flag))
    }

    fn failure_warning(&self, keys: &Keys, evidence: &Evidence) -> Option<String> {
        let failed = self.0.iter().any(|release| release.version == evidence.version && release.status == "failed");
        failed.then(|| {
            format!(
                "the release v{} that changed {} has failed: the config var is changed, running dynos may not see it",
                evidence.version, keys.flag
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

/// Where the record and the release that changed the flag do not speak of the same act.
fn claim_warning(keys: &Keys, vars: &FreezeVars, record: &Record, evidence: &Evidence) -> Option<String> {
    let set = Flag::read(vars.flag.as_deref()) != Flag::Off;
    let claim = format!("the record of {} by {}", record.at, if record.by.is_empty() { "nobody" } else { &record.by });
    if evidence.rollback_to.is_some() {
        return None;
    }
    match (set, record.state) {
        (true, Switch::Off) => return Some(format!("{} was set again by {evidence}, after {claim} had lifted it", keys.flag)),
        (false, Switch::On) => return Some(format!("{} was lifted without a record by {evidence}; {claim} is left over", keys.flag)),
        (true, Switch::On) | (false, Switch::Off) => {}
    }
    // A record that was extended keeps the time of the first one, so only a later claim is out of order.
    if record.at.duration_since(evidence.at) > TOLERANCE
        || (record.state == Switch::Off && evidence.at.duration_since(record.at) > TOLERANCE)
    {
        return Some(format!("{claim} does not fit {evidence}, who last changed {}", keys.flag));
    }
    let user = evidence.user.as_deref()?;
    (record.by.contains('@') && !record.by.eq_ignore_ascii_case(user)).then(|| format!("{claim} names another account than {evidence}"))
}

fn evidence(release: &Release) -> Evidence {
    Evidence { version: release.version, user: release.user.clone(), at: release.created_at, rollback_to: rollback_target(release) }
}

/// Whether the description names the config var as a whole word.
fn mentions(description: &str, key: &str) -> bool {
    description.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == key)
}

/// The release that a rollback goes back to: `Rollback to v12`. The wording is not documented, so only its gist is asked for.
fn rollback_target(release: &Release) -> Option<u64> {
    let description = release.description.to_ascii_lowercase();
    let mut words = description.split_ascii_whitespace();
    words.next().filter(|word| word.starts_with("roll"))?;
    words.find_map(|word| word.strip_prefix('v')?.parse().ok()).filter(|to| *to < release.version)
}

#[cfg(test)]
mod tests;
