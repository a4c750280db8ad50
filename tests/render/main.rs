//! What plans and reports look like, in every format.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod diagnostic;
mod github;
#[path = "../support/golden.rs"]
mod golden;
mod html;
mod human;
mod json;
mod markdown;
#[path = "../support/nasty.rs"]
mod nasty;
mod samples;
mod toolkit;
mod values;
