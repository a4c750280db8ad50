//! The scenarios that a file's triggers allow.
//!
//! Owns the choice of refs and inputs. Every ref that the file itself names is tried, so that a branch which is treated
//! differently is seen.

use std::collections::BTreeSet;

use super::{Bound, SOME_RELEASE, Scenario, not_given, probes, required, run_ref};
use crate::workflows::expressions::{Node, Value};
use crate::workflows::facts::Facts;
use crate::workflows::model::{Input, InputKind, Trigger, Workflow};
use crate::workflows::reads::{Affects, Reads, RefTexts};
use crate::workflows::triggers::{PULL_REQUESTS, admits, samples};

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
///
/// `reads` is everything that a run of the file evaluates.
pub fn derived(workflow: &Workflow, reads: &Reads, facts: &Facts) -> Vec<Scenario> {
    let texts = reads.refs();
    let all = workflow.triggers.iter().flat_map(|trigger| {
        let mut found = of_trigger(trigger, reads, &texts, facts);
        // If the filters name no ref, the first one stands for all of them.
        if !found.iter().any(|scenario| scenario.named_ref)
            && let Some(first) = found.first_mut()
        {
            first.named_ref = true;
        }
        found
    });
    let (standing, tried): (Vec<Scenario>, Vec<Scenario>) = all.partition(|scenario| !is_cut(&scenario.event));
    let (mut kept, probes): (Vec<_>, Vec<_>) = tried.into_iter().partition(|scenario| scenario.named_ref);
    kept.extend(probes);
    let most = (MAX_EVALUATIONS / workflow.jobs.len().max(1)).max(1);
    let cut = kept.split_off(most.min(kept.len()));
    let mut events: BTreeSet<&str> = BTreeSet::new();
    let stand_ins: Vec<Scenario> =
        cut.iter().filter(|scenario| events.insert(&scenario.event)).map(|scenario| any_ref(workflow, scenario)).collect();
    kept.extend(stand_ins);
    let (mut all, probes): (Vec<_>, Vec<_>) = standing.into_iter().chain(kept).partition(|scenario| scenario.named_ref);
    all.extend(probes);
    all
}

/// Events that one scenario on an unknown ref can stand for.
fn is_cut(event: &str) -> bool {
    ["push", "create", "release", "workflow_dispatch"].contains(&event)
}

/// The scenario of an event on a ref that is not known, with inputs that are not known.
fn any_ref(workflow: &Workflow, scenario: &Scenario) -> Scenario {
    let inputs = workflow.trigger(&scenario.event).into_iter().flat_map(|trigger| &trigger.inputs);
    Scenario {
        label: format!("{} on any other ref", scenario.event),
        git_ref: None,
        inputs: inputs.map(any_value).collect(),
        named_ref: false,
        ..scenario.clone()
    }
}

