//! Environments: list, get, PUT in the order in which GitHub checks a request (fact G2.2), delete.

use jiff::Timestamp;

use super::access::Need;
use super::page::{Paging, counted};
use super::update::{EnvironmentUpdate, Policy};
use super::{Call, Handled, invalid, not_found, object};
use crate::sandbox::state::{Environment, Permission, Plan, PolicyMode, Repo, ReviewerRef, RuleIds, Visibility};
use crate::sandbox::switches::{
    FreePolicy, FreePrivate, FreshBypass, GatedBypass, LeftPolicies, LostReviewer, NullPolicy, Put, RefusalMessage, RefusalWording,
    RefusedBody, ReviewerAccess, SelfReviewMemory, UpdatedAt, WaitingRuns,
};
use crate::sandbox::wire::Response;

const NO_REVIEWERS: &str =
    "Failed to create the environment protection rule. Please ensure the billing plan supports the required reviewers protection rule.";
const NO_TIMER: &str =
    "Failed to create the environment protection rule. Please ensure the billing plan supports the wait timer protection rule.";
const LEGACY_REFUSAL: &str = "Fail to create protected rule, please ensure billing plan include protected branch gate.";
const SELF_REVIEW_ALONE: &str = "Failed to create or update the environment protection rule. Required reviewers must have at least one \
                                 reviewer to set prevent_self_review.";
const EQUAL_FLAGS: &str = "\"custom_branch_policies\" and \"protected_branches\" cannot have the same value";

/// The longest name, in characters (fact G2.7).
const MAX_NAME: usize = 255;

pub(super) fn list(call: &Call<'_>, repo: &Repo) -> Handled {
    call.need(repo, Need::ACTIONS)?;
    let all = repo.environments.values().collect();
    Ok(counted(call, "environments", all, Paging::PLAIN, |environment| call.shapes.environment(repo, environment)))
}

pub(super) fn get(call: &Call<'_>, repo: &Repo, name: &str) -> Handled {
    call.need(repo, Need::ACTIONS)?;
    let environment = repo.environment(name).ok_or_else(not_found)?;
    Ok(Response::json(200, &call.shapes.environment(repo, environment)))
}

pub(super) fn delete(call: &mut Call<'_>, repo: &mut Repo, name: &str) -> Handled {
    call.need(repo, Need::ADMINISTRATION)?;
    let gone = repo.environments.remove(&name.to_lowercase()).ok_or_else(not_found)?;
    let now = call.now.tick();
    // Jobs that wait for a deleted environment fail at once (fact G2.8).
    for run in repo.runs.iter_mut().filter(|run| run.pending.iter().any(|pending| pending.environment == gone.id)) {
        run.updated_at = now;
        run.status = "completed".to_owned();
        run.conclusion = Some("failure".to_owned());
        run.pending.clear();
    }
    settle(call, repo, gone.id, "failure", now);
    Ok(Response::empty(204))
}

pub(super) fn put(call: &mut Call<'_>, repo: &mut Repo, name: &str) -> Handled {
    call.need(repo, Need::ADMINISTRATION)?;
    let plan = PlanFeatures::of(call, repo);
    if plan == PlanFeatures::Free && call.switches.free_private == FreePrivate::NotFound {
        return Err(not_found());
    }
    let body = object(call.request)?;
    let update = EnvironmentUpdate::read(call, &body)?;
    if name.chars().count() > MAX_NAME {
        return Err(invalid(""));
    }
    let now = call.now.tick();
    let fresh_bypass = call.switches.fresh_bypass == FreshBypass::Allowed;
    // The environment is created before anything can be refused, and stays after a refusal (fact G2.2).
    let mut environment = match repo.environments.get(&name.to_lowercase()) {
        Some(environment) => environment.clone(),
        None => Environment::ungated(call.ids, name, fresh_bypass, now),
    };
    repo.insert(environment.clone());

    if let Some(refusal) = refused(call, plan, &update) {
        if call.switches.refused_body == RefusedBody::PolicyApplied
            && let Some(Policy::Set(mode)) = update.policy
        {
            set_policy(call, &mut environment, mode);
            repo.insert(environment);
        }
        return Err(refusal);
    }
    if matches!(update.policy, Some(Policy::EqualFlags)) {
        return Err(Response::github_error(422, EQUAL_FLAGS));
    }
    apply(call, repo, plan, &update, &mut environment)?;
    environment.rule_ids = RuleIds::fresh(call.ids);
    if call.switches.updated_at == UpdatedAt::Moves {
        environment.updated_at = now;
    }
    if environment.reviewers.is_empty() && environment.wait_timer == 0 && call.switches.waiting_runs == WaitingRuns::Released {
        for run in repo.runs.iter_mut().filter(|run| run.pending.iter().any(|pending| pending.environment == environment.id)) {
            run.status = "in_progress".to_owned();
            run.pending.clear();
        }
        settle(call, repo, environment.id, "in_progress", now);
    }
    repo.insert(environment.clone());
    Ok(Response::json(200, &call.shapes.environment(repo, &environment)))
}

/// Moves the deployments of runs that no longer wait out of their waiting state.
fn settle(call: &mut Call<'_>, repo: &mut Repo, environment: u64, state: &str, now: Timestamp) {
    let waits = |id: u64| {
        repo.runs.iter().any(|run| run.pending.iter().any(|pending| pending.deployment == id && pending.environment != environment))
    };
    let held = repo.deployments.iter().filter(|made| made.statuses.first().is_some_and(|status| status.state == "waiting"));
    let held: Vec<u64> = held.map(|made| made.id).filter(|id| !waits(*id)).collect();
    for id in held {
        repo.note(call.ids, id, state, now);
    }
}

