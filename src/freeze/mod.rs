//! The deploy freeze: policy, calendar, record and verdict, all pure.
//!
//! Owns what a freeze means. Must not know of HTTP, terminals or the clock: the time is an argument.

mod cron;
mod policy;
mod record;
mod state;
mod verdict;
mod window;

pub use cron::{Cron, CronError};
pub use policy::{OnUnreachable, Policy, Schedule, Window};
pub use record::{FreezeId, Kind, OverrideRecord, Record, RecordError, Switch};
pub use state::{Flag, Freeze, FreezeVars, Keys, MAX_OVERRIDE, Override};
pub use verdict::{Decision, Frozen, OpenBecause, Verdict, Why, decide};
pub use window::{Closure, MAX_DURATION, WindowError, WindowState, state_at, zone};
