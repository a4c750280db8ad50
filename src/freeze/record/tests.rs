use proptest::prelude::*;
use serde_json::json;

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn id() -> impl Strategy<Value = FreezeId> {
    any::<u128>().prop_map(|n| FreezeId::new(Uuid::from_u128(n)))
}

fn record() -> impl Strategy<Value = Record> {
    let kind = prop_oneof![Just(FreezeKind::Manual), Just(FreezeKind::Emergency)];
    let state = prop_oneof![Just(Switch::On), Just(Switch::Off)];
    let second = 0i64..4_000_000_000;
    (id(), state, "\\PC{1,80}", "\\PC{1,40}", second.clone(), prop::option::of(second), kind, prop::option::of("[A-Z]{1,9}")).prop_map(
        |(id, state, reason, by, since, until, kind, reference)| Record {
            id,
            state,
            reason,
            by,
            at: at(since),
            until: until.map(at),
            kind,
            reference,
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_reads_back_and_is_one_short_line(record in record()) {
        match record.to_wire() {
            Ok(text) => {
                prop_assert!(text.len() <= MAX_BYTES && !text.contains('\n'));
                prop_assert_eq!(Record::parse(&text), Ok(record));
            }
            Err(error) => prop_assert!(record.reason.trim().is_empty() || record.by.trim().is_empty(), "{}", error),
        }
    }

    #[test]
    fn an_override_reads_back(id in id(), freeze_id in prop::option::of(id()), until in 0i64..4_000_000_000) {
        let record = OverrideRecord { id, by: "a".into(), reason: "b".into(), at: None, until: at(until), freeze_id };
        prop_assert_eq!(OverrideRecord::parse(&record.to_wire().unwrap()), Ok(record));
    }

    #[test]
    fn unknown_keys_are_ignored_and_a_newer_version_is_not_understood(record in record(), newer in 2u32.., key in "x_[a-z]{1,8}") {
        prop_assume!(record.to_wire().is_ok());
        let mut value: Map<String, Value> = serde_json::from_str(&record.to_wire().unwrap()).unwrap();
        value.insert(key, json!({"deep": [1, null]}));
        prop_assert_eq!(Record::parse(&Value::Object(value.clone()).to_string()), Ok(record));
        value.insert("v".into(), json!(newer));
        prop_assert!(Record::parse(&Value::Object(value).to_string()).unwrap_err().0.contains("newer"));
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,60}|\\{\"v\":1[\\PC]{0,60}") {
        let _ = Record::parse(&text);
        let _ = OverrideRecord::parse(&text);
    }
}

fn sample() -> Map<String, Value> {
    let value = json!({"v": 1, "id": Uuid::nil().to_string(), "at": "2026-05-01T10:00:00Z", "kind": "manual"});
    value.as_object().unwrap().clone()
}

#[test]
fn a_record_needs_an_id_a_time_and_a_kind_and_lives_without_the_rest() {
    let read = Record::parse(&Value::Object(sample()).to_string()).unwrap();
    assert_eq!((read.reason.as_str(), read.by.as_str(), read.until, read.state), ("", "", None, Switch::On));
    for key in ["v", "id", "at", "kind"] {
        let mut less = sample();
        less.remove(key);
        assert!(Record::parse(&Value::Object(less).to_string()).is_err(), "without {key}");
        let mut wrong = sample();
        wrong.insert(key.into(), json!("nonsense"));
        assert!(Record::parse(&Value::Object(wrong).to_string()).is_err(), "wrong {key}");
    }
    for text in ["", "true", "[]", "null", "{", "\"x\""] {
        assert!(Record::parse(text).is_err(), "{text}");
    }
    assert!(Record::parse(&"[".repeat(100_000)).is_err());
}

#[test]
fn a_limited_override_is_not_taken_for_an_unlimited_one() {
    let mut value = sample();
    value.insert("until".into(), json!("2026-05-01T10:00:00Z"));
    assert!(OverrideRecord::parse(&Value::Object(value.clone()).to_string()).is_ok());
    for limit in ["workflow", "ref"] {
        let mut limited = value.clone();
        limited.insert(limit.into(), json!("deploy.yml"));
        assert!(OverrideRecord::parse(&Value::Object(limited).to_string()).unwrap_err().0.contains(limit));
    }
}

#[test]
fn what_does_not_belong_in_a_record_is_refused_with_the_reason() {
    let good = Record {
        id: FreezeId::new(Uuid::nil()),
        state: Switch::On,
        reason: "db is on fire".into(),
        by: "gh:someone".into(),
        at: at(0),
        until: None,
        kind: FreezeKind::Emergency,
        reference: None,
    };
    assert!(good.to_wire().is_ok());
    let refused = |record: Record| record.to_wire().unwrap_err().0;
    assert!(refused(Record { reason: " ".into(), ..good.clone() }).contains("a reason is needed"));
    assert!(refused(Record { by: String::new(), ..good.clone() }).contains("a name is needed"));
    assert!(refused(Record { reason: "a\nb".into(), ..good.clone() }).contains("one line"));
    assert!(refused(Record { by: "\u{1b}[2J".into(), ..good.clone() }).contains("one line"));
    assert!(refused(Record { reason: "x".repeat(MAX_REASON + 1), ..good.clone() }).contains("at most"));
    assert!(refused(Record { reference: Some("x".repeat(MAX_NAME + 1)), ..good.clone() }).contains("at most"));
    // Few characters, many bytes.
    assert!(refused(Record { reason: "\u{1F525}".repeat(MAX_REASON), ..good }).contains("shorten"));
}
