//! The billing plan's refusal (failure mode B), and every other 422.

use gatectl::model::{ByHand, OutcomeResult};
use gatectl::reconcile::Applied;
use gatectl::sandbox::{
    Fault, FreePolicy, FreePrivate, FreshBypass, Plan, PolicyMode, RefType, RefusalMessage, RefusalWording, RefusedBody, Response,
    ReviewerRef, Scenario,
};

use gatectl_test_support::world::{World, outcome, said};

const GATE: &str = r#"
version = 1
[environments.production]
reviewers = [{ user = "alice", id = 501 }]
deployment_branch_policy = { branches = ["main"], tags = ["v*"] }
[environments.staging]
deployment_branch_policy = { branches = ["main"] }
[freeze]
heroku_app = "shop-prod"
environments = ["production"]
"#;

fn manual(applied: &Applied) -> (&ByHand, &str) {
    match outcome(applied, "/environments/production") {
        (OutcomeResult::Manual(by_hand), message) => (by_hand, message),
        _ => panic!("{}", said(applied)),
    }
}

#[tokio::test]
async fn a_refused_gate_is_written_as_far_as_the_plan_allows_and_the_rest_is_for_a_person() {
    let world = World::rehearsal(Scenario::PlanLimit, GATE).await;
    world.repo(|repo| repo.remove("staging"));
    let applied = world.apply().await;
    let (by_hand, message) = manual(&applied);
    assert!(by_hand.because.contains("billing plan"), "GitHub's own words: {}", by_hand.because);
    assert_eq!(by_hand.url, "https://github.com/acme/shop/settings/environments");
    let steps = by_hand.steps.join("\n");
    for part in ["alice", "501", "branch `main`", "tag `v*`", "Team is not enough", "gatectl freeze on --app shop-prod"] {
        assert!(steps.contains(part), "{part}: {steps}");
    }
    assert!(message.contains("NO APPROVAL IS REQUIRED") && message.contains("reviewers"), "{message}");
    assert!(!applied.report.converged);
    // The refused PUT left the environment behind, ungated; what the plan supports is there.
    let production = world.environment("production").unwrap();
    assert!(production.reviewers.is_empty());
    assert_eq!(production.policy, Some(PolicyMode::Custom));
    let mut patterns: Vec<_> = production.patterns.iter().map(|p| (p.kind, p.name.as_str())).collect();
    patterns.sort();
    assert_eq!(patterns, [(RefType::Branch, "main"), (RefType::Tag, "v*")]);
    assert_eq!(outcome(&applied, "/environments/staging").0, &OutcomeResult::Applied);
}

#[tokio::test]
async fn a_capable_plan_makes_the_next_apply_converge() {
    let world = World::rehearsal(Scenario::PlanLimit, GATE).await;
    world.apply().await;
    let again = world.apply().await;
    manual(&again);
    assert!(world.environment("production").unwrap().policy.is_some(), "a second refusal takes nothing away");
    world.sandbox.with(|state| state.github.set_plan("acme", Plan::Enterprise));
    world.converge().await;
}

#[tokio::test]
async fn the_refusal_is_recognized_in_every_wording_and_whatever_it_left_behind() {
    for wording in [RefusalWording::Current, RefusalWording::Legacy] {
        for refused_body in [RefusedBody::NothingApplied, RefusedBody::PolicyApplied] {
            for (rule, refusal_message) in
                [("wait_timer = 5", RefusalMessage::WaitTimer), ("can_admins_bypass = false", RefusalMessage::Reviewers)]
            {
                let world = World::rehearsal(
                    Scenario::PlanLimit,
                    &GATE.replace(
                        "deployment_branch_policy = { branches = [\"main\"], tags",
                        &format!("{rule}\ndeployment_branch_policy = {{ branches = [\"main\"], tags"),
                    ),
                )
                .await;
                world.sandbox.with(|state| {
                    state.switches.refusal_wording = wording;
                    state.switches.refused_body = refused_body;
                    state.switches.refusal_message = refusal_message;
                });
                let applied = world.apply().await;
                manual(&applied);
                assert_eq!(world.environment("production").unwrap().patterns.len(), 2, "{}", said(&applied));
            }
        }
    }
}

