//! One file per verb: the only place where all layers meet, and the only one that reads the environment and prints.

mod apply;
mod fingerprint;
mod plan;
mod reconcile;
mod sandbox;
mod saved;
mod session;
mod shell;
mod validate;
mod wiring;

use crate::cli::{Cli, Command};
use crate::exit::Exit;

pub use session::Session;

/// Runs one command to its exit code.
///
/// # Errors
/// What stopped it; `main` prints the chain and the next step.
pub async fn run(session: &Session, command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Validate => validate::run(session),
        Command::Plan(args) => plan::run(session, &args).await,
        Command::Apply(args) => apply::run(session, &args).await,
        Command::Sandbox(args) => sandbox::run(session, &args).await,
        Command::Schema => shell::schema(),
        Command::Completions { shell } => shell::completions(shell),
        Command::Man => shell::man(),
    }
}

/// The parsed command line, for what is generated from it.
#[must_use]
pub fn command_line() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}
