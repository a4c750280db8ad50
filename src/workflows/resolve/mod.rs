//! Which environment each job of a scenario runs in.
//!
//! Owns the verdict on one job: its condition, its gates upstream, its matrix, the workflows it calls. What may run is
//! taken to run, what is not known is unknown. Must not know what gate.toml expects.
//! Tested in its `tests.rs`.

mod call;
mod condition;
mod environment;
mod files;
mod frame;
mod matrix;

use std::collections::BTreeSet;

use serde::Serialize;

use super::contexts::{Known, github};
use super::deploys::{Holds, Passed};
use super::expressions::{self, Error, Node, Reason, Resolved, Status, Value, Why};
use super::facts::Facts;
use super::model::{Text, Workflow};
use super::scenario::{Scenario, plain};
use super::yaml::NodeKind;

/// How many jobs one scenario may result in, called ones included; the rest is unknown.
const MAX_JOBS: usize = 10_000;

pub(super) use files::same_path;
pub use files::{Files, Unread, WhyUnread};
pub(super) use frame::needs_without;

/// What is known about the environment that a job runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Exactly one environment.
    Env,
    /// No environment.
    None,
    /// One of a few; possibly none.
    Set,
    /// Unknown.
    Unknown,
    /// The job does not run.
    Skipped,
    /// GitHub rejects the job.
    Invalid,
    /// No environment of its own, but it cannot start unless a job with one succeeded.
    ViaNeeds,
}

/// The verdict on one job, or on one leg of its matrix.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobEntry {
    /// The job's id in its own file.
    pub job: String,
    /// From the file that the event starts: `deploy.yml:deploy › x.yml:apply`.
    pub path: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The environments it is about; an empty name in a set means that the job may run without one.
    pub environments: Vec<String>,
    /// Whether it can deploy: it names an environment, or holds something that deploys.
    pub can_deploy: bool,
    /// The line of `environment`, or of the job, in its own file.
    pub line: usize,
    /// Why, in one sentence without a full stop.
    pub reason: String,
    /// Additional data for findings.
    #[serde(skip)]
    pub details: Details,
}

/// What findings need to know about a job besides its verdict.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Details {
    /// The path of the job's own file.
    pub file: String,
    /// The column that goes with the line.
    pub col: usize,
    /// Whether the job has an `environment`, if only an empty one.
    pub has_environment: bool,
    /// Whether an input decides which environment it is, or whether the job runs.
    pub by_input: bool,
    /// What the job could deploy with.
    pub holds: Holds,
    /// The environments of the jobs that it waits for.
    pub gates: Gates,
    /// The workflow of another repository that the job calls and that is not read.
    pub remote: Option<Remote>,
    /// The jobs that call down to this one, as file and id; the job itself comes last.
    pub chain: Vec<(String, String)>,
    /// Whether `deployment: false` keeps the deployment out of the records.
    pub unrecorded: bool,
    /// Whether its `if` mixes text and expressions.
    pub mixed_condition: bool,
    /// Whether an invalid job only fails when it starts: GitHub accepts its workflow, and the other jobs run.
    pub fails_at_start: bool,
}

/// Environments of jobs upstream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gates {
    /// Nothing starts unless a job in each of these succeeded.
    pub held: BTreeSet<String>,
    /// Jobs in these run earlier, but hold nothing back.
    pub loose: BTreeSet<String>,
}

/// A call of a workflow that is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// `OWNER/REPO/.github/workflows/FILE`.
    pub path: String,
    /// Whether it gets neither a secret nor an OIDC token: then it cannot deploy.
    pub gets_nothing: bool,
}

/// The verdict on every job of a scenario, in the order of the file, called jobs under their caller.
pub fn resolve(files: &Files, workflow: &Workflow, scenario: &Scenario, facts: &Facts) -> Vec<JobEntry> {
    let mut resolver = Resolver { files, facts, github: github(scenario, facts), jobs_left: MAX_JOBS };
    let frame = frame::Frame {
        workflow,
        prefix: String::new(),
        inputs: scenario.inputs(),
        gates: Gates::default(),
        passed: Passed::default(),
        stack: vec![workflow.path.as_str()],
        chain: Vec::new(),
    };
    resolver.frame(&frame).0
}

struct Resolver<'a> {
    files: &'a Files,
    facts: &'a Facts,
    github: Node,
    jobs_left: usize,
}

/// What is known about the value of a scalar under a key.
fn value(text: &Text, known: &Known<'_>) -> Result<Node, Error> {
    if text.scalar.kind != NodeKind::String || !text.as_str().contains("${{") {
        return Ok(Node::Known(plain(text)));
    }
    Ok(match expressions::interpolate(text.as_str(), known, &known.key.functions(Status::UNKNOWN))? {
        Resolved::Known(value) => Node::Known(value),
        Resolved::OneOf(values) => Node::OneOf(values),
        Resolved::Unknown(reasons) => Node::Unknown(why(&reasons)),
    })
}

/// What is known about an output: a text.
fn output(output: &Text, known: &Known<'_>) -> Node {
    let text = |value: Value| Value::String(value.to_text());
    match value(output, known) {
        Ok(Node::Known(value)) => Node::Known(text(value)),
        Ok(Node::OneOf(values)) => Node::OneOf(values.into_iter().map(text).collect()),
        Ok(other) => other,
        Err(error) => Node::Unknown(error.message().into()),
    }
}

/// The first reason for which a value is not known.
fn why(reasons: &[Reason]) -> Why {
    reasons.first().map_or_else(|| "it could not be determined".into(), Reason::behind)
}

/// What a value depends on: for an input, what the caller passes.
fn origin(reason: &Reason) -> &str {
    reason.why.paths.first().unwrap_or(&reason.path)
}

/// Whether an expression, or the path of what a value depends on, names an input.
fn names_input(text: &str) -> bool {
    text.to_ascii_lowercase().contains("inputs")
}

/// Whether an input decides a value that is not known for this reason.
fn by_input(why: &Why) -> bool {
    why.paths.iter().any(|path| names_input(path))
}

/// A source text for a message: one line, and not a long one.
fn quoted(text: &str) -> String {
    const LONGEST: usize = 160;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST { line } else { format!("{}...", line.chars().take(LONGEST).collect::<String>()) }
}

#[cfg(test)]
mod tests;
