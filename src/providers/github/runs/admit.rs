//! May this run be reviewed, and for which environments? Pure.
//!
//! Owns the refusals that need no knowledge beyond GitHub's: what waits, for which reviewers, and which commit it is.

use std::fmt;

use super::observe::RunState;
use super::{Account, Approval, Approver, Decision, Pending, Run};
use crate::model::{CommitPin, EnvName};

/// What the user wants to do.
#[derive(Debug, Clone)]
pub struct ReviewRequest {
    /// Approve or reject.
    pub decision: Decision,
    /// For which environments.
    pub environments: Which,
    /// The commit that the run must be for.
    pub commit: Option<CommitPin>,
    /// Environments whose deployments the person who started the run may not approve, beyond what GitHub enforces.
    pub no_self_review: Vec<EnvName>,
}

/// Which of the environments that a run waits for to review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The one that it waits for; several are refused.
    TheOne,
    /// These; the run must wait for each of them.
    Named(Vec<EnvName>),
    /// Every one that it waits for.
    All,
}

impl Which {
    /// The environments of `--environment`.
    pub fn named(names: &[EnvName]) -> Self {
        if names.is_empty() { Self::TheOne } else { Self::Named(names.to_vec()) }
    }

    fn includes(&self, name: &EnvName) -> bool {
        match self {
            Self::TheOne | Self::All => true,
            Self::Named(names) => names.contains(name),
        }
    }
}

/// A run and those of its environments that are to be reviewed: what is shown, and what is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// The run.
    pub run: Run,
    /// What is reviewed; at least one.
    pub pending: Vec<Pending>,
    /// The reviews before.
    pub before: Vec<Approval>,
    /// Whether the reviewer started the run.
    pub own: bool,
}

impl Admitted {
    /// Whether another reading shows the same: the same attempt of the same run, waiting for the same.
    pub fn still(&self, now: &Self) -> bool {
        let waits = |admitted: &Self| admitted.pending.iter().map(|pending| pending.environment_id).collect::<Vec<_>>();
        (&self.run.sha, self.run.attempt) == (&now.run.sha, now.run.attempt) && waits(self) == waits(now)
    }
}

/// Why a run is not reviewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotReviewable {
    /// It does not wait for an approval.
    NotWaiting {
        /// Its status, with its conclusion.
        status: String,
        /// The reviews that it had.
        reviews: Vec<Approval>,
    },
    /// It does not wait for this environment.
    NotWaitingFor(EnvName, Vec<EnvName>),
    /// It waits for several, and none was named.
    WhichEnvironment(Vec<EnvName>),
    /// It is for another commit than the given one.
    OtherCommit {
        /// The given commit.
        wanted: CommitPin,
        /// The run's commit.
        is: String,
    },
    /// The account that wants to approve started it, and self-review is prevented.
    SelfReview(EnvName),
    /// Self-review is prevented, and GitHub does not say who started the run.
    UnknownStarter(EnvName),
    /// The account that wants to review is not one of the reviewers.
    NotAReviewer(EnvName, Vec<Approver>),
}

impl fmt::Display for NotReviewable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotWaiting { status, reviews } => {
                // `waiting` here is a run whose jobs wait for something else than a review.
                let waits = status == "waiting";
                f.write_str(if waits { "none of its environments is waiting for a review" } else { "it no longer waits" })?;
                if !waits {
                    write!(f, ": it is {status}")?;
                }
                for review in reviews {
                    let user = review.user.as_ref().map_or("an account that GitHub no longer names", |user| user.login.as_str());
                    write!(f, "; {} {} by {user}", review.environments.join(", "), review.state.word())?;
                }
                Ok(())
            }
            Self::NotWaitingFor(name, pending) => write!(f, "it does not wait for {name}, but for {}", list(pending)),
            Self::WhichEnvironment(pending) => write!(f, "it waits for several environments: {}", list(pending)),
            Self::OtherCommit { wanted, is } => write!(f, "it is for commit {is}, not {wanted}"),
            Self::SelfReview(name) => write!(f, "you started it, and {name} prevents self-review"),
            Self::UnknownStarter(name) => {
                write!(f, "{name} prevents self-review, and GitHub does not say who started the run, so it may be you")
            }
            Self::NotAReviewer(name, reviewers) => {
                write!(f, "GitHub does not let you review {name}; its reviewers are: ")?;
                if reviewers.is_empty() { f.write_str("none") } else { f.write_str(&list(reviewers)) }
            }
        }
    }
}

