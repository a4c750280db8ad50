//! `gatectl sandbox`: the emulator for any shell, until Ctrl-C.

use std::io::Write as _;
use std::time::Duration;

use anyhow::Context as _;

use crate::cli::SandboxArgs;
use crate::config;
use crate::exit::Exit;
use crate::sandbox::{Sandbox, State};

use super::Session;
use super::failure::hinted;
use super::session::{SAMPLE, sample};
use super::wiring;

/// Serves, and prints the variables that point a shell at it.
///
/// # Errors
/// With `--sandbox`, which is for other commands; when no port can be had, gate.toml has problems, or one should be written and cannot be.
pub(super) async fn run(session: &Session, args: &SandboxArgs) -> anyhow::Result<Exit> {
    if let Some(scenario) = session.global.sandbox {
        return Err(hinted(
            "--sandbox runs a command against its own emulator, and this command is the emulator",
            format!("name the fault that it starts with: --scenario {scenario}"),
        ));
    }
    if args.write_config {
        write_config(session)?;
    }
    let config = if session.has_file() { session.config(&[])? } else { sample()? };
    let setup = wiring::setup(session, &config)?;
    let mut state = State::rehearsal(args.scenario, &setup);
    state.rehearse_runs(&setup);
    state.latency = Duration::from_millis(args.latency);
    state.faults.extend(args.fault.iter().cloned());
    let mut sandbox = Sandbox::start(state).await.context("starting the built-in emulator")?;
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
    loop {
        tokio::select! {
            () = session.stop.asked(1) => break,
            Some(call) = sandbox.not_emulated() => session.say(&format!("Not emulated, answered with 501: {call}")),
        }
    }
    drop(sandbox);
    Ok(Exit::Done)
}

/// Writes the sample into the directory. A gate.toml that exists already is what the emulator is built from: it stays.
fn write_config(session: &Session) -> anyhow::Result<()> {
    if let Ok(path) = session.path() {
        session.say(&format!("{} exists: the emulator is built from it; it is not changed.", path.display()));
        return Ok(());
    }
    let path = session.directory.join(config::FILE_NAME);
    let mut file = tempfile::NamedTempFile::new_in(&session.directory).context("writing gate.toml")?;
    file.write_all(SAMPLE.as_bytes()).context("writing gate.toml")?;
    file.persist_noclobber(&path).with_context(|| format!("writing {}", path.display()))?;
    session.say("Wrote gate.toml.");
    Ok(())
}
