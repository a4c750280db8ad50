//! Rehearsals: the declared world, broken in the way that the scenario names.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use super::state::{
    AccountKind, App, BranchPattern, CustomRule, Environment, GitHub, HerokuApp, Permission, Plan, PolicyMode, RefType, Repo, ReviewerRef,
    Secret, State, Variable, Visibility,
};
use crate::freeze::Policy as Freeze;
use crate::model::{EnvName, RepoName};
use crate::providers::github::desired::{self, BranchPolicy, Gate, Reviewer};
use crate::providers::heroku::desired as heroku;

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
}

impl Scenario {
    /// All of them, in the order in which help shows them.
    pub const ALL: [Self; 6] =
        [Self::MissingEnvironment, Self::NoRules, Self::WrongReviewer, Self::PlanLimit, Self::UnprotectedBranches, Self::Gated];

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
    pub environments: BTreeMap<EnvName, desired::Environment>,
    /// Heroku apps with their declared config vars.
    pub apps: BTreeMap<String, BTreeMap<String, String>>,
    /// Workflow files by path.
    pub workflows: BTreeMap<String, String>,
}

impl Setup {
    /// From what gate.toml declares; the repository may come from elsewhere.
    #[must_use]
    pub fn new(repository: RepoName, github: &desired::Desired, heroku: &heroku::Desired) -> Self {
        Self { repository, environments: github.environments.clone(), apps: heroku.config.clone(), workflows: BTreeMap::new() }
    }

    /// With the app that holds the freeze.
    #[must_use]
    pub fn with_freeze(mut self, freeze: &Freeze) -> Self {
        self.apps.entry(freeze.heroku_app.clone()).or_default();
        self
    }

    /// With a workflow file on the default branch.
    #[must_use]
    pub fn with_workflow(mut self, path: &str, text: &str) -> Self {
        self.workflows.insert(path.to_owned(), text.to_owned());
        self
    }

    /// Those that a scenario breaks: where gate.toml declares reviewers, or all when it declares none.
    fn targets(&self) -> Vec<(&EnvName, &Gate)> {
        let present = self.environments.iter().filter_map(|(name, environment)| match environment {
            desired::Environment::Present(gate) => Some((name, gate)),
            desired::Environment::Absent => None,
        });
        let (gated, open): (Vec<_>, Vec<_>) = present.partition(|(_, gate)| gate.reviewers.as_ref().is_some_and(|all| !all.is_empty()));
        if gated.is_empty() { open } else { gated }
    }
}

/// The login of the admin that a rehearsal's tokens belong to.
const ADMIN: &str = "sandbox-admin";

impl State {
    /// The world as declared, then broken in the way that the scenario names.
    ///
    /// An environment `staging` without rules, which gate.toml need not declare, exists in every scenario.
    #[must_use]
    pub fn rehearsal(scenario: Scenario, setup: &Setup) -> Self {
        let mut state = Self::declared(setup);
        state.break_as(scenario, setup);
        state
    }

    fn declared(setup: &Setup) -> Self {
        let mut state = Self::default();
        let now = state.now.tick();
        let mut builder = Builder::new(setup, now);
        for (name, environment) in &setup.environments {
            if let desired::Environment::Present(gate) = environment {
                builder.environment(name, gate);
            }
        }
        if let Ok(staging) = EnvName::new("staging")
            && !setup.environments.contains_key(&staging)
        {
            builder.environment(&staging, &Gate::default());
        }
        state.github = builder.finish();
        for (app, config) in &setup.apps {
            let mut config = config.clone();
            // An undeclared secret, as every real app has: nobody may ever see it.
            config.insert("DATABASE_URL".to_owned(), "postgres://sandbox:not-to-be-shown@db.invalid/app".to_owned());
            state.heroku.apps.insert(app.clone(), HerokuApp::new(app, &state.heroku.viewer, config, now));
        }
        state
    }

    fn break_as(&mut self, scenario: Scenario, setup: &Setup) {
        let owner = setup.repository.owner();
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
        let Some(repo) = self.github.repos.first_mut() else { return };
        if let Some(robot) = robot.and_then(|id| self.github.people.accounts.get(&id)) {
            repo.collaborators.insert(robot.login.clone(), Permission::Write);
        }
        for (name, gate) in setup.targets() {
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
                    if let (Some(environment), Some(robot)) = (repo.environment_mut(name.as_str()), robot) {
                        environment.reviewers = vec![ReviewerRef::User(robot)];
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
                Scenario::Gated => {}
            }
        }
    }
}

/// Makes a GitHub in which everything that gate.toml speaks of exists.
struct Builder {
    github: GitHub,
    repo: Repo,
    now: jiff::Timestamp,
}

