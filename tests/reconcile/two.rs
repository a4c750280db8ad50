//! Two gatectl at once.
//!
//! GitHub has no lock and no precondition on a write (fact G2.1), so between a last look and the write that follows it somebody
//! else's write cannot be kept out. What can be had: whoever looks after the other wrote refuses to write; and of two that both
//! looked before either wrote, one finishes, and the other one gives way and says so.

use std::cell::Cell;
use std::time::Duration;

use gatectl::reconcile::Applied;
use gatectl::sandbox::{Effect, Fault, Snapshot};
use gatectl::stop::Stop;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use proptest::{collection, option, sample};

use crate::cases::{APPS, amiss_at, environment_amiss};
use crate::properties::{PROPERTIES, Tried, check_at_once};
use crate::world::{REPO, World, parse, said};

const START: &str = r#"
version = 1
[environments.production]
reviewers = [{ user = "alice", id = 501 }]
wait_timer = 5
deployment_branch_policy = { branches = ["main"] }
"#;
const ONE: &str = r#"
version = 1
[environments.production]
reviewers = [{ user = "alice", id = 501 }, { user = "bob", id = 502 }]
wait_timer = 10
deployment_branch_policy = { branches = ["one", "both"] }
"#;
const TWO: &str = r#"
version = 1
[environments.production]
reviewers = [{ user = "bob", id = 502 }]
wait_timer = 20
deployment_branch_policy = { branches = ["two", "both"] }
"#;

