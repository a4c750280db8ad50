//! The bodies of requests, by visibility and billing plan.

use super::*;

#[test]
fn where_the_billing_plan_decides_a_rule_that_nothing_needs_is_not_named() {
    let from = Gate { deployment_branch_policy: Some(BranchPolicy::Protected), ..Gate::default() };
    let to = Gate {
        reviewers: Some(Vec::new()),
        prevent_self_review: Some(false),
        wait_timer: Some(0),
        can_admins_bypass: Some(true),
        deployment_branch_policy: Some(selected(&["main"])),
        ..Gate::default()
    };
    let flags = json!({"protected_branches": false, "custom_branch_policies": true});
    for visibility in [Visibility::Private, Visibility::Internal] {
        assert_eq!(bodies(&from_to_in(visibility, from.clone(), to.clone())), [json!({"deployment_branch_policy": flags})]);
    }
    let all = json!({"reviewers": [], "wait_timer": 0, "can_admins_bypass": true, "deployment_branch_policy": flags});
    assert_eq!(bodies(&from_to(from, to)), [all]);
}

#[test]
fn once_one_gated_rule_is_sent_all_are_sent_explicitly() {
    let to = Gate { reviewers: Some(vec![user(0)]), ..Gate::default() };
    let whole = json!({
        "reviewers": [{"type": "User", "id": 1}], "prevent_self_review": false, "wait_timer": 0, "can_admins_bypass": true,
        "deployment_branch_policy": null,
    });
    assert_eq!(bodies(&from_to_in(Visibility::Private, Gate::default(), to)), [whole]);
}

#[test]
fn what_is_cleared_is_cleared_explicitly_everywhere() {
    let to = Gate {
        reviewers: Some(Vec::new()),
        wait_timer: Some(0),
        can_admins_bypass: Some(true),
        deployment_branch_policy: Some(BranchPolicy::All),
        ..Gate::default()
    };
    for visibility in [Visibility::Public, Visibility::Private] {
        let draft = from_to_in(visibility, full(), to.clone());
        let cleared = json!({
            "reviewers": [], "prevent_self_review": false, "wait_timer": 0, "can_admins_bypass": true, "deployment_branch_policy": null,
        });
        assert_eq!(bodies(&draft), [cleared]);
        assert!(notes(&draft).contains("prevent_self_review is cleared"));
    }
}

fn fallbacks(draft: &Draft<Op>) -> Vec<Option<Value>> {
    let fallback = |action: &&Action| match action {
        Action::Put { if_refused, .. } => Some(if_refused.as_ref().map(|body| serde_json::to_value(body).unwrap())),
        _ => None,
    };
    actions(draft).iter().filter_map(fallback).collect()
}

#[test]
fn a_refused_body_falls_back_to_the_branch_policy_unless_that_could_weaken() {
    let with = |reviewers: &[usize], policy: BranchPolicy| Gate {
        reviewers: Some(reviewers.iter().copied().map(user).collect()),
        deployment_branch_policy: Some(policy),
        ..Gate::default()
    };
    let policy = Some(json!({"deployment_branch_policy": {"protected_branches": false, "custom_branch_policies": true}}));
    let private = |from: Gate, to: Gate| fallbacks(&from_to_in(Visibility::Private, from, to));
    assert_eq!(private(with(&[], BranchPolicy::All), with(&[0], selected(&["main"]))), [policy], "what every plan supports");
    assert_eq!(private(with(&[1], BranchPolicy::All), with(&[0], selected(&["main"]))), [None], "it could clear the reviewers");
    // Wider refs are not sent before the rules are known to be accepted.
    let draft = from_to_in(Visibility::Private, with(&[], selected(&["main"])), with(&[0], BranchPolicy::All));
    let flags: Vec<Value> = bodies(&draft).into_iter().map(|body| body["deployment_branch_policy"].clone()).collect();
    assert_eq!(flags, [json!({"protected_branches": false, "custom_branch_policies": true}), json!(null)]);
    assert_eq!(fallbacks(&draft), [None, None]);
}
