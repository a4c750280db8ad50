use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::*;

mod oracle;

/// Days on which clocks jump: by an hour, by half an hour, at midnight, over a whole day; both hemispheres; and two without a jump.
const DAYS: [(&str, Date); 18] = [
    ("America/New_York", Date::constant(2026, 3, 8)),
    ("America/New_York", Date::constant(2026, 11, 1)),
    ("Europe/Berlin", Date::constant(2026, 3, 29)),
    ("Europe/Berlin", Date::constant(2026, 10, 25)),
    ("Europe/Dublin", Date::constant(2026, 10, 25)),
    ("Australia/Lord_Howe", Date::constant(2026, 4, 5)),
    ("Australia/Lord_Howe", Date::constant(2026, 10, 4)),
    ("America/Sao_Paulo", Date::constant(2017, 10, 15)),
    ("America/Sao_Paulo", Date::constant(2018, 2, 18)),
    ("Asia/Beirut", Date::constant(2026, 3, 29)),
    ("Asia/Beirut", Date::constant(2026, 10, 25)),
    ("America/Havana", Date::constant(2024, 11, 3)),
    ("Africa/Casablanca", Date::constant(2026, 3, 22)),
    ("Pacific/Apia", Date::constant(2011, 12, 30)),
    ("Pacific/Auckland", Date::constant(2026, 9, 27)),
    ("Antarctica/Troll", Date::constant(2026, 3, 29)),
    ("UTC", Date::constant(2026, 12, 31)),
    ("Asia/Kolkata", Date::constant(2027, 1, 1)),
];

const MINUTES: i64 = 7 * 1440;

fn recurring(start: &str, duration: Duration, timezone: &str) -> Window {
    Window {
        name: "w".to_owned(),
        schedule: Schedule::Recurring { start: start.to_owned(), length: Length::Duration(duration) },
        timezone: timezone.to_owned(),
        reason: None,
    }
}

fn until(start: &str, end: &str, timezone: &str) -> Window {
    Window {
        schedule: Schedule::Recurring { start: start.to_owned(), length: Length::End(end.to_owned()) },
        ..recurring(start, Duration::ZERO, timezone)
    }
}

