//! The program as a user meets it: the binary over real HTTP, with a scrubbed environment; and the shape of its code.

mod consent;
#[path = "../support/golden.rs"]
mod golden;
mod layers;
mod run;
mod scenarios;
mod served;
mod usage;
