//! What `evidence` shows: the shape of its JSON (format 2.0), its CSV, its text. The HTML page is made from the same report in
//! `evidence_page`.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{EnvName, RepoName, Unknown};
use crate::providers::github::runs::audit::Rule;
use crate::providers::github::runs::changes::{Change, Unlinked};
use crate::providers::github::runs::evidence::{self, Gap, Measure, Record, RunMismatch, Standing, Summary};
use crate::providers::github::runs::observe::History;
use crate::providers::github::runs::{Account, Approval, Decision, Links, Run};
use crate::render::{Block, Document, Finding, FindingLocation, Glyph, HeadlinePlace, Role, Section, Severity, Span, Table};

use super::words::{count, heading, minute, short};

/// The version of the JSON; it rises if a key goes or changes its meaning.
pub(crate) const FORMAT_VERSION: &str = "2.0";

/// How the evidence was made, and by which account: what an auditor asks of the query before reading its result.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Header {
    /// When.
    pub(crate) generated_at: Timestamp,
    /// The version of gatectl.
    pub(crate) gatectl: &'static str,
    /// The account behind the token; none if GitHub does not say, as with an App's token.
    pub(crate) by: Option<Account>,
    /// The API that was asked.
    pub(crate) host: String,
    /// The repository.
    pub(crate) repository: Repository,
    /// What was asked for.
    pub(crate) query: Query,
}

/// A repository as GitHub identifies it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Repository {
    /// OWNER/REPO.
    pub(crate) name: RepoName,
    /// The database id, which survives a rename.
    pub(crate) id: Option<u64>,
}

/// What was asked for.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Query {
    /// The environments.
    pub(crate) environments: Vec<EnvName>,
    /// The newest so many of each.
    pub(crate) last: Option<usize>,
    /// From this moment …
    pub(crate) since: Option<Timestamp>,
    /// … up to and without this one.
    pub(crate) until: Option<Timestamp>,
    /// The audit log that was joined.
    pub(crate) audit_log: Option<String>,
    /// Standings that pass beside those that always do.
    pub(crate) allow: Vec<String>,
}

/// The evidence; also the shape of the JSON (`docs/schemas/evidence.schema.json`).
#[derive(Debug, Clone, Serialize)]
pub(crate) struct EvidenceReport {
    format_version: &'static str,
    #[serde(flatten)]
    pub(super) header: Header,
    /// Whether everything that was asked for could be read.
    complete: bool,
    /// How many deployments could be linked to what they shipped.
    pub(super) changes: Linked,
    /// Why the commits and pull requests are not known, if they could not be read.
    changes_unknown: Option<Unknown>,
    pub(super) environments: Vec<EnvironmentEvidence>,
    /// Runs of the same workflows in the period without a deployment record in these environments; none if the list of runs was too
    /// long to read.
    pub(super) unrecorded_runs: Option<Vec<Unrecorded>>,
    /// Entries of the audit log that were not understood.
    audit_not_understood: Option<usize>,
    pub(super) summary: Summary,
}

/// So many of so many.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Linked {
    pub(super) linked: usize,
    pub(super) of: usize,
}

/// A run that left no deployment record.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Unrecorded {
    run: u64,
    workflow: String,
    event: String,
    created_at: Timestamp,
    conclusion: Option<String>,
    started_by: Option<Account>,
    pub(super) url: String,
}

/// What is known of one environment.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct EnvironmentEvidence {
    pub(super) name: String,
    pub(super) activity_log: String,
    /// How many deployments are in the period. GitHub's list states no total; it was read to the end of the period.
    total: usize,
    /// Whether there are older ones.
    more: bool,
    /// Pages of the list that were read.
    pages: usize,
    pub(super) deployments: Vec<Entry>,
    unknown: Option<Unknown>,
    pub(super) summary: Summary,
}

