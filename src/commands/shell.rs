//! `gatectl schema` and `completions`: what is generated from the program itself.

use std::io::Write;
use std::path::Path;

use anyhow::Context as _;
use clap::CommandFactory as _;
use clap_complete::env::{CompleteEnv, Shells};
use clap_complete::{ArgValueCandidates, CompletionCandidate, Shell};

use crate::cli::Cli;
use crate::config;
use crate::exit::Exit;

/// Prints the JSON Schema of gate.toml.
///
/// # Errors
/// When stdout cannot be written.
pub(super) fn schema() -> anyhow::Result<Exit> {
    print(format!("{:#}\n", config::json_schema()).as_bytes())
}

/// Prints completions for a shell: the lines that make it ask this program.
///
/// # Errors
/// When stdout cannot be written.
pub(super) fn completions(shell: Shell) -> anyhow::Result<Exit> {
    let shells = Shells::builtins();
    let completer = shells.completer(&shell.to_string()).with_context(|| format!("there are no completions for {shell}"))?;
    let mut text = Vec::new();
    completer.write_registration("COMPLETE", NAME, NAME, NAME, &mut text).context("writing completions")?;
    print(&text)
}

/// Answers a shell that asks for completions; `None` if the variable is not for us.
pub fn complete() -> Option<Exit> {
    let shell = std::env::var_os("COMPLETE")?;
    Shells::builtins().completer(Path::new(&shell).file_stem()?.to_str()?)?;
    let here = std::env::current_dir().ok();
    match CompleteEnv::with_factory(completed).try_complete(std::env::args_os(), here.as_deref()) {
        Ok(true) => Some(Exit::Done),
        Ok(false) => None,
        Err(error) => {
            // Nothing can be done about a closed stream.
            let _ = error.print();
            Some(Exit::Usage)
        }
    }
}

/// What the program is called on the command line.
const NAME: &str = "gatectl";

/// The command line with completions that depend on the current directory.
fn completed() -> clap::Command {
    Cli::command().mut_arg("environment", |arg| arg.add(ArgValueCandidates::new(environments)))
}

/// The environments that the current gate.toml declares; none if no valid file exists.
fn environments() -> Vec<CompletionCandidate> {
    let config = config::find(Path::new(".")).and_then(|path| config::load(&path).ok());
    let names = config.into_iter().flat_map(|config| config.desired.github.environments.into_keys());
    names.map(|name| CompletionCandidate::new(name.to_string())).collect()
}

/// Prints finished bytes; a closed pipe is not an error.
pub(super) fn print(text: &[u8]) -> anyhow::Result<Exit> {
    match std::io::stdout().lock().write_all(text) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error).context("writing to standard output"),
        _ => Ok(Exit::Done),
    }
}
