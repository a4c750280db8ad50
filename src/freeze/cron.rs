//! Five-field cron lines on civil time.
//!
//! Owns the notation and the search for the match before and after a local date-time. Must not know time zones:
//! what a match means when clocks jump is up to the window.

use std::fmt;
use std::ops::Range;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};

/// Why a text is not a cron line, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronError {
    /// The bytes of the text that the message is about.
    pub span: Range<usize>,
    /// What is wrong and how it is written.
    pub message: String,
}

impl fmt::Display for CronError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CronError {}

/// A cron line: minute, hour, day of month, month, day of week.
///
/// As in Vixie cron, a day matches when *either* day field matches, if both are restricted; a field that begins
/// with `*` is not restricted, and then both have to match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    minutes: Set,
    hours: Set,
    days: Set,
    months: Set,
    weekdays: Set,
    either_day: bool,
}

/// The Gregorian calendar repeats after this many years, weekdays included: a line without a match within them never matches.
const CYCLE_YEARS: i16 = 400;

impl Cron {
    /// Reads five fields: numbers, three-letter names of months and days, `a-b`, `a-b/n`, `*`, `*/n`, and lists of these.
    /// Sunday is 0 and 7.
    ///
    /// # Errors
    /// The first field that cannot be read, or a day that no year has.
    pub fn parse(text: &str) -> Result<Self, CronError> {
        let fields = words(text);
        let [minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(CronError {
                span: 0..text.len(),
                message: format!(
                    "a cron line has five fields (minute, hour, day of month, month, day of week), this one has {}",
                    fields.len()
                ),
            });
        };
        let (days, weekdays) = (DAY.parse(day)?, WEEKDAY.parse(weekday)?);
        let cron = Self {
            minutes: MINUTE.parse(minute)?,
            hours: HOUR.parse(hour)?,
            months: MONTH.parse(month)?,
            days,
            weekdays: weekdays.sunday_is_zero(),
            either_day: !day.text.starts_with('*') && !weekday.text.starts_with('*'),
        };
        match cron.day_from(Date::constant(2000, 1, 1)) {
            Some(_) => Ok(cron),
            None => Err(CronError {
                span: day.at..month.at + month.text.len(),
                message: format!("no year has that day: `{}` in month `{}`", day.text, month.text),
            }),
        }
    }

    /// Whether both day fields are restricted, so that a day matches if *either* of them does: rarely intended.
    pub const fn either_day(&self) -> bool {
        self.either_day
    }

    /// The latest match that is not after `civil`; `None` only before the first year that the calendar here knows.
    pub fn prev_at_or_before(&self, civil: DateTime) -> Option<DateTime> {
        if self.on_day(civil.date())
            && let Some(time) = self.time_to(civil.time())
        {
            return Some(civil.date().to_datetime(time));
        }
        let day = self.day_to(civil.date().yesterday().ok()?)?;
        Some(day.to_datetime(self.time_to(Time::MAX)?))
    }

    /// The earliest match after `civil`; `None` only past the last year that the calendar here knows.
    pub fn next_after(&self, civil: DateTime) -> Option<DateTime> {
        let from = civil.checked_add(1.minute()).ok()?;
        if self.on_day(from.date())
            && let Some(time) = self.time_from(from.time())
        {
            return Some(from.date().to_datetime(time));
        }
        let day = self.day_from(from.date().tomorrow().ok()?)?;
        Some(day.to_datetime(self.time_from(Time::MIN)?))
    }

    fn on_day(&self, date: Date) -> bool {
        let day = self.days.has(date.day());
        let weekday = self.weekdays.has(date.weekday().to_sunday_zero_offset());
        self.months.has(date.month()) && if self.either_day { day || weekday } else { day && weekday }
    }

    fn day_from(&self, first: Date) -> Option<Date> {
        let last_year = first.year().saturating_add(CYCLE_YEARS);
        let mut date = first;
        while date.year() <= last_year {
            if self.on_day(date) {
                return Some(date);
            }
            let skip_to = if self.months.has(date.month()) { date } else { date.last_of_month() };
            date = skip_to.tomorrow().ok()?;
        }
        None
    }

    fn day_to(&self, last: Date) -> Option<Date> {
        let first_year = last.year().saturating_sub(CYCLE_YEARS);
        let mut date = last;
        while date.year() >= first_year {
            if self.on_day(date) {
                return Some(date);
            }
            let skip_to = if self.months.has(date.month()) { date } else { date.first_of_month() };
            date = skip_to.yesterday().ok()?;
        }
        None
    }

    fn time_from(&self, time: Time) -> Option<Time> {
        if self.hours.has(time.hour())
            && let Some(minute) = self.minutes.from(time.minute())
        {
            return Time::new(time.hour(), minute, 0, 0).ok();
        }
        Time::new(self.hours.from(time.hour() + 1)?, self.minutes.from(0)?, 0, 0).ok()
    }

