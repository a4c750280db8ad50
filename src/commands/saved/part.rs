//! What a saved plan holds of one repository, and whether it still follows from gate.toml and the live state.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::commands::failure::Stale;
use crate::model::{Address, Cause, Step, Unknown, in_words, is_masked};
use crate::providers::Op;
use crate::reconcile::Planned;

/// What is planned for one repository, and what that was made from.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::commands) struct SavedPart {
    /// The fingerprint of what gate.toml declares of each address.
    declared: BTreeMap<Address, String>,
    /// The live state by address.
    basis: BTreeMap<Address, Value>,
    /// What could not be read when it was made.
    unread: BTreeSet<Address>,
    steps: Vec<Value>,
}

/// Why a saved part cannot be applied now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::commands) enum NotNow {
    /// What it was made from moved; if something could not be read in addition, the next step for it.
    Stale(Stale, Option<String>),
    /// Nothing is seen to have moved, and not all of it can be read.
    Unread(Unknown),
}

impl SavedPart {
    /// Keeps a fresh plan.
    pub(in crate::commands) fn of(planned: &Planned) -> Self {
        Self {
            declared: planned.declared.clone(),
            basis: planned.basis.clone(),
            unread: planned.unread.keys().cloned().collect(),
            steps: kept(&planned.plan.steps),
        }
    }

    /// Compares the part with the current gate.toml and live state; `made_by` is the version of gatectl that planned.
    ///
    /// # Errors
    /// [`NotNow`] when either moved, or when its steps no longer follow from the two.
    pub(in crate::commands) fn check(&self, made_by: &str, now: &Planned) -> Result<(), NotNow> {
        let redeclared = self.redeclared(now);
        let list =
            |all: Vec<(&Address, String)>| all.iter().map(|(address, how)| format!("{address} {how}")).collect::<Vec<_>>().join(", ");
        let mut why = Vec::new();
        let moved = self.moved(now, |address| redeclared.contains_key(address));
        if !redeclared.is_empty() {
            why.push(format!("{} no longer declares what it was made from: {}", now.plan.config, list(redeclared.into_iter().collect())));
        }
        if !moved.is_empty() {
            why.push(format!("the live state moved: {}", list(moved)));
        }
        match (why.is_empty(), self.unread(now)) {
            (true, None) => self.follows(made_by, now).map_err(|stale| NotNow::Stale(stale, None)),
            (true, Some(unread)) => Err(NotNow::Unread(unread)),
            (false, None) => Err(NotNow::Stale(Stale(why.join("\n")), None)),
            (false, Some(unread)) => {
                why.push(format!("could not be read: {}", unread.reason));
                Err(NotNow::Stale(Stale(why.join("\n")), Some(unread.hint)))
            }
        }
    }

    /// The addresses that gate.toml no longer declares as it did.
    fn redeclared<'a>(&'a self, now: &'a Planned) -> BTreeMap<&'a Address, String> {
        let all: BTreeSet<&Address> = self.declared.keys().chain(now.declared.keys()).collect();
        let how = |address: &Address| match (self.declared.get(address), now.declared.get(address)) {
            (Some(then), Some(now)) if then == now => None,
            (Some(_), Some(_)) => Some("is declared differently"),
            (None, _) => Some("is new in it"),
            (_, None) => Some("is gone from it"),
        };
        all.into_iter().filter_map(|address| Some((address, how(address)?.to_owned()))).collect()
    }

