//! The writes on GitHub as data; how each is performed, settled and refused is in `request`.
//!
//! Owns one request per write. Must not decide what is written: that is the plan's.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::model::{ByHand, EnvName, RepoName, VarValue};

use super::live::{LiveEnvironment, PolicyMode, Snapshot};
use super::strictness::ActorId;
use crate::desired::github::Pattern;

/// One step of an apply on one environment: a precondition or a write.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Op {
    /// The repository in GitHub's own spelling.
    pub repository: RepoName,
    /// The environment; in GitHub's stored spelling when it exists.
    pub environment: EnvName,
    /// What to do with it.
    pub action: Action,
}

/// What an [`Op`] does.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Reads: the environment must still be as the plan saw it (`None`: must still be missing), else nothing is written.
    Expect(Option<Snapshot>),
    /// The whole gate in one request.
    Put {
        /// What is sent.
        body: Body,
        /// What is sent when the billing plan refuses `body`: the part that every plan supports. `None`: nothing would help.
        if_refused: Option<Body>,
        /// The manual steps if the billing plan refuses `body`.
        by_hand: ByHand,
    },
    /// Adds a pattern.
    CreateBranchPolicy(Pattern),
    /// Removes a pattern.
    DeleteBranchPolicy {
        /// What is removed.
        pattern: Pattern,
        /// Its id when the plan was made.
        id: u64,
    },
    /// Removes patterns that GitHub kept from an earlier time in selected mode; whether it keeps them is unsettled (fact G2.6).
    DeleteOtherBranchPolicies(BTreeSet<Pattern>),
    /// Enables a custom rule.
    EnableRule {
        /// The app's slug.
        slug: String,
        /// What GitHub calls the app's integration id; `None`: the list with it exists only once the environment does.
        integration_id: Option<u64>,
    },
    /// Disables a custom rule.
    DisableRule {
        /// The app's slug.
        slug: String,
        /// The rule's id when the plan was made.
        id: u64,
    },
    /// Adds an environment variable.
    CreateVariable {
        /// The name.
        name: String,
        /// The value.
        value: VarValue,
    },
    /// Changes an environment variable.
    UpdateVariable {
        /// The name.
        name: String,
        /// The value.
        value: VarValue,
    },
    /// Deletes the environment with its secrets and rules.
    Delete,
}

/// The body of `PUT …/environments/{name}`. An absent key is never relied on, neither to keep nor to clear (fact G2.1).
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Body {
    /// Minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_timer: Option<u32>,
    /// Sent only with reviewers: GitHub refuses it without any (fact G2.2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prevent_self_review: Option<bool>,
    /// The whole list; empty clears it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reviewers: Option<Vec<BodyReviewer>>,
    /// `Some(None)` is sent as `null`: every ref.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "double_option")]
    pub deployment_branch_policy: Option<Option<PolicyFlags>>,
    /// Undocumented, yet accepted and returned (fact G2.4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_admins_bypass: Option<bool>,
}

/// A reviewer as GitHub takes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct BodyReviewer {
    /// `User` or `Team`.
    #[serde(rename = "type")]
    pub kind: ReviewerKind,
    /// The database id.
    pub id: u64,
}

/// GitHub's two kinds of reviewers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum ReviewerKind {
    /// An account.
    User,
    /// A team.
    Team,
}

impl BodyReviewer {
    /// How a reviewer is sent; `None` for a kind without a documented form in a PUT.
    pub const fn of(actor: ActorId) -> Option<Self> {
        match actor {
            ActorId::User(id) => Some(Self { kind: ReviewerKind::User, id }),
            ActorId::Team(id) => Some(Self { kind: ReviewerKind::Team, id }),
            ActorId::EnterpriseTeam(_) => None,
        }
    }
}

/// GitHub's two booleans; they must differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PolicyFlags {
    /// Branches under branch protection may deploy.
    pub protected_branches: bool,
    /// The pattern list decides.
    pub custom_branch_policies: bool,
}

impl PolicyFlags {
    /// What is sent for a mode; `None` is `null`.
    pub const fn of(mode: PolicyMode) -> Option<Self> {
        match mode {
            PolicyMode::All => None,
            PolicyMode::Protected => Some(Self { protected_branches: true, custom_branch_policies: false }),
            PolicyMode::Selected => Some(Self { protected_branches: false, custom_branch_policies: true }),
        }
    }
}

impl Body {
    /// Drops the key that the server says is "not a permitted key"; false when it names none that exists.
    pub(super) fn without_unpermitted(&mut self, message: &str) -> bool {
        if !message.contains("is not a permitted key") {
            return false;
        }
        if message.contains("\"can_admins_bypass\"") {
            self.can_admins_bypass.take().is_some()
        } else if message.contains("\"prevent_self_review\"") {
            self.prevent_self_review.take().is_some()
        } else {
            false
        }
    }

    /// Whether it asks for a rule that a billing plan may refuse (fact G2.3).
    pub fn has_gated_rules(&self) -> bool {
        self.reviewers.as_ref().is_some_and(|all| !all.is_empty())
            || self.wait_timer.is_some_and(|timer| timer > 0)
            || self.can_admins_bypass == Some(false)
    }

    /// Whether a live environment matches this body in every key that the body has.
    pub fn holds_in(&self, live: &LiveEnvironment) -> bool {
        let reviewers = |wanted: &Vec<BodyReviewer>| {
            let wanted: BTreeSet<_> = wanted.iter().copied().map(Some).collect();
            let live: BTreeSet<_> = live.reviewers.iter().map(|reviewer| BodyReviewer::of(reviewer.actor())).collect();
            wanted == live
        };
        self.wait_timer.is_none_or(|timer| timer == live.wait_timer)
            && self.prevent_self_review.is_none_or(|prevent| prevent == live.prevent_self_review)
            && self.reviewers.as_ref().is_none_or(reviewers)
            && self.deployment_branch_policy.is_none_or(|flags| flags == PolicyFlags::of(live.policy))
            && self.can_admins_bypass.is_none_or(|bypass| Some(bypass) == live.can_admins_bypass)
    }
}

/// Writes a key that is present and `null` as `null`; an absent one is skipped earlier.
#[expect(clippy::ref_option, clippy::option_option, reason = "the signature that serde asks for")]
fn double_option<T: Serialize, S: serde::Serializer>(value: &Option<Option<T>>, serializer: S) -> Result<S::Ok, S::Error> {
    value.as_ref().and_then(Option::as_ref).serialize(serializer)
}
