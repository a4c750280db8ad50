//! Rate limits, points per minute, and the request to stop.

use super::*;
use crate::stop::Stop;

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
