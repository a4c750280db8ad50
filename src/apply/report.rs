//! Turns what was tried and what was read back into the report.
//!
//! Pure. What was read back decides: a success that did not stick is a failure, a lost answer that did is a success (law 6).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::model::{Action, Address, ApplyReport, ByHand, Change, Field, GateKey, Manual, Outcome, OutcomeResult, Plan, Unknown, in_words};

use super::executor::{Mismatch, StepResult};

/// What reading back found.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadBack<O> {
    /// The plan made of what was read: what it still wants did not stick.
    pub plan: Plan<O>,
    /// What was sent along unchanged, declared or not, and is not there as it was sent (law 5).
    pub not_kept: BTreeMap<Address, Vec<Mismatch>>,
}

/// Joins the plan, how each step ended, and what reading back found.
pub fn report<O>(plan: &Plan<O>, ends: &[StepResult], after: &ReadBack<O>, interrupted: bool) -> ApplyReport {
    let mut outcomes: Vec<Outcome> = plan
        .steps
        .iter()
        .zip(ends)
        .flat_map(|(step, end)| step.changes.iter().map(move |change| outcome(change, end.clone(), after)))
        .collect();
    let elsewhere = after.plan.changes().filter(|now| plan.changes().all(|change| change.address != now.address));
    outcomes.extend(elsewhere.map(|now| Outcome {
        address: now.address.clone(),
        action: now.action,
        result: OutcomeResult::Failed,
        message: format!("not written: {}", now.fields.iter().map(was_as_declared).collect::<Vec<_>>().join("; ")),
    }));
    // Reading back covers what was written; for the rest the plan's own observation is the latest.
    let manual: BTreeSet<&Manual> = plan.manual.iter().chain(&after.plan.manual).collect();
    outcomes.extend(manual.into_iter().map(by_hand));
    let all_applied = outcomes.iter().all(|outcome| outcome.result == OutcomeResult::Applied);
    let converged = all_applied && plan.invalid.is_empty() && plan.unknown.is_empty() && after.plan.holds();
    ApplyReport::new(plan, converged, outcomes, interrupted)
}

/// Manual steps that gate.toml declares: nothing was refused, and they remain to be done.
pub fn by_hand(manual: &Manual) -> Outcome {
    let by_hand = ByHand { url: String::new(), because: String::new(), steps: manual.steps.clone() };
    Outcome {
        address: manual.address.clone(),
        action: Action::Update,
        result: OutcomeResult::Manual(by_hand),
        message: manual.message.clone(),
    }
}

fn outcome<O>(change: &Change, end: StepResult, after: &ReadBack<O>) -> Outcome {
    let residual = after.plan.changes().find(|now| now.address == change.address);
    let unknown = after.plan.blocked(&change.address);
    let unknown = unknown.as_ref();
    let (mut result, mut message) = match (end, residual, unknown) {
        (StepResult::Skipped(why), _, _) => (OutcomeResult::Skipped, why),
        (end, _, Some(unknown)) => unread(end, unknown),
        (StepResult::Done, None, None) => (OutcomeResult::Applied, "verified".to_owned()),
        (StepResult::Mismatch(moved), None, None) => {
            (OutcomeResult::Applied, format!("already as declared, set by another writer: {}", listed(&moved)))
        }
        (StepResult::Failed { why, .. }, None, None) => (OutcomeResult::Applied, format!("verified, although there was an error: {why}")),
        (StepResult::Refused(_, _), None, None) => (OutcomeResult::Applied, "verified, although GitHub had refused it".to_owned()),
        (StepResult::Done, Some(now), None) => (OutcomeResult::Failed, did_not_stick(change, now)),
        (StepResult::Mismatch(moved), Some(now), None) => (OutcomeResult::Failed, format!("{}; {}", amiss(now), changed_meanwhile(&moved))),
        (StepResult::Failed { why, .. }, Some(now), None) => (OutcomeResult::Failed, format!("{}; {why}", amiss(now))),
        (StepResult::Refused(by_hand, rest), Some(now), None) => refused(by_hand, &rest, now),
    };
    let told = |name: &str| residual.is_some_and(|now| now.fields.iter().any(|field| field.name == name));
    let not_kept: Vec<String> =
        after.not_kept.get(&change.address).into_iter().flatten().filter(|moved| !told(&moved.name)).map(lost).collect();
    if !not_kept.is_empty() {
        let not_kept = not_kept.join("; ");
        (result, message) = match result {
            OutcomeResult::Applied => (OutcomeResult::Failed, format!("written, but reading back shows otherwise: {not_kept}")),
            result => (result, format!("{message}; {not_kept}")),
        };
    }
    Outcome { address: change.address.clone(), action: change.action, result, message }
}

