//! The verdict over what was observed.

mod finding;

pub use finding::{Code, Finding, Proof, Row, Severity, Verdict, verdict};
