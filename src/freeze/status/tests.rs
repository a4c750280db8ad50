use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::desired::freeze::{Length, Schedule, Window};
use crate::freeze::{Claim, FreezeId, FreezeKind, Release, Terms, on};

const NOW: Timestamp = Timestamp::constant(1_780_000_000, 0);

fn keys() -> Keys {
    Keys::standard(Store::Heroku("app".to_owned()))
}

fn policy() -> Policy {
    let window = |name: &str, start: &str| Window {
        name: name.into(),
        schedule: Schedule::Recurring { start: start.into(), length: Length::Duration(Duration::from_secs(64 * 3600)) },
        timezone: "America/New_York".into(),
        reason: None,
    };
    let environments = ["production", "eu"].map(|name| EnvName::new(name).unwrap());
    Policy {
        windows: vec![window("weekend", "0 16 * * FRI"), window("broken", "0 16 * *")],
        ..keys().bare_policy(environments.into_iter().collect())
    }
}

fn frozen(by: &str) -> FreezeVars {
    let keys = keys();
    let claim = Claim { id: FreezeId::new(Uuid::nil()), by: by.into(), reason: "db \u{1F525}".into(), now: NOW };
    let terms = Terms { kind: FreezeKind::Emergency, until: None, reference: Some("INC-12".into()) };
    let write = on(&keys, &FreezeVars::default(), &claim, &terms).unwrap();
    keys.pick(&write.body().iter().filter_map(|(k, v)| Some((k.clone(), v.clone()?))).collect())
}

fn status(policy: Option<&Policy>, vars: &Answer<FreezeVars>, releases: Option<&[Release]>) -> (Status, Value) {
    let status = Status::at(&keys(), policy, vars, releases.map(|releases| History::Releases(releases.to_vec())).as_ref(), NOW);
    let json = serde_json::to_value(&status).unwrap();
    (status, json)
}

#[test]
fn an_emergency_needs_no_policy_to_be_told() {
    let (status, json) = status(None, &Answer::Present(frozen("gh:a")), None);
    assert_eq!(json["frozen"], json!(true));
    assert_eq!(json["address"], "heroku/app/freeze");
    assert_eq!(
        (&json["freeze"]["why"], &json["freeze"]["by"], &json["record"]["ref"]),
        (&json!("emergency"), &json!("gh:a"), &json!("INC-12"))
    );
    assert_eq!(json["freeze"]["since"], NOW.to_string());
    assert!(status.environments.is_empty() && status.windows.is_empty() && status.audit.is_none());
    let next = status.next_step.unwrap();
    assert!(next.contains("freeze off --app app --id 00000000-0000-0000-0000-000000000000"), "{next}");
}

#[test]
fn each_environment_and_window_is_told_and_a_broken_one_too() {
    let (status, json) = status(Some(&policy()), &Answer::Present(FreezeVars::default()), Some(&[]));
    assert_eq!(json["frozen"], json!(false));
    assert_eq!(status.environments.iter().map(|e| e.name.as_str()).collect::<Vec<_>>(), ["eu", "production"]);
    // A window that cannot be evaluated leaves every environment undetermined.
    assert!(json["environments"].as_array().unwrap().iter().all(|e| e["verdict"] == "undetermined"), "{json}");
    assert_eq!(json["windows"][0]["now"], Value::Null);
    assert!(json["windows"][0]["next"]["since"].is_string() && json["windows"][0]["error"].is_null());
    assert!(json["windows"][1]["error"].as_str().unwrap().contains("five fields"));
    assert_eq!(status.warnings.iter().filter(|w| w.contains("broken")).count(), 1, "{:?}", status.warnings);
    assert!(status.audit.is_some());
}

#[test]
fn what_is_not_known_is_null_and_has_a_reason() {
    let unknown = Unknown::new("GET config-vars: 503", "try again");
    for answer in [Answer::Unknown(unknown), Answer::Absent] {
        let (status, json) = status(Some(&policy()), &answer, Some(&[]));
        assert_eq!((&json["frozen"], &json["freeze"], &json["override"]), (&Value::Null, &Value::Null, &Value::Null));
        assert!(status.unknown.is_some() && status.audit.is_none() && status.next_step.is_none());
    }
}
