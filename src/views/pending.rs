//! What `pending` shows: what waits for approval, for how long, what it would ship, and why you may not approve it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::exit::Exit;
use crate::model::shell_word;
use crate::model::{Cause, EnvName, RepoName, Unknown, age};
use crate::providers::github::runs::changes::PullRequest;
use crate::providers::github::runs::queue::{Deployed, NotCompared, Overtaken, Queue, Relation, Ships, Waiting};
use crate::providers::github::runs::{Account, Links};
use crate::render::json::FORMAT_VERSION;
use crate::render::{Block, Document, Glyph, Heading, Role, Section};

use super::words::{count, minute, row, short};

/// Pull requests, or commits, that are listed by name in text; JSON has all of them.
const LISTED: usize = 10;

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
    repository: RepoName,
    pending: Vec<Entry>,
    unknown: Vec<UnknownRun>,
    /// Runs whose pending deployments are all overtaken.
    stale_runs: Vec<u64>,
    #[serde(skip)]
    older_than: Option<i64>,
}

/// One environment that one run waits for.
#[derive(Debug, Clone, Serialize)]
struct Entry {
    environment: String,
    environment_id: u64,
    run: u64,
    attempt: u32,
    workflow: String,
    event: String,
    branch: String,
    sha: String,
    started_by: Option<String>,
    reviewers: Vec<String>,
    you_may_approve: bool,
    /// Why not; none if you may.
    you_may_not_because: Option<String>,
    /// When it began to wait, or when the run last changed if that is not known.
    waiting_since: Timestamp,
    /// Whether that is when it began to wait.
    waiting_since_exact: bool,
    age_seconds: i64,
    wait_timer: u32,
    wait_timer_started_at: Option<Timestamp>,
    /// The newest deployment to the environment that succeeded; none if no recent one did, or if that is not known.
    deployed: Option<Last>,
    ships: Option<Bundle>,
    /// Why it is not known what would ship.
    ships_unknown: Option<String>,
    /// Whether a newer deployment overtook it; none if that is not known.
    overtaken: Option<bool>,
    overtaken_unknown: Option<String>,
    /// A run that waits for the same environment with a commit that contains this one.
    newer_waiting_run: Option<u64>,
    url: String,
    activity_log: String,
}

/// What is deployed.
#[derive(Debug, Clone, Serialize)]
struct Last {
    id: u64,
    sha: String,
    run: Option<u64>,
    succeeded_at: Timestamp,
}

/// What would ship.
#[derive(Debug, Clone, Serialize)]
struct Bundle {
    relation: &'static str,
    compare_url: String,
    /// How many commits.
    commit_count: usize,
    /// The oldest first.
    commits: Vec<Commit>,
    authors: Vec<Account>,
    /// Commits whose author has no account that GitHub knows.
    unnamed_authors: usize,
    /// None if they could not be read.
    pull_requests: Option<Vec<Pull>>,
    /// Whether every commit and pull request is listed.
    complete: bool,
}

#[derive(Debug, Clone, Serialize)]
struct Commit {
    sha: String,
    subject: String,
    author: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct Pull {
    number: u64,
    title: String,
    author: Option<String>,
}

/// A run whose pending environments are unknown.
#[derive(Debug, Clone, Serialize)]
struct UnknownRun {
    run: u64,
    url: String,
    #[serde(flatten)]
    why: Unknown,
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

    fn section(&self, now: Timestamp) -> Section {
        let attempt = if self.attempt > 1 { format!(", attempt {}", self.attempt) } else { String::new() };
        let mut blocks = vec![
            row("workflow", Role::Plain, format!("{} on {}{attempt}", self.workflow, self.event)),
            row("commit", Role::Plain, format!("{} on {}", short(&self.sha), self.branch)),
            row("started by", Role::Plain, self.started_by.as_deref().unwrap_or("unknown: GitHub does not name the account")),
            row("waiting since", Role::Plain, format!("{} UTC", minute(self.waiting_since))),
            row("reviewers", Role::Plain, if self.reviewers.is_empty() { "none".to_owned() } else { self.reviewers.join(", ") }),
        ];
        if self.wait_timer > 0 {
            let since = self.wait_timer_started_at.map(|at| format!(", since {} UTC", minute(at))).unwrap_or_default();
            blocks.push(row("wait timer", Role::Plain, format!("{} minutes{since}", self.wait_timer)));
        }
        let (role, may) = match &self.you_may_not_because {
            None => (Role::Added, "yes".to_owned()),
            Some(why) => (Role::Quiet, format!("no: {why}")),
        };
        blocks.push(row("you may approve", role, may));
        blocks.extend(self.shipping());
        blocks.push(row("page", Role::Plain, self.url.as_str()));
        blocks.push(row("log", Role::Plain, self.activity_log.as_str()));
        blocks.extend(self.ships.iter().flat_map(Bundle::items));
        let at_least = if self.waiting_since_exact { "" } else { "at least " };
        let text = format!("run {} has waited {at_least}{}", self.run, age(self.waiting_since, now));
        let heading = Heading::of(Glyph::Alert, self.environment.clone(), text);
        Section { heading: Some(heading), blocks, ..Section::default() }
    }

