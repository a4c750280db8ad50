//! Two writers at once: what of an environment is neither as a step found it nor as the step's own writes leave it.
//!
//! Owns the look that this needs, and taking one write back. Must not decide what follows: that is [`crate::reconcile`]'s.

mod trace;

use std::collections::BTreeMap;

use crate::apply::{Dispute, Moved, Performed};
use crate::http::{ApiError, ErrorKind, Reader, Writer};

use super::desired::Pattern;
use super::observe::{self, Asked, environment_target};
use super::ops::{self, Action, Op};
use trace::Trace;

/// What another writer wrote of that which one PUT writes as a whole, after the ops of one step so far; one request.
///
/// # Errors
/// When the environment cannot be read.
pub async fn overwritten(reader: &Reader, done: &[&Op]) -> Result<Vec<Moved>, ApiError> {
    let dispute = compare(reader, done, Asked::default()).await?;
    Ok(if dispute.overwritten { dispute.foreign } else { Vec::new() })
}

/// Compares the environment, with every list that matters, with what the ops of one step, so far, say of it.
///
/// # Errors
/// When the environment cannot be read.
pub async fn dispute(reader: &Reader, done: &[&Op]) -> Result<Dispute, ApiError> {
    let asked = Trace::of(done).asked();
    compare(reader, done, asked).await
}

async fn compare(reader: &Reader, done: &[&Op], asked: Asked) -> Result<Dispute, ApiError> {
    let Some(op) = done.first() else { return Ok(Dispute::default()) };
    if done.iter().any(|op| op.action == Action::Delete) {
        return Ok(Dispute::default());
    }
    let live = observe::environment(reader, &op.repository, &op.environment, asked).await?;
    Ok(Trace::of(done).compare(live.as_ref()))
}

/// Puts a list back as it was before the last of these ops added to it, took from it or changed it; false when that shows no more.
///
/// # Errors
/// When the list cannot be read, or the request is refused.
pub async fn withdraw(writer: &Writer, done: &[&Op]) -> Result<bool, ApiError> {
    let Some(op) = done.last() else { return Ok(false) };
    let (reader, repository, environment) = (writer.reader(), &op.repository, &op.environment);
    let action = match &op.action {
        Action::CreateBranchPolicy(pattern) => patterns(reader, op)
            .await?
            .and_then(|there| there.get(pattern).copied())
            .map(|id| Action::DeleteBranchPolicy { pattern: pattern.clone(), id }),
        Action::DeleteBranchPolicy { pattern, .. } => {
            patterns(reader, op).await?.filter(|there| !there.contains_key(pattern)).map(|_| Action::CreateBranchPolicy(pattern.clone()))
        }
        Action::EnableRule { slug, .. } => {
            let there = observe::protection_rules(reader, repository, environment).await?;
            there.get(slug).map(|id| Action::DisableRule { slug: slug.clone(), id: *id })
        }
        Action::DisableRule { slug, .. } => {
            let there = observe::protection_rules(reader, repository, environment).await?;
            (!there.contains_key(slug)).then(|| Action::EnableRule { slug: slug.clone(), integration_id: None })
        }
        Action::CreateVariable { name, value } | Action::UpdateVariable { name, value } => {
            if observe::variables(reader, repository, environment).await?.get(name) != Some(value) {
                return Ok(false);
            }
            let Some(before) = Trace::of(done).variable_before(name) else {
                let target = environment_target(repository, environment).join("variables").join(name);
                return writer.delete(&target).await.map(|_| true);
            };
            Some(Action::UpdateVariable { name: name.clone(), value: before.to_owned() })
        }
        // One request writes these as a whole: whose comes last, stands. Patterns that a server brought back are nobody's.
        Action::Expect(_) | Action::Put { .. } | Action::DeleteOtherBranchPolicies(_) | Action::Delete => None,
    };
    match action {
        Some(action) => Ok(ops::perform(writer, &Op { action, ..(*op).clone() }).await? == Performed::Written),
        None => Ok(false),
    }
}

/// The patterns; none outside of selected mode, or without the environment.
async fn patterns(reader: &Reader, op: &Op) -> Result<Option<BTreeMap<Pattern, u64>>, ApiError> {
    match observe::patterns(reader, &op.repository, &op.environment).await {
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}
