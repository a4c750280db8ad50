use std::collections::BTreeMap;

use super::*;
use crate::model::EnvName;
use crate::workflows::read::read;

fn facts() -> Facts {
    let production = EnvName::new("production").unwrap();
    Facts { default_branch: "main".to_owned(), environments: [(production, None)].into_iter().collect(), ..Facts::default() }
}

fn workflow(on: &str, job: &str) -> Workflow {
    let read = read("x.yml", &format!("on:\n{on}\njobs:\n  a:\n    runs-on: x\n{job}")).unwrap();
    assert!(read.problems.is_empty(), "{:?}", read.problems);
    read
}

fn when(event: &str, git_ref: Option<&str>, inputs: &[(&str, &str)]) -> When {
    let inputs = inputs.iter().map(|(k, v)| ((*k).to_owned(), InputValue::String((*v).to_owned()))).collect::<BTreeMap<_, _>>();
    When { event: event.to_owned(), git_ref: git_ref.map(str::to_owned), inputs }
}

fn labels(workflow: &Workflow) -> Vec<String> {
    derived(workflow, &facts()).into_iter().map(|scenario| scenario.label).collect()
}

const INPUTS: &str = "  workflow_dispatch:\n    inputs:\n      where: {type: choice, options: [a, b], default: b}\n      \
     dry: {type: boolean, default: true}\n      note: {type: string}\n      n: {type: number}";

#[test]
fn labels_name_event_ref_and_given_inputs() {
    let label = |on: &str, when: &When| declared(&workflow(on, ""), when, &facts()).unwrap().label;
    assert_eq!(label("  push:", &when("push", Some("refs/tags/v1.2.3"), &[])), "push refs/tags/v1.2.3");
    assert_eq!(label("  push:", &when("push", None, &[])), "push refs/heads/main");
    assert_eq!(label(INPUTS, &when("workflow_dispatch", None, &[("where", "a")])), "workflow_dispatch where=a");
    assert_eq!(label(INPUTS, &when("workflow_dispatch", Some("refs/heads/x"), &[])), "workflow_dispatch refs/heads/x");
    assert_eq!(label("  pull_request:", &when("pull_request", None, &[])), "pull_request");
}

#[test]
fn inputs_have_their_type_in_one_context_and_are_text_in_the_other() {
    let given = when("workflow_dispatch", None, &[("WHERE", "a"), ("dry", "false"), ("n", "2")]);
    let scenario = declared(&workflow(INPUTS, ""), &given, &facts()).unwrap();
    let known: Vec<(String, Value, Value)> = scenario
        .inputs
        .iter()
        .map(|bound| match (&bound.value, bound.as_text()) {
            (Node::Known(value), Node::Known(text)) => (bound.name.clone(), value.clone(), text),
            other => panic!("{other:?}"),
        })
        .collect();
    let row = |name: &str, value: Value, text: &str| (name.to_owned(), value, Value::from(text));
    assert_eq!(
        known,
        [
            row("where", Value::from("a"), "a"),
            row("dry", Value::Bool(false), "false"),
            row("note", Value::from(""), ""),
            row("n", Value::Number(2.0), "2"),
        ]
    );
}

#[test]
fn what_github_would_refuse_starts_nothing() {
    let refused = |when: &When| declared(&workflow(INPUTS, ""), when, &facts()).unwrap_err().why;
    assert!(refused(&when("workflow_dispatch", None, &[("gone", "x")])).contains("`gone`"));
    assert!(refused(&when("workflow_dispatch", None, &[("where", "c")])).contains("a, b"));
    assert!(refused(&when("workflow_dispatch", None, &[("dry", "maybe")])).contains("boolean"));
    assert!(refused(&when("push", None, &[])).contains("`push`"));
    let called = workflow("  workflow_call:", "");
    assert!(declared(&called, &when("workflow_call", None, &[]), &facts()).is_err());
}

#[test]
fn a_choice_without_default_is_any_of_its_options_and_may_be_empty() {
    let on = "  workflow_dispatch:\n    inputs:\n      where: {type: choice, options: [a, b]}";
    let scenario = declared(&workflow(on, ""), &when("workflow_dispatch", None, &[]), &facts()).unwrap();
    assert!(matches!(&scenario.inputs[0].value, Node::OneOf(values) if values.len() == 3), "{:?}", scenario.inputs);
}

