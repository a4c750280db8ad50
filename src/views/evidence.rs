//! What `evidence` prints: the shape of its JSON, its CSV, its text.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{EnvName, RepoName, Unknown};
use crate::providers::github::runs::evidence::{self, Gap, Misfit, Record, Standing, Summary};
use crate::providers::github::runs::observe::History;
use crate::providers::github::runs::{Approval, Decision, Links};
use crate::render::json::FORMAT_VERSION;
use crate::render::{Block, Document, Finding, Glyph, Place, Role, Section, Severity, Span, Table};

use super::words::{count, heading, minute, short};

/// The evidence; also the shape of the JSON (`docs/schemas/evidence.schema.json`).
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    format_version: &'static str,
    repository: RepoName,
    environments: Vec<Environment>,
    summary: Summary,
}

/// What is known of one environment.
#[derive(Debug, Clone, Serialize)]
struct Environment {
    name: String,
    activity_log: String,
    deployments: Vec<Entry>,
    unknown: Option<Unknown>,
    summary: Summary,
}

/// What is known of one deployment.
#[derive(Debug, Clone, Serialize)]
struct Entry {
    deployment: u64,
    created_at: Timestamp,
    sha: String,
    #[serde(rename = "ref")]
    git_ref: String,
    state: Option<String>,
    started: bool,
    standing: &'static str,
    reason: Option<String>,
    run: Option<u64>,
    workflow: Option<String>,
    attempt: Option<u32>,
    started_by: Option<String>,
    approved_by: Vec<String>,
    rejected_by: Vec<String>,
    /// GitHub's API does not say when somebody approved.
    approved_at: Option<Timestamp>,
    approved_no_later_than: Option<Timestamp>,
    comments: Vec<String>,
    url: Option<String>,
    #[serde(skip)]
    verdict: Standing,
}

impl Report {
    pub(crate) fn new(history: &History, links: Links<'_>) -> Self {
        let judged = evidence::judge(links.repository, history);
        let records = |name: &EnvName| judged.iter().find(|(judged, _)| judged == name).map(|(_, records)| records.as_slice());
        let environments = history.environments.iter().map(|(name, traced)| {
            let records = records(name).unwrap_or_default();
            Environment {
                name: name.to_string(),
                activity_log: links.activity_log(name),
                deployments: records.iter().map(|record| Entry::new(record, links)).collect(),
                unknown: traced.as_ref().err().cloned(),
                summary: Summary::of(records),
            }
        });
        Self {
            format_version: FORMAT_VERSION,
            repository: links.repository.clone(),
            environments: environments.collect(),
            summary: Summary::of(judged.iter().flat_map(|(_, records)| records)),
        }
    }

    /// Why something could not be read.
    pub(crate) fn unread(&self) -> impl Iterator<Item = &Unknown> {
        self.environments.iter().flat_map(|environment| {
            environment.unknown.iter().chain(environment.deployments.iter().filter_map(|entry| entry.verdict.unread()))
        })
    }

    /// Whether each environment has evidence, and none of it is a gap.
    pub(crate) fn all_approved(&self) -> bool {
        let sound = |environment: &Environment| {
            let evidence = &environment.deployments;
            environment.unknown.is_none() && !evidence.is_empty() && !evidence.iter().any(|entry| entry.verdict.is_gap())
        };
        self.environments.iter().all(sound)
    }

    /// One row for each deployment: what `--csv` prints.
    pub(crate) fn records(&self) -> Table {
        let header = [
            "environment",
            "deployment",
            "created_at",
            "sha",
            "ref",
            "state",
            "standing",
            "approved_by",
            "approved_no_later_than",
            "rejected_by",
            "comments",
            "started_by",
            "workflow",
            "run",
            "attempt",
            "reason",
            "url",
            "activity_log",
        ];
        let rows = self.environments.iter().flat_map(|environment| environment.deployments.iter().map(|entry| entry.record(environment)));
        Table { header: header.map(str::to_owned).to_vec(), rows: rows.collect() }
    }
}

