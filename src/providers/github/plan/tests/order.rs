//! The order of requests within a change.

use super::*;

#[test]
fn custom_rules_come_before_the_put_and_go_after_it() {
    let mut to = full();
    to.protection_rules = Some(["two".to_owned()].into());
    to.wait_timer = Some(6);
    let draft = from_to(full(), to);
    assert!(matches!(
        actions(&draft).as_slice(),
        [Action::Expect(_), Action::EnableRule { integration_id: Some(12), .. }, Action::Put { .. }, Action::DisableRule { id: 200, .. }]
    ));
}

#[test]
fn narrower_patterns_come_before_a_put_and_wider_ones_after_it() {
    let gate = |names: &[&str], timer| Gate { deployment_branch_policy: Some(selected(names)), wait_timer: Some(timer), ..Gate::default() };
    let order = |from: &[&str], to: &[&str]| -> String {
        let letter = |action: &&Action| match action {
            Action::Put { .. } => 'P',
            Action::CreateBranchPolicy(_) => '+',
            Action::DeleteBranchPolicy { .. } => '-',
            _ => ' ',
        };
        actions(&from_to(gate(from, 5), gate(to, 1))).iter().map(letter).collect::<String>().trim().to_owned()
    };
    assert_eq!(order(&["release/*"], &["release/1"]), "+-P");
    assert_eq!(order(&["release/1"], &["release/*"]), "P+-");
    assert_eq!(order(&["main"], &["dev"]), "-P+");
}

#[test]
fn entering_selected_mode_clears_what_github_may_have_kept_before_anything_is_added() {
    let draft = from_to(Gate::default(), Gate { deployment_branch_policy: Some(selected(&["main"])), ..Gate::default() });
    assert!(matches!(
        actions(&draft).as_slice(),
        [Action::Expect(_), Action::Put { .. }, Action::DeleteOtherBranchPolicies(_), Action::CreateBranchPolicy(_)]
    ));
}

/// If a refused body may still apply its policy, the rules go first, and nothing that loosens goes with them.
#[test]
fn where_rules_go_before_wider_refs_a_bypass_waits_with_the_refs() {
    let from = Gate { can_admins_bypass: Some(false), deployment_branch_policy: Some(BranchPolicy::Protected), ..Gate::default() };
    let to =
        Gate { can_admins_bypass: Some(true), wait_timer: Some(5), deployment_branch_policy: Some(selected(&["main"])), ..Gate::default() };
    let bodies = bodies(&from_to_in(Visibility::Private, from, to));
    let sent: Vec<(&Value, &Value)> = bodies.iter().map(|body| (&body["can_admins_bypass"], &body["wait_timer"])).collect();
    assert_eq!(sent, [(&json!(false), &json!(5)), (&json!(true), &json!(5))]);
    assert_eq!(bodies[0]["deployment_branch_policy"]["protected_branches"], json!(true));
}

#[test]
fn a_bypass_that_is_taken_away_goes_before_wider_refs_too() {
    let from = Gate { deployment_branch_policy: Some(selected(&["main"])), ..Gate::default() };
    let to = Gate { can_admins_bypass: Some(false), deployment_branch_policy: Some(BranchPolicy::All), ..Gate::default() };
    let bodies = bodies(&from_to_in(Visibility::Private, from, to));
    let sent: Vec<(&Value, bool)> =
        bodies.iter().map(|body| (&body["can_admins_bypass"], body["deployment_branch_policy"].is_null())).collect();
    assert_eq!(sent, [(&json!(false), false), (&json!(false), true)]);
}
