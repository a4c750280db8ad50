//! The fault matrix: every fault, at every request of a plan and at every write of an apply, with its one defined outcome.
//!
//! `GATECTL_BLESS=1 cargo test --test reconcile reliability` writes `docs/reliability.md`; without it the file has to be up to date.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use gatectl::exit::Exit;
use gatectl::model::{Outcome, OutcomeResult, Plan, RepoName, Unknown};
use gatectl::providers::Op;
use gatectl::reconcile::{Applied, exit_of_plan};
use gatectl::sandbox::{Api, BranchPattern, Effect, Fault, Reads, RefType, Response, Sandbox, State, Switches, Variable};
use serde_json::json;

use crate::cases::{Case, Declared, Policy, Rules};
use crate::properties::{self, PROPERTIES, Property, StepResult};
use gatectl_test_support::world::{REPO, World, said};

/// What a plan results in when one of its requests goes wrong.
#[derive(Debug, Clone, Copy)]
enum Reading {
    /// Nothing is lost.
    Whole,
    /// Nothing is lost, after a wait that is shown.
    Waits,
    /// What the answer was about is unknown, or a note says that it is, in these words; and the exit code.
    Unknown(Exit, &'static str),
}

/// What an apply results in when one of its writes goes wrong.
#[derive(Debug, Clone, Copy)]
enum Writing {
    /// It converges, and nothing is sent twice.
    Once,
    /// It converges: reading shows that the write did not happen, so it is sent again.
    Again,
    /// It converges, after a wait that is shown.
    Waits,
    /// It does not converge, and says so in these words; and the exit code.
    Fails(Exit, &'static str),
}

/// A fault, and what it results in.
struct Row {
    name: &'static str,
    /// Rebuilt for each case, as that service says it; what requests it hits is added there.
    fault: fn(Api) -> Fault,
    reach: Reach,
    reading: Reading,
    writing: Writing,
    /// The service that refuses like this; none: any of them.
    only: Option<Api>,
}

/// Which requests a fault hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// One.
    Once,
    /// That one, whenever it is sent again.
    Always,
    /// That one, and all that follow to the same service.
    Onward,
}

type Faults<'a> = &'a [(&'static str, fn(Api) -> Fault)];

/// Faults with one outcome.
fn rows_of(reach: Reach, reading: Reading, writing: Writing, faults: Faults<'_>) -> Vec<Row> {
    faults.iter().map(|(name, fault)| Row { name, fault: *fault, reach, reading, writing, only: None }).collect()
}

/// What only one service says.
fn of(api: Api, rows: Vec<Row>) -> Vec<Row> {
    rows.into_iter().map(|row| Row { only: Some(api), ..row }).collect()
}

/// A refusal in the form of the service that it comes from, with Heroku's word for it.
fn refusal(api: Api, status: u16, id: &str, message: &str) -> Response {
    match api {
        Api::GitHub => Response::github_error(status, message),
        Api::Heroku => Response::heroku_error(status, id, message),
    }
}

/// Heroku's word for a failure of its own.
const ITS_FAULT: &str = "internal_server_error";

/// The rows for which every request is tried.
fn rows() -> Vec<Row> {
    use Exit::{Credentials, Error};
    use Reach::{Always, Once, Onward};
    use Reading::{Unknown, Waits, Whole};
    use Writing::{Again, Fails};
    let fails = |exit, words| (Unknown(exit, words), Fails(exit, words));

    let mut rows = rows_of(
        Once,
        Whole,
        Again,
        &[
            ("connection reset before the request took effect", |_| Fault::new(Effect::Reset)),
            ("server hangs before the request took effect", |_| Fault::new(Effect::Hang)),
            ("500 before the request took effect", |api| Fault::before(refusal(api, 500, ITS_FAULT, "Server Error"))),
            ("502 as HTML", |_| Fault::before(Response::html(502, "<h1>Bad Gateway</h1>"))),
        ],
    );
    rows.extend(rows_of(
        Once,
        Whole,
        Writing::Once,
        &[
            ("connection reset after it took effect", |_| Fault::new(Effect::Reset).late()),
            ("server hangs after it took effect", |_| Fault::new(Effect::Hang).late()),
            ("502 after it took effect (lost response)", |api| Fault::after(refusal(api, 502, ITS_FAULT, "Server Error"))),
            ("answer drips in slower than the time-out", |_| Fault::new(Effect::Drip(1, Duration::from_millis(1500)))),
            ("answer cut short", |_| Fault::new(Effect::Truncate(3))),
        ],
    ));
    rows.extend(rows_of(
        Always,
        Unknown(Error, ""),
        Writing::Once,
        &[
            ("200 with a page that is not JSON", |_| Fault::after(Response::html(200, "<h1>Sign in</h1>"))),
            ("200 with JSON of another shape", |_| Fault::after(Response::json(200, &json!(7)))),
            ("answer larger than the limit", |_| Fault::after(Response::html(200, &"x".repeat(300_000)))),
        ],
    ));
    let (reading, writing) = fails(Error, "no complete response");
    rows.extend(rows_of(Always, reading, writing, &[("connection reset each time", |_| Fault::new(Effect::Reset))]));
    let (reading, writing) = fails(Error, "timed out");
    rows.extend(rows_of(Always, reading, writing, &[("server hangs each time", |_| Fault::new(Effect::Hang))]));
    let cut: Faults<'_> = &[("answer cut short each time", |_| Fault::new(Effect::Truncate(3)))];
    rows.extend(rows_of(Always, Unknown(Error, "no complete response"), Writing::Once, cut));
    let (reading, writing) = fails(Error, "502");
    rows.extend(rows_of(Always, reading, writing, &[("502 each time", |_| Fault::before(Response::html(502, "<h1>Bad Gateway</h1>")))]));
    rows.extend(of(
        Api::GitHub,
        rows_of(
            Once,
            Waits,
            Writing::Waits,
            &[
                ("429, primary rate limit", |_| Fault::before(Response::primary_limit(429, 1))),
                ("403, primary rate limit", |_| Fault::before(Response::primary_limit(403, 1))),
                ("429, secondary rate limit, `Retry-After`", |_| Fault::before(Response::secondary_limit(429, Some(1)))),
                ("403, secondary rate limit, `Retry-After`", |_| Fault::before(Response::secondary_limit(403, Some(1)))),
            ],
        ),
    ));
    let limit: Faults<'_> = &[("Heroku's 429, its pool is empty", |_| Fault::before(Response::heroku_limit()))];
    rows.extend(of(Api::Heroku, rows_of(Once, Waits, Writing::Waits, limit)));
    let (reading, writing) = fails(Error, "try again after");
    rows.extend(of(
        Api::GitHub,
        rows_of(
            Onward,
            reading,
            writing,
            &[
                ("primary rate limit beyond `--timeout`", |_| Fault::before(Response::primary_limit(403, 3600))),
                ("429, secondary rate limit without a time, beyond `--timeout`", |_| Fault::before(Response::secondary_limit(429, None))),
                ("403, secondary rate limit without a time, beyond `--timeout`", |_| Fault::before(Response::secondary_limit(403, None))),
            ],
        ),
    ));
    let beyond: Faults<'_> = &[("Heroku's 429 each time, beyond `--timeout`", |_| Fault::before(Response::heroku_limit()))];
    rows.extend(of(Api::Heroku, rows_of(Onward, reading, writing, beyond)));
    let (reading, writing) = fails(Credentials, "401");
    rows.extend(rows_of(
        Onward,
        reading,
        writing,
        &[("401 from some request on", |api| Fault::before(refusal(api, 401, "unauthorized", "Bad credentials")))],
    ));
    let (reading, writing) = fails(Credentials, "Administration: write");
    rows.extend(of(
        Api::GitHub,
        rows_of(Always, reading, writing, &[("403 for a missing permission (`X-Accepted-GitHub-Permissions`)", forbidden)]),
    ));
    let (reading, writing) = fails(Credentials, "https://github.com/orgs/acme/sso");
    rows.extend(of(Api::GitHub, rows_of(Always, reading, writing, &[("403 for single sign-on (`X-GitHub-SSO`)", single_sign_on)])));
    let (reading, writing) = fails(Credentials, "403");
    let no_access: Faults<'_> = &[("Heroku's 403, no access to the app", |_| {
        Fault::before(Response::heroku_error(403, "forbidden", "You do not have access to the app shop-prod."))
    })];
    rows.extend(of(Api::Heroku, rows_of(Always, reading, writing, no_access)));
    let (reading, writing) = fails(Error, "");
    rows.extend(rows_of(Always, reading, writing, &[("404", |api| Fault::before(refusal(api, 404, "not_found", "Not Found")))]));
    let (reading, writing) = fails(Error, "409");
    rows.extend(rows_of(Always, reading, writing, &[("409", |api| Fault::before(refusal(api, 409, "conflict", "Conflict")))]));
    let (reading, writing) = fails(Error, "422");
    rows.extend(rows_of(
        Always,
        reading,
        writing,
        &[("422 that is not about the billing plan", |api| Fault::before(refusal(api, 422, "invalid_params", "Invalid request.")))],
    ));
    let (reading, writing) = fails(Error, "301");
    rows.extend(rows_of(Always, reading, writing, &[("301 to another place", moved)]));
    rows
}

