//! One workflow within a scenario: its jobs in the order in which they wait for each other.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::condition::Run;
use super::matrix::{self, Leg};
use super::{Details, Gates, JobEntry, Resolver, Verdict, by_input, origin, output};
use crate::model::EnvName;
use crate::workflows::contexts::{Known, WorkflowKey};
use crate::workflows::deploys::{InRun, Passed};
use crate::workflows::expressions::{self, Node, Resolved, Status, Value, Why};
use crate::workflows::model::{Job, Problem, Text, Workflow};
use crate::workflows::reference::Reference;
use crate::workflows::yaml::Pos;

/// The maximum number of remembered upstream environments of each kind.
const MAX_GATES: usize = 32;

/// A workflow that runs: the one that the event started, or one that a job calls.
pub(super) struct Frame<'a> {
    pub(super) workflow: &'a Workflow,
    /// What the paths of its jobs begin with.
    pub(super) prefix: String,
    /// Its `inputs`.
    pub(super) inputs: Node,
    /// The gates upstream of the job that calls it.
    pub(super) gates: Gates,
    /// What that job passes on.
    pub(super) passed: Passed,
    /// The paths of the files that call each other down to here.
    pub(super) stack: Vec<&'a str>,
    /// The jobs that call each other down to here, as file and id.
    pub(super) chain: Vec<(String, String)>,
}

/// What later jobs need to know about one.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) skipped: bool,
    /// Its outputs, given that it succeeded.
    pub(super) outputs: Node,
    /// What must have passed for it to have succeeded.
    pub(super) gates: Gates,
}

pub(super) type States = HashMap<String, State>;

impl Resolver<'_> {
    /// The jobs of a workflow, in the order of the file.
    pub(super) fn frame(&mut self, frame: &Frame<'_>) -> (Vec<JobEntry>, States) {
        let mut entries: BTreeMap<usize, Vec<JobEntry>> = BTreeMap::new();
        let mut states = States::new();
        for at in &frame.workflow.order {
            let Some(job) = frame.workflow.jobs.get(*at) else { continue };
            let (found, state) = self.job(frame, job, &states);
            entries.insert(*at, found);
            states.insert(job.id.to_lowercase(), state);
        }
        (entries.into_values().flatten().collect(), states)
    }

    fn job(&mut self, frame: &Frame<'_>, job: &Job, states: &States) -> (Vec<JobEntry>, State) {
        let mut entry = self.entry(frame, job);
        let mut state = State { skipped: false, outputs: Node::unknown("the job's outputs are not known"), gates: Gates::default() };
        if let Some(problem) = frame.workflow.problems.iter().chain(&job.problems).next() {
            return (vec![entry.invalid(problem)], state);
        }
        if self.jobs_left == 0 {
            return (vec![entry.with(Verdict::Unknown, format!("the scenario has more than {} jobs", super::MAX_JOBS))], state);
        }
        self.jobs_left -= 1;
        let condition = match self.condition(frame, job, states) {
            Ok(condition) => condition,
            Err(problem) => return (vec![entry.invalid(&problem)], state),
        };
        entry.details.mixed_condition = condition.mixed;
        entry.details.gates = gates(frame, job, states, &condition.required);
        state.gates = entry.details.gates.clone();
        let maybe = match condition.run {
            Run::Skipped(why) => {
                state.skipped = true;
                return (vec![entry.with(Verdict::Skipped, why)], state);
            }
            Run::Maybe(maybe) => Some(maybe),
            Run::Yes => None,
        };
        let needs = needs(job, states, &condition.required, &[]);
        let known = Known {
            key: WorkflowKey::Strategy,
            github: &self.github.clone(),
            inputs: &frame.inputs,
            needs: &needs,
            matrix: &Node::Known(Value::Null),
            jobs: &Node::Known(Value::Null),
        };
        let legs = match matrix::of(job, &known) {
            Ok(legs) => legs,
            Err(why) => return (vec![entry.failing(&Problem { pos: job.pos, why })], state),
        };
        if legs.is_empty() {
            state.skipped = true;
            return (vec![entry.with(Verdict::Skipped, "its matrix has no legs")], state);
        }
        let known = Known { key: WorkflowKey::Job, ..known };
        if let Some(called) = &job.call {
            let (entries, outputs) = self.call(frame, job, called, &entry, &legs, &known);
            state.outputs = outputs;
            return (entries, state);
        }
        let entries = environments(frame, job, &entry, &legs, &known, maybe.as_ref());
        state.outputs = outputs(job, &legs, &known);
        let lets_failures_pass = job.continue_on_error.as_ref().is_some_and(|text: &Text| !text.is_false());
        if !lets_failures_pass && entries.iter().all(|entry| entry.verdict == Verdict::Env) {
            state.gates.held.extend(entries.iter().flat_map(|entry| entry.environments.iter().cloned()));
        }
        (entries, state)
    }

    fn entry(&self, frame: &Frame<'_>, job: &Job) -> JobEntry {
        let pos = job.environment.name().map_or(job.pos, |name| name.pos);
        JobEntry {
            job: job.id.clone(),
            path: format!("{}{}:{}", frame.prefix, frame.workflow.file_name(), job.id),
            verdict: Verdict::None,
            environments: Vec::new(),
            can_deploy: false,
            line: pos.line,
            reason: String::new(),
            details: Details {
                file: frame.workflow.path.clone(),
                col: pos.col,
                has_environment: job.environment.name().is_some(),
                holds: self.files.holds(frame.workflow, job),
                chain: frame.chain.iter().cloned().chain([(frame.workflow.path.clone(), job.id.clone())]).collect(),
                ..Details::default()
            },
        }
    }
}

