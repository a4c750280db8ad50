//! What plans and reports look like, in every format.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod diagnostic;
mod github;
mod html;
mod human;
mod json;
mod markdown;
mod samples;
mod toolkit;
mod values;
