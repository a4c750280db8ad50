//! Faults in transit, request by request.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::state::State;
use super::wire::{Api, Request, Response};

/// GitHub's words for an exhausted primary rate limit (fact G2.11).
pub const PRIMARY_LIMIT: &str = "API rate limit exceeded for user ID 1.";
/// GitHub's words for a secondary rate limit (fact G2.11).
pub const SECONDARY_LIMIT: &str = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";

/// One fault for the requests that it matches.
///
/// ```
/// use gatectl::sandbox::{Fault, Response};
/// let fault = Fault::after(Response::html(502, "Bad Gateway")).method("PUT").path("/repos/*/environments/*").nth(1);
/// ```
#[derive(Debug, Clone)]
pub struct Fault {
    /// Only this service; `None` means both.
    pub api: Option<Api>,
    /// Only this method; `None` means all.
    pub method: Option<String>,
    /// Only raw paths that fit this pattern, in which `*` stands for anything, slashes included.
    pub path: String,
    /// The first matching request that it hits, counted from 1.
    pub from: u32,
    /// How many matching requests it hits.
    pub times: u32,
    /// Before or after the request has its effect.
    pub moment: Moment,
    /// What happens.
    pub effect: Effect,
    seen: u32,
}

/// Whether a request that goes wrong still changes the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// It does not.
    Before,
    /// It does, but its answer is lost.
    After,
}

/// What happens to a request.
#[derive(Clone)]
pub enum Effect {
    /// It takes longer.
    Delay(Duration),
    /// This is the answer.
    Answer(Response),
    /// There is never an answer.
    Hang,
    /// The connection is reset.
    Reset,
    /// The true answer arrives in pieces of this many bytes, with a pause before each.
    Drip(usize, Duration),
    /// The true answer announces its whole length and ends after this many bytes of its body.
    Truncate(usize),
    /// Another writer changes the world, just before or just after the request has its effect; the answer is true.
    Meanwhile(Arc<dyn Fn(&mut State) + Send + Sync>),
}

impl fmt::Debug for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delay(time) => write!(f, "Delay({time:?})"),
            Self::Answer(response) => write!(f, "Answer({})", response.status),
            Self::Hang => f.write_str("Hang"),
            Self::Reset => f.write_str("Reset"),
            Self::Drip(bytes, pause) => write!(f, "Drip({bytes}, {pause:?})"),
            Self::Truncate(bytes) => write!(f, "Truncate({bytes})"),
            Self::Meanwhile(_) => f.write_str("Meanwhile"),
        }
    }
}

impl FromStr for Fault {
    type Err = String;

    /// Reads `METHOD PATTERN EFFECT`, for the first request that fits: `PUT * lost`, `GET /repos/*/environments 502`.
    ///
    /// Effects: a status (nothing changes), `lost` (it takes effect, and 502 is the answer), `hang`, `reset`, `truncate`, `html`.
    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [method, pattern, effect] = words.as_slice() else {
            return Err("a fault is written METHOD PATTERN EFFECT, such as 'PUT * lost' or 'GET /repos/* 502'".to_owned());
        };
        let fault = match *effect {
            "lost" => Self::after(Response::html(502, "<h1>502 Bad Gateway</h1>")),
            "hang" => Self::new(Effect::Hang),
            "reset" => Self::new(Effect::Reset),
            "truncate" => Self::new(Effect::Truncate(10)),
            "html" => Self::before(Response::html(200, "<html><body>Sign in to the network</body></html>")),
            status => match status.parse() {
                Ok(status @ 300..=599) => Self::before(Response::github_error(status, "This answer is a fault of the emulator.")),
                _ => return Err(format!("`{status}` is not an effect: write a status, lost, hang, reset, truncate or html")),
            },
        };
        let fault = fault.path(pattern).nth(1);
        Ok(if *method == "*" { fault } else { fault.method(method) })
    }
}

impl Fault {
    /// This effect on every request.
    pub fn new(effect: Effect) -> Self {
        Self { api: None, method: None, path: "*".to_owned(), from: 1, times: u32::MAX, moment: Moment::Before, effect, seen: 0 }
    }

    /// This answer, and nothing changes.
    pub fn before(response: Response) -> Self {
        Self::new(Effect::Answer(response))
    }

