//! The client against servers that misbehave, over real sockets.

mod cached;
mod server;
mod tls;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;

use self::server::{Act, Log, listen, start};
use super::*;
use crate::providers::github::api::endpoint as github_at;
use crate::providers::heroku::api::endpoint as heroku_at;
use crate::stop::Stop;

const CANARY: &str = "ghp_canary0123456789";

/// Patient, so that a busy machine changes no outcome.
fn settings() -> Settings {
    Settings {
        attempt_timeout: Duration::from_secs(5),
        timeout: Duration::from_secs(20),
        backoff: Duration::from_millis(1),
        proxies: Proxies::none(),
        ..Settings::default()
    }
}

/// A short timeout for a server that never answers, so that the test is quick.
fn settings_for(act: &Act) -> Settings {
    match act {
        Act::Hang | Act::Drip(_) => Settings { attempt_timeout: Duration::from_millis(250), ..settings() },
        Act::Say(_) | Act::Cut(_) => settings(),
    }
}

fn token() -> Option<Token> {
    Some(Token::new(CANARY, "GH_TOKEN"))
}

fn github(base: &str) -> Writer {
    Stack::new(settings()).writer(&github_at(base).unwrap(), token()).unwrap()
}

fn heroku(base: &str) -> Writer {
    Stack::new(settings()).writer(&heroku_at(base).unwrap(), Some(Token::new(CANARY, "HEROKU_API_KEY"))).unwrap()
}

fn target() -> Target {
    Target::new(["repos", "o", "r"])
}

/// What a GET results in, and how often it was asked.
async fn get(acts: impl IntoIterator<Item = Act>) -> (Result<Reply, ApiError>, usize) {
    let acts: Vec<_> = acts.into_iter().collect();
    let stack = Stack::new(settings_for(&acts[0]));
    let (base, log) = start(acts).await;
    let client = stack.reader(&github_at(&base).unwrap(), token()).unwrap();
    let result = client.get(&target()).await;
    (result, log.requests().len())
}

/// What each kind of write results in; each was asked exactly once.
async fn writes_once(act: Act) -> Vec<ApiError> {
    let mut errors = Vec::new();
    for method in ["PUT", "PATCH", "POST", "DELETE"] {
        let (base, log) = start([act.clone()]).await;
        let client = Stack::new(settings_for(&act)).writer(&github_at(&base).unwrap(), token()).unwrap();
        let body = json!({"a": 1});
        let result = match method {
            "PUT" => client.put(&target(), &body).await,
            "PATCH" => client.patch(&target(), &body).await,
            "POST" => client.post(&target(), &body).await,
            _ => client.delete(&target()).await,
        };
        assert_eq!(log.requests().len(), 1, "a {method} is sent once");
        assert!(log.requests()[0].starts_with(method));
        errors.push(result.unwrap_err());
    }
    errors
}

fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    request.lines().find_map(|line| line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// A 200 whose body ends before its length.
fn half() -> Act {
    Act::Cut("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"a\":".to_owned())
}

#[tokio::test]
async fn each_api_gets_its_own_headers() {
    let (base, log) = start([Act::json(200, "{}")]).await;
    let client = github(&base);
    client.reader().get(&target().query("per_page", 100)).await.unwrap();
    client.put(&target(), &json!({"a": "é"})).await.unwrap();
    let [get, put] = log.requests().try_into().unwrap();
    assert!(get.starts_with("GET /repos/o/r?per_page=100 HTTP/1.1\r\n"), "{get}");
    assert_eq!(header(&get, "user-agent").unwrap(), concat!("gatectl/", env!("CARGO_PKG_VERSION")));
    assert_eq!(header(&get, "accept").unwrap(), "application/vnd.github+json");
    assert_eq!(header(&get, "x-github-api-version").unwrap(), "2022-11-28");
    assert_eq!(header(&get, "authorization").unwrap(), format!("Bearer {CANARY}"));
    assert_eq!(header(&put, "content-type").unwrap(), "application/json");
    assert!(put.ends_with("\r\n\r\n{\"a\":\"é\"}"), "{put}");

    let (base, log) = start([Act::json(200, "{}")]).await;
    let client = heroku(&base);
    client.patch(&Target::new(["apps", "a", "config-vars"]), &json!({"K": null})).await.unwrap();
    client.reader().get(&Target::new(["account"])).await.unwrap();
    let [patch, get] = log.requests().try_into().unwrap();
    assert_eq!(header(&patch, "accept").unwrap(), "application/vnd.heroku+json; version=3");
    assert_eq!(header(&patch, "x-github-api-version"), None);
    assert!(patch.ends_with("\r\n\r\n{\"K\":null}"), "{patch}");
    let id = |request: &str| header(request, "request-id").unwrap().parse::<uuid::Uuid>().unwrap();
    assert_ne!(id(&patch), id(&get));
}

#[tokio::test]
async fn a_path_prefix_and_odd_names_arrive_as_they_are() {
    let (base, log) = start([Act::json(200, "{}")]).await;
    for name in ["a/b", "..", "%2F", "é", "a b?c", "api"] {
        github(&format!("{base}/api/v3/")).reader().get(&Target::new(["api", name])).await.unwrap();
        let request = log.requests().pop().unwrap();
        assert!(request.starts_with(&format!("GET /api/v3{} HTTP/1.1\r\n", Target::new(["api", name]))), "{request}");
    }
}

#[tokio::test]
async fn a_read_outlives_two_faults_and_gives_up_after_the_third() {
    let good = Act::json(200, "{\"a\":1}");
    let html = Act::answer(502, &[("content-type", "text/html")], "<html><title>502 Bad Gateway</title></html>");
    let faults = [
        (Act::Cut(String::new()), ErrorKind::Transport),
        (half(), ErrorKind::Transport),
        (Act::json(200, "{\"a\":"), ErrorKind::Transport),
        (Act::json(500, "{\"message\":\"Server Error\"}"), ErrorKind::Server),
        (html, ErrorKind::Server),
        (Act::answer(503, &[("retry-after", "0")], ""), ErrorKind::Server),
        (Act::Hang, ErrorKind::Transport),
        (Act::Drip("HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n".to_owned() + &"1".repeat(2000)), ErrorKind::Transport),
    ];
    for (fault, kind) in faults {
        let (result, asked) = get([fault.clone(), fault.clone(), good.clone()]).await;
        assert_eq!((result.unwrap().body, asked), (json!({"a": 1}), 3), "{fault:?}");
        let (result, asked) = get([fault.clone()]).await;
        let error = result.unwrap_err();
        assert_eq!((error.kind.clone(), asked), (kind, 3), "{fault:?}");
        assert!(error.hint.is_some(), "{error:?}");
        assert!(!error.may_have_applied, "a read changes nothing");
    }
}

#[tokio::test]
async fn a_write_without_a_whole_answer_is_sent_once_and_may_have_applied() {
    for act in [
        Act::Cut(String::new()),
        half(),
        Act::Hang,
        Act::Drip("HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n".to_owned() + &"1".repeat(2000)),
        Act::json(200, "{\"a\":"),
        Act::answer(200, &[], "<html>sign in</html>"),
        Act::json(500, "{}"),
        Act::answer(502, &[], "<html>bad gateway</html>"),
    ] {
        for error in writes_once(act.clone()).await {
            assert!(error.may_have_applied, "{act:?}: {error:?}");
        }
    }
}

#[tokio::test]
async fn a_refused_write_is_sent_once_and_did_not_apply() {
    for (status, kind) in [
        (400, ErrorKind::Unprocessable),
        (401, ErrorKind::Unauthenticated),
        (402, ErrorKind::Unprocessable),
        (403, ErrorKind::Forbidden),
        (404, ErrorKind::NotFound),
        (409, ErrorKind::Conflict),
        (422, ErrorKind::Unprocessable),
        (301, ErrorKind::Moved(None)),
        (307, ErrorKind::Moved(None)),
        (303, ErrorKind::SeeOther),
    ] {
        for error in writes_once(Act::json(status, "{\"message\":\"No\"}")).await {
            assert_eq!((error.status, &error.kind, error.may_have_applied), (Some(status), &kind, false));
            assert!(error.to_string().contains(&format!("/repos/o/r: {status} No")), "{error}");
        }
    }
}

#[tokio::test]
async fn a_refused_connection_is_tried_again_for_writes_too() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let stack = Stack::new(settings());
    let client = stack.writer(&github_at(&base).unwrap(), token()).unwrap();
    let error = client.put(&target(), &json!({})).await.unwrap_err();
    assert_eq!((error.kind, error.may_have_applied, error.request_id), (ErrorKind::Transport, false, None));
    assert!(error.message.starts_with("cannot connect: "), "{}", error.message);
    assert_eq!((stack.traffic().put, stack.traffic().connections), (3, 0));
    assert!(error.hint.unwrap().contains(&base));
}

#[tokio::test]
async fn a_write_on_a_kept_connection_that_breaks_is_sent_once() {
    for broken in [Act::Cut(String::new()), half()] {
        let (base, log) = start([Act::json(200, "{}"), broken]).await;
        let client = github(&base);
        client.reader().get(&target()).await.unwrap();
        assert!(client.post(&target(), &json!({})).await.unwrap_err().may_have_applied);
        assert_eq!(log.requests().len(), 2);
    }
}

