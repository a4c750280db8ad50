//! An API and the identity that asks it, and one request before it is attempted.
//!
//! Owns what an attempt and the error for it both read. Must not know how a request is sent.
//! Tested in `tests/`, through the clients.

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, Method, Uri};
use serde_json::Value;
use tokio::time::Instant;

use super::Endpoint;
use super::headers::text;
use super::hints::HintContext;
use super::shared::{Host, Shared};
use super::token::{Token, TokenSource};
use super::transport::Transport;

/// The caller's identity.
pub(super) enum Identity {
    /// Anonymous.
    Anonymous,
    /// The account of this token.
    Token(Token),
    /// The account of the token that this returns.
    Source(Arc<dyn TokenSource>),
}

/// One API, one identity: everything that a request needs but its target.
pub(super) struct Channel {
    pub(super) shared: Arc<Shared>,
    pub(super) host: Arc<Host>,
    pub(super) endpoint: Endpoint,
    pub(super) identity: Identity,
    pub(super) transport: Transport,
}

/// One request, before it is attempted.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) url: String,
    pub(super) range: Option<&'static str>,
    /// What a write to it may change, and its own name: for the cache.
    pub(super) scope: String,
    pub(super) address: String,
    pub(super) body: Option<&'a Value>,
    /// What the next attempt is sent with.
    pub(super) token: Option<Token>,
    /// Whether it comes back after a wait for a rate limit instead of being sent.
    pub(super) fresh_only: bool,
    pub(super) deadline: Instant,
}

impl Call<'_> {
    pub(super) fn reads(&self) -> bool {
        self.method == Method::GET
    }

    /// The request as an error names it.
    pub(super) fn words(&self) -> String {
        format!("{} {}", self.method, self.url)
    }
}

impl Channel {
    /// What a hint is made from.
    pub(super) fn asked<'a>(&'a self, call: &'a Call<'_>) -> HintContext<'a> {
        HintContext {
            endpoint: &self.endpoint,
            method: &call.method,
            path: call.uri.path(),
            token_source: call.token.as_ref().map(Token::source),
            proxy: self.shared.settings.proxies.before(&call.url),
        }
    }

    /// The request's id, from the headers of an attempt or of its answer.
    pub(super) fn request_id(&self, headers: &HeaderMap) -> Option<String> {
        text(headers, self.endpoint.api().request_ids.header())
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.identity {
            Identity::Anonymous => write!(f, "{} without a token", self.endpoint),
            Identity::Token(token) => write!(f, "{} with {token:?}", self.endpoint),
            Identity::Source(source) => write!(f, "{} with {source:?}", self.endpoint),
        }
    }
}
