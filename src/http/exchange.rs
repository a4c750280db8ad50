//! One request and its answer: queueing, attempts, retries, waits and deadlines.
//!
//! Owns when a request is sent, and when it is sent again. Must not know how its failure is told: that is for `failure`.
//! Tested in `tests/`, through the clients.

use std::sync::atomic::Ordering;

use http::header::{AUTHORIZATION, IF_NONE_MATCH, RANGE};
use http::{HeaderMap, Method, Response, StatusCode, Uri};
use hyper::body::Bytes;
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::answer::{self, Reply};
use super::api::Caching;
use super::cache::{Cache, Key, Stored};
use super::channel::{Call, Channel, Identity};
use super::failure::{Failed, Next, interrupted, malformed_token};
use super::fault::Fault;
use super::headers::text;
use super::limiter::Turn;
use super::limits::{self, Limit};
use super::scrub::Sent;
use super::shared::OnExhausted;
use super::token::Token;
use super::{ApiError, ErrorKind, Target, backoff, trace};

/// How often rate limits may hold back one request before it fails.
const MAX_WAITS: u32 = 5;

impl Channel {
    /// Sends the request, and retries if that cannot repeat an effect.
    ///
    /// A GET is attempted again after a lost answer or a 5xx. Anything else is attempted again only when it certainly did nothing:
    /// no connection, or a refusal by a rate limit. A write whose answer was lost is for the caller to judge, by reading.
    /// Once the user asked to stop, no write is attempted, and nothing is attempted again.
    ///
    /// # Errors
    /// For every answer but a 2xx with a whole body.
    pub(super) async fn ask(&self, method: Method, target: &Target, body: Option<&Value>, fresh_only: bool) -> Result<Reply, ApiError> {
        let url = self.endpoint.url(target);
        let deadline = Instant::now() + self.shared.settings.timeout;
        let Ok(uri) = url.parse::<Uri>() else {
            return Err(ApiError::new(format!("{method} {url}"), ErrorKind::Refused, "not sent: this is not a valid address"));
        };
        let (range, scope, address) = (target.range_header(), target.scope().to_owned(), target.to_string());
        let call = Call { method, uri, url, range, scope, address, body, token: None, fresh_only, deadline };
        // On the heap, so that many requests at once fit on a thread's stack.
        if call.reads() {
            return Box::pin(self.persist(call)).await;
        }
        match timeout_at(deadline, self.host.limiter.writes.lock()).await {
            Ok(_turn) => Box::pin(self.persist(call)).await,
            Err(_) => Err(self.queued(&call)),
        }
    }

    async fn persist(&self, mut call: Call<'_>) -> Result<Reply, ApiError> {
        let settings = &self.shared.settings;
        let (mut attempts, mut waits) = (0, 0);
        let mut renewed = false;
        loop {
            // A wait may outlast a token, so the token comes after it.
            self.pass_gate(&mut call).await?;
            if !renewed {
                call.token = self.token(&call).await?;
            }
            let Failed { error, next } = match self.attempt(&mut call, waits).await {
                Ok(reply) => return Ok(reply),
                Err(failed) => failed,
            };
            match next {
                Next::GiveUp => return Err(error),
                Next::Renewed if renewed => return Err(error),
                Next::Renewed => match self.other_token(&call).await {
                    Some(token) => (call.token, renewed) = (Some(token), true),
                    None => return Err(error),
                },
                Next::Limited(wait) => {
                    waits += 1;
                    let too_long = self.latest(&call).is_some_and(|latest| Instant::now() + wait.duration > latest);
                    if waits > MAX_WAITS || too_long {
                        return Err(self.limited(error, &wait));
                    }
                }
                Next::Again(at_least) => {
                    attempts += 1;
                    let pause = backoff::pause(settings.backoff, attempts - 1).max(at_least);
                    if attempts >= settings.attempts || Instant::now() + pause > call.deadline {
                        return Err(error);
                    }
                    trace::again(&call.method, &call.url, pause);
                    if settings.stop.unless_set(tokio::time::sleep(pause)).await.is_none() {
                        let message = format!("{}; interrupted before it was tried again", error.message);
                        return Err(interrupted(ApiError { message, ..error }));
                    }
                }
            }
        }
    }

    /// The token for an attempt.
    async fn token(&self, call: &Call<'_>) -> Result<Option<Token>, ApiError> {
        let source = match &self.identity {
            Identity::Anonymous => return Ok(None),
            Identity::Token(token) => return Ok(Some(token.clone())),
            Identity::Source(source) => source,
        };
        // Not cut short by a stop: reading back after one needs a token too.
        match timeout_at(call.deadline, source.token()).await {
            Ok(Ok(token)) if token.header().is_some() => Ok(Some(token)),
            Ok(Ok(token)) => Err(malformed_token(&self.endpoint, &token)),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(self.queued(call)),
        }
    }

