//! Runs, what waits for a review, reviews, deployments (fact G1.6).

use serde_json::{Value, json};

use super::access::Need;
use super::page::{Paging, array, counted};
use super::{Call, Handled, invalid, not_emulated, not_found, object, shapes, text};
use crate::sandbox::state::{Approval, Deployment, Environment, Grant, Pending, Permission, Repo, Run};
use crate::sandbox::switches::ForeignReview;
use crate::sandbox::wire::Response;

pub(super) fn route(call: &mut Call<'_>, repo: &mut Repo, rest: &[&str]) -> Handled {
    if let ("POST", [id, "pending_deployments"]) = (call.request.method.as_str(), rest) {
        return review(call, repo, id);
    }
    call.need(repo, Need::ACTIONS)?;
    match (call.request.method.as_str(), rest) {
        ("GET", []) => {
            let all = repo.runs.iter().filter(|run| wanted(call, run)).map(|run| shape(call, repo, run));
            Ok(counted(call, "workflow_runs", all.collect(), Paging::LINKED))
        }
        ("GET", [id]) => Ok(Response::json(200, &shape(call, repo, find(repo, id)?))),
        ("GET", [id, "pending_deployments"]) => {
            let pending = find(repo, id)?.pending.iter().filter_map(|pending| waiting(call, repo, find(repo, id).ok()?, pending));
            Ok(Response::json(200, &Value::Array(pending.collect())))
        }
        ("GET", [id, "approvals"]) => {
            let approvals = find(repo, id)?.approvals.iter().map(|approval| approved(call, repo, approval));
            Ok(Response::json(200, &Value::Array(approvals.collect())))
        }
        _ => Err(not_emulated(call.request)),
    }
}

fn find<'a>(repo: &'a Repo, id: &str) -> Result<&'a Run, Response> {
    repo.runs.iter().find(|run| run.id.to_string() == id).ok_or_else(not_found)
}

fn wanted(call: &Call<'_>, run: &Run) -> bool {
    let filter = |name: &str, value: &str| call.request.param(name).is_none_or(|wanted| wanted == value);
    let status = call.request.param("status").is_none_or(|wanted| wanted == run.status || Some(&wanted) == run.conclusion.as_ref());
    status
        && filter("event", &run.event)
        && filter("branch", &run.head_branch)
        && filter("actor", &run.actor)
        && filter("head_sha", &run.head_sha)
}

fn environment(repo: &Repo, id: u64) -> Option<&Environment> {
    repo.environments.values().find(|environment| environment.id == id)
}

fn shape(call: &Call<'_>, repo: &Repo, run: &Run) -> Value {
    let url = format!("https://api.github.com/repos/{}/actions/runs/{}", repo.name, run.id);
    let (actor, at) = (shapes::login(call.people, &run.actor), shapes::date(run.created_at));
    let (again, changed) = (shapes::login(call.people, &run.triggering_actor), shapes::date(run.updated_at));
    let repository = shapes::repository(call.people, repo, Permission::Read);
    json!({
        "id": run.id, "node_id": shapes::node("WFR", run.id), "name": run.path, "display_title": run.path, "path": run.path, "event": run.event,
        "head_branch": run.head_branch, "head_sha": run.head_sha, "status": run.status, "conclusion": run.conclusion, "run_number": 1,
        "run_attempt": run.attempt, "workflow_id": 1, "check_suite_id": run.id, "url": url, "created_at": at, "updated_at": changed, "run_started_at": at,
        "html_url": format!("https://github.com/{}/actions/runs/{}", repo.name, run.id), "pull_requests": [], "actor": actor,
        "triggering_actor": again, "head_commit": null, "head_repository": repository, "repository": repository,
        "jobs_url": format!("{url}/jobs"), "logs_url": format!("{url}/logs"), "artifacts_url": format!("{url}/artifacts"),
        "cancel_url": format!("{url}/cancel"), "rerun_url": format!("{url}/rerun"), "previous_attempt_url": null,
        "check_suite_url": format!("https://api.github.com/repos/{}/check-suites/{}", repo.name, run.id),
        "workflow_url": format!("https://api.github.com/repos/{}/actions/workflows/1", repo.name),
    })
}

/// Whether the caller may review a run's deployment to an environment.
fn may_review(call: &Call<'_>, repo: &Repo, run: &Run, environment: &Environment) -> bool {
    let own = environment.prevent_self_review && run.triggering_actor.eq_ignore_ascii_case(&call.caller.login);
    !own && repo.reviews(call.people, environment, &call.caller.login)
}

fn waiting(call: &Call<'_>, repo: &Repo, run: &Run, pending: &Pending) -> Option<Value> {
    let environment = environment(repo, pending.environment)?;
    let since = (environment.wait_timer > 0).then(|| shapes::date(pending.since));
    Some(json!({
        "environment": shapes::environment_head(repo, environment), "wait_timer": environment.wait_timer, "wait_timer_started_at": since,
        "current_user_can_approve": may_review(call, repo, run, environment),
        "reviewers": shapes::reviewers(call, &environment.reviewers),
    }))
}

fn approved(call: &Call<'_>, repo: &Repo, approval: &Approval) -> Value {
    let environments = approval.environments.iter().filter_map(|id| environment(repo, *id));
    let environments: Vec<Value> = environments.map(|environment| shapes::environment_head(repo, environment)).collect();
    let user = shapes::login(call.people, &approval.user);
    json!({"state": approval.state, "comment": approval.comment, "environments": environments, "user": user})
}