    /// The addresses whose live state is seen to have moved; one that gate.toml now declares differently is read differently.
    fn moved<'a>(&'a self, now: &'a Planned, redeclared: impl Fn(&Address) -> bool) -> Vec<(&'a Address, String)> {
        let how = |address: &Address| match (self.basis.get(address), now.basis.get(address)) {
            (Some(then), Some(live)) => what_moved(then, live, now.unread.contains_key(address)),
            // If the others of its repository or app cannot be read, neither can this one.
            (_, None) => (!now.unread.keys().any(|unread| unread.scope() == address.scope())).then(|| "is gone".to_owned()),
            (None, _) if self.unread.contains(address) => Some("could not be read when the plan was made".to_owned()),
            (None, _) => Some("appeared".to_owned()),
        };
        let all: BTreeSet<&Address> = self.basis.keys().chain(now.basis.keys()).collect();
        all.into_iter().filter(|address| !redeclared(address)).filter_map(|address| Some((address, how(address)?))).collect()
    }

    /// What was known when the plan was made and cannot be read now: every reason with its addresses, and every next step, once.
    fn unread(&self, now: &Planned) -> Option<Unknown> {
        let unread: Vec<(&Address, &Unknown)> = now.unread.iter().filter(|(address, _)| !self.unread.contains(address)).collect();
        let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (address, unknown) in &unread {
            reasons.entry(&unknown.reason).or_default().push(address.to_string());
        }
        let reasons: Vec<String> = reasons.iter().map(|(reason, addresses)| format!("{}: {reason}", addresses.join(", "))).collect();
        let hints: BTreeSet<&str> = unread.iter().map(|(_, unknown)| unknown.hint.as_str()).filter(|hint| !hint.is_empty()).collect();
        Some(Unknown {
            cause: Cause::common(unread.iter().map(|(_, unknown)| unknown.cause))?,
            reason: reasons.join("\n"),
            hint: hints.into_iter().collect::<Vec<_>>().join("\n"),
        })
    }

    /// Compares the steps with those planned now.
    fn follows(&self, made_by: &str, now: &Planned) -> Result<(), Stale> {
        let (then, now) = (&self.steps, &kept(&now.plan.steps));
        if then == now {
            return Ok(());
        }
        let differ = |step: &&Value| !then.contains(step) || !now.contains(step);
        let changes = then.iter().chain(now).filter(differ).filter_map(|step| step.get("changes")?.as_array()).flatten();
        let moved: BTreeSet<String> = changes.filter_map(|change| change.get("address")?.as_str().map(str::to_owned)).collect();
        let moved = moved.into_iter().collect::<Vec<_>>().join(", ");
        Err(Stale(if made_by == env!("CARGO_PKG_VERSION") {
            format!("it would be carried out differently now ({moved}): the account behind a login, an id or the repository changed")
        } else {
            format!("gatectl {made_by} made it, and this version would carry it out differently ({moved})")
        }))
    }
}

/// The steps as a file keeps them: without actor and time, which the apply sets, and without any value
/// that looks like a credential (law 8).
fn kept(steps: &[Step<Op>]) -> Vec<Value> {
    let unattributed = |step: &Step<Op>| Step { changes: step.changes.clone(), ops: step.ops.iter().map(Op::unattributed).collect() };
    steps.iter().map(|step| json!(unattributed(step))).collect()
}

/// Names the fields that moved, or the value. A field that is missing is one that could not be read.
fn what_moved(then: &Value, now: &Value, unread: bool) -> Option<String> {
    match (then, now) {
        (then, now) if then == now => None,
        (then, now) if is_masked(then) || is_masked(now) => Some(format!("(was {}, is {})", in_words(then), in_words(now))),
        (Value::Object(then), Value::Object(now)) => {
            let moved = then.iter().filter(|(name, value)| now.get(*name).map_or(!unread, |now| now != *value));
            let moved = moved
                .map(|(name, value)| format!("{name} was {}, is {}", in_words(value), in_words(now.get(name).unwrap_or(&Value::Null))));
            let learned = now.keys().filter(|name| !then.contains_key(*name));
            let fields: Vec<String> = moved.chain(learned.map(|name| format!("{name} could not be read when the plan was made"))).collect();
            (!fields.is_empty()).then(|| format!("({})", fields.join("; ")))
        }
        (Value::Null, _) => Some("appeared".to_owned()),
        (Value::Object(_), Value::Null) => Some("is gone".to_owned()),
        (then, now) => Some(format!("(was {}, is {})", in_words(then), in_words(now))),
    }
}
