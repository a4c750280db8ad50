use super::*;
use crate::freeze::record::{FreezeId, FreezeKind};
use uuid::Uuid;

const NOW: Timestamp = Timestamp::constant(1_780_000_000, 0);

fn id(n: u128) -> FreezeId {
    FreezeId::new(Uuid::from_u128(n))
}

fn record(until: Option<Timestamp>) -> Record {
    Record { id: id(1), state: Switch::On, reason: "r".into(), by: "b".into(), at: NOW, until, kind: FreezeKind::Manual, reference: None }
}

fn over(until: SignedDuration) -> OverrideRecord {
    OverrideRecord { id: id(2), by: "b".into(), reason: "r".into(), at: Some(NOW), until: NOW + until, freeze_id: Some(id(1)) }
}

fn frozen(flag: &str, record: Option<String>) -> Freeze {
    Freeze::read(&FreezeVars { flag: Some(flag.into()), record, ..FreezeVars::default() }, NOW)
}

fn overridden(flag: &str, record: Option<String>) -> Override {
    Override::read(&FreezeVars { override_flag: Some(flag.into()), override_record: record, ..FreezeVars::default() }, NOW)
}

#[test]
fn flags_are_read_in_any_case_and_what_is_neither_is_malformed() {
    for on in ["true", "TRUE", "1", "yes", "On"] {
        assert_eq!(Flag::read(Some(on)), Flag::On, "{on}");
    }
    for off in ["false", "False", "0", "NO", "off", ""] {
        assert_eq!(Flag::read(Some(off)), Flag::Off, "{off}");
    }
    assert_eq!(Flag::read(None), Flag::Off);
    for neither in ["maybe", " ", "false ", "2", "frozen", "null", "-1", "ｔrue"] {
        assert_eq!(Flag::read(Some(neither)), Flag::Malformed, "{neither}");
    }
}

#[test]
fn the_flag_decides_and_the_record_explains() {
    let text = record(None).to_wire().unwrap();
    assert_eq!(frozen("true", Some(text.clone())), Freeze::Recorded(record(None)));
    assert_eq!(frozen("0", Some(text.clone())), Freeze::Open);
    assert_eq!(frozen("true", None), Freeze::Unattributed);
    assert_eq!(frozen("true", Some(String::new())), Freeze::Unattributed);
    assert!(matches!(frozen("true", Some("{}".into())), Freeze::Malformed { .. }));
    assert!(matches!(frozen("perhaps", Some(text.clone())), Freeze::Malformed { .. }));
    let lifted = Record { state: Switch::Off, ..record(None) }.to_wire().unwrap();
    assert_eq!(frozen("true", Some(lifted)), Freeze::Unattributed);
}

#[test]
fn a_freeze_ends_at_its_end_and_not_a_moment_sooner() {
    let nanosecond = SignedDuration::from_nanos(1);
    for (until, closes) in [(NOW, false), (NOW - nanosecond, false), (NOW + nanosecond, true)] {
        let text = record(Some(until)).to_wire().unwrap();
        assert_eq!(frozen("true", Some(text)).closes(), closes, "{until}");
    }
}

#[test]
fn only_a_bounded_attributed_override_that_has_not_ended_is_valid() {
    let text = |record: OverrideRecord| serde_json::to_string(&record).map(|s| s.replacen('{', "{\"v\":1,", 1)).ok();
    let hour = SignedDuration::from_hours(1);
    assert_eq!(overridden("1", text(over(hour))), Override::Valid(over(hour)));
    assert_eq!(overridden("0", text(over(hour))), Override::None);
    assert_eq!(overridden("1", text(over(SignedDuration::ZERO))), Override::Expired(over(SignedDuration::ZERO)));
    assert_eq!(overridden("1", text(over(MAX_OVERRIDE))), Override::Valid(over(MAX_OVERRIDE)));
    for (flag, record) in [
        ("1", None),
        ("1", Some("{".to_owned())),
        ("perhaps", text(over(hour))),
        ("1", text(over(MAX_OVERRIDE + hour))),
        ("1", text(OverrideRecord { by: " ".into(), ..over(hour) })),
        ("1", text(OverrideRecord { reason: String::new(), ..over(hour) })),
    ] {
        assert!(matches!(overridden(flag, record.clone()), Override::Invalid { .. }), "{flag} {record:?}");
    }
}

#[test]
fn only_declared_keys_are_taken() {
    let keys = Keys::standard(Store::Heroku("app".to_owned()));
    assert_eq!(keys.all(), ["DEPLOY_FREEZE", "DEPLOY_FREEZE_INFO", "DEPLOY_FREEZE_OVERRIDE", "DEPLOY_FREEZE_OVERRIDE_INFO"]);
    let vars = |key: &str| BTreeMap::from([(key.to_owned(), "v".to_owned()), ("DATABASE_URL".to_owned(), "secret".to_owned())]);
    let picked = keys.all().map(|key| keys.pick(&vars(key)));
    assert!(picked.iter().all(|vars| !format!("{vars:?}").contains("secret")));
    assert_eq!(
        picked.map(|vars| [vars.flag, vars.record, vars.override_flag, vars.override_record].iter().position(Option::is_some)),
        [Some(0), Some(1), Some(2), Some(3)]
    );
}
