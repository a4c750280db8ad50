//! Turns a YAML tree into a [`Workflow`].
//!
//! Owns what GitHub accepts: scalar or list, which keys, what it rejects and why. Never gives up on a file for one
//! wrong part: that part becomes a [`Problem`], and everything else is still read.
//! Tested in its `tests.rs`.

mod job;
mod keys;
mod nodes;
mod on;

use super::model::{Problem, Step, Workflow};
use super::yaml::{self, Node};
use nodes::check_keys;

/// Reads a workflow file.
///
/// # Errors
/// When the text is not YAML; such a file is undetermined, not absent.
pub fn read(path: &str, text: &str) -> Result<Workflow, Problem> {
    let root = yaml::parse(text)?;
    let mut workflow = Workflow {
        path: path.to_owned(),
        triggers: Vec::new(),
        jobs: Vec::new(),
        order: Vec::new(),
        env: root.get("env").cloned(),
        permissions: root.get("permissions").cloned(),
        problems: Vec::new(),
        unknown_keys: Vec::new(),
    };
    let Some(entries) = root.mapping() else {
        workflow.problems.push(Problem { pos: root.pos, why: format!("a workflow is a mapping, and this is {}", root.kind_name()) });
        return Ok(workflow);
    };
    check_keys(entries, keys::WORKFLOW, "the workflow", &mut workflow.unknown_keys);
    match root.get("on") {
        Some(node) => on::triggers(node, &mut workflow),
        None => workflow.problems.push(Problem { pos: root.pos, why: "`on` is missing: nothing starts this workflow".to_owned() }),
    }
    match root.get("jobs") {
        Some(node) => job::jobs(node, root.get("defaults"), &mut workflow),
        None => workflow.problems.push(Problem { pos: root.pos, why: "`jobs` is missing".to_owned() }),
    }
    Ok(workflow)
}

/// The steps of a composite action's `runs`; GitHub reports problems in them when it runs them.
pub(super) fn steps_of(runs: &Node) -> Vec<Step> {
    job::steps(runs, &mut Vec::new())
}

#[cfg(test)]
mod tests;
