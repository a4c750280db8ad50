//! Breaks styled text into lines between words.

use unicode_width::UnicodeWidthStr;

use super::document::{Role, Span};
use super::escape::{MAX_PROSE, actions, bounded, visible};
use super::style::Style;

/// Characters of one span. What was cut before is not cut again: there is room for its saying so.
const MAX_SPAN: usize = MAX_PROSE + 50;

/// Lays spans out as finished lines.
///
/// `lead` stands in front of the first line, `hang` blanks in front of the others. Spans are cut and escaped here, leads are
/// ours. Words are never broken: an address or a page can be copied from the output.
pub(crate) fn wrap(lead: &Span, spans: &[Span], hang: usize, style: Style) -> Vec<String> {
    wrap_under(lead, &Span::plain(" ".repeat(hang)), spans, style)
}

/// As [`wrap`], with `rest` in front of every line but the first.
pub(crate) fn wrap_under(lead: &Span, rest: &Span, spans: &[Span], style: Style) -> Vec<String> {
    let hang = rest.text.width();
    let mut lines = vec![Vec::new()];
    let mut used = lead.text.width();
    let (mut fresh, mut first) = (true, true);
    for token in tokens(spans) {
        let width: usize = token.word.iter().map(|part| part.text.width()).sum();
        // A word that fits on no line may as well stay on this one.
        if !fresh && used + token.blanks + width > style.width && hang + width <= style.width {
            lines.push(Vec::new());
            used = hang;
            fresh = true;
        }
        let Some(line) = lines.last_mut() else { break };
        // Blanks at a break go, those at the very start are indentation.
        if !fresh || first {
            line.push(Span::new(token.role, " ".repeat(token.blanks)));
            used += token.blanks;
        }
        used += width;
        (fresh, first) = (false, false);
        line.extend(token.word);
    }
    lines.iter().enumerate().map(|(at, line)| finish(if at == 0 { lead } else { rest }, line, style)).collect()
}

/// The text of one line, painted. No line ends in blanks, and none is a command to a runner of GitHub Actions.
fn finish(lead: &Span, line: &[Span], style: Style) -> String {
    let mut parts: Vec<Span> = Vec::new();
    for span in std::iter::once(lead).chain(line) {
        match parts.last_mut() {
            Some(last) if last.role == span.role => last.text.push_str(&span.text),
            _ => parts.push(span.clone()),
        }
    }
    while let Some(last) = parts.last_mut() {
        last.text.truncate(last.text.trim_end_matches(' ').len());
        if !last.text.is_empty() {
            break;
        }
        parts.pop();
    }
    let plain: String = parts.iter().map(|part| part.text.as_str()).collect();
    let safe = actions::log_line(&plain);
    if safe == plain { parts.iter().map(|part| style.paint(part.role, &part.text)).collect() } else { safe.into_owned() }
}

/// A word that may change its role on the way, and the blanks in front of it.
struct Token {
    blanks: usize,
    role: Role,
    word: Vec<Span>,
}

/// The words of a text. A command is one word, so that it can be pasted (law 9): between backticks, or as the end of a text that
/// begins with it or leads to it with a colon.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut rest = text;
    loop {
        let leads = words.last().is_none_or(|word| word.is_empty() || word.ends_with(':'));
        if leads && ["gatectl ", "gh ", "heroku "].iter().any(|start| rest.starts_with(start)) {
            words.push(rest.to_owned());
            return words;
        }
        let command = ["`gatectl ", "`gh ", "`heroku "].iter().any(|start| rest.trim_start_matches(['(', '"']).starts_with(start));
        let close = rest.char_indices().filter(|(_, c)| *c == '`').nth(1).map(|(at, _)| at).filter(|_| command);
        let from = close.unwrap_or(0);
        match rest.get(from..).and_then(|tail| tail.find(' ')) {
            Some(at) => {
                let (word, tail) = rest.split_at(from + at);
                words.push(word.to_owned());
                rest = tail.strip_prefix(' ').unwrap_or(tail);
            }
            None => {
                words.push(rest.to_owned());
                return words;
            }
        }
    }
}

fn tokens(spans: &[Span]) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut blanks = 0;
    let mut joined = false;
    for span in spans {
        for (at, word) in words(&visible(&bounded(&span.text, MAX_SPAN))).into_iter().enumerate() {
            if at > 0 {
                blanks += 1;
                joined = false;
            }
            if word.is_empty() {
                continue;
            }
            let part = Span::new(span.role, word);
            match tokens.last_mut() {
                Some(last) if joined => last.word.push(part),
                _ => tokens.push(Token { blanks, role: if at > 0 { span.role } else { Role::Plain }, word: vec![part] }),
            }
            blanks = 0;
            joined = true;
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_to_paste_stands_on_one_line() {
        let text = "Next: run `gatectl apply --environment production --allow-weaken` (or `gh auth login` first), `never closed";
        let expected = [
            "Next:",
            "run",
            "`gatectl apply --environment production --allow-weaken`",
            "(or",
            "`gh auth login`",
            "first),",
            "`never",
            "closed",
        ];
        assert_eq!(words(text), expected);
        assert_eq!(words("`gatectl plan"), ["`gatectl", "plan"], "one that does not end is text");
        let lines = wrap(&Span::plain("hint: "), &[Span::plain(text)], 4, Style { width: 30, ..Style::PLAIN });
        assert!(lines.iter().any(|line| line.contains("`gatectl apply --environment production --allow-weaken`")), "{lines:?}");
    }
}
