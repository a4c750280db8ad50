//! Everything about a freeze at one moment: what `freeze status` shows.
//!
//! Owns the shape of its JSON. Values from outside are raw here: rendering escapes them.

use jiff::Timestamp;
use serde::Serialize;

use super::audit::{Audit, History, audit};
use super::coverage::{RepositoryStatus, WorkflowStatus, ignored, ignored_in};
use super::leftover::{FlagTimes, leftovers};
use super::record::Record;
use super::state::{Freeze, FreezeVars, Keys, Override};
use super::verdict::{Decision, Frozen, Verdict, decide, not_there};
use super::window::{WindowState, state_at};
use crate::desired::freeze::{Policy, Store};
use crate::model::{Address, Answer, EnvName, RepoName, Unknown};

/// What `freeze status` shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// Rises when a script that reads this would break.
    pub format_version: &'static str,
    /// The freeze.
    pub address: Address,
    /// What holds the freeze.
    #[serde(skip)]
    pub store: Store,
    /// The moment that everything here is about.
    pub at: Timestamp,
    /// Whether the store holds a freeze that closes; `None` when that is not known. Windows and overrides are separate.
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
    /// The jobs of declared workflows that deploy to a covered environment; empty if there are no workflow files to look at.
    pub workflows: Vec<WorkflowStatus>,
    /// The repositories of the fleet file, if one was looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<RepositoryStatus>,
    /// Who really changed it; `None` when the history was not read.
    pub audit: Option<Audit>,
    /// What is worth saying in addition, one sentence each.
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
    /// `history` is what the store knows of its changes, if that was read.
    pub fn at(keys: &Keys, policy: Option<&Policy>, vars: &Answer<FreezeVars>, history: Option<&History>, at: Timestamp) -> Self {
        let store = vars.present().map(|vars| (Freeze::read(vars, at), Override::read(vars, at)));
        let freeze = store.as_ref().and_then(|(freeze, _)| Frozen::by_store(freeze));
        let environments: Vec<_> = policy
            .into_iter()
            .flat_map(|policy| policy.environments.iter().map(move |name| (policy, name)))
            .map(|(policy, name)| EnvironmentStatus { name: name.clone(), decision: decide(policy, name, vars, at) })
            .collect();
        let audit = vars.present().zip(history).map(|(vars, history)| audit(keys, vars, history));
        let written = audit.as_ref().map(FlagTimes::from).unwrap_or_default();
        let left = vars.present().map(|vars| leftovers(keys, vars, written, at)).unwrap_or_default();
        let mut warnings: Vec<String> = left.iter().map(ToString::to_string).collect();
        for warning in environments.iter().flat_map(|environment| &environment.decision.warnings) {
            if !warnings.contains(warning) {
                warnings.push(warning.clone());
            }
        }
        Self {
            format_version: "1.0",
            address: keys.store.address(),
            store: keys.store.clone(),
            at,
            frozen: store.as_ref().map(|(freeze, _)| freeze.closes()),
            next_step: freeze.as_ref().map(|frozen| frozen.next_step(&keys.store)),
            freeze,
            record: vars.present().and_then(FreezeVars::readable_record),
            over: store.map(|(_, over)| over).filter(|over| *over != Override::None),
            unknown: match vars {
                Answer::Present(_) => None,
                Answer::Absent => Some(not_there(&keys.store)),
                Answer::Unknown(unknown) => Some(unknown.clone()),
            },
            environments,
            windows: policy.into_iter().flat_map(|policy| &policy.windows).map(|window| WindowStatus::at(window, at)).collect(),
            workflows: Vec::new(),
            repositories: Vec::new(),
            audit,
            warnings,
        }
    }
}

impl Status {
    /// The same with the jobs that deploy; those that a freeze does not stop are a warning.
    #[must_use]
    pub fn with_workflows(mut self, workflows: Vec<WorkflowStatus>) -> Self {
        self.warnings.extend(ignored(&workflows));
        Self { workflows, ..self }
    }

    /// The same with every repository of a fleet, in the order of their names.
    #[must_use]
    pub fn with_repositories(mut self, read: Vec<(RepoName, Result<Vec<WorkflowStatus>, Unknown>)>) -> Self {
        for (name, jobs) in read {
            self.repositories.push(RepositoryStatus::of(name, &jobs));
            self.workflows.extend(jobs.unwrap_or_default());
        }
        self.warnings.extend(ignored_in(&self.repositories, &self.store));
        self
    }
}

/// The result of `freeze check`: one answer for all requested environments.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checked {
    /// Rises when a script that reads this would break.
    pub format_version: &'static str,
    /// The worst answer: frozen before undetermined before open.
    pub verdict: Answered,
    /// The moment that everything here is about.
    pub at: Timestamp,
    /// The freeze in question, if it is known.
    pub address: Option<Address>,
    /// Where the freeze was read.
    pub source: Source,
    /// The app that holds the freeze, if known and one holds it.
    pub app: Option<String>,
    /// What holds the freeze, if known.
    #[serde(skip)]
    pub store: Option<Store>,
    /// Every requested environment.
    pub environments: Vec<EnvironmentStatus>,
    /// Why nothing could be read, if so.
    pub unknown: Option<Unknown>,
}

/// Where `freeze check` read the freeze.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// In the store, now.
    Store,
    /// In the step's environment; GitHub Actions set it when the job started.
    JobStart,
}

/// A verdict in one word, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Answered {
    /// Deploys are refused.
    Frozen,
    /// Undetermined; counts as closed.
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
    pub fn of(store: &Store, source: Source, environments: Vec<EnvironmentStatus>, at: Timestamp) -> Self {
        let worst = environments.iter().map(|environment| Answered::from(&environment.decision.verdict)).min();
        let verdict = worst.unwrap_or(Answered::Undetermined);
        Self {
            format_version: "1.0",
            verdict,
            at,
            address: Some(store.address()),
            source,
            app: store.app().map(str::to_owned),
            store: Some(store.clone()),
            environments,
            unknown: None,
        }
    }

    /// The result if the freeze is not even known.
    pub fn unasked(unknown: Unknown, at: Timestamp) -> Self {
        let verdict = Answered::Undetermined;
        Self {
            format_version: "1.0",
            verdict,
            at,
            address: None,
            source: Source::Store,
            app: None,
            store: None,
            environments: Vec::new(),
            unknown: Some(unknown),
        }
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
