//! One file per verb: the only place where all layers meet, and the only one that reads the environment and prints.
//! Tested by `tests/program/`, which runs the binary.

mod apply;
mod called;
mod check;
mod explain;
mod failure;
mod fleet;
mod freeze;
mod frozen;
mod import;
mod man;
mod output;
mod plan;
mod remote;
mod runs;
mod sandbox;
mod saved;
mod session;
mod shell;
mod signals;
mod statics;
mod usage;
mod validate;
mod verify;
mod who;
mod wiring;

use std::path::PathBuf;

use crate::cli::{ApplyArgs, Cli, Command, FleetArgs, Format, FreezeCommand, PlanArgs};
use crate::desired::freeze::Store;
use crate::exit::Exit;
use crate::render::github;
use crate::views;
use crate::views::scope::RunScope;
use failure::hinted;

pub use failure::{exit_of, explain};
pub use output::trace;
pub use session::Session;
pub use shell::complete;
pub use usage::{parse, print_usage};

/// Runs one command to its exit code.
///
/// # Errors
/// What stopped it; `main` prints the chain and the next step.
pub async fn run(session: &Session, command: Command) -> anyhow::Result<Exit> {
    match command {
        _ if session.global.format == Format::Html && !matches!(command, Command::Evidence(_) | Command::Verify(_)) => {
            Err(hinted("only `evidence` and `verify` can be shown as HTML", "use --format human, json, markdown or github"))
        }
        Command::Validate(args) => validate::run(session, &args),
        Command::Check(args) => check::run(session, &args),
        Command::Verify(args) => match session.fleet_file(&session.global.environment)? {
            Some(config) => fleet::verify::run(session, &args, &config).await,
            None => verify::run(session, &args).await,
        },
        Command::Explain(args) => explain::run(session, &args).await,
        Command::Plan(args) => match session.fleet_file(&session.global.environment)? {
            Some(config) => fleet::plan::run(session, &args, &config).await,
            None => plan::run(session, &args).await,
        },
        Command::Apply(args) => match session.fleet_file(&[])? {
            Some(_) => fleet::apply::run(session, &args).await,
            None => apply::run(session, &args).await,
        },
        Command::Pending(args) => runs::pending::run(session, &args).await,
        Command::Approve(args) => runs::review::approve(session, &args).await,
        Command::Reject(args) if args.stale => runs::stale::run(session, &args).await,
        Command::Reject(args) => runs::review::reject(session, &args).await,
        Command::Evidence(args) => match session.fleet_file(&session.global.environment)? {
            Some(config) => fleet::evidence::run(session, &args, &config).await,
            None => runs::evidence::run(session, &args).await,
        },
        Command::Freeze(command) => freeze::run(session, command).await,
        Command::Import(args) => match &args.fleet {
            Some(organization) => fleet::import::run(session, &args, organization).await,
            None => import::run(session, &args).await,
        },
        Command::Sandbox(args) => sandbox::run(session, &args).await,
        Command::Schema => shell::schema(),
        Command::Completions { shell } => shell::completions(shell),
        Command::Man(args) => man::run(&args),
    }
}

/// The parsed command line, for what is generated from it.
pub fn command_line() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// Runs the whole program after parsing: signals, session, command.
///
/// # Errors
/// As [`run`].
pub fn start(cli: Cli) -> anyhow::Result<Exit> {
    output::keep_scope(scope_of(&cli));
    let session = Session::new(cli.global)?;
    let stop = session.stop.clone();
    let (format, wrote) = (session.global.format, std::sync::Arc::clone(&session.wrote));
    // The emulator runs until it is stopped.
    let ends_so = matches!(cli.command, Command::Sandbox(_));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let exit = runtime.block_on(async {
        signals::listen(session.stop.clone())?;
        let session = remote::with_gate(session, &cli.command).await?;
        run(&session, cli.command).await
    });
    // A subprocess or a name lookup that hangs does not hold up the end.
    runtime.shutdown_background();
    let exit = if stop.is_set() && !ends_so { interrupted(exit) } else { exit };
    if let Err(error) = &exit
        && !wrote.load(std::sync::atomic::Ordering::Relaxed)
    {
        match format {
            Format::Json => {
                let (message, hint) = failure::told(error);
                output::result(&views::json::stopped(&message, &hint));
            }
            Format::Github => output::result(&github::annotations(&failure::findings(error))),
            Format::Human | Format::Markdown | Format::Html => {}
        }
    }
    exit
}

/// What the flags limit this run to.
fn scope_of(cli: &Cli) -> RunScope {
    let global = &cli.global;
    let path = |flag, path: &Option<PathBuf>| path.as_ref().map(|path| (flag, Some(path.to_string_lossy().into_owned())));
    let switch = |flag, is_set: bool| is_set.then_some((flag, None));
    let mut flags = Vec::new();
    flags.extend(path("-c", &global.config));
    flags.extend(global.repo.iter().map(|repo| ("-R", Some(repo.to_string()))));
    flags.extend(global.environment.iter().map(|name| ("--environment", Some(name.to_string()))));
    flags.extend(global.sandbox.map(|scenario| ("--sandbox", Some(scenario.name().to_owned()))));
    let fleet = match &cli.command {
        Command::Plan(PlanArgs { scope, fleet, .. }) | Command::Apply(ApplyArgs { scope, fleet, .. }) => {
            flags.extend(switch("--prune", scope.prune));
            Some(fleet)
        }
        Command::Verify(args) => Some(&args.fleet),
        Command::Evidence(args) => Some(&args.fleet),
        Command::Freeze(FreezeCommand::On(args)) => Some(&args.fleet),
        Command::Freeze(FreezeCommand::Status(args)) => Some(&args.fleet),
        _ => None,
    };
    if let Some(FleetArgs { repository, shard }) = fleet {
        flags.extend(repository.iter().map(|pattern| ("--repository", Some(pattern.to_string()))));
        flags.extend(shard.map(|shard| ("--shard", Some(shard.to_string()))));
    }
    match &cli.command {
        Command::Check(args) => flags.extend(path("--workflows", &args.workflows)),
        Command::Verify(args) => {
            flags.extend(path("--workflows", &args.check.workflows));
            flags.extend(switch("--remote", args.remote));
            flags.extend(switch("--live-only", args.live_only));
        }
        Command::Freeze(command) => flags.extend(command.which().store().map(|store| match store {
            Store::Heroku(app) => ("--app", Some(app)),
            Store::Github(name) => ("--github", Some(name)),
        })),
        _ => {}
    }
    RunScope::of(flags)
}

/// The end of a run that the user stopped, at any point.
fn interrupted(exit: anyhow::Result<Exit>) -> anyhow::Result<Exit> {
    match exit {
        Ok(_) => Ok(Exit::Interrupted),
        Err(error) if error.is::<failure::Interrupted>() => Err(error),
        Err(error) => Err(error.context(failure::Interrupted("no further write was sent".to_owned()))),
    }
}
