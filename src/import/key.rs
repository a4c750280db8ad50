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
    match key {
        GateKey::Reviewers => gate.reviewers.as_ref().is_some_and(|all| !all.is_empty()),
        GateKey::PreventSelfReview => gate.prevent_self_review == Some(true),
        GateKey::CanAdminsBypass => gate.can_admins_bypass == Some(false),
        GateKey::WaitTimer => gate.wait_timer.is_some_and(|minutes| minutes > 0),
        GateKey::DeploymentBranchPolicy => gate.deployment_branch_policy.as_ref().is_some_and(|policy| *policy != BranchPolicy::All),
        GateKey::ProtectionRules => gate.protection_rules.as_ref().is_some_and(|all| !all.is_empty()),
        GateKey::Secrets => !gate.secrets.is_empty(),
        GateKey::Variables => !gate.variables.is_empty(),
        GateKey::State | GateKey::Approvals => false,
    }
}

/// Whether a file declares the key; an empty list of secrets or variables declares nothing.
pub(super) fn declared(key: GateKey, file: &Gate) -> bool {
    match key {
        GateKey::Reviewers => file.reviewers.is_some(),
        GateKey::PreventSelfReview => file.prevent_self_review.is_some(),
        GateKey::CanAdminsBypass => file.can_admins_bypass.is_some(),
        GateKey::WaitTimer => file.wait_timer.is_some(),
        GateKey::DeploymentBranchPolicy => file.deployment_branch_policy.is_some(),
        GateKey::ProtectionRules => file.protection_rules.is_some(),
        GateKey::Secrets => !file.secrets.is_empty(),
        GateKey::Variables => !file.variables.is_empty(),
        GateKey::State | GateKey::Approvals => false,
    }
}

/// Whether a declared key already says what is live, in any spelling. A declared secret that is missing is a requirement, not a difference.
pub(super) fn same(key: GateKey, file: &Gate, live: &Gate, owner: &str) -> bool {
    match key {
        GateKey::Reviewers => {
            let (file, live) = (file.reviewers.as_deref().unwrap_or_default(), live.reviewers.as_deref().unwrap_or_default());
            file.len() == live.len() && live.iter().all(|live| file.iter().any(|file| names(file, live, owner)))
        }
        GateKey::PreventSelfReview => file.prevent_self_review == live.prevent_self_review,
        GateKey::CanAdminsBypass => file.can_admins_bypass == live.can_admins_bypass,
        GateKey::WaitTimer => file.wait_timer == live.wait_timer,
        GateKey::DeploymentBranchPolicy => file.deployment_branch_policy == live.deployment_branch_policy,
        GateKey::ProtectionRules => file.protection_rules == live.protection_rules,
        GateKey::Secrets => file.secrets.is_superset(&live.secrets),
        GateKey::Variables => file.variables == live.variables,
        GateKey::State | GateKey::Approvals => true,
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
