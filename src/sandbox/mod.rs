//! The built-in GitHub and Heroku emulator: a stateful HTTP server on the loopback interface.
//!
//! Owns the emulated worlds, their behaviors and their faults. What the two services do follows their documentation and
//! what was observed of them; every point that is not settled is a [`Switches`] entry with all its positions. Must not
//! know the client: it shares only the declared state from which a rehearsal is built.
//!
//! ```text
//! Scenario + Setup ─→ State ─→ Sandbox (server) ←─ HTTP ─ any client
//!                       ↑ drift, faults, switches        └→ Log (exchanges, writes)
//! ```
//!
//! A test sets up the worlds, serves them, sends requests, and checks the log:
//!
//! ```
//! # use gatectl::{desired, model::RepoName, sandbox::{Fault, Put, Response, Sandbox, Scenario, Setup, State}};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! # let (github, heroku) = (desired::github::Desired::default(), desired::heroku::Desired::default());
//! let setup = Setup::new(RepoName::parse("acme/shop").unwrap(), &github, &heroku);
//! let mut state = State::rehearsal(Scenario::NoRules, &setup);
//! state.switches.put = Put::WholeReplacement;
//! state.faults.push(Fault::after(Response::html(502, "Bad Gateway")).method("PUT").nth(1));
//! let sandbox = Sandbox::start(state).await?;
//! // ... a client asks sandbox.github_url() and sandbox.heroku_url() ...
//! let removed = sandbox.with(|state| state.repo("acme/shop").map(|repo| repo.remove("staging"))); // another writer
//! assert_eq!(removed, Some(true));
//! assert_eq!(sandbox.stop().log.writes.len(), 0);
//! # Ok(())
//! # }
//! ```
//! Tested in `sandbox/tests/`.

mod declared;
mod delivery;
mod faults;
mod fleet;
mod github;
mod heroku;
mod history;
mod log;
mod rehearsal;
mod scenario;
mod server;
mod setup;
mod state;
mod switches;
mod wire;
mod workflows;

#[cfg(test)]
mod tests;

pub use faults::{Effect, Fault, Moment, PRIMARY_LIMIT, SECONDARY_LIMIT};
pub use fleet::{Condition, fleet_names};
pub use log::{Exchange, Log, Snapshot, Write};
pub use scenario::Scenario;
pub use server::Sandbox;
pub use setup::{Member, Setup};
pub use state::*;
pub use switches::*;
pub use wire::{Api, Request, Response};
