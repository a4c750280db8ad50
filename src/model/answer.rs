//! Present, absent and unknown are three answers (law 1).

use std::fmt;

use serde::{Deserialize, Serialize};

/// The answer of a live API to a question.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer<T> {
    /// It exists, with this value.
    Present(T),
    /// A complete, successful answer shows that it does not exist.
    Absent,
    /// Unknown; never a pass, never drift.
    Unknown(Unknown),
}

impl<T> Answer<T> {
    /// The value, if it is known to exist.
    pub fn present(&self) -> Option<&T> {
        match self {
            Self::Present(value) => Some(value),
            Self::Absent | Self::Unknown(_) => None,
        }
    }

    /// Why it is unknown, if it is.
    pub fn unknown(&self) -> Option<&Unknown> {
        match self {
            Self::Unknown(unknown) => Some(unknown),
            Self::Present(_) | Self::Absent => None,
        }
    }
}

/// Why something could not be determined, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unknown {
    /// What went wrong, with the request: one sentence.
    pub reason: String,
    /// The next step.
    pub hint: String,
    /// The cause, which decides the exit code.
    #[serde(skip, default)]
    pub cause: Cause,
}

impl Unknown {
    /// What no better credentials would answer.
    pub fn new(reason: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { reason: reason.into(), hint: hint.into(), cause: Cause::Other }
    }
}

/// As the error of a command that has no result because of it.
impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Unknown {}

/// A declaration that the live state contradicts: gate.toml, or the account or access that it names, has to change first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Invalid {
    /// What contradicts what: one sentence.
    pub reason: String,
    /// The next step.
    pub hint: String,
}

/// Why nothing is planned for an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blocker {
    /// Its declaration is contradicted.
    Invalid(Invalid),
    /// Something about it could not be determined.
    Unknown(Unknown),
}

impl Blocker {
    /// An invalid declaration.
    pub fn invalid(reason: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Invalid(Invalid { reason: reason.into(), hint: hint.into() })
    }

    /// The same for a question about the live state alone, which a contradicted declaration cannot answer.
    pub fn into_unknown(self) -> Unknown {
        match self {
            Self::Invalid(Invalid { reason, hint }) => Unknown::new(reason, hint),
            Self::Unknown(unknown) => unknown,
        }
    }
}

impl From<Unknown> for Blocker {
    fn from(unknown: Unknown) -> Self {
        Self::Unknown(unknown)
    }
}

impl From<Unknown> for Vec<Blocker> {
    fn from(unknown: Unknown) -> Self {
        vec![unknown.into()]
    }
}

impl From<Blocker> for Vec<Blocker> {
    fn from(blocker: Blocker) -> Self {
        vec![blocker]
    }
}

/// Whether better credentials would turn an unknown into an answer (exit code 4), or not (exit code 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cause {
    /// Missing, refused or insufficient credentials.
    Credentials,
    /// Anything else.
    #[default]
    Other,
}

impl Cause {
    /// What several unknowns have in common, if there is any: better credentials help only if they help with each.
    pub fn common(causes: impl IntoIterator<Item = Self>) -> Option<Self> {
        causes.into_iter().reduce(|all, one| if all == one { all } else { Self::Other })
    }
}
