//! What is printed when a command fails: `error:`, its causes, a blank line, `hint:`.

use std::fmt;

use crate::http::ApiError;
use crate::model::Unknown;
use crate::render::escape::{MAX_PROSE, bounded};
use crate::render::wrap;
use crate::render::{Role, Span, Style};

use super::scope::RunScope;

/// The next step if a server did not name a better one.
const AFTER_A_REQUEST: &str = "run again with -v to see each request";

/// An error that knows its next step; also useful as the context of another error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hinted {
    /// What is wrong.
    pub message: String,
    /// The next step.
    pub hint: String,
}

impl Hinted {
    /// What is wrong, and the next step.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

impl fmt::Display for Hinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Hinted {}

/// The error as it is printed, ending in a newline: what failed, why, and what to do now, within the scope of the run.
pub fn render(error: &anyhow::Error, style: Style, scope: &RunScope) -> String {
    let mut lines = Vec::new();
    for (at, cause) in causes(error).iter().enumerate() {
        lines.extend(message_lines(if at == 0 { "error:" } else { "  caused by:" }, Role::Failure, cause, style));
    }
    lines.push(String::new());
    for hint in hints(error) {
        lines.extend(message_lines("hint:", Role::Strong, &scope.repeat(&hint), style));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// What failed and why, and what to do now, for a program.
pub fn parts(error: &anyhow::Error, scope: &RunScope) -> (String, String) {
    (causes(error).join(": "), scope.repeat(&hints(error).join("\n")))
}

/// What failed and why, without what was said before: some libraries repeat their source in their own words.
fn causes(error: &anyhow::Error) -> Vec<String> {
    let mut causes: Vec<String> = Vec::new();
    for cause in error.chain().map(ToString::to_string) {
        if !causes.iter().any(|told| told.contains(&cause)) {
            causes.push(cause);
        }
    }
    causes
}

/// Every next step that the chain knows, the outermost first.
fn hints(error: &anyhow::Error) -> Vec<String> {
    let of_cause = |cause: &(dyn std::error::Error + 'static)| {
        let api = cause.downcast_ref::<ApiError>().and_then(|api| api.hint.clone());
        let unknown = || cause.downcast_ref::<Unknown>().map(|unknown| unknown.hint.clone());
        api.or_else(unknown).or_else(|| cause.downcast_ref::<Hinted>().map(|hinted| hinted.hint.clone()))
    };
    // The chain does not show what a context is, only the error itself does.
    let of_context = error.downcast_ref::<Hinted>().map(|hinted| hinted.hint.clone());
    let mut hints = Vec::new();
    for hint in of_context.into_iter().chain(error.chain().filter_map(of_cause)) {
        if !hint.is_empty() && !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    if hints.is_empty() {
        let asked = error.chain().any(|cause| cause.is::<ApiError>());
        let on_disk = error.chain().any(|cause| cause.is::<std::io::Error>());
        hints.push(match (asked, on_disk) {
            (true, _) => AFTER_A_REQUEST.to_owned(),
            (false, true) => "check that the path exists, and that you may read and write it".to_owned(),
            (false, false) => "`gatectl --help` shows every command".to_owned(),
        });
    }
    hints
}

/// Each line but the first is indented, so that none can be mistaken for our own line.
fn message_lines(title: &str, role: Role, message: &str, style: Style) -> Vec<String> {
    let message = bounded(message, MAX_PROSE);
    let mut lines = Vec::new();
    for (at, line) in message.trim_end_matches('\n').split('\n').enumerate() {
        let lead = if at == 0 { Span::new(role, format!("{title} ")) } else { Span::plain("    ") };
        lines.extend(wrap(&lead, &[Span::plain(line)], 4, style));
    }
    lines
}
