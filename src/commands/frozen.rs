//! What a freeze means to an apply, before any write: no weakening while frozen, and whether to freeze around the writes.

use jiff::Timestamp;

use super::failure::hinted;
use crate::desired::freeze::Policy;
use crate::freeze::{FreezeVars, Verdict, decide};
use crate::model::{Address, AddressKind, Answer, Change, EnvName};
use crate::reconcile::{FreezeReason, Planned};
use crate::views::diagnostic::Hinted;

use super::Session;

/// Refuses to weaken a gate that is frozen, or may be, before any write.
///
/// # Errors
/// Which changes, and what closes them.
pub(super) fn refuse_to_weaken(policy: Option<&Policy>, planned: &Planned, now: Timestamp) -> anyhow::Result<()> {
    let (Some(policy), Some(vars)) = (policy, &planned.freeze) else { return Ok(()) };
    for change in planned.plan.changes().filter(|change| change.weakens) {
        let Some(environment) = guarded(policy, change) else { continue };
        let why = match decide(policy, environment, vars, now).verdict {
            Verdict::Open { .. } => continue,
            Verdict::Frozen(frozen) => format!("deploys to {environment} are frozen {frozen}"),
            Verdict::Undetermined(unknown) => format!("whether deploys to {environment} are frozen is unknown ({})", unknown.reason),
        };
        return Err(hinted(
            format!("the plan weakens {}, and {why}: nothing was written", change.address),
            "wait until the freeze is over, or, if that is what you want, run again with --while-frozen",
        ));
    }
    Ok(())
}

/// The environment that a change opens, if the freeze covers it.
fn guarded<'a>(policy: &'a Policy, change: &'a Change) -> Option<&'a EnvName> {
    match change.address.kind() {
        AddressKind::Environment(name) => Some(name).filter(|name| policy.covers(name)),
        // The override opens all of them.
        AddressKind::Config(key) if Some(change.address.scope()) == policy.store.app() && *key == policy.override_flag => {
            policy.environments.first()
        }
        _ => None,
    }
}

/// Whether this apply freezes deploys around its writes.
///
/// # Errors
/// When it should and cannot: no freeze covers what changes, or an override that is on is to be changed in the same run.
pub(super) fn freeze_reason(
    session: &Session,
    asked: bool,
    policy: Option<&Policy>,
    planned: &Planned,
) -> anyhow::Result<Option<FreezeReason>> {
    let changed: Vec<&EnvName> = planned
        .plan
        .changes()
        .filter_map(|change| match change.address.kind() {
            AddressKind::Environment(name) => Some(name),
            _ => None,
        })
        .collect();
    let freeze_reason = match (asked, planned.refusable.is_empty()) {
        (true, _) if !changed.is_empty() => FreezeReason::Requested,
        (false, false) => FreezeReason::Refusable(planned.refusable.clone()),
        _ => return Ok(None),
    };
    let Some(policy) = policy.filter(|policy| changed.iter().any(|name| policy.covers(name))) else {
        return Err(hinted(
            "--interlock needs a freeze that covers what is written",
            "list the environment in `freeze.environments` of gate.toml",
        ));
    };
    let uncovered = changed.iter().filter(|name| !policy.covers(name));
    session.warn(uncovered.map(|name| format!("the freeze does not cover {name}: deploys to it are not held back during this run")));
    let on = planned.freeze.as_ref().and_then(Answer::present).is_some_and(FreezeVars::is_overridden);
    let address = policy.store.app().map(|app| Address::config(app, &policy.override_flag));
    let declared = address.filter(|address| planned.plan.changes().any(|change| change.address == *address));
    if let Some(address) = declared.filter(|_| on) {
        return Err(hinted(
            format!("{address} is on and would have to be put back after this run, but gate.toml declares another value"),
            format!("first: gatectl freeze override --revoke {}", policy.store.flag()),
        ));
    }
    Ok(Some(freeze_reason))
}

/// The error for a freeze that should have come first and did not.
pub(super) fn not_first(why: anyhow::Error) -> anyhow::Error {
    why.context(Hinted::new(
        "could not confirm that deploys are frozen, so nothing else was written",
        "see `gatectl freeze status`, and run again when the freeze store responds; without --interlock and `compensates`, nothing is frozen first",
    ))
}
