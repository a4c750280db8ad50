//! Escapes text from outside, for each medium in its own way.
//!
//! Owns every rule of escaping. What every medium shares is here: [`visible`] leaves nothing that a reader cannot see.
//! Must not know documents.
//! Tested in its `tests.rs` and by `tests/render/`.

pub mod actions;
pub mod markdown;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar;

/// Prose that is longer than this is cut, and says so.
pub(crate) const MAX_PROSE: usize = 4_000;
/// The same for a value, a name, a cell of a table.
pub(crate) const MAX_VALUE: usize = 1_000;
/// How many combining marks one character may carry; more of them would overlap neighboring lines.
const MAX_MARKS: usize = 3;

/// Writes every invisible character as an escape: `\n`, `\u{1b}`, `\u{202e}`.
///
/// What is left is one line of characters that each take space in place: no controls, no escape sequences, no
/// change of direction, nothing of zero width, no space but the plain one.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // At the start there is no character for a combining mark to attach to.
    let mut marks = MAX_MARKS;
    for c in text.chars() {
        let combines = c.width() == Some(0) && !is_ignorable(c);
        marks = if combines { marks + 1 } else { 0 };
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' ' => out.push(' '),
            _ if c.width().is_none() || c.is_whitespace() || is_ignorable(c) || marks > MAX_MARKS => {
                // Writing into a string cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
                marks = MAX_MARKS;
            }
            _ => out.push(c),
        }
    }
    out
}

/// Cuts a text after `max` characters and says how many are missing.
pub fn bounded(text: &str, max: usize) -> Cow<'_, str> {
    match text.char_indices().nth(max) {
        None => Cow::Borrowed(text),
        Some((end, _)) => {
            let (head, tail) = text.split_at(end);
            Cow::Owned(format!("{head}... ({} more characters)", tail.chars().count()))
        }
    }
}

/// A name as it is, or in quotes if its ends would be unclear.
pub fn word(name: &str) -> String {
    if !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || (c.is_ascii_graphic() && c != '"' && c != '\\')) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// A string between quotes; quotes and backslashes in it are escaped, so that no two strings look the same.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

/// Whether a character is drawn as nothing: Unicode's `Default_Ignorable_Code_Point`, the separators and annotation
/// marks beside them, and the interlinear and shorthand controls.
const fn is_ignorable(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}
