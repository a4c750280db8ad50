//! `check`: every workflow file against what gate.toml declares, offline.
//!
//! Owns which scenarios are checked, and what passes. Pure: files and facts in, a report out.
//! Tested in its `tests.rs` and by `tests/verify/`.

mod case;
mod checkouts;
mod compensation;
mod credentials;
mod expected;
mod judge;
mod names;
mod place;
mod population;
mod propose;
mod runs;
mod trust;

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::facts::Facts;
use super::model::{Problem, Workflow};
use super::resolve::{Files, JobEntry, Unread, WhyUnread, same_path};
use super::source::Unreadable;
use super::triggers::unclear;
use super::yaml::Pos;
use crate::desired::workflows::Expected;
use crate::findings::{Code, Finding, Severity, Verdict, verdict};
use crate::model::EnvName;

pub use compensation::{Compensation, compensation};
pub use propose::{Proposal, propose};

pub use crate::workflows::source::{Origin, SourceFile};

/// What `check` reports; its JSON is part of the interface.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckReport {
    /// Rises when the JSON breaks.
    pub format_version: &'static str,
    /// The worst of the findings.
    pub verdict: Verdict,
    /// What was read.
    pub covered: Covered,
    /// By file; declared scenarios before derived ones.
    pub workflows: Vec<ScenarioReport>,
    /// By file and line.
    pub findings: Vec<Finding>,
    /// The `[verify] harmless` list that would decide every undecided job, if none can deploy; empty if nothing is undecided
    /// that it could decide.
    #[serde(skip)]
    pub harmless: Vec<String>,
    /// For each gate, the secrets that deploys behind it use, each with the job that does or `gate.toml`.
    #[serde(skip)]
    pub secrets: BTreeMap<EnvName, BTreeMap<String, String>>,
}

/// How much a verdict covers: nothing is left out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Covered {
    /// Workflow files, also those that could not be read.
    pub files: usize,
    /// Jobs in them.
    pub jobs: usize,
    /// Those that can deploy in some run.
    pub can_deploy: usize,
    /// Those that could not be determined.
    pub unclassified: usize,
    /// Those that can deploy and run behind a declared gate.
    #[serde(skip)]
    pub gated: usize,
}

/// One scenario of one file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScenarioReport {
    /// The file's path.
    pub file: String,
    /// `push refs/tags/v1.2.3`.
    pub scenario: String,
    /// What gate.toml declares for it; `None` if the scenario follows from the file's triggers alone.
    pub expect: Option<Expected>,
    /// In the order of the file.
    pub jobs: Vec<JobEntry>,
}

/// Checks every file.
pub fn check(files: &Files, facts: &Facts) -> CheckReport {
    let mut check = Check { files, facts, workflows: Vec::new(), findings: Vec::new() };
    for (path, file) in files.iter() {
        check.file(path, file);
    }
    check.findings.extend(files.unread(facts).into_iter().map(unread));
    let (mut runs, refused) = runs::all(files, facts);
    let population = population::judge(&mut runs, files, facts);
    check.findings.extend(population.findings);
    let first = check.findings.len();
    for expectation in &facts.expectations {
        check.expectation(expectation, &runs, &refused);
    }
    once(&mut check.findings, first, facts);
    check.findings.extend(expected::refused(facts, &runs));
    check.findings.extend(expected::undeclared(facts));
    if facts.gates().next().is_none() && !facts.open.is_empty() {
        check
            .findings
            .push(Finding::new(Code::NothingGated, "every environment of gate.toml is declared open: nothing waits for a person"));
    }
    for refused in refused {
        check.report(refused.workflow, &refused.label, Some(&refused.expectation.expect), Vec::new());
    }
    for run in runs {
        check.report(run.workflow, &run.scenario.label, run.expectation.map(|expectation| &expectation.expect), run.jobs);
    }
    let Check { mut workflows, findings, .. } = check;
    workflows.sort_by(|a, b| a.file.cmp(&b.file).then_with(|| b.expect.is_some().cmp(&a.expect.is_some())));
    let findings = distinct(findings);
    let covered = Covered { files: files.iter().count(), ..population.covered };
    CheckReport {
        format_version: "1.1",
        verdict: verdict(&findings),
        covered,
        workflows,
        findings,
        harmless: population.harmless,
        secrets: population.secrets,
    }
}

struct Check<'a> {
    files: &'a Files,
    facts: &'a Facts,
    workflows: Vec<ScenarioReport>,
    findings: Vec<Finding>,
}

impl<'a> Check<'a> {
    /// Findings on a file that hold for every event.
    fn file(&mut self, path: &str, file: &Result<Workflow, Unreadable>) {
        let relied_on = self.facts.expectations.iter().any(|e| same_path(&e.file, path));
        let workflow = match file {
            Ok(workflow) => workflow,
            Err(error) => {
                let Unreadable { problem, fix } = error;
                let finding = placed(Code::UnreadableWorkflow, path, problem.pos, format!("{path} could not be read: {}", problem.why));
                return self.findings.push(fix.map_or(finding.clone(), |fix| finding.fix(fix)));
            }
        };
        let problems = workflow.problems.iter().chain(workflow.jobs.iter().flat_map(|job| &job.problems));
        self.findings.extend(problems.map(|problem| rejected(path, problem, relied_on)));
        for problem in workflow.triggers.iter().flat_map(unclear) {
            let finding = placed(Code::UnclearFilter, path, problem.pos, problem.why);
            self.findings.push(if relied_on { finding.severity(Severity::Error) } else { finding });
        }
        for unknown in &workflow.unknown_keys {
            let message = format!("`{}` in {} is not a key that GitHub knows", unknown.key.text, unknown.place);
            let finding = placed(Code::UnknownKey, path, unknown.key.pos, message);
            self.findings.push(match unknown.near {
                Some(near) => finding.fix(format!("write `{near}`")),
                None => finding.severity(Severity::Info),
            });
        }
    }

