//! Answers that one run needs many times and asks for once.
//!
//! Owns the answers for as long as the reader lives. Must not know which addresses these are: the caller says so.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::error::ApiError;
use super::target::Target;

/// One answer, as soon as there is one; also that there is none, so that no request is repeated for nothing.
type Answer<T> = Arc<OnceCell<Result<T, ApiError>>>;

/// The answers so far.
pub(super) struct Once<T> {
    covers: fn(&Target) -> bool,
    answers: Mutex<HashMap<String, Answer<T>>>,
}

impl<T: Clone> Once<T> {
    pub(super) fn new(covers: fn(&Target) -> bool) -> Self {
        Self { covers, answers: Mutex::default() }
    }

    pub(super) fn covers(&self, target: &Target) -> bool {
        (self.covers)(target)
    }

    /// The answer at an address; `ask` is awaited by the first who needs it only.
    pub(super) async fn get(&self, target: &Target, ask: impl Future<Output = Result<T, ApiError>>) -> Result<T, ApiError> {
        let answer = {
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(answers.entry(target.to_string()).or_default())
        };
        answer.get_or_init(|| ask).await.clone()
    }
}

impl<T> fmt::Debug for Once<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Once")
    }
}
