//! Reads from GitHub what a verdict is based on: GETs only, independent requests concurrently.
//!
//! The second wave holds only what the list of environments reveals: reviewers that gate.toml does not declare. Owns the
//! requests beyond those of [`super::observe`]. Must not judge.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use serde::Deserialize;

use crate::http::{ApiError, ErrorKind, Reader, Target};
use crate::model::{Blocker, Cause, EnvName, RepoName, Unknown};

use super::inspection::{Billing, Inspection, Listed, ProtectedBranches, WiderSecrets};
use super::live::{Access, Actor, LiveEnvironment, LiveReviewer, Repository};
use super::observe::{self, RequestedParts};
use super::strictness::ActorId;
use super::target::repo_target;
use super::{reviewers, rulesets};
use crate::desired::github::{BranchPolicy, Desired, Gate, Pattern, Reviewer};

/// What to inspect.
#[derive(Debug, Clone, Copy)]
pub struct InspectionScope<'a> {
    /// What gate.toml declares.
    pub want: &'a Desired,
    /// The environments in question.
    pub environments: &'a BTreeSet<EnvName>,
    /// Paths of the workflow files that deploy: who starts them is of interest.
    pub workflows: &'a BTreeSet<&'a str>,
    /// Whether workflow files are judged too: which secrets deploy then follows from them, so all are of interest, not only declared ones.
    pub judges_workflows: bool,
    /// What the organization's list says about the repository, if it is one of a fleet: then it is not requested separately, and the
    /// environments come first, since they show which lists to read.
    pub listed: Option<&'a Result<Repository, Unknown>>,
}

impl<'a> InspectionScope<'a> {
    /// What gate.toml declares of the environments that may exist; one that only a workflow names has no declared rules.
    fn gates(self) -> Vec<(&'a EnvName, Option<&'a Gate>)> {
        self.environments
            .iter()
            .filter_map(|name| match self.want.environments.get(name) {
                Some(declared) => declared.gate().map(|gate| (name, Some(gate))),
                None => Some((name, None)),
            })
            .collect()
    }
}

/// Reads everything that a verdict needs.
pub async fn inspect(reader: &Reader, repo: &RepoName, interest: InspectionScope<'_>) -> Inspection {
    let gates = interest.gates();
    let declared: BTreeSet<&Reviewer> =
        gates.iter().flat_map(|(_, gate)| gate.iter().flat_map(|gate| gate.reviewers.iter().flatten())).collect();
    let teams: Vec<&str> = declared.iter().filter_map(|reviewer| slug(reviewer, repo)).collect();
    let parts_of = |gate: Option<&Gate>| {
        let parts = parts(gate);
        RequestedParts { secrets: parts.secrets || interest.judges_workflows, ..parts }
    };
    let any_secret = gates.iter().any(|(_, gate)| parts_of(*gate).secrets);

    let environments = async {
        if interest.listed.is_none() {
            let parts = join_all(gates.iter().map(|(name, gate)| observe::asked(reader, repo, name, parts_of(*gate))));
            return tokio::join!(observe::environments(reader, repo), parts);
        }
        let listed = observe::environments(reader, repo).await;
        let there = |name: &EnvName| listed.as_ref().ok()?.get(name)?.as_ref().ok();
        let parts = join_all(gates.iter().map(|(name, gate)| {
            let parts = there(name).map(|there| parts_of(*gate).of(there)).unwrap_or_default();
            observe::asked(reader, repo, name, parts)
        }));
        let parts = parts.await;
        (listed, parts)
    };
    let repository = async {
        match interest.listed {
            Some(listed) => listed.clone(),
            None => observe::repository(reader, repo).await,
        }
    };
    let (repository, (listed, parts), actors, members, protected_branches, billing, wider_secrets, starters) = tokio::join!(
        repository,
        environments,
        join_all(declared.iter().map(|reviewer| reviewers::resolve(reader, repo, reviewer))),
        join_all(teams.iter().map(|team| members(reader, repo.owner(), team))),
        protected_branches(reader, repo),
        billing(reader, repo),
        async { if any_secret { Some(wider_secrets(reader, repo).await) } else { None } },
        starters(reader, repo, interest.workflows),
    );

    let environments = listed.map(|listed| observe::joined(listed, &gates, parts));
    let actors = actors.into_iter().map(|actor| actor.map_err(Blocker::into_unknown));
    let declared: BTreeMap<Reviewer, Result<Actor, Unknown>> = declared.into_iter().cloned().zip(actors).collect();
    let known_teams: BTreeMap<&str, Result<BTreeSet<String>, Unknown>> = teams.iter().copied().zip(members).collect();
    let asked = |name: &EnvName| gates.iter().any(|(asked, _)| *asked == name);
    let live = environments.iter().flatten().filter(|(name, _)| asked(name)).filter_map(|(_, one)| one.as_ref().ok());
    let by_pattern = |one: &LiveEnvironment| {
        let policy = one.branch_policy();
        matches!(policy, Some(BranchPolicy::Selected(patterns)) if patterns.iter().any(Pattern::admits_new_refs))
    };
    let asks_for_rulesets = live.clone().any(by_pattern);
    // Workflows may deploy in an environment that gate.toml does not declare: it holds them back only with a reviewer who can approve.
    let undeclared = |name: &EnvName| interest.judges_workflows && !interest.want.environments.contains_key(name);
    let judged = environments.iter().flatten().filter(|(name, _)| asked(name) || undeclared(name)).filter_map(|(_, one)| one.as_ref().ok());
    let (listed, rulesets) = tokio::join!(listed_reviewers(reader, repo, judged, &declared, &known_teams), async {
        if asks_for_rulesets { Some(rulesets::rulesets(reader, repo).await) } else { None }
    },);
    Inspection { repository, environments, declared, listed, protected_branches, billing, wider_secrets, rulesets, starters }
}

