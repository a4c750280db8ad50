//! Reads the live state from GitHub: GETs only, independent requests concurrently, nothing twice.
//!
//! Owns the requests and the wire shapes. Must not compare anything with the declaration: it only looks up which parts matter.

mod decode;
mod lists;
mod pages;
mod parts;
mod wire;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use serde_json::Value;

use crate::http::{ApiError, ErrorKind, Reader};
use crate::model::{Blocker, EnvName, RepoName, Unknown};

use super::live::{Actor, Environments, Live, LiveEnvironment, LiveReviewer, PolicyMode, Repository};
use super::reviewers;
use super::strictness::ActorId;
use super::target::{environment_target, repo_target};
use crate::desired::github::{self as desired, BranchPolicy, Desired, Gate, Reviewer};

pub(super) use decode::listed;
use lists::installed_rules;
pub(super) use lists::secrets;
pub use lists::{integration_id, patterns, protection_rules};
pub(super) use pages::page;
pub use pages::{MAX_PAGES, Page, pages};
pub use parts::RequestedParts;
pub(super) use parts::asked;
use parts::{Parts, when};

/// Reads everything that a plan for `want` needs.
///
/// The first wave has every request that does not depend on an answer, so the chain is one request deep unless a list has more
/// pages, a reviewer cannot be looked up through the repository, or a custom rule or a deletion needs a closer look.
pub async fn observe(reader: &Reader, repo: &RepoName, want: &Desired) -> Live {
    let gates = gates(want);
    let declared: BTreeSet<&Reviewer> = gates.iter().flat_map(|(_, gate)| gate.reviewers.iter().flatten()).collect();
    // Only the policy "protected" depends on which branches are protected.
    let protection_matters = gates.iter().any(|(_, gate)| gate.deployment_branch_policy == Some(BranchPolicy::Protected));

    let (repository, listed, parts, reviewers, protected_branches) = tokio::join!(
        repository(reader, repo),
        environments(reader, repo),
        join_all(gates.iter().map(|(name, gate)| asked(reader, repo, name, (*gate).into()))),
        join_all(declared.iter().map(|reviewer| reviewers::resolve(reader, repo, reviewer))),
        when(protection_matters, protected_branches(reader, repo)),
    );

    let reviewers = declared.into_iter().cloned().zip(reviewers).collect();
    let environments = listed.map(|listed| joined(listed, &gates, parts));
    completed(reader, repo, want, Live { reviewers, protected_branches, ..Live::new(repository, environments) }).await
}

/// Reads everything that a plan for `want` needs of a repository that its organization's list has described.
///
/// The environments come first: they show which lists to read and whose access matters. An unchanged repository takes
/// one request, and one more for each environment in selected mode. Through a reader that shares answers, people are looked up once.
pub async fn observe_listed(reader: &Reader, repo: &RepoName, want: &Desired, repository: Result<Repository, Unknown>) -> Live {
    let gates = gates(want);
    let declared: BTreeSet<&Reviewer> = gates.iter().flat_map(|(_, gate)| gate.reviewers.iter().flatten()).collect();
    let protection_matters = gates.iter().any(|(_, gate)| gate.deployment_branch_policy == Some(BranchPolicy::Protected));
    let (listed, actors, protected_branches) = tokio::join!(
        environments(reader, repo),
        join_all(declared.iter().map(|reviewer| reviewers::identify(reader, repo.owner(), reviewer))),
        when(protection_matters, protected_branches(reader, repo)),
    );
    let listed = match listed {
        Ok(listed) => listed,
        Err(unknown) => return Live::new(repository, Err(unknown)),
    };
    let mut reviewers: BTreeMap<Reviewer, Result<Actor, Blocker>> = declared.into_iter().cloned().zip(actors).collect();
    let live = |name: &EnvName| listed.get(name).and_then(|there| there.as_ref().ok());
    let sent: BTreeSet<&Reviewer> = want
        .environments
        .iter()
        .filter(|(name, environment)| sends_reviewers(environment, listed.get(*name), &reviewers))
        .flat_map(|(_, environment)| environment.gate().and_then(|gate| gate.reviewers.as_ref()).into_iter().flatten())
        .collect();
    let (parts, access) = tokio::join!(
        join_all(gates.iter().map(|(name, gate)| {
            let parts = live(name).map(|there| RequestedParts::from(*gate).of(there)).unwrap_or_default();
            asked(reader, repo, name, parts)
        })),
        join_all(sent.iter().filter_map(|reviewer| {
            let actor = reviewers.get(*reviewer)?.as_ref().ok()?;
            Some(async move { ((*reviewer).clone(), reviewers::access(reader, repo, reviewer, actor).await) })
        })),
    );
    for (reviewer, access) in access {
        if let Some(Ok(actor)) = reviewers.get_mut(&reviewer) {
            actor.access = access;
        }
    }
    let environments = Ok(joined(listed, &gates, parts));
    completed(reader, repo, want, Live { reviewers, protected_branches, ..Live::new(repository, environments) }).await
}

