use std::collections::BTreeSet;
use std::time::Duration;

use jiff::SignedDuration;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::desired::freeze::{Length, Schedule};
use crate::freeze::record::{Record, Switch};
use crate::freeze::state::{Keys, MAX_OVERRIDE};

const NOW: Timestamp = Timestamp::constant(1_780_000_000, 0);

fn id(n: u128) -> FreezeId {
    FreezeId::new(Uuid::from_u128(n))
}

fn env(name: &str) -> EnvName {
    EnvName::new(name).unwrap()
}

fn window(name: &str, line: &str, seconds: u64) -> Window {
    Window {
        name: name.into(),
        schedule: Schedule::Recurring { start: line.into(), length: Length::Duration(Duration::from_secs(seconds)) },
        timezone: "UTC".into(),
        reason: Some("calendar".into()),
    }
}

fn policy(windows: Vec<Window>) -> Policy {
    let keys = Keys::standard(Store::Heroku("app".to_owned()));
    Policy { windows, ..keys.bare_policy(BTreeSet::from([env("production")])) }
}

/// Closed now, open now, and unknown.
fn windows() -> impl Strategy<Value = Vec<Window>> {
    prop::collection::vec(prop::sample::select(vec!["closed", "open", "broken"]), 0..3).prop_map(|names| {
        let day = jiff::tz::TimeZone::UTC.to_datetime(NOW).date();
        let (yesterday, tomorrow) = (day.yesterday().unwrap(), day.tomorrow().unwrap());
        let midnight = |date: jiff::civil::Date| date.at(0, 0, 0, 0);
        let once =
            |name, from, until| Window { schedule: Schedule::Once { from: midnight(from), until: midnight(until) }, ..window(name, "", 0) };
        let list = names.into_iter().map(|name| match name {
            "closed" => once(name, day, tomorrow),
            "open" => once(name, yesterday, day),
            _ => window(name, "nonsense", 60),
        });
        list.collect()
    })
}

fn hours() -> impl Strategy<Value = SignedDuration> {
    (-3i64..8).prop_map(SignedDuration::from_hours)
}

fn record() -> impl Strategy<Value = Record> {
    let kind = prop_oneof![Just(FreezeKind::Manual), Just(FreezeKind::Emergency)];
    let state = prop_oneof![4 => Just(Switch::On), 1 => Just(Switch::Off)];
    (1u128..3, state, kind, prop::option::of(hours())).prop_map(|(n, state, kind, until)| Record {
        id: id(n),
        state,
        reason: "r".into(),
        by: "b".into(),
        at: NOW - SignedDuration::from_hours(5),
        until: until.map(|h| NOW + h),
        kind,
        reference: None,
    })
}

fn over() -> impl Strategy<Value = OverrideRecord> {
    (prop::option::of(1u128..3), hours(), prop::sample::select(vec!["b", "b", ""])).prop_map(|(freeze, until, by)| OverrideRecord {
        id: id(9),
        by: by.into(),
        reason: "r".into(),
        at: None,
        until: NOW + until,
        freeze_id: freeze.map(id),
    })
}

fn wire<T: Serialize>(record: &T) -> String {
    serde_json::to_string(record).unwrap().replacen('{', "{\"v\":1,", 1)
}

fn flag() -> impl Strategy<Value = Option<String>> {
    prop::option::weighted(0.9, prop::sample::select(vec!["true", "true", "1", "false", "0", "", "maybe"]).prop_map(str::to_owned))
}

prop_compose! {
    fn vars()(
        flag in flag(),
        record in prop::option::of(prop_oneof![8 => record().prop_map(|r| wire(&r)), 1 => Just("{}".to_owned())]),
        override_flag in flag(),
        override_record in prop::option::of(prop_oneof![8 => over().prop_map(|o| wire(&o)), 1 => Just("[]".to_owned())]),
    ) -> FreezeVars {
        FreezeVars { flag, record, override_flag, override_record }
    }
}

