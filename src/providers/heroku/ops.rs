//! The writes on Heroku as data, and their performance.
//!
//! Owns one request per app. Must not decide what is written.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::apply::Mismatch;
use crate::http::{Api, ApiError, Reader, Target, Writer};
use crate::model::VarValue;
use crate::providers::request::Request;

use super::api;
use super::live::{self, ConfigVars};

/// One step of an apply on one app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Op {
    /// The app.
    pub app: String,
    /// What to do with it.
    pub action: Action,
}

/// What an [`Op`] does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Reads: these keys must still have these values, else nothing is written.
    Expect(ConfigVars),
    /// All declared keys of the app in one request: each makes a release and restarts the app (fact H2.1).
    Patch(BTreeMap<String, VarValue>),
}

impl Request for Op {
    fn api(&self) -> &'static Api {
        &api::API
    }

    fn describe(&self) -> String {
        match &self.action {
            Action::Expect(_) => format!("checking that the config vars of {} are still as planned", self.app),
            Action::Patch(vars) => format!("setting {} on {}", vars.keys().cloned().collect::<Vec<_>>().join(", "), self.app),
        }
    }

    fn writes(&self) -> bool {
        matches!(self.action, Action::Patch(_))
    }

    async fn moved(&self, reader: &Reader) -> Result<Vec<Mismatch>, ApiError> {
        let Action::Expect(then) = &self.action else { return Ok(Vec::new()) };
        let now = live::config_vars(reader, &self.app, &then.keys().cloned().collect()).await?;
        let shown = |value: Option<&VarValue>| value.map_or(Value::Null, VarValue::shown);
        Ok(then
            .iter()
            .filter(|(key, value)| now.get(*key) != Some(value))
            .map(|(key, value)| Mismatch {
                name: key.clone(),
                was: shown(value.as_ref()),
                now: shown(now.get(key).and_then(Option::as_ref)),
            })
            .collect())
    }

    async fn perform(&self, writer: &Writer) -> Result<(), ApiError> {
        match &self.action {
            Action::Expect(_) => Ok(()),
            // Heroku answers with every var of the app: none of it is kept.
            Action::Patch(vars) => {
                let body: BTreeMap<&String, &str> = vars.iter().map(|(key, value)| (key, value.expose())).collect();
                writer.patch(&Target::new(["apps", &self.app, "config-vars"]), &body).await.map(drop)
            }
        }
    }

    /// A PATCH is never repeated blindly, since each one restarts the app.
    async fn took_effect(&self, reader: &Reader) -> Result<bool, ApiError> {
        match &self.action {
            Action::Expect(_) => Ok(true),
            Action::Patch(vars) => {
                let live = live::config_vars(reader, &self.app, &vars.keys().cloned().collect()).await?;
                Ok(vars.iter().all(|(key, value)| live.get(key).and_then(Option::as_ref) == Some(value)))
            }
        }
    }
}
