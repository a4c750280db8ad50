//! Who approved a deployment? The join of deployments, runs and reviews, pure.
//!
//! Owns what counts as proof. A deployment is tied to a run by its statuses' links; that is an inference, since anyone who may
//! write deployments can make such a record and such a link over the API, past every gate. So the link only counts if
//! everything else agrees: one run of this repository, about the same commit, that was going on when the deployment was made.
//! GitHub records a review neither for a job nor for an attempt, but for a run and an environment. Anything left open by that
//! is not provable; only a review that can belong to nothing else is proof.

mod standing;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::audit::{AuditLog, Rule, Verb};
use super::changes::{Change, Unlinked};
use super::observe::{Examined, History, Role, Traced};
use super::{Account, AccountKind, Approval, Decision, Deployment, Run, Status};
use crate::model::{Answer, EnvName, RepoName};

pub use standing::{Gap, RunMismatch, Standing, Summary};

/// What is known about one deployment.
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
    /// When it began to wait.
    pub waiting_since: Option<Timestamp>,
    /// When it stopped waiting: any approval came before. GitHub's API does not say when.
    pub released_at: Option<Timestamp>,
    /// When it was approved, from the audit log.
    pub approved_at: Option<Timestamp>,
    /// The environment's rules at that time, from the audit log.
    pub rule: Option<Rule>,
    /// What it shipped.
    pub change: Result<Change, Unlinked>,
    /// The standing that follows.
    pub standing: Standing,
}

/// What evidence is judged by, beyond what GitHub says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Measure<'a> {
    /// How many different people must have approved, for each environment that declares it.
    pub approvals: Option<&'a BTreeMap<EnvName, u32>>,
    /// An audit log.
    pub audit: Option<&'a AuditLog>,
}

/// Two deployments that one account released within this many seconds of their requests, and of each other, were not looked at.
const SECONDS: i64 = 10;

/// Judges everything that was read, each environment's deployments as they were listed.
pub fn judge(repository: &RepoName, history: &History, measure: Measure<'_>) -> Vec<(EnvName, Vec<Record>)> {
    let known = history.environments.iter().filter_map(|(name, known)| Some((name, known.as_ref().ok()?)));
    let judged = known.map(|(name, known)| (name.clone(), environment(repository, name, &known.traced, history, measure)));
    let mut judged: Vec<(EnvName, Vec<Record>)> = judged.collect();
    let hasty = hasty(judged.iter().flat_map(|(_, records)| records));
    for record in judged.iter_mut().flat_map(|(_, records)| records) {
        if record.standing == Standing::Approved && hasty.contains(&record.deployment.id) {
            record.standing = Standing::ApprovedByAutomation;
        }
    }
    judged
}

/// Deployments of different runs that one account approved within seconds of their requests and of each other.
fn hasty<'a>(records: impl Iterator<Item = &'a Record>) -> BTreeSet<u64> {
    let quick = |record: &&Record| match (record.waiting_since, record.released_at) {
        (Some(since), Some(released)) => released.as_second() - since.as_second() <= SECONDS,
        _ => false,
    };
    let quick: Vec<&Record> = records.filter(quick).collect();
    let approvers = |record: &Record| -> Vec<Account> { record.approvers().filter_map(|review| review.user.clone()).collect() };
    let together = |a: &Record, b: &Record| {
        let apart = a.released_at.zip(b.released_at).map(|(a, b)| (a.as_second() - b.as_second()).abs());
        a.run_id != b.run_id
            && apart.is_some_and(|apart| apart <= SECONDS)
            && approvers(a).iter().any(|one| approvers(b).iter().any(|other| one.is(other)))
    };
    quick.iter().filter(|a| quick.iter().any(|b| together(a, b))).map(|record| record.deployment.id).collect()
}

