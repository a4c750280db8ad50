//! Asks GitHub about runs, reviews and deployments: GETs only, everything independent at once.
//!
//! Owns the requests. Must not judge what they bring.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use jiff::Timestamp;

use super::super::observe::{MAX_PAGES, pages, repo_target};
use super::{Approval, Deployment, Pending, Run, Status, wire};
use crate::http::{ApiError, ErrorKind, Reader, Target};
use crate::model::{Answer, EnvName, RepoName, RunRef, Unknown};

/// The most that GitHub gives per page (fact G1.7).
const PER_PAGE: usize = 100;
/// How many of the newest deployments are asked whether they succeeded; the answer only serves a link.
const RECENT: usize = 5;

/// A run that may wait, and for what.
#[derive(Debug, Clone, PartialEq)]
pub struct WaitingRun {
    /// The run.
    pub run: Run,
    /// The environments that it waits for.
    pub pending: Result<Vec<Pending>, Unknown>,
}

/// Reads every run that waits for an environment, the oldest first.
///
/// A run of which one job waits while another one works is in progress to GitHub, as far as is known; so these are asked too.
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

/// A run as somebody who reviews it has to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scene {
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
pub async fn scene(reader: &Reader, repo: &RepoName, id: u64) -> Result<Scene, ApiError> {
    let (run, pending, approvals) = tokio::join!(run(reader, repo, id), pending(reader, repo, id), approvals(reader, repo, id));
    Ok(Scene { run: run?, pending: pending?, approvals: approvals? })
}

/// The login behind the token.
///
/// # Errors
/// When GitHub does not say; an installation token and `GITHUB_TOKEN` get 403 (fact G2.2, message 9).
pub async fn viewer(reader: &Reader) -> Result<String, ApiError> {
    reader.get_json::<wire::Actor>(&Target::new(["user"])).await.map(|viewer| viewer.login)
}

/// The newest of the last few deployments to an environment that succeeded; `None` when none of them did.
///
/// # Errors
/// When the list or a status cannot be read.
pub async fn last_success(reader: &Reader, repo: &RepoName, environment: &EnvName) -> Result<Option<Deployment>, ApiError> {
    let target = repo_target(repo).join("deployments").query("environment", environment).query("per_page", RECENT);
    let made: Vec<wire::WireDeployment> = reader.get_json(&target).await?;
    let statuses = join_all(made.iter().map(|made| statuses(reader, repo, made.id()))).await;
    let mut newest: Option<Deployment> = None;
    for (made, statuses) in made.into_iter().map(Deployment::from).zip(statuses) {
        let succeeded = statuses?.iter().any(|status| status.state == "success");
        if succeeded && newest.as_ref().is_none_or(|newest| newest.created_at < made.created_at) {
            newest = Some(made);
        }
    }
    Ok(newest)
}

/// How far back to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The newest so many.
    Last(usize),
    /// All since then.
    Since(Timestamp),
}

/// What happened to some environments.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// The deployments of each environment, the newest first; or why they are not known.
    pub environments: Vec<(EnvName, Result<Vec<Traced>, Unknown>)>,
    /// The runs that their statuses lead to.
    pub runs: BTreeMap<u64, Examined>,
}

/// A deployment with its statuses.
#[derive(Debug, Clone, PartialEq)]
pub struct Traced {
    /// The deployment.
    pub deployment: Deployment,
    /// The newest first.
    pub statuses: Result<Vec<Status>, Unknown>,
    /// Whether it is what was asked for, or only of the same commit as one that is.
    pub role: Role,
}

/// Why a deployment was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It lies in the extent.
    Asked,
    /// It lies beyond, and may share its run, and with it the run's approvals, with one that was asked for.
    Sibling,
}

impl Traced {
    /// The runs that the statuses lead to. One that is `inactive` may stem from a later deployment, so it proves nothing.
    #[must_use]
    pub fn runs(&self, repo: &RepoName) -> BTreeSet<u64> {
        let active = self.statuses.iter().flatten().filter(|status| status.state != "inactive");
        active.filter_map(|status| run_of_link(status.log.as_deref()?, repo)).collect()
    }
}

