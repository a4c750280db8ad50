//! The flow: observe, plan, write, read back.
//!
//! Owns how the providers' parts are combined into one plan and one report. Must not know files, terminals, the
//! environment, or how clients are made: `commands`, tests and benchmarks pass clients and print the result.
//! Tested by `tests/reconcile/`.

mod apply;
mod apply_frozen;
mod compensation;
mod context;
mod exit;
pub mod fingerprint;
pub mod fleet;

pub use apply::Applied;
pub use apply_frozen::FreezeReason;
pub use context::{Context, Observed, Planned, Prune, RepositoryAccess};
pub use exit::exit_of_plan;
