//! What does not hit one request: unreachable servers, other writers, lagging reads, and runs that end early.

use gatectl::model::{Outcome, RepoName};
use gatectl::sandbox::{BranchPattern, Reads, RefType, Sandbox, Variable};

use super::faults::{Reading, in_words};
use super::trial::Trial;
use super::*;
use crate::properties::StepResult;
use gatectl_test_support::world::REPO;

/// Servers that cannot be reached at all.
pub(super) async fn unreachable() -> Vec<Line> {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let plain = Sandbox::start(State::default()).await.unwrap();
    let no_tls = plain.github_url().replace("http://", "https://");
    // Heroku's client asks its own domains only; a label of this length has no address.
    let nowhere = format!("https://{}.heroku.com", "x".repeat(64));
    let places = [
        ("connection refused", [closed.as_str(); 2]),
        ("DNS failure", ["https://gatectl.invalid", nowhere.as_str()]),
        ("TLS error", [no_tls.as_str(); 2]),
    ];
    let mut lines = Vec::new();
    for (name, places) in places {
        let (mut reads, mut writes) = (Vec::new(), Vec::new());
        for (api, place) in [Api::GitHub, Api::Heroku].into_iter().zip(places) {
            reads.push(unread_at(api, place).await.map_err(|wrong| format!("{name}: {wrong}")));
            writes.push(unwritten_at(api, place).await.map_err(|wrong| format!("{name}: {wrong}")));
        }
        let read = (in_words(Reading::Unknown(Exit::Error, "")), reads);
        let write = ("known not to have been sent; fails and says why; exit 1; the next apply converges".to_owned(), writes);
        lines.push(Line { name: name.to_owned(), read: Some(read), write: Some(write) });
    }
    lines
}

const UNREACHABLE: &str = "cannot connect";

/// A plan in which one service is unreachable and the other is fine.
async fn unread_at(api: Api, place: &str) -> Verdict {
    let mut trial = Trial::new(&Switches::default()).await;
    *(match api {
        Api::GitHub => &mut trial.world.reads_github_at,
        Api::Heroku => &mut trial.world.reads_heroku_at,
    }) = Some(place.to_owned());
    let plan = trial.world.plan().await;
    let unknown = plan.unknown.len() == 2 && plan.unknown.iter().all(|(_, u)| u.reason.contains(UNREACHABLE) && !u.hint.is_empty());
    let holds = unknown && exit_of_plan(&plan, false) == Exit::Error && plan.changes().count() == 2;
    if holds { Ok(()) } else { Err(format!("{plan:#?}")) }
}

/// An apply whose writes to one service never arrive.
async fn unwritten_at(api: Api, place: &str) -> Verdict {
    let mut trial = Trial::new(&Switches::default()).await;
    let (at, others) = match api {
        Api::GitHub => (&mut trial.world.writes_github_at, 1),
        Api::Heroku => (&mut trial.world.writes_heroku_at, 8),
    };
    *at = Some(place.to_owned());
    let applied = trial.world.apply().await;
    let says = |outcome: &&Outcome| outcome.result == OutcomeResult::Failed && outcome.message.contains(UNREACHABLE);
    if applied.report.outcomes.iter().filter(says).count() != 2 || trial.world.writes() != others {
        return Err(said(&applied));
    }
    (trial.world.writes_github_at, trial.world.writes_heroku_at) = (None, None);
    trial.laws(&applied).await
}

