//! When the calendar closes: windows in their own time zone, on the real time line.
//!
//! Owns what a local time means where clocks jump. A local time begins at the first moment at which the local clock
//! has reached it: one that does not exist moves forward to the end of the gap, one that occurs twice counts from the first.
//! A dated range ends once the local clock no longer reads less than its end, so an end that occurs twice is the second one:
//! whenever a clock on the wall reads a time inside the range, the window is closed. Durations are absolute time.
//! Zone data is the bundled database, so that every machine gives the same answer.

use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan};
use serde::Serialize;

use super::cron::Cron;
use crate::desired::freeze::{Schedule, Window};

/// The longest `duration` of a recurring window.
pub const MAX_DURATION: Duration = Duration::from_secs(31 * 24 * 3_600);

/// How far a closed time that is made of overlapping occurrences is followed.
const HORIZON: Duration = Duration::from_secs(366 * 24 * 3_600);
/// How many occurrences are followed at most; keeps a window that starts every minute cheap.
const MAX_JOINED: usize = 20_000;

/// An unbroken time in which a window is closed: from `since`, up to but not including `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Closure {
    /// The first closed moment, or a later one where the beginning is too far back to follow.
    pub since: Timestamp,
    /// The first open moment; `None` where occurrences overlap for so long that it is too far to follow.
    pub until: Option<Timestamp>,
}

/// What a window says at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct WindowState {
    /// The time that is closed now, when it is.
    pub now: Option<Closure>,
    /// The next time that will be closed, when there is one.
    pub next: Option<Closure>,
}

/// Why a window cannot be evaluated: nobody can say whether it is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowError {
    /// The window's name.
    pub window: String,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for WindowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "window {}: {}", self.window, self.message)
    }
}

impl std::error::Error for WindowError {}

/// Evaluates one window at one moment.
///
/// # Errors
/// When the cron line, the duration, the range or the zone cannot be read.
pub fn state_at(window: &Window, now: Timestamp) -> Result<WindowState, WindowError> {
    let error = |message: String| WindowError { window: window.name.clone(), message };
    let zone = zone(&window.timezone).map_err(error)?;
    match &window.schedule {
        Schedule::Recurring { start, duration } => {
            let cron = Cron::parse(start).map_err(|e| error(e.message))?;
            if duration.is_zero() || *duration > MAX_DURATION {
                return Err(error("a duration is more than zero and at most 31 days".to_owned()));
            }
            Ok(Recurring { cron, zone, duration: *duration }.state_at(now))
        }
        Schedule::Once { from, until } => {
            if from >= until {
                return Err(error(format!("`until` ({until}) is not after `from` ({from})")));
            }
            let bounds = begin(&zone, *from).zip(end(&zone, *until));
            let (since, until) = bounds.ok_or_else(|| error("a date is out of range".to_owned()))?;
            // A range that lies wholly inside a gap: no clock there ever reads such a time.
            let closure = (since < until).then_some(Closure { since, until: Some(until) });
            Ok(WindowState { now: closure.filter(|_| since <= now && now < until), next: closure.filter(|_| now < since) })
        }
    }
}

/// Finds a zone by its IANA name.
///
/// # Errors
/// A sentence, when the bundled database has no such zone.
pub fn zone(name: &str) -> Result<TimeZone, String> {
    static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
    ZONES.get(name).map_err(|_| format!("`{name}` is not a time zone: write an IANA name such as America/New_York or UTC"))
}

/// A recurring window, ready to be evaluated.
struct Recurring {
    cron: Cron,
    zone: TimeZone,
    duration: Duration,
}

impl Recurring {
    fn state_at(&self, now: Timestamp) -> WindowState {
        let closed = self.latest(now).filter(|start| now < self.end_of(*start));
        let current = closed.map(|start| Closure { since: self.joined_since(start), until: self.joined_until(start) });
        let after = match current {
            None => Some(now),
            Some(closure) => closure.until,
        };
        let next = after.and_then(|after| self.first_after(after)).map(|since| Closure { since, until: self.joined_until(since) });
        WindowState { now: current, next }
    }

