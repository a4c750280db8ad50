use proptest::prelude::*;

use super::*;
use crate::model::{Cause, Unknown};
use crate::providers::github::runs::changes::{Changes, Commit, PullRequest};
use crate::providers::github::runs::observe::{Deployments, Older};

const SHA: &str = "3f2a1b0c";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn repo() -> RepoName {
    RepoName::parse("o/r").unwrap()
}

fn person(login: &str) -> Account {
    Account::new(login.to_owned(), None, Some("User"))
}

fn production() -> EnvName {
    EnvName::new("production").unwrap()
}

/// A run from second 100 to 200, started by alice.
fn run(id: u64) -> Run {
    Run {
        id,
        workflow: "Deploy".to_owned(),
        workflow_id: Some(1),
        path: ".github/workflows/deploy.yml".to_owned(),
        event: "push".to_owned(),
        branch: "main".to_owned(),
        sha: SHA.to_owned(),
        status: "completed".to_owned(),
        conclusion: Some("success".to_owned()),
        attempt: 1,
        actor: Some(person("alice")),
        triggering_actor: Some(person("alice")),
        created_at: at(100),
        updated_at: at(200),
    }
}

fn review(state: Decision, user: Option<&str>, environments: &[&str]) -> Approval {
    Approval {
        state,
        user: user.map(person),
        comment: String::new(),
        environments: environments.iter().map(|&name| name.to_owned()).collect(),
    }
}

fn approved_by(user: &str) -> Approval {
    review(Decision::Approved, Some(user), &["production"])
}

/// A deployment of second 150 whose statuses, given oldest first, lead to a run.
fn made(id: u64, run: Option<u64>, states: &[&str]) -> Traced {
    let log = run.map(|run| format!("https://github.com/o/r/actions/runs/{run}/job/1"));
    let status = |(second, state): (usize, &&str)| Status {
        state: (*state).to_owned(),
        log: log.clone(),
        created_at: at(150 + i64::try_from(second).unwrap()),
    };
    Traced {
        deployment: Deployment {
            id,
            sha: SHA.to_owned(),
            git_ref: "main".to_owned(),
            environment: "production".to_owned(),
            creator: Some(person("alice")),
            created_at: at(150),
        },
        statuses: Ok(states.iter().enumerate().map(status).rev().collect()),
        role: Role::Asked,
    }
}

fn unknown() -> Unknown {
    Unknown { reason: "403".to_owned(), hint: "Actions: read".to_owned(), cause: Cause::Credentials }
}

fn standings(traced: Vec<Traced>, runs: Vec<(Run, Vec<Approval>)>) -> Vec<Standing> {
    let runs = runs.into_iter().map(|(run, approvals)| (run.id, Examined { run: Answer::Present(run), approvals: Ok(approvals) }));
    let history = History { runs: runs.collect(), ..history(traced) };
    judge(&repo(), &history, Measure::default()).remove(0).1.into_iter().map(|record| record.standing).collect()
}

/// The deployments of production, without runs, changes and other environments.
fn history(traced: Vec<Traced>) -> History {
    History {
        environments: vec![(production(), Ok(Deployments { traced, older: Older::default(), pages: 1 }))],
        runs: BTreeMap::new(),
        changes: Ok(Changes::default()),
        listed_runs: None,
        since: None,
    }
}

fn standing(traced: Traced, run: Run, approvals: &[Approval]) -> Standing {
    standings(vec![traced], vec![(run, approvals.to_vec())]).remove(0)
}

const DEPLOYED: &[&str] = &["waiting", "in_progress", "success"];

