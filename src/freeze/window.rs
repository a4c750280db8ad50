//! When the calendar closes: windows in their own time zone, on the real time line.
//!
//! Owns what a local time means when clocks jump. A local time begins at the first moment at which the local clock
//! has reached it: one that does not exist moves forward to the end of the gap, one that occurs twice counts from the first.
//! An end, by cron or by date, is reached once the local clock no longer reads less than it, so an end that occurs twice is
//! the second one: whenever a clock on the wall reads a time inside the window, the window is closed. A duration is absolute
//! time. Occurrences that overlap or touch are one closed time. Zone data is the bundled database, so that every machine
//! gives the same answer. Tested against a watched clock and against croner.

use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan};
use serde::Serialize;

use super::cron::Cron;
use crate::desired::freeze::{Length, Schedule, Window};

/// The longest `duration` of a recurring window.
pub const MAX_DURATION: Duration = Duration::from_secs(31 * 24 * 3_600);

/// How far a closed time that is made of overlapping occurrences is followed.
const HORIZON: Duration = Duration::from_secs(366 * 24 * 3_600);
/// How many occurrences are followed at most; keeps a window that starts every minute cheap.
const MAX_JOINED: usize = 20_000;

/// An unbroken time in which a window is closed: from `since`, up to but not including `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Closure {
    /// The first closed moment, or a later one if the beginning is too far back to follow.
    pub since: Timestamp,
    /// The first open moment; `None` if occurrences overlap for so long that it is too far to follow.
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

/// Why a window cannot be evaluated: it is unknown whether it is open.
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
        Schedule::Recurring { start, length } => {
            let start = Cron::parse(start).map_err(|e| error(e.message))?;
            let lasts = match length {
                Length::Duration(duration) if duration.is_zero() || *duration > MAX_DURATION => {
                    return Err(error("a duration must be more than zero and at most 31 days".to_owned()));
                }
                Length::Duration(duration) => Lasts::For(*duration),
                Length::End(end) => Lasts::Until(Cron::parse(end).map_err(|e| error(e.message))?),
            };
            Ok(Recurring { start, lasts, zone }.state_at(now))
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

/// A warning about a cron line that its author probably did not intend.
pub fn day_caution(line: &str) -> Option<String> {
    Cron::parse(line).ok().filter(Cron::either_day)?;
    let [_, _, day, _, weekday] = line.split_ascii_whitespace().collect::<Vec<_>>()[..] else { return None };
    Some(format!(
        "`{line}` matches on every day {day} of the month and also on every weekday {weekday}: if both day fields are set, cron takes either"
    ))
}

/// A warning about a time zone that its author probably did not intend.
pub fn zone_caution(name: &str) -> Option<String> {
    let upper = name.to_ascii_uppercase();
    if let Some((_, place)) =
        [("EST", "America/New_York"), ("MST", "America/Denver"), ("HST", "Pacific/Honolulu")].iter().find(|(zone, _)| *zone == upper)
    {
        return Some(format!(
            "`{name}` has no daylight saving: it is the same offset all year. For a place, write its name, such as \"{place}\""
        ));
    }
    let hours: i8 = upper.strip_prefix("ETC/GMT")?.parse().ok().filter(|hours| *hours != 0)?;
    Some(format!("`{name}` is UTC{:+}: the sign of these names is the opposite of the usual one, and they have no daylight saving", -hours))
}

/// A recurring window, ready to be evaluated.
struct Recurring {
    start: Cron,
    lasts: Lasts,
    zone: TimeZone,
}

/// How long an occurrence lasts.
enum Lasts {
    For(Duration),
    Until(Cron),
}

/// One occurrence: closed from `since` up to but not including `until`. Empty if both lie in the same gap.
#[derive(Clone, Copy)]
struct Occurrence {
    since: Timestamp,
    until: Timestamp,
}

impl Recurring {
    fn state_at(&self, now: Timestamp) -> WindowState {
        let closed = self.latest(now).filter(|held| now < held.until);
        let current = closed.map(|held| Closure { since: self.joined_since(held.since), until: self.joined_until(held) });
        let after = match current {
            None => Some(now),
            Some(closure) => closure.until,
        };
        let next = after.and_then(|after| self.first_after(after));
        WindowState { now: current, next: next.map(|held| Closure { since: held.since, until: self.joined_until(held) }) }
    }

    /// The occurrence that starts at a match of the start line.
    fn occurrence(&self, civil: DateTime) -> Option<Occurrence> {
        let since = begin(&self.zone, civil)?;
        let until = match &self.lasts {
            Lasts::For(duration) => since.checked_add(*duration).ok(),
            Lasts::Until(cron) => cron.next_after(civil).and_then(|civil| end(&self.zone, civil)),
        };
        Some(Occurrence { since, until: until.unwrap_or(Timestamp::MAX) })
    }

    /// The occurrence with the latest start that is not after `now`.
    ///
    /// It alone decides whether `now` is closed: neither [`begin`] nor an occurrence's end ever decreases from one start
    /// to the next, so an earlier occurrence has ended no later than this one.
    fn latest(&self, now: Timestamp) -> Option<Occurrence> {
        let mut civil = self.reached(now);
        loop {
            let candidate = self.start.prev_at_or_before(civil)?;
            let held = self.occurrence(candidate)?;
            if held.since <= now {
                return Some(held);
            }
            civil = candidate.checked_sub(1.minute()).ok()?;
        }
    }

    /// The first occurrence that starts after `now` and is not empty.
    fn first_after(&self, now: Timestamp) -> Option<Occurrence> {
        let mut civil = self.zone.to_datetime(now);
        loop {
            civil = self.start.next_after(civil)?;
            let held = self.occurrence(civil)?;
            if held.since > now && held.until > held.since {
                return Some(held);
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

    /// The end of the unbroken closed time that an occurrence belongs to.
    fn joined_until(&self, held: Occurrence) -> Option<Timestamp> {
        let limit = held.since.checked_add(HORIZON).ok()?;
        let mut until = held.until;
        for _ in 0..MAX_JOINED {
            if until >= limit {
                return None;
            }
            match self.latest(until).map(|last| last.until) {
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
                Some(earlier) if earlier.since >= limit && earlier.until >= since => since = earlier.since,
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
