//! The deploy freeze: policy, calendar, record and verdict, all pure.
//!
//! Owns what a freeze means. Must not know of HTTP, terminals or the clock: the time is an argument.

mod cron;
mod policy;
mod window;

pub use cron::{Cron, CronError};
pub use policy::{OnUnreachable, Policy, Schedule, Window};
pub use window::{Closure, MAX_DURATION, WindowError, WindowState, state_at, zone};
