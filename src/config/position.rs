//! Positions in the file.

use std::collections::BTreeMap;

use serde::Serialize;
use toml::de::{DeTable, DeValue};

/// Bytes of the text.
pub(super) type Span = std::ops::Range<usize>;

/// A place in the file, as editors count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The bytes of the text; a byte order mark at its start is not counted.
    pub span: Span,
}

/// Turns byte offsets into lines and columns; cheap for many offsets of one long line when they rise.
pub(super) struct Lines<'t> {
    text: &'t str,
    /// The offset at which each line begins.
    starts: Vec<usize>,
    /// The last answer: offset and column.
    last: (usize, usize),
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect();
        Self { text, starts, last: (0, 1) }
    }

    /// The position of a span. One that lies beyond the text or inside a character is moved to the nearest place before.
    pub(super) fn locate(&mut self, span: &Span) -> Position {
        let start = self.text.floor_char_boundary(span.start);
        let end = self.text.floor_char_boundary(span.end).max(start);
        let line = self.starts.partition_point(|first| *first <= start);
        let first = line.checked_sub(1).and_then(|i| self.starts.get(i)).copied().unwrap_or_default();
        let (from, column) = if (first..=start).contains(&self.last.0) { self.last } else { (first, 1) };
        let column = column + self.text.get(from..start).unwrap_or_default().chars().count();
        self.last = (start, column);
        Position { line, column, span: start..end }
    }
}

/// The position of each key of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Positions {
    root: Node,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Node {
    position: Position,
    below: BTreeMap<String, Self>,
}

impl Positions {
    /// Records every key of a checked file: the schema bounds its depth.
    pub(super) fn of(text: &str, root: &DeTable<'_>) -> Self {
        let mut lines = Lines::new(text);
        let position = lines.locate(&(0..0));
        Self { root: Node { position, below: below_table(&mut lines, root) } }
    }

    /// Finds a key by its path, such as `["environments", "production", "reviewers", "0"]`; an index counts from 0.
    ///
    /// If the file does not have the path, its nearest parent answers, and finally the start of the file. A name
    /// that does not exist as written is looked up without case.
    pub fn get<S: AsRef<str>>(&self, path: impl IntoIterator<Item = S>) -> &Position {
        let mut node = &self.root;
        for name in path {
            let name = name.as_ref();
            let folded = || node.below.iter().find(|(key, _)| key.to_lowercase() == name.to_lowercase()).map(|(_, node)| node);
            match node.below.get(name).or_else(folded) {
                Some(next) => node = next,
                None => break,
            }
        }
        &node.position
    }
}

fn below_table(lines: &mut Lines<'_>, table: &DeTable<'_>) -> BTreeMap<String, Node> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries.into_iter().map(|(key, value)| (key.get_ref().to_string(), node(lines, &key.span(), value.get_ref()))).collect()
}

fn node(lines: &mut Lines<'_>, span: &Span, value: &DeValue<'_>) -> Node {
    let position = lines.locate(span);
    let below = match value {
        DeValue::Table(table) => below_table(lines, table),
        DeValue::Array(items) => {
            items.iter().enumerate().map(|(i, item)| (i.to_string(), node(lines, &item.span(), item.get_ref()))).collect()
        }
        _ => BTreeMap::new(),
    };
    Node { position, below }
}