impl Entry {
    fn new(record: &Record, links: Links<'_>) -> Self {
        let by = |state| -> Vec<String> {
            let reviews = record.reviews.iter().filter(|review| review.state == state);
            reviews.map(|review| review.user.clone().unwrap_or_else(|| "(deleted account)".to_owned())).collect()
        };
        let approved_by = by(Decision::Approved);
        let said = |review: &Approval| (!review.comment.is_empty()).then(|| review.comment.clone());
        let approved = matches!(record.standing, Standing::Approved | Standing::SelfApproved);
        Self {
            deployment: record.deployment.id,
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
            started_by: record.run.as_ref().and_then(|run| run.started_by()).map(str::to_owned),
            approved_by,
            rejected_by: by(Decision::Rejected),
            approved_at: None,
            approved_no_later_than: record.released_at.filter(|_| approved),
            comments: record.reviews.iter().filter_map(said).collect(),
            url: record.run_id.map(|id| links.run(id)),
            verdict: record.standing.clone(),
        }
    }

    fn record(&self, environment: &Environment) -> Vec<Span> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
        let cells = [
            environment.name.clone(),
            self.deployment.to_string(),
            self.created_at.to_string(),
            self.sha.clone(),
            self.git_ref.clone(),
            text(&self.state),
            self.standing.to_owned(),
            self.approved_by.join(" "),
            self.approved_no_later_than.map(|at| at.to_string()).unwrap_or_default(),
            self.rejected_by.join(" "),
            self.comments.join(" / "),
            text(&self.started_by),
            text(&self.workflow),
            number(self.run),
            number(self.attempt.map(u64::from)),
            text(&self.reason),
            text(&self.url),
            environment.activity_log.clone(),
        ];
        cells.into_iter().map(Span::plain).collect()
    }

    fn row(&self) -> Vec<Span> {
        let (role, verdict) = match &self.verdict {
            Standing::Approved => (Role::Added, format!("approved by {}", self.approved_by.join(", "))),
            Standing::SelfApproved => (Role::Alert, format!("self-approved by {}", self.approved_by.join(", "))),
            Standing::Rejected => (Role::Plain, format!("rejected by {}", self.rejected_by.join(", "))),
            Standing::Waiting => (Role::Quiet, "waiting".to_owned()),
            Standing::NeverApproved => (Role::Failure, "NEVER APPROVED".to_owned()),
            Standing::NotProvable(_) => (Role::Alert, "not provable".to_owned()),
        };
        let verdict = match self.approved_no_later_than {
            Some(at) => format!("{verdict}, before {}", minute(at)),
            None => verdict,
        };
        vec![
            Span::plain(minute(self.created_at)),
            Span::plain(short(&self.sha)),
            Span::plain(self.run.map_or_else(|| "-".to_owned(), |run| run.to_string())),
            Span::plain(self.started_by.as_deref().unwrap_or("-")),
            Span::new(role, verdict),
        ]
    }

    fn finding(&self) -> Option<Finding> {
        let below = || "look at the activity log below".to_owned();
        let (severity, fix) = match &self.verdict {
            Standing::NeverApproved => (
                Severity::Error,
                "`gatectl verify` says whether anything gates it now; the activity log below may name an admin".to_owned(),
            ),
            Standing::NotProvable(Gap::Unread(why)) if !why.hint.is_empty() => (Severity::Warning, why.hint.clone()),
            Standing::NotProvable(_) => (Severity::Warning, self.url.as_ref().map_or_else(below, |url| format!("look at {url}"))),
            Standing::Approved | Standing::SelfApproved | Standing::Rejected | Standing::Waiting => return None,
        };
        let subject = self.run.map_or_else(|| format!("deployments/{}", self.deployment), |run| format!("runs/{run}"));
        let message = self.reason.clone().unwrap_or_default();
        Some(Finding { severity, code: self.verdict.word(), subject, message, fix, place: Place::Nowhere })
    }
}

/// Why it was not approved, or why nobody can say.
fn reason(standing: &Standing) -> Option<String> {
    match standing {
        Standing::Approved | Standing::SelfApproved | Standing::Rejected | Standing::Waiting => None,
        Standing::NeverApproved => Some(
            "it began, and no review of its run approved it: no reviewer was required then, or an admin bypassed the rule, which GitHub's API does not tell apart"
                .to_owned(),
        ),
        Standing::NotProvable(gap) => Some(match gap {
            Gap::NoRun => "none of its statuses leads to a run of this repository: it was made over the API, which passes no gate, or its log is elsewhere".to_owned(),
            Gap::SeveralRuns => "its statuses lead to several runs".to_owned(),
            Gap::Misfit(Misfit::Commit) => "the run that it leads to is about another commit".to_owned(),
            Gap::Misfit(Misfit::Before) => "it is older than the run that it leads to".to_owned(),
            Gap::Misfit(Misfit::After) => "it was made when the run that it leads to was over".to_owned(),
            Gap::Gone => "the run that it leads to was deleted, is too old, or is hidden from this token".to_owned(),
            Gap::Unread(why) => why.reason.clone(),
            Gap::NeverSeenToStart(Some(state)) => format!("it is {state}, and no status says that its job began"),
            Gap::NeverSeenToStart(None) => "it has no status".to_owned(),
            Gap::WhichAttempt(attempts) => {
                format!("its run was approved, but has {attempts} attempts, and GitHub does not say for which of them")
            }
            Gap::TooFewApprovals { deployments, approvals } => format!(
                "its run made {} to this environment with {}, and GitHub does not say for which",
                count(*deployments, "deployment"),
                count(*approvals, "approval")
            ),
            Gap::Contradiction => "its run was both approved and rejected for this environment".to_owned(),
            Gap::UnnamedEnvironment => "a review of its run names no environment, as after the environment was deleted".to_owned(),
            Gap::UnnamedPerson => "GitHub no longer names who approved it, or who started its run".to_owned(),
        }),
    }
}

