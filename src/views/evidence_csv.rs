//! Evidence as a table for `--csv`: one line for each deployment, with the columns that say how it was made on every line.
//!
//! An environment without a deployment has one line too, so that it is not left out. Tested by golden files in `commands/runs`.

use jiff::Timestamp;

use crate::providers::github::runs::Account;
use crate::render::{Span, Table};

use super::evidence::{Entry, EnvironmentEvidence, EvidenceReport, Shipped};
use super::evidence_document::period;

/// One line: a deployment, or an environment that has none.
#[derive(Clone, Copy)]
struct Line<'a> {
    report: &'a EvidenceReport,
    environment: &'a EnvironmentEvidence,
    entry: Option<&'a Entry>,
}

/// The name of a column, and its value on a line.
type Column = (&'static str, fn(Line<'_>) -> String);

const COLUMNS: &[Column] = &[
    ("repository", |line| line.report.header.repository.name.to_string()),
    ("environment", |line| line.environment.name.clone()),
    ("deployment", |line| of(line, |entry| entry.id.to_string())),
    ("created_at", |line| of(line, |entry| entry.created_at.to_string())),
    ("sha", |line| of(line, |entry| entry.sha.clone())),
    ("ref", |line| of(line, |entry| entry.git_ref.clone())),
    ("state", |line| of(line, |entry| text(entry.state.as_ref()))),
    ("standing", |line| line.entry.map_or(missing(line.environment).0, |entry| entry.standing).to_owned()),
    ("approved_by", |line| of(line, |entry| logins(&entry.approved_by))),
    ("approved_by_ids", |line| of(line, |entry| ids(&entry.approved_by))),
    ("approved_at", |line| of(line, |entry| moment(entry.approved_at))),
    ("approved_no_later_than", |line| of(line, |entry| moment(entry.approved_no_later_than))),
    ("latency_seconds", |line| of(line, |entry| text(entry.latency_seconds.as_ref()))),
    ("rejected_by", |line| of(line, |entry| logins(&entry.rejected_by))),
    ("comments", |line| of(line, |entry| entry.comments.join(" / "))),
    ("started_by", |line| of(line, |entry| entry.started_by.as_ref().map(|one| one.login.clone()).unwrap_or_default())),
    ("started_by_id", |line| of(line, |entry| entry.started_by.as_ref().map(id).unwrap_or_default())),
    ("authors", |line| of(line, |entry| entry.authors.as_deref().map_or_else(unknown, logins))),
    ("author_ids", |line| of(line, |entry| entry.authors.as_deref().map_or_else(unknown, ids))),
    ("pull_requests", |line| pulls(line, |pull| format!("#{}", pull.number))),
    ("reviewed_by", |line| pulls(line, |pull| pull.reviewers.as_deref().map_or_else(unknown, reviewers))),
    ("merged_by", |line| pulls(line, |pull| pull.merged_by.as_ref().map_or_else(unknown, |one| one.login.clone()))),
    ("merged_by_ids", |line| pulls(line, |pull| pull.merged_by.as_ref().and_then(|one| one.id).map_or_else(unknown, |id| id.to_string()))),
    ("commits", |line| of(line, |entry| entry.commits.map_or_else(unknown, |commits| commits.to_string()))),
    ("workflow", |line| of(line, |entry| text(entry.workflow.as_ref()))),
    ("run", |line| of(line, |entry| text(entry.run.as_ref()))),
    ("attempt", |line| of(line, |entry| text(entry.attempt.as_ref()))),
    ("reason", |line| line.entry.map_or_else(|| missing(line.environment).1, |entry| text(entry.reason.as_ref()))),
    ("url", |line| of(line, |entry| text(entry.url.as_ref()))),
    ("activity_log", |line| line.environment.activity_log.clone()),
    ("generated_at", |line| line.report.header.generated_at.to_string()),
    ("gatectl", |line| line.report.header.gatectl.to_owned()),
    ("account", |line| line.report.header.by.as_ref().map_or_else(unknown, |by| by.login.clone())),
    ("account_id", |line| line.report.header.by.as_ref().map_or_else(unknown, id)),
    ("host", |line| line.report.header.host.clone()),
    ("repository_id", |line| line.report.header.repository.id.map_or_else(unknown, |id| id.to_string())),
    ("query", |line| period(&line.report.header.query)),
    ("total", |line| if line.environment.unknown.is_some() { unknown() } else { line.environment.total.to_string() }),
    ("pages", |line| line.environment.pages.to_string()),
    ("complete", |line| line.report.complete.to_string()),
];

impl EvidenceReport {
    /// One row for each deployment, and one for each environment that has none.
    pub(crate) fn records(&self) -> Table {
        let lines = self.environments.iter().flat_map(|environment| {
            let entries = environment.deployments.iter().map(Some);
            let none = environment.deployments.is_empty().then_some(None);
            entries.chain(none).map(move |entry| Line { report: self, environment, entry })
        });
        let row = |line: Line<'_>| COLUMNS.iter().map(|(_, value)| Span::plain(value(line))).collect();
        Table { header: COLUMNS.iter().map(|(name, _)| (*name).to_owned()).collect(), rows: lines.map(row).collect() }
    }
}

fn of(line: Line<'_>, value: fn(&Entry) -> String) -> String {
    line.entry.map(value).unwrap_or_default()
}

/// One word for each pull request, in the order of the column `pull_requests`.
fn pulls(line: Line<'_>, value: fn(&Shipped) -> String) -> String {
    let Some(entry) = line.entry else { return String::new() };
    entry.changes.as_ref().map_or_else(unknown, |all| all.iter().map(value).collect::<Vec<_>>().join(" "))
}

/// What stands in the place of deployments if there are none, and why.
fn missing(environment: &EnvironmentEvidence) -> (&'static str, String) {
    match &environment.unknown {
        Some(unknown) => ("unknown", unknown.reason.clone()),
        None => ("none", "no deployments found".to_owned()),
    }
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn text(value: Option<&impl ToString>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

fn moment(at: Option<Timestamp>) -> String {
    text(at.as_ref())
}

fn id(account: &Account) -> String {
    text(account.id.as_ref())
}

fn logins(accounts: &[Account]) -> String {
    accounts.iter().map(|one| one.login.as_str()).collect::<Vec<_>>().join(" ")
}

fn ids(accounts: &[Account]) -> String {
    accounts.iter().map(id).collect::<Vec<_>>().join(" ")
}

/// `ann+bob`, or that no one did.
fn reviewers(accounts: &[Account]) -> String {
    if accounts.is_empty() { "no-one".to_owned() } else { logins(accounts).replace(' ', "+") }
}
