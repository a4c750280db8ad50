//! `gatectl import`: live state → gate.toml.

use std::path::Path;

use anyhow::Context as _;

use super::output::replace_file;
use crate::cli::ImportArgs;
use crate::config::{self, Config, LoadError};
use crate::exit::Exit;
use crate::files;
use crate::http::Reader;
use crate::import::{self, Imported, Source};
use crate::model::{Address, Cause, EnvName, RepoName, Unknown};
use crate::providers::github::{live::Live, observe};
use crate::render::escape::visible;
use crate::views::fleet;
use crate::workflows::resolve::Files;

use super::Session;
use super::failure::hinted;
use super::session;
use super::wiring::{self, Needs, Wiring};
use super::{called, statics};

/// Observes everything, and writes gate.toml: to stdout, or into the current file.
///
/// # Errors
/// When the environments cannot be listed, or with `--update` the file has problems: nothing is written then.
pub(super) async fn run(session: &Session, args: &ImportArgs) -> anyhow::Result<Exit> {
    let path = if args.update { Some(session.path()?) } else { None };
    if let Some(out) = args.out.as_deref().filter(|out| taken(out)) {
        return Err(hinted(
            format!("{} exists: nothing was read or written", out.display()),
            "name a new file, or bring this one in line with `gatectl import --update`",
        ));
    }
    let mut config = config(session, path.as_deref())?;
    let repository = match &args.repository {
        Some(repository) => repository.clone(),
        None => wiring::repository(session, &config)?,
    };
    if let Some(path) = &path {
        same_repository(path, &config, &repository)?;
    }
    config.desired.github.repository = Some(repository.clone());
    let wiring = Wiring::of(session, &config, Needs::REPOSITORY).await?;
    let reader = wiring.github()?;
    session.progress.phase("reading the live state");
    let only = &session.global.environment;
    let files = async {
        match &path {
            None => workflow_files(session, &reader, &repository).await.map(Some),
            Some(_) => Ok(None),
        }
    };
    let (live, files) = session.unless_stopped(async { tokio::join!(observe::everything(&reader, &repository, only), files) }).await?;

    let Live { repository, environments, protected_branches, .. } = live;
    let (live, environments) = (repository?, environments?);
    let repository = live.name;
    let unsaid = environments.iter().filter(|(_, there)| there.as_ref().is_ok_and(|there| there.can_admins_bypass.is_none()));
    session.warn(unsaid.map(|(name, _)| format!("{}: {}", Address::environment(&repository, name), import::UNSAID_BYPASS)));
    let api_url = wiring.api_url();
    let protected_branches = protected_branches.as_ref();
    let source = Source { repository: &repository, api_url: api_url.as_deref(), only, environments: &environments, protected_branches };
    let unknown = match path {
        None => {
            every_one_is_live(&source)?;
            let imported = with_workflows(session, import::render(&source), &source, files, &live.default_branch);
            match &args.out {
                Some(out) => create(session, out, &imported.text)?,
                None => session.write(&imported.text)?,
            }
            imported.unknown
        }
        Some(path) => update(session, &path, &source)?,
    };
    Ok(told(session, &unknown))
}

/// The workflow files: of the checkout, if this is one of the repository, else of the default branch.
async fn workflow_files(session: &Session, reader: &Reader, repository: &RepoName) -> Result<Files, Unknown> {
    let root = config::checkout(&session.directory).filter(|_| session.global.sandbox.is_none());
    let root = root.filter(|root| config::origin(root).is_some_and(|origin| origin.repository == *repository));
    if let Some(root) = root {
        let unlisted = |error: anyhow::Error| Unknown::new(format!("{error:#}"), "");
        return Ok(statics::in_checkout(&root, Some(repository)).map_err(unlisted)?.unwrap_or_default());
    }
    called::on_github(reader, repository).await
}

