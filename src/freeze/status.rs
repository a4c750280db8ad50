//! Everything about a freeze at one moment: what `freeze status` shows.
//!
//! Owns the shape of its JSON. Raw values from outside ride along unescaped: rendering is elsewhere.

use jiff::Timestamp;
use serde::Serialize;

use super::audit::{Audit, Release, audit};
use super::record::Record;
use super::state::{Freeze, FreezeVars, Keys, Override};
use super::verdict::{Decision, Frozen, Verdict, decide, legacy_warnings};
use super::window::{WindowState, state_at};
use crate::desired::freeze::{Policy, Store};
use crate::model::{Address, Answer, EnvName, Unknown};

/// What `freeze status` shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// Rises when a script that reads this would break.
    pub format_version: &'static str,
    /// The freeze.
    pub address: Address,
    /// The moment that everything here is about.
    pub at: Timestamp,
    /// Whether the store holds a freeze that closes; `None` when that is not known. Windows and overrides are beside it.
    pub frozen: Option<bool>,
    /// What closes, with who, since when and why.
    pub freeze: Option<Frozen>,
    /// The record as it stands, also one that has ended or says who lifted the last freeze.
    pub record: Option<Record>,
    /// The override.
    #[serde(rename = "override")]
    pub over: Option<Override>,
    /// Why the store is not known, when it is not.
    pub unknown: Option<Unknown>,
    /// Every environment that the policy covers.
    pub environments: Vec<EnvironmentStatus>,
    /// Every window of the calendar.
    pub windows: Vec<WindowStatus>,
    /// Who really changed it; `None` when the releases were not read.
    pub audit: Option<Audit>,
    /// What is worth saying beside all this, one sentence each.
    pub warnings: Vec<String>,
    /// The command that lifts the freeze, or opens it.
    pub next_step: Option<String>,
}

/// One environment under the freeze.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EnvironmentStatus {
    /// Its name.
    pub name: EnvName,
    /// What `freeze check` would say.
    #[serde(flatten)]
    pub decision: Decision,
}

/// One window, now and next.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WindowStatus {
    /// Its name.
    pub name: String,
    /// Its zone.
    pub timezone: String,
    /// What it is for.
    pub reason: Option<String>,
    /// Closed now, and next; `None` when it cannot be evaluated.
    #[serde(flatten)]
    pub state: Option<WindowState>,
    /// Why it cannot be evaluated.
    pub error: Option<String>,
}

impl Status {
    /// Puts everything together for the moment `at`. Without a policy (no gate.toml) there are no environments and no windows.
    /// `releases` are the app's latest ones, where they were read.
    #[must_use]
    pub fn at(keys: &Keys, policy: Option<&Policy>, vars: &Answer<FreezeVars>, releases: Option<&[Release]>, at: Timestamp) -> Self {
        let store = vars.present().map(|vars| (Freeze::read(vars, at), Override::read(vars, at)));
        let freeze = store.as_ref().and_then(|(freeze, _)| Frozen::by_store(freeze));
        let environments: Vec<_> = policy
            .into_iter()
            .flat_map(|policy| policy.environments.iter().map(move |name| (policy, name)))
            .map(|(policy, name)| EnvironmentStatus { name: name.clone(), decision: decide(policy, name, vars, at) })
            .collect();
        let mut warnings = store.as_ref().map(|(freeze, over)| legacy_warnings(freeze, over)).unwrap_or_default();
        for warning in environments.iter().flat_map(|environment| &environment.decision.warnings) {
            if !warnings.contains(warning) {
                warnings.push(warning.clone());
            }
        }
        let absent = || Unknown {
            reason: format!("{} does not exist, or these credentials cannot see it", keys.store.described()),
            hint: format!("check its name and {}", keys.store.credentials()),
            cause: crate::model::Cause::Other,
        };
        Self {
            format_version: "1.0",
            address: keys.store.address(),
            at,
            frozen: store.as_ref().map(|(freeze, _)| freeze.closes()),
            next_step: freeze.as_ref().map(|frozen| frozen.next_step(&keys.store)),
            freeze,
            record: vars.present().and_then(|vars| vars.record.as_deref()).and_then(|text| Record::parse(text).ok()),
            over: store.map(|(_, over)| over).filter(|over| *over != Override::None),
            unknown: match vars {
                Answer::Present(_) => None,
                Answer::Absent => Some(absent()),
                Answer::Unknown(unknown) => Some(unknown.clone()),
            },
            environments,
            windows: policy.into_iter().flat_map(|policy| &policy.windows).map(|window| WindowStatus::at(window, at)).collect(),
            audit: vars.present().zip(releases).map(|(vars, releases)| audit(keys, vars, releases)),
            warnings,
        }
    }
}

/// What `freeze check` says: one answer for all environments that were asked about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checked {
    /// Rises when a script that reads this would break.
    pub format_version: &'static str,
    /// The worst answer: frozen before undetermined before open.
    pub verdict: Answered,
    /// The moment that everything here is about.
    pub at: Timestamp,
    /// The app that holds the freeze, where it is known and one holds it.
    pub app: Option<String>,
    /// What holds the freeze, where it is known.
    #[serde(skip)]
    pub store: Option<Store>,
    /// Every environment that was asked about.
    pub environments: Vec<EnvironmentStatus>,
    /// Why nothing at all could be asked, when that is so.
    pub unknown: Option<Unknown>,
}

/// A verdict in one word, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Answered {
    /// Deploys are refused.
    Frozen,
    /// Nobody can say; counts as closed.
    Undetermined,
    /// Deploys may go ahead.
    Open,
}

impl From<&Verdict> for Answered {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Frozen(_) => Self::Frozen,
            Verdict::Undetermined(_) => Self::Undetermined,
            Verdict::Open { .. } => Self::Open,
        }
    }
}

impl Checked {
    /// Puts the answers together. No environment at all is undetermined: nothing was shown to be open.
    #[must_use]
    pub fn of(store: &Store, environments: Vec<EnvironmentStatus>, at: Timestamp) -> Self {
        let worst = environments.iter().map(|environment| Answered::from(&environment.decision.verdict)).min();
        let verdict = worst.unwrap_or(Answered::Undetermined);
        Self {
            format_version: "1.0",
            verdict,
            at,
            app: store.app().map(str::to_owned),
            store: Some(store.clone()),
            environments,
            unknown: None,
        }
    }

    /// When not even the question could be asked.
    #[must_use]
    pub fn unasked(unknown: Unknown, at: Timestamp) -> Self {
        let verdict = Answered::Undetermined;
        Self { format_version: "1.0", verdict, at, app: None, store: None, environments: Vec::new(), unknown: Some(unknown) }
    }
}

impl WindowStatus {
    fn at(window: &crate::desired::freeze::Window, at: Timestamp) -> Self {
        let (state, error) = match state_at(window, at) {
            Ok(state) => (Some(state), None),
            Err(error) => (None, Some(error.message)),
        };
        Self { name: window.name.clone(), timezone: window.timezone.clone(), reason: window.reason.clone(), state, error }
    }
}

#[cfg(test)]
mod tests;
