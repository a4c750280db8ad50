//! A scenario: one concrete way in which a run starts.
//!
//! Owns what `when` of gate.toml means for a file, and which scenarios a file's triggers allow ([`derived`]). Must not
//! know what the jobs of the run do.
//! Tested in its `tests.rs`.

mod derive;
mod probes;

use super::expressions::{Node, Value};
use super::facts::Facts;
use super::model::{Input, InputKind, Problem, Text, Trigger, Workflow};
use super::triggers;
use super::yaml::{NodeKind, Pos};
use crate::desired::workflows::{InputValue, When};

pub use derive::derived;

/// One concrete way in which a run starts.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// GitHub's name of the event.
    pub event: String,
    /// The full ref of the run; none if the event does not say.
    pub git_ref: Option<String>,
    /// The branch that a pull request or a merge group goes to, without `refs/heads/`.
    pub base: Option<String>,
    /// The inputs of a dispatch.
    pub inputs: Vec<Bound>,
    /// The activity types that start the run, if the file names them.
    pub types: Vec<String>,
    /// The cron lines that start a scheduled run.
    pub crons: Vec<String>,
    /// What reports call it: `push refs/tags/v1.2.3`, `workflow_dispatch environment=production`.
    pub label: String,
    /// Where the file declares the trigger.
    pub pos: Pos,
    /// Whether the ref is one that the trigger's own filters name, or the default branch; the others are tried only to see
    /// whether they make a difference.
    pub named_ref: bool,
}

impl Scenario {
    /// A run that a trigger starts on a ref, without inputs.
    fn of(trigger: &Trigger, git_ref: Option<String>, base: Option<String>, facts: &Facts) -> Self {
        let types = match trigger.event.as_str() {
            "pull_request" | "pull_request_target" if trigger.types.is_empty() => {
                ["opened", "synchronize", "reopened"].map(str::to_owned).to_vec()
            }
            _ => trigger.types.iter().map(|one| one.as_str().to_owned()).collect(),
        };
        Self {
            label: label(&trigger.event, git_ref.as_deref(), base.as_deref(), facts),
            event: trigger.event.clone(),
            git_ref,
            base,
            inputs: Vec::new(),
            types,
            crons: trigger.crons.iter().map(|cron| cron.as_str().to_owned()).collect(),
            pos: trigger.pos,
            named_ref: true,
        }
    }

    /// The `inputs` context.
    pub fn inputs(&self) -> Node {
        Node::object(self.inputs.iter().map(|input| (input.name.clone(), input.value.clone())))
    }
}

/// An input with its value.
#[derive(Debug, Clone)]
pub struct Bound {
    /// Its declared name.
    pub name: String,
    /// `inputs.<name>`: booleans and numbers keep their type.
    pub value: Node,
    /// `github.event.inputs.<name>`, if this is not just the text of the value.
    text: Option<Node>,
}

impl Bound {
    fn new(name: &str, value: Node) -> Self {
        Self { name: name.to_owned(), value, text: None }
    }

    /// `github.event.inputs.<name>`: always text.
    pub fn as_text(&self) -> Node {
        let of = |value: &Value| Value::String(value.to_text());
        match self.text.as_ref().unwrap_or(&self.value) {
            Node::Known(value) => Node::Known(of(value)),
            Node::OneOf(values) => Node::OneOf(values.iter().map(of).collect()),
            other => other.clone(),
        }
    }
}

