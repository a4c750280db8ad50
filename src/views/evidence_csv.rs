//! Evidence as a table for `--csv`: one line for each deployment, with the columns that say how it was made on every line.
//!
//! An environment without a deployment has one line too, and so has each run without a deployment record: neither is left out. Tested by golden files in `commands/runs`.

use jiff::Timestamp;

use crate::providers::github::runs::Account;
use crate::providers::github::runs::changes::PullRequest;
use crate::render::{Span, Table};

use super::evidence::{Entry, EnvironmentEvidence, EvidenceReport, Unrecorded};
use super::evidence_document::period;

/// One line, and the evidence that it is a line of.
#[derive(Clone, Copy)]
struct Line<'a> {
    report: &'a EvidenceReport,
    subject: Subject<'a>,
}

/// What a line is about.
#[derive(Clone, Copy)]
enum Subject<'a> {
    Deployment(&'a EnvironmentEvidence, &'a Entry),
    /// An environment without any.
    Nothing(&'a EnvironmentEvidence),
    /// A run without a deployment record.
    Run(&'a Unrecorded),
}

/// The name of a column, and its value on a line.
type Column = (&'static str, fn(Line<'_>) -> String);

const COLUMNS: &[Column] = &[
    ("repository", |line| line.report.header.repository.name.to_string()),
    ("environment", |line| of_environment(line, |environment| environment.name.clone())),
    ("deployment", |line| of(line, |entry| entry.id.to_string())),
    ("created_at", |line| either(line, |entry| entry.created_at.to_string(), |run| run.created_at.to_string())),
    ("sha", |line| of(line, |entry| entry.sha.clone())),
    ("ref", |line| of(line, |entry| entry.git_ref.clone())),
    ("state", |line| either(line, |entry| text(entry.state.as_ref()), |run| text(run.conclusion.as_ref()))),
    ("standing", |line| standing(line.subject).0.to_owned()),
    ("approved_by", |line| of(line, |entry| logins(&entry.approved_by))),
    ("approved_by_ids", |line| of(line, |entry| ids(&entry.approved_by))),
    ("approved_at", |line| of(line, |entry| moment(entry.approved_at))),
    ("approved_no_later_than", |line| of(line, |entry| moment(entry.approved_no_later_than))),
    ("latency_seconds", |line| of(line, |entry| text(entry.latency_seconds.as_ref()))),
    ("rejected_by", |line| of(line, |entry| logins(&entry.rejected_by))),
    ("comments", |line| of(line, |entry| entry.comments.join(" / "))),
    ("started_by", |line| started_by(line).map(|one| one.login.clone()).unwrap_or_default()),
    ("started_by_id", |line| started_by(line).map(id).unwrap_or_default()),
    ("authors", |line| of(line, |entry| entry.authors.as_deref().map_or_else(unknown, logins))),
    ("author_ids", |line| of(line, |entry| entry.authors.as_deref().map_or_else(unknown, ids))),
    ("unnamed_authors", |line| of(line, |entry| entry.unnamed_authors.map_or_else(unknown, |unnamed| unnamed.to_string()))),
    ("pull_requests", |line| pulls(line, |pull| format!("#{}", pull.number))),
    ("reviewed_by", |line| pulls(line, |pull| pull.approved_by.as_deref().map_or_else(unknown, reviewers))),
    ("merged_by", |line| pulls(line, |pull| pull.merged_by.as_ref().map_or_else(unknown, |one| one.login.clone()))),
    ("merged_by_ids", |line| pulls(line, |pull| pull.merged_by.as_ref().and_then(|one| one.id).map_or_else(unknown, |id| id.to_string()))),
    ("commits", |line| of(line, |entry| entry.commits.map_or_else(unknown, |commits| commits.to_string()))),
    ("workflow", |line| either(line, |entry| text(entry.workflow.as_ref()), |run| run.workflow.clone())),
    ("run", |line| either(line, |entry| text(entry.run.as_ref()), |run| run.run.to_string())),
    ("attempt", |line| of(line, |entry| text(entry.attempt.as_ref()))),
    ("reason", |line| standing(line.subject).1),
    ("url", |line| either(line, |entry| text(entry.url.as_ref()), |run| run.url.clone())),
    ("activity_log", |line| of_environment(line, |environment| environment.activity_log.clone())),
    ("generated_at", |line| line.report.header.generated_at.to_string()),
    ("gatectl", |line| line.report.header.gatectl.to_owned()),
    ("account", |line| line.report.header.by.as_ref().map_or_else(unknown, |by| by.login.clone())),
    ("account_id", |line| line.report.header.by.as_ref().map_or_else(unknown, id)),
    ("host", |line| line.report.header.host.clone()),
    ("repository_id", |line| line.report.header.repository.id.map_or_else(unknown, |id| id.to_string())),
    ("query", |line| period(&line.report.header.query)),
    ("total", |line| of_environment(line, |one| if one.unknown.is_some() { unknown() } else { one.total.to_string() })),
    ("pages", |line| of_environment(line, |environment| environment.pages.to_string())),
    ("runs_without_record", |line| line.report.unrecorded_runs.as_ref().map_or_else(unknown, |runs| runs.len().to_string())),
    ("complete", |line| line.report.complete.to_string()),
];