impl JobEntry {
    /// The job in any run: its file, and its id there.
    pub(in crate::workflows) fn id(&self) -> (String, String) {
        (self.details.file.clone(), self.job.clone())
    }

    /// The names of the environments that it may run in.
    pub(in crate::workflows) fn names(&self) -> impl Iterator<Item = EnvName> {
        self.environments.iter().filter_map(|name| EnvName::new(name.as_str()).ok())
    }

    /// The workflow that the job is in, if it is one of another repository or at another ref.
    pub(in crate::workflows) fn elsewhere(&self) -> Option<Reference<'_>> {
        Reference::parse(&self.details.file).filter(|named| named.git_ref.is_some() && !named.owner.starts_with('.'))
    }

    pub(super) fn with(&self, verdict: Verdict, reason: impl Into<String>) -> Self {
        Self { verdict, reason: reason.into(), ..self.clone() }
    }

    pub(super) fn invalid(&self, problem: &Problem) -> Self {
        let Pos { line, col } = problem.pos;
        let mut entry = Self { line, ..self.with(Verdict::Invalid, problem.why.clone()) };
        entry.details.col = col;
        entry
    }

    /// Invalid for what its expressions amount to in this run.
    pub(super) fn failing(&self, problem: &Problem) -> Self {
        let mut entry = self.invalid(problem);
        entry.details.fails_at_start = true;
        entry
    }

    /// What an invalid job means.
    pub(in crate::workflows) fn why_invalid(&self) -> String {
        match self.details.fails_at_start {
            true => format!("{} fails when it starts: {}", self.path, self.reason),
            false => format!("GitHub rejects this workflow: {}", self.reason),
        }
    }
}

/// One entry for each leg, or one for all if they do not differ.
fn environments(frame: &Frame<'_>, job: &Job, entry: &JobEntry, legs: &[Leg], known: &Known<'_>, maybe: Option<&Why>) -> Vec<JobEntry> {
    let mut all: Vec<JobEntry> = Vec::new();
    for leg in legs {
        let known = Known { matrix: &leg.context, ..known.clone() };
        let mut one = super::environment::of(job, entry, &known);
        one.details.holds = entry.details.holds.in_run(frame.workflow, job, &frame.passed, |text| in_run(text, &known));
        if let Some(why) = maybe {
            one.reason.push_str(&format!("; it may run: {why}"));
            one.details.by_input |= by_input(why);
        }
        if !leg.label.is_empty() {
            one.path = format!("{} ({})", one.path, leg.label);
        }
        all.push(one);
    }
    let same = |a: &JobEntry, b: &JobEntry| a.verdict == b.verdict && a.environments == b.environments;
    match all.first() {
        Some(first) if all.iter().all(|other| same(first, other)) => {
            let mut one = JobEntry { path: entry.path.clone(), ..first.clone() };
            for other in all.iter().skip(1) {
                one.details.holds.merge(&other.details.holds);
            }
            vec![one]
        }
        _ => all,
    }
}

