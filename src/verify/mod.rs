//! The verdict: can anything reach production without a person's approval?
//!
//! Owns what findings there are (one table, `docs/findings.md` is made from it), and how observations judge an
//! environment. Pure: it knows what was observed, and never how.
//! Tested by `tests/verify/`.

mod enforcement;
mod judge;
mod refs;
mod report;
mod reviewers;
mod rules;
mod workflows;

pub use enforcement::Enforcement;
pub use judge::{Case, judge};
pub use report::{EnvironmentReport, EnvironmentVerdict, VerifyReport};
pub use workflows::{Compensation, check_live, compensations};
