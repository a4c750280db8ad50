//! GitHub Actions' expression language, evaluated over what is known before a run.
//!
//! Owns lexing, parsing and evaluation. A value is known, as one of a few, or as unknown with the reasons; that the
//! known part is sound for every possible value of the unknown is the one law here. Must not know YAML, files, events or jobs:
//! what is known in a scenario comes in through [`Contexts`].
//!
//! Semantics follow the runner (actions/runner) and the official cases of actions/languageservices.
//! Tested in `tests.rs`, as laws in `tests/properties.rs`, and by the shared cases in `tests/cases.rs`.

mod access;
mod compared;
mod context;
mod evaluate;
mod functions;
mod json;
mod lexer;
mod lift;
mod number;
mod parser;
mod possible;
mod syntax;
mod template;
mod text;
mod value;

#[cfg(test)]
mod tests;

pub use compared::{Portion, Text, compared};
pub use context::{Assumed, Condition, Contexts, Functions, Node, Nothing, Reason, Resolved, Rest, Status, Why};
pub use functions::StatusFunction;
pub use parser::parse;
pub use syntax::{Error, EvalError, Expr, Span, SyntaxError};
pub use template::{condition, interpolate};
pub use value::{Map, Value};
