//! Whether a job runs, and which of its needs must have succeeded for that.

use std::collections::BTreeSet;

use super::frame::{Frame, States, needs};
use super::{Resolver, quoted, why};
use crate::workflows::contexts::{Known, WorkflowKey};
use crate::workflows::expressions::{Assumed, Condition, Error, Node, Resolved, Status, Value, Why, condition};
use crate::workflows::model::{Job, Problem};

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
    Maybe(Why),
    Skipped(String),
}

impl Resolver<'_> {
    /// # Errors
    /// Why GitHub rejects the condition.
    pub(super) fn condition(&self, frame: &Frame<'_>, job: &Job, states: &States) -> Result<Outcome, Problem> {
        let text = job.condition.as_ref().map_or("", |text| text.as_str());
        let pos = job.condition.as_ref().map_or(job.pos, |text| text.pos);
        let evaluate = |status: Status, succeeded: &BTreeSet<String>, failing: &[&str]| {
            let known = Known {
                key: WorkflowKey::If,
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
        let probe = match evaluate(Status::UNKNOWN, &BTreeSet::new(), &[]) {
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
            let names: Vec<&str> = ids.iter().map(String::as_str).take_while(|_| ids.len() <= MAX_NEEDS).collect();
            let holds_back = |failing: &[&str]| matches!(evaluate(failed, &BTreeSet::new(), failing), Ok(c) if c.truth() == Some(false));
            required(&names, &holds_back).into_iter().map(str::to_owned).collect()
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
        let outcome = match evaluate(status, &required, &[]) {
            Ok(outcome) => outcome,
            Err(error) => return Err(rejected(&error)),
        };
        let run = match (outcome.truth(), &outcome.value) {
            (Some(true), _) => Run::Yes,
            (Some(false), _) => Run::Skipped(match skipped {
                Some(need) if probe.status_functions.is_empty() => format!("it needs `{}`, which does not run here", need.as_str()),
                _ => format!("if: {} does not hold here", quoted(text)),
            }),
            (None, Resolved::Unknown(reasons)) => Run::Maybe(why(reasons)),
            (None, _) => Run::Maybe(why(&[])),
        };
        Ok(Outcome { run, required, mixed: outcome.mixed || probe.mixed })
    }
}

/// The names each of which alone holds back, if some that hold back still do together with more: then one question is enough
/// for many names of which none does.
fn required<'a>(names: &[&'a str], holds_back: &dyn Fn(&[&str]) -> bool) -> Vec<&'a str> {
    fn within<'a>(names: &[&'a str], holds_back: &dyn Fn(&[&str]) -> bool) -> Vec<&'a str> {
        match names {
            _ if !holds_back(names) => Vec::new(),
            [] | [_] => names.to_vec(),
            several => {
                let (first, second) = several.split_at(several.len() / 2);
                [within(first, holds_back), within(second, holds_back)].concat()
            }
        }
    }
    if names.is_empty() || holds_back(&[]) { names.to_vec() } else { within(names, holds_back) }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;

    use super::*;

    const NAMES: [&str; 100] = ["j"; 100];

    proptest! {
        #[test]
        fn what_is_required_is_found_as_if_each_was_asked_alone(holding in proptest::collection::btree_set(0_usize..40, 0..8)) {
            let names: Vec<String> = (0..40).map(|n| n.to_string()).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let holds_back = |failing: &[&str]| failing.iter().any(|name| holding.contains(&name.parse().unwrap()));
            let alone: Vec<&str> = names.iter().copied().filter(|name| holds_back(&[*name])).collect();
            prop_assert_eq!(required(&names, &holds_back), alone);
        }
    }

    #[test]
    fn a_hundred_needs_take_few_questions() {
        let questions = |answer: &dyn Fn(&[&str]) -> bool| {
            let asked = Cell::new(0);
            required(&NAMES, &|failing| {
                asked.set(asked.get() + 1);
                answer(failing)
            });
            asked.get()
        };
        assert_eq!((questions(&|_| false), questions(&|_| true)), (2, 1));
        assert!(questions(&|failing| !failing.is_empty()) <= 2 * NAMES.len());
    }
}
