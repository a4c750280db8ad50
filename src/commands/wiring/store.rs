//! The store of a freeze alone: neither a repository nor any other API is needed for it.

use std::time::Duration;

use crate::config::Config;
use crate::desired::freeze::Store;
use crate::http::{ApiError, Reader, Settings, Stack, Writer};
use crate::model::Unknown;
use crate::providers::{freeze_store, heroku};
use crate::sandbox::Sandbox;

use super::super::Session;
use super::{ApiAccess, Wiring, emulator, github_access, github_endpoint, heroku_access, no_token, settings, setup, unneeded};

/// The store of a freeze: no repository and no token of another API is needed.
pub(in crate::commands) struct StoreSite {
    stack: Stack,
    access: ApiAccess,
    /// The emulator lives as long as the run.
    _sandbox: Option<Sandbox>,
}

impl StoreSite {
    /// Finds the server and the token; `config` is only needed to build the emulator.
    ///
    /// # Errors
    /// When the address is unusable, or the emulator does not start.
    pub(in crate::commands) async fn new(
        session: &Session,
        config: Option<&Config>,
        store: &Store,
        bounds: Bounds,
    ) -> anyhow::Result<Self> {
        let stack = Stack::new(bounds.on(settings(session)));
        let is_heroku = *freeze_store::of(store).api() == heroku::api::API;
        if let Some(scenario) = session.global.sandbox {
            let fleet = session.fleet_file(&[])?;
            let fleet = fleet.as_ref().and_then(|config| Some((config, config.desired.fleet.as_ref()?)));
            let mut setup = match (config, fleet) {
                (_, Some((config, fleet))) => emulator::fleet_setup(config, fleet)?,
                (Some(config), None) => setup(session, config)?,
                (None, None) => setup(session, &session.config_or_sample(&[])?)?,
            };
            if let Some(app) = store.app() {
                setup.apps.entry(app.to_owned()).or_default();
            }
            let Wiring { stack, github, heroku, sandbox, .. } = Wiring::emulated(stack, emulator::start(scenario, &setup).await?, None)?;
            return Ok(Self { stack, access: if is_heroku { heroku } else { github }, _sandbox: sandbox });
        }
        let access =
            if is_heroku { heroku_access(session, true)? } else { github_access(session, github_endpoint(session, config)?, store.name()) };
        Ok(Self { stack, access, _sandbox: None })
    }

    /// The client that cannot write, or why there is none.
    ///
    /// # Errors
    /// When there is no token.
    pub(in crate::commands) fn reader(&self) -> Result<Reader, Unknown> {
        self.access.reader(&self.stack)
    }

    /// The client that can write.
    ///
    /// # Errors
    /// When there is no token.
    pub(in crate::commands) fn writer(&self) -> Result<Writer, ApiError> {
        self.access.writer(&self.stack).ok_or_else(|| no_token(unneeded()))
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
    /// At most this long, with all retries, regardless of `--timeout`.
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
