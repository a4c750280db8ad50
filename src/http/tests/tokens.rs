//! Tokens: which one is sent, and that no output shows one.

use super::*;

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
