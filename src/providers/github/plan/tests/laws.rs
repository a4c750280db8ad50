//! The laws, over every gate.

use super::*;
use crate::model::Field;
use crate::providers::github::ops::BodyReviewer;
use crate::providers::github::strictness::{refs_within, weakened};

fn branch_policy() -> impl Strategy<Value = BranchPolicy> {
    let patterns = proptest::sample::subsequence(vec!["main", "dev", "release/*", "release/1", "tag:v*", "tag:main"], 0..4);
    prop_oneof![Just(BranchPolicy::All), Just(BranchPolicy::Protected), patterns.prop_map(|all| selected(&all))]
}

fn gate() -> impl Strategy<Value = Gate> {
    let reviewers = proptest::sample::subsequence(vec![0, 1, 2], 0..=3).prop_shuffle().prop_map(|all| all.into_iter().map(user).collect());
    let rules = proptest::sample::subsequence(vec!["one", "two", "three"], 0..=3)
        .prop_map(|all| all.into_iter().map(str::to_owned).collect::<BTreeSet<_>>());
    (
        proptest::option::of(reviewers),
        proptest::option::of(any::<bool>()),
        proptest::option::of(any::<bool>()),
        proptest::option::of(0..3u32),
        proptest::option::of(branch_policy()),
        proptest::option::of(rules),
        proptest::collection::btree_map("[AB]", "[01]", 0..3),
    )
        .prop_map(|(reviewers, prevent, can_admins_bypass, wait_timer, deployment_branch_policy, protection_rules, variables)| {
            // gate.toml takes it only beside reviewers.
            let some = reviewers.as_ref().is_some_and(|all: &Vec<Reviewer>| !all.is_empty());
            let prevent_self_review = prevent.map(|prevent| prevent && some);
            let secrets = BTreeSet::new();
            Gate {
                reviewers,
                prevent_self_review,
                can_admins_bypass,
                wait_timer,
                deployment_branch_policy,
                protection_rules,
                variables,
                secrets,
                approvals: None,
            }
        })
}

fn visibility() -> impl Strategy<Value = Visibility> {
    prop_oneof![Just(Visibility::Public), Just(Visibility::Private), Just(Visibility::Internal)]
}

