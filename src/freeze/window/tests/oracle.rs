//! The calendar against croner, an independent reader of cron lines, and chrono-tz, an independent reader of zone data.
//!
//! croner lists the local times of a season; chrono-tz says which moments these are. The closed times that follow, joined,
//! must be those that [`state_at`] answers at their borders and in between: a thousand windows, three hundred years.

use chrono::offset::LocalResult;
use chrono::{DateTime as Instant, Duration as Span, NaiveDate, NaiveDateTime, TimeZone as _, Utc};
use chrono_tz::Tz;

use super::*;

/// Zones whose clocks jump by an hour and by half an hour, at night and at midnight, in both hemispheres, and never.
const ZONES: [Tz; 12] = [
    Tz::America__New_York,
    Tz::America__Los_Angeles,
    Tz::America__Sao_Paulo,
    Tz::America__Havana,
    Tz::America__Santiago,
    Tz::Europe__Berlin,
    Tz::Europe__London,
    Tz::Australia__Sydney,
    Tz::Australia__Lord_Howe,
    Tz::Pacific__Auckland,
    Tz::Asia__Kolkata,
    Tz::UTC,
];

/// The days that are looked at, and those before and after whose occurrences may reach into them.
const SEASON: i64 = 110;
const AROUND: i64 = 32;

fn croner(line: &str) -> croner::Cron {
    line.parse().unwrap()
}

/// The first moment at which the clock has reached `civil`.
fn reached(zone: Tz, civil: NaiveDateTime) -> Instant<Utc> {
    let mut civil = civil;
    loop {
        match zone.from_local_datetime(&civil) {
            LocalResult::Single(moment) | LocalResult::Ambiguous(moment, _) => return moment.to_utc(),
            LocalResult::None => civil += Span::minutes(1),
        }
    }
}

/// The first moment from which the clock no longer reads less than `civil`.
fn passed(zone: Tz, civil: NaiveDateTime) -> Instant<Utc> {
    match (zone.from_local_datetime(&civil), zone.from_local_datetime(&(civil - Span::seconds(1)))) {
        (LocalResult::Ambiguous(_, second), LocalResult::Ambiguous(..)) => second.to_utc(),
        _ => reached(zone, civil),
    }
}

fn stamp(moment: Instant<Utc>) -> Timestamp {
    Timestamp::from_second(moment.timestamp()).unwrap()
}

/// The closed times of the occurrences that start before `to`, from the last start before `from` on, joined if they
/// overlap or touch.
fn closed(zone: Tz, start: &str, length: &Length, from: NaiveDateTime, to: NaiveDateTime) -> Vec<(Timestamp, Timestamp)> {
    let starts = croner(start);
    let ends = match length {
        Length::Duration(duration) => Err(*duration),
        Length::End(line) => Ok(croner(line)),
    };
    let mut joined: Vec<(Timestamp, Timestamp)> = Vec::new();
    let mut civil = starts.find_previous_occurrence(&from, true).unwrap();
    // One search answers for all starts before the end that it found.
    let mut end: Option<NaiveDateTime> = None;
    while civil < to {
        let since = stamp(reached(zone, civil));
        let until = match &ends {
            Err(duration) => since.checked_add(*duration).unwrap(),
            Ok(ends) => {
                let found = end.filter(|end| *end > civil).unwrap_or_else(|| ends.find_next_occurrence(&civil, false).unwrap());
                end = Some(found);
                stamp(passed(zone, found))
            }
        };
        match joined.last_mut() {
            _ if since == until => {}
            Some(last) if since <= last.1 => last.1 = last.1.max(until),
            _ => joined.push((since, until)),
        }
        civil = starts.find_next_occurrence(&civil, false).unwrap();
    }
    joined
}

fn numbers(of: Vec<u8>, most: usize) -> impl Strategy<Value = String> {
    prop::collection::btree_set(prop::sample::select(of), 1..=most)
        .prop_map(|set| set.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
}

/// The day fields of a cron line. Both may be restricted: then either is enough.
fn days() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just("* * *".to_owned()),
        4 => numbers((0..7).collect(), 3).prop_map(|days| format!("* * {days}")),
        1 => prop::sample::select(vec!["* * MON-FRI", "* * FRI-SUN", "1-7 * *", "*/10 * *", "31 * *", "1 */3 *"]).prop_map(str::to_owned),
        1 => (numbers((1..29).collect(), 3), numbers((0..7).collect(), 2)).prop_map(|(days, week)| format!("{days} * {week}")),
        1 => numbers((1..13).collect(), 4).prop_map(|months| format!("* {months} *")),
    ]
}

