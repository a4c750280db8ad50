//! The `gatectl` command: parse, run, print the error, exit.

use std::io::Write;
use std::process::ExitCode;

use gatectl::commands;
use gatectl::exit::Exit;

fn main() -> ExitCode {
    // Runs for a shell, through the script that `gatectl completions` prints; other commands do not pay for it.
    if std::env::var_os("COMPLETE").is_some()
        && let Some(exit) = commands::complete()
    {
        return exit.into();
    }
    let cli = match commands::parse() {
        Ok(cli) => cli,
        Err(error) => {
            let usage = error.use_stderr();
            commands::print_usage(&error);
            return if usage { Exit::Usage } else { Exit::Done }.into();
        }
    };
    cli.global.color.install();
    commands::trace(cli.global.verbose);
    let exit = commands::start(cli).unwrap_or_else(|error| {
        let _ = anstream::stderr().write_all(commands::explain(&error).as_bytes());
        commands::exit_of(&error)
    });
    exit.into()
}
