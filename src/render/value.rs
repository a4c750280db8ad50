//! The diff of one field: JSON values, before and after, as lines.
//!
//! Owns how values look: `user MooseQuest (id 20930225)`, `branch "main"`, `"a" -> "b"`. Knows values by their shape,
//! not by the field they belong to.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::document::{Glyph, Role, Row, Span};
use super::escape::{MAX_VALUE, bounded, quoted, word};
use super::text_diff;
use crate::model::{Action, Field, is_masked};

/// Two strings that are together longer than this are shown below each other.
const MAX_INLINE: usize = 60;
/// What stands in the place of a value that looks like a credential (law 8).
const MASKED: &str = "(masked)";
/// Elements of a list that are shown before it is cut.
const MAX_ELEMENTS: usize = 200;

/// The lines of one field of a change.
pub(crate) fn rows(field: &Field, action: Action) -> Vec<Row> {
    let (before, after) = (&field.before, &field.after);
    let glyph = match (field.weakens, before.is_null(), after.is_null()) {
        (true, ..) => Glyph::Alert,
        (false, true, _) => Glyph::Create,
        (false, _, true) => Glyph::Delete,
        (false, false, false) => Glyph::Update,
    };
    let row = |spans| Row { glyph, level: 1, label: Some(bounded(&field.name, MAX_VALUE).into_owned()), spans };
    let mut rows = match (elements(before), elements(after)) {
        (Some(old), Some(new)) => [vec![row(list_spans(before, after, &old, &new))], element_rows(&old, &new)].concat(),
        (Some(old), None) => [vec![row(one_list_spans(before, after, action))], element_rows(&old, &[])].concat(),
        (None, Some(new)) => [vec![row(one_list_spans(before, after, action))], element_rows(&[], &new)].concat(),
        (None, None) => match (before, after) {
            (Value::String(old), Value::String(new)) if is_long(old) || is_long(new) || old.len() + new.len() > MAX_INLINE => {
                [vec![row(Vec::new())], text_diff::rows(old, new)].concat()
            }
            (Value::Null, Value::String(text)) if is_long(text) => [vec![row(Vec::new())], text_diff::rows("", text)].concat(),
            (Value::String(text), Value::Null) if is_long(text) => [vec![row(Vec::new())], text_diff::rows(text, "")].concat(),
            _ => vec![row(change_spans(before, after, action))],
        },
    };
    rows.extend(field.because.as_ref().map(|because| reason(because)));
    rows
}

/// The line that says why something weakens a gate.
pub(crate) fn reason(because: &str) -> Row {
    Row { glyph: Glyph::Alert, level: 2, label: None, spans: vec![Span::new(Role::Alert, because)] }
}

/// What a value is in one line: `30`, `"prod"`, `(none)`, `selected refs`.
fn brief(value: &Value) -> String {
    match value {
        Value::Null => "(none)".to_owned(),
        Value::String(text) => quoted(&bounded(text, MAX_VALUE)),
        Value::Object(map) if is_ref_policy(map) => "selected refs".to_owned(),
        // Selected mode without a pattern, as a cut-off apply leaves it.
        Value::Object(map) if map.is_empty() => "selected refs (none listed)".to_owned(),
        masked if is_masked(masked) => MASKED.to_owned(),
        Value::Array(list) if !list.is_empty() => format!("{} listed", list.len()),
        other => bounded(&other.to_string(), MAX_VALUE).into_owned(),
    }
}

fn change_spans(before: &Value, after: &Value, action: Action) -> Vec<Span> {
    let old = || Span::new(Role::Removed, brief(before));
    let new = || Span::new(Role::Added, brief(after));
    match (action, before, after) {
        (Action::Create, Value::Null, _) => vec![new()],
        (Action::Delete, _, Value::Null) => vec![old()],
        _ if is_masked(before) && is_masked(after) => vec![Span::new(Role::Strong, format!("changes {MASKED}"))],
        _ => vec![old(), Span::new(Role::Quiet, " -> "), new()],
    }
}

/// What follows the name of a field that is a list on one side: nothing, if the elements say it all.
fn one_list_spans(before: &Value, after: &Value, action: Action) -> Vec<Span> {
    let listed = |value: &Value| matches!(value, Value::Array(list) if !list.is_empty());
    match (before, after) {
        (Value::Null, list) | (list, Value::Null) if listed(list) => Vec::new(),
        _ => change_spans(before, after, action),
    }
}