#[tokio::test]
async fn a_connection_that_is_dropped_at_once_is_not_opened_again_for_a_write() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let accepted = Arc::new(Mutex::new(0));
    let count = Arc::clone(&accepted);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            *count.lock().unwrap() += 1;
        }
    });
    let client = github(&base);
    assert!(client.post(&target(), &json!({})).await.unwrap_err().may_have_applied);
    assert_eq!(*accepted.lock().unwrap(), 1);
    assert_eq!(client.reader().get(&target()).await.unwrap_err().kind, ErrorKind::Transport);
    assert_eq!(*accepted.lock().unwrap(), 4, "a read is asked three times");
}

#[tokio::test]
async fn the_overall_timeout_ends_retries_and_says_so() {
    let (base, log) = start([Act::Hang]).await;
    let stack = Stack::new(Settings { timeout: Duration::from_millis(200), ..settings() });
    let error = stack.reader(&github_at(&base).unwrap(), token()).unwrap().get(&target()).await.unwrap_err();
    assert!(error.message.ends_with("timed out after 0.2 s (--timeout)"), "{}", error.message);
    assert_eq!(log.requests().len(), 1);
    let stack = Stack::new(Settings { timeout: Duration::MAX, attempt_timeout: Duration::MAX, ..settings() });
    let (base, _) = start([Act::json(200, "{}")]).await;
    stack.reader(&github_at(&base).unwrap(), token()).unwrap().get(&target()).await.unwrap();
}

