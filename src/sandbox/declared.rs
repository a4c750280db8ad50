//! The world that a gate.toml declares: everything that it mentions exists, and nothing is wrong.

use std::collections::{BTreeMap, BTreeSet};

use super::setup::Setup;
use super::state::{
    AccountKind, App, BranchPattern, CustomRule, Environment, GitHub, HerokuApp, OrganizationVariable, Permission, Plan, PolicyMode,
    Readers, RefType, Repo, ReviewerRef, Secret, State, Variable, Visibility,
};
use crate::desired::github::{self as desired, BranchPolicy, Gate, Reviewer};
use crate::model::{EnvName, RepoName};

/// The login of the admin that a rehearsal's tokens belong to.
const ADMIN: &str = "sandbox-admin";

impl State {
    /// A world in which everything is as gate.toml declares it, and an environment `staging` exists.
    pub(super) fn declared(setup: &Setup) -> Self {
        let mut state = Self::default();
        state.now = setup.now;
        let now = state.now.tick();
        let mut builder = Builder::new(setup, now);
        builder.environments(&setup.environments);
        if let Ok(staging) = EnvName::new("staging")
            && !setup.environments.contains_key(&staging)
        {
            builder.environment(&staging, &Gate::default());
        }
        for member in &setup.fleet {
            builder.next(&member.repository, super::workflows::deploying(member.environments.keys()));
            builder.environments(&member.environments);
        }
        state.github = builder.finish();
        if let Some((place, flag)) = &setup.variables {
            state.github.hold_variables(place, flag.as_deref(), now);
        }
        for (app, config) in &setup.apps {
            let mut config = config.clone();
            // An undeclared secret, as every real app has: it must never be shown.
            config.insert("DATABASE_URL".to_owned(), "postgres://sandbox:not-to-be-shown@db.invalid/app".to_owned());
            state.heroku.apps.insert(app.clone(), HerokuApp::new(app, &state.heroku.viewer, config, now));
        }
        state
    }
}

impl GitHub {
    /// Makes the organization or the repository that holds Actions variables, and sets a flag there.
    fn hold_variables(&mut self, place: &str, flag: Option<&str>, now: jiff::Timestamp) {
        let set = flag.map(|flag| (flag.to_uppercase(), Variable { value: "true".to_owned(), created_at: now, updated_at: now }));
        let Ok(name) = RepoName::parse(place) else {
            let id = self.add_account(place, None, AccountKind::Organization);
            if let Some(account) = self.people.accounts.get_mut(&id) {
                account.owners.insert(ADMIN.to_owned());
            }
            let variables = &mut self.organization_mut(place).variables;
            variables.extend(set.map(|(name, variable)| (name, OrganizationVariable { variable, readers: Readers::All })));
            return;
        };
        if !self.repos.iter().any(|repo| repo.is(name.owner(), name.name())) {
            self.add_account(name.owner(), None, AccountKind::Organization);
            let other = repository(self, &name, BTreeMap::new(), Visibility::Private);
            self.repos.push(other);
        }
        for repo in self.repos.iter_mut().filter(|repo| repo.is(name.owner(), name.name())) {
            repo.variables.extend(set.clone());
        }
    }
}

/// Makes a GitHub in which everything that gate.toml mentions exists.
struct Builder {
    github: GitHub,
    repo: Repo,
    now: jiff::Timestamp,
}

impl Builder {
    fn new(setup: &Setup, now: jiff::Timestamp) -> Self {
        let mut github = GitHub { viewer: ADMIN.to_owned(), ..GitHub::default() };
        let owner = setup.repository.owner();
        let others = setup.fleet.iter().flat_map(|member| member.environments.values());
        let reviewers = || setup.environments.values().chain(others.clone()).filter_map(reviewers).flatten();
        let personal = setup.fleet.is_empty()
            && !reviewers().any(|reviewer| matches!(reviewer, Reviewer::Team { .. }))
            && reviewers().any(|reviewer| matches!(reviewer, Reviewer::User { login, .. } if login.eq_ignore_ascii_case(owner)));
        // Declared ids first, so that no derived id collides with them.
        for reviewer in reviewers() {
            if let Reviewer::User { login, id: Some(id) } = reviewer {
                github.add_account(login, Some(*id), AccountKind::User);
            }
        }
        for reviewer in reviewers() {
            if let Reviewer::Team { org, slug, id: Some(id) } = reviewer {
                github.add_team(org.as_deref().unwrap_or(owner), slug, Some(*id));
            }
        }
        github.add_account(ADMIN, None, AccountKind::User);
        let kind = if personal { AccountKind::User } else { AccountKind::Organization };
        let owner_id = github.add_account(owner, None, kind);
        if let Some(account) = github.people.accounts.get_mut(&owner_id) {
            account.plan = if personal { Plan::Pro } else { Plan::Enterprise };
            account.owners = if personal { BTreeSet::new() } else { std::iter::once(ADMIN.to_owned()).collect() };
            account.members.clone_from(&account.owners);
        }
        // No plan of a personal account gives rules to a private repository.
        let visibility = if personal { Visibility::Public } else { Visibility::Private };
        let repo = repository(&mut github, &setup.repository, setup.workflows.clone(), visibility);
        Self { github, repo, now }
    }

    /// Continues with another repository.
    fn next(&mut self, name: &RepoName, files: BTreeMap<String, String>) {
        let next = repository(&mut self.github, name, files, self.repo.visibility);
        self.github.repos.push(std::mem::replace(&mut self.repo, next));
    }

    fn environments(&mut self, environments: &BTreeMap<EnvName, desired::DesiredEnvironment>) {
        for (name, environment) in environments {
            if let Some(gate) = environment.gate() {
                self.environment(name, gate);
            }
        }
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
                // A team of another organization cannot have access.
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

/// A repository of which the admin is an admin.
fn repository(github: &mut GitHub, name: &RepoName, files: BTreeMap<String, String>, visibility: Visibility) -> Repo {
    let mut repo = Repo::new(github.ids.fresh(), name.clone());
    repo.files = files;
    repo.visibility = visibility;
    repo.collaborators.insert(ADMIN.to_owned(), Permission::Admin);
    repo
}

fn reviewers(environment: &desired::DesiredEnvironment) -> Option<&Vec<Reviewer>> {
    environment.gate()?.reviewers.as_ref()
}
