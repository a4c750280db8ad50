//! What holds whatever the body and however the switches stand.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;

/// A body of a PUT with any subset of its keys, well formed.
fn body() -> impl Strategy<Value = Value> {
    let reviewers =
        subsequence(vec![user(ALICE), user(BOB), user(CAROL), user(999), team(SRE), team(GHOSTS)], 0..=6).prop_map(Value::Array);
    let flags = |protected: bool, custom: bool| json!({"protected_branches": protected, "custom_branch_policies": custom});
    let policy = select(vec![Value::Null, flags(true, false), flags(false, true), flags(true, true)]);
    let keys = (
        proptest::option::of(prop_oneof![reviewers, Just(Value::Null)]),
        proptest::option::of(0..=43_200_u32),
        proptest::option::of(any::<bool>()),
        proptest::option::of(any::<bool>()),
        proptest::option::of(policy),
    );
    keys.prop_map(|(reviewers, timer, own, bypass, policy)| {
        let values = [
            ("reviewers", reviewers),
            ("wait_timer", timer.map(Value::from)),
            ("prevent_self_review", own.map(Value::from)),
            ("can_admins_bypass", bypass.map(Value::from)),
            ("deployment_branch_policy", policy),
        ];
        values.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect::<serde_json::Map<_, _>>().into()
    })
}

fn switches() -> impl Strategy<Value = Switches> {
    let mut all = vec![Switches::default()];
    all.extend(Switches::deviations().into_iter().map(|deviation| deviation.switches));
    // A stale read is what most of these laws are not about.
    select(all).prop_filter("fresh reads", |switches| switches.reads == Reads::Fresh)
}

fn world() -> impl Strategy<Value = World> {
    (switches(), select(vec![Plan::Free, Plan::Team, Plan::Enterprise])).prop_map(|(switches, plan)| {
        let mut world = World::new().on(plan);
        world.state.switches = switches;
        world
    })
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:?}", self.state.github.people.plan("acme"), self.state.switches)
    }
}

/// The gate without what moves on every write.
fn settled(environment: &Environment) -> Environment {
    Environment {
        rule_ids: RuleIds { wait_timer: 0, required_reviewers: 0, branch_policy: 0 },
        updated_at: environment.created_at,
        ..environment.clone()
    }
}

/// Everything that a read shows, as a body that states it.
fn restated(environment: &Environment) -> Value {
    let reviewers: Vec<Value> = environment
        .reviewers
        .iter()
        .map(|reviewer| match reviewer {
            ReviewerRef::User(id) => user(*id),
            ReviewerRef::Team(id) => team(*id),
        })
        .collect();
    let policy = environment
        .policy
        .map(|mode| json!({"protected_branches": mode == PolicyMode::Protected, "custom_branch_policies": mode == PolicyMode::Custom}));
    let mut body = json!({
        "reviewers": reviewers, "wait_timer": environment.wait_timer, "can_admins_bypass": environment.can_admins_bypass,
        "deployment_branch_policy": policy,
    });
    if !environment.reviewers.is_empty() {
        body["prevent_self_review"] = environment.prevent_self_review.into();
    }
    body
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_put_shows_what_a_read_shows_then_and_repeats_without_effect(mut world in world(), bodies in proptest::collection::vec(body(), 1..5)) {
        for body in bodies {
            let (status, shown) = world.call("PUT", ENV, &body);
            if status != 200 {
                continue;
            }
            prop_assert_eq!(&shown, &world.get(ENV));
            let before = settled(world.environment());
            prop_assert_eq!(world.call("PUT", ENV, &body).0, 200);
            prop_assert_eq!(settled(world.environment()), before);
        }
    }

    #[test]
    fn stating_the_whole_gate_again_changes_nothing_in_either_reading_of_put(first in body(), replace in any::<bool>()) {
        let mut world = World::new();
        if replace {
            world.state.switches.put = Put::WholeReplacement;
        }
        if world.call("PUT", ENV, &first).0 == 200 {
            let before = world.environment().clone();
            world.put(&restated(&before));
            prop_assert_eq!(settled(world.environment()), settled(&before));
        }
    }

    #[test]
    fn a_refusal_leaves_an_environment_with_the_gate_it_had_but_for_the_policy(mut world in world(), first in body(), second in body()) {
        world.call("PUT", ENV, &first);
        let before = world.repo().environment("production").cloned();
        let (status, _) = world.call("PUT", ENV, &second);
        if let (422, Some(before)) = (status, before) {
            let mut after = world.environment().clone();
            if world.state.switches.refused_body == RefusedBody::PolicyApplied {
                after.policy = before.policy;
            }
            prop_assert_eq!(after, before);
        }
    }

    #[test]
    fn no_path_makes_the_emulator_fail(method in select(vec!["GET", "PUT", "POST", "PATCH", "DELETE"]), path in "(/[a-z%0-9.]{0,4}){0,6}", body in any::<Vec<u8>>()) {
        let mut world = World::new();
        // 501 is the plain answer to a route that is not emulated.
        let answered = |status: u16| status < 500 || status == 501;
        prop_assert!(answered(world.raw(method, &path, &body, &[]).status));
        let below = format!("{ENV}{path}");
        prop_assert!(answered(world.raw(method, &below, &body, &[]).status));
        world.accept = "application/vnd.heroku+json; version=3".to_owned();
        prop_assert!(answered(world.raw(method, &path, &body, &[("range", "version ]..;;=,")]).status));
    }
}