#[tokio::test]
async fn a_renamed_repository_is_told_by_its_new_address() {
    let to = "/repositories/1";
    let error = get([Act::answer(301, &[("location", to)], "{}")]).await.0.unwrap_err();
    assert!(error.hint.unwrap().contains("renamed"));
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_said_so() {
    let stack = Stack::new(settings());
    let client = stack.reader(&github_at("https://gatectl.invalid").unwrap(), None).unwrap();
    let error = client.get(&target()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transport);
    assert!(error.hint.unwrap().contains("gatectl.invalid"));
}

#[tokio::test]
async fn redirects_are_told_and_never_followed() {
    let (elsewhere, other) = start([Act::json(200, "{}")]).await;
    for status in [301, 302, 307, 308] {
        let (base, log) = start([Act::answer(status, &[("location", &elsewhere)], "{\"message\":\"Moved Permanently\"}")]).await;
        let error = github(&base).reader().get(&target()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Moved(Some(elsewhere.clone())));
        assert!(error.hint.unwrap().contains(&elsewhere));
        assert_eq!(log.requests().len(), 1);
    }
    assert!(other.requests().is_empty(), "no request, and so no token, goes to another host");
}

#[tokio::test]
async fn what_is_not_the_api_is_malformed_and_not_asked_again() {
    let page = "<!DOCTYPE html><html><head><title>Guest Wi-Fi</title></head>hunter2</html>";
    for act in [Act::answer(200, &[], page), Act::answer(403, &[("content-type", "text/html")], page), Act::answer(404, &[], page)] {
        let (result, asked) = get([act]).await;
        let error = result.unwrap_err();
        assert_eq!((&error.kind, asked), (&ErrorKind::Malformed, 1));
        assert!(error.message.contains("Guest Wi-Fi") && !error.message.contains("hunter2"), "{error}");
        assert!(error.hint.unwrap().contains("something other than the API"));
    }
    for body in ["", "nonsense", &format!("{}1", "[".repeat(100_000))] {
        let (result, asked) = get([Act::json(200, body)]).await;
        assert_eq!((result.unwrap_err().kind, asked), (ErrorKind::Malformed, 1));
    }
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_dropped() {
    let (base, log) = start([Act::json(200, &format!("\"{}\"", "x".repeat(2000)))]).await;
    let stack = Stack::new(Settings { max_body: 1000, ..settings() });
    let client = stack.writer(&github_at(&base).unwrap(), token()).unwrap();
    let error = client.reader().get(&target()).await.unwrap_err();
    assert_eq!((error.kind, log.requests().len()), (ErrorKind::Malformed, 1));
    assert!(client.put(&target(), &json!({})).await.unwrap_err().may_have_applied);
}

#[tokio::test]
async fn a_rate_limit_is_waited_out_for_reads_and_writes() {
    let limits = [
        Act::answer(429, &[("retry-after", "0")], "{\"message\":\"slow down\"}"),
        Act::answer(403, &[("retry-after", "0")], "{\"message\":\"You have exceeded a secondary rate limit\"}"),
    ];
    for limit in limits {
        let (base, log) = start([limit.clone(), limit.clone(), Act::json(201, "{}")]).await;
        let client = github(&base);
        client.post(&target(), &json!({"a": 1})).await.unwrap();
        assert_eq!(log.requests().len(), 3);
        assert!(log.requests().iter().all(|request| request.ends_with("{\"a\":1}")), "the body is sent whole each time");
        let (result, asked) = get([limit, Act::json(200, "{}")]).await;
        assert_eq!((result.unwrap().status, asked), (200, 2));
    }
}

#[tokio::test]
async fn a_secondary_limit_that_names_no_time_is_waited_out_and_the_request_then_sent() {
    for status in [403, 429] {
        let limit = Act::json(status, "{\"message\":\"You have exceeded a secondary rate limit.\"}");
        let (base, log) = start([limit.clone(), limit, Act::json(200, "{}")]).await;
        let shown = Arc::new(Mutex::new(Vec::new()));
        let show = Arc::clone(&shown);
        let on_wait: OnWait = Arc::new(move |wait: &Wait| show.lock().unwrap().push(wait.limit));
        let stack = Stack::new(Settings { on_wait: Some(on_wait), secondary_wait: Duration::from_millis(20), ..settings() });
        stack.writer(&github_at(&base).unwrap(), token()).unwrap().put(&target(), &json!({})).await.unwrap();
        assert_eq!((log.requests().len(), shown.lock().unwrap().as_slice()), (3, [Limit::Secondary; 2].as_slice()));
    }
    let defaults = Settings::default();
    assert!(defaults.secondary_wait >= Duration::from_secs(60), "GitHub's minimum");
    assert!(defaults.timeout > defaults.secondary_wait * 3 + defaults.margin() * 2, "two waits fit, and the request after them");
}

#[tokio::test]
async fn a_wait_that_would_leave_no_time_for_the_request_is_not_begun() {
    let (base, log) = start([Act::answer(429, &[("retry-after", "1")], "{}"), Act::json(200, "{}")]).await;
    let stack = Stack::new(Settings { timeout: Duration::from_millis(1200), ..settings() });
    let client = stack.reader(&github_at(&base).unwrap(), token()).unwrap();
    for _ in 0..2 {
        let error = client.get(&target()).await.unwrap_err();
        assert_eq!((error.kind, log.requests().len()), (ErrorKind::RateLimited, 1), "{}", error.message);
    }
}

#[tokio::test]
async fn a_wait_is_shown_once_for_all_who_wait() {
    let shown = Arc::new(Mutex::new(Vec::new()));
    let show = Arc::clone(&shown);
    let on_wait: OnWait = Arc::new(move |wait: &Wait| show.lock().unwrap().push(wait.clone()));
    let (base, log) = start([Act::answer(429, &[("retry-after", "1")], ""), Act::json(200, "{}")]).await;
    let stack = Stack::new(Settings { on_wait: Some(on_wait), parallelism: 1, ..settings() });
    let client = stack.reader(&github_at(&base).unwrap(), token()).unwrap();
    let target = target();
    let (a, b, c) = tokio::join!(client.get(&target), client.get(&target), client.get(&target));
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert_eq!(log.requests().len(), 4, "those in the queue wait instead of being refused");
    let shown = shown.lock().unwrap();
    assert_eq!((shown.len(), shown[0].host.as_str(), shown[0].duration), (1, "127.0.0.1", Duration::from_secs(1)));
}

#[tokio::test]
async fn a_wait_beyond_the_timeout_is_refused_with_its_end() {
    let reset = jiff::Timestamp::now().as_second() + 3600;
    let primary = |status| {
        Act::answer(
            status,
            &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &reset.to_string())],
            "{\"message\":\"API rate limit exceeded\"}",
        )
    };
    for act in [
        primary(403),
        primary(429),
        Act::answer(403, &[], "{\"message\":\"You have exceeded a secondary rate limit.\"}"),
        Act::answer(429, &[("retry-after", "600")], ""),
    ] {
        let (base, log) = start([act.clone()]).await;
        let client = github(&base);
        for method in ["GET", "PUT"] {
            let error =
                if method == "GET" { client.reader().get(&target()).await } else { client.put(&target(), &json!({})).await }.unwrap_err();
            assert_eq!((&error.kind, error.may_have_applied), (&ErrorKind::RateLimited, false), "{act:?}");
            assert!(error.message.contains("try again after 20") && error.message.ends_with(" UTC"), "{}", error.message);
            assert!(error.hint.unwrap().contains("--timeout"));
        }
        assert_eq!(log.requests().len(), 1, "the second is not even sent");
    }
}

