//! Heroku alone, for what needs neither a repository nor GitHub.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use crate::config::Config;
use crate::credentials;
use crate::http::{ApiError, Endpoint, Reader, Settings, Stack, TokenSource, Writer};
use crate::model::Unknown;
use crate::sandbox::{Sandbox, State};

use super::super::Session;
use super::{Line, emulator_token, listener, no_token, settings, setup, unneeded};

/// Heroku alone: what the freeze needs. Neither a repository nor a token of GitHub's is looked for.
pub(in crate::commands) struct HerokuSite {
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
    pub(in crate::commands) async fn new(session: &Session, config: Option<&Config>, app: &str, bounds: Bounds) -> anyhow::Result<Self> {
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
            let line = Line { endpoint: Endpoint::heroku(sandbox.heroku_url())?, tokens: Ok(emulator_token()) };
            return Ok(Self { stack, line, _sandbox: Some(sandbox) });
        }
        let endpoint = Endpoint::heroku(session.env.get("HEROKU_HOST").unwrap_or(Endpoint::HEROKU))?;
        let tokens: Arc<dyn TokenSource> = Arc::new(credentials::heroku(&session.env, &endpoint, &listener(session)));
        Ok(Self { stack, line: Line { endpoint, tokens: Ok(tokens) }, _sandbox: None })
    }

    /// The client that cannot write, or why there is none.
    ///
    /// # Errors
    /// When there is no token.
    pub(in crate::commands) fn reader(&self) -> Result<Reader, Unknown> {
        self.line.reader(&self.stack)
    }

    /// The client that can write.
    ///
    /// # Errors
    /// When there is no token.
    pub(in crate::commands) fn writer(&self) -> Result<Writer, ApiError> {
        self.line.writer(&self.stack).ok_or_else(|| no_token(unneeded()))
    }

    /// How many requests were sent, for `-v`.
    pub(in crate::commands) fn trace_traffic(&self) {
        tracing::info!("{:?}", self.stack.traffic());
    }
}

/// How long requests may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::commands) enum Bounds {
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
