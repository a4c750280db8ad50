//! Edits of a TOML document that keep what people wrote around the values.

use toml_edit::{Array, Decor, Item, Table, TableLike, Value};

/// What happens to one item of a list.
pub(super) enum ItemEdit {
    Keep,
    Drop,
    Replace(Value),
}

/// Reads the text of a value that we wrote ourselves.
pub(super) fn value(text: &str) -> Value {
    text.parse().unwrap_or_else(|_| Value::from(text))
}

/// Replaces a value and keeps the comment after it.
pub(super) fn replace(item: &mut Item, text: &str) {
    let mut new = value(text);
    if let Some(old) = item.as_value() {
        *new.decor_mut() = old.decor().clone();
    }
    *item = Item::Value(new);
}

/// Drops, replaces and adds items; each one keeps the comment lines above it and the comment after it.
///
/// In a parsed list, the text after an item's comma belongs to the next item or to the closing bracket: it is
/// split at the first line break before anything moves.
pub(super) fn list(array: &mut Array, mut item_edit: impl FnMut(usize, &Value) -> ItemEdit, add: Vec<Value>) {
    let mut gaps: Vec<String> = array.iter().map(|item| raw(item.decor().prefix())).collect();
    let closing = array.iter().last().map(|item| raw(item.decor().suffix())).filter(|_| !array.trailing_comma()).unwrap_or_default();
    gaps.push(format!("{closing}{}", array.trailing().as_str().unwrap_or_default()));
    let split: Vec<(&str, &str)> = gaps.iter().map(|gap| gap.split_at(gap.find('\n').unwrap_or(0))).collect();
    let many_lines = gaps.iter().any(|gap| gap.contains('\n'));
    let (opening_tail, first_lead) = split.first().copied().unwrap_or_default();
    let closing_lead = split.last().map(|(_, lead)| *lead).unwrap_or_default();
    let indent = split.iter().take(array.len()).find_map(|(_, lead)| Some(format!("\n{}", lead.rsplit_once('\n')?.1)));
    let new_lead = if many_lines { indent.unwrap_or_else(|| "\n  ".to_owned()) } else { " ".to_owned() };

    let mut items: Vec<(String, Value, String)> = Vec::new();
    for (at, item) in array.iter().enumerate() {
        let lead = split.get(at).map(|(_, lead)| (*lead).to_owned()).unwrap_or_default();
        let tail = split.get(at + 1).map(|(tail, _)| (*tail).to_owned()).unwrap_or_default();
        match item_edit(at, item) {
            ItemEdit::Keep => items.push((lead, item.clone(), tail)),
            ItemEdit::Replace(new) => items.push((lead, new, tail)),
            ItemEdit::Drop => {}
        }
    }
    items.extend(add.into_iter().map(|item| (new_lead.clone(), item, String::new())));

    let comma = array.trailing_comma() || (many_lines && array.is_empty());
    array.clear();
    let mut before = opening_tail.to_owned();
    for (at, (lead, mut item, tail)) in items.into_iter().enumerate() {
        let lead = match at {
            _ if many_lines => lead,
            0 => first_lead.to_owned(),
            _ => " ".to_owned(),
        };
        *item.decor_mut() = Decor::new(joined(&before, &lead), "");
        array.push_formatted(item);
        before = tail;
    }
    array.set_trailing(joined(&before, closing_lead));
    array.set_trailing_comma(comma && !array.is_empty());
}

/// Removes the positions, so that the table is written where it is inserted.
pub(super) fn unplaced(mut table: Table) -> Table {
    table.set_position(None);
    for (_, item) in table.iter_mut() {
        if let Item::Table(inner) = item {
            *inner = unplaced(std::mem::take(inner));
        }
    }
    table
}

/// The key of a table that names something, as it is spelled there.
pub(super) fn spelling(table: &dyn TableLike, means: impl Fn(&str) -> bool) -> Option<String> {
    table.iter().map(|(key, _)| key.to_owned()).find(|key| means(key))
}

/// A comment ends at a line break, so that it cannot swallow what follows.
fn joined(tail: &str, lead: &str) -> String {
    let apart = if tail.contains('#') && !lead.starts_with('\n') { "\n" } else { "" };
    format!("{tail}{apart}{lead}")
}

fn raw(text: Option<&toml_edit::RawString>) -> String {
    text.and_then(toml_edit::RawString::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(before: &str, drop: &[&str], add: &[&str]) -> String {
        let mut item = Item::Value(value(before));
        let array = item.as_array_mut().unwrap();
        let add = add.iter().map(|text| Value::from(*text)).collect();
        list(array, |_, item| if drop.contains(&item.as_str().unwrap()) { ItemEdit::Drop } else { ItemEdit::Keep }, add);
        item.to_string()
    }

    #[test]
    fn a_list_that_keeps_everything_keeps_every_byte() {
        for text in
            ["[]", "[ ]", r#"["a", "b"]"#, r#"[ "a", "b", ]"#, "[\n  \"a\", # one\n  # two\n  \"b\" # three\n]", "[ # x\n\"a\",\n\"b\"]"]
        {
            assert_eq!(edited(text, &[], &[]), text);
        }
    }

    #[test]
    fn comments_stay_with_their_items() {
        let text = "[\n  \"a\", # one\n  # above b\n  \"b\", # two\n  \"c\", # three\n]";
        assert_eq!(edited(text, &["a"], &[]), "[\n  # above b\n  \"b\", # two\n  \"c\", # three\n]");
        assert_eq!(edited(text, &["b"], &[]), "[\n  \"a\", # one\n  \"c\", # three\n]");
        assert_eq!(edited(text, &["c"], &["d"]), "[\n  \"a\", # one\n  # above b\n  \"b\", # two\n  \"d\",\n]");
        assert_eq!(edited(text, &["a", "b", "c"], &[]), "[\n]");
        assert_eq!(edited("[\"a\", # one\n \"b\"]", &["b"], &[]), "[\"a\" # one\n]");
    }

    #[test]
    fn one_line_stays_one_line() {
        assert_eq!(edited(r#"["a", "b"]"#, &["a"], &["c"]), r#"["b", "c"]"#);
        assert_eq!(edited("[]", &[], &["a", "b"]), r#"["a", "b"]"#);
        assert_eq!(edited("[\n]", &[], &["a"]), "[\n  \"a\",\n]");
    }
}
