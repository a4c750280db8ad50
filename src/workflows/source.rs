//! A file as it was found, and why it is read.

/// A file as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path in the repository, with `/`: `.github/workflows/deploy.yml`. Of a called workflow elsewhere
    /// `OWNER/REPO/.github/workflows/FILE@REF`.
    pub path: String,
    /// Why it is read.
    pub origin: Origin,
    /// Its text, or why it could not be read.
    pub text: Result<String, String>,
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
    #[must_use]
    pub fn new(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        let text = String::from_utf8(bytes.into()).map_err(|error| error.utf8_error().to_string());
        Self { path: path.into(), origin: Origin::Workflow, text }
    }

    /// A workflow of this repository that could not be read.
    #[must_use]
    pub fn unread(path: impl Into<String>, why: impl Into<String>) -> Self {
        Self { path: path.into(), origin: Origin::Workflow, text: Err(why.into()) }
    }

    /// The same file, read for another reason.
    #[must_use]
    pub fn of(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }
}
