//! The diff of two long or many-lined strings, with what differs inside a line marked.

use similar::{ChangeTag, TextDiff};

use super::document::{Glyph, Role, Row, Span};
use super::escape::{bounded, quoted};

/// Beyond this many bytes only the first difference is shown.
const MAX_BYTES: usize = 20_000;
/// Lines of a diff that are shown before it is cut.
const MAX_LINES: usize = 40;
/// Unchanged lines around a change.
const CONTEXT: usize = 1;
/// Characters that an unchanged stretch of a line keeps at either end.
const EDGE: usize = 30;
/// Characters of one changed stretch of a line.
const MAX_STRETCH: usize = 300;

/// The lines of the diff, as elements of a field.
pub(super) fn rows(old: &str, new: &str) -> Vec<Row> {
    if old.len().max(new.len()) > MAX_BYTES {
        return first_difference(old, new);
    }
    let diff = TextDiff::from_lines(old, new);
    let mut rows = Vec::new();
    for (at, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if at > 0 {
            rows.push(remark("..."));
        }
        for op in group {
            // Without a deadline: what is shown must not depend on the speed of the machine.
            for change in diff.iter_inline_changes_deadline(op, None) {
                rows.push(line(change.tag(), change.values()));
            }
        }
    }
    if rows.len() > MAX_LINES {
        let cut = rows.len() - MAX_LINES;
        rows.truncate(MAX_LINES);
        rows.push(remark(&format!("... ({cut} more lines of this diff)")));
    }
    rows
}

/// Each line stands between quotes, with its line end: what differs only there is seen too.
fn line(tag: ChangeTag, values: &[(bool, &str)]) -> Row {
    let (glyph, whole, part) = match tag {
        ChangeTag::Equal => (Glyph::None, Role::Quiet, Role::Quiet),
        ChangeTag::Delete => (Glyph::Delete, Role::Removed, Role::RemovedPart),
        ChangeTag::Insert => (Glyph::Create, Role::Added, Role::AddedPart),
    };
    let marked = values.iter().any(|(emphasized, _)| *emphasized);
    let stretch = |(emphasized, text): &(bool, &str)| match (emphasized, marked || tag == ChangeTag::Equal) {
        (true, _) => Span::new(part, inner(&bounded(text, MAX_STRETCH))),
        (false, true) => Span::new(whole, inner(&shortened(text))),
        (false, false) => Span::new(whole, inner(&bounded(text, MAX_STRETCH))),
    };
    let quote = || std::iter::once(Span::new(whole, "\""));
    Row { glyph, level: 2, label: None, spans: quote().chain(values.iter().map(stretch)).chain(quote()).collect() }
}

fn inner(text: &str) -> String {
    let quoted = quoted(text);
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
}

/// An unchanged stretch without its middle.
fn shortened(text: &str) -> String {
    let count = text.chars().count();
    if count <= 2 * EDGE + 3 {
        return text.to_owned();
    }
    let head: String = text.chars().take(EDGE).collect();
    let tail: String = text.chars().skip(count - EDGE).collect();
    format!("{head}...{tail}")
}

fn first_difference(old: &str, new: &str) -> Vec<Row> {
    let same = old.chars().zip(new.chars()).take_while(|(a, b)| a == b).count();
    let excerpt = |text: &str| -> String { text.chars().skip(same.saturating_sub(EDGE)).take(3 * EDGE).collect() };
    let side = |glyph, role, text: &str| Row {
        glyph,
        level: 2,
        label: None,
        spans: vec![Span::new(role, format!("{} characters: ...{}...", text.chars().count(), quoted(&excerpt(text))))],
    };
    vec![
        remark(&format!("too long to show; the first difference is at character {}", same + 1)),
        side(Glyph::Delete, Role::Removed, old),
        side(Glyph::Create, Role::Added, new),
    ]
}

fn remark(text: &str) -> Row {
    Row { glyph: Glyph::None, level: 2, label: None, spans: vec![Span::new(Role::Quiet, text)] }
}
