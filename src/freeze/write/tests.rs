use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::desired::freeze::{Length, Schedule, Window};
use crate::freeze::record::{OverrideRecord, Switch};
use crate::freeze::state::Override;
use crate::freeze::{Interlock, SetFreeze, lift, on, replace};

const NOW: Timestamp = Timestamp::constant(1_780_000_000, 0);

fn id(n: u128) -> FreezeId {
    FreezeId::new(Uuid::from_u128(n))
}

fn keys() -> Keys {
    Keys::standard(Store::Heroku("app".to_owned()))
}

fn claim(n: u128) -> Claim {
    Claim { id: id(n), by: format!("gh:user{n}"), reason: format!("reason {n}"), now: NOW }
}

fn hours(n: i64) -> SignedDuration {
    SignedDuration::from_hours(n)
}

fn terms(kind: FreezeKind, until: Option<i64>) -> Terms {
    Terms { kind, until: until.map(|h| NOW + hours(h)), reference: None }
}

fn manual() -> Terms {
    terms(FreezeKind::Manual, None)
}

/// The whole app: the freeze's vars and a secret that no write may touch.
type App = BTreeMap<String, String>;

fn app() -> App {
    App::from([("DATABASE_URL".to_owned(), "secret".to_owned())])
}

/// Heroku's effect of a PATCH.
fn patch(app: &mut App, write: &FreezeWrite) {
    for (key, value) in write.body() {
        match value {
            Some(value) => app.insert(key.clone(), value.clone()),
            None => app.remove(key),
        };
    }
}

fn vars(app: &App) -> FreezeVars {
    keys().pick(app)
}

fn freeze(app: &App) -> Freeze {
    Freeze::read(&vars(app), NOW)
}

fn opened(app: &App) -> bool {
    Override::read(&vars(app), NOW).opening(&freeze(app)).is_some()
}

fn frozen(n: u128, terms: &Terms) -> App {
    let mut app = app();
    let write = on(&keys(), &vars(&app), &claim(n), terms).unwrap();
    patch(&mut app, &write);
    app
}

/// A window that is closed at [`NOW`].
fn closed_window() -> Window {
    let today = jiff::tz::TimeZone::UTC.to_datetime(NOW).date();
    let (from, until) = (today.at(0, 0, 0, 0), today.tomorrow().unwrap().at(0, 0, 0, 0));
    Window { name: "today".into(), schedule: Schedule::Once { from, until }, timezone: "UTC".into(), reason: None }
}

/// Any state of the store: what writes leave behind, and what people type.
fn store() -> impl Strategy<Value = FreezeVars> {
    let flag = || prop::option::of(prop::sample::select(vec!["true", "True", "false", "0", "", "1", "maybe"]).prop_map(str::to_owned));
    let record =
        prop::option::of((1u128..4, prop::option::of(-3i64..9), any::<bool>(), any::<bool>()).prop_map(|(n, until, emergency, on)| {
            let record = Record {
                id: id(n),
                state: if on { Switch::On } else { Switch::Off },
                reason: "r".into(),
                by: "b".into(),
                at: NOW - hours(9),
                until: until.map(|h| NOW + hours(h)),
                kind: if emergency { FreezeKind::Emergency } else { FreezeKind::Manual },
                reference: None,
            };
            record.to_wire().unwrap()
        }));
    let over = prop::option::of((prop::option::of(1u128..4), -3i64..9).prop_map(|(freeze, until)| {
        let over = OverrideRecord {
            id: id(8),
            by: "b".into(),
            reason: "r".into(),
            at: None,
            until: NOW + hours(until),
            freeze_id: freeze.map(id),
        };
        over.to_wire().unwrap()
    }));
    (flag(), prop_oneof![6 => record, 1 => Just(Some("{".to_owned()))], flag(), over)
        .prop_map(|(flag, record, override_flag, override_record)| FreezeVars { flag, record, override_flag, override_record })
}

fn app_of(vars: FreezeVars) -> App {
    let keys = keys();
    let values = [vars.flag, vars.record, vars.override_flag, vars.override_record];
    app().into_iter().chain(keys.all().map(str::to_owned).into_iter().zip(values).filter_map(|(k, v)| Some((k, v?)))).collect()
}