#[tokio::test]
async fn the_last_allowed_answer_holds_the_queue_back() {
    let reset = (jiff::Timestamp::now().as_second() + 3600).to_string();
    let last = Act::answer(200, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &reset)], "{}");
    let (base, log) = start([last]).await;
    let stack = Stack::new(Settings { parallelism: 1, ..settings() });
    let client = stack.writer(&github_at(&base).unwrap(), token()).unwrap();
    let target = target();
    let body = json!({});
    let (first, second, third) = tokio::join!(client.reader().get(&target), client.reader().get(&target), client.put(&target, &body));
    assert!(first.is_ok());
    for error in [second.unwrap_err(), third.unwrap_err()] {
        assert_eq!((error.kind, error.status, error.may_have_applied), (ErrorKind::RateLimited, None, false));
    }
    assert_eq!(log.requests().len(), 1);
}

#[tokio::test]
async fn an_empty_quota_is_waited_out_beyond_the_timeout_if_that_is_asked_for() {
    let limited = Act::answer(429, &[("retry-after", "1")], "{}");
    let (base, log) = start([limited.clone(), limited, Act::json(200, "{}")]).await;
    let settings = Settings { timeout: Duration::from_millis(900), on_exhausted: OnExhausted::Wait, ..settings() };
    Stack::new(settings).reader(&github_at(&base).unwrap(), token()).unwrap().get(&target()).await.unwrap();
    assert_eq!(log.requests().len(), 3);
}

#[tokio::test]
async fn the_quota_is_what_the_server_last_said() {
    let says = |left: &str| {
        Act::answer(200, &[("x-ratelimit-limit", "5000"), ("x-ratelimit-remaining", left), ("x-ratelimit-reset", "4000000000")], "{}")
    };
    let (base, _) = start([says("4998"), says("4999"), says("4997")]).await;
    let (stack, endpoint) = (Stack::new(settings()), github_at(&base).unwrap());
    assert_eq!(stack.quota(&endpoint), None);
    for remaining in [4998, 4998, 4997] {
        stack.reader(&endpoint, token()).unwrap().get(&target()).await.unwrap();
        let quota = stack.quota(&endpoint).unwrap();
        assert_eq!((quota.limit, quota.remaining), (5000, remaining));
    }
}

#[tokio::test]
async fn requests_beyond_the_points_of_a_minute_wait_until_they_fit() {
    let (base, log) = start([Act::json(200, "{}")]).await;
    let stop = Stop::default();
    let shown = Arc::new(Mutex::new(Vec::new()));
    let show = Arc::clone(&shown);
    let on_wait: OnWait = Arc::new(move |wait: &Wait| show.lock().unwrap().push(wait.limit));
    let stack = Stack::new(Settings { points: Some(7), on_wait: Some(on_wait), stop: stop.clone(), ..settings() });
    let client = stack.writer(&github_at(&base).unwrap(), token()).unwrap();
    client.put(&target(), &json!({})).await.unwrap();
    client.reader().get(&target()).await.unwrap();
    client.reader().get(&target()).await.unwrap();
    let held = tokio::time::timeout(Duration::from_millis(50), client.reader().get(&target())).await;
    assert!(held.is_err(), "a write is five points, a read is one");
    assert_eq!((log.requests().len(), shown.lock().unwrap().as_slice()), (3, [Limit::Pace].as_slice()));
    stop.set();
    assert_eq!(client.reader().get(&target()).await.unwrap_err().kind, ErrorKind::Interrupted);
}

#[tokio::test]
async fn a_server_that_always_limits_is_given_up() {
    let (result, asked) = get([Act::answer(429, &[("retry-after", "0")], "")]).await;
    assert_eq!(result.unwrap_err().kind, ErrorKind::RateLimited);
    assert!(asked < 10, "{asked}");
}

#[tokio::test]
async fn a_write_of_what_must_be_fresh_comes_back_after_a_wait() {
    let limit = Act::answer(429, &[("retry-after", "1")], "{}");
    let (base, log) = start([limit, Act::json(201, "{}")]).await;
    let shown = Arc::new(Mutex::new(0));
    let show = Arc::clone(&shown);
    let stack = Stack::new(Settings { on_wait: Some(Arc::new(move |_: &Wait| *show.lock().unwrap() += 1)), ..settings() });
    let client = stack.writer(&github_at(&base).unwrap(), token()).unwrap().fresh_only();
    let error = client.post(&target(), &json!({})).await.unwrap_err();
    assert_eq!((error.kind, error.may_have_applied, log.requests().len()), (ErrorKind::Held, false, 1));
    client.post(&target(), &json!({})).await.unwrap();
    assert_eq!((*shown.lock().unwrap(), log.requests().len()), (1, 2), "the wait was shown and kept before it came back");
}

