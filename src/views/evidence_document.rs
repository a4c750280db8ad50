//! Evidence as a document: the query, one table for each environment, what has no record.
//!
//! Must not judge: the standings come from the report. Tested by golden files in `commands/runs`.

use crate::model::{EnvName, RepoName, Severity};
use crate::providers::github::runs::Account;
use crate::providers::github::runs::evidence::{Gap, Standing, Summary};
use crate::render::{Block, Document, Finding, Glyph, HeadlinePlace, Role, Section, Span, Table};

use super::evidence::{Entry, EnvironmentEvidence, EvidenceReport, Header, Linked, Query};
use super::words::{count, heading, minute, short};

impl From<&EvidenceReport> for Document {
    fn from(report: &EvidenceReport) -> Self {
        let summary = &report.summary;
        let unread = !report.complete;
        let empty = report.environments.iter().any(|environment| environment.unknown.is_none() && environment.deployments.is_empty());
        let failed = summary.count("no-approval") + summary.count("bypassed");
        let clean = ["approved", "rejected", "waiting"].iter().map(|word| summary.count(word)).sum::<usize>() == summary.total();
        let tone = match (failed, clean && !empty && !unread) {
            (1.., _) => Role::Failure,
            (0, false) => Role::Alert,
            (0, true) => Role::Added,
        };
        let older = report.header.query.last.and_then(|_| older(report));
        let next = [
            empty.then_some("Next: check the environment's spelling, or look further back with --last or --since."),
            unread.then_some("Next: fix what could not be read, then run this again."),
        ];
        let next = next.into_iter().flatten().map(str::to_owned).chain(older);
        let mut sections = vec![about(report)];
        sections.extend(report.environments.iter().map(|environment| section(environment, &report.header.repository.name)));
        sections.extend(unrecorded(report));
        Self {
            name: "evidence",
            sections,
            headline: headline(report),
            tone,
            next: next.collect(),
            // What could not be read comes before what is known.
            headline_place: if unread { HeadlinePlace::First } else { HeadlinePlace::Last },
            outputs: vec![
                ("no-approval", summary.count("no-approval").to_string()),
                ("not-provable", summary.count("not-provable").to_string()),
                ("all-approved", report.all_approved().to_string()),
            ],
        }
    }
}

/// One sentence: what could not be read first, then the number of deployments by standing.
pub(super) fn headline(report: &EvidenceReport) -> String {
    let summary = &report.summary;
    let unread: Vec<&str> = report.environments.iter().filter(|it| it.unknown.is_some()).map(|it| it.name.as_str()).collect();
    if !unread.is_empty() {
        let known = if summary.total() == 0 { String::new() } else { format!("{} known, and ", count(summary.total(), "deployment")) };
        return format!("Unknown: {known}the deployments to {} could not be read.", unread.join(", "));
    }
    if summary.total() == 0 {
        return "No evidence: no deployments found. That says nothing about approvals.".to_owned();
    }
    let incomplete = match (report.complete, report.audit_not_understood.unwrap_or(0)) {
        (true, _) => String::new(),
        (false, 0) => "Incomplete: some runs or approvals could not be read. ".to_owned(),
        (false, n) => format!("Incomplete: {} of the audit log not understood. ", count(n, "entry")),
    };
    format!("{incomplete}{}: {}.", count(summary.total(), "deployment"), standings(summary))
}

/// `40 approved, 5 no approval`.
pub(super) fn standings(summary: &Summary) -> String {
    let words = Standing::WORDS.iter().filter(|word| summary.count(word) > 0);
    let said = |word: &&str| word.replace('-', " ").replace("self ", "self-").replace("author ", "author-");
    words.map(|word| format!("{} {}", summary.count(word), said(word))).collect::<Vec<_>>().join(", ")
}

/// How many older deployments there are than those that are shown.
fn older(report: &EvidenceReport) -> Option<String> {
    let all = || report.environments.iter().map(|environment| environment.older);
    let more: usize = all().map(|older| older.count).sum();
    let at_least = if all().all(|older| older.complete || older.count == 0) { "" } else { "At least " };
    let verb = if more == 1 { "exists" } else { "exist" };
    (more > 0).then(|| format!("{at_least}{} {verb}: use --last N or --since DATE to include them.", count(more, "older deployment")))
}

/// The deployments that were asked for.
pub(super) fn period(query: &Query) -> String {
    match (query.since, query.until, query.last) {
        (Some(since), Some(until), _) => format!("{since} up to {until}"),
        (Some(since), None, _) => format!("from {since} on"),
        (_, _, Some(last)) => format!("the newest {last} of each environment"),
        _ => "everything".to_owned(),
    }
}

