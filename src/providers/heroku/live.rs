//! What is there on Heroku: declared config vars, and nothing else of an app.
//!
//! Owns the one read. Must not keep a key that was not asked for: an app's config vars hold its secrets (law 8).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use futures_util::future::join_all;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::http::{ApiError, Reader, Target};
use crate::model::Unknown;

/// The declared config vars of each app as they are; `None` for a key that is not set.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Live {
    /// App, then key.
    pub config: BTreeMap<String, Result<ConfigVars, Unknown>>,
}

/// Some config vars of one app: each key that was asked for, and its value when it is set.
pub type ConfigVars = BTreeMap<String, Option<String>>;

/// Reads the named keys of every app, all apps at once.
pub async fn observe(reader: &Reader, keys: &BTreeMap<String, BTreeSet<String>>) -> Live {
    let config = join_all(keys.iter().map(|(app, keys)| async move {
        let vars = config_vars(reader, app, keys).await.map_err(|error| error.unknown());
        (app.clone(), vars)
    }))
    .await;
    Live { config: config.into_iter().collect() }
}

/// Reads the named keys of one app. Heroku has no single-key read: the answer holds every var of the app, and all that
/// was not asked for is dropped while it is parsed (workflows-heroku-freeze page, 2.1).
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
        while let Some(key) = map.next_key::<String>()? {
            match vars.get_mut(&key) {
                Some(slot) => *slot = map.next_value::<Option<Scalar>>()?.map(|scalar| scalar.0),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(vars)
    }
}

/// A config var's value: always text on Heroku.
struct Scalar(String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
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
        assert_eq!(vars, ConfigVars::from([("DEPLOY_FREEZE".to_owned(), Some("true".to_owned())), ("MISSING".to_owned(), None)]));
        assert!(!format!("{vars:?}").contains("secret"));
    }
}
