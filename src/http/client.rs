//! The two faces of an API: one that can only read, and one that can write.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{ApiError, Target};

/// A successful answer (2xx) whose body was read to its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body as JSON; `Null` when it is empty.
    pub body: serde_json::Value,
    /// Whether the `Link` header names a next page.
    pub has_next: bool,
}

/// A client that has no way to write (law 2). Cheap to clone; clones share connections, limits and counters.
#[derive(Debug, Clone)]
pub struct Reader {
    _private: (),
}

/// A client that can also write.
#[derive(Debug, Clone)]
pub struct Writer {
    reader: Reader,
}

impl Reply {
    /// The body as a `T`.
    ///
    /// # Errors
    /// When it is not one.
    pub fn decode<T: DeserializeOwned>(self) -> Result<T, ApiError> {
        unimplemented!()
    }
}

impl Reader {
    /// Asks once, whatever retries that takes.
    ///
    /// # Errors
    /// [`ApiError`] for every answer but a 2xx.
    pub async fn get(&self, _target: &Target) -> Result<Reply, ApiError> {
        unimplemented!()
    }

    /// Asks and decodes.
    ///
    /// # Errors
    /// As [`Self::get`]; also when the body is not a `T`.
    pub async fn get_json<T: DeserializeOwned>(&self, _target: &Target) -> Result<T, ApiError> {
        unimplemented!()
    }
}

impl Reader {
    /// Asks and decodes with a function of its own, which may drop parts of the body while it is parsed.
    ///
    /// # Errors
    /// As [`Self::get_json`].
    pub async fn get_with<T>(&self, _target: &Target, _decode: impl FnOnce(&[u8]) -> serde_json::Result<T>) -> Result<T, ApiError> {
        unimplemented!()
    }
}

impl Writer {
    /// PATCH whose answer's body is dropped unread.
    ///
    /// # Errors
    /// As [`Self::patch`].
    pub async fn patch_discarding(&self, _target: &Target, _body: &(impl Serialize + Sync)) -> Result<(), ApiError> {
        unimplemented!()
    }

    /// The reading half.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// PUT with a JSON body; retried where that is safe.
    ///
    /// # Errors
    /// [`ApiError`] for every answer but a 2xx.
    pub async fn put(&self, _target: &Target, _body: &(impl Serialize + Sync)) -> Result<Reply, ApiError> {
        unimplemented!()
    }

    /// PATCH with a JSON body; never repeated after it may have taken effect.
    ///
    /// # Errors
    /// [`ApiError`] for every answer but a 2xx.
    pub async fn patch(&self, _target: &Target, _body: &(impl Serialize + Sync)) -> Result<Reply, ApiError> {
        unimplemented!()
    }

    /// POST with a JSON body; never repeated after it may have taken effect.
    ///
    /// # Errors
    /// [`ApiError`] for every answer but a 2xx.
    pub async fn post(&self, _target: &Target, _body: &(impl Serialize + Sync)) -> Result<Reply, ApiError> {
        unimplemented!()
    }

    /// DELETE; a 404 is an error here, its caller decides what it means.
    ///
    /// # Errors
    /// [`ApiError`] for every answer but a 2xx.
    pub async fn delete(&self, _target: &Target) -> Result<Reply, ApiError> {
        unimplemented!()
    }
}
