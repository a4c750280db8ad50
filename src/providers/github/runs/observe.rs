//! Reads runs, reviews and deployments from GitHub: GETs only, independent requests concurrently.
//!
//! Owns the requests; `listed` has those for lists of runs, `shipped` those about who changed what. Must not judge the answers.

mod listed;
mod shipped;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use jiff::Timestamp;

use super::super::observe::{MAX_PAGES, pages};
use super::super::target::{environment_target, repo_target};
use super::changes::Changes;
use super::{Account, Approval, Deployment, Pending, Run, Status, wire};
use crate::http::{ApiError, ErrorKind, Reader, Target};
use crate::model::{Answer, EnvName, RepoName, RunRef, Unknown};

use super::target::{PER_PAGE, pending_target, run_target, runs_target};
use listed::{Listed, Period, examine, run};
pub(super) use shipped::{MergedLately, merged_pull_requests};

/// A run that may wait, and its environments.
#[derive(Debug, Clone, PartialEq)]
pub struct WaitingRun {
    /// The run.
    pub run: Run,
    /// The environments that it waits for.
    pub pending: Result<Vec<Pending>, Unknown>,
}

/// Reads every run that waits for an environment, the oldest first.
///
/// If one job of a run waits while another one works, GitHub probably reports the run as in progress; so those runs are read too.
///
/// # Errors
/// When a list of runs cannot be read to its end.
pub async fn waiting(reader: &Reader, repo: &RepoName) -> Result<Vec<WaitingRun>, ApiError> {
    let (waiting, working) = tokio::join!(runs(reader, repo, "waiting"), runs(reader, repo, "in_progress"));
    let runs: BTreeMap<u64, Run> = working?.into_iter().chain(waiting?).map(|run| (run.id, run)).collect();
    let mut runs: Vec<Run> = runs.into_values().collect();
    runs.sort_by_key(|run| (run.updated_at, run.id));
    let found = join_all(runs.into_iter().map(|run| async move {
        let pending = pending(reader, repo, run.id).await.map_err(|error| error.unknown());
        WaitingRun { run, pending }
    }))
    .await;
    Ok(found.into_iter().filter(|found| found.pending.as_ref().map_or(true, |pending| !pending.is_empty())).collect())
}

/// What a reviewer of a run must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunState {
    /// The run.
    pub run: Run,
    /// What it waits for.
    pub pending: Vec<Pending>,
    /// The reviews so far.
    pub approvals: Vec<Approval>,
}

/// Reads one run, what it waits for, and its reviews.
///
/// # Errors
/// When any of the three cannot be read.
pub async fn run_state(reader: &Reader, repo: &RepoName, id: u64) -> Result<RunState, ApiError> {
    let (run, pending, approvals) = tokio::join!(run(reader, repo, id), pending(reader, repo, id), approvals(reader, repo, id));
    let run = run.map_err(|error| match (&error.kind, &error.hint) {
        (ErrorKind::NotFound, Some(hint)) => {
            ApiError { hint: Some(format!("{hint}; `gatectl pending` lists the runs that wait")), ..error }
        }
        _ => error,
    })?;
    Ok(RunState { run, pending: pending?, approvals: approvals? })
}

/// The account behind the token.
///
/// # Errors
/// When GitHub does not say; an installation token and `GITHUB_TOKEN` get 403 (fact G2.2, message 9).
pub async fn viewer(reader: &Reader) -> Result<Account, ApiError> {
    reader.get_json::<wire::Actor>(&Target::new(["user"])).await.map(Into::into)
}

/// The database id of a repository.
///
/// # Errors
/// When the repository cannot be read.
pub async fn repository_id(reader: &Reader, repo: &RepoName) -> Result<u64, ApiError> {
    reader.get_json::<wire::Identified>(&repo_target(repo)).await.map(|repository| repository.id)
}

/// Which deployments to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// This many of the newest.
    Last(usize),
    /// All of a period: from the first moment on, up to and without the second one if there is one. The clock of this machine does not
    /// end it: GitHub's may be ahead.
    Since(Timestamp, Option<Timestamp>),
}

/// What happened to some environments.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// The deployments of each environment, or why they are unknown.
    pub environments: Vec<(EnvName, Result<Deployments, Unknown>)>,
    /// The runs that their statuses lead to.
    pub runs: BTreeMap<u64, Examined>,
    /// What was deployed, as commits and pull requests.
    pub changes: Result<Changes, Unknown>,
    /// The runs of the period that the list of runs showed, if it showed all of them.
    pub listed_runs: Option<Vec<Run>>,
    /// The first moment of the period, if one was asked for.
    pub since: Option<Timestamp>,
}

/// The deployments of one environment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Deployments {
    /// The newest first.
    pub traced: Vec<Traced>,
    /// Those before the requested ones.
    pub older: Older,
    /// How many pages the list had, as far as it was read. The list states no total (fact G1.7).
    pub pages: usize,
}

/// The deployments before those that were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Older {
    /// How many there are, as far as the list was read.
    pub count: usize,
    /// Whether the list was read to its end: then these are all.
    pub complete: bool,
}