fn forbidden(_: Api) -> Fault {
    let response = Response::github_error(403, "Resource not accessible by personal access token");
    Fault::before(response.with("x-accepted-github-permissions", "administration=write"))
}

fn single_sign_on(_: Api) -> Fault {
    let response = Response::github_error(403, "Resource protected by organization SAML enforcement.");
    Fault::before(response.with("x-github-sso", "required; url=https://github.com/orgs/acme/sso"))
}

fn moved(_: Api) -> Fault {
    Fault::before(Response::github_error(301, "Moved Permanently").with("location", "https://api.github.com/repositories/1296"))
}

/// One gate that changes in every way, one that goes, and an app: nine kinds of writes.
fn case() -> Case {
    let rules = Rules {
        reviewers: [0].into(),
        prevent: false,
        bypass: true,
        timer: 0,
        policy: Policy::Selected([(false, "dev"), (false, "main")].into()),
        rules: [0].into(),
        variables: [Some(0), None],
    };
    let declared = Declared {
        reviewers: Some([0, 3].into()),
        prevent: Some(true),
        bypass: Some(false),
        timer: Some(30),
        policy: Some(Policy::Selected([(false, "main"), (true, "release/1")].into())),
        rules: Some([1].into()),
        variables: [Some(1), Some(2)],
    };
    Case {
        public: false,
        enterprise: true,
        start: [Some(rules.clone()), Some(rules)],
        want: [Some(Some(declared)), Some(None)],
        config: [(Some(0), Some(1)), (None, Some(2))],
        prune: false,
        freeze: false,
    }
}

