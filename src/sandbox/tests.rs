//! Each rule of the emulator that could be wrong; every exchange is also held against the official descriptions.

mod coverage;
mod environments;
mod heroku;
mod laws;
mod lookups;
mod policies;
mod rehearsals;
mod runs;
mod wire;

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::*;
use crate::model::RepoName;
use gatectl_test_support::conformance::{Official, Seen};

static OFFICIAL: LazyLock<Option<Official>> = LazyLock::new(Official::load);

/// A world and a way to ask it, without sockets.
struct World {
    state: State,
    token: String,
    accept: String,
}

const ENV: &str = "/repos/acme/shop/environments/production";
const ALICE: u64 = 501;
const BOB: u64 = 502;
const CAROL: u64 = 503;
const ROBOT: u64 = 504;
const SRE: u64 = 601;
const GHOSTS: u64 = 602;

impl World {
    /// `acme/shop`, private, on Enterprise: alice may write, bob may read, carol has no access, sre has access, ghosts has none.
    fn new() -> Self {
        let mut state = State::default();
        let github = &mut state.github;
        github.viewer = "root".to_owned();
        github.add_account("root", Some(500), AccountKind::User);
        github.add_account("alice", Some(ALICE), AccountKind::User);
        github.add_account("bob", Some(BOB), AccountKind::User);
        github.add_account("carol", Some(CAROL), AccountKind::User);
        github.add_account("robot[bot]", Some(ROBOT), AccountKind::Bot);
        let acme = github.add_account("acme", Some(510), AccountKind::Organization);
        if let Some(acme) = github.people.accounts.get_mut(&acme) {
            acme.plan = Plan::Enterprise;
            acme.owners.insert("root".to_owned());
            acme.members.extend(["root", "alice", "bob"].map(str::to_owned));
        }
        github.add_team("acme", "sre", Some(SRE));
        github.add_team("acme", "ghosts", Some(GHOSTS));
        github.people.teams.get_mut(&SRE).unwrap().members.insert("bob".to_owned());
        github.people.apps.push(App { id: 77, slug: "gatekeeper".to_owned(), owner: "acme".to_owned() });
        let mut repo = Repo::new(1296, RepoName::parse("acme/shop").unwrap());
        repo.collaborators.insert("alice".to_owned(), Permission::Write);
        repo.collaborators.insert("bob".to_owned(), Permission::Read);
        repo.teams.insert(SRE, Permission::Write);
        repo.installed_apps.insert(77);
        github.repos.push(repo);
        Self { state, token: "anything".to_owned(), accept: "application/vnd.github+json".to_owned() }
    }

    fn with(mut self, turn: impl FnOnce(&mut Switches)) -> Self {
        turn(&mut self.state.switches);
        self
    }

    fn on(mut self, plan: Plan) -> Self {
        self.state.github.set_plan("acme", plan);
        self
    }

    fn repo(&mut self) -> &mut Repo {
        self.state.repo("acme/shop").unwrap()
    }

    fn environment(&mut self) -> &Environment {
        self.repo().environment("production").unwrap()
    }

    /// From now on, every call bears this token.
    fn use_token(&mut self, token: Token) {
        self.state.github.tokens.insert("named".to_owned(), token);
        self.token = "named".to_owned();
    }

    fn raw(&mut self, method: &str, target: &str, body: &[u8], extra: &[(&str, &str)]) -> Response {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers = ::http::HeaderMap::new();
        headers.insert("user-agent", "test".parse().unwrap());
        headers.insert("accept", self.accept.parse().unwrap());
        headers.insert("authorization", format!("Bearer {}", self.token).parse().unwrap());
        for (name, value) in extra {
            headers.remove(*name);
            if !value.is_empty() {
                headers.insert(::http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
            }
        }
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: body.to_vec(),
            base: "http://sandbox.invalid".to_owned(),
        };
        let api = if self.accept.contains("heroku") { Api::Heroku } else { Api::GitHub };
        let response = self.state.answer(api, &request);
        let seen = Seen { github: api == Api::GitHub, method, path, request: body, status: response.status, response: &response.body };
        let text = response.header("content-type").is_some_and(|kind| !kind.contains("json"));
        if let Some(official) = &*OFFICIAL {
            let ignores = self.state.switches.unknown_keys == UnknownKeys::Ignored;
            let sent = official.request(&seen).filter(|_| response.status < 300 && !ignores);
            // A reviewer that is null is observed, and not described.
            let holed = self.state.switches.deleted_reviewer == DeletedReviewer::Null;
            let got = official.response(&seen).filter(|_| !text && !holed);
            let wrong: Vec<String> = sent.into_iter().chain(got).flatten().collect();
            assert!(wrong.is_empty(), "{method} {target}: {wrong:#?}");
        }
        response
    }

    fn call(&mut self, method: &str, target: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let response = self.raw(method, target, &body, &[]);
        (response.status, serde_json::from_slice(&response.body).unwrap_or_default())
    }

    fn get(&mut self, target: &str) -> Value {
        let (status, body) = self.call("GET", target, &Value::Null);
        assert_eq!(status, 200, "GET {target}: {body}");
        body
    }

    /// A status and, of an error, its message.
    fn verdict(&mut self, method: &str, target: &str, body: &Value) -> (u16, String) {
        let (status, body) = self.call(method, target, body);
        (status, body["message"].as_str().unwrap_or_default().to_owned())
    }

    fn put(&mut self, body: &Value) -> Value {
        let (status, body) = self.call("PUT", ENV, body);
        assert_eq!(status, 200, "{body}");
        body
    }
}

fn user(id: u64) -> Value {
    json!({"type": "User", "id": id})
}

fn team(id: u64) -> Value {
    json!({"type": "Team", "id": id})
}

/// Who the reviewers of an answer are.
fn reviewer_ids(environment: &Value) -> Vec<u64> {
    let rules = environment["protection_rules"].as_array().unwrap();
    let reviewers = rules.iter().filter(|rule| rule["type"] == "required_reviewers").flat_map(|rule| rule["reviewers"].as_array().unwrap());
    reviewers.map(|reviewer| reviewer["reviewer"]["id"].as_u64().unwrap()).collect()
}

/// Each deviation turns one switch only, and each is a different one.
#[test]
fn every_switch_has_at_least_two_positions_and_a_name() {
    let all = Switches::deviations();
    for (place, deviation) in all.iter().enumerate() {
        assert_ne!(deviation.switches, Switches::default(), "{}", deviation.switch);
        assert!(
            all.iter().skip(place + 1).all(|other| other.switches != deviation.switches),
            "{} {}",
            deviation.switch,
            deviation.position
        );
    }
}