/// What was sent along and is not there, in words.
fn lost(moved: &Mismatch) -> String {
    let open = if moved.name == GateKey::Reviewers.name() && is_none(&moved.now) { ". NO APPROVAL IS REQUIRED to deploy" } else { "" };
    format!(
        "{} was sent unchanged as {} and is now {}{open}: run `gatectl plan` and correct it",
        moved.name,
        in_words(&moved.was),
        in_words(&moved.now)
    )
}

fn unread(end: StepResult, unknown: &Unknown) -> (OutcomeResult, String) {
    let not_read = format!("could not be read back, so it is unknown whether it is as declared: {}; {}", unknown.reason, unknown.hint);
    match end {
        StepResult::Refused(by_hand, rest) => {
            let rest = rest.iter().map(|rest| format!("; {rest}")).collect::<String>();
            (OutcomeResult::Manual(by_hand), format!("refused by the billing plan; the rest {not_read}{rest}"))
        }
        StepResult::Mismatch(moved) => (OutcomeResult::Failed, format!("{}; it {not_read}", changed_meanwhile(&moved))),
        StepResult::Failed { why, .. } => (OutcomeResult::Failed, format!("{why}; it {not_read}")),
        StepResult::Done | StepResult::Skipped(_) => (OutcomeResult::Failed, format!("written, but it {not_read}")),
    }
}

fn changed_meanwhile(moved: &[Mismatch]) -> String {
    format!("changed by another writer since the plan was made, so nothing was written: {}; run `gatectl plan` again", listed(moved))
}

/// What moved, in words.
fn listed(moved: &[Mismatch]) -> String {
    moved.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn refused(by_hand: ByHand, rest: &[String], now: &Change) -> (OutcomeResult, String) {
    let mut message = format!(
        "Your GitHub plan does not support every rule of this gate. Until you finish the steps below, the following is {}",
        amiss(now)
    );
    for rest in rest {
        message.push_str("; ");
        message.push_str(rest);
    }
    (OutcomeResult::Manual(by_hand), message)
}

/// Names what is not as declared; an open gate comes first.
fn amiss(now: &Change) -> String {
    if now.action == Action::Delete {
        return "it is still there".to_owned();
    }
    let fields: Vec<&str> = now.fields.iter().map(|field| field.name.as_str()).collect();
    let is_open = now.fields.iter().any(|field| field.name == GateKey::Reviewers.name() && is_none(&field.before));
    let open = if is_open { ". NO APPROVAL IS REQUIRED to deploy" } else { "" };
    format!("not as declared: {}{open}", fields.join(", "))
}

/// Names what was written and is not there: the plan made from reading back says it field by field.
fn did_not_stick(change: &Change, now: &Change) -> String {
    if now.action == Action::Delete {
        return "deleted, but it exists again: another writer recreated it, or a workflow that names it did".to_owned();
    }
    let fields: Vec<String> = now.fields.iter().map(|field| still(change, field)).collect();
    format!("written, but reading back shows otherwise: {}", fields.join("; "))
}

fn still(change: &Change, now: &Field) -> String {
    let written = change.fields.iter().any(|field| field.name == now.name);
    let dropped = missing_reviewers(now);
    if !dropped.is_empty() {
        return format!(
            "GitHub does not list {} as a reviewer: it silently drops reviewers without access to the repository. Give them read access, then apply again{}",
            dropped.join(", "),
            if is_none(&now.before) { ". NO APPROVAL IS REQUIRED to deploy until then" } else { "" },
        );
    }
    if written {
        let (is, instead_of) = (in_words(&now.before), in_words(&now.after));
        format!("{} is {is} instead of {instead_of}: another writer changed it, or the policy did not stick", now.name)
    } else {
        was_as_declared(now)
    }
}

/// The message for a field that this run had no reason to write.
fn was_as_declared(now: &Field) -> String {
    let (is, was) = (in_words(&now.before), in_words(&now.after));
    format!("{} is {is} and was {was} before: another writer changed it, or GitHub did not keep it", now.name)
}

/// Declared reviewers that are not there, in words.
fn missing_reviewers(field: &Field) -> Vec<String> {
    if field.name != GateKey::Reviewers.name() {
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
