//! The freeze as a workflow passes it to a step: `DEPLOY_FREEZE: ${{ vars.DEPLOY_FREEZE }}` below `env:`.
//!
//! Owns when such values are used, and when they are not trusted. They are those of the job's start.

use super::record::{Record, Switch};
use super::state::{FreezeVars, Keys};
use crate::model::{Answer, Unknown};

/// Reads the four values from the environment of a step; `None` if it does not carry the flag and its record.
///
/// A variable that is not there arrives as an empty text, and so does one whose name is misspelled in the workflow. So a flag
/// that is off with a record that says frozen is not trusted.
pub fn from_step<'e>(keys: &Keys, variable: impl Fn(&str) -> Option<&'e str>) -> Option<Answer<FreezeVars>> {
    let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty()).map(str::to_owned);
    variable(&keys.flag)?;
    variable(&keys.record)?;
    let vars = keys.read(set);
    let record = vars.record.as_deref().map(Record::parse);
    let contradicts = !vars.is_set() && record.is_some_and(|record| record.map_or(true, |record| record.state == Switch::On));
    Some(if contradicts {
        Answer::Unknown(Unknown::new(
            format!("{} of this step says not frozen, and {} says frozen", keys.flag, keys.record),
            format!(
                "check that the workflow passes `{0}: ${{{{ vars.{0} }}}}`, and that no variable of the environment or the repository hides it; if the freeze was lifted by hand, run `gatectl freeze off {1} --reason TEXT`",
                keys.flag,
                keys.store.flag()
            ),
        ))
    } else {
        Answer::Present(vars)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired::freeze::Store;
    use crate::freeze::Freeze;

    const RECORD: &str = r#"{"v":1,"id":"7f0b1a3e-5b1e-4a55-8a3e-0d6f4c2b1a90","state":"on","reason":"r","by":"b","at":"2026-11-24T08:59:59Z","kind":"manual"}"#;

    fn read(env: &[(&str, &str)]) -> Option<Answer<FreezeVars>> {
        let keys = Keys::standard(Store::Github("acme".to_owned()));
        from_step(&keys, |name| env.iter().find(|(key, _)| *key == name).map(|(_, value)| *value))
    }

    #[test]
    fn values_are_taken_only_with_flag_and_record_and_empty_means_absent() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[("DEPLOY_FREEZE", "true")]), None);
        assert_eq!(read(&[("DEPLOY_FREEZE_INFO", RECORD)]), None);
        assert_eq!(read(&[("DEPLOY_FREEZE", ""), ("DEPLOY_FREEZE_INFO", "")]), Some(Answer::Present(FreezeVars::default())));
        let Some(Answer::Present(vars)) = read(&[("DEPLOY_FREEZE", "true"), ("DEPLOY_FREEZE_INFO", RECORD)]) else { panic!("read") };
        assert!(matches!(Freeze::read(&vars, "2026-11-24T09:00:00Z".parse().unwrap()), Freeze::Recorded(_)));
    }

    #[test]
    fn a_flag_that_contradicts_its_record_is_not_believed() {
        for (flag, record) in [("", RECORD), ("false", RECORD), ("", "not json")] {
            let read = read(&[("DEPLOY_FREEZE", flag), ("DEPLOY_FREEZE_INFO", record)]).unwrap();
            let unknown = read.unknown().unwrap();
            assert!(unknown.hint.contains("${{ vars.DEPLOY_FREEZE }}") && unknown.hint.contains("--github acme"), "{unknown:?}");
        }
        let lifted = RECORD.replace("\"on\"", "\"off\"");
        assert!(read(&[("DEPLOY_FREEZE", ""), ("DEPLOY_FREEZE_INFO", &lifted)]).unwrap().present().is_some());
    }
}
