//! What waits for a review, compared with what is deployed: its age, what it would ship, and whether it is out of date. Pure.
//!
//! Owns when a deployment counts as overtaken. `observe` sends the requests. Must not know who may approve, freezes or rendering.
//! Tested in `queue/tests.rs` and in `commands/runs/tests/`.

pub mod observe;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;

use super::changes::{Change, Commit, PullRequest};
use super::observe::WaitingRun;
use super::{Deployment, Pending, Run};
use crate::model::{EnvName, Unknown};

/// Everything that was read about what waits.
#[derive(Debug, Clone, PartialEq)]
pub struct Queue {
    /// The runs, and what each waits for.
    pub runs: Vec<WaitingRun>,
    /// The environments that they wait for.
    pub environments: BTreeMap<EnvName, Result<Target, Unknown>>,
    /// The comparison of deployed with waiting, by the two commits.
    pub comparisons: BTreeMap<(String, String), Result<Comparison, Unknown>>,
    /// The pull requests that were merged lately.
    pub merged: Result<Merged, Unknown>,
}

/// An environment that something waits for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Target {
    /// What is deployed; `None` if no recent deployment succeeded.
    pub deployed: Option<Deployed>,
    /// When the deployment of each run began to wait, as far as its record was found.
    pub since: BTreeMap<u64, Timestamp>,
}

/// A deployment that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// The deployment.
    pub deployment: Deployment,
    /// When it succeeded.
    pub succeeded_at: Timestamp,
    /// The run that its statuses lead to.
    pub run: Option<u64>,
}

/// How one commit relates to another (fact G1.8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The head's position relative to the base.
    pub relation: Relation,
    /// How many commits the head has and the base does not.
    pub ahead_by: usize,
    /// These commits, the oldest first; fewer than `ahead_by` if there are too many.
    pub commits: Vec<Commit>,
}

/// A commit's position relative to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Relation {
    /// It is the same commit.
    Identical,
    /// It has commits that the other one lacks.
    Ahead,
    /// The other one contains it.
    Behind,
    /// Each has commits that the other one lacks.
    Diverged,
}

/// Pull requests that were merged lately.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Merged {
    /// By the commit that brought each into its base.
    pub by_commit: BTreeMap<String, PullRequest>,
    /// Whether these are all that can belong to what waits.
    pub complete: bool,
}

/// One environment that one run waits for.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting<'q> {
    /// The run.
    pub run: &'q Run,
    /// What it waits for.
    pub pending: &'q Pending,
    /// When it began to wait; `None` if its deployment record was not found.
    pub since: Option<Timestamp>,
    /// What is deployed now, or why that is not known.
    pub deployed: Result<Option<&'q Deployed>, &'q Unknown>,
    /// What it would ship, or why that is not known.
    pub ships: Result<Ships<'q>, NotCompared<'q>>,
    /// Whether a newer deployment has overtaken it.
    pub overtaken: Overtaken<'q>,
    /// The newest run that waits for the same environment with a commit that contains this one.
    pub newer: Option<&'q Run>,
}

impl Waiting<'_> {
    /// When it began to wait, or the earliest moment by which it certainly did.
    pub fn since_at_latest(&self) -> Timestamp {
        self.since.unwrap_or(self.run.updated_at)
    }
}

/// What a waiting deployment would bring.
#[derive(Debug, Clone, PartialEq)]
pub struct Ships<'q> {
    /// Its commits compared with what is deployed.
    pub comparison: &'q Comparison,
    /// The same as authors and pull requests.
    pub change: Change,
    /// Why the pull requests are not known, if they could not be read.
    pub pull_requests_unknown: Option<&'q Unknown>,
    /// Whether every commit and every pull request is among them.
    pub complete: bool,
}

/// Why it is unknown what would ship.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotCompared<'q> {
    /// No recent deployment to the environment succeeded, so there is nothing to compare with.
    NothingDeployed,
    /// The deployments or the comparison could not be read.
    Unread(&'q Unknown),
}

/// Whether a newer deployment has overtaken a waiting one.
///
/// It did if it succeeded after the other one began to wait and contains its commit. A deployment of an older commit that was requested
/// later than that is a rollback, which someone may want.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Overtaken<'q> {
    /// It did not.
    No,
    /// This one did.
    By(&'q Deployed),
    /// That cannot be determined.
    Unknown(String),
}

