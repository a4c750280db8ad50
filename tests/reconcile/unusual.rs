//! Long lists, other repositories, and people who are not who they seem.

use gatectl::exit::Exit;
use gatectl::model::{Cause, OutcomeResult, RepoName};
use gatectl::reconcile::Prune;
use gatectl::sandbox::{AccountKind, Environment, Fault, Level, Permission, Response, ReviewerRef, Scenario, Token, Visibility};

use gatectl_test_support::world::{World, outcome, said};

const GATE: &str = "version = 1\n[environments.production]\nreviewers = [{ user = \"alice\", id = 501 }]\n";

fn gate(reviewer: &str) -> String {
    format!("version = 1\n[environments.production]\nreviewers = [{reviewer}]\n")
}

/// Why the environment is invalid or unknown; nothing is planned for it and nothing written.
async fn unknown(world: &World) -> (String, Cause) {
    let plan = world.plan().await;
    assert!(plan.is_empty(), "{plan:#?}");
    let applied = world.apply().await;
    assert!(!applied.report.converged && world.writes() == 0, "{}", said(&applied));
    if let Some(invalid) = plan.invalid.first() {
        assert!(!invalid.why.hint.is_empty(), "{}", invalid.why.reason);
        return (format!("{} {}", invalid.why.reason, invalid.why.hint), Cause::Other);
    }
    let (_, unknown) = plan.unknown.first().unwrap_or_else(|| panic!("{plan:#?}"));
    assert!(!unknown.hint.is_empty(), "{}", unknown.reason);
    (format!("{} {}", unknown.reason, unknown.hint), unknown.cause)
}

#[tokio::test]
async fn long_lists_are_read_to_their_end() {
    let variables: Vec<String> = (0..73).map(|n| format!("V{n} = \"{n}\"")).collect();
    let patterns: Vec<String> = (0..104).map(|n| format!("\"release/{n}\"")).collect();
    let toml = format!(
        "version = 1\n[environments.zzz]\nvariables = {{ {} }}\ndeployment_branch_policy = {{ branches = [{}] }}\n",
        variables.join(", "),
        patterns.join(", ")
    );
    let world = World::rehearsal(Scenario::Gated, &toml).await;
    world.sandbox.with(|state| {
        let now = state.now.tick();
        let mut ids = state.github.ids.clone();
        for n in 0..230 {
            let other = Environment::ungated(&mut ids, &format!("env-{n:03}"), true, now);
            state.repo("acme/shop").unwrap().insert(other);
        }
        state.github.ids = ids;
        let zzz = state.repo("acme/shop").unwrap().environment_mut("zzz").unwrap();
        zzz.variables.remove("V72");
        zzz.patterns.pop();
    });
    let plan = world.plan().await;
    assert_eq!(plan.unmanaged.len(), 231);
    assert_eq!(plan.changes().count(), 1);
    assert_eq!(plan.changes().next().unwrap().fields.len(), 2, "{plan:?}");
    world.converge().await;
    assert_eq!(world.written().len(), 2, "{:?}", world.written());
}

#[tokio::test]
async fn prune_deletes_what_is_not_declared_and_keeps_githubs_own() {
    let mut world = World::rehearsal(Scenario::Gated, GATE).await;
    world.sandbox.with(|state| {
        let now = state.now.tick();
        let pages = Environment::ungated(&mut state.github.ids.clone(), "github-pages", true, now);
        state.repo("acme/shop").unwrap().insert(pages);
    });
    world.prune = Prune::Undeclared;
    let plan = world.plan().await;
    assert!(plan.changes().all(|change| change.weakens));
    world.converge().await;
    assert_eq!(world.written(), ["DELETE /repos/acme/shop/environments/staging"]);
}

#[tokio::test]
async fn a_renamed_repository_is_not_followed_and_its_new_place_is_named() {
    let world = World::rehearsal(Scenario::NoRules, GATE).await;
    world.repo(|repo| repo.rename(RepoName::parse("acme/store").unwrap()));
    let (why, _) = unknown(&world).await;
    assert!(why.contains("renamed or moved") && why.contains("github.repository"), "{why}");
}

#[tokio::test]
async fn an_archived_repository_says_so_before_and_after() {
    let world = World::rehearsal(Scenario::NoRules, GATE).await;
    world.repo(|repo| repo.archived = true);
    assert!(world.plan().await.notes.iter().any(|note| note.message.contains("archived")));
    let (plan, applied) = (world.plan().await, world.apply().await);
    let (result, message) = outcome(&applied, "/environments/production");
    assert!(*result == OutcomeResult::Failed && message.contains("archived"), "{message}");
    assert_eq!(applied.exit(&plan), Exit::Error, "no better token would help: {message}");
}

