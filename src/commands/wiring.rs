//! Which servers a run talks to, and with which tokens: the one place where environment, flags and file meet.
//!
//! The emulator is wired in here and nowhere else: the code behind the clients does not know about it.

mod access;
mod emulator;

use std::time::Duration;

use crate::config::{self, Config};
use crate::credentials::ProcessEnv;
use crate::desired::fleet::Fleet;
use crate::desired::freeze::Store;
use crate::http::{ApiError, Endpoint, ErrorKind, Quota, Reader, Stack, Token, Traffic, Writer};
use crate::model::{Cause, RepoName, Unknown};
use crate::providers::github::organization;
use crate::providers::{Clients, freeze_store, github, heroku};
use crate::reconcile::{Context, Prune, RepositoryAccess};
use crate::sandbox::{Sandbox, Setup};

use access::{ApiAccess, settings};

use super::failure::hinted;
use super::output::scope;
use super::{Session, who};

/// Everything that a run needs to reach the outside. What was sent is traced when it is dropped.
pub(super) struct Wiring {
    stack: Stack,
    /// The repository, when the command needs one.
    repository: Option<RepoName>,
    /// Where the repository's pages are.
    pub(super) web: String,
    /// GitHub, if something needs it.
    github: Option<ApiAccess>,
    /// Heroku, if something needs it.
    heroku: Option<ApiAccess>,
    /// The emulator lives as long as the run.
    sandbox: Option<Sandbox>,
}

impl Wiring {
    /// Finds servers and tokens for what gate.toml declares. Tokens are looked up only if something needs them.
    ///
    /// # Errors
    /// When an address is unusable, or no repository is named anywhere and one is needed.
    pub(super) async fn new(session: &Session, config: &Config) -> anyhow::Result<Self> {
        let github = !config.desired.github.environments.is_empty();
        let heroku = !config.desired.heroku.config.is_empty();
        Self::of(session, config, Needs { github, heroku, ..Needs::REPOSITORY_AND_FREEZE }).await
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
        let web = web(&session.env, Some(&github));
        keep_host(&github);
        let repository = if needs.github { Some(repository(session, config)?) } else { None };
        let store = config.desired.freeze.as_ref().map(|policy| &policy.store).filter(|_| needs.freeze);
        let place = repository.as_ref().map(ToString::to_string);
        let place = place.or_else(|| store.filter(|store| !keeps_in_heroku(store)).map(|store| store.name().to_owned()));
        let github = place.map(|place| ApiAccess::of_github(session, github, &place));
        let needs_heroku = needs.heroku || store.is_some_and(keeps_in_heroku);
        let heroku = needs_heroku.then(|| ApiAccess::of_heroku(session)).transpose()?;
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
        let web = web(&session.env, Some(&endpoint));
        keep_host(&endpoint);
        let github = ApiAccess::of_github(session, endpoint, &fleet.organization);
        Ok(Self { stack, repository: None, web, github: Some(github), heroku: None, sandbox: None })
    }

    /// Finds the store of a freeze alone. gate.toml may be missing: only the emulator is built from it. `within` bounds every request
    /// with its retries, regardless of a longer `--timeout`.
    ///
    /// # Errors
    /// When the address is unusable, or the emulator does not start.
    pub(super) async fn of_store(
        session: &Session,
        config: Option<&Config>,
        store: &Store,
        within: Option<Duration>,
    ) -> anyhow::Result<Self> {
        let mut settings = settings(session);
        if let Some(within) = within {
            settings.timeout = settings.timeout.min(within);
            // Short enough that an attempt that hangs leaves time for two more.
            settings.attempt_timeout = settings.attempt_timeout.min(within / 3);
        }
        let stack = Stack::new(settings);
        if let Some(scenario) = session.global.sandbox {
            let fleet = session.fleet_file(&[])?;
            let fleet = fleet.as_ref().and_then(|config| Some((config, config.desired.fleet.as_ref()?)));
            let mut setup = match (config, fleet) {
                (_, Some((config, fleet))) => emulator::fleet_setup(config, fleet)?,
                (Some(config), None) => setup(session, config)?,
                (None, None) => setup(session, &session.config(&[])?)?,
            };
            if let Some(app) = store.app() {
                setup.apps.entry(app.to_owned()).or_default();
            }
            return Self::emulated(stack, emulator::start(scenario, &setup).await?, None);
        }
        if keeps_in_heroku(store) {
            let heroku = Some(ApiAccess::of_heroku(session)?);
            return Ok(Self { stack, repository: None, web: web(&session.env, None), github: None, heroku, sandbox: None });
        }
        let endpoint = github_endpoint(session, config)?;
        let web = web(&session.env, Some(&endpoint));
        let github = ApiAccess::of_github(session, endpoint, store.name());
        Ok(Self { stack, repository: None, web, github: Some(github), heroku: None, sandbox: None })
    }

    fn emulated(stack: Stack, sandbox: Sandbox, repository: Option<RepoName>) -> anyhow::Result<Self> {
        let access = |endpoint| Some(ApiAccess::new(endpoint, Token::new("sandbox", "the built-in emulator")));
        let github = access(github::api::endpoint(sandbox.github_url())?);
        let heroku = access(heroku::api::endpoint(sandbox.heroku_url())?);
        Ok(Self { stack, repository, web: "https://github.com".to_owned(), github, heroku, sandbox: Some(sandbox) })
    }

    /// The repository that the command is about.
    ///
    /// # Errors
    /// If it is for a fleet, or for a store alone.
    pub(super) fn repository(&self) -> anyhow::Result<&RepoName> {
        self.repository.as_ref().ok_or_else(|| hinted("no repository is named", "pass --repo OWNER/REPO"))
    }

