//! Two writers at once: what of an environment is neither as a step found it nor as the step's own writes leave it.
//!
//! Owns the look that this needs, and taking one write back. Must not decide what follows: that is [`crate::reconcile`]'s.

mod trace;

use std::collections::BTreeMap;

use crate::apply::{Dispute, Moved, Performed, Withdrawal};
use crate::http::{ApiError, ErrorKind, Reader, Writer};

use super::observe::{self, Asked};
use super::ops::{self, Action, Op};
use crate::desired::github::Pattern;
use trace::Trace;

/// What another writer wrote of that which one PUT writes as a whole, after the ops of one step so far; one request.
///
/// # Errors
/// When the environment cannot be read.
pub async fn overwritten(reader: &Reader, done: &[(&Op, Performed)]) -> Result<Vec<Moved>, ApiError> {
    let dispute = compare(reader, done, Asked::default()).await?;
    Ok(if dispute.overwritten { dispute.foreign } else { Vec::new() })
}

/// Compares the environment, with every list that matters, with what the ops of one step, so far, say of it.
///
/// # Errors
/// When the environment cannot be read.
pub async fn dispute(reader: &Reader, done: &[(&Op, Performed)]) -> Result<Dispute, ApiError> {
    let asked = Trace::of(done).asked();
    compare(reader, done, asked).await
}

async fn compare(reader: &Reader, done: &[(&Op, Performed)], asked: Asked) -> Result<Dispute, ApiError> {
    let Some((op, _)) = done.first() else { return Ok(Dispute::default()) };
    if done.iter().any(|(op, _)| op.action == Action::Delete) {
        return Ok(Dispute::default());
    }
    let live = observe::environment(reader, &op.repository, &op.environment, asked).await?;
    Ok(Trace::of(done).compare(live.as_ref()))
}

/// Puts a list back as it was before this op added to it or took from it.
///
/// # Errors
/// When the list cannot be read, or the request is refused.
pub async fn withdraw(writer: &Writer, op: &Op) -> Result<Withdrawal, ApiError> {
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
        // Of a variable nobody knows what it was just before, nor whether the other writer has set it to the same; it is no gate.
        Action::CreateVariable { .. } | Action::UpdateVariable { .. } => return Ok(Withdrawal::Stays),
        // One request writes these as a whole: whose comes last, stands. Patterns that a server brought back are nobody's.
        Action::Expect(_) | Action::Put { .. } | Action::DeleteOtherBranchPolicies(_) | Action::Delete => None,
    };
    let Some(action) = action else { return Ok(Withdrawal::Gone) };
    let done = ops::perform(writer, &Op { action, ..op.clone() }).await?;
    Ok(if done == Performed::Written { Withdrawal::TakenBack } else { Withdrawal::Gone })
}

/// The patterns; none outside of selected mode, or without the environment.
async fn patterns(reader: &Reader, op: &Op) -> Result<Option<BTreeMap<Pattern, u64>>, ApiError> {
    match observe::patterns(reader, &op.repository, &op.environment).await {
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}
