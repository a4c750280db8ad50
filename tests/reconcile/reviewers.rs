//! What each answer about a declared reviewer comes to: a person or team with or without access, a mistake in gate.toml, or unknown.

use gatectl::desired::github::Reviewer;
use gatectl::http::{Reader, Stack};
use gatectl::model::{Blocker, RepoName};
use gatectl::providers::github::live::{Access, Actor};
use gatectl::providers::github::strictness::ActorId;
use gatectl::providers::github::{api, reviewers};
use gatectl::sandbox::{Fault, Response, Scenario};
use serde_json::{Value, json};

use gatectl_test_support::world::{REPO, World};

const GATE: &str = "version = 1\n[environments.production]\nreviewers = [{ user = \"alice\", id = 501 }, { team = \"sre\", id = 601 }]\n";
const PERMISSION: &str = "/repos/acme/shop/collaborators/alice/permission";
const LOGIN: &str = "/users/alice";
const ID: &str = "/user/501";
const TEAM: &str = "/orgs/acme/teams/sre";
const TEAM_REPO: &str = "/orgs/acme/teams/sre/repos/acme/shop";
const TEAMS: &str = "/orgs/acme/teams";

type Answers = Vec<(&'static str, Response)>;

async fn answering(answers: Answers) -> (World, Reader) {
    let world = World::rehearsal(Scenario::Gated, GATE).await;
    for (path, answer) in answers {
        world.fault(Fault::before(answer).method("GET").path(path));
    }
    let reader = world.run().context.github.unwrap().reader.unwrap();
    (world, reader)
}

fn alice(id: Option<u64>) -> Reviewer {
    Reviewer::User { login: "alice".to_owned(), id }
}

fn sre(id: Option<u64>) -> Reviewer {
    Reviewer::Team { org: None, slug: "sre".to_owned(), id }
}

fn ok(body: &Value) -> Response {
    Response::json(200, body)
}

fn refused(status: u16) -> Response {
    Response::github_error(status, "Refused")
}

fn account(id: u64, login: &str, kind: &str) -> Value {
    json!({"id": id, "login": login, "type": kind})
}

fn word(access: &Access) -> String {
    match access {
        Access::Granted => "granted".to_owned(),
        Access::None => "none".to_owned(),
        Access::Unknown(unknown) => format!("unknown: {}", unknown.reason),
    }
}

/// What is asked for comes to: the access of an actor, or why there is none.
async fn resolved(reviewer: &Reviewer, answers: Answers) -> String {
    let (_world, reader) = answering(answers).await;
    said(reviewers::resolve(&reader, &RepoName::parse(REPO).unwrap(), reviewer).await)
}

fn said(resolved: Result<Actor, Blocker>) -> String {
    match resolved {
        Ok(actor) => word(&actor.access),
        Err(Blocker::Invalid(invalid)) => format!("invalid: {}", invalid.reason),
        Err(Blocker::Unknown(unknown)) => format!("not known: {}", unknown.reason),
    }
}

#[tokio::test]
async fn each_answer_about_a_person_is_access_a_mistake_or_unknown() {
    let permission = |word: &str, id: u64, kind: &str| ok(&json!({"permission": word, "user": account(id, "alice", kind)}));
    let gone = |more: Answers| [vec![(PERMISSION, refused(404)), (LOGIN, refused(404))], more].concat();
    let mut wrong = Vec::new();
    for (pinned, answers, want) in [
        (Some(501), vec![], "granted"),
        (None, vec![(PERMISSION, permission("none", 501, "User"))], "none"),
        (None, vec![(PERMISSION, permission("superuser", 501, "User"))], "unknown: GitHub reports the access"),
        (None, vec![(PERMISSION, permission("read", 501, "Bot"))], "invalid: `alice` is not a person"),
        (None, vec![(PERMISSION, ok(&json!({"permission": "read"})))], "unknown: GitHub did not say"),
        (None, vec![(PERMISSION, refused(404))], "unknown: GitHub did not say"),
        (None, vec![(PERMISSION, refused(403))], "unknown: GET "),
        (None, vec![(PERMISSION, refused(403)), (LOGIN, refused(403))], "not known: GET "),
        (None, gone(vec![]), "invalid: GitHub has no account `alice`"),
        (
            Some(501),
            gone(vec![(ID, ok(&account(501, "alicia", "User")))]),
            "invalid: `alice` no longer exists: the account with the pinned id 501 is now called `alicia`",
        ),
        (Some(501), gone(vec![(ID, refused(404))]), "invalid: GitHub has no account `alice` and none with the pinned id 501"),
        (Some(501), gone(vec![(ID, refused(403))]), "not known: GET "),
        (
            Some(501),
            vec![(PERMISSION, permission("read", 9, "User")), (ID, refused(404))],
            "invalid: `alice` is not the account that gate.toml pins",
        ),
    ] {
        let found = resolved(&alice(pinned), answers).await;
        if !found.starts_with(want) {
            wrong.push(format!("{want}: {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn an_anonymous_404_about_a_login_proves_nothing() {
    let (world, _) = answering(vec![(PERMISSION, refused(404)), (LOGIN, refused(404))]).await;
    let endpoint = api::endpoint(world.sandbox.github_url()).unwrap();
    let reader = Stack::new(world.settings.clone()).reader(&endpoint, None).unwrap();
    let found = said(reviewers::resolve(&reader, &RepoName::parse(REPO).unwrap(), &alice(None)).await);
    assert!(found.starts_with("not known: "), "{found}");
}

#[tokio::test]
async fn after_a_rate_limit_nothing_is_asked_in_its_place() {
    let (world, reader) = answering(vec![(PERMISSION, Response::primary_limit(403, 3600))]).await;
    let found = said(reviewers::resolve(&reader, &RepoName::parse(REPO).unwrap(), &alice(None)).await);
    assert!(found.starts_with("not known: ") && found.contains(PERMISSION), "the refused request is the reason: {found}");
    assert_eq!(world.sandbox.with(|state| state.log.calls()), [format!("GET {PERMISSION}")]);
}

#[tokio::test]
async fn access_is_only_that_of_the_account_that_was_looked_up() {
    let actor = Actor { id: ActorId::User(501), name: "alice".to_owned(), access: Access::Granted };
    for (answer, want) in [
        (ok(&json!({"permission": "read", "user": account(501, "alice", "User")})), "granted"),
        (ok(&json!({"permission": "none", "user": account(501, "alice", "User")})), "none"),
        (ok(&json!({"permission": "read", "user": account(9, "alice", "User")})), "unknown: GitHub did not say"),
        (ok(&json!({"permission": "read"})), "unknown: GitHub did not say"),
        (refused(404), "unknown: GitHub did not say"),
        (refused(403), "unknown: GET "),
    ] {
        let (_world, reader) = answering(vec![(PERMISSION, answer.clone())]).await;
        let found = word(&reviewers::access(&reader, &RepoName::parse(REPO).unwrap(), &alice(Some(501)), &actor).await);
        assert!(found.starts_with(want), "{answer:?}: {found}");
    }
}

#[tokio::test]
async fn each_answer_about_a_team_is_access_a_mistake_or_unknown() {
    let repo = |name: &str, pull: bool| json!({"full_name": name, "permissions": {"pull": pull}});
    let gone = |teams: Response| vec![(TEAM, refused(404)), (TEAMS, teams)];
    let list = |id: u64, slug: &str| ok(&json!([{"id": id, "slug": slug}]));
    let mut wrong = Vec::new();
    for (pinned, answers, want) in [
        (Some(601), vec![], "granted"),
        (None, vec![(TEAM_REPO, ok(&repo("acme/shop", true)))], "granted"),
        (None, vec![(TEAM_REPO, ok(&repo("acme/shop", false)))], "unknown: "),
        (None, vec![(TEAM_REPO, ok(&repo("acme/other", true)))], "unknown: "),
        (None, vec![(TEAM_REPO, ok(&json!({})))], "unknown: "),
        (None, vec![(TEAM_REPO, Response::json(201, &repo("acme/shop", true)))], "unknown: "),
        (None, vec![(TEAM_REPO, refused(404))], "none"),
        (None, vec![(TEAM_REPO, refused(403))], "unknown: GET "),
        (None, vec![(TEAM, refused(403))], "not known: GET "),
        (Some(9), vec![], "invalid: team `acme/sre` has id 601, and gate.toml pins 9"),
        (None, gone(list(602, "other")), "invalid: the organization acme has no team `sre`"),
        (Some(601), gone(list(602, "other")), "invalid: the organization acme has no team `sre`"),
        (
            Some(601),
            gone(list(601, "ops")),
            "invalid: team `acme/sre` no longer exists: the team with the pinned id 601 is now called `acme/ops`",
        ),
        (None, gone(list(602, "SRE")), "not known: whether the team `acme/sre` exists is not known (the list of teams contains it"),
        (None, gone(refused(403)), "not known: whether the team `acme/sre` exists is not known (GET "),
    ] {
        let found = resolved(&sre(pinned), answers).await;
        if !found.starts_with(want) {
            wrong.push(format!("{want}: {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