    fn time_to(&self, time: Time) -> Option<Time> {
        if self.hours.has(time.hour())
            && let Some(minute) = self.minutes.to(time.minute())
        {
            return Time::new(time.hour(), minute, 0, 0).ok();
        }
        Time::new(self.hours.to(time.hour() - 1)?, self.minutes.to(59)?, 0, 0).ok()
    }
}

/// A set of numbers from 0 to 63.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Set(u64);

impl Set {
    fn has(self, n: i8) -> bool {
        (0..64).contains(&n) && self.0 >> n & 1 == 1
    }

    fn from(self, least: i8) -> Option<i8> {
        (least..64).find(|n| self.has(*n))
    }

    fn to(self, greatest: i8) -> Option<i8> {
        (0..=greatest).rev().find(|n| self.has(*n))
    }

    fn sunday_is_zero(self) -> Self {
        Self((self.0 | self.0 >> 7) & 0b111_1111)
    }
}

/// One field as written, with the byte at which it begins.
struct Word<'t> {
    at: usize,
    text: &'t str,
}

impl Word<'_> {
    fn error(&self, message: String) -> CronError {
        CronError { span: self.at..self.at + self.text.len(), message }
    }
}

fn words(text: &str) -> Vec<Word<'_>> {
    let offset = |part: &str| part.as_ptr().addr() - text.as_ptr().addr();
    text.split_ascii_whitespace().map(|part| Word { at: offset(part), text: part }).collect()
}

/// What a field may hold.
struct Unit {
    name: &'static str,
    least: i8,
    greatest: i8,
    /// Names in order, the first one standing for `first_name`.
    names: &'static [&'static str],
    first_name: i8,
}

const MINUTE: Unit = Unit { name: "minute", least: 0, greatest: 59, names: &[], first_name: 0 };
const HOUR: Unit = Unit { name: "hour", least: 0, greatest: 23, names: &[], first_name: 0 };
const DAY: Unit = Unit { name: "day of month", least: 1, greatest: 31, names: &[], first_name: 0 };
const MONTH: Unit = Unit {
    name: "month",
    least: 1,
    greatest: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    first_name: 1,
};
const WEEKDAY: Unit =
    Unit { name: "day of week", least: 0, greatest: 7, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"], first_name: 0 };

impl Unit {
    fn parse(&self, field: &Word<'_>) -> Result<Set, CronError> {
        let mut set = 0;
        let mut at = field.at;
        for text in field.text.split(',') {
            set |= self.item(&Word { at, text })?;
            at += text.len() + 1;
        }
        Ok(Set(set))
    }

    /// One element of a list: `*`, `*/n`, `a`, `a-b` or `a-b/n`.
    fn item(&self, item: &Word<'_>) -> Result<u64, CronError> {
        let (range, step) = item.text.split_once('/').map_or((item.text, None), |(range, step)| (range, Some(step)));
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (self.least, self.greatest),
            Some((first, last)) => {
                let (first, last) = (self.value(item, first)?, self.value(item, last)?);
                // `FRI-SUN` ends the week, as `5-7` does.
                (first, if self.names.len() == 7 && last == 0 && first > 0 { 7 } else { last })
            }
            None if step.is_some() => {
                return Err(item.error(format!("a step needs `*` or a range before it: `{range}` is one {}", self.name)));
            }
            None => {
                let value = self.value(item, range)?;
                (value, value)
            }
        };
        if first > last {
            return Err(item.error(format!("the range `{range}` runs backward: write it as a list of two ranges")));
        }
        let step = match step {
            None => 1,
            Some(step) => number(step).filter(|step| (1..=self.greatest - self.least).contains(step)).ok_or_else(|| {
                item.error(format!("`{step}` cannot be a step of the {}: write 1 to {}", self.name, self.greatest - self.least))
            })?,
        };
        Ok((first..=last).step_by(usize::from(step.unsigned_abs())).fold(0, |set, n| set | 1 << n))
    }

    fn value(&self, item: &Word<'_>, text: &str) -> Result<i8, CronError> {
        let named = || self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        number(text)
            .or_else(|| i8::try_from(named()?).ok()?.checked_add(self.first_name))
            .filter(|n| (self.least..=self.greatest).contains(n))
            .ok_or_else(|| {
                let or_names = match self.names {
                    [first, .., last] => format!(" or a name from {} to {}", first.to_uppercase(), last.to_uppercase()),
                    _ => String::new(),
                };
                item.error(format!("`{text}` cannot be the {}: write {} to {}{or_names}", self.name, self.least, self.greatest))
            })
    }
}

/// One or two ASCII digits.
fn number(text: &str) -> Option<i8> {
    let digits = matches!(text.len(), 1 | 2) && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests;