#[test]
fn each_story_has_its_standing() {
    let bob = approved_by("bob");
    let rejected = review(Decision::Rejected, Some("bob"), &["production"]);
    let gap = Standing::NotProvable;
    for (name, states, approvals, expected) in [
        ("approved", DEPLOYED, vec![bob.clone()], Standing::Approved),
        ("names compare without case", DEPLOYED, vec![review(Decision::Approved, Some("bob"), &["Production"])], Standing::Approved),
        ("by who started it", DEPLOYED, vec![approved_by("Alice")], Standing::SelfApproved),
        ("by both", DEPLOYED, vec![bob.clone(), approved_by("alice")], Standing::SelfApproved),
        ("by nobody", DEPLOYED, vec![], Standing::NoApproval),
        ("ungated", &["in_progress", "success", "inactive"][..], vec![], Standing::NoApproval),
        ("for another environment", DEPLOYED, vec![review(Decision::Approved, Some("bob"), &["staging"])], Standing::NoApproval),
        ("rejected, and bypassed", DEPLOYED, vec![rejected.clone()], Standing::NoApproval),
        ("rejected", &["waiting", "failure"][..], vec![rejected.clone()], Standing::Rejected),
        ("waiting, and the run is over", &["waiting"][..], vec![], gap(Gap::EndedWaiting)),
        ("approved, waiting, and the run is over", &["waiting"][..], vec![bob.clone()], gap(Gap::EndedWaiting)),
        ("rejected, waiting, and the run is over", &["waiting"][..], vec![rejected.clone()], Standing::Rejected),
        ("begun, and waiting since", &["in_progress", "success", "waiting"][..], vec![], Standing::NoApproval),
        ("a review that is none", DEPLOYED, vec![review(Decision::Pending, Some("bob"), &["production"])], Standing::NoApproval),
        ("cancelled", &["waiting", "error"][..], vec![], gap(Gap::NeverSeenToStart(Some("error".to_owned())))),
        ("no status", &[][..], vec![], gap(Gap::NoRun)),
        ("for what was deleted", DEPLOYED, vec![review(Decision::Approved, Some("bob"), &[])], gap(Gap::UnnamedEnvironment)),
        ("by who was deleted", DEPLOYED, vec![review(Decision::Approved, None, &["production"])], gap(Gap::UnnamedPerson)),
        ("both, and not begun", &["waiting", "failure"][..], vec![bob, rejected], gap(Gap::Contradiction)),
    ] {
        assert_eq!(standing(made(1, Some(7), states), run(7), &approvals), expected, "{name}");
    }
}

#[test]
fn only_a_run_that_goes_on_waits() {
    let waits = |status: &str| standing(made(1, Some(7), &["waiting"]), Run { status: status.to_owned(), ..run(7) }, &[]);
    for status in ["waiting", "in_progress", "queued"] {
        assert_eq!(waits(status), Standing::Waiting);
    }
    for status in ["completed", "", "archived"] {
        assert_eq!(waits(status), Standing::NotProvable(Gap::EndedWaiting));
    }
    let going_on = Run { status: "in_progress".to_owned(), ..run(7) };
    assert_eq!(standing(made(1, Some(7), &["in_progress", "waiting"]), going_on, &[]), Standing::NoApproval);
}

#[test]
fn a_link_to_a_run_that_does_not_fit_proves_nothing() {
    let bob = [approved_by("bob")];
    let misfit = |fit: RunMismatch| Standing::NotProvable(Gap::RunMismatch(fit));
    let other = Run { sha: "beef".to_owned(), ..run(7) };
    assert_eq!(standing(made(1, Some(7), DEPLOYED), other, &bob), misfit(RunMismatch::Commit));
    assert_eq!(standing(made(1, Some(7), DEPLOYED), Run { created_at: at(151), ..run(7) }, &bob), misfit(RunMismatch::Before));
    assert_eq!(standing(made(1, Some(7), DEPLOYED), Run { updated_at: at(149), ..run(7) }, &bob), misfit(RunMismatch::After));
    let going_on = Run { status: "in_progress".to_owned(), updated_at: at(149), ..run(7) };
    assert_eq!(standing(made(1, Some(7), DEPLOYED), going_on, &bob), Standing::Approved);
    assert_eq!(standing(made(1, None, DEPLOYED), run(7), &bob), Standing::NotProvable(Gap::NoRun));
    let mut two = made(1, Some(7), DEPLOYED);
    two.statuses.as_mut().unwrap()[0].log = Some("https://github.com/o/r/actions/runs/8".to_owned());
    assert_eq!(standing(two, run(7), &bob), Standing::NotProvable(Gap::SeveralRuns));
    let mut elsewhere = made(1, None, DEPLOYED);
    elsewhere.statuses.as_mut().unwrap()[0].log = Some("https://github.com/o/other/actions/runs/7".to_owned());
    assert_eq!(standing(elsewhere, run(7), &bob), Standing::NotProvable(Gap::NoRun));
}

