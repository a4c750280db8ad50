//! The keys of an environment as import writes them: what each holds, and whether two files mean the same. What is not on
//! GitHub is not imported.

use std::collections::BTreeSet;

use crate::desired::github::{BranchPolicy, Gate, Reviewer};
use crate::model::GateKey;

use super::value;

/// The value as TOML; `None` if the gate does not know it.
pub(super) fn text(key: GateKey, gate: &Gate) -> Option<String> {
    match key {
        GateKey::Reviewers => gate.reviewers.as_ref().map(|all| value::list(key.name(), all.iter().map(value::reviewer))),
        GateKey::PreventSelfReview => gate.prevent_self_review.map(|on| on.to_string()),
        GateKey::CanAdminsBypass => gate.can_admins_bypass.map(|on| on.to_string()),
        GateKey::WaitTimer => gate.wait_timer.map(|minutes| minutes.to_string()),
        GateKey::DeploymentBranchPolicy => gate.deployment_branch_policy.as_ref().map(value::policy),
        GateKey::ProtectionRules => gate.protection_rules.as_ref().map(|all| value::list(key.name(), all.iter().map(|s| value::string(s)))),
        GateKey::Secrets => Some(value::list(key.name(), gate.secrets.iter().map(|s| value::string(s)))),
        GateKey::Variables => {
            let entries: Vec<String> =
                gate.variables.iter().map(|(name, value)| format!("{} = {}", value::key(name), value::string(value))).collect();
            Some(format!("{{ {} }}", entries.join(", ")))
        }
        GateKey::State | GateKey::Approvals => None,
    }
}

/// Takes the value out of the gate.
pub(super) fn clear(key: GateKey, gate: &mut Gate) {
    match key {
        GateKey::Reviewers => gate.reviewers = None,
        GateKey::PreventSelfReview => gate.prevent_self_review = None,
        GateKey::CanAdminsBypass => gate.can_admins_bypass = None,
        GateKey::WaitTimer => gate.wait_timer = None,
        GateKey::DeploymentBranchPolicy => gate.deployment_branch_policy = None,
        GateKey::ProtectionRules => gate.protection_rules = None,
        GateKey::Secrets => gate.secrets.clear(),
        GateKey::Variables => gate.variables.clear(),
        GateKey::State | GateKey::Approvals => {}
    }
}

/// Whether the value is worth declaring: it holds a deployment back, or another key depends on it.
pub(super) fn counts(key: GateKey, gate: &Gate) -> bool {
    let without_rules = Gate {
        reviewers: Some(Vec::new()),
        prevent_self_review: Some(false),
        can_admins_bypass: Some(true),
        wait_timer: Some(0),
        deployment_branch_policy: Some(BranchPolicy::All),
        protection_rules: Some(BTreeSet::new()),
        ..Gate::default()
    };
    text(key, gate).is_some_and(|value| text(key, &without_rules) != Some(value))
}

/// Whether a file declares the key; an empty list of secrets or variables declares nothing.
pub(super) fn declared(key: GateKey, file: &Gate) -> bool {
    match key {
        GateKey::Secrets | GateKey::Variables => counts(key, file),
        _ => text(key, file).is_some(),
    }
}

/// Whether a declared key already says what is live, in any spelling. A declared secret that is missing is a requirement, not a difference.
pub(super) fn same(key: GateKey, file: &Gate, live: &Gate, owner: &str) -> bool {
    match key {
        GateKey::Reviewers => {
            let (file, live) = (file.reviewers.as_deref().unwrap_or_default(), live.reviewers.as_deref().unwrap_or_default());
            file.len() == live.len() && live.iter().all(|live| file.iter().any(|file| names(file, live, owner)))
        }
        GateKey::Secrets => file.secrets.is_superset(&live.secrets),
        _ => text(key, file) == text(key, live),
    }
}

/// Whether a declared reviewer is this live one: by name, and by id if one is pinned.
pub(super) fn names(file: &Reviewer, live: &Reviewer, owner: &str) -> bool {
    let pinned = |pin: &Option<u64>, id: &Option<u64>| pin.is_none() || pin == id;
    match (file, live) {
        (Reviewer::User { login, id: pin }, Reviewer::User { login: name, id }) => login.eq_ignore_ascii_case(name) && pinned(pin, id),
        (Reviewer::Team { org, slug, id: pin }, Reviewer::Team { slug: name, id, .. }) => {
            org.as_deref().is_none_or(|org| org.eq_ignore_ascii_case(owner)) && slug.eq_ignore_ascii_case(name) && pinned(pin, id)
        }
        _ => false,
    }
}

/// Whether a declared reviewer pins the id of this live one, under any name.
pub(super) fn pins(file: &Reviewer, live: &Reviewer) -> bool {
    match (file, live) {
        (Reviewer::User { id: pin, .. }, Reviewer::User { id, .. }) | (Reviewer::Team { id: pin, .. }, Reviewer::Team { id, .. }) => {
            pin.is_some() && pin == id
        }
        _ => false,
    }
}

/// The patterns of a policy that lists any.
pub(super) fn patterns(policy: Option<&BranchPolicy>) -> Option<&BTreeSet<crate::desired::github::Pattern>> {
    match policy {
        Some(BranchPolicy::Selected(patterns)) => Some(patterns),
        _ => None,
    }
}
