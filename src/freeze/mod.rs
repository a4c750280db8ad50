//! The deploy freeze: policy, calendar, record and verdict, all pure.
//!
//! Owns what a freeze means. Must not know of HTTP, terminals or the clock: the time is an argument.

mod audit;
mod cron;
mod interlock;
pub mod lift;
mod record;
mod set;
mod state;
mod status;
mod verdict;
mod window;
mod write;

pub use audit::{Audit, Evidence, Release, audit, writers_since};
pub use cron::{Cron, CronError};
pub use interlock::Interlock;
pub use record::{FreezeId, Kind, OverrideRecord, Record, RecordError, Switch};
pub use set::{SetFreeze, on, replace};
pub use state::{Flag, Freeze, FreezeVars, Keys, MAX_OVERRIDE, Override};
pub use status::{Answered, Checked, EnvironmentStatus, Status, WindowStatus};
pub use verdict::{Decision, Frozen, OpenBecause, Verdict, Why, decide, holds};
pub use window::{Closure, MAX_DURATION, WindowError, WindowState, day_caution, state_at, zone, zone_caution};
pub use write::{Claim, FreezeWrite, Lost, Refusal, Terms, parse_until};
