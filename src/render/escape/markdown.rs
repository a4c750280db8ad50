//! GitHub's Markdown: comments, job summaries, issues.
//!
//! Names go into code spans, in which GitHub creates no links and no mentions; prose is escaped character by character.

use super::actions::log_line;
use super::visible;

/// An invisible character that ends GitHub's mentions and autolinks; written as an entity so that
/// the source shows it.
const BREAK: &str = "&#8203;";

/// Text that shows exactly its characters: no markup, no HTML, no links, no mentions, no references.
pub fn text(raw: &str) -> String {
    let raw = visible(raw);
    let mut out = String::with_capacity(raw.len() * 2);
    let ordered = raw.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    for (at, c) in raw.char_indices() {
        let rest = &raw[at + c.len_utf8()..];
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // Cells of a table are split before backslashes are read.
            '|' => out.push_str("&#124;"),
            // Mathematics is looked for in the source by some readers and in the text by others.
            '$' => out.push_str("<span>&#36;</span>"),
            '@' | '#' => {
                out.push(c);
                out.push_str(BREAK);
            }
            '\\' | '`' | '*' | '_' | '[' | ']' | '{' | '}' | '~' | '!' => {
                out.push('\\');
                out.push(c);
            }
            // Lists, headings and rules start a line.
            '-' | '+' | '=' if at == 0 => {
                out.push('\\');
                out.push(c);
            }
            '.' | ')' if at > 0 && raw.len() - at == ordered => {
                out.push('\\');
                out.push(c);
            }
            ':' if rest.starts_with("//") => {
                out.push(c);
                out.push_str(BREAK);
            }
            // `www.` and `GH-1` are links.
            '.' if ends_with(&raw[..at], "www") => {
                out.push_str(BREAK);
                out.push(c);
            }
            '-' if ends_with(&raw[..at], "gh") && rest.starts_with(|c: char| c.is_ascii_digit()) => {
                out.push(c);
                out.push_str(BREAK);
            }
            _ => out.push(c),
        }
    }
    out
}

/// Our own text that may quote text from outside: text in backticks is code, addresses of pages and
/// of commits are code too, so that nothing is linked, and the rest is [`text`].
pub fn prose(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len() * 2);
    // Blanks in front of a line mean code.
    let parts: Vec<&str> = raw.trim_start_matches(' ').split('`').collect();
    for (at, part) in parts.iter().enumerate() {
        let closed = at + 1 < parts.len();
        match (at % 2 == 1, closed) {
            (true, true) if !part.is_empty() => push_code(part, &mut out),
            (true, _) => {
                out.push_str("\\`");
                words(part, &mut out);
                if closed {
                    out.push_str("\\`");
                }
            }
            (false, _) => words(part, &mut out),
        }
    }
    out
}

/// Inline code.
pub fn code(raw: &str) -> String {
    let raw = visible(raw);
    // Backticks would end it, a table would be split at the bar, and outer spaces and emptiness change its meaning.
    // A runner that logs it would execute text after ##.
    if raw.is_empty() || raw.contains(['`', '|']) || raw.contains("##[") || raw.starts_with(' ') || raw.ends_with(' ') {
        format!("<code>{}</code>", text(&raw))
    } else {
        format!("`{raw}`")
    }
}

/// A fenced block; the fence is longer than any run of backticks in it.
pub fn fence(language: &str, lines: &[String]) -> String {
    // A runner may log it.
    let lines: Vec<String> = lines.iter().map(|line| log_line(&visible(line)).into_owned()).collect();
    let longest = lines.iter().flat_map(|line| line.split(|c| c != '`')).map(str::len).max().unwrap_or(0);
    let ticks = "`".repeat(longest.max(2) + 1);
    format!("{ticks}{language}\n{}\n{ticks}\n", lines.join("\n"))
}

/// A link to a page, shown as its address; an address that is not plain https (or http) is code, not a link.
pub fn link(url: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c);
    let web = url.starts_with("https://") || url.starts_with("http://");
    if web && url.chars().all(plain) { format!("<{url}>") } else { code(url) }
}

fn words(part: &str, out: &mut String) {
    let mut plain = String::new();
    for (at, word) in part.split(' ').enumerate() {
        if at > 0 {
            plain.push(' ');
        }
        if is_linked(word) {
            out.push_str(&text(&plain));
            let core = word.trim_end_matches(['.', ',', ':', ';', ')']);
            push_code(core, out);
            plain = word[core.len()..].to_owned();
        } else {
            plain.push_str(word);
        }
    }
    out.push_str(&text(&plain));
}

/// Two neighbors would be read as one code with backticks in it.
fn push_code(raw: &str, out: &mut String) {
    if out.ends_with('`') {
        out.push_str(BREAK);
    }
    out.push_str(&code(raw));
}

/// Whether GitHub would make a link of a word by itself.
fn is_linked(word: &str) -> bool {
    let commit = |run: &str| {
        (7..=64).contains(&run.len()) && run.bytes().all(|b| b.is_ascii_hexdigit()) && run.bytes().any(|b| b.is_ascii_alphabetic())
    };
    word.contains("://") || visible(word).split(|c: char| !c.is_ascii_alphanumeric()).any(commit)
}

fn ends_with(text: &str, ascii: &str) -> bool {
    let at = text.len().checked_sub(ascii.len());
    at.and_then(|at| text.get(at..)).is_some_and(|tail| tail.eq_ignore_ascii_case(ascii))
}
