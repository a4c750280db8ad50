//! How a command fails: the errors that decide an exit code, that code, and its message.
//!
//! Tested in `tests/program/usage.rs`, `signals.rs` and `unread.rs`.

use crate::config::{LoadError, Problem, Problems};
use crate::exit::Exit;
use crate::http::ApiError;
use crate::model::{Severity, Unknown};
use crate::render::escape::actions::log_text;
use crate::render::{Finding, Location, Style};
use crate::views::diagnostic::{self, Hinted};

use super::output::scope;

/// An error that says what is wrong and the next step.
pub(super) fn hinted(message: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
    Hinted::new(message, hint).into()
}

/// The user stopped the run; says how far it got. It is the context of the resulting error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interrupted(pub(super) String);

impl Interrupted {
    /// The error of a run that a stop ended, and the next step.
    pub(super) fn with(what: &str, hint: &str) -> anyhow::Error {
        hinted(what, hint).context(Self(what.to_owned()))
    }

    /// The same if no write was sent.
    pub(super) fn unchanged() -> anyhow::Error {
        Self::with("nothing was changed", "run the same command again")
    }
}

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "interrupted: {}", self.0)
    }
}

impl std::error::Error for Interrupted {}

/// Why a saved plan cannot be applied: what it was made from has moved (exit code 5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stale(pub(super) String);

impl std::fmt::Display for Stale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Stale {}

/// The exit code for an error that ended a command.
pub fn exit_of(error: &anyhow::Error) -> Exit {
    if error.is::<Interrupted>() {
        Exit::Interrupted
    } else if error.is::<Stale>() {
        Exit::Stale
    } else {
        let api = error.downcast_ref::<ApiError>().map(|error| error.unknown().cause);
        let cause = api.or_else(|| error.downcast_ref::<Unknown>().map(|unknown| unknown.cause));
        cause.map_or(Exit::Error, Exit::from)
    }
}

/// What failed and the next step, as `--format json` has them.
pub(super) fn told(error: &anyhow::Error) -> (String, String) {
    match error.downcast_ref() {
        Some(LoadError::Problems(problems)) => (problems.lines(), scope().repeat("correct the file, then run `gatectl validate`")),
        Some(LoadError::Unreadable(file)) => (file.to_string(), scope().repeat(&file.help)),
        None => diagnostic::parts(error, scope()),
    }
}

/// The error as `--format github` has it: each problem of gate.toml at its place, or the error without one.
pub(super) fn findings(error: &anyhow::Error) -> Vec<Finding> {
    if let Some(LoadError::Problems(Problems { path, problems, .. })) = error.downcast_ref() {
        return problems.iter().map(|problem| of_gate_file(Severity::Error, path, problem)).collect();
    }
    let (message, hint) = told(error);
    vec![Finding::new(Severity::Error, "failed", "gatectl", message, hint)]
}

/// A problem of gate.toml, or a warning about it, at its place.
pub(super) fn of_gate_file(severity: Severity, path: &str, problem: &Problem) -> Finding {
    let place = Location { file: path.to_owned(), line: problem.at.line, col: problem.at.column };
    Finding::at(severity, "gate-toml", place, &problem.message, problem.help.as_deref().unwrap_or_default())
}

/// The error as it is printed on stderr: problems of gate.toml with their excerpts, anything else as a chain with a next step.
pub fn explain(error: &anyhow::Error) -> String {
    let style = Style::stderr();
    match error.downcast_ref() {
        Some(LoadError::Problems(problems)) => log_text(&if style.color { problems.styled() } else { problems.plain() }) + "\n",
        Some(LoadError::Unreadable(file)) => diagnostic::render(&hinted(file.to_string(), &file.help), style, scope()),
        None => diagnostic::render(error, style, scope()),
    }
}
