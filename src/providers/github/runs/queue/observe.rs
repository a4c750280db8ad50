//! Reads what is deployed to environments in which something waits, and what would ship: GETs only.
//!
//! Owns the requests and how far they look back. Must not judge.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use jiff::Timestamp;

use super::super::observe::{MergedLately, WaitingRun, merged_pull_requests, run_of_link, statuses};
use super::super::target::PER_PAGE;
use super::super::{Deployment, Status, wire};
use super::{Comparison, Deployed, Merged, Queue, Relation, Target};
use crate::http::{ApiError, Reader};
use crate::model::{EnvName, RepoName};
use crate::providers::github::target::repo_target;

/// Pages of deployments that are searched for the ones that wait and for one that succeeded.
const DEPLOYMENT_PAGES: usize = 3;
/// How many deployments that do not wait are asked at once whether they succeeded.
const AT_ONCE: usize = 10;
/// Pages of commits of one comparison.
const COMMIT_PAGES: usize = 3;
/// Pages of merged pull requests.
const PULL_PAGES: usize = 3;

/// Reads what is deployed to the environments that these runs wait for, then compares each waiting commit with it.
pub async fn queue(reader: &Reader, repo: &RepoName, runs: Vec<WaitingRun>) -> Queue {
    let mut wanted: BTreeMap<&EnvName, Vec<&WaitingRun>> = BTreeMap::new();
    for one in &runs {
        for pending in one.pending.iter().flatten() {
            wanted.entry(&pending.environment).or_default().push(one);
        }
    }
    let targets = join_all(wanted.iter().map(|(name, runs)| async move {
        let target = target(reader, repo, name, runs).await.map_err(|error| error.unknown());
        ((*name).clone(), target)
    }))
    .await;
    let environments: BTreeMap<EnvName, _> = targets.into_iter().collect();
    let deployed = |name: &EnvName| environments.get(name)?.as_ref().ok()?.deployed.as_ref();
    let pairs: BTreeSet<(String, String)> = wanted
        .iter()
        .filter_map(|(name, runs)| Some((deployed(name)?, runs)))
        .flat_map(|(deployed, runs)| runs.iter().map(|one| (deployed.deployment.sha.clone(), one.run.sha.clone())))
        .collect();
    let compared = join_all(pairs.into_iter().map(|(base, head)| async move {
        let comparison = compare(reader, repo, &base, &head).await.map_err(|error| error.unknown());
        ((base, head), comparison)
    }))
    .await;
    let comparisons: BTreeMap<(String, String), Result<Comparison, _>> = compared.into_iter().collect();
    let new = comparisons.values().flatten().flat_map(|comparison| &comparison.commits);
    let merged = match new.map(|commit| commit.committed_at).min() {
        // A pull request is not updated before the commit that merged it exists.
        Some(oldest) => merged(reader, repo, oldest).await.map_err(|error| error.unknown()),
        None => Ok(Merged { complete: true, ..Merged::default() }),
    };
    Queue { runs, environments, comparisons, merged }
}

async fn merged(reader: &Reader, repo: &RepoName, oldest: Option<Timestamp>) -> Result<Merged, ApiError> {
    let MergedLately { pulls, complete } = merged_pull_requests(reader, repo, oldest.unwrap_or(Timestamp::MIN), PULL_PAGES).await?;
    Ok(Merged { by_commit: pulls.into_iter().map(|pull| (pull.merge_commit.clone(), pull)).collect(), complete })
}