/// Other writers, lagging reads, and runs that end early.
pub(super) async fn the_rest() -> Vec<Line> {
    let mut lines = Vec::new();
    let mut add = |name: &str, outcome: &str, verdicts: Vec<Verdict>| {
        lines.push(Line { name: name.to_owned(), read: None, write: Some((outcome.to_owned(), verdicts)) });
    };

    let stale = Switches { reads: Reads::OnceStale, ..Switches::default() };
    let trial = Trial::new(&stale).await;
    let applied = trial.world.apply().await;
    let verdict = if applied.report.converged { trial.laws(&applied).await } else { Err(said(&applied)) };
    add("reads lag behind a write", "read again for a limited time; converges", vec![verdict]);

    // Just before the write itself, when the last look is past.
    let twin = Fault::meanwhile(|state| {
        let pattern = BranchPattern { id: 7, name: "release/1".to_owned(), kind: RefType::Tag };
        state.repo(REPO).unwrap().environment_mut("production").unwrap().patterns.push(pattern);
    });
    let trial = Trial::new(&Switches::default()).await;
    trial.world.fault(twin.method("POST").path("*/deployment-branch-policies"));
    let applied = trial.world.apply().await;
    let verdict = if applied.report.converged { trial.laws(&applied).await } else { Err(said(&applied)) };
    add("303: another writer added the same pattern", "counts as done; converges", vec![verdict]);

    let twin = Fault::meanwhile(|state| {
        let now = state.now.tick();
        let variable = Variable { value: "theirs".to_owned(), created_at: now, updated_at: now };
        state.repo(REPO).unwrap().environment_mut("production").unwrap().variables.insert("B".to_owned(), variable);
    });
    let trial = Trial::new(&Switches::default()).await;
    trial.world.fault(twin.method("POST").path("*/variables"));
    let applied = trial.world.apply().await;
    let told = !applied.report.converged && said(&applied).contains("not as declared: variables.B");
    let verdict = if told { trial.laws(&applied).await } else { Err(said(&applied)) };
    add("409: another writer added the same variable", "named, and not overwritten; exit 1; the next apply converges", vec![verdict]);

    let trial = Trial::new(&Switches::default()).await;
    let look = Fault::meanwhile(|state| state.repo(REPO).unwrap().environment_mut("production").unwrap().wait_timer = 7);
    trial.world.fault(look.method("GET").path("/repos/acme/shop/environments/production"));
    let applied = trial.world.apply().await;
    let named = said(&applied).contains("wait_timer was 0 and is now 7") && trial.world.written().iter().all(|w| !w.contains("production"));
    let verdict = if named { trial.laws(&applied).await } else { Err(said(&applied)) };
    add("another writer writes between plan and write", "named, and not overwritten; exit 1; the next apply converges", vec![verdict]);

    let trial = Trial::new(&Switches::default()).await;
    let rename = Fault::meanwhile(|state| state.repo(REPO).unwrap().rename(RepoName::parse("acme/store").unwrap()));
    trial.world.fault(rename.method("PUT"));
    let applied = trial.world.apply().await;
    let plan = trial.world.plan().await;
    let refused = !applied.report.converged && plan.unknown.iter().any(|(_, unknown)| unknown.reason.contains("renamed or moved"));
    let verdict = if refused { Ok(()) } else { Err(said(&applied)) };
    add("301: the repository is renamed between plan and write", "not followed; fails and says so; exit 1", vec![verdict]);

    type Ends = fn(u32) -> StepResult;
    let ends: [(&str, &str, Ends); 2] = [
        ("process killed during a write", "the next apply converges", StepResult::Killed),
        (
            "Ctrl-C or SIGTERM during a write",
            "that request is finished, no other is sent; exit 130; the next apply converges",
            StepResult::Stopped,
        ),
    ];
    for (name, outcome, end) in ends {
        let mut verdicts = Vec::new();
        for nth in 1..=9 {
            let mut trial = Trial::new(&Switches::default()).await;
            let applied = properties::apply_to(&trial.world, end(nth)).await;
            verdicts.push(match (end(nth), applied) {
                (StepResult::Stopped(_), Some(applied)) if applied.report.interrupted && trial.world.writes() == nth as usize => {
                    trial.laws(&applied).await
                }
                (StepResult::Killed(_), None) => properties::recover_from_a_kill(&mut trial.world)
                    .await
                    .and_then(|()| properties::never_weaker(&trial.world, &trial.start))
                    .map_err(|e| e.to_string()),
                (_, applied) => Err(format!("{name}, write {nth}: {:?}", applied.as_ref().map(said))),
            });
        }
        add(name, outcome, verdicts);
    }
    lines
}
