//! The trust policies of the identities that jobs behind a gate assume.
//!
//! Owns the `sub` claims that they should be pinned to. Tested in `tests/judged.rs`.

use super::on_job;
use crate::findings::{Code, Finding};
use crate::workflows::deploys::Identity;
use crate::workflows::facts::Facts;
use crate::workflows::resolve::{JobEntry, Verdict};

/// The note on the trust policies of the identities of a job behind a gate.
pub(super) fn trust(job: &JobEntry, facts: &Facts) -> Option<Finding> {
    let gate = job.names().find(|name| facts.is_gate(name));
    let gate = gate.filter(|_| matches!(job.verdict, Verdict::Env | Verdict::Set))?;
    let named = |identity: &Identity| format!("{} {}", identity.provider.word(), identity.name).trim_end().to_owned();
    let identities: Vec<String> = job.details.holds.identities.iter().map(named).collect();
    if identities.is_empty() {
        return None;
    }
    let claims = sub_claims(facts, gate.as_str())?;
    let message = format!("{} assumes {}: only the trust policy can keep other jobs from doing so", job.path, identities.join(" and "));
    Some(on_job(Code::IdentityTrust, job, message).fix(format!("let it admit only the `sub` claim {claims}")).about(&gate))
}

/// The `sub` claim of a job behind a gate, in both of its forms.
pub(super) fn sub_claims(facts: &Facts, gate: &str) -> Option<String> {
    let repository = facts.repository.as_ref()?;
    let (owner, name) = (repository.owner(), repository.name());
    Some(format!("repo:{owner}/{name}:environment:{gate} (with immutable claims repo:{owner}@OWNER_ID/{name}@REPO_ID:environment:{gate})"))
}