/// A world of the case in which waits are counted.
struct Trial {
    world: World,
    start: State,
    waits: Arc<AtomicUsize>,
}

impl Trial {
    async fn new(switches: &Switches) -> Self {
        let start = case().state(switches);
        let mut world = World::of(start.clone(), case().config()).await;
        let waits = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&waits);
        world.faithful.set(false);
        world.settings.on_wait = Some(Arc::new(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
        }));
        // Long compared with an answer on a busy machine, short compared with the test.
        world.settings.attempt_timeout = Duration::from_secs(5);
        world.settings.parallelism = 4;
        world.settings.timeout = Duration::from_secs(50);
        world.settings.max_body = 200_000;
        Self { world, start, waits }
    }

    /// What must hold after any apply, and that the next one converges if this one did not.
    async fn laws(&self, applied: &Applied) -> Result<(), String> {
        let text = |error: proptest::test_runner::TestCaseError| error.to_string();
        properties::honest(&self.world, applied).map_err(text)?;
        self.world.heal();
        if !applied.report.converged {
            let next = self.world.apply().await;
            properties::honest(&self.world, &next).map_err(text)?;
            if !next.report.converged {
                return Err(format!("the next apply: {}", said(&next)));
            }
        }
        properties::never_weaker(&self.world, &self.start).map_err(text)?;
        properties::nothing_else(&self.world, &self.start).map_err(text)
    }
}

/// A request of the run without faults: its service, method and path, its number among those of its kind, and among those of its service.
#[derive(Debug, Clone)]
struct Place {
    api: Api,
    method: String,
    path: String,
    nth: u32,
    from: u32,
    /// Whether its answer has a body: only then can it be cut short.
    has_body: bool,
}

fn places(state: &State) -> Vec<Place> {
    let exchanges = &state.log.exchanges;
    let place = |(at, exchange): (usize, &gatectl::sandbox::Exchange)| {
        let earlier = exchanges.iter().take(at).filter(|other| other.api == exchange.api);
        let alike = earlier.clone().filter(|other| (&other.method, &other.path) == (&exchange.method, &exchange.path)).count();
        Place {
            api: exchange.api,
            method: exchange.method.clone(),
            path: exchange.path.clone(),
            nth: u32::try_from(alike + 1).unwrap(),
            from: u32::try_from(earlier.count() + 1).unwrap(),
            has_body: !exchange.response.is_empty(),
        }
    };
    exchanges.iter().enumerate().map(place).collect()
}

