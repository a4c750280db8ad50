//! Which secrets a text reads.
//!
//! Owns a scan that errs on the side of "all of them": an index that is not a literal reads every secret.

use super::yaml::{Node, Pos};

/// A secret that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    /// `secrets.NAME`.
    Named(String),
    /// The whole context, such as `toJSON(secrets)` or `secrets[inputs.name]`.
    All,
}

/// Every secret that a node reads, with the position of the scalar that does.
pub fn reads(node: &Node) -> Vec<(Read, Pos)> {
    let mut found = Vec::new();
    node.each_scalar(&mut |scalar, pos| found.extend(in_text(&scalar.text).into_iter().map(|read| (read, pos))));
    found
}

/// Every secret that the `${{ }}` parts of a text read.
pub fn in_text(text: &str) -> Vec<Read> {
    expressions(text).flat_map(in_expression).collect()
}

/// The insides of all `${{ }}` of a text; one that does not end reaches to the end.
pub(super) fn expressions(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, inside) = rest.split_once("${{")?;
        let end = end_of_expression(inside);
        let (expression, after) = inside.split_at_checked(end).unwrap_or((inside, ""));
        rest = after;
        Some(expression)
    })
}

/// A text with a value in the place of each `${{ }}`.
pub(super) fn replaced(text: &str, value: impl Fn(&str) -> String) -> String {
    let mut all = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once("${{") {
        let (expression, after) = inside.split_at_checked(end_of_expression(inside)).unwrap_or((inside, ""));
        all.push_str(before);
        all.push_str(&value(expression));
        rest = after.strip_prefix("}}").unwrap_or(after);
    }
    all.push_str(rest);
    all
}

/// The position of `}}` outside quotes.
fn end_of_expression(inside: &str) -> usize {
    let mut quoted = false;
    for (at, c) in inside.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '}' if !quoted && inside[at..].starts_with("}}") => return at,
            _ => {}
        }
    }
    inside.len()
}

/// The single-quoted strings of an expression, and what is between them.
pub(super) fn split_strings(expression: &str) -> (Vec<&str>, Vec<&str>) {
    let mut outside = Vec::new();
    let mut strings = Vec::new();
    for (n, part) in expression.split('\'').enumerate() {
        if n % 2 == 0 { outside.push(part) } else { strings.push(part) }
    }
    (outside, strings)
}

fn in_expression(expression: &str) -> Vec<Read> {
    let mut found = Vec::new();
    let (outside, strings) = split_strings(expression);
    for (n, part) in outside.iter().enumerate() {
        let mut from = 0;
        while let Some(at) = find_word(part, "secrets", from) {
            let after = part[at + "secrets".len()..].trim_start();
            from = at + "secrets".len();
            let named = if let Some(name) = after.strip_prefix('.') {
                let name: String = name.trim_start().chars().take_while(|c| is_word(*c)).collect();
                (!name.is_empty()).then_some(name)
            } else if after.strip_prefix('[').is_some_and(|rest| rest.trim().is_empty()) {
                // `secrets['NAME']`: the name is the string that follows, and `]` comes right after it.
                let closes = outside.get(n + 1).is_some_and(|next| next.trim_start().starts_with(']'));
                strings.get(n).filter(|_| closes).map(|name| (*name).to_owned())
            } else {
                None
            };
            found.push(named.map_or(Read::All, Read::Named));
        }
    }
    found
}

/// The positions of a word as a context: not part of a longer name, not a property.
fn find_word(text: &str, word: &str, from: usize) -> Option<usize> {
    let lower = text.to_ascii_lowercase();
    let mut at = from;
    while let Some(found) = lower.get(at..).and_then(|rest| rest.find(word)) {
        let start = at + found;
        let before = text[..start].trim_end().chars().next_back();
        let touches = text[..start].chars().next_back().is_some_and(is_word);
        let follows = text[start + word.len()..].chars().next().is_some_and(is_word);
        if !touches && !follows && before != Some('.') {
            return Some(start);
        }
        at = start + word.len();
    }
    None
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(name: &str) -> Read {
        Read::Named(name.to_owned())
    }

    #[test]
    fn a_name_is_read_in_each_spelling() {
        for text in [
            "${{ secrets.KEY }}",
            "x ${{secrets.KEY}} y",
            "${{ SECRETS['KEY'] }}",
            "${{ secrets [ 'KEY' ] }}",
            "${{ a && secrets.KEY || '' }}",
        ] {
            assert_eq!(in_text(text), [named("KEY")], "{text}");
        }
        assert_eq!(in_text("${{ secrets.A }}:${{ secrets.B }}"), [named("A"), named("B")]);
        assert_eq!(in_text("${{ format('{0}}}', secrets.A) }}"), [named("A")]);
    }

    #[test]
    fn what_names_no_secret_reads_all() {
        for text in [
            "${{ toJSON(secrets) }}",
            "${{ secrets[inputs.name] }}",
            "${{ secrets[format('A_{0}', inputs.b)] }}",
            "${{ secrets.* }}",
            "${{ secrets['A' || 'B'] }}",
        ] {
            assert!(in_text(text).contains(&Read::All), "{text}");
        }
    }

    #[test]
    fn words_that_only_look_like_it_read_nothing() {
        for text in [
            "secrets.KEY",
            "${{ 'secrets.KEY' }}",
            "${{ env.secrets.KEY }}",
            "${{ my-secrets.KEY }}",
            "${{ needs.secrets_x }}",
            "echo $secrets",
        ] {
            assert_eq!(in_text(text), [], "{text}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "[${}'é.\\[\\] secrtA]{0,40}") {
            let _ = in_text(&text);
        }
    }
}
