//! The client against servers that misbehave, over real sockets.

mod answers;
mod cached;
mod requests;
mod retries;
mod server;
mod tls;
mod tokens;
mod waits;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;

use self::server::{Act, Log, listen, start};
use super::*;
use crate::providers::github::api::endpoint as github_at;
use crate::providers::heroku::api::endpoint as heroku_at;

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

fn header<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    request.lines().find_map(|line| line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// A 200 whose body ends before its length.
fn half() -> Act {
    Act::Cut("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"a\":".to_owned())
}
