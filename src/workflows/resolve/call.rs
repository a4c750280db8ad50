//! A job that calls a reusable workflow: the called jobs run instead of it.

use super::files::{self, FOLDER};
use super::frame::{Frame, States};
use super::matrix::Leg;
use super::{JobEntry, Remote, Resolver, Verdict, output, value};
use crate::workflows::contexts::{Known, WorkflowKey};
use crate::workflows::expressions::{Node, Value};
use crate::workflows::model::{Call, Input, InputKind, Job, Problem, Workflow};
use crate::workflows::scenario::typed;

/// How deep calls are followed.
const MAX_DEPTH: usize = 10;

impl Resolver<'_> {
    /// The jobs that a job calls, for every leg that differs, and the call's outputs.
    pub(super) fn call(
        &mut self,
        frame: &Frame<'_>,
        job: &Job,
        called: &Call,
        entry: &JobEntry,
        legs: &[Leg],
        known: &Known<'_>,
    ) -> (Vec<JobEntry>, Node) {
        let none = Node::unknown("the called workflow's outputs are not known");
        let problem = |why: String| vec![entry.invalid(&Problem { pos: called.uses.pos, why })];
        let uses = called.uses.as_str();
        if uses.contains("${{") {
            return (problem("`uses` cannot hold an expression".to_owned()), none);
        }
        let Some(path) = files::target(frame.workflow, uses, self.facts) else {
            return (problem(format!("`{uses}` is not a workflow: write ./{FOLDER}FILE or OWNER/REPO/{FOLDER}FILE@REF")), none);
        };
        let path = path.as_str();
        let unread = |why: String| vec![unread(frame, job, entry, path, why)];
        let workflow = match self.files.any(path) {
            None if path.starts_with(FOLDER) => return (unread(format!("it calls `{path}`, which is not among the files read")), none),
            None => return (unread(format!("it calls `{path}`, which was not read")), none),
            Some(Err(error)) => return (unread(format!("it calls `{path}`, which could not be read: {}", error.problem.why)), none),
            Some(Ok(workflow)) => workflow,
        };
        if frame.stack.contains(&path) {
            return (problem(format!("`{path}` calls itself")), none);
        }
        if frame.stack.len() >= MAX_DEPTH {
            return (unread(format!("calls are followed {MAX_DEPTH} deep")), none);
        }
        let Some(trigger) = workflow.trigger("workflow_call") else {
            return (problem(format!("`{path}` does not declare `on.workflow_call`")), none);
        };
        let mut seen: Vec<(String, Vec<JobEntry>)> = Vec::new();
        let mut outputs = Vec::new();
        for leg in legs {
            let known = Known { matrix: &leg.context, ..known.clone() };
            let inputs = match bind(called, &trigger.inputs, &known) {
                Ok(inputs) => inputs,
                Err(problem) => return (vec![entry.invalid(&problem)], none),
            };
            // Legs that pass the same inputs run the same jobs.
            let key = format!("{inputs:?}");
            if seen.iter().any(|(other, _)| *other == key) {
                continue;
            }
            let mut stack = frame.stack.clone();
            stack.push(workflow.path.as_str());
            let leg_name = if leg.label.is_empty() { String::new() } else { format!(" ({})", leg.label) };
            let inner = Frame {
                workflow,
                prefix: format!("{}{leg_name} \u{203a} ", entry.path),
                inputs,
                gates: entry.details.gates.clone(),
                passed: frame.passed.by(frame.workflow, job),
                stack,
                chain: entry.details.chain.clone(),
            };
            let (entries, states) = self.frame(&inner);
            outputs.push(call_outputs(workflow, &inner, &states, &known));
            seen.push((key, entries));
        }
        let outputs = if outputs.len() == 1 { outputs.remove(0) } else { none };
        let only = seen.len() == 1;
        let mut entries: Vec<JobEntry> = seen.into_iter().flat_map(|(_, entries)| entries).collect();
        if only && legs.len() > 1 {
            let with_leg = legs.first().map(|leg| format!("{} ({})", entry.path, leg.label)).unwrap_or_default();
            for one in &mut entries {
                if let Some(rest) = one.path.strip_prefix(&with_leg) {
                    one.path = format!("{}{rest}", entry.path);
                }
            }
        }
        (entries, outputs)
    }
}

