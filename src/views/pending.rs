//! The result of `pending`: what waits for approval, for how long, what it would ship, and why you may not approve it.
//!
//! Owns the shape of its JSON. Its text is made in `pending_document`. Tested by golden files in `commands/runs`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::exit::Exit;
use crate::model::{Cause, EnvName, RepoName, Unknown};
use crate::providers::github::runs::changes::{Commit, PullRequest};
use crate::providers::github::runs::queue::{Deployed, NotCompared, Overtaken, Queue, Relation, Ships, Waiting};
use crate::providers::github::runs::{Account, Links};
use crate::render::json::FORMAT_VERSION;

/// The query for a queue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    /// Only these environments; all if there are none.
    pub(crate) environments: &'a [EnvName],
    /// Only what has waited longer, in seconds.
    pub(crate) older_than: Option<i64>,
    /// Why the account behind the token may not approve, by run and environment id.
    pub(crate) refusals: &'a BTreeMap<(u64, u64), String>,
    /// The current time.
    pub(crate) now: Timestamp,
}

/// What is waiting; also the shape of the JSON (`docs/schemas/pending.schema.json`).
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PendingReport {
    format_version: &'static str,
    pub(super) repository: RepoName,
    pub(super) pending: Vec<Entry>,
    pub(super) unknown: Vec<UnknownRun>,
    /// Runs whose pending deployments are all overtaken.
    pub(super) stale_runs: Vec<u64>,
    #[serde(skip)]
    pub(super) older_than: Option<i64>,
}

/// One environment that one run waits for.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Entry {
    pub(super) environment: String,
    environment_id: u64,
    pub(super) run: u64,
    pub(super) attempt: u32,
    pub(super) workflow: String,
    pub(super) event: String,
    pub(super) branch: String,
    pub(super) sha: String,
    pub(super) started_by: Option<String>,
    pub(super) reviewers: Vec<String>,
    pub(super) you_may_approve: bool,
    /// Why not; none if you may.
    pub(super) you_may_not_because: Option<String>,
    /// When it began to wait, or when the run last changed if that is not known.
    pub(super) waiting_since: Timestamp,
    /// Whether that is when it began to wait.
    pub(super) waiting_since_exact: bool,
    age_seconds: i64,
    pub(super) wait_timer: u32,
    pub(super) wait_timer_started_at: Option<Timestamp>,
    /// The newest deployment to the environment that succeeded; none if no recent one did, or if that is not known.
    pub(super) deployed: Option<Last>,
    pub(super) ships: Option<Bundle>,
    /// Why it is not known what would ship.
    pub(super) ships_unknown: Option<String>,
    /// Whether a newer deployment overtook it; none if that is not known.
    pub(super) overtaken: Option<bool>,
    pub(super) overtaken_unknown: Option<String>,
    /// A run that waits for the same environment with a commit that contains this one.
    pub(super) newer_waiting_run: Option<u64>,
    pub(super) url: String,
    pub(super) activity_log: String,
}

/// What is deployed.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Last {
    id: u64,
    pub(super) sha: String,
    pub(super) run: Option<u64>,
    pub(super) succeeded_at: Timestamp,
}

/// What would ship.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Bundle {
    pub(super) relation: Relation,
    pub(super) compare_url: String,
    /// How many commits.
    pub(super) commit_count: usize,
    /// The oldest first.
    pub(super) commits: Vec<Commit>,
    pub(super) authors: Vec<Account>,
    /// Commits whose author has no account that GitHub knows.
    pub(super) unnamed_authors: usize,
    /// None if they could not be read.
    pub(super) pull_requests: Option<Vec<Pull>>,
    /// Whether every commit and pull request is listed.
    pub(super) complete: bool,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct Pull {
    pub(super) number: u64,
    pub(super) title: String,
    pub(super) author: Option<String>,
}

/// A run whose pending environments are unknown.
#[derive(Debug, Clone, Serialize)]
pub(super) struct UnknownRun {
    pub(super) run: u64,
    pub(super) url: String,
    #[serde(flatten)]
    pub(super) why: Unknown,
}