    /// GitHub's reading client for many repositories: people and teams are looked up once.
    pub(super) fn shared_github(&self) -> Result<Reader, Unknown> {
        Ok(self.reader(self.github.as_ref())?.asking_once(organization::shared))
    }

    /// What was sent so far.
    pub(super) fn traffic(&self) -> Traffic {
        self.stack.traffic()
    }

    /// What GitHub last said about the rate limit.
    pub(super) fn quota(&self) -> Option<Quota> {
        self.stack.quota(&self.github.as_ref()?.endpoint)
    }

    /// What is to be observed and planned; built on clients that cannot write (law 2).
    pub(super) fn context(&self, session: &Session, config: &Config, prune: Prune) -> Context {
        let want = config.desired.clone();
        let github = match &self.repository {
            Some(repository) if !want.github.environments.is_empty() || prune == Prune::Undeclared => {
                let reader = self.reader(self.github.as_ref());
                Some(RepositoryAccess { repository: repository.clone(), web: self.web.clone(), reader, listed: None })
            }
            _ => None,
        };
        let heroku = (!want.heroku.config.is_empty()).then(|| self.reader(self.heroku.as_ref()));
        let freeze = want.freeze.as_ref().map(|policy| self.store(&policy.store));
        let claim = who::declared(session);
        Context { config: config.path.clone(), want, github, heroku, freeze, prune, claim }
    }

    /// The writing clients.
    pub(super) fn clients(&self) -> Clients {
        [&self.github, &self.heroku].into_iter().flatten().map(|access| access.writer(&self.stack)).collect()
    }

    /// GitHub's reading client.
    ///
    /// # Errors
    /// When there is no token.
    pub(super) fn github(&self) -> Result<Reader, ApiError> {
        self.reader(self.github.as_ref()).map_err(no_token)
    }

    /// GitHub's writing client.
    ///
    /// # Errors
    /// When there is no token.
    pub(super) fn github_writer(&self) -> Result<Writer, ApiError> {
        self.writer(self.github.as_ref())
    }

    /// The reading client of what keeps a freeze, or why there is none.
    pub(super) fn store(&self, store: &Store) -> Result<Reader, Unknown> {
        self.reader(self.keeps(store))
    }

    /// The writing client of what keeps a freeze.
    ///
    /// # Errors
    /// When there is no token.
    pub(super) fn store_writer(&self, store: &Store) -> Result<Writer, ApiError> {
        self.writer(self.keeps(store))
    }

    fn keeps(&self, store: &Store) -> Option<&ApiAccess> {
        if keeps_in_heroku(store) { self.heroku.as_ref() } else { self.github.as_ref() }
    }

    fn reader(&self, access: Option<&ApiAccess>) -> Result<Reader, Unknown> {
        Ok(access.ok_or_else(unneeded)?.reader(&self.stack))
    }

    fn writer(&self, access: Option<&ApiAccess>) -> Result<Writer, ApiError> {
        Ok(access.ok_or_else(|| no_token(unneeded()))?.writer(&self.stack))
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
        let endpoint = &self.github.as_ref()?.endpoint;
        let url = endpoint.to_string();
        (url != github::api::PUBLIC && !endpoint.is_loopback()).then_some(url)
    }
}

impl Drop for Wiring {
    fn drop(&mut self) {
        let sent = self.stack.traffic();
        tracing::info!("sent {} reads and {} writes over {} connections", sent.reads(), sent.writes(), sent.connections);
    }
}

/// The APIs that a command asks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Needs {
    /// GitHub, and with it a repository.
    github: bool,
    heroku: bool,
    /// What keeps the freeze of gate.toml, if it declares one.
    freeze: bool,
}

impl Needs {
    /// A repository on GitHub.
    pub(super) const REPOSITORY: Self = Self { github: true, heroku: false, freeze: false };
    /// The same, and what keeps its freeze.
    pub(super) const REPOSITORY_AND_FREEZE: Self = Self { freeze: true, ..Self::REPOSITORY };
}

/// What the emulator is built from: the current gate.toml.
///
/// # Errors
/// When no repository is named anywhere.
pub(super) fn setup(session: &Session, config: &Config) -> anyhow::Result<Setup> {
    Ok(emulator::setup_of(repository_on(session, config, None)?, config))
}

/// Whether a freeze is kept in an app of Heroku.
fn keeps_in_heroku(store: &Store) -> bool {
    *freeze_store::of(store).api() == heroku::api::API
}

fn unneeded() -> Unknown {
    Unknown { cause: Cause::Credentials, ..Unknown::new("no token was looked for", "") }
}

fn no_token(unknown: Unknown) -> ApiError {
    ApiError { hint: Some(unknown.hint), ..ApiError::new("GitHub", ErrorKind::Unauthenticated, unknown.reason) }
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
fn web(env: &ProcessEnv, github: Option<&Endpoint>) -> String {
    match (env.get("GITHUB_SERVER_URL"), github.filter(|github| !github.is_loopback())) {
        (Some(url), _) => url.trim_end_matches('/').to_owned(),
        (None, Some(github)) => format!("https://{}", github.web_host()),
        (None, None) => "https://github.com".to_owned(),
    }
}

/// The GitHub CLI goes to github.com unless it is told otherwise.
fn keep_host(github: &Endpoint) {
    if !github.is_loopback() && github.web_host() != "github.com" {
        scope().keep_host(github.web_host());
    }
}
