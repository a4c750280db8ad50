//! Which declared workflows check the freeze: it stops only those.

use std::collections::BTreeMap;

use crate::freeze::WorkflowStatus;
use crate::workflows::check::{FreezeFacts, compensation};
use crate::workflows::freeze_check::Proof;

use super::super::{Session, statics};
use super::FreezeTarget;

/// Every job of a declared workflow that deploys to a covered environment, and whether a freeze check provably stops it. Empty
/// without a checkout, and in a rehearsal, whose workflows are not on this disk. Workflow files that cannot be read are a
/// warning: they never block a freeze.
pub(super) fn workflows(session: &Session, target: &FreezeTarget) -> Vec<WorkflowStatus> {
    let (Some(policy), Some(config)) = (&target.policy, &target.config) else { return Vec::new() };
    if session.global.sandbox.is_some() {
        return Vec::new();
    }
    let root = statics::root(session, config);
    let facts = statics::facts(session, config, &root);
    let sources = match statics::in_checkout(&root, facts.repository.as_ref()) {
        Ok(sources) => sources.unwrap_or_default(),
        Err(error) => {
            session.warn(&[format!("whether the workflows check the freeze is unknown: {error}")]);
            return Vec::new();
        }
    };
    if sources.is_empty() {
        return Vec::new();
    }
    let file = statics::in_repository(session, config, &root);
    let holds = |path: &str| Some(root.join(path).is_file());
    let freeze = FreezeFacts { policy, config: &file, holds: &holds };
    let mut found: BTreeMap<(String, String), WorkflowStatus> = BTreeMap::new();
    for environment in &policy.environments {
        for one in compensation(&sources, &facts, environment, freeze) {
            let gap = match one.proof {
                Proof::Proven(_) => None,
                Proof::Unproven(pos, why) => Some(format!("line {}: {why}", pos.line)),
                Proof::Earlier(pos, job) => {
                    Some(format!("line {}: only the job `{job}` before it checks: the answer may be old", pos.line))
                }
            };
            let status = WorkflowStatus { file: one.file, job: one.path, environment: environment.clone(), gap };
            // Of several scenarios, one that is not held decides.
            let held = found.entry((status.file.clone(), status.job.clone())).or_insert_with(|| status.clone());
            if held.gap.is_none() {
                *held = status;
            }
        }
    }
    found.into_values().collect()
}