/// Every write there is, from one state.
fn every_write(live: &FreezeVars) -> Vec<(&'static str, Result<FreezeWrite, FreezeRefusal>)> {
    let (keys, claim) = (keys(), claim(50));
    let interlock = Interlock::needed(&keys, live, &claim).unwrap();
    let set = SetFreeze::needed(&keys, live, &claim, &manual()).unwrap();
    let mut all = vec![
        ("on", on(&keys, live, &claim, &manual())),
        ("replace", replace(&keys, live, &claim, &manual())),
        ("off", lift::off(&keys, live, &claim, None)),
        ("override", lift::override_for(&keys, live, &claim, Duration::from_secs(3600), &[closed_window()])),
        ("revoke", lift::revoke(&keys, live)),
    ];
    all.extend(interlock.map(|(_, write)| ("interlock", Ok(write))));
    all.extend(set.map(|set| ("set", set.write())));
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_write_has_an_effect_touches_only_its_keys_and_reads_back(live in store()) {
        let before = app_of(live.clone());
        for (name, write) in every_write(&live) {
            let Ok(write) = write else { continue };
            let mut after = before.clone();
            patch(&mut after, &write);
            prop_assert_ne!(&after, &before, "{} changes nothing", name);
            prop_assert!(write.body().keys().all(|key| keys().all().contains(&key.as_str())), "{}", name);
            prop_assert_eq!(write.store(), &keys().store);
            prop_assert_eq!(write.confirm(&after), Ok(()), "{}", name);
            prop_assert!(write.confirm(&before).is_err(), "{} cannot be told from no write", name);
        }
    }

    #[test]
    fn one_by_one_no_prefix_is_more_open_than_both_ends(live in store()) {
        let mut all = every_write(&live);
        // What an interlock of this state would put back after a run.
        if let Some((interlock, close)) = Interlock::needed(&keys(), &live, &claim(50)).unwrap() {
            let mut app = app_of(live.clone());
            patch(&mut app, &close);
            all.push(("restore", interlock.restore(&vars(&app))));
        }
        for (name, write) in all {
            let Ok(write) = write else { continue };
            // A restore starts from what its interlock left.
            let start = if name == "restore" {
                let mut app = app_of(live.clone());
                patch(&mut app, &Interlock::needed(&keys(), &live, &claim(50)).unwrap().unwrap().1);
                app
            } else {
                app_of(live.clone())
            };
            let mut end = start.clone();
            patch(&mut end, &write);
            let open = |app: &App| !freeze(app).closes() || opened(app);
            // A workflow that reads `vars.DEPLOY_FREEZE == 'true' && vars.DEPLOY_FREEZE_OVERRIDE != '1'` and nothing else.
            let open_by_flags = |app: &App| app.get("DEPLOY_FREEZE").is_none_or(|v| v != "true") || app.get("DEPLOY_FREEZE_OVERRIDE").is_some_and(|v| v == "1");
            let steps = write.one_by_one();
            prop_assert_eq!(steps.len(), write.body().len());
            let mut app = start.clone();
            for (done, ValueWrite { name: key, value, .. }) in steps.iter().enumerate() {
                match value {
                    Some(value) => app.insert((*key).to_owned(), (*value).to_owned()),
                    None => app.remove(*key),
                };
                prop_assert!(!open(&app) || open(&start) || open(&end), "{} after {} of {:?}", name, done + 1, steps);
                prop_assert!(!open_by_flags(&app) || open_by_flags(&start) || open_by_flags(&end), "{} for flags after {} of {:?}", name, done + 1, steps);
                let last = done + 1 == steps.len();
                // One that was set by hand needs only its record to open.
                let by_hand = Flag::read(live.override_flag.as_deref()) == Flag::On;
                if matches!(name, "off" | "override") && !open(&start) && !by_hand {
                    prop_assert!(last || !open(&app), "{} opens before its last request: {:?}", name, steps);
                }
            }
            prop_assert_eq!(app, end);
        }
    }

    #[test]
    fn writes_that_close_close_for_every_reader(live in store()) {
        for (name, write) in every_write(&live) {
            let (Ok(write), "on" | "replace" | "interlock" | "set") = (write, name) else { continue };
            let mut after = app_of(live.clone());
            patch(&mut after, &write);
            prop_assert!(freeze(&after).closes() && !opened(&after), "{}", name);
            prop_assert_eq!(after.get("DEPLOY_FREEZE").map(String::as_str), Some("true"), "{}", name);
            prop_assert!(after.get("DEPLOY_FREEZE_OVERRIDE").is_none_or(|v| ["0", "", "false"].contains(&v.as_str())), "{}", name);
        }
    }

    #[test]
    fn what_an_apply_can_hold_never_opens(live in store()) {
        let set = SetFreeze::needed(&keys(), &live, &claim(50), &manual()).unwrap();
        prop_assert_eq!(set.is_some(), !Freeze::read(&live, NOW).closes());
        if let Some(set) = set {
            let body = set.write().unwrap();
            prop_assert_eq!(body.body()["DEPLOY_FREEZE"].as_deref(), Some("true"));
        }
    }

    #[test]
    fn the_interlock_puts_back_exactly_what_was_there(live in store()) {
        let before = app_of(live.clone());
        match Interlock::needed(&keys(), &live, &claim(50)).unwrap() {
            // Closed for good, also for readers that know only the flags.
            None => {
                prop_assert!(Freeze::read(&live, NOW).closes() && Freeze::read(&live, Timestamp::MAX).closes());
                prop_assert_eq!(live.flag.as_deref(), Some("true"));
                prop_assert!(live.override_flag.as_deref().is_none_or(|v| ["0", "", "false"].contains(&v)));
            }
            Some((interlock, write)) => {
                let mut app = before.clone();
                patch(&mut app, &write);
                let restore = interlock.restore(&vars(&app)).unwrap();
                // A colleague who acts in between wins: nothing is put back.
                let mut theirs = app.clone();
                patch(&mut theirs, &replace(&keys(), &vars(&app), &claim(60), &terms(FreezeKind::Emergency, None)).unwrap());
                prop_assert_eq!(interlock.restore(&vars(&theirs)), Err(FreezeRefusal::Changed));
                patch(&mut app, &restore);
                prop_assert_eq!(app, before);
            }
        }
    }

    #[test]
    fn lifting_lifts_whatever_is_there_and_says_who_did(live in store()) {
        let mut after = app_of(live.clone());
        match lift::off(&keys(), &live, &claim(50), None) {
            Err(refusal) => prop_assert_eq!((refusal, freeze(&after)), (FreezeRefusal::NotFrozen, Freeze::Open)),
            Ok(write) => {
                patch(&mut after, &write);
                prop_assert!(!after.contains_key("DEPLOY_FREEZE"));
                let record = Record::parse(&after["DEPLOY_FREEZE_INFO"]).unwrap();
                prop_assert_eq!((record.state, record.by), (Switch::Off, claim(50).by));
            }
        }
    }

    #[test]
    fn an_override_opens_what_is_frozen_now_and_nothing_that_is_frozen_later(live in store(), seconds in 1u64..=4 * 3600) {
        let mut app = app_of(live.clone());
        match lift::override_for(&keys(), &live, &claim(50), Duration::from_secs(seconds), &[closed_window()]) {
            Err(refusal) => {
                let malformed = matches!((refusal, freeze(&app)), (FreezeRefusal::OverrideOfMalformed { .. }, Freeze::Malformed { .. }));
                prop_assert!(malformed);
            }
            Ok(write) => {
                patch(&mut app, &write);
                prop_assert!(opened(&app));
                let Override::Valid(over) = Override::read(&vars(&app), NOW) else { panic!("not valid") };
                prop_assert_eq!(over.until, NOW + SignedDuration::from_secs(i64::try_from(seconds).unwrap()));
                // A freeze that is set afterward, with or without an override left in place, is closed.
                let mut later = app.clone();
                let record = Record { id: id(70), ..Record::parse(&frozen(70, &manual())["DEPLOY_FREEZE_INFO"]).unwrap() };
                later.insert("DEPLOY_FREEZE".into(), "true".into());
                later.insert("DEPLOY_FREEZE_INFO".into(), record.to_wire().unwrap());
                prop_assert!(freeze(&later).closes() && !opened(&later));
                // Revoking ends it.
                let revoke = lift::revoke(&keys(), &vars(&app)).unwrap();
                patch(&mut app, &revoke);
                prop_assert!(!opened(&app));
            }
        }
    }
}

