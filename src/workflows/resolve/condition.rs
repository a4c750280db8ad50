//! Whether a job runs, and which of its needs must have succeeded for that.

use std::collections::BTreeSet;

use super::frame::{Frame, States, needs};
use super::{Resolver, quoted, why};
use crate::workflows::contexts::{Known, WorkflowKey};
use crate::workflows::expressions::{Assumed, Condition, Error, Node, Resolved, Status, Value, condition};
use crate::workflows::model::{Job, Problem};
use crate::workflows::yaml::NodeKind;

/// With more needs than this, a condition with status functions is assumed to require none of them: each costs an evaluation.
const MAX_NEEDS: usize = 256;

/// The result of a job's `if` and `needs`.
pub(super) struct Outcome {
    pub(super) run: Run,
    /// The needs, in lower case, without whose success the job certainly does not run.
    pub(super) required: BTreeSet<String>,
    pub(super) mixed: bool,
}

/// Whether a job runs, given that everything before it may have gone well.
pub(super) enum Run {
    Yes,
    Maybe(String),
    Skipped(String),
}

impl Resolver<'_> {
    /// # Errors
    /// Why GitHub rejects the condition.
    pub(super) fn condition(&self, frame: &Frame<'_>, job: &Job, states: &States) -> Result<Outcome, Problem> {
        let text = job.condition.as_ref().filter(|text| text.scalar.kind != NodeKind::Null).map_or("", |text| text.as_str());
        let pos = job.condition.as_ref().map_or(job.pos, |text| text.pos);
        let evaluate = |status: Status, succeeded: &BTreeSet<String>, failing: Option<&str>| {
            let known = Known {
                place: WorkflowKey::If,
                github: &self.github,
                inputs: &frame.inputs,
                needs: &needs(job, states, succeeded, failing),
                matrix: &Node::Known(Value::Null),
                jobs: &Node::Known(Value::Null),
            };
            condition(text, &known, &WorkflowKey::If.functions(status))
        };
        let rejected = |error: &Error| Problem { pos, why: format!("its `if` fails: {}", error.message()) };

        let ids: BTreeSet<String> = job.needs.iter().map(|need| need.as_str().to_lowercase()).collect();
        // Evaluated first without assumptions: for the functions that it calls, and for what GitHub rejects.
        let probe = match evaluate(Status::UNKNOWN, &BTreeSet::new(), None) {
            Ok(probe) => probe,
            Err(error @ Error::Syntax(_)) => return Err(rejected(&error)),
            Err(Error::Evaluation(_)) => {
                Condition { value: Resolved::Unknown(Vec::new()), mixed: false, status_functions: BTreeSet::new() }
            }
        };
        let required: BTreeSet<String> = if probe.status_functions.is_empty() {
            ids.clone()
        } else {
            // A need is required when the condition is false for every way in which the need did not succeed.
            let failed = Status { success: Assumed::False, failure: Assumed::Unknown, cancelled: Assumed::Unknown };
            let holds_back = |id: &str| matches!(evaluate(failed, &BTreeSet::new(), Some(id)), Ok(c) if is_false(&c));
            ids.iter().filter(|id| ids.len() <= MAX_NEEDS && holds_back(id)).cloned().collect()
        };

        let skipped = job.needs.iter().find(|need| states.get(&need.as_str().to_lowercase()).is_some_and(|state| state.skipped));
        let status = Status {
            success: match skipped {
                Some(_) => Assumed::False,
                None if required == ids => Assumed::True,
                None => Assumed::Unknown,
            },
            failure: if ids.is_empty() { Assumed::False } else { Assumed::Unknown },
            cancelled: Assumed::Unknown,
        };
        let outcome = match evaluate(status, &required, None) {
            Ok(outcome) => outcome,
            Err(error) => return Err(rejected(&error)),
        };
        let run = match &outcome.value {
            Resolved::Known(value) if value.is_truthy() => Run::Yes,
            Resolved::Known(_) => Run::Skipped(match skipped {
                Some(need) if probe.status_functions.is_empty() => format!("it needs `{}`, which does not run here", need.as_str()),
                _ => format!("if: {} does not hold here", quoted(text)),
            }),
            Resolved::OneOf(values) if values.iter().all(|value| !value.is_truthy()) => {
                Run::Skipped(format!("if: {} does not hold here", quoted(text)))
            }
            Resolved::OneOf(_) => Run::Maybe(format!("if: {}", quoted(text))),
            Resolved::Unknown(reasons) => Run::Maybe(why(reasons)),
        };
        Ok(Outcome { run, required, mixed: outcome.mixed || probe.mixed })
    }
}

fn is_false(condition: &Condition) -> bool {
    match &condition.value {
        Resolved::Known(value) => !value.is_truthy(),
        Resolved::OneOf(values) => values.iter().all(|value| !value.is_truthy()),
        Resolved::Unknown(_) => false,
    }
}