proptest! {
    #[test]
    fn a_plan_for_what_is_there_is_empty(gate in gate(), visibility in visibility()) {
        let draft = from_to_in(visibility, gate.clone(), gate);
        prop_assert_eq!((draft.steps, draft.unknown), (Vec::new(), Vec::new()));
    }

    #[test]
    fn the_order_of_reviewers_means_nothing(from in gate(), to in gate()) {
        let reversed = |gate: &Gate| Gate { reviewers: gate.reviewers.clone().map(|all| all.into_iter().rev().collect()), ..gate.clone() };
        let mut live = live_of(&wanting(from.clone()));
        let straight = planned(&wanting(to.clone()), &live);
        if let Ok(environments) = &mut live.environments {
            environments.values_mut().flatten().for_each(|there| there.reviewers.reverse());
        }
        let other = planned(&wanting(reversed(&to)), &live);
        // The precondition keeps what was read as it was read; everything that is shown or sent is the same.
        let sent = |draft: &Draft<Op>| draft.steps.iter().flat_map(|step| step.ops.iter().filter(|op| op.writes()).cloned()).collect::<Vec<_>>();
        prop_assert_eq!(bodies(&straight), bodies(&other));
        prop_assert_eq!(sent(&straight).len(), sent(&other).len());
        let names = |draft: &Draft<Op>| draft.steps.iter().flat_map(|s| &s.changes).flat_map(|c| c.fields.iter().map(|f| (f.name.clone(), f.weakens))).collect::<Vec<_>>();
        prop_assert_eq!(names(&straight), names(&other));
    }

    #[test]
    fn what_is_not_declared_is_no_field_and_keeps_its_value_in_every_body(from in gate(), to in gate(), visibility in visibility()) {
        let live = live_gate(&name("production"), &from);
        let draft = from_to_in(visibility, from, to.clone());
        let declared = |field: &str| match field {
            "reviewers" => to.reviewers.is_some(),
            // It means nothing without reviewers and goes with them.
            "prevent_self_review" => to.prevent_self_review.is_some() || to.reviewers.as_ref().is_some_and(Vec::is_empty),
            "can_admins_bypass" => to.can_admins_bypass.is_some(),
            "wait_timer" => to.wait_timer.is_some(),
            "deployment_branch_policy" => to.deployment_branch_policy.is_some(),
            "protection_rules" => to.protection_rules.is_some(),
            other => other.strip_prefix("variables.").is_some_and(|key| to.variables.contains_key(key)),
        };
        for change in draft.steps.iter().flat_map(|step| &step.changes) {
            for field in &change.fields {
                prop_assert!(declared(&field.name), "{}", field.name);
                prop_assert_ne!(&field.before, &field.after);
            }
        }
        for action in actions(&draft) {
            match action {
                Action::Put { body, .. } => {
                    prop_assert!(to.wait_timer.is_some() || body.wait_timer.is_none_or(|timer| timer == live.wait_timer));
                    prop_assert!(to.can_admins_bypass.is_some() || body.can_admins_bypass.is_none_or(|bypass| Some(bypass) == live.can_admins_bypass));
                    let live_reviewers: Vec<BodyReviewer> = live.reviewers.iter().filter_map(|it| BodyReviewer::of(it.actor())).collect();
                    prop_assert!(to.reviewers.is_some() || body.reviewers.as_ref().is_none_or(|all| *all == live_reviewers));
                    let flags = PolicyFlags::of(live.policy);
                    prop_assert!(to.deployment_branch_policy.is_some() || body.deployment_branch_policy.is_none_or(|policy| policy == flags));
                    // Whatever GitHub does with an absent key, what exists and not its default is sent along.
                    prop_assert!(live.wait_timer == 0 || body.wait_timer.is_some());
                    prop_assert!(live.reviewers.is_empty() || body.reviewers.is_some());
                    prop_assert!(live.policy == PolicyMode::All || body.deployment_branch_policy.is_some());
                    prop_assert!(live.can_admins_bypass == Some(true) || body.can_admins_bypass.is_some());
                    prop_assert!(!live.prevent_self_review || body.prevent_self_review.is_some());
                }
                Action::CreateBranchPolicy(_) | Action::DeleteBranchPolicy { .. } | Action::DeleteOtherBranchPolicies(_) => {
                    prop_assert!(to.deployment_branch_policy.is_some());
                }
                Action::EnableRule { .. } | Action::DisableRule { .. } => prop_assert!(to.protection_rules.is_some()),
                Action::CreateVariable { name, .. } | Action::UpdateVariable { name, .. } => prop_assert!(to.variables.contains_key(name)),
                Action::Expect(_) => {}
                Action::Delete => prop_assert!(false, "nothing is deleted that is declared"),
            }
        }
    }

    #[test]
    fn a_change_is_marked_weakening_exactly_where_strictness_says_so(from in gate(), to in gate()) {
        let before = live_gate(&name("production"), &from).strictness();
        let draft = from_to(from, to.clone());
        let mut after = before.clone();
        if let Some(reviewers) = &to.reviewers {
            let id = |reviewer: &Reviewer| PEOPLE.iter().position(|(login, _)| matches!(reviewer, Reviewer::User { login: l, .. } if l == login)).unwrap();
            after.reviewers = reviewers.iter().map(|it| ActorId::User(PEOPLE[id(it)].1)).collect();
        }
        after.prevent_self_review = to.prevent_self_review.unwrap_or(before.prevent_self_review && !after.reviewers.is_empty());
        after.can_admins_bypass = to.can_admins_bypass.unwrap_or(before.can_admins_bypass);
        after.wait_timer = to.wait_timer.unwrap_or(before.wait_timer);
        after.refs = to.deployment_branch_policy.as_ref().cloned().unwrap_or(before.refs.clone());
        after.protection_rules = to.protection_rules.clone().unwrap_or(before.protection_rules.clone());
        let expected = weakened(Some(&before), Some(&after));
        let changes: Vec<&Change> = draft.steps.iter().flat_map(|step| &step.changes).collect();
        let marked: Vec<&Field> = changes.iter().flat_map(|change| &change.fields).filter(|field| field.weakens).collect();
        prop_assert_eq!(marked.len(), expected.len(), "{:?} {:?}", marked, expected);
        prop_assert!(marked.iter().all(|field| field.because.is_some()));
        prop_assert_eq!(changes.iter().any(|change| change.weakens), !expected.is_empty());
    }

    #[test]
    fn every_moment_of_the_pattern_edits_is_within_one_of_the_ends(
        from in proptest::sample::subsequence(vec!["main", "dev", "release/*", "release/1", "*", "tag:v*"], 0..5),
        to in proptest::sample::subsequence(vec!["main", "dev", "release/*", "release/1", "*", "tag:v*"], 1..5),
    ) {
        let policy = |names: &[&str]| Gate { deployment_branch_policy: Some(selected(names)), ..Gate::default() };
        let draft = from_to(policy(&from), policy(&to));
        let (start, goal) = (selected(&from), selected(&to));
        let BranchPolicy::Selected(mut now) = start.clone() else { unreachable!() };
        let holds = |now: &BTreeSet<Pattern>| {
            let now = BranchPolicy::Selected(now.clone());
            refs_within(&now, &start) || refs_within(&now, &goal)
        };
        for action in actions(&draft) {
            match action {
                Action::CreateBranchPolicy(pattern) => prop_assert!(now.insert(pattern.clone())),
                Action::DeleteBranchPolicy { pattern, .. } => prop_assert!(now.remove(pattern)),
                Action::Expect(_) => {}
                other => prop_assert!(false, "{other:?}"),
            }
            prop_assert!(holds(&now), "{:?} on the way from {:?} to {:?}", now, from, to);
        }
        prop_assert_eq!(BranchPolicy::Selected(now), goal);
    }
}

#[test]
fn the_two_flags_of_a_body_never_agree_and_self_review_never_comes_without_reviewers() {
    let mut runner = proptest::test_runner::TestRunner::default();
    runner
        .run(&(gate(), gate(), visibility()), |(from, to, visibility)| {
            for body in bodies(&from_to_in(visibility, from, to)) {
                if let Some(flags) = body.get("deployment_branch_policy").filter(|flags| !flags.is_null()) {
                    prop_assert_ne!(&flags["protected_branches"], &flags["custom_branch_policies"]);
                }
                let none = body.get("reviewers").is_none_or(|all| *all == json!([]));
                prop_assert!(!(none && body.get("prevent_self_review") == Some(&json!(true))), "{}", body);
            }
            Ok(())
        })
        .unwrap();
}
