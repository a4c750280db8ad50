//! What is known about a run before it starts: the contexts of a scenario, and which of them each key offers.
//!
//! Owns the availability table and the payload table. What is not certainly known is unknown, with its reason.

use super::expressions::{Contexts, Functions, Map, Node, Rest, Status, Value};
use super::facts::Facts;
use super::scenario::Scenario;
use super::triggers::PULL_REQUESTS;

/// A key of a workflow that takes expressions; it decides which contexts are available (fact W1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkflowKey {
    /// `jobs.<id>.environment`, and `with` of a call.
    Job,
    /// `jobs.<id>.if`.
    If,
    /// `jobs.<id>.strategy`.
    Strategy,
    /// `jobs.<id>.outputs`.
    Outputs,
    /// `jobs.<id>.steps[*].if`.
    Step,
    /// `on.workflow_call.inputs.<id>.default`.
    CallDefault,
    /// `on.workflow_call.outputs.<id>.value`.
    CallOutput,
}

impl WorkflowKey {
    const fn offers(self) -> &'static [&'static str] {
        match self {
            Self::Job => &["github", "inputs", "vars", "needs", "strategy", "matrix"],
            Self::If | Self::Strategy => &["github", "inputs", "vars", "needs"],
            Self::Outputs => &["github", "inputs", "vars", "needs", "strategy", "matrix", "job", "runner", "env", "secrets", "steps"],
            Self::Step => &["github", "inputs", "vars", "needs", "strategy", "matrix", "job", "runner", "env", "secrets", "steps"],
            Self::CallDefault => &["github", "inputs", "vars"],
            Self::CallOutput => &["github", "inputs", "vars", "jobs"],
        }
    }

    /// The functions it offers; `status` is what to assume of the needed jobs.
    pub fn functions(self, status: Status) -> Functions {
        Functions {
            status: matches!(self, Self::If | Self::Step).then_some(status),
            hash_files: matches!(self, Self::Outputs | Self::Step),
        }
    }
}

/// The contexts that are known at a place.
#[derive(Debug, Clone)]
pub struct Known<'a> {
    /// Which are offered.
    pub key: WorkflowKey,
    /// `github`.
    pub github: &'a Node,
    /// `inputs`.
    pub inputs: &'a Node,
    /// `needs`.
    pub needs: &'a Node,
    /// `matrix`.
    pub matrix: &'a Node,
    /// `jobs`, of a called workflow's outputs.
    pub jobs: &'a Node,
}

impl Contexts for Known<'_> {
    fn offers(&self, name: &str) -> bool {
        self.key.offers().iter().any(|offered| offered.eq_ignore_ascii_case(name))
    }

    fn context(&self, name: &str) -> Option<Node> {
        let name = name.to_ascii_lowercase();
        self.offers(&name).then(|| match name.as_str() {
            "github" => self.github.clone(),
            "inputs" => self.inputs.clone(),
            "needs" => self.needs.clone(),
            "matrix" => self.matrix.clone(),
            "jobs" => self.jobs.clone(),
            "vars" => Node::unknown("variables of the repository and its organization are not in the files"),
            _ => Node::unknown("it is known only while the job runs"),
        })
    }
}

/// The `github` context of a scenario.
pub fn github(scenario: &Scenario, facts: &Facts) -> Node {
    let mut fields = Map::new();
    fields.insert("event_name", Node::text(&scenario.event));
    match &scenario.git_ref {
        Some(git_ref) => {
            let short = ["refs/heads/", "refs/tags/", "refs/pull/"].iter().find_map(|prefix| git_ref.strip_prefix(prefix));
            let kind = if git_ref.starts_with("refs/tags/") { "tag" } else { "branch" };
            fields.insert("ref", Node::text(git_ref));
            fields.insert("ref_name", Node::text(short.unwrap_or(git_ref)));
            fields.insert("ref_type", Node::text(kind));
        }
        None => {
            for key in ["ref", "ref_name", "ref_type"] {
                fields.insert(key, Node::unknown("the event does not say which ref it runs on"));
            }
        }
    }
    let is_pull_request = PULL_REQUESTS.contains(&scenario.event.as_str());
    let base = match scenario.base.as_deref() {
        Some(base) if is_pull_request => Node::text(base),
        // The documentation gives it to pull requests only.
        _ if is_pull_request || scenario.event == "merge_group" => Node::unknown("it is known only when the run starts"),
        _ => Node::text(""),
    };
    let head =
        if matches!(base, Node::Known(_)) && !is_pull_request { Node::text("") } else { Node::unknown("any branch can be proposed") };
    fields.insert("base_ref", base);
    fields.insert("head_ref", head);
    if let Some(repository) = &facts.repository {
        fields.insert("repository", Node::text(&repository.to_string()));
        fields.insert("repository_owner", Node::text(repository.owner()));
    }
    fields.insert("event", payload(scenario, facts));
    Node::Partial(fields, Rest::Unknown("it is known only when the run starts".into()))
}

