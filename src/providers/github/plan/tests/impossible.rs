//! What cannot be planned: unknown and invalid.

use super::*;
use crate::model::Unknown;

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
fn a_reviewer_without_access_is_invalid_and_nothing_is_planned_for_it() {
    let mut live = live_of(&wanting(Gate::default()));
    live.reviewers.get_mut(&user(1)).unwrap().as_mut().unwrap().access = Access::None;
    let to = |reviewers: &[usize]| wanting(Gate { reviewers: Some(reviewers.iter().copied().map(user).collect()), ..Gate::default() });
    for reviewers in [&[0, 1][..], &[1]] {
        assert!(invalid(&planned(&to(reviewers), &live)).contains("bob has no access"));
    }
}

#[test]
fn a_reviewer_of_unknown_access_is_sent_only_if_nobody_can_be_lost() {
    let not_known = || Access::Unknown(Unknown::new("403", "a hint"));
    for (there, to, unsure, lost) in [
        // The one that GitHub may drop was not there, and another one stays.
        (&[1][..], &[0, 1][..], &[0][..], ""),
        (&[], &[0], &[0], ""),
        (&[1], &[0, 1], &[], ""),
        // One that is there may go.
        (&[0], &[0, 1], &[0], "may lose alice"),
        (&[0, 1], &[0, 1, 2], &[1], "may lose bob"),
        // No one would be left.
        (&[1], &[0], &[0], "may lose alice"),
        (&[2], &[0, 1], &[0, 1], "may lose alice, bob"),
    ] {
        let listed = |all: &[usize]| Gate { reviewers: Some(all.iter().copied().map(user).collect()), ..Gate::default() };
        let mut live = live_of(&wanting(listed(there)));
        for one in unsure {
            live.reviewers.get_mut(&user(*one)).unwrap().as_mut().unwrap().access = not_known();
        }
        let draft = planned(&wanting(Gate { wait_timer: Some(5), ..listed(to) }), &live);
        if lost.is_empty() {
            assert_eq!((draft.steps.len(), draft.unknown.len()), (1, 0), "{there:?} {to:?} {draft:?}");
            assert_eq!(notes(&draft).matches("whether alice has access").count(), unsure.len(), "{draft:?}");
        } else {
            assert!(unknown(&draft).contains(lost), "{there:?} {to:?} {draft:?}");
        }
    }
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
