//! A file as it was found, and why it is read.

use std::fmt;

/// A file as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path in the repository, with `/`: `.github/workflows/deploy.yml`. Of a called workflow elsewhere
    /// `OWNER/REPO/.github/workflows/FILE@REF`.
    pub path: String,
    /// Why it is read.
    pub origin: Origin,
    /// Its text, or why there is none.
    pub text: Result<String, NoText>,
}

/// Why there is no text of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoText {
    /// It is not UTF-8.
    NotUtf8(String),
    /// It is larger than this many bytes.
    TooLarge(u64),
    /// It could not be read.
    Unreadable(String),
}

impl NoText {
    /// What to do about it.
    pub const fn fix(&self) -> &'static str {
        match self {
            Self::NotUtf8(_) => "save the file as UTF-8",
            Self::TooLarge(_) => "split it into smaller files",
            Self::Unreadable(_) => "make the file readable, then run gatectl again",
        }
    }
}

impl fmt::Display for NoText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8(why) | Self::Unreadable(why) => f.write_str(why),
            Self::TooLarge(limit) => write!(f, "larger than {limit} bytes"),
        }
    }
}

/// Why a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// GitHub runs it: a workflow of this repository.
    Workflow,
    /// A workflow of this repository calls it in another one.
    Called,
    /// A step runs it: an action or a script of this repository.
    Checkout,
}

impl SourceFile {
    /// A workflow of this repository from its bytes; other than UTF-8 counts as unreadable.
    pub fn new(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        let text = String::from_utf8(bytes.into()).map_err(|error| NoText::NotUtf8(error.utf8_error().to_string()));
        Self { path: path.into(), origin: Origin::Workflow, text }
    }

    /// An action or a script of this repository from its bytes. What is not UTF-8 in it is replaced.
    pub fn script(path: impl Into<String>, bytes: &[u8]) -> Self {
        Self { path: path.into(), origin: Origin::Checkout, text: Ok(String::from_utf8_lossy(bytes).into_owned()) }
    }

    /// A workflow of this repository that could not be read.
    pub fn unread(path: impl Into<String>, why: impl Into<String>) -> Self {
        Self { path: path.into(), origin: Origin::Workflow, text: Err(NoText::Unreadable(why.into())) }
    }

    /// A workflow of this repository that has more bytes than are read.
    pub fn too_large(path: impl Into<String>, limit: u64) -> Self {
        Self { path: path.into(), origin: Origin::Workflow, text: Err(NoText::TooLarge(limit)) }
    }

    /// The same file, read for another reason.
    #[must_use]
    pub fn of(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }
}