/// The live policy matters even if gate.toml does not set one: it decides which declared deploys can go through.
fn parts(gate: Option<&Gate>) -> RequestedParts {
    RequestedParts { patterns: true, variables: false, ..gate.map(RequestedParts::from).unwrap_or_default() }
}

/// A team of the repository's own organization; another's cannot be a reviewer.
fn slug<'r>(reviewer: &'r Reviewer, repo: &RepoName) -> Option<&'r str> {
    match reviewer {
        Reviewer::Team { org, slug, .. } if org.as_ref().is_none_or(|org| org.eq_ignore_ascii_case(repo.owner())) => Some(slug),
        Reviewer::Team { .. } | Reviewer::User { .. } => None,
    }
}

/// Every reviewer that the environments list. An account that was looked up as a declared reviewer is not looked up again.
async fn listed_reviewers(
    reader: &Reader,
    repo: &RepoName,
    environments: impl Iterator<Item = &LiveEnvironment>,
    declared: &BTreeMap<Reviewer, Result<Actor, Unknown>>,
    teams: &BTreeMap<&str, Result<BTreeSet<String>, Unknown>>,
) -> BTreeMap<ActorId, Listed> {
    let all: BTreeMap<ActorId, &LiveReviewer> = environments.flat_map(|one| &one.reviewers).map(|one| (one.actor(), one)).collect();
    let looked = join_all(all.values().map(|one| async move {
        let access = async {
            match declared.values().flatten().find(|actor| actor.id == one.actor()) {
                Some(actor) => actor.access.clone(),
                None => reviewers::resolve_live(reader, repo, one).await.map_or_else(Access::Unknown, |actor| actor.access),
            }
        };
        let members = async {
            let LiveReviewer::Team { slug, .. } = one else { return None };
            Some(match teams.get(slug.as_str()) {
                Some(members) => members.clone(),
                None => members(reader, repo.owner(), slug).await,
            })
        };
        let (access, members) = tokio::join!(access, members);
        Listed { access, members }
    }));
    let looked = looked.await;
    all.into_keys().zip(looked).collect()
}

