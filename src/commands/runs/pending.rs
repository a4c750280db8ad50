//! `gatectl pending`: the deployments that wait for approval.

use jiff::Timestamp;
use serde::Serialize;

use crate::exit::Exit;
use crate::model::{Cause, EnvName, RepoName, Unknown};
use crate::providers::github::runs::observe::{self, WaitingRun};
use crate::providers::github::runs::{Links, Pending, Run};
use crate::render::json::FORMAT_VERSION;
use crate::render::{Document, Glyph, Heading, HeadlinePlace, Role, Section, json};

use super::{RunsContext, Session};
use crate::commands::wiring::Needs;
use crate::views::words::{count, minute, row, shell_word, short};

/// Reads every run that waits and prints what it waits for.
///
/// # Errors
/// When the runs cannot be read.
pub(in crate::commands) async fn run(session: &Session) -> anyhow::Result<Exit> {
    let config = session.config_if_any()?;
    let site = RunsContext::open(session, &config, Needs { github: true, heroku: false, freeze: false }).await?;
    session.progress.phase("reading what waits");
    let runs = session.unless_stopped(observe::waiting(&site.reader, &site.repository)).await??;
    site.wiring.trace_traffic();
    let report = PendingReport::new(&site.repository, &runs, &session.global.environment, site.links());
    session.print(&config, &Document::from(&report), || json::to_string(&report))?;
    Ok(report.exit())
}

/// What waits; also the shape of the JSON (`docs/schemas/pending.schema.json`).
#[derive(Debug, Clone, Serialize)]
pub(super) struct PendingReport {
    format_version: &'static str,
    repository: RepoName,
    pending: Vec<Entry>,
    unknown: Vec<UnknownRun>,
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
    /// When the run last changed: GitHub does not say when it began to wait.
    waiting_since: Timestamp,
    wait_timer: u32,
    wait_timer_started_at: Option<Timestamp>,
    url: String,
    activity_log: String,
}

/// A run whose pending environments could not be read.
#[derive(Debug, Clone, Serialize)]
struct UnknownRun {
    run: u64,
    url: String,
    #[serde(flatten)]
    why: Unknown,
}

impl PendingReport {
    /// Joins runs and what they wait for, narrowed to some environments; all, when none is named.
    pub(super) fn new(repository: &RepoName, runs: &[WaitingRun], wanted: &[EnvName], links: Links<'_>) -> Self {
        let mut report = Self { format_version: FORMAT_VERSION, repository: repository.clone(), pending: Vec::new(), unknown: Vec::new() };
        for WaitingRun { run, pending } in runs {
            match pending {
                Ok(pending) => {
                    let asked = |pending: &&Pending| wanted.is_empty() || wanted.contains(&pending.environment);
                    report.pending.extend(pending.iter().filter(asked).map(|pending| Entry::new(run, pending, links)));
                }
                Err(why) => report.unknown.push(UnknownRun { run: run.id, url: links.run(run.id), why: why.clone() }),
            }
        }
        report
    }

    pub(super) fn exit(&self) -> Exit {
        let credentials = |unknown: &UnknownRun| unknown.why.cause == Cause::Credentials;
        match self.unknown.as_slice() {
            [] => Exit::Done,
            unknown if unknown.iter().all(credentials) => Exit::Credentials,
            _ => Exit::Error,
        }
    }
}

impl Entry {
    fn new(run: &Run, pending: &Pending, links: Links<'_>) -> Self {
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
            you_may_approve: pending.you_may_approve,
            waiting_since: run.updated_at,
            wait_timer: pending.wait_timer,
            wait_timer_started_at: pending.wait_timer_started_at,
            url: links.run(run.id),
            activity_log: links.activity_log(&pending.environment),
        }
    }

    fn section(&self) -> Section {
        let attempt = if self.attempt > 1 { format!(", attempt {}", self.attempt) } else { String::new() };
        let mut blocks = vec![
            row("workflow", Role::Plain, format!("{} on {}{attempt}", self.workflow, self.event)),
            row("commit", Role::Plain, format!("{} on {}", short(&self.sha), self.branch)),
            row("started by", Role::Plain, self.started_by.as_deref().unwrap_or("an account that GitHub does not name")),
            row("reviewers", Role::Plain, if self.reviewers.is_empty() { "none".to_owned() } else { self.reviewers.join(", ") }),
        ];
        if self.wait_timer > 0 {
            let since = self.wait_timer_started_at.map(|at| format!(", since {} UTC", minute(at))).unwrap_or_default();
            blocks.push(row("wait timer", Role::Plain, format!("{} minutes{since}", self.wait_timer)));
        }
        let (role, may) = if self.you_may_approve { (Role::Added, "yes") } else { (Role::Quiet, "no") };
        blocks.push(row("you may approve", role, may));
        blocks.push(row("page", Role::Plain, self.url.as_str()));
        blocks.push(row("log", Role::Plain, self.activity_log.as_str()));
        let text = format!("run {} waits, unchanged since {} UTC", self.run, minute(self.waiting_since));
        let heading = Heading { glyph: Glyph::Alert, subject: Some(self.environment.clone()), text };
        Section { heading: Some(heading), blocks, ..Section::default() }
    }
}

impl From<&PendingReport> for Document {
    fn from(report: &PendingReport) -> Self {
        let mine: Vec<&Entry> = report.pending.iter().filter(|entry| entry.you_may_approve).collect();
        let unknown = report.unknown.iter().map(|unknown| Section {
            heading: Some(Heading { glyph: Glyph::Unknown, subject: Some(format!("runs/{}", unknown.run)), text: "unknown".to_owned() }),
            blocks: vec![crate::render::Block::Text(unknown.why.reason.clone()), crate::render::Block::Text(unknown.why.hint.clone())],
            ..Section::default()
        });
        let may = if report.pending.is_empty() {
            String::new()
        } else {
            match mine.len() {
                0 => " You may approve none of them.".to_owned(),
                n => format!(" You may approve {n}."),
            }
        };
        let what = match report.pending.len() {
            0 => "Nothing waits for approval".to_owned(),
            n => format!("{} for approval", if n == 1 { "1 deployment waits".to_owned() } else { format!("{n} deployments wait") }),
        };
        let unsure = match report.unknown.len() {
            0 => String::new(),
            n => {
                format!(" What {} for could not be determined.", if n == 1 { "1 run waits".to_owned() } else { count(n, "run") + " wait" })
            }
        };
        let next = mine.first().map(|entry| {
            format!(
                "Next: `gatectl approve {} --environment {} --sha {}`, or reject.",
                entry.run,
                shell_word(&entry.environment),
                short(&entry.sha)
            )
        });
        Self {
            name: "pending",
            sections: report.pending.iter().map(Entry::section).chain(unknown).collect(),
            headline: format!("{what} in {}.{may}{unsure}", report.repository),
            tone: if report.unknown.is_empty() { Role::Plain } else { Role::Alert },
            next: next.into_iter().collect(),
            headline_place: HeadlinePlace::Last,
            outputs: vec![("pending", report.pending.len().to_string())],
        }
    }
}
