//! Many repositories and one file: which they are, what they cost, and what one that goes wrong does to the others.
//!
//! `GATECTL_CASES=25` plans a thousand repositories, and meets the faults with as many.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gatectl::apply::RetryDelays;
use gatectl::config;
use gatectl::desired::fleet::NamePattern;
use gatectl::freeze::{Claim, FreezeId};
use gatectl::http::{Cache, Proxies, Settings, Stack, Token};
use gatectl::model::{Address, OutcomeResult, RepoName, RepositoryResult};
use gatectl::providers::Clients;
use gatectl::providers::github::{self, organization};
use gatectl::reconcile::fleet::{self, FleetContext, FleetPlanned, Keep, NoMembers, Part};
use gatectl::reconcile::{Applied, Prune};
use gatectl::sandbox::{Condition, Fault, Response, Sandbox, Scenario};
use gatectl::stop::Stop;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::properties::factor;
use gatectl_test_support::world;

const GATE: &str = r#"
version = 1
[fleet]
organization = "acme"
repositories = ["svc-*"]
[environments.production]
reviewers = [{ team = "sre", id = 601 }, { user = "alice", id = 501 }]
deployment_branch_policy = { branches = ["main"] }
"#;

/// An organization with this number of repositories that the file matches.
struct World {
    sandbox: Sandbox,
    toml: String,
    settings: Settings,
    part: Part,
}

impl World {
    async fn new(scenario: Scenario, toml: &str, count: usize) -> Self {
        let settings = Settings {
            proxies: Proxies::none(),
            backoff: Duration::from_millis(2),
            secondary_wait: Duration::from_millis(5),
            points: Some(u32::MAX),
            ..Settings::default()
        };
        let sandbox = Sandbox::start(world::fleet(scenario, toml, (0..count).map(|number| format!("svc-{number:04}")))).await.unwrap();
        Self { sandbox, toml: toml.to_owned(), settings, part: Part::default() }
    }

    fn run(&self) -> (FleetContext, Clients, Stack) {
        let stack = Stack::new(self.settings.clone());
        let token = || Some(Token::new("sandbox", "a test"));
        let endpoint = github::api::endpoint(self.sandbox.github_url()).unwrap();
        let want = config::parse("gate.toml", &self.toml).unwrap().desired;
        let reader = stack.reader(&endpoint, token()).unwrap().asking_once(organization::shared);
        let context = FleetContext {
            config: "gate.toml".to_owned(),
            fleet: want.fleet.clone().unwrap(),
            want,
            web: "https://github.com".to_owned(),
            reader: Ok(reader),
            prune: Prune::Nothing,
            part: self.part.clone(),
            claim: Claim {
                id: FreezeId::new(Uuid::new_v4()),
                by: "gh:tester".to_owned(),
                reason: String::new(),
                now: self.sandbox.with(|state| state.now.0),
            },
            at_once: 64,
        };
        let clients: Clients = stack.writer(&endpoint, token()).into_iter().collect();
        (context, clients, stack)
    }

    async fn plan(&self) -> FleetPlanned {
        let (context, ..) = self.run();
        let members = context.members().await.unwrap();
        context.plan(&members, |_, _| Keep::Pending).await
    }

    async fn apply(&self) -> Applied {
        let (context, clients, _) = self.run();
        let members = context.members().await.unwrap();
        let FleetPlanned { shown, pending } = context.plan(&members, |_, _| Keep::Pending).await;
        let delays = RetryDelays { resend: Duration::from_millis(1), read_back: vec![Duration::from_millis(1)] };
        fleet::apply(&clients, &shown.plan, &pending, &Stop::default(), &delays, |_, _| {}).await
    }

    fn calls(&self) -> Vec<String> {
        self.sandbox.with(|state| std::mem::take(&mut state.log).calls())
    }

    fn writes(&self) -> usize {
        self.sandbox.with(|state| state.log.write_requests().count())
    }
}

fn rows(planned: &FleetPlanned) -> BTreeMap<String, RepositoryResult> {
    planned.shown.repositories.iter().map(|row| (row.name.name().to_owned(), row.result)).collect()
}

fn count(planned: &FleetPlanned, result: RepositoryResult) -> usize {
    planned.shown.count(result)
}

