//! What a job could deploy with: known deploys, secrets, cloud identities, approvals.
//!
//! Owns the tables of commands and actions, and how a job's steps, the scripts and actions of the checkout and the caller's
//! `with` and `secrets` are combined. Evidence, each with its place; which environment holds it back is decided elsewhere.
//! Tested here, and as verdicts in `check`.

mod actions;
mod approvals;
mod checkouts;
mod collect;
mod commands;
mod evidence;
mod fill;
mod heroku;
mod holds;
mod local;
mod paths;
mod permissions;
mod programs;
mod requests;
pub(super) mod shell;
mod strings;
mod token;

use std::collections::BTreeSet;

pub use checkouts::{Checkout, Head};
pub use evidence::{Deploy, Identity, InRun, PAGES, Platform, Principal, Provider};
pub use holds::Holds;
pub use local::Local;
pub(in crate::workflows) use paths::below;
pub use permissions::Passed;

use super::model::Step;

/// Whether an action is one of the tables. None of those deploys or logs in before its own step.
pub fn is_known_action(action: &str) -> bool {
    let is = |line: &str| actions::is(action, line);
    let deploys = actions::DEPLOY.iter().any(|(line, ..)| is(line));
    let harmless = actions::HARMLESS.iter().any(|(line, ..)| is(line));
    deploys || harmless || actions::is_setup(action, |_| false) || actions::LOGIN.iter().any(|login| is(login.action))
}

/// Whether a step uses an action that only prepares its job: it fetches, sets up, or logs in with stored credentials.
pub fn only_prepares(step: &Step) -> bool {
    let has_input = |name: &str| step.with().any(|(key, text)| key.eq_ignore_ascii_case(name) && !text.is_empty());
    step.action().is_some_and(|action| actions::is_setup(&action, has_input))
}

/// The names of secrets that gate.toml binds to an environment, and of the apps that it declares.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    /// Names of the secrets that gate.toml binds to an environment that is not open.
    pub secrets: BTreeSet<String>,
    /// Names of the Heroku apps that gate.toml declares.
    pub apps: BTreeSet<String>,
}

#[cfg(test)]
mod tests;