/// An account with the number that survives a rename.
pub(super) fn account(account: &Account) -> String {
    account.id.map_or_else(|| account.login.clone(), |id| format!("{} (id {id})", account.login))
}

/// How many deployments were read from where, and whether that is all.
pub(super) fn population(report: &EvidenceReport) -> String {
    let pages: usize = report.environments.iter().map(|environment| environment.pages).sum();
    format!(
        "{} read from {} of GitHub's list, which states no total; {}",
        count(report.summary.total(), "deployment"),
        count(pages, "page"),
        if report.complete { "complete" } else { "INCOMPLETE" }
    )
}

/// How many deployments are linked to what they shipped, and why the others are not if that could not be read.
pub(super) fn linked(report: &EvidenceReport) -> String {
    let Linked { linked, of } = report.changes;
    let why = report.changes_unknown.as_ref().map(|unknown| format!("; commits and pull requests could not be read: {}", unknown.reason));
    format!("{linked} of {of}{}", why.unwrap_or_default())
}

/// How evidence was made, as label and value.
pub(super) fn made(Header { generated_at, gatectl, by, .. }: &Header) -> [(&'static str, String); 2] {
    let account = by.as_ref().map_or_else(|| "unknown: GitHub does not name the account behind this token".to_owned(), account);
    [("generated", format!("{generated_at} by gatectl {gatectl}")), ("account", account)]
}

/// The header, as label and value.
pub(super) fn facts(report: &EvidenceReport) -> Vec<(&'static str, String)> {
    let Header { host, repository, query, .. } = &report.header;
    let names: Vec<&str> = query.environments.iter().map(EnvName::as_str).collect();
    let allow = if query.allow.is_empty() { String::new() } else { format!("; also passes: {}", query.allow.join(", ")) };
    let id = repository.id.map_or_else(String::new, |id| format!(" (id {id})"));
    let mut facts = made(&report.header).to_vec();
    facts.extend([
        ("source", format!("{host}, repository {}{id}", repository.name)),
        ("query", format!("environments {}; {}{allow}", names.join(", "), period(query))),
        ("population", population(report)),
        ("changes linked", linked(report)),
    ]);
    let mut unread: Vec<&str> = report.unread().map(|unknown| unknown.reason.as_str()).collect();
    unread.dedup();
    if !unread.is_empty() {
        facts.push(("not read", unread.join("; ")));
    }
    if let Some(log) = &query.audit_log {
        let amiss = report.audit_not_understood.unwrap_or(0);
        let amiss = if amiss == 0 { String::new() } else { format!("; {} not understood, which may hide a bypass", count(amiss, "entry")) };
        let events = count(report.audit_events.unwrap_or(0), "event");
        facts.push(("audit log", format!("{events} of {} in {log}{amiss}", repository.name)));
    }
    facts
}

fn about(report: &EvidenceReport) -> Section {
    let blocks = facts(report).into_iter().map(|(label, value)| super::words::row(label, Role::Plain, value)).collect();
    Section::new(heading(Glyph::None, "evidence", "how it was collected"), blocks)
}

fn unrecorded(report: &EvidenceReport) -> Option<Section> {
    let text = match &report.unrecorded_runs {
        Some(runs) if runs.is_empty() => return None,
        Some(runs) => format!(
            "{} of the same workflows without a deployment record in these environments: deployed elsewhere, did not deploy, or set `deployment: false`.",
            count(runs.len(), "run")
        ),
        None if report.summary.total() == 0 => return None,
        None => "Runs without a deployment record were not looked for: the list of runs is too long, or could not be read.".to_owned(),
    };
    let links = report.unrecorded_runs.iter().flatten().take(10).map(|run| Block::Link(run.url.clone()));
    let blocks = std::iter::once(Block::Text(text)).chain(links).collect();
    Some(Section::new(heading(Glyph::None, "other runs", "no deployment record"), blocks))
}

fn section(environment: &EnvironmentEvidence, repository: &RepoName) -> Section {
    let (glyph, text) = match (&environment.unknown, environment.deployments.len()) {
        (Some(_), _) => (Glyph::Unknown, "its deployments could not be listed".to_owned()),
        (None, 0) => (Glyph::Unknown, format!("no deployments of {repository} to this environment were found")),
        (None, n) => {
            let gap = environment.deployments.iter().any(|entry| !entry.verdict.passes());
            (if gap { Glyph::Alert } else { Glyph::None }, count(n, "deployment"))
        }
    };
    let mut blocks = Vec::new();
    if let Some(unknown) = &environment.unknown {
        blocks.extend([&unknown.reason, &unknown.hint].into_iter().filter(|text| !text.is_empty()).cloned().map(Block::Text));
    }
    if !environment.deployments.is_empty() {
        let header = ["created (UTC)", "commit", "run", "started by", "ships", "approval"].map(str::to_owned).to_vec();
        blocks.push(Block::Table(Table { header, rows: environment.deployments.iter().map(Entry::row).collect() }));
    }
    blocks.extend(environment.deployments.iter().filter_map(Entry::finding).map(Block::Finding));
    blocks.push(Block::Link(environment.activity_log.clone()));
    Section::new(heading(glyph, &environment.name, &text), blocks)
}

impl Entry {
    /// What it ships, in a few words.
    pub(super) fn shipped(&self) -> String {
        let unnamed = match self.unnamed_authors.unwrap_or(0) {
            0 => "",
            _ => ", unknown author",
        };
        let ships = match (&self.changes, self.commits) {
            (Some(pulls), _) if !pulls.is_empty() => pulls.iter().map(|pull| format!("#{}", pull.number)).collect::<Vec<_>>().join(" "),
            (Some(_), Some(commits)) => count(commits, "commit"),
            _ => "unknown".to_owned(),
        };
        format!("{ships}{unnamed}")
    }

    /// The standing in words, with who and when.
    pub(super) fn verdict_words(&self) -> (Role, String) {
        let (role, verdict) = match &self.verdict {
            Standing::Approved => (Role::Added, format!("approved by {}", logins(&self.approved_by))),
            Standing::SelfApproved => (Role::Alert, format!("self-approved by {}", logins(&self.approved_by))),
            Standing::AuthorApproved => (Role::Alert, format!("approved by an author: {}", logins(&self.approved_by))),
            Standing::ApprovedByAutomation => (Role::Alert, format!("approved by automation: {}", logins(&self.approved_by))),
            Standing::TooFewApprovals { found, needed } => {
                (Role::Alert, format!("{found} of {needed} approvals: {}", logins(&self.approved_by)))
            }
            Standing::Bypassed => (Role::Failure, "BYPASSED by an admin".to_owned()),
            Standing::Rejected => (Role::Plain, format!("rejected by {}", logins(&self.rejected_by))),
            Standing::Waiting => (Role::Quiet, "waiting".to_owned()),
            Standing::NoApproval => (Role::Failure, "NO APPROVAL".to_owned()),
            Standing::NotProvable(_) => (Role::Alert, "not provable".to_owned()),
        };
        match (self.approved_at, self.approved_no_later_than) {
            (Some(at), _) => (role, format!("{verdict}, {}", minute(at))),
            (None, Some(at)) => (role, format!("{verdict}, before {}", minute(at))),
            (None, None) => (role, verdict),
        }
    }

    fn row(&self) -> Vec<Span> {
        let (role, verdict) = self.verdict_words();
        vec![
            Span::plain(minute(self.created_at)),
            Span::plain(short(&self.sha)),
            Span::plain(self.run.map_or_else(|| "-".to_owned(), |run| run.to_string())),
            Span::plain(self.started_by.as_ref().map_or("-", |account| account.login.as_str())),
            Span::plain(self.shipped()),
            Span::new(role, verdict),
        ]
    }

    fn finding(&self) -> Option<Finding> {
        let look = || self.url.as_ref().map_or_else(|| "Open the activity log below".to_owned(), |url| format!("Open {url}"));
        let (severity, fix) = match &self.verdict {
            Standing::NoApproval => (
                Severity::Error,
                "Run `gatectl verify` to see whether anything gates it now; the activity log below may name an admin".to_owned(),
            ),
            Standing::Bypassed => (Severity::Error, "Declare can_admins_bypass = false, then run `gatectl apply`".to_owned()),
            Standing::NotProvable(Gap::Unread(why)) if !why.hint.is_empty() => (Severity::Warning, why.hint.clone()),
            Standing::NotProvable(_) | Standing::AuthorApproved | Standing::ApprovedByAutomation | Standing::TooFewApprovals { .. } => {
                (Severity::Warning, look())
            }
            Standing::Approved | Standing::SelfApproved | Standing::Rejected | Standing::Waiting => return None,
        };
        let subject = self.run.map_or_else(|| format!("deployments/{}", self.id), |run| format!("runs/{run}"));
        let message = self.reason.clone().unwrap_or_default();
        Some(Finding::new(severity, self.verdict.word(), subject, message, fix))
    }
}

/// Logins as one text.
pub(super) fn logins(accounts: &[Account]) -> String {
    accounts.iter().map(|account| account.login.as_str()).collect::<Vec<_>>().join(", ")
}
