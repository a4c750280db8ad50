//! Wire formats: every field that GitHub may leave out is optional, unknown ones are ignored.

use jiff::Timestamp;
use serde::Deserialize;

use super::super::observe::page;
use super::changes::{Commit, PullRequest};
use super::{Account, Approval, Approver, Decision, Deployment, Pending, Run, Status};
use crate::model::{EnvName, NameError, RepoName};

#[derive(Deserialize)]
pub(super) struct Actor {
    login: String,
    id: Option<u64>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl From<Actor> for Account {
    fn from(actor: Actor) -> Self {
        Self::new(actor.login, actor.id, actor.kind.as_deref())
    }
}

#[derive(Deserialize)]
pub(super) struct Identified {
    pub(super) id: u64,
}

#[derive(Deserialize)]
pub(super) struct WireRun {
    id: u64,
    name: Option<String>,
    path: String,
    workflow_id: Option<u64>,
    event: String,
    head_branch: Option<String>,
    head_sha: String,
    status: Option<String>,
    conclusion: Option<String>,
    run_attempt: Option<u32>,
    actor: Option<Actor>,
    triggering_actor: Option<Actor>,
    created_at: Timestamp,
    updated_at: Timestamp,
    repository: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    full_name: String,
}

/// An environment, as far as its name goes.
#[derive(Deserialize)]
pub(super) struct Environment {
    pub(super) name: String,
}

impl WireRun {
    /// The run it is about, if that is not this run of this repository.
    pub(super) fn other_than(&self, repo: &RepoName, id: u64) -> Option<String> {
        let full_name = self.repository.as_ref().map(|repository| repository.full_name.as_str());
        let same = self.id == id && full_name.is_some_and(|name| RepoName::parse(name).is_ok_and(|name| name == *repo));
        (!same).then(|| format!("run {} of {}", self.id, full_name.unwrap_or("no repository")))
    }
}

impl From<WireRun> for Run {
    fn from(run: WireRun) -> Self {
        Self {
            id: run.id,
            workflow: run.name.filter(|name| !name.is_empty()).unwrap_or_else(|| run.path.clone()),
            path: run.path,
            workflow_id: run.workflow_id,
            event: run.event,
            branch: run.head_branch.unwrap_or_default(),
            sha: run.head_sha,
            status: run.status.unwrap_or_default(),
            conclusion: run.conclusion,
            attempt: run.run_attempt.unwrap_or(1),
            actor: run.actor.map(Into::into),
            triggering_actor: run.triggering_actor.map(Into::into),
            created_at: run.created_at,
            updated_at: run.updated_at,
        }
    }
}

page!(Runs, WireRun, workflow_runs);

#[derive(Deserialize)]
struct WireEnvironment {
    id: Option<u64>,
    name: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct WirePending {
    environment: WireEnvironment,
    wait_timer: Option<u32>,
    wait_timer_started_at: Option<Timestamp>,
    current_user_can_approve: bool,
    reviewers: Option<Vec<Reviewer>>,
}

#[derive(Deserialize)]
struct Reviewer {
    reviewer: Option<Person>,
}

#[derive(Deserialize)]
struct Person {
    login: Option<String>,
    slug: Option<String>,
}

impl TryFrom<WirePending> for Pending {
    type Error = NameError;

