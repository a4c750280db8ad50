//! The JSON records next to the flag: who froze, why and until when.
//!
//! Owns the wire format of `DEPLOY_FREEZE_INFO` and `DEPLOY_FREEZE_OVERRIDE_INFO`. Reads leniently (keys that it does not
//! know are ignored), writes strictly. Must not decide what a record means for a deploy.

use std::fmt;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

/// The version that is written, and the only one that is understood.
const VERSION: u32 = 1;
/// The longest record, in bytes: config vars share one limit per app.
const MAX_BYTES: usize = 1024;
/// The longest reason, in characters.
const MAX_REASON: usize = 400;
/// The longest name and the longest reference, in characters.
const MAX_NAME: usize = 120;

/// The identity of one freeze or of one override.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FreezeId(Uuid);

impl FreezeId {
    /// Takes a fresh UUID.
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// Reads an id as `freeze status` prints it.
    ///
    /// # Errors
    /// A sentence, when the text is not a UUID.
    pub fn parse(text: &str) -> Result<Self, String> {
        Uuid::try_parse(text).map(Self).map_err(|_| format!("`{text}` is not the id of a freeze: `gatectl freeze status` prints it"))
    }
}

impl fmt::Display for FreezeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for FreezeId {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<FreezeId> for String {
    fn from(id: FreezeId) -> Self {
        id.to_string()
    }
}

/// The kind of a freeze.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FreezeKind {
    /// Set on purpose, for a reason.
    Manual,
    /// The freeze.
    Emergency,
}

/// Whether a record is about a freeze that was set or one that was lifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    /// Set.
    #[default]
    On,
    /// Lifted; `by`, `at` and `reason` are those of the lifting.
    Off,
}

/// Who set or lifted the freeze, as that person claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Names this freeze; every write has a new one.
    pub id: FreezeId,
    /// Set or lifted.
    #[serde(default)]
    pub state: Switch,
    /// Why; empty if the record has none.
    #[serde(default)]
    pub reason: String,
    /// Who; a claim, the evidence is the app's release. Empty if not given.
    #[serde(default)]
    pub by: String,
    /// When it began.
    pub at: Timestamp,
    /// When it ends; `None` means until it is lifted.
    pub until: Option<Timestamp>,
    /// The kind.
    pub kind: FreezeKind,
    /// An incident or a ticket.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// Who a record says it was.
pub(super) fn or_unnamed(by: &str) -> &str {
    if by.is_empty() { "an unnamed account" } else { by }
}

impl Record {
    /// Reads the value of the record's config var.
    ///
    /// # Errors
    /// Why the record cannot be relied on: not JSON, from a newer version, or without what a freeze needs.
    pub fn parse(text: &str) -> Result<Self, RecordError> {
        parse(versioned(text)?)
    }

    /// Whether the freeze has expired.
    pub fn expired(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// The value of the record's config var: compact JSON.
    ///
    /// # Errors
    /// When the reason, the name or the reference is missing, too long or holds a control character.
    pub fn to_wire(&self) -> Result<String, RecordError> {
        check("a reason", &self.reason, MAX_REASON)?;
        check("a name", &self.by, MAX_NAME)?;
        self.reference.as_deref().map_or(Ok(()), |reference| check("a reference", reference, MAX_NAME))?;
        write(self)
    }
}

/// Who opened a frozen deploy, for how long, and which freeze.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverrideRecord {
    /// Names this override.
    pub id: FreezeId,
    /// Who; a claim.
    #[serde(default)]
    pub by: String,
    /// Why.
    #[serde(default)]
    pub reason: String,
    /// When it began, if recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// When it ends.
    pub until: Timestamp,
    /// The freeze that it opens; `None` opens windows of the calendar and no freeze.
    pub freeze_id: Option<FreezeId>,
}

impl OverrideRecord {
    /// Reads the value of the override's config var.
    ///
    /// # Errors
    /// Why the record cannot be relied on. One that is limited to a workflow or a ref is refused: its author intended
    /// less than this reader could enforce.
    pub fn parse(text: &str) -> Result<Self, RecordError> {
        let map = versioned(text)?;
        match ["workflow", "ref"].into_iter().find(|limit| map.get(*limit).is_some_and(|value| !value.is_null())) {
            Some(limit) => Err(RecordError(format!("it is limited to one {limit}, which this version of gatectl cannot check"))),
            None => parse(map),
        }
    }

    /// The value of the override's config var: compact JSON.
    ///
    /// # Errors
    /// When the reason or the name is missing, too long or holds a control character.
    pub fn to_wire(&self) -> Result<String, RecordError> {
        check("a reason", &self.reason, MAX_REASON)?;
        check("a name", &self.by, MAX_NAME)?;
        write(self)
    }
}

/// Why a record cannot be read, or will not be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordError(pub String);

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RecordError {}

fn versioned(text: &str) -> Result<Map<String, Value>, RecordError> {
    let map: Map<String, Value> = serde_json::from_str(text).map_err(|_| RecordError("it is not a JSON object".to_owned()))?;
    match map.get("v").map(Value::as_u64) {
        Some(Some(v)) if v == u64::from(VERSION) => Ok(map),
        Some(Some(v)) if v > u64::from(VERSION) => {
            Err(RecordError(format!("it has version {v}, which only a newer gatectl understands: update gatectl")))
        }
        _ => Err(RecordError("it has no version (`\"v\":1`)".to_owned())),
    }
}

fn parse<T: DeserializeOwned>(map: Map<String, Value>) -> Result<T, RecordError> {
    serde_json::from_value(Value::Object(map)).map_err(|e| RecordError(format!("it is incomplete or wrong: {e}")))
}

fn check(what: &str, text: &str, most: usize) -> Result<(), RecordError> {
    let chars = text.chars().count();
    if text.trim().is_empty() {
        return Err(RecordError(format!("{what} is needed")));
    }
    if text.chars().any(char::is_control) {
        return Err(RecordError(format!("{what} must be one line without control characters")));
    }
    if chars > most {
        return Err(RecordError(format!("{what} may have at most {most} characters; this one has {chars}")));
    }
    Ok(())
}

fn write<T: Serialize>(record: &T) -> Result<String, RecordError> {
    #[derive(Serialize)]
    struct Wire<'r, T> {
        v: u32,
        #[serde(flatten)]
        record: &'r T,
    }
    let text =
        serde_json::to_string(&Wire { v: VERSION, record }).map_err(|e| RecordError(format!("the record cannot be written: {e}")))?;
    if text.len() > MAX_BYTES {
        return Err(RecordError(format!("the record has {} bytes and may have {MAX_BYTES}: shorten the reason", text.len())));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