/// What the billing plan offers for a repository of this visibility (fact G2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlanFeatures {
    /// Every rule.
    All,
    /// Branch and tag policies, no other rule.
    Policies,
    /// A private repository of a Free account.
    Free,
}

impl PlanFeatures {
    pub(super) fn of(call: &Call<'_>, repo: &Repo) -> Self {
        match (repo.visibility, call.people.plan(repo.name.owner())) {
            (Visibility::Public, _) | (_, Plan::Enterprise) => Self::All,
            (_, Plan::Pro | Plan::Team) => Self::Policies,
            (_, Plan::Free) => Self::Free,
        }
    }
}

/// The refusal by billing plan: the presence of a gated key is enough, regardless of its value (fact G2.2).
fn refused(call: &Call<'_>, features: PlanFeatures, update: &EnvironmentUpdate) -> Option<Response> {
    if features == PlanFeatures::All {
        return None;
    }
    let switches = call.switches;
    let bypass = update.can_admins_bypass.is_some() && switches.gated_bypass == GatedBypass::Refused;
    let null_policy = matches!(update.policy, Some(Policy::Set(None))) && switches.null_policy == NullPolicy::Gated;
    let free_policy = matches!(update.policy, Some(Policy::Set(Some(_))))
        && features == PlanFeatures::Free
        && switches.free_policy == FreePolicy::Refused;
    let reviewers = update.reviewers.is_some() || update.prevent_self_review.is_some() || bypass || null_policy;
    let message = match (reviewers, update.wait_timer.is_some()) {
        (false, false) if free_policy => LEGACY_REFUSAL,
        (false, false) => return None,
        _ if switches.refusal_wording == RefusalWording::Legacy => LEGACY_REFUSAL,
        (true, true) if switches.refusal_message == RefusalMessage::WaitTimer => NO_TIMER,
        (true, _) => NO_REVIEWERS,
        (false, true) => NO_TIMER,
    };
    Some(Response::github_error(422, message))
}

fn apply(
    call: &Call<'_>,
    repo: &Repo,
    features: PlanFeatures,
    update: &EnvironmentUpdate,
    environment: &mut Environment,
) -> Result<(), Response> {
    let EnvironmentUpdate { wait_timer, reviewers, prevent_self_review, can_admins_bypass, policy } = update;
    let switches = call.switches;
    let replace = switches.put == Put::WholeReplacement;
    let had_reviewers = !environment.reviewers.is_empty();
    let mut next = environment.clone();
    match reviewers {
        Some(asked) => next.reviewers = admitted(call, repo, asked)?,
        None if replace => next.reviewers.clear(),
        None => {}
    }
    match prevent_self_review {
        Some(true) if next.reviewers.is_empty() => return Err(Response::github_error(422, SELF_REVIEW_ALONE)),
        Some(asked) => next.prevent_self_review = *asked,
        None if replace => next.prevent_self_review = false,
        None if next.reviewers.is_empty() && had_reviewers && switches.self_review_memory == SelfReviewMemory::Forgotten => {
            next.prevent_self_review = false;
        }
        None => {}
    }
    match wait_timer {
        Some(minutes) => next.wait_timer = *minutes,
        None if replace => next.wait_timer = 0,
        None => {}
    }
    match can_admins_bypass {
        Some(_) if features != PlanFeatures::All && switches.gated_bypass == GatedBypass::Ignored => {}
        Some(asked) => next.can_admins_bypass = *asked,
        None if replace => next.can_admins_bypass = switches.fresh_bypass == FreshBypass::Allowed,
        None => {}
    }
    match policy {
        Some(Policy::Set(mode)) => set_policy(call, &mut next, *mode),
        Some(Policy::EqualFlags) => {}
        None if replace => set_policy(call, &mut next, None),
        None => {}
    }
    *environment = next;
    Ok(())
}

fn set_policy(call: &Call<'_>, environment: &mut Environment, mode: Option<PolicyMode>) {
    environment.policy = mode;
    if mode != Some(PolicyMode::Custom) && call.switches.left_policies == LeftPolicies::Dropped {
        environment.patterns.clear();
    }
}

/// Those of the reviewers that GitHub keeps (fact G2.5).
fn admitted(call: &Call<'_>, repo: &Repo, asked: &[ReviewerRef]) -> Result<Vec<ReviewerRef>, Response> {
    let kept: Vec<ReviewerRef> = asked.iter().copied().filter(|reviewer| has_access(call, repo, *reviewer)).collect();
    if kept.len() < asked.len() && call.switches.lost_reviewer == LostReviewer::Refused {
        return Err(invalid(""));
    }
    Ok(kept)
}

fn has_access(call: &Call<'_>, repo: &Repo, reviewer: ReviewerRef) -> bool {
    let (any, granted) = match reviewer {
        ReviewerRef::User(id) => match call.people.accounts.get(&id) {
            Some(account) if account.kind == crate::sandbox::AccountKind::User => {
                let any = repo.permission(call.people, &account.login);
                // The owner needs no grant.
                let granted = if any == Permission::Admin { any } else { repo.granted(call.people, &account.login) };
                (any, granted)
            }
            _ => return false,
        },
        ReviewerRef::Team(id) => {
            let permission = repo.team_permission(call.people, id);
            (permission, permission)
        }
    };
    match call.switches.reviewer_access {
        ReviewerAccess::Read => any >= Permission::Read,
        ReviewerAccess::Write => any >= Permission::Write,
        ReviewerAccess::Explicit => granted >= Permission::Read,
    }
}
