//! Why a request has no complete answer, in the words of the network.

use std::error::Error;
use std::fmt;

use hyper_util::client::legacy;

pub(super) type BoxError = Box<dyn Error + Send + Sync>;

/// Why an attempt has no complete answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// No byte of the request left: no connection.
    NotSent(String),
    /// The request may have arrived; its answer did not, or not whole.
    Lost(String),
    /// The answer is larger than this many bytes.
    TooLarge(usize),
}

impl Fault {
    /// The same, in other words.
    pub(super) fn map(self, words: impl FnOnce(&str) -> String) -> Self {
        match self {
            Self::NotSent(why) => Self::NotSent(words(&why)),
            Self::Lost(why) => Self::Lost(words(&why)),
            Self::TooLarge(limit) => Self::TooLarge(limit),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(why) => write!(f, "cannot connect: {why}"),
            Self::Lost(why) => write!(f, "no complete response: {why}"),
            Self::TooLarge(limit) => write!(f, "the response is larger than {limit} bytes"),
        }
    }
}

impl Error for Fault {}

/// What the HTTP library says, by whether anything was sent.
pub(super) fn fault(error: &legacy::Error) -> Fault {
    let why = chain(error);
    if error.is_connect() { Fault::NotSent(why) } else { Fault::Lost(why) }
}

/// An error with its causes, each said once.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}
