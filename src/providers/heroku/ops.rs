//! The writes on Heroku as data, and their performance.
//!
//! Owns one request per app. Must not decide what is written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::apply::Moved;
use crate::freeze::{FreezeWrite, SetFreeze};
use crate::http::{ApiError, ErrorKind, Reader, Target, Writer};

use super::freeze;
use super::live::{self, ConfigVars};

/// One step of an apply on one app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Op {
    /// The app.
    pub app: String,
    /// What to do with it.
    pub action: Action,
}

/// What an [`Op`] does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Reads: these keys must still have these values, else nothing is written.
    Expect(ConfigVars),
    /// All declared keys of the app in one request: each makes a release and restarts the app (fact H2.1).
    Patch(BTreeMap<String, String>),
    /// Sets the freeze. It has no form that lifts one.
    SetFreeze(Box<SetFreeze>),
}

impl Op {
    /// The op in words for a report: what was being done.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.action {
            Action::Expect(_) => format!("checking that the config vars of {} are still as planned", self.app),
            Action::Patch(vars) => format!("setting {} on {}", vars.keys().cloned().collect::<Vec<_>>().join(", "), self.app),
            Action::SetFreeze(_) => format!("freezing deploys on {}", self.app),
        }
    }

    /// Whether performing this writes.
    #[must_use]
    pub const fn writes(&self) -> bool {
        matches!(self.action, Action::Patch(_) | Action::SetFreeze(_))
    }

    /// The same op without who acts and when.
    #[must_use]
    pub fn unattributed(&self) -> Self {
        match &self.action {
            Action::SetFreeze(set) => Self { app: self.app.clone(), action: Action::SetFreeze(Box::new(set.unattributed())) },
            Action::Expect(_) | Action::Patch(_) => self.clone(),
        }
    }
}

/// Sends one write.
///
/// # Errors
/// Every refusal, and every lost answer.
pub async fn perform(writer: &Writer, op: &Op) -> Result<(), ApiError> {
    match &op.action {
        Action::Expect(_) => Ok(()),
        // Heroku answers with every var of the app: nothing of it is kept.
        Action::Patch(vars) => writer.patch(&Target::new(["apps", &op.app, "config-vars"]), vars).await.map(drop),
        Action::SetFreeze(set) => freeze::patch(writer, &write(set)?).await,
    }
}

/// The request that a plan holds. A record that cannot be written was refused when the plan was made.
fn write(set: &SetFreeze) -> Result<FreezeWrite, ApiError> {
    set.write().map_err(|refusal| ApiError::new("PATCH config-vars", ErrorKind::Refused, format!("not sent: {refusal}")))
}

/// What reading found after a write whose answer was lost: a PATCH is never repeated blindly, since each one restarts the app.
///
/// # Errors
/// When reading fails too.
pub async fn took_effect(reader: &Reader, op: &Op) -> Result<bool, ApiError> {
    match &op.action {
        Action::Expect(_) => Ok(true),
        Action::Patch(vars) => {
            let live = live::config_vars(reader, &op.app, &vars.keys().cloned().collect()).await?;
            Ok(vars.iter().all(|(key, value)| live.get(key).and_then(Option::as_ref) == Some(value)))
        }
        Action::SetFreeze(set) => freeze::shows(reader, &write(set)?).await,
    }
}

/// What of an [`Action::Expect`] no longer holds; nothing for a write.
///
/// # Errors
/// When the config vars cannot be read.
pub async fn moved(reader: &Reader, op: &Op) -> Result<Vec<Moved>, ApiError> {
    let Action::Expect(then) = &op.action else { return Ok(Vec::new()) };
    let now = live::config_vars(reader, &op.app, &then.keys().cloned().collect()).await?;
    Ok(then
        .iter()
        .filter(|(key, value)| now.get(*key) != Some(value))
        .map(|(key, value)| Moved { name: key.clone(), was: json!(value), now: json!(now.get(key)) })
        .collect())
}
