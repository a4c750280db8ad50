//! From what was tried and what was read back to what is said.
//!
//! Pure. What was read back decides: a success that did not stick is a failure, a lost answer that did is a success (law 6).

use serde_json::Value;

use crate::model::{Action, ByHand, Change, Field, Outcome, OutcomeResult, Plan, Report, Unknown};

use super::{End, Moved};

/// Joins the plan, how each step ended, and the plan made from reading back.
#[must_use]
pub fn report<O>(plan: &Plan<O>, ends: Vec<End>, after: &Plan<O>, interrupted: bool) -> Report {
    let mut outcomes: Vec<Outcome> = plan
        .steps
        .iter()
        .zip(ends)
        .flat_map(|(step, end)| step.changes.iter().map(move |change| outcome(change, end.clone(), after)))
        .collect();
    let elsewhere = after.changes().filter(|now| plan.changes().all(|change| change.address != now.address));
    outcomes.extend(elsewhere.map(|now| Outcome {
        address: now.address.clone(),
        action: now.action,
        result: OutcomeResult::Failed,
        message: format!("not written: {}", now.fields.iter().map(was_as_declared).collect::<Vec<_>>().join("; ")),
    }));
    outcomes.sort_by(|a, b| a.address.cmp(&b.address));
    let all_applied = outcomes.iter().all(|outcome| outcome.result == OutcomeResult::Applied);
    let converged = all_applied && plan.unknown.is_empty() && after.unknown.is_empty() && after.is_empty();
    Report { converged, outcomes, unknown: plan.unknown.clone(), interrupted }
}

fn outcome<O>(change: &Change, end: End, after: &Plan<O>) -> Outcome {
    let residual = after.changes().find(|now| now.address == change.address);
    let unknown = after.unknown.iter().find(|(address, _)| *address == change.address).map(|(_, unknown)| unknown);
    let (result, message) = match (end, residual, unknown) {
        (End::Skipped(why), _, _) => (OutcomeResult::Skipped, why),
        (end, _, Some(unknown)) => unread(end, unknown),
        (End::Done, None, None) => (OutcomeResult::Applied, "read back as declared".to_owned()),
        (End::Moved(moved), None, None) => {
            (OutcomeResult::Applied, format!("is as declared, by another writer's hand: {}", listed(&moved)))
        }
        (End::Failed { why, .. }, None, None) => {
            (OutcomeResult::Applied, format!("read back as declared, although there was an error: {why}"))
        }
        (End::Disputed { foreign, gave_way }, None, None) => {
            (OutcomeResult::Applied, format!("read back as declared; {}", at_once(&foreign, gave_way.as_deref())))
        }
        (End::Refused(_, _), None, None) => (OutcomeResult::Applied, "read back as declared, although GitHub had refused it".to_owned()),
        (End::Done, Some(now), None) => (OutcomeResult::Failed, did_not_stick(change, now)),
        (End::Moved(moved), Some(now), None) => (OutcomeResult::Failed, format!("{}; {}", amiss(now), changed_meanwhile(&moved))),
        (End::Failed { why, .. }, Some(now), None) => (OutcomeResult::Failed, format!("{}; {why}", amiss(now))),
        (End::Disputed { foreign, gave_way }, Some(now), None) => (
            OutcomeResult::Failed,
            format!(
                "{}; this run gave way: {}; find out who it was, then run `gatectl plan` again",
                amiss(now),
                at_once(&foreign, gave_way.as_deref())
            ),
        ),
        (End::Refused(by_hand, rest), Some(now), None) => refused(by_hand, &rest, now),
    };
    Outcome { address: change.address.clone(), action: change.action, result, message }
}

