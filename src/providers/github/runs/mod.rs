//! Workflow runs: what waits for approval, what was deployed and who approved it, and the one write that approves or rejects.
//!
//! Owns GitHub's view of runs, deployments and reviews (fact G1.6). `observe` sends requests, `wire` decodes, `evidence` and
//! `admit` are pure, `review` writes. Must not know gate.toml, freezes or rendering.
//! Tested in `admit/tests.rs` and `evidence/tests.rs`, and over HTTP in `commands/runs/tests/`.

pub mod admit;
pub mod audit;
pub mod changes;
pub mod evidence;
mod links;
pub mod observe;
pub mod queue;
pub mod review;
mod target;
mod wire;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::EnvName;

pub use links::Links;

/// An account, as GitHub names it with a run, a review, a commit or a pull request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Account {
    /// The login at the time of the answer; it can be renamed.
    pub login: String,
    /// The database id, which cannot.
    pub id: Option<u64>,
    /// Whether a person can be behind it.
    pub kind: AccountKind,
}

/// Whether a person can be behind an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AccountKind {
    /// GitHub says that it is a user.
    Person,
    /// A bot, an App or an organization.
    Automation,
    /// GitHub does not say.
    Unknown,
}

impl Account {
    /// An account that GitHub describes by its type: `User`, `Bot`, `Organization`, …
    pub fn new(login: String, id: Option<u64>, kind: Option<&str>) -> Self {
        let kind = match kind {
            _ if login.ends_with("[bot]") => AccountKind::Automation,
            Some("User") => AccountKind::Person,
            Some(_) => AccountKind::Automation,
            None => AccountKind::Unknown,
        };
        Self { login, id, kind }
    }

    /// Whether both are one account: by id if both have one, else by login, without case.
    pub fn is(&self, other: &Self) -> bool {
        match (self.id, other.id) {
            (Some(a), Some(b)) => a == b,
            _ => self.login.eq_ignore_ascii_case(&other.login),
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.login)
    }
}

/// A workflow run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The database id.
    pub id: u64,
    /// The workflow's name, or its path if it has none.
    pub workflow: String,
    /// The workflow's file in the repository, with a `@ref` if GitHub appends one.
    pub path: String,
    /// The database id of the workflow, under which its runs are listed.
    pub workflow_id: Option<u64>,
    /// What triggered it: `push`, `workflow_dispatch`, …
    pub event: String,
    /// The short name of the branch or tag.
    pub branch: String,
    /// The commit.
    pub sha: String,
    /// `waiting`, `in_progress`, `completed`, …
    pub status: String,
    /// `success`, `failure`, … once it is completed.
    pub conclusion: Option<String>,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Who started it first.
    pub actor: Option<Account>,
    /// Who started this attempt.
    pub triggering_actor: Option<Account>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Run {
    /// Who started this attempt, as far as GitHub says.
    pub fn started_by(&self) -> Option<&Account> {
        self.triggering_actor.as_ref().or(self.actor.as_ref())
    }

    /// Whether GitHub says who started the run and this attempt of it.
    pub fn names_its_starters(&self) -> bool {
        self.actor.is_some() && self.triggering_actor.is_some()
    }

    /// Whether this account started the run, or this attempt of it.
    pub fn is_by(&self, account: &Account) -> bool {
        [&self.actor, &self.triggering_actor].into_iter().flatten().any(|actor| actor.is(account))
    }
}

/// An environment that a run waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The environment.
    pub environment: EnvName,
    /// Its database id.
    pub environment_id: u64,
    /// Minutes.
    pub wait_timer: u32,
    /// When the timer started, if there is one.
    pub wait_timer_started_at: Option<Timestamp>,
    /// Whether the token's owner may approve.
    pub you_may_approve: bool,
    /// Who may approve.
    pub reviewers: Vec<Approver>,
}

/// A reviewer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Approver {
    /// A person, by login.
    User(String),
    /// A team, by slug.
    Team(String),
}

impl fmt::Display for Approver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(login) => f.write_str(login),
            Self::Team(slug) => write!(f, "team {slug}"),
        }
    }
}

/// One review of a run. GitHub records neither its time nor the attempt that it was for (fact G1.6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// What was decided.
    pub state: Decision,
    /// The account; `None` if GitHub no longer names an account.
    pub user: Option<Account>,
    /// The comment.
    pub comment: String,
    /// The environments; empty if GitHub no longer names any.
    pub environments: Vec<String>,
}

impl Approval {
    /// Whether this review is for an environment.
    pub fn is_for(&self, environment: &EnvName) -> bool {
        let wanted = environment.folded();
        self.environments.iter().any(|name| name.to_lowercase() == wanted)
    }

    /// Whether this account made it.
    pub fn is_by(&self, account: &Account) -> bool {
        self.user.as_ref().is_some_and(|user| user.is(account))
    }
}

/// What a review decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Approved: the deployment proceeds.
    Approved,
    /// Rejected: the run fails.
    Rejected,
    /// Nothing yet.
    Pending,
}

impl Decision {
    /// GitHub's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Pending => "pending",
        }
    }
}

/// A deployment record: made by a job that names an environment, or by anyone over the API, which no gate holds back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// The database id.
    pub id: u64,
    /// The commit.
    pub sha: String,
    /// The requested branch, tag or commit.
    pub git_ref: String,
    /// The environment's name as recorded.
    pub environment: String,
    /// Who made it.
    pub creator: Option<Account>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// One status of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// `waiting`, `in_progress`, `success`, …
    pub state: String,
    /// The address of its log; a job's leads to its run.
    pub log: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}
