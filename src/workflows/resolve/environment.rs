//! What the `environment` of one leg resolves to.

use std::collections::BTreeMap;

use super::{JobEntry, Verdict, by_input, names_input, quoted, value};
use crate::workflows::contexts::Known;
use crate::workflows::expressions::{Node, Value};
use crate::workflows::model::{Job, JobEnvironment, Problem, Text};

/// The verdict on one leg.
pub(super) fn of(job: &Job, entry: &JobEntry, known: &Known<'_>) -> JobEntry {
    let held = &entry.details.gates.held;
    let mut one = match job.environment.name() {
        Some(name) => named(name, entry, known),
        None => entry.with(Verdict::None, "it has no `environment`"),
    };
    one.details.by_input |= job.environment.name().is_some_and(|name| names_input(name.as_str()));
    if one.verdict == Verdict::None && !held.is_empty() {
        let names: Vec<String> = held.iter().cloned().collect();
        let why = format!("{}, but it waits for a job in {}", one.reason, names.join(", "));
        one = JobEntry { environments: names, ..one.with(Verdict::ViaNeeds, why) };
    }
    one.details.unrecorded = matches!(&job.environment, JobEnvironment::Mapping { deployment: Some(flag), .. } if is_false(flag, known));
    one
}

fn is_false(flag: &Text, known: &Known<'_>) -> bool {
    matches!(value(flag, known), Ok(Node::Known(Value::Bool(false))))
}

fn named(text: &Text, entry: &JobEntry, known: &Known<'_>) -> JobEntry {
    let source = format!("environment: {}", quoted(text.as_str()));
    let values = match value(text, known) {
        Err(error) => {
            let why = format!("{source} fails: {}", error.message());
            return entry.invalid(&Problem { pos: text.pos, why });
        }
        Ok(Node::Known(value)) => vec![value],
        Ok(Node::OneOf(values)) => values,
        Ok(Node::Unknown(why)) => {
            let mut one = entry.with(Verdict::Unknown, format!("{source} is not known: {why}"));
            one.details.by_input = by_input(&why);
            return one;
        }
        Ok(Node::Partial(..)) => return entry.with(Verdict::Unknown, format!("{source} is not known")),
    };
    let is_name = |value: &Value| name(value).is_some();
    if !values.iter().all(is_name) {
        let why = format!("{source} is a list or an object without a name");
        return if values.iter().any(is_name) { entry.with(Verdict::Unknown, why) } else { entry.failing(&Problem { pos: text.pos, why }) };
    }
    // GitHub compares names without case, so two spellings are one environment.
    let names: BTreeMap<String, String> = values.iter().rev().filter_map(name).map(|name| (name.to_lowercase(), name)).collect();
    let environments: Vec<String> = names.into_values().collect();
    match environments.as_slice() {
        [only] if only.is_empty() => entry.with(Verdict::None, format!("{source} is empty here")),
        [_] => JobEntry { environments, ..entry.with(Verdict::Env, source) },
        several => {
            let words: Vec<&str> = several.iter().map(|name| if name.is_empty() { "none" } else { name.as_str() }).collect();
            let why = format!("{source} may be {}", words.join(", "));
            JobEntry { environments, ..entry.with(Verdict::Set, why) }
        }
    }
}

/// The name that a value gives: its text, or `name` of an object.
fn name(value: &Value) -> Option<String> {
    match value {
        Value::Array(_) => None,
        Value::Object(fields) => fields.get("name").filter(|name| !matches!(name, Value::Array(_) | Value::Object(_))).map(Value::to_text),
        other => Some(other.to_text()),
    }
}
