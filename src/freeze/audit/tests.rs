use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::freeze::record::{FreezeId, Kind};

fn time(version: u64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + i64::try_from(version).unwrap() * 3600).unwrap()
}

fn release(version: u64, description: &str) -> Release {
    Release {
        version,
        description: description.into(),
        user: Some(format!("user{version}@example.com")),
        created_at: time(version),
        status: "succeeded".into(),
        current: false,
    }
}

fn record(state: Switch, version: u64, by: &str) -> String {
    let record = Record {
        id: FreezeId::new(Uuid::nil()),
        state,
        reason: "r".into(),
        by: by.into(),
        at: time(version),
        until: None,
        kind: Kind::Manual,
        reference: None,
    };
    record.to_wire().unwrap()
}

fn vars(flag: Option<&str>, record: Option<String>) -> FreezeVars {
    FreezeVars { flag: flag.map(str::to_owned), record, ..FreezeVars::default() }
}

fn keys() -> Keys {
    Keys::standard(crate::desired::freeze::Store::Heroku("app".to_owned()))
}

const SET: &str = "Set DEPLOY_FREEZE, DEPLOY_FREEZE_INFO config vars";

#[test]
fn the_release_that_names_the_key_is_the_evidence() {
    let releases =
        [release(1, "Initial release"), release(2, SET), release(3, "Deploy 1a2b3c"), release(4, "Set DEPLOY_FREEZE_OVERRIDE config vars")];
    let found = audit(&keys(), &vars(Some("true"), Some(record(Switch::On, 2, "gh:someone"))), &releases);
    assert_eq!(found.flag.as_ref().map(|e| (e.version, e.user.as_deref())), Some((2, Some("user2@example.com"))));
    assert_eq!(found.override_flag.map(|e| e.version), Some(4));
    assert_eq!(found.warnings, Vec::<String>::new());
    // Longer names are other keys.
    let others = [release(1, "Set MY_DEPLOY_FREEZE, DEPLOY_FREEZE_INFO and DEPLOY_FREEZES")];
    assert_eq!(audit(&keys(), &vars(None, None), &others).flag, None);
}

#[test]
fn claims_that_do_not_fit_the_evidence_are_named() {
    let one_warning = |vars: &FreezeVars, releases: &[Release]| {
        let found = audit(&keys(), vars, releases);
        assert_eq!(found.warnings.len(), 1, "{:?}", found.warnings);
        found.warnings[0].clone()
    };
    let set = [release(2, SET)];
    // Another account, a record written long after, a flag without a record, one set again by hand, one lifted by hand.
    let warning = one_warning(&vars(Some("true"), Some(record(Switch::On, 2, "other@example.com"))), &set);
    assert!(warning.contains("other@example.com") && warning.contains("user2@example.com"), "{warning}");
    assert!(audit(&keys(), &vars(Some("true"), Some(record(Switch::On, 2, "USER2@example.com"))), &set).warnings.is_empty());
    assert!(one_warning(&vars(Some("true"), Some(record(Switch::On, 9, "gh:x"))), &set).contains("does not fit"));
    assert!(one_warning(&vars(Some("true"), None), &set).contains("without a record by user2@example.com"));
    let again = [release(2, SET), release(5, "Set DEPLOY_FREEZE config vars")];
    assert!(one_warning(&vars(Some("true"), Some(record(Switch::Off, 2, "gh:x"))), &again).contains("set again by user5@example.com"));
    assert!(one_warning(&vars(None, Some(record(Switch::On, 2, "gh:x"))), &again).contains("lifted without a record by user5@example.com"));
}

#[test]
fn a_rollback_that_lifted_or_brought_back_a_freeze_is_named() {
    let releases = [release(1, "Initial release"), release(2, SET), release(3, "Deploy"), release(4, "Rollback to v1")];
    let lifted = audit(&keys(), &vars(None, None), &releases);
    assert_eq!(lifted.flag.as_ref().and_then(|e| e.rollback_to), Some(1));
    assert!(lifted.warnings.iter().any(|w| w.contains("user4@example.com") && w.contains("may have lifted")), "{:?}", lifted.warnings);
    // Back to when it was set: a rollback of the rollback.
    let again: Vec<_> = releases.iter().cloned().chain([release(5, "Rollback to v3")]).collect();
    let back = audit(&keys(), &vars(Some("true"), Some(record(Switch::On, 2, "gh:x"))), &again);
    assert!(back.warnings.iter().any(|w| w.contains("user5@example.com") && w.contains("brought back")), "{:?}", back.warnings);
    // A rollback between releases that the freeze did not change in says nothing.
    let idle = [release(2, SET), release(3, "Deploy"), release(4, "Deploy"), release(5, "Rollback to v3")];
    let found = audit(&keys(), &vars(Some("true"), Some(record(Switch::On, 2, "gh:x"))), &idle);
    assert_eq!((found.flag.map(|e| e.version), found.warnings), (Some(2), vec![]));
    // Further back than anybody here can see.
    let far = [release(50, "Deploy"), release(51, "Rollback to v7")];
    assert!(audit(&keys(), &vars(None, None), &far).warnings[0].contains("v7"));
}

#[test]
fn a_failed_release_is_named() {
    let mut failed = release(2, SET);
    failed.status = "failed".into();
    let found = audit(&keys(), &vars(Some("true"), Some(record(Switch::On, 2, "gh:x"))), &[failed]);
    assert!(found.warnings.iter().any(|w| w.contains("has failed")));
}

#[test]
fn an_override_set_by_hand_is_named_with_who_did() {
    let bare = FreezeVars { override_flag: Some("1".into()), ..FreezeVars::default() };
    let found = audit(&keys(), &bare, &[release(3, "Set DEPLOY_FREEZE_OVERRIDE config vars")]);
    assert!(found.warnings.iter().any(|w| w.contains("DEPLOY_FREEZE_OVERRIDE was set without a record by user3@example.com")));
}

#[test]
fn those_who_wrote_since_a_release_are_found() {
    let releases = [release(7, SET), release(6, "Deploy"), release(5, SET), release(4, SET)];
    assert_eq!(writers_since(&keys(), 4, &releases).iter().map(|e| e.version).collect::<Vec<_>>(), [5, 7]);
}

proptest! {
    #[test]
    fn the_order_of_the_list_does_not_matter_and_no_prose_panics(
        kinds in prop::collection::vec(prop_oneof![Just(SET.to_owned()), Just("Deploy".to_owned()), (0u64..12).prop_map(|v| format!("Rollback to v{v}")), "\\PC{0,20}"], 0..12),
        flag in prop::option::of(prop::sample::select(vec!["true", "false", "x"])),
    ) {
        let releases: Vec<_> = kinds.iter().zip(1..).map(|(text, version)| release(version, text)).collect();
        let reversed: Vec<_> = releases.iter().rev().cloned().collect();
        let vars = vars(flag, None);
        let found = audit(&keys(), &vars, &releases);
        prop_assert_eq!(&found, &audit(&keys(), &vars, &reversed));
        // What the evidence says is something that could have changed the flag, and nothing after it is a plain change of it.
        if let Some(evidence) = found.flag {
            let text = &releases.iter().find(|r| r.version == evidence.version).unwrap().description;
            prop_assert!(text == SET || evidence.rollback_to.is_some());
            prop_assert!(releases.iter().filter(|r| r.version > evidence.version).all(|r| r.description != SET));
        } else {
            prop_assert!(releases.iter().all(|r| r.description != SET));
        }
    }
}