/// A deployment with its statuses.
#[derive(Debug, Clone, PartialEq)]
pub struct Traced {
    /// The deployment.
    pub deployment: Deployment,
    /// The newest first.
    pub statuses: Result<Vec<Status>, Unknown>,
    /// Why it was read.
    pub role: Role,
}

/// Why a deployment was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It is within the query.
    Asked,
    /// It is outside, but may share its run, and so the run's approvals, with a requested one.
    Sibling,
    /// It is the newest one before the extent: what the oldest requested one replaced.
    Previous,
}

impl Traced {
    /// The runs that the statuses lead to. An `inactive` status may come from a later deployment, so it proves nothing.
    pub fn runs(&self, repo: &RepoName) -> BTreeSet<u64> {
        let active = self.statuses.iter().flatten().filter(|status| status.state != "inactive");
        active.filter_map(|status| run_of_link(status.log.as_deref()?, repo)).collect()
    }
}

/// The run of this repository that a log's address leads to.
///
/// That the statuses of a job's deployment lead to `…/actions/runs/ID/job/ID` is what several public projects rely on; the
/// documentation says only that `log_url` is the address of the deployment's output.
pub(super) fn run_of_link(link: &str, repository: &RepoName) -> Option<u64> {
    let run: RunRef = link.parse().ok()?;
    run.place.filter(|(_, named)| named == repository).map(|_| run.id)
}

/// A run with its reviews.
#[derive(Debug, Clone, PartialEq)]
pub struct Examined {
    /// The run; absent after a 404: deleted, too old, or hidden from this token.
    pub run: Answer<Run>,
    /// Its reviews, over all its attempts.
    pub approvals: Result<Vec<Approval>, Unknown>,
}

/// Reads the deployments of some environments, then their statuses, then the runs and reviews that these lead to, and concurrently
/// what was deployed. Runs come by page; only those that no page shows are requested one by one.
pub async fn history(reader: &Reader, repo: &RepoName, environments: &[EnvName], extent: Extent) -> History {
    let listed = join_all(environments.iter().map(|name| deployments(reader, repo, name, extent))).await;
    let asked = || listed.iter().flatten().flat_map(|listed| &listed.found).filter(|(role, _)| *role == Role::Asked).map(|(_, made)| made);
    let period = asked().map(|made| made.created_at).min().map(|oldest| match extent {
        Extent::Last(_) => Period::around(oldest, None),
        Extent::Since(since, until) => Period::around(since, until),
    });
    let allowance = shipped::Allowance::of(asked().count());
    let head = asked().max_by_key(|made| (made.created_at, made.id)).map(|made| made.sha.clone());
    let oldest =
        listed.iter().flatten().flat_map(|listed| &listed.found).min_by_key(|(_, made)| made.created_at).map(|(_, made)| made.clone());

    let traced = join_all(environments.iter().zip(listed).map(|(name, listed)| async move {
        let traced = match listed {
            Ok(Made { found, older, pages }) => {
                let traced = join_all(found.into_iter().map(|(role, deployment)| traced(reader, repo, role, deployment))).await;
                Ok(Deployments { traced, older, pages })
            }
            Err(error) => Err(error.unknown()),
        };
        (name.clone(), traced)
    }));
    let listed = Listed::of_repository(reader, repo, period, allowance.pages);
    let changes = async {
        match (head, oldest) {
            (Some(head), Some(oldest)) => shipped::changes(reader, repo, &head, &oldest, &allowance).await,
            _ => Ok(Changes::default()),
        }
    };
    let (environments, mut listed, changes) = tokio::join!(traced, listed, changes);

    let deployments = environments.iter().filter_map(|(_, known)| known.as_ref().ok()).flat_map(|known| &known.traced);
    let ids: BTreeSet<u64> = deployments.filter(|one| one.role != Role::Previous).flat_map(|one| one.runs(repo)).collect();
    listed.add_workflows(reader, repo, period, &ids, allowance.pages).await;
    let known = &listed.runs;
    let runs = join_all(ids.iter().map(|id| async move {
        let run = match known.get(id) {
            Some(known) => known.clone(),
            None => examine(reader, repo, *id).await,
        };
        // A run that is gone has no reviews to ask for.
        let approvals = match run {
            Answer::Absent => Ok(Vec::new()),
            Answer::Present(_) | Answer::Unknown(_) => approvals(reader, repo, *id).await.map_err(|error| error.unknown()),
        };
        (*id, Examined { run, approvals })
    }))
    .await;
    let listed_runs = listed.all_of(&ids);
    let since = if let Extent::Since(since, _) = extent { Some(since) } else { None };
    History { environments, runs: runs.into_iter().collect(), changes: changes.map_err(|error| error.unknown()), listed_runs, since }
}

async fn traced(reader: &Reader, repo: &RepoName, role: Role, deployment: Deployment) -> Traced {
    let statuses = statuses(reader, repo, deployment.id).await.map_err(|error| error.unknown());
    Traced { deployment, statuses, role }
}

/// The deployments from the list.
struct Made {
    found: Vec<(Role, Deployment)>,
    older: Older,
    pages: usize,
}

