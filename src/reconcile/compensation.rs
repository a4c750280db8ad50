//! Which environments `freeze.compensates` is for. Pure.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::desired::freeze::Policy;
use crate::model::{AddressKind, Change, Draft, EnvName, Field, GateKey};
use crate::providers::Op;
use crate::providers::github::live::Live;

/// What a compensating freeze compensates for: the environments, and the plan's note about it.
///
/// Those are environments that get a first reviewer, which the billing plan may refuse (fact G2.2).
pub(super) fn refusable(policy: Option<&Policy>, live: Option<&Live>, drafts: &[Draft<Op>]) -> (BTreeSet<EnvName>, Option<Draft<Op>>) {
    let Some(policy) = policy.filter(|policy| policy.compensates) else { return (BTreeSet::new(), None) };
    let repository = live.and_then(|live| live.repository.as_ref().ok());
    let gated = repository.is_some_and(|repository| repository.visibility.plan_gated());
    let none = |value: &Value| value.as_array().is_none_or(Vec::is_empty);
    let first = |field: &Field| field.name == GateKey::Reviewers.name() && none(&field.before) && !none(&field.after);
    let environments: BTreeSet<EnvName> = drafts
        .iter()
        .flat_map(|draft| &draft.steps)
        .flat_map(|step| &step.changes)
        .filter(|change| gated && change.fields.iter().any(first))
        .filter_map(environment)
        .filter(|name| policy.covers(name))
        .cloned()
        .collect();
    let note = (!environments.is_empty()).then(|| {
        let mut draft = Draft::default();
        draft.note(
            &policy.store.address(),
            "`compensates`: apply freezes deploys before it writes reviewers that GitHub may refuse, and restores the previous freeze state once they are in place",
        );
        draft
    });
    (environments, note)
}

fn environment(change: &Change) -> Option<&EnvName> {
    match change.address.kind() {
        AddressKind::Environment(name) => Some(name),
        _ => None,
    }
}