/// The scenario that a `when` of gate.toml declares.
///
/// # Errors
/// Why it cannot start this workflow: the event is not declared, a filter leaves the ref out, an input is refused.
pub fn declared(workflow: &Workflow, when: &When, facts: &Facts) -> Result<Scenario, Problem> {
    let (git_ref, base) = run_ref(&when.event, when.git_ref.as_deref(), facts);
    let filtered = base.as_ref().map(|base| format!("refs/heads/{base}")).or_else(|| git_ref.clone()).unwrap_or_default();
    let trigger = triggers::starts(workflow, &when.event, &filtered)?;
    if trigger.event == "workflow_call" {
        let why = "`workflow_call` starts no run: declare the event that starts the calling workflow".to_owned();
        return Err(Problem { pos: trigger.pos, why });
    }
    let unexpected = when.inputs.keys().find(|name| !trigger.inputs.iter().any(|input| input.name.eq_ignore_ascii_case(name)));
    if let Some(name) = unexpected {
        return Err(Problem { pos: trigger.pos, why: format!("`on.{}` has no input `{name}`", trigger.event) });
    }
    let mut inputs = Vec::new();
    for input in &trigger.inputs {
        let given = when.inputs.iter().find(|(name, _)| input.name.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        inputs.push(match given {
            Some(value) => Bound::new(&input.name, Node::Known(given_value(input, value)?)),
            None => not_given(input),
        });
    }
    let mut label = label(&when.event, git_ref.as_deref(), base.as_deref(), facts);
    if when.git_ref.is_some() && base.is_none() && label == when.event {
        label = format!("{label} {}", git_ref.as_deref().unwrap_or_default());
    }
    for (name, value) in &when.inputs {
        label.push_str(&format!(" {name}={}", given(value).to_text()));
    }
    Ok(Scenario { inputs, label, ..Scenario::of(trigger, git_ref, base, facts) })
}

/// A `when` in words, as gate.toml gives it.
pub fn words(when: &When) -> String {
    let git_ref = when.git_ref.iter().map(|git_ref| format!(" {git_ref}"));
    let inputs = when.inputs.iter().map(|(name, value)| format!(" {name}={}", given(value).to_text()));
    [when.event.clone()].into_iter().chain(git_ref).chain(inputs).collect()
}

/// The tag of a release that nothing names.
const SOME_RELEASE: &str = "refs/tags/v1.0.0";

/// Events whose runs are on the default branch (fact W1.5).
const ON_DEFAULT_BRANCH: &[&str] = &[
    "branch_protection_rule",
    "check_run",
    "check_suite",
    "delete",
    "discussion",
    "discussion_comment",
    "fork",
    "gollum",
    "issue_comment",
    "issues",
    "label",
    "milestone",
    "project",
    "project_card",
    "project_column",
    "public",
    "repository_dispatch",
    "schedule",
    "watch",
    "workflow_run",
];

/// The ref that a run of an event carries, and the branch that a pull request or a merge group goes to (facts W1.5, W1.6).
fn run_ref(event: &str, given: Option<&str>, facts: &Facts) -> (Option<String>, Option<String>) {
    let branch =
        |given: Option<&str>| given.map_or(facts.default_branch.as_str(), |given| given.trim_start_matches("refs/heads/")).to_owned();
    match event {
        "pull_request" => (Some("refs/pull/1/merge".to_owned()), Some(branch(given))),
        // Since December 2025 the default branch, regardless of the target branch of the pull request.
        "pull_request_target" => (Some(facts.default_ref()), Some(branch(given))),
        "pull_request_review" | "pull_request_review_comment" => (Some("refs/pull/1/merge".to_owned()), None),
        "merge_group" => {
            let base = branch(given);
            (Some(format!("refs/heads/gh-readonly-queue/{base}/pr-1-0000000000000000000000000000000000000000")), Some(base))
        }
        "release" => (Some(given.unwrap_or(SOME_RELEASE).to_owned()), None),
        "push" | "create" | "workflow_dispatch" => (Some(given.map_or_else(|| facts.default_ref(), str::to_owned)), None),
        event if ON_DEFAULT_BRANCH.contains(&event) => (Some(given.map_or_else(|| facts.default_ref(), str::to_owned)), None),
        // `deployment` and `registry_package` have the branch or tag that is deployed or published, others have none.
        _ => (given.map(str::to_owned), None),
    }
}

fn label(event: &str, git_ref: Option<&str>, base: Option<&str>, facts: &Facts) -> String {
    match (event, git_ref, base) {
        (_, _, Some(base)) if base != facts.default_branch => format!("{event} to {base}"),
        ("push" | "create", Some(git_ref), _) => format!("{event} {git_ref}"),
        ("release", Some(git_ref), _) if git_ref != SOME_RELEASE => format!("{event} {git_ref}"),
        ("workflow_dispatch", Some(git_ref), _) if git_ref != facts.default_ref() => format!("{event} {git_ref}"),
        _ => event.to_owned(),
    }
}

/// An input as gate.toml gives it.
fn given(value: &InputValue) -> Value {
    match value {
        InputValue::Bool(bool) => Value::Bool(*bool),
        InputValue::Number(number) => Value::Number(*number),
        InputValue::String(text) => Value::String(text.clone()),
    }
}

/// A given input in its declared type.
fn given_value(input: &Input, value: &InputValue) -> Result<Value, Problem> {
    let given = given(value);
    let want = match &input.kind {
        InputKind::Boolean => "a boolean".to_owned(),
        InputKind::Number => "a number".to_owned(),
        InputKind::Choice(options) => format!("one of {}", options.join(", ")),
        InputKind::String | InputKind::Environment => "a text".to_owned(),
    };
    let is_option = |value: &Value| match &input.kind {
        InputKind::Choice(options) => value.as_str().is_some_and(|text| options.iter().any(|option| option == text)),
        _ => true,
    };
    let refused = || Problem { pos: input.pos, why: format!("the input `{}` is {want}, not `{}`", input.name, given.to_text()) };
    typed(&input.kind, &given).filter(is_option).ok_or_else(refused)
}

/// A value in a declared type; none if GitHub refuses it.
pub(super) fn typed(kind: &InputKind, value: &Value) -> Option<Value> {
    match (kind, value) {
        (InputKind::Boolean, Value::Bool(_)) | (InputKind::Number, Value::Number(_)) => Some(value.clone()),
        (InputKind::Boolean, Value::String(text)) => text.parse().ok().map(Value::Bool),
        (InputKind::Number, Value::String(text)) => text.trim().parse().ok().map(Value::Number),
        (InputKind::Boolean | InputKind::Number, _) => None,
        (InputKind::String | InputKind::Choice(_) | InputKind::Environment, _) => Some(Value::String(value.to_text())),
    }
}

/// The value of an input that the dispatch does not name.
fn not_given(input: &Input) -> Bound {
    if let Some(default) = &input.default {
        return Bound::new(&input.name, Node::Known(default_value(input, default)));
    }
    match &input.kind {
        _ if input.required => Bound::new(&input.name, required(input)),
        InputKind::Boolean => Bound {
            text: Some(Node::OneOf(vec![Value::from(""), Value::from("false")])),
            ..Bound::new(&input.name, Node::Known(Value::Bool(false)))
        },
        InputKind::Number => Bound::new(&input.name, Node::unknown("a number without a default is not given")),
        // The form preselects an option, the API sends nothing.
        InputKind::Choice(options) => {
            let values = options.iter().map(String::as_str).chain([""]).map(Value::from);
            Bound::new(&input.name, Node::OneOf(values.collect()))
        }
        InputKind::String => Bound::new(&input.name, Node::text("")),
        InputKind::Environment => Bound::new(&input.name, Node::unknown("any environment can be chosen")),
    }
}

fn required(input: &Input) -> Node {
    match &input.kind {
        InputKind::Choice(options) => Node::OneOf(options.iter().map(|option| Value::from(option.as_str())).collect()),
        InputKind::Boolean => Node::OneOf(vec![Value::Bool(true), Value::Bool(false)]),
        InputKind::String | InputKind::Number | InputKind::Environment => {
            Node::unknown("the input is required, and its value is not given")
        }
    }
}

/// A default as written, in the declared type.
fn default_value(input: &Input, default: &Text) -> Value {
    let value = plain(default);
    match input.kind {
        InputKind::Boolean => match value {
            Value::String(text) if text == "true" => Value::Bool(true),
            Value::String(_) | Value::Null => Value::Bool(false),
            other => other,
        },
        InputKind::Number => value,
        InputKind::String | InputKind::Choice(_) | InputKind::Environment => Value::String(value.to_text()),
    }
}

/// A scalar that holds no expression, as a value.
pub(super) fn plain(scalar: &Text) -> Value {
    match scalar.scalar.kind {
        NodeKind::Null => Value::Null,
        NodeKind::Bool(bool) => Value::Bool(bool),
        NodeKind::Number(number) => Value::Number(number),
        NodeKind::String => Value::from(scalar.as_str()),
    }
}

#[cfg(test)]
mod tests;
