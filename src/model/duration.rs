//! Durations as gatectl writes them.

use std::time::Duration;

use jiff::fmt::friendly::SpanParser;
use jiff::{SpanRelativeTo, Timestamp};

/// Reads `30s`, `10m`, `2h`, `3d` or `1h30m` (a day is 24 hours): whole numbers with units, the largest unit first.
///
/// # Errors
/// A sentence that says how a duration is written.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let bad = || format!("`{text}` is not a duration: write whole numbers with units, such as 30s, 10m, 2h, 3d or 1h30m");
    // The parser also takes signs, fractions, words and units that are not exact.
    let is_plain = text.bytes().all(|b| b.is_ascii_digit() || b"smhd".contains(&b)) && !text.contains("ms");
    let span = SpanParser::new().parse_span(text).ok().filter(|_| is_plain).ok_or_else(bad)?;
    let exact = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| bad())?;
    Duration::try_from(exact).map_err(|_| bad())
}

/// The age of a moment in the largest whole unit: `3 days`.
pub fn age(since: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(since).as_secs().max(0);
    let (count, unit) = match seconds {
        172_800.. => (seconds / 86_400, "day"),
        7_200.. => (seconds / 3_600, "hour"),
        120.. => (seconds / 60, "minute"),
        _ => (seconds, "second"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_in_its_largest_whole_unit() {
        let of = |seconds| age(Timestamp::UNIX_EPOCH, Timestamp::from_second(seconds).unwrap());
        for (seconds, words) in [(-5, "0 seconds"), (1, "1 second"), (120, "2 minutes"), (7_200, "2 hours"), (86_400 * 18, "18 days")] {
            assert_eq!(of(seconds), words);
        }
    }

    #[test]
    fn durations_are_whole_numbers_with_units() {
        assert_eq!(parse_duration("64h"), Ok(Duration::from_secs(64 * 3600)));
        assert_eq!(parse_duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse_duration("3d"), Ok(Duration::from_secs(3 * 86_400)));
        assert_eq!(parse_duration("1h30m"), Ok(Duration::from_secs(5_400)));
        assert_eq!(parse_duration("1d2h3m4s"), Ok(Duration::from_secs(86_400 + 2 * 3600 + 3 * 60 + 4)));
        for bad in [
            "",
            "h",
            "10",
            "1.5h",
            "-1h",
            "10 m",
            "1é",
            "99999999999999999999h",
            "+1h",
            "30m1h",
            "1h1h",
            "10ms",
            "2 hours",
            "1hour",
            "1h30",
        ] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }
}
