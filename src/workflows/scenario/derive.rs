//! The scenarios that a file's triggers allow.
//!
//! Owns the choice of refs and inputs. Every ref that the file itself names is tried, so that a branch which is treated
//! differently is seen.

use std::collections::BTreeSet;

use super::{Bound, Scenario, crons, label, not_given, run_ref, types};
use crate::workflows::expressions::{Node, Value};
use crate::workflows::facts::Facts;
use crate::workflows::keys;
use crate::workflows::model::{Input, InputKind, Job, Matrix, Trigger, Workflow};
use crate::workflows::secrets::{expressions, split_strings};
use crate::workflows::triggers::{PULL_REQUESTS, admits, samples};
use crate::workflows::yaml::Node as Yaml;

/// A branch that nothing names.
const OTHER_BRANCH: &str = "refs/heads/some-other-branch";
/// A tag that nothing names.
const SOME_TAG: &str = "refs/tags/some-tag";
/// How many combinations of inputs one trigger is tried with.
const MAX_INPUTS: usize = 64;
/// The maximum number of scenarios for one trigger.
const MAX_SCENARIOS: usize = 1_024;
/// How many jobs all scenarios of one file may have before one scenario stands for all refs that no trigger names.
const MAX_EVALUATIONS: usize = 10_000;

/// Every scenario of every trigger; a file that is only called has none. Those on refs that the triggers name come first. If
/// there are too many others to try each, a scenario whose ref is not known stands for them: what may happen on any of them
/// may happen there.
#[must_use]
pub fn derived(workflow: &Workflow, facts: &Facts) -> Vec<Scenario> {
    let mentioned = mentioned_refs(workflow, facts);
    let all = workflow.triggers.iter().flat_map(|trigger| {
        let mut found = of_trigger(workflow, trigger, &mentioned, facts);
        // If the filters name no ref, the first one stands for all of them.
        if !found.iter().any(|scenario| scenario.named_ref)
            && let Some(first) = found.first_mut()
        {
            first.named_ref = true;
        }
        found
    });
    let (standing, tried): (Vec<Scenario>, Vec<Scenario>) =
        all.partition(|scenario| scenario.git_ref.is_none() || !is_cut(&scenario.event));
    let (mut kept, probes): (Vec<_>, Vec<_>) = tried.into_iter().partition(|scenario| scenario.named_ref);
    kept.extend(probes);
    let most = (MAX_EVALUATIONS / workflow.jobs.len().max(1)).max(1);
    let cut = kept.split_off(most.min(kept.len()));
    let mut events: BTreeSet<&str> =
        standing.iter().filter(|scenario| is_cut(&scenario.event)).map(|scenario| scenario.event.as_str()).collect();
    let stand_ins: Vec<Scenario> =
        cut.iter().filter(|scenario| events.insert(&scenario.event)).map(|scenario| any_ref(workflow, scenario)).collect();
    kept.extend(stand_ins);
    let (mut all, probes): (Vec<_>, Vec<_>) = standing.into_iter().chain(kept).partition(|scenario| scenario.named_ref);
    all.extend(probes);
    all
}

/// Events that one scenario on an unknown ref can stand for.
fn is_cut(event: &str) -> bool {
    ["push", "create", "workflow_dispatch"].contains(&event)
}

/// The scenario of an event on a ref that is not known, with inputs that are not known.
fn any_ref(workflow: &Workflow, scenario: &Scenario) -> Scenario {
    let trigger = workflow.trigger(&scenario.event);
    let any = |input: &Input| Bound::new(&input.name, Node::unknown("any value can be given"));
    Scenario {
        label: format!("{} on any other ref", scenario.event),
        git_ref: None,
        base: scenario.base.clone(),
        inputs: trigger.into_iter().flat_map(|trigger| &trigger.inputs).map(any).collect(),
        named_ref: false,
        ..scenario.clone()
    }
}

fn of_trigger(workflow: &Workflow, trigger: &Trigger, mentioned: &[String], facts: &Facts) -> Vec<Scenario> {
    let event = trigger.event.as_str();
    let scenario = |git_ref: Option<String>, base: Option<String>| Scenario {
        label: label(event, git_ref.as_deref(), base.as_deref(), facts),
        event: event.to_owned(),
        inputs: Vec::new(),
        types: types(trigger),
        crons: crons(trigger),
        pos: trigger.pos,
        named_ref: git_ref.as_ref().or(base.as_ref()).is_none_or(|name| names(trigger, name, facts)),
        git_ref,
        base,
    };
    match event {
        "workflow_call" => Vec::new(),
        "push" | "create" => refs(trigger, mentioned, facts).into_iter().map(|git_ref| scenario(Some(git_ref), None)).collect(),
        "workflow_dispatch" => {
            let combinations = combinations(workflow, trigger, facts);
            let refs = refs(trigger, mentioned, facts);
            let all = refs.iter().flat_map(|git_ref| combinations.iter().map(move |(words, inputs)| (git_ref, words, inputs)));
            let mut found: Vec<Scenario> = Vec::new();
            for (git_ref, words, inputs) in all {
                let mut one = scenario(Some(git_ref.clone()), None);
                if found.len() == MAX_SCENARIOS {
                    found.push(any_ref(workflow, &one));
                    break;
                }
                one.label.push_str(words);
                one.inputs.clone_from(inputs);
                found.push(one);
            }
            found
        }
        event if PULL_REQUESTS.contains(&event) => refs(trigger, mentioned, facts)
            .iter()
            .filter(|git_ref| git_ref.as_str() != OTHER_BRANCH || !admits(trigger, &facts.default_ref()))
            .filter_map(|git_ref| git_ref.strip_prefix("refs/heads/"))
            .map(|base| {
                let (git_ref, base) = run_ref(event, Some(base), facts);
                scenario(git_ref, base)
            })
            .collect(),
        event => {
            let (git_ref, base) = run_ref(event, None, facts);
            vec![scenario(git_ref, base)]
        }
    }
}