/// A client whose user asks to stop once the server was asked; what a request results in, and how often the server was asked.
async fn stopped(act: Act, method: &str) -> (Result<Reply, ApiError>, usize) {
    let (base, log) = start([act, Act::json(200, "{}")]).await;
    let stop = Stop::default();
    // A pause that no test waits out.
    let stack = Stack::new(Settings { backoff: Duration::from_secs(600), timeout: Duration::MAX, stop: stop.clone(), ..settings() });
    let client = stack.writer(&github_at(&base).unwrap(), token()).unwrap();
    let asked = async {
        while log.requests().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        stop.set();
    };
    let (target, body) = (target(), json!({}));
    let request = async { if method == "GET" { client.reader().get(&target).await } else { client.put(&target, &body).await } };
    let (result, ()) = tokio::join!(request, asked);
    (result, log.requests().len())
}

#[tokio::test]
async fn a_stop_ends_every_wait() {
    for method in ["GET", "PUT"] {
        let (result, asked) = stopped(Act::answer(429, &[("retry-after", "600")], "{}"), method).await;
        let error = result.unwrap_err();
        assert_eq!((&error.kind, error.may_have_applied, asked), (&ErrorKind::Interrupted, false, 1), "{method}: {error}");
        assert!(error.message.contains("rate limit") && error.hint.unwrap().contains("again"));
    }
    let (result, asked) = stopped(Act::json(502, "{\"message\":\"Bad Gateway\"}"), "GET").await;
    let error = result.unwrap_err();
    assert_eq!((&error.kind, asked), (&ErrorKind::Interrupted, 1));
    assert!(error.message.contains("Bad Gateway; interrupted"), "{error}");
    assert!(stopped(Act::json(502, "{}"), "PUT").await.0.unwrap_err().may_have_applied, "the caller judges that");
}

#[tokio::test]
async fn after_a_stop_no_write_is_sent_and_reading_back_is() {
    let (base, log) = start([Act::json(200, "{}")]).await;
    let stop = Stop::default();
    let stack = Stack::new(Settings { stop: stop.clone(), ..settings() });
    let client = stack.writer(&github_at(&base).unwrap(), token()).unwrap();
    stop.set();
    let error = client.put(&target(), &json!({})).await.unwrap_err();
    assert_eq!((error.kind, error.may_have_applied, log.requests().len()), (ErrorKind::Interrupted, false, 0));
    client.reader().get(&target()).await.unwrap();
}

#[tokio::test]
async fn missing_rights_are_named() {
    let forbidden =
        |headers: &[(&str, &str)]| Act::answer(403, headers, "{\"message\":\"Resource not accessible by personal access token\"}");
    let accepted =
        [("x-accepted-github-permissions", "administration=write"), ("x-ratelimit-remaining", "4999"), ("x-github-request-id", "AB:12")];
    let error = get([forbidden(&accepted)]).await.0.unwrap_err();
    assert_eq!((error.kind.clone(), error.request_id.as_deref()), (ErrorKind::Forbidden, Some("AB:12")));
    assert_eq!(error.accepted_permissions.as_deref(), Some("administration=write"));
    let hint = error.hint.unwrap();
    assert!(hint.contains("Administration: write") && hint.contains("GH_TOKEN"), "{hint}");

    let sso = [("x-github-sso", "required; url=https://github.com/orgs/acme/sso?authorization_request=1")];
    let hint = get([forbidden(&sso)]).await.0.unwrap_err().hint.unwrap();
    assert!(hint.contains("https://github.com/orgs/acme/sso?authorization_request=1"), "{hint}");

    let scopes = [("x-oauth-scopes", "gist, read:org"), ("x-accepted-oauth-scopes", "repo")];
    let hint = get([forbidden(&scopes)]).await.0.unwrap_err().hint.unwrap();
    assert!(hint.contains("gist, read:org") && hint.contains("accepted are: repo"), "{hint}");
}

