use std::collections::BTreeMap;

use super::*;
use crate::model::EnvName;
use crate::workflows::read::read;
use crate::workflows::reads::Reads;

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

/// The scenarios of a file that calls nothing.
fn scenarios(workflow: &Workflow) -> Vec<Scenario> {
    let mut reads = Reads::default();
    reads.workflow(workflow);
    derived(workflow, &reads, &facts())
}

fn labels(workflow: &Workflow) -> Vec<String> {
    scenarios(workflow).into_iter().map(|scenario| scenario.label).collect()
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
fn refs_that_pass_the_filter_and_a_comparison_are_tried() {
    for (on, condition, want) in [
        ("push: {tags: ['v*']}", "contains(github.ref_name, '-beta')", "push refs/tags/v-beta"),
        ("push: {tags: ['v*']}", "contains(github.ref, '-rc') && endsWith(github.ref, '.0')", "push refs/tags/v-rc.0"),
        ("push: {tags: ['v*']}", "startsWith(github.ref, 'refs/tags/v2.')", "push refs/tags/v2.1"),
        ("push: {tags: ['v[0-9]+.[0-9]+*']}", "endsWith(github.ref, 'b1')", "push refs/tags/v0.0b1"),
        ("push: {tags: ['v[0-9]']}", "endsWith(github.ref, '7')", "push refs/tags/v7"),
        ("push: {branches: ['release/**']}", "endsWith(github.ref_name, '-hotfix')", "push refs/heads/release/-hotfix"),
        ("push: {branches: ['**-lts']}", "startsWith(github.ref_name, 'release/')", "push refs/heads/release/-lts"),
        ("push: {branches-ignore: [main]}", "contains(github.ref, '/hotfix')", "push refs/heads/hotfix"),
        ("push: ", "contains(github.ref, 'tags/v')", "push refs/tags/v1"),
        (
            "push: ",
            "startsWith(github.ref, 'refs/heads/a') && contains(github.ref, 'b') && endsWith(github.ref, 'c')",
            "push refs/heads/a1bc",
        ),
        ("push: ", "github.ref == format('refs/heads/{0}', 'hotfix')", "push refs/heads/hotfix"),
        ("push: ", "github.ref_name == matrix.branch", "push on any other ref"),
        ("pull_request: {branches: ['release/**']}", "endsWith(github.base_ref, '-lts')", "pull_request to release/-lts"),
        ("merge_group: {branches: ['release/**']}", "endsWith(github.event.merge_group.base_ref, '-lts')", "merge_group to release/-lts"),
        ("release: ", "startsWith(github.ref, 'refs/tags/api-')", "release refs/tags/api-1"),
        ("release: ", "startsWith(github.ref_name, 'api-')", "release refs/tags/api-1"),
        ("pull_request: {types: [closed]}", "github.ref == 'refs/heads/main'", "pull_request that was merged"),
        ("workflow_dispatch: ", "startsWith(github.ref_name, 'hotfix/')", "workflow_dispatch refs/tags/hotfix/1"),
    ] {
        let seen = labels(&workflow(&format!("  {on}"), &format!("    if: {condition}\n    steps: [{{run: x}}]\n")));
        assert!(seen.iter().any(|label| label == want), "{on} {condition}: {seen:?}");
        let in_step = labels(&workflow(&format!("  {on}"), &format!("    steps: [{{run: x, if: \"{condition}\"}}]\n")));
        assert_eq!(in_step, seen, "the same for a step");
    }
}

#[test]
fn too_many_refs_are_stood_for_by_one_that_is_not_known() {
    let all: String = (0..300).map(|n| format!("github.ref == 'refs/heads/b{n}' || ")).collect();
    let seen = labels(&workflow("  push: {branches: ['b*']}", &format!("    if: {all} false\n")));
    assert!(seen.len() < 300 && seen.contains(&"push on any other ref".to_owned()), "{}", seen.len());
}

#[test]
fn each_event_has_the_ref_that_github_gives_it() {
    let of = |on: &str| {
        let all = scenarios(&workflow(&format!("  {on}:"), ""));
        all.iter().map(|scenario| scenario.git_ref.clone().unwrap_or_else(|| "?".to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(of("release"), ["refs/tags/v1.0.0", "refs/tags/some-tag"]);
    let queue = |base: &str| format!("refs/heads/gh-readonly-queue/{base}/pr-1-0000000000000000000000000000000000000000");
    assert_eq!(of("merge_group"), [queue("main")]);
    for unknown in ["registry_package", "deployment", "deployment_status", "status"] {
        assert_eq!(of(unknown), ["?"], "{unknown}");
    }
    for default in ["schedule", "workflow_run", "issue_comment", "repository_dispatch", "pull_request_target"] {
        assert_eq!(of(default), ["refs/heads/main"], "{default}");
    }
    assert_eq!(of("pull_request"), ["refs/pull/1/merge"]);
}

#[test]
fn an_input_that_is_not_given_is_tried() {
    let of = |declared: &str| {
        let on = format!("  workflow_dispatch:\n    inputs:\n      where: {{{declared}}}");
        let all = scenarios(&workflow(&on, "    environment: ${{ inputs.where }}\n"));
        all.into_iter().filter(|s| s.git_ref.as_deref() == Some("refs/heads/main")).map(|s| s.label).collect::<Vec<_>>()
    };
    assert_eq!(of("type: choice, options: [production]"), ["workflow_dispatch where=production", "workflow_dispatch where="]);
    for given in ["type: choice, options: [production], required: true", "type: choice, options: [production], default: production"] {
        assert_eq!(of(given), ["workflow_dispatch where=production"], "{given}");
    }
    let text = scenarios(&workflow("  workflow_dispatch: {inputs: {gate: {type: boolean}}}", "    if: github.event.inputs.gate\n"));
    let bound = text.iter().find(|one| one.label.ends_with("gate=false")).map(|one| one.inputs[0].as_text());
    assert!(matches!(bound, Some(Node::OneOf(values)) if values.contains(&Value::from(""))));
}

#[test]
fn an_input_that_only_steps_read_is_its_default_and_then_any_of_its_values() {
    let all = scenarios(&workflow(INPUTS, "    steps: [{run: 'x ${{ inputs.where }} ${{ inputs.note }}'}]\n"));
    let on_main: Vec<&Scenario> = all.iter().filter(|one| one.git_ref.as_deref() == Some("refs/heads/main")).collect();
    assert_eq!(on_main.iter().map(|one| one.label.as_str()).collect::<Vec<_>>(), ["workflow_dispatch", "workflow_dispatch where=(any)"]);
    let of = |at: usize| on_main[at].inputs.iter().find(|input| input.name == "where").map(|input| &input.value);
    assert!(matches!(of(0), Some(Node::Known(value)) if *value == Value::from("b")));
    assert!(matches!(of(1), Some(Node::OneOf(values)) if values.len() == 2));
}

#[test]
fn only_inputs_that_decide_something_multiply() {
    let of = |job: &str| {
        let all = scenarios(&workflow(INPUTS, job));
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
    let all = scenarios(&workflow);
    assert!(all.len() * workflow.jobs.len() <= 11_000, "{}", all.len());
    let any: Vec<&Scenario> = all.iter().filter(|scenario| scenario.git_ref.is_none()).collect();
    let labels: Vec<&str> = any.iter().map(|scenario| scenario.label.as_str()).collect();
    assert_eq!(labels, ["push on any other ref", "workflow_dispatch on any other ref"]);
    assert!(any.iter().filter(|scenario| scenario.label.starts_with("workflow_dispatch")).all(|scenario| scenario.inputs.len() == 10
        && scenario.inputs.iter().all(|input| matches!(&input.value, Node::OneOf(values) if values.len() == 2))));
}

#[test]
fn a_pull_request_target_runs_on_the_default_branch() {
    let all = scenarios(&workflow("  pull_request_target: {branches: [next]}", ""));
    assert_eq!((all[0].git_ref.as_deref(), all[0].base.as_deref()), (Some("refs/heads/main"), Some("next")));
}