/// Forty, unless more cases are asked for.
fn size() -> usize {
    40 * usize::try_from(factor()).unwrap()
}

#[tokio::test]
async fn an_unchanged_repository_costs_two_requests_and_the_next_run_none_that_counts() {
    let size = size();
    let mut world = World::new(Scenario::Gated, GATE, size).await;
    let cache = tempfile::tempdir().unwrap();
    world.settings.cache = Some(Arc::new(Cache::at(cache.path().join("gatectl"))));
    let (context, _, stack) = world.run();
    let members = context.members().await.unwrap();
    let planned = context.plan(&members, |_, _| Keep::Shown).await;
    assert_eq!(count(&planned, RepositoryResult::InSync), size, "{:?}", planned.shown.plan.unknown);
    let calls = world.calls();
    let of_organization = calls.iter().filter(|call| !call.starts_with("GET /repos/")).count();
    // The list, one team, one person.
    assert_eq!(of_organization, size.div_ceil(100) + 2, "{calls:#?}");
    assert_eq!(calls.len(), of_organization + 2 * size);
    assert_eq!((stack.traffic().sent(), stack.traffic().not_modified), (calls.len() as u64, 0));

    let (context, _, stack) = world.run();
    let members = context.members().await.unwrap();
    let again = context.plan(&members, |_, _| Keep::Shown).await;
    assert_eq!(count(&again, RepositoryResult::InSync), size);
    assert_eq!(stack.traffic().not_modified, stack.traffic().sent());
}

#[tokio::test]
async fn nothing_is_asked_that_must_answer_404() {
    let world = World::new(Scenario::Fleet, &GATE.replace("{ branches = [\"main\"] }", "\"all\""), 20).await;
    world.plan().await;
    let unfound: Vec<String> = world.sandbox.with(|state| {
        let unfound = state.log.exchanges.iter().filter(|exchange| exchange.status == Some(404));
        unfound.map(|exchange| exchange.path.clone()).collect()
    });
    assert_eq!(unfound, Vec::<String>::new());
}

#[tokio::test]
async fn each_condition_is_its_own_row_and_what_is_written_is_in_sync() {
    let world = World::new(Scenario::Fleet, GATE, 41).await;
    let planned = world.plan().await;
    let rows = rows(&planned);
    for place in 0..40 {
        let expected = match Condition::of(place) {
            Condition::Gated => RepositoryResult::InSync,
            Condition::Unreadable => RepositoryResult::Unknown,
            Condition::Archived => RepositoryResult::Archived,
            Condition::Missing | Condition::NoRules | Condition::WrongReviewer | Condition::PlanLimit => RepositoryResult::Changes,
        };
        assert_eq!(rows[&format!("svc-{:04}", place + 1)], expected, "{place}");
    }
    assert_eq!(world.writes(), 0);

    let applied = world.apply().await;
    assert!(!applied.report.converged && !applied.report.interrupted);
    let manual = applied.report.outcomes.iter().filter(|outcome| matches!(outcome.result, OutcomeResult::Manual(_))).count();
    assert_eq!((manual, applied.report.summary().failed, applied.report.unknown.len()), (4, 0, 4));
    let after = world.plan().await;
    assert_eq!(count(&after, RepositoryResult::Changes), 4, "what the billing plan refuses is still to be done");
    assert_eq!(count(&after, RepositoryResult::InSync), 41 - 4 - 4 - 2);
}

#[tokio::test]
async fn a_fleet_with_faults_reports_nothing_in_sync_that_was_not_read() {
    let size = size();
    let world = World::new(Scenario::Gated, GATE, size).await;
    let unreadable = |number: usize| number % 10 == 3;
    let limited = |number: usize| number % 20 == 7;
    world.sandbox.with(|state| {
        for number in 0..size {
            let path = format!("/repos/acme/svc-{number:04}/environments*");
            if unreadable(number) {
                state.faults.push(Fault::before(Response::github_error(403, "Resource not accessible by integration")).path(&path));
            }
            if limited(number) {
                let refusal = Response::github_error(403, gatectl::sandbox::SECONDARY_LIMIT).with("retry-after", "0");
                state.faults.push(Fault::before(refusal).path(&path).nth(1));
            }
        }
    });
    let planned = world.plan().await;
    for (number, (name, result)) in rows(&planned).into_iter().enumerate() {
        let expected = if unreadable(number) { RepositoryResult::Unknown } else { RepositoryResult::InSync };
        assert_eq!(result, expected, "{name}");
    }
}

