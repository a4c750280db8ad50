//! What a plan would do to one address.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Address;

/// What happens to an address as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It does not exist and will.
    Create,
    /// It exists and some fields change.
    Update,
    /// It exists and will not.
    Delete,
}

impl Action {
    /// The past tense for reports: `created`, `updated`, `deleted`.
    pub const fn past(self) -> &'static str {
        match self {
            Self::Create => "created",
            Self::Update => "updated",
            Self::Delete => "deleted",
        }
    }
}

/// One field of an address, before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// The key of gate.toml: `reviewers`, `variables.TIER`, `value`.
    pub name: String,
    /// The live value as JSON; `null` if there is none.
    pub before: Value,
    /// The declared value as JSON; `null` if it will be removed.
    pub after: Value,
    /// Whether the gate is weaker afterward in this dimension (law 7).
    pub weakens: bool,
    /// Why it is weaker, in words for the person who consents; only with `weakens`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

impl Field {
    /// What a list gains if it loses nothing, such as `branch main`: what a cut-off step leaves to be done.
    /// `None` if the field is not a table of lists, or something is removed.
    pub fn only_gains(&self) -> Option<Vec<String>> {
        let lists = |value: &Value| -> Option<BTreeSet<String>> {
            let table = value.as_object()?;
            let of = |(key, kind)| table.get(key).and_then(Value::as_array).into_iter().flatten().map(move |name| (kind, name));
            let all = [("branches", "branch"), ("tags", "tag")].into_iter().flat_map(of);
            all.map(|(kind, name)| Some(format!("{kind} `{}`", name.as_str()?))).collect()
        };
        let (before, after) = (lists(&self.before)?, lists(&self.after)?);
        (before.is_subset(&after) && before != after).then(|| after.difference(&before).cloned().collect())
    }
}

impl Change {
    /// A change with its verdict drawn from its fields; deleting always weakens (law 7).
    pub fn new(address: Address, action: Action, fields: Vec<Field>) -> Self {
        let weakens = action == Action::Delete || fields.iter().any(|field| field.weakens);
        Self { address, action, weakens, fields }
    }
}

/// What a plan would do to one address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// What changes.
    pub address: Address,
    /// How it changes.
    pub action: Action,
    /// Whether the change weakens a gate: any of its fields does, or an existing gate is deleted.
    pub weakens: bool,
    /// The fields that change, in a fixed order.
    pub fields: Vec<Field>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_table_that_loses_nothing_only_gains() {
        let gains = |before: Value, after: Value| {
            Field { name: "deployment_branch_policy".to_owned(), before, after, weakens: true, because: None }.only_gains()
        };
        let (one, two) = (json!({"branches": ["main"]}), json!({"branches": ["main"], "tags": ["v*"]}));
        assert_eq!(gains(one.clone(), two.clone()), Some(vec!["tag `v*`".to_owned()]));
        assert_eq!(gains(json!({}), one.clone()), Some(vec!["branch `main`".to_owned()]));
        for (before, after) in
            [(two.clone(), one.clone()), (one.clone(), one.clone()), (json!("all"), two), (json!({"tags": ["main"]}), one)]
        {
            assert_eq!(gains(before.clone(), after.clone()), None, "{before} {after}");
        }
    }
}
