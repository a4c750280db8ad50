//! Rehearsals: the declared world, broken in the way that the scenario names.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::fleet::{self, Member};
use super::state::{AccountKind, Now, Permission, Plan, PolicyMode, ReviewerRef, State, Visibility};
use crate::desired::freeze::Policy as Freeze;
use crate::desired::github::{self as desired, BranchPolicy, Gate};
use crate::desired::heroku;
use crate::desired::workflows::Expectation;
use crate::model::{EnvName, RepoName};

/// What is wrong in a rehearsal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scenario {
    /// The gated environments are gone.
    #[default]
    MissingEnvironment,
    /// They exist and have no rules.
    NoRules,
    /// A machine account is their reviewer.
    WrongReviewer,
    /// The billing plan refuses required reviewers.
    PlanLimit,
    /// Only protected branches may deploy, and there is none.
    UnprotectedBranches,
    /// Nothing is wrong.
    Gated,
    /// One repository of many, of which a share is wrong in each way.
    Fleet,
}

impl Scenario {
    /// All of them, in the order in which help shows them.
    pub const ALL: [Self; 7] = [
        Self::MissingEnvironment,
        Self::NoRules,
        Self::WrongReviewer,
        Self::PlanLimit,
        Self::UnprotectedBranches,
        Self::Gated,
        Self::Fleet,
    ];

    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MissingEnvironment => "missing-environment",
            Self::NoRules => "no-rules",
            Self::WrongReviewer => "wrong-reviewer",
            Self::PlanLimit => "plan-limit",
            Self::UnprotectedBranches => "unprotected-branches",
            Self::Gated => "gated",
            Self::Fleet => "fleet",
        }
    }

    /// What it shows, in one line.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::MissingEnvironment => "the gated environments were deleted: nothing waits for approval",
            Self::NoRules => "the gated environments exist, but have no protection rules",
            Self::WrongReviewer => "a machine account is the required reviewer",
            Self::PlanLimit => "the repository is private and its billing plan refuses required reviewers",
            Self::UnprotectedBranches => "only protected branches may deploy, but no branch is protected",
            Self::Gated => "everything is as declared",
            Self::Fleet => "an organization with many repositories, some of which are wrong in each of these ways",
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scenario {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let known = || Self::ALL.map(Self::name).join(", ");
        Self::ALL.into_iter().find(|scenario| scenario.name() == text).ok_or_else(|| format!("no scenario `{text}`; there are {}", known()))
    }
}

/// What a rehearsal is built from: the gate.toml at hand.
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
    /// When the rehearsal begins.
    pub now: Now,
}

impl Setup {
    /// From what gate.toml declares; the repository may come from elsewhere.
    #[must_use]
    pub fn new(repository: RepoName, github: &desired::Desired, heroku: &heroku::Desired) -> Self {
        Self {
            repository,
            environments: github.environments.clone(),
            apps: heroku.config.clone(),
            workflows: BTreeMap::new(),
            fleet: Vec::new(),
            now: Now::default(),
        }
    }

    /// With the app that holds the freeze, frozen where gate.toml declares that.
    #[must_use]
    pub fn with_freeze(mut self, freeze: &Freeze) -> Self {
        let Some(app) = freeze.store.app() else { return self };
        let config = self.apps.entry(app.to_owned()).or_default();
        if freeze.frozen {
            config.entry(freeze.flag.clone()).or_insert_with(|| "true".to_owned());
        }
        self
    }

    /// With the time of this machine, not a fixed one that makes every run alike.
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

    /// With a workflow file on the default branch.
    #[must_use]
    pub fn with_workflow(mut self, path: &str, text: &str) -> Self {
        self.workflows.insert(path.to_owned(), text.to_owned());
        self
    }

    /// Those that a scenario breaks.
    pub(super) fn targets(&self) -> Vec<(&EnvName, &Gate)> {
        targets(&self.environments)
    }
}

/// Those where gate.toml declares reviewers, or all when it declares none.
fn targets(environments: &BTreeMap<EnvName, desired::DesiredEnvironment>) -> Vec<(&EnvName, &Gate)> {
    let present = environments.iter().filter_map(|(name, environment)| match environment {
        desired::DesiredEnvironment::Present(gate) => Some((name, gate)),
        desired::DesiredEnvironment::Absent => None,
    });
    let (gated, open): (Vec<_>, Vec<_>) = present.partition(|(_, gate)| gate.reviewers.as_ref().is_some_and(|all| !all.is_empty()));
    if gated.is_empty() { open } else { gated }
}

impl State {
    /// The world as declared, then broken in the way that the scenario names.
    ///
    /// An environment `staging` without rules, which gate.toml need not declare, exists in every scenario.
    #[must_use]
    pub fn rehearsal(scenario: Scenario, setup: &Setup) -> Self {
        if scenario == Scenario::Fleet {
            let members = if setup.fleet.is_empty() { fleet::default_members(setup) } else { setup.fleet.clone() };
            let setup = setup.clone().with_fleet(members);
            let mut state = Self::declared(&setup);
            state.break_fleet(&setup);
            return state;
        }
        let mut state = Self::declared(setup);
        state.break_repository(scenario, &setup.repository, &setup.environments);
        for member in &setup.fleet {
            state.break_repository(scenario, &member.repository, &member.environments);
        }
        state
    }

    /// Breaks what is declared of one repository.
    pub(super) fn break_repository(
        &mut self,
        scenario: Scenario,
        repository: &RepoName,
        environments: &BTreeMap<EnvName, desired::DesiredEnvironment>,
    ) {
        let owner = repository.owner();
        let (owner_pays, robot) = match scenario {
            Scenario::PlanLimit => (self.github.people.account(owner).map(|account| account.kind), None),
            Scenario::WrongReviewer => (None, Some(self.github.add_account(&format!("{owner}-deploy-bot"), None, AccountKind::User))),
            _ => (None, None),
        };
        match owner_pays {
            Some(AccountKind::Organization) => self.github.set_plan(owner, Plan::Team),
            Some(_) => self.github.set_plan(owner, Plan::Pro),
            None => {}
        }
        let robot = robot.and_then(|id| self.github.people.accounts.get(&id).cloned());
        let Some(repo) = self.repo(&repository.to_string()) else { return };
        if let Some(robot) = &robot {
            repo.collaborators.insert(robot.login.clone(), Permission::Write);
        }
        for (name, gate) in targets(environments) {
            match scenario {
                Scenario::MissingEnvironment => {
                    repo.remove(name.as_str());
                }
                Scenario::PlanLimit => {
                    repo.visibility = Visibility::Private;
                    repo.remove(name.as_str());
                }
                Scenario::NoRules => {
                    if let Some(environment) = repo.environment_mut(name.as_str()) {
                        environment.reviewers.clear();
                        environment.prevent_self_review = false;
                        environment.wait_timer = 0;
                        environment.policy = None;
                        environment.patterns.clear();
                        environment.custom_rules.clear();
                    }
                }
                Scenario::WrongReviewer => {
                    if let (Some(environment), Some(robot)) = (repo.environment_mut(name.as_str()), &robot) {
                        environment.reviewers = vec![ReviewerRef::User(robot.id)];
                    }
                }
                Scenario::UnprotectedBranches => {
                    for branch in &mut repo.branches {
                        branch.protected = false;
                    }
                    if let (Some(environment), None | Some(BranchPolicy::Protected)) =
                        (repo.environment_mut(name.as_str()), &gate.deployment_branch_policy)
                    {
                        environment.policy = Some(PolicyMode::Protected);
                    }
                }
                Scenario::Gated | Scenario::Fleet => {}
            }
        }
    }
}
