//! Fingerprints: `sha256:…` over contents, never over dates or ids that change on their own.

use std::collections::BTreeMap;

use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::desired::Desired;
use crate::model::{Address, RepoName};

/// The fingerprint of a JSON value; serde_json keeps object keys sorted, so equal contents are equal text.
pub fn of(value: &Value) -> String {
    let digest = digest(&SHA256, value.to_string().as_bytes());
    let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// What gate.toml means for plan and apply; comments and layout do not count.
pub fn desired(want: &Desired) -> Value {
    let environments: Vec<Value> = want.github.environments.iter().map(|(name, environment)| json!([name.folded(), environment])).collect();
    json!({"environments": environments, "heroku": want.heroku, "freeze": want.freeze})
}

/// The fingerprint of what gate.toml declares for each address; the freeze's address stands for the whole `[freeze]` table.
pub fn declared(want: &Desired, repository: Option<&RepoName>) -> BTreeMap<Address, String> {
    let environments = repository.into_iter().flat_map(|repository| {
        let address = |name| Address::environment(repository, name);
        want.github.environments.iter().map(move |(name, environment)| (address(name), of(&json!(environment))))
    });
    let config = want.heroku.config.iter();
    let config = config.flat_map(|(app, vars)| vars.iter().map(move |(key, value)| (Address::config(app, key), of(&json!(value)))));
    let freeze = want.freeze.iter().map(|policy| (policy.store.address(), of(&json!(policy))));
    environments.chain(config).chain(freeze).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_depend_on_contents_and_not_on_key_order() {
        let a: Value = serde_json::from_str(r#"{"a":1,"b":[2]}"#).unwrap();
        let b: Value = serde_json::from_str(r#"{"b":[2],"a":1}"#).unwrap();
        assert_eq!(of(&a), of(&b));
        assert_ne!(of(&a), of(&json!({"a": 1, "b": [3]})));
        assert_eq!(of(&json!({})).len(), "sha256:".len() + 64);
    }
}