impl Builder {
    fn new(setup: &Setup, now: jiff::Timestamp) -> Self {
        let mut github = GitHub { viewer: ADMIN.to_owned(), ..GitHub::default() };
        let owner = setup.repository.owner();
        let reviewers = || setup.environments.values().filter_map(reviewers).flatten();
        let personal = !reviewers().any(|reviewer| matches!(reviewer, Reviewer::Team { .. }))
            && reviewers().any(|reviewer| matches!(reviewer, Reviewer::User { login, .. } if login.eq_ignore_ascii_case(owner)));
        // Declared ids first, so that no derived id takes their place.
        for reviewer in reviewers() {
            if let Reviewer::User { login, id: Some(id) } = reviewer {
                github.add_account(login, Some(*id), AccountKind::User);
            }
        }
        github.add_account(ADMIN, None, AccountKind::User);
        let kind = if personal { AccountKind::User } else { AccountKind::Organization };
        let owner_id = github.add_account(owner, None, kind);
        let id = github.ids.fresh();
        let mut repo = Repo::new(id, setup.repository.clone());
        repo.files.clone_from(&setup.workflows);
        repo.collaborators.insert(ADMIN.to_owned(), Permission::Admin);
        if let Some(account) = github.people.accounts.get_mut(&owner_id) {
            account.plan = if personal { Plan::Pro } else { Plan::Enterprise };
            account.owners = if personal { BTreeSet::new() } else { std::iter::once(ADMIN.to_owned()).collect() };
            account.members.clone_from(&account.owners);
        }
        // No plan of a personal account gives rules to a private repository.
        repo.visibility = if personal { Visibility::Public } else { Visibility::Private };
        Self { github, repo, now }
    }

    fn environment(&mut self, name: &EnvName, gate: &Gate) {
        let now = self.now;
        let mut live = Environment::ungated(&mut self.github.ids, name.as_str(), true, now);
        live.reviewers = gate.reviewers.iter().flatten().map(|reviewer| self.reviewer(reviewer)).collect();
        live.prevent_self_review = gate.prevent_self_review.unwrap_or(false);
        live.can_admins_bypass = gate.can_admins_bypass.unwrap_or(true);
        live.wait_timer = gate.wait_timer.unwrap_or(0);
        live.policy = match &gate.deployment_branch_policy {
            None | Some(BranchPolicy::All) => None,
            Some(BranchPolicy::Protected) => Some(PolicyMode::Protected),
            Some(BranchPolicy::Selected(patterns)) => {
                let kind = |pattern: &desired::Pattern| match pattern.kind {
                    desired::RefKind::Branch => RefType::Branch,
                    desired::RefKind::Tag => RefType::Tag,
                };
                let ids = &mut self.github.ids;
                live.patterns =
                    patterns.iter().map(|it| BranchPattern { id: ids.fresh(), name: it.name.clone(), kind: kind(it) }).collect();
                Some(PolicyMode::Custom)
            }
        };
        for slug in gate.protection_rules.iter().flatten() {
            let app = self.app(slug);
            live.custom_rules.push(CustomRule { id: self.github.ids.fresh(), app, enabled: true });
        }
        for (key, value) in &gate.variables {
            live.variables.insert(key.to_uppercase(), Variable { value: value.clone(), created_at: now, updated_at: now });
        }
        for key in &gate.secrets {
            live.secrets.insert(key.to_uppercase(), Secret { created_at: now, updated_at: now });
        }
        self.repo.insert(live);
    }

    fn reviewer(&mut self, reviewer: &Reviewer) -> ReviewerRef {
        let owner = self.repo.name.owner().to_owned();
        match reviewer {
            Reviewer::User { login, id } => {
                let id = self.github.add_account(login, *id, AccountKind::User);
                self.repo.collaborators.insert(login.clone(), Permission::Write);
                ReviewerRef::User(id)
            }
            Reviewer::Team { org, slug, id } => {
                let org = org.as_deref().unwrap_or(&owner);
                self.github.add_account(org, None, AccountKind::Organization);
                let id = self.github.add_team(org, slug, *id);
                let lead = format!("{slug}-lead");
                self.github.add_account(&lead, None, AccountKind::User);
                if let Some(team) = self.github.people.teams.get_mut(&id) {
                    team.members.insert(lead);
                }
                // A team of another organisation cannot have access.
                if org.eq_ignore_ascii_case(&owner) {
                    self.repo.teams.insert(id, Permission::Write);
                }
                ReviewerRef::Team(id)
            }
        }
    }

    fn app(&mut self, slug: &str) -> u64 {
        let known = self.github.people.apps.iter().find(|app| app.slug == slug).map(|app| app.id);
        let id = known.unwrap_or_else(|| self.github.ids.fresh());
        if known.is_none() {
            self.github.people.apps.push(App { id, slug: slug.to_owned(), owner: self.repo.name.owner().to_owned() });
        }
        self.repo.installed_apps.insert(id);
        id
    }

    fn finish(mut self) -> GitHub {
        self.github.repos.push(self.repo);
        self.github
    }
}

fn reviewers(environment: &desired::Environment) -> Option<&Vec<Reviewer>> {
    match environment {
        desired::Environment::Present(gate) => gate.reviewers.as_ref(),
        desired::Environment::Absent => None,
    }
}
