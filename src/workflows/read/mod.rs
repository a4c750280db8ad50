//! Turns a YAML tree into a [`Workflow`].
//!
//! Owns what GitHub accepts: scalar or list, which keys, what it rejects and why. Never gives up on a file for one
//! wrong part: that part becomes a [`Problem`], and everything else is still read.

mod job;
mod on;

use super::keys;
use super::model::{Problem, Step, Text, UnknownKey, Workflow};
use super::yaml::{self, Data, Key, Node, YamlError};

/// Reads a workflow file.
///
/// # Errors
/// When the text is not YAML; such a file is undetermined, not absent.
pub fn read(path: &str, text: &str) -> Result<Workflow, YamlError> {
    let root = yaml::parse(text)?;
    let mut workflow = Workflow {
        path: path.to_owned(),
        triggers: Vec::new(),
        jobs: Vec::new(),
        env: root.get("env").cloned(),
        permissions: root.get("permissions").cloned(),
        shell: of_defaults(&root, "shell"),
        working_directory: of_defaults(&root, "working-directory"),
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
        Some(node) => job::jobs(node, &mut workflow),
        None => workflow.problems.push(Problem { pos: root.pos, why: "`jobs` is missing".to_owned() }),
    }
    Ok(workflow)
}

/// The steps of a composite action's `runs`; what is wrong with them is GitHub's to say when it runs them.
#[must_use]
pub(super) fn steps_of(runs: &Node) -> Vec<Step> {
    job::steps(runs, &mut Vec::new())
}

/// The scalar of a node, as text with a position.
fn text(node: &Node) -> Option<Text> {
    node.scalar().map(|scalar| Text { scalar: scalar.clone(), pos: node.pos })
}

/// The scalar under a key; a collection there is a problem.
fn scalar(node: &Node, key: &str, problems: &mut Vec<Problem>) -> Option<Text> {
    let value = node.get(key)?;
    let text = text(value);
    if text.is_none() {
        problems.push(Problem { pos: value.pos, why: format!("`{key}` is {} and must be a scalar", value.kind_name()) });
    }
    text
}

/// The scalars under a key that takes one or a list of them; anything else there is a problem, and a null is not a key.
fn scalars(node: &Node, key: &str, problems: &mut Vec<Problem>) -> Option<Vec<Text>> {
    let value = node.get(key).filter(|value| !value.is_null())?;
    let texts: Vec<Text> = value.items().iter().filter_map(text).filter(|t| !t.as_str().is_empty()).collect();
    if texts.len() != value.items().len() {
        problems.push(Problem { pos: value.pos, why: format!("`{key}` must be a non-empty string or a list of them") });
    }
    Some(texts)
}

/// Names and scalars of a mapping; values that are collections are left out and are a problem.
fn pairs(node: Option<&Node>, key: &str, problems: &mut Vec<Problem>) -> Vec<(Key, Text)> {
    let Some(node) = node.filter(|node| !node.is_null()) else { return Vec::new() };
    let Data::Mapping(entries) = &node.data else {
        problems.push(Problem { pos: node.pos, why: format!("`{key}` is {} and must be a mapping", node.kind_name()) });
        return Vec::new();
    };
    let mut found = Vec::new();
    for (name, value) in entries {
        match text(value) {
            Some(text) => found.push((name.clone(), text)),
            None => problems.push(Problem { pos: value.pos, why: format!("`{key}.{}` must be a scalar", name.text) }),
        }
    }
    found
}

fn check_keys(entries: &[(Key, Node)], known: &[&'static str], place: &str, unknown: &mut Vec<UnknownKey>) {
    for (key, _) in entries.iter().filter(|(key, _)| !known.contains(&key.text.as_str())) {
        unknown.push(UnknownKey { key: key.clone(), place: place.to_owned(), near: keys::near(&key.text, known) });
    }
}

/// A key of `defaults.run`.
fn of_defaults(node: &Node, key: &str) -> Option<Text> {
    text(node.get("defaults")?.get("run")?.get(key)?)
}

#[cfg(test)]
mod tests;
