//! Approves or rejects: the one write on runs, and how it is read back and settled.

use std::time::Duration;

use serde_json::json;

use super::admit::Admitted;
use super::observe::{approvals, run_state};
use super::target::pending_target;
use super::{Account, Approval, Decision, Pending};
use crate::http::{ApiError, Reader, Writer};
use crate::model::RepoName;

/// One review as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review<'a> {
    /// The run and its environments to review.
    pub admitted: &'a Admitted,
    /// Approve or reject.
    pub decision: Decision,
    /// The comment; GitHub requires one.
    pub comment: &'a str,
    /// The reviewing account.
    pub viewer: &'a Account,
}

/// How a review ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewResult {
    /// It was read back: the record for each environment.
    Recorded(Vec<Approval>),
    /// GitHub accepted it, but it does not show among the run's reviews.
    Unconfirmed,
}

/// Sends a review once and reads it back. A lost answer is settled by reading; nothing is ever sent twice.
///
/// `delays` is how long reading back waits between its attempts: reads may lag behind writes.
///
/// # Errors
/// When GitHub refuses, or when the answer was lost and reading shows no effect or fails.
pub async fn submit(writer: &Writer, repo: &RepoName, review: &Review<'_>, delays: &[Duration]) -> Result<ReviewResult, ApiError> {
    let run = review.admitted.run.id;
    let ids: Vec<u64> = review.admitted.pending.iter().map(|pending| pending.environment_id).collect();
    let body = json!({"environment_ids": ids, "state": review.decision, "comment": review.comment});
    let sent = writer.post(&pending_target(repo, run), &body).await;
    let lost = match sent {
        Ok(_) => None,
        Err(error) if error.may_have_applied => Some(error),
        Err(error) => return Err(explained(error)),
    };
    let recorded = read_back(writer.reader(), repo, review, delays).await;
    match (recorded, lost) {
        (Ok(Some(record)), _) => Ok(ReviewResult::Recorded(record)),
        (Ok(None) | Err(_), None) => Ok(ReviewResult::Unconfirmed),
        (recorded, Some(error)) => Err(unsettled(writer.reader(), repo, review, error, recorded.is_ok()).await),
    }
}

/// The hint for a token that cannot review at all, instead of a hint about permissions (fact G1.6).
pub fn explained(mut error: ApiError) -> ApiError {
    if error.message.contains("Resource not accessible by integration") {
        error.hint = Some(
            "GITHUB_TOKEN and App installation tokens cannot review deployments, regardless of their permissions: use a token of a required reviewer's own account, such as `GH_TOKEN=$(gh auth token)` after `gh auth login`"
                .to_owned(),
        );
    }
    error
}

async fn read_back(reader: &Reader, repo: &RepoName, review: &Review<'_>, delays: &[Duration]) -> Result<Option<Vec<Approval>>, ApiError> {
    let mut pauses = delays.iter();
    loop {
        let now = approvals(reader, repo, review.admitted.run.id).await;
        let found = now.as_ref().ok().and_then(|now| recorded(review, now));
        match (found, pauses.next()) {
            (Some(found), _) => return Ok(Some(found)),
            (None, Some(pause)) => tokio::time::sleep(*pause).await,
            (None, None) => return now.map(|_| None),
        }
    }
}

/// The new records, if they cover everything that was reviewed. Whether GitHub keeps one record
/// for a request or one for each environment is not documented, so both are accepted.
fn recorded(review: &Review<'_>, now: &[Approval]) -> Option<Vec<Approval>> {
    let mut before = review.admitted.before.clone();
    let mut fresh: Vec<Approval> = Vec::new();
    for approval in now {
        match before.iter().position(|known| known == approval) {
            Some(at) => drop(before.swap_remove(at)),
            None if approval.state == review.decision && approval.is_by(review.viewer) => fresh.push(approval.clone()),
            None => {}
        }
    }
    let covered = |pending: &Pending| fresh.iter().any(|approval| approval.is_for(&pending.environment));
    review.admitted.pending.iter().all(covered).then_some(fresh)
}

async fn unsettled(reader: &Reader, repo: &RepoName, review: &Review<'_>, mut error: ApiError, read: bool) -> ApiError {
    let waits = match run_state(reader, repo, review.admitted.run.id).await {
        Ok(now) if read => {
            review.admitted.pending.iter().all(|then| now.pending.iter().any(|now| now.environment_id == then.environment_id))
        }
        _ => false,
    };
    error.hint = Some(
        if waits {
            "reading back shows that it did not take effect: the run still waits; run the same command again"
        } else {
            "whether it took effect is unknown: check the run's page before anything else"
        }
        .to_owned(),
    );
    error
}