#[tokio::test]
async fn a_refused_token_is_told_by_its_source() {
    let hint = get([Act::json(401, "{\"message\":\"Bad credentials\"}")]).await.0.unwrap_err().hint.unwrap();
    assert!(hint.contains("GH_TOKEN") && !hint.contains(CANARY), "{hint}");
    let (base, _) = start([Act::json(404, "{\"message\":\"Not Found\"}")]).await;
    let anonymous = Stack::new(settings()).reader(&github_at(&base).unwrap(), None).unwrap();
    assert!(anonymous.get(&target()).await.unwrap_err().hint.unwrap().contains("no token"));
    let hint = get([Act::json(404, "{\"message\":\"Not Found\"}")]).await.0.unwrap_err().hint.unwrap();
    assert!(hint.contains("has no access to it"), "{hint}");
}

#[tokio::test]
async fn heroku_names_its_scopes_and_keeps_its_request_id() {
    let (base, log) = start([Act::json(403, "{\"id\":\"forbidden\",\"message\":\"You do not have access\"}")]).await;
    let client = heroku(&base);
    let read = client.reader().get(&target()).await.unwrap_err();
    assert!(read.hint.unwrap().contains("`read-protected`"));
    assert_eq!(read.details, ["id forbidden"]);
    assert_eq!(read.request_id.as_deref(), header(&log.requests()[0], "request-id"));
    assert!(client.patch(&target(), &json!({})).await.unwrap_err().hint.unwrap().contains("`write-protected`"));
    for (status, id, word) in [
        (403, "two_factor", "second factor"),
        (403, "suspended", "suspended"),
        (402, "delinquent", "bill"),
        (406, "not_acceptable", "version 3"),
    ] {
        let (base, _) = start([Act::json(status, &format!("{{\"id\":\"{id}\",\"message\":\"No\"}}"))]).await;
        let hint = heroku(&base).reader().get(&target()).await.unwrap_err().hint.unwrap();
        assert!(hint.contains(word), "{hint}");
    }
}

/// Gives one token until the server refuses it, then another, if there is one.
#[derive(Debug)]
struct Renewing {
    other: Option<&'static str>,
    refused: std::sync::atomic::AtomicBool,
}

impl TokenSource for Renewing {
    fn token(&self) -> TokenAnswer<'_> {
        let other = self.other.filter(|_| self.refused.load(std::sync::atomic::Ordering::Relaxed));
        Box::pin(async move { Ok(Token::new(other.unwrap_or("stale"), "netrc")) })
    }

    fn instead_of<'a>(&'a self, refused: &'a Token) -> TokenAnswer<'a> {
        assert_eq!(refused.source(), "netrc");
        self.refused.store(true, std::sync::atomic::Ordering::Relaxed);
        let other = self.other.map(|token| Token::new(token, "the tool")).ok_or_else(|| ApiError::new("", ErrorKind::Refused, "none"));
        Box::pin(std::future::ready(other))
    }
}

#[tokio::test]
async fn a_refused_token_is_replaced_once_if_there_is_another() {
    for (other, refusals, sent) in
        [(Some("fresh"), 1, vec!["stale", "fresh"]), (Some("fresh"), 9, vec!["stale", "fresh"]), (None, 1, vec!["stale"])]
    {
        let refusal = Act::json(401, "{\"message\":\"Invalid credentials\"}");
        let acts = std::iter::repeat_n(refusal, refusals).chain([Act::json(200, "{}")]);
        let (base, log) = start(acts).await;
        let source = Arc::new(Renewing { other, refused: false.into() });
        let client = Stack::new(settings()).writer_as(&heroku_at(&base).unwrap(), source);
        let result = client.patch(&target(), &json!({"a": 1})).await;
        let tokens: Vec<String> =
            log.requests().iter().map(|request| header(request, "authorization").unwrap().replace("Bearer ", "")).collect();
        assert_eq!(tokens, sent);
        match result {
            Ok(_) => assert!(other.is_some() && refusals == 1),
            Err(error) => {
                let source = if other.is_some() { "the tool" } else { "netrc" };
                assert_eq!(error.kind, ErrorKind::Unauthenticated);
                assert!(error.hint.unwrap().contains(source), "the refusal names the token that was sent last");
            }
        }
    }
}

#[tokio::test]
async fn a_malformed_token_is_refused_before_anything_is_sent() {
    let (base, log) = start([Act::json(200, "{}")]).await;
    let endpoint = github_at(&base).unwrap();
    for bad in ["", " \n", "ghp_a\nghp_b", "ghp a", "ghp_é", "ghp_\u{7f}"] {
        let error = Stack::new(settings()).reader(&endpoint, Some(Token::new(bad, "GITHUB_TOKEN"))).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unauthenticated);
        assert!(error.hint.unwrap().contains("GITHUB_TOKEN"));
    }
    let padded = Stack::new(settings()).reader(&endpoint, Some(Token::new(&format!(" {CANARY}\n"), "x"))).unwrap();
    padded.get(&target()).await.unwrap();
    assert_eq!(log.requests().len(), 1);
    assert_eq!(header(&log.requests()[0], "authorization").unwrap(), format!("Bearer {CANARY}"));
}

