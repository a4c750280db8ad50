//! Where runs and what waits in them are asked for, and how much of a list at once.

use super::super::target::repo_target;
use crate::http::Target;
use crate::model::RepoName;

/// The most that GitHub gives per page (fact G1.7).
pub(super) const PER_PAGE: usize = 100;

/// `…/actions/runs`.
pub(super) fn runs_target(repo: &RepoName) -> Target {
    repo_target(repo).join("actions").join("runs")
}

/// `…/actions/runs/{id}`.
pub(super) fn run_target(repo: &RepoName, id: u64) -> Target {
    runs_target(repo).join(&id.to_string())
}

/// `…/actions/runs/{id}/pending_deployments`: read to see what waits, written to review it.
pub(super) fn pending_target(repo: &RepoName, id: u64) -> Target {
    run_target(repo, id).join("pending_deployments")
}
