//! Every run that the files' triggers allow, with its jobs.

use std::collections::BTreeSet;

use crate::desired::workflows::Expectation;
use crate::workflows::facts::Facts;
use crate::workflows::model::{Problem, Workflow};
use crate::workflows::resolve::{Files, JobEntry, resolve, same_path};
use crate::workflows::scenario::{Scenario, declared, derived, words};

/// One run: a scenario and its jobs.
pub(super) struct Run<'a> {
    pub(super) workflow: &'a Workflow,
    pub(super) scenario: Scenario,
    /// The `[[workflows]]` table that declares it.
    pub(super) expectation: Option<&'a Expectation>,
    pub(super) jobs: Vec<JobEntry>,
}

/// A declared scenario that cannot start its file.
pub(super) struct Refused<'a> {
    pub(super) workflow: &'a Workflow,
    pub(super) expectation: &'a Expectation,
    pub(super) label: String,
    pub(super) problem: Problem,
}

/// Every run: first those that gate.toml declares, then all that the triggers allow that have a different result.
pub(super) fn all<'a>(files: &'a Files, facts: &'a Facts) -> (Vec<Run<'a>>, Vec<Refused<'a>>) {
    let mut runs = Vec::new();
    let mut refused = Vec::new();
    for expectation in facts.expectations.iter().filter(|expectation| !expectation.when.is_empty()) {
        let Some(Ok(workflow)) = files.declared(&expectation.file) else { continue };
        for when in &expectation.when {
            match declared(workflow, when, facts) {
                Ok(scenario) => {
                    let jobs = resolve(files, workflow, &scenario, facts);
                    runs.push(Run { workflow, scenario, expectation: Some(expectation), jobs });
                }
                Err(problem) => refused.push(Refused { workflow, expectation, label: words(when), problem }),
            }
        }
    }
    for workflow in files.workflows() {
        let known: BTreeSet<String> =
            runs.iter().filter(|run| std::ptr::eq(run.workflow, workflow)).map(|run| run.scenario.label.clone()).collect();
        let expectation = facts.expectations.iter().find(|one| one.when.is_empty() && same_path(&one.file, &workflow.path));
        let mut seen: Vec<Run<'_>> = Vec::new();
        for scenario in derived(workflow, &files.reads(workflow, facts), facts) {
            let jobs = resolve(files, workflow, &scenario, facts);
            if !seen.iter().any(|other| is_probe_of(&scenario, &other.scenario) && same(&jobs, &other.jobs)) {
                seen.push(Run { workflow, scenario, expectation, jobs });
            }
        }
        runs.extend(seen.into_iter().filter(|run| run.expectation.is_some() || !known.contains(&run.scenario.label)));
    }
    (runs, refused)
}

/// Whether a scenario is shown in addition to another one only if it has a different result: the same event, and the same
/// ref, or one that no filter names.
fn is_probe_of(scenario: &Scenario, other: &Scenario) -> bool {
    scenario.event == other.event && (!scenario.named_ref || scenario.git_ref == other.git_ref && scenario.base == other.base)
}

fn same(a: &[JobEntry], b: &[JobEntry]) -> bool {
    let equal = |a: &JobEntry, b: &JobEntry| {
        a.path == b.path && a.verdict == b.verdict && a.environments == b.environments && a.details.holds == b.details.holds
    };
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
}
