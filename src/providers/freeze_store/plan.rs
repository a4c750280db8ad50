//! What an apply does about a declared freeze: sets it if there is none, and never lifts one. Pure.

use serde_json::{Value, json};

use crate::desired::freeze::Policy;
use crate::freeze::{Claim, FlagTimes, Freeze, FreezeKind, FreezeVars, Frozen, Keys, SetFreeze, Terms, leftovers};
use crate::model::{self, Address, Answer, Cause, Change, Draft, Field, Step, Unknown, VarValue};

use super::ops::Op;

/// Sets the freeze that gate.toml declares, if there is none. A freeze that exists is operational: it is shown, it is no
/// difference, and nothing here could lift it. `written` is how old a flag without a record is.
pub fn plan(policy: &Policy, vars: &Answer<FreezeVars>, written: FlagTimes, claim: &Claim) -> Draft<Op> {
    let mut draft = Draft::default();
    let (keys, address) = (Keys::of(policy), policy.store.address());
    let vars = match vars {
        Answer::Present(vars) => vars,
        // Its state is not declared, so a plan for GitHub alone needs no token for the store. A weakening still does.
        Answer::Unknown(unknown) if unknown.cause == Cause::Credentials && !policy.frozen && !policy.compensates => {
            draft.note(&address, format!("whether deploys are frozen is unknown, which counts as frozen: {}", unknown.reason));
            return draft;
        }
        Answer::Unknown(unknown) => {
            draft.unknown.push((address, unknown.clone()));
            return draft;
        }
        // Without a store there is no freeze to set: reading a store that does not exist is an error.
        Answer::Absent => return draft,
    };
    draft.basis.insert(address.clone(), json!(vars));
    if let Some(frozen) = Frozen::by_store(&Freeze::read(vars, claim.now)) {
        draft.note(&address, format!("FROZEN {frozen}. A freeze is not a difference, and apply never lifts one"));
    }
    for leftover in leftovers(&keys, vars, written, claim.now) {
        draft.note(&address, leftover.to_string());
    }
    if !policy.frozen {
        return draft;
    }
    let terms = Terms { kind: FreezeKind::Manual, until: None, reference: None };
    match SetFreeze::needed(&keys, vars, claim, &terms) {
        Ok(None) => {}
        Ok(Some(set)) => draft.steps.push(set_freeze(&keys, address, vars, set)),
        Err(refusal) => draft.unknown.push((
            address,
            Unknown::new(
                format!("the record of the freeze cannot be written: {refusal}"),
                "freeze by hand: `gatectl freeze on --reason TEXT`",
            ),
        )),
    }
    draft
}

fn set_freeze(keys: &Keys, address: Address, vars: &FreezeVars, set: SetFreeze) -> Step<Op> {
    let field = |name: &str, before: Value, after: Value| Field { name: name.to_owned(), before, after, weakens: false, because: None };
    let [(_, flag), ..] = vars.under(keys);
    let live = flag.as_ref().map_or(Value::Null, VarValue::shown);
    let fields = vec![field("frozen", live, json!("true")), field("reason", Value::Null, json!(set.record().reason))];
    let action = if flag.is_some() { model::Action::Update } else { model::Action::Create };
    let expect = Op::Expect(Box::new(keys.clone()), Box::new(vars.clone()));
    Step { changes: vec![Change::new(address, action, fields)], ops: vec![expect, Op::Set(Box::new(set))] }
}