    /// What it would ship, compared with what is deployed.
    fn shipping(&self) -> Vec<Block> {
        let mut rows = Vec::new();
        if let Some(last) = &self.deployed {
            rows.push(row("deployed", Role::Plain, format!("{}, {} UTC", short(&last.sha), minute(last.succeeded_at))));
        }
        match (&self.ships, &self.ships_unknown) {
            (Some(ships), _) => rows.extend(ships.rows()),
            (None, Some(why)) => rows.push(row("would ship", Role::Alert, why.as_str())),
            (None, None) => {}
        }
        match (self.overtaken, &self.overtaken_unknown, &self.deployed) {
            (Some(true), _, Some(last)) => {
                let text = format!("yes: {} was deployed since and contains this commit", short(&last.sha));
                rows.push(row("out of date", Role::Alert, text));
            }
            (None, Some(why), _) => rows.push(row("out of date", Role::Alert, format!("unknown: {why}"))),
            _ => {}
        }
        if let Some(newer) = self.newer_waiting_run {
            rows.push(row("newer", Role::Alert, format!("run {newer} waits with a newer commit")));
        }
        rows
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
        let commits = ships.comparison.commits.iter().map(|commit| Commit {
            sha: commit.sha.clone(),
            subject: commit.subject.clone(),
            author: commit.author.as_ref().map(|author| author.login.clone()),
        });
        Self {
            relation: match ships.comparison.relation {
                Relation::Identical => "identical",
                Relation::Ahead => "ahead",
                Relation::Behind => "behind",
                Relation::Diverged => "diverged",
            },
            compare_url: links.compare(&base.deployment.sha, head),
            commit_count: ships.comparison.ahead_by,
            commits: commits.collect(),
            authors: ships.change.authors.iter().cloned().collect(),
            unnamed_authors: ships.change.unnamed_authors,
            pull_requests: ships.pull_requests_unknown.is_none().then(|| ships.change.pull_requests.iter().map(pull).collect()),
            complete: ships.complete,
        }
    }

    fn rows(&self) -> Vec<Block> {
        let mut rows = Vec::new();
        let what = match (self.relation, self.commit_count) {
            ("identical", _) => "nothing: this commit is deployed".to_owned(),
            ("behind", _) => "nothing new: it rolls back to an older commit".to_owned(),
            ("diverged", n) => format!("{}, and drops what only the deployed commit has", count(n, "commit")),
            (_, n) => count(n, "commit"),
        };
        let mut who: Vec<&str> = self.authors.iter().map(|author| author.login.as_str()).collect();
        let unnamed = match self.unnamed_authors {
            0 => None,
            n => Some(format!("{} without a GitHub account", count(n, "author"))),
        };
        who.extend(unnamed.as_deref());
        let by = if who.is_empty() { String::new() } else { format!(" by {}", who.join(", ")) };
        rows.push(row("would ship", Role::Plain, format!("{what}{by}")));
        if self.pull_requests.is_none() {
            rows.push(row("pull requests", Role::Alert, "unknown: they could not be read"));
        } else if !self.complete {
            rows.push(row("not listed", Role::Alert, "there are too many commits or pull requests to read them all"));
        }
        if self.relation != "identical" {
            rows.push(row("compare", Role::Plain, self.compare_url.as_str()));
        }
        rows
    }

