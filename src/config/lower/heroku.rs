//! `[heroku.config.*]`.

use std::collections::BTreeMap;

use super::super::keys::HEROKU;
use super::super::problem::{Problem, Sink};
use super::super::view::{View, entries};
use super::freeze::record_key;
use crate::desired::freeze::Policy;
use crate::desired::heroku::Desired;

pub(super) fn desired(sink: &mut Sink<'_>, root: View<'_>, freeze: Option<&Policy>) -> Desired {
    let mut config: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let Some(heroku) = root.table("heroku", &HEROKU) else { return Desired { config } };
    for (app, _, value) in heroku.entries("config") {
        let Some(table) = value.get_ref().as_table() else { continue };
        let vars = config.entry(app.to_owned()).or_default();
        for (key, span, value) in entries(table) {
            if let Some(policy) = freeze.filter(|policy| policy.store.app() == Some(app))
                && let Some(what) = owned_by_freeze(policy, key)
            {
                let declared = root.key("freeze").unwrap_or_default();
                sink.push(
                    Problem::new(span, format!("`{key}` of {app} is managed twice"))
                        .label(format!("{what} of `[freeze]`"))
                        .related(declared, "managed by this table")
                        .help("remove it here; `gatectl freeze` writes it"),
                );
            }
            if let Some(text) = value.get_ref().as_str() {
                vars.insert(key.to_owned(), text.to_owned());
            }
        }
    }
    Desired { config }
}

/// The keys that only the freeze writes. The override itself may be declared: holding it at "0" is a gate of its own.
fn owned_by_freeze(policy: &Policy, key: &str) -> Option<&'static str> {
    if key == policy.flag {
        Some("the flag")
    } else if key == record_key(&policy.flag) || key == record_key(&policy.override_flag) {
        Some("a record")
    } else {
        None
    }
}
