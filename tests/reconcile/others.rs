//! Other writers, dropped reviewers, and reads that lag behind.

use std::time::Duration;

use gatectl::exit::Exit;
use gatectl::model::OutcomeResult;
use gatectl::reconcile::Applied;
use gatectl::sandbox::{
    BranchPattern, Fault, LeftPolicies, Permission, PolicyMode, Reads, RefType, Response, ReviewerRef, Scenario, State, Switches, Variable,
};

use gatectl_test_support::world::{REPO, World, outcome, said};

const GATE: &str = r#"
version = 1
[environments.production]
reviewers = [{ user = "alice", id = 501 }, { user = "bob", id = 502 }]
wait_timer = 10
deployment_branch_policy = { branches = ["main"] }
variables = { TIER = "prod" }
"#;

/// Just before the look that precedes the write. The plan asks for patterns and variables, so the third request is that look's first.
fn before_the_last_look(change: impl Fn(&mut State) + Send + Sync + 'static) -> Fault {
    Fault::meanwhile(change).method("GET").path("/repos/acme/shop/environments/production*").nth(3)
}

fn production(state: &mut State) -> &mut gatectl::sandbox::Environment {
    state.repo(REPO).unwrap().environment_mut("production").unwrap()
}

async fn drifted() -> World {
    let world = World::rehearsal(Scenario::Gated, GATE).await;
    world.sandbox.with(|state| production(state).wait_timer = 5);
    world
}

#[tokio::test]
async fn whatever_somebody_changes_between_plan_and_write_is_named_and_not_overwritten() {
    type Change = fn(&mut State);
    let changes: [(&str, Change); 7] = [
        ("reviewers", |state| production(state).reviewers = vec![ReviewerRef::User(502)]),
        ("prevent_self_review", |state| production(state).prevent_self_review = true),
        ("can_admins_bypass", |state| production(state).can_admins_bypass = false),
        ("wait_timer", |state| production(state).wait_timer = 7),
        ("deployment_branch_policy", |state| {
            production(state).patterns.push(BranchPattern { id: 9, name: "dev".to_owned(), kind: RefType::Branch });
        }),
        ("deployment_branch_policy", |state| production(state).policy = None),
        ("variables.TIER", |state| {
            let now = state.now.tick();
            production(state).variables.insert("TIER".to_owned(), Variable { value: "eve".to_owned(), created_at: now, updated_at: now });
        }),
    ];
    for (field, change) in changes {
        let world = drifted().await;
        world.fault(before_the_last_look(change));
        let applied = world.apply().await;
        let (result, message) = outcome(&applied, "/environments/production");
        assert_eq!(*result, OutcomeResult::Failed, "{field}: {}", said(&applied));
        assert!(message.contains(field) && message.contains("another writer"), "{field}: {message}");
        assert_eq!(world.writes(), 0, "{field}");
        world.heal();
        world.converge().await;
    }
}

/// Applies, with a rate limit that holds the first such write back for a second; meanwhile another writer changes the timer.
async fn applied_around(world: &World, method: &str, path: &str) -> Applied {
    world.fault(Fault::before(Response::secondary_limit(429, Some(1))).method(method).path(path).nth(1));
    let held = |state: &mut State| state.log.exchanges.iter().any(|exchange| exchange.method == method && exchange.status == Some(429));
    let somebody = async {
        while !world.sandbox.with(held) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        world.sandbox.with(|state| production(state).wait_timer = 7);
    };
    Box::pin(async { tokio::join!(world.apply(), somebody).0 }).await
}

#[tokio::test]
async fn whatever_somebody_changes_while_a_write_waits_for_a_rate_limit_is_named_and_not_overwritten() {
    let world = drifted().await;
    let applied = applied_around(&world, "PUT", "*").await;
    let (result, message) = outcome(&applied, "/environments/production");
    assert_eq!((result, world.sandbox.with(|state| production(state).wait_timer)), (&OutcomeResult::Failed, 7), "{}", said(&applied));
    assert!(message.contains("wait_timer was 5 and is now 7") && message.contains("another writer"), "{message}");
    world.heal();
    world.converge().await;
}

/// What differs from the gate in everything that is sent one by one.
const START: &str = r#"
version = 1
[environments.production]
reviewers = [{ user = "alice", id = 501 }]
wait_timer = 5
deployment_branch_policy = { branches = ["old"] }
variables = { TIER = "test" }
"#;

fn twice(written: &[String]) -> Vec<&String> {
    let mut seen = std::collections::BTreeSet::new();
    written.iter().filter(|call| !seen.insert(*call)).collect()
}

