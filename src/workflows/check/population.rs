//! Every job of every file in every run: who can deploy, which wait at a gate, and which are unknown.

use std::collections::{BTreeMap, BTreeSet};

use super::case::Harmless;
use super::checkouts;
use super::credentials::{Credentials, spared_name};
use super::judge::Judge;
use super::names::near_miss;
use super::runs::Run;
use super::trust::trust;
use super::{Covered, on_job};
use crate::desired::verify;
use crate::findings::{Code, Finding, Verdict as Weight};
use crate::model::EnvName;
use crate::workflows::expressions::Node;
use crate::workflows::facts::Facts;
use crate::workflows::model::{Input, InputKind, Workflow};
use crate::workflows::resolve::{Files, JobEntry, Verdict};
use crate::workflows::scenario::{Bound, Scenario};

/// The result for all jobs together.
pub(super) struct Population {
    pub(super) findings: Vec<Finding>,
    pub(super) covered: Covered,
    pub(super) harmless: Vec<String>,
    /// For each gate, the secrets that deploys behind it use, each with the job that does.
    pub(super) secrets: BTreeMap<EnvName, BTreeMap<String, String>>,
}

/// Judges every job, and marks those that can deploy.
pub(super) fn judge(runs: &mut [Run<'_>], files: &Files, facts: &Facts) -> Population {
    let credentials = Credentials::of(runs, facts);
    let gated_somewhere = behind_a_gate(runs, facts);
    let judge = Judge { facts, credentials: &credentials, gated_somewhere: &gated_somewhere };
    let mut findings = Vec::new();
    let (mut can_deploy, mut gated, mut unclassified) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let (mut spared_jobs, mut spared_secrets) = (BTreeSet::new(), BTreeSet::new());
    for run in runs {
        for job in &mut run.jobs {
            let judgment = judge.judge(job);
            job.can_deploy = judgment.can_deploy;
            let id = job.id();
            if judgment.can_deploy {
                can_deploy.insert(id.clone());
                if judgment.gated {
                    gated.insert(id.clone());
                }
            }
            let Harmless { job: needs_job, secrets } = judgment.harmless;
            if needs_job {
                spared_jobs.insert(spared_name(job));
            } else {
                spared_secrets.extend(secrets);
            }
            if judgment.finding.as_ref().is_some_and(|finding| finding.verdict() == Weight::Unknown) {
                unclassified.insert(id);
            }
            let finding = judgment.finding.map(|finding| with_any_environment(finding, run.workflow, &run.scenario, facts));
            let small = small(job, finding.as_ref(), facts);
            let checkouts = checkouts::judge(job, &run.scenario, files, facts);
            let all = finding.into_iter().chain(judgment.approval).chain(small).chain(checkouts).chain(trust(job, facts));
            findings.extend(all.map(|finding| finding.on_run(run.scenario.label.clone())));
        }
    }
    let jobs = files.workflows().map(|workflow| workflow.jobs.len()).sum();
    let covered = Covered { files: 0, jobs, can_deploy: can_deploy.len(), unclassified: unclassified.len(), gated: gated.len() };
    Population { findings, covered, harmless: pasted(facts, spared_jobs, spared_secrets), secrets: credentials.secrets() }
}

/// A finding on a run for which any environment can be chosen: only `verify` knows which there are.
fn with_any_environment(finding: Finding, workflow: &Workflow, scenario: &Scenario, facts: &Facts) -> Finding {
    let is_any = |input: &Input| {
        let unknown = |bound: &Bound| bound.name == input.name && matches!(bound.value, Node::Unknown(_));
        input.kind == InputKind::Environment && scenario.inputs.iter().any(unknown)
    };
    let can_choose = workflow.triggers.iter().flat_map(|trigger| &trigger.inputs).any(is_any);
    if finding.code == Code::UnresolvedEnvironment && facts.live.is_none() && can_choose {
        return finding.fix("run `gatectl verify`: it tries each environment that exists");
    }
    finding
}

/// Jobs that run behind a declared gate in some run.
fn behind_a_gate(runs: &[Run<'_>], facts: &Facts) -> BTreeSet<(String, String)> {
    let gated = |job: &&JobEntry| job.verdict == Verdict::Env && job.names().any(|name| facts.is_gate(&name));
    runs.iter().flat_map(|run| &run.jobs).filter(gated).map(JobEntry::id).collect()
}

/// `[verify] harmless` with its present and missing entries, sorted; empty if none is missing.
fn pasted(facts: &Facts, jobs: BTreeSet<String>, secrets: BTreeSet<String>) -> Vec<String> {
    if jobs.is_empty() && secrets.is_empty() {
        return Vec::new();
    }
    let (mut known_secrets, mut known_jobs) = (secrets, jobs);
    for entry in &facts.verify.harmless {
        match entry {
            verify::Harmless::Secrets(pattern) => known_secrets.insert(pattern.clone()),
            verify::Harmless::Job { .. } => known_jobs.insert(entry.to_string()),
        };
    }
    known_secrets.into_iter().chain(known_jobs).collect()
}

/// Findings on a job besides whether it is held back.
fn small(job: &JobEntry, finding: Option<&Finding>, facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    if matches!(job.verdict, Verdict::Env | Verdict::Set) && finding.is_none_or(|finding| finding.code != Code::NearMissEnvironment) {
        for name in &job.environments {
            if let Some(near) = near_miss(name, facts, facts.environments.keys()) {
                let finding = on_job(Code::NearMissEnvironment, job, format!("{} runs in `{name}`, which is not `{near}`", job.path));
                found.push(finding.fix(format!("write `environment: {near}`, or declare `{name}` in gate.toml")).about(near));
            }
        }
    }
    if job.verdict == Verdict::Invalid {
        found.push(on_job(Code::InvalidWorkflow, job, job.why_invalid()));
    }
    if job.details.mixed_condition && !matches!(job.verdict, Verdict::Skipped | Verdict::Invalid) {
        found.push(on_job(
            Code::MixedCondition,
            job,
            format!("{} has an `if` that always holds: it mixes text and `${{{{ }}}}`", job.path),
        ));
    }
    if job.details.unrecorded && job.names().any(|name| facts.is_gate(&name)) {
        found.push(on_job(Code::NoDeploymentRecord, job, format!("{} sets `deployment: false`", job.path)));
    }
    let called = job.elsewhere().and_then(|named| Some((named.without_ref, named.git_ref?)));
    if let Some((path, git_ref)) = called.filter(|_| job.verdict != Verdict::Skipped)
        && !(git_ref.len() == 40 && git_ref.chars().all(|c| c.is_ascii_hexdigit()))
        && (job.can_deploy || finding.is_some())
        && !facts.verify.trusts(path)
    {
        found.push(on_job(Code::UnpinnedWorkflow, job, format!("{} comes from {path} at `{git_ref}`, which may move", job.path)));
    }
    found
}
