//! JSON in and out of expression values.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::number;
use super::text::{Failure, Text};
use super::value::{Map, Value};

/// Reads JSON text.
///
/// The runner's reader takes more than the standard allows (single quotes, comments, trailing text), so what is refused here
/// is certainly refused there only when it ends too early or cannot begin a value.
pub(super) fn read(text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| {
        // The only data that the visitor refuses.
        if error.is_data() {
            return Failure::Undecided("the JSON has one key in two spellings, and which one counts is not documented".to_owned());
        }
        let begins = text.trim_start().starts_with(|c: char| c.is_ascii_digit() || "{['\"/-.NIUtfnu".contains(c));
        if begins && !error.is_eof() {
            return Failure::Undecided("the text is not strict JSON, and GitHub's reader is more lenient".to_owned());
        }
        Failure::Error("Error parsing JSON when evaluating fromJson".to_owned())
    })
}

/// Writes a value as JSON with two spaces of indentation, as `toJSON` does.
pub(super) fn write(value: &Value) -> Result<String, Failure> {
    let mut text = Text::default();
    write_at(&mut text, value, 0)?;
    Ok(text.into_string())
}

/// Depth is bounded where values are created: JSON text by its reader, contexts by theirs.
fn write_at(text: &mut Text, value: &Value, depth: usize) -> Result<(), Failure> {
    match value {
        Value::Null => text.push("null"),
        Value::Bool(bool) => text.push(if *bool { "true" } else { "false" }),
        // As text, NaN and exponents included: the runner's `ToJson` converts a number as interpolation does.
        Value::Number(number) => text.push(&number::to_text(*number)),
        Value::String(string) => text.push(&string_token(string)),
        Value::Array(items) if items.is_empty() => text.push("[]"),
        Value::Array(items) => {
            let mut opening = "[";
            for item in items.iter() {
                text.push(opening)?;
                new_line(text, depth + 1)?;
                write_at(text, item, depth + 1)?;
                opening = ",";
            }
            new_line(text, depth)?;
            text.push("]")
        }
        Value::Object(entries) if entries.is_empty() => text.push("{}"),
        Value::Object(entries) => {
            let mut opening = "{";
            for (key, item) in entries.iter() {
                text.push(opening)?;
                new_line(text, depth + 1)?;
                text.push(&string_token(key))?;
                text.push(": ")?;
                write_at(text, item, depth + 1)?;
                opening = ",";
            }
            new_line(text, depth)?;
            text.push("}")
        }
    }
}

fn new_line(text: &mut Text, depth: usize) -> Result<(), Failure> {
    text.push("\n")?;
    for _ in 0..depth {
        text.push("  ")?;
    }
    Ok(())
}

fn string_token(string: &str) -> String {
    serde_json::Value::from(string).to_string()
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

#[expect(clippy::cast_precision_loss, reason = "numbers of the language are doubles")]
impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, bool: bool) -> Result<Value, E> {
        Ok(Value::Bool(bool))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((key, value)) = access.next_entry::<String, Value>()? {
            // A repeated key replaces; which of two spellings of one key wins is not settled, so neither does.
            if map.spelling(&key).is_some_and(|spelling| spelling != key) {
                return Err(A::Error::custom("a key in two spellings"));
            }
            map.insert(key, value);
        }
        Ok(Value::object(map))
    }
}
