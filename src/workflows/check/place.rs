//! Where a job may run: behind a gate, in an environment without one, or in none.
//!
//! Owns how the environments of a job compare with those of gate.toml and with the live ones. Must not know what the job deploys with.
//! Tested as verdicts in `tests/`.

use crate::model::EnvName;
use crate::workflows::facts::{Facts, Guard};
use crate::workflows::resolve::{JobEntry, Verdict};

/// Where a job may run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Behind a gate that gate.toml declares.
    Gated,
    /// In an undeclared environment that is live and has a gate of its own.
    GatedElsewhere,
    /// In an environment that gate.toml declares open.
    Open(EnvName),
    /// In an environment that gate.toml does not declare, and that is not known to be gated.
    Undeclared(String),
    /// In no environment.
    Nowhere,
    /// Unknown.
    Unresolved,
}

impl Place {
    /// Every place where a job may run.
    pub(super) fn all(job: &JobEntry, facts: &Facts) -> Vec<Self> {
        match job.verdict {
            Verdict::Env | Verdict::Set => job.environments.iter().map(|name| Self::of(name, facts)).collect(),
            Verdict::None | Verdict::ViaNeeds => vec![Self::Nowhere],
            Verdict::Unknown => vec![Self::Unresolved],
            Verdict::Skipped | Verdict::Invalid => Vec::new(),
        }
    }

    fn of(text: &str, facts: &Facts) -> Self {
        let Ok(name) = EnvName::new(text) else { return Self::Nowhere };
        if facts.is_gate(&name) {
            Self::Gated
        } else if facts.open.contains(&name) {
            Self::Open(name)
        } else if facts.guard(text) == Some(Guard::Gated) {
            Self::GatedElsewhere
        } else {
            Self::Undeclared(text.to_owned())
        }
    }
}

/// Whether a job runs in this one environment.
pub(super) fn only(job: &JobEntry, name: &str) -> bool {
    job.verdict == Verdict::Env && job.environments.iter().all(|known| known.eq_ignore_ascii_case(name))
}
