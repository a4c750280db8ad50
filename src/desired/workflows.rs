//! `[[workflows]]` of gate.toml: what must resolve to which environment.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::EnvName;

/// One `[[workflows]]` table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expectation {
    /// The workflow's path in the repository, with `/`: `.github/workflows/deploy.yml`.
    pub file: String,
    /// What every deploying job must resolve to.
    pub environment: EnvName,
    /// The scenarios in which it must; empty means every declared trigger of the file.
    pub when: Vec<When>,
}

/// One concrete way in which a run starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct When {
    /// GitHub's name of the event: `push`, `workflow_dispatch`, `schedule`, …
    pub event: String,
    /// The full ref of the run (`refs/heads/main`, `refs/tags/v1.2.3`); none means the default branch.
    pub git_ref: Option<String>,
    /// Inputs of a dispatch; those not named take their defaults.
    pub inputs: BTreeMap<String, InputValue>,
}

/// A dispatch input as gate.toml writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum InputValue {
    /// `true`, `false`.
    Bool(bool),
    /// A number.
    Number(f64),
    /// Text.
    String(String),
}
