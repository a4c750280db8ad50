//! `on`: which events start a workflow, with which filters and inputs.

use super::keys;
use super::nodes::{check_keys, scalars, text};
use crate::workflows::model::{Input, InputKind, Problem, RefFilter, Text, Trigger, UnknownKey, Workflow};
use crate::workflows::yaml::{Data, Key, Node, Pos};

/// Reads `on` in each of its three forms: a name, a list of names, a mapping.
pub(super) fn triggers(node: &Node, workflow: &mut Workflow) {
    match &node.data {
        Data::Mapping(entries) => {
            for (key, body) in entries {
                let trigger = trigger(key, body, &mut workflow.problems, &mut workflow.unknown_keys);
                workflow.triggers.push(trigger);
            }
        }
        Data::Scalar(_) | Data::Sequence(_) => {
            for item in node.items() {
                match text(item) {
                    Some(name) if !name.as_str().is_empty() => workflow.triggers.push(bare(name.as_str(), name.pos)),
                    _ => workflow.problems.push(Problem { pos: item.pos, why: "`on` must name events".to_owned() }),
                }
            }
        }
    }
    if workflow.triggers.is_empty() && workflow.problems.is_empty() {
        workflow.problems.push(Problem { pos: node.pos, why: "`on` names no event".to_owned() });
    }
    for trigger in &workflow.triggers {
        if !keys::events().contains(&trigger.event.as_str()) {
            workflow.unknown_keys.push(UnknownKey {
                key: Key { text: trigger.event.clone(), pos: trigger.pos },
                place: "on".to_owned(),
                near: keys::near(&trigger.event, &keys::events()),
            });
        }
    }
}

fn bare(event: &str, pos: Pos) -> Trigger {
    Trigger {
        event: event.to_owned(),
        pos,
        branches: RefFilter::Absent,
        tags: RefFilter::Absent,
        paths: false,
        types: Vec::new(),
        crons: Vec::new(),
        inputs: Vec::new(),
        outputs: Vec::new(),
    }
}

fn trigger(key: &Key, body: &Node, problems: &mut Vec<Problem>, unknown: &mut Vec<UnknownKey>) -> Trigger {
    let mut trigger = bare(&key.text, key.pos);
    let place = format!("on.{}", key.text);
    if key.text == "schedule" {
        trigger.crons = body.items().iter().filter_map(|item| text(item.get("cron")?)).collect();
        return trigger;
    }
    if body.is_null() {
        return trigger;
    }
    let Data::Mapping(entries) = &body.data else {
        problems.push(Problem { pos: body.pos, why: format!("`{place}` is {} and must be a mapping", body.kind_name()) });
        return trigger;
    };
    check_keys(entries, keys::of_event(&key.text), &place, unknown);
    trigger.branches = filter(body, "branches", "branches-ignore", problems);
    trigger.tags = filter(body, "tags", "tags-ignore", problems);
    trigger.paths = filter(body, "paths", "paths-ignore", problems) != RefFilter::Absent;
    trigger.types = scalars(body, "types", problems).unwrap_or_default();
    if let Some(inputs) = body.get("inputs").filter(|inputs| !inputs.is_null()) {
        match inputs.mapping() {
            Some(inputs) => trigger.inputs = inputs.iter().map(|(key, body)| input(key, body, problems, unknown)).collect(),
            None => problems.push(Problem { pos: inputs.pos, why: "`inputs` must be a mapping".to_owned() }),
        }
    }
    if let Some(outputs) = body.get("outputs").and_then(Node::mapping) {
        trigger.outputs = outputs.iter().filter_map(|(key, body)| Some((key.clone(), text(body.get("value")?)?))).collect();
    }
    trigger
}

fn filter(body: &Node, only: &str, ignore: &str, problems: &mut Vec<Problem>) -> RefFilter {
    if let (Some(_), Some(second)) = (body.get(only), body.get(ignore)) {
        problems.push(Problem { pos: second.pos, why: format!("`{only}` and `{ignore}` cannot both filter one event") });
    }
    if let Some(patterns) = scalars(body, only, problems) {
        return RefFilter::Only(patterns);
    }
    scalars(body, ignore, problems).map_or(RefFilter::Absent, RefFilter::Ignore)
}

fn input(key: &Key, body: &Node, problems: &mut Vec<Problem>, unknown: &mut Vec<UnknownKey>) -> Input {
    let mut input = Input { name: key.text.clone(), pos: key.pos, kind: InputKind::String, required: false, default: None };
    if body.is_null() {
        return input;
    }
    let Some(entries) = body.mapping() else {
        problems.push(Problem { pos: body.pos, why: format!("the input `{}` must be a mapping", key.text) });
        return input;
    };
    check_keys(entries, keys::INPUT, &format!("the input `{}`", key.text), unknown);
    input.default = body.get("default").and_then(text);
    input.required = body.get("required").and_then(text).is_some_and(|t: Text| t.is_true());
    let kind = body.get("type").and_then(text);
    input.kind = match kind.as_ref().map(Text::as_str) {
        None | Some("string") => InputKind::String,
        Some("boolean") => InputKind::Boolean,
        Some("number") => InputKind::Number,
        Some("environment") => InputKind::Environment,
        Some("choice") => {
            let options = scalars(body, "options", problems).unwrap_or_default();
            InputKind::Choice(options.into_iter().map(|option| option.scalar.text).collect())
        }
        Some(other) => {
            problems.push(Problem {
                pos: key.pos,
                why: format!("the input `{}` has the type `{other}`, which GitHub does not know", key.text),
            });
            InputKind::String
        }
    };
    input
}