#[tokio::test]
async fn where_writes_do_not_stick_everything_is_named_and_nothing_is_sent_twice() {
    let world = World::where_holds(&format!("{START}[environments.people]\nreviewers = [{{ user = \"bob\", id = 502 }}]\n"), GATE).await;
    let before = std::sync::Arc::new(world.environment("production").unwrap());
    for method in ["PUT", "POST", "PATCH", "DELETE"] {
        let before = std::sync::Arc::clone(&before);
        world.fault(Fault::meanwhile(move |state| *production(state) = (*before).clone()).method(method).from(1).late());
    }
    let planned = world.run().context.plan().await;
    let applied = world.apply().await;
    let (result, message) = outcome(&applied, "/environments/production");
    assert_eq!((result, applied.exit(&planned.plan)), (&OutcomeResult::Failed, Exit::Error), "{}", said(&applied));
    for field in ["bob", "wait_timer", "deployment_branch_policy", "variables.TIER"] {
        assert!(message.contains(field), "{field}: {message}");
    }
    assert_eq!(twice(&world.written()), Vec::<&String>::new());
    assert_eq!(world.written().len(), 4, "the rules, one pattern more and one less, the variable: {:?}", world.written());
    world.heal();
    world.converge().await;
}

#[tokio::test]
async fn what_another_writer_changes_between_two_writes_of_a_step_is_named_and_nothing_is_sent_again() {
    for nth in 1..=3 {
        let world =
            World::where_holds(&format!("{START}[environments.people]\nreviewers = [{{ user = \"bob\", id = 502 }}]\n"), GATE).await;
        let writes = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
        for method in ["PUT", "POST", "PATCH", "DELETE"] {
            let writes = std::sync::Arc::clone(&writes);
            let other = move |state: &mut State| {
                if writes.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1 == nth {
                    production(state).can_admins_bypass = false;
                    production(state).wait_timer = 99;
                }
            };
            world.fault(Fault::meanwhile(other).method(method).from(1).late());
        }
        let planned = world.run().context.plan().await;
        let applied = world.apply().await;
        let (result, message) = outcome(&applied, "/environments/production");
        // The last writer of the rules wins; either way nothing is written a second time.
        let stands = world.environment("production").unwrap().wait_timer == 99;
        assert_eq!(*result == OutcomeResult::Failed, stands, "{nth}: {}", said(&applied));
        if stands {
            assert_eq!(applied.exit(&planned.plan), Exit::Error);
            assert!(message.contains("wait_timer is 99 instead of 10"), "{nth}: {message}");
        }
        assert_eq!(twice(&world.written()), Vec::<&String>::new());
        assert_eq!(world.written().len(), 4, "{:?}", world.written());
        world.heal();
        world.converge().await;
    }
}

#[tokio::test]
async fn what_is_sent_along_undeclared_is_read_back_too() {
    const TIMER: &str = "version = 1\n[environments.production]\nwait_timer = 10\n";
    let world = World::where_holds(START, TIMER).await;
    // GitHub drops the undeclared reviewer that the PUT carries along.
    world.fault(Fault::meanwhile(|state| production(state).reviewers.clear()).method("PUT").late());
    let planned = world.run().context.plan().await;
    let applied = world.apply().await;
    let (result, message) = outcome(&applied, "/environments/production");
    assert_eq!((result, applied.exit(&planned.plan)), (&OutcomeResult::Failed, Exit::Error), "{}", said(&applied));
    assert!(message.contains("alice") && message.contains("NO APPROVAL IS REQUIRED"), "{message}");
    assert_eq!(world.writes(), 1);
}

#[tokio::test]
async fn an_environment_that_appears_or_goes_meanwhile_is_not_touched() {
    let world = drifted().await;
    world.fault(before_the_last_look(|state| {
        state.repo(REPO).unwrap().remove("production");
    }));
    let applied = world.apply().await;
    assert!(outcome(&applied, "/environments/production").1.contains("is now \"missing\""), "{}", said(&applied));
    assert_eq!(world.writes(), 0);

    // A workflow that names the missing environment makes it, ungated.
    let world = World::rehearsal(Scenario::MissingEnvironment, GATE).await;
    world.fault(before_the_last_look(|state| {
        state.start_run(REPO, ".github/workflows/deploy.yml", "push", "refs/heads/main", "alice", "production");
    }));
    let applied = world.apply().await;
    assert!(outcome(&applied, "/environments/production").1.contains("is now \"present\""), "{}", said(&applied));
    assert_eq!(world.writes(), 0);
    world.heal();
    world.converge().await;
}

