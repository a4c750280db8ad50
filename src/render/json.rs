//! JSON output: keys and their order are part of the interface (`docs/schemas/`).
//!
//! Every string is escaped as JSON, and in addition no control character, no change of direction and no command to
//! a runner of GitHub Actions appears literally. JSON parsers see no difference.

use std::io;

use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter, PrettyFormatter, Serializer};

use super::escape::visible;

/// Rises when a key goes or changes its meaning.
pub const FORMAT_VERSION: &str = "1.0";

/// Anything as JSON, in the form that every command prints: indented, escaped, ending in a newline.
///
/// What cannot be JSON (a map whose keys are not strings) is `null`; no output of gatectl is.
#[must_use]
pub fn to_string(value: &impl Serialize) -> String {
    let mut out = Vec::new();
    let formatter = Visible(PrettyFormatter::new());
    if value.serialize(&mut Serializer::with_formatter(&mut out, formatter)).is_err() {
        return "null\n".to_owned();
    }
    out.push(b'\n');
    String::from_utf8_lossy(&out).into_owned()
}

/// Pretty JSON in which every character can be seen.
struct Visible<'a>(PrettyFormatter<'a>);

impl Formatter for Visible<'_> {
    fn write_string_fragment<W: io::Write + ?Sized>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut before = [' ', ' '];
        for c in fragment.chars() {
            let mut buffer = [0; 4];
            let text = c.encode_utf8(&mut buffer);
            let seen = (' '..='~').contains(&c) || *visible(text) == *text;
            if !seen || (before == ['#', '#'] && c == '[') {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    write!(out, "\\u{unit:04x}")?;
                }
            } else {
                out.write_all(text.as_bytes())?;
            }
            before = [before[1], c];
        }
        Ok(())
    }

    fn write_char_escape<W: io::Write + ?Sized>(&mut self, out: &mut W, escape: CharEscape) -> io::Result<()> {
        self.0.write_char_escape(out, escape)
    }
    fn begin_array<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }
    fn end_array<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }
    fn begin_array_value<W: io::Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }
    fn end_array_value<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }
    fn begin_object<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }
    fn end_object<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }
    fn begin_object_key<W: io::Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }
    fn begin_object_value<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }
    fn end_object_value<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}
