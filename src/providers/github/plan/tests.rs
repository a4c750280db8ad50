use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::desired::github::{BranchPolicy, Pattern, RefKind, Reviewer};
use crate::model::{EnvName, Field, RepoName, Unknown, VarValue};
use crate::providers::github::live::{Access, Actor, LiveReviewer, Repository, Visibility};
use crate::providers::github::ops::BodyReviewer;
use crate::providers::github::strictness::{ActorId, weakened};
use crate::providers::request::Request as _;

const PEOPLE: [(&str, u64); 3] = [("alice", 1), ("bob", 2), ("carol", 3)];
const APPS: [(&str, u64); 3] = [("one", 11), ("two", 12), ("three", 13)];

fn repo() -> RepoName {
    RepoName::parse("acme/shop").unwrap()
}

fn name(text: &str) -> EnvName {
    EnvName::new(text).unwrap()
}

fn user(index: usize) -> Reviewer {
    Reviewer::User { login: PEOPLE[index].0.to_owned(), id: None }
}

fn pattern(text: &str) -> Pattern {
    match text.strip_prefix("tag:") {
        Some(tag) => Pattern { kind: RefKind::Tag, name: tag.to_owned() },
        None => Pattern { kind: RefKind::Branch, name: text.to_owned() },
    }
}

fn selected(names: &[&str]) -> BranchPolicy {
    BranchPolicy::Selected(names.iter().map(|text| pattern(text)).collect())
}

/// GitHub in the state that a declaration asks for, every part read.
fn live_of(want: &Desired) -> Live {
    let environments =
        want.environments.iter().filter_map(|(name, environment)| Some((name.clone(), Ok(live_gate(name, environment.gate()?)))));
    let actor = |(login, id): (&str, u64)| {
        let reviewer = Reviewer::User { login: login.to_owned(), id: None };
        (reviewer, Ok(Actor { id: ActorId::User(id), name: login.to_owned(), access: Access::Granted }))
    };
    let available = APPS.iter().map(|(slug, id)| ((*slug).to_owned(), *id)).collect::<BTreeMap<_, _>>();
    Live {
        repository: Ok(Repository {
            name: repo(),
            visibility: Visibility::Public,
            archived: false,
            in_organization: true,
            default_branch: "main".to_owned(),
            admin: Some(true),
        }),
        environments: Ok(environments.collect()),
        reviewers: PEOPLE.into_iter().map(actor).collect(),
        carried: PEOPLE
            .into_iter()
            .map(actor)
            .map(|(_, actor): (_, Result<Actor, Blocker>)| (actor.as_ref().unwrap().id, actor.map_err(Blocker::into_unknown)))
            .collect(),
        protected_branches: Some(Ok(["main".to_owned()].into())),
        available_rules: want.environments.keys().map(|name| (name.clone(), Ok(available.clone()))).collect(),
        waiting_runs: Some(Ok(0)),
    }
}

fn live_gate(name: &EnvName, gate: &Gate) -> LiveEnvironment {
    let reviewer = |reviewer: &Reviewer| match reviewer {
        Reviewer::User { login, .. } => {
            let id = PEOPLE.iter().find(|(known, _)| known == login).unwrap().1;
            LiveReviewer::User { login: login.clone(), id, kind: "User".to_owned() }
        }
        Reviewer::Team { slug, .. } => LiveReviewer::Team { slug: slug.clone(), id: 9 },
    };
    let mut reviewers: Vec<LiveReviewer> = gate.reviewers.iter().flatten().map(reviewer).collect();
    reviewers.sort();
    let policy = gate.deployment_branch_policy.as_ref().map_or(PolicyMode::All, PolicyMode::from);
    let patterns = match &gate.deployment_branch_policy {
        Some(BranchPolicy::Selected(patterns)) => patterns.iter().cloned().zip(100..).collect(),
        _ => BTreeMap::new(),
    };
    let rules = gate.protection_rules.iter().flatten().cloned().zip(200..).collect();
    LiveEnvironment {
        name: name.clone(),
        id: 7,
        prevent_self_review: gate.prevent_self_review.unwrap_or(false) && !reviewers.is_empty(),
        reviewers,
        can_admins_bypass: Some(gate.can_admins_bypass.unwrap_or(true)),
        wait_timer: gate.wait_timer.unwrap_or(0),
        policy,
        patterns: (policy == PolicyMode::Selected).then_some(Ok(patterns)),
        protection_rules: Some(Ok(rules)),
        variables: Some(Ok(gate
            .variables
            .iter()
            .map(|(name, text)| (name.clone(), VarValue::new(name.as_str(), text.as_str())))
            .collect())),
        secrets: Some(Ok(gate.secrets.clone())),
    }
}

