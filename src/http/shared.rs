//! What all clients of a run share: settings, pools, limits and counters.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use rustls::RootCertStore;

use super::Endpoint;
use super::cache::Cache;
use super::dial::{Dial, Proxies};
use super::fault::Fault;
use super::limiter::Limiter;
use super::limits::Wait;
use super::pool::Pool;
use super::tls::Tls;
use super::traffic::Counters;
use crate::stop::Stop;

/// How requests are sent. `Settings::default()` is what the command line starts from.
#[derive(Clone)]
pub struct Settings {
    /// For each attempt, from its start to the last byte of its answer.
    pub attempt_timeout: Duration,
    /// For each request, its queueing, attempts and waits included: the command line's `--timeout`.
    pub timeout: Duration,
    /// The maximum number of concurrent requests to one host; from one to GitHub's documented 100. Writes to one host go one by one.
    pub parallelism: usize,
    /// Points per minute to one host, a read being one and a write five; `None` is what the service documents (fact G2.11).
    pub points: Option<u32>,
    /// What to do if the quota stays used up for longer than the timeout of the requests that wait.
    pub on_exhausted: OnExhausted,
    /// The folder with answers of earlier runs, for conditional requests.
    pub cache: Option<Arc<Cache>>,
    /// How often a request is attempted at most, if repeating it is safe.
    pub attempts: u32,
    /// The pause before the second attempt; doubled before each further one, and jittered.
    pub backoff: Duration,
    /// The shortest wait after a secondary limit that names no time; doubled with each further one (fact G2.11).
    pub secondary_wait: Duration,
    /// The largest accepted answer, in bytes.
    pub max_body: usize,
    /// Which proxies to go through.
    pub proxies: Proxies,
    /// The roots that TLS trusts; `None` is the system's store.
    pub roots: Option<RootCertStore>,
    /// Called once for each wait on a rate limit, when it begins.
    pub on_wait: Option<OnWait>,
    /// Called once for each different warning that a server sends along with its answers.
    pub on_warning: Option<OnWarning>,
    /// Once it is set, requests in flight finish, no further write is sent, and every wait ends.
    pub stop: Stop,
}

/// What to do if a rate limit lasts longer than a request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnExhausted {
    /// Give the request up, with the time to come back.
    GiveUp,
    /// Wait as long as it takes, then send it: `--wait`.
    Wait,
}

/// Shows a wait on a rate limit to the user.
pub type OnWait = Arc<dyn Fn(&Wait) + Send + Sync>;

/// Shows a server's warning to the user; the text is the server's own.
pub type OnWarning = Arc<dyn Fn(&str) + Send + Sync>;

impl Default for Settings {
    fn default() -> Self {
        Self {
            attempt_timeout: Duration::from_secs(10),
            // Long enough for two waits after secondary limits, one and two minutes.
            timeout: Duration::from_secs(300),
            parallelism: 64,
            points: None,
            on_exhausted: OnExhausted::GiveUp,
            cache: None,
            attempts: 3,
            backoff: Duration::from_millis(250),
            secondary_wait: Duration::from_secs(60),
            max_body: 16 << 20,
            proxies: Proxies::from_env(),
            roots: None,
            on_wait: None,
            on_warning: None,
            stop: Stop::default(),
        }
    }
}

impl Settings {
    /// What must be left of a request's time after a wait, so that the request still has a chance.
    pub(super) fn margin(&self) -> Duration {
        self.attempt_timeout.min(self.timeout / 4)
    }

    pub(super) fn show_wait(&self, wait: &Wait) {
        tracing::info!(host = wait.host, until = wait.until_utc(), "waiting for the {}", wait.limit);
        if let Some(show) = &self.on_wait {
            show(wait);
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("timeout", &self.timeout).field("parallelism", &self.parallelism).finish_non_exhaustive()
    }
}

/// What one server's clients share.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) limiter: Limiter,
    /// Whether this run sent a write: from then on every answer is requested in full, and none is kept.
    pub(super) wrote: AtomicBool,
}

pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) counters: Arc<Counters>,
    hosts: Mutex<HashMap<String, Arc<Host>>>,
    warned: Mutex<BTreeSet<String>>,
    plain: OnceLock<Pool>,
    tls: OnceLock<Result<Pool, Fault>>,
}

impl Shared {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            counters: Arc::default(),
            hosts: Mutex::default(),
            warned: Mutex::default(),
            plain: OnceLock::new(),
            tls: OnceLock::new(),
        }
    }

    /// What the clients of an endpoint's server share.
    pub(super) fn host(&self, endpoint: &Endpoint) -> Arc<Host> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let host = hosts.entry(endpoint.origin().to_owned()).or_insert_with(|| {
            let points = self.settings.points.or_else(|| endpoint.points_per_minute());
            let limiter = Limiter::new(endpoint.host(), self.settings.parallelism, points);
            Arc::new(Host { limiter, wrote: AtomicBool::new(false) })
        });
        Arc::clone(host)
    }

    pub(super) fn warn_once(&self, warning: &str) {
        let new = self.warned.lock().unwrap_or_else(PoisonError::into_inner).insert(warning.to_owned());
        if let (true, Some(show)) = (new, &self.settings.on_warning) {
            show(warning);
        }
    }

    /// The pool for an endpoint, built when it is first needed.
    ///
    /// # Errors
    /// If TLS has no trusted roots.
    pub(super) fn pool(&self, endpoint: &Endpoint) -> Result<Pool, Fault> {
        let dial = || {
            // Shorter than an attempt, so that a host that cannot be reached is known not to have received the request.
            let timeout = self.settings.attempt_timeout / 2;
            Dial::new(self.settings.proxies.clone(), timeout, Arc::clone(&self.counters))
        };
        if endpoint.is_tls() {
            self.tls.get_or_init(|| Tls::new(dial(), self.settings.roots.as_ref()).map(|tls| Pool::Tls(Arc::new(tls)))).clone()
        } else {
            Ok(self.plain.get_or_init(|| Pool::plain(dial())).clone())
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.settings, f)
    }
}
