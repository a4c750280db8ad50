//! The providers: one folder each, with the same few files.
//!
//! To add one: a folder with `live` (what exists, GETs only), `plan` (pure) and `ops` (the writes as data, a [`request::Request`]),
//! and one line in [`Op`]'s table below. What gate.toml declares of it is in `desired`. A place that keeps a freeze is a
//! [`freeze_store::FreezeStore`], and needs one line in [`freeze_store::of`].
//! A provider must not know other providers, the file's syntax, rendering or the command line.
//! Tested by `tests/reconcile/`.

use serde::Serialize;

use crate::apply::{Executor, Mismatch};
use crate::http::{Api, ApiError, ErrorKind, Writer};
use crate::model::ByHand;

pub mod actions_variables;
pub mod freeze_store;
pub mod github;
pub mod heroku;
pub mod request;

use request::Request;

/// Declares [`Op`], and performs each request with the client of its API.
macro_rules! providers {
    ($($(#[$doc:meta])* $Name:ident($Request:ty)),* $(,)?) => {
        /// A request of any provider.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(rename_all = "lowercase")]
        pub enum Op {
            $($(#[$doc])* $Name($Request),)*
        }

        impl Op {
            /// The same request without actor and time: the part that a saved plan and a fresh one share.
            #[must_use]
            pub fn unattributed(&self) -> Self {
                match self { $(Self::$Name(request) => Self::$Name(request.unattributed()),)* }
            }
        }

        impl Executor for Clients {
            type Op = Op;

            fn describe(&self, op: &Op) -> String {
                match op { $(Op::$Name(request) => request.describe(),)* }
            }

            fn writes(&self, op: &Op) -> bool {
                match op { $(Op::$Name(request) => request.writes(),)* }
            }

            async fn moved(&self, op: &Op) -> Result<Vec<Mismatch>, ApiError> {
                match op { $(Op::$Name(request) => request.moved(self.of(request.api())?.reader()).await,)* }
            }

            async fn perform(&self, op: &Op) -> Result<(), ApiError> {
                match op { $(Op::$Name(request) => request.perform(&self.of(request.api())?.fresh_only()).await,)* }
            }

            async fn took_effect(&self, op: &Op) -> Result<bool, ApiError> {
                match op { $(Op::$Name(request) => request.took_effect(self.of(request.api())?.reader()).await,)* }
            }

            fn refused(&self, op: &Op, error: &ApiError) -> Option<ByHand> {
                match op { $(Op::$Name(request) => request.refused(error),)* }
            }

            async fn fall_back(&self, op: &Op) -> Result<(), ApiError> {
                match op { $(Op::$Name(request) => request.fall_back(self.of(request.api())?).await,)* }
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
