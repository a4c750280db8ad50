use jiff::civil::date;
use proptest::prelude::*;

use super::*;

fn cron(text: &str) -> Cron {
    Cron::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

/// What the five fields say about one minute, read straight off the notation's definition for plain number lists.
#[derive(Debug, Clone)]
struct Plain {
    fields: [Option<Vec<i8>>; 5],
}

impl Plain {
    fn text(&self) -> String {
        let field = |f: &Option<Vec<i8>>| match f {
            None => "*".to_owned(),
            Some(list) => list.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
        };
        self.fields.iter().map(field).collect::<Vec<_>>().join(" ")
    }

    fn matches(&self, at: DateTime) -> bool {
        let has = |i: usize, n: i8| self.fields[i].as_ref().is_none_or(|list| list.contains(&n));
        let weekday = at.weekday().to_sunday_zero_offset();
        let on_weekday = has(4, weekday) || (weekday == 0 && has(4, 7));
        let on_day = if self.fields[2].is_some() && self.fields[4].is_some() {
            has(2, at.day()) || on_weekday
        } else {
            has(2, at.day()) && on_weekday
        };
        has(0, at.minute()) && has(1, at.hour()) && has(3, at.month()) && on_day && at.second() == 0 && at.subsec_nanosecond() == 0
    }
}

fn field(least: i8, greatest: i8) -> impl Strategy<Value = Option<Vec<i8>>> {
    prop::option::of(prop::collection::vec(least..=greatest, 1..4))
}

fn plain() -> impl Strategy<Value = Plain> {
    (field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 7)).prop_map(|(a, b, c, d, e)| Plain { fields: [a, b, c, d, e] })
}

fn civil() -> impl Strategy<Value = DateTime> {
    (1990i16..2110, 1i8..=12, 1i8..=28, 0i8..24, 0i8..60, 0i8..60).prop_map(|(y, mo, d, h, mi, s)| date(y, mo, d).at(h, mi, s, 0))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_next_and_the_previous_match_are_matches_with_none_between(line in plain(), at in civil()) {
        let parsed = cron(&line.text());
        let next = parsed.next_after(at).unwrap();
        prop_assert!(next > at && line.matches(next), "{next}");
        let prev = parsed.prev_at_or_before(at).unwrap();
        prop_assert!(prev <= at && line.matches(prev), "{prev}");
        // No match in between: checked minute by minute for two days on each side, and by searching back from the far end.
        let mut minute = at.with().second(0).subsec_nanosecond(0).build().unwrap();
        for _ in 0..2880 {
            minute = minute.checked_add(1.minute()).unwrap();
            if minute >= next { break; }
            prop_assert!(!line.matches(minute), "{minute} was passed over");
        }
        let mut minute = at.with().second(0).subsec_nanosecond(0).build().unwrap();
        for _ in 0..2880 {
            if minute <= prev { break; }
            prop_assert!(!line.matches(minute), "{minute} was passed over");
            minute = minute.checked_sub(1.minute()).unwrap();
        }
        prop_assert_eq!(parsed.prev_at_or_before(next.checked_sub(1.nanosecond()).unwrap()), Some(prev));
        prop_assert_eq!(parsed.prev_at_or_before(next), Some(next));
    }

    #[test]
    fn no_text_panics_and_spans_lie_within_it(text in "[0-9a-zA-Z*/, -]{0,24}|\\PC{0,20}") {
        if let Err(error) = Cron::parse(&text) {
            prop_assert!(text.get(error.span.clone()).is_some(), "{:?}", error);
        }
    }
}

#[test]
fn names_ranges_steps_and_lists_say_the_same_as_numbers() {
    for (a, b) in [
        ("0 16 * * FRI", "0 16 * * 5"),
        ("0 0 * jan,DEC *", "0 0 * 1,12 *"),
        ("*/20 8-10 * * mon-wed", "0,20,40 8,9,10 * * 1,2,3"),
        ("5-30/10 0 * * 7", "5,15,25 0 * * 0"),
        ("0 0 * * FRI-SUN", "0 0 * * 0,5,6"),
        ("0 0 * * 5-7", "0 0 * * sun,fri,sat"),
        ("  0\t0 * * * ", "0 0 * * *"),
    ] {
        assert_eq!(cron(a), cron(b), "{a} / {b}");
    }
}