    fn try_from(pending: WirePending) -> Result<Self, NameError> {
        let approver = |reviewer: Reviewer| match reviewer.reviewer? {
            Person { login: Some(login), .. } => Some(Approver::User(login)),
            Person { slug, .. } => slug.map(Approver::Team),
        };
        let mut reviewers: Vec<Approver> = pending.reviewers.into_iter().flatten().filter_map(approver).collect();
        reviewers.sort();
        Ok(Self {
            environment: EnvName::new(pending.environment.name.unwrap_or_default())?,
            environment_id: pending.environment.id.ok_or_else(|| NameError("a pending deployment names no environment id".to_owned()))?,
            wait_timer: pending.wait_timer.unwrap_or(0),
            wait_timer_started_at: pending.wait_timer_started_at,
            you_may_approve: pending.current_user_can_approve,
            reviewers,
        })
    }
}

#[derive(Deserialize)]
pub(super) struct WireApproval {
    state: Decision,
    comment: Option<String>,
    environments: Vec<WireEnvironment>,
    user: Option<Actor>,
}

impl From<WireApproval> for Approval {
    fn from(approval: WireApproval) -> Self {
        Self {
            state: approval.state,
            // GitHub shows deleted accounts as this one.
            user: approval.user.map(Account::from).filter(|user| user.login != "ghost"),
            comment: approval.comment.unwrap_or_default(),
            environments: approval.environments.into_iter().filter_map(|environment| environment.name).collect(),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct WireDeployment {
    id: u64,
    sha: String,
    #[serde(rename = "ref", default)]
    git_ref: String,
    environment: String,
    creator: Option<Actor>,
    created_at: Timestamp,
}

impl From<WireDeployment> for Deployment {
    fn from(made: WireDeployment) -> Self {
        Self {
            id: made.id,
            sha: made.sha,
            git_ref: made.git_ref,
            environment: made.environment,
            creator: made.creator.map(Into::into),
            created_at: made.created_at,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct WireStatus {
    state: String,
    log_url: Option<String>,
    target_url: Option<String>,
    created_at: Timestamp,
}

impl From<WireStatus> for Status {
    fn from(status: WireStatus) -> Self {
        let log = [status.log_url, status.target_url].into_iter().flatten().find(|url| !url.is_empty());
        Self { state: status.state, log, created_at: status.created_at }
    }
}

#[derive(Deserialize)]
pub(super) struct WireCommit {
    sha: String,
    parents: Vec<Parent>,
    author: Option<Actor>,
    commit: Option<Written>,
}

/// Fields of the commit object itself.
#[derive(Deserialize)]
struct Written {
    #[serde(default)]
    message: String,
    committer: Option<Signature>,
}

#[derive(Deserialize)]
struct Signature {
    date: Option<String>,
}

#[derive(Deserialize)]
struct Parent {
    sha: String,
}

impl From<WireCommit> for Commit {
    fn from(commit: WireCommit) -> Self {
        let written = commit.commit.as_ref();
        let date = written.and_then(|written| written.committer.as_ref()?.date.as_deref());
        Self {
            subject: written.and_then(|written| written.message.lines().next()).unwrap_or_default().to_owned(),
            // Anyone can give a commit any date.
            committed_at: date.and_then(|date| date.parse().ok()),
            sha: commit.sha,
            parents: commit.parents.into_iter().map(|parent| parent.sha).collect(),
            author: commit.author.map(Into::into),
        }
    }
}

/// A page of a comparison of two commits.
#[derive(Deserialize)]
pub(super) struct WireComparison {
    pub(super) status: String,
    pub(super) ahead_by: usize,
    pub(super) base_commit: Named,
    pub(super) commits: Vec<WireCommit>,
}

/// A commit reference; only its SHA counts.
#[derive(Deserialize)]
pub(super) struct Named {
    pub(super) sha: String,
}

#[derive(Deserialize)]
pub(super) struct WirePull {
    number: u64,
    title: String,
    user: Option<Actor>,
    merge_commit_sha: Option<String>,
    merged_at: Option<Timestamp>,
    updated_at: Timestamp,
}

impl WirePull {
    pub(super) const fn updated_at(&self) -> Timestamp {
        self.updated_at
    }

    /// One that was closed without a merge shipped nothing.
    pub(super) fn merged(self) -> Option<PullRequest> {
        Some(PullRequest {
            number: self.number,
            title: self.title,
            author: self.user.map(Into::into),
            merge_commit: self.merge_commit_sha?,
            merged_at: self.merged_at?,
            approved_by: None,
            merged_by: None,
        })
    }
}

/// Fields that only the full answer about one pull request has.
#[derive(Deserialize)]
pub(super) struct WireMerged {
    merged_by: Option<Actor>,
}

impl WireMerged {
    pub(super) fn by(self) -> Option<Account> {
        self.merged_by.map(Into::into)
    }
}

/// One change of a branch, from the history of a repository.
#[derive(Deserialize)]
pub(super) struct WireActivity {
    pub(super) after: String,
    pub(super) timestamp: Timestamp,
    actor: Option<Actor>,
}

impl WireActivity {
    pub(super) fn by(self) -> Option<(String, Account)> {
        Some((self.after, self.actor?.into()))
    }
}

#[derive(Deserialize)]
pub(super) struct WireReview {
    user: Option<Actor>,
    state: String,
}

impl WireReview {
    /// Everyone whose last decision approved; the list is chronological, and a comment decides nothing.
    pub(super) fn approvers(reviews: Vec<Self>) -> Vec<Account> {
        let mut approved: Vec<Account> = Vec::new();
        for review in reviews {
            let Some(user) = review.user.map(Account::from) else { continue };
            if !["COMMENTED", "PENDING"].contains(&review.state.as_str()) {
                approved.retain(|known| !known.is(&user));
            }
            if review.state == "APPROVED" {
                approved.push(user);
            }
        }
        approved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_decision_of_each_reviewer_counts_once() {
        let approvers = |reviews: &[(&str, &str)]| -> Vec<String> {
            let review = |(login, state): &(&str, &str)| {
                serde_json::from_value(serde_json::json!({ "user": { "login": login }, "state": state })).unwrap()
            };
            WireReview::approvers(reviews.iter().map(review).collect()).into_iter().map(|one| one.login).collect()
        };
        assert_eq!(approvers(&[("ann", "APPROVED"), ("bob", "APPROVED"), ("ann", "APPROVED"), ("bob", "COMMENTED")]), ["bob", "ann"]);
        assert_eq!(approvers(&[("ann", "APPROVED"), ("ann", "CHANGES_REQUESTED")]), [""; 0]);
        assert_eq!(approvers(&[("ann", "APPROVED"), ("ann", "DISMISSED")]), [""; 0]);
        assert_eq!(approvers(&[("ann", "APPROVED"), ("ann", "WITHDRAWN")]), [""; 0], "a state that is not known");
        assert_eq!(approvers(&[("ann", "CHANGES_REQUESTED"), ("ann", "APPROVED")]), ["ann"]);
    }
}
