//! Durations as gatectl writes them.

use std::time::Duration;

/// Reads `30s`, `10m`, `2h` or `3d` (a day is 24 hours): one whole number and one unit.
///
/// # Errors
/// A sentence that says how a duration is written.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let bad = || format!("`{text}` is not a duration: write a whole number and a unit, such as 30s, 10m, 2h or 3d");
    let unit = text.chars().next_back().ok_or_else(bad)?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(bad()),
    };
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad());
    }
    digits.parse::<u64>().ok().and_then(|n| n.checked_mul(seconds)).map(Duration::from_secs).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_number_and_a_unit() {
        assert_eq!(parse_duration("64h"), Ok(Duration::from_secs(64 * 3600)));
        assert_eq!(parse_duration("30s"), Ok(Duration::from_secs(30)));
        for bad in ["", "h", "10", "1.5h", "-1h", "1h30m", "10 m", "1é", "99999999999999999999h", "+1h"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }
}
