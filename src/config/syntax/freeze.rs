//! The calendar's times.

use super::{Check, not_empty};
use crate::config::near::{nearest, quote};
use crate::config::schema::{Syntax, Wrong};

pub(in crate::config) static WINDOW: Syntax = Syntax { noun: "a window's name", pattern: None, check: not_empty };

pub(in crate::config) static CHECK_COMMAND: Syntax = Syntax {
    noun: "a command",
    pattern: Some(r"^[A-Za-z0-9_./@:+=-]+( [A-Za-z0-9_./@:+=-]+)*$"),
    check: |text| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_./@:+=-".contains(c);
        let words: Vec<&str> = text.split(' ').collect();
        if words.iter().all(|word| !word.is_empty() && word.chars().all(plain)) {
            return Ok(());
        }
        let fix = "write the command as the workflow runs it, without quotes or shell operators, such as \"./scripts/freeze-check.sh\"";
        Err(Wrong::new(format!("{} is not a plain command", quote(text)), fix))
    },
};

pub(in crate::config) static CRON: Syntax = Syntax {
    noun: "a cron line",
    pattern: None,
    check: |text| cron(text).map_err(|e| Wrong::new(e, "write minute, hour, day of month, month, day of week, such as \"0 16 * * FRI\"")),
};

/// The seam to the calendar: what it takes for a cron line.
fn cron(text: &str) -> Result<(), String> {
    crate::freeze::Cron::parse(text).map(drop).map_err(|error| error.message)
}

pub(in crate::config) static DURATION: Syntax = Syntax {
    noun: "a duration",
    pattern: Some("^[0-9]+[smhd]$"),
    check: |text| {
        const MOST: u64 = 31 * 86_400;
        let fix = "write a whole number and a unit, such as \"64h\"";
        match crate::model::parse_duration(text).map(|d| d.as_secs()) {
            Ok(0) => Err(Wrong::new("a window lasts longer than nothing", fix)),
            Ok(seconds) if seconds > MOST => Err(Wrong::new("a window lasts at most 31 days", "shorten it, or write `from` and `until`")),
            Ok(_) => Ok(()),
            Err(_) => Err(Wrong::new(format!("{} is not a duration", quote(text)), fix)),
        }
    },
};

pub(in crate::config) static TIMEZONE: Syntax = Syntax { noun: "a time zone", pattern: None, check: timezone };

/// Asks the bundled zone data, so that every machine gives the same answer.
fn timezone(text: &str) -> Check {
    let zones = jiff::tz::TimeZoneDatabase::bundled();
    if zones.get(text).is_ok_and(|zone| !zone.is_unknown()) {
        return Ok(());
    }
    let all: Vec<String> = zones.available().map(|name| name.as_str().to_owned()).collect();
    let city = text.trim().replace(' ', "_").to_lowercase();
    let by_city = all.iter().find(|name| name.rsplit('/').next().is_some_and(|last| last.to_lowercase() == city)).map(String::as_str);
    let help = match by_city.or_else(|| nearest(text, all.iter().map(String::as_str))) {
        Some(name) => format!("did you mean \"{name}\"?"),
        None => "write an IANA name such as \"America/New_York\" or \"UTC\"".to_owned(),
    };
    Err(Wrong::new(format!("unknown time zone {}", quote(text)), help))
}
