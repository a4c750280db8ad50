//! Scenarios that gate.toml declares: only a proof passes.

use super::names::near_miss;
use super::{Check, on_job, same_path};
use crate::desired::github::BranchPolicy;
use crate::desired::workflows::{Expectation, Expected, When};
use crate::findings::{Code, Finding, Severity};
use crate::model::EnvName;
use crate::workflows::model::{RefFilter, Trigger, Workflow};
use crate::workflows::refs::{Admission, explain};
use crate::workflows::resolve::{JobEntry, Verdict};
use crate::workflows::scenario::{Scenario, declared, derived, words};

impl<'a> Check<'a> {
    pub(super) fn expectation(&mut self, expectation: &'a Expectation) {
        for want in expectation.expect.environments() {
            self.reaches(expectation, want);
        }
    }

    fn reaches(&mut self, expectation: &'a Expectation, want: &EnvName) {
        let workflow = match self.find(expectation) {
            None => {
                let finding =
                    Finding::new(Code::MissingWorkflow, format!("{} is declared in gate.toml and is not there", expectation.file));
                let finding = match self.similar(&expectation.file) {
                    Some(near) => finding.fix(format!("correct `file` in gate.toml: did you mean {near}?")),
                    None => finding,
                };
                return self.findings.push(finding.in_file(expectation.file.clone()).about(want));
            }
            // The file's own finding says why, and decides.
            Some((_, Err(_))) => return,
            Some((_, Ok(workflow))) => workflow,
        };
        if expectation.when.is_empty() {
            let all = derived(workflow, self.facts);
            if all.is_empty() {
                let message = format!("no event starts {} by itself, so nothing of it can be proven", workflow.path);
                self.findings.push(Finding::new(Code::NeverTriggered, message).in_file(workflow.path.clone()).at(1, 1).about(want));
            }
            for scenario in all {
                self.scenario(workflow, &scenario, &expectation.expect, want);
            }
        }
        for when in &expectation.when {
            self.declared(workflow, when, &expectation.expect, want);
        }
    }

    fn declared(&mut self, workflow: &'a Workflow, when: &When, expect: &Expected, want: &EnvName) {
        match declared(workflow, when, self.facts) {
            Ok(scenario) => self.scenario(workflow, &scenario, expect, want),
            Err(problem) => {
                self.report(workflow, &words(when), Some(expect), Vec::new());
                let message = format!("`{}` does not start {}: {}", words(when), workflow.path, problem.why);
                let finding = Finding::new(Code::NeverTriggered, message).about(want);
                self.findings.push(finding.in_file(workflow.path.clone()).at(problem.pos.line, problem.pos.col));
            }
        }
    }

    fn scenario(&mut self, workflow: &'a Workflow, scenario: &Scenario, expect: &Expected, want: &EnvName) {
        let jobs = self.resolve(workflow, scenario);
        let mut found: Vec<Finding> = jobs.iter().flat_map(|job| self.judge(job, scenario, want)).collect();
        let reached = jobs.iter().any(|job| is_env(job, want));
        // Refs that no trigger names are tried for jobs that go astray; that nothing deploys from them is as it should be.
        if !scenario.named_ref && found.is_empty() {
            return;
        }
        if !reached && scenario.named_ref && !found.iter().any(|finding| finding.severity == Severity::Error) {
            found.push(nothing_reached(workflow, scenario, want, &jobs));
        }
        if reached {
            found.extend(ref_refused(self.facts.environments.get(want), workflow, scenario, want));
        }
        self.findings.extend(found);
        self.report(workflow, &scenario.label, Some(expect), jobs);
    }

    /// What one job means for the expectation.
    fn judge(&self, job: &JobEntry, scenario: &Scenario, want: &EnvName) -> Vec<Finding> {
        let mut found = Vec::new();
        let says = |what: &str| format!("on `{}`, {} {what}", scenario.label, job.path);
        let deploys = job.details.evidence.iter().max_by_key(|evidence| evidence.reach).map(|evidence| evidence.reason.as_str());
        match job.verdict {
            Verdict::Skipped => return found,
            Verdict::Env if is_env(job, want) => {
                if job.details.unrecorded {
                    found.push(on_job(Code::NoDeploymentRecord, job, says("sets `deployment: false`")));
                }
            }
            Verdict::Env => found.push(self.elsewhere(job, want, &says)),
            Verdict::Set if !job.environments.iter().any(|name| name.is_empty() || same(name, want)) => {
                found.push(self.elsewhere(job, want, &says));
            }
            Verdict::Set => {
                let may = if job.environments.iter().any(String::is_empty) {
                    "may run in no environment"
                } else {
                    "may run in several environments"
                };
                found.push(on_job(Code::UnresolvedEnvironment, job, says(&format!("{may}: {}", job.reason))));
            }
            Verdict::Unknown if job.details.remote => {
                found.push(on_job(Code::RemoteWorkflow, job, says(&format!("is unknown: {}", job.reason))));
            }
            Verdict::Unknown => found.push(on_job(Code::UnresolvedEnvironment, job, says(&format!("is unknown: {}", job.reason)))),
            Verdict::Invalid => {
                let finding = on_job(Code::InvalidWorkflow, job, format!("GitHub rejects this workflow: {}", job.reason));
                found.push(finding.severity(Severity::Error));
            }
            Verdict::ViaNeeds => {
                if let Some(why) = deploys {
                    let what = format!("has no environment and only waits for a job in {}; {why}", job.environments.join(", "));
                    found.push(on_job(Code::UpstreamGate, job, says(&what)));
                }
            }
            Verdict::None if job.details.loose_gates.is_empty() => {
                if let Some(why) = deploys {
                    let finding = on_job(Code::UngatedJob, job, says(&format!("has no environment, and {why} ({})", job.reason)));
                    found.push(finding.fix(format!("add `environment: {want}` to the job `{}` in {}", job.job, job.details.file)));
                }
            }
            Verdict::None => {
                if let Some(why) = deploys {
                    let gates = job.details.loose_gates.join(", ");
                    let what = format!("may run although the job in {gates} that it waits for was rejected, and {why}");
                    found.push(on_job(Code::UpstreamGateBypass, job, says(&what)));
                }
            }
        }
        if job.details.mixed_condition {
            found.push(on_job(Code::MixedCondition, job, says("has an `if` that always holds: it mixes text and `${{ }}`")));
        }
        found.into_iter().map(|finding| finding.about(want)).collect()
    }