/// A call of a workflow that was not read. What its jobs could deploy with is what the caller passes.
fn unread(frame: &Frame<'_>, job: &Job, entry: &JobEntry, path: &str, why: String) -> JobEntry {
    let mut entry = entry.with(Verdict::Unknown, why);
    let reads = frame.passed.reads(job).into_iter().map(|read| (read, job.pos));
    entry.details.holds.secrets.extend(reads);
    if frame.passed.grants_token(frame.workflow, job) {
        entry.details.holds.token = Some(job.pos);
    }
    let path = path.split('@').next().unwrap_or_default().to_owned();
    entry.details.remote = Some(Remote { path, gets_nothing: frame.passed.gives_nothing(frame.workflow, job) });
    entry
}

/// The `inputs` of a called workflow: what is passed in the declared type, else the default, else the type's own.
fn bind(called: &Call, declared: &[Input], known: &Known<'_>) -> Result<Node, Problem> {
    let is_declared = |name: &str| declared.iter().any(|input| input.name.eq_ignore_ascii_case(name));
    if let Some((key, _)) = called.with.iter().find(|(key, _)| !is_declared(&key.text)) {
        return Err(Problem { pos: key.pos, why: format!("`{}` declares no input `{}`", called.uses.as_str(), key.text) });
    }
    let mut inputs = Vec::new();
    for input in declared {
        let given = called.with.iter().find(|(key, _)| input.name.eq_ignore_ascii_case(&key.text));
        let found = match given {
            Some((key, text)) => {
                let found = value(text, known).map_err(|error| Problem { pos: text.pos, why: error.message().to_owned() })?;
                coerced(found, &input.kind)
                    .ok_or_else(|| Problem { pos: key.pos, why: format!("the input `{}` is not of its declared type", input.name) })?
            }
            None if input.required => {
                let why = format!("`{}` requires the input `{}`", called.uses.as_str(), input.name);
                return Err(Problem { pos: called.uses.pos, why });
            }
            None => default(input, known),
        };
        inputs.push((input.name.clone(), found));
    }
    Ok(Node::object(inputs))
}

/// A default may hold expressions over `github`, `inputs` and `vars`; nothing is assumed about the inputs.
fn default(input: &Input, known: &Known<'_>) -> Node {
    let Some(text) = &input.default else {
        return Node::Known(match input.kind {
            InputKind::Boolean => Value::Bool(false),
            InputKind::Number => Value::Number(0.0),
            InputKind::String | InputKind::Choice(_) | InputKind::Environment => Value::from(""),
        });
    };
    let inputs = Node::unknown("a default that reads inputs is not followed");
    let known = Known { key: WorkflowKey::CallDefault, inputs: &inputs, ..known.clone() };
    value(text, &known)
        .ok()
        .and_then(|found| coerced(found, &input.kind))
        .unwrap_or_else(|| Node::unknown("its default is not of its declared type"))
}

/// What is known about a value in a declared type; none if GitHub refuses it.
fn coerced(node: Node, kind: &InputKind) -> Option<Node> {
    Some(match node {
        Node::Known(value) => Node::Known(typed(kind, &value)?),
        Node::OneOf(values) => Node::OneOf(values.iter().map(|value| typed(kind, value)).collect::<Option<_>>()?),
        other => other,
    })
}

/// The outputs that a called workflow declares, over the outputs of its jobs.
fn call_outputs(workflow: &Workflow, frame: &Frame<'_>, states: &States, known: &Known<'_>) -> Node {
    let mut jobs = Vec::new();
    for job in &workflow.jobs {
        let outputs = match states.get(&job.id.to_lowercase()) {
            Some(state) if state.skipped => Node::object::<String>([]),
            // A called workflow succeeds although one of its jobs was skipped, and then that job has no outputs.
            Some(state) if job.condition.is_none() && job.needs.is_empty() => state.outputs.clone(),
            Some(_) | None => Node::unknown("whether the called job runs is not known"),
        };
        let result = Node::unknown("it is known only after the job ends");
        jobs.push((job.id.clone(), Node::object([("outputs", outputs), ("result", result)])));
    }
    let jobs = Node::object(jobs);
    let known = Known { key: WorkflowKey::CallOutput, inputs: &frame.inputs, jobs: &jobs, ..known.clone() };
    let declared = workflow.trigger("workflow_call").map(|trigger| trigger.outputs.as_slice()).unwrap_or_default();
    Node::object(declared.iter().map(|(key, text)| (key.text.clone(), output(text, &known))))
}
