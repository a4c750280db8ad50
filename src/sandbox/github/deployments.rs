//! Deployments and their statuses (fact G1.6).

use serde_json::{Map, Value};

use super::access::Need;
use super::page::{Paging, array};
use super::{Call, Handled, invalid, not_emulated, not_found, object, text};
use crate::sandbox::state::{Deployment, DeploymentStatus, Repo};
use crate::sandbox::switches::DeploymentFilter;
use crate::sandbox::wire::Response;

/// States that a client may give; GitHub itself also sets `waiting`.
const STATES: [&str; 7] = ["error", "failure", "inactive", "in_progress", "queued", "pending", "success"];

pub(super) fn route(call: &mut Call<'_>, repo: &mut Repo, rest: &[&str]) -> Handled {
    call.need(repo, if call.request.reads() { Need::DEPLOYMENTS } else { Need::DEPLOYMENTS_WRITE })?;
    let shapes = call.shapes;
    match (call.request.method.as_str(), rest) {
        ("GET", []) => list(call, repo),
        ("POST", []) => create(call, repo),
        ("GET", [id]) => Ok(Response::json(200, &shapes.deployment(repo, find(repo, id)?))),
        ("DELETE", [id]) => delete(call, repo, id),
        ("GET", [id, "statuses"]) => {
            let made = find(repo, id)?;
            Ok(array(call, made.statuses.iter().collect(), Paging::LINKED, |status| shapes.deployment_status(repo, made, status)))
        }
        ("POST", [id, "statuses"]) => add_status(call, repo, id),
        ("GET", [id, "statuses", status]) => {
            let made = find(repo, id)?;
            let status = made.statuses.iter().find(|known| known.id.to_string() == *status).ok_or_else(not_found)?;
            Ok(Response::json(200, &shapes.deployment_status(repo, made, status)))
        }
        _ => Err(not_emulated(call.request)),
    }
}

fn find<'a>(repo: &'a Repo, id: &str) -> Result<&'a Deployment, Response> {
    repo.deployments.iter().find(|made| made.id.to_string() == id).ok_or_else(not_found)
}

fn list(call: &Call<'_>, repo: &Repo) -> Handled {
    let filter = |name: &str, value: &str| call.request.param(name).is_none_or(|wanted| wanted == value);
    let wanted = |made: &&Deployment| {
        let environment = call.request.param("environment").is_none_or(|wanted| match call.switches.deployment_filter {
            DeploymentFilter::Folded => wanted.to_lowercase() == made.environment.to_lowercase(),
            DeploymentFilter::Exact => wanted == made.environment,
        });
        environment && filter("sha", &made.sha) && filter("ref", &made.git_ref) && filter("task", &made.task)
    };
    let all = repo.deployments.iter().filter(wanted).collect();
    Ok(array(call, all, Paging::LINKED, |made| call.shapes.deployment(repo, made)))
}

/// A deployment over the API: no environment's rules hold it back (fact G1.6), and a missing environment is made.
fn create(call: &mut Call<'_>, repo: &mut Repo) -> Handled {
    let body = object(call.request)?;
    let git_ref = text(&body, "ref")?;
    let sha = repo.resolve(&git_ref).ok_or_else(|| Response::github_error(422, &format!("No ref found for: {git_ref}")))?;
    let word = |key: &str, default: &str| body.get(key).and_then(Value::as_str).unwrap_or(default).to_owned();
    let (environment, now) = (word("environment", "production"), call.now.tick());
    if repo.environment(&environment).is_none() {
        let bypass = call.switches.fresh_bypass == crate::sandbox::switches::FreshBypass::Allowed;
        repo.insert(crate::sandbox::state::Environment::ungated(call.ids, &environment, bypass, now));
    }
    let made = Deployment {
        id: call.ids.fresh(),
        sha,
        git_ref,
        environment,
        task: word("task", "deploy"),
        creator: call.caller.login.clone(),
        created_at: now,
        run: None,
        statuses: Vec::new(),
    };
    let answer = call.shapes.deployment(repo, &made);
    repo.deployments.insert(0, made);
    Ok(Response::json(201, &answer))
}

/// Only an inactive deployment can be deleted, unless it is the only one.
fn delete(call: &mut Call<'_>, repo: &mut Repo, id: &str) -> Handled {
    let made = find(repo, id)?;
    let inactive = made.statuses.first().is_none_or(|status| status.state == "inactive");
    let gone = made.id;
    if !inactive && repo.deployments.len() > 1 {
        return Err(Response::github_error(
            422,
            "We cannot delete an active deployment unless it is the only deployment in a given environment.",
        ));
    }
    repo.deployments.retain(|made| made.id != gone);
    call.now.tick();
    Ok(Response::empty(204))
}

fn add_status(call: &mut Call<'_>, repo: &mut Repo, id: &str) -> Handled {
    let body = object(call.request)?;
    let state = text(&body, "state")?;
    if !STATES.contains(&state.as_str()) {
        return Err(invalid(""));
    }
    let address =
        |body: &Map<String, Value>, key: &str| body.get(key).and_then(Value::as_str).filter(|url| !url.is_empty()).map(str::to_owned);
    let log = address(&body, "log_url").or_else(|| address(&body, "target_url"));
    let found = find(repo, id)?.id;
    let status = DeploymentStatus { id: call.ids.fresh(), state, log, created_at: call.now.tick() };
    for made in repo.deployments.iter_mut().filter(|made| made.id == found) {
        made.statuses.insert(0, status.clone());
    }
    Ok(Response::json(201, &call.shapes.deployment_status(repo, find(repo, id)?, &status)))
}