#[test]
fn what_ends_a_deployment_later_does_not_lead_to_its_run() {
    let mut traced = made(1, Some(7), &["waiting", "in_progress", "success", "inactive"]);
    traced.statuses.as_mut().unwrap()[0].log = Some("https://github.com/o/r/actions/runs/8".to_owned());
    assert_eq!(standing(traced, run(7), &[approved_by("bob")]), Standing::Approved);
}

#[test]
fn one_approval_does_not_prove_two_deployments_of_a_run() {
    let two = || vec![made(1, Some(7), DEPLOYED), made(2, Some(7), DEPLOYED)];
    let gap = Standing::NotProvable(Gap::TooFewApprovals { deployments: 2, approvals: 1 });
    assert_eq!(standings(two(), vec![(run(7), vec![approved_by("bob")])]), [gap.clone(), gap.clone()]);
    let beyond = vec![made(1, Some(7), DEPLOYED), Traced { role: Role::Sibling, ..made(2, Some(7), DEPLOYED) }];
    assert_eq!(standings(beyond, vec![(run(7), vec![approved_by("bob")])]), [gap], "also one that was not asked for counts");
    let both = vec![approved_by("bob"), approved_by("carol")];
    assert_eq!(standings(two(), vec![(run(7), both)]), [Standing::Approved, Standing::Approved]);
    let one_rejected = vec![made(1, Some(7), DEPLOYED), made(2, Some(7), &["waiting"])];
    let going_on = Run { status: "waiting".to_owned(), ..run(7) };
    assert_eq!(standings(one_rejected, vec![(going_on, vec![approved_by("bob")])]), [Standing::Approved, Standing::Waiting]);
}

#[test]
fn what_was_not_read_is_not_provable() {
    let history =
        |run, approvals| History { runs: BTreeMap::from([(7, Examined { run, approvals })]), ..history(vec![made(1, Some(7), DEPLOYED)]) };
    for (run, approvals, gap) in [
        (Answer::Absent, Ok(vec![approved_by("bob")]), Gap::Gone),
        (Answer::Unknown(unknown()), Ok(vec![approved_by("bob")]), Gap::Unread(unknown())),
        (Answer::Present(run(7)), Err(unknown()), Gap::Unread(unknown())),
    ] {
        let judged = judge(&repo(), &history(run, approvals), Measure::default()).remove(0).1;
        assert_eq!(judged[0].standing, Standing::NotProvable(gap));
    }
    let mut unread = made(1, Some(7), DEPLOYED);
    unread.statuses = Err(unknown());
    assert_eq!(standing(unread, run(7), &[approved_by("bob")]), Standing::NotProvable(Gap::Unread(unknown())));
}

#[test]
fn when_it_stopped_waiting_bounds_when_it_was_approved() {
    let history = history(vec![made(1, Some(7), DEPLOYED), made(2, Some(7), &["in_progress"]), made(3, Some(7), &["waiting"])]);
    let released: Vec<_> = judge(&repo(), &history, Measure::default()).remove(0).1.into_iter().map(|record| record.released_at).collect();
    assert_eq!(released, [Some(at(151)), None, None]);
}

fn any_review() -> impl Strategy<Value = Approval> {
    let state = prop_oneof![Just(Decision::Approved), Just(Decision::Rejected), Just(Decision::Pending)];
    let user = prop_oneof![Just(None), Just(Some("alice")), Just(Some("bob")), Just(Some("carol"))];
    let environments = prop_oneof![Just(&["production"][..]), Just(&["staging"][..]), Just(&["staging", "production"][..]), Just(&[][..])];
    (state, user, environments).prop_map(|(state, user, environments)| review(state, user, environments))
}

fn any_traced() -> impl Strategy<Value = Traced> {
    let state = prop_oneof![Just("waiting"), Just("in_progress"), Just("success"), Just("failure"), Just("inactive")];
    let link = prop_oneof![1 => Just(None), 4 => Just(Some(7)), 2 => Just(Some(8))];
    (link, prop::collection::vec(state, 0..4), any::<bool>()).prop_map(|(link, states, same)| {
        let mut traced = made(1, link, &states);
        if !same {
            traced.deployment.sha = "beef".to_owned();
        }
        traced
    })
}

