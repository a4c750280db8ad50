//! The keys of an environment: what each holds, and whether two files mean the same by it.

use std::collections::BTreeSet;

use crate::desired::github::{BranchPolicy, Gate, Reviewer};

use super::text;

/// One key of `[environments.NAME]` but `state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Reviewers,
    PreventSelfReview,
    CanAdminsBypass,
    WaitTimer,
    DeploymentBranchPolicy,
    ProtectionRules,
    Secrets,
    /// Last, as it is written as a table of its own.
    Variables,
}

impl Key {
    /// In the order in which they are written.
    pub(super) const ALL: [Self; 8] = [
        Self::Reviewers,
        Self::PreventSelfReview,
        Self::CanAdminsBypass,
        Self::WaitTimer,
        Self::DeploymentBranchPolicy,
        Self::ProtectionRules,
        Self::Secrets,
        Self::Variables,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Reviewers => "reviewers",
            Self::PreventSelfReview => "prevent_self_review",
            Self::CanAdminsBypass => "can_admins_bypass",
            Self::WaitTimer => "wait_timer",
            Self::DeploymentBranchPolicy => "deployment_branch_policy",
            Self::ProtectionRules => "protection_rules",
            Self::Secrets => "secrets",
            Self::Variables => "variables",
        }
    }

    /// The value as TOML; `None` if the gate does not know it.
    pub(super) fn text(self, gate: &Gate) -> Option<String> {
        match self {
            Self::Reviewers => gate.reviewers.as_ref().map(|all| text::list(self.name(), all.iter().map(text::reviewer))),
            Self::PreventSelfReview => gate.prevent_self_review.map(|on| on.to_string()),
            Self::CanAdminsBypass => gate.can_admins_bypass.map(|on| on.to_string()),
            Self::WaitTimer => gate.wait_timer.map(|minutes| minutes.to_string()),
            Self::DeploymentBranchPolicy => gate.deployment_branch_policy.as_ref().map(text::policy),
            Self::ProtectionRules => gate.protection_rules.as_ref().map(|all| text::list(self.name(), all.iter().map(|s| text::string(s)))),
            Self::Secrets => Some(text::list(self.name(), gate.secrets.iter().map(|s| text::string(s)))),
            Self::Variables => {
                let entries: Vec<String> =
                    gate.variables.iter().map(|(name, value)| format!("{} = {}", text::key(name), text::string(value))).collect();
                Some(format!("{{ {} }}", entries.join(", ")))
            }
        }
    }

    /// Takes the value out of the gate.
    pub(super) fn clear(self, gate: &mut Gate) {
        match self {
            Self::Reviewers => gate.reviewers = None,
            Self::PreventSelfReview => gate.prevent_self_review = None,
            Self::CanAdminsBypass => gate.can_admins_bypass = None,
            Self::WaitTimer => gate.wait_timer = None,
            Self::DeploymentBranchPolicy => gate.deployment_branch_policy = None,
            Self::ProtectionRules => gate.protection_rules = None,
            Self::Secrets => gate.secrets.clear(),
            Self::Variables => gate.variables.clear(),
        }
    }

    /// Whether the value is worth declaring: it holds a deployment back, or something relies on it.
    pub(super) fn counts(self, gate: &Gate) -> bool {
        match self {
            Self::Reviewers => gate.reviewers.as_ref().is_some_and(|all| !all.is_empty()),
            Self::PreventSelfReview => gate.prevent_self_review == Some(true),
            Self::CanAdminsBypass => gate.can_admins_bypass == Some(false),
            Self::WaitTimer => gate.wait_timer.is_some_and(|minutes| minutes > 0),
            Self::DeploymentBranchPolicy => gate.deployment_branch_policy.as_ref().is_some_and(|policy| *policy != BranchPolicy::All),
            Self::ProtectionRules => gate.protection_rules.as_ref().is_some_and(|all| !all.is_empty()),
            Self::Secrets => !gate.secrets.is_empty(),
            Self::Variables => !gate.variables.is_empty(),
        }
    }

    /// Whether a file declares the key; an empty list of secrets or variables declares nothing.
    pub(super) fn declared(self, file: &Gate) -> bool {
        match self {
            Self::Reviewers => file.reviewers.is_some(),
            Self::PreventSelfReview => file.prevent_self_review.is_some(),
            Self::CanAdminsBypass => file.can_admins_bypass.is_some(),
            Self::WaitTimer => file.wait_timer.is_some(),
            Self::DeploymentBranchPolicy => file.deployment_branch_policy.is_some(),
            Self::ProtectionRules => file.protection_rules.is_some(),
            Self::Secrets => !file.secrets.is_empty(),
            Self::Variables => !file.variables.is_empty(),
        }
    }

    /// Whether a declared key already says what is live, in whatever spelling. A declared secret that is missing is a demand, no difference.
    pub(super) fn same(self, file: &Gate, live: &Gate, owner: &str) -> bool {
        match self {
            Self::Reviewers => {
                let (file, live) = (file.reviewers.as_deref().unwrap_or_default(), live.reviewers.as_deref().unwrap_or_default());
                file.len() == live.len() && live.iter().all(|live| file.iter().any(|file| names(file, live, owner)))
            }
            Self::PreventSelfReview => file.prevent_self_review == live.prevent_self_review,
            Self::CanAdminsBypass => file.can_admins_bypass == live.can_admins_bypass,
            Self::WaitTimer => file.wait_timer == live.wait_timer,
            Self::DeploymentBranchPolicy => file.deployment_branch_policy == live.deployment_branch_policy,
            Self::ProtectionRules => file.protection_rules == live.protection_rules,
            Self::Secrets => file.secrets.is_superset(&live.secrets),
            Self::Variables => file.variables == live.variables,
        }
    }
}

/// Whether a declared reviewer is this live one: by name, and by id where one is pinned.
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

/// Whether a declared reviewer pins the id of this live one, under whatever name.
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
