//! Whether a freeze check provably runs before everything that a job deploys.
//!
//! Owns the proof that a compensating control needs: the check's failure stops the job, nothing that may deploy runs
//! before it or despite it, and it checks the right environment with the right gate.toml. What it does not
//! understand is not proof. Tested in its own files, and as a property in `tests.rs`: no job in which a deploy can run
//! before or without the check is proven.

mod arguments;
mod containers;
mod harmless;
mod installs;
mod shell;
mod step;
mod step_context;
mod variables;

use std::collections::BTreeSet;

use step::Role;
use step_context::StepContext;

use super::deploys::is_known_action;
use super::expressions::{self, Assumed, Contexts, Functions, Map, Node, Rest, Status, Value};
use super::model::{Job, Step, Text, Workflow};
use super::resolve::needs_without;
use super::yaml::{self, Pos};
use crate::desired::freeze::Policy;
use crate::model::EnvName;

/// The answer, with its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// The step at this position stops the job while production is frozen.
    Proven(Pos),
    /// The step at this position stops a job that this one waits for: the answer is as old as that job.
    Earlier(Pos, String),
    /// No step does, but the job's `if` at this position reads the flag: a freeze that is set before the job starts skips it.
    AtStart(Pos),
    /// Not proven: why, in a clause.
    Unproven(Pos, String),
}

/// The freeze that must hold deploys back.
#[derive(Clone, Copy)]
pub struct FreezeFacts<'a> {
    /// As gate.toml declares it.
    pub policy: &'a Policy,
    /// The path in the repository of the gate.toml that declares the freeze, with `/`; `None` if it has none: then a check must
    /// name its store.
    pub config: Option<&'a str>,
    /// Whether the checkout holds a file, by its path in the repository; `None` if that is not known.
    pub holds: &'a dyn Fn(&str) -> Option<bool>,
}

/// The input of a proof.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The environment whose freeze must be checked.
    pub environment: &'a EnvName,
    /// The environments that gate.toml declares.
    pub environments: &'a BTreeSet<EnvName>,
    /// The freeze.
    pub freeze: FreezeFacts<'a>,
    /// What is known about the run in the conditions and scripts of steps; [`expressions::Nothing`] assumes nothing.
    pub contexts: &'a dyn Contexts,
}

/// Whether a freeze check of an environment runs before anything that may deploy, in this job or in one that it waits for,
/// and cannot be skipped or ignored.
pub fn freeze_check_before_deploy(workflow: &Workflow, job: &Job, question: &Question<'_>) -> Proof {
    let own = in_steps(workflow, job, question);
    if matches!(own, Proof::Proven(_)) {
        return own;
    }
    let mut seen = BTreeSet::new();
    in_needs(workflow, job, question, &mut seen).or_else(|| at_start(job, question).map(Proof::AtStart)).unwrap_or(own)
}

/// Where the job's `if` is, if a freeze without an override makes it false. GitHub evaluates it before the job waits for an approval.
fn at_start(job: &Job, question: &Question<'_>) -> Option<Pos> {
    let condition = job.condition.as_ref().filter(|_| question.freeze.policy.store.app().is_none())?;
    let vars: Map<Node> =
        [(question.freeze.policy.flag.clone(), Node::text("true")), (question.freeze.policy.override_flag.clone(), Node::text(""))]
            .into_iter()
            .collect();
    let vars = Node::Partial(vars, Rest::Unknown("other variables are not in the files".into()));
    let contexts = Overlaid { name: "vars", node: &vars, under: question.contexts };
    let succeeded = Functions { status: Some(Status::NEEDS_SUCCEEDED), hash_files: false };
    (truth(condition, &contexts, succeeded) == Some(false)).then_some(condition.pos)
}

/// The proof in a job that this one waits for, directly or through others.
fn in_needs(workflow: &Workflow, job: &Job, question: &Question<'_>, seen: &mut BTreeSet<String>) -> Option<Proof> {
    for need in &job.needs {
        let id = need.as_str().to_lowercase();
        let Some(before) = workflow.job(&id).filter(|_| seen.insert(id.clone()) && requires(job, &id, question)) else { continue };
        // A job whose failure counts as a success holds nothing back, neither by its own steps nor by those before it.
        if before.continue_on_error.as_ref().is_some_and(|text| !text.is_false()) {
            continue;
        }
        if let Proof::Proven(pos) = in_steps(workflow, before, question) {
            return Some(Proof::Earlier(pos, before.id.clone()));
        }
        if let Some(proof) = in_needs(workflow, before, question, seen) {
            return Some(proof);
        }
    }
    None
}