    fn end_of(&self, start: Timestamp) -> Timestamp {
        start.checked_add(self.duration).unwrap_or(Timestamp::MAX)
    }

    /// The latest start that is not after `now`.
    ///
    /// It alone decides whether `now` is closed: [`begin`] never decreases, and all occurrences last equally long, so an
    /// earlier one has ended no later than this one.
    fn latest(&self, now: Timestamp) -> Option<Timestamp> {
        let mut civil = self.reached(now);
        loop {
            let candidate = self.cron.prev_at_or_before(civil)?;
            let start = begin(&self.zone, candidate)?;
            if start <= now {
                return Some(start);
            }
            civil = candidate.checked_sub(1.minute()).ok()?;
        }
    }

    /// The earliest start after `now`.
    fn first_after(&self, now: Timestamp) -> Option<Timestamp> {
        let mut civil = self.zone.to_datetime(now);
        loop {
            civil = self.cron.next_after(civil)?;
            let start = begin(&self.zone, civil)?;
            if start > now {
                return Some(start);
            }
        }
    }

    /// A local time that no clock had passed by `now`: the reading itself, or, in the second pass of an hour that
    /// occurs twice, what the clock would read had it not been put back.
    fn reached(&self, now: Timestamp) -> DateTime {
        let reading = self.zone.to_datetime(now);
        match self.zone.to_ambiguous_timestamp(reading).offset() {
            AmbiguousOffset::Fold { before, .. } => before.to_datetime(now),
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Gap { .. } => reading,
        }
    }

    /// The end of the unbroken closed time that `start` belongs to.
    fn joined_until(&self, start: Timestamp) -> Option<Timestamp> {
        let limit = start.checked_add(HORIZON).ok()?;
        let mut until = self.end_of(start);
        for _ in 0..MAX_JOINED {
            if until >= limit {
                return None;
            }
            match self.latest(until).map(|last| self.end_of(last)) {
                Some(later) if later > until => until = later,
                _ => return Some(until),
            }
        }
        None
    }

    /// The beginning of the unbroken closed time that `start` belongs to.
    fn joined_since(&self, start: Timestamp) -> Timestamp {
        let limit = start.checked_sub(HORIZON).unwrap_or(Timestamp::MIN);
        let mut since = start;
        for _ in 0..MAX_JOINED {
            let earlier = since.checked_sub(1.nanosecond()).ok().and_then(|moment| self.latest(moment));
            match earlier {
                Some(earlier) if earlier >= limit && self.end_of(earlier) >= since => since = earlier,
                _ => break,
            }
        }
        since
    }
}

/// The first moment at which the zone's clock has reached `civil`.
fn begin(zone: &TimeZone, civil: DateTime) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(civil).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(civil).ok(),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(civil).ok(),
        // Read with the offset after the jump, a skipped time lies before the jump.
        AmbiguousOffset::Gap { before, after } => {
            jump(zone, after.to_timestamp(civil).ok()?, after).or_else(|| before.to_timestamp(civil).ok())
        }
    }
}

/// The first moment from which the zone's clock no longer reads less than `civil`.
fn end(zone: &TimeZone, civil: DateTime) -> Option<Timestamp> {
    let AmbiguousOffset::Fold { before, after } = zone.to_ambiguous_timestamp(civil).offset() else { return begin(zone, civil) };
    let (first, second) = (before.to_timestamp(civil).ok()?, after.to_timestamp(civil).ok()?);
    // The clock is put back to `civil` itself, never below it: it has read no less since the first time.
    Some(if jump(zone, first, after) == Some(second) { first } else { second })
}

/// The moment after `moment` at which the zone's clock jumps to the offset `to`.
fn jump(zone: &TimeZone, moment: Timestamp, to: Offset) -> Option<Timestamp> {
    zone.following(moment).take(4).find(|transition| transition.offset() == to).map(|transition| transition.timestamp())
}

#[cfg(test)]
mod tests;
