//! What exists on Heroku: declared config vars, and nothing else from an app.
//!
//! Owns the one read. Must not keep a key that was not requested: an app's config vars hold its secrets (law 8).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use futures_util::future::join_all;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

use crate::http::{ApiError, Reader, Target};
use crate::model::{Unknown, VarValue};

/// The declared config vars of each app as they are; `None` for a key that is not set.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Live {
    /// App, then key.
    pub config: BTreeMap<String, Result<ConfigVars, Unknown>>,
}

/// Some config vars of one app: each requested key, with its value if it is set.
pub type ConfigVars = BTreeMap<String, Option<VarValue>>;

/// Reads the named keys of every app, all apps at once.
pub async fn observe(reader: &Reader, keys: &BTreeMap<String, BTreeSet<String>>) -> Live {
    let config = join_all(keys.iter().map(|(app, keys)| async move {
        let vars = config_vars(reader, app, keys).await.map_err(|error| error.unknown());
        (app.clone(), vars)
    }))
    .await;
    Live { config: config.into_iter().collect() }
}

/// Reads the named keys of one app. Heroku has no single-key read: the answer holds every var of the app, and everything that
/// was not requested is dropped during parsing (fact H2.1).
///
/// # Errors
/// When the app's config vars cannot be read.
pub async fn config_vars(reader: &Reader, app: &str, keys: &BTreeSet<String>) -> Result<ConfigVars, ApiError> {
    let target = Target::new(["apps", app, "config-vars"]);
    reader.get_seed(&target, Wanted(keys)).await
}

/// Deserializes a map of config vars and keeps the wanted keys only.
pub struct Wanted<'a>(pub &'a BTreeSet<String>);

impl<'de> DeserializeSeed<'de> for Wanted<'_> {
    type Value = ConfigVars;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Wanted<'_> {
    type Value = ConfigVars;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of config vars")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut vars: ConfigVars = self.0.iter().map(|key| (key.clone(), None)).collect();
        let mut strangers = BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            match vars.get_mut(&key) {
                Some(slot) => *slot = Some(VarValue::new(key.as_str(), map.next_value::<String>()?)),
                None => {
                    map.next_value::<Text>()?;
                    strangers.insert(key);
                }
            }
        }
        // An error body of Heroku that could arrive in place of config vars (fact H2.1).
        let is_error = |key: &String| ["id", "message", "url"].contains(&key.as_str());
        if strangers.contains("id") && strangers.contains("message") && strangers.iter().all(is_error) {
            return Err(A::Error::custom("this is an error message, not config vars"));
        }
        Ok(vars)
    }
}

/// The value of a config var that was not requested: text, or unset. It is not kept.
struct Text;

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<String>::deserialize(deserializer).map(|_| Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undeclared_keys_do_not_outlive_parsing() {
        let keys = BTreeSet::from(["DEPLOY_FREEZE".to_owned(), "MISSING".to_owned()]);
        let json = r#"{"DATABASE_URL":"postgres://secret","DEPLOY_FREEZE":"true","OTHER":null}"#;
        let vars = Wanted(&keys).deserialize(&mut serde_json::Deserializer::from_str(json)).unwrap();
        let freeze = VarValue::new("DEPLOY_FREEZE", "true");
        assert_eq!(vars, ConfigVars::from([("DEPLOY_FREEZE".to_owned(), Some(freeze)), ("MISSING".to_owned(), None)]));
        assert!(!format!("{vars:?}").contains("secret"));
    }

    #[test]
    fn what_is_no_config_vars_says_nothing_of_any() {
        let keys = BTreeSet::from(["DEPLOY_FREEZE".to_owned()]);
        for text in [
            r#"{"error":{"code":503,"message":"backend unavailable"}}"#,
            r#"{"id":"service_unavailable","message":"try later"}"#,
            r#"{"id":"service_unavailable","message":"try later","url":"https://example.com"}"#,
            r#"{"status":503,"errors":["x"]}"#,
            r#"{"data":{"DEPLOY_FREEZE":"true"}}"#,
            r#"{"DEPLOY_FREEZE":null}"#,
            r#"{"DEPLOY_FREEZE":true}"#,
            "null",
            "[]",
            "7",
        ] {
            let read = Wanted(&keys).deserialize(&mut serde_json::Deserializer::from_str(text));
            assert!(read.is_err(), "{text}: {read:?}");
        }
        let unset = Wanted(&keys).deserialize(&mut serde_json::Deserializer::from_str(r#"{"message":"hello"}"#)).unwrap();
        assert_eq!(unset, ConfigVars::from([("DEPLOY_FREEZE".to_owned(), None)]));
    }
}
