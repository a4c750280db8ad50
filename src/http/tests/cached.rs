//! Conditional requests, and what must never be answered from an earlier run.

use super::*;

const TAG: (&str, &str) = ("etag", "W/\"1\"");
const NEXT: (&str, &str) = ("link", "<https://x?page=2>; rel=\"next\"");

fn full(body: &str) -> Act {
    Act::answer(200, &[TAG, NEXT], body)
}

/// What the server sends if nothing changed.
fn unchanged() -> Act {
    Act::answer(304, &[TAG], "")
}

fn run(base: &str, folder: &std::path::Path) -> (Stack, Writer) {
    let stack = Stack::new(Settings { cache: Some(Arc::new(Cache::at(folder.join("gatectl")))), ..settings() });
    let writer = stack.writer(&github_at(base).unwrap(), token()).unwrap();
    (stack, writer)
}

fn conditional(log: &Log) -> Vec<bool> {
    log.requests().iter().map(|request| header(request, "if-none-match").is_some()).collect()
}

#[tokio::test]
async fn a_second_run_asks_whether_anything_changed_and_gets_the_whole_answer() {
    let folder = tempfile::tempdir().unwrap();
    let (base, log) = start([full("{\"a\":1}"), unchanged(), full("{\"a\":2}")]).await;
    for (body, not_modified) in [(json!({"a": 1}), 0), (json!({"a": 1}), 1), (json!({"a": 2}), 0)] {
        let (stack, client) = run(&base, folder.path());
        let reply = client.reader().get(&target()).await.unwrap();
        assert_eq!((reply.status, reply.body, reply.has_next), (200, body, true));
        assert_eq!((stack.traffic().sent(), stack.traffic().not_modified), (1, not_modified));
    }
    assert_eq!(conditional(&log), [false, true, true]);
    assert_eq!(header(&log.requests()[1], "if-none-match"), Some("W/\"1\""));
}

#[tokio::test]
async fn what_is_no_whole_answer_is_not_kept() {
    for first in [
        Act::answer(404, &[TAG], "{}"),
        Act::answer(200, &[], "{}"),
        Act::answer(200, &[TAG, ("content-type", "text/html")], "<html>sign in</html>"),
        Act::answer(200, &[TAG], "{\"a\":"),
        Act::Cut("HTTP/1.1 200 OK\r\netag: \"1\"\r\ncontent-length: 100\r\n\r\n{}".to_owned()),
        Act::answer(200, &[TAG], &format!("\"{CANARY}\"")),
        Act::answer(206, &[TAG], "{}"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (base, log) = start([first.clone()]).await;
        for _ in 0..2 {
            let _ = run(&base, folder.path()).1.reader().get(&target()).await;
        }
        assert!(log.requests().len() >= 2 && !conditional(&log).contains(&true), "{first:?}");
    }
}

#[tokio::test]
async fn nothing_is_kept_of_heroku_nor_of_a_range() {
    let folder = tempfile::tempdir().unwrap();
    let (base, log) = start([full("{\"KEY\":\"hunter2\"}")]).await;
    for _ in 0..2 {
        let (stack, github) = run(&base, folder.path());
        stack.reader(&heroku_at(&base).unwrap(), token()).unwrap().get(&target()).await.unwrap();
        github.reader().get(&target().range("id ..")).await.unwrap();
    }
    assert_eq!(conditional(&log), [false; 4]);
    assert!(!folder.path().join("gatectl").exists());
}

#[tokio::test]
async fn nothing_is_kept_of_the_values_of_variables() {
    let folder = tempfile::tempdir().unwrap();
    let (base, log) = start([full("{\"variables\":[{\"name\":\"API_TOKEN\",\"value\":\"hunter2\"}]}")]).await;
    let of_environment = target().join("environments").join("production").join("variables").query("per_page", 30);
    for _ in 0..2 {
        let (_, github) = run(&base, folder.path());
        github.reader().get(&of_environment).await.unwrap();
        github.reader().get(&target().join("actions").join("variables").join("API_TOKEN")).await.unwrap();
    }
    assert_eq!(conditional(&log), [false; 4]);
    assert!(!folder.path().join("gatectl").exists());
}

#[tokio::test]
async fn a_write_ends_the_cache_for_the_run_and_forgets_what_it_touched() {
    let folder = tempfile::tempdir().unwrap();
    let (base, log) = start([full("{}")]).await;
    let other = Target::new(["repos", "o", "other"]);
    let environment = target().join("environments").join("production");
    let (_, client) = run(&base, folder.path());
    for target in [&target(), &environment, &other] {
        client.reader().get(target).await.unwrap();
    }
    client.put(&environment, &json!({})).await.unwrap();
    client.reader().get(&environment).await.unwrap();
    client.reader().get(&environment).await.unwrap();
    let (_, next) = run(&base, folder.path());
    for target in [&environment, &target(), &other] {
        next.reader().get(target).await.unwrap();
    }
    assert_eq!(conditional(&log), [false, false, false, false, false, false, false, false, true]);
}

#[tokio::test]
async fn another_token_and_a_broken_entry_get_the_whole_answer() {
    let folder = tempfile::tempdir().unwrap();
    let (base, log) = start([full("{}")]).await;
    run(&base, folder.path()).1.reader().get(&target()).await.unwrap();
    let (stack, _) = run(&base, folder.path());
    let endpoint = github_at(&base).unwrap();
    for token in [None, Some(Token::new("another-token", "x"))] {
        stack.reader(&endpoint, token).unwrap().get(&target()).await.unwrap();
    }
    let entries = || {
        let scopes = std::fs::read_dir(folder.path().join("gatectl")).unwrap().map(|scope| scope.unwrap().path());
        scopes.flat_map(|scope| std::fs::read_dir(scope).unwrap().map(|entry| entry.unwrap().path())).collect::<Vec<_>>()
    };
    assert_eq!(entries().len(), 3);
    for entry in entries() {
        let text = std::fs::read(&entry).unwrap();
        assert!(!String::from_utf8_lossy(&text).contains(CANARY));
        std::fs::write(&entry, &text[..text.len() - 1]).unwrap();
    }
    run(&base, folder.path()).1.reader().get(&target()).await.unwrap();
    assert_eq!(conditional(&log), [false; 4]);
}

#[tokio::test]
async fn an_unasked_304_is_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let (base, _) = start([unchanged()]).await;
    assert_eq!(run(&base, folder.path()).1.reader().get(&target()).await.unwrap_err().kind, ErrorKind::Malformed);
}
