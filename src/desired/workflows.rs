//! `[[workflows]]` of gate.toml: what must resolve to which environment.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::EnvName;

/// One `[[workflows]]` table.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// The workflow's path in the repository, with `/`: `.github/workflows/deploy.yml`.
    pub file: String,
    /// What its jobs must resolve to.
    pub expect: Expected,
    /// The scenarios in which they must; empty means every declared trigger of the file.
    pub when: Vec<When>,
}

/// What the jobs of a workflow must resolve to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// `environment`: each of these must be reached by a job or by a leg of its matrix. In the order of the file, never empty.
    Environments(Vec<EnvName>),
    /// `jobs`: each of these jobs must resolve to exactly this; `None` is `"none"`, no environment at all.
    Jobs(BTreeMap<String, Option<EnvName>>),
}

impl Expected {
    /// How `jobs` writes that a job has no environment.
    pub const NONE: &str = "none";

    /// Every environment it names, in the order of the file.
    pub fn environments(&self) -> impl Iterator<Item = &EnvName> + Clone {
        let (listed, by_job) = match self {
            Self::Environments(names) => (Some(names), None),
            Self::Jobs(jobs) => (None, Some(jobs)),
        };
        listed.into_iter().flatten().chain(by_job.into_iter().flat_map(|jobs| jobs.values().flatten()))
    }
}

/// As reports write it: `"production"`, `["staging","production"]` or `{"deploy":"production","docs":"none"}`.
impl Serialize for Expected {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Environments(names) => match names.as_slice() {
                [only] => only.serialize(serializer),
                several => several.serialize(serializer),
            },
            Self::Jobs(jobs) => {
                serializer.collect_map(jobs.iter().map(|(job, name)| (job, name.as_ref().map_or(Self::NONE, EnvName::as_str))))
            }
        }
    }
}

/// One concrete way in which a run starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct When {
    /// GitHub's name of the event: `push`, `workflow_dispatch`, `schedule`, …
    pub event: String,
    /// The full ref of the run (`refs/heads/main`, `refs/tags/v1.2.3`); none means the default branch.
    pub git_ref: Option<String>,
    /// Inputs of a dispatch; those not named take their defaults.
    pub inputs: BTreeMap<String, InputValue>,
}

/// A dispatch input as gate.toml writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum InputValue {
    /// `true`, `false`.
    Bool(bool),
    /// A number.
    Number(f64),
    /// Text.
    String(String),
}

/// The events that start a run. `workflow_call` is not among them: the calling workflow's event starts it.
pub const EVENTS: &[&str] = &[
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
    "public",
    "pull_request",
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
    "workflow_dispatch",
    "workflow_run",
];
