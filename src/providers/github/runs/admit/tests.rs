use jiff::Timestamp;

use super::*;

fn person(login: &str) -> Account {
    Account::new(login.to_owned(), None, Some("User"))
}

fn name(name: &str) -> EnvName {
    EnvName::new(name).unwrap()
}

fn pending(environment: &str, you_may_approve: bool) -> Pending {
    Pending {
        environment: name(environment),
        environment_id: environment.len() as u64,
        wait_timer: 0,
        wait_timer_started_at: None,
        you_may_approve,
        reviewers: vec![Approver::User("bob".to_owned()), Approver::Team("sre".to_owned())],
    }
}

fn run_state(pending: Vec<Pending>) -> RunState {
    let at = Timestamp::UNIX_EPOCH;
    let run = Run {
        id: 7,
        workflow: "Deploy".to_owned(),
        workflow_id: Some(1),
        path: String::new(),
        event: "push".to_owned(),
        branch: "main".to_owned(),
        sha: "3F2a1b0cdd".to_owned(),
        status: "waiting".to_owned(),
        conclusion: None,
        attempt: 1,
        actor: Some(person("alice")),
        triggering_actor: Some(person("dora")),
        created_at: at,
        updated_at: at,
    };
    RunState { run, pending, approvals: Vec::new() }
}

fn request(environments: &[&str]) -> ReviewRequest {
    ReviewRequest {
        decision: Decision::Approved,
        environments: Which::named(&environments.iter().map(|text| name(text)).collect::<Vec<_>>()),
        commit: None,
        no_self_review: Vec::new(),
    }
}

fn refusals(run_state: RunState, request: &ReviewRequest, viewer: &str) -> Vec<NotReviewable> {
    admit(run_state, request, &person(viewer)).unwrap_err()
}

#[test]
fn the_only_environment_needs_no_name_and_several_do() {
    let both = || vec![pending("production", true), pending("staging", true)];
    let names = || vec![name("production"), name("staging")];
    assert_eq!(admit(run_state(vec![pending("production", true)]), &request(&[]), &person("bob")).unwrap().pending.len(), 1);
    assert_eq!(refusals(run_state(both()), &request(&[]), "bob"), [NotReviewable::WhichEnvironment(names())]);
    let chosen = admit(run_state(both()), &request(&["Staging"]), &person("bob")).unwrap().pending;
    assert_eq!(chosen.iter().map(|pending| &pending.environment).collect::<Vec<_>>(), [&name("staging")]);
    assert_eq!(admit(run_state(both()), &request(&["staging", "production"]), &person("bob")).unwrap().pending.len(), 2);
    assert_eq!(refusals(run_state(both()), &request(&["staging", "prod"]), "bob"), [NotReviewable::NotWaitingFor(name("prod"), names())]);
}

#[test]
fn what_no_longer_waits_is_not_reviewed_again() {
    let mut over = run_state(vec![]);
    over.run.status = "completed".to_owned();
    over.run.conclusion = Some("success".to_owned());
    let review = Approval {
        state: Decision::Approved,
        user: Some(person("bob")),
        comment: String::new(),
        environments: vec!["production".to_owned()],
    };
    over.approvals.push(review);
    let told = refusals(over, &request(&[]), "bob").remove(0).to_string();
    assert!(told.contains("completed (success)") && told.contains("production approved by bob"), "{told}");
}

#[test]
fn another_commit_is_refused_whatever_its_case() {
    for (pin, fits) in [("3f2a1b0", true), ("3F2A1B0CDD", true), ("3f2a1b1", false), ("3f2a1b0cdde", false)] {
        let request = ReviewRequest { commit: Some(pin.parse().unwrap()), ..request(&[]) };
        assert_eq!(admit(run_state(vec![pending("production", true)]), &request, &person("bob")).is_ok(), fits, "{pin}");
    }
    for bad in ["", "3f2a1b", "HEAD", "3f2a1bg", "main1234"] {
        assert!(bad.parse::<CommitPin>().is_err(), "{bad}");
    }
}

#[test]
fn only_reviewers_may_review_and_not_their_own_run_if_that_is_prevented() {
    let one = |may| run_state(vec![pending("production", may)]);
    let stranger = NotReviewable::NotAReviewer(name("production"), pending("production", false).reviewers);
    assert_eq!(refusals(one(false), &request(&[]), "carol"), std::slice::from_ref(&stranger));
    assert_eq!(refusals(one(false), &request(&[]), "alice"), [stranger], "who started it and is not a reviewer");
    let mut own = one(false);
    own.run.actor = Some(person("BOB"));
    assert_eq!(refusals(own, &request(&[]), "bob"), [NotReviewable::SelfReview(name("production"))], "a reviewer that GitHub does not let");
    let declared = ReviewRequest { no_self_review: vec![name("Production")], ..request(&[]) };
    for starter in ["alice", "dora"] {
        assert_eq!(refusals(one(true), &declared, starter), [NotReviewable::SelfReview(name("production"))], "gate.toml prevents it");
        assert!(admit(one(true), &request(&[]), &person(starter)).unwrap().own);
    }
    let reject = ReviewRequest { decision: Decision::Rejected, ..declared };
    assert!(admit(one(true), &reject, &person("alice")).is_ok(), "to reject one's own run weakens nothing");
    assert!(!admit(one(true), &reject, &person("bob")).unwrap().own);
}

#[test]
fn a_run_that_moved_is_not_the_one_that_was_shown() {
    let admitted = |change: fn(&mut RunState)| {
        let mut run_state = run_state(vec![pending("production", true)]);
        change(&mut run_state);
        admit(run_state, &request(&[]), &person("bob")).unwrap()
    };
    let shown = admitted(|_| {});
    assert!(shown.still(&admitted(|run_state| run_state.run.status = "in_progress".to_owned())));
    assert!(!shown.still(&admitted(|run_state| run_state.run.attempt = 2)));
    assert!(!shown.still(&admitted(|run_state| run_state.run.sha = "beef".to_owned())));
    assert!(!shown.still(&admitted(|run_state| run_state.pending = vec![pending("staging", true)])));
}

#[test]
fn a_run_whose_starter_is_not_said_is_not_approved_under_prevented_self_review() {
    let strict = || ReviewRequest { no_self_review: vec![name("production")], ..request(&[]) };
    for forget in [|run: &mut Run| run.actor = None, |run: &mut Run| run.triggering_actor = None] {
        let mut unsaid = run_state(vec![pending("production", true)]);
        forget(&mut unsaid.run);
        assert_eq!(admit(unsaid.clone(), &strict(), &person("bob")), Err(vec![NotReviewable::UnknownStarter(name("production"))]));
        assert!(admit(unsaid.clone(), &request(&[]), &person("bob")).is_ok(), "if nothing prevents self-review it does not matter");
        assert!(admit(unsaid, &ReviewRequest { decision: Decision::Rejected, ..strict() }, &person("bob")).is_ok(), "rejecting closes");
    }
}

#[test]
fn a_run_that_waits_for_something_else_is_not_said_to_have_stopped_waiting() {
    let Err(refusals) = admit(run_state(Vec::new()), &request(&[]), &person("bob")) else { panic!("nothing waits for a review") };
    assert_eq!(refusals[0].to_string(), "none of its environments is waiting for a review");
}
