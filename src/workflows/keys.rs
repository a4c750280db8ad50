//! The keys and event names that GitHub's workflow schema knows (`workflow-v1.0.json`, actions/languageservices, MIT).
//!
//! Owns the lists and the near match. A key that is missing here makes a hint wrong, never a verdict.

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

/// Events.
pub(super) const EVENTS: &[&str] = &[
    "branch_protection_rule",
    "check_run",
    "check_suite",
    "create",
    "delete",
    "deployment",
    "deployment_status",
    "discussion",
    "discussion_comment",
    "fork",
    "gollum",
    "image_version",
    "issue_comment",
    "issues",
    "label",
    "merge_group",
    "milestone",
    "page_build",
    "project",
    "project_card",
    "project_column",
    "public",
    "pull_request",
    "pull_request_comment",
    "pull_request_review",
    "pull_request_review_comment",
    "pull_request_target",
    "push",
    "registry_package",
    "release",
    "repository_dispatch",
    "schedule",
    "status",
    "watch",
    "workflow_call",
    "workflow_dispatch",
    "workflow_run",
];

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

/// The known word that was probably meant: at most two edits away, and not most of the word.
pub(super) fn near(word: &str, known: &[&'static str]) -> Option<&'static str> {
    let word = word.to_lowercase();
    known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(&word, known), *known))
        .filter(|(distance, known)| *distance <= 2 && distance * 3 <= known.len().max(3))
        .min()
        .map(|(_, known)| known)
}