/// Whether bringing an environment in line sends its declared reviewers: GitHub drops those without access, so that is looked up.
fn sends_reviewers(
    environment: &desired::DesiredEnvironment,
    there: Option<&Result<LiveEnvironment, Unknown>>,
    actors: &BTreeMap<Reviewer, Result<Actor, Blocker>>,
) -> bool {
    let (Some(gate), created) = (environment.gate(), matches!(environment, desired::DesiredEnvironment::Present(_))) else { return false };
    let there = match there {
        None => return created,
        Some(Err(_)) => return false,
        Some(Ok(there)) => there,
    };
    let listed: BTreeSet<ActorId> = there.reviewers.iter().map(LiveReviewer::actor).collect();
    let declared = gate.reviewers.as_ref().map(|all| all.iter().filter_map(|one| Some(actors.get(one)?.as_ref().ok()?.id)).collect());
    there.rules_differ(gate) || declared.is_some_and(|declared: BTreeSet<ActorId>| declared != listed)
}

/// Adds what matters only because of the environments.
async fn completed(reader: &Reader, repo: &RepoName, want: &Desired, mut live: Live) -> Live {
    let gates = gates(want);
    let Live { environments, reviewers, .. } = &live;
    let (available_rules, carried) = match environments {
        Ok(environments) => {
            let carried = carried(reader, repo, &gates, environments, reviewers);
            tokio::join!(available_rules(reader, repo, &gates, environments), carried)
        }
        Err(_) => (BTreeMap::new(), BTreeMap::new()),
    };
    let deletes = environments.as_ref().is_ok_and(|live| {
        want.environments.iter().any(|(name, environment)| *environment == desired::DesiredEnvironment::Absent && live.contains_key(name))
    });
    (live.available_rules, live.carried) = (available_rules, carried);
    live.waiting_runs = if deletes { Some(waiting_runs(reader, repo).await) } else { None };
    live
}

/// Reads again what a plan for `want` was about, after it was written: the environments and their parts. The rest is taken from `before`.
pub async fn again(reader: &Reader, repo: &RepoName, want: &Desired, before: &Live) -> Live {
    let gates = gates(want);
    let (listed, parts) =
        tokio::join!(environments(reader, repo), join_all(gates.iter().map(|(name, gate)| asked(reader, repo, name, (*gate).into()))));
    let environments = listed.map(|listed| joined(listed, &gates, parts));
    let available_rules = match &environments {
        Ok(environments) => available_rules(reader, repo, &gates, environments).await,
        Err(_) => BTreeMap::new(),
    };
    Live { environments, available_rules, waiting_runs: None, ..before.clone() }
}

fn gates(want: &Desired) -> Vec<(&EnvName, &Gate)> {
    want.environments.iter().filter_map(|(name, environment)| Some((name, environment.gate()?))).collect()
}

pub(super) fn joined<G>(mut listed: Environments, gates: &[(&EnvName, G)], parts: Vec<Parts>) -> Environments {
    for ((name, _), parts) in gates.iter().zip(parts) {
        if let Some(Ok(environment)) = listed.get_mut(*name) {
            parts.join(environment);
        }
    }
    listed
}

