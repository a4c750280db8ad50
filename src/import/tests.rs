//! What is imported plans to no changes, and what is merged twice is merged once.

mod comments;
mod laws;
mod requests;
mod updates;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::config;
use crate::desired::github::{BranchPolicy, Gate, Pattern, RefKind, Reviewer};
use crate::http::{Settings, Stack, Token};
use crate::model::{Cause, EnvName, Plan, RepoName, VarValue};
use crate::providers::github::live::{Environments, Live, LiveEnvironment, LiveReviewer, PolicyMode};
use crate::providers::github::strictness::ActorId;
use crate::providers::github::{observe, plan};
use crate::sandbox::{
    AccountKind, App, BranchPattern, CustomRule, Environment as Stored, Permission, PolicyMode as StoredMode, Repo, ReviewerRef, Sandbox,
    Secret, State, Variable, Visibility,
};

const PEOPLE: [(&str, u64); 4] = [("alice", 501), ("Bob-Smith", 502), ("deploy-bot", 503), ("eve_acme", 504)];
const TEAMS: [(&str, u64); 2] = [("sre", 601), ("on-call", 602)];
const APPS: [(&str, u64); 3] = [("gatekeeper", 71), ("change-window", 72), ("x", 73)];

fn repository() -> RepoName {
    RepoName::parse("acme/shop").unwrap()
}

fn source<'a>(repository: &'a RepoName, environments: &'a Environments) -> Source<'a> {
    Source { repository, api_url: None, only: &[], environments, protected_branches: None }
}

/// A world that holds these environments, with everyone who may approve.
fn world(environments: &Environments) -> State {
    let mut state = State::default();
    let now = state.now.tick();
    let github = &mut state.github;
    github.viewer = "root".to_owned();
    for (login, id) in PEOPLE.into_iter().chain([("root", 500)]) {
        github.add_account(login, Some(id), AccountKind::User);
    }
    let acme = github.add_account("acme", Some(510), AccountKind::Organization);
    if let Some(acme) = github.people.accounts.get_mut(&acme) {
        acme.owners.insert("root".to_owned());
        acme.members.insert("root".to_owned());
    }
    let mut repo = Repo::new(1296, repository());
    repo.visibility = Visibility::Public;
    repo.collaborators = PEOPLE.into_iter().map(|(login, _)| (login.to_owned(), Permission::Write)).collect();
    repo.collaborators.insert("root".to_owned(), Permission::Admin);
    for (slug, id) in TEAMS {
        github.add_team("acme", slug, Some(id));
        repo.teams.insert(id, Permission::Write);
    }
    for (slug, id) in APPS {
        github.people.apps.push(App { id, slug: slug.to_owned(), owner: "acme".to_owned() });
        repo.installed_apps.insert(id);
    }
    for (name, live) in environments {
        let live = live.as_ref().unwrap();
        let mut stored = Stored::ungated(&mut github.ids, name.as_str(), live.can_admins_bypass.unwrap(), now);
        stored.reviewers = live
            .reviewers
            .iter()
            .map(|reviewer| match reviewer.actor() {
                ActorId::User(id) => ReviewerRef::User(id),
                ActorId::Team(id) => ReviewerRef::Team(id),
                ActorId::EnterpriseTeam(_) => panic!("the emulator knows no team of an enterprise"),
            })
            .collect();
        stored.prevent_self_review = live.prevent_self_review;
        stored.wait_timer = live.wait_timer;
        stored.policy = match live.policy {
            PolicyMode::All => None,
            PolicyMode::Protected => Some(StoredMode::Protected),
            PolicyMode::Selected => Some(StoredMode::Custom),
        };
        for pattern in live.patterns.iter().flatten().flat_map(BTreeMap::keys) {
            let kind = match pattern.kind {
                RefKind::Branch => crate::sandbox::RefType::Branch,
                RefKind::Tag => crate::sandbox::RefType::Tag,
            };
            stored.patterns.push(BranchPattern { id: github.ids.fresh(), name: pattern.name.clone(), kind });
        }
        for app in live.protection_rules.iter().flatten().flat_map(BTreeMap::values) {
            stored.custom_rules.push(CustomRule { id: github.ids.fresh(), app: *app, enabled: true });
        }
        for (name, value) in live.variables.iter().flatten().flatten() {
            stored.variables.insert(name.clone(), Variable { value: value.expose().to_owned(), created_at: now, updated_at: now });
        }
        for name in live.secrets.iter().flatten().flatten() {
            stored.secrets.insert(name.clone(), Secret { created_at: now, updated_at: now });
        }
        repo.insert(stored);
    }
    github.repos.push(repo);
    state
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

async fn with_reader<T>(state: State, work: impl AsyncFnOnce(&crate::http::Reader, &Sandbox) -> T) -> T {
    let sandbox = Sandbox::start(state).await.unwrap();
    let stack = Stack::new(Settings::default());
    let reader = stack
        .reader(&crate::providers::github::api::endpoint(sandbox.github_url()).unwrap(), Some(Token::new("a-token-of-the-test", "a test")))
        .unwrap();
    work(&reader, &sandbox).await
}

/// What import makes of a world, and what a plan then says.
async fn imported(reader: &crate::http::Reader) -> (Live, Imported) {
    let live = observe::everything(reader, &repository(), &[]).await;
    let environments = live.environments.as_ref().unwrap();
    let source =
        Source { protected_branches: live.protected_branches.as_ref(), ..source(&live.repository.as_ref().unwrap().name, environments) };
    let imported = render(&source);
    (live, imported)
}

async fn planned(reader: &crate::http::Reader, text: &str) -> Plan<crate::providers::github::ops::Op> {
    let repository = repository();
    let want = config::parse("gate.toml", text).unwrap_or_else(|problems| panic!("{problems}\n{text}")).desired.github;
    let live = observe::observe(reader, &repository, &want).await;
    let context = plan::PlanContext { repository: &repository, web: "https://github.com", freeze_store: None };
    Plan::assemble(String::new(), String::new(), [plan::plan(context, &want, &live)])
}

fn gates(text: &str) -> BTreeMap<EnvName, Gate> {
    let all = config::parse("gate.toml", text).unwrap_or_else(|problems| panic!("{problems}")).desired.github.environments;
    all.into_iter().filter_map(|(name, environment)| Some((name, environment.gate()?.clone()))).collect()
}

/// One environment with nothing special about it.
fn plain(name: &str) -> LiveEnvironment {
    LiveEnvironment {
        name: EnvName::new(name).unwrap(),
        id: 1,
        reviewers: vec![LiveReviewer::User { login: "alice".to_owned(), id: 501, kind: "User".to_owned() }],
        prevent_self_review: true,
        can_admins_bypass: Some(false),
        wait_timer: 0,
        policy: PolicyMode::Protected,
        patterns: None,
        protection_rules: Some(Ok(BTreeMap::new())),
        variables: Some(Ok(BTreeMap::new())),
        secrets: Some(Ok(BTreeSet::new())),
    }
}

fn only(environment: LiveEnvironment) -> Environments {
    BTreeMap::from([(environment.name.clone(), Ok(environment))])
}