/// The run of this repository that a log's address leads to.
///
/// That the statuses of a job's deployment lead to `…/actions/runs/ID/job/ID` is what several public projects rely on; the
/// documentation says only that `log_url` is the address of the deployment's output.
fn run_of_link(link: &str, repository: &RepoName) -> Option<u64> {
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

/// Reads the deployments of some environments, then their statuses, then the runs and reviews that these lead to.
pub async fn history(reader: &Reader, repo: &RepoName, environments: &[EnvName], extent: Extent) -> History {
    let environments = join_all(environments.iter().map(|name| async move {
        let made = deployments(reader, repo, name, extent).await.map_err(|error| error.unknown());
        let traced = match made {
            Ok(made) => Ok(join_all(made.into_iter().map(|(role, deployment)| traced(reader, repo, role, deployment))).await),
            Err(unknown) => Err(unknown),
        };
        (name.clone(), traced)
    }))
    .await;
    let ids: BTreeSet<u64> = environments.iter().flat_map(|(_, made)| made.iter().flatten()).flat_map(|traced| traced.runs(repo)).collect();
    let runs = join_all(ids.into_iter().map(|id| async move {
        let (run, approvals) = tokio::join!(run(reader, repo, id), approvals(reader, repo, id));
        let run = match run {
            Ok(run) => Answer::Present(run),
            Err(error) if error.kind == ErrorKind::NotFound => Answer::Absent,
            Err(error) => Answer::Unknown(error.unknown()),
        };
        (id, Examined { run, approvals: approvals.map_err(|error| error.unknown()) })
    }))
    .await;
    History { environments, runs: runs.into_iter().collect() }
}

async fn traced(reader: &Reader, repo: &RepoName, role: Role, deployment: Deployment) -> Traced {
    let statuses = statuses(reader, repo, deployment.id).await.map_err(|error| error.unknown());
    Traced { deployment, statuses, role }
}

/// The newest deployments first, as far back as asked. The list has no total, so its pages come one after the other.
async fn deployments(reader: &Reader, repo: &RepoName, name: &EnvName, extent: Extent) -> Result<Vec<(Role, Deployment)>, ApiError> {
    let target = repo_target(repo).join("deployments").query("environment", name).query("per_page", PER_PAGE);
    let mut found: Vec<Deployment> = Vec::new();
    for page in 1_usize.. {
        let (listed, has_next) = reader.get_page::<Vec<wire::WireDeployment>>(&target.clone().query("page", page)).await?;
        let full = listed.len() >= PER_PAGE;
        let listed = listed.into_iter().map(Deployment::from);
        found.extend(listed.filter(|made| made.environment.to_lowercase() == name.folded()));
        if page >= MAX_PAGES {
            return Err(reader.malformed(&target, format!("the list has more than {MAX_PAGES} pages, which no real one has")));
        }
        let enough = match extent {
            Extent::Last(count) => found.len() >= count,
            Extent::Since(since) => found.last().is_some_and(|oldest| oldest.created_at < since),
        };
        if enough || !(has_next || full) {
            break;
        }
    }
    found.sort_by_key(|made| std::cmp::Reverse((made.created_at, made.id)));
    let asked = match extent {
        Extent::Last(count) => count.min(found.len()),
        Extent::Since(since) => found.partition_point(|made| made.created_at >= since),
    };
    let beyond = found.split_off(asked);
    let commits: BTreeSet<String> = found.iter().map(|made| made.sha.clone()).collect();
    let siblings = beyond.into_iter().filter(|made| commits.contains(&made.sha)).map(|made| (Role::Sibling, made));
    Ok(found.into_iter().map(|made| (Role::Asked, made)).chain(siblings).collect())
}

async fn statuses(reader: &Reader, repo: &RepoName, deployment: u64) -> Result<Vec<Status>, ApiError> {
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

async fn run(reader: &Reader, repo: &RepoName, id: u64) -> Result<Run, ApiError> {
    reader.get_json::<wire::WireRun>(&run_target(repo, id)).await.map(Into::into)
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

fn runs_target(repo: &RepoName) -> Target {
    repo_target(repo).join("actions").join("runs")
}

fn run_target(repo: &RepoName, id: u64) -> Target {
    runs_target(repo).join(&id.to_string())
}

/// `…/actions/runs/{id}/pending_deployments`: read to see what waits, written to review it.
pub(super) fn pending_target(repo: &RepoName, id: u64) -> Target {
    run_target(repo, id).join("pending_deployments")
}
