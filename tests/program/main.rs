//! The program as a user meets it: the binary over real HTTP, with a scrubbed environment; and the shape of its code.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "helpers of tests fail as tests do")]

mod action;
mod app;
mod at_once;
mod browser;
mod circles;
mod consent;
mod docs;
mod emulator;
mod examples;
mod fleet;
mod freeze;
mod freeze_store;
mod fuzz;
mod harmless;
mod hostile;
mod hostile_verbs;
mod import;
mod layers;
mod live;
mod masked;
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
mod suggestions;
mod terminal;
mod tips;
mod unread;
mod usage;
mod vendors;
mod verify;
mod voice;
mod workflows;
