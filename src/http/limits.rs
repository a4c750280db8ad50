//! Reads rate limits off an answer. Pure; [`super::limiter`] keeps them.

use std::time::Duration;

use super::api::RateLimit;
use super::backoff::{jittered, share};
use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

/// Keeps clock arithmetic in range for any value from a server or a user.
pub(super) const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// Why a server asks for a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// No request is left before the reset.
    Quota,
    /// Too many requests at once or in a row: GitHub's secondary limit.
    Secondary,
    /// Nothing was refused: requests are spread out to stay within the points per minute.
    Pace,
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Quota => "rate limit",
            Self::Secondary => "secondary rate limit",
            Self::Pace => "limit of points per minute",
        })
    }
}

/// A wait that a server requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// The server's host.
    pub host: String,
    /// Why.
    pub limit: Limit,
    /// When requests may continue.
    pub until: Timestamp,
    /// Its length, from when it was requested.
    pub duration: Duration,
}

impl Wait {
    /// The moment to try again, in UTC, to the second and never too early.
    pub fn until_utc(&self) -> String {
        let whole = Timestamp::from_second(self.until.as_second().saturating_add(1)).unwrap_or(self.until);
        whole.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
    }
}

/// What is left of the hourly quota, as the server states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Requests an hour.
    pub limit: u64,
    /// Requests that are left until the reset.
    pub remaining: u64,
    /// When the quota resets.
    pub reset: Timestamp,
}

/// The wait that a refusal for too many requests asks for, and why; `None` if it is not such a refusal.
///
/// GitHub uses both 403 and 429 for both kinds of limit, and 403 for missing rights (fact G2.11): headers decide first, then words.
/// `minimum` is the wait after a limit that names no time; each further wait of the same request doubles it.
pub(super) fn refused(
    api: RateLimit,
    status: StatusCode,
    headers: &HeaderMap,
    message: &str,
    waited: u32,
    minimum: Duration,
    now: Timestamp,
) -> Option<(Limit, Duration)> {
    if status != StatusCode::FORBIDDEN && status != StatusCode::TOO_MANY_REQUESTS {
        return None;
    }
    let message = message.to_ascii_lowercase();
    let limited = status == StatusCode::TOO_MANY_REQUESTS || message.contains("rate limit") || message.contains("abuse detection");
    let none_left = matches!(api, RateLimit::Window { remaining, .. } if number(headers, remaining) == Some(0));
    let named = if none_left { Limit::Quota } else { Limit::Secondary };
    if let Some(wait) = retry_after(headers, now) {
        return Some((named, wait));
    }
    if let RateLimit::Window { reset, .. } = api
        && none_left
        && number(headers, reset).is_some()
    {
        // The reset may already be over, in transit or by our clock: then one second is enough.
        return Some((Limit::Quota, until(headers, reset, now).unwrap_or(Duration::from_secs(1))));
    }
    if !limited && !none_left {
        return None;
    }
    let growth = 1 << waited.min(6);
    Some(match api {
        // A minimum, so the jitter only adds: processes that were limited together do not come back together.
        RateLimit::Window { .. } => (named, minimum.min(LONGEST / 128).saturating_mul(growth).mul_f64(1.0 + share() / 10.0)),
        RateLimit::Refill { every, .. } => (Limit::Quota, jittered(every * growth)),
    })
}

/// The wait that any answer announces by saying that no request is left.
pub(super) fn exhausted(api: RateLimit, headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    match api {
        RateLimit::Refill { remaining, every } => (number(headers, remaining) == Some(0)).then_some(every),
        RateLimit::Window { remaining, reset, resource, .. } if is_ours(headers, resource) && number(headers, remaining) == Some(0) => {
            until(headers, reset, now)
        }
        RateLimit::Window { .. } => None,
    }
}

/// Whether an answer is about the limit of the requests that we send, and not of another resource's, such as the search.
fn is_ours(headers: &HeaderMap, (name, ours): (&str, &str)) -> bool {
    headers.get(name).is_none_or(|resource| resource == ours)
}

/// `Retry-After`, in seconds or as a date.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds).min(LONGEST)),
        Err(_) => Some(between(server_time(headers).unwrap_or(now), http_date(text)?)),
    }
}

/// Until a time in a header, by the server's own clock if it states one; one second more, as both are whole seconds.
fn until(headers: &HeaderMap, reset: &str, now: Timestamp) -> Option<Duration> {
    let reset = Timestamp::from_second(number(headers, reset)?).ok()?;
    let wait = between(server_time(headers).unwrap_or(now), reset);
    (!wait.is_zero()).then(|| (wait + Duration::from_secs(1)).min(LONGEST))
}

fn server_time(headers: &HeaderMap) -> Option<Timestamp> {
    http_date(headers.get(DATE)?.to_str().ok()?)
}

fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default().min(LONGEST)
}

fn number(headers: &HeaderMap, name: &str) -> Option<i64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// What an answer says about the quota; `None` if the API has none, and for another resource's.
pub(super) fn quota(api: RateLimit, headers: &HeaderMap) -> Option<Quota> {
    let RateLimit::Window { limit, remaining, reset, resource } = api else { return None };
    let count = |name| number(headers, name).and_then(|number| u64::try_from(number).ok());
    let reset = Timestamp::from_second(number(headers, reset)?).ok()?;
    let said = Quota { limit: count(limit)?, remaining: count(remaining)?, reset };
    is_ours(headers, resource).then_some(said)
}