#[test]
fn pushes_are_derived_for_every_kind_of_ref_that_the_filters_admit() {
    assert_eq!(labels(&workflow("  push:", "")), ["push refs/heads/main", "push refs/heads/some-other-branch", "push refs/tags/some-tag"]);
    assert_eq!(labels(&workflow("  push: {tags: ['v*', 'api-v*']}", "")), ["push refs/tags/v1", "push refs/tags/api-v1"]);
    assert_eq!(labels(&workflow("  push: {branches: [main]}", "")), ["push refs/heads/main"]);
}

#[test]
fn refs_that_an_expression_names_are_tried() {
    let seen = labels(&workflow("  push:", "    if: github.ref == 'refs/heads/release' || startsWith(github.ref, 'refs/tags/')\n"));
    assert!(seen.contains(&"push refs/heads/release".to_owned()) && seen.contains(&"push refs/tags/1".to_owned()), "{seen:?}");
    let seen = labels(&workflow("  push:", "    environment: ${{ github.ref_name == 'stable' && 'a' || 'b' }}\n"));
    assert!(seen.contains(&"push refs/heads/stable".to_owned()), "{seen:?}");
}

#[test]
fn only_inputs_that_decide_something_multiply() {
    let of = |job: &str| {
        let all = derived(&workflow(INPUTS, job), &facts());
        all.into_iter().filter(|s| s.git_ref.as_deref() == Some("refs/heads/main")).map(|s| s.label).collect::<Vec<_>>()
    };
    assert_eq!(of(""), ["workflow_dispatch"]);
    assert_eq!(of("    environment: ${{ inputs.where }}\n"), ["workflow_dispatch where=b", "workflow_dispatch where=a"]);
    assert_eq!(of("    environment: ${{ github.event.inputs['where'] }}\n").len(), 2);
    assert_eq!(of("    environment: ${{ inputs.where }}\n    if: '!inputs.dry'\n").len(), 4);
    assert_eq!(
        of("    environment: ${{ inputs.note }}\n"),
        ["workflow_dispatch note=", "workflow_dispatch note=(any)", "workflow_dispatch note=production"]
    );
    assert!(of("    environment: ${{ toJSON(inputs) }}\n").len() > 8);
}

#[test]
fn a_called_workflow_starts_nothing_by_itself() {
    assert!(labels(&workflow("  workflow_call:", "")).is_empty());
}

#[test]
fn combinations_are_bounded() {
    let inputs: String = (0..12).map(|n| format!("      i{n}: {{type: boolean}}\n")).collect();
    let reads: String = (0..12).map(|n| format!("inputs.i{n} || ")).collect();
    let workflow = workflow(&format!("  workflow_dispatch:\n    inputs:\n{inputs}"), &format!("    if: {reads} true\n"));
    assert!(labels(&workflow).len() <= MAX_SCENARIOS, "{}", labels(&workflow).len());
}

const MAX_SCENARIOS: usize = 64 * 16;

#[test]
fn one_scenario_stands_for_the_refs_that_are_too_many_to_try() {
    let inputs: String = (0..10).map(|n| format!("      i{n}: {{type: boolean}}\n")).collect();
    let jobs: String =
        (0..100).map(|n| format!("  j{n}:\n    runs-on: x\n    if: inputs.i{} && github.ref == 'refs/heads/r{n}'\n", n % 10)).collect();
    let workflow = read("x.yml", &format!("on:\n  push:\n  workflow_dispatch:\n    inputs:\n{inputs}\njobs:\n{jobs}")).unwrap();
    let all = derived(&workflow, &facts());
    assert!(all.len() * workflow.jobs.len() <= 11_000, "{}", all.len());
    let any: Vec<&Scenario> = all.iter().filter(|scenario| scenario.git_ref.is_none()).collect();
    let labels: Vec<&str> = any.iter().map(|scenario| scenario.label.as_str()).collect();
    assert_eq!(labels, ["workflow_dispatch on any other ref", "push on any other ref"]);
    assert!(
        any.iter()
            .filter(|scenario| scenario.label.starts_with("workflow_dispatch"))
            .all(|scenario| scenario.inputs.len() == 10 && scenario.inputs.iter().all(|input| matches!(input.value, Node::Unknown(_))))
    );
}

#[test]
fn a_pull_request_target_runs_on_the_default_branch() {
    let all = derived(&workflow("  pull_request_target: {branches: [next]}", ""), &facts());
    assert_eq!((all[0].git_ref.as_deref(), all[0].base.as_deref()), (Some("refs/heads/main"), Some("next")));
}
