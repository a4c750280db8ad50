//! The reconciler over real HTTP: the real clients against the emulator, with everything that can go wrong.

#![allow(unreachable_pub, reason = "the modules of one test binary share what they need")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod billing;
mod carried;
mod cases;
mod converge;
mod cut_off;
mod doubt;
mod fleet;
mod frozen;
mod heroku;
mod names;
mod others;
mod properties;
mod reliability;
mod requests;
mod reviewers;
mod switches;
mod undecodable;
mod unusual;
mod variables;
