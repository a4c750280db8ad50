//! The calendar's times.

use super::{Check, not_empty};
use crate::config::near::quote;
use crate::config::schema::{Syntax, Wrong};
use crate::model::nearest;

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
    pattern: Some("^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$"),
    check: |text| {
        const MOST: u64 = 31 * 86_400;
        let fix = "write whole numbers with units, such as \"64h\" or \"1h30m\"";
        match crate::model::parse_duration(text).map(|d| d.as_secs()) {
            Ok(0) => Err(Wrong::new("a window must last longer than zero", fix)),
            Ok(seconds) if seconds > MOST => Err(Wrong::new("a window lasts at most 31 days", "shorten it, or write `from` and `until`")),
            Ok(_) => Ok(()),
            Err(_) => Err(Wrong::new(format!("{} is not a duration", quote(text)), fix)),
        }
    },
};

pub(in crate::config) static TIMEZONE: Syntax = Syntax { noun: "a time zone", pattern: None, check: timezone };

/// Asks the bundled zone data, so that every machine gives the same answer.
///
/// Only the misspelled name of a place is corrected. An abbreviation or an offset never is: the nearest name to `GMT+2` is
/// `Etc/GMT+2`, which is four hours away from it, and the window would be open for those.
fn timezone(text: &str) -> Check {
    let zones = jiff::tz::TimeZoneDatabase::bundled();
    if zones.get(text).is_ok_and(|zone| !zone.is_unknown()) {
        return Ok(());
    }
    let places: Vec<String> =
        zones.available().map(|name| name.as_str().to_owned()).filter(|name| name.contains('/') && !name.starts_with("Etc/")).collect();
    let wrong = |help: String| Err(Wrong::new(format!("unknown time zone {}", quote(text)), help));
    if let Some(help) = not_a_place(text) {
        return wrong(help);
    }
    let city = text.trim().replace(' ', "_").to_lowercase();
    let by_city = places.iter().find(|name| name.rsplit('/').next().is_some_and(|last| last.to_lowercase() == city)).map(String::as_str);
    let near = || nearest(text, places.iter().map(String::as_str)).filter(|_| text.contains('/'));
    wrong(match by_city.or_else(near) {
        Some(name) => format!("did you mean \"{name}\"?"),
        None => "write an IANA name such as \"America/New_York\" or \"UTC\"".to_owned(),
    })
}

/// What people write for a place: the abbreviation, and the names that it may stand for.
const ABBREVIATIONS: &[(&str, &[&str])] = &[
    ("ACDT", &["Australia/Adelaide"]),
    ("ACST", &["Australia/Adelaide", "Australia/Darwin"]),
    ("AEDT", &["Australia/Sydney"]),
    ("AEST", &["Australia/Sydney", "Australia/Brisbane"]),
    ("AWST", &["Australia/Perth"]),
    ("BRT", &["America/Sao_Paulo"]),
    ("BST", &["Europe/London", "Asia/Dhaka"]),
    ("CDT", &["America/Chicago", "America/Havana"]),
    ("CEST", &["Europe/Berlin", "Europe/Paris"]),
    ("CST", &["America/Chicago", "Asia/Shanghai"]),
    ("EDT", &["America/New_York"]),
    ("EEST", &["Europe/Helsinki", "Europe/Athens"]),
    ("HKT", &["Asia/Hong_Kong"]),
    ("IDT", &["Asia/Jerusalem"]),
    ("IST", &["Asia/Kolkata", "Asia/Jerusalem", "Europe/Dublin"]),
    ("JST", &["Asia/Tokyo"]),
    ("KST", &["Asia/Seoul"]),
    ("MDT", &["America/Denver"]),
    ("MSK", &["Europe/Moscow"]),
    ("NZDT", &["Pacific/Auckland"]),
    ("NZST", &["Pacific/Auckland"]),
    ("PDT", &["America/Los_Angeles"]),
    ("PST", &["America/Los_Angeles", "Asia/Manila"]),
    ("SAST", &["Africa/Johannesburg"]),
    ("SGT", &["Asia/Singapore"]),
    ("WEST", &["Europe/Lisbon"]),
];

/// What to write instead of an abbreviation or an offset; `None` if the text is neither.
fn not_a_place(text: &str) -> Option<String> {
    let upper = text.trim().to_ascii_uppercase();
    if upper == "Z" {
        return Some("for UTC, write \"UTC\"".to_owned());
    }
    if let Some((_, names)) = ABBREVIATIONS.iter().find(|(abbreviation, _)| *abbreviation == upper) {
        let names = names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(" or ");
        return Some(format!("an abbreviation stands for one half of the year, or for several places; name the place: {names}"));
    }
    let offset = ["UTC", "GMT", "ETC/GMT", "ETC/UTC", ""].into_iter().filter_map(|prefix| upper.strip_prefix(prefix)).find_map(hours);
    if let Some(offset) = offset {
        let example = "name the place, such as \"Europe/Berlin\"";
        return Some(match offset {
            Some(0) => "for UTC, write \"UTC\"".to_owned(),
            // The sign of these names is the opposite of everyone else's.
            Some(hours) if (-14..=12).contains(&-hours) && !upper.starts_with("ETC/") => format!(
                "an offset has no daylight saving; {example}; for UTC{hours:+} all year, write \"Etc/GMT{:+}\" (the sign is inverted in these names)",
                -hours
            ),
            _ => format!("an offset has no daylight saving; {example}"),
        });
    }
    let short = upper.len() <= 5 && !upper.is_empty() && upper.bytes().all(|b| b.is_ascii_uppercase()) && text.trim() == upper;
    short.then(|| "an abbreviation is not a time zone; write the IANA name of the place, such as \"America/New_York\"".to_owned())
}

/// Reads `+2`, `-05`, `+02:00` or `+0530`: the whole hours, `None` inside if it is not a number of whole hours; `None` if it is not an offset.
fn hours(text: &str) -> Option<Option<i8>> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-" | "\u{2212}", digits) => (-1, digits),
        _ => return None,
    };
    let digits: String = digits.chars().filter(|c| *c != ':').collect();
    if !matches!(digits.len(), 1..=4) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = if digits.len() > 2 { digits.split_at(digits.len() - 2) } else { (digits.as_str(), "00") };
    Some(hours.parse::<i8>().ok().filter(|_| minutes == "00").map(|hours| sign * hours))
}
