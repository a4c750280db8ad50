//! How each write on GitHub is performed, settled and refused. Must not decide what is written: that is the plan's.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::apply::Mismatch;
use crate::desired::github::Pattern;
use crate::http::{Api, ApiError, ErrorKind, Reader, Target, Writer};
use crate::model::ByHand;
use crate::providers::request::Request;

use super::api;
use super::live::{self, Snapshot};
use super::observe::{self, RequestedParts};
use super::ops::{Action, Body, Op};
use super::refusal;
use super::target::environment_target;

/// How long a list may lag behind the write that opened it.
const LAG: [Duration; 3] = [Duration::from_millis(50), Duration::from_millis(250), Duration::from_secs(1)];

impl Request for Op {
    fn api(&self) -> &'static Api {
        &api::API
    }

    fn describe(&self) -> String {
        let name = &self.environment;
        match &self.action {
            Action::Expect(_) => format!("checking that {name} is still as planned"),
            Action::Put { .. } => format!("writing the rules of {name}"),
            Action::CreateBranchPolicy(pattern) => format!("adding {} pattern `{}`", pattern.kind.word(), pattern.name),
            Action::DeleteBranchPolicy { pattern, .. } => format!("removing {} pattern `{}`", pattern.kind.word(), pattern.name),
            Action::DeleteOtherBranchPolicies(_) => format!("removing patterns that {name} kept from before"),
            Action::EnableRule { slug, .. } => format!("enabling the custom rule of `{slug}`"),
            Action::DisableRule { slug, .. } => format!("disabling the custom rule of `{slug}`"),
            Action::CreateVariable { name, .. } | Action::UpdateVariable { name, .. } => format!("setting variable {name}"),
            Action::Delete => format!("deleting {name}"),
        }
    }

    fn writes(&self) -> bool {
        !matches!(self.action, Action::Expect(_))
    }

    /// The parts of an [`Action::Expect`] that no longer hold; empty for a write.
    async fn moved(&self, reader: &Reader) -> Result<Vec<Mismatch>, ApiError> {
        let Action::Expect(then) = &self.action else { return Ok(Vec::new()) };
        let keys: BTreeSet<String> =
            then.iter().flat_map(Snapshot::keys).filter_map(|name| name.strip_prefix("variables.")).map(str::to_owned).collect();
        let has = |name: &str| then.as_ref().and_then(|then| then.get(name));
        let asked = RequestedParts {
            patterns: has("deployment_branch_policy").is_some_and(Value::is_object),
            protection_rules: has("protection_rules").is_some(),
            variables: !keys.is_empty(),
            secrets: false,
        };
        let now = observe::environment(reader, &self.repository, &self.environment, asked)
            .await?
            .map(|now| now.snapshot(self.repository.owner(), &keys));
        let existence = |was: &str, now: &str| vec![Mismatch { name: self.environment.to_string(), was: json!(was), now: json!(now) }];
        Ok(match (then, now) {
            (None, None) => Vec::new(),
            (None, Some(_)) => existence("missing", "present"),
            (Some(_), None) => existence("present", "missing"),
            (Some(then), Some(now)) => live::moved(then, &now).into_iter().map(|(name, was, now)| Mismatch { name, was, now }).collect(),
        })
    }

    /// Sends one write. An effect that already holds (303 on a pattern, 404 on a deletion) is a success, not an error.
    async fn perform(&self, writer: &Writer) -> Result<(), ApiError> {
        let target = self.target();
        let policies = || target.clone().join("deployment-branch-policies");
        let rules = || target.clone().join("deployment_protection_rules");
        match &self.action {
            Action::Expect(_) => Ok(()),
            Action::Put { body, .. } => put(writer, &target, body).await,
            Action::CreateBranchPolicy(pattern) => create_policy(writer, &policies(), pattern).await,
            Action::DeleteBranchPolicy { id, .. } => delete(writer, self, &policies().join(&id.to_string())).await,
            Action::DeleteOtherBranchPolicies(keep) => {
                for (pattern, id) in opened(async || observe::patterns(writer.reader(), &self.repository, &self.environment).await).await? {
                    if !keep.contains(&pattern) {
                        delete(writer, self, &policies().join(&id.to_string())).await?;
                    }
                }
                Ok(())
            }
            Action::EnableRule { slug, integration_id } => {
                let id = match integration_id {
                    Some(id) => *id,
                    None => {
                        opened(async || observe::integration_id(writer.reader(), &self.repository, &self.environment, slug).await).await?
                    }
                };
                writer.post(&rules(), &json!({"integration_id": id})).await.map(drop)
            }
            Action::DisableRule { id, .. } => delete(writer, self, &rules().join(&id.to_string())).await,
            Action::CreateVariable { name, value } => {
                writer.post(&target.join("variables"), &json!({"name": name, "value": value.expose()})).await.map(drop)
            }
            Action::UpdateVariable { name, value } => {
                writer.patch(&target.join("variables").join(name), &json!({"value": value.expose()})).await.map(drop)
            }
            Action::Delete => delete(writer, self, &target).await,
        }
    }

    /// What reading found after a write whose answer was lost.
    async fn took_effect(&self, reader: &Reader) -> Result<bool, ApiError> {
        let asked = match &self.action {
            Action::CreateBranchPolicy(_) | Action::DeleteBranchPolicy { .. } | Action::DeleteOtherBranchPolicies(_) => {
                RequestedParts { patterns: true, ..RequestedParts::default() }
            }
            Action::EnableRule { .. } | Action::DisableRule { .. } => {
                RequestedParts { protection_rules: true, ..RequestedParts::default() }
            }
            Action::CreateVariable { .. } | Action::UpdateVariable { .. } => {
                RequestedParts { variables: true, ..RequestedParts::default() }
            }
            Action::Expect(_) | Action::Put { .. } | Action::Delete => RequestedParts::default(),
        };
        let live = observe::environment(reader, &self.repository, &self.environment, asked).await?;
        let Some(live) = live else { return Ok(self.action == Action::Delete) };
        let patterns = live.patterns.as_ref().and_then(|patterns| patterns.as_ref().ok());
        let rules = live.protection_rules.as_ref().and_then(|rules| rules.as_ref().ok());
        let variable = |name: &String| live.variables.as_ref()?.as_ref().ok()?.get(name).cloned();
        Ok(match &self.action {
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

    /// The manual steps, if the error is the billing plan's refusal of a PUT.
    fn refused(&self, error: &ApiError) -> Option<ByHand> {
        let Action::Put { by_hand, .. } = &self.action else { return None };
        refusal::classify(error)?;
        Some(ByHand { because: error.message.clone(), ..by_hand.clone() })
    }

    /// Writes what the billing plan does support of a refused PUT.
    ///
    /// The refused PUT is not atomic, and whether some of its keys were applied is unsettled (fact G2.2): if reading finds
    /// any of them, nothing is written, since under whole replacement the smaller body would clear them.
    async fn fall_back(&self, writer: &Writer) -> Result<(), ApiError> {
        let Action::Put { if_refused: Some(body), .. } = &self.action else { return Ok(()) };
        let live = observe::environment(writer.reader(), &self.repository, &self.environment, RequestedParts::default()).await?;
        let holds_gated_rules = live.is_some_and(|live| !live.reviewers.is_empty() || live.wait_timer > 0 || live.prevent_self_review);
        if holds_gated_rules { Ok(()) } else { put(writer, &self.target(), body).await }
    }
}

impl Op {
    fn target(&self) -> Target {
        environment_target(&self.repository, &self.environment)
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
    let seen = error.hint.as_ref().map(|hint| format!(". Otherwise: {hint}")).unwrap_or_default();
    format!(
        "GitHub responds this way if the account is not an admin of the repository, and in private repositories on plans without environments: check both{seen}"
    )
}

/// Deleting what does not exist is a success (fact G2.8), but a 404 may also hide what the token may not delete (fact G2.10): reading decides.
async fn delete(writer: &Writer, op: &Op, target: &Target) -> Result<(), ApiError> {
    match writer.delete(target).await {
        Err(error) if error.kind == ErrorKind::NotFound && op.took_effect(writer.reader()).await? => Ok(()),
        other => other.map(drop),
    }
}
