//! Who approved a deployment? The join of deployments, runs and reviews, pure.
//!
//! Owns what counts as proof. A deployment is tied to a run by its statuses' links; that is an inference, since anybody who may
//! write deployments can make such a record and such a link over the API, past every gate. So the link only counts where
//! everything else agrees: one run of this repository, about the same commit, that was going on when the deployment was made.
//! GitHub records a review neither for a job nor for an attempt, but for a run and an environment. Whatever that leaves open
//! is not provable; only a review that can belong to nothing else is a proof.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::observe::{Examined, History, Role, Traced};
use super::{Approval, Decision, Deployment, Run, Status};
use crate::model::{Answer, EnvName, RepoName, Unknown};

/// What is known of one deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The deployment.
    pub deployment: Deployment,
    /// Its latest state: `success`, `waiting`, …
    pub state: Option<String>,
    /// Whether its job began, as far as its statuses say.
    pub started: bool,
    /// The run that its statuses lead to, believed or not.
    pub run_id: Option<u64>,
    /// The run, when it is known and fits.
    pub run: Option<Run>,
    /// The reviews of the run for the environment, over all its attempts.
    pub reviews: Vec<Approval>,
    /// When it stopped waiting: whoever approved it did so before. GitHub's API does not say when.
    pub released_at: Option<Timestamp>,
    /// What all that comes to.
    pub standing: Standing,
}

/// What the evidence proves about one deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Somebody other than who started it approved it.
    Approved,
    /// Who started it approved it.
    SelfApproved,
    /// Somebody rejected it, and it did not begin.
    Rejected,
    /// It waits for a review or a timer.
    Waiting,
    /// It began, and nobody approved it: nobody had to, or an admin bypassed the rule. GitHub does not tell these apart.
    NeverApproved,
    /// The evidence decides nothing.
    NotProvable(Gap),
}

impl Standing {
    /// The stable name.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::SelfApproved => "self-approved",
            Self::Rejected => "rejected",
            Self::Waiting => "waiting",
            Self::NeverApproved => "never-approved",
            Self::NotProvable(_) => "not-provable",
        }
    }

    /// Why it could not be read, where that is the reason.
    #[must_use]
    pub const fn unread(&self) -> Option<&Unknown> {
        match self {
            Self::NotProvable(Gap::Unread(unknown)) => Some(unknown),
            _ => None,
        }
    }

    /// Whether this is a deployment of which nobody can show that it was approved.
    #[must_use]
    pub const fn is_gap(&self) -> bool {
        matches!(self, Self::NeverApproved | Self::NotProvable(_))
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
    Misfit(Misfit),
    /// The run was deleted, is too old, or is hidden from this token.
    Gone,
    /// Something could not be read.
    Unread(Unknown),
    /// It ended before any status said that its job began.
    NeverSeenToStart(Option<String>),
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
    /// GitHub does not name who approved, or who started the run, any more.
    UnnamedPerson,
}

/// In what a run does not fit a deployment that claims to be its.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfit {
    /// It is about another commit.
    Commit,
    /// The deployment is older than the run.
    Before,
    /// The deployment was made when the run was over.
    After,
}

/// Judges everything that was read, each environment's deployments as they were listed.
#[must_use]
pub fn judge(repository: &RepoName, history: &History) -> Vec<(EnvName, Vec<Record>)> {
    let known = history.environments.iter().filter_map(|(name, traced)| Some((name, traced.as_ref().ok()?)));
    known.map(|(name, traced)| (name.clone(), environment(repository, name, traced, &history.runs))).collect()
}

fn environment(repository: &RepoName, name: &EnvName, traced: &[Traced], runs: &BTreeMap<u64, Examined>) -> Vec<Record> {
    // One that does not fit a run takes none of its approvals away.
    let fits = |one: &Traced| fitting(one, examined(repository, one, runs)?).map(|(run, _)| run.id);
    let mut claims: BTreeMap<u64, usize> = BTreeMap::new();
    for run in traced.iter().filter(|one| started(statuses(one))).filter_map(|one| fits(one).ok()) {
        *claims.entry(run).or_default() += 1;
    }
    let asked = traced.iter().filter(|one| one.role == Role::Asked);
    asked.map(|one| record(repository, name, one, runs, &claims)).collect()
}

fn record(repository: &RepoName, name: &EnvName, traced: &Traced, runs: &BTreeMap<u64, Examined>, claims: &BTreeMap<u64, usize>) -> Record {
    let statuses = statuses(traced);
    let ids = traced.runs(repository);
    let mut record = Record {
        deployment: traced.deployment.clone(),
        state: statuses.first().map(|status| status.state.clone()),
        started: started(statuses),
        run_id: ids.first().copied().filter(|_| ids.len() == 1),
        run: None,
        reviews: Vec::new(),
        released_at: released_at(statuses),
        standing: Standing::Waiting,
    };
    let fitting = examined(repository, traced, runs).and_then(|examined| fitting(traced, examined));
    record.standing = match fitting {
        Err(gap) => Standing::NotProvable(gap),
        Ok((run, approvals)) => {
            record.reviews = approvals.iter().filter(|review| review.is_for(name)).cloned().collect();
            let unnamed = approvals.iter().any(|review| review.environments.is_empty());
            let claims = claims.get(&run.id).copied().unwrap_or(0);
            record.run = Some(run.clone());
            weigh(&record, run, unnamed, claims).unwrap_or_else(Standing::NotProvable)
        }
    };
    record
}

