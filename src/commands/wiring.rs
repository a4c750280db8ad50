//! Which servers a run talks to, and with which tokens: the one place where environment, flags and file meet.
//!
//! The emulator is wired in here and nowhere else: the code behind the clients does not know about it.

mod emulator;
mod store;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::config::{self, Config};
use crate::credentials::{self, App, Installed, ProcessEnv, Use};
use crate::desired::fleet::Fleet;
use crate::desired::freeze::Store;
use crate::http::{
    Api, ApiError, Cache, Endpoint, ErrorKind, OnExhausted, Quota, Reader, Settings, Stack, Token, TokenSource, Traffic, Wait, Writer,
};
use crate::model::{Cause, RepoName, Unknown};
use crate::progress::Progress;
use crate::providers::github::organization;
use crate::providers::{Clients, freeze_store, github, heroku};
use crate::reconcile::{Context, Prune, RepositoryAccess};
use crate::sandbox::{Sandbox, Setup};
use crate::stop::Stop;

use super::failure::hinted;
use super::output::{keep_out, scope, to_stderr};
use super::{Session, who};

pub(super) use store::{Bounds, StoreSite};

/// Everything that a run needs to reach the outside.
pub(super) struct Wiring {
    stack: Stack,
    /// The repository, when the command needs one.
    pub(super) repository: Option<RepoName>,
    /// Where the repository's pages are.
    pub(super) web: String,
    github: ApiAccess,
    heroku: ApiAccess,
    /// The emulator lives as long as the run.
    sandbox: Option<Sandbox>,
}

/// One API: where it is, and the tokens for it, or why there are none.
struct ApiAccess {
    endpoint: Endpoint,
    tokens: Result<Arc<dyn TokenSource>, Unknown>,
    /// The tokens for writes, if they differ.
    write_tokens: Option<Arc<dyn TokenSource>>,
}

impl ApiAccess {
    fn new(endpoint: Endpoint, tokens: Result<Arc<dyn TokenSource>, Unknown>) -> Self {
        Self { endpoint, tokens, write_tokens: None }
    }

    fn reader(&self, stack: &Stack) -> Result<Reader, Unknown> {
        Ok(stack.reader_as(&self.endpoint, self.tokens.clone()?))
    }

    fn writer(&self, stack: &Stack) -> Option<Writer> {
        let tokens = self.write_tokens.clone().or_else(|| self.tokens.clone().ok())?;
        Some(stack.writer_as(&self.endpoint, tokens))
    }
}

impl Wiring {
    /// Finds servers and tokens for what gate.toml declares. Tokens are looked up only if something needs them.
    ///
    /// # Errors
    /// When an address is unusable, or no repository is named anywhere and one is needed.
    pub(super) async fn new(session: &Session, config: &Config) -> anyhow::Result<Self> {
        let github = !config.desired.github.environments.is_empty();
        let heroku = !config.desired.heroku.config.is_empty();
        Self::of(session, config, Needs { github, heroku, freeze: true }).await
    }