/// Whether a job certainly does not run once a job that it needs did not succeed.
fn requires(job: &Job, need: &str, question: &Question<'_>) -> bool {
    let needs = needs_without(job, need);
    let contexts = Overlaid { name: "needs", node: &needs, under: question.contexts };
    let Some(condition) = &job.condition else { return true };
    let status = Status { success: Assumed::False, ..Status::UNKNOWN };
    truth(condition, &contexts, Functions { status: Some(status), hash_files: false }) == Some(false)
}

/// The proof in the steps of one job.
fn in_steps(workflow: &Workflow, job: &Job, question: &Question<'_>) -> Proof {
    if job.call.is_some() {
        return Proof::Unproven(job.pos, "the job's steps are in the workflow that it calls".to_owned());
    }
    let mut context = StepContext::of(workflow, job, question);
    for (at, step) in job.steps.iter().enumerate() {
        let why = match step::role(step, &mut context) {
            Role::Harmless => continue,
            Role::Check => {
                return match containers::may_deploy(workflow, job) {
                    Some((pos, why)) => Proof::Unproven(pos, why),
                    None => after(job.steps.get(at + 1..).unwrap_or_default(), step, &mut context),
                };
            }
            Role::NoProof(why) => why,
            Role::Other => "this step may deploy, and no freeze check runs before it: move the check in front of it".to_owned(),
        };
        return Proof::Unproven(step.pos, why);
    }
    Proof::Unproven(job.pos, "no step of the job checks the freeze".to_owned())
}

/// Everything after the check must stop with it, or be unable to deploy.
fn after(rest: &[Step], check: &Step, context: &mut StepContext<'_>) -> Proof {
    let outcome = ["failure", "cancelled", "skipped"].map(Value::from).to_vec();
    let outcome = Node::object([("outcome", Node::OneOf(outcome.clone())), ("conclusion", Node::OneOf(outcome))]);
    let id = check.body.get("id").and_then(yaml::Node::scalar).map(|id| id.text.clone());
    let steps = Node::Partial(
        id.into_iter().map(|id| (id, outcome.clone())).collect(),
        Rest::Unknown("it is known only while the job runs".into()),
    );
    let contexts = Overlaid { name: "steps", node: &steps, under: context.question.contexts };
    let failed = Functions { status: Some(Status { success: Assumed::False, ..Status::UNKNOWN }), hash_files: true };
    for step in rest {
        // `pre` of an action runs before every step, and its file is not read.
        let may_have_pre = may_run_first(step);
        if may_have_pre && !matches!(step::role(step, context), Role::Harmless | Role::Check) {
            let why = "this action is not known, and a `pre` phase of it would run before the freeze check: check the freeze in a job before this one";
            return Proof::Unproven(step.pos, why.to_owned());
        }
        let runs = step.condition.as_ref().is_some_and(|condition| truth(condition, &contexts, failed) != Some(false));
        if runs && !matches!(step::role(step, context), Role::Harmless | Role::Check) {
            return Proof::Unproven(step.pos, "this step may deploy, and its `if` lets it run although the freeze check failed".to_owned());
        }
    }
    Proof::Proven(check.pos)
}

/// Whether an action may have a `pre` phase: GitHub runs that before the first step, except for actions of the checkout.
fn may_run_first(step: &Step) -> bool {
    let is_own = step.uses.as_ref().is_some_and(|uses| uses.as_str().starts_with("./"));
    !is_own && step.action().is_some_and(|action| !is_known_action(&action))
}

/// The truth of a condition, if it is known.
fn truth(condition: &Text, contexts: &dyn Contexts, functions: Functions) -> Option<bool> {
    expressions::condition(condition.as_str(), contexts, &functions).ok()?.truth()
}

/// Contexts with more knowledge about one of them.
struct Overlaid<'a> {
    name: &'static str,
    node: &'a Node,
    under: &'a dyn Contexts,
}

impl Contexts for Overlaid<'_> {
    fn offers(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case(self.name) || self.under.offers(name)
    }

    fn context(&self, name: &str) -> Option<Node> {
        if name.eq_ignore_ascii_case(self.name) { Some(self.node.clone()) } else { self.under.context(name) }
    }
}

#[cfg(test)]
mod tests;
