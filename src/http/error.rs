//! One typed error for every way a request can fail.

use std::fmt;

use crate::model::{Cause, Unknown};

/// Why a request has no usable answer: what was asked, what came back in the server's words, and what to do.
///
/// Everything that came from outside is kept raw here, but bounded; the code that prints it escapes it for its medium.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// `GET https://api.github.com/repos/o/r/environments`; empty if it is about no single request.
    pub call: String,
    /// What kind of failure this is: the only part that code branches on.
    pub kind: ErrorKind,
    /// The HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// The server's own words, or what went wrong on the way; bounded, never a token.
    pub message: String,
    /// The entries of the server's `errors` array, as one line each; bounded.
    pub details: Vec<String>,
    /// The server's request id, for its support.
    pub request_id: Option<String>,
    /// The next step.
    pub hint: Option<String>,
    /// Whether the request may have taken effect anyway: a write whose answer was lost, or a 5xx.
    pub may_have_applied: bool,
    /// GitHub's `X-Accepted-GitHub-Permissions` as received: the permissions that would have been enough.
    pub accepted_permissions: Option<String>,
}

/// The kinds of failure that callers branch on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// 401, or a malformed token.
    Unauthenticated,
    /// 403 about permissions: those that the server says it would accept, if it names any.
    Forbidden,
    /// 404, 410: missing, or hidden from this token.
    NotFound,
    /// 301, 302, 307, 308: the new address, if the answer has one.
    Moved(Option<String>),
    /// 303: GitHub's answer to a branch policy that already exists.
    SeeOther,
    /// 409.
    Conflict,
    /// 422, 400 and the other 4xx: the server understood and refuses.
    Unprocessable,
    /// 403 or 429 for too many requests, beyond the wait that the user allows.
    RateLimited,
    /// 5xx.
    Server,
    /// No answer: connection, name, TLS, time-out, reset, half a response.
    Transport,
    /// An answer that is not what the API promises: HTML, wrong JSON, too large.
    Malformed,
    /// Not sent: a malformed address or body.
    Refused,
    /// Not sent: a rate limit held it back, which is over; the caller looks again before sending.
    Held,
    /// Not sent, or not again: the user asked to stop.
    Interrupted,
}

impl ErrorKind {
    /// Whether better credentials would help.
    pub const fn cause(&self) -> Cause {
        match self {
            Self::Unauthenticated | Self::Forbidden => Cause::Credentials,
            _ => Cause::Other,
        }
    }
}

impl ApiError {
    /// A failure without further details.
    pub fn new(call: impl Into<String>, kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            call: call.into(),
            kind,
            status: None,
            message: message.into(),
            details: Vec::new(),
            request_id: None,
            hint: None,
            may_have_applied: false,
            accepted_permissions: None,
        }
    }

    /// This failure as an unknown answer (law 1).
    pub fn unknown(&self) -> Unknown {
        Unknown { reason: self.to_string(), hint: self.hint.clone().unwrap_or_default(), cause: self.kind.cause() }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.call.is_empty() {
            write!(f, "{}: ", self.call)?;
        }
        if let Some(status) = self.status {
            write!(f, "{status} ")?;
        }
        // A period would come before what still follows.
        f.write_str(if self.details.is_empty() { &self.message } else { self.message.trim_end_matches('.') })?;
        for detail in &self.details {
            write!(f, "; {detail}")?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request id {id})")?;
        }
        Ok(())
    }
}

impl std::error::Error for ApiError {}