    /// Finds the servers and tokens that a command needs, regardless of gate.toml.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(super) async fn of(session: &Session, config: &Config, needs: Needs) -> anyhow::Result<Self> {
        let stack = Stack::new(settings(session));
        if let Some(scenario) = session.global.sandbox {
            let setup = setup(session, config)?;
            return Self::emulated(stack, emulator::start(scenario, &setup).await?, Some(setup.repository));
        }
        let github = github_endpoint(session, Some(config))?;
        let web = web(&session.env, &github);
        keep_host(&github);
        let repository = if needs.github { Some(repository(session, config)?) } else { None };
        let store = config.desired.freeze.as_ref().map(|policy| &policy.store).filter(|_| needs.freeze);
        let keeps_freeze = |api: &Api| store.filter(|store| freeze_store::of(store).api() == api);
        let github = match (&repository, keeps_freeze(&github::api::API)) {
            (Some(repository), _) => github_access(session, github, &repository.to_string()),
            (None, Some(store)) => github_access(session, github, store.name()),
            (None, None) => ApiAccess::new(github, Err(unneeded())),
        };
        let heroku = heroku_access(session, needs.heroku || keeps_freeze(&heroku::api::API).is_some())?;
        Ok(Self { stack, repository, web, github, heroku, sandbox: None })
    }

    /// Finds the server and the token for a fleet: one for all repositories of its organization.
    ///
    /// # Errors
    /// When the address is unusable.
    pub(super) async fn of_fleet(session: &Session, config: &Config, fleet: &Fleet) -> anyhow::Result<Self> {
        let stack = Stack::new(settings(session));
        if let Some(scenario) = session.global.sandbox {
            return Self::emulated(stack, emulator::start(scenario, &emulator::fleet_setup(config, fleet)?).await?, None);
        }
        let endpoint = github_endpoint(session, Some(config))?;
        let web = web(&session.env, &endpoint);
        keep_host(&endpoint);
        let github = github_access(session, endpoint, &fleet.organization);
        Ok(Self { stack, repository: None, web, github, heroku: heroku_access(session, false)?, sandbox: None })
    }

    fn emulated(stack: Stack, sandbox: Sandbox, repository: Option<RepoName>) -> anyhow::Result<Self> {
        let access = |endpoint| ApiAccess::new(endpoint, Ok(Arc::new(Token::new("sandbox", "the built-in emulator"))));
        let github = access(github::api::endpoint(sandbox.github_url())?);
        let heroku = access(heroku::api::endpoint(sandbox.heroku_url())?);
        Ok(Self { stack, repository, web: "https://github.com".to_owned(), github, heroku, sandbox: Some(sandbox) })
    }

    /// GitHub's reading client for many repositories: people and teams are looked up once.
    pub(super) fn shared_github(&self) -> Result<Reader, Unknown> {
        Ok(self.github.reader(&self.stack)?.asking_once(organization::shared))
    }

    /// What was sent so far.
    pub(super) fn traffic(&self) -> Traffic {
        self.stack.traffic()
    }

    /// What GitHub last said about the rate limit.
    pub(super) fn quota(&self) -> Option<Quota> {
        self.stack.quota(&self.github.endpoint)
    }

    /// What is to be observed and planned; built on clients that cannot write (law 2).
    pub(super) fn context(&self, session: &Session, config: &Config, prune: Prune) -> Context {
        let want = config.desired.clone();
        let github = match &self.repository {
            Some(repository) if !want.github.environments.is_empty() || prune == Prune::Undeclared => {
                let reader = self.github.reader(&self.stack);
                Some(RepositoryAccess { repository: repository.clone(), web: self.web.clone(), reader, listed: None })
            }
            _ => None,
        };
        let heroku = (!want.heroku.config.is_empty()).then(|| self.heroku.reader(&self.stack));
        let freeze = want.freeze.as_ref().map(|policy| self.store(&policy.store));
        let claim = who::declared(session);
        Context { config: config.path.clone(), want, github, heroku, freeze, prune, claim }
    }

    /// The writing clients.
    pub(super) fn clients(&self) -> Clients {
        [&self.github, &self.heroku].into_iter().filter_map(|access| access.writer(&self.stack)).collect()
    }

    /// GitHub's reading client.
    ///
    /// # Errors
    /// When there is no token.
    pub(super) fn github(&self) -> Result<Reader, ApiError> {
        self.github.reader(&self.stack).map_err(no_token)
    }

    /// GitHub's writing client.
    ///
    /// # Errors
    /// When there is no token.
    pub(super) fn github_writer(&self) -> Result<Writer, ApiError> {
        self.github.writer(&self.stack).ok_or_else(|| no_token(unneeded()))
    }

    /// The reading client of what keeps a freeze, or why there is none.
    pub(super) fn store(&self, store: &Store) -> Result<Reader, Unknown> {
        let api = freeze_store::of(store).api();
        let access = if *api == heroku::api::API { &self.heroku } else { &self.github };
        access.reader(&self.stack)
    }

    /// In a rehearsal: adds the history of the repository and a reviewer's token. Otherwise does nothing.
    pub(super) fn rehearse_runs(&self, session: &Session, config: &Config) -> anyhow::Result<()> {
        let Some(sandbox) = &self.sandbox else { return Ok(()) };
        let setup = setup(session, config)?;
        sandbox.with(|state| {
            state.rehearse_runs(&setup);
            state.act_as_reviewer(&setup);
        });
        Ok(())
    }

    /// The address of the API as gate.toml has to name it: none for github.com or for a temporary server on this machine.
    pub(super) fn api_url(&self) -> Option<String> {
        let url = self.github.endpoint.to_string();
        (url != github::api::PUBLIC && !self.github.endpoint.is_loopback()).then_some(url)
    }

    /// How many requests were sent, for `-v`.
    pub(super) fn trace_traffic(&self) {
        let sent = self.stack.traffic();
        tracing::info!("sent {} reads and {} writes over {} connections", sent.reads(), sent.writes(), sent.connections);
    }
}

