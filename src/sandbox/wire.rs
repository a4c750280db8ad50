//! Requests and answers as the emulated services see them.
//!
//! Owns routing on the raw path (fact G2.7): each segment is percent-decoded exactly once, after the split.

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

/// What an Enterprise Server puts before every path.
pub(super) const ENTERPRISE_PREFIX: &str = "/api/v3";

/// GitHub's documentation: the page of an error that is not about one route.
pub(super) const GENERAL: &str = "https://docs.github.com/rest";

/// Which of the two services receives the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Api {
    /// GitHub's REST API.
    GitHub,
    /// Heroku's Platform API.
    Heroku,
}

/// One request, read to its end.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Upper-case.
    pub method: String,
    /// The raw path below the service's base, still encoded.
    pub path: String,
    /// The raw query, without `?`.
    pub query: String,
    /// The headers.
    pub headers: ::http::HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    /// Where the caller sees this service: scheme, host and path prefix, without a slash at the end.
    pub base: String,
}

impl Request {
    /// The decoded segments of the path; none when one is empty (a trailing slash) or not UTF-8: GitHub answers 404 then.
    pub fn segments(&self) -> Option<Vec<String>> {
        self.path.strip_prefix('/')?.split('/').map(decode).collect()
    }

    /// The decoded value of a query parameter.
    pub fn param(&self, name: &str) -> Option<String> {
        self.query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).and_then(|(_, value)| decode(value))
    }

    /// The value of a header, when it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether the request only reads.
    pub fn reads(&self) -> bool {
        self.method == "GET" || self.method == "HEAD"
    }
}

fn decode(segment: &str) -> Option<String> {
    let text = percent_decode_str(segment).decode_utf8().ok()?;
    (!text.is_empty()).then(|| text.into_owned())
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
}

impl Response {
    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// An answer with a JSON body.
    pub fn json(status: u16, body: &Value) -> Self {
        let response = Self { status, headers: Vec::new(), body: body.to_string().into_bytes() };
        response.with("content-type", "application/json; charset=utf-8")
    }

    /// An HTML page, as proxies and load balancers send it.
    pub fn html(status: u16, body: &str) -> Self {
        let response = Self { status, headers: Vec::new(), body: body.as_bytes().to_vec() };
        response.with("content-type", "text/html; charset=utf-8")
    }

    /// GitHub's error body: exactly `message`, `documentation_url`, `status` (fact G1). The page is the route's, see [`Self::documented`].
    pub fn github_error(status: u16, message: &str) -> Self {
        Self::json(status, &json!({"message": message, "documentation_url": GENERAL, "status": status.to_string()}))
    }

    /// The same answer; an error that names no page of its own names this one.
    #[must_use]
    pub(super) fn documented(self, page: &str) -> Self {
        let body = if self.status < 400 { None } else { serde_json::from_slice::<Value>(&self.body).ok() };
        match body {
            Some(mut body) if body["documentation_url"] == GENERAL => {
                body["documentation_url"] = page.into();
                Self { body: body.to_string().into_bytes(), ..self }
            }
            _ => self,
        }
    }

    /// Heroku's error body: `id` and `message` (fact H2.1).
    pub fn heroku_error(status: u16, id: &str, message: &str) -> Self {
        Self::json(status, &json!({"id": id, "message": message}))
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// A 64-bit FNV-1a hash: stable between runs, for ids and fingerprints that are not used for trust.
pub(super) fn fnv(text: &[u8]) -> u64 {
    text.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