/// A cron line that matches a few times a day at most.
fn line() -> impl Strategy<Value = String> {
    (numbers(vec![0, 15, 30, 59], 2), numbers(vec![0, 1, 2, 3, 8, 12, 16, 23], 3), days())
        .prop_map(|(minutes, hours, days)| format!("{minutes} {hours} {days}"))
}

fn length() -> impl Strategy<Value = Length> {
    prop_oneof![
        2 => line().prop_map(Length::End),
        1 => (1u64..31 * 24 * 60).prop_map(|minutes| Length::Duration(Duration::from_secs(minutes * 60))),
        1 => (1u64..600).prop_map(|minutes| Length::Duration(Duration::from_secs(minutes * 60))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_season_of_a_random_window_is_closed_when_croner_says_so(
        zone in prop::sample::select(ZONES.as_slice()),
        first in 10_227i64..19_700,
        start in line(),
        length in length(),
        moments in prop::collection::vec(0i64..SEASON * 86_400, 6),
    ) {
        let midnight = |days: i64| NaiveDate::from_ymd_opt(1970, 1, 1).unwrap().and_time(chrono::NaiveTime::MIN) + Span::days(first + days);
        let closed = closed(zone, &start, &length, midnight(-AROUND), midnight(SEASON + AROUND));
        let window = Window { schedule: Schedule::Recurring { start, length }, ..recurring("", Duration::ZERO, zone.name()) };
        let (from, to) = (stamp(reached(zone, midnight(0))), stamp(reached(zone, midnight(SEASON))));
        let known = stamp(reached(zone, midnight(SEASON + AROUND)));
        let borders = closed.iter().flat_map(|(since, until)| [*since, *until]).flat_map(|border| [border - 1.second(), border]);
        let borders: Vec<Timestamp> = borders.filter(|moment| from <= *moment && *moment < to).collect();
        // Every border near a jump of the clock, and some of the others.
        let jumps: Vec<Timestamp> = super::zone(zone.name()).unwrap().following(from).take_while(|jump| jump.timestamp() < to)
            .map(|jump| jump.timestamp()).collect();
        let near = |moment: &Timestamp| jumps.iter().any(|jump| jump.duration_since(*moment).abs() < jiff::SignedDuration::from_hours(26));
        let step = borders.len() / 12 + 1;
        let picked = borders.iter().enumerate().filter(|(i, moment)| i % step == 0 || near(moment)).map(|(_, moment)| *moment);
        let random = moments.iter().map(|second| from + (*second).seconds());
        for now in picked.chain(random) {
            let state = state_at(&window, now).unwrap();
            let held = closed.iter().position(|(since, until)| *since <= now && now < *until);
            prop_assert_eq!(state.now.is_some(), held.is_some(), "{:?} at {}: {:?}", window, now, state);
            if let (Some(closure), Some(held)) = (state.now, held) {
                let (since, until) = closed[held];
                // The first may have begun before what is listed, the last may go on after it.
                prop_assert!(held == 0 || closure.since == since, "{:?} at {}: {:?}, not since {}", window, now, closure, since);
                prop_assert!(until >= known || closure.until == Some(until), "{:?} at {}: {:?}, not until {}", window, now, closure, until);
            }
            if let (None, Some((since, _))) = (state.now, closed.iter().find(|(since, _)| now < *since)) {
                prop_assert_eq!(state.next.map(|next| next.since), Some(*since), "{:?} at {}", window, now);
            }
        }
    }

    /// croner has rules of its own for clocks that jump. For lines that name one minute and one hour they are these: a start
    /// that does not exist moves to the end of the gap, one that occurs twice counts once, from the first.
    #[test]
    fn a_start_is_the_moment_that_croner_finds_in_the_zone(
        zone in prop::sample::select(ZONES.as_slice()),
        (minute, hour, days) in (0u8..60, prop::sample::select(vec![0u8, 1, 2, 3, 12, 23]), days()),
        second in 883_612_800i64..1_704_067_200,
    ) {
        let line = format!("{minute} {hour} {days}");
        let now = Instant::<Utc>::from_timestamp(second, 0).unwrap();
        let theirs = croner(&line).find_next_occurrence(&now.with_timezone(&zone), false).unwrap().to_utc();
        let window = recurring(&line, Duration::from_secs(1), zone.name());
        prop_assert_eq!(state_at(&window, stamp(now)).unwrap().next.unwrap().since, stamp(theirs), "{} in {} after {}", line, zone, now);
    }
}
