//! The words every layer shares: addresses, answers, changes, plans and reports.
//!
//! Owns plain data and its meaning. Must not know HTTP, files, terminals, clocks or any provider:
//! a [`Plan`] carries a provider's requests as an opaque type parameter.
//! Tested in its own files.

mod address;
mod answer;
mod change;
mod credential;
mod duration;
mod fleet;
pub mod fnmatch;
mod key;
mod name;
mod near;
mod plan;
pub mod ref_name;
mod report;
mod run;
mod severity;
mod shell;
mod var_value;

pub use address::{Address, AddressKind};
pub use answer::{Answer, Blocker, Cause, Invalid, Unknown};
pub use change::{Action, Change, Field};
pub use credential::{credential_in, without_credentials};
pub use duration::{age, parse_duration};
pub use fleet::{Cost, FleetPlan, RepositoryResult, RepositoryRow, Requests};
pub use key::{GateKey, WrittenBy};
pub use name::{EnvName, NameError, RepoName};
pub use near::{is_misspelling, nearest};
pub use plan::{Draft, InvalidDeclaration, Manual, Note, Plan, Step, Summary};
pub use report::{ApplyReport, ByHand, Outcome, ReportSummary, Result as OutcomeResult};
pub use run::{CommitPin, RunRef};
pub use severity::Severity;
pub use shell::shell_word;
pub use var_value::{VarValue, in_words, is_masked};
