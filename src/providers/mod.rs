//! The providers: one folder each, with the same few files.
//!
//! To add one: a folder with `live` (what exists, GETs only), `plan` (pure) and `ops` (the writes as data, a [`request::Request`]),
//! and one line in [`Op`]'s table below. What gate.toml declares of it is in `desired`. A place that keeps a freeze is a
//! [`freeze_store::FreezeStore`], and needs one line in [`freeze_store::of`].
//! A provider must not know other providers, the file's syntax, rendering or the command line.
//! Tested by `tests/reconcile/`.

use serde::Serialize;

use crate::apply::{Executor, Mismatch};
use crate::http::{Api, ApiError, ErrorKind, Reader, Writer};
use crate::model::ByHand;

pub mod actions_variables;
pub mod freeze_store;
pub mod github;
pub mod heroku;
pub mod request;

use request::Request;

/// Declares [`Op`] and forwards each request to its provider.
macro_rules! providers {
    ($($(#[$doc:meta])* $Name:ident($Request:ty)),* $(,)?) => {
        /// A request of any provider.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(rename_all = "lowercase")]
        pub enum Op {
            $($(#[$doc])* $Name($Request),)*
        }

        impl Request for Op {
            fn api(&self) -> &'static Api {
                match self { $(Self::$Name(request) => request.api(),)* }
            }

            fn describe(&self) -> String {
                match self { $(Self::$Name(request) => request.describe(),)* }
            }

            fn writes(&self) -> bool {
                match self { $(Self::$Name(request) => request.writes(),)* }
            }

            fn unattributed(&self) -> Self {
                match self { $(Self::$Name(request) => Self::$Name(request.unattributed()),)* }
            }

            async fn moved(&self, reader: &Reader) -> Result<Vec<Mismatch>, ApiError> {
                match self { $(Self::$Name(request) => request.moved(reader).await,)* }
            }

            async fn perform(&self, writer: &Writer) -> Result<(), ApiError> {
                match self { $(Self::$Name(request) => request.perform(writer).await,)* }
            }

            async fn took_effect(&self, reader: &Reader) -> Result<bool, ApiError> {
                match self { $(Self::$Name(request) => request.took_effect(reader).await,)* }
            }

            fn refused(&self, error: &ApiError) -> Option<ByHand> {
                match self { $(Self::$Name(request) => request.refused(error),)* }
            }

            async fn fall_back(&self, writer: &Writer) -> Result<(), ApiError> {
                match self { $(Self::$Name(request) => request.fall_back(writer).await,)* }
            }
        }
    };
}

providers! {
    /// On a GitHub environment.
    Github(github::ops::Op),
    /// On a Heroku app.
    Heroku(heroku::ops::Op),
    /// On a freeze, in any store.
    Freeze(freeze_store::ops::Op),
}

/// The writing clients, one for each API; one that no planned step needs may be missing.
#[derive(Debug)]
pub struct Clients(Vec<Writer>);

impl FromIterator<Writer> for Clients {
    fn from_iter<I: IntoIterator<Item = Writer>>(writers: I) -> Self {
        Self(writers.into_iter().collect())
    }
}

impl Clients {
    /// The client of an API.
    ///
    /// # Errors
    /// When there is no token for it.
    pub fn of(&self, api: &Api) -> Result<&Writer, ApiError> {
        let writer = self.0.iter().find(|writer| writer.reader().endpoint().api() == api);
        writer.ok_or_else(|| ApiError::new(api.name, ErrorKind::Unauthenticated, "not sent: there is no token"))
    }
}

impl Executor for Clients {
    type Op = Op;

    fn describe(&self, op: &Op) -> String {
        op.describe()
    }

    fn writes(&self, op: &Op) -> bool {
        op.writes()
    }

    async fn moved(&self, op: &Op) -> Result<Vec<Mismatch>, ApiError> {
        op.moved(self.of(op.api())?.reader()).await
    }

    async fn perform(&self, op: &Op) -> Result<(), ApiError> {
        op.perform(&self.of(op.api())?.fresh_only()).await
    }

    async fn took_effect(&self, op: &Op) -> Result<bool, ApiError> {
        op.took_effect(self.of(op.api())?.reader()).await
    }

    fn refused(&self, op: &Op, error: &ApiError) -> Option<ByHand> {
        op.refused(error)
    }

    async fn fall_back(&self, op: &Op) -> Result<(), ApiError> {
        op.fall_back(self.of(op.api())?).await
    }
}
