//! Verdicts: over real HTTP against the emulator, and as the program prints them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

#[path = "../support/golden.rs"]
mod golden;
mod mutations;
mod page;
mod planted;
mod printed;
mod repositories;
mod repository;
#[path = "../program/run.rs"]
mod run;
#[path = "../program/served.rs"]
mod served;
mod unknown;
mod world;
