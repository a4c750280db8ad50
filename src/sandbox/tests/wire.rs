//! The server on its socket: routing, connections, faults, the log.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;

async fn start() -> Sandbox {
    let mut world = World::new();
    world.put(&json!({"reviewers": [user(ALICE)]}));
    Sandbox::start(world.state).await.unwrap()
}

/// All bytes that come back for one request on a connection of its own, and how the connection ended.
async fn talk(base: &str, method: &str, target: &str, body: &str) -> (String, std::io::Result<()>) {
    let host = base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let length = body.len();
    let text = format!(
        "{method} {target} HTTP/1.1\r\nhost: {host}\r\nuser-agent: t\r\naccept: application/vnd.heroku+json; version=3, */*\r\n\
         authorization: Bearer very-secret\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes).await.map(|_| ());
    (String::from_utf8_lossy(&bytes).into_owned(), end)
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn both_services_answer_and_are_logged_without_the_token() {
    let sandbox = start().await;
    let now = sandbox.with(|state| state.now.0);
    sandbox
        .with(|state| state.heroku.apps.insert("app".to_owned(), HerokuApp::new("app", "o@e.com", std::collections::BTreeMap::new(), now)));
    let (answer, _) = talk(sandbox.github_url(), "GET", ENV, "").await;
    assert!(status(&answer) == 200 && answer.contains("\"login\":\"alice\""), "{answer}");
    let enterprise = format!("/api/v3{ENV}/deployment-branch-policies?per_page=1");
    assert_eq!(status(&talk(sandbox.github_url(), "GET", &enterprise, "").await.0), 404);
    assert_eq!(status(&talk(sandbox.github_url(), "PUT", &format!("/api/v3{ENV}"), "{\"wait_timer\":1}").await.0), 200);
    assert_eq!(status(&talk(sandbox.heroku_url(), "PATCH", "/apps/app/config-vars", "{\"A\":\"1\"}").await.0), 200);
    assert_eq!(sandbox.connections(), 4);
    let state = sandbox.stop();
    let log = state.log;
    assert_eq!(log.calls()[1..3], [format!("GET {ENV}/deployment-branch-policies"), format!("PUT {ENV}")]);
    assert!(!format!("{log:?}").contains("very-secret"));
    assert!(log.exchanges[0].header("authorization").unwrap().starts_with("present:"));
    assert_eq!((log.writes.len(), log.write_requests().count(), log.depth()), (2, 2, 4));
    let gate = "acme/shop/production";
    assert_eq!((log.writes[0].before.gates[gate].wait_timer, log.writes[0].after.gates[gate].wait_timer), (0, 1));
    let timers: Vec<Option<u32>> = log.history(gate).into_iter().map(|state| state.map(|state| state.wait_timer)).collect();
    assert_eq!(timers, [Some(0), Some(1)]);
    assert_eq!(log.history("acme/shop/none"), [None]);
    assert_eq!(log.writes[1].after.config["app"]["A"], "1");
    assert_eq!(log.exchanges[log.writes[1].exchange].api, Api::Heroku);
}

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let sandbox = start().await;
    let host = sandbox.github_url().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    for round in 1..=3 {
        let text = format!("DELETE {ENV} HTTP/1.1\r\nhost: {host}\r\nuser-agent: t\r\nauthorization: Bearer t\r\n\r\n");
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = vec![0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, if round == 1 { b"HTTP/1.1 204" } else { b"HTTP/1.1 404" });
        let mut rest = [0; 4096];
        assert!(stream.read(&mut rest).await.unwrap() > 0);
    }
    assert_eq!(sandbox.connections(), 1);
    assert!(sandbox.with(|state| state.log.exchanges.iter().all(|exchange| exchange.connection == 1)));
}

#[tokio::test]
async fn links_lead_back_to_the_address_that_was_asked() {
    let sandbox = start().await;
    sandbox.with(|state| state.repo("acme/shop").unwrap().branches.push(Branch { name: "b".to_owned(), protected: false }));
    let (answer, _) = talk(sandbox.github_url(), "GET", "/api/v3/repos/acme/shop/branches?per_page=1", "").await;
    assert!(
        answer.contains(&format!("<{}/repos/acme/shop/branches?per_page=1&page=2>; rel=\"next\"", sandbox.enterprise_url())),
        "{answer}"
    );
}

#[tokio::test]
async fn requests_in_flight_together_are_one_round_trip_deep() {
    let sandbox = start().await;
    sandbox.with(|state| state.latency = Duration::from_millis(50));
    let base = sandbox.github_url();
    let _ = tokio::join!(talk(base, "GET", ENV, ""), talk(base, "GET", "/user", ""), talk(base, "GET", "/rate_limit", ""));
    assert_eq!(sandbox.with(|state| state.log.depth()), 1);
    let _ = talk(base, "GET", ENV, "").await;
    assert_eq!(sandbox.with(|state| state.log.depth()), 2);
}

#[tokio::test]
async fn answers_can_be_replaced_before_and_after_the_effect() {
    let sandbox = start().await;
    let put = |fault: Fault| fault.method("PUT").path("/repos/*/environments/*").nth(1);
    sandbox.with(|state| {
        state.faults =
            vec![put(Fault::before(Response::github_error(500, "Server Error"))), put(Fault::after(Response::html(502, "<h1>"))).nth(2)];
    });
    let timer = || sandbox.with(|state| state.repo("acme/shop").unwrap().environment("production").unwrap().wait_timer);
    assert_eq!((status(&talk(sandbox.github_url(), "PUT", ENV, "{\"wait_timer\":1}").await.0), timer()), (500, 0));
    assert_eq!((status(&talk(sandbox.github_url(), "PUT", ENV, "{\"wait_timer\":2}").await.0), timer()), (502, 2));
    assert_eq!((status(&talk(sandbox.github_url(), "PUT", ENV, "{\"wait_timer\":3}").await.0), timer()), (200, 3));
    assert_eq!(status(&talk(sandbox.github_url(), "GET", ENV, "").await.0), 200);
}

#[tokio::test]
async fn connections_are_reset_before_and_after_the_effect() {
    let sandbox = start().await;
    for (fault, kept) in [(Fault::new(Effect::Reset), 0), (Fault::new(Effect::Reset).late(), 9)] {
        sandbox.with(|state| state.faults = vec![fault.nth(1)]);
        let (answer, end) = talk(sandbox.github_url(), "PUT", ENV, "{\"wait_timer\":9}").await;
        assert!(answer.is_empty() && end.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset));
        assert_eq!(sandbox.with(|state| state.repo("acme/shop").unwrap().environment("production").unwrap().wait_timer), kept);
    }
    assert_eq!(sandbox.with(|state| state.log.exchanges[0].status), None);
}