proptest! {
    /// The law of this module: what is called approved has an approval that can belong to nothing else.
    #[test]
    fn only_a_proof_is_an_approval(
        traced in prop::collection::vec(any_traced(), 1..4),
        reviews in prop::collection::vec(any_review(), 0..4),
        attempt in 1u32..3,
        over in any::<bool>(),
    ) {
        let known = Run { attempt, updated_at: at(if over { 120 } else { 200 }), ..run(7) };
        let standings = standings(traced.clone(), vec![(known.clone(), reviews.clone())]);
        let for_production = |review: &&Approval| review.state == Decision::Approved && review.environments.iter().any(|name| name == "production");
        let approvals: Vec<&Approval> = reviews.iter().filter(for_production).collect();
        for (one, standing) in traced.iter().zip(&standings) {
            if matches!(standing, Standing::Approved | Standing::SelfApproved) {
                let links: BTreeMap<&str, ()> = one.statuses.as_ref().unwrap().iter().filter_map(|s| Some((s.log.as_deref()?, ()))).collect();
                prop_assert!(links.len() == 1 && links.keys().all(|link| link.contains("/runs/7/")));
                prop_assert!(one.deployment.sha == known.sha && !over && attempt == 1 && !approvals.is_empty());
                prop_assert!(approvals.iter().all(|review| review.user.is_some()));
            }
            if *standing == Standing::Approved {
                prop_assert!(approvals.iter().all(|review| review.user.as_ref().is_none_or(|user| user.login != "alice")));
            }
            if *standing == Standing::NoApproval {
                prop_assert!(approvals.is_empty());
            }
        }
        let proven = standings.iter().zip(&traced);
        let deployed = proven.filter(|(standing, one)| {
            matches!(standing, Standing::Approved | Standing::SelfApproved) && started(one.statuses.as_ref().unwrap())
        });
        prop_assert!(deployed.count() <= approvals.len());
        let records: Vec<Record> = judge(&repo(), &history(traced.clone()), Measure::default()).remove(0).1;
        prop_assert!(records.iter().all(|record| !matches!(record.standing, Standing::Approved | Standing::SelfApproved)));
        prop_assert_eq!(Summary::of(records.iter().map(|record| &record.standing)).total(), traced.len());
    }
}

/// Two deployments of commits `a` and then `SHA`, the second one approved by bob.
fn shipped(commits: Vec<Commit>, pulls: Vec<PullRequest>, measure: Measure<'_>, approvals: &[Approval]) -> Standing {
    let mut before = made(1, None, &["success"]);
    (before.deployment.sha, before.deployment.created_at, before.role) = ("a".to_owned(), at(10), Role::Previous);
    let history = History {
        runs: BTreeMap::from([(7, Examined { run: Answer::Present(run(7)), approvals: Ok(approvals.to_vec()) })]),
        changes: Ok(Changes::new(commits, pulls)),
        ..history(vec![made(2, Some(7), DEPLOYED), before])
    };
    judge(&repo(), &history, measure).remove(0).1.remove(0).standing
}

fn commit(sha: &str, parent: &str, author: &str) -> Commit {
    Commit {
        sha: sha.to_owned(),
        parents: vec![parent.to_owned()],
        author: Some(person(author)),
        subject: String::new(),
        committed_at: None,
    }
}

#[test]
fn an_author_of_what_shipped_is_not_an_independent_approver() {
    let bob = [approved_by("bob")];
    let standing = |author: &str, opened_by: &str| {
        let pull = PullRequest {
            number: 5,
            title: "change".to_owned(),
            author: Some(person(opened_by)),
            merge_commit: SHA.to_owned(),
            merged_at: at(20),
            approved_by: None,
            merged_by: None,
        };
        let commits = vec![commit("a", "root", "bob"), commit("m", "a", author), commit(SHA, "m", "carol")];
        shipped(commits, vec![pull], Measure::default(), &bob)
    };
    assert_eq!(standing("carol", "dave"), Standing::Approved, "bob wrote only what had shipped before");
    assert_eq!(standing("BOB", "dave"), Standing::AuthorApproved);
    assert_eq!(standing("carol", "bob"), Standing::AuthorApproved);
    // Unknown is not a fault; the report counts it as not linked.
    assert_eq!(shipped(vec![commit(SHA, "x", "bob")], Vec::new(), Measure::default(), &bob), Standing::Approved);
}