fn wanting(gate: Gate) -> Desired {
    Desired { environments: [(name("production"), desired::DesiredEnvironment::Present(gate))].into(), ..Desired::default() }
}

fn context(repository: &RepoName) -> PlanContext<'_> {
    PlanContext { repository, web: "https://github.com", freeze_store: None }
}

fn planned(want: &Desired, live: &Live) -> Draft<Op> {
    plan(context(&repo()), want, live)
}

/// The plan from one gate to another, in a repository of this visibility.
fn from_to_in(visibility: Visibility, from: Gate, to: Gate) -> Draft<Op> {
    let mut live = live_of(&wanting(from));
    live.repository.as_mut().unwrap().visibility = visibility;
    planned(&wanting(to), &live)
}

fn from_to(from: Gate, to: Gate) -> Draft<Op> {
    from_to_in(Visibility::Public, from, to)
}

fn only(draft: &Draft<Op>) -> &Change {
    let [step] = draft.steps.as_slice() else { panic!("{draft:#?}") };
    let [change] = step.changes.as_slice() else { panic!("{draft:#?}") };
    change
}

fn actions(draft: &Draft<Op>) -> Vec<&Action> {
    draft.steps.iter().flat_map(|step| &step.ops).map(|op| &op.action).collect()
}

fn bodies(draft: &Draft<Op>) -> Vec<Value> {
    let body = |action: &&Action| match action {
        Action::Put { body, .. } => Some(serde_json::to_value(body).unwrap()),
        _ => None,
    };
    actions(draft).iter().filter_map(body).collect()
}

fn notes(draft: &Draft<Op>) -> String {
    draft.notes.iter().map(|note| format!("{}\n", note.message)).collect()
}

// The laws, over every gate.

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
            super::super::strictness::refs_within(&now, &start) || super::super::strictness::refs_within(&now, &goal)
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

// Each kind of change.

fn full() -> Gate {
    Gate {
        reviewers: Some(vec![user(0)]),
        prevent_self_review: Some(true),
        can_admins_bypass: Some(false),
        wait_timer: Some(5),
        deployment_branch_policy: Some(selected(&["main", "tag:v*"])),
        protection_rules: Some(["one".to_owned()].into()),
        variables: [("TIER".to_owned(), "prod".to_owned())].into(),
        secrets: ["KEY".to_owned()].into(),
        approvals: None,
    }
}

#[test]
fn a_missing_environment_is_created_with_the_whole_gate_in_the_first_request() {
    let mut live = live_of(&wanting(full()));
    live.environments = Ok(BTreeMap::new());
    let draft = planned(&wanting(full()), &live);
    let change = only(&draft);
    assert_eq!((change.action, change.weakens), (model::Action::Create, false));
    let fields: Vec<&str> = change.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(
        fields,
        [
            "reviewers",
            "prevent_self_review",
            "can_admins_bypass",
            "wait_timer",
            "deployment_branch_policy",
            "protection_rules",
            "variables.TIER"
        ]
    );
    let whole = json!({
        "reviewers": [{"type": "User", "id": 1}], "prevent_self_review": true, "can_admins_bypass": false, "wait_timer": 5,
        "deployment_branch_policy": {"protected_branches": false, "custom_branch_policies": true},
    });
    assert_eq!(bodies(&draft), [whole]);
    assert!(matches!(
        actions(&draft).as_slice(),
        [
            Action::Expect(None),
            Action::Put { .. },
            Action::CreateBranchPolicy(_),
            Action::CreateBranchPolicy(_),
            Action::EnableRule { integration_id: None, .. },
            Action::CreateVariable { .. }
        ]
    ));
    let steps: Vec<&String> = draft.manual.iter().flat_map(|manual| &manual.steps).collect();
    assert!(steps.iter().any(|step| step.contains("gh secret set KEY --env production")), "{steps:?}");
}

