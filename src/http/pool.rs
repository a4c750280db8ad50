//! One attempt on the network: a pool of connections, and bounded answers.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper_util::client::legacy::{self, Builder, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::dial::Dial;
use super::tls::Tls;

pub(super) type BoxError = Box<dyn Error + Send + Sync>;

/// Why an attempt has no complete answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// No byte of the request left: no connection.
    NotSent(String),
    /// The request may have arrived; its answer did not, or not whole.
    Lost(String),
    /// The answer is larger than this many bytes.
    TooLarge(usize),
}

impl Fault {
    /// The same, in other words.
    pub(super) fn map(self, words: impl FnOnce(&str) -> String) -> Self {
        match self {
            Self::NotSent(why) => Self::NotSent(words(&why)),
            Self::Lost(why) => Self::Lost(words(&why)),
            Self::TooLarge(limit) => Self::TooLarge(limit),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(why) => write!(f, "cannot connect: {why}"),
            Self::Lost(why) => write!(f, "no complete answer: {why}"),
            Self::TooLarge(limit) => write!(f, "the answer is larger than {limit} bytes"),
        }
    }
}

impl Error for Fault {}

/// Connections to any number of servers.
#[derive(Clone)]
pub(super) enum Pool {
    /// Plain http, for loopback.
    Plain(Arc<Client<Dial, Full<Bytes>>>),
    /// Everything else.
    Tls(Arc<Tls>),
}

impl Pool {
    /// Builds a pool for plain http.
    pub(super) fn plain(dial: Dial) -> Self {
        Self::Plain(Arc::new(pool_builder().build(dial)))
    }

    /// Sends once and reads the whole answer of at most so many bytes. Follows no redirect.
    pub(super) async fn send(&self, request: Request<Bytes>, max_body: usize) -> Result<Response<Bytes>, Fault> {
        let request = request.map(Full::new);
        let response = match self {
            Self::Plain(client) => client.request(request).await.map_err(|error| fault(&error))?,
            Self::Tls(tls) => tls.send(request).await?,
        };
        let (head, body) = response.into_parts();
        match Limited::new(body, max_body).collect().await {
            Ok(body) => Ok(Response::from_parts(head, body.to_bytes())),
            Err(error) if error.is::<LengthLimitError>() => Err(Fault::TooLarge(max_body)),
            Err(error) => Err(Fault::Lost(chain(error.as_ref()))),
        }
    }
}

/// What the HTTP library says, by whether anything was sent.
pub(super) fn fault(error: &legacy::Error) -> Fault {
    let why = chain(error);
    if error.is_connect() { Fault::NotSent(why) } else { Fault::Lost(why) }
}

pub(super) fn pool_builder() -> Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(Duration::from_secs(30))
        // A laptop that slept leaves connections behind that never answer; HTTP/2 would put every retry on the same one.
        .http2_keep_alive_interval(Duration::from_secs(5))
        .http2_keep_alive_timeout(Duration::from_secs(5));
    builder
}

/// An error with its causes, each said once.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}
