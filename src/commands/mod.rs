//! One file per verb: the only place where all layers meet, and the only one that reads the environment and prints.

mod apply;
mod check;
mod explain;
mod freeze;
mod frozen;
mod import;
mod man;
mod plan;
mod runs;
mod sandbox;
mod saved;
mod session;
mod shell;
mod signals;
mod statics;
mod validate;
mod verify;
mod wiring;

use std::io::Write;

use crate::cli::{Cli, Command, Format};
use crate::config::LoadError;
use crate::exit::Exit;
use crate::render::escape::actions::log_text;
use crate::render::{Style, human};
use crate::views::diagnostic::{self, Hinted};

pub use session::Session;
pub use shell::complete;

/// Runs one command to its exit code.
///
/// # Errors
/// What stopped it; `main` prints the chain and the next step.
pub async fn run(session: &Session, command: Command) -> anyhow::Result<Exit> {
    match command {
        _ if session.global.format == Format::Html && !matches!(command, Command::Evidence(_) | Command::Verify(_)) => Err(Hinted {
            message: "only `evidence` and `verify` can be shown as HTML".to_owned(),
            hint: "use --format human, json, markdown or github".to_owned(),
        }
        .into()),
        Command::Validate(args) => validate::run(session, &args),
        Command::Check(args) => check::run(session, &args),
        Command::Verify(args) => verify::run(session, &args).await,
        Command::Explain(args) => explain::run(session, &args).await,
        Command::Plan(args) => plan::run(session, &args).await,
        Command::Apply(args) => apply::run(session, &args).await,
        Command::Pending => runs::pending::run(session).await,
        Command::Approve(args) => runs::review::approve(session, &args).await,
        Command::Reject(args) => runs::review::reject(session, &args).await,
        Command::Evidence(args) => runs::evidence::run(session, &args).await,
        Command::Freeze(command) => freeze::run(session, command).await,
        Command::Import(args) => import::run(session, &args).await,
        Command::Sandbox(args) => sandbox::run(session, &args).await,
        Command::Schema => shell::schema(),
        Command::Completions { shell } => shell::completions(shell),
        Command::Man(args) => man::run(&args),
    }
}

/// The parsed command line, for what is generated from it.
#[must_use]
pub fn command_line() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// Runs the whole program after parsing: signals, session, command.
///
/// # Errors
/// As [`run`].
pub fn start(cli: Cli) -> anyhow::Result<Exit> {
    let session = Session::new(cli.global)?;
    // The emulator has no other end.
    let ends_so = matches!(cli.command, Command::Sandbox(_));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let exit = runtime.block_on(async {
        signals::listen(session.stop.clone())?;
        run(&session, cli.command).await
    });
    // A subprocess or a name lookup that hangs does not hold up the end.
    runtime.shutdown_background();
    if session.stop.is_set() && !ends_so { interrupted(exit) } else { exit }
}

/// How a run ends that the user asked to stop, however far it came.
fn interrupted(exit: anyhow::Result<Exit>) -> anyhow::Result<Exit> {
    match exit {
        Ok(_) => Ok(Exit::Interrupted),
        Err(error) if error.is::<session::Interrupted>() => Err(error),
        Err(error) => Err(error.context(session::Interrupted("no further write was sent".to_owned()))),
    }
}

/// The exit code for an error that ended a command.
#[must_use]
pub fn exit_of(error: &anyhow::Error) -> Exit {
    if error.is::<session::Interrupted>() {
        Exit::Interrupted
    } else if error.is::<saved::Stale>() {
        Exit::Stale
    } else {
        let api = error.downcast_ref::<crate::http::ApiError>().map(|error| error.unknown().cause);
        let cause = api.or_else(|| error.downcast_ref::<session::Unread>().map(|unread| unread.0.cause));
        if cause == Some(crate::model::Cause::Credentials) { Exit::Credentials } else { Exit::Error }
    }
}

/// Prints what the parser has to say: help, or why it refuses the command line. It quotes arguments as they are, so where these want
/// to be more than text, that is taken from them, and from the whole its colours.
pub fn print_usage(error: &clap::Error) {
    let odd = std::env::args_os().any(|argument| human::line(&argument.to_string_lossy()) != *argument.to_string_lossy());
    let plain = || human::lines(&error.render().to_string());
    // Nothing can be done about a closed stream.
    let _ = if error.use_stderr() && odd { anstream::stderr().write_all(plain().as_bytes()) } else { error.print() };
}

/// The error as it is printed on stderr: problems of gate.toml with their excerpts, anything else as a chain with a next step.
#[must_use]
pub fn explain(error: &anyhow::Error) -> String {
    let style = Style::stderr();
    if let Some(session::Unread(unknown)) = error.downcast_ref() {
        let hinted = Hinted { message: unknown.reason.clone(), hint: unknown.hint.clone() };
        return diagnostic::render(&hinted.into(), style);
    }
    match error.downcast_ref::<LoadError>() {
        Some(LoadError::Problems(problems)) => log_text(&if style.color { problems.styled() } else { problems.plain() }) + "\n",
        Some(LoadError::Unreadable(unreadable)) => {
            let hinted = Hinted { message: unreadable.to_string(), hint: unreadable.help.clone() };
            diagnostic::render(&hinted.into(), style)
        }
        None => diagnostic::render(error, style),
    }
}

/// Takes the power from lines that a runner of Actions would obey; an event arrives in one piece.
struct Disarmed<W>(W);

impl<W: Write> Write for Disarmed<W> {
    fn write(&mut self, event: &[u8]) -> std::io::Result<usize> {
        self.0.write_all(log_text(&String::from_utf8_lossy(event)).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// Prints traces on stderr: each request with `-v`, its headers with `-vv`; only gatectl's own, which are redacted.
pub fn trace(verbose: u8) {
    use tracing_subscriber::filter::{LevelFilter, Targets};
    use tracing_subscriber::prelude::*;
    let level = match verbose {
        0 => return,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let layer = tracing_subscriber::fmt::layer().with_writer(|| Disarmed(std::io::stderr())).without_time().with_target(false);
    let layer = layer.with_ansi(Style::stderr().color).with_filter(Targets::new().with_target("gatectl", level));
    tracing_subscriber::registry().with(layer).init();
}
