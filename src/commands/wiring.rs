//! Which servers a run talks to, and with which tokens: the one place where environment, flags and file meet.
//!
//! The emulator is wired in here and nowhere else: everything behind the clients takes it for the real thing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use jiff::Timestamp;

use crate::config::{self, Config};
use crate::credentials::{self, Environment};
use crate::http::{ApiError, Endpoint, ErrorKind, Reader, Settings, Stack, Token, Wait, Writer};
use crate::model::{RepoName, Unknown};
use crate::progress::Progress;
use crate::providers::Fleet;
use crate::render::diagnostic::Hinted;
use crate::render::escape::visible;
use crate::sandbox::{Sandbox, Setup, State};

use super::Session;
use super::reconcile::{Prune, Scene, Site, no_credentials};
use super::session::to_stderr;

/// Everything that a run needs to reach the outside.
pub(super) struct Wiring {
    stack: Stack,
    /// The repository, when the command needs one.
    pub(super) repository: Option<RepoName>,
    /// Where the repository's pages are.
    pub(super) web: String,
    github: Line,
    heroku: Line,
    /// The emulator lives as long as the run.
    _sandbox: Option<Sandbox>,
}

/// One API: where it is, and the token for it, or why there is none.
struct Line {
    endpoint: Endpoint,
    token: Result<Token, Unknown>,
}

impl Line {
    fn reader(&self, stack: &Stack) -> Result<Reader, Unknown> {
        let token = self.token.clone()?;
        stack.reader(&self.endpoint, Some(token)).map_err(|error| error.unknown())
    }

    fn writer(&self, stack: &Stack) -> Option<Writer> {
        let token = self.token.clone().ok()?;
        stack.writer(&self.endpoint, Some(token)).ok()
    }
}

impl Wiring {
    /// Finds servers and tokens for what gate.toml declares. Tokens are looked for only where something needs them.
    ///
    /// # Errors
    /// When an address is unusable, or no repository is named anywhere and one is needed.
    pub(super) async fn new(session: &Session, config: &Config) -> anyhow::Result<Self> {
        let stack = Stack::new(settings(session));
        let needs_github = !config.desired.github.environments.is_empty();
        let needs_heroku = !config.desired.heroku.config.is_empty();
        if let Some(scenario) = session.global.sandbox {
            let setup = setup(session, config)?;
            let repository = setup.repository.clone();
            let sandbox = Sandbox::start(State::rehearsal(scenario, &setup)).await.context("starting the built-in emulator")?;
            let token = || Ok(Token::new("sandbox", "the built-in emulator"));
            let github = Line { endpoint: Endpoint::github(sandbox.github_url())?, token: token() };
            let heroku = Line { endpoint: Endpoint::heroku(sandbox.heroku_url())?, token: token() };
            let web = "https://github.com".to_owned();
            return Ok(Self { stack, repository: Some(repository), web, github, heroku, _sandbox: Some(sandbox) });
        }

        let env = &session.env;
        let url = env.get("GITHUB_API_URL").or(config.desired.github.api_url.as_deref()).unwrap_or(Endpoint::GITHUB);
        let github = Endpoint::github(url).map_err(|e| Hinted {
            message: e.to_string(),
            hint: "set GITHUB_API_URL or github.api_url in gate.toml to the address of the REST API".to_owned(),
        })?;
        let heroku = Endpoint::heroku(env.get("HEROKU_HOST").unwrap_or(Endpoint::HEROKU))?;
        let web = web(env, &github);
        let repository = if needs_github { Some(repository(session, config)?) } else { None };
        let (github_token, heroku_token) =
            tokio::join!(async { if needs_github { github_token(session, &github).await } else { Err(unneeded()) } }, async {
                if needs_heroku { heroku_token(session, &heroku).await } else { Err(unneeded()) }
            },);
        Ok(Self {
            stack,
            repository,
            web,
            github: Line { endpoint: github, token: github_token },
            heroku: Line { endpoint: heroku, token: heroku_token },
            _sandbox: None,
        })
    }

    /// What is to be observed and planned; built on clients that cannot write (law 2).
    #[must_use]
    pub(super) fn scene(&self, config: &Config, prune: Prune) -> Scene {
        let want = config.desired.clone();
        let github = match &self.repository {
            Some(repository) if !want.github.environments.is_empty() || prune == Prune::Undeclared => {
                Some(Site { repository: repository.clone(), web: self.web.clone(), reader: self.github.reader(&self.stack) })
            }
            _ => None,
        };
        let heroku = (!want.heroku.config.is_empty()).then(|| self.heroku.reader(&self.stack));
        Scene { config: config.path.clone(), want, github, heroku, prune }
    }

    /// The writing clients.
    #[must_use]
    pub(super) fn fleet(&self) -> Fleet {
        Fleet { github: self.github.writer(&self.stack), heroku: self.heroku.writer(&self.stack) }
    }

    /// How many requests were sent, for `-v`.
    pub(super) fn trace_traffic(&self) {
        tracing::info!("{:?}", self.stack.traffic());
    }
}

/// Heroku alone: what the freeze needs. Neither a repository nor a token of GitHub's is looked for.
pub(super) struct HerokuSite {
    stack: Stack,
    line: Line,
    /// The emulator lives as long as the run.
    _sandbox: Option<Sandbox>,
}

