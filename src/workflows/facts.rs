//! What a check knows beside the workflow files: what gate.toml declares, and where it runs.

use std::collections::BTreeMap;

use super::Expectation;
use super::deploys::Targets;
use crate::model::{EnvName, RepoName};
use crate::providers::github::desired::BranchPolicy;

/// Everything that a check is measured against.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The repository, where it is known; fills `github.repository`.
    pub repository: Option<RepoName>,
    /// The default branch, without `refs/heads/`.
    pub default_branch: String,
    /// `[[workflows]]`, in the order of gate.toml.
    pub expectations: Vec<Expectation>,
    /// The declared environments, each with its declared policy on refs.
    pub environments: BTreeMap<EnvName, Option<BranchPolicy>>,
    /// The declared secrets and apps.
    pub targets: Targets,
}

impl Facts {
    /// The default branch as a full ref.
    #[must_use]
    pub fn default_ref(&self) -> String {
        format!("refs/heads/{}", self.default_branch)
    }
}