#[tokio::test]
async fn bots_and_organizations_cannot_review() {
    for (kind, word) in [(AccountKind::Bot, "Bot"), (AccountKind::Organization, "Organization")] {
        let world = World::rehearsal(Scenario::NoRules, GATE).await;
        world.sandbox.with(|state| state.github.people.accounts.get_mut(&501).unwrap().kind = kind);
        let (why, _) = unknown(&world).await;
        assert!(why.contains(word) && why.contains("alice"), "{why}");
    }
}

#[tokio::test]
async fn a_login_that_changed_hands_is_refused_either_way_round() {
    // Renamed, and the old name is free.
    let world = World::rehearsal(Scenario::NoRules, GATE).await;
    world.sandbox.with(|state| state.github.people.accounts.get_mut(&501).unwrap().login = "alice-b".to_owned());
    let (why, _) = unknown(&world).await;
    assert!(why.contains("now called `alice-b`"), "{why}");

    // Another person registered it since.
    world.sandbox.with(|state| state.github.add_account("alice", Some(666), AccountKind::User));
    world.repo(|repo| repo.collaborators.insert("alice".to_owned(), Permission::Write));
    let (why, _) = unknown(&world).await;
    assert!(why.contains("has id 666") && why.contains("`alice-b`"), "{why}");

    // No reviewer is left.
    world.sandbox.with(|state| state.github.people.accounts.retain(|id, _| ![501, 666].contains(id)));
    let (why, _) = unknown(&world).await;
    assert!(why.contains("no account `alice`"), "{why}");
}

#[tokio::test]
async fn a_reviewer_renamed_on_github_is_no_drift() {
    let world = World::rehearsal(Scenario::Gated, &gate("{ user = \"alice\" }")).await;
    let id = world.sandbox.with(|state| state.github.people.account("alice").unwrap().id);
    assert_eq!(world.environment("production").unwrap().reviewers, [ReviewerRef::User(id)]);
    world.is_converged().await;
}

#[tokio::test]
async fn teams_are_checked_like_people() {
    let team = gate("{ team = \"sre\", id = 601 }");
    let world = World::rehearsal(Scenario::NoRules, &team).await;
    world.converge().await;

    // Access withdrawn: GitHub would drop the only reviewer.
    let world = World::rehearsal(Scenario::NoRules, &team).await;
    world.repo(|repo| repo.teams.clear());
    assert!(unknown(&world).await.0.contains("has no access"));

    // Deleted and recreated under the same slug.
    let world = World::rehearsal(Scenario::NoRules, &team).await;
    world.sandbox.with(|state| {
        let mut made = state.github.people.teams.remove(&601).unwrap();
        made.id = 602;
        state.github.people.teams.insert(602, made);
    });
    assert!(unknown(&world).await.0.contains("has id 602"));

    let world = World::rehearsal(Scenario::NoRules, &gate("{ team = \"sre\" }")).await;
    world.sandbox.with(|state| state.github.people.teams.clear());
    let (why, cause) = unknown(&world).await;
    assert!(why.contains("acme has no team `sre`"), "{why}");
    assert_eq!(cause, Cause::Other);

    // A list that cannot be read proves nothing.
    world.fault(Fault::before(Response::github_error(403, "Forbidden")).method("GET").path("/orgs/acme/teams"));
    let (why, cause) = unknown(&world).await;
    assert!(why.contains("`acme/sre` exists is not known") && why.contains("read:org"), "{why}");
    assert_eq!(cause, Cause::Credentials);
}

#[tokio::test]
async fn a_token_that_may_not_write_is_told_which_permission_it_lacks() {
    let world = World::rehearsal(Scenario::NoRules, GATE).await;
    world.sandbox.with(|state| {
        let areas = [("actions", Level::Read), ("metadata", Level::Read), ("contents", Level::Read)];
        state.github.tokens.insert("sandbox".to_owned(), Token::fine_grained("sandbox-admin", &areas));
    });
    let applied = world.apply().await;
    let (result, message) = outcome(&applied, "/environments/production");
    assert!(*result == OutcomeResult::Failed && message.contains("Administration: write"), "{message}");
}

#[tokio::test]
async fn an_environment_list_that_is_not_complete_proves_nothing() {
    let world = World::rehearsal(Scenario::MissingEnvironment, GATE).await;
    let short = Response::json(200, &serde_json::json!({"total_count": 2, "environments": []}));
    world.fault(Fault::before(short).path("/repos/acme/shop/environments"));
    let (why, _) = unknown(&world).await;
    assert!(why.contains("2 entries"), "{why}");
    world.repo(|repo| repo.visibility = Visibility::Private);
}