/// The newest deployments first, as far back as asked and one further. The list has no total, so its pages come one by one.
async fn deployments(reader: &Reader, repo: &RepoName, name: &EnvName, extent: Extent) -> Result<Made, ApiError> {
    let listed = deployments_as(reader, repo, name.as_str(), name, extent).await?;
    if !listed.found.is_empty() {
        return Ok(listed);
    }
    // Names compare without case, and whether this filter does is not documented: ask in GitHub's own spelling too.
    let stored: Result<wire::Environment, ApiError> = reader.get_json(&environment_target(repo, name)).await;
    match stored {
        Ok(stored) if stored.name != name.as_str() => deployments_as(reader, repo, &stored.name, name, extent).await,
        // An environment that no longer exists, or that this token cannot see, has no other spelling.
        _ => Ok(listed),
    }
}

async fn deployments_as(reader: &Reader, repo: &RepoName, spelling: &str, name: &EnvName, extent: Extent) -> Result<Made, ApiError> {
    let target = repo_target(repo).join("deployments").query("environment", spelling).query("per_page", PER_PAGE);
    let mut found: Vec<Deployment> = Vec::new();
    let mut pages = 0;
    let mut complete;
    loop {
        pages += 1;
        let (listed, has_next) = reader.get_page::<Vec<wire::WireDeployment>>(&target.clone().query("page", pages)).await?;
        let full = listed.len() >= PER_PAGE;
        let listed = listed.into_iter().map(Deployment::from);
        found.extend(listed.filter(|made| made.environment.to_lowercase() == name.folded()));
        if pages >= MAX_PAGES {
            return Err(reader.malformed(&target, format!("the list has more than {MAX_PAGES} pages, more than any real one")));
        }
        let enough = match extent {
            Extent::Last(count) => found.len() > count,
            Extent::Since(since, _) => found.last().is_some_and(|oldest| oldest.created_at < since),
        };
        complete = !(has_next || full);
        if enough || complete {
            break;
        }
    }
    found.sort_by_key(|made| std::cmp::Reverse((made.created_at, made.id)));
    // A new deployment between two pages shifts the list, so the next page repeats one.
    found.dedup_by_key(|made| made.id);
    let mut after = Vec::new();
    if let Extent::Since(_, Some(until)) = extent {
        let first = found.partition_point(|made| made.created_at >= until);
        after = found.drain(..first).collect();
    }
    let asked = match extent {
        Extent::Last(count) => count.min(found.len()),
        Extent::Since(since, _) => found.partition_point(|made| made.created_at >= since),
    };
    let before = found.split_off(asked);
    let commits: BTreeSet<String> = found.iter().map(|made| made.sha.clone()).collect();
    let older = Older { count: before.len(), complete };
    let mut outside: Vec<(Role, Deployment)> = Vec::new();
    for (at, made) in before.into_iter().enumerate() {
        if commits.contains(&made.sha) {
            outside.push((Role::Sibling, made));
        } else if at == 0 {
            outside.push((Role::Previous, made));
        }
    }
    outside.extend(after.into_iter().filter(|made| commits.contains(&made.sha)).map(|made| (Role::Sibling, made)));
    let found = if found.is_empty() { Vec::new() } else { found.into_iter().map(|made| (Role::Asked, made)).chain(outside).collect() };
    Ok(Made { found, older, pages })
}

/// Reads the statuses of a deployment, the newest first.
///
/// # Errors
/// When they cannot be read.
pub(super) async fn statuses(reader: &Reader, repo: &RepoName, deployment: u64) -> Result<Vec<Status>, ApiError> {
    let target = repo_target(repo).join("deployments").join(&deployment.to_string()).join("statuses");
    let mut statuses: Vec<Status> =
        pages::<wire::WireStatus, Vec<_>>(reader, &target, PER_PAGE).await?.into_iter().map(Into::into).collect();
    // Stable, so that within one second the order of the answer holds.
    statuses.sort_by_key(|status| std::cmp::Reverse(status.created_at));
    Ok(statuses)
}

async fn runs(reader: &Reader, repo: &RepoName, status: &str) -> Result<Vec<Run>, ApiError> {
    let target = runs_target(repo).query("status", status);
    Ok(pages::<wire::WireRun, wire::Runs>(reader, &target, PER_PAGE).await?.into_iter().map(Into::into).collect())
}

async fn pending(reader: &Reader, repo: &RepoName, id: u64) -> Result<Vec<Pending>, ApiError> {
    let target = pending_target(repo, id);
    let pending: Vec<wire::WirePending> = reader.get_json(&target).await?;
    pending.into_iter().map(|one| one.try_into().map_err(|error: crate::model::NameError| reader.malformed(&target, error.0))).collect()
}

/// Reads the reviews of a run, over all its attempts.
///
/// # Errors
/// When they cannot be read.
pub async fn approvals(reader: &Reader, repo: &RepoName, id: u64) -> Result<Vec<Approval>, ApiError> {
    // Neither this list nor what waits is paged (fact G1.6).
    let approvals: Vec<wire::WireApproval> = reader.get_json(&run_target(repo, id).join("approvals")).await?;
    Ok(approvals.into_iter().map(Into::into).collect())
}
