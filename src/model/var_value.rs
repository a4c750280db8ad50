//! The value of a config var or of an Actions variable, under its name, and how much of it may be shown (law 8).
//!
//! Ensures that a value that looks like a credential cannot be printed. Tested below and in `tests/program/masked.rs`.

use std::fmt;
use std::num::NonZeroU32;

use ring::pbkdf2;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::credential::is_credential;

/// The key of the JSON that replaces a masked value.
const MASKED: &str = "masked";

/// How often the digest of a masked value is repeated. A saved plan is often a build artifact, and a short password could be guessed
/// from a plain digest.
const ROUNDS: NonZeroU32 = NonZeroU32::new(20_000).unwrap();

/// The value of a config var or of an Actions variable.
///
/// It has no `Display`, and its `Debug` and `Serialize` hide what looks like a credential: the name may come from a pull request,
/// and the value behind it may be any secret of the app.
#[derive(Clone, PartialEq, Eq)]
pub struct VarValue {
    name: String,
    text: String,
    is_masked: bool,
}

impl VarValue {
    /// A value under its name.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let (name, text) = (name.into(), text.into());
        Self { is_masked: is_credential(&name, &text), name, text }
    }

    /// A value that is never shown.
    pub fn hidden(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into(), is_masked: true }
    }

    /// The text itself, to compare it or to send it. Never to show it.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The text, unless it looks like a credential.
    pub fn plain(&self) -> Option<&str> {
        (!self.is_masked).then_some(&self.text)
    }

    /// The form in every output: the text, or `{"masked":true}`.
    pub fn shown(&self) -> Value {
        self.plain().map_or_else(|| json!({ MASKED: true }), |text| json!(text))
    }

    /// The form that is kept for comparison with a later reading: the text, or a digest of it. Equal for equal values only.
    pub fn kept(&self) -> Value {
        self.plain().map_or_else(|| json!({ MASKED: self.digest() }), |text| json!(text))
    }

    fn digest(&self) -> String {
        let salt = format!("gatectl value of {}", self.name);
        let mut digest = [0; 32];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, salt.as_bytes(), self.text.as_bytes(), &mut digest);
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for VarValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.shown())
    }
}

impl Serialize for VarValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.kept().serialize(serializer)
    }
}

/// A value of a plan in words: its JSON, or `(masked)`.
pub fn in_words(value: &Value) -> String {
    if is_masked(value) { "(masked)".to_owned() } else { value.to_string() }
}

/// Whether this replaces a value that is not shown.
pub fn is_masked(value: &Value) -> bool {
    value.as_object().is_some_and(|map| map.len() == 1 && map.contains_key(MASKED))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: &str = "postgres://app:hunter2@db.example.com/app";

    #[test]
    fn no_form_of_a_masked_value_shows_it() {
        for (name, text) in [("DATABASE_URL", PASSWORD), ("API_TOKEN", "hunter2")] {
            let value = VarValue::new(name, text);
            for form in [format!("{value:?}"), value.shown().to_string(), value.kept().to_string(), json!(value).to_string()] {
                assert!(!form.contains("hunter2"), "{form}");
                assert!(form.contains(MASKED), "{form}");
            }
            assert!(is_masked(&value.shown()) && is_masked(&value.kept()) && value.plain().is_none());
            assert_eq!(in_words(&value.kept()), "(masked)", "nor its digest");
            assert_eq!(value.expose(), text);
        }
    }

    #[test]
    fn a_hidden_value_is_masked_whatever_it_is() {
        let value = VarValue::hidden("TIER", "prod");
        assert_eq!((value.plain(), value.expose(), is_masked(&value.shown())), (None, "prod", true));
    }

    #[test]
    fn a_plain_value_is_itself() {
        let value = VarValue::new("TIER", "prod");
        assert_eq!((value.shown(), value.kept(), value.plain()), (json!("prod"), json!("prod"), Some("prod")));
        assert!(!is_masked(&value.shown()) && !is_masked(&json!({})) && !is_masked(&json!({"masked": true, "user": "a"})));
    }

    #[test]
    fn what_is_kept_of_a_masked_value_tells_it_from_another_and_is_not_shown() {
        let kept = |name: &str, text: &str| VarValue::new(name, text).kept();
        assert_eq!(kept("API_TOKEN", "a"), kept("API_TOKEN", "a"));
        assert_ne!(kept("API_TOKEN", "a"), kept("API_TOKEN", "b"));
        assert_ne!(kept("API_TOKEN", "a"), kept("OTHER_TOKEN", "a"), "the same secret under two names cannot be seen to be one");
        assert_eq!(VarValue::new("API_TOKEN", "a").shown(), VarValue::new("API_TOKEN", "b").shown());
    }
}
