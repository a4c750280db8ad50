//! `gatectl sandbox`: the emulator for any shell, until Ctrl-C.

use std::time::Duration;

use anyhow::Context as _;

use crate::cli::SandboxArgs;
use crate::exit::Exit;
use crate::sandbox::{Sandbox, State};

use super::Session;
use super::wiring;

/// Serves, and prints the variables that point a shell at it.
///
/// # Errors
/// When no port can be had, or gate.toml has problems.
pub(super) async fn run(session: &Session, args: &SandboxArgs) -> anyhow::Result<Exit> {
    let config = session.config_or_sample(&[])?;
    let setup = wiring::setup(session, &config)?;
    let mut state = State::rehearsal(args.scenario, &setup);
    state.rehearse_runs(&setup);
    state.latency = Duration::from_millis(args.latency);
    state.faults.extend(args.fault.iter().cloned());
    let sandbox = Sandbox::start(state).await.context("starting the built-in emulator")?;
    session.write(&format!(
        "export GITHUB_API_URL={}\nexport HEROKU_HOST={}\nexport GH_TOKEN=sandbox\nexport HEROKU_API_KEY=sandbox\n",
        sandbox.github_url(),
        sandbox.heroku_url(),
    ))?;
    session.say(&format!(
        "Serving scenario {} of {}: {}.\nPaste the lines above into another shell, then try: gatectl plan. Ctrl-C ends it.",
        args.scenario,
        setup.repository,
        args.scenario.description(),
    ));
    session.stop.asked(1).await;
    drop(sandbox);
    Ok(Exit::Done)
}
