//! The result of `evidence`, and the shape of its JSON (format 2.0).
//!
//! Owns which facts of a deployment are told, and why it has its standing in words. Its text is made in `evidence_document`, its CSV in `evidence_csv`, its page in
//! `evidence_page`. Must not judge. Tested by golden files in `commands/runs`.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{EnvName, RepoName, Unknown};
use crate::providers::github::runs::audit::Rule;
use crate::providers::github::runs::changes::{PullRequest, Unlinked};
use crate::providers::github::runs::evidence::{self, Gap, Measure, Record, RunMismatch, Standing, Summary};
use crate::providers::github::runs::observe::{History, Older};
use crate::providers::github::runs::{Account, Approval, Decision, Links, Run};

use super::words::count;

/// The version of the JSON; it rises if a key goes or changes its meaning.
pub(crate) const FORMAT_VERSION: &str = "2.0";

/// How the evidence was made, and by which account: what an auditor needs to know about the query before reading its result.
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
    /// The query.
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

/// The query.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Query {
    /// The environments.
    pub(crate) environments: Vec<EnvName>,
    /// The number of the newest ones of each.
    pub(crate) last: Option<usize>,
    /// From this moment …
    pub(crate) since: Option<Timestamp>,
    /// … and before this one.
    pub(crate) until: Option<Timestamp>,
    /// The audit log that was joined.
    pub(crate) audit_log: Option<String>,
    /// Standings that pass besides those that always do.
    pub(crate) allow: Vec<String>,
}

/// The evidence; also the shape of the JSON (`docs/schemas/evidence.schema.json`).
#[derive(Debug, Clone, Serialize)]
pub(crate) struct EvidenceReport {
    format_version: &'static str,
    #[serde(flatten)]
    pub(super) header: Header,
    /// Whether everything in the query could be read.
    pub(super) complete: bool,
    /// How many deployments could be linked to what they shipped.
    pub(super) changes: Linked,
    /// Why the commits and pull requests are not known, if they could not be read.
    pub(super) changes_unknown: Option<Unknown>,
    pub(super) environments: Vec<EnvironmentEvidence>,
    /// Runs of the same workflows in the period without a deployment record in these environments; none if the list of runs was too
    /// long to read.
    pub(super) unrecorded_runs: Option<Vec<Unrecorded>>,
    /// Events of this repository in the audit log.
    pub(super) audit_events: Option<usize>,
    /// Entries of the audit log that were not understood.
    pub(super) audit_not_understood: Option<usize>,
    pub(super) summary: Summary,
}

/// A count out of a total.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Linked {
    pub(super) linked: usize,
    pub(super) of: usize,
}

/// A run that left no deployment record.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Unrecorded {
    pub(super) run: u64,
    pub(super) workflow: String,
    event: String,
    pub(super) created_at: Timestamp,
    pub(super) conclusion: Option<String>,
    pub(super) started_by: Option<Account>,
    pub(super) url: String,
}

/// What is known about one environment.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct EnvironmentEvidence {
    pub(super) name: String,
    pub(super) activity_log: String,
    /// How many deployments are in the period. GitHub's list states no total; it was read to the end of the period.
    pub(super) total: usize,
    /// How many, as far as the list was read.
    pub(super) older: Older,
    /// Pages of the list that were read.
    pub(super) pages: usize,
    pub(super) deployments: Vec<Entry>,
    pub(super) unknown: Option<Unknown>,
    pub(super) summary: Summary,
}

