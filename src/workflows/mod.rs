//! Which environment each job of a workflow resolves to, statically.
//!
//! Owns reading, expressions, triggers, matrix and resolution. Must not know of HTTP or live state.

mod expectation;
pub mod expressions;
pub mod glob;

pub use expectation::{Expectation, InputValue, When};