#[test]
fn two_restricted_day_fields_mean_either_and_a_star_means_both() {
    // 2026-05-13 is a Wednesday, 2026-05-15 a Friday.
    let either = cron("0 0 13 * FRI");
    assert_eq!(either.next_after(date(2026, 5, 9).at(0, 0, 0, 0)), Some(date(2026, 5, 13).at(0, 0, 0, 0)));
    assert_eq!(either.next_after(date(2026, 5, 13).at(0, 0, 0, 0)), Some(date(2026, 5, 15).at(0, 0, 0, 0)));
    // A field that begins with `*` does not count as restricted: odd days that are Fridays.
    let both = cron("0 0 */2 * FRI");
    assert_eq!(both.next_after(date(2026, 5, 15).at(0, 0, 0, 0)), Some(date(2026, 5, 29).at(0, 0, 0, 0)));
}

#[test]
fn leap_days_are_found_across_a_century_without_one() {
    let leap = cron("0 0 29 2 *");
    assert_eq!(leap.next_after(date(2096, 3, 1).at(0, 0, 0, 0)), Some(date(2104, 2, 29).at(0, 0, 0, 0)));
    assert_eq!(
        leap.prev_at_or_before(date(2104, 2, 29).at(0, 0, 0, 0).checked_sub(1.minute()).unwrap()),
        Some(date(2096, 2, 29).at(0, 0, 0, 0))
    );
    // A leap day on an even weekday (`*/2`): rare, and still found.
    assert!(cron("0 0 29 2 */6").next_after(date(2026, 1, 1).at(0, 0, 0, 0)).is_some());
}

#[test]
fn what_cannot_be_read_is_refused_where_it_stands() {
    for (text, at, says) in [
        ("", "", "five fields"),
        ("0 16 * *", "0 16 * *", "five fields"),
        ("0 0 16 * * FRI", "0 0 16 * * FRI", "has 6"),
        ("@weekly", "@weekly", "five fields"),
        ("60 0 * * *", "60", "cannot be the minute"),
        ("0 24 * * *", "24", "cannot be the hour"),
        ("0 0 0 * *", "0", "cannot be the day of month"),
        ("0 0 1 13 *", "13", "cannot be the month"),
        ("0 0 * * 8", "8", "cannot be the day of week"),
        ("0 0 * * FRIDAY", "FRIDAY", "cannot be the day of week"),
        ("0 0 * * MON,FRX", "FRX", "from SUN to SAT"),
        ("0 0 L * *", "L", "cannot be the day of month"),
        ("0 0 ? * 1", "?", "cannot be the day of month"),
        ("0 0 1,,2 * *", "", "cannot be the day of month"),
        ("0 0 * * 1#2", "1#2", "cannot be the day of week"),
        ("10-5 0 * * *", "10-5", "backward"),
        ("0 0 * * SAT-MON", "SAT-MON", "backward"),
        ("*/0 0 * * *", "*/0", "cannot be a step"),
        ("*/60 0 * * *", "*/60", "cannot be a step"),
        ("5/10 0 * * *", "5/10", "a step needs"),
        ("-5 0 * * *", "-5", "cannot be the minute"),
        ("+5 0 * * *", "+5", "cannot be the minute"),
        ("005 0 * * *", "005", "cannot be the minute"),
        ("0 0 30 2 *", "30 2", "no year has"),
        ("0 0 31 feb,apr,jun *", "31 feb,apr,jun", "no year has"),
    ] {
        let error = Cron::parse(text).expect_err(text);
        assert_eq!(&text[error.span.clone()], at, "{text}: {error}");
        assert!(error.message.contains(says), "{text}: {error}");
    }
    // With a day of week beside it, an impossible day of month leaves the other.
    assert!(Cron::parse("0 0 30 2 MON").is_ok());
}