    /// Another token than the one that the server refused; the refusal is the better message if there is none.
    async fn other_token(&self, call: &Call<'_>) -> Option<Token> {
        let (Identity::Source(source), Some(refused)) = (&self.identity, &call.token) else { return None };
        timeout_at(call.deadline, source.instead_of(refused)).await.ok()?.ok().filter(|token| token.header().is_some())
    }

    /// One attempt, when its turn comes.
    async fn attempt(&self, call: &mut Call<'_>, waits: u32) -> Result<Reply, Failed> {
        // Held until the answer is judged: it may hold back the requests that queue.
        let _turn = self.turn(call).await.map_err(|error| Failed { error, next: Next::GiveUp })?;
        let call = &*call;
        if self.shared.settings.stop.is_set() && !call.reads() {
            let error = self.unsent(call, ErrorKind::Interrupted, "interrupted before it was sent");
            return Err(Failed { error: interrupted(error), next: Next::GiveUp });
        }
        let cached = self.cached(call);
        let started = Instant::now();
        let (outcome, sent_id) = self.send(call, cached.as_ref().and_then(|(_, stored)| stored.as_ref())).await;
        let outcome = Sent::new(call.token.as_ref(), &call.address, call.body).outcome(outcome);
        let request_id = outcome.as_ref().ok().and_then(|response| self.request_id(response.headers())).unwrap_or_default();
        trace::attempt(&call.method, &call.url, &outcome, &request_id, started.elapsed());
        let response = outcome.map_err(|fault| self.faulted(call, &fault, sent_id.clone()))?;
        self.pass_on_warning(response.headers());
        let rate_limit = self.endpoint.api().rate_limit;
        limits::quota(rate_limit, response.headers()).into_iter().for_each(|quota| self.host.limiter.note(quota));
        if let Some(duration) = limits::exhausted(rate_limit, response.headers(), Timestamp::now()) {
            self.host.limiter.shut(Limit::Quota, duration);
        }
        let (key, response) = match cached {
            Some((_, Some(stored))) if response.status() == StatusCode::NOT_MODIFIED => {
                self.shared.counters.not_modified();
                (None, stored.response(response.into_parts().0.headers))
            }
            Some((key, _)) => (Some(key), response),
            None => (None, response),
        };
        if response.status().is_success() {
            self.host.limiter.answered();
            let reply = answer::reply(&call.method, &response).map_err(|refusal| self.broken(call, &response, refusal, sent_id))?;
            if let Some(key) = key {
                self.keep(call, &key, &response);
            }
            Ok(reply)
        } else {
            let refusal = answer::refusal(&response);
            let (status, headers, minimum) = (response.status(), response.headers(), self.shared.settings.secondary_wait);
            let limit = limits::refused(rate_limit, status, headers, &refusal.message, waits, minimum, Timestamp::now());
            let held = limit.map(|(limit, duration)| self.host.limiter.shut(limit, duration));
            Err(self.refused(call, &response, refusal, held, sent_id))
        }
    }

    /// Shows the server's warnings to the user, each once. Headers carry them (fact H2.1).
    fn pass_on_warning(&self, headers: &HeaderMap) {
        if let Some(warning) = self.endpoint.api().warnings.iter().find_map(|name| text(headers, name)) {
            self.shared.warn_once(&warning);
        }
    }

    /// The name of the answer to a read that may be answered from an earlier run, and what that run stored. Before a write of this run
    /// alone: what it changed is requested in full.
    fn cached(&self, call: &Call<'_>) -> Option<(Key, Option<Stored>)> {
        let cache = self.cache()?;
        let key = self.key(call);
        if !call.reads() {
            self.host.wrote.store(true, Ordering::Relaxed);
            cache.forget(&key);
            return None;
        }
        let may_be_kept = call.range.is_none() && self.endpoint.api().caching.keeps(&call.address);
        if !may_be_kept || self.host.wrote.load(Ordering::Relaxed) {
            return None;
        }
        let stored = cache.read(&key);
        Some((key, stored))
    }

    /// Keeps an answer for the next run, unless a write of this one came between.
    fn keep(&self, call: &Call<'_>, key: &Key, response: &Response<Bytes>) {
        let stored = Stored::of(response, call.token.as_ref()).filter(|_| !self.host.wrote.load(Ordering::Relaxed));
        if let (Some(cache), Some(stored)) = (self.cache(), stored) {
            cache.write(key, &stored);
        }
    }

