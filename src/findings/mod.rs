//! Findings: what can be wrong with a gate, how severe it is, and what to do about it.
//!
//! Owns the table of codes (`docs/findings.md` is generated from it), severities and verdicts. Must not know how a
//! finding is found: `workflows` and `verify` both build on it and never on each other's results.
//! Tested in its own files and by `tests/verify/`.

mod code;
mod finding;

pub use crate::model::Severity;
pub use code::{Code, Proof, Row};
pub use finding::{Finding, Verdict, verdict};
