//! What `verify` reports.

use serde::Serialize;

use crate::findings::{Finding, Verdict, verdict};
use crate::model::{EnvName, RepoName};
use crate::workflows::check::ScenarioReport;

/// The verdict on everything that was asked about; its JSON is part of the interface.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VerifyReport {
    /// Rises when the JSON breaks.
    pub format_version: &'static str,
    /// The worst of the environments.
    pub verdict: Verdict,
    /// By name.
    pub environments: Vec<EnvironmentReport>,
    /// As in `check`.
    pub workflows: Vec<ScenarioReport>,
    /// Whose environments they are.
    #[serde(skip)]
    pub repository: RepoName,
}

/// The verdict on one environment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EnvironmentReport {
    /// As gate.toml spells it.
    pub name: EnvName,
    /// The worst of the findings.
    pub verdict: Verdict,
    /// The live ones, then those of the workflow files; what speaks of every environment is in each.
    pub findings: Vec<Finding>,
}

impl EnvironmentReport {
    /// The report that follows from the findings alone.
    #[must_use]
    pub fn new(name: EnvName, findings: Vec<Finding>) -> Self {
        Self { name, verdict: verdict(&findings), findings }
    }
}

impl VerifyReport {
    /// The report over some environments.
    #[must_use]
    pub fn new(repository: RepoName, environments: Vec<EnvironmentReport>, workflows: Vec<ScenarioReport>) -> Self {
        // Nothing verified is nothing proven.
        let verdict = environments.iter().map(|one| one.verdict).max().unwrap_or(Verdict::Unknown);
        Self { format_version: "1.0", verdict, environments, workflows, repository }
    }
}
