//! What a rehearsal is built from: what gate.toml declares, for one repository or more.

use std::collections::BTreeMap;

use super::state::Now;
use crate::desired::freeze::{Policy as Freeze, Store};
use crate::desired::github::{self as desired, Gate};
use crate::desired::heroku;
use crate::desired::workflows::Expectation;
use crate::model::{EnvName, RepoName};

/// What a rehearsal is built from: the current gate.toml.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The repository.
    pub repository: RepoName,
    /// The declared environments.
    pub environments: BTreeMap<EnvName, desired::DesiredEnvironment>,
    /// Heroku apps with their declared config vars.
    pub apps: BTreeMap<String, BTreeMap<String, String>>,
    /// Workflow files by path.
    pub workflows: BTreeMap<String, String>,
    /// Further repositories of the same organization.
    pub fleet: Vec<Member>,
    /// The organization or repository whose Actions variables hold the freeze, and the flag if gate.toml declares a freeze.
    pub variables: Option<(String, Option<String>)>,
    /// When the rehearsal begins.
    pub now: Now,
}

impl Setup {
    /// From what gate.toml declares; the repository may come from elsewhere.
    pub fn new(repository: RepoName, github: &desired::Desired, heroku: &heroku::Desired) -> Self {
        Self {
            repository,
            environments: github.environments.clone(),
            apps: heroku.config.clone(),
            workflows: BTreeMap::new(),
            fleet: Vec::new(),
            variables: None,
            now: Now::default(),
        }
    }

    /// With what holds the freeze, frozen if gate.toml declares that.
    #[must_use]
    pub fn with_freeze(mut self, freeze: &Freeze) -> Self {
        match &freeze.store {
            Store::Heroku(app) => {
                let config = self.apps.entry(app.clone()).or_default();
                if freeze.frozen {
                    config.entry(freeze.flag.clone()).or_insert_with(|| "true".to_owned());
                }
            }
            Store::Github(place) => self.variables = Some((place.clone(), freeze.frozen.then(|| freeze.flag.clone()))),
        }
        self
    }

    /// With the time of this machine instead of the fixed default.
    #[must_use]
    pub fn in_real_time(mut self) -> Self {
        self.now = Now::real();
        self
    }

    /// With a workflow file for each path that gate.toml declares one for: what is declared, exists.
    #[must_use]
    pub fn with_expectations(mut self, expectations: &[Expectation]) -> Self {
        for (path, text) in super::workflows::expected(expectations) {
            self.workflows.entry(path).or_insert(text);
        }
        self
    }

    /// With further repositories of the same organization.
    #[must_use]
    pub fn with_fleet(mut self, members: Vec<Member>) -> Self {
        self.fleet = members;
        self
    }

    /// Those that a scenario breaks.
    pub(super) fn targets(&self) -> Vec<(&EnvName, &Gate)> {
        targets(&self.environments)
    }
}

/// One more repository of the organization.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its name.
    pub repository: RepoName,
    /// The environments that are declared for it.
    pub environments: BTreeMap<EnvName, desired::DesiredEnvironment>,
    /// Custom properties, each of which is a single text.
    pub properties: BTreeMap<String, String>,
}

impl Member {
    /// A repository for which these environments are declared.
    pub fn new(repository: RepoName, environments: BTreeMap<EnvName, desired::DesiredEnvironment>) -> Self {
        Self { repository, environments, properties: BTreeMap::new() }
    }
}

/// Those for which gate.toml declares reviewers, or all if it declares none.
pub(super) fn targets(environments: &BTreeMap<EnvName, desired::DesiredEnvironment>) -> Vec<(&EnvName, &Gate)> {
    let present = environments.iter().filter_map(|(name, environment)| Some((name, environment.gate()?)));
    let (gated, open): (Vec<_>, Vec<_>) = present.partition(|(_, gate)| gate.reviewers.as_ref().is_some_and(|all| !all.is_empty()));
    if gated.is_empty() { open } else { gated }
}
