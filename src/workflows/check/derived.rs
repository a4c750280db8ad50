//! Scenarios that nobody declared: whatever a file's triggers can start must not deploy past the gates.

use std::collections::HashMap;

use super::expected::ref_refused;
use super::names::near_miss;
use super::{Check, on_job};
use crate::findings::{Code, Finding, Severity};
use crate::model::EnvName;
use crate::workflows::deploys::Reach;
use crate::workflows::model::{RefFilter, Workflow};
use crate::workflows::resolve::{JobEntry, Verdict};
use crate::workflows::scenario::{Scenario, derived};

impl<'a> Check<'a> {
    pub(super) fn derived(&mut self, workflow: &'a Workflow, known: &Known) {
        let mut seen: Vec<(Scenario, Vec<JobEntry>)> = Vec::new();
        for scenario in derived(workflow, self.facts) {
            let jobs = self.resolve(workflow, &scenario);
            if seen.iter().any(|(other, others)| is_probe_of(&scenario, other) && same(&jobs, others)) {
                continue;
            }
            let mut found: Vec<Finding> = jobs.iter().flat_map(|job| self.suspect(job, &scenario)).collect();
            found.extend(self.refused(workflow, &scenario, &jobs));
            self.findings.extend(found.into_iter().filter(|finding| !known.covers(finding)));
            seen.push((scenario, jobs));
        }
        let is_declared = |label: &str| self.workflows.iter().any(|r| r.expect.is_some() && r.file == workflow.path && r.scenario == label);
        seen.retain(|(scenario, _)| !is_declared(&scenario.label));
        for (scenario, jobs) in seen {
            self.report(workflow, &scenario.label, None, jobs);
        }
    }

    /// What one job means where nothing is declared.
    fn suspect(&self, job: &JobEntry, scenario: &Scenario) -> Vec<Finding> {
        let mut found = Vec::new();
        let says = |what: &str| format!("on `{}`, {} {what}", scenario.label, job.path);
        let declared = |name: &str| EnvName::new(name).is_ok_and(|name| self.facts.environments.contains_key(&name));
        if job.verdict == Verdict::Invalid {
            found.push(on_job(Code::InvalidWorkflow, job, format!("GitHub rejects this workflow: {}", job.reason)));
        }
        let deploys_declared = job.details.evidence.iter().any(|evidence| evidence.reach == Reach::Declared);
        if matches!(job.verdict, Verdict::Env | Verdict::Set) {
            for name in &job.environments {
                if let Some(near) = near_miss(name, self.facts.environments.keys()) {
                    let finding = on_job(Code::NearMissEnvironment, job, says(&format!("runs in `{name}`, which is not `{near}`")));
                    // Whatever gate `production` has, an environment of another spelling has none of it.
                    let finding = if deploys_declared { finding.severity(Severity::Error) } else { finding };
                    found.push(finding.fix(format!("write `environment: {near}`, or declare `{name}` in gate.toml")).about(near));
                }
            }
        }
        if job.details.mixed_condition && job.verdict != Verdict::Skipped {
            found.push(on_job(Code::MixedCondition, job, says("has an `if` that always holds: it mixes text and `${{ }}`")));
        }
        let strongest = job.details.evidence.iter().filter(|evidence| evidence.reach > Reach::Other).max_by_key(|evidence| evidence.reach);
        let Some(evidence) = strongest else { return found };
        let severity = if evidence.reach == Reach::Declared { Severity::Error } else { Severity::Warning };
        let why = &evidence.reason;
        match job.verdict {
            Verdict::None if job.details.loose_gates.is_empty() => {
                let finding = on_job(Code::UngatedDeploy, job, says(&format!("passes through no environment, and {why} ({})", job.reason)));
                found.push(finding.severity(severity));
            }
            Verdict::None => {
                let gates = job.details.loose_gates.join(", ");
                let what = format!("may run although the job in {gates} that it waits for was rejected, and {why}");
                found.push(on_job(Code::UpstreamGateBypass, job, says(&what)).severity(severity));
            }
            Verdict::ViaNeeds => {
                let what = format!("has no environment and only waits for a job in {}; {why}", job.environments.join(", "));
                let severity = if job.environments.iter().any(|name| declared(name)) { Severity::Warning } else { severity };
                found.push(on_job(Code::UpstreamGate, job, says(&what)).severity(severity));
            }
            Verdict::Set if job.environments.iter().any(String::is_empty) => {
                let what = format!("may run in no environment ({}), and {why}", job.reason);
                found.push(on_job(Code::UnresolvedEnvironment, job, says(&what)).severity(severity));
            }
            Verdict::Unknown => {
                let code = if job.details.remote { Code::RemoteWorkflow } else { Code::UnresolvedEnvironment };
                found.push(on_job(code, job, says(&format!("is unknown ({}), and {why}", job.reason))).severity(severity));
            }
            Verdict::Env if found.is_empty() && !job.environments.iter().any(|name| declared(name)) => {
                // The declared app belongs to a declared gate; another environment's may be none.
                if let Some(app) = job.details.evidence.iter().find_map(|evidence| evidence.app.as_ref()) {
                    let what = format!("deploys {app} in `{}`, which gate.toml does not declare", job.environments.join(", "));
                    let finding = on_job(Code::UngatedDeploy, job, says(&what)).severity(Severity::Warning);
                    found.push(finding.fix("declare the environment in gate.toml, or use a declared one"));
                }
            }
            Verdict::Env | Verdict::Set | Verdict::Skipped | Verdict::Invalid => {}
        }
        found
    }

