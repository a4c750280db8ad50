//! GitHub Actions: what a runner reads from a log, and the files a step writes.

use std::borrow::Cow;

use super::visible;

/// Defuses a line that a runner would execute as a command.
///
/// A runner executes `::name::` at the start of a line, blanks not counted, and the older `##[name]` anywhere in it.
pub fn log_line(line: &str) -> Cow<'_, str> {
    let start = line.len() - line.trim_start().len();
    if line[start..].starts_with("::") {
        let disarmed = format!("{}\\u{{3a}}{}", &line[..start], &line[start + 1..]);
        return Cow::Owned(log_line(&disarmed).into_owned());
    }
    if line.contains("##[") { Cow::Owned(line.replace("##[", "#\\u{23}[")) } else { Cow::Borrowed(line) }
}

/// Defuses every line of a text that other code formatted.
pub fn log_text(text: &str) -> String {
    text.split('\n').map(log_line).collect::<Vec<_>>().join("\n")
}

/// A workflow command: `::error file=gate.toml,line=3::message`. Newlines of the message stay newlines.
///
/// `name` and the keys of the properties are ours; values and message may be anything. Empty values are left out.
pub fn command(name: &str, properties: &[(&str, &str)], message: &str) -> String {
    let properties: Vec<String> =
        properties.iter().filter(|(_, value)| !value.is_empty()).map(|(key, value)| format!("{key}={}", property(value))).collect();
    let properties = if properties.is_empty() { String::new() } else { format!(" {}", properties.join(",")) };
    let message: Vec<String> = message.split('\n').map(data).collect();
    format!("::{name}{properties}::{}", message.join("%0A")).replace("##[", "#\\u{23}[")
}

/// One entry of `$GITHUB_OUTPUT`, with its line end.
///
/// A value of several lines goes between delimiters that no line of it equals, so that it cannot end early.
pub fn output(name: &str, value: &str) -> String {
    if !value.contains(['\n', '\r']) {
        return format!("{name}={value}\n");
    }
    let taken = |delimiter: &str| value.split(['\n', '\r']).any(|line| line == delimiter);
    // There are fewer lines than numbers, so one is free.
    let delimiter = (0_usize..).map(|n| format!("gatectl_{n}")).find(|delimiter| !taken(delimiter)).unwrap_or_default();
    format!("{name}<<{delimiter}\n{value}\n{delimiter}\n")
}

fn data(text: &str) -> String {
    // `visible` has already replaced what would be %0D and %0A.
    visible(text).replace('%', "%25")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
