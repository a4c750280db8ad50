//! Answers that one run needs many times and asks for once.
//!
//! Owns the answers for as long as the reader lives. Must not know which addresses these are: the caller says so.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::error::ApiError;
use super::target::Target;

/// What makes two answers one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Sameness {
    /// The address. A failure is kept too, so that no request is repeated for nothing.
    Address(String),
    /// The hash of the content, regardless of the address. A failure at one address says nothing about the others.
    Content(String),
}

/// Returns what identifies the answer at an address; `None` if it is requested each time.
pub type Covers = fn(&Target) -> Option<Sameness>;

/// One answer, once it has arrived.
type Answer<T> = Arc<OnceCell<Result<T, ApiError>>>;

/// The answers so far.
pub(super) struct Once<T> {
    covers: Covers,
    answers: Mutex<HashMap<Sameness, Answer<T>>>,
}

impl<T: Clone> Once<T> {
    pub(super) fn new(covers: Covers) -> Self {
        Self { covers, answers: Mutex::default() }
    }

    /// The answer at an address; `ask` is awaited only by the first caller that needs it.
    pub(super) async fn get(&self, target: &Target, ask: impl Future<Output = Result<T, ApiError>>) -> Result<T, ApiError> {
        let Some(sameness) = (self.covers)(target) else { return ask.await };
        let keeps_errors = matches!(sameness, Sameness::Address(_));
        let answer = {
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(answers.entry(sameness).or_default())
        };
        if keeps_errors {
            return answer.get_or_init(|| ask).await.clone();
        }
        answer.get_or_try_init(|| async { ask.await.map(Ok) }).await?.clone()
    }
}

impl<T> fmt::Debug for Once<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Once")
    }
}