/// What is known about one deployment.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entry {
    pub(super) id: u64,
    pub(super) created_at: Timestamp,
    pub(super) sha: String,
    #[serde(rename = "ref")]
    pub(super) git_ref: String,
    pub(super) state: Option<String>,
    started: bool,
    pub(super) standing: &'static str,
    pub(super) reason: Option<String>,
    pub(super) run: Option<u64>,
    pub(super) workflow: Option<String>,
    pub(super) attempt: Option<u32>,
    pub(super) started_by: Option<Account>,
    pub(super) approved_by: Vec<Account>,
    pub(super) rejected_by: Vec<Account>,
    waiting_since: Option<Timestamp>,
    /// From an audit log: GitHub's API does not say when.
    pub(super) approved_at: Option<Timestamp>,
    pub(super) approved_no_later_than: Option<Timestamp>,
    /// From the request to the approval, or to the moment at the latest.
    pub(super) latency_seconds: Option<i64>,
    pub(super) comments: Vec<String>,
    /// The pull requests that it shipped; none if that is not known.
    pub(super) changes: Option<Vec<PullRequest>>,
    pub(super) commits: Option<usize>,
    pub(super) authors: Option<Vec<Account>>,
    /// Commits whose author has no account that GitHub knows.
    pub(super) unnamed_authors: Option<usize>,
    pub(super) changes_unknown: Option<&'static str>,
    /// The environment's rules at that time, from an audit log.
    pub(super) rule: Option<Rule>,
    pub(super) url: Option<String>,
    #[serde(skip)]
    pub(super) verdict: Standing,
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
                    older: known.map(|known| known.older).unwrap_or_default(),
                    pages: known.map_or(0, |known| known.pages),
                    deployments: records.iter().map(|record| Entry::new(record, links)).collect(),
                    unknown: known.err().cloned(),
                    summary: Summary::of(records.iter().map(|record| &record.standing)),
                }
            })
            .collect();
        let entries = || environments.iter().flat_map(|environment| &environment.deployments);
        let changes = Linked { linked: entries().filter(|entry| entry.changes.is_some()).count(), of: entries().count() };
        let audit_understood = measure.audit.is_none_or(|log| log.not_understood == 0);
        let complete = audit_understood
            && environments.iter().all(|one| one.unknown.is_none())
            && entries().all(|entry| entry.verdict.unread().is_none());
        let unrecorded = evidence::unrecorded(links.repository, history);
        Self {
            format_version: FORMAT_VERSION,
            header,
            complete,
            changes,
            changes_unknown: history.changes.as_ref().err().cloned(),
            unrecorded_runs: unrecorded.map(|runs| runs.into_iter().map(|run| Unrecorded::new(run, links)).collect()),
            audit_events: measure.audit.map(|log| log.events),
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

    /// Whether any deployment to an environment was found, or could not be read.
    pub(crate) fn may_have(&self, name: &EnvName) -> bool {
        let mut named = self.environments.iter().filter(|environment| environment.name == name.as_str());
        named.any(|environment| environment.total > 0 || environment.older.count > 0 || environment.unknown.is_some())
    }

    /// Whether each environment has evidence, and all of it passes, on its own or because of `--allow`. An entry of the audit log that is
    /// not understood may be a bypass, so nothing passes beside it.
    pub(crate) fn all_approved(&self) -> bool {
        let passes = |entry: &Entry| entry.verdict.passes() || self.header.query.allow.iter().any(|allowed| allowed == entry.standing);
        let sound = |environment: &EnvironmentEvidence| {
            let evidence = &environment.deployments;
            environment.unknown.is_none() && !evidence.is_empty() && evidence.iter().all(passes)
        };
        self.audit_not_understood.unwrap_or(0) == 0 && self.environments.iter().all(sound)
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
            changes: change.ok().map(|change| change.pull_requests.clone()),
            commits: change.ok().map(|change| change.commits),
            authors: change.ok().map(|change| change.authors.iter().cloned().collect()),
            unnamed_authors: change.ok().map(|change| change.unnamed_authors),
            changes_unknown: change.err().map(|unlinked| unlinked_words(*unlinked)),
            rule: record.rule.clone(),
            url: record.run_id.map(|id| links.run(id)),
            verdict: record.standing.clone(),
        }
    }
}

/// Why it is not known what it shipped.
const fn unlinked_words(unlinked: Unlinked) -> &'static str {
    match unlinked {
        Unlinked::NoEarlierDeployment => "no earlier deployment is known to compare with",
        Unlinked::OutsideHistory => "the commits since the previous deployment are not in the history of the newest one",
        Unlinked::Unread => "the commits or pull requests could not be read",
    }
}

/// Why it was not approved independently, or why that is unknown.
fn reason(standing: &Standing) -> Option<String> {
    match standing {
        Standing::Approved | Standing::SelfApproved | Standing::Rejected | Standing::Waiting => None,
        Standing::AuthorApproved => Some("an account that approved it wrote one of the commits or pull requests that it shipped".to_owned()),
        Standing::ApprovedByAutomation => Some(
            "it was approved by a bot or an App, or by an account that approved several deployments within seconds of each request".to_owned(),
        ),
        Standing::TooFewApprovals { found, needed } => {
            Some(format!("{found} of the {needed} people that gate.toml requires approved it; GitHub enforces only one"))
        }
        Standing::Bypassed => Some("the audit log shows that an admin bypassed the environment's rules".to_owned()),
        Standing::NoApproval => Some(
            "it started, but no review of its run approved it: no reviewer was required at the time, or an admin bypassed the rule. GitHub's API cannot tell these apart; an audit log can (--audit-log)"
                .to_owned(),
        ),
        Standing::NotProvable(gap) => Some(match gap {
            Gap::NoRun => "none of its statuses links to a run of this repository: it was created through the API, which no gate stops, or its log is elsewhere".to_owned(),
            Gap::SeveralRuns => "its statuses link to several runs".to_owned(),
            Gap::RunMismatch(RunMismatch::Commit) => "the run it links to is for another commit".to_owned(),
            Gap::RunMismatch(RunMismatch::Before) => "it is older than the run it links to".to_owned(),
            Gap::RunMismatch(RunMismatch::After) => "it was created after the run it links to had ended".to_owned(),
            Gap::Gone => "the run it links to was deleted, is too old, or is hidden from this token".to_owned(),
            Gap::Unread(why) => why.reason.clone(),
            Gap::NeverSeenToStart(Some(state)) => format!("it is {state}, and no status shows that its job started"),
            Gap::NeverSeenToStart(None) => "it has no status".to_owned(),
            Gap::EndedWaiting => "its newest status is waiting, but its run has ended or has no known status".to_owned(),
            Gap::WhichAttempt(attempts) => {
                format!("its run was approved, but it has {attempts} attempts, and GitHub does not say which one was approved")
            }
            Gap::TooFewApprovals { deployments, approvals } => format!(
                "its run made {} to this environment with {}, and GitHub does not say which",
                count(*deployments, "deployment"),
                count(*approvals, "approval")
            ),
            Gap::Contradiction => "its run was both approved and rejected for this environment".to_owned(),
            Gap::UnnamedEnvironment => "a review of its run names no environment, which happens after an environment is deleted".to_owned(),
            Gap::UnnamedPerson => "GitHub no longer names the account that approved it, or that started its run".to_owned(),
            Gap::UnknownKind(login) => format!("GitHub does not say whether {login}, who approved it, is a person"),
        }),
    }
}