impl EvidenceReport {
    /// One row for each deployment, each environment that has none, and each run without a record.
    pub(crate) fn records(&self) -> Table {
        let deployments = self.environments.iter().flat_map(|environment| {
            let none = environment.deployments.is_empty().then_some(Subject::Nothing(environment));
            environment.deployments.iter().map(move |entry| Subject::Deployment(environment, entry)).chain(none)
        });
        let subjects = deployments.chain(self.unrecorded_runs.iter().flatten().map(Subject::Run));
        let row = |subject| COLUMNS.iter().map(|(_, value)| Span::plain(value(Line { report: self, subject }))).collect();
        Table { header: COLUMNS.iter().map(|(name, _)| (*name).to_owned()).collect(), rows: subjects.map(row).collect() }
    }
}

fn of(line: Line<'_>, value: fn(&Entry) -> String) -> String {
    either(line, value, |_| String::new())
}

fn either(line: Line<'_>, of_entry: fn(&Entry) -> String, of_run: fn(&Unrecorded) -> String) -> String {
    match line.subject {
        Subject::Deployment(_, entry) => of_entry(entry),
        Subject::Nothing(_) => String::new(),
        Subject::Run(run) => of_run(run),
    }
}

fn of_environment(line: Line<'_>, value: fn(&EnvironmentEvidence) -> String) -> String {
    match line.subject {
        Subject::Deployment(environment, _) | Subject::Nothing(environment) => value(environment),
        Subject::Run(_) => String::new(),
    }
}

fn started_by(line: Line<'_>) -> Option<&Account> {
    match line.subject {
        Subject::Deployment(_, entry) => entry.started_by.as_ref(),
        Subject::Nothing(_) => None,
        Subject::Run(run) => run.started_by.as_ref(),
    }
}

/// The standing, or what stands in its place, and why.
fn standing(subject: Subject<'_>) -> (&'static str, String) {
    match subject {
        Subject::Deployment(_, entry) => (entry.standing, text(entry.reason.as_ref())),
        Subject::Nothing(environment) => match &environment.unknown {
            Some(unknown) => ("unknown", unknown.reason.clone()),
            None => ("none", "no deployments found".to_owned()),
        },
        Subject::Run(_) => {
            ("no-record", "the run left no deployment record: it deployed elsewhere, did not deploy, or set `deployment: false`".to_owned())
        }
    }
}

/// One word for each pull request, in the order of the column `pull_requests`.
fn pulls(line: Line<'_>, value: fn(&PullRequest) -> String) -> String {
    let Subject::Deployment(_, entry) = line.subject else { return String::new() };
    entry.changes.as_ref().map_or_else(unknown, |all| all.iter().map(value).collect::<Vec<_>>().join(" "))
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

/// `ann+bob`, or `no-one`.
fn reviewers(accounts: &[Account]) -> String {
    if accounts.is_empty() { "no-one".to_owned() } else { logins(accounts).replace(' ', "+") }
}