/// Adds what the workflow files suggest, or why it is missing.
fn with_workflows(
    session: &Session,
    imported: Imported,
    source: &Source<'_>,
    files: Result<Option<Files>, Unknown>,
    default_branch: &str,
) -> Imported {
    match files {
        Ok(Some(files)) if files.is_empty() => {
            session.say(&format!("{} has no workflow files, so no [[workflows]] are proposed.", source.repository));
            imported
        }
        Ok(files) => import::with_workflows(imported, source, &files.unwrap_or_default(), default_branch),
        Err(unknown) => import::without_workflows(imported, source, unknown),
    }
}

/// What is known before anything is asked. Without `--update` an existing file does not count: `> gate.toml` may have just emptied it.
fn config(session: &Session, path: Option<&Path>) -> anyhow::Result<Config> {
    match path {
        Some(path) => Ok(config::load(path)?),
        None if session.global.sandbox.is_some() => Ok(session.config(&[]).or_else(|_| session::sample())?),
        None => Ok(session::empty()?),
    }
}

fn same_repository(path: &Path, config: &Config, repository: &RepoName) -> anyhow::Result<()> {
    match &config.desired.github.repository {
        Some(declared) if declared != repository => Err(hinted(
            format!("{} declares the gates of {declared}, not those of {repository}", path.display()),
            format!("leave the repository out, or write a file of its own: `gatectl import {repository} --out FILE`"),
        )),
        _ => Ok(()),
    }
}

/// A misspelled name would produce a file that declares nothing.
fn every_one_is_live(source: &Source<'_>) -> anyhow::Result<()> {
    let missing: Vec<&str> = source.only.iter().filter(|name| !source.environments.contains_key(*name)).map(EnvName::as_str).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(hinted(
        format!("{} has no environment `{}`", source.repository, missing.join("`, `")),
        "leave --environment out to import what is there",
    ))
}

fn update(session: &Session, path: &Path, source: &Source<'_>) -> anyhow::Result<Vec<(Address, Unknown)>> {
    let text = files::read_text(path, config::MAX_BYTES as u64).with_context(|| format!("reading {}", path.display()))?;
    let updated = import::update(&path.to_string_lossy(), &text, source).map_err(LoadError::Problems)?;
    if updated.imported.text == text {
        session.say(&format!("{} already matches the live state; not touched.", path.display()));
    } else {
        write(path, &updated.imported.text).with_context(|| format!("writing {}", path.display()))?;
        let changes = visible(&updated.changes.join(", "));
        session.say(&format!(
            "Updated {}: {changes}.\nReview it before you commit it: a gate that was opened on GitHub is now declared open.",
            path.display()
        ));
    }
    session.warn(updated.remarks);
    Ok(updated.imported.unknown)
}

/// Whether a new file would replace something; an empty file, as a failed redirection leaves behind, does not count.
pub(super) fn taken(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|kind| !kind.is_file() || kind.len() > 0)
}

/// Writes a new file in one step.
pub(super) fn create(session: &Session, path: &Path, text: &str) -> anyhow::Result<()> {
    // A gate.toml is as readable as the repository.
    #[cfg(unix)]
    let permissions = Some(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    #[cfg(not(unix))]
    let permissions = None;
    replace_file(path, text.as_bytes(), permissions).with_context(|| format!("writing {}", path.display()))?;
    session.say(&format!("Wrote {}. Review it before you commit it.", path.display()));
    Ok(())
}

/// Replaces the file in one step; a link stays a link, and the permissions stay.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let real = std::fs::canonicalize(path)?;
    replace_file(&real, text.as_bytes(), Some(std::fs::metadata(&real)?.permissions()))
}

/// Lists what could not be imported, and returns the exit code for it.
pub(super) fn told(session: &Session, unknown: &[(Address, Unknown)]) -> Exit {
    let line = |(subject, unknown): (String, &Unknown)| {
        let hint = if unknown.hint.is_empty() { String::new() } else { format!(" ({})", unknown.hint) };
        format!("{subject}: {}{hint}", unknown.reason)
    };
    session.warn(fleet::each_cause(unknown).into_iter().map(line));
    Cause::common(unknown.iter().map(|(_, unknown)| unknown.cause)).map_or(Exit::Done, Exit::from)
}
