//! What `verify` reports.

use serde::Serialize;

use crate::findings::{Finding, Severity, Verdict, verdict};
use crate::model::{EnvName, RepoName};
use crate::workflows::check::{CheckReport, Covered, ScenarioReport};

/// The verdict on everything in question; its JSON is part of the interface.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VerifyReport {
    /// Rises when the JSON breaks.
    pub format_version: &'static str,
    /// The worst of the environments that are not open; with none of those, ungated.
    pub verdict: Verdict,
    /// What was looked at.
    pub covered: Covered,
    /// By name.
    pub environments: Vec<EnvironmentReport>,
    /// As in `check`.
    pub workflows: Vec<ScenarioReport>,
    /// Whose environments they are.
    #[serde(skip)]
    pub repository: RepoName,
    /// The `[verify] harmless` line that would decide everything; see [`crate::workflows::check::CheckReport::harmless`].
    #[serde(skip)]
    pub harmless: Vec<String>,
}

impl VerifyReport {
    /// Each finding once, with the first environment that it is in: one that is about no single environment is in each.
    pub fn findings(&self) -> Vec<(&EnvironmentReport, &Finding)> {
        let mut all: Vec<(&EnvironmentReport, &Finding)> = Vec::new();
        for one in &self.environments {
            for finding in &one.findings {
                if !all.iter().any(|(_, known)| *known == finding) {
                    all.push((one, finding));
                }
            }
        }
        all
    }
}

/// The verdict on one environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnvironmentVerdict {
    /// gate.toml declares it open: it decides nothing, and is not a gate.
    Open,
    /// The worst of its findings.
    Judged(Verdict),
}

impl EnvironmentVerdict {
    /// As JSON writes it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Judged(verdict) => verdict.word(),
        }
    }
}

impl Serialize for EnvironmentVerdict {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// The verdict on one environment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EnvironmentReport {
    /// As gate.toml spells it.
    pub name: EnvName,
    /// Whether it is a closed gate.
    pub verdict: EnvironmentVerdict,
    /// The live ones, then those of the workflow files; those about every environment are in each.
    pub findings: Vec<Finding>,
}

impl EnvironmentReport {
    /// The report that follows from the findings alone.
    pub fn new(name: EnvName, findings: Vec<Finding>) -> Self {
        Self { name, verdict: EnvironmentVerdict::Judged(verdict(&findings)), findings }
    }

    /// The report on an environment that gate.toml declares open: its findings decide nothing.
    pub fn open(name: EnvName, findings: Vec<Finding>) -> Self {
        let findings = findings.into_iter().map(|finding| match finding.severity {
            Severity::Error => finding.severity(Severity::Warning),
            Severity::Warning | Severity::Info => finding,
        });
        Self { name, verdict: EnvironmentVerdict::Open, findings: findings.collect() }
    }
}

impl VerifyReport {
    /// The report over some environments.
    pub fn new(repository: RepoName, environments: Vec<EnvironmentReport>, checked: Option<&CheckReport>) -> Self {
        let judged = environments.iter().filter_map(|one| match one.verdict {
            EnvironmentVerdict::Open => None,
            EnvironmentVerdict::Judged(verdict) => Some(verdict),
        });
        let verdict = match judged.max() {
            Some(worst) => worst,
            // If nothing was verified, nothing is proven; open environments alone are not a gate.
            None if environments.is_empty() => Verdict::Unknown,
            None => Verdict::Ungated,
        };
        Self {
            format_version: "1.1",
            verdict,
            covered: checked.map(|report| report.covered).unwrap_or_default(),
            environments,
            workflows: checked.map(|report| report.workflows.clone()).unwrap_or_default(),
            repository,
            harmless: checked.map(|report| report.harmless.clone()).unwrap_or_default(),
        }
    }
}
