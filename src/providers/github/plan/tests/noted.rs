//! What a plan says besides its changes.

use super::*;

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

#[test]
fn protected_without_a_protected_branch_is_said_every_time() {
    let gate = Gate { deployment_branch_policy: Some(BranchPolicy::Protected), ..Gate::default() };
    let mut live = live_of(&wanting(gate.clone()));
    live.protected_branches = Some(Ok(BTreeSet::new()));
    let draft = planned(&wanting(gate), &live);
    assert!(draft.steps.is_empty() && notes(&draft).contains("lets every branch deploy"));
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
fn a_reviewer_who_was_renamed_is_named() {
    let want = |timer| wanting(Gate { reviewers: Some(vec![user(0), user(1)]), wait_timer: Some(timer), ..Gate::default() });
    let mut live = live_of(&want(1));
    let Ok(environments) = &mut live.environments else { panic!("{live:?}") };
    let there = environments.get_mut(&name("production")).unwrap().as_mut().unwrap();
    there.reviewers[0] = LiveReviewer::User { login: "alicia".to_owned(), id: 1, kind: "User".to_owned() };
    there.reviewers[1] = LiveReviewer::User { login: "BOB".to_owned(), id: 2, kind: "User".to_owned() };
    let said = notes(&planned(&want(2), &live));
    assert!(said.contains("reviewer `alice` is now called `alicia`") && !said.contains("bob"), "{said}");
}
