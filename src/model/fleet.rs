//! The result of a run for each repository of a fleet.

use std::time::Duration;

use serde::Serialize;

use super::{Plan, RepoName};

/// What a plan found in one repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RepositoryResult {
    /// Everything declared is known to hold.
    InSync,
    /// Something differs, or needs a manual step.
    Changes,
    /// A declaration is contradicted by the live state.
    Invalid,
    /// Something could not be determined.
    Unknown,
    /// The fleet file leaves it alone for now.
    Excepted,
    /// It is read-only.
    Archived,
}

impl RepositoryResult {
    /// The result of a plan of one repository; unknown outweighs the rest.
    pub fn of<O>(plan: &Plan<O>) -> Self {
        match plan {
            plan if !plan.unknown.is_empty() => Self::Unknown,
            plan if !plan.invalid.is_empty() => Self::Invalid,
            plan if !plan.holds() => Self::Changes,
            _ => Self::InSync,
        }
    }
}

/// One repository of a fleet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RepositoryRow {
    /// Its name.
    pub name: RepoName,
    /// What was found.
    pub result: RepositoryResult,
    /// Why nothing is planned for it: the exception, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The requests of a run, and what the server says is left of its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Requests {
    /// Requests that were sent.
    pub sent: u64,
    /// Of these, the ones that were answered with 304: they cost no rate limit.
    pub not_modified: u64,
    /// Requests an hour.
    pub limit: Option<u64>,
    /// Requests that are left of them.
    pub remaining: Option<u64>,
}

/// What a run on a fleet took.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cost {
    /// The requests.
    pub requests: Requests,
    /// The time.
    pub elapsed: Duration,
}

/// A plan for many repositories.
#[derive(Debug, Clone, PartialEq)]
pub struct FleetPlan<O> {
    /// What the plans of all repositories add up to.
    pub plan: Plan<O>,
    /// Every repository that the fleet file matches, in the order of their names.
    pub repositories: Vec<RepositoryRow>,
}

impl<O> FleetPlan<O> {
    /// How many repositories have a result.
    pub fn count(&self, result: RepositoryResult) -> usize {
        self.repositories.iter().filter(|row| row.result == result).count()
    }
}
