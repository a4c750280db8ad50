//! Runs, their jobs, what waits for a review, and reviews (fact G1.6).

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::access::Need;
use super::page::{Paging, counted};
use super::shapes::{date, workflow_id};
use super::{Call, Handled, invalid, not_emulated, not_found, object, text};
use crate::sandbox::state::{Approval, Environment, Pending, Repo, Run};
use crate::sandbox::switches::ForeignReview;
use crate::sandbox::wire::Response;

/// What narrows a list of runs; a narrowed one ends at a thousand (fact G1.6).
const FILTERS: [&str; 6] = ["actor", "branch", "created", "event", "head_sha", "status"];
const MOST_FILTERED: usize = 1000;

pub(super) fn route(call: &mut Call<'_>, repo: &mut Repo, rest: &[&str]) -> Handled {
    if let ("POST", [id, "pending_deployments"]) = (call.request.method.as_str(), rest) {
        return review(call, repo, id);
    }
    call.need(repo, Need::ACTIONS)?;
    let shapes = call.shapes;
    match (call.request.method.as_str(), rest) {
        ("GET", []) => list(call, repo, |_| true),
        ("GET", [id]) => Ok(Response::json(200, &shapes.run(repo, find(repo, id)?))),
        ("GET", [id, "attempts", attempt]) => {
            let run = find(repo, id)?;
            if !attempt.parse().is_ok_and(|attempt: u32| (1..=run.attempt).contains(&attempt)) {
                return Err(not_found());
            }
            let mut then = run.clone();
            then.attempt = attempt.parse().unwrap_or(run.attempt);
            Ok(Response::json(200, &shapes.run(repo, &then)))
        }
        ("GET", [id, "jobs"]) => {
            let run = find(repo, id)?;
            let jobs = repo.deployments.iter().filter(|made| made.run == Some(run.id)).collect();
            Ok(counted(call, "jobs", jobs, Paging::LINKED, |made| shapes.job(repo, run, made)))
        }
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

pub(super) fn job(call: &Call<'_>, repo: &Repo, id: &str) -> Handled {
    call.need(repo, Need::ACTIONS)?;
    let made = repo.deployments.iter().find(|made| made.id.to_string() == id).ok_or_else(not_found)?;
    let run = repo.runs.iter().find(|run| Some(run.id) == made.run).ok_or_else(not_found)?;
    Ok(Response::json(200, &call.shapes.job(repo, run, made)))
}

/// The runs of one workflow, by its id or the name of its file.
pub(super) fn of_workflow(call: &Call<'_>, repo: &Repo, id: &str) -> Handled {
    call.need(repo, Need::ACTIONS)?;
    list(call, repo, |path| workflow_id(path).to_string() == id || path.rsplit('/').next() == Some(id))
}

/// Runs of the workflows whose path is wanted, as the request narrows them.
fn list(call: &Call<'_>, repo: &Repo, is_wanted: impl Fn(&str) -> bool) -> Handled {
    let period = Period::read(call)?;
    let matches = |run: &&Run| is_wanted(&run.path) && wanted(call, run) && period.includes(run.created_at);
    let mut all: Vec<&Run> = repo.runs.iter().filter(matches).collect();
    if FILTERS.iter().any(|name| call.request.param(name).is_some()) {
        all.truncate(MOST_FILTERED);
    }
    Ok(counted(call, "workflow_runs", all, Paging::LINKED, |run| call.shapes.run(repo, run)))
}

/// Workflow files of the default branch.
pub(super) fn workflows(call: &Call<'_>, repo: &Repo) -> Handled {
    call.need(repo, Need::ACTIONS)?;
    let workflow = |path: &&String| {
        let name = path.strip_prefix(".github/workflows/");
        name.is_some_and(|name| !name.contains('/') && (name.ends_with(".yml") || name.ends_with(".yaml")))
    };
    let all = repo.files.keys().filter(workflow).collect();
    Ok(counted(call, "workflows", all, Paging::LINKED, |path| call.shapes.workflow(repo, path)))
}

/// `created=`: a day or a moment, a range of them, or one with a comparison before it.
struct Period {
    from: Option<Timestamp>,
    /// The first moment after it.
    end: Option<Timestamp>,
}

impl Period {
    fn read(call: &Call<'_>) -> Result<Self, Response> {
        let Some(text) = call.request.param("created") else { return Ok(Self { from: None, end: None }) };
        let moment = |text: &str| moments(text).ok_or_else(|| invalid(&format!("\"{text}\" is not a date.")));
        let open = |text: &str| if text == "*" { Ok(None) } else { moment(text).map(Some) };
        let (from, end) = match (text.split_once(".."), text.strip_prefix(">="), text.strip_prefix("<=")) {
            (Some((from, to)), _, _) => (open(from)?.map(|(first, _)| first), open(to)?.map(|(_, after)| after)),
            (None, Some(from), _) => (Some(moment(from)?.0), None),
            (None, None, Some(to)) => (None, Some(moment(to)?.1)),
            (None, None, None) => match (text.strip_prefix('>'), text.strip_prefix('<')) {
                (Some(from), _) => (Some(moment(from)?.1), None),
                (None, Some(to)) => (None, Some(moment(to)?.0)),
                (None, None) => moment(&text).map(|(first, after)| (Some(first), Some(after)))?,
            },
        };
        Ok(Self { from, end })
    }

    fn includes(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.end.is_none_or(|end| at < end)
    }
}

/// The first moment of a day or a second, and the first one after it.
fn moments(text: &str) -> Option<(Timestamp, Timestamp)> {
    // A plus in a query is a space, unless it is encoded.
    let text = text.replace(' ', "+");
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some((at, at.checked_add(SignedDuration::from_secs(1)).ok()?));
    }
    let day: jiff::civil::Date = text.parse().ok()?;
    let start = |day: jiff::civil::Date| TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok();
    Some((start(day)?, start(day.tomorrow().ok()?)?))
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

/// Whether the caller may review a run's deployment to an environment.
fn may_review(call: &Call<'_>, repo: &Repo, run: &Run, environment: &Environment) -> bool {
    let own = environment.prevent_self_review && run.triggering_actor.eq_ignore_ascii_case(&call.caller.login);
    !own && repo.reviews(call.people, environment, &call.caller.login)
}

fn waiting(call: &Call<'_>, repo: &Repo, run: &Run, pending: &Pending) -> Option<Value> {
    let environment = environment(repo, pending.environment)?;
    let since = (environment.wait_timer > 0).then(|| date(pending.since));
    Some(json!({
        "environment": call.shapes.environment_head(repo, environment), "wait_timer": environment.wait_timer, "wait_timer_started_at": since,
        "current_user_can_approve": may_review(call, repo, run, environment),
        "reviewers": call.shapes.reviewers(&environment.reviewers),
    }))
}

fn approved(call: &Call<'_>, repo: &Repo, approval: &Approval) -> Value {
    let environments = approval.environments.iter().filter_map(|id| environment(repo, *id));
    let environments: Vec<Value> = environments.map(|environment| call.shapes.environment_head(repo, environment)).collect();
    let user = call.shapes.login(&approval.user);
    json!({"state": approval.state, "comment": approval.comment, "environments": environments, "user": user})
}

/// Approves or rejects: only required reviewers, and never an App (fact G1.6).
fn review(call: &mut Call<'_>, repo: &mut Repo, id: &str) -> Handled {
    call.need_person()?;
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
        // GitHub's own wording is not known.
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
    Ok(Response::json(200, &Value::Array(touched.map(|made| call.shapes.deployment(repo, made)).collect())))
}
