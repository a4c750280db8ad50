//! Which workflow applies gate.toml after a merge: for the comment on a pull request.
//!
//! Owns what counts as such a workflow. It is a courtesy to readers and proves nothing. Tested in this file.

use super::deploys::shell;
use super::model::{Step, Workflow};
use super::resolve::Files;
use super::triggers;

/// The first workflow that runs `gatectl apply` when this ref is pushed.
pub fn applied_by(files: &Files, pushed: &str) -> Option<String> {
    let applies = |workflow: &&Workflow| {
        triggers::starts(workflow, "push", pushed).is_ok() && workflow.jobs.iter().flat_map(|job| &job.steps).any(runs_apply)
    };
    files.workflows().find(applies).map(|workflow| workflow.path.clone())
}

fn runs_apply(step: &Step) -> bool {
    if let Some(action) = step.action() {
        return action.rsplit('/').next() == Some("gatectl") && step.input("command") == Some("apply");
    }
    let commands = shell::commands(step.run.as_ref().map_or("", |run| run.as_str()));
    commands.iter().any(|words| {
        let gatectl = words.first().is_some_and(|program| shell::program(program) == "gatectl");
        gatectl && words.iter().any(|word| word == "apply")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflows::source::SourceFile;

    fn files(text: &str) -> Files {
        Files::new([SourceFile::new(".github/workflows/gate-apply.yml", text)], None)
    }

    fn found(on: &str, step: &str) -> Option<String> {
        let text = format!("on: {on}\njobs:\n  apply:\n    runs-on: ubuntu-latest\n    steps:\n      - {step}\n");
        applied_by(&files(&text), "refs/heads/main")
    }

    #[test]
    fn a_workflow_applies_if_a_push_to_the_branch_runs_it() {
        let action = "{uses: acme/gatectl@v1, with: {command: apply}}";
        for step in [action, "run: ./bin/gatectl -c ops/gate.toml apply --auto-approve", "run: gatectl apply gate.plan"] {
            for on in ["push", "{push: {branches: [main], paths: [gate.toml]}}", "[push, workflow_dispatch]"] {
                assert!(found(on, step).is_some(), "{on} {step}");
            }
            for on in ["pull_request", "workflow_dispatch", "{push: {branches: [release]}}", "{push: {tags: ['v*']}}"] {
                assert_eq!(found(on, step), None, "{on} {step}");
            }
        }
        for step in
            ["{uses: acme/gatectl@v1, with: {command: plan}}", "run: gatectl plan", "run: 'echo gatectl apply'", "{uses: acme/apply@v1}"]
        {
            assert_eq!(found("push", step), None, "{step}");
        }
    }

    #[test]
    fn the_example_applies() {
        let text = include_str!("../../examples/workflows/gate-apply.yml");
        assert_eq!(applied_by(&files(text), "refs/heads/main").as_deref(), Some(".github/workflows/gate-apply.yml"));
    }
}