    /// The pull requests, or the newest commits if there are none.
    fn items(&self) -> Vec<Block> {
        let by = |author: &Option<String>| author.as_ref().map_or_else(|| "an unknown author".to_owned(), Clone::clone);
        let pulls = self.pull_requests.as_deref().unwrap_or_default();
        let (all, shown): (usize, Vec<Block>) = if pulls.is_empty() {
            let item = |commit: &Commit| Block::Item {
                subject: short(&commit.sha),
                text: format!("{}, by {}", commit.subject, by(&commit.author)),
            };
            (self.commits.len(), self.commits.iter().rev().take(LISTED).map(item).collect())
        } else {
            let item = |pull: &Pull| Block::Item {
                subject: format!("#{}", pull.number),
                text: format!("{}, by {}", pull.title, by(&pull.author)),
            };
            (pulls.len(), pulls.iter().take(LISTED).map(item).collect())
        };
        let more = (all > LISTED).then(|| Block::Text(format!("and {} more", all - LISTED)));
        shown.into_iter().chain(more).collect()
    }
}

fn not_compared(why: NotCompared<'_>) -> String {
    match why {
        NotCompared::NothingDeployed => "unknown: no recent deployment to this environment succeeded".to_owned(),
        NotCompared::Unread(unknown) => format!("unknown: {}", unknown.reason),
    }
}

impl PendingReport {
    /// What a run would ship to each environment that it waits for.
    pub(super) fn shipping(&self, run: u64) -> Vec<Block> {
        let entries: Vec<&Entry> = self.pending.iter().filter(|entry| entry.run == run).collect();
        let several = entries.len() > 1;
        let of = |entry: &&Entry| {
            let name = several.then(|| Block::Text(format!("To {}:", entry.environment)));
            name.into_iter().chain(entry.shipping()).chain(entry.ships.iter().flat_map(Bundle::items)).collect::<Vec<_>>()
        };
        entries.iter().flat_map(of).collect()
    }

    /// The sections and sentences at a moment.
    pub(crate) fn document(&self, now: Timestamp) -> Document {
        let mine: Vec<&Entry> = self.pending.iter().filter(|entry| entry.you_may_approve).collect();
        let unknown = self.unknown.iter().map(|unknown| Section {
            heading: Some(Heading::of(Glyph::Unknown, format!("runs/{}", unknown.run), "unknown")),
            blocks: vec![Block::Text(unknown.why.reason.clone()), Block::Text(unknown.why.hint.clone())],
            ..Section::default()
        });
        Document {
            name: "pending",
            sections: self.pending.iter().map(|entry| entry.section(now)).chain(unknown).collect(),
            headline: self.headline(mine.len()),
            tone: if self.unknown.is_empty() { Role::Plain } else { Role::Alert },
            next: self.next(&mine),
            outputs: vec![("pending", self.pending.len().to_string()), ("stale", self.stale_runs.len().to_string())],
            ..Document::default()
        }
    }

    fn headline(&self, mine: usize) -> String {
        let long = if self.older_than.is_some() { " for that long" } else { "" };
        let what = match self.pending.len() {
            0 => format!("Nothing waits for approval{long}"),
            1 => format!("1 deployment waits for approval{long}"),
            n => format!("{n} deployments wait for approval{long}"),
        };
        let may = match (self.pending.len(), mine) {
            (0, _) => String::new(),
            (_, 0) => " You may approve none of them.".to_owned(),
            (_, n) => format!(" You may approve {n}."),
        };
        let stale = match self.stale_runs.len() {
            0 => String::new(),
            n => format!(" {} out of date.", if n == 1 { "1 run is".to_owned() } else { format!("{n} runs are") }),
        };
        let unsure = match self.unknown.len() {
            0 => String::new(),
            n => format!(" What {} could not be read.", if n == 1 { "1 run waits for".to_owned() } else { format!("{n} runs wait for") }),
        };
        format!("{what} in {}.{may}{stale}{unsure}", self.repository)
    }

    fn next(&self, mine: &[&Entry]) -> Vec<String> {
        let stale = |entry: &&&Entry| self.stale_runs.contains(&entry.run);
        let approve = mine.iter().find(|entry| !stale(entry)).map(|entry| {
            let environment = shell_word(&entry.environment);
            format!("Next: `gatectl approve {} --environment {environment} --sha {}`, or reject it.", entry.run, short(&entry.sha))
        });
        let reject = (!self.stale_runs.is_empty()).then(|| {
            "Next: `gatectl reject --stale` shows the runs that a newer deployment has overtaken, and rejects them if you confirm."
                .to_owned()
        });
        approve.into_iter().chain(reject).collect()
    }
}
