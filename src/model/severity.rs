//! How bad a finding is.

use serde::Serialize;

/// The severity of a finding, from mildest to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth changing; decides nothing.
    Warning,
    /// Decides the verdict.
    Error,
}

impl Severity {
    /// `error`, `warning`, `info`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}