/// Whether a ref is the default branch, the sample of a filter's pattern, or no branch or tag at all.
fn names(trigger: &Trigger, git_ref: &str, facts: &Facts) -> bool {
    match (git_ref.strip_prefix("refs/heads/"), git_ref.strip_prefix("refs/tags/")) {
        (Some(branch), _) => branch == facts.default_branch || samples(&trigger.branches).iter().any(|name| name == branch),
        (_, Some(tag)) => trigger.event == "release" || samples(&trigger.tags).iter().any(|name| name == tag),
        (None, None) => true,
    }
}

/// The refs that a trigger is tried with, the default branch first.
fn refs(trigger: &Trigger, mentioned: &[String], facts: &Facts) -> Vec<String> {
    let branches = samples(&trigger.branches).into_iter().map(|name| format!("refs/heads/{name}"));
    let tags = samples(&trigger.tags).into_iter().map(|name| format!("refs/tags/{name}"));
    let all = [facts.default_ref()].into_iter().chain(branches).chain(tags).chain(mentioned.iter().cloned());
    let all = all.chain([OTHER_BRANCH, SOME_TAG].map(str::to_owned));
    let mut seen = BTreeSet::new();
    all.filter(|git_ref| admits(trigger, git_ref) && seen.insert(git_ref.clone())).collect()
}

/// The refs that the file's expressions name: full ones, prefixes, and short names if a ref is compared.
fn mentioned_refs(workflow: &Workflow, facts: &Facts) -> Vec<String> {
    let mut found = BTreeSet::new();
    for text in job_texts(workflow) {
        let compares = text.to_ascii_lowercase().contains("ref");
        let strings = split_strings(text).1;
        if compares && partial_comparisons(text) >= 2 {
            found.extend(combined(&strings));
        }
        for string in strings.into_iter().flat_map(names_within) {
            if string.starts_with("refs/heads/") || string.starts_with("refs/tags/") {
                found.insert(if string.ends_with('/') { format!("{string}1") } else { string.to_owned() });
            } else if compares
                && !string.is_empty()
                && !keys::events().contains(&string)
                && string.len() < 64
                && !string.contains([' ', ':', '*', '{'])
            {
                found.insert(format!("refs/heads/{string}"));
                found.insert(format!("refs/tags/{string}"));
            }
        }
    }
    found.remove(&facts.default_ref());
    found.into_iter().collect()
}

/// How often an expression compares a part of a text.
fn partial_comparisons(text: &str) -> usize {
    let lower = text.to_ascii_lowercase();
    ["startswith", "endswith", "contains"].iter().map(|function| lower.matches(function).count()).sum()
}

/// Refs that satisfy several partial comparisons at once: each two and three of the strings, one by one.
fn combined(strings: &[&str]) -> BTreeSet<String> {
    const MOST: usize = 5;
    let mut found = BTreeSet::new();
    let parts: Vec<&str> = strings.iter().copied().filter(|string| !string.is_empty() && !string.contains(' ')).take(MOST).collect();
    let full = |name: String| {
        let is_full = name.starts_with("refs/heads/") || name.starts_with("refs/tags/");
        if is_full { vec![name] } else { vec![format!("refs/heads/{name}"), format!("refs/tags/{name}")] }
    };
    for (a, first) in parts.iter().enumerate() {
        for (b, second) in parts.iter().enumerate().filter(|(b, _)| *b != a) {
            found.extend(full(format!("{first}{second}")));
            for (_, third) in parts.iter().enumerate().filter(|(c, _)| *c != a && *c != b) {
                found.extend(full(format!("{first}{second}{third}")));
            }
        }
    }
    found
}

/// The names that a string lists: `["refs/heads/a", "refs/heads/b"]`, `a,b`, or itself.
fn names_within(string: &str) -> Vec<&str> {
    if !string.contains(['"', ',']) {
        return vec![string];
    }
    string.split(['"', ',', '[', ']', ' ']).filter(|part| !part.is_empty()).collect()
}