/// Lets one run's nth write wait on the wire while the other run goes from its plan to its report. `late` is the one that waits.
async fn interleaved(nth: usize, planned_before: bool) -> (World, Applied, Applied) {
    let everybody = format!("{START}[environments.people]\nreviewers = [{{ user = \"bob\", id = 502 }}]\n");
    let mut world = World::where_holds(&everybody, ONE).await;
    let late = world.run();
    let late_plan = Box::pin(late.scene.draft()).await.plan;
    world.config = parse(TWO);
    let early = world.run();
    let early_plan = Box::pin(early.scene.draft()).await.plan;

    let methods = ["DELETE", "PUT", "POST", "POST"];
    let before = methods[..nth].iter().filter(|method| **method == methods[nth]).count();
    let wait = Fault::new(Effect::Delay(Duration::from_millis(1500))).method(methods[nth]).nth(u32::try_from(before + 1).unwrap());
    world.fault(wait);
    let overtake = async {
        // The other one has looked, has written all before its nth write, and that one is under way.
        while world.writes() <= nth {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let plan = if planned_before { early_plan } else { Box::pin(early.scene.draft()).await.plan };
        early.apply(&plan, &world).await
    };
    let (late, early) = tokio::join!(late.apply(&late_plan, &world), overtake);
    (world, late, early)
}

#[tokio::test]
async fn the_one_that_looks_after_the_other_wrote_does_not_write() {
    for nth in 1..4 {
        let (world, late, early) = interleaved(nth, true).await;
        assert!(!early.report.converged, "{}", said(&early));
        assert!(said(&early).contains("somebody else"), "{}", said(&early));
        assert!(late.report.converged, "{}", said(&late));
        assert_eq!(world.sandbox.with(|state| amiss_at(&parse(ONE).desired, state)), Vec::<String>::new());
    }
}

#[tokio::test]
async fn of_two_that_both_looked_before_either_wrote_the_last_one_tells() {
    // The late one has looked, and its first write is on the wire while the other does everything.
    for planned_before in [true, false] {
        let (mut world, late, early) = interleaved(0, planned_before).await;
        let wrong = |toml: &str| world.sandbox.with(|state| amiss_at(&parse(toml).desired, state));
        let (one, two) = (wrong(ONE), wrong(TWO));
        assert_eq!(late.report.converged, one.is_empty(), "what the last one says is so: {one:?}\n{}", said(&late));
        assert!(one.is_empty() || two.is_empty() || !late.report.converged);
        if !one.is_empty() {
            assert!(said(&late).contains("another writer"), "{}", said(&late));
        }
        assert!(early.report.converged || said(&early).contains("somebody else"), "{}", said(&early));
        world.heal();
        world.config = parse(ONE);
        world.converge().await;
    }
}

/// A run that adds a pattern just before somebody else's PUT; what it says on the way goes to `progress`.
async fn overtaken(stop: &Stop, progress: impl Fn(&str)) -> (World, Applied) {
    let world = World::where_holds(START, &START.replace(r#"["main"]"#, r#"["main", "x", "y"]"#)).await;
    let put = Fault::meanwhile(|state| state.repo(REPO).unwrap().environment_mut("production").unwrap().wait_timer = 99);
    world.fault(put.method("POST").path("*/deployment-branch-policies").late());
    let run = world.run();
    let plan = Box::pin(run.scene.draft()).await.plan;
    let applied = Box::pin(run.scene.apply(&run.fleet, &plan, stop, &world.patience, progress)).await;
    (world, applied)
}

#[tokio::test]
async fn who_is_overtaken_takes_its_last_write_back_and_names_both() {
    let (world, applied) = overtaken(&Stop::default(), |_| {}).await;
    let live = world.environment("production").unwrap();
    assert_eq!((live.wait_timer, live.patterns.len()), (99, 1), "{}", said(&applied));
    let told = said(&applied);
    for words in ["wait_timer was 5 and is now 99", "taken back, as if it had not been done: adding branch pattern `x`", "gave way"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert_eq!(world.written().len(), 2, "{:?}", world.written());
}

#[tokio::test]
async fn who_is_overtaken_and_then_interrupted_writes_no_more() {
    let stop = Stop::default();
    let looks_on = |what: &str| {
        if what.starts_with("another writer") {
            stop.set();
        }
    };
    let (world, applied) = overtaken(&stop, looks_on).await;
    assert!(stop.is_set() && applied.report.interrupted, "{}", said(&applied));
    assert_eq!(world.written(), ["POST /repos/acme/shop/environments/production/deployment-branch-policies"]);
    assert!(said(&applied).contains("wait_timer was 5 and is now 99"), "{}", said(&applied));
}

const PEOPLE: [(&str, u64); 3] = [("alice", 501), ("bob", 502), ("carol", 503)];
/// What makes everybody known to the repository, whoever races.
const EVERYBODY: &str = r#"
[environments.people]
reviewers = [{ user = "alice", id = 501 }, { user = "bob", id = 502 }, { user = "carol", id = 503 }]
protection_rules = ["gatekeeper", "watcher"]
"#;
const APP: &str = "[heroku.config.shop-prod]\nA = \"0\"\nB = \"0\"\n";
/// How long a request of a race takes, in milliseconds: none is slower than two others. One that is slower than all that the other
/// run does meanwhile leaves nobody a way to tell what came first.
const REQUEST: std::ops::Range<u8> = 18..30;
/// Longer than any chain of requests between a look and the write that relies on it.
const CONTEST: Duration = Duration::from_millis(400);

/// A declaration of one environment.
#[derive(Debug, Clone)]
struct Side {
    reviewers: Vec<usize>,
    timer: u32,
    /// `None`: the protected ones.
    branches: Option<Vec<&'static str>>,
    rules: Option<Vec<&'static str>>,
    variables: Option<u8>,
    /// Of the app.
    config: [u8; 2],
}

impl Side {
    fn toml(&self) -> String {
        let people = self.reviewers.iter().map(|at| format!("{{ user = \"{}\", id = {} }}", PEOPLE[*at].0, PEOPLE[*at].1));
        let people = people.collect::<Vec<_>>().join(", ");
        let rules = self.rules.as_ref().map(|rules| format!("protection_rules = {rules:?}\n")).unwrap_or_default();
        let variables = self.variables.map(|v| format!("variables = {{ TIER = \"{v}\", ZONE = \"{}\" }}\n", v / 2)).unwrap_or_default();
        let policy = match &self.branches {
            Some(branches) => format!("{{ branches = {branches:?} }}"),
            None => "\"protected\"".to_owned(),
        };
        let [a, b] = self.config;
        let config = format!("[heroku.config.shop-prod]\nA = \"{a}\"\nB = \"{b}\"\n");
        format!(
            "[environments.production]\nreviewers = [{people}]\nwait_timer = {}\ndeployment_branch_policy = {policy}\n{rules}{variables}{config}",
            self.timer
        )
    }
}

fn side() -> impl Strategy<Value = Side> {
    // Seldom different in what one request writes as a whole: what is hard are the lists.
    let reviewers = prop_oneof![3 => Just(vec![0]), 1 => sample::subsequence(vec![0, 1, 2], 1..=3)];
    let branches = sample::subsequence(vec!["main", "dev", "release/*", "x"], 1..=4);
    let rules = sample::subsequence(APPS.map(|(slug, _)| slug).to_vec(), 0..=2);
    (
        reviewers,
        prop_oneof![3 => Just(0_u32), 1 => 0_u32..3],
        option::weighted(0.85, branches),
        option::weighted(0.3, rules),
        option::of(0_u8..4),
        [0_u8..2, 0_u8..2],
    )
        .prop_map(|(reviewers, timer, branches, rules, variables, config)| Side {
            reviewers,
            timer,
            branches,
            rules,
            variables,
            config,
        })
}

/// gate.toml; without a side the environment is to be absent.
fn toml(side: Option<&Side>) -> String {
    let environment = side.map_or_else(|| "[environments.production]\nstate = \"absent\"\n".to_owned(), Side::toml);
    format!("version = 1\n{environment}")
}

/// Two runs at once, with waits in milliseconds before each request and one head start. No side: it is (to be) absent.
#[derive(Debug, Clone)]
struct Race {
    start: Option<Side>,
    sides: [Option<Side>; 2],
    waits: Vec<u8>,
    head_start: u8,
}

fn race() -> impl Strategy<Value = Race> {
    let waits = collection::vec(REQUEST, 80);
    let one = || option::weighted(0.95, side());
    (option::weighted(0.85, side()), one(), one(), waits, 0_u8..90).prop_map(|(start, one, two, waits, head_start)| Race {
        start,
        sides: [one, two],
        waits,
        head_start,
    })
}

/// One run, and how many writes had taken effect when it began, when it read back for the last time, and when it ended.
struct Ran {
    applied: Applied,
    began: usize,
    looked: usize,
    ended: usize,
}

/// Gives the apps the ids that the cases know them by.
fn number_apps(world: &World) {
    world.sandbox.with(|state| {
        let renumbered: Vec<(u64, u64)> = state
            .github
            .people
            .apps
            .iter_mut()
            .map(|app| {
                let id = APPS.iter().find(|(slug, _)| *slug == app.slug).unwrap().1;
                (std::mem::replace(&mut app.id, id), id)
            })
            .collect();
        let new = |old: u64| renumbered.iter().find(|(was, _)| *was == old).unwrap().1;
        let repo = state.repo(REPO).unwrap();
        repo.installed_apps = repo.installed_apps.iter().map(|id| new(*id)).collect();
        for name in ["production", "people"] {
            if let Some(environment) = repo.environment_mut(name) {
                environment.custom_rules.iter_mut().for_each(|rule| rule.app = new(rule.app));
            }
        }
    });
}

/// Runs both to their ends.
async fn run_race(race: &Race) -> (World, [Ran; 2]) {
    let start = race.start.as_ref().map(|side| Side { config: [0, 0], ..side.clone() }.toml());
    let start = start.unwrap_or_else(|| APP.to_owned());
    let mut world = World::where_holds(&format!("version = 1\n{EVERYBODY}{start}"), START).await;
    number_apps(&world);
    world.patience.contest = CONTEST;
    world.patience.read_back = [100, 200, 400].map(Duration::from_millis).to_vec();
    for (nth, wait) in race.waits.iter().enumerate() {
        let nth = u32::try_from(nth + 1).unwrap();
        world.fault(Fault::new(Effect::Delay(Duration::from_millis(u64::from(*wait)))).nth(nth));
    }
    let runs = race.sides.clone().map(|side| {
        world.config = parse(&toml(side.as_ref()));
        world.run()
    });
    let effective = || world.sandbox.with(|state| state.log.writes.len());
    let go = async |run: &crate::world::Run, wait: u8| {
        tokio::time::sleep(Duration::from_millis(u64::from(wait))).await;
        let began = effective();
        let looked = Cell::new(began);
        let plan = Box::pin(run.scene.draft()).await.plan;
        let progress = |what: &str| {
            if what == "reading back" {
                looked.set(effective());
            }
        };
        let applied = Box::pin(run.scene.apply(&run.fleet, &plan, &Stop::default(), &world.patience, progress)).await;
        Ran { applied, began, looked: looked.get(), ended: effective() }
    };
    let (one, two) = tokio::join!(go(&runs[0], 0), go(&runs[1], race.head_start));
    (world, [one, two])
}

/// Production and the app's config vars, as far as a side declares them, at one moment: what is not so.
fn amiss_in(side: Option<&Side>, moment: &Snapshot) -> (Vec<&'static str>, Vec<&'static str>) {
    let want = parse(&toml(side)).desired;
    let production = environment_amiss(&want, "production", moment.gates.get(&format!("{REPO}/production")));
    let declared = side.map(|side| side.config.map(|value| value.to_string())).into_iter().flatten();
    let config = ["A", "B"].into_iter().zip(declared).filter(|(key, value)| moment.config["shop-prod"].get(*key) != Some(value));
    (production, config.map(|(key, _)| key).collect())
}

/// What no two runs at once may come to.
async fn one_wins_and_the_other_says_so(race: &Race) -> Result<(), TestCaseError> {
    let (world, ends) = run_race(race).await;
    let (last, log) = world.sandbox.with(|state| (state.snapshot(), state.log.writes.clone()));
    let told = format!("{}\n{}\n{:#?}", said(&ends[0].applied), said(&ends[1].applied), world.written());
    let amiss = |side: usize, moment: &Snapshot| amiss_in(race.sides[side].as_ref(), moment);
    let mix = [0, 1].map(|side| amiss(side, &last));
    // A variable is the one thing that is not taken back: nobody knows what it was just before it was written.
    let value_lost = told.contains("not taken back: setting variable");
    let holds = |fields: &[&str]| fields.iter().all(|field| value_lost && *field == "variables");
    prop_assert!(mix.iter().any(|(gate, _)| holds(gate)), "a mix: {mix:?}\n{told}");
    prop_assert!(mix.iter().any(|(_, app)| app.is_empty()), "a mix: {mix:?}\n{told}");
    // Each may come to be first at one of two addresses, in the time of one request: then that is said by who wrote at both.
    let whole = mix.iter().any(|(gate, app)| holds(gate) && app.is_empty());
    let touches = |ran: &Ran, provider: &str| ran.applied.report.outcomes.iter().any(|o| o.address.to_string().starts_with(provider));
    let both = ends.iter().all(|ran| touches(ran, "github") && touches(ran, "heroku"));
    prop_assert!(whole || !both || ends.iter().any(|ran| !ran.applied.report.converged), "a mix that is not said: {mix:?}\n{told}");
    for (side, ran) in ends.iter().enumerate() {
        // It held at some moment between the last look at it and the end; what came after that no run can know.
        let held = |provider: &str, holds: &dyn Fn(&Snapshot) -> bool| {
            let looked = if touches(ran, provider) { ran.looked } else { ran.began };
            let since = log.iter().take(ran.ended).skip(looked).map(|write| &write.after);
            std::iter::once(log.get(looked).map_or(&last, |next| &next.before)).chain(since).any(holds)
        };
        let held = held("github", &|moment| amiss(side, moment).0.is_empty()) && held("heroku", &|moment| amiss(side, moment).1.is_empty());
        prop_assert!(
            held || !ran.applied.report.converged,
            "not said by {side}, which began at {}, looked at {}, ended at {}: {:?}\n{told}",
            ran.began,
            ran.looked,
            ran.ended,
            mix[side]
        );
    }
    Ok(())
}

/// The property over random races.
///
/// What a request takes is only so while the machine keeps time: a race counts as failed when it fails three times.
pub fn race_each_other() -> Tried {
    check_at_once(150, race(), async |race: Race| {
        for _ in 0..2 {
            if one_wins_and_the_other_says_so(&race).await.is_ok() {
                return Ok(());
            }
        }
        one_wins_and_the_other_says_so(&race).await
    })
}

#[test]
fn two_at_once_end_in_one_declared_state_and_the_loser_says_so() {
    PROPERTIES[6].holds();
}
