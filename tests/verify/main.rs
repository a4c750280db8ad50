//! Verdicts: over real HTTP against the emulator, and as the program prints them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod mutations;
mod page;
mod planted;
mod proposed;
mod repositories;
mod repository;
mod rules;
mod unknown;
mod world;
