//! One emulated world and a gate.toml, with runs of gatectl against it.
//!
//! A run is what a process does: it begins with clients of its own. Every exchange of every test is held against the
//! official descriptions when the world ends, if they are available.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use gatectl::apply::RetryDelays;
use gatectl::config::{self, Config};
use gatectl::desired::github::Desired;
use gatectl::freeze::{Claim, FreezeId};
use gatectl::http::{Proxies, Settings, Stack, Token};
use gatectl::model::{OutcomeResult, Plan, RepoName};
use gatectl::providers::{Clients, Op, github, heroku};
use gatectl::reconcile::{Applied, Context, Planned, Prune, RepositoryAccess};
use gatectl::sandbox::{Api, Environment, Exchange, Fault, Member, Repo, Sandbox, Scenario, Setup, State};
use gatectl::stop::Stop;

use uuid::Uuid;

use crate::conformance::{Official, Seen};

/// Requests that were held against the descriptions: method, path, body.
static ASKED: Mutex<BTreeSet<(String, String, Vec<u8>)>> = Mutex::new(BTreeSet::new());
static OFFICIAL: LazyLock<Option<Official>> = LazyLock::new(Official::load);

pub const REPO: &str = "acme/shop";

/// Three environments with pinned reviewers and custom policies, and one app: the case of the speed law.
pub const THREE_ENVIRONMENTS: &str = r#"
version = 1
[github]
repository = "acme/shop"
[environments.production]
reviewers = [{ user = "alice", id = 501 }, { user = "bob", id = 502 }]
deployment_branch_policy = { branches = ["main", "release/*"], tags = ["v*"] }
[environments.staging]
reviewers = [{ user = "alice", id = 501 }]
deployment_branch_policy = { branches = ["main"] }
[environments.demo]
reviewers = [{ user = "bob", id = 502 }]
deployment_branch_policy = { branches = ["main", "demo/*"] }
[heroku.config.shop-prod]
DEPLOY_FREEZE_OVERRIDE = "0"
"#;

/// A world, a declaration, and how runs behave.
pub struct World {
    pub sandbox: Sandbox,
    pub config: Config,
    pub prune: Prune,
    pub settings: Settings,
    pub delays: RetryDelays,
    /// Whether answers are held against the descriptions too: a fault's answer is not documented.
    pub faithful: Cell<bool>,
    /// The server that GitHub requests go to, if that is not the emulator.
    pub reads_github_at: Option<String>,
    /// The server that GitHub writes go to, if that is not the emulator.
    pub writes_github_at: Option<String>,
    /// The server that Heroku requests go to, if that is not the emulator.
    pub reads_heroku_at: Option<String>,
    /// The server that Heroku writes go to, if that is not the emulator.
    pub writes_heroku_at: Option<String>,
}

/// What one run has: clients that know nothing of earlier runs.
pub struct Run {
    pub context: Context,
    pub clients: Clients,
}

impl Run {
    /// Carries a plan out.
    pub async fn apply(&self, planned: &Planned, world: &World) -> Applied {
        self.apply_until(planned, world, &Stop::default()).await
    }

    /// Carries a plan out until it is stopped.
    pub async fn apply_until(&self, planned: &Planned, world: &World, stop: &Stop) -> Applied {
        // Boxed, so that tests that await many of these fit on their thread's stack.
        Box::pin(self.context.apply(&self.clients, planned, stop, &world.delays, |_| {})).await
    }
}

impl World {
    /// The rehearsal of a scenario, built from the declaration itself.
    pub async fn rehearsal(scenario: Scenario, toml: &str) -> Self {
        let config = parse(toml);
        let desired = &config.desired;
        let setup = Setup::new(repository(&config), &desired.github, &desired.heroku);
        let setup = match &desired.freeze {
            Some(freeze) => setup.with_freeze(freeze),
            None => setup,
        };
        Self::of(State::rehearsal(scenario, &setup), config).await
    }

    /// The world in which one declaration holds, seen by another.
    pub async fn where_holds(live: &str, toml: &str) -> Self {
        let mut world = Self::rehearsal(Scenario::Gated, live).await;
        world.config = parse(toml);
        world
    }

