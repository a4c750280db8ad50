//! What `[[workflows]]` declares: the environments that a file's jobs must resolve to.
//!
//! Owns whether an environment is reached. `population` decides whether anything deploys past it.

use super::names::near_miss;
use super::runs::{Refused, Run};
use super::{Check, on_job, placed};
use crate::desired::github::BranchPolicy;
use crate::desired::workflows::{Expectation, Expected};
use crate::findings::{Code, Finding, Severity};
use crate::model::EnvName;
use crate::workflows::facts::Facts;
use crate::workflows::model::{RefFilter, Trigger, Workflow};
use crate::workflows::refs::{Admission, explain};
use crate::workflows::resolve::{JobEntry, Verdict, same_path};
use crate::workflows::scenario::Scenario;
use crate::workflows::yaml::Pos;

impl<'a> Check<'a> {
    pub(super) fn expectation(&mut self, expectation: &'a Expectation, runs: &[Run<'a>], refused: &[Refused<'a>]) {
        let workflow = match self.files.declared(&expectation.file) {
            None => {
                let finding = Finding::new(Code::MissingWorkflow, "gate.toml declares this workflow, but the file does not exist");
                let finding = match self.similar(&expectation.file) {
                    Some(near) => finding.fix(format!("correct `file` in gate.toml: did you mean {near}?")),
                    None => finding,
                };
                return self.findings.push(of(expectation, finding.in_file(expectation.file.clone())));
            }
            // The finding on the file says why, and decides.
            Some(Err(_)) => return,
            Some(Ok(workflow)) => workflow,
        };
        for refused in refused.iter().filter(|refused| std::ptr::eq(refused.expectation, expectation)) {
            let message = format!("`{}` does not start {}: {}", refused.label, workflow.path, refused.problem.why);
            self.findings.push(of(expectation, placed(Code::NeverTriggered, &workflow.path, refused.problem.pos, message)));
        }
        let own: Vec<&Run<'_>> = runs.iter().filter(|run| run.expectation.is_some_and(|one| std::ptr::eq(one, expectation))).collect();
        if expectation.when.is_empty() {
            if own.is_empty() {
                let message = format!("no event starts {} directly, so nothing in it can be proven", workflow.path);
                self.findings.push(of(expectation, placed(Code::NeverTriggered, &workflow.path, Pos { line: 1, col: 1 }, message)));
            } else {
                self.findings.extend(reached(&own, expectation, workflow, self.facts));
            }
        } else {
            // Each scenario that is declared with `when` must reach the declared environment on its own.
            for run in own {
                self.findings.extend(reached(&[run], expectation, workflow, self.facts));
            }
        }
    }

    /// The file that the author probably meant.
    fn similar(&self, file: &str) -> Option<&'a str> {
        let stem = |path: &str| path.rsplit('/').next().unwrap_or_default().trim_end_matches(".yaml").trim_end_matches(".yml").to_owned();
        let paths = self.files.iter().map(|(path, _)| path.as_str());
        paths
            .filter(|path| !same_path(path, file) && strsim::damerau_levenshtein(&stem(path), &stem(file)) <= 2)
            .min_by_key(|path| strsim::damerau_levenshtein(path, file))
    }
}

/// A finding on an expectation: about its environment, if it has exactly one.
fn of(expectation: &Expectation, finding: Finding) -> Finding {
    let mut names = expectation.expect.environments();
    match (names.next(), names.next()) {
        (Some(only), None) => finding.about(only),
        _ => finding,
    }
}