    /// A push that the file's own filter asks for, on a ref that the environment's policy refuses.
    fn refused(&self, workflow: &Workflow, scenario: &Scenario, jobs: &[JobEntry]) -> Vec<Finding> {
        let Some(git_ref) = scenario.git_ref.as_deref().filter(|_| scenario.event == "push" && scenario.named_ref) else {
            return Vec::new();
        };
        let Some(trigger) = workflow.trigger("push") else { return Vec::new() };
        let filter = if git_ref.starts_with("refs/tags/") { &trigger.tags } else { &trigger.branches };
        if !matches!(filter, RefFilter::Only(_)) {
            return Vec::new();
        }
        let reached = self.facts.environments.iter().filter(|(name, _)| {
            jobs.iter()
                .any(|job| job.verdict == Verdict::Env && job.environments.iter().any(|n| EnvName::new(n).is_ok_and(|n| n == **name)))
        });
        reached.filter_map(|(name, policy)| ref_refused(Some(policy), workflow, scenario, name)).collect()
    }
}

/// What declared scenarios have said already, by place.
pub(super) struct Known(HashMap<Place, Vec<Finding>>);

type Place = (Option<String>, Option<usize>, Option<usize>);

impl Known {
    pub(super) fn of(findings: &[Finding]) -> Self {
        let mut known: HashMap<Place, Vec<Finding>> = HashMap::new();
        for finding in findings.iter().filter(|finding| finding.environment.is_some()) {
            known.entry(place(finding)).or_default().push(finding.clone());
        }
        Self(known)
    }

    /// Whether as much has been said of the same place.
    fn covers(&self, finding: &Finding) -> bool {
        let topic = |code: Code| code == finding.code || (is_of_the_gate(code) && is_of_the_gate(finding.code));
        let as_bad = |said: &Finding| said.severity >= finding.severity && said.verdict() >= finding.verdict();
        self.0.get(&place(finding)).is_some_and(|said| said.iter().any(|said| topic(said.code) && as_bad(said)))
    }
}

fn place(finding: &Finding) -> Place {
    (finding.file.clone(), finding.line, finding.col)
}

/// Codes that say, each in its way, that a job may pass the gate by.
fn is_of_the_gate(code: Code) -> bool {
    matches!(
        code,
        Code::UngatedJob
            | Code::UngatedDeploy
            | Code::UpstreamGate
            | Code::UpstreamGateBypass
            | Code::UnresolvedEnvironment
            | Code::RemoteWorkflow
            | Code::NoGatedJob
    )
}

/// Whether a scenario is worth showing beside another one only if it comes to something else: the same event, and the same
/// ref, or one that no filter names.
fn is_probe_of(scenario: &Scenario, other: &Scenario) -> bool {
    scenario.event == other.event && (!scenario.named_ref || scenario.git_ref == other.git_ref && scenario.base == other.base)
}

fn same(a: &[JobEntry], b: &[JobEntry]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.path == b.path && a.verdict == b.verdict && a.environments == b.environments)
}
