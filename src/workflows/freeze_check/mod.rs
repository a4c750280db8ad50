//! Whether a freeze check provably stands before everything that a job deploys.
//!
//! Owns the proof that a compensating control needs: the check's failure stops the job, and nothing deploys before it or
//! in spite of it. Whatever it does not understand is no proof.

mod script;

use std::collections::BTreeSet;

use script::{is_bare, is_plain, mentions};

use super::deploys::is_deploying;
use super::expressions::{self, Assumed, Contexts, Functions, Lookup, Node, Resolved, Status, Value};
use super::model::{Job, Step, Text, Workflow};
use super::yaml::{Kind, Pos};
use crate::model::EnvName;

/// The answer, with the place it speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// The step at this position stops the job while production is frozen.
    Proven(Pos),
    /// It does not, or nobody can say: why, in a clause.
    Unproven(Pos, String),
}

/// What a proof is asked for.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The environment whose freeze must be checked.
    pub environment: &'a EnvName,
    /// What counts beside `gatectl freeze check`: commands, by their first words.
    pub equivalents: &'a [String],
    /// What is known of the run in the conditions of steps; [`Nothing`] assumes nothing.
    pub contexts: &'a dyn Contexts,
}

/// Whether a freeze check of an environment runs before anything deploys, in this job, and cannot be skipped or ignored.
#[must_use]
pub fn freeze_check_before_deploy(workflow: &Workflow, job: &Job, question: &Question<'_>) -> Proof {
    if job.call.is_some() {
        return Proof::Unproven(job.pos, "the job's steps are in the workflow that it calls".to_owned());
    }
    let mut refused = None;
    for (at, step) in job.steps.iter().enumerate() {
        match checks(workflow, job, step, question) {
            Some(Ok(())) => return after(job, at, step, question),
            Some(Err(why)) => refused = refused.or(Some(Proof::Unproven(step.pos, why))),
            None => {}
        }
        if is_deploying(step) || !(deploys(job) || is_harmless(step)) {
            let why = "this step may deploy, and no freeze check stands before it".to_owned();
            return refused.unwrap_or(Proof::Unproven(step.pos, why));
        }
    }
    refused.unwrap_or_else(|| Proof::Unproven(job.pos, "no step of the job checks the freeze".to_owned()))
}

/// Everything after the check must stop with it.
fn after(job: &Job, at: usize, check: &Step, question: &Question<'_>) -> Proof {
    let recognised = deploys(job);
    let rest = job.steps.iter().skip(at + 1).filter(|step| !recognised || is_deploying(step));
    for step in rest {
        if let Some(condition) = &step.condition
            && !needs_success(condition, question)
        {
            let why = "this step may run although the freeze check failed".to_owned();
            return Proof::Unproven(step.pos, why);
        }
    }
    Proof::Proven(check.pos)
}

/// Whether any step is recognised as a deploy; if none is, every step may be one.
fn deploys(job: &Job) -> bool {
    job.steps.iter().any(is_deploying)
}

/// Steps that are known to fetch and set up, and nothing else.
fn is_harmless(step: &Step) -> bool {
    step.run.is_none()
        && step.uses.as_ref().is_some_and(|uses| {
            let action = uses.as_str().split('@').next().unwrap_or_default();
            action == "actions/checkout" || action.starts_with("actions/setup-") || action == "actions/cache"
        })
}

/// Whether a step checks the freeze, and if so why its failure might not stop the job.
fn checks(workflow: &Workflow, job: &Job, step: &Step, question: &Question<'_>) -> Option<Result<(), String>> {
    let script = step.run.as_ref()?.as_str().replace("\\\n", " ");
    let line = script.lines().map(str::trim).position(|line| mentions(line, question.equivalents))?;
    let no = |why: &str| Some(Err(why.to_owned()));
    if step.continue_on_error.as_ref().is_some_and(|text| !text.is_false()) {
        return no("the freeze check's failure is ignored: `continue-on-error`");
    }
    if step.background.as_ref().is_some_and(|text| !text.is_false()) {
        return no("the freeze check runs in the background");
    }
    if step.condition.as_ref().is_some_and(|condition| !always_holds(condition, question)) {
        return no("the freeze check has an `if` that may be false");
    }
    let shell = step.shell.as_ref().or(job.shell.as_ref()).or(workflow.shell.as_ref());
    if shell.is_some_and(|shell| !["bash", "sh"].contains(&shell.as_str())) {
        return no("the freeze check's shell may not stop at the first failure");
    }
    for (at, line_text) in script.lines().map(str::trim).enumerate() {
        if at == line {
            return if is_bare(line_text, job, question) {
                Some(Ok(()))
            } else {
                no("the freeze check's exit code may be lost in its line of the script")
            };
        }
        if !is_plain(line_text) {
            return no("a line before the freeze check may keep it from stopping the script");
        }
    }
    None
}

/// Whether a step's condition surely holds while everything before it succeeded.
fn always_holds(condition: &Text, question: &Question<'_>) -> bool {
    evaluate(condition, Status::NEEDS_SUCCEEDED, question) == Some(true)
}

/// Whether a step surely does not run once one before it failed.
fn needs_success(condition: &Text, question: &Question<'_>) -> bool {
    evaluate(condition, Status { success: Assumed::False, ..Status::UNKNOWN }, question) == Some(false)
}

/// The truth of a step's condition, when it is known.
fn evaluate(condition: &Text, status: Status, question: &Question<'_>) -> Option<bool> {
    let text = if condition.scalar.kind == Kind::Null { "" } else { condition.as_str() };
    let functions = Functions { status: Some(status), hash_files: true };
    match expressions::condition(text, question.contexts, &functions).ok()?.value {
        Resolved::Known(value) => Some(value.is_truthy()),
        Resolved::OneOf(values) => {
            let truths: BTreeSet<bool> = values.iter().map(Value::is_truthy).collect();
            truths.first().copied().filter(|_| truths.len() == 1)
        }
        Resolved::Unknown(_) => None,
    }
}

/// Contexts of which nothing is assumed.
#[derive(Debug, Clone, Copy)]
pub struct Nothing;

impl Contexts for Nothing {
    fn context(&self, _: &str) -> Lookup {
        Lookup::Node(Node::Unknown("nothing is assumed of a step".to_owned()))
    }
}

#[cfg(test)]
mod tests;
