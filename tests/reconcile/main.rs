//! The reconciler over real HTTP: the real clients against the emulator, with everything that can go wrong.

#![allow(unreachable_pub, reason = "the modules of one test binary share what they need")]

#[path = "../support/conformance.rs"]
mod conformance;
mod world;

mod billing;
mod cases;
mod converge;
mod doubt;
mod heroku;
mod names;
mod others;
mod properties;
mod requests;
mod switches;
mod unusual;