#[tokio::test]
async fn bodies_can_end_early_and_arrive_slowly() {
    let sandbox = start().await;
    sandbox.with(|state| {
        state.faults = vec![Fault::new(Effect::Truncate(10)).nth(1), Fault::new(Effect::Drip(100, Duration::from_millis(1))).nth(2)];
    });
    let (cut, _) = talk(sandbox.github_url(), "GET", ENV, "").await;
    let (head, body) = cut.split_once("\r\n\r\n").unwrap();
    assert!(head.to_lowercase().contains("content-length:") && body.len() == 10, "{cut}");
    let (slow, _) = talk(sandbox.github_url(), "GET", ENV, "").await;
    let body: Value = serde_json::from_str(slow.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(body["name"], "production");
}

#[tokio::test]
async fn a_hanging_request_never_answers_and_others_go_on() {
    let sandbox = start().await;
    sandbox.with(|state| state.faults = vec![Fault::new(Effect::Hang).path("/user").times(2)]);
    let base = sandbox.github_url();
    tokio::select! {
        _ = talk(base, "GET", "/user", "") => panic!("answered"),
        (other, _) = talk(base, "GET", ENV, "") => assert_eq!(status(&other), 200),
    }
}

#[tokio::test]
async fn another_writer_can_step_in_and_limits_can_be_played() {
    let sandbox = start().await;
    sandbox.with(|state| {
        state.faults = vec![
            Fault::meanwhile(|state| {
                state.repo("acme/shop").unwrap().remove("production");
            })
            .path("*/production"),
            Fault::before(Response::secondary_limit(429, Some(7))).path("/user").nth(1),
            Fault::before(Response::primary_limit(403, 60)).path("/user").nth(2),
            Fault::before(Response::bad_credentials()).path("/user").from(3),
        ];
    });
    assert_eq!(status(&talk(sandbox.github_url(), "GET", ENV, "").await.0), 404);
    let restore = Fault::meanwhile(|state| {
        let now = state.now.0;
        let environment = Environment::ungated(&mut state.github.ids, "production", true, now);
        state.repo("acme/shop").unwrap().insert(environment);
    });
    sandbox.with(|state| state.faults.push(restore.late().path("*/production")));
    assert_eq!(status(&talk(sandbox.github_url(), "GET", ENV, "").await.0), 404, "just too late for this one");
    assert_eq!(status(&talk(sandbox.github_url(), "GET", ENV, "").await.0), 200);
    let (secondary, _) = talk(sandbox.github_url(), "GET", "/user", "").await;
    assert!(status(&secondary) == 429 && secondary.contains("retry-after: 7") && secondary.contains("secondary rate limit"));
    let (primary, _) = talk(sandbox.github_url(), "GET", "/user", "").await;
    assert!(status(&primary) == 403 && primary.contains("x-ratelimit-remaining: 0") && primary.contains("x-ratelimit-reset: "));
    for _ in 0..2 {
        assert_eq!(status(&talk(sandbox.github_url(), "GET", "/user", "").await.0), 401);
    }
}
