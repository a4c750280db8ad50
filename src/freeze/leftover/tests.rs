use uuid::Uuid;

use super::*;
use crate::desired::freeze::Store;
use crate::freeze::record::{FreezeId, FreezeKind, OverrideRecord, Record, Switch};

const NOW: Timestamp = Timestamp::constant(1_780_000_000, 0);

fn hours(n: i64) -> SignedDuration {
    SignedDuration::from_hours(n)
}

fn freeze(age: i64, until: Option<i64>) -> FreezeVars {
    let record = Record {
        id: FreezeId::new(Uuid::from_u128(1)),
        state: Switch::On,
        reason: "INC-12".into(),
        by: "gh:ann".into(),
        at: NOW - hours(age),
        until: until.map(|until| NOW + hours(until)),
        kind: FreezeKind::Manual,
        reference: None,
    };
    FreezeVars { flag: Some("true".into()), record: Some(record.to_wire().unwrap()), ..FreezeVars::default() }
}

fn overridden(vars: FreezeVars, until: i64, freeze: Option<u128>) -> FreezeVars {
    let record = OverrideRecord {
        id: FreezeId::new(Uuid::from_u128(2)),
        by: "gh:bob".into(),
        reason: "hotfix".into(),
        at: None,
        until: NOW + hours(until),
        freeze_id: freeze.map(|n| FreezeId::new(Uuid::from_u128(n))),
    };
    FreezeVars { override_flag: Some("1".into()), override_record: Some(record.to_wire().unwrap()), ..vars }
}

fn told(vars: &FreezeVars) -> Vec<String> {
    let keys = Keys::standard(Store::Github("acme/shop".to_owned()));
    leftovers(&keys, vars, FlagTimes::default(), NOW).iter().map(ToString::to_string).collect()
}

#[test]
fn each_forgotten_thing_has_its_age_and_the_command_that_tidies_it() {
    let id = Uuid::from_u128(1);
    for (vars, says, command) in [
        (freeze(72, None), "by gh:ann has no end and is 3 days old (\"INC-12\")", format!("freeze off --github acme/shop --id {id} ")),
        (freeze(30, Some(-6)), "ended 6 hours ago", format!("freeze off --github acme/shop --id {id} ")),
        (
            FreezeVars { flag: Some("true".into()), ..FreezeVars::default() },
            "DEPLOY_FREEZE was set by hand",
            "freeze on --github acme/shop --replace ".to_owned(),
        ),
        (overridden(freeze(1, None), -2, Some(1)), "by gh:bob ended 2 hours ago", "freeze override --github acme/shop --revoke".to_owned()),
        (overridden(freeze(1, None), 2, Some(7)), "is for another freeze", "freeze override --github acme/shop --revoke".to_owned()),
        (
            FreezeVars { override_flag: Some("1".into()), ..FreezeVars::default() },
            "unattributed",
            "freeze override --github acme/shop --revoke".to_owned(),
        ),
    ] {
        let told = told(&vars);
        assert!(matches!(&told[..], [one] if one.contains(says) && one.contains(&command)), "{says}: {told:?}");
    }
}

#[test]
fn a_flag_without_a_record_is_as_old_as_the_store_says() {
    let keys = Keys::standard(Store::Github("acme/shop".to_owned()));
    let by_hand = FreezeVars { flag: Some("true".into()), override_flag: Some("1".into()), ..FreezeVars::default() };
    let written = FlagTimes { flag: Some(NOW - hours(50)), override_flag: Some(NOW - hours(5)) };
    let told: Vec<String> = leftovers(&keys, &by_hand, written, NOW).iter().map(ToString::to_string).collect();
    assert!(told[0].contains("was set by hand 2 days ago, without a record"), "{told:?}");
    assert!(told[1].contains("(written 5 hours ago)"), "{told:?}");
    // A record has its own time, and the store need not be asked.
    assert!(by_hand.lacks_a_record(NOW) && !freeze(72, None).lacks_a_record(NOW));
}

#[test]
fn what_is_in_use_is_no_leftover() {
    for vars in [
        FreezeVars::default(),
        freeze(23, None),
        freeze(300, Some(2)),
        overridden(freeze(1, None), 2, Some(1)),
        overridden(FreezeVars::default(), 2, None),
    ] {
        assert_eq!(told(&vars), Vec::<String>::new(), "{vars:?}");
    }
}
