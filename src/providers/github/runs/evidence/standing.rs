//! What evidence can say about a deployment: the standings, their stable names, and how many have each.
//!
//! Owns which standings pass by themselves. Must not know how one is found: that is for `evidence`. Tested in `tests.rs`.

use std::collections::BTreeMap;

use crate::model::Unknown;

/// What the evidence proves about one deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// A person approved it who neither started it nor wrote any of what it shipped, as far as that is known.
    Approved,
    /// The account that started it approved it.
    SelfApproved,
    /// An author of what it shipped approved it.
    AuthorApproved,
    /// A bot or an App approved it, or an account that approved several deployments within seconds of their requests.
    ApprovedByAutomation,
    /// Fewer different people approved it than gate.toml requires.
    TooFewApprovals {
        /// The number of approvers.
        found: usize,
        /// The number that gate.toml requires.
        needed: u32,
    },
    /// An admin started it past the rules, as the audit log shows.
    Bypassed,
    /// It was rejected, and it did not begin.
    Rejected,
    /// It waits for a review or a timer.
    Waiting,
    /// It began without an approval: none was required, or an admin bypassed the rule. GitHub's API does not distinguish these.
    NoApproval,
    /// The evidence decides nothing.
    NotProvable(Gap),
}

impl Standing {
    /// The stable name.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::SelfApproved => "self-approved",
            Self::AuthorApproved => "author-approved",
            Self::ApprovedByAutomation => "approved-by-automation",
            Self::TooFewApprovals { .. } => "too-few-approvals",
            Self::Bypassed => "bypassed",
            Self::Rejected => "rejected",
            Self::Waiting => "waiting",
            Self::NoApproval => "no-approval",
            Self::NotProvable(_) => "not-provable",
        }
    }

    /// Why it could not be read, if that is the reason.
    pub const fn unread(&self) -> Option<&Unknown> {
        match self {
            Self::NotProvable(Gap::Unread(unknown)) => Some(unknown),
            _ => None,
        }
    }

    /// The stable names, from best to worst.
    pub const WORDS: [&str; 10] = [
        "approved",
        "rejected",
        "waiting",
        "self-approved",
        "author-approved",
        "approved-by-automation",
        "too-few-approvals",
        "bypassed",
        "not-provable",
        "no-approval",
    ];

    /// Whether it passes `--require-approved` as it is: approved by someone independent, or not deployed.
    pub const fn passes(&self) -> bool {
        matches!(self, Self::Approved | Self::Rejected | Self::Waiting)
    }
}

/// Why the evidence decides nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gap {
    /// No status leads to a run: it was made over the API, which no gate holds back, or its log is elsewhere.
    NoRun,
    /// The statuses lead to several runs.
    SeveralRuns,
    /// The run does not fit.
    RunMismatch(RunMismatch),
    /// The run was deleted, is too old, or is hidden from this token.
    Gone,
    /// Something could not be read.
    Unread(Unknown),
    /// It ended before any status said that its job began.
    NeverSeenToStart(Option<String>),
    /// Its newest status is `waiting`, and its run is over or has no status.
    EndedWaiting,
    /// There are reviews, and the run has several attempts.
    WhichAttempt(u32),
    /// There are fewer approvals than deployments of the run to the environment.
    TooFewApprovals {
        /// How many deployments began.
        deployments: usize,
        /// How many approvals there are.
        approvals: usize,
    },
    /// It was approved and rejected, and did not begin.
    Contradiction,
    /// A review of the run names no environment.
    UnnamedEnvironment,
    /// GitHub no longer names who approved, or who started the run.
    UnnamedPerson,
    /// GitHub does not say whether the account that approved is a person.
    UnknownKind(String),
}

/// How a run contradicts a deployment that claims it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunMismatch {
    /// It is about another commit.
    Commit,
    /// The deployment is older than the run.
    Before,
    /// The deployment was made when the run was over.
    After,
}

/// The number of deployments by standing, under the stable names; each name is present.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(transparent)]
pub struct Summary(BTreeMap<&'static str, usize>);

impl Summary {
    /// Counts.
    pub fn of<'a>(standings: impl IntoIterator<Item = &'a Standing>) -> Self {
        let mut counts: BTreeMap<&'static str, usize> = Standing::WORDS.into_iter().map(|word| (word, 0)).collect();
        for standing in standings {
            *counts.entry(standing.word()).or_default() += 1;
        }
        Self(counts)
    }

    /// The counts of several together.
    pub fn sum<'a>(all: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut sum = Self::of([]);
        for (word, count) in all.into_iter().flat_map(|one| &one.0) {
            *sum.0.entry(word).or_default() += count;
        }
        sum
    }

    /// How many have this name.
    pub fn count(&self, word: &str) -> usize {
        self.0.get(word).copied().unwrap_or(0)
    }

    /// All of them.
    pub fn total(&self) -> usize {
        self.0.values().sum()
    }
}
