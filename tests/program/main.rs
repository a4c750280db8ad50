//! The program as a user meets it: the binary over real HTTP, with a scrubbed environment; and the shape of its code.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod action;
mod consent;
mod docs;
mod examples;
mod freeze;
mod fuzz;
#[path = "../support/golden.rs"]
mod golden;
mod layers;
mod run;
mod scenarios;
mod served;
#[path = "../support/targets.rs"]
mod targets;
mod terminal;
mod usage;
mod workflows;