/// The APIs that a command asks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Needs {
    /// GitHub, and with it a repository.
    pub(super) github: bool,
    /// Heroku.
    pub(super) heroku: bool,
    /// What keeps the freeze of gate.toml, if it declares one.
    pub(super) freeze: bool,
}

/// What the emulator is built from: the current gate.toml.
///
/// # Errors
/// When no repository is named anywhere.
pub(super) fn setup(session: &Session, config: &Config) -> anyhow::Result<Setup> {
    Ok(emulator::setup_of(repository_on(session, config, None)?, config))
}

fn no_token(unknown: Unknown) -> ApiError {
    ApiError { hint: Some(unknown.hint), ..ApiError::new("GitHub", ErrorKind::Unauthenticated, unknown.reason) }
}

/// GitHub with the tokens for `OWNER/REPO`, or for a whole organization: of a GitHub App if the environment names one.
fn github_access(session: &Session, endpoint: Endpoint, place: &str) -> ApiAccess {
    let listener = listener(session);
    let (owner, repository) = place.split_once('/').map_or((place, None), |(owner, repository)| (owner, Some(repository)));
    let app = |purpose: Use| -> Option<Arc<dyn TokenSource>> {
        // A separate stack that a stop does not end: reading back after a stop may need another token.
        let stack = Stack::new(Settings { stop: Stop::default(), cache: None, ..settings(session) });
        let installed = Installed { owner: owner.to_owned(), repository: repository.map(str::to_owned) };
        Some(Arc::new(App::of(&session.env, stack, &endpoint, installed, purpose, &listener)?))
    };
    match app(Use::Read) {
        Some(reads) => ApiAccess { write_tokens: app(Use::Write), ..ApiAccess::new(endpoint, Ok(reads)) },
        None => {
            let search = credentials::github(&session.env, &endpoint, &listener);
            ApiAccess::new(endpoint, Ok(Arc::new(search)))
        }
    }
}

/// Heroku with its tokens, if something needs them.
fn heroku_access(session: &Session, is_needed: bool) -> anyhow::Result<ApiAccess> {
    let endpoint = heroku::api::endpoint(session.env.get("HEROKU_HOST").unwrap_or(heroku::api::PUBLIC))?;
    if !is_needed {
        return Ok(ApiAccess::new(endpoint, Err(unneeded())));
    }
    let search = credentials::heroku(&session.env, &endpoint, &listener(session));
    Ok(ApiAccess::new(endpoint, Ok(Arc::new(search))))
}