/// What is known of one deployment.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entry {
    pub(super) id: u64,
    pub(super) created_at: Timestamp,
    pub(super) sha: String,
    #[serde(rename = "ref")]
    git_ref: String,
    state: Option<String>,
    started: bool,
    pub(super) standing: &'static str,
    pub(super) reason: Option<String>,
    pub(super) run: Option<u64>,
    workflow: Option<String>,
    attempt: Option<u32>,
    pub(super) started_by: Option<Account>,
    pub(super) approved_by: Vec<Account>,
    rejected_by: Vec<Account>,
    waiting_since: Option<Timestamp>,
    /// From an audit log: GitHub's API does not say when.
    pub(super) approved_at: Option<Timestamp>,
    pub(super) approved_no_later_than: Option<Timestamp>,
    /// From the request to the approval, or to the moment at the latest.
    latency_seconds: Option<i64>,
    comments: Vec<String>,
    /// The pull requests that it shipped; none if that is not known.
    pub(super) changes: Option<Vec<Shipped>>,
    commits: Option<usize>,
    pub(super) authors: Option<Vec<Account>>,
    changes_unknown: Option<&'static str>,
    /// The environment's rules at that time, from an audit log.
    pub(super) rule: Option<Rule>,
    pub(super) url: Option<String>,
    #[serde(skip)]
    pub(super) verdict: Standing,
}

/// A pull request that a deployment shipped.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Shipped {
    pub(super) number: u64,
    pub(super) title: String,
    pub(super) author: Option<Account>,
    /// Who approved the pull request; none if that could not be read.
    pub(super) reviewers: Option<Vec<Account>>,
    /// Who merged it; none if that is not known.
    pub(super) merged_by: Option<Account>,
    merged_at: Timestamp,
}

impl EvidenceReport {
    /// Judges what was read and lays it out.
    pub(crate) fn new(header: Header, history: &History, measure: Measure<'_>, links: Links<'_>) -> Self {
        let judged = evidence::judge(links.repository, history, measure);
        let environments: Vec<EnvironmentEvidence> = history
            .environments
            .iter()
            .map(|(name, known)| {
                let records = judged.iter().find(|(judged, _)| judged == name).map_or(&[][..], |(_, records)| records.as_slice());
                let known = known.as_ref();
                EnvironmentEvidence {
                    name: name.to_string(),
                    activity_log: links.activity_log(name),
                    total: records.len(),
                    more: known.is_ok_and(|known| known.more),
                    pages: known.map_or(0, |known| known.pages),
                    deployments: records.iter().map(|record| Entry::new(record, links)).collect(),
                    unknown: known.err().cloned(),
                    summary: Summary::of(records.iter().map(|record| &record.standing)),
                }
            })
            .collect();
        let entries = || environments.iter().flat_map(|environment| &environment.deployments);
        let changes = Linked { linked: entries().filter(|entry| entry.changes.is_some()).count(), of: entries().count() };
        let complete = environments.iter().all(|one| one.unknown.is_none()) && entries().all(|entry| entry.verdict.unread().is_none());
        let unrecorded = evidence::unrecorded(links.repository, history);
        Self {
            format_version: FORMAT_VERSION,
            header,
            complete,
            changes,
            changes_unknown: history.changes.as_ref().err().cloned(),
            unrecorded_runs: unrecorded.map(|runs| runs.into_iter().map(|run| Unrecorded::new(run, links)).collect()),
            audit_not_understood: measure.audit.map(|log| log.not_understood),
            summary: Summary::of(judged.iter().flat_map(|(_, records)| records).map(|record| &record.standing)),
            environments,
        }
    }

    /// Why something could not be read.
    pub(crate) fn unread(&self) -> impl Iterator<Item = &Unknown> {
        self.environments.iter().flat_map(|environment| {
            environment.unknown.iter().chain(environment.deployments.iter().filter_map(|entry| entry.verdict.unread()))
        })
    }

    /// Whether each environment has evidence, and all of it passes, by itself or by what `--allow` names.
    pub(crate) fn all_approved(&self) -> bool {
        let passes = |entry: &Entry| entry.verdict.passes() || self.header.query.allow.iter().any(|allowed| allowed == entry.standing);
        let sound = |environment: &EnvironmentEvidence| {
            let evidence = &environment.deployments;
            environment.unknown.is_none() && !evidence.is_empty() && evidence.iter().all(passes)
        };
        self.environments.iter().all(sound)
    }

    /// One row for each deployment: what `--csv` prints.
    pub(crate) fn records(&self) -> Table {
        let header = [
            "repository",
            "environment",
            "deployment",
            "created_at",
            "sha",
            "ref",
            "state",
            "standing",
            "approved_by",
            "approved_by_ids",
            "approved_at",
            "approved_no_later_than",
            "latency_seconds",
            "rejected_by",
            "comments",
            "started_by",
            "started_by_id",
            "authors",
            "pull_requests",
            "commits",
            "workflow",
            "run",
            "attempt",
            "reason",
            "url",
            "activity_log",
        ];
        let repository = &self.header.repository.name;
        let rows = self.environments.iter().flat_map(|one| one.deployments.iter().map(move |entry| entry.record(repository, one)));
        Table { header: header.map(str::to_owned).to_vec(), rows: rows.collect() }
    }
}