/// Reads every environment with all its parts, or only the ones in `only` if it names any.
///
/// For repositories without a declaration: only the list shows which parts exist, so the chain is two requests deep.
/// Reviewers are not looked up: the list gives their ids.
pub async fn everything(reader: &Reader, repo: &RepoName, only: &[EnvName]) -> Live {
    let (repository, listed) = tokio::join!(repository(reader, repo), environments(reader, repo));
    let mut environments = match listed {
        Ok(environments) => environments,
        Err(unknown) => return Live::new(repository, Err(unknown)),
    };
    environments.retain(|name, _| only.is_empty() || only.contains(name));
    let everything = |there: &LiveEnvironment| RequestedParts {
        patterns: there.policy == PolicyMode::Selected,
        protection_rules: true,
        variables: true,
        secrets: true,
    };
    let refs_matter = environments.values().flatten().any(|there| there.policy == PolicyMode::Protected);
    let (parts, protected_branches) = tokio::join!(
        join_all(environments.values().flatten().map(|there| asked(reader, repo, &there.name, everything(there)))),
        when(refs_matter, protected_branches(reader, repo)),
    );
    for (there, parts) in environments.values_mut().flatten().zip(parts) {
        parts.join(there);
    }
    Live { protected_branches, ..Live::new(repository, Ok(environments)) }
}

/// The names of all environments.
///
/// # Errors
/// When they cannot be listed.
pub async fn names(reader: &Reader, repo: &RepoName) -> Result<BTreeSet<EnvName>, Unknown> {
    Ok(environments(reader, repo).await?.into_keys().collect())
}

/// Which refs each environment admits, or why that cannot be read.
pub type Policies = BTreeMap<EnvName, Result<BranchPolicy, Unknown>>;

/// Reads which refs some environments admit, or why the patterns cannot be read. What is not listed does not exist.
///
/// # Errors
/// When the environments cannot be listed.
pub async fn policies(reader: &Reader, repo: &RepoName, names: &BTreeSet<EnvName>) -> Result<Policies, Unknown> {
    let patterns = RequestedParts { patterns: true, ..RequestedParts::default() };
    let (listed, parts) = tokio::join!(environments(reader, repo), join_all(names.iter().map(|name| asked(reader, repo, name, patterns))));
    let mut listed = listed?;
    Ok(names
        .iter()
        .zip(parts)
        .filter_map(|(name, parts)| {
            let environment = match listed.get_mut(name)? {
                Ok(environment) => environment,
                Err(unknown) => return Some((name.clone(), Err(unknown.clone()))),
            };
            parts.join(environment);
            let policy = match (environment.branch_policy(), &environment.patterns) {
                (Some(policy), _) => Ok(policy),
                (None, Some(Err(unknown))) => Err(unknown.clone()),
                (None, _) => Err(Unknown::new("the patterns of its policy were not read", "run the command again")),
            };
            Some((name.clone(), policy))
        })
        .collect())
}

