//! The flow: observe, plan, write, read back.
//!
//! Owns how the providers' halves come together into one plan and one report. Must not know of files, terminals, the
//! environment, or how clients are made: `commands` gives it clients and prints what comes out, and so do tests and benchmarks.

mod carry;
mod exit;
pub mod fingerprint;
mod hold;
mod scene;

pub use carry::Applied;
pub use exit::exit_of_plan;
pub use hold::Occasion;
pub use scene::{Drafted, Observed, Prune, Scene, Site};
