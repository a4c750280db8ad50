//! What gate.toml declares of Heroku apps.
//!
//! Owns the declared shape. The freeze has its own: see [`crate::freeze`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// All `[heroku.config.APP]` tables: app, then key, then value. Only these keys are read, compared or written.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Desired {
    /// Declared config vars of each app.
    pub config: BTreeMap<String, BTreeMap<String, String>>,
}