#[test]
fn a_freeze_in_place_is_not_set_twice_and_says_whose_it_is() {
    let app = frozen(1, &manual());
    let refusal = on(&keys(), &vars(&app), &claim(2), &manual()).unwrap_err();
    let text = refusal.to_string();
    assert!(text.contains("gh:user1") && text.contains("reason 1"), "{text}");
}

#[test]
fn replacing_extends_and_keeps_since_when_and_how_grave() {
    let mut app = frozen(1, &terms(FreezeKind::Emergency, Some(5)));
    let later = Claim { now: NOW + hours(1), ..claim(2) };
    let shorter = replace(&keys(), &vars(&app), &later, &terms(FreezeKind::Manual, Some(4)));
    assert_eq!(shorter, Err(FreezeRefusal::Shortens { held: Some(NOW + hours(5)) }));
    let longer = replace(&keys(), &vars(&app), &later, &terms(FreezeKind::Manual, Some(9))).unwrap();
    patch(&mut app, &longer);
    let Freeze::Recorded(record) = freeze(&app) else { panic!("not frozen") };
    assert_eq!((record.id, record.at, record.kind, record.until), (id(2), NOW, FreezeKind::Emergency, Some(NOW + hours(9))));
    let endless = replace(&keys(), &vars(&app), &claim(3), &manual()).unwrap();
    patch(&mut app, &endless);
    let with_an_end = terms(FreezeKind::Manual, Some(99));
    assert_eq!(replace(&keys(), &vars(&app), &claim(4), &with_an_end), Err(FreezeRefusal::Shortens { held: None }));

    // A freeze set by hand, and one whose record cannot be read, have no end either.
    for record in [None, Some("{\"v\":2}")] {
        let by_hand = FreezeVars { flag: Some("true".to_owned()), record: record.map(str::to_owned), ..FreezeVars::default() };
        assert_eq!(replace(&keys(), &by_hand, &claim(4), &with_an_end), Err(FreezeRefusal::Shortens { held: None }), "{record:?}");
        assert!(replace(&keys(), &by_hand, &claim(4), &manual()).is_ok(), "{record:?}");
    }
    assert!(replace(&keys(), &FreezeVars::default(), &claim(4), &with_an_end).is_ok(), "there is none to shorten");
}