fn once(from: DateTime, until: DateTime, timezone: &str) -> Window {
    Window { name: "w".to_owned(), schedule: Schedule::Once { from, until }, timezone: timezone.to_owned(), reason: None }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Every minute of a week around `day`, with the wall-clock time.
fn clock(zone: &TimeZone, day: Date) -> Vec<(Timestamp, DateTime)> {
    let first = TimeZone::UTC.to_timestamp(day.to_datetime(jiff::civil::Time::MIN)).unwrap().as_second() - MINUTES * 30;
    (0..MINUTES)
        .map(|minute| {
            let now = Timestamp::from_second(first + minute * 60).unwrap();
            (now, zone.to_datetime(now))
        })
        .collect()
}

/// Whether each minute is closed, by watching the clock: a local minute begins when the clock reaches or passes it for the first time.
fn watched(clock: &[(Timestamp, DateTime)], fires: impl Fn(DateTime) -> bool, duration: Duration) -> Vec<bool> {
    let mut highest = clock[0].1.checked_sub(1.minute()).unwrap();
    let mut closed_before = Timestamp::MIN;
    let mut closed = Vec::new();
    for (now, reading) in clock {
        while highest < *reading {
            highest = highest.checked_add(1.minute()).unwrap();
            if fires(highest) {
                closed_before = now.checked_add(duration).unwrap();
            }
        }
        closed.push(*now < closed_before);
    }
    closed
}

fn some_day() -> impl Strategy<Value = (&'static str, Date)> {
    prop::sample::select(DAYS.as_slice())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn recurring_windows_are_closed_when_a_watched_clock_says_so(
        (timezone, day) in some_day(),
        minutes in prop::collection::btree_set(prop::sample::select(vec![0i8, 1, 15, 29, 30, 31, 45, 59]), 1..4),
        hours in prop::collection::btree_set(prop::sample::select(vec![0i8, 1, 2, 3, 12, 22, 23]), 1..5),
        weekdays in prop::option::of(prop::collection::btree_set(0i8..7, 1..4)),
        duration in prop_oneof![1u64..180, 180u64..2900],
        picks in prop::collection::vec(0..MINUTES, 24),
    ) {
        let list = |set: &std::collections::BTreeSet<i8>| set.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let line = format!("{} {} * * {}", list(&minutes), list(&hours), weekdays.as_ref().map_or("*".to_owned(), list));
        let duration = Duration::from_secs(duration * 60);
        let window = recurring(&line, duration, timezone);
        let clock = clock(&zone(timezone).unwrap(), day);
        let closed = watched(&clock, |t| minutes.contains(&t.minute()) && hours.contains(&t.hour())
            && weekdays.as_ref().is_none_or(|days| days.contains(&t.weekday().to_sunday_zero_offset())), duration);
        // The scan knows nothing of what began before it: only minutes that are a duration in are compared.
        let settled = usize::try_from(duration.as_secs() / 60).unwrap() + 1;
        let around_the_jump = (1..clock.len()).filter(|i| clock[*i].1.duration_since(clock[*i - 1].1).as_mins() != 1)
            .flat_map(|i| [i - 1, i, i + 1, i + 29, i + 30, i + 59, i + 60, i + 61]);
        for i in picks.iter().map(|i| usize::try_from(*i).unwrap()).chain(around_the_jump).filter(|i| (settled..clock.len()).contains(i)) {
            let state = state_at(&window, clock[i].0).unwrap();
            prop_assert_eq!(state.now.is_some(), closed[i], "{} at {} {}", line, clock[i].0, clock[i].1);
            let last = clock.len() - 1;
            let run_ends = (i..=last).find(|j| closed[*j] != closed[i]);
            match (state.now, run_ends) {
                (Some(closure), ends) => {
                    match ends {
                        Some(ends) => prop_assert_eq!(closure.until, Some(clock[ends].0)),
                        None => prop_assert!(closure.until.is_none_or(|until| until > clock[last].0)),
                    }
                    match (settled..i).rev().find(|j| !closed[*j]) {
                        Some(open) => prop_assert_eq!(closure.since, clock[open + 1].0),
                        None => prop_assert!(closure.since <= clock[settled].0),
                    }
                }
                (None, Some(begins)) => prop_assert_eq!(state.next.unwrap().since, clock[begins].0),
                (None, None) => prop_assert!(state.next.unwrap().since > clock[last].0),
            }
        }
    }

    #[test]
    fn a_dated_range_is_closed_from_when_the_clock_first_reaches_it_until_it_last_reads_less(
        (timezone, day) in some_day(),
        from in prop_oneof![-2000i64..2000, (-48i64..48).prop_map(|half| half * 30)],
        length in prop_oneof![1i64..200, 200i64..3000, (1i64..48).prop_map(|half| half * 30)],
    ) {
        let from = day.at(0, 0, 0, 0).checked_add(from.minutes()).unwrap();
        let until = from.checked_add(length.minutes()).unwrap();
        let clock = clock(&zone(timezone).unwrap(), day);
        let first = clock.iter().find(|(_, reading)| *reading >= from).map(|(now, _)| *now);
        let open_again = clock.iter().rposition(|(_, reading)| *reading < until).and_then(|i| clock.get(i + 1)).map(|(now, _)| *now);
        let (Some(first), Some(open_again)) = (first, open_again) else { return Ok(()) };
        let window = once(from, until, timezone);
        for (now, reading) in &clock {
            let state = state_at(&window, *now).unwrap();
            prop_assert_eq!(state.now.is_some(), first <= *now && *now < open_again, "{} {}", now, reading);
            prop_assert!(state.now.is_some() || !(from <= *reading && *reading < until), "open while the clock reads {}", reading);
            prop_assert_eq!(state.next.is_some(), *now < first && first < open_again);
        }
    }
}

#[test]
fn the_days_looked_at_are_days_on_which_clocks_jump() {
    let jumps = |(timezone, day): &(&str, Date)| {
        let clock = clock(&zone(timezone).unwrap(), *day);
        clock.windows(2).any(|pair| pair[1].1.duration_since(pair[0].1).as_mins() != 1)
    };
    let quiet: Vec<_> = DAYS.iter().filter(|day| !jumps(day)).map(|(timezone, _)| *timezone).collect();
    assert_eq!(quiet, ["UTC", "Asia/Kolkata"]);
}

#[test]
fn a_weekend_lasts_its_hours_over_a_change_of_clocks() {
    let weekend = recurring("0 16 * * FRI", Duration::from_secs(64 * 3600), "America/New_York");
    // Friday 16:00 EST to Monday 09:00 EDT in spring, to Monday 07:00 EST in autumn: 64 hours both.
    for (friday, monday) in [("2026-03-06T21:00:00Z", "2026-03-09T13:00:00Z"), ("2026-10-30T20:00:00Z", "2026-11-02T12:00:00Z")] {
        let closure = Closure { since: at(friday), until: Some(at(monday)) };
        let second = 1.second();
        let before = state_at(&weekend, at(friday).checked_sub(second).unwrap()).unwrap();
        assert_eq!((before.now, before.next), (None, Some(closure)));
        assert_eq!(state_at(&weekend, at(friday)).unwrap().now, Some(closure));
        assert_eq!(state_at(&weekend, at(monday).checked_sub(second).unwrap()).unwrap().now, Some(closure));
        let after = state_at(&weekend, at(monday)).unwrap();
        assert_eq!(after.now, None);
        assert!(after.next.unwrap().since > at(monday));
    }
}

#[test]
fn an_end_by_cron_is_the_same_hour_whatever_the_clocks_do() {
    let weekend = until("0 16 * * FRI", "0 8 * * MON", "America/New_York");
    for (friday, monday) in [
        ("2026-03-06T16:00:00-05:00", "2026-03-09T08:00:00-04:00"),
        ("2026-10-30T16:00:00-04:00", "2026-11-02T08:00:00-05:00"),
        ("2026-06-05T16:00:00-04:00", "2026-06-08T08:00:00-04:00"),
    ] {
        let closure = Closure { since: at(friday), until: Some(at(monday)) };
        let second = 1.second();
        assert_eq!(state_at(&weekend, at(friday).checked_sub(second).unwrap()).unwrap().next, Some(closure));
        assert_eq!(state_at(&weekend, at(friday)).unwrap().now, Some(closure));
        assert_eq!(state_at(&weekend, at(monday).checked_sub(second).unwrap()).unwrap().now, Some(closure));
        assert_eq!(state_at(&weekend, at(monday)).unwrap().now, None);
    }
}

#[test]
fn an_end_in_an_hour_that_occurs_twice_is_the_second_one_and_in_a_gap_the_end_of_the_gap() {
    let night = until("0 22 * * *", "30 1 * * *", "America/New_York");
    let state = |text| state_at(&night, at(text)).unwrap().now.map(|closure| closure.until.unwrap());
    assert_eq!(state("2026-11-01T01:29:59-05:00"), Some(at("2026-11-01T01:30:00-05:00")), "a clock reads 01:29 and it is closed");
    assert_eq!(state("2026-11-01T01:45:00-04:00"), Some(at("2026-11-01T01:30:00-05:00")), "the clock will read less than 01:30 again");
    assert_eq!(state("2026-11-01T01:30:00-05:00"), None);
    let night = until("0 22 * * *", "30 2 * * *", "America/New_York");
    assert_eq!(state_at(&night, at("2026-03-08T01:59:59-05:00")).unwrap().now.unwrap().until, Some(at("2026-03-08T03:00:00-04:00")));
    // Both in the gap: no clock there ever reads such a time, so that day has no occurrence.
    let inside = until("0 2 * * *", "30 2 * * *", "America/New_York");
    let state = state_at(&inside, at("2026-03-08T07:00:00Z")).unwrap();
    assert_eq!((state.now, state.next.unwrap().since), (None, at("2026-03-09T02:00:00-04:00")));
}

#[test]
fn an_end_that_matches_at_the_start_is_the_next_one_and_starts_before_it_belong_to_the_same_closed_time() {
    let state = |window: &Window, text| state_at(window, at(text)).unwrap();
    // Two starts before one end: closed from the first of them.
    let twice = until("0 16 * * THU,FRI", "0 8 * * MON", "UTC");
    let closure = Closure { since: at("2026-06-04T16:00:00Z"), until: Some(at("2026-06-08T08:00:00Z")) };
    assert_eq!(state(&twice, "2026-06-06T00:00:00Z").now, Some(closure));
    // Many ends: the first one counts.
    let often = until("0 16 * * FRI", "0 8 * * *", "UTC");
    assert_eq!(state(&often, "2026-06-05T20:00:00Z").now.unwrap().until, Some(at("2026-06-06T08:00:00Z")));
    // Longer than the period: open only between an end and the next start.
    let longer = until("0 16 * * *", "0 8 1 * *", "UTC");
    assert_eq!(state(&longer, "2026-06-01T08:00:00Z").now, None);
    let july = Closure { since: at("2026-06-01T16:00:00Z"), until: Some(at("2026-07-01T08:00:00Z")) };
    assert_eq!(state(&longer, "2026-06-20T12:00:00Z").now, Some(july));
    // The same line twice never opens: each occurrence ends when the next one starts.
    let never = state(&until("0 8 * * *", "0 8 * * *", "UTC"), "2026-06-01T08:00:00Z");
    assert!(never.now.is_some_and(|closure| closure.until.is_none()) && never.next.is_none());
}

#[test]
fn a_start_that_does_not_exist_moves_to_the_end_of_the_gap() {
    for (timezone, line, gap_end, before) in [
        ("America/New_York", "30 2 * * *", "2026-03-08T07:00:00Z", "2026-03-08T06:59:59Z"),
        ("America/Sao_Paulo", "0 0 * * *", "2017-10-15T03:00:00Z", "2017-10-15T02:59:59Z"),
        ("Australia/Lord_Howe", "15 2 * * *", "2026-10-03T15:30:00Z", "2026-10-03T15:29:59Z"),
    ] {
        let window = recurring(line, Duration::from_secs(600), timezone);
        assert_eq!(state_at(&window, at(before)).unwrap().now, None, "{timezone}");
        assert_eq!(state_at(&window, at(before)).unwrap().next.unwrap().since, at(gap_end), "{timezone}");
        assert_eq!(state_at(&window, at(gap_end)).unwrap().now.unwrap().since, at(gap_end), "{timezone}");
    }
}

#[test]
fn a_start_that_occurs_twice_counts_from_the_first_and_only_once() {
    let window = recurring("30 1 * * *", Duration::from_secs(600), "America/New_York");
    let state = |text| state_at(&window, at(text)).unwrap();
    assert_eq!(
        state("2026-11-01T05:30:00Z").now,
        Some(Closure { since: at("2026-11-01T05:30:00Z"), until: Some(at("2026-11-01T05:40:00Z")) })
    );
    assert_eq!(state("2026-11-01T06:30:00Z").now, None);
    assert_eq!(state("2026-11-01T06:30:00Z").next.unwrap().since, at("2026-11-02T06:30:00Z"));
}

#[test]
fn a_range_over_new_year_is_one_closed_time() {
    let window = once(date(2026, 12, 21).at(0, 0, 0, 0), date(2027, 1, 4).at(8, 0, 0, 0), "Australia/Sydney");
    let closure = Closure { since: at("2026-12-20T13:00:00Z"), until: Some(at("2027-01-03T21:00:00Z")) };
    assert_eq!(state_at(&window, at("2027-01-01T00:00:00Z")).unwrap(), WindowState { now: Some(closure), next: None });
    assert_eq!(state_at(&window, at("2026-12-20T12:59:59Z")).unwrap(), WindowState { now: None, next: Some(closure) });
    assert_eq!(state_at(&window, at("2027-01-03T21:00:00Z")).unwrap(), WindowState { now: None, next: None });
}

#[test]
fn a_range_that_ends_at_an_hour_put_back_to_itself_ends_the_first_time() {
    // Havana puts 01:00 back to 00:00: after the first midnight no clock reads the 2nd again.
    let window = once(date(2024, 11, 2).at(12, 0, 0, 0), date(2024, 11, 3).at(0, 0, 0, 0), "America/Havana");
    assert_eq!(state_at(&window, at("2024-11-03T03:59:59Z")).unwrap().now.unwrap().until, Some(at("2024-11-03T04:00:00Z")));
}

#[test]
fn occurrences_that_overlap_are_one_closed_time_also_without_end() {
    let hours = recurring("0 9-17 * * MON-FRI", Duration::from_secs(3600), "Europe/Berlin");
    let state = state_at(&hours, at("2026-06-03T12:34:56Z")).unwrap();
    assert_eq!(state.now, Some(Closure { since: at("2026-06-03T07:00:00Z"), until: Some(at("2026-06-03T16:00:00Z")) }));
    let always = recurring("* * * * *", Duration::from_secs(60), "Europe/Berlin");
    let state = state_at(&always, at("2026-06-03T12:34:56Z")).unwrap();
    assert!(state.now.is_some_and(|closure| closure.until.is_none()));
    assert_eq!(state.next, None);
}

#[test]
fn what_cannot_be_evaluated_is_an_error_and_not_open() {
    let day = Duration::from_secs(86_400);
    let (a, b) = (date(2026, 1, 1).at(0, 0, 0, 0), date(2026, 1, 2).at(0, 0, 0, 0));
    for (window, says) in [
        (recurring("0 25 * * *", day, "UTC"), "hour"),
        (recurring("0 2 * * *", day, "Mars/Olympus"), "time zone"),
        (until("0 2 * * *", "0 25 * * *", "UTC"), "hour"),
        (recurring("0 2 * * *", Duration::ZERO, "UTC"), "duration"),
        (recurring("0 2 * * *", MAX_DURATION + Duration::from_secs(1), "UTC"), "31 days"),
        (once(b, a, "UTC"), "not after"),
        (once(a, a, "UTC"), "not after"),
    ] {
        let error = state_at(&window, at("2026-01-01T00:00:00Z")).unwrap_err();
        assert!(error.to_string().contains(says) && error.window == "w", "{error}");
    }
}

#[test]
fn the_ends_of_time_do_not_panic() {
    let window = recurring("0 16 * * FRI", Duration::from_secs(64 * 3600), "America/New_York");
    for now in [Timestamp::MIN, Timestamp::MAX] {
        assert!(state_at(&window, now).is_ok());
    }
    let far = once(DateTime::MIN, DateTime::MAX, "Pacific/Apia");
    let _ = state_at(&far, Timestamp::MAX);
}
