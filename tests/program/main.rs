//! The program as a user meets it: the binary over real HTTP, with a scrubbed environment; and the shape of its code.

mod consent;
mod docs;
mod examples;
#[path = "../support/golden.rs"]
mod golden;
mod import;
mod layers;
mod run;
mod scenarios;
mod served;
mod shell;
mod usage;
