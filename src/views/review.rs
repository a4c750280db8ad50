//! What `approve` and `reject` print: what is about to be reviewed, and the record of it.

use jiff::Timestamp;
use serde::Serialize;

use crate::exit::Exit;
use crate::http::{ApiError, ErrorKind};
use crate::model::{Cause, RepoName, Severity};
use crate::providers::github::runs::admit::Admitted;
use crate::providers::github::runs::{Approval, Decision, Links};
use crate::render::json::FORMAT_VERSION;
use crate::render::{Block, Document, Finding, Glyph, Role, Section};

use super::pending::PendingReport;
use super::words::{count, heading, row};

/// What is about to be reviewed.
pub(crate) struct Preview<'a> {
    pub(crate) decision: Decision,
    pub(crate) viewer: &'a str,
    pub(crate) runs: &'a [Admitted],
    /// What each of them would ship.
    pub(crate) pending: &'a PendingReport,
    pub(crate) links: Links<'a>,
}

impl From<&Preview<'_>> for Document {
    fn from(preview: &Preview<'_>) -> Self {
        let word = preview.decision.word();
        let section = |admitted: &Admitted| {
            let run = &admitted.run;
            let names = environments(admitted);
            let you = if admitted.own { " (you: this is a self-review)" } else { "" };
            let mut blocks = vec![
                row("workflow", Role::Plain, format!("{} on {}", run.workflow, run.event)),
                row("commit", Role::Strong, format!("{} on {}", run.sha, run.branch)),
                row(
                    "started by",
                    if admitted.own { Role::Alert } else { Role::Plain },
                    format!("{}{you}", run.started_by().map_or("?", |account| account.login.as_str())),
                ),
                row("page", Role::Plain, preview.links.run(run.id)),
            ];
            blocks.extend(preview.pending.shipping(run.id));
            let attempt = if run.attempt > 1 { format!(", attempt {}", run.attempt) } else { String::new() };
            let text = format!("to be {word} for {names}{attempt}");
            Section::new(heading(Glyph::Alert, &format!("runs/{}", run.id), &text), blocks)
        };
        Self {
            name: verb(preview.decision),
            sections: preview.runs.iter().map(section).collect(),
            headline: format!("{} to be {word} by {}.", count(preview.runs.len(), "run"), preview.viewer),
            tone: Role::Alert,
            ..Self::default()
        }
    }
}

fn environments(admitted: &Admitted) -> String {
    admitted.pending.iter().map(|pending| pending.environment.to_string()).collect::<Vec<_>>().join(", ")
}

const fn verb(decision: Decision) -> &'static str {
    if matches!(decision, Decision::Rejected) { "reject" } else { "approve" }
}

/// How the review of one run ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// It was read back.
    Recorded(Vec<Approval>),
    /// GitHub accepted it, but it does not show.
    Unconfirmed,
    /// It failed, or its result is unknown.
    Failed(ApiError),
    /// It was not sent: the user stopped.
    Skipped,
}

/// The record of all reviews; also the shape of the JSON (`docs/schemas/review.schema.json`).
#[derive(Debug, Serialize)]
pub(crate) struct ReviewReport {
    format_version: &'static str,
    repository: RepoName,
    decision: Decision,
    reviews: Vec<Entry>,
}

#[derive(Debug, Serialize)]
struct Entry {
    run: u64,
    attempt: u32,
    sha: String,
    environments: Vec<String>,
    result: &'static str,
    user: String,
    /// GitHub's API does not say when it recorded a review.
    at: Option<Timestamp>,
    comment: Option<String>,
    message: String,
    hint: String,
    url: String,
    activity_logs: Vec<String>,
    #[serde(skip)]
    cause: Option<Cause>,
}

impl ReviewReport {
    pub(crate) fn new(decision: Decision, viewer: &str, ended: &[(&Admitted, Ended)], links: Links<'_>) -> Self {
        let reviews = ended.iter().map(|(admitted, end)| Entry::new(admitted, end, viewer, links)).collect();
        Self { format_version: FORMAT_VERSION, repository: links.repository.clone(), decision, reviews }
    }