impl PendingReport {
    /// Lists what waits, filtered by the query.
    pub(crate) fn new(queue: &Queue, waiting: &[Waiting<'_>], question: &Question<'_>, links: Links<'_>) -> Self {
        let asked = |one: &&Waiting<'_>| {
            (question.environments.is_empty() || question.environments.contains(&one.pending.environment))
                && question.older_than.is_none_or(|least| seconds(one, question.now) > least)
        };
        let pending: Vec<Entry> = waiting.iter().filter(asked).map(|one| Entry::new(one, question, links)).collect();
        let unknown = queue.runs.iter().filter_map(|one| {
            let why = one.pending.as_ref().err()?.clone();
            Some(UnknownRun { run: one.run.id, url: links.run(one.run.id), why })
        });
        let shown = |id: &u64| pending.iter().any(|entry| entry.run == *id);
        Self {
            format_version: FORMAT_VERSION,
            repository: links.repository.clone(),
            unknown: unknown.collect(),
            stale_runs: Queue::stale(waiting).into_iter().map(|run| run.id).filter(shown).collect(),
            pending,
            older_than: question.older_than,
        }
    }

    /// How the command ends; `waiting` is what it exits with if something waits.
    pub(crate) fn exit(&self, waiting: Exit) -> Exit {
        let unread = Cause::common(self.unknown.iter().map(|unknown| unknown.why.cause));
        unread.map_or(if self.pending.is_empty() { Exit::Done } else { waiting }, Exit::from)
    }
}

fn seconds(one: &Waiting<'_>, now: Timestamp) -> i64 {
    now.duration_since(one.since_at_latest()).as_secs().max(0)
}

impl Entry {
    fn new(one: &Waiting<'_>, question: &Question<'_>, links: Links<'_>) -> Self {
        let Waiting { run, pending, .. } = one;
        let refusal = question.refusals.get(&(run.id, pending.environment_id)).cloned();
        let overtaken = match &one.overtaken {
            Overtaken::No => (Some(false), None),
            Overtaken::By(_) => (Some(true), None),
            Overtaken::Unknown(why) => (None, Some(why.clone())),
        };
        let deployed = one.deployed.ok().flatten();
        Self {
            environment: pending.environment.to_string(),
            environment_id: pending.environment_id,
            run: run.id,
            attempt: run.attempt,
            workflow: run.workflow.clone(),
            event: run.event.clone(),
            branch: run.branch.clone(),
            sha: run.sha.clone(),
            started_by: run.started_by().map(|account| account.login.clone()),
            reviewers: pending.reviewers.iter().map(ToString::to_string).collect(),
            you_may_approve: refusal.is_none(),
            you_may_not_because: refusal,
            waiting_since: one.since_at_latest(),
            waiting_since_exact: one.since.is_some(),
            age_seconds: seconds(one, question.now),
            wait_timer: pending.wait_timer,
            wait_timer_started_at: pending.wait_timer_started_at,
            deployed: deployed.map(Last::new),
            ships: one.ships.as_ref().ok().zip(deployed).map(|(ships, base)| Bundle::new(ships, base, &run.sha, links)),
            ships_unknown: one.ships.as_ref().err().map(|why| not_compared(*why)),
            overtaken: overtaken.0,
            overtaken_unknown: overtaken.1,
            newer_waiting_run: one.newer.map(|run| run.id),
            url: links.run(run.id),
            activity_log: links.activity_log(&pending.environment),
        }
    }
}

impl Last {
    fn new(deployed: &Deployed) -> Self {
        let Deployed { deployment, succeeded_at, run } = deployed;
        Self { id: deployment.id, sha: deployment.sha.clone(), run: *run, succeeded_at: *succeeded_at }
    }
}

impl Bundle {
    fn new(ships: &Ships<'_>, base: &Deployed, head: &str, links: Links<'_>) -> Self {
        let pull = |pull: &PullRequest| Pull {
            number: pull.number,
            title: pull.title.clone(),
            author: pull.author.as_ref().map(|author| author.login.clone()),
        };
        Self {
            relation: ships.comparison.relation,
            compare_url: links.compare(&base.deployment.sha, head),
            commit_count: ships.comparison.ahead_by,
            commits: ships.comparison.commits.clone(),
            authors: ships.change.authors.iter().cloned().collect(),
            unnamed_authors: ships.change.unnamed_authors,
            pull_requests: ships.pull_requests_unknown.is_none().then(|| ships.change.pull_requests.iter().map(pull).collect()),
            complete: ships.complete,
        }
    }
}

fn not_compared(why: NotCompared<'_>) -> String {
    match why {
        NotCompared::NothingDeployed => "unknown: no recent deployment to this environment succeeded".to_owned(),
        NotCompared::Unread(unknown) => format!("unknown: {}", unknown.reason),
    }
}
