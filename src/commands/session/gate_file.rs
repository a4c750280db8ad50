//! The gate.toml of a run: where it is, what is read in its place, and which part of it is used.
//!
//! Tested in `tests/program/usage.rs`, `remote.rs`, `fleet.rs` and `tips.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::cli::FleetArgs;
use crate::commands::failure::hinted;
use crate::config::{self, Config, LoadError};
use crate::model::EnvName;
use crate::sandbox::Scenario;
use crate::views::diagnostic::Hinted;

use super::Session;

impl Session {
    /// Whether there is a gate.toml to read on disk.
    pub fn has_file(&self) -> bool {
        self.global.config.is_some() || config::find(&self.directory).is_some()
    }

    /// Reads the gate.toml of one repository, narrowed to some environments; all, when none is named. In a rehearsal without a file, the
    /// emulator's own.
    ///
    /// # Errors
    /// When there is none, or it has problems: all of them.
    pub fn config(&self, environments: &[EnvName]) -> anyhow::Result<Config> {
        if self.global.sandbox.is_some() && !self.has_file() {
            return narrowed(sample()?, environments);
        }
        let config = self.any_file(environments)?;
        match &config.desired.fleet {
            None => Ok(config),
            Some(fleet) => Err(hinted(
                format!("{} is for the repositories of {}, and this command is for one repository", config.path, fleet.organization),
                "Name the repository's own gate.toml with -c FILE. On a fleet file, run validate, plan, apply or verify",
            )),
        }
    }

    /// Reads gate.toml if there is one, whole; an empty one stands in if there is none. For commands that need only a
    /// repository.
    ///
    /// # Errors
    /// When the file has problems, or the one that `--config` names cannot be read.
    pub fn config_if_any(&self) -> anyhow::Result<Config> {
        if self.global.sandbox.is_none() && self.remote.is_none() && !self.has_file() { Ok(empty()?) } else { self.config(&[]) }
    }

    /// Where gate.toml is: `--config`, or the one here or above.
    ///
    /// # Errors
    /// When there is none.
    pub fn path(&self) -> anyhow::Result<PathBuf> {
        match &self.global.config {
            Some(path) => Ok(path.clone()),
            None => Ok(config::find(&self.directory)
                .ok_or_else(|| {
                    let origin = || config::origin(&self.directory).map(|origin| origin.repository);
                    let repository = self.global.repo.clone().or_else(origin).map_or("OWNER/REPO".to_owned(), |name| name.to_string());
                    Hinted::new(
                        "there is no gate.toml here or in a parent directory",
                        format!(
                            "write one from what is live: `gatectl import {repository} --out gate.toml`. Or name one with --config, or try \
                             --sandbox"
                        ),
                    )
                })
                .map(|found| found.strip_prefix(&self.directory).map(PathBuf::from).unwrap_or(found))?),
        }
    }

    /// Reads gate.toml, which may be for a fleet: `--config`, or the one here or above; in a rehearsal without a file, a sample.
    ///
    /// # Errors
    /// When there is none, or it has problems: all of them.
    pub fn any_file(&self, environments: &[EnvName]) -> anyhow::Result<Config> {
        let config = match (&self.remote, self.global.sandbox) {
            (Some(remote), _) => config::parse(&remote.name, &remote.text).map_err(LoadError::Problems)?,
            (None, Some(Scenario::Fleet)) if !self.has_file() => {
                config::parse(config::FILE_NAME, SAMPLE_FLEET).map_err(LoadError::Problems)?
            }
            (None, Some(_)) if !self.has_file() => sample()?,
            (None, _) => {
                let path = self.path()?;
                self.refuse_link_out(&path)?;
                config::load(&path)?
            }
        };
        if self.global.sandbox == Some(Scenario::Fleet) && config.desired.fleet.is_none() {
            return Err(hinted(
                format!("--sandbox=fleet is an organization, and {} is for one repository", config.path),
                "name a file with `[fleet]`: -c FILE. Or run it in an empty directory",
            ));
        }
        narrowed(config, environments)
    }

    /// The current file if it is for a fleet. The command reports a file that cannot be read.
    ///
    /// # Errors
    /// When it declares no environment of one of these names.
    pub fn fleet_file(&self, environments: &[EnvName]) -> anyhow::Result<Option<Config>> {
        match self.any_file(&[]) {
            Ok(config) if config.desired.fleet.is_some() => narrowed(config, environments).map(Some),
            Ok(_) | Err(_) => Ok(None),
        }
    }