fn environment(repository: &RepoName, name: &EnvName, traced: &[Traced], history: &History, measure: Measure<'_>) -> Vec<Record> {
    let runs = &history.runs;
    // One that does not fit a run uses up none of its approvals.
    let fits = |one: &Traced| fitting(one, examined(repository, one, runs)?).map(|(run, _)| run.id);
    let mut claims: BTreeMap<u64, usize> = BTreeMap::new();
    for run in traced.iter().filter(|one| started(statuses(one))).filter_map(|one| fits(one).ok()) {
        *claims.entry(run).or_default() += 1;
    }
    let asked = traced.iter().filter(|one| one.role == Role::Asked);
    asked
        .map(|one| {
            let mut record = Record { change: change(one, traced, history), ..blank(repository, one) };
            record.rule = measure.audit.and_then(|log| log.rule_at(name, one.deployment.created_at));
            let fitting = examined(repository, one, runs).and_then(|examined| fitting(one, examined));
            record.standing = match fitting {
                Err(gap) => Standing::NotProvable(gap),
                Ok((run, approvals)) => {
                    record.reviews = approvals.iter().filter(|review| review.is_for(name)).cloned().collect();
                    let unnamed = approvals.iter().any(|review| review.environments.is_empty());
                    let claims = claims.get(&run.id).copied().unwrap_or(0);
                    record.run = Some(run.clone());
                    let needed = measure.approvals.and_then(|all| all.get(name)).copied().unwrap_or(1);
                    weigh(&record, run, unnamed, claims, needed).unwrap_or_else(Standing::NotProvable)
                }
            };
            if let Some(log) = measure.audit {
                audited(&mut record, log, name);
            }
            record
        })
        .collect()
}

/// What the audit log adds: exact times, automated approvals and bypasses. It never makes a standing better.
fn audited(record: &mut Record, log: &AuditLog, name: &EnvName) {
    let Some(run) = record.run.as_ref().map(|run| run.id) else { return };
    for decided in log.decisions(run, name) {
        match decided.verb {
            Verb::Approved if decided.by.as_ref().is_some_and(|by| record.approvers().any(|review| review.is_by(by))) => {
                record.approved_at = Some(decided.at);
                if decided.automated && record.standing == Standing::Approved {
                    record.standing = Standing::ApprovedByAutomation;
                }
            }
            Verb::Bypassed if record.started && record.standing != Standing::Rejected => record.standing = Standing::Bypassed,
            Verb::Approved | Verb::Rejected | Verb::Bypassed => {}
        }
    }
}

/// What a deployment shipped: everything since the last one before it that began.
fn change(one: &Traced, traced: &[Traced], history: &History) -> Result<Change, Unlinked> {
    let at = |traced: &Traced| (traced.deployment.created_at, traced.deployment.id);
    let before = traced.iter().filter(|other| at(other) < at(one) && started(statuses(other))).max_by_key(|other| at(other));
    let before = before.ok_or(Unlinked::NoEarlierDeployment)?;
    let changes = history.changes.as_ref().map_err(|_| Unlinked::Unread)?;
    changes.between(&before.deployment.sha, &one.deployment.sha)
}

fn blank(repository: &RepoName, traced: &Traced) -> Record {
    let statuses = statuses(traced);
    let ids = traced.runs(repository);
    Record {
        deployment: traced.deployment.clone(),
        state: statuses.first().map(|status| status.state.clone()),
        started: started(statuses),
        run_id: ids.first().copied().filter(|_| ids.len() == 1),
        run: None,
        reviews: Vec::new(),
        waiting_since: waited(statuses).and_then(|at| statuses.get(at)).map(|status| status.created_at),
        released_at: released_at(statuses),
        approved_at: None,
        rule: None,
        change: Err(Unlinked::Unread),
        standing: Standing::Waiting,
    }
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
        _ if !run.sha.eq_ignore_ascii_case(&deployment.sha) => Some(RunMismatch::Commit),
        made if made.created_at < run.created_at => Some(RunMismatch::Before),
        _ if over => Some(RunMismatch::After),
        _ => None,
    };
    if let Some(misfit) = misfit {
        return Err(Gap::RunMismatch(misfit));
    }
    let approvals = examined.approvals.as_ref().map_err(|unknown| Gap::Unread(unknown.clone()))?;
    Ok((run, approvals))
}