/// What was read of the one run that the statuses lead to.
fn examined<'a>(repository: &RepoName, traced: &Traced, runs: &'a BTreeMap<u64, Examined>) -> Result<&'a Examined, Gap> {
    if let Err(unknown) = &traced.statuses {
        return Err(Gap::Unread(unknown.clone()));
    }
    let ids = traced.runs(repository);
    match (ids.first(), ids.len()) {
        (None, _) => Err(Gap::NoRun),
        (Some(id), 1) => runs.get(id).ok_or(Gap::Gone),
        (Some(_), _) => Err(Gap::SeveralRuns),
    }
}

/// The run and its reviews, when the deployment can be its.
fn fitting<'a>(traced: &Traced, examined: &'a Examined) -> Result<(&'a Run, &'a [Approval]), Gap> {
    let deployment = &traced.deployment;
    let run = match &examined.run {
        Answer::Present(run) => run,
        Answer::Absent => return Err(Gap::Gone),
        Answer::Unknown(unknown) => return Err(Gap::Unread(unknown.clone())),
    };
    let over = run.status == "completed" && deployment.created_at > run.updated_at;
    let misfit = match deployment {
        _ if !run.sha.eq_ignore_ascii_case(&deployment.sha) => Some(Misfit::Commit),
        made if made.created_at < run.created_at => Some(Misfit::Before),
        _ if over => Some(Misfit::After),
        _ => None,
    };
    if let Some(misfit) = misfit {
        return Err(Gap::Misfit(misfit));
    }
    let approvals = examined.approvals.as_ref().map_err(|unknown| Gap::Unread(unknown.clone()))?;
    Ok((run, approvals))
}

fn weigh(record: &Record, run: &Run, unnamed: bool, claims: usize) -> Result<Standing, Gap> {
    let count = |state| record.reviews.iter().filter(|review| review.state == state).count();
    let (approvals, rejections) = (count(Decision::Approved), count(Decision::Rejected));
    if record.state.as_deref() == Some("waiting") {
        return Ok(Standing::Waiting);
    }
    if approvals == 0 && unnamed {
        return Err(Gap::UnnamedEnvironment);
    }
    match (approvals, rejections, record.started) {
        (0, _, true) => Ok(Standing::NeverApproved),
        (0, 1.., false) => Ok(Standing::Rejected),
        (0, 0, false) => Err(Gap::NeverSeenToStart(record.state.clone())),
        _ if run.attempt > 1 => Err(Gap::WhichAttempt(run.attempt)),
        (_, 1.., false) => Err(Gap::Contradiction),
        _ if claims > approvals => Err(Gap::TooFewApprovals { deployments: claims, approvals }),
        _ => {
            let approved = record.reviews.iter().filter(|review| review.state == Decision::Approved);
            let approvers: Option<Vec<&str>> = approved.map(|review| review.user.as_deref()).collect();
            match (approvers, run.started_by()) {
                (Some(approvers), _) if approvers.iter().any(|approver| run.is_by(approver)) => Ok(Standing::SelfApproved),
                (Some(_), Some(_)) => Ok(Standing::Approved),
                _ => Err(Gap::UnnamedPerson),
            }
        }
    }
}

fn statuses(traced: &Traced) -> &[Status] {
    traced.statuses.as_deref().unwrap_or_default()
}

fn started(statuses: &[Status]) -> bool {
    statuses.iter().any(|status| ["in_progress", "success"].contains(&status.state.as_str()))
}

/// The first status after the last `waiting`; statuses stand newest first.
fn released_at(statuses: &[Status]) -> Option<Timestamp> {
    let waited = statuses.iter().position(|status| status.state == "waiting")?;
    statuses.get(waited.checked_sub(1)?).map(|next| next.created_at)
}

/// How many deployments came to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Summary {
    /// Approved by somebody else.
    pub approved: usize,
    /// Approved by who started it.
    pub self_approved: usize,
    /// Rejected.
    pub rejected: usize,
    /// Waiting.
    pub waiting: usize,
    /// Deployed without an approval.
    pub never_approved: usize,
    /// Undecided.
    pub not_provable: usize,
}

impl Summary {
    /// Counts.
    #[must_use]
    pub fn of<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut summary = Self::default();
        for record in records {
            *match record.standing {
                Standing::Approved => &mut summary.approved,
                Standing::SelfApproved => &mut summary.self_approved,
                Standing::Rejected => &mut summary.rejected,
                Standing::Waiting => &mut summary.waiting,
                Standing::NeverApproved => &mut summary.never_approved,
                Standing::NotProvable(_) => &mut summary.not_provable,
            } += 1;
        }
        summary
    }

    /// All of them.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.approved + self.self_approved + self.rejected + self.waiting + self.never_approved + self.not_provable
    }
}

#[cfg(test)]
mod tests;
