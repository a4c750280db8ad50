//! The input for planning one environment.

use serde_json::Value;

use crate::desired::freeze::Store;
use crate::desired::github::{Desired, Reviewer};
use crate::model::{Address, EnvName, Field, GateKey, RepoName};

use super::super::live::{Actor, Live, Repository};

/// What a plan needs to know besides the two sides.
#[derive(Debug, Clone, Copy)]
pub struct PlanContext<'a> {
    /// The repository as it is declared.
    pub repository: &'a RepoName,
    /// Where its pages are: `https://github.com` or the server's own address.
    pub web: &'a str,
    /// The store to freeze in the meantime, if gate.toml declares a freeze.
    pub freeze_store: Option<&'a Store>,
}

/// One environment, and what its plan is made from.
pub(super) struct Planner<'a> {
    pub(super) context: PlanContext<'a>,
    pub(super) want: &'a Desired,
    pub(super) live: &'a Live,
    pub(super) repository: &'a Repository,
    pub(super) name: &'a EnvName,
    pub(super) address: Address,
}

/// A declared reviewer with its account or team.
pub(super) type Resolved<'a> = (&'a Reviewer, &'a Actor);

pub(super) fn field(name: &str, before: Value, after: Value) -> Field {
    Field { name: name.to_owned(), before, after, weakens: false, because: None }
}

/// The field that shows one variable.
pub(super) fn variable(name: &str) -> String {
    format!("{}.{name}", GateKey::Variables)
}
