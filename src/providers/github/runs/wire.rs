//! What goes over the wire: every field that GitHub may leave out is optional, unknown ones are ignored.

use jiff::Timestamp;
use serde::Deserialize;

use super::super::observe::Page;
use super::{Approval, Approver, Decision, Deployment, Pending, Run, Status};
use crate::model::{EnvName, NameError};

#[derive(Deserialize)]
pub(super) struct Actor {
    pub(super) login: String,
}

#[derive(Deserialize)]
pub(super) struct WireRun {
    id: u64,
    name: Option<String>,
    #[serde(default)]
    path: String,
    #[serde(default)]
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
}

impl From<WireRun> for Run {
    fn from(run: WireRun) -> Self {
        Self {
            id: run.id,
            workflow: run.name.filter(|name| !name.is_empty()).unwrap_or(run.path),
            event: run.event,
            branch: run.head_branch.unwrap_or_default(),
            sha: run.head_sha,
            status: run.status.unwrap_or_default(),
            conclusion: run.conclusion,
            attempt: run.run_attempt.unwrap_or(1),
            actor: run.actor.map(|actor| actor.login),
            triggering_actor: run.triggering_actor.map(|actor| actor.login),
            created_at: run.created_at,
            updated_at: run.updated_at,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Runs {
    total_count: Option<usize>,
    workflow_runs: Vec<WireRun>,
}

impl Page<WireRun> for Runs {
    fn total(&self) -> Option<usize> {
        self.total_count
    }
    fn items(self) -> Vec<WireRun> {
        self.workflow_runs
    }
}

#[derive(Deserialize)]
struct Environment {
    id: Option<u64>,
    name: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct WirePending {
    environment: Environment,
    #[serde(default)]
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
    #[serde(default)]
    environments: Vec<Environment>,
    user: Option<Actor>,
}

impl From<WireApproval> for Approval {
    fn from(approval: WireApproval) -> Self {
        Self {
            state: approval.state,
            // GitHub shows deleted accounts as this one.
            user: approval.user.map(|user| user.login).filter(|login| login != "ghost"),
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

impl WireDeployment {
    pub(super) fn id(&self) -> u64 {
        self.id
    }
}

impl From<WireDeployment> for Deployment {
    fn from(made: WireDeployment) -> Self {
        Self {
            id: made.id,
            sha: made.sha,
            git_ref: made.git_ref,
            environment: made.environment,
            creator: made.creator.map(|creator| creator.login),
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
