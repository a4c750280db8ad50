//! The body of an environment's PUT (fact G1.1), checked against its schema.

use serde_json::{Map, Value};

use super::{Call, invalid};
use crate::sandbox::state::{PolicyMode, ReviewerRef};
use crate::sandbox::switches::{BypassKey, SelfReviewKey, UnknownKeys};
use crate::sandbox::wire::Response;

/// Minutes (fact G1.1).
const MAX_TIMER: u64 = 43_200;
/// Reviewers of one environment, users and teams together (fact G2.5).
const MAX_REVIEWERS: usize = 6;

/// The fields of a body; `None` is a missing key.
#[derive(Debug, Default)]
pub(super) struct EnvironmentUpdate {
    pub(super) wait_timer: Option<u32>,
    pub(super) reviewers: Option<Vec<ReviewerRef>>,
    pub(super) prevent_self_review: Option<bool>,
    pub(super) can_admins_bypass: Option<bool>,
    pub(super) policy: Option<Policy>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Policy {
    Set(Option<PolicyMode>),
    /// Both flags equal: refused, but only after the environment was created.
    EqualFlags,
}

impl EnvironmentUpdate {
    pub(super) fn read(call: &Call<'_>, body: &Map<String, Value>) -> Result<Self, Response> {
        let mut update = Self::default();
        for (key, value) in body {
            match key.as_str() {
                "wait_timer" => update.wait_timer = Some(timer(value)?),
                "reviewers" => update.reviewers = Some(reviewers(value)?),
                "prevent_self_review" if call.switches.self_review_key == SelfReviewKey::NotPermitted => {
                    return Err(invalid("Invalid input: \"prevent_self_review\" is not a permitted key."));
                }
                "prevent_self_review" => update.prevent_self_review = Some(flag(key, value)?),
                "can_admins_bypass" if call.switches.bypass_key == BypassKey::Permitted => {
                    update.can_admins_bypass = Some(flag(key, value)?);
                }
                "deployment_branch_policy" => update.policy = Some(policy(value)?),
                "can_admins_bypass" => return Err(invalid("\"can_admins_bypass\" is not a permitted key.")),
                _ if call.switches.unknown_keys == UnknownKeys::Ignored => {}
                _ => return Err(invalid(&format!("\"{key}\" is not a permitted key."))),
            }
        }
        Ok(update)
    }
}

fn timer(value: &Value) -> Result<u32, Response> {
    match value.as_u64() {
        Some(minutes) if minutes <= MAX_TIMER => u32::try_from(minutes).map_err(|_| invalid("")),
        Some(minutes) => Err(invalid(&format!("{minutes} must be less than or equal to {MAX_TIMER}."))),
        None if value.as_i64().is_some() => Err(invalid(&format!("{value} must be greater than or equal to 0."))),
        None => Err(invalid(&format!("For 'properties/wait_timer', {value} is not an integer."))),
    }
}

fn flag(key: &str, value: &Value) -> Result<bool, Response> {
    value.as_bool().ok_or_else(|| invalid(&format!("For 'properties/{key}', {value} is not a boolean.")))
}

fn reviewers(value: &Value) -> Result<Vec<ReviewerRef>, Response> {
    let list = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(list) if list.len() <= MAX_REVIEWERS => list,
        _ => return Err(invalid("")),
    };
    let mut all = Vec::new();
    for entry in list {
        let id = entry.get("id").and_then(Value::as_u64);
        let reviewer = match (entry.get("type").and_then(Value::as_str), id) {
            (Some("User"), Some(id)) => ReviewerRef::User(id),
            (Some("Team"), Some(id)) => ReviewerRef::Team(id),
            _ => return Err(invalid("")),
        };
        if !all.contains(&reviewer) {
            all.push(reviewer);
        }
    }
    Ok(all)
}

fn policy(value: &Value) -> Result<Policy, Response> {
    let flags = match value {
        Value::Null => return Ok(Policy::Set(None)),
        Value::Object(flags) if flags.keys().all(|key| key == "protected_branches" || key == "custom_branch_policies") => flags,
        _ => return Err(invalid("")),
    };
    let get = |key: &str| flags.get(key).and_then(Value::as_bool);
    match (get("protected_branches"), get("custom_branch_policies")) {
        (Some(true), Some(false)) => Ok(Policy::Set(Some(PolicyMode::Protected))),
        (Some(false), Some(true)) => Ok(Policy::Set(Some(PolicyMode::Custom))),
        (Some(_), Some(_)) => Ok(Policy::EqualFlags),
        _ => Err(invalid("")),
    }
}
