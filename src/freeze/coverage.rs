//! Which jobs that deploy a freeze stops: those that check it. Owns the result for one repository and for a fleet.
//!
//! Must not know how workflow files are read. Tested in its `tests.rs`.

use serde::Serialize;

use crate::desired::freeze::Store;
use crate::model::{EnvName, RepoName, Unknown};

/// One job that deploys, and whether a freeze stops it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkflowStatus {
    /// The repository, if it is one of a fleet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<RepoName>,
    /// The workflow file.
    pub file: String,
    /// The job, as `check` writes it; empty if none deploys.
    pub job: String,
    /// The environment that the freeze covers.
    pub environment: EnvName,
    /// Why a freeze is not shown to stop it; `None` if it does.
    pub gap: Option<String>,
    /// Whether only its `if` reads the flag: a freeze that is set after the job started does not stop it.
    pub only_at_start: bool,
}

impl WorkflowStatus {
    /// `deploy.yml:deploy`, after the repository if it is one of a fleet.
    pub fn name(&self) -> String {
        let job = if self.job.is_empty() { &self.file } else { &self.job };
        match &self.repository {
            Some(repository) => format!("{repository} {job}"),
            None => job.clone(),
        }
    }
}

/// The result for the workflows of one repository of a fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coverage {
    /// Every job that deploys checks the freeze.
    Checked,
    /// At least one job that deploys is not shown to.
    NotChecked,
    /// No job deploys.
    NoDeploys,
    /// The workflow files could not be read.
    Unknown,
}

/// One repository of a fleet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RepositoryStatus {
    /// Its name.
    pub name: RepoName,
    /// Whether its workflows check the freeze.
    pub coverage: Coverage,
    /// Why that is unknown.
    pub unknown: Option<Unknown>,
}

impl RepositoryStatus {
    pub(super) fn of(name: RepoName, read: &Result<Vec<WorkflowStatus>, Unknown>) -> Self {
        let coverage = match read {
            Err(_) => Coverage::Unknown,
            Ok(jobs) if jobs.is_empty() => Coverage::NoDeploys,
            Ok(jobs) if jobs.iter().all(|job| job.gap.is_none()) => Coverage::Checked,
            Ok(_) => Coverage::NotChecked,
        };
        Self { name, coverage, unknown: read.as_ref().err().cloned() }
    }
}

/// How many names a warning lists.
const NAMED: usize = 10;

/// The warning about jobs of one repository that continue while it is frozen, if there are any.
pub(super) fn ignored(workflows: &[WorkflowStatus]) -> Option<String> {
    let ignoring: Vec<String> = workflows.iter().filter(|one| one.gap.is_some()).map(WorkflowStatus::name).collect();
    (!ignoring.is_empty()).then(|| {
        format!(
            "{} of {} jobs that deploy do not provably check the freeze, and keep deploying during it: {}. Make `gatectl freeze check` the first step of each",
            ignoring.len(),
            workflows.len(),
            named(&ignoring)
        )
    })
}

/// The repositories of a fleet that continue while it is frozen, and those for which that is unknown.
pub(super) fn ignored_in(repositories: &[RepositoryStatus], store: &Store) -> Vec<String> {
    let all = repositories.len();
    let names = |coverage| repositories.iter().filter(|one| one.coverage == coverage).map(|one| one.name.to_string()).collect();
    let (ignoring, unknown): (Vec<String>, Vec<String>) = (names(Coverage::NotChecked), names(Coverage::Unknown));
    let mut warnings = Vec::new();
    if !ignoring.is_empty() {
        warnings.push(format!(
            "{} of {all} repositories have jobs that deploy, do not provably check the freeze, and keep deploying during it: {}. Make `gatectl freeze check {}` the first step of each",
            ignoring.len(),
            named(&ignoring),
            store.flag()
        ));
    }
    if !unknown.is_empty() {
        warnings.push(format!(
            "whether a freeze stops the deploys of {} of {all} repositories is unknown, since their workflow files could not be read: {}",
            unknown.len(),
            named(&unknown)
        ));
    }
    warnings
}

fn named(names: &[String]) -> String {
    match names.split_at_checked(NAMED) {
        Some((first, rest)) if !rest.is_empty() => format!("{} and {} more", first.join(", "), rest.len()),
        _ => names.join(", "),
    }
}

#[cfg(test)]
mod tests;