/// The declared environments and jobs that some runs of a file do not reach.
fn reached(runs: &[&Run<'_>], expectation: &Expectation, workflow: &Workflow, facts: &Facts) -> Vec<Finding> {
    match &expectation.expect {
        Expected::Environments(names) => names.iter().filter_map(|want| environment(runs, want, workflow, facts)).collect(),
        Expected::Jobs(jobs) => jobs.iter().flat_map(|(id, want)| job(runs, id, want.as_ref(), workflow)).collect(),
    }
}

fn environment(runs: &[&Run<'_>], want: &EnvName, workflow: &Workflow, facts: &Facts) -> Option<Finding> {
    let jobs = || runs.iter().flat_map(|run| run.jobs.iter().map(move |job| (*run, job)));
    if jobs().any(|(_, job)| is_env(job, want)) {
        return None;
    }
    let label = runs.first().map_or("", |run| run.scenario.label.as_str());
    let maybe = |job: &JobEntry| {
        job.verdict == Verdict::Unknown || (job.verdict == Verdict::Set && job.environments.iter().any(|name| same(name, want)))
    };
    let finding = if let Some((run, job)) = jobs().find(|(_, job)| maybe(job)) {
        let code = if job.details.remote.is_some() { Code::RemoteWorkflow } else { Code::UnresolvedEnvironment };
        on_job(code, job, format!("whether {} runs in `{want}` is not known: {}", job.path, job.reason)).on_run(run.scenario.label.clone())
    } else if let Some((run, job)) = jobs().find(|(_, job)| job.verdict == Verdict::Invalid) {
        let finding = on_job(Code::InvalidWorkflow, job, job.why_invalid());
        finding.severity(Severity::Error).on_run(run.scenario.label.clone())
    } else if let Some((run, job)) =
        jobs().find(|(_, job)| job.environments.iter().any(|name| near_miss(name, facts, [want].into_iter()).is_some()))
    {
        let finding = on_job(
            Code::NearMissEnvironment,
            job,
            format!("{} runs in `{}`, which is not `{want}`", job.path, job.environments.join(", ")),
        );
        finding.severity(Severity::Error).fix(format!("write `environment: {want}`")).on_run(run.scenario.label.clone())
    } else {
        let running: Vec<&JobEntry> = jobs().map(|(_, job)| job).filter(|job| job.verdict != Verdict::Skipped).collect();
        let mut why: Vec<String> = Vec::new();
        for one in running.iter().map(|job| format!("{}: {}", job.path, job.reason)) {
            if !why.contains(&one) {
                why.push(one);
            }
        }
        let why = if why.is_empty() { "no job runs".to_owned() } else { why.join("; ") };
        let message = format!("no job of {} runs in `{want}` ({why})", workflow.path);
        let first = running.first().copied().or_else(|| jobs().map(|(_, job)| job).next());
        match first {
            Some(job) => on_job(Code::NoGatedJob, job, message)
                .fix(format!("add `environment: {want}` to the job that deploys, in the file that has its steps")),
            None => {
                let pos = runs.first().map(|run| run.scenario.pos)?;
                placed(Code::NoGatedJob, &workflow.path, pos, message)
            }
        }
        .on_run(label)
    };
    Some(finding.about(want))
}

/// What a job that is declared by its id resolves to instead.
fn job(runs: &[&Run<'_>], id: &str, want: Option<&EnvName>, workflow: &Workflow) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut ran = false;
    for run in runs {
        // A job that calls a workflow counts as the jobs it calls.
        let is_it =
            |job: &&JobEntry| job.details.chain.iter().any(|(file, known)| *file == workflow.path && known.eq_ignore_ascii_case(id));
        for job in run.jobs.iter().filter(is_it).filter(|job| job.verdict != Verdict::Skipped) {
            ran = true;
            let holds = match want {
                Some(want) => is_env(job, want),
                None => matches!(job.verdict, Verdict::None | Verdict::ViaNeeds),
            };
            if holds {
                continue;
            }
            let (path, reason) = (&job.path, &job.reason);
            let finding = match (job.verdict, want) {
                (Verdict::Unknown | Verdict::Set, Some(want)) => {
                    on_job(Code::UnresolvedEnvironment, job, format!("whether {path} runs in `{want}` is not known: {reason}"))
                }
                (Verdict::Unknown | Verdict::Set, None) => {
                    on_job(Code::UnresolvedEnvironment, job, format!("whether {path} runs without an environment is not known: {reason}"))
                }
                (_, Some(want)) => on_job(Code::WrongEnvironment, job, format!("{path} does not run in `{want}` ({reason})"))
                    .fix(format!("add `environment: {want}` to the job")),
                (_, None) => on_job(
                    Code::WrongEnvironment,
                    job,
                    format!("{path} runs in an environment, and gate.toml declares none for it ({reason})"),
                ),
            };
            let finding = finding.on_run(run.scenario.label.clone());
            found.push(match want {
                Some(want) => finding.about(want),
                None => finding,
            });
        }
    }
    if !ran && want.is_some() {
        let missing = workflow.job(id).is_none();
        let why = if missing { "there is no such job" } else { "it runs in no declared scenario" };
        let finding = Finding::new(Code::NoGatedJob, format!("gate.toml declares the job `{id}` of {}, and {why}", workflow.path));
        let pos = workflow.job(id).map_or_else(|| runs.first().map(|run| run.scenario.pos), |job| Some(job.pos));
        let finding = finding.in_file(workflow.path.clone()).fix("correct `jobs` in gate.toml, or the workflow");
        let finding = pos.map_or(finding.clone(), |pos| finding.at(pos.line, pos.col));
        found.push(want.map_or(finding.clone(), |want| finding.about(want)));
    }
    found
}

/// The environments that gate.toml declares and that no `[[workflows]]` names.
pub(super) fn undeclared(facts: &Facts) -> Vec<Finding> {
    if facts.environments.is_empty() && facts.expectations.is_empty() {
        return vec![
            Finding::new(Code::NothingDeclared, "gate.toml declares no environment and no [[workflows]]").severity(Severity::Error),
        ];
    }
    let expected: Vec<&EnvName> = facts.expectations.iter().flat_map(|expectation| expectation.expect.environments()).collect();
    let alone = facts.environments.keys().filter(|name| !facts.open.contains(*name) && !expected.contains(name));
    let message = |name| format!("no [[workflows]] of gate.toml names `{name}`, so it is not checked that the jobs that deploy reach it");
    alone.map(|name| Finding::new(Code::NothingDeclared, message(name)).about(name)).collect()
}

/// Runs that reach a gate on a ref which its declared policy refuses. What a declared run says about a place is enough.
pub(super) fn refused(facts: &Facts, runs: &[Run<'_>]) -> Vec<Finding> {
    let (declared, derived): (Vec<&Run<'_>>, Vec<&Run<'_>>) = runs.iter().partition(|run| run.expectation.is_some());
    let mut found: Vec<Finding> = declared.into_iter().flat_map(|run| refused_in(facts, run)).collect();
    let place = |finding: &Finding| (finding.file.clone(), finding.line, finding.col, finding.environment.clone());
    let said: Vec<_> = found.iter().map(place).collect();
    found.extend(derived.into_iter().flat_map(|run| refused_in(facts, run)).filter(|finding| !said.contains(&place(finding))));
    found
}

fn refused_in(facts: &Facts, run: &Run<'_>) -> Vec<Finding> {
    let (workflow, scenario) = (run.workflow, &run.scenario);
    if run.expectation.is_none() {
        // For undeclared runs, only a push that the file's own filter names is checked.
        let Some(git_ref) = scenario.git_ref.as_deref().filter(|_| scenario.event == "push" && scenario.named_ref) else {
            return Vec::new();
        };
        let Some(trigger) = workflow.trigger("push") else { return Vec::new() };
        let filter = if git_ref.starts_with("refs/tags/") { &trigger.tags } else { &trigger.branches };
        if !matches!(filter, RefFilter::Only(_)) {
            return Vec::new();
        }
    } else if !scenario.named_ref {
        return Vec::new();
    }
    let reached = facts.environments.iter().filter(|(name, _)| run.jobs.iter().any(|job| is_env(job, name)));
    reached.filter_map(|(name, policy)| ref_refused(Some(policy), workflow, scenario, name)).collect()
}

fn same(name: &str, want: &EnvName) -> bool {
    EnvName::new(name).is_ok_and(|name| name == *want)
}

pub(super) fn is_env(job: &JobEntry, want: &EnvName) -> bool {
    job.verdict == Verdict::Env && job.environments.iter().all(|name| same(name, want))
}

/// The finding that a scenario's ref may not deploy to an environment, when its declared policy refuses it.
fn ref_refused(policy: Option<&Option<BranchPolicy>>, workflow: &Workflow, scenario: &Scenario, want: &EnvName) -> Option<Finding> {
    let (policy, git_ref) = (policy?.as_ref()?, scenario.git_ref.as_deref()?);
    let Admission::Refused(why) = explain(policy, git_ref) else { return None };
    let message = format!("this ref cannot deploy to `{want}`: {why}");
    let finding = placed(Code::RefRefused, &workflow.path, scenario.pos, message).about(want).on_run(scenario.label.clone());
    let patterns = workflow.trigger(&scenario.event).map(|trigger| patterns(trigger, git_ref)).unwrap_or_default();
    if patterns.is_empty() {
        return Some(finding);
    }
    let key = if git_ref.starts_with("refs/tags/") { "tags" } else { "branches" };
    let list = patterns.iter().map(|pattern| format!("\"{pattern}\"")).collect::<Vec<_>>().join(", ");
    Some(finding.fix(format!("declare {key} = [{list}] in its deployment_branch_policy, in addition to the refs that it already admits")))
}

/// The patterns of the filter that lets a ref through.
fn patterns<'t>(trigger: &'t Trigger, git_ref: &str) -> Vec<&'t str> {
    let filter = if git_ref.starts_with("refs/tags/") { &trigger.tags } else { &trigger.branches };
    match filter {
        RefFilter::Only(patterns) => patterns.iter().map(|pattern| pattern.as_str()).filter(|pattern| !pattern.starts_with('!')).collect(),
        RefFilter::Absent | RefFilter::Ignore(_) => Vec::new(),
    }
}