#[tokio::test]
async fn a_change_right_after_the_write_is_an_error_that_names_it() {
    let world = drifted().await;
    let list = |change: fn(&mut State)| Fault::meanwhile(change).method("GET").path("/repos/acme/shop/environments").from(2);
    world.fault(list(|state| production(state).wait_timer = 99));
    let applied = world.apply().await;
    let (result, message) = outcome(&applied, "/environments/production");
    assert!(
        *result == OutcomeResult::Failed && message.contains("wait_timer is 99 instead of 10") && message.contains("another writer"),
        "{}",
        said(&applied)
    );

    let world = drifted().await;
    world.fault(list(|state| production(state).reviewers.clear()));
    let applied = world.apply().await;
    let (result, message) = outcome(&applied, "/environments/production");
    assert!(
        *result == OutcomeResult::Failed && message.contains("alice") && message.contains("NO APPROVAL IS REQUIRED"),
        "{}",
        said(&applied)
    );
}

#[tokio::test]
async fn a_dropped_reviewer_is_an_error_that_names_them() {
    let world = World::rehearsal(Scenario::MissingEnvironment, GATE).await;
    let run = world.run();
    let planned = run.context.plan().await;
    // Bob loses access between the look and the write.
    world.repo(|repo| repo.collaborators.remove("bob"));
    let applied = run.apply(&planned, &world).await;
    let (result, message) = outcome(&applied, "/environments/production");
    assert!(*result == OutcomeResult::Failed && message.contains("does not list bob as a reviewer"), "{}", said(&applied));
    world.repo(|repo| repo.collaborators.insert("bob".to_owned(), Permission::Read));
    world.converge().await;
}

#[tokio::test]
async fn a_gate_whose_reviewers_would_all_be_dropped_is_not_written() {
    let world = drifted().await;
    world.repo(|repo| {
        repo.collaborators.remove("alice");
        repo.collaborators.remove("bob");
    });
    let applied = world.apply().await;
    assert!(!applied.report.converged);
    assert_eq!(world.writes(), 0);
    assert_eq!(world.plan().await.invalid.len(), 2, "each of them is named");
}

#[tokio::test]
async fn reads_that_lag_behind_are_waited_for() {
    let world = World::rehearsal(Scenario::NoRules, crate::converge::RICH).await;
    world.sandbox.with(|state| state.switches = Switches { reads: Reads::OnceStale, ..Switches::default() });
    world.converge().await;

    // Also if GitHub brings back earlier patterns in selected mode.
    let world = World::rehearsal(Scenario::Gated, GATE).await;
    world.sandbox.with(|state| {
        state.switches = Switches { reads: Reads::OnceStale, left_policies: LeftPolicies::Kept, ..Switches::default() };
        production(state).policy = Some(PolicyMode::Protected);
        production(state).patterns.push(BranchPattern { id: 9, name: "forgotten".to_owned(), kind: RefType::Branch });
    });
    world.converge().await;

    // Reads that never catch up are a failure, not a success.
    let world = drifted().await;
    let old = world.environment("production").unwrap();
    let stale = std::sync::Arc::new(old);
    world.fault(
        Fault::meanwhile(move |state| *production(state) = (*stale).clone()).method("GET").path("/repos/acme/shop/environments").from(2),
    );
    let applied = world.apply().await;
    assert_eq!(outcome(&applied, "/environments/production").0, &OutcomeResult::Failed, "{}", said(&applied));
}

#[tokio::test]
async fn undeclared_environments_variables_and_secrets_stay_as_they_are() {
    let world = World::rehearsal(Scenario::NoRules, GATE).await;
    world.repo(|repo| {
        let mut other = repo.environment("production").unwrap().clone();
        other.name = "other".to_owned();
        other.wait_timer = 3;
        repo.insert(other);
    });
    world.sandbox.with(|state| {
        let now = state.now.tick();
        let variable = Variable { value: "mine".to_owned(), created_at: now, updated_at: now };
        production(state).variables.insert("UNDECLARED".to_owned(), variable);
    });
    let before = (world.environment("other"), world.environment("staging"));
    let plan = world.plan().await;
    let unmanaged: Vec<String> = plan.unmanaged.iter().map(ToString::to_string).collect();
    assert_eq!(unmanaged, ["github/acme/shop/environments/other", "github/acme/shop/environments/staging"]);
    world.converge().await;
    assert_eq!((world.environment("other"), world.environment("staging")), before);
    assert_eq!(world.environment("production").unwrap().variables["UNDECLARED"].value, "mine");
}
