//! What `-v` and `-vv` show of a request: never a body, never a token.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, Response};
use hyper::body::Bytes;

use super::answer::bounded;
use super::fault::Fault;

/// Characters of one header.
const MAX_HEADER: usize = 1_000;

/// Headers whose values are never shown.
const HIDDEN: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];

pub(super) fn request(method: &Method, url: &str, headers: &HeaderMap) {
    if tracing::enabled!(tracing::Level::DEBUG) {
        tracing::debug!(%method, url, headers = shown(headers), "sending");
    }
}

/// One attempt's end: at info level the outcome, at debug level the answer's headers too.
pub(super) fn attempt(method: &Method, url: &str, outcome: &Result<Response<Bytes>, Fault>, request_id: &str, took: Duration) {
    let ms = took.as_millis();
    match outcome {
        Ok(response) => {
            tracing::info!(%method, url, status = response.status().as_u16(), ms, request_id, "answered");
            if tracing::enabled!(tracing::Level::DEBUG) {
                tracing::debug!(%method, url, headers = shown(response.headers()), bytes = response.body().len(), "received");
            }
        }
        Err(fault) => tracing::info!(%method, url, ms, fault = fault.to_string(), "not answered"),
    }
}

pub(super) fn again(method: &Method, url: &str, pause: Duration) {
    tracing::info!(%method, url, pause_ms = pause.as_millis(), "trying again");
}

fn shown(headers: &HeaderMap) -> String {
    let one = |(name, value): (&http::HeaderName, &HeaderValue)| {
        let hidden = value.is_sensitive() || HIDDEN.contains(&name.as_str());
        // `HeaderValue`'s own Debug escapes what is not printable.
        if hidden { format!("{name}: ***") } else { bounded(&format!("{name}: {value:?}"), MAX_HEADER) }
    };
    headers.iter().map(one).collect::<Vec<_>>().join(", ")
}