#[tokio::test]
async fn nothing_gated_is_sent_where_nothing_gated_is_declared() {
    for plan in [Plan::Free, Plan::Pro, Plan::Team] {
        let world = World::rehearsal(
            Scenario::PlanLimit,
            "version = 1\n[environments.production]\nreviewers = []\nwait_timer = 0\nprevent_self_review = false\ndeployment_branch_policy = { branches = [\"main\"] }\n[environments.open]\ndeployment_branch_policy = \"all\"\n",
        )
        .await;
        world.sandbox.with(|state| state.github.set_plan("acme", plan));
        world.converge().await;
        for body in world.bodies("PUT") {
            let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
            assert!(keys.iter().all(|key| *key == "deployment_branch_policy"), "{body}");
        }
    }
}

#[tokio::test]
async fn an_environment_that_github_made_without_bypass_gets_its_branch_policy_all_the_same() {
    let world = World::rehearsal(Scenario::PlanLimit, GATE).await;
    world.sandbox.with(|state| state.switches.fresh_bypass = FreshBypass::Disallowed);
    world.apply().await;
    world.repo(|repo| {
        for environment in repo.environments.values_mut() {
            environment.can_admins_bypass = false;
            environment.policy = None;
            environment.patterns.clear();
        }
    });
    let applied = world.apply().await;
    manual(&applied);
    assert_eq!(world.environment("production").unwrap().policy, Some(PolicyMode::Custom));
    assert_eq!(outcome(&applied, "/environments/staging").0, &OutcomeResult::Applied, "{}", said(&applied));
    assert!([world.environment("production"), world.environment("staging")].into_iter().flatten().all(|it| !it.can_admins_bypass));
}

#[tokio::test]
async fn every_other_422_is_a_plain_error_in_githubs_words() {
    for words in [
        "Invalid request.\n\n9 must be less than or equal to 6.",
        "Failed to create or update the environment protection rule. Required reviewers must have at least one reviewer to set prevent_self_review.",
        "\"custom_branch_policies\" and \"protected_branches\" cannot have the same value",
    ] {
        let world = World::rehearsal(Scenario::MissingEnvironment, GATE).await;
        world.fault(Fault::before(Response::github_error(422, words)).method("PUT"));
        let applied = world.apply().await;
        let (result, message) = outcome(&applied, "/environments/production");
        assert_eq!(*result, OutcomeResult::Failed);
        assert!(message.contains("422") && message.contains(words), "{message}");
        assert_eq!(world.writes(), 1, "the rest of the step was not tried: {:?}", world.written());
    }
}

#[tokio::test]
async fn a_refused_update_weakens_nothing() {
    // The repository went private; its gate is still listed.
    let mut world = World::where_holds(GATE, GATE).await;
    world.declare(&GATE.replace("alice\", id = 501", "bob\", id = 502").replace("[\"main\"], tags = [\"v*\"]", "[\"*\"]"));
    world.sandbox.with(|state| {
        state.github.add_account("bob", Some(502), gatectl::sandbox::AccountKind::User);
        state.github.set_plan("acme", Plan::Team);
    });
    world.repo(|repo| repo.collaborators.insert("bob".to_owned(), gatectl::sandbox::Permission::Write));
    let applied = world.apply().await;
    manual(&applied);
    let after = world.environment("production").unwrap();
    assert_eq!(after.reviewers, [ReviewerRef::User(501)]);
    assert!(after.patterns.iter().all(|pattern| ["main", "v*"].contains(&pattern.name.as_str())), "{:?}", world.written());
}

#[tokio::test]
async fn a_free_account_may_answer_404_or_refuse_branch_policies_too() {
    let world = World::rehearsal(Scenario::PlanLimit, GATE).await;
    world.sandbox.with(|state| {
        state.github.set_plan("acme", Plan::Free);
        state.switches.free_policy = FreePolicy::Refused;
    });
    let applied = world.apply().await;
    let (_, message) = manual(&applied);
    assert!(message.contains("without the refused rules") && message.contains("NO APPROVAL IS REQUIRED"), "{message}");

    let world = World::rehearsal(Scenario::PlanLimit, GATE).await;
    world.sandbox.with(|state| {
        state.github.set_plan("acme", Plan::Free);
        state.switches.free_private = FreePrivate::NotFound;
    });
    let applied = world.apply().await;
    let (result, message) = outcome(&applied, "/environments/production");
    assert!(*result == OutcomeResult::Failed && message.contains("404"), "{}", said(&applied));
}