fn of_trigger(trigger: &Trigger, reads: &Reads, texts: &RefTexts, facts: &Facts) -> Vec<Scenario> {
    let event = trigger.event.as_str();
    let scenario = |git_ref: Option<String>, base: Option<String>| Scenario {
        named_ref: base.as_ref().or(git_ref.as_ref()).is_none_or(|name| names(trigger, name, facts)),
        ..Scenario::of(trigger, git_ref, base, facts)
    };
    let unnamed = |words: &str, one: Scenario| Scenario { label: format!("{event}{words}"), named_ref: false, ..one };
    let on = |git_ref: Option<String>| match git_ref {
        Some(git_ref) => scenario(Some(git_ref), None),
        None => unnamed(" on any other ref", scenario(None, None)),
    };
    let refs = refs(trigger, texts, facts);
    match event {
        "workflow_call" => Vec::new(),
        "push" | "create" | "release" => refs.into_iter().map(on).collect(),
        "workflow_dispatch" => {
            let combinations = combinations(reads, trigger, facts);
            let mut refs = refs;
            let most = (MAX_SCENARIOS / combinations.len().max(1)).max(2) - 1;
            if refs.len() > most {
                refs.truncate(most);
                refs.push(None);
            }
            let with = |git_ref: &Option<String>| {
                let one = on(git_ref.clone());
                let of = |(words, inputs): &(String, Vec<Bound>)| Scenario {
                    label: format!("{}{words}", one.label),
                    inputs: inputs.clone(),
                    ..one.clone()
                };
                combinations.iter().map(of).collect::<Vec<_>>()
            };
            refs.iter().flat_map(with).collect()
        }
        event if PULL_REQUESTS.contains(&event) || event == "merge_group" => {
            let to = |base: Option<String>| match base {
                Some(base) => {
                    let (git_ref, base) = run_ref(event, Some(&base), facts);
                    scenario(git_ref, base)
                }
                None => unnamed(" to any other branch", scenario(run_ref(event, None, facts).0, None)),
            };
            let mut found: Vec<Scenario> = refs
                .into_iter()
                .filter(|git_ref| git_ref.as_deref() != Some(OTHER_BRANCH) || !admits(trigger, &facts.default_ref()))
                .map(|git_ref| to(git_ref.map(|git_ref| git_ref.trim_start_matches("refs/heads/").to_owned())))
                .collect();
            // After a merge the run has another ref, and the sources do not agree which (fact W1.6).
            if event == "pull_request" && trigger.types.iter().any(|name| name.as_str() == "closed") {
                let merged = found.iter().map(|one| unnamed(" that was merged", Scenario { git_ref: None, ..one.clone() }));
                found.extend(merged.collect::<Vec<_>>());
            }
            found
        }
        event => {
            let (git_ref, base) = run_ref(event, None, facts);
            vec![scenario(git_ref, base)]
        }
    }
}

/// Whether a ref is the default branch, the sample of a filter's pattern, or no branch or tag at all.
fn names(trigger: &Trigger, git_ref: &str, facts: &Facts) -> bool {
    if PULL_REQUESTS.contains(&trigger.event.as_str()) || trigger.event == "merge_group" {
        return git_ref == facts.default_branch || samples(&trigger.branches).iter().any(|name| name == git_ref);
    }
    match (git_ref.strip_prefix("refs/heads/"), git_ref.strip_prefix("refs/tags/")) {
        (Some(branch), _) => branch == facts.default_branch || samples(&trigger.branches).iter().any(|name| name == branch),
        (_, Some(_)) if trigger.event == "release" => git_ref == SOME_RELEASE,
        (_, Some(tag)) => samples(&trigger.tags).iter().any(|name| name == tag),
        (None, None) => true,
    }
}

/// The refs that a trigger is tried with, the default branch first; `None` stands for all that could not be listed. Of a pull
/// request or a merge group it is the branch that it goes to.
fn refs(trigger: &Trigger, texts: &RefTexts, facts: &Facts) -> Vec<Option<String>> {
    let branches = samples(&trigger.branches).into_iter().map(|name| format!("refs/heads/{name}"));
    let tags = samples(&trigger.tags).into_iter().map(|name| format!("refs/tags/{name}"));
    let probes = probes::of(trigger, texts);
    let first = if trigger.event == "release" { SOME_RELEASE.to_owned() } else { facts.default_ref() };
    let all = [first].into_iter().chain(branches).chain(tags).chain(probes.refs);
    let all = all.chain([OTHER_BRANCH, SOME_TAG].map(str::to_owned));
    let fits = |git_ref: &String| match trigger.event.as_str() {
        "release" => git_ref.starts_with("refs/tags/"),
        "push" | "create" | "workflow_dispatch" => true,
        _ => git_ref.starts_with("refs/heads/"),
    };
    let mut seen = BTreeSet::new();
    let admitted = all.filter(|git_ref| fits(git_ref) && admits(trigger, git_ref) && seen.insert(git_ref.clone()));
    let mut found: Vec<Option<String>> = admitted.map(Some).collect();
    if texts.open || !probes.complete {
        found.push(None);
    }
    found
}