    /// Any world.
    pub async fn of(state: State, config: Config) -> Self {
        let sandbox = Sandbox::start(state).await.unwrap();
        let settings = Settings {
            proxies: Proxies::none(),
            backoff: Duration::from_millis(2),
            attempt_timeout: Duration::from_secs(30),
            timeout: Duration::from_secs(120),
            ..Settings::default()
        };
        let delays = RetryDelays { resend: Duration::from_millis(1), read_back: [1, 2, 4, 8].map(Duration::from_millis).to_vec() };
        Self {
            sandbox,
            config,
            prune: Prune::Nothing,
            settings,
            delays,
            faithful: Cell::new(true),
            reads_github_at: None,
            writes_github_at: None,
            reads_heroku_at: None,
            writes_heroku_at: None,
        }
    }

    /// Declares something else from now on.
    pub fn declare(&mut self, toml: &str) {
        self.config = parse(toml);
    }

    /// Begins a run.
    pub fn run(&self) -> Run {
        let stack = Stack::new(self.settings.clone());
        let token = || Some(Token::new("sandbox", "a test"));
        let github = |at: &Option<String>| github::api::endpoint(at.as_deref().unwrap_or(self.sandbox.github_url())).unwrap();
        let heroku = |at: &Option<String>| heroku::api::endpoint(at.as_deref().unwrap_or(self.sandbox.heroku_url())).unwrap();
        let want = self.config.desired.clone();
        let site = RepositoryAccess {
            repository: repository(&self.config),
            web: "https://github.com".to_owned(),
            reader: stack.reader(&github(&self.reads_github_at), token()).map_err(|error| error.unknown()),
            listed: None,
        };
        let asks_github = !want.github.environments.is_empty() || self.prune == Prune::Undeclared;
        let context = Context {
            config: self.config.path.clone(),
            github: asks_github.then_some(site),
            freeze: want.freeze.as_ref().map(|policy| {
                let endpoint = if policy.store.app().is_some() { heroku(&self.reads_heroku_at) } else { github(&self.reads_github_at) };
                stack.reader(&endpoint, token()).map_err(|error| error.unknown())
            }),
            heroku: (!want.heroku.config.is_empty())
                .then(|| stack.reader(&heroku(&self.reads_heroku_at), token()).map_err(|error| error.unknown())),
            prune: self.prune,
            claim: Claim {
                id: FreezeId::new(Uuid::new_v4()),
                by: "gh:tester".to_owned(),
                reason: "declared".to_owned(),
                now: self.sandbox.with(|state| state.now.0),
            },
            want,
        };
        let endpoints = [github(&self.writes_github_at), heroku(&self.writes_heroku_at)];
        let clients = endpoints.iter().filter_map(|endpoint| stack.writer(endpoint, token()).ok()).collect();
        Run { context, clients }
    }

    /// A whole `plan`.
    pub async fn plan(&self) -> Plan<Op> {
        Box::pin(self.run().context.plan()).await.plan
    }

    /// A whole `apply`, consent given.
    pub async fn apply(&self) -> Applied {
        self.apply_until(&Stop::default()).await
    }

    /// An `apply` that may be stopped.
    pub async fn apply_until(&self, stop: &Stop) -> Applied {
        let run = self.run();
        let planned = Box::pin(run.context.plan()).await;
        run.apply_until(&planned, self, stop).await
    }

    /// Applies, and asserts that it converged, that a plan is empty now, and that a second apply sends no write.
    pub async fn converge(&self) -> Applied {
        let applied = self.apply().await;
        assert!(applied.report.converged, "{}", said(&applied));
        self.is_converged().await;
        applied
    }

    /// Asserts that a plan is empty and that an apply sends no write.
    pub async fn is_converged(&self) {
        self.settled().await.unwrap();
    }

    /// Whether a plan is empty and an apply asks for no write; else what is left.
    pub async fn settled(&self) -> Result<(), String> {
        let plan = self.plan().await;
        if !plan.is_empty() || !plan.unknown.is_empty() {
            return Err(format!("the plan is not empty: {:?} {:?}", plan.changes().collect::<Vec<_>>(), plan.unknown));
        }
        let before = self.writes();
        let again = self.apply().await;
        if !again.report.converged || self.writes() != before {
            return Err(format!("a second apply wrote {:?}, {}", self.written().split_off(before), said(&again)));
        }
        Ok(())
    }

    /// Adds a fault.
    pub fn fault(&self, fault: Fault) {
        self.faithful.set(false);
        self.sandbox.with(|state| state.faults.push(fault));
    }

    /// Takes all faults away.
    pub fn heal(&self) {
        self.sandbox.with(|state| state.faults.clear());
    }

    /// How many requests could write so far.
    pub fn writes(&self) -> usize {
        self.sandbox.with(|state| state.log.write_requests().count())
    }

