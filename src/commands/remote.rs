//! gate.toml of a repository that is not checked out: `plan -R acme/shop` from any directory reads it from the default branch.
//!
//! A file on disk always wins. Tested in `tests/program/remote.rs`.

use toml_edit::Value;

use crate::cli::Command;
use crate::config;
use crate::model::EnvName;
use crate::providers::github::contents;
use crate::views::diagnostic::Hinted;

use super::Session;
use super::session::{RemoteGate, empty};
use super::wiring::{Needs, Wiring};

/// The session, with the gate.toml of the default branch if the command needs one and only `--repo` was given.
///
/// # Errors
/// When there is none, or it cannot be read.
pub(super) async fn with_gate(session: Session, command: &Command) -> anyhow::Result<Session> {
    let reads = matches!(command, Command::Plan(_) | Command::Verify(_) | Command::Explain(_));
    let Some(repository) = session.global.repo.clone().filter(|_| reads && session.global.sandbox.is_none() && !session.has_file()) else {
        return Ok(session);
    };
    let wiring = Wiring::of(&session, &empty()?, Needs::REPOSITORY).await?;
    let found = session.unless_stopped(contents::file(&wiring.github()?, &repository, config::FILE_NAME)).await??;
    let hinted = |message: String| Hinted {
        message,
        hint: format!("Run it in a checkout, name a file with --config, or write one: `gatectl import {repository} --out gate.toml`"),
    };
    let named = &session.global.environment;
    let bytes = match (found, command) {
        // Live policies can be explained anyway.
        (None, Command::Explain(_)) => return Ok(session),
        (None, Command::Verify(_)) if !named.is_empty() => Some(undeclared(named).into_bytes()),
        (found, _) => found,
    };
    let bytes = bytes.ok_or_else(|| hinted(format!("{repository} has no gate.toml on its default branch, or the token cannot read it")))?;
    let text = String::from_utf8(bytes).map_err(|_| hinted(format!("gate.toml of {repository} is not UTF-8 text")))?;
    let name = format!("{repository}:{}", config::FILE_NAME);
    Ok(Session { remote: Some(RemoteGate { name, text }), ..session })
}

/// A gate.toml that only declares that these environments exist.
fn undeclared(environments: &[EnvName]) -> String {
    let table = |name: &EnvName| format!("[environments.{}]\n", Value::from(name.as_str()));
    format!("version = 1\n{}", environments.iter().map(table).collect::<String>())
}
