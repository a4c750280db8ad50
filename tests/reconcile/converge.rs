//! Every scenario converges in one apply, and stays.

use gatectl::exit::Exit;
use gatectl::model::OutcomeResult;
use gatectl::reconcile::{Prune, exit_of_plan};
use gatectl::sandbox::{Fault, Response, Scenario, Secret};

use gatectl_test_support::world::{World, outcome, said};

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

#[tokio::test]
async fn a_declared_secret_that_does_not_exist_is_a_manual_step_and_never_a_match() {
    let toml = "version = 1\n[environments.production]\nwait_timer = 5\nsecrets = [\"HEROKU_API_KEY\"]\n";
    let world = World::rehearsal(Scenario::MissingEnvironment, toml).await;
    let plan = world.plan().await;
    let [manual] = plan.manual.as_slice() else { panic!("{plan:?}") };
    assert_eq!(manual.steps, ["gh secret set HEROKU_API_KEY --env production --repo acme/shop"]);
    assert_eq!(exit_of_plan(&plan, true), Exit::Pending);
    let applied = world.apply().await;
    assert!(!applied.report.converged, "{}", said(&applied));
    assert_eq!(applied.exit(&plan), Exit::Manual);

    // What is left is the secret alone: still pending, still by hand, and nothing is written.
    let before = world.writes();
    let plan = world.plan().await;
    assert!(plan.is_empty() && plan.manual.len() == 1 && exit_of_plan(&plan, true) == Exit::Pending);
    let applied = world.apply().await;
    assert!(!applied.report.converged && applied.exit(&plan) == Exit::Manual && world.writes() == before, "{}", said(&applied));

    world.sandbox.with(|state| {
        let now = state.now.tick();
        let environment = state.repo("acme/shop").unwrap().environment_mut("production").unwrap();
        environment.secrets.insert("HEROKU_API_KEY".to_owned(), Secret { created_at: now, updated_at: now });
    });
    let plan = world.plan().await;
    assert!(plan.holds() && exit_of_plan(&plan, true) == Exit::Done, "{plan:?}");
    assert!(world.apply().await.report.converged);
}

#[tokio::test]
async fn prune_is_not_done_where_the_list_cannot_be_read_though_nothing_is_declared() {
    let mut world = World::rehearsal(Scenario::Gated, "version = 1\n").await;
    world.prune = Prune::Undeclared;
    world.fault(Fault::before(Response::github_error(403, "Forbidden")).method("GET").path("/repos/acme/shop/environments"));
    let applied = world.apply().await;
    assert!(!applied.report.converged && applied.report.unknown.len() == 1, "{}", said(&applied));
}

#[tokio::test]
async fn a_mistake_in_gate_toml_is_invalid_and_told_once_for_all_that_it_affects() {
    let gate = |reviewer: &str| {
        format!("version = 1\n[environments.production]\nreviewers = [{reviewer}]\n[environments.staging]\nreviewers = [{reviewer}]\n")
    };
    let cases = [
        ("{ user = \"nobody-here\" }", "nobody-here"),
        ("{ user = \"alice\", id = 9999 }", "not the account"),
        ("{ team = \"sr\" }", "no team `sr`"),
        ("{ team = \"sre\", id = 9999 }", "pins 9999"),
        ("{ team = \"old-sre\", id = 601 }", "now called `acme/sre`"),
    ];
    for (reviewer, why) in cases {
        let known = "version = 1\n[environments.production]\nreviewers = [{ user = \"alice\", id = 501 }, { team = \"sre\", id = 601 }]\n";
        let world = World::where_holds(known, &gate(reviewer)).await;
        let plan = world.plan().await;
        assert!(plan.unknown.is_empty(), "{reviewer}: {:?}", plan.unknown);
        let [invalid] = plan.invalid.as_slice() else { panic!("{reviewer}: {plan:?}") };
        assert_eq!(invalid.addresses.len(), 2, "{invalid:?}");
        assert!(invalid.why.reason.contains(why), "{reviewer}: {}", invalid.why.reason);
        assert_eq!(exit_of_plan(&plan, true), Exit::Error);
        let applied = world.apply().await;
        assert!(!applied.report.converged && world.writes() == 0 && applied.exit(&plan) == Exit::Error, "{}", said(&applied));
    }
}

#[tokio::test]
async fn a_cut_off_step_is_finished_without_consent_only_while_nothing_can_deploy() {
    let live = "version = 1\n[environments.production]\ndeployment_branch_policy = \"all\"\n";
    let want = "version = 1\n[environments.production]\ndeployment_branch_policy = { branches = [\"main\", \"dev\", \"release/*\"] }\n";
    let refs = |plan: &gatectl::model::Plan<gatectl::providers::Op>| plan.changes().next().unwrap().fields[0].clone();
    for left in 0..3 {
        let world = World::where_holds(want, want).await;
        world.repo(|repo| repo.environment_mut("production").unwrap().patterns.truncate(left));
        let plan = world.plan().await;
        assert_eq!(refs(&plan).weakens, left > 0, "with {left} of 3 patterns");
        if left > 0 {
            let because = refs(&plan).because.unwrap();
            assert!(because.contains("interrupted") && because.contains("branch `"), "{because}");
        }
        world.converge().await;
    }
    // Opening to all is a weakening from there too.
    let world = World::where_holds(want, live).await;
    world.repo(|repo| repo.environment_mut("production").unwrap().patterns.clear());
    assert!(refs(&world.plan().await).weakens);
}
