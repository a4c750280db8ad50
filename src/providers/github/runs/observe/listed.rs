//! The runs around a period, by page: those of the whole repository if they are few, else those of each workflow that deployed.
//!
//! Owns how many pages are asked for. What no page shows is asked for run by run, so a list that fails costs requests and no evidence.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::super::target::{PER_PAGE, run_target, runs_target};
use super::super::{Run, wire};
use crate::http::{ApiError, ErrorKind, Reader, Target};
use crate::model::{Answer, RepoName};
use crate::providers::github::observe::Page as _;
use crate::providers::github::target::repo_target;

/// Of a list that is narrowed, GitHub shows the first 1,000 (fact G1.6). Whether its total counts the others is not documented.
const SHOWN: usize = 1000;
/// How many workflows are listed on their own: deployments of one repository come from few.
const WORKFLOWS: usize = 4;

/// The runs that were read, and of what they are all.
#[derive(Default)]
pub(super) struct Listed {
    pub(super) runs: BTreeMap<u64, Answer<Run>>,
    /// Whether these are all runs of the period.
    pub(super) whole: bool,
    /// The workflows of which all runs of the period were read.
    workflows: BTreeSet<u64>,
}

/// When the runs were made that are asked for: from a moment, up to and with another one or until today.
#[derive(Clone, Copy)]
pub(super) struct Period {
    from: Timestamp,
    to: Option<Timestamp>,
}

impl Period {
    /// Around the deployments from a moment up to and without another one: a run starts before its deployments do, seldom by more than
    /// a day.
    pub(super) fn around(from: Timestamp, until: Option<Timestamp>) -> Self {
        let before = |at: Timestamp, by: SignedDuration| at.checked_sub(by).unwrap_or(at);
        Self { from: before(from, SignedDuration::from_hours(24)), to: until.map(|until| before(until, SignedDuration::from_secs(1))) }
    }

    /// As GitHub's lists of runs take it.
    fn created(self) -> String {
        let second = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        match self.to {
            Some(to) => format!("{}..{}", second(self.from), second(to)),
            None => format!(">={}", second(self.from)),
        }
    }
}

impl Listed {
    /// All runs of the period, if that takes no more than `most` pages; else those of the first page.
    pub(super) async fn of_repository(reader: &Reader, repo: &RepoName, period: Option<Period>, most: usize) -> Self {
        let Some(period) = period else { return Self { whole: true, ..Self::default() } };
        let (runs, whole) = pages(reader, &runs_target(repo), period, most).await;
        Self { runs: runs.into_iter().map(|run| (run.id, Answer::Present(run))).collect(), whole, workflows: BTreeSet::new() }
    }

    /// Adds the runs of each workflow that `wanted` are of: one run names its workflow, whose list shows the others. A list that takes
    /// more than `most` pages is read only if asking run by run would take more.
    pub(super) async fn add_workflows(
        &mut self,
        reader: &Reader,
        repo: &RepoName,
        period: Option<Period>,
        wanted: &BTreeSet<u64>,
        most: usize,
    ) {
        let Some(period) = period.filter(|_| !self.whole) else { return };
        let mut tried: BTreeSet<u64> = BTreeSet::new();
        for _ in 0..2 * WORKFLOWS {
            let of = |id: &u64| self.runs.get(id)?.present()?.workflow_id;
            let missing: Vec<u64> = wanted.iter().filter(|id| !self.runs.contains_key(id)).copied().collect();
            let Some(workflow) = wanted.iter().filter_map(of).find(|workflow| !tried.contains(workflow)) else {
                let Some(newest) = missing.last() else { return };
                let run = examine(reader, repo, *newest).await;
                self.runs.insert(*newest, run);
                continue;
            };
            tried.insert(workflow);
            let target = repo_target(repo).join("actions").join("workflows").join(&workflow.to_string()).join("runs");
            let (runs, whole) = pages(reader, &target, period, most.max(missing.len())).await;
            if whole {
                self.workflows.insert(workflow);
            }
            self.runs.extend(runs.into_iter().map(|run| (run.id, Answer::Present(run))));
        }
    }

    /// The runs of the period of every workflow that these runs are of; none if a list was not read to its end.
    pub(super) fn all_of(&self, deploying: &BTreeSet<u64>) -> Option<Vec<Run>> {
        let runs = || self.runs.values().filter_map(Answer::present);
        let of = |run: &&Run| run.workflow_id.is_some_and(|id| self.workflows.contains(&id));
        let known = || runs().filter(|run| deploying.contains(&run.id)).all(|run| of(&run));
        (self.whole || !self.workflows.is_empty() && known()).then(|| runs().filter(|run| self.whole || of(run)).cloned().collect())
    }
}

/// One run as an answer; absent after a 404: deleted, too old, or hidden from this token.
pub(super) async fn examine(reader: &Reader, repo: &RepoName, id: u64) -> Answer<Run> {
    match run(reader, repo, id).await {
        Ok(run) => Answer::Present(run),
        Err(error) if error.kind == ErrorKind::NotFound => Answer::Absent,
        Err(error) => Answer::Unknown(error.unknown()),
    }
}

/// One run.
///
/// # Errors
/// When it cannot be read, or the answer is about another one.
pub(super) async fn run(reader: &Reader, repo: &RepoName, id: u64) -> Result<Run, ApiError> {
    let target = run_target(repo, id);
    let run: wire::WireRun = reader.get_json(&target).await?;
    // A proxy may answer for another one: the answer must be about what was requested.
    match run.other_than(repo, id) {
        Some(other) => Err(reader.malformed(&target, format!("the answer is about {other}"))),
        None => Ok(run.into()),
    }
}

/// The runs of a list, the newest first, and whether they are all. If they take more than `most` pages, only those of the first.
async fn pages(reader: &Reader, list: &Target, mut period: Period, most: usize) -> (Vec<Run>, bool) {
    let mut found: Vec<Run> = Vec::new();
    let mut left = most;
    loop {
        let target = list.clone().query("created", period.created()).query("per_page", PER_PAGE);
        let page = |number: usize| {
            let target = target.clone().query("page", number);
            async move { reader.get_page::<wire::Runs>(&target).await }
        };
        let Ok((first, has_next)) = page(1).await else { return (found, false) };
        let (total, items) = (first.total(), first.items());
        let full = items.len() >= PER_PAGE;
        found.extend(items.into_iter().map(Run::from));
        let Some(total) = total else { return (found, !(has_next || full)) };
        let needed = total.div_ceil(PER_PAGE);
        if needed > left {
            return (found, false);
        }
        let rest = join_all((2..=needed.min(SHOWN / PER_PAGE)).map(page)).await;
        for listed in rest {
            let Ok((listed, _)) = listed else { return (found, false) };
            found.extend(listed.items().into_iter().map(Run::from));
        }
        left -= needed.min(SHOWN / PER_PAGE);
        // The next thousand are those before the oldest of these.
        let oldest = found.iter().map(|run| run.created_at).min();
        if total < SHOWN || oldest.is_none() || oldest == period.to {
            return (found, total < SHOWN);
        }
        period.to = oldest;
    }
}
