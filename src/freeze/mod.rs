//! The deploy freeze: policy, calendar, record and verdict, all pure.
//!
//! Owns what a freeze means. Must not know HTTP, terminals or the clock: the time is an argument.
//! Each part is tested in its own `tests.rs`, all of it by `tests/reconcile/frozen.rs`.

mod audit;
mod coverage;
mod cron;
mod interlock;
mod job_start;
mod leftover;
pub mod lift;
mod record;
mod set;
mod state;
mod status;
mod verdict;
mod window;
mod write;

pub use audit::{Audit, Evidence, History, Release, Stamps, audit};
pub use coverage::{Coverage, RepositoryStatus, WorkflowStatus};
pub use cron::{Cron, CronError};
pub use interlock::Interlock;
pub use job_start::from_step;
pub use leftover::{FlagTimes, Leftover, leftovers};
pub use record::{FreezeId, FreezeKind, OverrideRecord, Record, RecordError, Switch};
pub use set::{SetFreeze, on, replace};
pub use state::{Flag, Freeze, FreezeVars, Keys, MAX_OVERRIDE, Override};
pub use status::{Answered, Checked, EnvironmentStatus, Source, Status, WindowStatus};
pub use verdict::{Decision, Frozen, OpenBecause, Verdict, Why, decide};
pub use window::{Closure, MAX_DURATION, WindowError, WindowState, day_caution, state_at, zone, zone_caution};
pub use write::{Claim, FreezeRefusal, FreezeWrite, LostUpdate, Terms, ValueWrite, parse_override, parse_until};