/// The deployments of runs that wait are looked up among the newest ones, and so is the newest success.
async fn target(reader: &Reader, repo: &RepoName, name: &EnvName, runs: &[&WaitingRun]) -> Result<Target, ApiError> {
    let list = repo_target(repo).join("deployments").query("environment", name).query("per_page", PER_PAGE);
    let waits = |made: &Deployment| runs.iter().any(|one| one.run.sha.eq_ignore_ascii_case(&made.sha));
    let mut target = Target::default();
    for page in 1..=DEPLOYMENT_PAGES {
        let (listed, has_next) = reader.get_page::<Vec<wire::WireDeployment>>(&list.clone().query("page", page)).await?;
        let full = listed.len() >= PER_PAGE;
        let listed = listed.into_iter().map(Deployment::from).filter(|made| made.environment.to_lowercase() == name.folded());
        let (mut next, mut others): (Vec<Deployment>, Vec<Deployment>) = listed.partition(waits);
        // All records of waiting deployments are read; the others only until one succeeded.
        while !next.is_empty() || (target.deployed.is_none() && !others.is_empty()) {
            if target.deployed.is_none() {
                next.extend(others.drain(..AT_ONCE.min(others.len())));
            }
            let read = join_all(next.iter().map(|made| statuses(reader, repo, made.id))).await;
            for (made, statuses) in std::mem::take(&mut next).into_iter().zip(read) {
                target.note(repo, runs, made, &statuses?);
            }
        }
        let found = target.deployed.is_some() && runs.iter().all(|one| target.since.contains_key(&one.run.id));
        if found || !(has_next || full) {
            break;
        }
    }
    Ok(target)
}

impl Target {
    /// Takes in a deployment; its statuses stand newest first.
    fn note(&mut self, repo: &RepoName, runs: &[&WaitingRun], made: Deployment, statuses: &[Status]) {
        let run = statuses.iter().find_map(|status| run_of_link(status.log.as_deref()?, repo));
        let waiting = statuses.iter().take_while(|status| status.state == "waiting").last();
        if let (Some(id), Some(status)) = (run, waiting)
            && runs.iter().any(|one| one.run.id == id)
        {
            let since = self.since.entry(id).or_insert(status.created_at);
            *since = status.created_at.min(*since);
        }
        let success = statuses.iter().find(|status| status.state == "success").map(|status| status.created_at);
        if let Some(succeeded_at) = success
            && self.deployed.as_ref().is_none_or(|known| known.succeeded_at < succeeded_at)
        {
            self.deployed = Some(Deployed { deployment: made, succeeded_at, run });
        }
    }
}

/// Compares two commits; commits beyond a few hundred are counted and not read.
///
/// # Errors
/// When GitHub cannot compare them, or its answer contradicts itself.
pub async fn compare(reader: &Reader, repo: &RepoName, base: &str, head: &str) -> Result<Comparison, ApiError> {
    if base.eq_ignore_ascii_case(head) {
        return Ok(Comparison { relation: Relation::Identical, ahead_by: 0, commits: Vec::new() });
    }
    let target = repo_target(repo).join("compare").join(&format!("{base}...{head}")).query("per_page", PER_PAGE);
    let page = async |page: usize| -> Result<wire::WireComparison, ApiError> { reader.get_json(&target.clone().query("page", page)).await };
    let first = page(1).await?;
    let malformed = |what: &str| reader.malformed(&target, what.to_owned());
    if !first.base_commit.sha.eq_ignore_ascii_case(base) {
        return Err(malformed("the answer compares with another commit"));
    }
    let relation = match (first.status.as_str(), first.ahead_by) {
        ("identical", 0) => Relation::Identical,
        ("behind", 0) => Relation::Behind,
        ("ahead", 1..) => Relation::Ahead,
        ("diverged", 1..) => Relation::Diverged,
        _ => return Err(malformed("the status and the number of commits contradict each other")),
    };
    let (ahead_by, mut commits) = (first.ahead_by, first.commits);
    for number in 2..=COMMIT_PAGES.min(ahead_by.div_ceil(PER_PAGE)) {
        commits.extend(page(number).await?.commits);
    }
    if commits.len() > ahead_by || (commits.len() < ahead_by && commits.len() < COMMIT_PAGES * PER_PAGE) {
        return Err(malformed("the number of commits contradicts the list of commits"));
    }
    Ok(Comparison { relation, ahead_by, commits: commits.into_iter().map(Into::into).collect() })
}
