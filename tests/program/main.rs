//! The program as a user meets it: the binary over real HTTP, with a scrubbed environment; and the shape of its code.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "helpers of tests fail as tests do")]

mod action;
mod app;
mod at_once;
mod browser;
mod circles;
#[path = "../support/conformance.rs"]
mod conformance;
mod consent;
mod docs;
mod emulator;
mod examples;
mod fleet;
mod freeze;
mod freeze_store;
mod fuzz;
#[path = "../support/golden.rs"]
mod golden;
mod harmless;
mod hostile;
mod hostile_verbs;
mod import;
mod layers;
mod live;
mod masked;
#[path = "../support/nasty.rs"]
mod nasty;
mod next;
mod pages;
mod picture;
mod refusals;
mod remote;
mod run;
mod saved;
mod scenarios;
mod secrets;
mod served;
mod shell;
mod signals;
#[path = "../support/targets.rs"]
mod targets;
mod terminal;
mod tips;
mod unread;
mod usage;
mod voice;
mod workflows;