impl HerokuSite {
    /// Finds the server and the token; `config` is what the emulator is built from, and needed for nothing else.
    ///
    /// # Errors
    /// When the address is unusable, or the emulator does not start.
    pub(super) async fn new(session: &Session, config: Option<&Config>, app: &str, bounds: Bounds) -> anyhow::Result<Self> {
        let stack = Stack::new(bounds.on(settings(session)));
        if let Some(scenario) = session.global.sandbox {
            let sample;
            let config = match config {
                Some(config) => config,
                None => {
                    sample = session.config_or_sample(&[])?;
                    &sample
                }
            };
            let mut setup = setup(session, config)?;
            setup.apps.entry(app.to_owned()).or_default();
            let sandbox = Sandbox::start(State::rehearsal(scenario, &setup)).await.context("starting the built-in emulator")?;
            let token = Ok(Token::new("sandbox", "the built-in emulator"));
            let line = Line { endpoint: Endpoint::heroku(sandbox.heroku_url())?, token };
            return Ok(Self { stack, line, _sandbox: Some(sandbox) });
        }
        let endpoint = Endpoint::heroku(session.env.get("HEROKU_HOST").unwrap_or(Endpoint::HEROKU))?;
        let token = heroku_token(session, &endpoint).await;
        Ok(Self { stack, line: Line { endpoint, token }, _sandbox: None })
    }

    /// The client that cannot write, or why there is none.
    ///
    /// # Errors
    /// When there is no token.
    pub(super) fn reader(&self) -> Result<Reader, Unknown> {
        self.line.reader(&self.stack)
    }

    /// The client that can write.
    ///
    /// # Errors
    /// When there is no token.
    pub(super) fn writer(&self) -> Result<Writer, ApiError> {
        match &self.line.token {
            Ok(token) => self.stack.writer(&self.line.endpoint, Some(token.clone())),
            Err(unknown) => Err(ApiError {
                hint: Some(unknown.hint.clone()),
                ..ApiError::new(self.line.endpoint.to_string(), ErrorKind::Unauthenticated, unknown.reason.clone())
            }),
        }
    }

    /// How many requests were sent, for `-v`.
    pub(super) fn trace_traffic(&self) {
        tracing::info!("{:?}", self.stack.traffic());
    }
}

/// How long requests may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bounds {
    /// As `--timeout` says.
    Usual,
    /// At most so long, with all retries, whatever `--timeout` says.
    AtMost(Duration),
}

impl Bounds {
    fn on(self, settings: Settings) -> Settings {
        match self {
            Self::Usual => settings,
            // Short enough that an attempt that hangs leaves time for two more.
            Self::AtMost(most) => {
                Settings { timeout: settings.timeout.min(most), attempt_timeout: settings.attempt_timeout.min(most / 3), ..settings }
            }
        }
    }
}

/// What the emulator is built from: the gate.toml at hand.
///
/// # Errors
/// When no repository is named anywhere.
pub(super) fn setup(session: &Session, config: &Config) -> anyhow::Result<Setup> {
    let setup = Setup::new(repository(session, config)?, &config.desired.github, &config.desired.heroku).at(Timestamp::now());
    Ok(match &config.desired.freeze {
        Some(freeze) => setup.with_freeze(freeze),
        None => setup,
    })
}

fn settings(session: &Session) -> Settings {
    let progress: Arc<Progress> = Arc::clone(&session.progress);
    let warning: Arc<Progress> = Arc::clone(&session.progress);
    Settings {
        timeout: session.global.timeout,
        parallelism: usize::from(session.global.parallelism),
        on_wait: Some(Arc::new(move |wait: &Wait| {
            progress.wait(&format!("waiting for the rate limit of {}", wait.host), Instant::now() + wait.duration);
        })),
        on_warning: Some(Arc::new(move |text: &str| warning.suspend(|| to_stderr(&format!("warning: Heroku says: {}", visible(text)))))),
        ..Settings::default()
    }
}

/// The repository: `--repo`, the file, `GITHUB_REPOSITORY`, the git remote `origin`.
fn repository(session: &Session, config: &Config) -> anyhow::Result<RepoName> {
    if let Some(repository) = session.global.repo.clone().or_else(|| config.desired.github.repository.clone()) {
        return Ok(repository);
    }
    if let Some(text) = session.env.get("GITHUB_REPOSITORY") {
        return RepoName::parse(text).map_err(|e| anyhow::anyhow!("GITHUB_REPOSITORY: {e}"));
    }
    config::origin(&session.directory).map(|remote| remote.repository).ok_or_else(|| {
        Hinted {
            message: "no repository is named: gate.toml has no `github.repository`, and there is no git remote `origin`".to_owned(),
            hint: "write `repository = \"OWNER/REPO\"` below [github], or pass --repo OWNER/REPO".to_owned(),
        }
        .into()
    })
}

/// Where people see the repository: as Actions says it, else the API's own host.
fn web(env: &Environment, github: &Endpoint) -> String {
    match env.get("GITHUB_SERVER_URL") {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None if github.is_loopback() => "https://github.com".to_owned(),
        None => format!("https://{}", github.web_host()),
    }
}

async fn github_token(session: &Session, endpoint: &Endpoint) -> Result<Token, Unknown> {
    let found = credentials::github(&session.env, endpoint).await;
    session.warn(&found.warnings);
    found.token.ok_or_else(|| {
        no_credentials(
            "there is no GitHub token",
            "set GH_TOKEN, or log in with `gh auth login`; plan needs `Actions: read` and `Metadata: read`, apply `Administration: write` (fine-grained), or `repo` (classic). To try without an account: --sandbox",
        )
    })
}

async fn heroku_token(session: &Session, endpoint: &Endpoint) -> Result<Token, Unknown> {
    let found = credentials::heroku(&session.env, endpoint).await;
    session.warn(&found.warnings);
    found.token.ok_or_else(|| {
        no_credentials(
            "there is no Heroku token",
            "set HEROKU_API_KEY, or log in with `heroku login`; plan needs the scope read-protected, apply write-protected",
        )
    })
}

fn unneeded() -> Unknown {
    no_credentials("no token was looked for", "")
}
