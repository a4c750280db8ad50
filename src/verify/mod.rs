//! The verdict over what was observed.

mod finding;
mod report;

pub use finding::{Code, Finding, Proof, Row, Severity, Verdict, verdict};
pub use report::{EnvironmentReport, VerifyReport};
