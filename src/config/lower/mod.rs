//! From checked tables to the declared state, and the rules about several keys at once.
//! Tested in `config/tests/`.

mod fleet;
mod freeze;
mod github;
mod heroku;
mod workflows;

use toml::de::DeTable;

use super::keys::{GITHUB, ROOT, VERIFY};
use super::problem::Sink;
use super::view::View;
use crate::desired::Desired;

/// Reads the whole file. If the sink holds problems, the result is meaningless.
pub(super) fn desired(sink: &mut Sink<'_>, root: &DeTable<'_>) -> Option<Desired> {
    let root = View::new(root, &ROOT);
    let github = github::desired(sink, root, root.table("github", &GITHUB))?;
    let fleet = fleet::desired(sink, root, &github.environments);
    let workflows = workflows::expectations(sink, root, &github);
    let freeze = freeze::policy(sink, root, &github);
    let heroku = heroku::desired(sink, root, freeze.as_ref());
    let verify = root.table("verify", &VERIFY).map(|table| workflows::verify(sink, root, table)).unwrap_or_default();
    Some(Desired { github, workflows, verify, heroku, fleet, freeze })
}