impl Row {
    fn at(&self, place: &Place) -> Fault {
        let fault = (self.fault)(place.api).api(place.api);
        match self.reach {
            Reach::Once => fault.method(&place.method).path(&place.path).nth(place.nth),
            Reach::Always => fault.method(&place.method).path(&place.path).from(place.nth),
            Reach::Onward => fault.from(place.from),
        }
    }

    async fn trial(&self) -> Trial {
        let mut trial = Trial::new(&Switches::default()).await;
        if self.only == Some(Api::Heroku) {
            // Its waits double and name no end: less than their sum.
            trial.world.settings.timeout = Duration::from_secs(6);
        }
        trial
    }

    async fn read(&self, place: &Place, whole: &Plan<Op>) -> Result<(), String> {
        let trial = self.trial().await;
        trial.world.fault(self.at(place));
        let plan = trial.world.plan().await;
        let exit = exit_of_plan(&plan, false);
        let waits = trial.waits.load(Ordering::SeqCst);
        let context = || format!("exit {exit:?}, {waits} waits, unknown {:?}, notes {:?}", plan.unknown, plan.notes);
        match self.reading {
            Reading::Whole if same(&plan, whole) => {}
            Reading::Waits if same(&plan, whole) && waits > 0 => {}
            Reading::Unknown(expected, words) => {
                let named = |unknown: &Unknown| unknown.reason.contains(words) || unknown.hint.contains(words);
                let unknown = plan.unknown.iter().any(|(_, unknown)| named(unknown) && !unknown.hint.is_empty());
                let noted = plan.unknown.is_empty() && plan.notes.iter().any(|note| !whole.notes.contains(note));
                // A team that is not seen may be one that the token must not see.
                let of_team = self.name == "404" && place.path.starts_with("/orgs/");
                let of_access = self.name == "404" && place.path.ends_with("/permission");
                let expected = if of_team || of_access { [Exit::Credentials, Exit::Error] } else { [expected, expected] };
                // A team without access contradicts gate.toml: nothing is planned for it either.
                let invalid = of_team && !plan.invalid.is_empty();
                if !((unknown || invalid) && expected.contains(&exit) || noted) {
                    return Err(context());
                }
                for change in plan.changes() {
                    if plan.unknown.iter().any(|(address, _)| *address == change.address) {
                        return Err(format!("{} is unknown, and planned: {}", change.address, context()));
                    }
                }
            }
            _ => return Err(context()),
        }
        if trial.world.writes() > 0 {
            return Err("a plan wrote".to_owned());
        }
        Ok(())
    }

    async fn write(&self, place: &Place, writes: usize) -> Result<(), String> {
        let trial = self.trial().await;
        trial.world.fault(self.at(place));
        let run = trial.world.run();
        let planned = Box::pin(run.context.plan()).await;
        let applied = run.apply(&planned, &trial.world).await;
        let plan = planned.plan;
        let (exit, sent, waits) = (applied.exit(&plan), trial.world.writes(), trial.waits.load(Ordering::SeqCst));
        let context = || format!("exit {exit:?}, {sent} writes instead of {writes}, {waits} waits: {}", said(&applied));
        let converged = applied.report.converged && exit == Exit::Done;
        let holds = match self.writing {
            Writing::Once => converged && sent == writes,
            Writing::Again => converged && sent == writes + 1,
            Writing::Waits => converged && sent == writes + 1 && waits > 0,
            Writing::Fails(expected, words) => {
                let failed: Vec<_> = applied.report.outcomes.iter().filter(|o| o.result != OutcomeResult::Applied).collect();
                // One failed step does not stop the others; a step is one environment, or one app.
                let steps = plan.steps.iter().filter(|step| step.changes.iter().any(|c| failed.iter().any(|o| o.address == c.address)));
                let alone = self.reach == Reach::Onward || steps.count() == 1;
                !applied.report.converged && exit == expected && failed.iter().any(|o| o.message.contains(words)) && alone
            }
        };
        if !holds {
            return Err(context());
        }
        trial.laws(&applied).await
    }
}

fn same(plan: &Plan<Op>, whole: &Plan<Op>) -> bool {
    (&plan.steps, &plan.notes, &plan.unknown) == (&whole.steps, &whole.notes, &whole.unknown)
}