#[test]
fn a_bare_declaration_creates_an_environment_and_says_nothing_of_its_rules() {
    let mut live = live_of(&wanting(Gate::default()));
    live.environments = Ok(BTreeMap::new());
    assert_eq!(bodies(&planned(&wanting(Gate::default()), &live)), [json!({})]);
}

#[test]
fn each_field_that_differs_is_shown_before_and_after() {
    let to = |change: fn(&mut Gate)| {
        let mut gate = full();
        change(&mut gate);
        gate
    };
    type Case = (&'static str, fn(&mut Gate), Value, Value);
    let cases: [Case; 8] = [
        ("reviewers", |gate| gate.reviewers = Some(vec![user(1)]), json!([{"user": "alice", "id": 1}]), json!([{"user": "bob", "id": 2}])),
        ("prevent_self_review", |gate| gate.prevent_self_review = Some(false), json!(true), json!(false)),
        ("can_admins_bypass", |gate| gate.can_admins_bypass = Some(true), json!(false), json!(true)),
        ("wait_timer", |gate| gate.wait_timer = Some(9), json!(5), json!(9)),
        (
            "deployment_branch_policy",
            |gate| gate.deployment_branch_policy = Some(BranchPolicy::Protected),
            json!({"branches": ["main"], "tags": ["v*"]}),
            json!("protected"),
        ),
        ("protection_rules", |gate| gate.protection_rules = Some(["two".to_owned()].into()), json!(["one"]), json!(["two"])),
        ("variables.TIER", |gate| drop(gate.variables.insert("TIER".to_owned(), "x".to_owned())), json!("prod"), json!("x")),
        ("variables.NEW", |gate| drop(gate.variables.insert("NEW".to_owned(), "x".to_owned())), json!(null), json!("x")),
    ];
    for (field, change, before, after) in cases {
        let draft = from_to(full(), to(change));
        let fields = &only(&draft).fields;
        assert_eq!(fields.len(), 1, "{field}");
        assert_eq!((fields[0].name.as_str(), &fields[0].before, &fields[0].after), (field, &before, &after));
        let puts = bodies(&draft).len();
        let by_put = !field.starts_with("variables") && field != "protection_rules";
        assert_eq!(puts, usize::from(by_put), "{field}");
    }
}

#[test]
fn patterns_alone_need_no_put() {
    let mut to = full();
    to.deployment_branch_policy = Some(selected(&["main"]));
    let draft = from_to(full(), to);
    assert!(matches!(actions(&draft).as_slice(), [Action::Expect(Some(_)), Action::DeleteBranchPolicy { id: 101, .. }]), "{draft:#?}");
}

#[test]
fn absent_deletes_with_consent_and_absent_already_is_nothing() {
    let mut want = wanting(full());
    let live = live_of(&want);
    want.environments = [(name("PRODUCTION"), desired::DesiredEnvironment::Absent)].into();
    let draft = planned(&want, &live);
    assert!(only(&draft).weakens);
    assert!(matches!(actions(&draft).as_slice(), [Action::Expect(Some(_)), Action::Delete]));
    assert_eq!(draft.steps[0].ops[1].environment.as_str(), "production", "in GitHub's own spelling");
    assert!(notes(&draft).contains("deletes its secrets"));
    want.environments = [(name("other"), desired::DesiredEnvironment::Absent)].into();
    assert!(planned(&want, &live).steps.is_empty());
}

#[test]
fn runs_that_wait_on_a_deletion_are_named() {
    let mut want = wanting(full());
    let mut live = live_of(&want);
    want.environments = [(name("production"), desired::DesiredEnvironment::Absent)].into();
    live.waiting_runs = Some(Ok(3));
    assert!(notes(&planned(&want, &live)).contains("3 runs"));
}

#[test]
fn undeclared_environments_are_listed_and_left_alone() {
    let mut want = wanting(full());
    let live = live_of(&want);
    want.environments.clear();
    let draft = planned(&want, &live);
    assert_eq!(draft.unmanaged, [Address::environment(&repo(), &name("production"))]);
    assert!(draft.steps.is_empty());
}

// Bodies, by visibility.

#[test]
fn where_the_billing_plan_decides_a_rule_that_nothing_needs_is_not_named() {
    let from = Gate { deployment_branch_policy: Some(BranchPolicy::Protected), ..Gate::default() };
    let to = Gate {
        reviewers: Some(Vec::new()),
        prevent_self_review: Some(false),
        wait_timer: Some(0),
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

// What cannot be planned.

fn invalid(draft: &Draft<Op>) -> &str {
    assert!(draft.steps.is_empty(), "{draft:#?}");
    let [(_, invalid)] = draft.invalid.as_slice() else { panic!("{draft:#?}") };
    assert!(!invalid.hint.is_empty());
    &invalid.reason
}

fn unknown(draft: &Draft<Op>) -> &str {
    assert!(draft.steps.is_empty(), "{draft:#?}");
    let [(_, unknown)] = draft.unknown.as_slice() else { panic!("{draft:#?}") };
    assert!(!unknown.hint.is_empty());
    &unknown.reason
}

#[test]
fn a_part_that_could_not_be_read_makes_its_environment_unknown_where_it_is_declared() {
    let why = || Unknown::new("403", "a hint");
    type Break = fn(&mut LiveEnvironment, Unknown);
    let parts: [(Gate, Break); 3] = [
        (Gate { deployment_branch_policy: Some(selected(&["dev"])), ..Gate::default() }, |there, why| there.patterns = Some(Err(why))),
        (Gate { protection_rules: Some(["two".to_owned()].into()), ..Gate::default() }, |there, why| {
            there.protection_rules = Some(Err(why));
        }),
        (Gate { variables: [("A".to_owned(), "1".to_owned())].into(), ..Gate::default() }, |there, why| there.variables = Some(Err(why))),
    ];
    for (gate, break_it) in parts {
        let mut live = live_of(&wanting(full()));
        if let Ok(environments) = &mut live.environments {
            environments.values_mut().flatten().for_each(|there| break_it(there, why()));
        }
        assert_eq!(unknown(&planned(&wanting(gate), &live)), "403");
        let other = planned(&wanting(Gate { wait_timer: Some(5), ..Gate::default() }), &live);
        assert_eq!(other.unknown, [], "undeclared, it does not matter");
    }
}

#[test]
fn without_the_repository_or_its_list_everything_declared_is_unknown() {
    let why = Unknown::new("502", "again");
    let want = wanting(full());
    let repository = Live { repository: Err(why.clone()), ..live_of(&want) };
    let list = Live { environments: Err(why), ..live_of(&want) };
    assert_eq!(unknown(&planned(&want, &repository)), "502");
    assert_eq!(unknown(&planned(&want, &list)), "502");
}

#[test]
fn a_seventh_custom_rule_is_never_planned_beside_six() {
    let slugs = |range: std::ops::Range<usize>| range.map(|n| format!("app-{n}")).collect::<BTreeSet<_>>();
    let rules = |all: BTreeSet<String>| Gate { protection_rules: Some(all), ..Gate::default() };
    let mut live = live_of(&wanting(rules(slugs(0..6))));
    let available = slugs(0..9).into_iter().zip(1..).collect();
    live.available_rules = [(name("production"), Ok(available))].into();
    assert!(invalid(&planned(&wanting(rules(slugs(1..7))), &live)).contains("at most 6"));
    assert!(planned(&wanting(rules(slugs(1..6))), &live).unknown.is_empty(), "taking one away is no trouble");
    let app = planned(&wanting(rules(["nobody".to_owned()].into())), &live_of(&wanting(Gate::default())));
    assert!(invalid(&app).contains("no app `nobody`"));
}

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

// Notes.

#[test]
fn protected_without_a_protected_branch_is_said_every_time() {
    let gate = Gate { deployment_branch_policy: Some(BranchPolicy::Protected), ..Gate::default() };
    let mut live = live_of(&wanting(gate.clone()));
    live.protected_branches = Some(Ok(BTreeSet::new()));
    let draft = planned(&wanting(gate), &live);
    assert!(draft.steps.is_empty() && notes(&draft).contains("lets every branch deploy"));
}

#[test]
fn a_reviewer_without_access_is_invalid_and_nothing_is_planned_for_it() {
    let mut live = live_of(&wanting(Gate::default()));
    live.reviewers.get_mut(&user(1)).unwrap().as_mut().unwrap().access = Access::None;
    let to = |reviewers: &[usize]| wanting(Gate { reviewers: Some(reviewers.iter().copied().map(user).collect()), ..Gate::default() });
    for reviewers in [&[0, 1][..], &[1]] {
        assert!(invalid(&planned(&to(reviewers), &live)).contains("bob has no access"));
    }
}

#[test]
fn a_private_repository_is_told_of_the_billing_plan_and_an_archived_one_of_its_state() {
    let draft = from_to_in(Visibility::Private, Gate::default(), full());
    assert!(notes(&draft).contains("needs GitHub Enterprise"), "{draft:#?}");
    assert!(!notes(&from_to(Gate::default(), full())).contains("Enterprise"));
    let mut live = live_of(&wanting(Gate::default()));
    let repository = live.repository.as_mut().unwrap();
    (repository.archived, repository.admin) = (true, Some(false));
    let said = notes(&planned(&wanting(full()), &live));
    assert!(said.contains("archived") && said.contains("Administration: write"), "{said}");
}

#[test]
fn missing_secrets_are_named_and_values_never() {
    let mut live = live_of(&wanting(full()));
    if let Ok(environments) = &mut live.environments {
        environments.values_mut().flatten().for_each(|there| there.secrets = Some(Ok(BTreeSet::new())));
    }
    let draft = planned(&wanting(full()), &live);
    let [manual] = draft.manual.as_slice() else { panic!("{draft:#?}") };
    assert!(draft.steps.is_empty() && manual.steps.iter().any(|step| step.contains("gh secret set KEY")), "{manual:?}");
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

#[test]
fn a_reviewer_that_stays_is_the_same_on_both_sides_whatever_it_is_called() {
    let team = Reviewer::Team { org: Some("Acme".to_owned()), slug: "Deployers".to_owned(), id: Some(2001) };
    let upper = Reviewer::User { login: "ALICE".to_owned(), id: None };
    let mut live = live_of(&wanting(Gate { reviewers: Some(vec![user(0), user(1)]), ..Gate::default() }));
    let there = live.environments.as_mut().unwrap().values_mut().next().unwrap().as_mut().unwrap();
    there.reviewers.push(LiveReviewer::Team { slug: "deployers".to_owned(), id: 2001 });
    let actor = |id, name: &str| Ok(Actor { id, name: name.to_owned(), access: Access::Granted });
    live.reviewers.insert(team.clone(), actor(ActorId::Team(2001), "acme/deployers"));
    live.reviewers.insert(upper.clone(), actor(ActorId::User(1), "alice"));
    // bob goes and carol comes; alice and the team stay.
    let draft = planned(&wanting(Gate { reviewers: Some(vec![upper.clone(), user(2), team.clone()]), ..Gate::default() }), &live);
    let [field] = only(&draft).fields.as_slice() else { panic!("{draft:#?}") };
    for stays in [json!({"user": "alice", "id": 1}), json!({"team": "acme/deployers", "id": 2001})] {
        for side in [&field.before, &field.after] {
            assert!(side.as_array().unwrap().contains(&stays), "{stays}: {side}");
        }
    }
    assert_eq!(field.after.as_array().unwrap().len(), 3);
    // Nothing changes, and nothing is planned, if only the spelling differs.
    let same = planned(&wanting(Gate { reviewers: Some(vec![upper, user(1), team]), ..Gate::default() }), &live);
    assert_eq!((same.steps.len(), same.invalid.len(), same.unknown.len()), (0, 0, 0), "{same:#?}");
}

#[test]
fn the_billing_note_is_one_line_once_and_absent_if_a_gated_rule_is_live() {
    let two = |gate: Gate| {
        let mut want = wanting(gate.clone());
        want.environments.insert(name("staging"), desired::DesiredEnvironment::Present(gate));
        want
    };
    let billing = |from: &Desired, to: &Desired, visibility: Visibility| {
        let mut live = live_of(from);
        live.repository.as_mut().unwrap().visibility = visibility;
        let draft = planned(to, &live);
        assert!(!draft.steps.is_empty());
        let all: Vec<String> = draft.notes.into_iter().map(|note| note.message).filter(|note| note.contains("Enterprise")).collect();
        all
    };
    let gated = Gate { reviewers: Some(vec![user(0)]), wait_timer: Some(5), ..Gate::default() };
    let notes = billing(&two(Gate::default()), &two(gated.clone()), Visibility::Private);
    let [note] = notes.as_slice() else { panic!("{notes:?}") };
    assert!(!note.contains('\n') && note.contains("exits 3"), "{note}");
    assert_eq!(billing(&two(Gate::default()), &two(gated.clone()), Visibility::Internal).len(), 1);
    assert_eq!(billing(&two(Gate::default()), &two(gated.clone()), Visibility::Public), Vec::<String>::new());
    // One live rule shows that the plan has them all.
    for live in [Gate { reviewers: Some(vec![user(1)]), ..Gate::default() }, Gate { wait_timer: Some(1), ..Gate::default() }] {
        assert_eq!(billing(&two(live), &two(gated.clone()), Visibility::Private), Vec::<String>::new());
    }
    // What no plan gates needs no note.
    let refs = Gate { deployment_branch_policy: Some(selected(&["main"])), ..Gate::default() };
    assert_eq!(billing(&two(Gate::default()), &two(refs), Visibility::Private), Vec::<String>::new());
}

#[test]
fn a_new_environment_that_is_most_likely_a_misspelled_live_one_is_invalid() {
    let repository = repo();
    let gate = || desired::DesiredEnvironment::Present(Gate { wait_timer: Some(5), ..Gate::default() });
    let planned = |declared: &[(&str, desired::DesiredEnvironment)], live: &str| {
        let live = live_of(&Desired { environments: [(name(live), gate())].into(), ..Desired::default() });
        let environments = declared.iter().map(|(text, environment)| (name(text), environment.clone())).collect();
        let mut want = Desired { environments, ..Desired::default() };
        let kept = plan(context(&repository), &want, &live);
        declare_the_rest_absent(&mut want, &live);
        (kept, plan(context(&repository), &want, &live))
    };
    let (kept, pruned) = planned(&[("prodcution", gate())], "production");
    for draft in [kept, pruned] {
        assert!(draft.steps.is_empty(), "neither is one created nor the other deleted: {draft:?}");
        let [(address, why)] = draft.invalid.as_slice() else { panic!("{draft:?}") };
        assert_eq!(*address, Address::environment(&repository, &name("prodcution")));
        assert!(why.reason.contains("did you mean `production`?"), "{why:?}");
    }
    let absent = desired::DesiredEnvironment::Absent;
    let empty = desired::DesiredEnvironment::Present(Gate::default());
    for (declared, live) in [
        (&[("prodcution", gate()), ("production", empty)][..], "production"),
        (&[("production", gate()), ("prodcution", absent)], "prodcution"),
        (&[("staging2", gate())], "staging1"),
        (&[("prod-us", gate())], "prod-eu"),
    ] {
        let (draft, _) = planned(declared, live);
        let created = draft.steps.iter().flat_map(|step| &step.changes).filter(|change| change.action == model::Action::Create);
        assert_eq!((created.count(), draft.invalid.len()), (1, 0), "{declared:?}");
    }
}
