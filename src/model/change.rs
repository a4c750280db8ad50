//! What a plan would do to one address.

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
    /// Terraform's sign for the action: `+`, `~` or `-`.
    #[must_use]
    pub const fn glyph(self) -> char {
        match self {
            Self::Create => '+',
            Self::Update => '~',
            Self::Delete => '-',
        }
    }

    /// What a report says was done: `created`, `updated`, `deleted`.
    #[must_use]
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
    /// The live value as JSON; `null` when there is none.
    pub before: Value,
    /// The declared value as JSON; `null` when there will be none.
    pub after: Value,
    /// Whether the gate is weaker afterward in this dimension (law 7).
    pub weakens: bool,
    /// Why it is weaker, in words for the person who consents; only with `weakens`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

impl Change {
    /// A change with its verdict drawn from its fields; deleting always weakens (law 7).
    #[must_use]
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
    /// How.
    pub action: Action,
    /// Whether the change weakens a gate: any of its fields does, or an existing gate is deleted.
    pub weakens: bool,
    /// The fields that change, in a fixed order.
    pub fields: Vec<Field>,
}