    /// Refuses flags for fleets on the file of one repository.
    ///
    /// # Errors
    /// When there are any.
    pub(in crate::commands) fn refuse_fleet_flags(args: &FleetArgs, file: &str) -> anyhow::Result<()> {
        let flag = match (args.repository.is_empty(), args.shard) {
            (false, _) => "--repository",
            (true, Some(_)) => "--shard",
            (true, None) => return Ok(()),
        };
        Err(hinted(
            format!("{flag} selects part of a fleet, and {file} is for one repository"),
            "Leave it out, or name a file with `[fleet]`: -c FILE. To name another repository, use -R OWNER/REPO",
        ))
    }

    /// In CI the files are those of a pull request, and an error excerpt would print lines of any file that a link points to.
    fn refuse_link_out(&self, path: &Path) -> anyhow::Result<()> {
        if self.env.get("CI").is_none() || !config::leads_out(&self.directory, path) {
            return Ok(());
        }
        Err(hinted(
            format!("{} is a link that leads out of the repository: not read, since CI is set", path.display()),
            "commit gate.toml itself in place of the link",
        ))
    }
}

/// Refuses a name of `--environment` that the file does not know.
///
/// # Errors
/// The first one, with those that it knows.
pub(in crate::commands) fn refuse_undeclared(config: &Config, known: &BTreeSet<EnvName>, wanted: &[EnvName]) -> anyhow::Result<()> {
    let Some(name) = wanted.iter().find(|name| !known.contains(*name)) else { return Ok(()) };
    Err(hinted(format!("{} declares no environment `{name}`", config.path), listed("it declares", known)))
}

/// The names that could have been meant.
pub(in crate::commands) fn listed(what: &str, names: &BTreeSet<EnvName>) -> String {
    let names: Vec<&str> = names.iter().map(EnvName::as_str).collect();
    if names.is_empty() { format!("{what} none") } else { format!("{what}: {}", names.join(", ")) }
}

/// Keeps only the named environments, and nothing of Heroku to write.
fn narrowed(mut config: Config, wanted: &[EnvName]) -> anyhow::Result<Config> {
    if wanted.is_empty() {
        return Ok(config);
    }
    let only = config.desired.fleet.iter().flat_map(|fleet| &fleet.only).flat_map(|only| only.environments.keys());
    let declared: BTreeSet<EnvName> = config.desired.github.environments.keys().chain(only).cloned().collect();
    refuse_undeclared(&config, &declared, wanted)?;
    let github = &mut config.desired.github;
    let (kept, left_out): (BTreeMap<_, _>, BTreeMap<_, _>) =
        std::mem::take(&mut github.environments).into_iter().partition(|(name, _)| wanted.contains(name));
    (github.environments, github.left_out) = (kept, left_out.into_keys().collect());
    for only in config.desired.fleet.iter_mut().flat_map(|fleet| &mut fleet.only) {
        only.environments.retain(|name, _| wanted.contains(name));
    }
    github.left_out.extend(declared.into_iter().filter(|name| !wanted.contains(name)));
    config.desired.heroku.config.clear();
    // A freeze that covers one of them is read, since it limits what may be weakened now; it is not set.
    config.desired.freeze = config.desired.freeze.take().filter(|freeze| wanted.iter().any(|name| freeze.covers(name)));
    if let Some(freeze) = &mut config.desired.freeze {
        freeze.frozen = false;
    }
    Ok(config)
}

/// A gate.toml that declares nothing: it stands in if there is none.
///
/// # Errors
/// Never.
pub(in crate::commands) fn empty() -> Result<Config, LoadError> {
    config::parse(config::FILE_NAME, "version = 1\n").map_err(LoadError::Problems)
}

/// The gate that the emulator shows if there is no file.
///
/// # Errors
/// Never, if the program's own gate.toml is valid.
pub(in crate::commands) fn sample() -> Result<Config, LoadError> {
    config::parse(config::FILE_NAME, SAMPLE).map_err(LoadError::Problems)
}

/// The runbook's own gate: what the emulator shows if there is no file.
pub(in crate::commands) const SAMPLE: &str = include_str!("../../../gate.toml");

/// The fleet that the emulator shows if there is no file.
const SAMPLE_FLEET: &str = include_str!("../../../examples/fleet.toml");