/// Answers of earlier runs. A rehearsal has none, since each starts a new emulator.
fn cache(session: &Session) -> Option<Arc<Cache>> {
    if session.global.no_cache || session.global.sandbox.is_some() {
        return None;
    }
    let folder = |name: &str| session.env.get(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
    // A home directory that does not exist is not created.
    let home = || folder("HOME").filter(|home| home.is_dir());
    let own = || if cfg!(windows) { folder("LOCALAPPDATA") } else { home().map(|home| home.join(".cache")) };
    let folder = folder("XDG_CACHE_HOME").or_else(own)?;
    Some(Arc::new(Cache::at(folder.join("gatectl"))))
}

/// A wait on a rate limit that is shorter is not worth a line in a log.
const WORTH_A_LINE: Duration = Duration::from_secs(3);

fn settings(session: &Session) -> Settings {
    let progress: Arc<Progress> = Arc::clone(&session.progress);
    let warning: Arc<Progress> = Arc::clone(&session.progress);
    // Without a progress line a log would show nothing; traces report it already.
    let in_words = !session.progress.is_shown() && !session.global.quiet && session.global.verbose == 0;
    Settings {
        timeout: session.global.timeout,
        parallelism: usize::from(session.global.parallelism),
        cache: cache(session),
        on_exhausted: if session.global.wait { OnExhausted::Wait } else { OnExhausted::GiveUp },
        on_wait: Some(Arc::new(move |wait: &Wait| {
            let what = format!("waiting for the {} of {}", wait.limit, wait.host);
            progress.wait(&what, Instant::now() + wait.duration);
            if in_words && wait.duration >= WORTH_A_LINE {
                to_stderr(&format!("{what} until {}; a shorter --timeout gives up instead", wait.until_utc()));
            }
        })),
        on_warning: Some(Arc::new(move |text: &str| warning.suspend(|| to_stderr(&format!("warning: Heroku says: {text}"))))),
        stop: session.stop.clone(),
        ..Settings::default()
    }
}

/// GitHub's API: GITHUB_API_URL of Actions, the file, `GH_HOST`, the remote `origin` if it is on `*.ghe.com`, or the public one.
fn github_endpoint(session: &Session, config: Option<&Config>) -> anyhow::Result<Endpoint> {
    let declared = config.and_then(|config| config.desired.github.api_url.as_deref());
    let named = session.env.get("GITHUB_API_URL").or(declared);
    let origin = || config::origin(&session.directory).map(|remote| remote.host).filter(|host| host.ends_with(".ghe.com"));
    let endpoint = match (named, session.env.get("GH_HOST").map(str::to_owned).or_else(origin)) {
        (Some(url), _) => github::api::endpoint(url),
        (None, Some(host)) => github::api::endpoint_of_web_host(&host),
        (None, None) => github::api::endpoint(github::api::PUBLIC),
    };
    let hint = "set GITHUB_API_URL or github.api_url in gate.toml to the address of the REST API, or GH_HOST to its host";
    endpoint.map_err(|error| hinted(error.to_string(), hint))
}

/// The repository: `--repo`, the file, `GITHUB_REPOSITORY`, the git remote `origin`, which must be on the host that is asked.
///
/// # Errors
/// When none of them names one.
pub(super) fn repository(session: &Session, config: &Config) -> anyhow::Result<RepoName> {
    let github = github_endpoint(session, Some(config))?;
    repository_on(session, config, (!github.is_loopback()).then(|| github.web_host()))
}

fn repository_on(session: &Session, config: &Config, host: Option<&str>) -> anyhow::Result<RepoName> {
    if let Some(repository) = session.global.repo.clone().or_else(|| config.desired.github.repository.clone()) {
        return Ok(repository);
    }
    if let Some(text) = session.env.get("GITHUB_REPOSITORY") {
        return RepoName::parse(text)
            .map_err(|e| hinted(format!("GITHUB_REPOSITORY: {e}"), "set it to OWNER/REPO, or pass --repo OWNER/REPO"));
    }
    let origin = config::origin(&session.directory);
    if let (Some(remote), Some(host)) = (&origin, host)
        && remote.host != host
    {
        // A repository of the same name on another host is a different one with a different owner.
        return Err(hinted(
            format!("no repository is named, and the git remote `origin` is at {}, while this run asks {host}", remote.host),
            "pass --repo OWNER/REPO or write `repository` below [github]; for GitHub Enterprise Server, also set `api_url` there",
        ));
    }
    origin.map(|remote| remote.repository).ok_or_else(|| {
        hinted(
            "no repository is named: gate.toml has no `github.repository`, and there is no git remote `origin`",
            "pass --repo OWNER/REPO, or write `repository = \"OWNER/REPO\"` below [github] in gate.toml",
        )
    })
}

/// The repository's web address: from GITHUB_SERVER_URL, else derived from the API's host.
fn web(env: &ProcessEnv, github: &Endpoint) -> String {
    match env.get("GITHUB_SERVER_URL") {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None if github.is_loopback() => "https://github.com".to_owned(),
        None => format!("https://{}", github.web_host()),
    }
}

/// The GitHub CLI goes to github.com unless it is told otherwise.
fn keep_host(github: &Endpoint) {
    if !github.is_loopback() && github.web_host() != "github.com" {
        scope().keep_host(github.web_host());
    }
}

/// Redacts every token that is found, and prints warnings about it.
struct Listener(Arc<Progress>);

impl credentials::Listener for Listener {
    fn found(&self, token: &Token) {
        keep_out(token);
    }

    fn warn(&self, warning: &str) {
        self.0.suspend(|| to_stderr(&format!("warning: {warning}")));
    }
}

fn listener(session: &Session) -> Arc<dyn credentials::Listener> {
    Arc::new(Listener(Arc::clone(&session.progress)))
}

fn unneeded() -> Unknown {
    Unknown { reason: "no token was looked for".to_owned(), hint: String::new(), cause: Cause::Credentials }
}
