//! The keys and event names that GitHub's workflow schema knows (`workflow-v1.0.json`, actions/languageservices, MIT).
//!
//! Owns the lists and the near match. A key that is missing here makes a hint wrong, never a verdict.

use crate::desired::workflows::EVENTS;

/// Top-level keys.
pub(super) const WORKFLOW: &[&str] = &["on", "name", "description", "run-name", "defaults", "env", "permissions", "concurrency", "jobs"];

/// Keys of a job with steps.
pub(super) const STEPS_JOB: &[&str] = &[
    "needs",
    "if",
    "strategy",
    "name",
    "runs-on",
    "timeout-minutes",
    "cancel-timeout-minutes",
    "continue-on-error",
    "container",
    "services",
    "env",
    "environment",
    "permissions",
    "concurrency",
    "outputs",
    "defaults",
    "steps",
    "snapshot",
];

/// Keys of a job that calls a reusable workflow.
pub(super) const CALL_JOB: &[&str] = &["name", "uses", "with", "secrets", "needs", "if", "permissions", "concurrency", "strategy"];

/// Keys of `environment`.
pub(super) const ENVIRONMENT: &[&str] = &["name", "url", "deployment"];

/// Keys of a declared input.
pub(super) const INPUT: &[&str] = &["description", "type", "required", "default", "options", "deprecationMessage"];

/// What a workflow may name as an event: what starts a run, a call, and what GitHub has not sent for years.
pub(super) fn events() -> Vec<&'static str> {
    const OTHERS: [&str; 5] = ["project", "project_card", "project_column", "pull_request_comment", "workflow_call"];
    EVENTS.iter().copied().chain(OTHERS).collect()
}

/// Keys under `on.<event>`.
pub(super) fn of_event(event: &str) -> &'static [&'static str] {
    match event {
        "push" => &["branches", "branches-ignore", "tags", "tags-ignore", "paths", "paths-ignore"],
        "pull_request" | "pull_request_target" => &["types", "branches", "branches-ignore", "paths", "paths-ignore"],
        "workflow_run" => &["types", "workflows", "branches", "branches-ignore"],
        "merge_group" => &["types", "branches", "branches-ignore"],
        "workflow_dispatch" => &["inputs"],
        "workflow_call" => &["inputs", "outputs", "secrets"],
        "image_version" => &["types", "names", "versions"],
        _ => &["types"],
    }
}

/// The known word that the author probably meant: at most two edits away, and not most of the word.
pub(super) fn near(word: &str, known: &[&'static str]) -> Option<&'static str> {
    let word = word.to_lowercase();
    known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(&word, known), *known))
        .filter(|(distance, known)| *distance <= 2 && distance * 3 <= known.len().max(3))
        .min()
        .map(|(_, known)| known)
}