impl NotReviewable {
    /// The next step.
    pub fn fix(&self) -> String {
        match self {
            Self::NotWaiting { .. } => "`gatectl pending` lists what waits".to_owned(),
            Self::NotWaitingFor(..) | Self::WhichEnvironment(_) => "name what it waits for with --environment".to_owned(),
            Self::OtherCommit { .. } => "look at what it would deploy before you name its commit with --sha".to_owned(),
            Self::UnknownStarter(_) => "check the run's page, and review it there".to_owned(),
            Self::SelfReview(_) => "ask another reviewer".to_owned(),
            Self::NotAReviewer(..) => "ask one of them; the token must belong to the reviewer's own account".to_owned(),
        }
    }
}

/// Checks a run against a request.
///
/// # Errors
/// Every reason why it may not be reviewed.
pub fn admit(run_state: RunState, request: &ReviewRequest, viewer: &Account) -> Result<Admitted, Vec<NotReviewable>> {
    let RunState { run, pending, approvals } = run_state;
    if pending.is_empty() {
        let status = run.conclusion.as_ref().map_or_else(|| run.status.clone(), |conclusion| format!("{} ({conclusion})", run.status));
        return Err(vec![NotReviewable::NotWaiting { status, reviews: approvals }]);
    }
    let names: Vec<EnvName> = pending.iter().map(|pending| pending.environment.clone()).collect();
    let mut refusals = Vec::new();
    if let Some(wanted) = request.commit.as_ref().filter(|wanted| !wanted.is(&run.sha)) {
        refusals.push(NotReviewable::OtherCommit { wanted: wanted.clone(), is: run.sha.clone() });
    }
    match &request.environments {
        Which::TheOne if names.len() > 1 => {
            refusals.push(NotReviewable::WhichEnvironment(names));
            return Err(refusals);
        }
        Which::Named(wanted) => {
            let missing = wanted.iter().filter(|name| !names.contains(name));
            refusals.extend(missing.map(|name| NotReviewable::NotWaitingFor(name.clone(), names.clone())));
        }
        Which::TheOne | Which::All => {}
    }
    let chosen: Vec<Pending> = pending.into_iter().filter(|pending| request.environments.includes(&pending.environment)).collect();
    let own = run.is_by(viewer);
    refusals.extend(chosen.iter().filter_map(|pending| barred(&run, pending, request.decision, &request.no_self_review, viewer)));
    if refusals.is_empty() { Ok(Admitted { run, pending: chosen, before: approvals, own }) } else { Err(refusals) }
}

/// Why an account may not review one of the environments that a run waits for; `None` if it may.
pub fn barred(run: &Run, pending: &Pending, decision: Decision, no_self_review: &[EnvName], viewer: &Account) -> Option<NotReviewable> {
    let name = &pending.environment;
    let own = run.is_by(viewer);
    let is_viewer = |approver: &Approver| matches!(approver, Approver::User(login) if login.eq_ignore_ascii_case(&viewer.login));
    let guarded = decision == Decision::Approved && no_self_review.contains(name);
    if own && guarded {
        Some(NotReviewable::SelfReview(name.clone()))
    } else if !run.names_its_starters() && guarded {
        Some(NotReviewable::UnknownStarter(name.clone()))
    } else if pending.you_may_approve {
        None
    } else if own && pending.reviewers.iter().any(is_viewer) {
        // A reviewer who may not review: only self-review remains as the reason (fact G1.6).
        Some(NotReviewable::SelfReview(name.clone()))
    } else {
        Some(NotReviewable::NotAReviewer(name.clone(), pending.reviewers.clone()))
    }
}

fn list<T: fmt::Display>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
