use super::*;
use crate::workflows::model::{InputKind, JobEnvironment, RefFilter, Secrets};

fn workflow(text: &str) -> Workflow {
    read(".github/workflows/x.yml", text).unwrap()
}

fn job(body: &str) -> Workflow {
    let body: String = body.lines().map(|line| format!("    {line}\n")).collect();
    workflow(&format!("on: push\njobs:\n  a:\n{body}"))
}

fn whys(workflow: &Workflow) -> Vec<&str> {
    workflow.problems.iter().chain(workflow.jobs.iter().flat_map(|job| &job.problems)).map(|p| p.why.as_str()).collect()
}

#[test]
fn on_is_a_name_a_list_or_a_mapping() {
    let events = |text: &str| workflow(text).triggers.into_iter().map(|t| t.event).collect::<Vec<_>>();
    let jobs = "jobs: {a: {runs-on: x}}";
    assert_eq!(events(&format!("on: push\n{jobs}")), ["push"]);
    assert_eq!(events(&format!("on: [push, pull_request]\n{jobs}")), ["push", "pull_request"]);
    assert_eq!(events(&format!("on: {{push: , schedule: [{{cron: '0 0 * * *'}}]}}\n{jobs}")), ["push", "schedule"]);
}

#[test]
fn a_filter_is_one_pattern_or_a_list_and_never_both_kinds() {
    let trigger = |filters: &str| workflow(&format!("on: {{push: {{{filters}}}}}\njobs: {{a: {{runs-on: x}}}}"));
    let one = trigger("branches: main");
    assert!(matches!(&one.triggers[0].branches, RefFilter::Only(p) if p.len() == 1 && p[0].as_str() == "main"), "{one:?}");
    assert!(matches!(&trigger("tags-ignore: [a, b]").triggers[0].tags, RefFilter::Ignore(p) if p.len() == 2));
    for both in ["branches", "tags", "paths"] {
        let both = trigger(&format!("{both}: [a], {both}-ignore: [b]"));
        assert_eq!(both.problems.len(), 1, "{both:?}");
        assert_eq!(both.problems[0].pos.line, 1);
    }
}

#[test]
fn inputs_keep_their_type_default_and_options() {
    let w = workflow(
        "on:\n  workflow_dispatch:\n    inputs:\n      environment:\n      sure: {type: boolean, default: true, required: true}\n      \
         where: {type: choice, options: [a, b]}\n      env: {type: environment}\njobs: {a: {runs-on: x}}",
    );
    assert!(w.problems.is_empty() && w.unknown_keys.is_empty(), "{w:?}");
    let kinds: Vec<_> = w.triggers[0].inputs.iter().map(|i| i.kind.clone()).collect();
    let choice = InputKind::Choice(vec!["a".to_owned(), "b".to_owned()]);
    assert_eq!(kinds, [InputKind::String, InputKind::Boolean, choice, InputKind::Environment]);
    let sure = &w.triggers[0].inputs[1];
    assert!(sure.required && sure.default.as_ref().unwrap().is_true());
}

#[test]
fn environment_is_absent_a_name_or_a_mapping() {
    assert_eq!(job("runs-on: x").jobs[0].environment, JobEnvironment::Absent);
    let plain = job("runs-on: x\nenvironment: Prod (Readonly)");
    assert_eq!(plain.jobs[0].environment.name().map(|t| (t.as_str(), t.pos.line, t.pos.col)), Some(("Prod (Readonly)", 5, 18)));
    let mapping = job("runs-on: x\nenvironment: {name: pypi, url: 'https://x', deployment: false}");
    assert!(matches!(&mapping.jobs[0].environment, JobEnvironment::Mapping { deployment: Some(d), .. } if d.is_false()), "{mapping:?}");
    assert!(mapping.unknown_keys.is_empty());
    for wrong in ["environment: [a]", "environment: {url: x}", "environment: {name: [a]}"] {
        assert!(!whys(&job(&format!("runs-on: x\n{wrong}"))).is_empty(), "{wrong}");
    }
}

#[test]
fn what_github_rejects_is_a_problem_with_a_reason() {
    let rejected = [
        ("uses: ./.github/workflows/y.yml\nenvironment: production", "`environment`"),
        ("uses: ./.github/workflows/y.yml\nruns-on: x\nsteps: []", "`steps`"),
        ("name: neither", "`runs-on`"),
        ("runs-on: x\nwith: {a: b}", "`with`"),
        ("runs-on: x\nneeds: gone", "`gone`"),
        ("runs-on: x\nneeds: a", "form a cycle"),
        ("runs-on: x\nsteps: {run: x}", "`steps`"),
        ("runs-on: x\nsteps: [{run: x, uses: y}]", "either"),
    ];
    for (body, word) in rejected {
        let read = job(body);
        assert!(whys(&read).iter().any(|why| why.contains(word)), "{body}: {:?}", whys(&read));
    }
    for (text, word) in
        [("", "mapping"), ("on: push", "`jobs`"), ("jobs: {a: {runs-on: x}}", "`on`"), ("on: push\njobs: {}", "at least one")]
    {
        let read = workflow(text);
        assert!(whys(&read).iter().any(|why| why.contains(word)), "{text}: {:?}", whys(&read));
    }
    let circle = workflow(
        "on: push\njobs:\n  a: {runs-on: x, needs: b}\n  b: {runs-on: x, needs: [a]}\n  c: {runs-on: x}\n  d: {runs-on: x, needs: c}",
    );
    assert_eq!(circle.jobs.iter().map(|job| job.problems.len()).collect::<Vec<_>>(), [1, 1, 0, 0]);
}

#[test]
fn what_github_accepts_has_no_problem() {
    for body in [
        "runs-on: [self-hosted, linux]\nneeds: []\nsteps:\n- uses: a/b@v1\n- run: |\n    x",
        "uses: o/r/.github/workflows/y.yml@main\nstrategy: {matrix: {a: [1]}}\nsecrets: inherit\nwith: {a: 1}",
        "runs-on: x\nstrategy: {fail-fast: false}\ncontainer: {image: x}\nservices: {}\nsnapshot: x",
    ] {
        let read = job(body);
        assert!(whys(&read).is_empty() && read.unknown_keys.is_empty(), "{body}: {read:?}");
    }
    assert!(matches!(job("uses: x\nsecrets: inherit").jobs[0].call.as_ref().unwrap().secrets, Secrets::Inherit(_)));
}

#[test]
fn unknown_keys_name_what_was_probably_meant() {
    let read = workflow("on: {push: {tag: ['v*']}, pul_request: }\njobs:\n  a:\n    runs-on: x\n    enviroment: production\n    x-note: 1");
    let seen: Vec<_> = read.unknown_keys.iter().map(|u| (u.place.as_str(), u.key.text.as_str(), u.near)).collect();
    assert_eq!(
        seen,
        [
            ("on.push", "tag", Some("tags")),
            ("on", "pul_request", Some("pull_request")),
            ("jobs.a", "enviroment", Some("environment")),
            ("jobs.a", "x-note", None),
        ]
    );
}