    /// This answer, after the request took effect.
    pub fn after(response: Response) -> Self {
        Self::new(Effect::Answer(response)).late()
    }

    /// Another writer's change, just before the request is looked at.
    pub fn meanwhile(change: impl Fn(&mut State) + Send + Sync + 'static) -> Self {
        Self::new(Effect::Meanwhile(Arc::new(change))).nth(1)
    }

    /// After the request took effect.
    #[must_use]
    pub fn late(mut self) -> Self {
        self.moment = Moment::After;
        self
    }

    /// Only this service.
    #[must_use]
    pub fn api(mut self, api: Api) -> Self {
        self.api = Some(api);
        self
    }

    /// Only this method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Only raw paths (below the base, without the query) that fit; `*` stands for anything, slashes included.
    #[must_use]
    pub fn path(mut self, pattern: &str) -> Self {
        pattern.clone_into(&mut self.path);
        self
    }

    /// Only the nth matching request, counted from 1.
    #[must_use]
    pub fn nth(mut self, nth: u32) -> Self {
        (self.from, self.times) = (nth, 1);
        self
    }

    /// Only the first N matching requests.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        (self.from, self.times) = (1, times);
        self
    }

    /// Every matching request from the nth on.
    #[must_use]
    pub fn from(mut self, nth: u32) -> Self {
        (self.from, self.times) = (nth, u32::MAX);
        self
    }

    /// Counts the request if it matches; returns whether the fault hits it.
    pub(super) fn hits(&mut self, api: Api, request: &Request) -> bool {
        let meant = self.api.is_none_or(|only| only == api)
            && self.method.as_ref().is_none_or(|only| only.eq_ignore_ascii_case(&request.method))
            && fits(&self.path, &request.path);
        if meant {
            self.seen = self.seen.saturating_add(1);
        }
        meant && self.seen >= self.from && self.seen - self.from < self.times
    }
}

/// Whether a text fits a pattern in which `*` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

impl Response {
    /// GitHub's primary rate limit, 403 or 429, over after this many seconds.
    pub fn primary_limit(status: u16, over_in: u64) -> Self {
        let reset = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs()) + over_in;
        let limits = [("x-ratelimit-limit", "5000"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-used", "5000")];
        limits
            .iter()
            .fold(Self::github_error(status, PRIMARY_LIMIT), |response, (name, value)| response.with(name, *value))
            .with("x-ratelimit-reset", reset.to_string())
            .with("x-ratelimit-resource", "core")
    }

    /// GitHub's secondary rate limit, 403 or 429, with or without `Retry-After` in seconds.
    pub fn secondary_limit(status: u16, retry_after: Option<u64>) -> Self {
        let response = Self::github_error(status, SECONDARY_LIMIT);
        match retry_after {
            Some(seconds) => response.with("retry-after", seconds.to_string()),
            None => response,
        }
    }

    /// GitHub's answer to a token that it does not know.
    pub fn bad_credentials() -> Self {
        Self::github_error(401, "Bad credentials")
    }

    /// Heroku's empty request pool.
    pub fn heroku_limit() -> Self {
        Self::heroku_error(429, "rate_limit", "Your account reached the API limit. Please wait a few minutes before making new requests")
            .with("ratelimit-remaining", "0")
    }
}

#[cfg(test)]
mod written {
    use super::*;

    #[test]
    fn a_fault_is_read_as_it_is_written() {
        let request = |method: &str, path: &str| Request { method: method.to_owned(), path: path.to_owned(), ..Request::default() };
        let mut fault: Fault = "PUT /repos/*/environments/* lost".parse().unwrap();
        assert_eq!(fault.moment, Moment::After);
        assert!(!fault.hits(Api::GitHub, &request("GET", "/repos/o/r/environments/e")));
        assert!(fault.hits(Api::GitHub, &request("PUT", "/repos/o/r/environments/e")));
        assert!(!fault.hits(Api::GitHub, &request("PUT", "/repos/o/r/environments/e")), "once");
        assert!(matches!("* * 503".parse::<Fault>().unwrap().effect, Effect::Answer(Response { status: 503, .. })));
        for bad in ["", "PUT *", "PUT * boom", "PUT * 200", "PUT * 99999", "a b c d"] {
            assert!(bad.parse::<Fault>().is_err(), "{bad}");
        }
    }
}