fn verdict(policy: &Policy, vars: FreezeVars) -> Verdict {
    decide(policy, &env("production"), &Answer::Present(vars), NOW).verdict
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn open_has_a_proof(vars in vars(), windows in windows()) {
        let off = |flag: &Option<String>| flag.as_deref().is_none_or(|f| ["", "0", "false"].contains(&f));
        let on = |flag: &Option<String>| flag.as_deref().is_some_and(|f| ["1", "true"].contains(&f));
        let record = vars.record.as_deref().and_then(|text| Record::parse(text).ok());
        let over = vars.override_record.as_deref().and_then(|text| OverrideRecord::parse(text).ok());
        let calendar_opens = windows.iter().all(|w| w.name == "open");
        match verdict(&policy(windows), vars.clone()) {
            Verdict::Open { because: OpenBecause::NotFrozen } => {
                let ended = record.is_some_and(|r| r.state == Switch::On && r.until.is_some_and(|until| until <= NOW));
                prop_assert!(calendar_opens && (off(&vars.flag) || (on(&vars.flag) && ended)));
            }
            Verdict::Open { because: OpenBecause::Overridden(by) } => {
                prop_assert!(on(&vars.override_flag) && Some(&by) == over.as_ref());
                prop_assert!(!by.by.is_empty() && !by.reason.is_empty());
                prop_assert!(NOW < by.until && by.until <= NOW + MAX_OVERRIDE + SignedDuration::from_mins(5));
                if !off(&vars.flag) {
                    let held = record.unwrap();
                    prop_assert!(on(&vars.flag) && held.state == Switch::On);
                    prop_assert!(by.freeze_id == Some(held.id) || (held.expired(NOW) && by.freeze_id.is_none()));
                } else {
                    prop_assert!(by.freeze_id.is_none() && !calendar_opens);
                }
            }
            Verdict::Open { because } => prop_assert!(false, "{because:?}"),
            Verdict::Frozen(_) | Verdict::Undetermined(_) => {}
        }
    }

    #[test]
    fn setting_the_flag_by_hand_closes_whatever_else_is_there(vars in vars(), windows in windows()) {
        let set = FreezeVars { flag: Some("true".into()), record: None, ..vars };
        let frozen = verdict(&policy(windows), set);
        prop_assert!(matches!(&frozen, Verdict::Frozen(f) if f.why == Why::Manual && f.by.is_none()), "{frozen:?}");
    }

    #[test]
    fn malformed_goes_before_emergency_before_manual_before_window(vars in vars(), windows in windows()) {
        let closed = windows.iter().any(|w| w.name == "closed");
        let freeze = Freeze::read(&vars, NOW);
        if let Verdict::Frozen(frozen) = verdict(&policy(windows), vars) {
            let expected = match &freeze {
                Freeze::Malformed { .. } => Why::Malformed,
                Freeze::Recorded(r) if r.kind == FreezeKind::Emergency => Why::Emergency,
                Freeze::Recorded(_) | Freeze::Unattributed => Why::Manual,
                Freeze::Open | Freeze::Expired(_) => Why::Window,
            };
            prop_assert_eq!(frozen.why, expected);
            prop_assert!(expected != Why::Window || closed);
        }
    }

    #[test]
    fn what_the_store_does_not_say_is_not_open(windows in windows(), absent in any::<bool>()) {
        let unknown = Unknown::new("503", "later");
        let answer = if absent { Answer::Absent } else { Answer::Unknown(unknown) };
        let closed = windows.iter().any(|w| w.name == "closed");
        match decide(&policy(windows), &env("production"), &answer, NOW).verdict {
            Verdict::Frozen(frozen) => prop_assert!(closed && frozen.why == Why::Window),
            Verdict::Undetermined(_) => prop_assert!(!closed),
            Verdict::Open { because } => prop_assert!(false, "{because:?}"),
        }
    }

    #[test]
    fn an_environment_that_is_not_covered_is_open_whatever_the_store_says(vars in vars(), windows in windows()) {
        let unknown = Answer::Unknown(Unknown { reason: String::new(), hint: String::new(), cause: Cause::Credentials });
        for answer in [Answer::Present(vars), Answer::Absent, unknown] {
            let decision = decide(&policy(windows.clone()), &env("staging"), &answer, NOW);
            prop_assert_eq!(decision, Decision { verdict: Verdict::Open { because: OpenBecause::NotCovered }, warnings: vec![] });
        }
        prop_assert!(policy(windows).covers(&env("PRODUCTION")));
    }
}