#[cfg(test)]
mod tests {
    use super::super::limiter::Limiter;
    use super::*;
    use crate::providers::{github, heroku};

    const GITHUB: RateLimit = github::api::API.rate_limit;
    const HEROKU: RateLimit = heroku::api::API.rate_limit;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    fn github(status: u16, pairs: &[(&'static str, &str)], message: &str) -> Option<(Limit, u64)> {
        let now = Timestamp::from_second(1_000).unwrap();
        let minimum = Duration::from_secs(60);
        let refused = refused(GITHUB, StatusCode::from_u16(status).unwrap(), &headers(pairs), message, 0, minimum, now);
        refused.map(|(limit, wait)| (limit, wait.as_secs()))
    }

    #[test]
    fn headers_decide_first_then_words() {
        for status in [403, 429] {
            assert_eq!(
                github(status, &[("retry-after", "7"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "9999")], ""),
                Some((Limit::Quota, 7))
            );
            assert_eq!(github(status, &[("retry-after", "7")], ""), Some((Limit::Secondary, 7)));
            assert_eq!(github(status, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1030")], ""), Some((Limit::Quota, 31)));
            for message in ["You have exceeded a secondary rate limit.", "You have triggered an abuse detection mechanism"] {
                let (limit, seconds) = github(status, &[], message).unwrap();
                assert!(limit == Limit::Secondary && (60..=66).contains(&seconds), "{seconds}");
            }
        }
        assert_eq!(github(429, &[], "").unwrap().0, Limit::Secondary);
    }

    #[test]
    fn missing_rights_are_no_limit() {
        assert_eq!(github(403, &[("x-ratelimit-remaining", "4999"), ("x-ratelimit-reset", "9999")], "Must have admin rights"), None);
        assert_eq!(github(404, &[("retry-after", "7")], "rate limit"), None);
        assert_eq!(github(503, &[("retry-after", "7")], ""), None);
    }

    #[test]
    fn the_servers_clock_counts_where_it_tells_it() {
        let pairs = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1000000060"), ("date", "Sun, 09 Sep 2001 01:46:40 GMT")];
        assert_eq!(exhausted(GITHUB, &headers(&pairs), Timestamp::from_second(5).unwrap()), Some(Duration::from_secs(61)));
        let pairs = [("retry-after", "Sun, 09 Sep 2001 01:46:50 GMT"), ("date", "Sun, 09 Sep 2001 01:46:40 GMT")];
        assert_eq!(retry_after(&headers(&pairs), Timestamp::MIN), Some(Duration::from_secs(10)));
    }

    #[test]
    fn another_resources_limit_shuts_nothing() {
        let now = Timestamp::from_second(1_000).unwrap();
        let with = |resource| headers(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1030"), ("x-ratelimit-resource", resource)]);
        assert!(exhausted(GITHUB, &with("core"), now).is_some());
        assert!(exhausted(GITHUB, &with("search"), now).is_none());
        assert!(
            exhausted(GITHUB, &headers(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "900")]), now).is_none(),
            "already over"
        );
    }

    #[test]
    fn the_quota_is_read_whole_or_not_at_all() {
        let all = [
            ("x-ratelimit-limit", "5000"),
            ("x-ratelimit-remaining", "4999"),
            ("x-ratelimit-reset", "1030"),
            ("x-ratelimit-resource", "core"),
        ];
        let reset = Timestamp::from_second(1_030).unwrap();
        assert_eq!(quota(GITHUB, &headers(&all)), Some(Quota { limit: 5000, remaining: 4999, reset }));
        assert!((0..3).all(|missing| {
            quota(GITHUB, &headers(&all.iter().enumerate().filter(|(n, _)| *n != missing).map(|(_, pair)| *pair).collect::<Vec<_>>()))
                .is_none()
        }));
        assert_eq!(quota(GITHUB, &headers(&[&all[..3], &[("x-ratelimit-resource", "search")]].concat())), None);
    }

    #[test]
    fn an_empty_pool_of_herokus_refills_within_a_second() {
        let left = |n: &str| exhausted(HEROKU, &headers(&[("ratelimit-remaining", n)]), Timestamp::now());
        assert_eq!((left("0"), left("1"), left("x")), (Some(Duration::from_secs(1)), None, None));
    }

    #[test]
    fn hostile_numbers_stay_in_range() {
        for text in ["-1", "99999999999999999999999", "18446744073709551615", "", "x", "9223372036854775807"] {
            for name in ["retry-after", "x-ratelimit-reset"] {
                let pairs = headers(&[(name, text), ("x-ratelimit-remaining", "0")]);
                let refused = refused(GITHUB, StatusCode::FORBIDDEN, &pairs, "", 99, Duration::MAX, Timestamp::now());
                if let Some((limit, wait)) = refused {
                    let limiter = Limiter::new("h", 1, None);
                    limiter.shut(limit, wait);
                    assert!(!limiter.shut(limit, Duration::ZERO).until_utc().is_empty());
                }
                let _ = quota(GITHUB, &pairs);
            }
        }
    }
}
