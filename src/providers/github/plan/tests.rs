//! The plan of a repository, pure: from one declaration's live state to another declaration.

mod changes;
mod impossible;
mod laws;
mod noted;
mod order;
mod requests;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::desired::github::{BranchPolicy, Pattern, RefKind, Reviewer};
use crate::model::{EnvName, RepoName, VarValue};
use crate::providers::github::live::{Access, Actor, LiveReviewer, Repository, Visibility};
use crate::providers::github::strictness::ActorId;
use crate::providers::request::Request as _;

const PEOPLE: [(&str, u64); 3] = [("alice", 1), ("bob", 2), ("carol", 3)];
const APPS: [(&str, u64); 3] = [("one", 11), ("two", 12), ("three", 13)];

fn repo() -> RepoName {
    RepoName::parse("acme/shop").unwrap()
}

fn name(text: &str) -> EnvName {
    EnvName::new(text).unwrap()
}

fn user(index: usize) -> Reviewer {
    Reviewer::User { login: PEOPLE[index].0.to_owned(), id: None }
}

fn pattern(text: &str) -> Pattern {
    match text.strip_prefix("tag:") {
        Some(tag) => Pattern { kind: RefKind::Tag, name: tag.to_owned() },
        None => Pattern { kind: RefKind::Branch, name: text.to_owned() },
    }
}

fn selected(names: &[&str]) -> BranchPolicy {
    BranchPolicy::Selected(names.iter().map(|text| pattern(text)).collect())
}

/// GitHub in the state that a declaration asks for, every part read.
fn live_of(want: &Desired) -> Live {
    let environments =
        want.environments.iter().filter_map(|(name, environment)| Some((name.clone(), Ok(live_gate(name, environment.gate()?)))));
    let actor = |(login, id): (&str, u64)| {
        let reviewer = Reviewer::User { login: login.to_owned(), id: None };
        (reviewer, Ok(Actor { id: ActorId::User(id), name: login.to_owned(), access: Access::Granted }))
    };
    let available = APPS.iter().map(|(slug, id)| ((*slug).to_owned(), *id)).collect::<BTreeMap<_, _>>();
    Live {
        repository: Ok(Repository {
            name: repo(),
            visibility: Visibility::Public,
            archived: false,
            in_organization: true,
            default_branch: "main".to_owned(),
            admin: Some(true),
        }),
        environments: Ok(environments.collect()),
        reviewers: PEOPLE.into_iter().map(actor).collect(),
        carried: PEOPLE
            .into_iter()
            .map(actor)
            .map(|(_, actor): (_, Result<Actor, Blocker>)| (actor.as_ref().unwrap().id, actor.map_err(Blocker::into_unknown)))
            .collect(),
        protected_branches: Some(Ok(["main".to_owned()].into())),
        available_rules: want.environments.keys().map(|name| (name.clone(), Ok(available.clone()))).collect(),
        waiting_runs: Some(Ok(0)),
    }
}

fn live_gate(name: &EnvName, gate: &Gate) -> LiveEnvironment {
    let reviewer = |reviewer: &Reviewer| match reviewer {
        Reviewer::User { login, .. } => {
            let id = PEOPLE.iter().find(|(known, _)| known == login).unwrap().1;
            LiveReviewer::User { login: login.clone(), id, kind: "User".to_owned() }
        }
        Reviewer::Team { slug, .. } => LiveReviewer::Team { slug: slug.clone(), id: 9 },
    };
    let mut reviewers: Vec<LiveReviewer> = gate.reviewers.iter().flatten().map(reviewer).collect();
    reviewers.sort();
    let policy = gate.deployment_branch_policy.as_ref().map_or(PolicyMode::All, PolicyMode::from);
    let patterns = match &gate.deployment_branch_policy {
        Some(BranchPolicy::Selected(patterns)) => patterns.iter().cloned().zip(100..).collect(),
        _ => BTreeMap::new(),
    };
    let rules = gate.protection_rules.iter().flatten().cloned().zip(200..).collect();
    LiveEnvironment {
        name: name.clone(),
        id: 7,
        prevent_self_review: gate.prevent_self_review.unwrap_or(false) && !reviewers.is_empty(),
        reviewers,
        can_admins_bypass: Some(gate.can_admins_bypass.unwrap_or(true)),
        wait_timer: gate.wait_timer.unwrap_or(0),
        policy,
        patterns: (policy == PolicyMode::Selected).then_some(Ok(patterns)),
        protection_rules: Some(Ok(rules)),
        variables: Some(Ok(gate
            .variables
            .iter()
            .map(|(name, text)| (name.clone(), VarValue::new(name.as_str(), text.as_str())))
            .collect())),
        secrets: Some(Ok(gate.secrets.clone())),
    }
}

fn wanting(gate: Gate) -> Desired {
    Desired { environments: [(name("production"), desired::DesiredEnvironment::Present(gate))].into(), ..Desired::default() }
}

fn context(repository: &RepoName) -> PlanContext<'_> {
    PlanContext { repository, web: "https://github.com", freeze_store: None }
}

fn planned(want: &Desired, live: &Live) -> Draft<Op> {
    plan(context(&repo()), want, live)
}

/// The plan from one gate to another, in a repository of this visibility.
fn from_to_in(visibility: Visibility, from: Gate, to: Gate) -> Draft<Op> {
    let mut live = live_of(&wanting(from));
    live.repository.as_mut().unwrap().visibility = visibility;
    planned(&wanting(to), &live)
}

fn from_to(from: Gate, to: Gate) -> Draft<Op> {
    from_to_in(Visibility::Public, from, to)
}

fn only(draft: &Draft<Op>) -> &Change {
    let [step] = draft.steps.as_slice() else { panic!("{draft:#?}") };
    let [change] = step.changes.as_slice() else { panic!("{draft:#?}") };
    change
}

fn actions(draft: &Draft<Op>) -> Vec<&Action> {
    draft.steps.iter().flat_map(|step| &step.ops).map(|op| &op.action).collect()
}

fn bodies(draft: &Draft<Op>) -> Vec<Value> {
    let body = |action: &&Action| match action {
        Action::Put { body, .. } => Some(serde_json::to_value(body).unwrap()),
        _ => None,
    };
    actions(draft).iter().filter_map(body).collect()
}

fn full() -> Gate {
    Gate {
        reviewers: Some(vec![user(0)]),
        prevent_self_review: Some(true),
        can_admins_bypass: Some(false),
        wait_timer: Some(5),
        deployment_branch_policy: Some(selected(&["main", "tag:v*"])),
        protection_rules: Some(["one".to_owned()].into()),
        variables: [("TIER".to_owned(), "prod".to_owned())].into(),
        secrets: ["KEY".to_owned()].into(),
        approvals: None,
    }
}

fn notes(draft: &Draft<Op>) -> String {
    draft.notes.iter().map(|note| format!("{}\n", note.message)).collect()
}
