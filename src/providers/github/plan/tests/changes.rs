//! Each kind of change.

use super::*;

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
