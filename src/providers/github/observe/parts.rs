//! The parts of an environment besides its own object: which of them to read, and what was read.
//!
//! Must not know why a part matters.

use std::collections::{BTreeMap, BTreeSet};

use crate::desired::github::{Gate, Pattern};
use crate::http::{ApiError, Reader};
use crate::model::{EnvName, RepoName, VarValue};

use super::super::live::{LiveEnvironment, PolicyMode};
use super::super::target::environment_target;
use super::lists::{patterns, protection_rules, secrets, variables};

/// Which parts of an environment to read besides its own object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RequestedParts {
    /// Branch and tag patterns.
    pub patterns: bool,
    /// Custom rules.
    pub protection_rules: bool,
    /// Environment variables.
    pub variables: bool,
    /// Names of secrets.
    pub secrets: bool,
}

impl RequestedParts {
    /// Those of them that an environment has: GitHub answers 404 for the patterns outside of selected mode (fact G1.2).
    pub(in crate::providers::github) fn of(self, there: &LiveEnvironment) -> Self {
        Self { patterns: self.patterns && there.policy == PolicyMode::Selected, ..self }
    }
}

impl From<&Gate> for RequestedParts {
    fn from(gate: &Gate) -> Self {
        Self {
            patterns: gate.deployment_branch_policy.is_some(),
            protection_rules: gate.protection_rules.is_some(),
            variables: !gate.variables.is_empty(),
            secrets: !gate.secrets.is_empty(),
        }
    }
}

pub(in crate::providers::github) struct Parts {
    patterns: Option<Result<BTreeMap<Pattern, u64>, ApiError>>,
    protection_rules: Option<Result<BTreeMap<String, u64>, ApiError>>,
    variables: Option<Result<BTreeMap<String, VarValue>, ApiError>>,
    secrets: Option<Result<BTreeSet<String>, ApiError>>,
}

impl Parts {
    /// These parts, if everything that matters in this mode could be read.
    pub(super) fn whole(self, mode: PolicyMode) -> Result<Self, ApiError> {
        // GitHub answers 404 for the patterns of the other modes.
        let patterns = self.patterns.as_ref().filter(|_| mode == PolicyMode::Selected).and_then(|part| part.as_ref().err());
        let rules = self.protection_rules.as_ref().and_then(|part| part.as_ref().err());
        let variables = self.variables.as_ref().and_then(|part| part.as_ref().err());
        let secrets = self.secrets.as_ref().and_then(|part| part.as_ref().err());
        match patterns.or(rules).or(variables).or(secrets) {
            Some(error) => Err(error.clone()),
            None => Ok(self),
        }
    }

    pub(super) fn join(self, environment: &mut LiveEnvironment) {
        environment.patterns = match (environment.policy, self.patterns) {
            (PolicyMode::Selected, Some(patterns)) => Some(patterns.map_err(|e| e.unknown())),
            // GitHub answers 404 in the other modes: they have no patterns.
            (_, _) => None,
        };
        environment.protection_rules = self.protection_rules.map(|rules| rules.map_err(|e| e.unknown()));
        environment.variables = self.variables.map(|variables| variables.map_err(|e| e.unknown()));
        environment.secrets = self.secrets.map(|secrets| secrets.map_err(|e| e.unknown()));
    }
}

pub(in crate::providers::github) async fn asked(reader: &Reader, repo: &RepoName, name: &EnvName, asked: RequestedParts) -> Parts {
    let secret_names = environment_target(repo, name).join("secrets");
    let (patterns, protection_rules, variables, secrets) = tokio::join!(
        when(asked.patterns, patterns(reader, repo, name)),
        when(asked.protection_rules, protection_rules(reader, repo, name)),
        when(asked.variables, variables(reader, repo, name)),
        when(asked.secrets, secrets(reader, &secret_names)),
    );
    Parts { patterns, protection_rules, variables, secrets }
}

pub(super) async fn when<T>(asked: bool, answer: impl Future<Output = T>) -> Option<T> {
    if asked { Some(answer.await) } else { None }
}
