//! Workflow runs from the command line: `pending`, `approve`, `reject`, `evidence`. They need a repository and a token, no file.
//! Tested in its `tests.rs`.

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
use crate::model::RepoName;
use crate::providers::github::runs::Links;

use super::Session;
use super::wiring::{Needs, Wiring};

/// The current repository, and a client that reads it.
struct RunsContext {
    wiring: Wiring,
    reader: Reader,
    repository: RepoName,
}

impl RunsContext {
    async fn open(session: &Session, config: &Config, needs: Needs) -> anyhow::Result<Self> {
        let wiring = Wiring::of(session, config, needs).await?;
        wiring.rehearse_runs(session, config)?;
        let repository = wiring.repository.clone().ok_or_else(|| hinted("no repository is named", "pass --repo OWNER/REPO"))?;
        let reader = wiring.github()?;
        Ok(Self { wiring, reader, repository })
    }

    fn links(&self) -> Links<'_> {
        Links { web: &self.wiring.web, repository: &self.repository }
    }
}