    pub(crate) fn exit(&self) -> Exit {
        Cause::common(self.reviews.iter().filter_map(|entry| entry.cause)).map_or(Exit::Done, Exit::from)
    }

    /// What is shown if no waiting run is out of date.
    pub(crate) fn nothing_stale(&self) -> Document {
        Document {
            headline: format!("Nothing to reject in {}: no waiting run is known to be out of date.", self.repository),
            ..Document::from(self)
        }
    }
}

impl Entry {
    fn new(admitted: &Admitted, end: &Ended, viewer: &str, links: Links<'_>) -> Self {
        let run = &admitted.run;
        let hint = |error: &ApiError| error.hint.clone().unwrap_or_else(|| "`gatectl pending` shows whether it still waits".to_owned());
        let (result, message, hint, cause) = match end {
            Ended::Recorded(_) => ("recorded", String::new(), String::new(), None),
            Ended::Unconfirmed => (
                "unconfirmed",
                "GitHub accepted the review, but it does not show among the run's reviews".to_owned(),
                "check the run's page".to_owned(),
                Some(Cause::Other),
            ),
            Ended::Failed(error) if error.kind == ErrorKind::Unprocessable => (
                "failed",
                error.to_string(),
                "another reviewer may have reviewed it: `gatectl pending` shows what still waits".to_owned(),
                Some(Cause::Other),
            ),
            Ended::Failed(error) => ("failed", error.to_string(), hint(error), Some(error.unknown().cause)),
            Ended::Skipped => {
                ("skipped", "interrupted before it was sent".to_owned(), "run the same command again".to_owned(), Some(Cause::Other))
            }
        };
        let record = match end {
            Ended::Recorded(record) => record.first(),
            _ => None,
        };
        Self {
            run: run.id,
            attempt: run.attempt,
            sha: run.sha.clone(),
            environments: admitted.pending.iter().map(|pending| pending.environment.to_string()).collect(),
            result,
            user: record.and_then(|record| record.user.as_ref()).map_or_else(|| viewer.to_owned(), |user| user.login.clone()),
            at: None,
            comment: record.map(|record| record.comment.clone()),
            message,
            hint,
            url: links.run(run.id),
            activity_logs: admitted.pending.iter().map(|pending| links.activity_log(&pending.environment)).collect(),
            cause,
        }
    }

    fn section(&self, decision: Decision) -> Section {
        let names = self.environments.join(", ");
        let (glyph, text) = match self.result {
            "recorded" => (Glyph::None, format!("{} for {names} by {}", decision.word(), self.user)),
            other => (Glyph::Failure, format!("{other}: to be {} for {names}", decision.word())),
        };
        let mut blocks = vec![row("commit", Role::Plain, self.sha.as_str())];
        if let Some(comment) = &self.comment {
            blocks.push(row("comment", Role::Plain, comment.as_str()));
            blocks.push(row("when", Role::Plain, "GitHub's API does not say; its activity log does"));
        }
        blocks.push(row("page", Role::Plain, self.url.as_str()));
        blocks.extend(self.activity_logs.iter().map(|log| row("activity log", Role::Plain, log.as_str())));
        if !self.message.is_empty() {
            let subject = format!("runs/{}", self.run);
            blocks.push(Block::Finding(Finding::new(Severity::Error, self.result, subject, &self.message, &self.hint)));
        }
        Section::new(heading(glyph, &format!("runs/{}", self.run), &text), blocks)
    }
}

impl From<&ReviewReport> for Document {
    fn from(report: &ReviewReport) -> Self {
        let done = report.reviews.iter().filter(|entry| entry.result == "recorded").count();
        let all = done == report.reviews.len();
        let word = report.decision.word();
        let headline = if all {
            format!("{} {word} and verified.", count(done, "run"))
        } else {
            format!("{done} of {} {word}.", count(report.reviews.len(), "run"))
        };
        Self {
            name: verb(report.decision),
            sections: report.reviews.iter().map(|entry| entry.section(report.decision)).collect(),
            headline,
            tone: if all { Role::Added } else { Role::Failure },
            outputs: vec![(word, done.to_string())],
            ..Self::default()
        }
    }
}
