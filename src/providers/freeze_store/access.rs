//! Reading a freeze, and sending a write to it until it is known to be in place.
//!
//! Must not decide what is written: a [`FreezeWrite`] comes from [`crate::freeze`] only.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

use crate::apply::RetryDelays;
use crate::freeze::{FlagTimes, FreezeVars, FreezeWrite, Keys, LostUpdate, audit};
use crate::http::{ApiError, ErrorKind, Reader, Writer};
use crate::model::Answer;

use super::of;

/// How often a write whose answer was lost, and which reading shows did not happen, is sent in all.
const ATTEMPTS: u32 = 3;

/// Reads the freeze's values, and no other one.
///
/// # Errors
/// When they cannot be read.
pub async fn read(reader: &Reader, keys: &Keys) -> Result<FreezeVars, ApiError> {
    Ok(keys.pick(&values(reader, keys).await?))
}

/// Reads the freeze's values as an answer: a missing store does not prove that there is no freeze (law 1).
pub async fn observe(reader: &Reader, keys: &Keys) -> Answer<FreezeVars> {
    match read(reader, keys).await {
        Ok(vars) => Answer::Present(vars),
        Err(error) if error.kind == ErrorKind::NotFound => Answer::Absent,
        Err(error) => Answer::Unknown(error.unknown()),
    }
}

/// When the flags were last written, if one of them has no record that says so: the age is worth one request, and no failure.
pub async fn flag_times(reader: &Reader, keys: &Keys, vars: &FreezeVars, now: Timestamp) -> FlagTimes {
    if !vars.lacks_a_record(now) {
        return FlagTimes::default();
    }
    let history = of(&keys.store).history(reader, keys).await.ok().flatten();
    history.map(|history| FlagTimes::from(&audit(keys, vars, &history))).unwrap_or_default()
}

/// Why a write is not known to be in place.
#[derive(Debug, Clone, PartialEq)]
pub enum SendError {
    /// It was not made.
    NotWritten(ApiError),
    /// The store takes values one by one, and one after the first was refused.
    Partly(ApiError),
    /// Its answers were lost, and reading back shows that it did not take effect.
    NoEffect(ApiError),
    /// Whether it was made is unknown: reading back failed.
    Unread(ApiError),
    /// It was made, and another writer wrote at the same time.
    Lost(LostUpdate),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotWritten(error) => error.fmt(f),
            Self::Partly(error) => write!(f, "only part of the change was written, and the part that freezes goes first: {error}"),
            Self::NoEffect(error) => write!(f, "reading back shows that it did not take effect: {error}"),
            Self::Unread(error) => write!(f, "whether it was written is unknown, since it could not be read back: {error}"),
            Self::Lost(lost) => lost.fmt(f),
        }
    }
}

impl std::error::Error for SendError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NotWritten(error) | Self::Partly(error) | Self::NoEffect(error) | Self::Unread(error) => Some(error),
            Self::Lost(lost) => Some(lost),
        }
    }
}

/// Sends a write and reads it back. A write is never repeated blindly: on Heroku each one restarts the app (fact H2.1).
///
/// # Errors
/// When what exists afterward is not what was written, or it is unknown.
pub async fn send(writer: &Writer, keys: &Keys, write: &FreezeWrite, delays: &RetryDelays) -> Result<FreezeVars, SendError> {
    let mut attempt = 1;
    let mut unseen: Option<ApiError> = None;
    loop {
        let lost_answer = match (of(&keys.store).write(writer, write).await, unseen) {
            (Ok(()), _) => None,
            (Err(error), _) if error.may_have_applied => Some(error),
            // A user who stopped the run needs to know the result of the sent request.
            (Err(error), Some(unseen)) if error.kind == ErrorKind::Interrupted => return Err(SendError::NoEffect(unseen)),
            (Err(error), _) => return Err(refused(writer.reader(), keys, write, error).await),
        };
        match (read_back(writer.reader(), keys, write, delays).await, lost_answer) {
            (Ok(Ok(vars)), _) => return Ok(vars),
            (Ok(Err(lost)), None) => return Err(SendError::Lost(lost)),
            (Ok(Err(_)), Some(error)) if attempt < ATTEMPTS => unseen = Some(error),
            (Ok(Err(_)), Some(error)) => return Err(SendError::NoEffect(error)),
            (Err(error), _) => return Err(SendError::Unread(error)),
        }
        attempt += 1;
    }
}

/// A refusal of the whole write, or of the rest after a first part.
async fn refused(reader: &Reader, keys: &Keys, write: &FreezeWrite, error: ApiError) -> SendError {
    let store = of(&keys.store);
    if store.writes_at_once() || store.read(reader, keys).await.is_ok_and(|now| write.is_untouched(&now)) {
        SendError::NotWritten(error)
    } else {
        SendError::Partly(error)
    }
}

async fn read_back(
    reader: &Reader,
    keys: &Keys,
    write: &FreezeWrite,
    delays: &RetryDelays,
) -> Result<Result<FreezeVars, LostUpdate>, ApiError> {
    // After three reads, a user who waits for an emergency freeze needs an answer.
    let mut pauses = delays.read_back.iter().take(3);
    loop {
        let values = values(reader, keys).await?;
        match (write.confirm(&values), pauses.next()) {
            (Ok(()), _) => return Ok(Ok(keys.pick(&values))),
            (Err(lost), None) => return Ok(Err(lost)),
            (Err(_), Some(pause)) => tokio::time::sleep(*pause).await,
        }
    }
}

pub(super) async fn values(reader: &Reader, keys: &Keys) -> Result<BTreeMap<String, String>, ApiError> {
    of(&keys.store).read(reader, keys).await
}
