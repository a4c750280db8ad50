//! The wire format of variables.

use jiff::Timestamp;
use serde::Deserialize;

use crate::providers::github::observe::Page;

#[derive(Deserialize)]
pub(super) struct Variables {
    total_count: usize,
    variables: Vec<Variable>,
}

#[derive(Deserialize)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) updated_at: Option<Timestamp>,
    /// Of an organization's variable only.
    pub(super) visibility: Option<String>,
}

impl Page<Variable> for Variables {
    fn total(&self) -> Option<usize> {
        Some(self.total_count)
    }

    fn items(self) -> Vec<Variable> {
        self.variables
    }
}

#[derive(Deserialize)]
pub(super) struct Account {
    pub(super) login: Option<String>,
}