fn weigh(record: &Record, run: &Run, unnamed: bool, claims: usize, needed: u32) -> Result<Standing, Gap> {
    let count = |state| record.reviews.iter().filter(|review| review.state == state).count();
    let (approvals, rejections) = (count(Decision::Approved), count(Decision::Rejected));
    // A later `waiting` does not take back that its job began, and a run that is over waits for no one.
    let waiting = record.state.as_deref() == Some("waiting") && !record.started;
    let goes_on = ["requested", "pending", "queued", "waiting", "in_progress"].contains(&run.status.as_str());
    if waiting && goes_on {
        return Ok(Standing::Waiting);
    }
    if approvals == 0 && unnamed {
        return Err(Gap::UnnamedEnvironment);
    }
    match (approvals, rejections, record.started) {
        (0, _, true) => Ok(Standing::NoApproval),
        (0, 1.., false) => Ok(Standing::Rejected),
        _ if waiting => Err(Gap::EndedWaiting),
        (0, 0, false) => Err(Gap::NeverSeenToStart(record.state.clone())),
        _ if run.attempt > 1 => Err(Gap::WhichAttempt(run.attempt)),
        (_, 1.., false) => Err(Gap::Contradiction),
        _ if claims > approvals => Err(Gap::TooFewApprovals { deployments: claims, approvals }),
        _ => judged(record, run, needed),
    }
}

/// The standing of an approved deployment: who approved it, compared with who started it and who wrote it.
fn judged(record: &Record, run: &Run, needed: u32) -> Result<Standing, Gap> {
    let approvers: Option<Vec<&Account>> = record.approvers().map(|review| review.user.as_ref()).collect();
    let (Some(approvers), Some(_)) = (approvers, run.started_by()) else { return Err(Gap::UnnamedPerson) };
    if approvers.iter().any(|approver| run.is_by(approver)) {
        return Ok(Standing::SelfApproved);
    }
    let authors = || record.change.iter().flat_map(|change| &change.authors);
    if approvers.iter().any(|approver| authors().any(|author| author.is(approver))) {
        return Ok(Standing::AuthorApproved);
    }
    if approvers.iter().any(|approver| approver.kind == AccountKind::Automation) {
        return Ok(Standing::ApprovedByAutomation);
    }
    if let Some(unknown) = approvers.iter().find(|approver| approver.kind == AccountKind::Unknown) {
        return Err(Gap::UnknownKind(unknown.login.clone()));
    }
    let mut people: Vec<&Account> = Vec::new();
    for approver in approvers {
        if !people.iter().any(|known| known.is(approver)) {
            people.push(approver);
        }
    }
    match u32::try_from(people.len()) {
        Ok(found) if found < needed => Ok(Standing::TooFewApprovals { found: people.len(), needed }),
        _ => Ok(Standing::Approved),
    }
}

impl Record {
    /// The reviews that approved it.
    pub fn approvers(&self) -> impl Iterator<Item = &Approval> {
        self.reviews.iter().filter(|review| review.state == Decision::Approved)
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
    statuses.get(waited(statuses)?.checked_sub(1)?).map(|next| next.created_at)
}

/// The index of the last `waiting`.
fn waited(statuses: &[Status]) -> Option<usize> {
    statuses.iter().position(|status| status.state == "waiting")
}

/// Runs of deploying workflows without a deployment: they deployed elsewhere, did not deploy, or left no record
/// (`deployment: false`). `None` if the runs of the period are not all known.
pub fn unrecorded<'h>(repository: &RepoName, history: &'h History) -> Option<Vec<&'h Run>> {
    let listed = history.listed_runs.as_ref()?;
    let deployments = || history.environments.iter().filter_map(|(_, known)| known.as_ref().ok()).flat_map(|known| &known.traced);
    let recorded: BTreeSet<u64> = deployments().flat_map(|one| one.runs(repository)).collect();
    let first = deployments().filter(|one| one.role == Role::Asked).map(|one| one.deployment.created_at).min()?;
    let first = history.since.unwrap_or(first);
    let known = history.runs.values().filter_map(|examined| if let Answer::Present(run) = &examined.run { Some(run) } else { None });
    let workflows: BTreeSet<&str> = known.map(|run| run.path.as_str()).filter(|path| !path.is_empty()).collect();
    let ours = |run: &&Run| run.created_at >= first && workflows.contains(run.path.as_str()) && !recorded.contains(&run.id);
    Some(listed.iter().filter(ours).collect())
}

#[cfg(test)]
mod tests;
