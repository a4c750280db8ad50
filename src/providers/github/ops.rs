//! The writes on GitHub as data, and how each is performed, settled and refused.
//!
//! Owns one request per write. Must not decide what is written: that is the plan's.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use crate::apply::Mismatch;
use crate::http::{ApiError, ErrorKind, Reader, Target, Writer};
use crate::model::{ByHand, EnvName, RepoName, VarValue};

use super::live::{self, LiveEnvironment, PolicyMode, Snapshot};
use super::observe::{self, RequestedParts};
use super::refusal;
use super::strictness::ActorId;
use super::target::environment_target;
use crate::desired::github::Pattern;

/// How long a list may lag behind the write that opened it.
const LAG: [Duration; 3] = [Duration::from_millis(50), Duration::from_millis(250), Duration::from_secs(1)];

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
    #[must_use]
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
    #[must_use]
    pub const fn of(mode: PolicyMode) -> Option<Self> {
        match mode {
            PolicyMode::All => None,
            PolicyMode::Protected => Some(Self { protected_branches: true, custom_branch_policies: false }),
            PolicyMode::Selected => Some(Self { protected_branches: false, custom_branch_policies: true }),
        }
    }
}

impl Op {
    fn target(&self) -> Target {
        environment_target(&self.repository, &self.environment)
    }
}

/// Sends one write. An effect that already holds (303 on a pattern, 404 on a deletion) is a success, not an error.
///
/// # Errors
/// Every other refusal, and every lost answer.
pub async fn perform(writer: &Writer, op: &Op) -> Result<(), ApiError> {
    let target = op.target();
    let policies = || target.clone().join("deployment-branch-policies");
    let rules = || target.clone().join("deployment_protection_rules");
    match &op.action {
        Action::Expect(_) => Ok(()),
        Action::Put { body, .. } => put(writer, &target, body).await,
        Action::CreateBranchPolicy(pattern) => create_policy(writer, &policies(), pattern).await,
        Action::DeleteBranchPolicy { id, .. } => delete(writer, op, &policies().join(&id.to_string())).await,
        Action::DeleteOtherBranchPolicies(keep) => {
            for (pattern, id) in opened(async || observe::patterns(writer.reader(), &op.repository, &op.environment).await).await? {
                if !keep.contains(&pattern) {
                    delete(writer, op, &policies().join(&id.to_string())).await?;
                }
            }
            Ok(())
        }
        Action::EnableRule { slug, integration_id } => {
            let id = match integration_id {
                Some(id) => *id,
                None => opened(async || observe::integration_id(writer.reader(), &op.repository, &op.environment, slug).await).await?,
            };
            writer.post(&rules(), &json!({"integration_id": id})).await.map(drop)
        }
        Action::DisableRule { id, .. } => delete(writer, op, &rules().join(&id.to_string())).await,
        Action::CreateVariable { name, value } => {
            writer.post(&target.join("variables"), &json!({"name": name, "value": value.expose()})).await.map(drop)
        }
        Action::UpdateVariable { name, value } => {
            writer.patch(&target.join("variables").join(name), &json!({"value": value.expose()})).await.map(drop)
        }
        Action::Delete => delete(writer, op, &target).await,
    }
}

/// Adds a pattern. A 303 means that it exists already (fact G1.2); it is not sent again, and read-back checks it.
async fn create_policy(writer: &Writer, policies: &Target, pattern: &Pattern) -> Result<(), ApiError> {
    match writer.post(policies, pattern).await {
        Err(error) if error.kind == ErrorKind::SeeOther => Ok(()),
        other => other.map(drop),
    }
}

/// Reads a list that an earlier write of this apply opened; a read that lags behind that write answers 404 as before (fact G1.2).
async fn opened<T>(read: impl AsyncFn() -> Result<T, ApiError>) -> Result<T, ApiError> {
    for pause in LAG {
        match read().await {
            Err(error) if error.kind == ErrorKind::NotFound => tokio::time::sleep(pause).await,
            other => return other,
        }
    }
    read().await
}

/// PUTs a body; a key that an old GitHub Enterprise Server does not know is left out and the rest is written (fact G2.4).
///
/// Leaving it out cannot weaken: a server that does not know the key has no such rule. Read-back then reports what is missing.
async fn put(writer: &Writer, target: &Target, body: &Body) -> Result<(), ApiError> {
    let mut body = body.clone();
    loop {
        match writer.put(target, &body).await {
            Err(error) if error.kind == ErrorKind::Unprocessable => {
                if !(body.without_unpermitted(&error.message)) {
                    return Err(error);
                }
            }
            Err(error) if error.kind == ErrorKind::NotFound => return Err(ApiError { hint: Some(not_writable(&error)), ..error }),
            Err(error) => return Err(error),
            Ok(_) => return Ok(()),
        }
    }
}

/// What a 404 on a PUT may mean: an environment need not exist to be written (facts G2.3 and G2.10).
fn not_writable(error: &ApiError) -> String {
    let seen = error.hint.as_ref().map(|hint| format!("; else: {hint}")).unwrap_or_default();
    format!(
        "GitHub responds this way if the account is not an admin of the repository, and in private repositories on plans without environments: check both{seen}"
    )
}

