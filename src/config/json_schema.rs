//! The JSON Schema of gate.toml, for editors.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::keys::ROOT;
use super::schema::{Key, Presence, Syntax, Table, Type};

/// Describes gate.toml as a JSON Schema (draft 7), with a description for every key.
///
/// What the schema refuses, [`super::parse`] refuses too; rules over several keys are only in the latter.
pub fn json_schema() -> Value {
    let mut schema = table(&ROOT);
    schema["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    schema["title"] = "gate.toml".into();
    schema["description"] = "Production deploy gates as code, for gatectl.".into();
    schema
}

fn table(table: &Table) -> Value {
    let properties: Map<String, Value> = table.keys.iter().map(|key| (key.name.to_owned(), property(key))).collect();
    let required: Vec<&str> = table.keys.iter().filter(|key| matches!(key.presence, Presence::Required)).map(|key| key.name).collect();
    let mut schema = json!({ "type": "object", "additionalProperties": false, "properties": properties });
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    if !table.either.is_empty() {
        schema["oneOf"] = table.either.iter().map(|group| only(group, table.either)).collect();
    }
    schema
}

/// One group whole, and nothing of the others.
fn only(group: &[&str], all: &[&[&str]]) -> Value {
    let names: BTreeSet<&str> = all.iter().copied().flatten().copied().collect();
    let properties: Map<String, Value> = names.into_iter().map(|name| (name.to_owned(), group.contains(&name).into())).collect();
    json!({ "required": group, "properties": properties })
}

fn property(key: &Key) -> Value {
    let mut schema = kind(&key.kind);
    schema["title"] = key.name.into();
    schema["description"] = key.about.into();
    if let Some(example) = example(key) {
        schema["examples"] = json!([example]);
    }
    if let Presence::Default(default) = key.presence {
        schema["default"] = default.json();
    }
    schema
}

/// The value of a key's example; none for one that only shows the header of a table.
fn example(key: &Key) -> Option<Value> {
    let text = if key.example.starts_with('{') { format!("item = {}", key.example) } else { key.example.to_owned() };
    let mut table: toml::Table = text.parse().ok()?;
    if let Some(toml::Value::Table(item)) = table.remove("item") {
        table = item;
    }
    let value = plain(table.remove(key.name)?);
    (!is_hollow(&value)).then_some(value)
}

/// As editors hand TOML to a JSON Schema: a date is a string.
fn plain(value: toml::Value) -> Value {
    match value {
        toml::Value::Table(table) => table.into_iter().map(|(name, value)| (name, plain(value))).collect(),
        toml::Value::Array(items) => items.into_iter().map(plain).collect(),
        toml::Value::Datetime(at) => at.to_string().into(),
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(on) => on.into(),
    }
}

/// Whether a value ends in an empty table somewhere. Depth is that of the examples in the table of keys.
fn is_hollow(value: &Value) -> bool {
    match value {
        Value::Object(table) => table.is_empty() || table.values().any(is_hollow),
        Value::Array(items) => items.iter().any(is_hollow),
        _ => false,
    }
}

fn kind(kind_of: &Type) -> Value {
    match kind_of {
        Type::Boolean => json!({ "type": "boolean" }),
        Type::Number => json!({ "type": "number" }),
        Type::Integer { min, max } if min == max => json!({ "type": "integer", "const": min }),
        Type::Integer { min, max: i64::MAX } => json!({ "type": "integer", "minimum": min }),
        Type::Integer { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Type::Text => json!({ "type": "string" }),
        Type::Name(syntax) => text(syntax),
        Type::Word(words) => json!({ "type": "string", "enum": words }),
        Type::LocalDateTime | Type::LocalDate => json!({ "type": "string" }),
        Type::List { of, min, max, .. } => {
            let mut schema = json!({ "type": "array", "items": kind(of) });
            if *min > 0 {
                schema["minItems"] = (*min).into();
            }
            if *max < usize::MAX {
                schema["maxItems"] = (*max).into();
            }
            schema
        }
        Type::Table(schema) => table(schema),
        Type::Map { name, of, .. } => json!({ "type": "object", "propertyNames": text(name), "additionalProperties": kind(of) }),
        Type::Either(kinds) => json!({ "anyOf": kinds.iter().map(kind).collect::<Vec<_>>() }),
    }
}

/// A string with a rule. No rule takes an empty string.
fn text(syntax: &Syntax) -> Value {
    let mut schema = json!({ "type": "string", "minLength": 1 });
    if let Some(pattern) = syntax.pattern {
        schema["pattern"] = pattern.into();
    }
    schema
}