impl Unrecorded {
    fn new(run: &Run, links: Links<'_>) -> Self {
        Self {
            run: run.id,
            workflow: run.workflow.clone(),
            event: run.event.clone(),
            created_at: run.created_at,
            conclusion: run.conclusion.clone(),
            started_by: run.started_by().cloned(),
            url: links.run(run.id),
        }
    }
}

/// Logins as one text.
pub(super) fn logins(accounts: &[Account]) -> String {
    accounts.iter().map(|account| account.login.as_str()).collect::<Vec<_>>().join(", ")
}

impl Entry {
    fn new(record: &Record, links: Links<'_>) -> Self {
        let by = |state| -> Vec<Account> {
            let reviews = record.reviews.iter().filter(|review| review.state == state);
            reviews.map(|review| review.user.clone().unwrap_or_else(|| Account::new("(deleted account)".to_owned(), None, None))).collect()
        };
        let said = |review: &Approval| (!review.comment.is_empty()).then(|| review.comment.clone());
        let approved = matches!(
            record.standing,
            Standing::Approved
                | Standing::SelfApproved
                | Standing::AuthorApproved
                | Standing::ApprovedByAutomation
                | Standing::TooFewApprovals { .. }
        );
        let no_later = record.released_at.filter(|_| approved);
        let latency = record.waiting_since.zip(record.approved_at.or(no_later));
        let change = record.change.as_ref();
        Self {
            id: record.deployment.id,
            created_at: record.deployment.created_at,
            sha: record.deployment.sha.clone(),
            git_ref: record.deployment.git_ref.clone(),
            state: record.state.clone(),
            started: record.started,
            standing: record.standing.word(),
            reason: reason(&record.standing),
            run: record.run_id,
            workflow: record.run.as_ref().map(|run| run.workflow.clone()),
            attempt: record.run.as_ref().map(|run| run.attempt),
            started_by: record.run.as_ref().and_then(|run| run.started_by()).cloned(),
            approved_by: by(Decision::Approved),
            rejected_by: by(Decision::Rejected),
            waiting_since: record.waiting_since,
            approved_at: record.approved_at,
            approved_no_later_than: no_later,
            latency_seconds: latency.map(|(since, until)| until.as_second() - since.as_second()),
            comments: record.reviews.iter().filter_map(said).collect(),
            changes: change.ok().map(shipped),
            commits: change.ok().map(|change| change.commits),
            authors: change.ok().map(|change| change.authors.iter().cloned().collect()),
            changes_unknown: change.err().map(|unlinked| unlinked_words(*unlinked)),
            rule: record.rule.clone(),
            url: record.run_id.map(|id| links.run(id)),
            verdict: record.standing.clone(),
        }
    }

    fn record(&self, repository: &RepoName, environment: &EnvironmentEvidence) -> Vec<Span> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
        let moment = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
        let joined = |accounts: &[Account]| accounts.iter().map(|one| one.login.as_str()).collect::<Vec<_>>().join(" ");
        let ids = |accounts: &[Account]| accounts.iter().map(|one| number(one.id)).collect::<Vec<_>>().join(" ");
        let pulls = self.changes.iter().flatten().map(|pull| format!("#{}", pull.number)).collect::<Vec<_>>().join(" ");
        let unknown = || "unknown".to_owned();
        let cells = [
            repository.to_string(),
            environment.name.clone(),
            self.id.to_string(),
            self.created_at.to_string(),
            self.sha.clone(),
            self.git_ref.clone(),
            text(&self.state),
            self.standing.to_owned(),
            joined(&self.approved_by),
            ids(&self.approved_by),
            moment(self.approved_at),
            moment(self.approved_no_later_than),
            self.latency_seconds.map(|seconds| seconds.to_string()).unwrap_or_default(),
            joined(&self.rejected_by),
            self.comments.join(" / "),
            self.started_by.as_ref().map(|account| account.login.clone()).unwrap_or_default(),
            number(self.started_by.as_ref().and_then(|account| account.id)),
            self.authors.as_ref().map_or_else(unknown, |authors| joined(authors)),
            self.changes.as_ref().map_or_else(unknown, |_| pulls),
            self.commits.map_or_else(unknown, |commits| commits.to_string()),
            text(&self.workflow),
            number(self.run),
            number(self.attempt.map(u64::from)),
            text(&self.reason),
            text(&self.url),
            environment.activity_log.clone(),
        ];
        cells.into_iter().map(Span::plain).collect()
    }

    /// What it ships, in a few words.
    pub(super) fn shipped(&self) -> String {
        match (&self.changes, self.commits) {
            (Some(pulls), _) if !pulls.is_empty() => pulls.iter().map(|pull| format!("#{}", pull.number)).collect::<Vec<_>>().join(" "),
            (Some(_), Some(commits)) => count(commits, "commit"),
            _ => "unknown".to_owned(),
        }
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
        Some(Finding { severity, code: self.verdict.word(), subject, message, fix, place: FindingLocation::Nowhere })
    }
}