/// Every combination of the inputs that decide which jobs run and where, with the words for the label. Inputs that only
/// steps read are tried twice: with their defaults, and as any of their values at once.
fn combinations(reads: &Reads, trigger: &Trigger, facts: &Facts) -> Vec<(String, Vec<Bound>)> {
    let mut all: Vec<(String, Vec<Bound>)> = vec![(String::new(), Vec::new())];
    for input in &trigger.inputs {
        let affects = reads.input(&input.name);
        let mut values = match affects {
            Affects::Jobs => choices(input, facts),
            Affects::Steps | Affects::Nothing => vec![(String::new(), untold(input))],
        };
        if all.len().saturating_mul(values.len()) > MAX_INPUTS {
            values = vec![any(input)];
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
    let in_steps: Vec<&Input> =
        trigger.inputs.iter().filter(|input| input.default.is_some() && reads.input(&input.name) == Affects::Steps).collect();
    if !in_steps.is_empty() {
        let with_any = |(words, bound): &(String, Vec<Bound>)| {
            let words = in_steps.iter().fold(words.clone(), |words, input| words + &any(input).0);
            let one = |bound: &Bound| {
                in_steps.iter().find(|input| input.name == bound.name).map_or_else(|| bound.clone(), |input| any_value(input))
            };
            (words, bound.iter().map(one).collect())
        };
        all.extend(all.iter().map(with_any).collect::<Vec<_>>());
    }
    all
}

/// An input that decides no job, as a dispatch that does not name it has it.
fn untold(input: &Input) -> Bound {
    if input.default.is_some() { not_given(input) } else { any_value(input) }
}

fn any(input: &Input) -> (String, Bound) {
    (format!(" {}=(any)", input.name), any_value(input))
}

/// An input that may have any of its values, or none if it need not be given.
fn any_value(input: &Input) -> Bound {
    let may_lack = input.default.is_none() && !input.required;
    let lacking = may_lack.then(|| Value::from(""));
    match required(input) {
        Node::OneOf(values) => {
            let text = values.iter().map(|value| Value::String(value.to_text())).chain(lacking.clone()).collect();
            // A boolean that is not given is false, but no text.
            let lacking = lacking.filter(|_| input.kind != InputKind::Boolean);
            let value = Node::OneOf(values.into_iter().chain(lacking).collect());
            Bound { text: Some(Node::OneOf(text)), ..Bound::new(&input.name, value) }
        }
        _ if input.kind == InputKind::Number => Bound::new(&input.name, Node::unknown("any number can be given")),
        _ => Bound::new(&input.name, Node::unknown("any text can be given")),
    }
}

/// The values that an input is tried with, the default first. A dispatch through the API may leave out what is not required
/// (fact W1.7).
fn choices(input: &Input, facts: &Facts) -> Vec<(String, Bound)> {
    let name = &input.name;
    let named = |value: Value| (format!(" {name}={}", value.to_text()), Bound::new(name, Node::Known(value)));
    let environments = || facts.environments.keys().map(|name| named(Value::from(name.as_str())));
    let may_lack = input.default.is_none() && !input.required;
    let lacks = || (format!(" {name}="), Bound::new(name, Node::text("")));
    let mut found: Vec<(String, Bound)> = match &input.kind {
        // Not given, it is false as well, but no text.
        InputKind::Boolean if may_lack => vec![named(Value::Bool(true)), (format!(" {name}=false"), not_given(input))],
        InputKind::Boolean => vec![named(Value::Bool(true)), named(Value::Bool(false))],
        InputKind::Choice(options) => {
            let options = options.iter().map(|option| named(Value::from(option.as_str())));
            options.chain(may_lack.then(lacks)).collect()
        }
        InputKind::Number => vec![any(input)],
        // GitHub offers the environments that exist; only the live state has the list.
        InputKind::Environment => match &facts.live {
            Some(live) => {
                let missing = facts.environments.keys().filter(|name| !live.contains_key(*name));
                let all = live.keys().chain(missing).map(|name| named(Value::from(name.as_str())));
                all.chain(may_lack.then(lacks)).collect()
            }
            None => environments().chain([any(input)]).collect(),
        },
        // Any text first: a name makes a scenario of its own only if it has a different result.
        InputKind::String => may_lack.then(lacks).into_iter().chain([any(input)]).chain(environments()).collect(),
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
    }
    found
}
