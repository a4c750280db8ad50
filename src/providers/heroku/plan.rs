//! What differs between the declared and the live config vars, and the one request per app that brings them in line. Pure.

use serde_json::{Value, json};

use crate::model::{self, Address, Change, Draft, Field, Step, VarValue};

use super::live::{ConfigVars, Live};
use super::ops::{Action, Op};
use crate::desired::heroku::Desired;

/// The config var that opens a frozen deploy, if gate.toml declares a freeze: setting it weakens.
#[derive(Debug, Clone, Copy)]
pub struct Override<'a> {
    /// The app.
    pub app: &'a str,
    /// The key.
    pub key: &'a str,
}

/// Compares what is wanted with what exists.
pub fn plan(want: &Desired, live: &Live, freeze_override: Option<Override<'_>>) -> Draft<Op> {
    let mut draft = Draft::default();
    for (app, wanted) in &want.config {
        let vars = match live.config.get(app) {
            Some(Ok(vars)) => vars,
            Some(Err(unknown)) => {
                draft.unknown.extend(wanted.keys().map(|key| (Address::config(app, key), unknown.clone())));
                continue;
            }
            None => continue,
        };
        let read = wanted.keys().filter_map(|key| Some((Address::config(app, key), json!(vars.get(key)?))));
        draft.basis.extend(read);
        let opens = |key: &str| freeze_override.is_some_and(|o| o.app == app && o.key == key);
        let live = |key: &str| vars.get(key).and_then(Option::as_ref).map(VarValue::expose);
        let changed = wanted.iter().filter(|(key, value)| live(key) != Some(value.as_str()));
        let changes: Vec<Change> = changed.map(|(key, value)| change(app, key, vars, value, opens(key))).collect();
        if changes.is_empty() {
            continue;
        }
        // Every declared key, even if unchanged: one PATCH then sets one declared state, even with a concurrent writer.
        let before: ConfigVars = wanted.keys().map(|key| (key.clone(), vars.get(key).cloned().flatten())).collect();
        let after = wanted.iter().map(|(key, value)| (key.clone(), VarValue::new(key.as_str(), value.as_str()))).collect();
        let op = |action| Op { app: app.clone(), action };
        draft.steps.push(Step { changes, ops: vec![op(Action::Expect(before)), op(Action::Patch(after))] });
        draft.note(
            &Address::app(app),
            "setting config vars makes a release: the app's dynos restart and its release phase runs, migrations included",
        );
    }
    draft
}

fn change(app: &str, key: &str, vars: &ConfigVars, value: &str, opens: bool) -> Change {
    let live = vars.get(key).and_then(Option::as_ref);
    let weakens = opens && is_on(value) && !live.is_some_and(|live| is_on(live.expose()));
    let action = if live.is_some() { model::Action::Update } else { model::Action::Create };
    let field = Field {
        name: "value".to_owned(),
        before: live.map_or(Value::Null, VarValue::shown),
        after: VarValue::new(key, value).shown(),
        weakens,
        because: weakens.then(|| "opens deployments that a freeze holds back".to_owned()),
    };
    Change::new(Address::config(app, key), action, vec![field])
}

/// Whether a legacy reader takes the value for "on" (fact F3.3).
fn is_on(value: &str) -> bool {
    !matches!(value.trim().to_ascii_lowercase().as_str(), "" | "0" | "false" | "no" | "off")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::{Cause, Unknown};
    use crate::providers::request::Request as _;

    fn want(vars: &[(&str, &str)]) -> Desired {
        let vars = vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Desired { config: BTreeMap::from([("app".to_owned(), vars)]) }
    }

    fn live(vars: &[(&str, Option<&str>)]) -> Live {
        let vars = vars.iter().map(|(k, v)| ((*k).to_owned(), v.map(|v| VarValue::new(*k, v)))).collect();
        Live { config: BTreeMap::from([("app".to_owned(), Ok(vars))]) }
    }

    #[test]
    fn what_differs_is_shown_and_one_patch_states_all_that_is_declared() {
        let draft = plan(&want(&[("A", "1"), ("B", "2"), ("C", "3")]), &live(&[("A", Some("1")), ("B", Some("x")), ("C", None)]), None);
        assert_eq!(draft.steps.len(), 1);
        let actions: Vec<_> = draft.steps[0].changes.iter().map(|c| (c.address.to_string(), c.action)).collect();
        assert_eq!(
            actions,
            [("heroku/app/config/B".to_owned(), model::Action::Update), ("heroku/app/config/C".to_owned(), model::Action::Create)]
        );
        let patches: Vec<_> = draft.steps[0].ops.iter().filter(|op| op.writes()).collect();
        assert_eq!(patches.len(), 1);
        let all = [("A", "1"), ("B", "2"), ("C", "3")].map(|(key, value)| (key.to_owned(), VarValue::new(key, value)));
        assert_eq!(patches[0].action, Action::Patch(BTreeMap::from(all)));
    }

    #[test]
    fn what_is_as_declared_sends_nothing() {
        let draft = plan(&want(&[("A", "1")]), &live(&[("A", Some("1"))]), None);
        let basis = BTreeMap::from([(Address::config("app", "A"), json!("1"))]);
        assert_eq!(draft, Draft { basis, ..Draft::default() });
    }

    #[test]
    fn an_unreadable_app_is_unknown_key_by_key() {
        let unknown = Unknown { reason: "403".to_owned(), hint: String::new(), cause: Cause::Credentials };
        let live = Live { config: BTreeMap::from([("app".to_owned(), Err(unknown.clone()))]) };
        let draft = plan(&want(&[("A", "1"), ("B", "2")]), &live, None);
        assert!(draft.steps.is_empty());
        assert_eq!(draft.unknown, [(Address::config("app", "A"), unknown.clone()), (Address::config("app", "B"), unknown)]);
    }

    #[test]
    fn setting_the_override_weakens_and_clearing_it_does_not() {
        let over = Some(Override { app: "app", key: "O" });
        let weakens =
            |value: &str, was: Option<&str>, over| plan(&want(&[("O", value)]), &live(&[("O", was)]), over).steps[0].changes[0].weakens;
        assert!(weakens("1", Some("0"), over));
        assert!(weakens("1", None, over));
        assert!(!weakens("0", Some("1"), over));
        assert!(!weakens("yes", Some("1"), over), "it was open before");
        assert!(!weakens("1", Some("0"), None));
    }
}