#[tokio::test]
async fn an_apply_that_is_cut_off_is_finished_by_the_next_one() {
    let world = World::new(Scenario::NoRules, GATE, 12).await;
    let (context, clients, _) = world.run();
    let members = context.members().await.unwrap();
    let FleetPlanned { shown, pending } = context.plan(&members, |_, _| Keep::Pending).await;
    assert_eq!(pending.len(), 12);
    let (stop, delays) = (Stop::default(), RetryDelays::default());
    let mut begun = 0;
    let cut = tokio::sync::Notify::new();
    let seen = std::cell::RefCell::new(&mut begun);
    let progress = |_: &RepoName, _: &str| {
        **seen.borrow_mut() += 1;
        if **seen.borrow() == 20 {
            cut.notify_one();
        }
    };
    tokio::select! {
        _ = fleet::apply(&clients, &shown.plan, &pending, &stop, &delays, progress) => panic!("it was not cut off"),
        () = cut.notified() => {}
    }
    let halfway = world.plan().await;
    let left = count(&halfway, RepositoryResult::Changes);
    assert!((1..12).contains(&left), "{left}");
    // A run whose pattern was not written admits fewer refs than declared: widening them is a weakening, and finishes it.
    assert!(world.apply().await.report.converged);
    assert_eq!(count(&world.plan().await, RepositoryResult::InSync), 12);
}

#[tokio::test]
async fn a_repository_that_fails_does_not_stop_the_others_and_a_refused_token_does() {
    let world = World::new(Scenario::NoRules, GATE, 6).await;
    world.sandbox.with(|state| {
        let broken = Response::github_error(422, "Something is wrong with this one.");
        state.faults.push(Fault::before(broken).method("PUT").path("/repos/acme/svc-0002/*"));
    });
    let applied = world.apply().await;
    let summary = applied.report.summary();
    assert_eq!((summary.applied, summary.failed, summary.skipped), (5, 1, 0));

    let world = World::new(Scenario::NoRules, GATE, 6).await;
    world.sandbox.with(|state| {
        let refused = Response::github_error(401, "Bad credentials");
        state.faults.push(Fault::before(refused).method("PUT").path("/repos/acme/svc-0002/*").from(1));
    });
    let applied = world.apply().await;
    let summary = applied.report.summary();
    assert_eq!((summary.applied, summary.failed, summary.skipped), (2, 1, 3));
}

#[tokio::test]
async fn what_weakens_comes_last() {
    let world = World::new(Scenario::Gated, GATE, 4).await;
    world.sandbox.with(|state| {
        let wider = state.repo("acme/svc-0000").unwrap().environment_mut("production").unwrap();
        wider.wait_timer = 0;
        wider.reviewers.truncate(1);
        state.repo("acme/svc-0003").unwrap().environment_mut("production").unwrap().patterns.clear();
        let open = state.repo("acme/svc-0003").unwrap().environment_mut("production").unwrap();
        open.reviewers.clear();
    });
    world.apply().await;
    let written: Vec<String> = world
        .sandbox
        .with(|state| state.log.write_requests().map(|exchange| exchange.path.split('/').nth(3).unwrap_or_default().to_owned()).collect());
    // One more person who may approve is a wider door: it opens after the other gate was closed.
    assert_eq!(written.first().map(String::as_str), Some("svc-0003"), "{written:?}");
    assert_eq!(written.last().map(String::as_str), Some("svc-0000"), "{written:?}");
}

#[tokio::test]
async fn half_a_list_is_no_list() {
    let world = World::new(Scenario::Gated, GATE, 130).await;
    world.sandbox.with(|state| {
        let lost = Response::github_error(404, "Not Found");
        state.faults.push(Fault::before(lost).path("/orgs/acme/repos").from(2));
    });
    let (context, ..) = world.run();
    assert!(matches!(context.members().await, Err(NoMembers::Unread(_))));
}

