use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::desired::freeze::Store;
use crate::freeze::record::{FreezeId, FreezeKind};

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
        kind: FreezeKind::Manual,
        reference: None,
    };
    record.to_wire().unwrap()
}

fn vars(flag: Option<&str>, record: Option<String>) -> FreezeVars {
    FreezeVars { flag: flag.map(str::to_owned), record, ..FreezeVars::default() }
}

fn keys() -> Keys {
    Keys::standard(Store::Heroku("app".to_owned()))
}

const SET: &str = "Set DEPLOY_FREEZE, DEPLOY_FREEZE_INFO config vars";

#[test]
fn the_release_that_names_the_key_is_the_evidence() {
    let releases =
        [release(1, "Initial release"), release(2, SET), release(3, "Deploy 1a2b3c"), release(4, "Set DEPLOY_FREEZE_OVERRIDE config vars")];
    let found = by_releases(&keys(), &vars(Some("true"), Some(record(Switch::On, 2, "gh:someone"))), &releases);
    assert_eq!(found.flag.as_ref().map(|e| (e.version, e.user.as_deref())), Some((Some(2), Some("user2@example.com"))));
    assert_eq!(found.override_flag.map(|e| e.version), Some(Some(4)));
    assert_eq!(found.warnings, Vec::<String>::new());
    // Longer names are other keys.
    let others = [release(1, "Set MY_DEPLOY_FREEZE, DEPLOY_FREEZE_INFO and DEPLOY_FREEZES")];
    assert_eq!(by_releases(&keys(), &vars(None, None), &others).flag, None);
}

#[test]
fn claims_that_do_not_fit_the_evidence_are_named() {
    let one_warning = |vars: &FreezeVars, releases: &[Release]| {
        let found = by_releases(&keys(), vars, releases);
        assert_eq!(found.warnings.len(), 1, "{:?}", found.warnings);
        found.warnings[0].clone()
    };
    let set = [release(2, SET)];
    // Another account, a record written long after, a flag without a record, one set again by hand, one lifted by hand.
    let warning = one_warning(&vars(Some("true"), Some(record(Switch::On, 2, "other@example.com"))), &set);
    assert!(warning.contains("other@example.com") && warning.contains("user2@example.com"), "{warning}");
    assert!(by_releases(&keys(), &vars(Some("true"), Some(record(Switch::On, 2, "USER2@example.com"))), &set).warnings.is_empty());
    assert!(one_warning(&vars(Some("true"), Some(record(Switch::On, 9, "gh:x"))), &set).contains("does not match"));
    assert!(one_warning(&vars(Some("true"), None), &set).contains("without a record by user2@example.com"));
    let again = [release(2, SET), release(5, "Set DEPLOY_FREEZE config vars")];
    assert!(one_warning(&vars(Some("true"), Some(record(Switch::Off, 2, "gh:x"))), &again).contains("set again by user5@example.com"));
    assert!(one_warning(&vars(None, Some(record(Switch::On, 2, "gh:x"))), &again).contains("lifted without a record by user5@example.com"));
}

#[test]
fn a_rollback_that_lifted_or_brought_back_a_freeze_is_named() {
    let releases = [release(1, "Initial release"), release(2, SET), release(3, "Deploy"), release(4, "Rollback to v1")];
    let lifted = by_releases(&keys(), &vars(None, None), &releases);
    assert_eq!(lifted.flag.as_ref().and_then(|e| e.rollback_to), Some(1));
    assert!(lifted.warnings.iter().any(|w| w.contains("user4@example.com") && w.contains("may have lifted")), "{:?}", lifted.warnings);
    // Back to when it was set: a rollback of the rollback.
    let again: Vec<_> = releases.iter().cloned().chain([release(5, "Rollback to v3")]).collect();
    let back = by_releases(&keys(), &vars(Some("true"), Some(record(Switch::On, 2, "gh:x"))), &again);
    assert!(back.warnings.iter().any(|w| w.contains("user5@example.com") && w.contains("brought back")), "{:?}", back.warnings);
    // A rollback between releases that the freeze did not change in says nothing.
    let idle = [release(2, SET), release(3, "Deploy"), release(4, "Deploy"), release(5, "Rollback to v3")];
    let found = by_releases(&keys(), &vars(Some("true"), Some(record(Switch::On, 2, "gh:x"))), &idle);
    assert_eq!((found.flag.map(|e| e.version), found.warnings), (Some(Some(2)), vec![]));
    // Further back than anyone here can see.
    let far = [release(50, "Deploy"), release(51, "Rollback to v7")];
    assert!(by_releases(&keys(), &vars(None, None), &far).warnings[0].contains("v7"));
}