impl From<&Report> for Document {
    fn from(report: &Report) -> Self {
        let summary = report.summary;
        let unread = report.environments.iter().any(|environment| environment.unknown.is_some());
        let empty = report.environments.iter().any(|environment| environment.unknown.is_none() && environment.deployments.is_empty());
        let gaps = summary.never_approved + summary.not_provable;
        let tone = match (summary.never_approved, gaps > 0 || empty || unread || summary.self_approved > 0) {
            (1.., _) => Role::Failure,
            (0, true) => Role::Alert,
            (0, false) => Role::Added,
        };
        let next = [
            empty.then_some("Next: check the environment's spelling, or look further back with --last or --since."),
            unread.then_some("Next: settle what could not be read, as said above, and run again."),
        ];
        let next = next.into_iter().flatten().map(str::to_owned);
        Self {
            name: "evidence",
            sections: report.environments.iter().map(|environment| section(environment, &report.repository)).collect(),
            headline: headline(summary, report),
            tone,
            next: next.collect(),
            outputs: vec![
                ("never-approved", summary.never_approved.to_string()),
                ("not-provable", summary.not_provable.to_string()),
                ("all-approved", report.all_approved().to_string()),
            ],
        }
    }
}

fn headline(summary: Summary, report: &Report) -> String {
    let unread: Vec<&str> = report.environments.iter().filter(|it| it.unknown.is_some()).map(|it| it.name.as_str()).collect();
    if !unread.is_empty() {
        let known = if summary.total() == 0 { String::new() } else { format!("{} known, and ", count(summary.total(), "deployment")) };
        return format!("Unknown: {known}the deployments to {} could not be read.", unread.join(", "));
    }
    if summary.total() == 0 {
        return "No evidence: there is no deployment to speak of. That says nothing about approvals.".to_owned();
    }
    let parts = [
        (summary.approved, "approved"),
        (summary.self_approved, "self-approved"),
        (summary.rejected, "rejected"),
        (summary.waiting, "waiting"),
        (summary.never_approved, "never approved"),
        (summary.not_provable, "not provable"),
    ];
    let parts: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    format!("{}: {}.", count(summary.total(), "deployment"), parts.join(", "))
}

fn section(environment: &Environment, repository: &RepoName) -> Section {
    let (glyph, text) = match (&environment.unknown, environment.deployments.len()) {
        (Some(_), _) => (Glyph::Unknown, "its deployments could not be listed".to_owned()),
        (None, 0) => (Glyph::Unknown, format!("no evidence: {repository} has no deployment to it in that time")),
        (None, n) => {
            let gap = environment.deployments.iter().any(|entry| entry.verdict.is_gap());
            (if gap { Glyph::Alert } else { Glyph::None }, count(n, "deployment"))
        }
    };
    let mut blocks = Vec::new();
    if let Some(unknown) = &environment.unknown {
        blocks.extend([&unknown.reason, &unknown.hint].into_iter().filter(|text| !text.is_empty()).cloned().map(Block::Text));
    }
    if !environment.deployments.is_empty() {
        let header = ["made (UTC)", "commit", "run", "started by", "approval"].map(str::to_owned).to_vec();
        blocks.push(Block::Table(Table { header, rows: environment.deployments.iter().map(Entry::row).collect() }));
    }
    blocks.extend(environment.deployments.iter().filter_map(Entry::finding).map(Block::Finding));
    blocks.push(Block::Link(environment.activity_log.clone()));
    Section { heading: Some(heading(glyph, &environment.name, &text)), blocks, ..Section::default() }
}