fn shipped(change: &Change) -> Vec<Shipped> {
    let pulls = change.pull_requests.iter().map(|pull| Shipped {
        number: pull.number,
        title: pull.title.clone(),
        author: pull.author.clone(),
        reviewers: pull.approved_by.clone(),
        merged_by: pull.merged_by.clone(),
        merged_at: pull.merged_at,
    });
    pulls.collect()
}

const fn unlinked_words(unlinked: Unlinked) -> &'static str {
    match unlinked {
        Unlinked::NoEarlierDeployment => "no earlier deployment is known to compare with",
        Unlinked::OutsideHistory => "the commits since the previous deployment are not in the history of the newest one",
        Unlinked::Unread => "the commits or pull requests could not be read",
    }
}

/// Why it was not approved independently, or why that cannot be told.
fn reason(standing: &Standing) -> Option<String> {
    match standing {
        Standing::Approved | Standing::SelfApproved | Standing::Rejected | Standing::Waiting => None,
        Standing::AuthorApproved => Some("an account that approved it wrote one of the commits or pull requests that it shipped".to_owned()),
        Standing::ApprovedByAutomation => Some(
            "a bot or an App approved it, or an account that approved several deployments within seconds of their requests".to_owned(),
        ),
        Standing::TooFewApprovals { found, needed } => {
            Some(format!("{found} of the {needed} different people that gate.toml asks for approved it; GitHub enforces only one"))
        }
        Standing::Bypassed => Some("the audit log says that an admin started it past the environment's rules".to_owned()),
        Standing::NoApproval => Some(
            "it began, and no review of its run approved it: no reviewer was required then, or an admin bypassed the rule. GitHub's API does not tell these apart; an audit log does (--audit-log)"
                .to_owned(),
        ),
        Standing::NotProvable(gap) => Some(match gap {
            Gap::NoRun => "none of its statuses leads to a run of this repository: it was created by the API, which passes no gate, or its log is elsewhere".to_owned(),
            Gap::SeveralRuns => "its statuses lead to several runs".to_owned(),
            Gap::RunMismatch(RunMismatch::Commit) => "the run that it leads to is about another commit".to_owned(),
            Gap::RunMismatch(RunMismatch::Before) => "it is older than the run that it leads to".to_owned(),
            Gap::RunMismatch(RunMismatch::After) => "it was created after the run that it leads to had ended".to_owned(),
            Gap::Gone => "the run that it leads to was deleted, is too old, or is hidden from this token".to_owned(),
            Gap::Unread(why) => why.reason.clone(),
            Gap::NeverSeenToStart(Some(state)) => format!("it is {state}, and no status says that its job began"),
            Gap::NeverSeenToStart(None) => "it has no status".to_owned(),
            Gap::WhichAttempt(attempts) => {
                format!("its run was approved, but has {attempts} attempts, and GitHub does not say which of them")
            }
            Gap::TooFewApprovals { deployments, approvals } => format!(
                "its run made {} to this environment with {}, and GitHub does not say which",
                count(*deployments, "deployment"),
                count(*approvals, "approval")
            ),
            Gap::Contradiction => "its run was both approved and rejected for this environment".to_owned(),
            Gap::UnnamedEnvironment => "a review of its run names no environment, as after the environment was deleted".to_owned(),
            Gap::UnnamedPerson => "GitHub no longer names the account that approved it, or that started its run".to_owned(),
            Gap::UnknownKind(login) => format!("GitHub does not say whether {login}, who approved it, is a person"),
        }),
    }
}

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
        let more = report.environments.iter().any(|environment| environment.more) && report.header.query.last.is_some();
        let next = [
            empty.then_some("Next: check the environment's spelling, or look further back with --last or --since."),
            unread.then_some("Next: fix what could not be read, as shown above, then run this again."),
            more.then_some("Older deployments exist: use --last N or --since DATE to include them."),
        ];
        let next = next.into_iter().flatten().map(str::to_owned);
        let mut sections = vec![about(report)];
        sections.extend(report.environments.iter().map(|environment| section(environment, &report.header.repository.name)));
        sections.extend(unrecorded(report));
        Self {
            name: "evidence",
            sections,
            headline: headline(report),
            tone,
            next: next.collect(),
            headline_place: HeadlinePlace::Last,
            outputs: vec![
                ("no-approval", summary.count("no-approval").to_string()),
                ("not-provable", summary.count("not-provable").to_string()),
                ("all-approved", report.all_approved().to_string()),
            ],
        }
    }
}

