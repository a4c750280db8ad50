//! Text to number and number to text, as GitHub's runner does both.

/// Reads text as a number: trimmed, empty is 0, decimal, `0x` and `0o` in 32 bits, `Infinity`; all else is NaN.
pub(super) fn parse(text: &str) -> f64 {
    let text = text.trim();
    let signed = |rest: &str| if rest == "Infinity" { f64::INFINITY } else { decimal(rest) };
    if text.is_empty() {
        0.0
    } else if let Some(digits) = text.strip_prefix("0x") {
        radix(digits, 16)
    } else if let Some(digits) = text.strip_prefix("0o") {
        radix(digits, 8)
    } else if let Some(rest) = text.strip_prefix('-') {
        -signed(rest)
    } else {
        signed(text.strip_prefix('+').unwrap_or(text))
    }
}

/// Writes a number with at most 15 significant digits, in exponent form if .NET's `G15` does.
pub(super) fn to_text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if number == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{:.14e}", number.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let all: String = mantissa.chars().filter(|c| *c != '.').collect();
    let digits = all.trim_end_matches('0');
    let body = match usize::try_from(exponent) {
        Ok(whole) if whole < 15 => match digits.split_at_checked(whole + 1) {
            Some((int, "")) => int.to_owned(),
            Some((int, fraction)) => format!("{int}.{fraction}"),
            None => format!("{digits:0<width$}", width = whole + 1),
        },
        Err(_) if exponent > -5 => format!("0.{}{digits}", "0".repeat(exponent.unsigned_abs() as usize - 1)),
        _ => {
            let (first, fraction) = digits.split_at_checked(1).unwrap_or((digits, ""));
            let point = if fraction.is_empty() { "" } else { "." };
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{first}{point}{fraction}E{sign}{:02}", exponent.unsigned_abs())
        }
    };
    if number < 0.0 { format!("-{body}") } else { body }
}

/// Digits, one point, one exponent: what Rust reads, without its names for NaN and infinity and without a second sign.
fn decimal(text: &str) -> f64 {
    let plain =
        text.starts_with(|c: char| c.is_ascii_digit() || c == '.') && text.chars().all(|c| c.is_ascii_digit() || ".eE+-".contains(c));
    if plain { text.parse().unwrap_or(f64::NAN) } else { f64::NAN }
}

/// The runner reads these into a 32-bit integer, so `0xffffffff` is -1 and longer ones are not number.
fn radix(digits: &str, radix: u32) -> f64 {
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return f64::NAN;
    }
    u32::from_str_radix(digits, radix).map_or(f64::NAN, |bits| f64::from(bits.cast_signed()))
}

#[cfg(test)]
mod tests {
    use super::{parse, to_text};

    #[test]
    fn fifteen_digits_and_no_more() {
        for (number, text) in [
            (0.1 + 0.2, "0.3"),
            (123_456_789_012_345.0, "123456789012345"),
            (1e15, "1E+15"),
            (1.5e300, "1.5E+300"),
            (0.0001, "0.0001"),
            (0.00001, "1E-05"),
            (-120.0, "-120"),
            (100.0, "100"),
            (0.012, "0.012"),
            (-0.0, "0"),
        ] {
            assert_eq!(to_text(number), text);
        }
    }

    #[test]
    fn what_is_no_number_is_nan() {
        for text in ["1e", ".", "--1", "+-1", "inf", "nan", "infinity", "0xg", "0x", "0b1", "-0x1", "0x1ffffffff", "1 2", "e5", "1_000"] {
            assert!(parse(text).is_nan(), "{text}");
        }
        assert_eq!(parse("0xffffffff"), -1.0);
        assert_eq!(parse("1e999"), f64::INFINITY);
        assert_eq!(parse(" -Infinity "), f64::NEG_INFINITY);
        assert_eq!(parse("1."), 1.0);
    }
}
