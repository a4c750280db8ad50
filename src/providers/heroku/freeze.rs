//! The freeze on Heroku: its four config vars, the one write, and the releases that say who really made it.
//!
//! Owns the requests. Must not decide what is written: a [`FreezeWrite`] comes from [`crate::freeze`] only.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;

use crate::apply::Patience;
use crate::freeze::{FreezeVars, FreezeWrite, Keys, Lost, Release};
use crate::http::{ApiError, ErrorKind, Reader, Target, Writer};
use crate::model::Answer;

use super::live::{self, ConfigVars};

/// The newest releases, as many as one page holds: every change of a config var is one of them.
const NEWEST: &str = "version ..; order=desc,max=200";
/// How often a write whose answer was lost, and which reading shows did not happen, is sent in all.
const ATTEMPTS: u32 = 3;

/// Reads the freeze's config vars, and no other one.
///
/// # Errors
/// When they cannot be read.
pub async fn read(reader: &Reader, keys: &Keys) -> Result<FreezeVars, ApiError> {
    Ok(keys.pick(&values(reader, keys).await?))
}

/// Reads the freeze's config vars as an answer: an app that is not there is no freeze that is not there (law 1).
pub async fn observe(reader: &Reader, keys: &Keys) -> Answer<FreezeVars> {
    match read(reader, keys).await {
        Ok(vars) => Answer::Present(vars),
        Err(error) if error.kind == ErrorKind::NotFound => Answer::Absent,
        Err(error) => Answer::Unknown(error.unknown()),
    }
}

/// Takes the freeze's config vars out of what was read of its app.
#[must_use]
pub fn pick(keys: &Keys, vars: &ConfigVars) -> FreezeVars {
    keys.pick(&set_only(vars.clone()))
}

/// Why a write is not known to be in place.
#[derive(Debug, Clone, PartialEq)]
pub enum SendError {
    /// It was not made.
    NotWritten(ApiError),
    /// Its answers were lost, and reading back shows that it did not take effect.
    NoEffect(ApiError),
    /// Whether it was made is unknown: reading back failed.
    Unread(ApiError),
    /// It was made, and somebody else wrote at the same time.
    Lost(Lost),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotWritten(error) => error.fmt(f),
            Self::NoEffect(error) => write!(f, "reading back shows that it did not take effect: {error}"),
            Self::Unread(error) => write!(f, "whether it was written is unknown, since it could not be read back: {error}"),
            Self::Lost(lost) => lost.fmt(f),
        }
    }
}

impl std::error::Error for SendError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NotWritten(error) | Self::NoEffect(error) | Self::Unread(error) => Some(error),
            Self::Lost(lost) => Some(lost),
        }
    }
}

/// Sends a write and reads it back. A PATCH is never repeated blindly: each one restarts the app (fact H2.1).
///
/// # Errors
/// When what is there afterwards is not what was written, or nobody can say.
pub async fn send(writer: &Writer, keys: &Keys, write: &FreezeWrite, patience: &Patience) -> Result<FreezeVars, SendError> {
    let mut attempt = 1;
    let mut unseen: Option<ApiError> = None;
    loop {
        let lost_answer = match (patch(writer, write).await, unseen) {
            (Ok(()), _) => None,
            (Err(error), _) if error.may_have_applied => Some(error),
            // Whoever stopped the run wants to know what became of what was sent.
            (Err(error), Some(unseen)) if error.kind == ErrorKind::Interrupted => return Err(SendError::NoEffect(unseen)),
            (Err(error), _) => return Err(SendError::NotWritten(error)),
        };
        match (read_back(writer.reader(), keys, write, patience).await, lost_answer) {
            (Ok(Ok(vars)), _) => return Ok(vars),
            (Ok(Err(lost)), None) => return Err(SendError::Lost(lost)),
            (Ok(Err(_)), Some(error)) if attempt < ATTEMPTS => unseen = Some(error),
            (Ok(Err(_)), Some(error)) => return Err(SendError::NoEffect(error)),
            (Err(error), _) => return Err(SendError::Unread(error)),
        }
        attempt += 1;
    }
}

/// Sends the one PATCH; Heroku answers with every var of the app, of which nothing is kept.
///
/// # Errors
/// Every refusal, and every lost answer.
pub async fn patch(writer: &Writer, write: &FreezeWrite) -> Result<(), ApiError> {
    writer.patch(&Target::new(["apps", write.app(), "config-vars"]), write.body()).await.map(drop)
}

/// Whether a write shows.
///
/// # Errors
/// When the config vars cannot be read.
pub async fn shows(reader: &Reader, write: &FreezeWrite) -> Result<bool, ApiError> {
    let wanted = write.body().keys().cloned().collect();
    let vars = live::config_vars(reader, write.app(), &wanted).await?;
    Ok(write.confirm(&set_only(vars)).is_ok())
}

async fn read_back(reader: &Reader, keys: &Keys, write: &FreezeWrite, patience: &Patience) -> Result<Result<FreezeVars, Lost>, ApiError> {
    // Three looks later, somebody who waits for an emergency freeze wants to know.
    let mut pauses = patience.read_back.iter().take(3);
    loop {
        let values = values(reader, keys).await?;
        match (write.confirm(&values), pauses.next()) {
            (Ok(()), _) => return Ok(Ok(keys.pick(&values))),
            (Err(lost), None) => return Ok(Err(lost)),
            (Err(_), Some(pause)) => tokio::time::sleep(*pause).await,
        }
    }
}

async fn values(reader: &Reader, keys: &Keys) -> Result<BTreeMap<String, String>, ApiError> {
    let wanted = keys.all().into_iter().map(str::to_owned).collect();
    live::config_vars(reader, &keys.app, &wanted).await.map(set_only)
}

fn set_only(vars: ConfigVars) -> BTreeMap<String, String> {
    vars.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}

/// The app's newest releases.
///
/// # Errors
/// When they cannot be read.
pub async fn releases(reader: &Reader, app: &str) -> Result<Vec<Release>, ApiError> {
    #[derive(Deserialize)]
    struct Shape {
        version: u64,
        #[serde(default)]
        description: Option<String>,
        #[serde(default)]
        user: Option<User>,
        created_at: Timestamp,
        #[serde(default)]
        status: Option<String>,
        #[serde(default)]
        current: bool,
    }
    let shapes: Vec<Shape> = reader.get_json(&Target::new(["apps", app, "releases"]).range(NEWEST)).await?;
    let release = |shape: Shape| Release {
        version: shape.version,
        description: shape.description.unwrap_or_default(),
        user: shape.user.and_then(|user| user.email),
        created_at: shape.created_at,
        status: shape.status.unwrap_or_default(),
        current: shape.current,
    };
    Ok(shapes.into_iter().map(release).collect())
}

/// The email of the account behind the token.
///
/// # Errors
/// When it cannot be read: a token may lack the scope `identity`.
pub async fn account(reader: &Reader) -> Result<Option<String>, ApiError> {
    reader.get_json::<User>(&Target::new(["account"])).await.map(|user| user.email)
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    email: Option<String>,
}
