//! `gatectl schema`, `completions`, `man`: what is generated from the program itself.

use std::io::Write;

use anyhow::Context as _;
use clap_complete::Shell;

use crate::config;
use crate::exit::Exit;

/// Prints the JSON Schema of gate.toml.
///
/// # Errors
/// When stdout cannot be written.
pub(super) fn schema() -> anyhow::Result<Exit> {
    print(format!("{:#}\n", config::json_schema()).as_bytes())
}

/// Prints completions for a shell.
///
/// # Errors
/// When stdout cannot be written.
pub(super) fn completions(shell: Shell) -> anyhow::Result<Exit> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut super::command_line(), "gatectl", &mut text);
    print(&text)
}

/// Prints the manual: the main page, then one section for each command.
///
/// # Errors
/// When stdout cannot be written.
pub(super) fn man() -> anyhow::Result<Exit> {
    let mut text = Vec::new();
    clap_mangen::Man::new(super::command_line()).render(&mut text).context("writing the manual page")?;
    print(&text)
}

fn print(text: &[u8]) -> anyhow::Result<Exit> {
    match std::io::stdout().lock().write_all(text) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error).context("writing to standard output"),
        _ => Ok(Exit::Done),
    }
}
