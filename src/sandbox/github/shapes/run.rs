//! Workflow files, runs, jobs and deployments.

use serde_json::{Value, json};

use super::{LONG_AGO, Shapes, date, encoded_path, node};
use crate::sandbox::state::{Deployment, DeploymentStatus, Permission, Repo, Run};
use crate::sandbox::wire::fnv;

/// The id of a workflow file.
pub(in crate::sandbox::github) fn workflow_id(path: &str) -> u64 {
    1 + fnv(path.as_bytes()) % 900_000_000
}

/// A workflow's name: its `name`, else its path, as GitHub has it.
fn workflow_name<'a>(repo: &'a Repo, path: &'a str) -> &'a str {
    let text = repo.files.get(path).map(String::as_str).unwrap_or_default();
    text.lines().find_map(|line| line.strip_prefix("name:")).map_or(path, str::trim)
}

impl Shapes<'_> {
    /// `workflow`.
    pub(in crate::sandbox::github) fn workflow(self, repo: &Repo, path: &str) -> Value {
        let id = workflow_id(path);
        let (web, place) = (format!("{}/{}", self.web, repo.name), encoded_path(path));
        let file = encoded_path(path.rsplit('/').next().unwrap_or(path));
        json!({
            "id": id, "node_id": node("W", id), "name": workflow_name(repo, path), "path": path, "state": "active", "created_at": LONG_AGO,
            "updated_at": LONG_AGO, "url": format!("{}/repos/{}/actions/workflows/{id}", self.api, repo.name),
            "html_url": format!("{web}/blob/{}/{place}", repo.default_branch), "badge_url": format!("{web}/workflows/{file}/badge.svg"),
        })
    }

    /// `workflow-run`.
    pub(in crate::sandbox::github) fn run(self, repo: &Repo, run: &Run) -> Value {
        let (api, id) = (format!("{}/repos/{}", self.api, repo.name), workflow_id(&run.path));
        let url = format!("{api}/actions/runs/{}", run.id);
        let (actor, at) = (self.login(&run.actor), date(run.created_at));
        let (again, changed) = (self.login(&run.triggering_actor), date(run.updated_at));
        let repository = self.repository(repo, Permission::Read);
        let previous = (run.attempt > 1).then(|| format!("{url}/attempts/{}", run.attempt - 1));
        json!({
            "id": run.id, "node_id": node("WFR", run.id), "name": workflow_name(repo, &run.path), "display_title": run.path, "path": run.path,
            "event": run.event, "head_branch": run.head_branch, "head_sha": run.head_sha, "status": run.status, "conclusion": run.conclusion,
            "run_number": 1, "run_attempt": run.attempt, "workflow_id": id, "check_suite_id": run.id, "url": url, "created_at": at,
            "updated_at": changed, "run_started_at": at, "html_url": format!("{}/{}/actions/runs/{}", self.web, repo.name, run.id),
            "pull_requests": [], "actor": actor, "triggering_actor": again, "head_commit": null, "head_repository": repository,
            "repository": repository, "jobs_url": format!("{url}/jobs"), "logs_url": format!("{url}/logs"),
            "artifacts_url": format!("{url}/artifacts"), "cancel_url": format!("{url}/cancel"), "rerun_url": format!("{url}/rerun"),
            "previous_attempt_url": previous, "check_suite_url": format!("{api}/check-suites/{}", run.id),
            "workflow_url": format!("{api}/actions/workflows/{id}"),
        })
    }

    /// `job`: each deployment of a run was made by a job of its own.
    pub(in crate::sandbox::github) fn job(self, repo: &Repo, run: &Run, made: &Deployment) -> Value {
        let state = made.statuses.first().map(|status| status.state.as_str()).unwrap_or_default();
        let (status, conclusion) = match state {
            "waiting" | "queued" | "in_progress" => (state, None),
            "success" | "failure" => ("completed", Some(state)),
            _ => ("completed", Some("failure")),
        };
        let api = format!("{}/repos/{}", self.api, repo.name);
        let (at, end) = (date(made.created_at), made.statuses.first().map(|status| date(status.created_at)));
        json!({
            "id": made.id, "run_id": run.id, "run_url": format!("{api}/actions/runs/{}", run.id), "node_id": node("CR", made.id),
            "head_sha": run.head_sha, "url": format!("{api}/actions/jobs/{}", made.id), "html_url": self.job_page(repo, run.id, made.id),
            "status": status, "conclusion": conclusion, "created_at": at, "started_at": at, "completed_at": conclusion.and(end),
            "name": format!("deploy ({})", made.environment), "check_run_url": format!("{api}/check-runs/{}", made.id), "steps": [],
            "labels": ["ubuntu-latest"], "runner_id": null, "runner_name": null, "runner_group_id": null, "runner_group_name": null,
            "workflow_name": workflow_name(repo, &run.path), "head_branch": run.head_branch, "run_attempt": run.attempt,
        })
    }

    fn job_page(self, repo: &Repo, run: u64, job: u64) -> String {
        format!("{}/{}/actions/runs/{run}/job/{job}", self.web, repo.name)
    }

    /// `deployment`.
    pub(in crate::sandbox::github) fn deployment(self, repo: &Repo, made: &Deployment) -> Value {
        let url = format!("{}/repos/{}", self.api, repo.name);
        let at = date(made.created_at);
        json!({
            "id": made.id, "node_id": node("DE", made.id), "url": format!("{url}/deployments/{}", made.id), "sha": made.sha,
            "ref": made.git_ref, "task": made.task, "payload": {}, "environment": made.environment, "original_environment": made.environment,
            "description": null, "creator": self.login(&made.creator), "created_at": at, "updated_at": at,
            "statuses_url": format!("{url}/deployments/{}/statuses", made.id), "repository_url": url, "transient_environment": false,
            "production_environment": made.environment.eq_ignore_ascii_case("production"),
        })
    }

    /// `deployment-status`.
    pub(in crate::sandbox::github) fn deployment_status(self, repo: &Repo, made: &Deployment, status: &DeploymentStatus) -> Value {
        let url = format!("{}/repos/{}/deployments/{}", self.api, repo.name, made.id);
        // The run shows only in the log's address.
        let log = status.log.clone().or_else(|| made.run.map(|run| self.job_page(repo, run, made.id))).unwrap_or_default();
        let at = date(status.created_at);
        json!({
            "id": status.id, "node_id": node("DES", status.id), "url": format!("{url}/statuses/{}", status.id), "state": status.state,
            "creator": self.login(&made.creator), "description": "", "environment": made.environment, "target_url": log,
            "log_url": log, "environment_url": "", "created_at": at, "updated_at": at, "deployment_url": url,
            "repository_url": format!("{}/repos/{}", self.api, repo.name),
        })
    }
}