#[test]
fn an_unreachable_store_opens_only_where_the_policy_says_so_and_loudly() {
    let open = |windows| Policy { on_unreachable: OnUnreachable::Open, ..policy(windows) };
    let unknown = |cause| Answer::Unknown(Unknown { reason: "GET /apps/app/config-vars: 503".into(), hint: String::new(), cause });
    let decide = |policy: &Policy, answer| decide(policy, &env("production"), &answer, NOW);
    let decision = decide(&open(vec![]), unknown(Cause::Other));
    assert_eq!(decision.verdict, Verdict::Open { because: OpenBecause::Unreachable });
    assert!(decision.warnings.iter().any(|w| w.contains("503") && w.contains("on_unreachable")));
    // Refused credentials and a missing app are mistakes, not outages.
    assert!(matches!(decide(&open(vec![]), unknown(Cause::Credentials)).verdict, Verdict::Undetermined(_)));
    assert!(matches!(decide(&open(vec![]), Answer::Absent).verdict, Verdict::Undetermined(_)));
    // The calendar is known here.
    assert!(matches!(decide(&open(vec![window("w", "0 * * * *", 3600)]), unknown(Cause::Other)).verdict, Verdict::Frozen(_)));
    assert!(matches!(decide(&open(vec![window("w", "x", 3600)]), unknown(Cause::Other)).verdict, Verdict::Undetermined(_)));
}

#[test]
fn of_several_closed_windows_the_one_that_ends_last_is_named() {
    // 2026-05-28 is a Thursday; NOW lies in its afternoon.
    let windows =
        vec![window("short", "0 * * * *", 3600 * 2 / 3 * 2), window("long", "0 0 * * *", 86_399), window("hour", "0 20 * * *", 3_700)];
    let ends: Vec<_> = windows.iter().map(|w| state_at(w, NOW).unwrap().now.map(|c| c.until.unwrap_or(Timestamp::MAX))).collect();
    let last = windows.iter().zip(&ends).max_by_key(|(_, end)| **end).unwrap().0.name.clone();
    let Verdict::Frozen(frozen) = verdict(&policy(windows), FreezeVars::default()) else { panic!("open") };
    assert_eq!(frozen.window, Some(last));
    assert_eq!(frozen.reason.as_deref(), Some("calendar"));
    // In whichever order they are declared; of two that end together, the first.
    let day = |name: &str| window(name, "0 0 * * *", 86_399);
    let two_hours = || window("short", "0 0/2 * * *", 7_199);
    for windows in [vec![two_hours(), day("first"), day("second")], vec![day("first"), day("second"), two_hours()]] {
        let closed = state_at(&windows[windows.len() - 2], NOW).unwrap().now.unwrap();
        let Verdict::Frozen(frozen) = verdict(&policy(windows), FreezeVars::default()) else { panic!("open") };
        assert_eq!((frozen.window.as_deref(), frozen.since, frozen.until), (Some("first"), Some(closed.since), closed.until));
    }
}

#[test]
fn a_closure_is_shown_with_all_that_is_known_of_it() {
    let record = Record {
        id: id(1),
        state: Switch::On,
        reason: "outage".into(),
        by: "gh:ann".into(),
        at: NOW,
        until: Some(NOW + SignedDuration::from_hours(1)),
        kind: FreezeKind::Emergency,
        reference: None,
    };
    let silent = Record { reason: String::new(), by: String::new(), until: None, ..record.clone() };
    let malformed = Freeze::Malformed { why: "no JSON".to_owned() };
    for (freeze, want) in [
        (Freeze::Recorded(record), "by gh:ann since 2026-05-28T20:26:40Z until 2026-05-28T21:26:40Z: outage"),
        (Freeze::Recorded(silent), "by an unnamed account since 2026-05-28T20:26:40Z"),
        (Freeze::Unattributed, "by an unnamed account"),
        (malformed, "by an unnamed account: no JSON"),
    ] {
        assert_eq!(Frozen::by_store(&freeze).unwrap().to_string(), want);
    }
    let closed = window("night", "0 0 * * *", 86_399);
    let Verdict::Frozen(frozen) = verdict(&policy(vec![closed]), FreezeVars::default()) else { panic!("open") };
    assert_eq!(frozen.to_string(), "by the window night since 2026-05-28T00:00:00Z until 2026-05-28T23:59:59Z: calendar");
}

#[test]
fn a_bare_override_opens_nothing() {
    let vars = FreezeVars { flag: Some("true".into()), override_flag: Some("1".into()), ..FreezeVars::default() };
    let decision = decide(&policy(vec![]), &env("production"), &Answer::Present(vars), NOW);
    assert!(matches!(decision.verdict, Verdict::Frozen(_)));
}