/// Top-level keys of payloads that only some events have; an event of the table that lacks one has null there.
const PAYLOAD_KEYS: &[&str] = &[
    "action",
    "inputs",
    "pull_request",
    "number",
    "release",
    "workflow_run",
    "workflow",
    "issue",
    "comment",
    "label",
    "client_payload",
    "deployment",
    "deployment_status",
    "schedule",
    "head_commit",
    "commits",
    "pusher",
    "review",
    "discussion",
    "check_run",
    "check_suite",
    "merge_group",
    "before",
    "after",
    "ref",
    "milestone",
    "registry_package",
];

/// Which of [`PAYLOAD_KEYS`] an event has; none for an event whose payload is not in the table.
fn payload_keys(event: &str) -> Option<&'static [&'static str]> {
    Some(match event {
        "push" => &["head_commit", "commits", "pusher", "before", "after", "ref"],
        "pull_request" | "pull_request_target" => &["action", "pull_request", "number", "label", "before", "after", "milestone"],
        "schedule" => &["schedule", "workflow"],
        "workflow_dispatch" => &["inputs", "ref", "workflow"],
        "release" => &["action", "release"],
        "workflow_run" => &["action", "workflow_run", "workflow"],
        "issues" => &["action", "issue", "label", "milestone"],
        "issue_comment" => &["action", "issue", "comment"],
        "repository_dispatch" => &["action", "client_payload"],
        "merge_group" => &["action", "merge_group"],
        _ => return None,
    })
}

fn payload(scenario: &Scenario, facts: &Facts) -> Node {
    let why = "the event's payload is known only when the run starts";
    let mut fields: Map<Node> = Map::new();
    let mut repository: Map<Node> = [("default_branch", Node::text(&facts.default_branch))].into_iter().collect();
    if let Some(known) = &facts.repository {
        repository.insert("full_name", Node::text(&known.to_string()));
        repository.insert("name", Node::text(known.name()));
    }
    fields.insert("repository", Node::Partial(repository, Rest::Unknown(why.into())));
    if let Some(keys) = payload_keys(&scenario.event) {
        for key in PAYLOAD_KEYS.iter().filter(|key| !keys.contains(key)) {
            fields.insert(*key, Node::Known(Value::Null));
        }
    }
    match scenario.event.as_str() {
        "push" | "workflow_dispatch" => {
            if let Some(git_ref) = &scenario.git_ref {
                fields.insert("ref", Node::text(git_ref));
            }
        }
        _ => {}
    }
    if scenario.event == "workflow_dispatch" {
        let inputs: Map<Node> = scenario.inputs.iter().map(|input| (input.name.clone(), input.as_text())).collect();
        fields.insert("inputs", Node::Partial(inputs, Rest::Null));
    }
    if let Some(base) = scenario.base.as_ref().filter(|_| PULL_REQUESTS.contains(&scenario.event.as_str())) {
        let base: Map<Node> = [("ref", Node::text(base))].into_iter().collect();
        let base = Node::Partial(base, Rest::Unknown(why.into()));
        fields.insert("pull_request", Node::Partial([("base", base)].into_iter().collect(), Rest::Unknown(why.into())));
    }
    for (key, values) in [("action", &scenario.types), ("schedule", &scenario.crons)] {
        match values.as_slice() {
            [] => {}
            [only] => _ = fields.insert(key, Node::text(only)),
            some => _ = fields.insert(key, Node::OneOf(some.iter().map(|value| Value::from(value.as_str())).collect())),
        }
    }
    Node::Partial(fields, Rest::Unknown(why.into()))
}
