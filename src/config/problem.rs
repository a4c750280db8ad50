//! The problems of a file, as data.

use serde::Serialize;

use super::position::{Lines, Position, Span};

/// The largest gate.toml that is read, in bytes: far above any real one, far below what would exhaust memory.
pub const MAX_BYTES: usize = 1024 * 1024;

/// One problem of a file. `At` says where: a [`Position`], or only bytes while the file is being read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem<At = Position> {
    /// What the caret points at.
    #[serde(flatten)]
    pub at: At,
    /// What is wrong: one sentence without a full stop. May hold text of the file, unescaped and bounded.
    pub message: String,
    /// A few words next to the caret; may be empty.
    pub label: String,
    /// The next step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// A second place that belongs to the problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub related: Option<Related<At>>,
}

/// A second place of a problem, such as the first of two equal names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Related<At = Position> {
    /// Where it is.
    #[serde(flatten)]
    pub at: At,
    /// What it is.
    pub label: String,
}

impl Problem<Span> {
    pub(super) fn new(at: Span, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), label: String::new(), help: None, related: None }
    }

    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn related(mut self, at: Span, label: impl Into<String>) -> Self {
        self.related = Some(Related { at, label: label.into() });
        self
    }
}

/// Every problem of a file, in the order of its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problems {
    /// The file as the user named it.
    pub path: String,
    /// Its text, without a byte order mark.
    #[serde(skip)]
    pub text: String,
    /// At least one.
    pub problems: Vec<Problem>,
}

/// Collects problems while a file is read.
pub(super) struct Sink<'t> {
    text: &'t str,
    found: Vec<Problem<Span>>,
    warnings: Vec<Problem<Span>>,
    /// The lines on which the text is not TOML, in order; what was read from there is a guess.
    broken: Vec<Span>,
}

impl<'t> Sink<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, found: Vec::new(), warnings: Vec::new(), broken: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The text of the file at a span.
    pub(super) fn source(&self, span: &Span) -> &'t str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    /// Adds a problem, unless it is about a line that is not TOML: the parser's own words come first there.
    pub(super) fn push(&mut self, problem: Problem<Span>) {
        let after = self.broken.partition_point(|line| line.end < problem.at.start);
        if self.broken.get(after).is_none_or(|line| problem.at.start < line.start) {
            self.found.push(problem);
        }
    }

    /// Adds something that is allowed but probably not intended: `validate` shows it.
    pub(super) fn warn(&mut self, warning: Problem<Span>) {
        self.warnings.push(warning);
    }

    /// Adds a problem about something missing in the file: if the text is not TOML, it may have been swallowed.
    pub(super) fn push_absence(&mut self, problem: Problem<Span>) {
        if self.broken.is_empty() {
            self.found.push(problem);
        }
    }

    /// Adds what the TOML parser refused. Nesting beyond its limit is one problem, and the only one.
    pub(super) fn syntax(&mut self, errors: &[toml::de::Error]) {
        if let Some(error) = errors.iter().find(|e| e.message().contains("recurs")) {
            let at = error.span().unwrap_or_default();
            self.found = vec![
                Problem::new(at.start..at.start, "nested too deeply")
                    .label("gate.toml is never this deep")
                    .help("close the brackets, or remove what is nested here"),
            ];
            self.broken = std::iter::once(0..usize::MAX).collect();
            return;
        }
        let mut errors: Vec<_> = errors.iter().map(|e| (e.span().unwrap_or(self.text.len()..self.text.len()), e.message())).collect();
        errors.sort_by_key(|(at, _)| at.start);
        let mut told = None;
        for (at, message) in errors {
            // The parser's later words on a line only follow from the first.
            if told.is_some_and(|end| at.start <= end) {
                continue;
            }
            let line = self.line(at.start);
            told = Some(line.end);
            if self.broken.last().is_none_or(|before| before.end < line.end) {
                self.broken.push(line.start..self.misled(&line, message));
            }
            self.found.push(Problem::new(at, message).label("not valid TOML").help(syntax_help(message)));
        }
    }

    /// The position from which the text can be trusted again: below an invalid header, keys went to the wrong table until the next one.
    fn misled(&self, line: &Span, message: &str) -> usize {
        if !self.source(line).trim_start().starts_with('[') || message.contains("duplicate") {
            return line.end;
        }
        self.text.get(line.end..).and_then(|rest| rest.find("\n[")).map_or(self.text.len(), |next| line.end + next)
    }

    pub(super) fn too_large(&mut self) {
        let limit = MAX_BYTES;
        self.found.push(
            Problem::new(0..0, format!("larger than {limit} bytes"))
                .label(format!("{} bytes", self.text.len()))
                .help("a gate.toml holds a few tables; check that this is the right file"),
        );
    }

    /// Puts the problems in the order of the text and counts their lines and columns.
    pub(super) fn finish(self, path: &str) -> Problems {
        Problems { path: path.to_owned(), text: self.text.to_owned(), problems: located(self.text, self.found) }
    }

    /// The warnings of a file without problems, in the order of the text.
    pub(super) fn into_warnings(self) -> Vec<Problem> {
        located(self.text, self.warnings)
    }

    fn line(&self, offset: usize) -> Span {
        let offset = self.text.floor_char_boundary(offset);
        let start = self.text[..offset].rfind('\n').map_or(0, |i| i + 1);
        let end = self.text[offset..].find('\n').map_or(self.text.len(), |i| offset + i);
        start..end
    }
}

/// In the order of the text, with lines and columns counted.
fn located(text: &str, mut found: Vec<Problem<Span>>) -> Vec<Problem> {
    found.sort_by_key(|p| (p.at.start, p.at.end));
    found.dedup();
    let mut lines = Lines::new(text);
    let mut elsewhere = Lines::new(text);
    found
        .into_iter()
        .map(|Problem { at, message, label, help, related }| Problem {
            at: lines.locate(&at),
            message,
            label,
            help,
            related: related.map(|Related { at, label }| Related { at: elsewhere.locate(&at), label }),
        })
        .collect()
}

/// The next step for the most common typos; the parser's own message covers the rest.
fn syntax_help(message: &str) -> &'static str {
    if message.contains("duplicate key") {
        "each key and each table is written once; merge the two"
    } else if message.contains("unclosed table") {
        "close the bracket; a name with a space or a dot is quoted: [environments.\"eu west\"]"
    } else if message.contains("must be quoted") {
        "put the text in double quotes"
    } else {
        "correct the line; https://toml.io/en/v1.1.0 has the rules"
    }
}
