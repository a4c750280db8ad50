//! What apply needs from a provider, how long it waits, and how a step can end.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use serde_json::Value;

use crate::http::{ApiError, ErrorKind};
use crate::model::{ByHand, in_words, is_masked};

/// The requests of a provider, as apply sees them.
///
/// The defaults serve a store whose writes no billing plan refuses.
pub trait Executor {
    /// One request.
    type Op;

    /// The op in words, for progress and reports: `writing the rules of production`.
    fn describe(&self, op: &Self::Op) -> String;

    /// Whether performing it writes; an op that does not is a precondition.
    fn writes(&self, op: &Self::Op) -> bool;

    /// For a precondition: what is no longer as the plan saw it.
    fn moved(&self, op: &Self::Op) -> impl Future<Output = Result<Vec<Mismatch>, ApiError>>;

    /// Sends the write. One that had to wait for a rate limit is not sent but returns [`ErrorKind::Held`].
    fn perform(&self, op: &Self::Op) -> impl Future<Output = Result<(), ApiError>>;

    /// Whether a write whose answer was lost took effect, by reading.
    fn took_effect(&self, op: &Self::Op) -> impl Future<Output = Result<bool, ApiError>>;

    /// The manual steps if this error is the billing plan's refusal; `None` for any other error.
    fn refused(&self, op: &Self::Op, error: &ApiError) -> Option<ByHand> {
        let _ = (op, error);
        None
    }

    /// Writes the part of a refused op that every plan supports, as planned.
    fn fall_back(&self, op: &Self::Op) -> impl Future<Output = Result<(), ApiError>> {
        let _ = op;
        async { Ok(()) }
    }
}

/// A value that is not as it was planned, or as it was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Mismatch {
    /// The field.
    pub name: String,
    /// As the plan saw it, or as it was sent.
    pub was: Value,
    /// As it is.
    pub now: Value,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_masked(&self.was) && is_masked(&self.now) {
            return write!(f, "{} changed (masked)", self.name);
        }
        write!(f, "{} was {} and is now {}", self.name, in_words(&self.was), in_words(&self.now))
    }
}

/// How long an apply waits for GitHub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryDelays {
    /// Before a write with a lost answer and no visible effect is sent again; doubled the second time.
    pub resend: Duration,
    /// Between two read-backs while a write does not show yet: reads may lag behind writes.
    pub read_back: Vec<Duration>,
}

impl Default for RetryDelays {
    /// A quarter of a second, and six seconds in all.
    fn default() -> Self {
        Self { resend: Duration::from_millis(250), read_back: [200, 400, 800, 1600, 3000].map(Duration::from_millis).to_vec() }
    }
}

/// How a step ended, before anything was read back.
#[derive(Debug, Clone, PartialEq)]
pub enum StepResult {
    /// Every op was answered with success, or was found done after its answer was lost.
    Done,
    /// The billing plan refused; anything else that could not be written is named.
    Refused(ByHand, Vec<String>),
    /// An op failed, or a precondition could not be read; the rest of the step was not tried.
    Failed {
        /// What happened, with the next step.
        why: String,
        /// What kind of failure it was.
        kind: ErrorKind,
    },
    /// A precondition did not hold: another writer changed this since the plan was made, so nothing of the step was tried.
    Mismatch(Vec<Mismatch>),
    /// Nothing of it was tried.
    Skipped(String),
}
