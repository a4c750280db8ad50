use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::json;

use super::step::ATTEMPTS;
use super::*;
use crate::http::{ApiError, ErrorKind};
use crate::model::{Address, ByHand, Change, Field, OutcomeResult, Plan, Unknown};

/// A scripted provider: op `n` answers what the script says, and everything is written down.
#[derive(Default)]
struct Script {
    log: RefCell<Vec<String>>,
    lost_then: RefCell<Vec<bool>>,
    stop_after: Option<(&'static str, Stop)>,
}

fn error(kind: ErrorKind, may_have_applied: bool) -> ApiError {
    ApiError { may_have_applied, ..ApiError::new("PUT /x", kind, "went wrong") }
}

fn elsewhere() -> Mismatch {
    Mismatch { name: "wait_timer".to_owned(), was: json!(1), now: json!(2) }
}

impl Script {
    /// Whether a rate limit held a write back.
    fn held(&self) -> bool {
        self.log.borrow().iter().any(|op| op.starts_with("held"))
    }
}

impl Executor for Script {
    type Op = &'static str;

    fn describe(&self, op: &Self::Op) -> String {
        (*op).to_owned()
    }
    fn writes(&self, op: &Self::Op) -> bool {
        !op.starts_with("expect")
    }
    async fn moved(&self, op: &Self::Op) -> Result<Vec<Mismatch>, ApiError> {
        self.log.borrow_mut().push((*op).to_owned());
        let moved = *op == "expect-moved" || *op == "expect-late" && self.held();
        Ok(if moved { vec![elsewhere()] } else { Vec::new() })
    }
    async fn perform(&self, op: &Self::Op) -> Result<(), ApiError> {
        self.log.borrow_mut().push((*op).to_owned());
        if let Some((after, stop)) = &self.stop_after
            && after == op
        {
            stop.set();
        }
        let sent = self.log.borrow().iter().filter(|sent| sent == op).count();
        match *op {
            "fail" => Err(error(ErrorKind::Conflict, false)),
            "locked-out" => Err(error(ErrorKind::Unauthenticated, false)),
            "lost" => Err(error(ErrorKind::Transport, true)),
            "held" if sent == 1 => Err(error(ErrorKind::Held, false)),
            "held-for-good" => Err(error(ErrorKind::Held, false)),
            "interrupted" => Err(error(ErrorKind::Interrupted, false)),
            "exists" if sent == 1 => Err(error(ErrorKind::Transport, true)),
            "exists" => Err(error(ErrorKind::Conflict, false)),
            "refused" => Err(error(ErrorKind::Unprocessable, false)),
            _ => Ok(()),
        }
    }
    async fn took_effect(&self, _op: &Self::Op) -> Result<bool, ApiError> {
        Ok(self.lost_then.borrow_mut().pop().unwrap_or(false))
    }
    fn refused(&self, op: &Self::Op, _error: &ApiError) -> Option<ByHand> {
        (*op == "refused").then(|| ByHand { url: "u".to_owned(), because: "b".to_owned(), steps: Vec::new() })
    }
    async fn fall_back(&self, _op: &Self::Op) -> Result<(), ApiError> {
        self.log.borrow_mut().push("fall back".to_owned());
        Ok(())
    }
}

fn change(address: Address, action: Action, weakens: bool) -> Change {
    let field = Field { name: "reviewers".to_owned(), before: json!([]), after: json!([{"user": "a", "id": 1}]), weakens, because: None };
    Change::new(address, action, vec![field])
}

fn step(app: &str, action: Action, ops: &[&'static str]) -> Step<&'static str> {
    Step { changes: vec![change(Address::app(app), action, false)], ops: ops.to_vec() }
}

fn plan(steps: Vec<Step<&'static str>>, unknown: Vec<(Address, Unknown)>) -> Plan<&'static str> {
    Plan {
        config: "gate.toml".to_owned(),
        fingerprint: String::new(),
        steps,
        manual: Vec::new(),
        invalid: Vec::new(),
        notes: Vec::new(),
        unknown,
        unmanaged: Vec::new(),
        limited_to: [].into(),
    }
}

fn read_back(plan: &Plan<&'static str>) -> ReadBack<&'static str> {
    ReadBack { plan: plan.clone(), not_kept: BTreeMap::new() }
}

fn run_all(script: &Script, steps: &[Step<&'static str>], stop: &Stop) -> Vec<StepResult> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(run(script, steps, stop, &RetryDelays::default(), |_| {}))
}

#[test]
fn a_failure_ends_its_step_and_no_other_and_deletions_come_last() {
    let script = Script::default();
    let steps = [
        step("a", Action::Delete, &["delete"]),
        step("b", Action::Update, &["expect", "fail", "never"]),
        step("c", Action::Update, &["expect", "write"]),
    ];
    let ends = run_all(&script, &steps, &Stop::default());
    assert!(matches!(ends.as_slice(), [StepResult::Done, StepResult::Failed { .. }, StepResult::Done]), "{ends:?}");
    assert_eq!(*script.log.borrow(), ["expect", "fail", "expect", "write", "delete"]);
}

#[test]
fn a_step_that_another_writer_came_before_is_named_and_not_tried_and_the_others_are() {
    let script = Script::default();
    let steps = [step("a", Action::Update, &["expect-moved", "write"]), step("b", Action::Update, &["expect", "next"])];
    assert_eq!(run_all(&script, &steps, &Stop::default()), [StepResult::Mismatch(vec![elsewhere()]), StepResult::Done]);
    assert_eq!(*script.log.borrow(), ["expect-moved", "expect", "next"], "nothing is written over another writer");
}

#[test]
fn what_a_rate_limit_held_back_is_looked_at_again_before_it_is_sent() {
    let script = Script::default();
    assert_eq!(run_all(&script, &[step("a", Action::Update, &["expect", "held", "next"])], &Stop::default()), [StepResult::Done]);
    assert_eq!(*script.log.borrow(), ["expect", "held", "expect", "held", "next"]);

    let ended = |ops: &[&'static str]| {
        let script = Script::default();
        let end = run_all(&script, &[step("a", Action::Update, ops)], &Stop::default()).remove(0);
        let sent = script.log.borrow().iter().filter(|op| op.starts_with("held")).count();
        (end, sent)
    };
    assert_eq!(ended(&["expect-late", "held", "never"]), (StepResult::Mismatch(vec![elsewhere()]), 1));
    // In the middle of a step nothing is looked at again: what is written there follows from what the step wrote before.
    assert_eq!(ended(&["expect-late", "write", "held"]), (StepResult::Done, 2));
    assert!(matches!(ended(&["expect", "held-for-good"]), (StepResult::Failed { .. }, 6)), "a bounded number of times");
}

#[test]
fn a_write_that_a_stop_held_back_is_told_from_one_that_failed() {
    let end = |ops: &[&'static str]| run_all(&Script::default(), &[step("a", Action::Update, ops)], &Stop::default()).remove(0);
    assert!(matches!(end(&["expect", "interrupted"]), StepResult::Skipped(why) if why.contains("before any of it")));
    assert!(
        matches!(end(&["expect", "write", "interrupted"]), StepResult::Failed { why, .. } if why.contains("before the step was complete"))
    );
}

#[test]
fn a_lost_answer_is_settled_by_reading_before_anything_is_sent_again() {
    // Popped from the end: first reading says no, second says yes.
    let script = Script { lost_then: RefCell::new(vec![true, false]), ..Script::default() };
    assert_eq!(run_all(&script, &[step("a", Action::Update, &["lost", "next"])], &Stop::default()), [StepResult::Done]);
    assert_eq!(*script.log.borrow(), ["lost", "lost", "next"]);

    let script = Script::default();
    let ends = run_all(&script, &[step("a", Action::Update, &["lost", "next"])], &Stop::default());
    assert!(matches!(ends.as_slice(), [StepResult::Failed { .. }]));
    assert_eq!(*script.log.borrow(), ["lost"; ATTEMPTS as usize], "sent a bounded number of times, and the step ends");
}

#[test]
fn nothing_is_sent_again_after_the_user_asked_to_stop() {
    let stop = Stop::default();
    let script = Script { stop_after: Some(("lost", stop.clone())), ..Script::default() };
    let ends = run_all(&script, &[step("a", Action::Update, &["lost", "next"])], &stop);
    assert_eq!(*script.log.borrow(), ["lost"], "{ends:?}");
    assert!(matches!(ends.as_slice(), [StepResult::Failed { .. }]), "{ends:?}");
}

#[test]
fn a_failure_says_what_the_gate_is_like_now() {
    let before = plan(vec![step("a", Action::Update, &["fail"])], Vec::new());
    let failed = StepResult::Failed { why: "setting variable X: 403".to_owned(), kind: ErrorKind::Forbidden };
    let report = report(&before, &[failed], &read_back(&before), false);
    let message = &report.outcomes[0].message;
    assert!(message.contains("reviewers") && message.contains("NO APPROVAL IS REQUIRED") && message.ends_with("403"), "{message}");
}

#[test]
fn a_refusal_of_what_the_lost_request_did_is_its_success() {
    // The first reading lags behind, so the request is sent again, and refused.
    let script = Script { lost_then: RefCell::new(vec![true, false]), ..Script::default() };
    assert_eq!(run_all(&script, &[step("a", Action::Update, &["exists", "next"])], &Stop::default()), [StepResult::Done]);
    assert_eq!(*script.log.borrow(), ["exists", "exists", "next"]);

    let script = Script { lost_then: RefCell::new(vec![false, false]), ..Script::default() };
    let ends = run_all(&script, &[step("a", Action::Update, &["exists", "next"])], &Stop::default());
    assert!(matches!(ends.as_slice(), [StepResult::Failed { .. }]), "refused, and not there: {ends:?}");
}

#[test]
fn refused_credentials_stop_that_provider_only() {
    let script = Script::default();
    let repo = crate::model::RepoName::parse("o/r").unwrap();
    let github = Step { changes: vec![change(Address::repository(&repo), Action::Update, false)], ops: vec!["other"] };
    let steps = [step("a", Action::Update, &["locked-out"]), step("b", Action::Update, &["write"]), github];
    let ends = run_all(&script, &steps, &Stop::default());
    assert!(matches!(ends.as_slice(), [StepResult::Failed { .. }, StepResult::Skipped(_), StepResult::Done]), "{ends:?}");
}

#[test]
fn after_a_refusal_the_rest_is_tried_unless_it_loosens() {
    let script = Script::default();
    let ends = run_all(&script, &[step("a", Action::Update, &["refused", "pattern", "fail"])], &Stop::default());
    assert_eq!(*script.log.borrow(), ["refused", "fall back", "pattern", "fail"]);
    let [StepResult::Refused(_, rest)] = ends.as_slice() else { panic!("{ends:?}") };
    assert_eq!(rest.len(), 1);

    let script = Script::default();
    let loosening = Step { changes: vec![change(Address::app("a"), Action::Update, true)], ops: vec!["refused", "pattern"] };
    run_all(&script, &[loosening], &Stop::default());
    assert_eq!(*script.log.borrow(), ["refused", "fall back"]);
}

#[test]
fn after_a_refusal_nothing_is_sent_once_the_user_asked_to_stop() {
    let stop = Stop::default();
    let script = Script { stop_after: Some(("refused", stop.clone())), ..Script::default() };
    let ends = run_all(&script, &[step("a", Action::Update, &["refused", "pattern"])], &stop);
    assert_eq!(*script.log.borrow(), ["refused"]);
    let [StepResult::Refused(_, rest)] = ends.as_slice() else { panic!("{ends:?}") };
    assert!(rest[0].contains("interrupted"), "{rest:?}");
}

#[test]
fn a_stop_lets_the_request_in_flight_finish_and_sends_no_other() {
    let stop = Stop::default();
    let script = Script { stop_after: Some(("first", stop.clone())), ..Script::default() };
    let ends = run_all(&script, &[step("a", Action::Update, &["first", "second"]), step("b", Action::Update, &["third"])], &stop);
    assert_eq!(*script.log.borrow(), ["first"]);
    assert!(matches!(ends.as_slice(), [StepResult::Failed { .. }, StepResult::Skipped(_)]), "{ends:?}");
}

#[test]
fn what_was_read_back_decides() {
    let before = plan(vec![step("a", Action::Update, &["write"])], Vec::new());
    let clean = plan(Vec::new(), Vec::new());
    let result = |end: StepResult, after: &Plan<&'static str>| {
        let report = report(&before, &[end], &read_back(after), false);
        (report.outcomes[0].result.clone(), report.converged, report.outcomes[0].message.clone())
    };
    assert_eq!(result(StepResult::Done, &clean), (OutcomeResult::Applied, true, "verified".to_owned()));
    let (kind, converged, message) = result(StepResult::Done, &before);
    assert_eq!((kind, converged), (OutcomeResult::Failed, false));
    assert!(message.contains("does not list a as a reviewer") && message.contains("NO APPROVAL IS REQUIRED"), "{message}");
    assert_eq!(result(StepResult::Failed { why: "lost".to_owned(), kind: ErrorKind::Server }, &clean).0, OutcomeResult::Applied);
    let unknown = Unknown::new("502", "");
    let blind = plan(Vec::new(), vec![(Address::app("a"), unknown)]);
    assert_eq!(result(StepResult::Done, &blind).0, OutcomeResult::Failed, "a success that could not be checked is not one");
}

#[test]
fn what_is_there_again_and_what_this_run_did_not_write_is_named() {
    let told = |before: &Plan<&'static str>, after: &Plan<&'static str>| {
        let report = report(before, &vec![StepResult::Done; before.steps.len()], &read_back(after), false);
        assert!(!report.converged);
        report.outcomes.into_iter().map(|outcome| (outcome.result, outcome.message)).collect::<Vec<_>>()
    };
    let deletes = plan(vec![step("a", Action::Delete, &["delete"])], Vec::new());
    let [(OutcomeResult::Failed, message)] = &told(&deletes, &deletes)[..] else { panic!() };
    assert!(message.contains("it exists again: another writer recreated it"), "{message}");
    let elsewhere = plan(vec![step("b", Action::Update, &["write"])], Vec::new());
    let [(OutcomeResult::Applied, _), (OutcomeResult::Failed, message)] =
        &told(&plan(vec![step("a", Action::Update, &[])], Vec::new()), &elsewhere)[..]
    else {
        panic!()
    };
    assert!(message.starts_with("not written: ") && message.contains("another writer changed it"), "{message}");
}

#[test]
fn what_was_sent_along_and_is_not_there_is_a_failure_that_names_it() {
    let before = plan(vec![step("a", Action::Update, &["write"])], Vec::new());
    let lost = |now: serde_json::Value| Mismatch { name: "reviewers".to_owned(), was: json!([{"user": "bob", "id": 2}]), now };
    let said = |plan: &Plan<&'static str>, now| {
        let after = ReadBack { plan: plan.clone(), not_kept: [(Address::app("a"), vec![lost(now)])].into() };
        let report = report(&before, &[StepResult::Done], &after, false);
        assert!(!report.converged);
        (report.outcomes[0].result.clone(), report.outcomes[0].message.clone())
    };
    let (result, message) = said(&plan(Vec::new(), Vec::new()), json!([{"user": "eve", "id": 3}]));
    assert_eq!(result, OutcomeResult::Failed);
    assert!(message.contains("bob") && message.contains("eve") && !message.contains("NO APPROVAL"), "{message}");
    let (_, message) = said(&plan(Vec::new(), Vec::new()), json!([]));
    assert!(message.contains("NO APPROVAL IS REQUIRED"), "{message}");
    // Items that the read-back plan names are not named twice.
    let (_, message) = said(&before, json!([]));
    assert!(!message.contains("sent unchanged"), "{message}");
}
