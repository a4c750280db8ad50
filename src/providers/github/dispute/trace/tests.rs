use crate::model::{ByHand, EnvName, RepoName};
use crate::providers::github::live::LiveReviewer;
use crate::providers::github::strictness::ActorId;

use super::*;

const ALICE: u64 = 1;
const BOB: u64 = 2;

fn pattern(name: &str) -> Pattern {
    Pattern { kind: RefKind::Branch, name: name.to_owned() }
}

/// An environment with one reviewer, these patterns, one custom rule and one variable.
fn environment(reviewer: u64, patterns: &[&str]) -> Environment {
    Environment {
        name: EnvName::new("production").unwrap(),
        id: 7,
        reviewers: vec![LiveReviewer::User { login: "somebody".to_owned(), id: reviewer, kind: "User".to_owned() }],
        prevent_self_review: false,
        can_admins_bypass: Some(false),
        wait_timer: 0,
        policy: PolicyMode::Selected,
        patterns: Some(Ok(patterns.iter().zip(1..).map(|(name, id)| (pattern(name), id)).collect())),
        protection_rules: Some(Ok(BTreeMap::from([("app".to_owned(), 9)]))),
        variables: Some(Ok(BTreeMap::from([("TIER".to_owned(), "1".to_owned()), ("OTHER".to_owned(), "kept".to_owned())]))),
        secrets: None,
    }
}

fn put(reviewer: u64) -> Action {
    let body = Body {
        reviewers: Some(BodyReviewer::of(ActorId::User(reviewer)).into_iter().collect()),
        deployment_branch_policy: Some(PolicyFlags::of(PolicyMode::Selected)),
        wait_timer: Some(0),
        ..Body::default()
    };
    let by_hand = ByHand { url: String::new(), because: String::new(), steps: Vec::new() };
    Action::Put { body, if_refused: None, by_hand }
}

fn ops(actions: Vec<Action>) -> Vec<Op> {
    let (repository, environment) = (RepoName::parse("acme/shop").unwrap(), EnvName::new("production").unwrap());
    actions.into_iter().map(|action| Op { repository: repository.clone(), environment: environment.clone(), action }).collect()
}

fn found() -> Action {
    Action::Expect(Some(environment(ALICE, &["main", "dev"]).snapshot([&"TIER".to_owned()])))
}

/// A step that puts another reviewer, takes `dev`, adds `x` and sets the variable.
fn step() -> Vec<Op> {
    ops(vec![
        found(),
        Action::DeleteBranchPolicy { pattern: pattern("dev"), id: 2 },
        put(BOB),
        Action::CreateBranchPolicy(pattern("x")),
        Action::UpdateVariable { name: "TIER".to_owned(), value: "2".to_owned() },
    ])
}

/// What this step leaves.
fn left() -> Environment {
    let mut live = environment(BOB, &["main", "x"]);
    live.variables = Some(Ok(BTreeMap::from([("TIER".to_owned(), "2".to_owned())])));
    live
}

fn done(ops: &[Op]) -> Vec<(&Op, Performed)> {
    ops.iter().map(|op| (op, Performed::Written)).collect()
}

fn compare(ops: &[Op], live: &Environment) -> Dispute {
    Trace::of(&done(ops)).compare(Some(live))
}

fn names(dispute: &Dispute) -> Vec<&str> {
    dispute.foreign.iter().map(|moved| moved.name.as_str()).collect()
}

#[test]
fn what_a_step_found_and_what_it_leaves_are_no_dispute() {
    let step = step();
    assert_eq!(compare(&step[..1], &environment(ALICE, &["main", "dev"])), Dispute::default());
    assert_eq!(compare(&step[..2], &environment(ALICE, &["main"])), Dispute::default());
    assert_eq!(compare(&step, &left()), Dispute::default());
}

#[test]
fn reads_that_lag_behind_its_own_writes_are_no_dispute() {
    let dispute = compare(&step(), &environment(ALICE, &["main", "dev"]));
    assert!(dispute.foreign.is_empty() && !dispute.overwritten, "{dispute:?}");
    assert_eq!(dispute.undone, 3, "one pattern that is not there, one that still is, one variable");
}

#[test]
fn a_reviewer_whom_github_dropped_is_no_other_writers_doing_but_one_who_was_there_is() {
    let (step, mut live) = (step(), left());
    live.reviewers.clear();
    let mut dropped = done(&step);
    dropped[2].1 = Performed::Reduced;
    assert_eq!(Trace::of(&dropped).compare(Some(&live)), Dispute::default());
    assert_eq!(names(&compare(&step, &live)), ["reviewers"]);
}

#[test]
fn whose_put_came_later_is_seen_by_the_other() {
    let (step, mut live) = (step(), left());
    live.reviewers = environment(3, &[]).reviewers;
    live.wait_timer = 5;
    let dispute = compare(&step, &live);
    assert!(dispute.overwritten);
    assert_eq!(names(&dispute), ["reviewers", "wait_timer"]);
    // One that has put nothing itself sees it too.
    let dispute = compare(&step[..2], &live);
    assert!(dispute.overwritten && names(&dispute).contains(&"reviewers"), "{dispute:?}");
}

#[test]
fn entries_of_lists_that_nobody_here_wrote_are_another_writers() {
    let (step, mut live) = (step(), left());
    live.patterns = environment(BOB, &["theirs", "x"]).patterns;
    live.protection_rules = Some(Ok(BTreeMap::from([("another".to_owned(), 4)])));
    live.variables = Some(Ok(BTreeMap::from([("TIER".to_owned(), "3".to_owned())])));
    let dispute = compare(&step, &live);
    assert!(!dispute.overwritten);
    assert_eq!(
        names(&dispute),
        ["branch pattern `theirs`", "branch pattern `main`", "custom rule of `another`", "custom rule of `app`", "variables.TIER"]
    );
}

#[test]
fn a_list_that_was_not_read_and_a_variable_that_is_not_declared_say_nothing() {
    let mut live = left();
    live.patterns = None;
    live.protection_rules = None;
    live.variables = Some(Ok(BTreeMap::from([("TIER".to_owned(), "2".to_owned()), ("OTHER".to_owned(), "changed".to_owned())])));
    assert_eq!(compare(&step(), &live), Dispute::default());
}

#[test]
fn an_environment_that_is_gone_is_another_writers_doing_unless_it_was_just_made() {
    let step = step();
    let gone = Trace::of(&done(&step)).compare(None);
    assert!(gone.overwritten && names(&gone) == ["the environment"], "{gone:?}");
    let made = ops(vec![Action::Expect(None), put(BOB)]);
    assert_eq!(Trace::of(&done(&made)).compare(None), Dispute::default());
}