#[test]
fn a_colleagues_newer_freeze_is_not_lifted_by_mistake() {
    let mut app = frozen(1, &manual());
    let extended = replace(&keys(), &vars(&app), &claim(2), &manual()).unwrap();
    patch(&mut app, &extended);
    assert!(matches!(lift::off(&keys(), &vars(&app), &claim(1), Some(id(1))), Err(FreezeRefusal::OtherFreeze(_))));
    assert!(lift::off(&keys(), &vars(&app), &claim(1), Some(id(2))).is_ok());
    // An id cannot vouch for what has none.
    let bare = FreezeVars { flag: Some("true".into()), ..FreezeVars::default() };
    assert!(matches!(lift::off(&keys(), &bare, &claim(1), Some(id(1))), Err(FreezeRefusal::OtherFreeze(_))));
}

#[test]
fn lifting_ends_the_override_of_the_freeze_and_leaves_one_for_the_calendar() {
    let hour = Duration::from_secs(3600);
    let mut own = frozen(1, &manual());
    let over = lift::override_for(&keys(), &vars(&own), &claim(2), hour, &[closed_window()]).unwrap();
    patch(&mut own, &over);
    let off = lift::off(&keys(), &vars(&own), &claim(3), None).unwrap();
    patch(&mut own, &off);
    assert_eq!((own["DEPLOY_FREEZE_OVERRIDE"].as_str(), own.get("DEPLOY_FREEZE_OVERRIDE_INFO")), ("0", None));
    // An expired freeze, with an override of a window.
    let mut calendar = frozen(1, &terms(FreezeKind::Manual, Some(1)));
    let later = |n| Claim { now: NOW + hours(2), ..claim(n) };
    let tomorrow =
        Window { schedule: Schedule::Recurring { start: "* * * * *".into(), length: Length::Duration(hour) }, ..closed_window() };
    let over = lift::override_for(&keys(), &vars(&calendar), &later(2), hour, &[tomorrow]).unwrap();
    patch(&mut calendar, &over);
    let off = lift::off(&keys(), &vars(&calendar), &later(3), None).unwrap();
    patch(&mut calendar, &off);
    assert!(matches!(Override::read(&vars(&calendar), NOW + hours(2)), Override::Valid(over) if over.id == id(2)));
}

#[test]
fn lifting_asks_unless_the_freeze_is_ones_own_and_no_emergency() {
    let ask = |app: &App, n| lift::question(&vars(app), &claim(n));
    assert_eq!(ask(&frozen(1, &manual()), 1), None);
    assert!(ask(&frozen(1, &manual()), 2).unwrap().contains("gh:user1"));
    assert!(ask(&frozen(1, &terms(FreezeKind::Emergency, None)), 1).unwrap().contains("emergency"));
}

