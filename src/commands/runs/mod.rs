//! Workflow runs from the command line: `pending`, `approve`, `reject`, `evidence`. They need a repository and a token, no file.
//! Tested in its `tests/`.

pub(super) mod evidence;
pub(super) mod freeze_guard;
pub(super) mod pending;
pub(super) mod review;
pub(super) mod stale;

#[cfg(test)]
mod tests;

use super::failure::hinted;
use crate::config::Config;
use crate::http::Reader;
use crate::model::{EnvName, RepoName};
use crate::providers::github::observe as environments;
use crate::providers::github::runs::Links;

use super::Session;
use super::session::listed;
use super::wiring::{Needs, Wiring};

/// The current repository with its gate.toml, and a client that reads it.
struct RunsContext {
    config: Config,
    wiring: Wiring,
    reader: Reader,
    repository: RepoName,
}

impl RunsContext {
    async fn open(session: &Session, config: Config, needs: Needs) -> anyhow::Result<Self> {
        let wiring = Wiring::of(session, &config, needs).await?;
        wiring.rehearse_runs(session, &config)?;
        let repository = wiring.repository()?.clone();
        let reader = wiring.github()?;
        Ok(Self { config, wiring, reader, repository })
    }

    /// Refuses a name of `--environment` that neither gate.toml nor GitHub has, so that a misspelled one does not read as "nothing there".
    /// GitHub is asked only if nothing was `found` for a name.
    async fn refuse_strange(&self, session: &Session, found: impl Fn(&EnvName) -> bool) -> anyhow::Result<()> {
        let declared = &self.config.desired.github.environments;
        let mut strange = session.global.environment.iter().filter(|name| !declared.contains_key(*name) && !found(name)).peekable();
        if strange.peek().is_none() {
            return Ok(());
        }
        match session.unless_stopped(environments::names(&self.reader, &self.repository)).await? {
            Ok(live) => match strange.find(|name| !live.contains(*name)) {
                None => Ok(()),
                Some(name) => Err(hinted(format!("{} has no environment `{name}`", self.repository), listed("it has", &live))),
            },
            Err(unknown) => {
                let names: Vec<String> = strange.map(|name| format!("`{name}`")).collect();
                session.warn([format!("whether {} has {} is unknown: {}", self.repository, names.join(", "), unknown.reason)]);
                Ok(())
            }
        }
    }

    fn links(&self) -> Links<'_> {
        Links { web: &self.wiring.web, repository: &self.repository }
    }
}