    /// None for an API whose answers must not be kept.
    fn cache(&self) -> Option<&Cache> {
        self.shared.settings.cache.as_deref().filter(|_| self.endpoint.api().caching != Caching::Never)
    }

    fn key(&self, call: &Call<'_>) -> Key {
        let base = self.endpoint.to_string();
        Key::new(&base, call.token.as_ref(), &call.scope, &call.address)
    }

    /// Waits for a place among the requests in flight, while no rate limit holds.
    async fn turn(&self, call: &mut Call<'_>) -> Result<Turn<'_>, ApiError> {
        let points = if call.reads() { 1 } else { 5 };
        if let Some((at, wait)) = self.host.limiter.paced(points) {
            self.shared.settings.show_wait(&wait);
            // Not the server's fault, nor the network's: it does not count against the timeout.
            call.deadline += wait.duration;
            if self.shared.settings.stop.unless_set(tokio::time::sleep_until(at)).await.is_none() {
                return Err(interrupted(self.unsent(call, ErrorKind::Interrupted, "interrupted before it was sent")));
            }
        }
        loop {
            self.pass_gate(call).await?;
            match timeout_at(call.deadline, self.host.limiter.turn()).await {
                // An answer that came while this one queued may hold it back.
                Ok(turn) if self.host.limiter.is_open() => return Ok(turn),
                Ok(_) => {}
                Err(_) => return Err(self.queued(call)),
            }
        }
    }

    /// Waits while a rate limit holds.
    async fn pass_gate(&self, call: &mut Call<'_>) -> Result<(), ApiError> {
        let settings = &self.shared.settings;
        let started = Instant::now();
        let passed = settings.stop.unless_set(self.host.limiter.pass(self.latest(call), |wait| settings.show_wait(wait))).await;
        if settings.on_exhausted == OnExhausted::Wait {
            call.deadline += started.elapsed();
        }
        match passed {
            Some(Ok(true)) if call.fresh_only => {
                let mut error = self.unsent(call, ErrorKind::Held, "not sent: a rate limit held it back until now");
                error.hint = Some("run again".to_owned());
                Err(error)
            }
            Some(Ok(_)) => Ok(()),
            Some(Err(wait)) => {
                let message = format!("not sent: the {} of {} is in effect", wait.limit, wait.host);
                Err(self.limited(self.unsent(call, ErrorKind::RateLimited, message), &wait))
            }
            None if self.host.limiter.is_open() => Ok(()),
            None => Err(interrupted(self.unsent(call, ErrorKind::Interrupted, "interrupted while a rate limit held it back"))),
        }
    }

    /// Sends once. Also returns the request id that we sent, in case no answer has one.
    async fn send(&self, call: &Call<'_>, stored: Option<&Stored>) -> (Result<Response<Bytes>, Fault>, Option<String>) {
        let mut head = self.transport.head(&call.method, &call.uri);
        if let Some(authorization) = call.token.as_ref().and_then(Token::header) {
            head = head.header(AUTHORIZATION, authorization);
        }
        if let Some(range) = call.range {
            head = head.header(RANGE, range);
        }
        if let Some(stored) = stored {
            head = head.header(IF_NONE_MATCH, stored.etag.clone());
        }
        if let Some(headers) = head.headers_ref() {
            trace::request(&call.method, &call.url, headers);
        }
        let id = head.headers_ref().and_then(|headers| self.request_id(headers));
        let pool = match self.shared.pool(&self.endpoint) {
            Ok(pool) => pool,
            Err(fault) => return (Err(fault), None),
        };
        let settings = &self.shared.settings;
        let limit = (Instant::now() + settings.attempt_timeout).min(call.deadline);
        self.shared.counters.sent(&call.method);
        let outcome = timeout_at(limit, self.transport.send(&pool, settings.max_body, head, call.body)).await.unwrap_or_else(|_| {
            let overall = limit == call.deadline;
            let allowed = if overall { settings.timeout } else { settings.attempt_timeout };
            Err(Fault::Lost(format!("timed out after {:.1} s{}", allowed.as_secs_f64(), if overall { " (--timeout)" } else { "" })))
        });
        (outcome, id)
    }

    /// When a wait has to be over; `None` if it may last.
    fn latest(&self, call: &Call<'_>) -> Option<Instant> {
        let settings = &self.shared.settings;
        match settings.on_exhausted {
            OnExhausted::Wait => None,
            OnExhausted::GiveUp => Some(call.deadline.checked_sub(settings.margin()).unwrap_or(call.deadline)),
        }
    }
}