/// Approves or rejects: only required reviewers, and never an App (fact G1.6).
fn review(call: &mut Call<'_>, repo: &mut Repo, id: &str) -> Handled {
    if matches!(call.caller.grant, Grant::Installation(_)) {
        return Err(Response::github_error(403, "Resource not accessible by integration"));
    }
    call.need(repo, Need::DEPLOYMENTS)?;
    let body = object(call.request)?;
    let (state, comment) = (text(&body, "state")?, text(&body, "comment")?);
    let listed = body.get("environment_ids").and_then(Value::as_array).ok_or_else(|| invalid(""))?;
    let asked: Vec<u64> = listed.iter().map(|id| id.as_u64().ok_or_else(|| invalid(""))).collect::<Result<_, _>>()?;
    let run = find(repo, id)?;
    let of = |id: &u64| run.pending.iter().find(|pending| pending.environment == *id).cloned();
    let pending: Vec<Pending> = asked.iter().map(|id| of(id).ok_or_else(|| invalid(""))).collect::<Result<_, _>>()?;
    if pending.is_empty() || !["approved", "rejected"].contains(&state.as_str()) {
        return Err(invalid(""));
    }
    let allowed =
        |pending: &Pending| environment(repo, pending.environment).is_some_and(|environment| may_review(call, repo, run, environment));
    if !pending.iter().all(allowed) {
        // GitHub's own words are not known.
        return Err(match call.switches.foreign_review {
            ForeignReview::Forbidden => Response::github_error(403, "Forbidden"),
            ForeignReview::Unprocessable => invalid(""),
        });
    }
    let (run_id, now) = (run.id, call.now.tick());
    for run in repo.runs.iter_mut().filter(|run| run.id == run_id) {
        let (user, environments) = (call.caller.login.clone(), asked.clone());
        run.updated_at = now;
        run.approvals.push(Approval { user, state: state.clone(), comment: comment.clone(), environments });
        run.pending.retain(|pending| !asked.contains(&pending.environment));
        if state == "rejected" {
            run.pending.clear();
            (run.status, run.conclusion) = ("completed".to_owned(), Some("failure".to_owned()));
        } else if run.pending.is_empty() {
            "in_progress".clone_into(&mut run.status);
        }
    }
    let status = if state == "approved" { "in_progress" } else { "failure" };
    for pending in &pending {
        repo.note(call.ids, pending.deployment, status, now);
    }
    let touched = repo.deployments.iter().filter(|made| pending.iter().any(|pending| pending.deployment == made.id));
    Ok(Response::json(200, &Value::Array(touched.map(|made| deployment_shape(call, repo, made)).collect())))
}

pub(super) fn deployments(call: &Call<'_>, repo: &Repo) -> Handled {
    call.need(repo, Need::DEPLOYMENTS)?;
    let filter = |name: &str, value: &str| call.request.param(name).is_none_or(|wanted| wanted == value);
    let wanted = |made: &&Deployment| {
        let environment = call.request.param("environment").is_none_or(|wanted| wanted.to_lowercase() == made.environment.to_lowercase());
        environment && filter("sha", &made.sha) && filter("ref", &made.git_ref) && filter("task", "deploy")
    };
    let all = repo.deployments.iter().filter(wanted).map(|made| deployment_shape(call, repo, made)).collect();
    Ok(array(call, all, Paging::LINKED))
}

fn find_deployment<'a>(repo: &'a Repo, id: &str) -> Result<&'a Deployment, Response> {
    repo.deployments.iter().find(|made| made.id.to_string() == id).ok_or_else(not_found)
}

pub(super) fn deployment(call: &Call<'_>, repo: &Repo, id: &str) -> Handled {
    call.need(repo, Need::DEPLOYMENTS)?;
    Ok(Response::json(200, &deployment_shape(call, repo, find_deployment(repo, id)?)))
}

pub(super) fn statuses(call: &Call<'_>, repo: &Repo, id: &str) -> Handled {
    call.need(repo, Need::DEPLOYMENTS)?;
    let made = find_deployment(repo, id)?;
    let url = format!("https://api.github.com/repos/{}/deployments/{}", repo.name, made.id);
    // The run shows only in the log's address.
    let log = made.run.map(|run| format!("https://github.com/{}/actions/runs/{run}/job/{}", repo.name, made.id)).unwrap_or_default();
    let shape = |status: &crate::sandbox::DeploymentStatus| {
        let at = shapes::date(status.created_at);
        json!({
            "id": status.id, "node_id": shapes::node("DES", status.id), "url": format!("{url}/statuses/{}", status.id), "state": status.state,
            "creator": shapes::login(call.people, &made.creator), "description": "", "environment": made.environment, "target_url": log,
            "log_url": log, "environment_url": "", "created_at": at, "updated_at": at, "deployment_url": url,
            "repository_url": format!("https://api.github.com/repos/{}", repo.name),
        })
    };
    Ok(array(call, made.statuses.iter().map(shape).collect(), Paging::LINKED))
}

fn deployment_shape(call: &Call<'_>, repo: &Repo, made: &Deployment) -> Value {
    let url = format!("https://api.github.com/repos/{}", repo.name);
    let at = shapes::date(made.created_at);
    json!({
        "id": made.id, "node_id": shapes::node("DE", made.id), "url": format!("{url}/deployments/{}", made.id), "sha": made.sha,
        "ref": made.git_ref, "task": "deploy", "payload": {}, "environment": made.environment, "original_environment": made.environment,
        "description": null, "creator": shapes::login(call.people, &made.creator), "created_at": at, "updated_at": at,
        "statuses_url": format!("{url}/deployments/{}/statuses", made.id), "repository_url": url, "transient_environment": false,
        "production_environment": made.environment.eq_ignore_ascii_case("production"),
    })
}