/// The expressions that decide which jobs run, where, and with what.
fn job_texts(workflow: &Workflow) -> Vec<&str> {
    let mut found = Vec::new();
    for job in &workflow.jobs {
        found.extend(job.condition.iter().map(|condition| condition.as_str()));
        let Job { environment, matrix, call, outputs, .. } = job;
        let texts = environment.name().into_iter().chain(call.iter().flat_map(|call| call.with.iter().map(|(_, value)| value)));
        let texts = texts.chain(outputs.iter().map(|(_, value)| value)).map(|text| text.as_str());
        found.extend(texts.flat_map(expressions));
        match matrix {
            Some(Matrix::Declared(node)) => found.extend(scalars(node).into_iter().flat_map(expressions)),
            Some(Matrix::Strategy(text)) => found.extend(expressions(text.as_str())),
            None => {}
        }
    }
    found
}

fn scalars(node: &Yaml) -> Vec<&str> {
    let mut found = Vec::new();
    node.each_scalar(&mut |scalar, _| found.push(scalar.text.as_str()));
    found
}

/// Every combination of the inputs that decide something, with the words for the label.
fn combinations(workflow: &Workflow, trigger: &Trigger, facts: &Facts) -> Vec<(String, Vec<Bound>)> {
    let texts: Vec<String> = job_texts(workflow).iter().map(|text| text.to_ascii_lowercase()).collect();
    let mut all: Vec<(String, Vec<Bound>)> = vec![(String::new(), Vec::new())];
    for input in &trigger.inputs {
        let mut values = if decides(input, &texts) { choices(input, facts) } else { vec![(String::new(), irrelevant(input))] };
        if all.len().saturating_mul(values.len()) > MAX_INPUTS {
            values = vec![(
                format!(" {}=(any)", input.name),
                Bound::new(&input.name, Node::unknown("there are too many combinations of inputs")),
            )];
        }
        all = all
            .iter()
            .flat_map(|(words, bound)| {
                values.iter().map(move |(word, value)| {
                    let mut bound = bound.clone();
                    bound.push(value.clone());
                    (format!("{words}{word}"), bound)
                })
            })
            .collect();
    }
    all
}

/// Whether an input is read where jobs are decided; reading all inputs at once counts as well.
fn decides(input: &Input, texts: &[String]) -> bool {
    let name = input.name.to_ascii_lowercase();
    texts.iter().any(|text| {
        text.match_indices("inputs").any(|(at, word)| {
            let after = text.get(at + word.len()..).unwrap_or_default().trim_start();
            match after.strip_prefix('.').map(str::trim_start) {
                Some(property) => property.starts_with('*') || property.split(|c: char| !is_word(c)).next() == Some(name.as_str()),
                None => after.strip_prefix('[').is_none_or(|index| index.contains(&name) || !index.trim_start().starts_with('\'')),
            }
        })
    })
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

fn irrelevant(input: &Input) -> Bound {
    if input.default.is_some() { not_given(input) } else { Bound::new(&input.name, Node::unknown("any value can be given")) }
}

/// The values that an input is tried with, the default first.
fn choices(input: &Input, facts: &Facts) -> Vec<(String, Bound)> {
    let name = &input.name;
    let named = |value: Value| (format!(" {name}={}", value.to_text()), Bound::new(name, Node::Known(value)));
    let any = || (format!(" {name}=(any)"), Bound::new(name, Node::unknown("any text can be given")));
    let environments = || facts.environments.keys().map(|name| named(Value::from(name.as_str())));
    let mut found: Vec<(String, Bound)> = match &input.kind {
        InputKind::Boolean => vec![named(Value::Bool(true)), named(Value::Bool(false))],
        InputKind::Choice(options) => options.iter().map(|option| named(Value::from(option.as_str()))).collect(),
        InputKind::Number => vec![any()],
        // GitHub offers the environments that exist; only the live state has the list.
        InputKind::Environment => match &facts.live {
            Some(live) => {
                let missing = facts.environments.keys().filter(|name| !live.contains_key(*name));
                live.keys().chain(missing).map(|name| named(Value::from(name.as_str()))).collect()
            }
            None => environments().chain([any()]).collect(),
        },
        // Any text first: a name makes a scenario of its own only if it has a different result.
        InputKind::String => [any()].into_iter().chain(environments()).collect(),
    };
    if let Some(default) = input.default.as_ref().map(|_| not_given(input)) {
        let same = |bound: &Bound| matches!((&bound.value, &default.value), (Node::Known(a), Node::Known(b)) if a == b);
        let at = found.iter().position(|(_, bound)| same(bound));
        let first = match (at, &default.value) {
            (Some(at), _) => found.remove(at),
            (None, Node::Known(value)) => named(value.clone()),
            (None, _) => return found,
        };
        found.insert(0, first);
    } else if input.kind == InputKind::String && !input.required {
        found.insert(0, (format!(" {name}="), Bound::new(name, Node::text(""))));
    }
    found
}