#[test]
fn a_bot_is_not_a_person_and_an_unknown_account_proves_nothing() {
    let by = |kind: Option<&str>, login: &str| {
        let user = Some(Account::new(login.to_owned(), Some(9), kind));
        shipped(Vec::new(), Vec::new(), Measure::default(), &[Approval { user, ..approved_by("x") }])
    };
    assert_eq!(by(Some("User"), "bob"), Standing::Approved);
    for (kind, login) in [(Some("Bot"), "bob"), (Some("Organization"), "bob"), (Some("User"), "bob[bot]"), (None, "bob[bot]")] {
        assert_eq!(by(kind, login), Standing::ApprovedByAutomation, "{kind:?} {login}");
    }
    assert_eq!(by(None, "bob"), Standing::NotProvable(Gap::UnknownKind("bob".to_owned())));
}

#[test]
fn as_many_different_people_as_gate_toml_asks_for() {
    let two = BTreeMap::from([(production(), 2)]);
    let measure = Measure { approvals: Some(&two), audit: None };
    let standing = |approvals: &[Approval]| shipped(Vec::new(), Vec::new(), measure, approvals);
    assert_eq!(standing(&[approved_by("bob"), approved_by("carol")]), Standing::Approved);
    for approvals in [vec![approved_by("bob")], vec![approved_by("bob"), approved_by("Bob")]] {
        assert_eq!(standing(&approvals), Standing::TooFewApprovals { found: 1, needed: 2 });
    }
}

#[test]
fn an_audit_log_adds_times_and_bypasses_and_never_makes_a_standing_better() {
    let event = |action: &str, actor: &str, more: &str| {
        format!(
            r#"{{"action":"workflows.{action}","repo":"o/r","actor":"{actor}","workflow_run_id":7,"environment_name":"production","@timestamp":152000{more}}}"#
        )
    };
    let log = |text: String| AuditLog::parse(&text, &repo()).unwrap();
    let standing =
        |log: &AuditLog, approvals: &[Approval]| shipped(Vec::new(), Vec::new(), Measure { approvals: None, audit: Some(log) }, approvals);
    let bob = [approved_by("bob")];
    assert_eq!(standing(&log(event("approve_workflow_job", "bob", "")), &bob), Standing::Approved);
    assert_eq!(standing(&log(event("approve_workflow_job", "bob", r#","actor_is_agent":true"#)), &bob), Standing::ApprovedByAutomation);
    assert_eq!(standing(&log(event("bypass_protection_rules", "root", "")), &[]), Standing::Bypassed);
    assert_eq!(standing(&log(event("approve_workflow_job", "bob", "")), &[]), Standing::NoApproval, "a log alone approves nothing");
}

#[test]
fn one_account_that_releases_several_runs_within_seconds_was_not_looking() {
    let traced = |id: u64, run: u64, second: i64| {
        let mut traced = made(id, Some(run), DEPLOYED);
        for status in traced.statuses.as_mut().unwrap() {
            status.created_at = at(status.created_at.as_second() + second);
        }
        traced
    };
    let runs = || vec![(run(7), vec![approved_by("bob")]), (run(8), vec![approved_by("bob")])];
    assert_eq!(standings(vec![traced(1, 7, 0), traced(2, 8, 1)], runs()), vec![Standing::ApprovedByAutomation; 2]);
    assert_eq!(standings(vec![traced(1, 7, 0), traced(2, 8, 30)], runs()), vec![Standing::Approved; 2], "minutes apart");
}

#[test]
fn a_run_of_the_same_workflow_without_a_record_is_named_if_all_runs_are_known() {
    let mut history = History {
        runs: BTreeMap::from([(7, Examined { run: Answer::Present(run(7)), approvals: Ok(vec![]) })]),
        ..history(vec![made(1, Some(7), DEPLOYED)])
    };
    assert_eq!(unrecorded(&repo(), &history), None);
    let other = Run { path: "other.yml".to_owned(), ..run(9) };
    history.listed_runs = Some(vec![run(7), Run { created_at: at(160), ..run(8) }, other, Run { created_at: at(1), ..run(10) }]);
    let ids: Vec<u64> = unrecorded(&repo(), &history).unwrap().iter().map(|run| run.id).collect();
    assert_eq!(ids, [8]);
}