#[test]
fn of_two_who_write_at_once_the_loser_is_told_whose_record_is_there() {
    let mut app = app();
    let mine = on(&keys(), &vars(&app), &claim(1), &manual()).unwrap();
    let theirs = on(&keys(), &vars(&app), &claim(2), &manual()).unwrap();
    patch(&mut app, &mine);
    patch(&mut app, &theirs);
    assert_eq!(theirs.confirm(&app), Ok(()));
    let lost = mine.confirm(&app).unwrap_err();
    assert_eq!(lost.theirs.as_ref().map(|record| record.id), Some(id(2)));
    assert!(lost.to_string().contains("gh:user2"), "{lost}");
}

#[test]
fn an_override_is_bounded_and_needs_something_to_open() {
    let over =
        |app: &App, seconds, windows: &[Window]| lift::override_for(&keys(), &vars(app), &claim(9), Duration::from_secs(seconds), windows);
    let app = frozen(1, &manual());
    assert_eq!(over(&app, 0, &[]), Err(FreezeRefusal::OverrideLength));
    assert_eq!(over(&app, 4 * 3600 + 1, &[]), Err(FreezeRefusal::OverrideLength));
    assert_eq!(over(&app, u64::MAX, &[]), Err(FreezeRefusal::OverrideLength));
    assert_eq!(over(&self::app(), 60, &[]), Err(FreezeRefusal::NothingToOverride));
    assert!(over(&self::app(), 60, &[closed_window()]).is_ok());
}

#[test]
fn an_override_of_a_freeze_set_by_hand_gives_it_a_record_to_name() {
    let mut app = app();
    app.insert("DEPLOY_FREEZE".into(), "true".into());
    let write = lift::override_for(&keys(), &vars(&app), &claim(9), Duration::from_secs(3600), &[]).unwrap();
    assert!(write.notes().iter().any(|note| note.contains("no record")), "{:?}", write.notes());
    patch(&mut app, &write);
    assert!(matches!(freeze(&app), Freeze::Recorded(record) if record.by == "unknown"));
    assert!(opened(&app));
}

#[test]
fn an_end_is_a_duration_or_a_time_with_an_offset_and_lies_ahead() {
    assert_eq!(parse_until("2h", NOW), Ok(NOW + hours(2)));
    let text = (NOW + hours(3)).to_string();
    assert_eq!(parse_until(&text, NOW), Ok(NOW + hours(3)));
    for bad in ["", "tomorrow", "0s", "2020-01-01T00:00:00Z", "2999-01-01T00:00:00", "2999-01-01", "99999999999d", "mon 09:00"] {
        assert!(parse_until(bad, NOW).is_err(), "{bad}");
    }
    assert!(parse_until(&NOW.to_string(), NOW).is_err());
    for (bad, says) in
        [("0m", "`0m` ends the freeze at once"), ("2020-01-01T00:00:00Z", "`2020-01-01T00:00:00Z` is not in the future: it is 2026-")]
    {
        let error = parse_until(bad, NOW).unwrap_err();
        assert!(error.contains(says), "{error}");
    }
    for (bad, says) in [("0m", "`0m` overrides nothing"), ("5h", "`5h` is longer"), ("1x", "`1x` is not a duration")] {
        let error = parse_override(bad).unwrap_err();
        assert!(error.contains(says), "{error}");
    }
    assert!(matches!(on(&keys(), &FreezeVars::default(), &claim(1), &terms(FreezeKind::Manual, Some(0))), Err(FreezeRefusal::Ended(_))));
}

#[test]
fn only_the_freeze_command_can_lift() {
    fn sources(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else {
                found.push(path);
            }
        }
    }
    let src = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&src, &mut found);
    let lifting = found.iter().filter(|path| {
        let text = std::fs::read_to_string(path).unwrap();
        ["freeze::lift", "freeze::{lift", ", lift::", "override_for("].iter().any(|word| text.contains(word))
    });
    let outside = lifting
        .map(|path| path.strip_prefix(&src).unwrap())
        .filter(|path| !path.starts_with("freeze") && !path.starts_with("commands/freeze") && *path != "commands/freeze.rs");
    assert_eq!(outside.collect::<Vec<_>>(), Vec::<&std::path::Path>::new());
}
