//! `a.b`, `a[0]` and `a.*` on possible values.

use std::fmt::Write as _;
use std::sync::Arc;

use super::context::Rest;
use super::possible::{Item, Open, Possible, unplaced};
use super::syntax::{ExprKind, Index, Tree};
use super::value::Value;

/// Follows `.*`.
pub(super) fn star(object: &Possible) -> Possible {
    let mut set = Possible::default();
    for item in &object.items {
        set = set.or(match item {
            // A new array each time: `a.* == a.*` is false.
            Item::Known(Value::Array(items)) => filtered(items.to_vec()),
            Item::Known(Value::Object(entries)) => filtered(entries.values().cloned().collect()),
            Item::Known(_) => filtered(Vec::new()),
            Item::Filtered(items) => filtered(items.iter().flat_map(elements).collect()),
            Item::Partial(_) => Possible::unknown(Open::TRUTHY, Vec::new()),
        });
    }
    if !object.open.is_closed() {
        set = set.or(Possible::unknown(Open::TRUTHY, Vec::new()));
    }
    set.because(&object.reasons).settled()
}

/// Follows `[key]`; `.name` is a special case.
pub(super) fn index(object: &Possible, key: &Possible) -> Possible {
    let mut set = Possible::default();
    for item in &object.items {
        for key in key.items.iter().map(Item::operand) {
            set = set.or(at(item, &key));
        }
        if !key.open.is_closed() {
            set = set.or(anywhere(item));
        }
    }
    if !object.open.is_closed() {
        set = set.or(Possible::unknown(Open::ANY, Vec::new()));
    }
    if object.single().is_none() {
        set = set.because(&object.reasons);
    }
    set.because(&key.reasons).settled()
}

/// The value at a known key.
fn at(item: &Item, key: &Value) -> Possible {
    match item {
        Item::Known(value) => Possible::known(element(value, key).unwrap_or(Value::Null)),
        Item::Filtered(items) => filtered(items.iter().filter_map(|item| element(item, key)).collect()),
        Item::Partial(partial) => {
            let name = if key.is_primitive() { Some(key.to_text()) } else { None };
            match (name.and_then(|name| partial.fields.get(&name)), &partial.rest) {
                (Some(field), _) => field.clone(),
                (None, Rest::Unknown(why)) if key.is_primitive() => Possible::unknown(Open::ANY, vec![unplaced(why.clone())]),
                (None, Rest::Unknown(_) | Rest::Null) => Possible::known(Value::Null),
            }
        }
    }
}

/// The possible values at an unknown key.
fn anywhere(item: &Item) -> Possible {
    let missing = Possible::known(Value::Null);
    let any = |values: &mut dyn Iterator<Item = Possible>| values.fold(missing.clone(), Possible::or);
    match item {
        Item::Known(Value::Array(items)) => any(&mut items.iter().cloned().map(Possible::known)),
        Item::Known(Value::Object(entries)) => any(&mut entries.values().cloned().map(Possible::known)),
        Item::Known(_) => missing,
        Item::Filtered(_) => Possible::unknown(Open::TRUTHY, Vec::new()),
        Item::Partial(partial) => match &partial.rest {
            Rest::Null => any(&mut partial.fields.values().cloned()),
            Rest::Unknown(why) => Possible::unknown(Open::ANY, vec![unplaced(why.clone())]),
        },
    }
}

/// The element of a known value at a known key, if it has one.
fn element(value: &Value, key: &Value) -> Option<Value> {
    match value {
        Value::Object(entries) if key.is_primitive() => entries.get(&key.to_text()).cloned(),
        Value::Array(items) => {
            let number = key.to_number().floor();
            // The runner has no element beyond this either.
            let within = number >= 0.0 && number <= f64::from(i32::MAX);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number within the bounds above")]
            within.then(|| items.get(number as usize).cloned()).flatten()
        }
        _ => None,
    }
}

fn elements(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.to_vec(),
        Value::Object(entries) => entries.values().cloned().collect(),
        _ => Vec::new(),
    }
}

fn filtered(items: Vec<Value>) -> Possible {
    Possible::item(Item::Filtered(Arc::new(items)))
}

/// The path of an access for a message: `needs.setup.outputs.env`, `matrix.include[0]`.
pub(super) fn path(root: &Tree, steps: &[Index]) -> String {
    let mut path = match &root.kind {
        ExprKind::Context(name) => name.clone(),
        ExprKind::Access { root, steps } => path(root, steps),
        _ => "(...)".to_owned(),
    };
    for step in steps {
        match step {
            Index::Star => path.push_str(".*"),
            Index::Key(Tree { kind: ExprKind::Literal(Value::String(name)), .. }) if is_plain(name) => {
                path.push('.');
                path.push_str(name);
            }
            Index::Key(Tree { kind: ExprKind::Literal(value), .. }) => {
                let quote = if matches!(value, Value::String(_)) { "'" } else { "" };
                // Writing to a string cannot fail.
                let _ = write!(path, "[{quote}{}{quote}]", value.to_text());
            }
            Index::Key(_) => path.push_str("[...]"),
        }
    }
    path
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}
