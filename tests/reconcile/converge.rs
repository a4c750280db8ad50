//! Every scenario converges in one apply, and stays.

use gatectl::model::OutcomeResult;
use gatectl::sandbox::Scenario;

use crate::world::{World, outcome, said};

/// Everything that gate.toml can declare of an environment, in three of them, and two apps.
pub const RICH: &str = r#"
version = 1
[github]
repository = "acme/shop"
[environments.production]
reviewers = [{ user = "alice", id = 501 }, { team = "sre" }]
prevent_self_review = true
can_admins_bypass = false
wait_timer = 30
deployment_branch_policy = { branches = ["main", "release/*"], tags = ["v*"] }
protection_rules = ["gatekeeper"]
variables = { TIER = "prod", REGION = "eu" }
secrets = ["HEROKU_API_KEY"]
[environments."prod/eu west"]
reviewers = [{ user = "bob", id = 502 }]
deployment_branch_policy = "protected"
[environments.preview]
reviewers = []
wait_timer = 0
deployment_branch_policy = "all"
[environments.old]
state = "absent"
[heroku.config.shop-prod]
DEPLOY_FREEZE_OVERRIDE = "0"
MODE = "strict"
[heroku.config.shop-worker]
MODE = "strict"
"#;

/// The runbook's own gate.
const RUNBOOK: &str = include_str!("../../gate.toml");

#[tokio::test]
async fn every_scenario_converges_in_one_apply_and_the_next_one_writes_nothing() {
    for toml in [RICH, RUNBOOK] {
        for scenario in Scenario::ALL {
            let world = World::rehearsal(scenario, toml).await;
            if scenario == Scenario::PlanLimit {
                continue; // See `billing`.
            }
            let plan = world.plan().await;
            assert_eq!(
                plan.is_empty(),
                matches!(scenario, Scenario::Gated | Scenario::UnprotectedBranches | Scenario::Fleet),
                "{scenario}: {plan:#?}"
            );
            let applied = world.converge().await;
            assert!(applied.report.outcomes.iter().all(|o| o.result == OutcomeResult::Applied), "{scenario}: {}", said(&applied));
        }
    }
}

#[tokio::test]
async fn recreating_a_deleted_gate_has_no_ungated_moment() {
    let world = World::rehearsal(Scenario::MissingEnvironment, RUNBOOK).await;
    let applied = world.converge().await;
    assert_eq!(outcome(&applied, "/environments/production").0, &OutcomeResult::Applied);
    world.sandbox.with(|state| {
        for write in &state.log.writes {
            if let Some(gate) = write.after.gates.get("raxx-app/TradeMasterAPI/production") {
                assert!(!gate.reviewers.is_empty(), "an ungated moment after write {}", write.exchange);
            }
        }
    });
}

#[tokio::test]
async fn a_gate_changes_into_any_other_and_back() {
    const BARE: &str = "version = 1\n[environments.production]\nreviewers = []\nprevent_self_review = false\ncan_admins_bypass = true\nwait_timer = 0\ndeployment_branch_policy = \"all\"\nprotection_rules = []\n";
    const PROTECTED: &str =
        "version = 1\n[environments.production]\nreviewers = [{ user = \"bob\" }]\ndeployment_branch_policy = \"protected\"\n";
    const PATTERNS: &str = "version = 1\n[environments.production]\ndeployment_branch_policy = { branches = [\"main\", \"dev\"], tags = [\"main\"] }\nwait_timer = 5\n";
    let mut world = World::rehearsal(Scenario::Gated, RICH).await;
    for toml in [BARE, RICH, PROTECTED, PATTERNS, RICH, PATTERNS, BARE, PROTECTED, RICH] {
        world.declare(toml);
        world.converge().await;
    }
}
