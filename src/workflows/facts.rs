//! What a check knows besides the workflow files: what gate.toml declares, and the directory it runs in.

use std::collections::{BTreeMap, BTreeSet};

use super::deploys::Targets;
use crate::desired::github::{self as github, BranchPolicy};
use crate::desired::heroku;
use crate::desired::verify::Verify;
use crate::desired::workflows::Expectation;
use crate::model::{EnvName, RepoName};

/// Whether a live environment is a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// A person must approve.
    Gated,
    /// No approval is required.
    Open,
    /// Unknown.
    Unknown,
}

/// Everything that a check compares with.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The repository, if known; fills `github.repository`.
    pub repository: Option<RepoName>,
    /// The default branch, without `refs/heads/`.
    pub default_branch: String,
    /// `[[workflows]]`, in the order of gate.toml.
    pub expectations: Vec<Expectation>,
    /// The declared environments, each with its declared policy on refs.
    pub environments: BTreeMap<EnvName, Option<BranchPolicy>>,
    /// Those of them that `reviewers = []` declares open.
    pub open: BTreeSet<EnvName>,
    /// The environments that exist, and whether a person has to approve there; none if they were not looked up.
    pub live: Option<BTreeMap<EnvName, Guard>>,
    /// Names of the secrets of the repository and of its organization, in upper case; none if the lists are not known.
    pub wider_secrets: Option<BTreeSet<String>>,
    /// `[verify]`: what is declared to deploy nothing.
    pub verify: Verify,
    /// The declared secrets and apps.
    pub targets: Targets,
}

impl Facts {
    /// What gate.toml declares, as a check needs it.
    ///
    /// The repository and the default branch are as the caller knows them: from gate.toml, the command line or the live state.
    pub fn new(
        repository: Option<RepoName>,
        default_branch: &str,
        github: &github::Desired,
        heroku: &heroku::Desired,
        expectations: &[Expectation],
        verify: &Verify,
    ) -> Self {
        let present = github.environments.iter().filter_map(|(name, environment)| Some((name.clone(), environment.gate()?)));
        let is_open = |gate: &github::Gate| gate.reviewers.as_ref().is_some_and(Vec::is_empty);
        let closed = present.clone().filter(|(_, gate)| !is_open(gate));
        let secrets = closed.flat_map(|(_, gate)| gate.secrets.iter().cloned()).collect();
        Self {
            repository,
            default_branch: default_branch.to_owned(),
            expectations: expectations.to_vec(),
            open: present.clone().filter(|(_, gate)| is_open(gate)).map(|(name, _)| name).collect(),
            live: None,
            wider_secrets: None,
            environments: present.map(|(name, gate)| (name, gate.deployment_branch_policy.clone())).collect(),
            verify: verify.clone(),
            targets: Targets { secrets, apps: heroku.config.keys().cloned().collect() },
        }
    }

    /// The environments that a deploy must wait at: every declared one but those that are declared open.
    pub fn gates(&self) -> impl Iterator<Item = &EnvName> + Clone {
        let expected = self.expectations.iter().flat_map(|expectation| expectation.expect.environments());
        let undeclared = expected.filter(|name| !self.environments.contains_key(*name));
        self.environments.keys().filter(|name| !self.open.contains(*name)).chain(undeclared)
    }

    /// Whether a deploy waits at an environment, as far as gate.toml says.
    pub fn is_gate(&self, name: &EnvName) -> bool {
        self.gates().any(|gate| gate == name)
    }

    /// The live gate of an environment, if the live ones are known and it is one of them.
    pub fn guard(&self, name: &str) -> Option<Guard> {
        self.live.as_ref()?.get(&EnvName::new(name).ok()?).copied()
    }

    /// Whether a secret certainly exists only in environments: neither the repository nor its organization has one of that name.
    pub fn is_environment_secret(&self, name: &str) -> bool {
        self.wider_secrets.as_ref().is_some_and(|names| !names.contains(&name.to_uppercase()))
    }

    /// Whether a ref is the default branch, by its short or its full name.
    pub fn is_default(&self, git_ref: &str) -> bool {
        git_ref == self.default_branch || git_ref == self.default_ref()
    }

    /// The default branch as a full ref.
    pub fn default_ref(&self) -> String {
        format!("refs/heads/{}", self.default_branch)
    }
}
