//! Which environment each job of a workflow resolves to, statically.
//!
//! Owns reading, expressions, triggers, matrix and resolution. Must not know HTTP or live state.
//!
//! ```text
//! text → yaml → read → model ─┐
//! gate.toml → facts ──────────┼→ scenario → resolve → check → report
//!                             └→ contexts → expressions
//! ```
//!
//! `read` reads a file once, with the defaults of its steps; `secrets`, `reads` and `triggers` ask about its texts. `deploys` says
//! what a job could deploy with, and errs toward finding too much; `freeze_check` proves that nothing deploys before a freeze check,
//! and errs toward proving too little. So each of the two reads the scripts of steps in its own way.
//!
//! [`check::check`] is the way in: files and [`facts::Facts`] go in, verdicts per scenario and job and findings come out.
//! What may happen is taken to happen; what cannot be determined is unknown, and unknown never passes.
//! Each folder is tested in its own `tests.rs`, all of it by `tests/verify/`.

pub mod check;
pub mod contexts;
pub mod deploys;
pub mod expressions;
pub mod facts;
pub mod freeze_check;
pub mod glob;
pub mod merge;
pub mod model;
pub mod read;
pub mod reads;
pub mod reference;
pub mod refs;
pub mod resolve;
pub mod scenario;
pub mod secrets;
pub mod source;
pub mod triggers;
pub mod yaml;