fn unread(end: End, unknown: &Unknown) -> (OutcomeResult, String) {
    let not_read = format!("could not be read back, so whether it is as declared is unknown: {}; {}", unknown.reason, unknown.hint);
    match end {
        End::Refused(by_hand, rest) => {
            let rest = rest.iter().map(|rest| format!("; {rest}")).collect::<String>();
            (OutcomeResult::Manual(by_hand), format!("refused by the billing plan; the rest {not_read}{rest}"))
        }
        End::Moved(moved) => (OutcomeResult::Failed, format!("{}; it {not_read}", changed_meanwhile(&moved))),
        End::Failed { why, .. } => (OutcomeResult::Failed, format!("{why}; it {not_read}")),
        End::Disputed { foreign, gave_way } => {
            (OutcomeResult::Failed, format!("{}; it {not_read}", at_once(&foreign, gave_way.as_deref())))
        }
        End::Done | End::Skipped(_) => (OutcomeResult::Failed, format!("written, but it {not_read}")),
    }
}

fn changed_meanwhile(moved: &[Moved]) -> String {
    format!("changed by somebody else since the plan was made, so nothing was written: {}; run `gatectl plan` again", listed(moved))
}

/// What moved, in words.
fn listed(moved: &[Moved]) -> String {
    moved.iter().map(|m| format!("{} was {} and is now {}", m.name, m.was, m.now)).collect::<Vec<_>>().join("; ")
}

fn at_once(foreign: &[Moved], gave_way: Option<&str>) -> String {
    let gave_way = gave_way.map(|words| format!("; {words}")).unwrap_or_default();
    format!("another writer was at work at the same time: {}{gave_way}", listed(foreign))
}

fn refused(by_hand: ByHand, rest: &[String], now: &Change) -> (OutcomeResult, String) {
    let mut message = format!("GitHub's billing plan does not support all of it; {} until the steps below are done", amiss(now));
    for rest in rest {
        message.push_str("; ");
        message.push_str(rest);
    }
    (OutcomeResult::Manual(by_hand), message)
}

/// Names what is not as declared, loudest where that is an open gate.
fn amiss(now: &Change) -> String {
    if now.action == Action::Delete {
        return "it is still there".to_owned();
    }
    let fields: Vec<&str> = now.fields.iter().map(|field| field.name.as_str()).collect();
    let is_open = now.fields.iter().any(|field| field.name == "reviewers" && is_none(&field.before));
    let open = if is_open { ". NOBODY HAS TO APPROVE a deployment to it" } else { "" };
    format!("not as declared now: {}{open}", fields.join(", "))
}

/// Names what was written and is not there: the plan made from reading back says it field by field.
fn did_not_stick(change: &Change, now: &Change) -> String {
    if now.action == Action::Delete {
        return "deleted, but read back it is there: another writer made it anew, or a workflow that names it did".to_owned();
    }
    let fields: Vec<String> = now.fields.iter().map(|field| still(change, field)).collect();
    format!("written, but read back otherwise: {}", fields.join("; "))
}

fn still(change: &Change, now: &Field) -> String {
    let written = change.fields.iter().any(|field| field.name == now.name);
    let dropped = missing_reviewers(now);
    if !dropped.is_empty() {
        return format!(
            "GitHub does not list {} as reviewer: it drops those who cannot see the repository, without an error. Give read access, then apply again{}",
            dropped.join(", "),
            if is_none(&now.before) { ". NOBODY HAS TO APPROVE a deployment until then" } else { "" },
        );
    }
    if written {
        format!("{} is {} instead of {}: another writer changed it, or the policy did not stick", now.name, now.before, now.after)
    } else {
        was_as_declared(now)
    }
}

/// Of a field that this run had no reason to write.
fn was_as_declared(now: &Field) -> String {
    format!("{} is {} and was as declared before: another writer changed it meanwhile", now.name, now.before)
}

/// Declared reviewers that are not there, in words.
fn missing_reviewers(field: &Field) -> Vec<String> {
    if field.name != "reviewers" {
        return Vec::new();
    }
    let ids = |value: &Value| -> Vec<Value> { value.as_array().into_iter().flatten().filter_map(|r| r.get("id").cloned()).collect() };
    let there = ids(&field.before);
    field
        .after
        .as_array()
        .into_iter()
        .flatten()
        .filter(|reviewer| reviewer.get("id").is_some_and(|id| !there.contains(id)))
        .filter_map(|reviewer| reviewer.get("user").or_else(|| reviewer.get("team")))
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

fn is_none(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}
