//! The two clients of an API: one that can only read, and one that can write.

use std::sync::Arc;

use http::Method;
use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed};
use serde_json::Value;

use super::answer::{Reply, decode_message};
use super::channel::{Channel, Identity};
use super::once::{Covers, Once};
use super::{ApiError, Endpoint, ErrorKind, Target};

/// A client that has no way to write (law 2). Cheap to clone; clones share connections, limits and counters.
#[derive(Debug, Clone)]
pub struct Reader {
    channel: Arc<Channel>,
    /// Answers that this reader and its clones share.
    once: Option<Arc<Once<Reply>>>,
}

/// A client that can also write.
#[derive(Debug, Clone)]
pub struct Writer {
    reader: Reader,
    fresh_only: bool,
}

impl Reader {
    pub(super) fn new(channel: Channel) -> Self {
        Self { channel: Arc::new(channel), once: None }
    }

    /// The endpoint that this client asks.
    pub fn endpoint(&self) -> &Endpoint {
        &self.channel.endpoint
    }

    /// Whether requests carry a token.
    pub fn is_authenticated(&self) -> bool {
        !matches!(self.channel.identity, Identity::Anonymous)
    }

    /// The same client, which requests each answer that `covers` picks at most once: for a run that needs the same answer many times.
    #[must_use]
    pub fn asking_once(&self, covers: Covers) -> Self {
        Self { once: Some(Arc::new(Once::new(covers))), ..self.clone() }
    }

    /// Sends a GET, with retries.
    ///
    /// # Errors
    /// [`ApiError`] for every answer but 200, 204, and 206 if a range was requested.
    pub async fn get(&self, target: &Target) -> Result<Reply, ApiError> {
        match &self.once {
            Some(once) => once.get(target, self.ask(target)).await,
            None => self.ask(target).await,
        }
    }

    async fn ask(&self, target: &Target) -> Result<Reply, ApiError> {
        let reply = self.channel.ask(Method::GET, target, None, false).await?;
        match reply.status {
            200 | 204 => Ok(reply),
            206 if target.range_header().is_some() => Ok(reply),
            status => {
                let message = "not a possible answer to this request: something other than the API may have answered";
                Err(ApiError { status: Some(status), ..self.malformed(target, message) })
            }
        }
    }

    /// Sends a GET and decodes the answer.
    ///
    /// # Errors
    /// As [`Self::get`]; also when the body is not a `T`.
    pub async fn get_json<T: DeserializeOwned>(&self, target: &Target) -> Result<T, ApiError> {
        self.get_page(target).await.map(|(value, _)| value)
    }

    /// Asks for a page and decodes it; also says whether the `Link` header names a next one.
    ///
    /// # Errors
    /// As [`Self::get_json`].
    pub async fn get_page<T: DeserializeOwned>(&self, target: &Target) -> Result<(T, bool), ApiError> {
        let reply = self.get(target).await?;
        let value = T::deserialize(reply.body).map_err(|error| self.undecodable(target, reply.status, &error))?;
        Ok((value, reply.has_next))
    }

    /// Asks for a page of a list that is paged by cursor, and decodes it; also returns the cursor of the next one.
    ///
    /// # Errors
    /// As [`Self::get_json`].
    pub async fn get_cursor_page<T: DeserializeOwned>(&self, target: &Target) -> Result<(T, Option<String>), ApiError> {
        let reply = self.get(target).await?;
        let value = T::deserialize(reply.body).map_err(|error| self.undecodable(target, reply.status, &error))?;
        Ok((value, reply.cursor))
    }

    /// Sends a GET and decodes the answer with a seed, which may drop parts of the body.
    ///
    /// # Errors
    /// As [`Self::get_json`].
    pub async fn get_seed<T, S>(&self, target: &Target, seed: S) -> Result<T, ApiError>
    where
        S: for<'de> DeserializeSeed<'de, Value = T>,
    {
        let reply = self.get(target).await?;
        seed.deserialize(reply.body).map_err(|error| self.undecodable(target, reply.status, &error))
    }

    fn undecodable(&self, target: &Target, status: u16, error: &serde_json::Error) -> ApiError {
        ApiError { status: Some(status), ..self.malformed(target, decode_message(error)) }
    }

    /// The error for a complete answer that is not what the API promises.
    pub fn malformed(&self, target: &Target, message: impl Into<String>) -> ApiError {
        let hint = format!("run again; if that does not help, something between here and {} alters its responses", self.endpoint().host());
        ApiError { hint: Some(hint), ..ApiError::new(call(&self.channel, &Method::GET, target), ErrorKind::Malformed, message) }
    }
}

impl Writer {
    pub(super) fn new(reader: Reader) -> Self {
        Self { reader, fresh_only: false }
    }

    /// The same client for writes that depend on a preceding read: one that a rate limit holds back is not sent after the
    /// wait, but comes back as [`ErrorKind::Held`], since the state may have changed during the wait.
    #[must_use]
    pub fn fresh_only(&self) -> Self {
        Self { fresh_only: true, ..self.clone() }
    }

    /// The reading client.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// PUT with a JSON body; never repeated after it may have taken effect.
    ///
    /// # Errors
    /// [`ApiError`] for every answer but a 2xx.
    pub async fn put(&self, target: &Target, body: &(impl Serialize + Sync)) -> Result<Reply, ApiError> {
        self.write(Method::PUT, target, body).await
    }

    /// PATCH with a JSON body; never repeated after it may have taken effect.
    ///
    /// # Errors
    /// [`ApiError`] for every answer but a 2xx.
    pub async fn patch(&self, target: &Target, body: &(impl Serialize + Sync)) -> Result<Reply, ApiError> {
        self.write(Method::PATCH, target, body).await
    }

    /// POST with a JSON body; never repeated after it may have taken effect.
    ///
    /// # Errors
    /// [`ApiError`] for every answer but a 2xx.
    pub async fn post(&self, target: &Target, body: &(impl Serialize + Sync)) -> Result<Reply, ApiError> {
        self.write(Method::POST, target, body).await
    }

    /// DELETE; a 404 is an error here, its caller decides what it means.
    ///
    /// # Errors
    /// [`ApiError`] for every answer but a 2xx.
    pub async fn delete(&self, target: &Target) -> Result<Reply, ApiError> {
        self.reader.channel.ask(Method::DELETE, target, None, self.fresh_only).await
    }

    async fn write(&self, method: Method, target: &Target, body: &(impl Serialize + Sync)) -> Result<Reply, ApiError> {
        let channel = &self.reader.channel;
        let body: Value = serde_json::to_value(body).map_err(|_| {
            ApiError::new(call(channel, &method, target), ErrorKind::Refused, "not sent: the body cannot be written as JSON")
        })?;
        channel.ask(method, target, Some(&body), self.fresh_only).await
    }
}

fn call(channel: &Channel, method: &Method, target: &Target) -> String {
    format!("{method} {}", channel.endpoint.url(target))
}
