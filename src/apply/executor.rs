//! What apply needs of a provider, and what it says of values that differ.

use std::future::Future;

use serde_json::Value;

use crate::http::ApiError;
use crate::model::ByHand;

/// The requests of a provider, as apply sees them.
///
/// The defaults serve a store whose writes no billing plan refuses.
pub trait Executor {
    /// One request.
    type Op;

    /// The op in words, for progress and reports: `writing the rules of production`.
    fn describe(&self, op: &Self::Op) -> String;

    /// Whether performing it writes; what does not is a precondition.
    fn writes(&self, op: &Self::Op) -> bool;

    /// For a precondition: what is no longer as the plan saw it.
    fn moved(&self, op: &Self::Op) -> impl Future<Output = Result<Vec<Mismatch>, ApiError>>;

    /// Sends the write. One that had to wait for a rate limit is not sent but returns [`ErrorKind::Held`](crate::http::ErrorKind::Held).
    fn perform(&self, op: &Self::Op) -> impl Future<Output = Result<(), ApiError>>;

    /// Whether a write whose answer was lost took effect, by reading.
    fn took_effect(&self, op: &Self::Op) -> impl Future<Output = Result<bool, ApiError>>;

    /// What a person does if this error is the billing plan's refusal; `None` if it is any other error.
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