/// The result of a case that has no place.
type Verdict = Result<(), String>;

/// A line of the table: what goes wrong, the outcome for reads and for writes, and the cases of each.
struct Line {
    name: String,
    read: Option<(String, Vec<Verdict>)>,
    write: Option<(String, Vec<Verdict>)>,
}

fn in_words(reading: Reading) -> String {
    match reading {
        Reading::Whole => "requested again; nothing is lost".to_owned(),
        Reading::Waits => "the wait is shown and honored; nothing is lost".to_owned(),
        Reading::Unknown(exit, "try again after") => format!("unknown, with the time to try again; exit {}", exit.code()),
        Reading::Unknown(exit, _) => format!("unknown, with its cause and next step; nothing is planned for it; exit {}", exit.code()),
    }
}

fn written_in_words(writing: Writing) -> String {
    match writing {
        Writing::Once => "found done by reading; converges, sent once".to_owned(),
        Writing::Again => "found not done by reading, sent again; converges".to_owned(),
        Writing::Waits => "the wait is shown and honored; converges".to_owned(),
        Writing::Fails(exit, "try again after") => {
            format!("that step fails, with the time to try again; exit {}; the next apply converges", exit.code())
        }
        Writing::Fails(exit, _) => format!("that step fails and says why; exit {}; the next apply converges", exit.code()),
    }
}

/// How many worlds there are at a time: each holds about ten sockets.
const AT_ONCE: usize = 48;

async fn every_request_and_every_fault() -> Vec<Line> {
    let reference = Trial::new(&Switches::default()).await;
    let whole = reference.world.plan().await;
    let reads = reference.world.sandbox.with(|state| places(state));
    reference.world.sandbox.with(|state| state.log.clear());
    reference.world.apply().await;
    let writes: Vec<Place> =
        reference.world.sandbox.with(|state| places(state)).into_iter().filter(|place| place.method != "GET").collect();
    assert_eq!((reads.len(), writes.len()), (11, 9), "{reads:#?} {writes:#?}");

    let (rows, whole, writes, reads) = (&rows(), &whole, &writes, &reads);
    let mut jobs: Vec<LocalBoxFuture<'_, (usize, bool, Verdict)>> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let concerned = |place: &&Place| {
            let cuts = matches!((row.fault)(place.api).effect, Effect::Truncate(_));
            row.only.is_none_or(|only| only == place.api) && (place.has_body || !cuts)
        };
        for place in reads.iter().filter(concerned) {
            let case = async move { row.read(place, whole).await.map_err(|wrong| format!("{}: GET {}: {wrong}", row.name, place.path)) };
            jobs.push(Box::pin(async move { (index, false, case.await) }));
        }
        for place in writes.iter().filter(concerned) {
            let case = async move {
                row.write(place, writes.len()).await.map_err(|wrong| format!("{}: {} {}: {wrong}", row.name, place.method, place.path))
            };
            jobs.push(Box::pin(async move { (index, true, case.await) }));
        }
    }
    let verdicts: Vec<_> = futures_util::stream::iter(jobs).buffer_unordered(AT_ONCE).collect().await;
    let of = |index: usize, writes: bool| {
        let own = verdicts.iter().filter(move |(row, kind, _)| (*row, *kind) == (index, writes));
        own.map(|(_, _, verdict)| verdict.clone()).collect::<Vec<_>>()
    };
    let line = |(index, row): (usize, &Row)| Line {
        name: row.name.to_owned(),
        read: Some((in_words(row.reading), of(index, false))),
        write: Some((written_in_words(row.writing), of(index, true))),
    };
    rows.iter().enumerate().map(line).collect()
}

