//! What a switch stands for is not settled, so apply is right in every position, or says exactly what did not happen.

use gatectl::model::{Outcome, OutcomeResult};
use gatectl::sandbox::{Plan, Scenario, Switches, Visibility};

use crate::converge::RICH;
use gatectl_test_support::world::{World, said};

const BARE: &str = r#"
version = 1
[environments.production]
reviewers = []
prevent_self_review = false
can_admins_bypass = true
wait_timer = 0
deployment_branch_policy = "all"
"#;

const OTHER: &str = r#"
version = 1
[environments.production]
reviewers = [{ user = "bob", id = 502 }]
can_admins_bypass = true
deployment_branch_policy = { branches = ["main", "v1"], tags = ["v1"] }
"#;

const REFS: &str = r#"
version = 1
[environments.production]
deployment_branch_policy = { branches = ["main"] }
[environments.open]
deployment_branch_policy = "all"
"#;

const READER: &str = r#"
version = 1
[environments.production]
reviewers = [{ user = "rita", id = 505 }, { user = "alice", id = 501 }]
"#;

/// What cannot be applied in a position, and the word with which the report names it.
const EXCEPTIONS: &[(&str, &str, &str, &str)] = &[
    // GitHub Enterprise Server before 3.9: there is no such switch to turn off.
    ("bypass_key", "NotPermitted", "create", "can_admins_bypass"),
    ("bypass_key", "NotPermitted", "tighten", "can_admins_bypass"),
    ("bypass_key", "NotPermitted", "loosen", "can_admins_bypass"),
    ("bypass_key", "NotPermitted", "other", "can_admins_bypass"),
    // GitHub Enterprise Server 3.10: as above.
    ("self_review_key", "NotPermitted", "create", "prevent_self_review"),
    ("self_review_key", "NotPermitted", "tighten", "prevent_self_review"),
    // A branch and a tag pattern of one name cannot both be had.
    ("duplicate_policy", "Name", "other", "deployment_branch_policy"),
    // A reviewer who may only read is dropped: the report names them.
    ("reviewer_access", "Write", "reader", "rita"),
    // If null itself is gated, an open policy cannot be written in a repository whose plan has no rules.
    ("null_policy", "Gated", "private", "deployment_branch_policy"),
];

/// A change of the world that a declaration asks for.
async fn case(name: &str) -> World {
    match name {
        "create" => World::rehearsal(Scenario::MissingEnvironment, RICH).await,
        "tighten" => {
            let world = World::rehearsal(Scenario::NoRules, RICH).await;
            world.repo(|repo| repo.environment_mut("production").unwrap().can_admins_bypass = true);
            world
        }
        "loosen" => World::where_holds(RICH, BARE).await,
        "other" => World::where_holds(RICH, OTHER).await,
        "reader" => {
            let world = World::where_holds(READER, READER).await;
            world.repo(|repo| {
                repo.collaborators.insert("rita".to_owned(), gatectl::sandbox::Permission::Read);
                repo.environment_mut("production").unwrap().reviewers.pop();
            });
            world
        }
        "private" => {
            let world = World::where_holds(&REFS.replace("\"all\"", "\"protected\"").replace("[\"main\"]", "[\"dev\"]"), REFS).await;
            world.repo(|repo| repo.visibility = Visibility::Private);
            world.sandbox.with(|state| state.github.set_plan("acme", Plan::Team));
            world
        }
        _ => unreachable!(),
    }
}

#[tokio::test]
async fn apply_converges_in_every_position_of_every_switch_or_names_what_did_not() {
    let mut unused: Vec<_> = EXCEPTIONS.to_vec();
    let mut wrong = Vec::new();
    for deviation in std::iter::once(None).chain(Switches::deviations().into_iter().map(Some)) {
        for name in ["create", "tighten", "loosen", "other", "reader", "private"] {
            let world = case(name).await;
            let (switch, position) = deviation.as_ref().map_or(("none", ""), |d| (d.switch, d.position));
            world.sandbox.with(|state| state.switches = deviation.as_ref().map_or_else(Switches::default, |d| d.switches.clone()));
            let applied = world.apply().await;
            let at = format!("{switch}::{position}, {name}");
            match EXCEPTIONS.iter().find(|known| (known.0, known.1, known.2) == (switch, position, name)) {
                None if applied.report.converged => wrong.extend(world.settled().await.err().map(|left| format!("{at}: {left}"))),
                None => wrong.push(format!("{at}: {}", said(&applied))),
                Some(known) => {
                    unused.retain(|other| other != known);
                    let named = |o: &Outcome| o.result != OutcomeResult::Applied && o.message.contains(known.3);
                    if applied.report.converged || !applied.report.outcomes.iter().any(named) {
                        wrong.push(format!("{at} is not an exception: {}", said(&applied)));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(unused, []);
}
