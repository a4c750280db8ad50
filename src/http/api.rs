//! The description of an API, without its address. Each provider declares its own as a constant; nothing else here distinguishes APIs.

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};

use super::ErrorKind;
use super::answer::ErrorResponse;
use super::headers::text;

/// The description of an API: its headers, its limits, and what to do about its refusals.
pub struct Api {
    /// Its name in messages, such as `GitHub`.
    pub name: &'static str,
    /// The page on which its operator reports outages.
    pub status_page: &'static str,
    /// How to get a token, as an imperative without a period.
    pub sign_in: &'static str,
    /// The `Accept` header.
    pub accept: &'static str,
    /// What builds and executes its requests.
    pub client: ClientKind,
    /// Who names its requests, and in which header.
    pub request_ids: RequestIds,
    /// The header in which a refusal lists the permissions that would have been enough.
    pub accepted_permissions: Option<&'static str>,
    /// The headers with warnings on a successful answer.
    pub warnings: &'static [&'static str],
    /// Whether its answers may be kept on disk.
    pub caching: Caching,
    /// How it limits requests.
    pub rate_limit: RateLimit,
    /// What to do about a refusal, if this API knows more than what holds for every API.
    pub hint: fn(&Refused<'_>) -> Option<String>,
}

/// What builds and executes the requests to an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientKind {
    /// octocrab, which adds GitHub's own headers.
    Octocrab,
    /// Only the connection pool.
    Plain,
}

/// Who names the requests to an API, for its support.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestIds {
    /// The server, in this header of its answer.
    OfServer(&'static str),
    /// The client, in this header, which the server repeats.
    OfClient(&'static str),
}

impl RequestIds {
    pub(super) const fn header(self) -> &'static str {
        match self {
            Self::OfServer(header) | Self::OfClient(header) => header,
        }
    }
}

/// Whether the answers of an API may be kept on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caching {
    /// They may, except those at addresses with one of these segments, which may hold secrets.
    AllBut(&'static [&'static str]),
    /// They may hold secrets.
    Never,
}

impl Caching {
    /// Whether the answer at this address, a path with its query, may be kept.
    pub(super) fn keeps(self, address: &str) -> bool {
        let path = address.split_once('?').map_or(address, |(path, _)| path);
        match self {
            Self::AllBut(secret) => !path.split('/').any(|segment| secret.contains(&segment)),
            Self::Never => false,
        }
    }
}

/// How an API limits requests, and in which headers it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateLimit {
    /// A number of requests until a time that a header names.
    Window {
        /// The requests of a window.
        limit: &'static str,
        /// Those that are left.
        remaining: &'static str,
        /// When the next window begins, in seconds since 1970.
        reset: &'static str,
        /// The header that says which limit the others are about, and its value for the requests that gatectl sends.
        resource: (&'static str, &'static str),
    },
    /// A pool that gains at least one request in this time; no header names a time.
    Refill {
        /// The requests that are left.
        remaining: &'static str,
        /// How long one more takes at most.
        every: Duration,
    },
}

/// An answer that is not a success, as an [`Api`] sees it that knows a hint.
pub struct Refused<'a> {
    /// The scheme, host and port that answered.
    pub origin: &'a str,
    /// Where the token came from; `None` if there is none.
    pub token_source: Option<&'a str>,
    pub(super) method: &'a Method,
    /// The path of the request.
    pub path: &'a str,
    pub(super) status: StatusCode,
    pub(super) headers: &'a HeaderMap,
    pub(super) response: &'a ErrorResponse,
}

impl Refused<'_> {
    /// What kind of failure it is.
    pub fn kind(&self) -> &ErrorKind {
        &self.response.kind
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The error's own name, such as `two_factor`, if the API gives it one.
    pub fn id(&self) -> Option<&str> {
        self.response.id.as_deref()
    }

    /// A header that is present and not empty; bounded.
    pub fn header(&self, name: &str) -> Option<String> {
        text(self.headers, name)
    }

    /// Whether a header is present, even if empty.
    pub fn has_header(&self, name: &str) -> bool {
        self.headers.contains_key(name)
    }

    /// Whether the request only read.
    pub fn reads(&self) -> bool {
        *self.method == Method::GET
    }
}

impl PartialEq for Api {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Api {}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