/// Servers that cannot be reached at all.
async fn unreachable() -> Vec<Line> {
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
async fn the_rest() -> Vec<Line> {
    let mut lines = Vec::new();
    let mut add = |name: &str, outcome: &str, verdicts: Vec<Verdict>| {
        lines.push(Line { name: name.to_owned(), read: None, write: Some((outcome.to_owned(), verdicts)) });
    };

    let stale = Switches { reads: Reads::OnceStale, ..Switches::default() };
    let trial = Trial::new(&stale).await;
    let applied = trial.world.apply().await;
    let verdict = if applied.report.converged { trial.laws(&applied).await } else { Err(said(&applied)) };
    add("reads lag behind a write", "read again for a bounded while; converges", vec![verdict]);

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

fn table(lines: &[Line]) -> String {
    let mut text = String::from(
        "# Reliability\n\n\
         What gatectl does when something goes wrong. Written by `GATECTL_BLESS=1 cargo test --test reconcile reliability`, which runs the real\n\
         client over HTTP against the emulator and injects each fault into every request of a plan and into every write of an apply, one at a\n\
         time; a test keeps this page up to date. After each case the test also checks that no gate was weaker at any moment than where it\n\
         started or was going, that the report tells the truth, that nothing undeclared changed, and that the next apply converges.\n\n\
         If a new reviewer's access, the protected branches or the waiting runs cannot be read, the plan has a note instead of an unknown.\n\n\
         | what goes wrong | a read | cases | a write | cases | violations |\n|---|---|--:|---|--:|--:|\n",
    );
    for line in lines {
        let (read, reads) = line.read.as_ref().map_or(("", 0), |(words, verdicts)| (words, verdicts.len()));
        let (write, writes) = line.write.as_ref().map_or(("", 0), |(words, verdicts)| (words, verdicts.len()));
        let wrong = line.read.iter().chain(&line.write).flat_map(|(_, verdicts)| verdicts).filter(|verdict| verdict.is_err()).count();
        let _ = writeln!(text, "| {} | {read} | {reads} | {write} | {writes} | {wrong} |", line.name);
    }
    text.push_str(
        "\n## Random worlds\n\nRandom gates, declarations, positions of what GitHub leaves open, faults and moments at which a run ends;\n\
         `GATECTL_CASES=10` tries ten times as many. A case that fails is shrunk. The next apply is the very next one; if reads lag behind\n\
         writes, or a request of a killed run may still arrive, it is one of the next three.\n\n| property | cases | violations |\n|---|--:|--:|\n",
    );
    for property in &PROPERTIES {
        let tried = property.tried();
        let _ = writeln!(text, "| {} | {} | {} |", property.name, tried.cases, tried.violations.len());
    }
    text.push_str(OTHER_SEEDS);
    text.push_str(
        "\n## Every command\n\nThe binary itself, if every request to GitHub and Heroku meets the same fault: nothing is written, no token is shown, nothing\n\
         hangs, and nothing ends with 0. Written by `GATECTL_BLESS=1 cargo test --test program unread`.\n\n```text\n",
    );
    text.push_str(include_str!("../golden/program/unread.txt"));
    text.push_str("```\n");
    text
}

/// The results of runs with other seeds than that of CI; written by hand after such a run.
const OTHER_SEEDS: &str = "
These are the cases of one seed. With `PROPTEST_RNG_SEED=N cargo test --test reconcile properties`, the seeds 301 to 304 ran in November 2026 too:
6,400 more cases in 12 minutes, without a violation. An earlier run of seed 301 on a machine
without idle time reported 2 cases of the billing property, which did not fail when tried again. The tests ran out of time, and gatectl reported that correctly: requests took
longer than the two minutes that the test gave them, so what they asked for was unknown. Stopping the process for 125 seconds reproduced it (12 of 150 cases). Requests
of the properties now have half an hour, and the same stop fails no case.
";

/// The whole matrix.
fn matrix() -> Vec<Line> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut lines = unreachable().await;
        lines.extend(Box::pin(every_request_and_every_fault()).await);
        lines.extend(Box::pin(the_rest()).await);
        lines
    })
}

#[test]
fn reliability() {
    // What the tests of the properties tried already is not tried again.
    let lines = std::thread::scope(|scope| {
        scope.spawn(|| PROPERTIES.iter().map(Property::tried).count());
        matrix()
    });
    let of_lines = lines.iter().flat_map(|line| line.read.iter().chain(&line.write)).flat_map(|(_, verdicts)| verdicts);
    let of_properties = PROPERTIES.iter().flat_map(|property| &property.tried().violations);
    let wrong: Vec<&String> = of_lines.filter_map(|v| v.as_ref().err()).chain(of_properties).collect();
    assert!(wrong.is_empty(), "{} violations:\n{}", wrong.len(), wrong.iter().map(|w| format!("- {w}\n")).collect::<String>());
    if !properties::usual() {
        return;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reliability.md");
    let text = table(&lines);
    if std::env::var_os("GATECTL_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert!(std::fs::read_to_string(&path).unwrap_or_default() == text, "docs/reliability.md is out of date: GATECTL_BLESS=1 writes it");
}