    /// A job in other environments than the declared one.
    fn elsewhere(&self, job: &JobEntry, want: &EnvName, says: &impl Fn(&str) -> String) -> Finding {
        let names = job.environments.join(", ");
        let declared = [want].into_iter().chain(self.facts.environments.keys());
        match job.environments.iter().find_map(|name| near_miss(name, declared.clone())) {
            Some(near) => {
                let finding = on_job(Code::NearMissEnvironment, job, says(&format!("runs in `{names}`, which is not `{near}`")));
                finding.severity(Severity::Error).fix(format!("write `environment: {near}`"))
            }
            None => on_job(Code::WrongEnvironment, job, says(&format!("runs in `{names}`, not in `{want}` ({})", job.reason))),
        }
    }

    /// The file that was probably meant.
    fn similar(&self, file: &str) -> Option<&'a str> {
        let stem = |path: &str| path.rsplit('/').next().unwrap_or_default().trim_end_matches(".yaml").trim_end_matches(".yml").to_owned();
        self.files
            .keys()
            .map(String::as_str)
            .filter(|path| !same_path(path, file) && strsim::damerau_levenshtein(&stem(path), &stem(file)) <= 2)
            .min_by_key(|path| strsim::damerau_levenshtein(path, file))
    }
}

fn same(name: &str, want: &EnvName) -> bool {
    EnvName::new(name).is_ok_and(|name| name == *want)
}

fn is_env(job: &JobEntry, want: &EnvName) -> bool {
    job.verdict == Verdict::Env && job.environments.iter().all(|name| same(name, want))
}

fn nothing_reached(workflow: &Workflow, scenario: &Scenario, want: &EnvName, jobs: &[JobEntry]) -> Finding {
    let running: Vec<&JobEntry> = jobs.iter().filter(|job| job.verdict != Verdict::Skipped).collect();
    let why = match running.as_slice() {
        [] => "no job runs".to_owned(),
        some => some.iter().map(|job| format!("{}: {}", job.path, job.reason)).collect::<Vec<_>>().join("; "),
    };
    let message = format!("on `{}`, no job of {} runs in `{want}` ({why})", scenario.label, workflow.path);
    match running.first().or(jobs.first().as_ref()) {
        Some(job) => {
            let finding = on_job(Code::NoGatedJob, job, message).about(want);
            finding.fix(format!("add `environment: {want}` to the job that deploys, in the file that has its steps"))
        }
        None => Finding::new(Code::NoGatedJob, message).in_file(workflow.path.clone()).at(scenario.pos.line, scenario.pos.col).about(want),
    }
}

/// The finding that a scenario's ref may not deploy to an environment, when its declared policy refuses it.
pub(super) fn ref_refused(
    policy: Option<&Option<BranchPolicy>>,
    workflow: &Workflow,
    scenario: &Scenario,
    want: &EnvName,
) -> Option<Finding> {
    let (policy, git_ref) = (policy?.as_ref()?, scenario.git_ref.as_deref()?);
    let Admission::Refused(why) = explain(policy, git_ref) else { return None };
    let message = format!("on `{}`, {git_ref} cannot deploy to `{want}`: {why}", scenario.label);
    let finding =
        Finding::new(Code::RefRefused, message).in_file(workflow.path.clone()).at(scenario.pos.line, scenario.pos.col).about(want);
    let patterns = workflow.trigger(&scenario.event).map(|trigger| patterns(trigger, git_ref)).unwrap_or_default();
    if patterns.is_empty() {
        return Some(finding);
    }
    let key = if git_ref.starts_with("refs/tags/") { "tags" } else { "branches" };
    let list = patterns.iter().map(|pattern| format!("\"{pattern}\"")).collect::<Vec<_>>().join(", ");
    Some(
        finding
            .fix(format!("declare {key} = [{list}] in the deployment_branch_policy of `{want}`, beside the refs that it admits already")),
    )
}

/// The patterns of the filter that lets a ref through.
fn patterns<'t>(trigger: &'t Trigger, git_ref: &str) -> Vec<&'t str> {
    let filter = if git_ref.starts_with("refs/tags/") { &trigger.tags } else { &trigger.branches };
    match filter {
        RefFilter::Only(patterns) => patterns.iter().map(|pattern| pattern.as_str()).filter(|pattern| !pattern.starts_with('!')).collect(),
        RefFilter::Absent | RefFilter::Ignore(_) => Vec::new(),
    }
}