#[tokio::test]
async fn values_of_an_answer_are_in_no_error_and_no_panic() {
    let (reply, _) = get([Act::json(200, "{\"KEY\":\"hunter2\"}")]).await;
    assert_eq!(format!("{:?}", reply.unwrap()), "Reply(200 with a body)");
    let (base, _) = start([Act::json(200, "{\"KEY\":\"hunter2\"}")]).await;
    let error = heroku(&base).reader().get_json::<std::collections::BTreeMap<String, u64>>(&target()).await.unwrap_err();
    assert_eq!((error.kind.clone(), error.status), (ErrorKind::Malformed, Some(200)));
    assert!(!format!("{error:?} {error}").contains("hunter2"), "{error:?}");
}

/// Everything at trace level, as text.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_token_and_a_config_var_are_in_no_output() {
    let captured = Captured::default();
    let sink = captured.clone();
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_max_level(tracing::Level::TRACE).with_writer(move || sink.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    // While there is but one subscriber, a test on another thread, which has none, would switch shared callsites off for all.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let mut told = String::new();
    let echo = format!("{{\"message\":\"you sent {CANARY}\",\"errors\":[\"{CANARY}\"]}}");
    let headers = [
        ("set-cookie", "hunter2"),
        ("x-echo", CANARY),
        ("x-github-request-id", CANARY),
        ("location", CANARY),
        ("x-accepted-github-permissions", CANARY),
    ];
    for status in [200, 301, 401, 403, 422, 500] {
        let (base, _) = start([Act::answer(status, &headers, &echo)]).await;
        for client in [github(&base), heroku(&base)] {
            told += &format!("{client:?}");
            for result in [client.reader().get(&target()).await, client.patch(&target(), &json!({"KEY": "hunter2"})).await] {
                match result {
                    Ok(_) => assert_eq!(status, 200),
                    Err(error) => told += &format!("{error:?} {error} {:?}", error.unknown()),
                }
            }
        }
    }
    told += &format!("{:?}", token());
    drop(guard);
    let traced = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    assert!(traced.contains("status=422") && traced.contains("authorization: ***"), "the trace was captured: {traced}");
    assert!(told.contains("you sent ***"), "the echo was there to be found: {told}");
    for text in [&told, &traced] {
        assert!(!text.contains(CANARY) && !text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn writes_go_one_by_one_and_reads_together() {
    let slow = Act::Drip("HTTP/1.1 200 OK\r\n\r\n{}".to_owned());
    let (listener, address, log) = listen([slow]).await;
    let base = format!("http://{address}");
    // How many connections are open at once, at most.
    let peak = Arc::new(Mutex::new((0, 0)));
    let counted = Arc::clone(&peak);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (log, counted) = (log.clone(), Arc::clone(&counted));
            tokio::spawn(async move {
                {
                    let mut count = counted.lock().unwrap();
                    count.0 += 1;
                    count.1 = count.1.max(count.0);
                }
                log.serve(stream).await;
                counted.lock().unwrap().0 -= 1;
            });
        }
    });
    let stack = Stack::new(Settings { parallelism: 3, ..settings() });
    let client = stack.writer(&github_at(&base).unwrap(), token()).unwrap();
    let (target, body) = (target(), json!({}));
    let (a, b, c) = tokio::join!(client.put(&target, &body), client.patch(&target, &body), client.delete(&target));
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert_eq!(std::mem::take(&mut *peak.lock().unwrap()).1, 1);
    let get = || client.reader().get(&target);
    let all = tokio::join!(get(), get(), get(), get(), get(), get());
    assert!(all.0.is_ok() && all.1.is_ok() && all.2.is_ok() && all.3.is_ok() && all.4.is_ok() && all.5.is_ok());
    assert_eq!(peak.lock().unwrap().1, 3, "as many as the setting allows");
    assert_eq!((stack.traffic().reads(), stack.traffic().writes()), (6, 3));
}

#[tokio::test]
async fn one_connection_serves_one_request_after_the_other() {
    let (base, log) = start([Act::json(200, "{}")]).await;
    let stack = Stack::new(settings());
    let client = stack.writer(&github_at(&base).unwrap(), token()).unwrap();
    for _ in 0..5 {
        client.reader().get(&target()).await.unwrap();
        client.put(&target(), &json!({})).await.unwrap();
    }
    assert_eq!((log.requests().len(), stack.traffic().connections), (10, 1));
}
