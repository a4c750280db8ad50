//! The wire: one pooled stack for every API.
//!
//! Owns TLS, proxies, timeouts, retries, rate limits, redaction and the typed error. The only place that knows the
//! HTTP library. Must not know what any endpoint means.
//! Tested in its `tests/`, over real sockets against servers that misbehave.

mod answer;
mod api;
mod backoff;
mod cache;
mod channel;
mod client;
mod dial;
mod endpoint;
mod error;
mod exchange;
mod failure;
mod fault;
mod headers;
mod hints;
mod json;
mod limiter;
mod limits;
mod once;
mod pace;
mod pool;
mod scrub;
mod shared;
mod stack;
mod target;
mod tls;
mod token;
mod trace;
mod traffic;
mod transport;

#[cfg(test)]
mod tests;

pub use answer::Reply;
pub use api::{Api, Caching, ClientKind, RateLimit, Refused, RequestIds};
pub use cache::Cache;
pub use client::{Reader, Writer};
pub use dial::Proxies;
pub use endpoint::{Endpoint, EndpointError};
pub use error::{ApiError, ErrorKind};
pub use limits::{Limit, Quota, Wait};
pub use once::{Covers, Sameness};
pub use shared::{OnExhausted, OnWait, OnWarning, Settings};
pub use stack::Stack;
pub use target::Target;
pub use token::{Token, TokenAnswer, TokenSource};
pub use traffic::Traffic;
