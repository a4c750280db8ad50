//! What is sent again after a fault, and what never is.

use super::*;

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
