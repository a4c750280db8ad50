//! Makes the clients of a run.

use std::sync::Arc;

use super::channel::{Channel, Identity};
use super::failure::malformed_token;
use super::limits::{LONGEST, Quota};
use super::shared::{Settings, Shared};
use super::token::{Token, TokenSource};
use super::transport::Transport;
use super::{ApiError, Endpoint, Reader, Traffic, Writer};

/// What all clients of a run share. Cheap to build: connections and TLS come with the first request that needs them.
/// Its clients live on the Tokio runtime of that first request.
#[derive(Debug, Clone)]
pub struct Stack {
    shared: Arc<Shared>,
}

impl Stack {
    /// Builds the stack; sends nothing.
    pub fn new(mut settings: Settings) -> Self {
        settings.timeout = settings.timeout.min(LONGEST);
        settings.attempt_timeout = settings.attempt_timeout.min(LONGEST);
        Self { shared: Arc::new(Shared::new(settings)) }
    }

    /// A client that cannot write (law 2). Without a token it asks anonymously.
    ///
    /// # Errors
    /// When the token is malformed.
    pub fn reader(&self, endpoint: &Endpoint, token: Option<Token>) -> Result<Reader, ApiError> {
        let identity = match token {
            None => Identity::Anonymous,
            Some(token) if token.header().is_none() => return Err(malformed_token(endpoint, &token)),
            Some(token) => Identity::Token(token),
        };
        Ok(self.client(endpoint, identity))
    }

    /// A client that can read and write.
    ///
    /// # Errors
    /// When the token is malformed.
    pub fn writer(&self, endpoint: &Endpoint, token: Option<Token>) -> Result<Writer, ApiError> {
        self.reader(endpoint, token).map(Writer::new)
    }

    /// A client that cannot write (law 2) and asks for the token of each request.
    pub fn reader_as(&self, endpoint: &Endpoint, tokens: Arc<dyn TokenSource>) -> Reader {
        self.client(endpoint, Identity::Source(tokens))
    }

    /// A client that can read and write and asks for the token of each request.
    pub fn writer_as(&self, endpoint: &Endpoint, tokens: Arc<dyn TokenSource>) -> Writer {
        Writer::new(self.reader_as(endpoint, tokens))
    }

    fn client(&self, endpoint: &Endpoint, identity: Identity) -> Reader {
        let host = self.shared.host(endpoint);
        let transport = Transport::new(endpoint.api());
        Reader::new(Channel { shared: Arc::clone(&self.shared), host, endpoint: endpoint.clone(), identity, transport })
    }

    /// What a server last said about its quota; `None` before its first answer, and if it has none.
    pub fn quota(&self, endpoint: &Endpoint) -> Option<Quota> {
        self.shared.host(endpoint).limiter.quota()
    }

    /// What was sent so far.
    pub fn traffic(&self) -> Traffic {
        self.shared.counters.read()
    }
}
