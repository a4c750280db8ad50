//! What `pending` shows, as a document: one section for each environment that a run waits for.
//!
//! Must not decide what is stale or who may approve: that is in the report. Tested by golden files in `commands/runs`.

use jiff::Timestamp;

use crate::model::{age, shell_word};
use crate::providers::github::runs::changes::Commit;
use crate::providers::github::runs::queue::Relation;
use crate::render::{Block, Document, Glyph, Heading, Role, Section};

use super::pending::{Bundle, Entry, PendingReport, Pull};
use super::words::{count, minute, row, short};

/// Pull requests, or commits, that are listed by name in text; JSON has all of them.
const LISTED: usize = 10;

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
        let unknown = self.unknown.iter().map(|unknown| {
            let heading = Heading::of(Glyph::Unknown, format!("runs/{}", unknown.run), "unknown");
            Section::new(heading, vec![Block::Text(unknown.why.reason.clone()), Block::Text(unknown.why.hint.clone())])
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
            0 if self.unknown.is_empty() => format!("Nothing waits for approval{long}"),
            0 => format!("Nothing that could be read waits for approval{long}"),
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

impl Entry {
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
        Section::new(Heading::of(Glyph::Alert, self.environment.clone(), text), blocks)
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

impl Bundle {
    fn rows(&self) -> Vec<Block> {
        let mut rows = Vec::new();
        let what = match (self.relation, self.commit_count) {
            (Relation::Identical, _) => "nothing: this commit is deployed".to_owned(),
            (Relation::Behind, _) => "nothing new: it rolls back to an older commit".to_owned(),
            (Relation::Diverged, n) => format!("{}, and drops what only the deployed commit has", count(n, "commit")),
            (Relation::Ahead, n) => count(n, "commit"),
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
        if self.relation != Relation::Identical {
            rows.push(row("compare", Role::Plain, self.compare_url.as_str()));
        }
        rows
    }

    /// The pull requests, or the newest commits if there are none.
    fn items(&self) -> Vec<Block> {
        let by = |login: Option<&str>| login.unwrap_or("an unknown author").to_owned();
        let pulls = self.pull_requests.as_deref().unwrap_or_default();
        let (all, shown): (usize, Vec<Block>) = if pulls.is_empty() {
            let item = |commit: &Commit| Block::Item {
                subject: short(&commit.sha),
                text: format!("{}, by {}", commit.subject, by(commit.author.as_ref().map(|author| author.login.as_str()))),
            };
            (self.commits.len(), self.commits.iter().rev().take(LISTED).map(item).collect())
        } else {
            let item = |pull: &Pull| Block::Item {
                subject: format!("#{}", pull.number),
                text: format!("{}, by {}", pull.title, by(pull.author.as_deref())),
            };
            (pulls.len(), pulls.iter().take(LISTED).map(item).collect())
        };
        let more = (all > LISTED).then(|| Block::Text(format!("and {} more", all - LISTED)));
        shown.into_iter().chain(more).collect()
    }
}