/// One sentence: what could not be read first, then how many deployments came to what.
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
    let parts: Vec<String> = Standing::WORDS
        .iter()
        .filter(|word| summary.count(word) > 0)
        .map(|word| format!("{} {}", summary.count(word), word.replace('-', " ").replace("self ", "self-").replace("author ", "author-")))
        .collect();
    let incomplete = if report.complete { "" } else { "Incomplete: some runs or approvals could not be read. " };
    format!("{incomplete}{}: {}.", count(summary.total(), "deployment"), parts.join(", "))
}

/// The header, as label and value.
pub(super) fn facts(report: &EvidenceReport) -> Vec<(&'static str, String)> {
    let Header { generated_at, gatectl, by, host, repository, query } = &report.header;
    let account = |account: &Account| account.id.map_or_else(|| account.login.clone(), |id| format!("{} (id {id})", account.login));
    let period = match (query.since, query.until, query.last) {
        (Some(since), Some(until), _) => format!("{since} up to {until}"),
        (_, _, Some(last)) => format!("the newest {last} of each environment"),
        _ => "everything".to_owned(),
    };
    let names: Vec<&str> = query.environments.iter().map(EnvName::as_str).collect();
    let pages: usize = report.environments.iter().map(|environment| environment.pages).sum();
    let id = repository.id.map_or_else(String::new, |id| format!(" (id {id})"));
    let mut facts = vec![
        ("generated", format!("{generated_at} by gatectl {gatectl}")),
        ("account", by.as_ref().map_or_else(|| "unknown: GitHub does not name the account behind this token".to_owned(), account)),
        ("source", format!("{host}, repository {}{id}", repository.name)),
        ("query", format!("environments {}; {period}", names.join(", "))),
        (
            "population",
            format!(
                "{} read from {} of GitHub's list, which states no total; {}",
                count(report.summary.total(), "deployment"),
                count(pages, "page"),
                if report.complete { "complete" } else { "INCOMPLETE" }
            ),
        ),
        ("changes linked", format!("{} of {}", report.changes.linked, report.changes.of)),
    ];
    if let Some(log) = &query.audit_log {
        let amiss = report.audit_not_understood.unwrap_or(0);
        let amiss =
            if amiss == 0 { String::new() } else { format!("; {} not understood", count(amiss, "entry").replace("entrys", "entries")) };
        facts.push(("audit log", format!("{log}{amiss}")));
    }
    facts
}

fn about(report: &EvidenceReport) -> Section {
    let mut blocks: Vec<Block> = facts(report).into_iter().map(|(label, value)| super::words::row(label, Role::Plain, value)).collect();
    if let Some(unknown) = &report.changes_unknown {
        blocks.push(Block::Text(format!("Commits and pull requests could not be read: {}; {}", unknown.reason, unknown.hint)));
    }
    Section { heading: Some(heading(Glyph::None, "evidence", "how it was made")), blocks, ..Section::default() }
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
    Some(Section { heading: Some(heading(Glyph::None, "other runs", "no deployment record")), blocks, ..Section::default() })
}

fn section(environment: &EnvironmentEvidence, repository: &RepoName) -> Section {
    let (glyph, text) = match (&environment.unknown, environment.deployments.len()) {
        (Some(_), _) => (Glyph::Unknown, "its deployments could not be listed".to_owned()),
        (None, 0) => (Glyph::Unknown, format!("no deployments of {repository} to it found")),
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
    Section { heading: Some(heading(glyph, &environment.name, &text)), blocks, ..Section::default() }
}
