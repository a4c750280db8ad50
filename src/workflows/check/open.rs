//! The finding on a job of an environment that gate.toml declares open.
//!
//! Owns what such a job must not use: what a gate protects. Tested in `tests/judged.rs`.

use super::case::{Case, Shared};
use super::credentials::{Credentials, spared_name};
use super::on_job;
use crate::findings::{Code, Finding, Severity};
use crate::model::EnvName;
use crate::workflows::resolve::JobEntry;

/// A job of an open environment that uses what a gate protects.
pub(super) fn shared(job: &JobEntry, name: &EnvName, case: &Case) -> Option<Finding> {
    let at = format!("runs in `{name}`, which gate.toml declares open");
    let Shared { means, what, gates, by_name } = case.shared.iter().min_by_key(|shared| (shared.by_name, shared.means.code()))?;
    let finding = match by_name {
        false => on_job(means.code(), job, format!("{} {at}, and {what}", job.path))
            .severity(Severity::Error)
            .fix(format!("give `{name}` an identity and a target of its own, or declare reviewers for it")),
        true => on_job(means.code(), job, format!("{} {at}, and {what}; the name may have another value there", job.path))
            .severity(Severity::Warning)
            .fix(format!("use another name in `{name}`, or store both values in their environments only")),
    };
    Some(match gates.first().filter(|_| gates.len() == 1) {
        Some(gate) => finding.about(gate),
        None => finding,
    })
}

/// A job whose target may be one that a gate protects.
pub(super) fn undecided(job: &JobEntry, name: &EnvName, credentials: &Credentials) -> Option<Finding> {
    next_stage(job, name).or_else(|| unknown_name(job, name, credentials))
}

/// A job that deploys to the next stage, which may be behind a gate.
fn next_stage(job: &JobEntry, name: &EnvName) -> Option<Finding> {
    let deploy = job.details.holds.deploys.iter().find(|deploy| deploy.goes_to_the_next_stage())?;
    let message = format!(
        "{} runs in `{name}`, which gate.toml declares open, and runs {}, which deploys to the next stage of a pipeline",
        job.path, deploy.what
    );
    let fix =
        format!("name the app with `--to APP`, or, if no stage after it is behind a gate, add {} to [verify] harmless", spared_name(job));
    Some(on_job(Code::UnclassifiedDeploy, job, message).fix(fix))
}

/// A job whose identity or target may be one that a gate protects.
fn unknown_name(job: &JobEntry, name: &EnvName, credentials: &Credentials) -> Option<Finding> {
    let holds = &job.details.holds;
    let identity = holds.identities.iter().find(|identity| credentials.may_be_gated(identity));
    let identity = identity
        .map(|identity| (Code::UnclassifiedCredential, format!("assumes the {} identity {}", identity.provider.word(), identity.name)));
    let target = || {
        let deploy = holds.deploys.iter().find(|deploy| credentials.may_be_gated_target(deploy))?;
        Some((Code::UnclassifiedDeploy, format!("deploys {} ({})", deploy.target.as_deref().unwrap_or("an app"), deploy.what)))
    };
    let (code, what) = identity.or_else(target)?;
    let message = format!("{} runs in `{name}`, which gate.toml declares open, and {what}, whose name is known only at run time", job.path);
    let fix = format!("write the name out, or, if no gate protects it, add {} to [verify] harmless", spared_name(job));
    Some(on_job(code, job, message).fix(fix))
}
