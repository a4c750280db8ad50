//! What a PUT sends along without its being declared: looked up before, compared after (law 5).

use gatectl::model::OutcomeResult;
use gatectl::sandbox::{Fault, Permission, Response, Visibility};

use gatectl_test_support::world::{World, outcome, said};

const LIVE: &str =
    "version = 1\n[environments.production]\nreviewers = [{ user = \"alice\", id = 501 }]\nprevent_self_review = true\nwait_timer = 30\n";
const WANT: &str = "version = 1\n[environments.production]\nwait_timer = 60\n";

/// The gated world, private and with a plan that has every rule, in which alice may no longer read the repository.
async fn without_access() -> World {
    let world = World::where_holds(LIVE, WANT).await;
    world.repo(|repo| {
        repo.visibility = Visibility::Private;
        repo.collaborators.insert("alice".to_owned(), Permission::None);
    });
    world
}

#[tokio::test]
async fn a_reviewer_who_has_lost_access_is_not_sent_along_to_be_dropped() {
    let world = without_access().await;
    let before = world.environment("production");
    let plan = world.plan().await;
    assert!(plan.is_empty(), "{plan:?}");
    let [(_, unknown)] = plan.unknown.as_slice() else { panic!("{plan:?}") };
    assert!(unknown.reason.contains("alice") && unknown.reason.contains("drop"), "{}", unknown.reason);
    assert!(unknown.hint.contains("read access"), "{}", unknown.hint);
    let applied = world.apply().await;
    assert!(!applied.report.converged && world.writes() == 0, "{}", said(&applied));
    assert_eq!(world.environment("production"), before);
}

#[tokio::test]
async fn a_reviewer_who_cannot_be_looked_up_is_not_sent_along() {
    for answer in [
        Response::github_error(403, "Must have push access to view collaborator permission."),
        Response::github_error(404, "Not Found"),
        Response::json(200, &serde_json::json!({"permission": "superuser", "user": {"id": 501, "login": "alice", "type": "User"}})),
        Response::json(200, &serde_json::json!({"permission": "read", "user": {"id": 9, "login": "alice", "type": "User"}})),
        Response::json(200, &serde_json::json!({"permission": "read", "user": {"id": 501, "login": "alice", "type": "Bot"}})),
    ] {
        let world = World::where_holds(LIVE, WANT).await;
        world.fault(Fault::before(answer).method("GET").path("/repos/acme/shop/collaborators/*"));
        let applied = world.apply().await;
        assert!(!applied.report.converged && world.writes() == 0, "{}", said(&applied));
        assert_eq!(applied.report.unknown.len(), 1, "{:?}", applied.report.unknown);
    }
}

#[tokio::test]
async fn a_declared_reviewer_of_unknown_access_is_not_sent_along_either() {
    let both = |timer: &str| LIVE.replace("id = 501 }", "id = 501 }, { user = \"bob\", id = 502 }").replace("30", timer);
    let world = World::where_holds(&both("30"), &both("60")).await;
    let permission = "/repos/acme/shop/collaborators/alice/permission";
    world.fault(Fault::before(Response::github_error(403, "Forbidden")).method("GET").path(permission));
    let applied = world.apply().await;
    assert!(!applied.report.converged && world.writes() == 0, "{}", said(&applied));
    assert!(applied.report.unknown.iter().any(|(_, unknown)| unknown.reason.contains("lose alice")), "{:?}", applied.report.unknown);
}

#[tokio::test]
async fn an_answer_about_another_account_or_team_is_not_taken() {
    let want = "version = 1\n[environments.production]\nreviewers = [{ user = \"alice\" }, { team = \"sre\" }]\n";
    let mallory = serde_json::json!({"permission": "read", "user": {"id": 777, "login": "mallory", "type": "User"}});
    for (path, answer) in [
        ("/repos/acme/shop/collaborators/alice/permission", mallory),
        ("/orgs/acme/teams/sre", serde_json::json!({"id": 666, "slug": "evil"})),
    ] {
        let world = World::where_holds(LIVE, want).await;
        world.fault(Fault::before(Response::json(200, &answer)).method("GET").path(path));
        let applied = world.apply().await;
        assert!(!applied.report.converged && world.writes() == 0, "{path}: {}", said(&applied));
        assert!(applied.report.unknown.iter().any(|(_, unknown)| unknown.reason.contains("answered about")), "{path}: {applied:?}");
    }
}

#[tokio::test]
async fn one_who_has_access_is_sent_along_and_stays() {
    let world = World::where_holds(LIVE, WANT).await;
    world.converge().await;
    let there = world.environment("production").unwrap();
    assert!(there.wait_timer == 60 && there.reviewers.len() == 1 && there.prevent_self_review);
}

#[tokio::test]
async fn one_whom_github_drops_all_the_same_is_missed_when_read_back() {
    let world = World::where_holds(&LIVE.replace("prevent_self_review = true\n", ""), WANT).await;
    // Access goes between the look and the write.
    world.fault(
        Fault::meanwhile(|state| {
            let repo = state.repo("acme/shop").unwrap();
            repo.visibility = Visibility::Private;
            repo.collaborators.insert("alice".to_owned(), Permission::None);
        })
        .method("PUT"),
    );
    let applied = world.apply().await;
    assert!(!applied.report.converged, "{}", said(&applied));
    let (result, message) = outcome(&applied, "/production");
    assert_eq!(*result, OutcomeResult::Failed, "{message}");
    assert!(message.contains("alice") && message.contains("NO APPROVAL IS REQUIRED"), "{message}");
}

#[tokio::test]
async fn a_declared_reviewer_without_access_is_an_invalid_declaration() {
    let mut world = without_access().await;
    world.declare(LIVE);
    let plan = world.plan().await;
    let [invalid] = plan.invalid.as_slice() else { panic!("{plan:?}") };
    assert!(invalid.why.reason.contains("alice") && invalid.why.reason.contains("no access"), "{}", invalid.why.reason);
    assert!(world.apply().await.report.invalid.len() == 1 && world.writes() == 0);
}