impl Queue {
    /// Everything that waits, longest waiting first.
    pub fn waiting(&self) -> Vec<Waiting<'_>> {
        let pairs = self.runs.iter().flat_map(|one| one.pending.iter().flatten().map(move |pending| (&one.run, pending)));
        let mut waiting: Vec<Waiting<'_>> = pairs.map(|(run, pending)| self.one(run, pending)).collect();
        self.link_newer(&mut waiting);
        waiting.sort_by_key(|one| (one.since_at_latest(), one.run.id, one.pending.environment_id));
        waiting
    }

    fn one<'q>(&'q self, run: &'q Run, pending: &'q Pending) -> Waiting<'q> {
        let target = self.environments.get(&pending.environment);
        let since = target.and_then(|target| target.as_ref().ok()).and_then(|target| target.since.get(&run.id)).copied();
        let deployed = match target {
            Some(Ok(target)) => Ok(target.deployed.as_ref()),
            Some(Err(unknown)) => Err(unknown),
            None => Ok(None),
        };
        let comparison = match deployed {
            Err(unknown) => Err(NotCompared::Unread(unknown)),
            Ok(None) => Err(NotCompared::NothingDeployed),
            Ok(Some(deployed)) => match self.comparisons.get(&(deployed.deployment.sha.clone(), run.sha.clone())) {
                Some(Ok(comparison)) => Ok(comparison),
                Some(Err(unknown)) => Err(NotCompared::Unread(unknown)),
                None => Err(NotCompared::NothingDeployed),
            },
        };
        let overtaken = overtaken(run, since, deployed, comparison);
        Waiting { run, pending, since, deployed, ships: comparison.map(|comparison| self.ships(comparison)), overtaken, newer: None }
    }

    fn ships<'q>(&'q self, comparison: &'q Comparison) -> Ships<'q> {
        let none = Merged::default();
        let merged = self.merged.as_ref().unwrap_or(&none);
        let change = Change::of(&comparison.commits, &merged.by_commit);
        let complete = comparison.commits.len() == comparison.ahead_by && (merged.complete || comparison.commits.is_empty());
        Ships { comparison, change, pull_requests_unknown: self.merged.as_ref().err(), complete }
    }

    /// A commit that waits is newer than another one if what it would ship contains the other, or if the other is deployed already.
    fn link_newer(&self, waiting: &mut [Waiting<'_>]) {
        let shipped: Vec<BTreeSet<&str>> = waiting
            .iter()
            .map(|one| one.ships.iter().flat_map(|ships| &ships.comparison.commits).map(|commit| commit.sha.as_str()).collect())
            .collect();
        let relation = |one: &Waiting<'_>| one.ships.as_ref().ok().map(|ships| ships.comparison.relation);
        for at in 0..waiting.len() {
            let Some(older) = waiting.get(at) else { continue };
            let deployed = matches!(relation(older), Some(Relation::Behind | Relation::Identical));
            let contains = |(other, commits): &(&Waiting<'_>, &BTreeSet<&str>)| {
                other.pending.environment == older.pending.environment
                    && other.run.sha != older.run.sha
                    && (commits.contains(older.run.sha.as_str()) || (deployed && relation(other) == Some(Relation::Ahead)))
            };
            let newest =
                waiting.iter().zip(&shipped).filter(contains).map(|(other, _)| other.run).max_by_key(|run| (run.created_at, run.id));
            if let Some(one) = waiting.get_mut(at) {
                one.newer = newest;
            }
        }
    }

    /// The runs whose pending deployments are all overtaken: rejecting one fails the whole run.
    pub fn stale<'q>(waiting: &[Waiting<'q>]) -> Vec<&'q Run> {
        let mut by_run: BTreeMap<u64, (&Run, bool)> = BTreeMap::new();
        for one in waiting {
            let stale = matches!(one.overtaken, Overtaken::By(_));
            by_run.entry(one.run.id).and_modify(|(_, all)| *all &= stale).or_insert((one.run, stale));
        }
        by_run.into_values().filter(|(_, all)| *all).map(|(run, _)| run).collect()
    }
}

fn overtaken<'q>(
    run: &Run,
    since: Option<Timestamp>,
    deployed: Result<Option<&'q Deployed>, &Unknown>,
    comparison: Result<&Comparison, NotCompared<'_>>,
) -> Overtaken<'q> {
    let deployed = match deployed {
        Ok(Some(deployed)) => deployed,
        Ok(None) => return Overtaken::No,
        Err(unknown) => return Overtaken::Unknown(unknown.reason.clone()),
    };
    // Nothing waits before its run was created.
    if deployed.succeeded_at < since.unwrap_or(run.created_at) {
        return Overtaken::No;
    }
    match comparison.map(|comparison| comparison.relation) {
        Ok(Relation::Ahead | Relation::Diverged) => Overtaken::No,
        Ok(Relation::Identical | Relation::Behind) if since.is_some() => Overtaken::By(deployed),
        Ok(Relation::Identical | Relation::Behind) => {
            Overtaken::Unknown("its deployment record was not found, so it is unknown when it began to wait".to_owned())
        }
        Err(NotCompared::Unread(unknown)) => Overtaken::Unknown(unknown.reason.clone()),
        Err(NotCompared::NothingDeployed) => Overtaken::No,
    }
}

#[cfg(test)]
mod tests;
