//! Strict JSON: an object with a duplicate key contradicts itself, so it is refused.
//!
//! Owns the refusal of what no API sends on purpose and a reader must not guess about: duplicate keys, and too many values.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// More values than any answer has that gatectl reads; a hundred entries have some ten thousand.
const MAX_VALUES: usize = 500_000;

/// Reads a whole text.
///
/// # Errors
/// When it is not JSON, when an object holds a key twice, and when there are more than [`MAX_VALUES`] values.
pub(super) fn parse(bytes: &[u8]) -> serde_json::Result<Value> {
    let left = Cell::new(MAX_VALUES);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Once(&left).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Reads one value, out of those that are left.
#[derive(Clone, Copy)]
struct Once<'a>(&'a Cell<usize>);

impl<'de> DeserializeSeed<'de> for Once<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.0.set(self.0.get().checked_sub(1).ok_or_else(|| D::Error::custom("too many values"))?);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Once<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(entry) = entries.next_element_seed(self)? {
            all.push(entry);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(self)?;
            if all.insert(key, value).is_some() {
                // The key is not quoted: it may be the name of a secret.
                return Err(A::Error::custom("an object holds a key twice"));
            }
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_that_is_there_twice_is_refused_wherever_it_stands() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"a":{"b":[{"c":1,"d":2,"c":3}]}}"#, "[{\"a\":1,\"\\u0061\":2}]"] {
            assert!(parse(text.as_bytes()).unwrap_err().to_string().contains("twice"), "{text}");
        }
        assert_eq!(parse(br#"[{"a":1},{"a":1}]"#).unwrap(), json!([{"a": 1}, {"a": 1}]));
    }

    #[test]
    fn more_values_than_any_answer_has_are_refused() {
        let text = format!("[{}0]", "{},".repeat(MAX_VALUES));
        assert!(parse(text.as_bytes()).unwrap_err().to_string().contains("too many"));
        let text = format!("[{}0]", "0,".repeat(MAX_VALUES - 2));
        assert!(parse(text.as_bytes()).is_ok());
    }

    proptest! {
        #[test]
        fn all_else_is_read_as_ever(text in "[\\[\\]{}\",:0-9a-z.eE+\\- ntrue]{0,24}") {
            let ours = parse(text.as_bytes());
            match serde_json::from_str::<Value>(&text) {
                Ok(value) => prop_assert!(ours.as_ref().is_ok_and(|it| *it == value) || ours.is_err_and(|error| error.to_string().contains("twice"))),
                Err(theirs) => prop_assert_eq!(ours.map_err(|error| error.is_eof()), Err(theirs.is_eof())),
            }
        }
    }
}
