//! The deploy freeze: policy, calendar, record and verdict, all pure.
//!
//! Owns what a freeze means. Must not know of HTTP, terminals or the clock: the time is an argument.

mod policy;

pub use policy::{OnUnreachable, Policy, Schedule, Window};