#[test]
fn a_failed_release_is_named() {
    let mut failed = release(2, SET);
    failed.status = "failed".into();
    let found = by_releases(&keys(), &vars(Some("true"), Some(record(Switch::On, 2, "gh:x"))), &[failed]);
    assert!(found.warnings.iter().any(|w| w.contains("has failed")));
}

#[test]
fn an_override_set_by_hand_is_named_with_who_did() {
    let bare = FreezeVars { override_flag: Some("1".into()), ..FreezeVars::default() };
    let found = by_releases(&keys(), &bare, &[release(3, "Set DEPLOY_FREEZE_OVERRIDE config vars")]);
    assert!(found.warnings.iter().any(|w| w.contains("DEPLOY_FREEZE_OVERRIDE was set without a record by user3@example.com")));
}

#[test]
fn when_a_variable_was_written_is_held_against_its_record() {
    let keys = Keys::standard(Store::Github("acme".to_owned()));
    let stamps = |written: &[(&str, u64)]| Stamps {
        written: written.iter().map(|(name, at)| ((*name).to_owned(), time(*at))).collect(),
        ..Stamps::default()
    };
    let told = |vars: &FreezeVars, stamps: Stamps| audit(&keys, vars, &History::Stamps(stamps)).warnings;
    let frozen = vars(Some("true"), Some(record(Switch::On, 2, "gh:x")));
    assert_eq!(told(&frozen, stamps(&[("DEPLOY_FREEZE", 2), ("DEPLOY_FREEZE_INFO", 2)])), Vec::<String>::new());
    let later = told(&frozen, stamps(&[("DEPLOY_FREEZE", 5), ("DEPLOY_FREEZE_INFO", 2)]));
    assert!(matches!(&later[..], [one] if one.contains("DEPLOY_FREEZE was written at") && one.contains("after its record")), "{later:?}");
    let forged = told(&vars(Some("true"), Some(record(Switch::On, 9, "gh:x"))), stamps(&[("DEPLOY_FREEZE", 2), ("DEPLOY_FREEZE_INFO", 2)]));
    assert!(matches!(&forged[..], [one] if one.contains("later than when it was written")), "{forged:?}");
    let removed = told(&vars(None, Some(record(Switch::On, 2, "gh:x"))), stamps(&[("DEPLOY_FREEZE_INFO", 2)]));
    assert!(matches!(&removed[..], [one] if one.contains("was removed without a record")), "{removed:?}");
    let by_hand = FreezeVars { override_flag: Some("1".into()), override_record: Some("{}".into()), ..FreezeVars::default() };
    let by_hand = told(&by_hand, stamps(&[("DEPLOY_FREEZE_OVERRIDE", 5), ("DEPLOY_FREEZE_OVERRIDE_INFO", 2)]));
    assert!(matches!(&by_hand[..], [one] if one.contains("DEPLOY_FREEZE_OVERRIDE was written")), "{by_hand:?}");
    let narrow = Stamps { narrow: ["DEPLOY_FREEZE".to_owned()].into(), ..stamps(&[("DEPLOY_FREEZE", 2), ("DEPLOY_FREEZE_INFO", 2)]) };
    let narrow = told(&frozen, narrow);
    assert!(matches!(&narrow[..], [one] if one.contains("not visible to every repository of acme")), "{narrow:?}");
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
        let found = by_releases(&keys(), &vars, &releases);
        prop_assert_eq!(&found, &by_releases(&keys(), &vars, &reversed));
        // What the evidence says is something that could have changed the flag, and nothing after it is a plain change of it.
        if let Some(evidence) = found.flag {
            let text = &releases.iter().find(|r| Some(r.version) == evidence.version).unwrap().description;
            prop_assert!(text == SET || evidence.rollback_to.is_some());
            prop_assert!(releases.iter().filter(|r| Some(r.version) > evidence.version).all(|r| r.description != SET));
        } else {
            prop_assert!(releases.iter().all(|r| r.description != SET));
        }
    }
}