/// The value of a text with expressions in a run.
fn in_run(text: &str, known: &Known<'_>) -> InRun {
    let known = Known { key: WorkflowKey::Step, ..known.clone() };
    match expressions::interpolate(text, &known, &known.key.functions(Status::UNKNOWN)) {
        Ok(Resolved::Known(value)) => InRun::Values(vec![value.to_text()]),
        Ok(Resolved::OneOf(values)) => InRun::Values(values.iter().map(Value::to_text).collect()),
        Ok(Resolved::Unknown(reasons)) => InRun::DependsOn(reasons.iter().map(|reason| origin(reason).to_owned()).collect()),
        Err(_) => InRun::DependsOn(Vec::new()),
    }
}

/// The outputs of a job that succeeded. Legs overwrite each other's.
fn outputs(job: &Job, legs: &[Leg], known: &Known<'_>) -> Node {
    let [leg] = legs else { return Node::unknown("every leg of the matrix writes the same outputs") };
    let known = Known { key: WorkflowKey::Outputs, matrix: &leg.context, ..known.clone() };
    Node::object(job.outputs.iter().map(|(key, text)| (key.text.clone(), output(text, &known))))
}

/// The gates before a job: those of a need that it requires hold, all others do not.
fn gates(frame: &Frame<'_>, job: &Job, states: &States, required: &BTreeSet<String>) -> Gates {
    let mut gates = frame.gates.clone();
    for need in &job.needs {
        let id = need.as_str().to_lowercase();
        let Some(state) = states.get(&id) else { continue };
        let held = if required.contains(&id) { &mut gates.held } else { &mut gates.loose };
        held.extend(state.gates.held.iter().cloned());
        gates.loose.extend(state.gates.loose.iter().cloned());
    }
    gates.loose.retain(|name| !gates.held.contains(name));
    // A long chain of gates would grow with the square of its length; forgetting one never makes a job look safer.
    while gates.held.len() > MAX_GATES {
        gates.held.pop_last();
    }
    while gates.loose.len() > MAX_GATES {
        gates.loose.pop_last();
    }
    gates
}

/// The `needs` context: needs in `succeeded` did; those in `failing` did not; the others are unknown.
pub(super) fn needs(job: &Job, states: &States, succeeded: &BTreeSet<String>, failing: &[&str]) -> Node {
    let one_of = |results: &[&str]| Node::OneOf(results.iter().map(|result| Value::from(*result)).collect());
    Node::object(job.needs.iter().map(|need| {
        let id = need.as_str().to_lowercase();
        let state = states.get(&id);
        let (result, outputs) = match state {
            Some(state) if state.skipped => (one_of(&["skipped"]), Node::object::<String>([])),
            Some(_) | None if failing.contains(&id.as_str()) => {
                (one_of(&["failure", "cancelled", "skipped"]), Node::unknown("the job did not succeed"))
            }
            Some(state) if succeeded.contains(&id) => (one_of(&["success"]), state.outputs.clone()),
            Some(_) | None => (one_of(&["success", "failure", "cancelled", "skipped"]), Node::unknown("the job may not have succeeded")),
        };
        (need.as_str(), Node::object([("result", result), ("outputs", outputs)]))
    }))
}

/// The `needs` context if this one did not succeed, and nothing is known about the others.
pub(in crate::workflows) fn needs_without(job: &Job, failed: &str) -> Node {
    needs(job, &States::new(), &BTreeSet::new(), &[failed])
}
