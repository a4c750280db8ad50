//! What a request that did not succeed becomes: the typed error for it, and whether another attempt may follow.
//!
//! Owns which refusals and faults leave open whether a write took effect. Sends nothing and waits for nothing.
//! Tested in `tests/`, through the clients.

use std::time::Duration;

use http::{HeaderMap, Response, StatusCode};
use hyper::body::Bytes;
use jiff::Timestamp;

use super::answer::ErrorResponse;
use super::channel::{Call, Channel};
use super::fault::Fault;
use super::headers::text;
use super::limits::{self, Wait};
use super::token::Token;
use super::{ApiError, Endpoint, ErrorKind, hints};

/// An attempt that did not succeed, and whether another may.
pub(super) struct Failed {
    pub(super) error: ApiError,
    pub(super) next: Next,
}

/// What may follow a failed attempt.
pub(super) enum Next {
    GiveUp,
    /// After the usual pause, or after this one if it is longer.
    Again(Duration),
    /// After this wait, which applies to all requests.
    Limited(Wait),
    /// At once, with another token, if there is one.
    Renewed,
}

impl Channel {
    /// An answer that is not a 2xx; `held` is the wait that it asks for.
    pub(super) fn refused(
        &self,
        call: &Call<'_>,
        response: &Response<Bytes>,
        refusal: ErrorResponse,
        held: Option<Wait>,
        sent_id: Option<String>,
    ) -> Failed {
        let (status, headers) = (response.status(), response.headers());
        let mut error = self.error(call, status, headers, refusal, sent_id);
        if let Some(wait) = held {
            error.kind = ErrorKind::RateLimited;
            error.hint = None;
            return Failed { error, next: Next::Limited(wait) };
        }
        error.may_have_applied = !call.reads() && status.is_server_error();
        let again = call.reads() && status.is_server_error();
        let next = if again {
            Next::Again(limits::retry_after(headers, Timestamp::now()).unwrap_or_default())
        } else if status == StatusCode::UNAUTHORIZED {
            Next::Renewed
        } else {
            Next::GiveUp
        };
        Failed { error, next }
    }

    /// A 2xx whose body is not what it should be: the write took effect anyway.
    pub(super) fn broken(&self, call: &Call<'_>, response: &Response<Bytes>, refusal: ErrorResponse, sent_id: Option<String>) -> Failed {
        let next = if call.reads() && refusal.kind == ErrorKind::Transport { Next::Again(Duration::ZERO) } else { Next::GiveUp };
        let mut error = self.error(call, response.status(), response.headers(), refusal, sent_id);
        error.may_have_applied = !call.reads();
        Failed { error, next }
    }

    /// No answer, or one that is not whole.
    pub(super) fn faulted(&self, call: &Call<'_>, fault: &Fault, sent_id: Option<String>) -> Failed {
        let not_sent = matches!(fault, Fault::NotSent(_));
        let too_large = matches!(fault, Fault::TooLarge(_));
        let kind = if too_large { ErrorKind::Malformed } else { ErrorKind::Transport };
        let mut error = ApiError::new(call.words(), kind, fault.to_string());
        error.hint = Some(hints::for_fault(&self.asked(call), &error.message));
        error.request_id = if not_sent { None } else { sent_id };
        error.may_have_applied = !call.reads() && !not_sent;
        let again = (call.reads() || not_sent) && !too_large;
        Failed { error, next: if again { Next::Again(Duration::ZERO) } else { Next::GiveUp } }
    }

    fn error(&self, call: &Call<'_>, status: StatusCode, headers: &HeaderMap, refusal: ErrorResponse, sent_id: Option<String>) -> ApiError {
        let asked = self.asked(call);
        let hint = Some(hints::for_refusal(&asked, status, headers, &refusal));
        let id = refusal.id.map(|id| format!("id {id}"));
        ApiError {
            status: Some(status.as_u16()),
            kind: refusal.kind,
            details: id.into_iter().chain(refusal.details).collect(),
            request_id: self.request_id(headers).or(sent_id),
            hint,
            accepted_permissions: self.endpoint.api().accepted_permissions.and_then(|name| text(headers, name)),
            ..ApiError::new(call.words(), ErrorKind::Malformed, refusal.message)
        }
    }

    /// Completes a refusal by a limit with the time to come back.
    pub(super) fn limited(&self, mut error: ApiError, wait: &Wait) -> ApiError {
        let until = wait.until_utc();
        error.message = format!("{}; try again after {until}", error.message);
        let settings = &self.shared.settings;
        let total = settings.timeout.saturating_add(wait.duration).saturating_add(settings.margin()).as_secs().saturating_add(1);
        error.hint = Some(format!("run again after {until}, or allow the wait with --timeout {total}s"));
        error
    }

    /// One whose time ended before its turn.
    pub(super) fn queued(&self, call: &Call<'_>) -> ApiError {
        let waited = self.shared.settings.timeout.as_secs_f64();
        let mut error =
            self.unsent(call, ErrorKind::Transport, format!("not sent: it waited {waited:.1} s behind other requests (--timeout)"));
        error.hint = Some("allow more time with --timeout".to_owned());
        error
    }

    /// One that was not sent.
    pub(super) fn unsent(&self, call: &Call<'_>, kind: ErrorKind, message: impl Into<String>) -> ApiError {
        ApiError::new(call.words(), kind, message)
    }
}

/// A token that cannot be sent.
pub(super) fn malformed_token(endpoint: &Endpoint, token: &Token) -> ApiError {
    let message = "not sent: the token is empty or holds characters that no token has";
    let mut error = ApiError::new(endpoint.to_string(), ErrorKind::Unauthenticated, message);
    error.hint = Some(format!("check the token from {}: was it copied whole, on one line, without quotes?", token.source()));
    error
}

/// What the user's stop held back.
pub(super) fn interrupted(error: ApiError) -> ApiError {
    ApiError { kind: ErrorKind::Interrupted, hint: Some("run the same command again".to_owned()), ..error }
}
