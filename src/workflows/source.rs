//! A file as it was found, and why it is read.

use super::yaml::{Pos, Problem};

/// A file as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path in the repository, with `/`: `.github/workflows/deploy.yml`. Of a called workflow elsewhere
    /// `OWNER/REPO/.github/workflows/FILE@REF`.
    pub path: String,
    /// Why it is read.
    pub origin: Origin,
    /// Its text, or why there is none.
    pub text: Result<String, Unreadable>,
}

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Where, and why.
    pub problem: Problem,
    /// What to do about it, if it is not its text that is wrong.
    pub fix: Option<&'static str>,
}

impl Unreadable {
    fn without_text(why: String, fix: &'static str) -> Self {
        Self { problem: Problem { pos: Pos { line: 1, col: 1 }, why }, fix: Some(fix) }
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
        let text = String::from_utf8(bytes.into())
            .map_err(|error| Unreadable::without_text(error.utf8_error().to_string(), "save the file as UTF-8"));
        Self { path: path.into(), origin: Origin::Workflow, text }
    }

    /// An action or a script of this repository from its bytes. What is not UTF-8 in it is replaced.
    pub fn script(path: impl Into<String>, bytes: &[u8]) -> Self {
        Self { path: path.into(), origin: Origin::Checkout, text: Ok(String::from_utf8_lossy(bytes).into_owned()) }
    }

    /// A workflow of this repository that could not be read.
    pub fn unread(path: impl Into<String>, why: impl Into<String>) -> Self {
        Self::without_text(path, why.into(), "make the file readable, then run gatectl again")
    }

    /// A workflow of this repository that has more bytes than are read.
    pub fn too_large(path: impl Into<String>, limit: u64) -> Self {
        Self::without_text(path, format!("larger than {limit} bytes"), "split it into smaller files")
    }

    fn without_text(path: impl Into<String>, why: String, fix: &'static str) -> Self {
        Self { path: path.into(), origin: Origin::Workflow, text: Err(Unreadable::without_text(why, fix)) }
    }

    /// The same file, read for another reason.
    #[must_use]
    pub fn of(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }
}