/// The text after the name of a list whose elements follow below.
fn list_spans(before: &Value, after: &Value, old: &[Element<'_>], new: &[Element<'_>]) -> Vec<Span> {
    let quiet = |text: &str| vec![Span::new(Role::Quiet, text)];
    match (old.is_empty(), new.is_empty()) {
        (true, true) => change_spans(before, after, Action::Update),
        (false, true) => quiet("(none left)"),
        _ if old != new && matched(old, new).iter().all(|(glyph, _)| *glyph == Glyph::None) => quiet("(in another order)"),
        _ => Vec::new(),
    }
}

/// One element of a list, or of a table of lists.
#[derive(PartialEq)]
struct Element<'a> {
    /// `branch `, `tag `, or nothing.
    kind: &'static str,
    value: &'a Value,
}

impl Element<'_> {
    /// Equal for equal elements only, however long they are.
    fn key(&self) -> String {
        format!("{}{}", self.kind, self.value)
    }

    fn text(&self) -> String {
        format!("{}{}", self.kind, person(self.value).unwrap_or_else(|| brief(self.value)))
    }
}

/// The elements of a list, or of a table of lists (`{"branches":[...],"tags":[...]}`); `null` is not a list by itself.
fn elements(value: &Value) -> Option<Vec<Element<'_>>> {
    match value {
        Value::Array(list) => Some(list.iter().map(|value| Element { kind: "", value }).collect()),
        Value::Object(map) if is_ref_policy(map) => {
            let of = |key: &str, kind| {
                let list = map.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                list.iter().map(move |value| Element { kind, value })
            };
            Some(of("branches", "branch ").chain(of("tags", "tag ")).collect())
        }
        _ => None,
    }
}

fn is_ref_policy(map: &Map<String, Value>) -> bool {
    !map.is_empty() && map.iter().all(|(key, list)| (key == "branches" || key == "tags") && list.is_array())
}

/// `user MooseQuest (id 20930225)`, `team org/slug`; a table with other keys is not a known reviewer.
fn person(value: &Value) -> Option<String> {
    let map = value.as_object()?;
    let kind = ["user", "team"].into_iter().find(|kind| map.contains_key(*kind))?;
    let name = word(&bounded(map.get(kind)?.as_str()?, MAX_VALUE));
    match (map.get("id"), map.len()) {
        (None, 1) | (Some(Value::Null), 2) => Some(format!("{kind} {name}")),
        (Some(id), 2) => Some(format!("{kind} {name} (id {})", bounded(&id.to_string(), MAX_VALUE))),
        _ => None,
    }
}

/// What goes, what stays, what comes: elements of a list are a set to GitHub.
fn matched<'a>(old: &'a [Element<'a>], new: &'a [Element<'a>]) -> Vec<(Glyph, &'a Element<'a>)> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let count = |counts: &mut BTreeMap<String, usize>, list: &[Element<'_>]| {
        list.iter().for_each(|element| *counts.entry(element.key()).or_default() += 1);
    };
    let take = |counts: &mut BTreeMap<String, usize>, element: &Element<'_>| {
        counts.get_mut(&element.key()).filter(|left| **left > 0).map(|left| *left -= 1).is_some()
    };
    count(&mut counts, new);
    let kept = old.iter().map(|element| (if take(&mut counts, element) { Glyph::None } else { Glyph::Delete }, element));
    let mut all: Vec<_> = kept.collect();
    counts.clear();
    count(&mut counts, old);
    all.extend(new.iter().filter(|element| !take(&mut counts, element)).map(|element| (Glyph::Create, element)));
    all
}

fn element_rows(old: &[Element<'_>], new: &[Element<'_>]) -> Vec<Row> {
    let all = matched(old, new);
    let row = |glyph: Glyph, text: String| {
        let role = if glyph == Glyph::None { Role::Quiet } else { glyph.role() };
        Row { glyph, level: 2, label: None, spans: vec![Span::new(role, text)] }
    };
    let mut rows: Vec<Row> = all.iter().take(MAX_ELEMENTS).map(|(glyph, element)| row(*glyph, element.text())).collect();
    if all.len() > MAX_ELEMENTS {
        rows.push(row(Glyph::None, format!("... ({} more)", all.len() - MAX_ELEMENTS)));
    }
    rows
}

fn is_long(text: &str) -> bool {
    text.len() > MAX_INLINE || text.contains('\n')
}
