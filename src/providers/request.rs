//! The interface of each provider's planned requests: the writing half of a provider.
//!
//! The defaults serve a simple key-value store: no refusal by a billing plan, no record of the actor.

use std::future::Future;

use crate::apply::Mismatch;
use crate::http::{Api, ApiError, Reader, Writer};
use crate::model::ByHand;

/// A planned request of one provider, as data. A read is one too: a precondition.
pub trait Request: Clone + Sync {
    /// The API that it is sent to.
    fn api(&self) -> &'static Api;

    /// The request in words, for progress and reports: `writing the rules of production`.
    fn describe(&self) -> String;

    /// Whether performing it writes; what does not is a precondition.
    fn writes(&self) -> bool;

    /// The same request without actor and time: the part that a saved plan and a fresh one share.
    #[must_use]
    fn unattributed(&self) -> Self {
        self.clone()
    }

    /// For a precondition: what is no longer as the plan saw it.
    fn moved(&self, reader: &Reader) -> impl Future<Output = Result<Vec<Mismatch>, ApiError>>;

    /// Sends the write. An effect that already holds is a success, not an error.
    fn perform(&self, writer: &Writer) -> impl Future<Output = Result<(), ApiError>>;

    /// Whether a write whose answer was lost took effect, by reading.
    fn took_effect(&self, reader: &Reader) -> impl Future<Output = Result<bool, ApiError>>;

    /// The manual steps if this error is the billing plan's refusal; `None` for any other error.
    fn refused(&self, error: &ApiError) -> Option<ByHand> {
        let _ = error;
        None
    }

    /// Writes the part of a refused request that every plan supports, as planned.
    fn fall_back(&self, writer: &Writer) -> impl Future<Output = Result<(), ApiError>> {
        let _ = writer;
        async { Ok(()) }
    }
}
