//! The functions of the language: their names, their arity, and their results for known values.

use super::json;
use super::text::{Failure, Text};
use super::value::{Value, compare, fold};

/// A function about the result of the needed jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StatusFunction {
    /// `success()`.
    Success,
    /// `failure()`.
    Failure,
    /// `cancelled()`.
    Cancelled,
    /// `always()`.
    Always,
}

/// A function that GitHub knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Contains,
    StartsWith,
    EndsWith,
    Format,
    Join,
    ToJson,
    FromJson,
    Case,
    HashFiles,
    Status(StatusFunction),
}

const ALL: [(&str, Function); 13] = [
    ("contains", Function::Contains),
    ("startsWith", Function::StartsWith),
    ("endsWith", Function::EndsWith),
    ("format", Function::Format),
    ("join", Function::Join),
    ("toJSON", Function::ToJson),
    ("fromJSON", Function::FromJson),
    ("case", Function::Case),
    ("hashFiles", Function::HashFiles),
    ("success", Function::Status(StatusFunction::Success)),
    ("failure", Function::Status(StatusFunction::Failure)),
    ("cancelled", Function::Status(StatusFunction::Cancelled)),
    ("always", Function::Status(StatusFunction::Always)),
];

impl Function {
    /// The function of a name, in any case.
    pub(super) fn named(name: &str) -> Option<Self> {
        ALL.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, function)| *function)
    }

    /// The name as the documentation spells it.
    pub(super) fn name(self) -> &'static str {
        ALL.iter().find(|(_, function)| *function == self).map_or("", |(name, _)| name)
    }

    /// What GitHub says of a call with this many arguments, if its function does not take as many.
    pub(super) fn complaint(self, count: usize) -> Option<&'static str> {
        let (least, most) = match self {
            Self::Contains | Self::StartsWith | Self::EndsWith => (2, 2),
            Self::Format | Self::HashFiles => (1, 255),
            Self::Join => (1, 2),
            Self::ToJson | Self::FromJson => (1, 1),
            Self::Case => (3, usize::MAX),
            Self::Status(StatusFunction::Success | StatusFunction::Failure) => (0, usize::MAX),
            Self::Status(StatusFunction::Always | StatusFunction::Cancelled) => (0, 0),
        };
        match count {
            _ if count < least => Some("Too few parameters supplied"),
            _ if count > most => Some("Too many parameters supplied"),
            _ if self == Self::Case && count.is_multiple_of(2) => {
                Some("Even number of parameters supplied, requires an odd number of parameters")
            }
            _ => None,
        }
    }
}

/// `contains(search, item)`: an element of an array by `==`, or text within text without case.
pub(super) fn contains(search: &Value, item: &Value) -> bool {
    match search {
        Value::Array(items) => items.iter().any(|known| compare(item, known).is_some_and(std::cmp::Ordering::is_eq)),
        Value::Object(_) => false,
        _ => texts(search, item).is_some_and(|(search, item)| search.contains(&item)),
    }
}

/// `startsWith(text, start)`, without case.
pub(super) fn starts_with(text: &Value, start: &Value) -> bool {
    texts(text, start).is_some_and(|(text, start)| text.starts_with(&start))
}

/// `endsWith(text, end)`, without case.
pub(super) fn ends_with(text: &Value, end: &Value) -> bool {
    texts(text, end).is_some_and(|(text, end)| text.ends_with(&end))
}

/// Both as text that compares without case; none when one is a collection.
fn texts(left: &Value, right: &Value) -> Option<(String, String)> {
    (left.is_primitive() && right.is_primitive()).then(|| (fold(&left.to_text()), fold(&right.to_text())))
}

/// `join(array, separator)`.
pub(super) fn join(array: &Value, separator: Option<&Value>) -> Result<Value, Failure> {
    let separator = separator.filter(|value| value.is_primitive()).map_or_else(|| ",".to_owned(), Value::to_text);
    let mut text = Text::default();
    match array {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push(&separator)?;
                }
                text.push(&item.to_text())?;
            }
        }
        Value::Object(_) => {}
        _ => text.push(&array.to_text())?,
    }
    Ok(Value::String(text.into_string()))
}

/// `toJSON(value)`.
pub(super) fn to_json(value: &Value) -> Result<Value, Failure> {
    Ok(Value::String(json::write(value)?))
}

/// `fromJSON(text)`.
pub(super) fn from_json(value: &Value) -> Result<Value, Failure> {
    let text = value.to_text();
    if text.trim().is_empty() {
        return Err(Failure::Error("empty input".to_owned()));
    }
    json::read(&text)
}

/// A piece of a format string.
pub(super) enum Piece<'a> {
    Text(&'a str),
    /// The argument of a number, counted without the format string itself.
    Arg(usize),
}

/// Cuts a format string: `{0}` is an argument, `{{` and `}}` are braces.
pub(super) fn format_pieces(format: &str, args: usize) -> Result<Vec<Piece<'_>>, Failure> {
    let invalid = || Failure::Error(format!("The following format string is invalid: {format}"));
    let mut pieces = Vec::new();
    let mut rest = format;
    while let Some(brace) = rest.find(['{', '}']) {
        let (before, from_brace) = rest.split_at(brace);
        if from_brace.starts_with("{{") || from_brace.starts_with("}}") {
            pieces.push(Piece::Text(rest.get(..=brace).unwrap_or_default()));
            rest = from_brace.get(2..).unwrap_or_default();
            continue;
        }
        let (number, after) = from_brace.strip_prefix('{').and_then(|inner| inner.split_once('}')).ok_or_else(invalid)?;
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return Err(invalid());
        }
        let index: usize = number.parse::<u8>().map_err(|_| invalid())?.into();
        if index >= args {
            return Err(Failure::Error(format!("The following format string references more arguments than were supplied: {format}")));
        }
        pieces.push(Piece::Text(before));
        pieces.push(Piece::Arg(index));
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    Ok(pieces)
}

/// Puts the arguments into the pieces; an unused argument is not evaluated.
pub(super) fn fill(pieces: &[Piece<'_>], arg: impl Fn(usize) -> String) -> Result<Value, Failure> {
    let mut text = Text::default();
    for piece in pieces {
        match piece {
            Piece::Text(part) => text.push(part)?,
            Piece::Arg(index) => text.push(&arg(*index))?,
        }
    }
    Ok(Value::String(text.into_string()))
}
