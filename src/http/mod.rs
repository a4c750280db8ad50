//! The wire: one pooled stack for every API.
//!
//! Owns TLS, proxies, timeouts, retries, rate limits, redaction and the typed error. The only place that knows the
//! HTTP library. Must not know what any endpoint means.

mod client;
mod error;
mod target;

pub use client::{Reader, Reply, Writer};
pub use error::{ApiError, ErrorKind};
pub use target::Target;
