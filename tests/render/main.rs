//! What plans and reports look like, in every format.

mod diagnostic;
mod github;
mod golden;
mod human;
mod json;
mod markdown;
mod samples;
