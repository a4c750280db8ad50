//! Small pieces that several views share.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::render::{Block, Glyph, Heading, Role, Row, Span};

/// A moment as people read it.
pub(crate) fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

/// The first digits of a commit.
pub(crate) fn short(sha: &str) -> String {
    sha.chars().take(7).collect()
}

/// The line above a section: with its sign, or plain if there is nothing to point at.
pub(crate) fn heading(glyph: Glyph, subject: &str, text: &str) -> Heading {
    match glyph {
        Glyph::None => Heading { glyph, subject: None, text: format!("{subject}: {text}") },
        _ => Heading::of(glyph, subject, text),
    }
}

/// A line `label: value`.
pub(crate) fn row(label: &str, role: Role, value: impl Into<String>) -> Block {
    Block::Row(Row { level: 1, label: Some(label.to_owned()), spans: vec![Span::new(role, value)], ..Row::default() })
}

/// `1 deployment`, `2 deployments`, `2 repositories`, `2 addresses`.
pub(crate) fn count(n: usize, what: &str) -> String {
    match what.strip_suffix('y') {
        _ if n == 1 => format!("1 {what}"),
        Some(stem) => format!("{n} {stem}ies"),
        None if what.ends_with('s') => format!("{n} {what}es"),
        None => format!("{n} {what}s"),
    }
}

/// Items that are alike, in the order of the first of each kind.
pub(super) fn alike<T, K: Ord>(items: impl IntoIterator<Item = T>, likeness: impl Fn(&T) -> K) -> Vec<Vec<T>> {
    let mut kinds: Vec<Vec<T>> = Vec::new();
    let mut places: BTreeMap<K, usize> = BTreeMap::new();
    for item in items {
        let place = *places.entry(likeness(&item)).or_insert(kinds.len());
        match kinds.get_mut(place) {
            Some(kind) => kind.push(item),
            None => kinds.push(vec![item]),
        }
    }
    kinds
}