    fn report(&mut self, workflow: &Workflow, scenario: &str, expect: Option<&Expected>, jobs: Vec<JobEntry>) {
        let report = ScenarioReport { file: workflow.path.clone(), scenario: scenario.to_owned(), expect: expect.cloned(), jobs };
        self.workflows.push(report);
    }
}

/// GitHub rejects the file; if gate.toml relies on it, that is an error.
fn rejected(path: &str, problem: &Problem, relied_on: bool) -> Finding {
    let finding = placed(Code::InvalidWorkflow, path, problem.pos, format!("GitHub rejects this workflow: {}", problem.why));
    if relied_on { finding.severity(Severity::Error) } else { finding }
}

/// An action or a script that is not judged as a run would find it.
fn unread(unread: Unread) -> Finding {
    let name = &unread.name;
    let finding = |message: String| placed(Code::UnreadAction, &unread.file, unread.pos, message);
    match unread.why {
        WhyUnread::Absent => finding(format!("`{name}` was not read: it is judged by the secrets and identities that its steps get")),
        WhyUnread::AtRef(git_ref) => {
            finding(format!("a run uses `{name}` as it is at `{git_ref}`; gatectl judged the one that was read here"))
                .severity(Severity::Warning)
                .fix("name it as `./PATH`, so that a run uses the one of its own commit")
        }
        WhyUnread::Unreadable(Unreadable { problem, fix }) => {
            let finding = finding(format!("`{name}` could not be read: {}", problem.why)).severity(Severity::Error);
            fix.map_or(finding.clone(), |fix| finding.fix(fix))
        }
    }
}

/// A finding at a position of a file.
fn placed(code: Code, file: &str, pos: Pos, message: impl Into<String>) -> Finding {
    Finding::new(code, message).in_file(file).at(pos.line, pos.col)
}

/// A finding on a job.
fn on_job(code: Code, entry: &JobEntry, message: String) -> Finding {
    placed(code, &entry.details.file, Pos { line: entry.line, col: entry.details.col }, message)
}

/// A job outside its declared environment is reported once: by what it deploys with, else by the declaration. A finding stands for
/// another one only if it decides each environment that the other one does.
fn once(findings: &mut Vec<Finding>, first: usize, facts: &Facts) {
    let place = |finding: &Finding| (finding.file.clone(), finding.line, finding.col);
    let is_only = facts.gates().count() == 1;
    let stands_for = |one: &Finding, other: &Finding| {
        (is_only || one.environment.is_none() || one.environment == other.environment) && one.verdict() >= other.verdict()
    };
    let mut expected = findings.split_off(first);
    expected.retain(|finding| {
        let here = |other: &Finding| place(other) == place(finding) && other.severity == Severity::Error;
        if !matches!(finding.code, Code::NoGatedJob | Code::UnresolvedEnvironment) {
            return true;
        }
        // Between equals, the certain one says more, and the declaration says more than what is not decided.
        let says_more = |other: &Finding| other.verdict() == Verdict::Ungated || !stands_for(finding, other);
        if findings.iter().any(|other| here(other) && stands_for(other, finding) && says_more(other)) {
            return false;
        }
        findings.retain(|other| !(here(other) && stands_for(finding, other)));
        true
    });
    findings.append(&mut expected);
}

/// In the order of files and lines; each place is reported once, with its worst severity and every run that it occurs in.
fn distinct(mut findings: Vec<Finding>) -> Vec<Finding> {
    let place = |f: &Finding| (f.file.clone(), f.line, f.col, f.code);
    findings.sort_by(|a, b| place(a).cmp(&place(b)).then(b.severity.cmp(&a.severity)).then_with(|| a.environment.cmp(&b.environment)));
    let mut seen: HashMap<_, usize> = HashMap::new();
    let mut kept: Vec<Finding> = Vec::new();
    for finding in findings {
        // One place may be wrong in several ways and scenarios; everything else is reported once.
        let several = matches!(finding.code, Code::NeverTriggered | Code::InvalidWorkflow | Code::NoGatedJob);
        let environment = finding.environment.clone().filter(|_| finding.code != Code::InvalidWorkflow);
        let key = (place(&finding), environment, several.then(|| finding.message.clone()));
        match seen.get(&key).and_then(|at| kept.get_mut(*at)) {
            Some(known) => {
                for scenario in finding.scenarios {
                    if !known.scenarios.contains(&scenario) {
                        known.scenarios.push(scenario);
                    }
                }
            }
            None => {
                seen.insert(key, kept.len());
                kept.push(finding);
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests;