    /// `METHOD path` of the requests that could write so far.
    pub fn written(&self) -> Vec<String> {
        self.sandbox.with(|state| state.log.write_requests().map(|e| format!("{} {}", e.method, e.path)).collect())
    }

    /// The bodies of the requests with this method so far.
    pub fn bodies(&self, method: &str) -> Vec<serde_json::Value> {
        self.sandbox.with(|state| state.log.exchanges.iter().filter(|e| e.method == method).filter_map(Exchange::json).collect())
    }

    /// The emulated repository.
    pub fn repo<R>(&self, look: impl FnOnce(&mut Repo) -> R) -> R {
        let name = repository(&self.config).to_string();
        self.sandbox.with(|state| look(state.repo(&name).unwrap()))
    }

    /// An environment as it is there.
    pub fn environment(&self, name: &str) -> Option<Environment> {
        self.repo(|repo| repo.environment(name).cloned())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let Some(official) = (if std::thread::panicking() { None } else { OFFICIAL.as_ref() }) else { return };
        self.sandbox.with(|state| {
            for exchange in &state.log.exchanges {
                let seen = as_seen(exchange);
                // Thousands of worlds ask the same; once is enough.
                let new = ASKED.lock().unwrap().insert((exchange.method.clone(), exchange.path.clone(), exchange.body.clone()));
                if new {
                    assert_eq!(official.request(&seen), Some(Vec::new()), "{} {}", exchange.method, exchange.path);
                }
                if self.faithful.get() && exchange.status.is_some() {
                    assert_eq!(official.response(&seen), Some(Vec::new()), "{} {}", exchange.method, exchange.path);
                }
            }
        });
    }
}

/// An exchange of the emulator, as the descriptions are asked about it.
pub fn as_seen(exchange: &Exchange) -> Seen<'_> {
    Seen {
        github: exchange.api == Api::GitHub,
        method: &exchange.method,
        path: &exchange.path,
        request: &exchange.body,
        status: exchange.status.unwrap_or_default(),
        response: &exchange.response,
    }
}

/// The organization acme with repositories of these names, each in the state that a scenario makes of what a fleet file declares for it.
pub fn fleet(scenario: Scenario, toml: &str, names: impl IntoIterator<Item = String>) -> State {
    let desired = parse(toml).desired;
    let fleet = desired.fleet.as_ref().unwrap();
    let member = |name: String| {
        let only = fleet.only.iter().find(|only| only.repositories.matches(&name));
        let environments = only.map_or(&desired.github.environments, |only| &only.environments).clone();
        Member::new(RepoName::parse(&format!("acme/{name}")).unwrap(), environments)
    };
    let mut members: Vec<Member> = names.into_iter().map(member).collect();
    let first = members.remove(0);
    let own = Desired { environments: first.environments, ..Desired::default() };
    let setup = Setup::new(first.repository, &own, &desired.heroku).with_fleet(members);
    State::rehearsal(scenario, &setup)
}

/// Reads a declaration; `[github] repository` is acme/shop unless it says otherwise.
pub fn parse(toml: &str) -> Config {
    config::parse("gate.toml", toml).unwrap_or_else(|problems| panic!("{}", problems.plain()))
}

fn repository(config: &Config) -> RepoName {
    config.desired.github.repository.clone().unwrap_or_else(|| RepoName::parse(REPO).unwrap())
}

/// A report in words, for the messages of tests.
pub fn said(applied: &Applied) -> String {
    let outcomes = applied.report.outcomes.iter().map(|o| format!("{} {:?}: {}\n", o.address, o.result, o.message));
    let invalid = applied.report.invalid.iter().map(|it| format!("{:?} invalid: {}\n", it.addresses, it.why.reason));
    let unknown = applied.report.unknown.iter().map(|(address, unknown)| format!("{address} unknown: {}\n", unknown.reason));
    format!("converged: {}\n{}", applied.report.converged, outcomes.chain(invalid).chain(unknown).collect::<String>())
}

/// What a report says about the environment, or of the config var, whose address ends so.
pub fn outcome<'a>(applied: &'a Applied, tail: &str) -> (&'a OutcomeResult, &'a str) {
    let found = applied.report.outcomes.iter().find(|outcome| outcome.address.to_string().ends_with(tail));
    let outcome = found.unwrap_or_else(|| panic!("nothing is said of {tail}: {}", said(applied)));
    (&outcome.result, &outcome.message)
}
