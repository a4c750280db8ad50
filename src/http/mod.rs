//! The wire: one pooled stack for every API.
//!
//! Owns TLS, proxies, timeouts, retries, rate limits, redaction and the typed error. The only place that knows the
//! HTTP library. Must not know what any endpoint means.

mod answer;
mod backoff;
mod cache;
mod client;
mod dial;
mod endpoint;
mod error;
mod exchange;
mod hints;
mod json;
mod limiter;
mod limits;
mod pace;
mod pool;
mod scrub;
mod stack;
mod target;
mod tls;
mod token;
mod trace;
mod traffic;
mod transport;

#[cfg(test)]
mod tests;

pub use cache::Cache;
pub use client::{Reader, Reply, Writer};
pub use dial::Proxies;
pub use endpoint::{Dialect, Endpoint, EndpointError};
pub use error::{ApiError, ErrorKind};
pub use limiter::Quota;
pub use limits::{Limit, Wait};
pub use stack::{OnExhausted, OnWait, OnWarning, Settings, Stack};
pub use target::Target;
pub use token::{Token, TokenAnswer, TokenSource};
pub use traffic::Traffic;