/// Reads one environment again, with the same parts as `like` has; `None` if GitHub answers that it does not exist.
///
/// A lone 404 is not proof of absence, but with the complete list that the plan was made from it shows that nothing appeared since.
///
/// # Errors
/// When any part cannot be read.
pub async fn environment(
    reader: &Reader,
    repo: &RepoName,
    name: &EnvName,
    like: RequestedParts,
) -> Result<Option<LiveEnvironment>, ApiError> {
    let target = environment_target(repo, name);
    let (one, parts) = tokio::join!(reader.get_json::<Value>(&target), asked(reader, repo, name, like));
    match one {
        Ok(one) => {
            let (_, environment) = decode::entry(&one).map_err(|why| reader.malformed(&target, why))?;
            let mut environment = environment.map_err(|unknown| reader.malformed(&target, unknown.reason))?;
            parts.whole(environment.policy)?.join(&mut environment);
            Ok(Some(environment))
        }
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) async fn repository(reader: &Reader, repo: &RepoName) -> Result<Repository, Unknown> {
    let target = repo_target(repo);
    let moved = |how: String| {
        Unknown::new(
            format!("{repo} was renamed or moved: {how}"),
            "write its new name into gate.toml (`github.repository`) or pass it with --repo; gatectl does not follow a rename, since a write would",
        )
    };
    let found: wire::Repository = reader.get_json(&target).await.map_err(|error| match &error.kind {
        ErrorKind::Moved(_) => moved(error.to_string()),
        ErrorKind::NotFound if reader.is_authenticated() => {
            let unknown = error.unknown();
            Unknown { hint: format!("{}: `gh repo view {repo}`", unknown.hint), ..unknown }
        }
        _ => error.unknown(),
    })?;
    // A proxy may have followed a redirect: the answer must be about what was requested.
    let name = RepoName::parse(&found.full_name)
        .ok()
        .filter(|name| name == repo)
        .ok_or_else(|| moved(format!("GET {target} answers for `{}`", found.full_name)))?;
    decode::repository(name, found).map_err(|why| reader.malformed(&target, why).unknown())
}

pub(super) async fn environments(reader: &Reader, repo: &RepoName) -> Result<Environments, Unknown> {
    let target = repo_target(repo).join("environments");
    const PER_PAGE: usize = 100;
    let listed = pages::<_, wire::Environments>(reader, &target, PER_PAGE).await.map_err(|e| e.unknown())?;
    let several_pages = listed.len() > PER_PAGE;
    let mut environments = Environments::new();
    for one in listed {
        let (name, environment) = decode::entry(&one).map_err(|why| reader.malformed(&target, why).unknown())?;
        match environments.insert(name.clone(), environment) {
            None => {}
            // One entry may be on two pages if another one is added meanwhile.
            Some(twin) if several_pages && environments.get(&name) == Some(&twin) => {}
            Some(_) => {
                let message = format!("the list contains `{name}` twice, ignoring case");
                return Err(reader.malformed(&target, message).unknown());
            }
        }
    }
    Ok(environments)
}

pub(super) async fn protected_branches(reader: &Reader, repo: &RepoName) -> Result<BTreeSet<String>, Unknown> {
    // This list carries no total: a full page means that there may be more (fact G1.7). One page proves that there is at least one.
    let target = repo_target(repo).join("branches").query("protected", true).query("per_page", 100);
    let branches: Vec<wire::Branch> = reader.get_json(&target).await.map_err(|e| e.unknown())?;
    Ok(branches.into_iter().map(|branch| branch.name).collect())
}

async fn available_rules(
    reader: &Reader,
    repo: &RepoName,
    gates: &[(&EnvName, &Gate)],
    environments: &Environments,
) -> BTreeMap<EnvName, Result<BTreeMap<String, u64>, Unknown>> {
    // An environment that does not exist has no such list: its rules are looked up when it has been made.
    let missing = gates.iter().filter(|(name, gate)| {
        environments.get(*name).and_then(|live| live.as_ref().ok()).is_some_and(|live| {
            let enabled = live.protection_rules.as_ref().and_then(|rules| rules.as_ref().ok());
            gate.protection_rules.iter().flatten().any(|slug| !enabled.is_some_and(|rules| rules.contains_key(slug)))
        })
    });
    join_all(missing.map(|(name, _)| async move {
        let apps = installed_rules(reader, repo, name).await;
        ((*name).clone(), apps.map_err(|e| e.unknown()))
    }))
    .await
    .into_iter()
    .collect()
}

/// Looks up the undeclared reviewers that a write would send along: GitHub drops those without access (law 5).
async fn carried(
    reader: &Reader,
    repo: &RepoName,
    gates: &[(&EnvName, &Gate)],
    environments: &Environments,
    declared: &BTreeMap<Reviewer, Result<Actor, Blocker>>,
) -> BTreeMap<ActorId, Result<Actor, Unknown>> {
    let written = gates.iter().filter_map(|(name, gate)| {
        let there = environments.get(*name)?.as_ref().ok()?;
        there.carries_reviewers(gate).then_some(there)
    });
    let all: BTreeMap<ActorId, &LiveReviewer> = written.flat_map(|there| &there.reviewers).map(|one| (one.actor(), one)).collect();
    let looked = join_all(all.values().map(|one| async {
        match declared.values().flatten().find(|actor| actor.id == one.actor()) {
            Some(actor) => Ok(actor.clone()),
            None => reviewers::resolve_live(reader, repo, one).await,
        }
    }));
    let looked = looked.await;
    all.into_keys().zip(looked).collect()
}

async fn waiting_runs(reader: &Reader, repo: &RepoName) -> Result<u64, Unknown> {
    let target = repo_target(repo).join("actions").join("runs").query("status", "waiting").query("per_page", 1);
    let runs: wire::Runs = reader.get_json(&target).await.map_err(|e| e.unknown())?;
    Ok(runs.total_count)
}
