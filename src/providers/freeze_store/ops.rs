//! What an apply does to a freeze, as data: it reads one, and it sets one. There is no operation that lifts one.

use serde::Serialize;
use serde_json::Value;

use crate::apply::Mismatch;
use crate::freeze::{FreezeVars, FreezeWrite, Keys, SetFreeze};
use crate::http::{Api, ApiError, ErrorKind, Reader, Writer};
use crate::model::VarValue;
use crate::providers::request::Request;

use super::{access, of};

/// One step of an apply on one freeze.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Op {
    /// Reads: the four values must still be these, else nothing is written.
    Expect(Box<Keys>, Box<FreezeVars>),
    /// Sets the freeze.
    Set(Box<SetFreeze>),
}

impl Op {
    fn keys(&self) -> &Keys {
        match self {
            Self::Expect(keys, _) => keys,
            Self::Set(set) => set.keys(),
        }
    }
}

/// The request that a plan holds. A record that cannot be written was refused when the plan was made.
fn write(set: &SetFreeze) -> Result<FreezeWrite, ApiError> {
    set.write().map_err(|refusal| ApiError::new("the freeze", ErrorKind::Refused, format!("not sent: {refusal}")))
}

impl Request for Op {
    fn api(&self) -> &'static Api {
        of(&self.keys().store).api()
    }

    fn describe(&self) -> String {
        let store = self.keys().store.name();
        match self {
            Self::Expect(..) => format!("checking that the freeze of {store} is still as planned"),
            Self::Set(_) => format!("freezing deploys on {store}"),
        }
    }

    fn writes(&self) -> bool {
        matches!(self, Self::Set(_))
    }

    fn unattributed(&self) -> Self {
        match self {
            Self::Expect(..) => self.clone(),
            Self::Set(set) => Self::Set(Box::new(set.unattributed())),
        }
    }

    async fn moved(&self, reader: &Reader) -> Result<Vec<Mismatch>, ApiError> {
        let Self::Expect(keys, then) = self else { return Ok(Vec::new()) };
        let now = access::read(reader, keys).await?;
        let shown = |value: Option<VarValue>| value.map_or(Value::Null, |value| value.shown());
        let all = then.under(keys).into_iter().zip(now.under(keys));
        Ok(all
            .filter(|((_, was), (_, now))| was != now)
            .map(|((key, was), (_, now))| Mismatch { name: key.to_owned(), was: shown(was), now: shown(now) })
            .collect())
    }

    async fn perform(&self, writer: &Writer) -> Result<(), ApiError> {
        match self {
            Self::Expect(..) => Ok(()),
            Self::Set(set) => of(&set.keys().store).write(writer, &write(set)?).await,
        }
    }

    async fn took_effect(&self, reader: &Reader) -> Result<bool, ApiError> {
        match self {
            Self::Expect(..) => Ok(true),
            Self::Set(set) => Ok(write(set)?.confirm(&access::values(reader, set.keys()).await?).is_ok()),
        }
    }
}