async fn members(reader: &Reader, org: &str, slug: &str) -> Result<BTreeSet<String>, Unknown> {
    let target = Target::new(["orgs", org, "teams", slug, "members"]).query("per_page", 100);
    match reader.get_json::<Vec<wire::Login>>(&target).await {
        Ok(members) => Ok(members.into_iter().map(|member| member.login).collect()),
        Err(error) if error.kind == ErrorKind::NotFound => Err(Unknown {
            reason: format!("the members of `{org}/{slug}` cannot be seen ({error})"),
            hint: "give the token the organization permission `Members: read`, or the classic scope read:org".to_owned(),
            cause: Cause::Credentials,
        }),
        Err(error) => Err(error.unknown()),
    }
}

/// Reads which branches are protected.
///
/// # Errors
/// When the list cannot be read.
pub async fn protected_branches(reader: &Reader, repo: &RepoName) -> Result<ProtectedBranches, Unknown> {
    const MOST: usize = 100;
    // One page proves what matters most, that there is one (fact G1.7).
    let names = observe::protected_branches(reader, repo).await?;
    Ok(ProtectedBranches { complete: names.len() < MOST, names })
}

/// Only an organization's plan can be read, and only by some (fact G1.5).
async fn billing(reader: &Reader, repo: &RepoName) -> Billing {
    let endpoint = reader.endpoint();
    let is_cloud = endpoint.is_loopback() || endpoint.web_host() == "github.com" || endpoint.web_host().ends_with(".ghe.com");
    if !is_cloud {
        return Billing::Server;
    }
    let target = Target::new(["orgs", repo.owner()]);
    match reader.get_json::<wire::Organization>(&target).await {
        Ok(wire::Organization { plan: Some(plan) }) => Billing::Plan(plan.name),
        Ok(wire::Organization { plan: None }) => Billing::Unreadable(Unknown {
            reason: format!("GET {target} shows no plan to this token"),
            hint: "give the token the organization permission `Organization plan: read`, or the classic scope admin:org as an owner"
                .to_owned(),
            cause: Cause::Credentials,
        }),
        Err(error) => Billing::Unreadable(error.unknown()),
    }
}

async fn wider_secrets(reader: &Reader, repo: &RepoName) -> WiderSecrets {
    let names = |list: &'static str| async move {
        observe::secrets(reader, &repo_target(repo).join("actions").join(list)).await.map_err(|error| hinted(&error))
    };
    let (repository, organization) = tokio::join!(names("secrets"), names("organization-secrets"));
    WiderSecrets { repository, organization }
}

fn hinted(error: &ApiError) -> Unknown {
    let unknown = error.unknown();
    let hint = match error.kind {
        ErrorKind::Forbidden | ErrorKind::NotFound => {
            "give the token `Secrets: read` on this repository, or the classic scope repo".to_owned()
        }
        _ => unknown.hint,
    };
    Unknown { hint, ..unknown }
}

/// Who started the latest runs of some workflow files, by hand or by a push; the latest first.
async fn starters(reader: &Reader, repo: &RepoName, workflows: &BTreeSet<&str>) -> Option<Vec<String>> {
    if workflows.is_empty() {
        return None;
    }
    let target = repo_target(repo).join("actions").join("runs").query("per_page", 100);
    let runs: wire::Runs = reader.get_json(&target).await.ok()?;
    let of_interest = runs
        .workflow_runs
        .into_iter()
        .filter(|run| run.path.as_deref().is_some_and(|path| workflows.contains(path.split('@').next().unwrap_or(path))));
    Some(of_interest.filter_map(|run| Some(run.triggering_actor.or(run.actor)?.login)).collect())
}

/// Wire formats.
mod wire {
    use super::Deserialize;

    #[derive(Deserialize)]
    pub(super) struct Login {
        pub login: String,
    }

    #[derive(Deserialize)]
    pub(super) struct Organization {
        pub plan: Option<Plan>,
    }

    #[derive(Deserialize)]
    pub(super) struct Plan {
        pub name: String,
    }

    #[derive(Deserialize)]
    pub(super) struct Runs {
        pub workflow_runs: Vec<Run>,
    }

    #[derive(Deserialize)]
    pub(super) struct Run {
        pub path: Option<String>,
        pub actor: Option<Login>,
        pub triggering_actor: Option<Login>,
    }
}
