//! JSON output: keys and their order are part of the interface (`docs/schemas/`).
//!
//! Every string is escaped as JSON, and in addition no control character, no change of direction and no command to
//! a runner of GitHub Actions appears literally. JSON parsers see no difference.

use serde::Serialize;

use super::escape::visible;

/// Rises when a key goes or changes its meaning.
pub const FORMAT_VERSION: &str = "1.0";

/// Anything as JSON, in the form that every command prints: indented, escaped, ending in a newline.
///
/// What cannot be JSON (a map whose keys are not strings) is `null`; no output of gatectl is.
pub fn to_string(value: &impl Serialize) -> String {
    let Ok(pretty) = serde_json::to_string_pretty(value) else { return "null\n".to_owned() };
    let mut out = String::with_capacity(pretty.len() + 1);
    let mut before = [' ', ' '];
    // A line break can only be one of the layout: in a string it is escaped already.
    for c in pretty.chars() {
        let seen = c == '\n' || (' '..='~').contains(&c) || visible(c.encode_utf8(&mut [0; 4])) == c.to_string();
        if !seen || (before == ['#', '#'] && c == '[') {
            out.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
        before = [before[1], c];
    }
    out.push('\n');
    out
}
