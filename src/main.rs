//! The `gatectl` command.
fn main() {}