#[tokio::test]
async fn a_repository_without_a_list_of_properties_is_not_taken_for_one_that_has_none() {
    let toml = GATE.replace("[\"svc-*\"]", "{ property = { tier = \"production\" } }");
    let one = |properties: Option<Value>| {
        let mut entry = json!({"repository_id": 1, "repository_full_name": "acme/svc-0001", "repository_name": "svc-0001"});
        entry.as_object_mut().unwrap().extend(properties.map(|list| ("properties".to_owned(), list)));
        entry
    };
    for properties in [None, Some(Value::Null), Some(json!([{"property_name": "tier"}]))] {
        let world = World::new(Scenario::Gated, &toml, 3).await;
        let answer = Response::json(200, &json!([one(properties.clone())]));
        world.sandbox.with(|state| state.faults.push(Fault::before(answer).path("/orgs/acme/properties/values")));
        let (context, ..) = world.run();
        assert!(matches!(context.members().await, Err(NoMembers::Unread(_))), "{properties:?}");
    }
}

#[tokio::test]
async fn only_and_except_are_for_the_repositories_that_they_name() {
    let more = r#"
[environments.staging]
state = "optional"
wait_timer = 1
[fleet.only."svc-0001".environments.production]
reviewers = [{ user = "alice", id = 501 }]
[fleet.except."svc-0002"]
reason = "retired"
owner = "@ann"
until = 2999-01-01
[fleet.except."svc-0003"]
reason = "moving"
owner = "@ann"
until = 2001-01-01
"#;
    let toml = format!("{GATE}{more}");
    let world = World::new(Scenario::Gated, &toml, 6).await;
    world.sandbox.with(|state| {
        state.repo("acme/svc-0004").unwrap().remove("staging");
        // Without the table, the team would be missing here.
        let own = &state.repo("acme/svc-0001").unwrap().environment("production").unwrap().reviewers;
        assert_eq!(own.len(), 1);
        state.repo("acme/svc-0002").unwrap().remove("production");
    });
    let planned = world.plan().await;
    let results: Vec<RepositoryResult> = rows(&planned).into_values().collect();
    use RepositoryResult::{Excepted, InSync, Invalid};
    assert_eq!(results, [InSync, InSync, Excepted, Invalid, InSync, InSync], "{:?}", planned.shown.plan);
    let expired = &planned.shown.plan.invalid[0];
    assert_eq!(expired.addresses, [Address::repository(&RepoName::parse("acme/svc-0003").unwrap())]);
    assert!(expired.why.reason.contains("2001-01-01") && expired.why.reason.contains("moving"), "{}", expired.why.reason);
}

#[tokio::test]
async fn a_part_of_a_fleet_is_planned_alone_and_shards_are_all_of_it() {
    let mut world = World::new(Scenario::Gated, GATE, 20).await;
    world.part.repositories = vec![NamePattern::new("svc-001*")];
    assert_eq!(rows(&world.plan().await).len(), 10);
    world.part.repositories = vec![NamePattern::new("nothing-*")];
    let (context, ..) = world.run();
    assert!(matches!(context.members().await, Err(NoMembers::NoneNamed(_))));

    let mut all = BTreeMap::new();
    for shard in ["1/3", "2/3", "3/3"] {
        world.part = Part { repositories: Vec::new(), shard: Some(shard.parse().unwrap()) };
        let rows = rows(&world.plan().await);
        assert!(rows.keys().all(|name| !all.contains_key(name)));
        all.extend(rows);
    }
    assert_eq!(all.len(), 20);
}

#[tokio::test]
async fn custom_properties_select_the_members() {
    let toml = GATE.replace("[\"svc-*\"]", "{ property = { tier = \"production\" } }");
    let world = World::new(Scenario::Gated, &toml, 5).await;
    let (context, ..) = world.run();
    let Err(NoMembers::Contradicted(wrong)) = context.members().await else { panic!("nothing has the property") };
    assert_eq!(wrong[0].key, ["fleet", "repositories"]);
    world.sandbox.with(|state| {
        for name in ["acme/svc-0001", "acme/svc-0003"] {
            let value = gatectl::sandbox::PropertyValue::One("production".to_owned());
            state.repo(name).unwrap().properties.insert("tier".to_owned(), value);
        }
    });
    assert_eq!(rows(&world.plan().await).into_keys().collect::<Vec<_>>(), ["svc-0001", "svc-0003"]);
}
