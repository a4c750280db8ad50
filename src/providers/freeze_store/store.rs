//! The interface of a freeze store.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;

use crate::desired::freeze::Store;
use crate::freeze::{FreezeWrite, History, Keys};
use crate::http::{Api, ApiError, Reader, Writer};

/// The requests of one kind of store. The defaults serve a plain key-value store: no history, and no name behind the token.
pub trait FreezeStore: Sync {
    /// The API that serves it: which client it is given.
    fn api(&self) -> &'static Api;

    /// Reads those of the four values that exist, and nothing else. An error that is [`NotFound`](crate::http::ErrorKind::NotFound)
    /// means that the store itself does not exist.
    fn read<'a>(&'a self, reader: &'a Reader, keys: &'a Keys) -> BoxFuture<'a, Result<BTreeMap<String, String>, ApiError>>;

    /// Sends a write. It may take several requests; the store then chooses an order that is never less closed than both before and after.
    fn write<'a>(&'a self, writer: &'a Writer, write: &'a FreezeWrite) -> BoxFuture<'a, Result<(), ApiError>>;

    /// Whether a write is one request: then a refused one changed nothing.
    fn writes_at_once(&self) -> bool {
        true
    }

    /// Who changed the values lately, from the store's own history; `None` if it keeps no such history.
    fn history<'a>(&'a self, reader: &'a Reader, keys: &'a Keys) -> BoxFuture<'a, Result<Option<History>, ApiError>> {
        let _ = (reader, keys);
        Box::pin(async { Ok(None) })
    }

    /// The account behind the token, if the API names it.
    fn account<'a>(&'a self, reader: &'a Reader) -> BoxFuture<'a, Result<Option<String>, ApiError>> {
        let _ = reader;
        Box::pin(async { Ok(None) })
    }

    /// The page on which a person sees the values.
    fn page(&self, store: &Store) -> String;

    /// Who gets past a freeze that is kept here, as the end of a sentence: `anyone who can write the config vars of shop-prod …`.
    fn gets_past(&self, store: &Store) -> String;
}