impl Body {
    /// Drops the key that the server says is "not a permitted key"; false when it names none that exists.
    fn without_unpermitted(&mut self, message: &str) -> bool {
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
    #[must_use]
    pub fn has_gated_rules(&self) -> bool {
        self.reviewers.as_ref().is_some_and(|all| !all.is_empty())
            || self.wait_timer.is_some_and(|timer| timer > 0)
            || self.can_admins_bypass == Some(false)
    }

    /// Whether a live environment matches this body in every key that the body has.
    #[must_use]
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

/// What reading found after a write whose answer was lost.
///
/// # Errors
/// When reading fails too.
pub async fn took_effect(reader: &Reader, op: &Op) -> Result<bool, ApiError> {
    let asked = match &op.action {
        Action::CreateBranchPolicy(_) | Action::DeleteBranchPolicy { .. } | Action::DeleteOtherBranchPolicies(_) => {
            RequestedParts { patterns: true, ..RequestedParts::default() }
        }
        Action::EnableRule { .. } | Action::DisableRule { .. } => RequestedParts { protection_rules: true, ..RequestedParts::default() },
        Action::CreateVariable { .. } | Action::UpdateVariable { .. } => RequestedParts { variables: true, ..RequestedParts::default() },
        Action::Expect(_) | Action::Put { .. } | Action::Delete => RequestedParts::default(),
    };
    let live = observe::environment(reader, &op.repository, &op.environment, asked).await?;
    let Some(live) = live else { return Ok(op.action == Action::Delete) };
    let patterns = live.patterns.as_ref().and_then(|patterns| patterns.as_ref().ok());
    let rules = live.protection_rules.as_ref().and_then(|rules| rules.as_ref().ok());
    let variable = |name: &String| live.variables.as_ref()?.as_ref().ok()?.get(name).cloned();
    Ok(match &op.action {
        Action::Expect(_) => true,
        Action::Put { body, .. } => body.holds_in(&live),
        Action::CreateBranchPolicy(pattern) => patterns.is_some_and(|patterns| patterns.contains_key(pattern)),
        Action::DeleteBranchPolicy { pattern, .. } => patterns.is_some_and(|patterns| !patterns.contains_key(pattern)),
        Action::DeleteOtherBranchPolicies(keep) => patterns.is_some_and(|patterns| patterns.keys().all(|p| keep.contains(p))),
        Action::EnableRule { slug, .. } => rules.is_some_and(|rules| rules.contains_key(slug)),
        Action::DisableRule { slug, .. } => rules.is_some_and(|rules| !rules.contains_key(slug)),
        Action::CreateVariable { name, value } | Action::UpdateVariable { name, value } => variable(name).as_ref() == Some(value),
        Action::Delete => false,
    })
}

/// The parts of an [`Action::Expect`] that no longer hold; empty for a write.
///
/// # Errors
/// When the environment cannot be read.
pub async fn moved(reader: &Reader, op: &Op) -> Result<Vec<Mismatch>, ApiError> {
    let Action::Expect(then) = &op.action else { return Ok(Vec::new()) };
    let keys: BTreeSet<String> =
        then.iter().flat_map(Snapshot::keys).filter_map(|name| name.strip_prefix("variables.")).map(str::to_owned).collect();
    let has = |name: &str| then.as_ref().and_then(|then| then.get(name));
    let asked = RequestedParts {
        patterns: has("deployment_branch_policy").is_some_and(Value::is_object),
        protection_rules: has("protection_rules").is_some(),
        variables: !keys.is_empty(),
        secrets: false,
    };
    let now =
        observe::environment(reader, &op.repository, &op.environment, asked).await?.map(|now| now.snapshot(op.repository.owner(), &keys));
    let existence = |was: &str, now: &str| vec![Mismatch { name: op.environment.to_string(), was: json!(was), now: json!(now) }];
    Ok(match (then, now) {
        (None, None) => Vec::new(),
        (None, Some(_)) => existence("missing", "there"),
        (Some(_), None) => existence("there", "missing"),
        (Some(then), Some(now)) => live::moved(then, &now).into_iter().map(|(name, was, now)| Mismatch { name, was, now }).collect(),
    })
}

/// The manual steps, if the error is the billing plan's refusal of a PUT.
#[must_use]
pub fn refused(op: &Op, error: &ApiError) -> Option<ByHand> {
    let Action::Put { by_hand, .. } = &op.action else { return None };
    refusal::classify(error)?;
    Some(ByHand { because: error.message.clone(), ..by_hand.clone() })
}

/// Writes what the billing plan does support of a refused PUT.
///
/// The refused PUT is not atomic, and whether some of its keys were applied is unsettled (fact G2.2): if reading finds
/// any of them, nothing is written, since under whole replacement the smaller body would clear them.
///
/// # Errors
/// When reading or writing fails.
pub async fn fall_back(writer: &Writer, op: &Op) -> Result<(), ApiError> {
    let Action::Put { if_refused: Some(body), .. } = &op.action else { return Ok(()) };
    let live = observe::environment(writer.reader(), &op.repository, &op.environment, RequestedParts::default()).await?;
    let holds_gated_rules = live.is_some_and(|live| !live.reviewers.is_empty() || live.wait_timer > 0 || live.prevent_self_review);
    if holds_gated_rules { Ok(()) } else { put(writer, &op.target(), body).await }
}

/// Deleting what does not exist is a success (fact G2.8), but a 404 may also hide what the token may not delete (fact G2.10): reading decides.
async fn delete(writer: &Writer, op: &Op, target: &Target) -> Result<(), ApiError> {
    match writer.delete(target).await {
        Err(error) if error.kind == ErrorKind::NotFound && took_effect(writer.reader(), op).await? => Ok(()),
        other => other.map(drop),
    }
}

/// Writes a key that is present and `null` as `null`; an absent one is skipped earlier.
#[expect(clippy::ref_option, clippy::option_option, reason = "the signature that serde asks for")]
fn double_option<T: Serialize, S: serde::Serializer>(value: &Option<Option<T>>, serializer: S) -> Result<S::Ok, S::Error> {
    value.as_ref().and_then(Option::as_ref).serialize(serializer)
}
