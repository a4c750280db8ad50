use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::desired::workflows::{InputValue, When};
use crate::model::RepoName;
use crate::workflows::scenario::{declared, derived};
use crate::workflows::source::SourceFile;

fn facts() -> Facts {
    let repository = RepoName::parse("raxx-app/TradeMasterAPI").unwrap();
    Facts { repository: Some(repository), default_branch: "main".to_owned(), ..Facts::default() }
}

fn files(texts: &[(&str, &str)]) -> Files {
    let path = |name: &str| format!(".github/workflows/{name}");
    let sources: Vec<SourceFile> = texts.iter().map(|(name, text)| SourceFile::new(path(name), *text)).collect();
    Files::new(sources, None)
}

/// `push refs/tags/v1 environment=production` as gate.toml would say it.
fn when(words: &str) -> When {
    let mut words = words.split(' ');
    let event = words.next().unwrap().to_owned();
    let mut when = When { event, git_ref: None, inputs: BTreeMap::new() };
    for word in words {
        match word.split_once('=') {
            Some((key, value)) => _ = when.inputs.insert(key.to_owned(), InputValue::String(value.to_owned())),
            None => when.git_ref = Some(word.to_owned()),
        }
    }
    when
}

fn shown(entries: &[JobEntry]) -> String {
    let one = |entry: &JobEntry| {
        let verdict = serde_json::to_value(entry.verdict).unwrap().as_str().unwrap().to_owned();
        let names = entry.environments.join(", ");
        if names.is_empty() { format!("{} {verdict}", entry.path) } else { format!("{} {verdict}({names})", entry.path) }
    };
    entries.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn resolved(files: &Files, path: &str, words: &str) -> String {
    let workflow = files.get(path).unwrap().as_ref().unwrap();
    match declared(workflow, &when(words), &facts()) {
        Ok(scenario) => shown(&resolve(files, workflow, &scenario, &facts())),
        Err(_) => "not started".to_owned(),
    }
}

/// Resolves `ship.yml` and the files next to it.
fn ship(words: &str, texts: &[(&str, &str)]) -> String {
    resolved(&files(texts), ".github/workflows/ship.yml", words)
}

#[test]
fn a_job_knows_whether_an_input_decides_where_it_runs() {
    let call = "on: push\njobs: {a: {uses: ./.github/workflows/x.yml, with: {given: '${{ vars.GIVEN }}'}}}";
    for (job, by_input) in [
        ("environment: '${{ inputs.given }}'", true),
        ("environment: \"${{ matrix.name }}\", strategy: {matrix: {name: '${{ fromJSON(inputs.given) }}'}}", true),
        ("environment: qa, if: 'inputs.given'", true),
        ("environment: '${{ vars.GIVEN }}'", false),
        ("environment: qa, if: vars.GIVEN", false),
        ("environment: qa, env: {A: '${{ inputs.given }}'}", false),
    ] {
        let called = format!("on: {{workflow_call: {{inputs: {{given: {{type: string}}}}}}}}\njobs: {{b: {{runs-on: x, {job}}}}}");
        let files = files(&[("ship.yml", call), ("x.yml", &called)]);
        let workflow = files.get(".github/workflows/ship.yml").unwrap().as_ref().unwrap();
        let scenario = declared(workflow, &when("push"), &facts()).unwrap();
        let found = resolve(&files, workflow, &scenario, &facts());
        assert_eq!(found.iter().map(|entry| entry.details.by_input).collect::<Vec<_>>(), [by_input], "{job}: {found:?}");
    }
}

/// Each folder is a small repository; lines `#? SCENARIO => JOBS` of a file say what it must result in.
#[test]
fn every_form_of_the_corpus_has_its_verdict() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/workflows/forms");
    let mut folders = 0;
    for folder in std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()) {
        let texts: Vec<(String, String)> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(path).unwrap()))
            .collect();
        let pairs: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let files = files(&pairs);
        let mut checked = 0;
        folders += 1;
        for (name, text) in &pairs {
            let path = format!(".github/workflows/{name}");
            for line in text.lines().filter_map(|line| line.strip_prefix("#? ")) {
                let (scenario, want) = line.split_once(" => ").unwrap();
                assert_eq!(resolved(&files, &path, scenario), want, "{} {line}", folder.display());
                checked += 1;
            }
            let workflow = files.get(&path).unwrap().as_ref().unwrap();
            assert!(workflow.unknown_keys.is_empty(), "{}: {:?}", folder.display(), workflow.unknown_keys);
            for scenario in derived(workflow, &files.reads(workflow, &facts()), &facts()) {
                assert!(!resolve(&files, workflow, &scenario, &facts()).is_empty(), "{} {}", folder.display(), scenario.label);
            }
        }
        assert!(checked > 0, "{}", folder.display());
    }
    assert_eq!(folders, 40);
}

/// A job with a literal environment.
const GATE: &str = "  gate: {runs-on: x, environment: production}\n";

fn jobs(text: &str) -> String {
    ship("push", &[("ship.yml", &format!("on: push\njobs:\n{text}"))])
}

#[test]
fn a_job_behind_a_gate_is_gated_only_if_the_gate_holds_it_back() {
    let after = |condition: &str| {
        let all = jobs(&format!("{GATE}  after: {{runs-on: x, needs: gate{condition}}}"));
        all.strip_prefix("ship.yml:gate env(production); ship.yml:after ").unwrap().to_owned()
    };
    for held in [
        "",
        ", if: true",
        ", if: github.ref == 'refs/heads/main'",
        ", if: success()",
        ", if: \"always() && needs.gate.result == 'success'\"",
        ", if: \"${{ !cancelled() && needs.gate.result == 'success' }}\"",
        ", if: \"success() && (always() || true)\"",
    ] {
        assert_eq!(after(held), "via-needs(production)", "{held}");
    }
    for loose in [
        ", if: always()",
        ", if: '!cancelled()'",
        ", if: failure()",
        ", if: success() || failure()",
        ", if: '!success()'",
        ", if: \"always() && needs.gate.result != 'failure'\"",
        ", if: \"always() && needs.other.result == 'success'\"",
        ", if: \"always() && (needs.gate.result == 'success' || needs.gate.result == 'skipped')\"",
    ] {
        assert!(["none", "skipped"].contains(&after(loose).as_str()), "{loose}: {}", after(loose));
    }
    assert_eq!(after(", if: always()"), "none");
}

#[test]
fn gates_hold_through_every_link_of_a_chain_or_not_at_all() {
    let chain = |middle: &str| jobs(&format!("{GATE}  b: {{runs-on: x, needs: gate{middle}}}\n  c: {{runs-on: x, needs: b}}"));
    assert!(chain("").ends_with("ship.yml:c via-needs(production)"));
    assert!(chain(", if: always()").ends_with("ship.yml:c none"));
    let forgiving = "  gate: {runs-on: x, environment: production, continue-on-error: true}\n  c: {runs-on: x, needs: gate}";
    assert!(jobs(forgiving).ends_with("ship.yml:c none"));
    let unsure = "  gate: {runs-on: x, environment: '${{ vars.E }}'}\n  c: {runs-on: x, needs: gate}";
    assert!(jobs(unsure).ends_with("ship.yml:c none"));
}

#[test]
fn gates_hold_for_called_workflows_too() {
    let caller = format!("on: push\njobs:\n{GATE}  call: {{needs: gate, uses: ./.github/workflows/x.yml}}");
    let callee = "on: workflow_call\njobs: {a: {runs-on: x}, b: {runs-on: x, if: always()}, c: {runs-on: x, environment: production}}";
    let all = ship("push", &[("ship.yml", &caller), ("x.yml", callee)]);
    let want = ["a via-needs(production)", "b via-needs(production)", "c env(production)"]
        .map(|job| format!("ship.yml:call \u{203a} x.yml:{job}"));
    assert_eq!(all, format!("ship.yml:gate env(production); {}", want.join("; ")));
}

#[test]
fn what_needs_a_skipped_job_is_skipped_unless_it_says_otherwise() {
    let after = |condition: &str| jobs(&format!("  a: {{runs-on: x, if: false}}\n  b: {{runs-on: x, needs: a{condition}}}"));
    assert_eq!(after(""), "ship.yml:a skipped; ship.yml:b skipped");
    assert_eq!(after(", if: success()"), "ship.yml:a skipped; ship.yml:b skipped");
    assert_eq!(after(", if: always()"), "ship.yml:a skipped; ship.yml:b none");
    assert_eq!(after(", if: \"needs.a.result == 'skipped'\""), "ship.yml:a skipped; ship.yml:b skipped");
    assert_eq!(after(", if: \"always() && needs.a.result == 'success'\""), "ship.yml:a skipped; ship.yml:b skipped");
    assert_eq!(after(", if: \"always() && needs.a.result == 'skipped'\""), "ship.yml:a skipped; ship.yml:b none");
}

#[test]
fn outputs_are_followed_where_they_are_known() {
    let through = |output: &str, condition: &str| {
        let text = format!(
            "  a: {{runs-on: x, outputs: {{env: \"{output}\"}}}}\n  b: {{runs-on: x, needs: a, environment: '${{{{ needs.a.outputs.env }}}}'{condition}}}"
        );
        jobs(&text).strip_prefix("ship.yml:a none; ship.yml:b ").unwrap().to_owned()
    };
    assert_eq!(through("production", ""), "env(production)");
    assert_eq!(through("${{ github.ref == 'refs/heads/main' && 'production' || 'qa' }}", ""), "env(production)");
    assert_eq!(through("${{ steps.x.outputs.y }}", ""), "unknown");
    assert_eq!(through("${{ env.NAME }}", ""), "unknown");
    assert_eq!(through("production", ", if: always()"), "unknown");
    assert_eq!(through("production", ", if: \"always() && needs.a.result == 'success'\""), "env(production)");
}

#[test]
fn outputs_of_jobs_that_are_not_needed_are_null() {
    let text = "  a: {runs-on: x, outputs: {env: production}}\n  b: {runs-on: x, environment: '${{ needs.a.outputs.env }}'}";
    assert_eq!(jobs(text), "ship.yml:a none; ship.yml:b none");
}

/// A workflow that is called with these inputs declared and ends in this environment.
fn called(inputs: &str, environment: &str) -> String {
    format!("on: {{workflow_call: {{inputs: {{{inputs}}}}}}}\njobs: {{run: {{runs-on: x, environment: \"{environment}\"}}}}")
}

fn call(with: &str, callee: &str) -> String {
    let caller = format!("on: push\njobs: {{call: {{uses: ./.github/workflows/x.yml{with}}}}}");
    let all = ship("push", &[("ship.yml", &caller), ("x.yml", callee)]);
    all.rsplit_once(' ').map(|(_, verdict)| verdict.to_owned()).unwrap()
}

#[test]
fn inputs_of_a_call_are_bound_coerced_and_defaulted() {
    let text = "env: {type: string, default: qa}";
    assert_eq!(call(", with: {env: production}", &called(text, "${{ inputs.env }}")), "env(production)");
    assert_eq!(call(", with: {ENV: '${{ github.ref_name }}'}", &called(text, "${{ inputs.env }}")), "env(main)");
    assert_eq!(call("", &called(text, "${{ inputs.env }}")), "env(qa)");
    assert_eq!(call("", &called("env: {type: string}", "${{ inputs.env }}")), "none");
    let flag = called("prod: {type: boolean}", "${{ inputs.prod && 'production' || 'qa' }}");
    assert_eq!(call("", &flag), "env(qa)");
    assert_eq!(call(", with: {prod: true}", &flag), "env(production)");
    assert_eq!(call(", with: {prod: \"${{ github.ref == 'refs/heads/main' }}\"}", &flag), "env(production)");
    assert_eq!(call(", with: {prod: 'false'}", &flag), "env(qa)");
    let number = called("n: {type: number, default: 3}", "${{ inputs.n == 3 && 'three' || 'other' }}");
    assert_eq!((call("", &number), call(", with: {n: '3'}", &number)), ("env(three)".to_owned(), "env(three)".to_owned()));
    let default = called("env: {type: string, default: '${{ github.ref_name }}'}", "${{ inputs.env }}");
    assert_eq!(call("", &default), "env(main)");
}

#[test]
fn calls_that_github_refuses_are_invalid() {
    let text = called("env: {type: string, required: true}", "${{ inputs.env }}");
    assert_eq!(call("", &text), "invalid");
    assert_eq!(call(", with: {env: a, other: b}", &text), "invalid");
    assert_eq!(call(", with: {n: x}", &called("n: {type: number}", "a")), "invalid");
    assert_eq!(call(", with: {b: maybe}", &called("b: {type: boolean}", "a")), "invalid");
    assert_eq!(call("", "on: push\njobs: {run: {runs-on: x}}"), "invalid");
}

#[test]
fn callers_contexts_stay_with_the_caller() {
    let own = called("env: {type: string, default: qa}", "${{ github.event.inputs.env || inputs.env }}");
    let caller = "on: {workflow_dispatch: {inputs: {env: {default: production}}}}\njobs: {call: {uses: ./.github/workflows/x.yml}}";
    let files = [("ship.yml", caller), ("x.yml", own.as_str())];
    assert_eq!(ship("workflow_dispatch", &files), "ship.yml:call \u{203a} x.yml:run env(production)");
    assert_eq!(call(", strategy: {matrix: {a: [1, 2]}}", &called("", "${{ matrix.a }}")), "none");
}

#[test]
fn a_matrix_of_calls_runs_each_leg_that_differs() {
    let caller = "on: push\njobs:\n  call:\n    strategy: {matrix: {env: [qa, production], zone: [a, b]}}\n    \
                  uses: ./.github/workflows/x.yml\n    with: {env: '${{ matrix.env }}'}";
    let callee = called("env: {type: string}", "${{ inputs.env }}");
    let all = ship("push", &[("ship.yml", caller), ("x.yml", &callee)]);
    assert_eq!(all, "ship.yml:call (qa, a) \u{203a} x.yml:run env(qa); ship.yml:call (production, a) \u{203a} x.yml:run env(production)");
}

#[test]
fn outputs_of_a_call_are_followed() {
    let caller = "on: push\njobs:\n  call: {uses: ./.github/workflows/x.yml}\n  \
                  use: {runs-on: x, needs: call, environment: '${{ needs.call.outputs.env }}'}";
    let callee = |condition: &str| {
        format!(
            "on: {{workflow_call: {{outputs: {{env: {{value: '${{{{ jobs.pick.outputs.env }}}}'}}}}}}}}\n\
             jobs: {{pick: {{runs-on: x, outputs: {{env: production}}{condition}}}}}"
        )
    };
    let last = |callee: &str| ship("push", &[("ship.yml", caller), ("x.yml", callee)]).rsplit_once(' ').unwrap().1.to_owned();
    assert_eq!(last(&callee("")), "env(production)");
    assert_eq!(last(&callee(", if: github.actor == 'x'")), "unknown");
    assert_eq!(last(&callee(", if: false")), "none");
}

#[test]
fn calls_end_at_circles_depth_other_repositories_and_missing_files() {
    let calls = |to: &str| format!("on: [push, workflow_call]\njobs: {{call: {{uses: {to}}}}}");
    let to = |n: usize| format!("./.github/workflows/f{n}.yml");
    assert_eq!(ship("push", &[("ship.yml", &calls("./.github/workflows/ship.yml"))]), "ship.yml:call invalid");
    assert_eq!(ship("push", &[("ship.yml", &calls("o/r/.github/workflows/x.yml@v1"))]), "ship.yml:call unknown");
    assert_eq!(ship("push", &[("ship.yml", &calls(&to(1)))]), "ship.yml:call unknown");
    assert_eq!(ship("push", &[("ship.yml", &calls(&to(1))), ("f1.yml", "a: [")]), "ship.yml:call unknown");
    let mut chain: Vec<(String, String)> = (1..30).map(|n| (format!("f{n}.yml"), calls(&to(n + 1)))).collect();
    chain.push(("ship.yml".to_owned(), calls(&to(1))));
    let pairs: Vec<(&str, &str)> = chain.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let end = ship("push", &pairs);
    assert!(end.ends_with("f9.yml:call unknown"), "{end}");
}

#[test]
fn calls_that_multiply_are_bounded() {
    let many = |to: &str| {
        let jobs: String = (0..200).map(|n| format!("  j{n}: {{uses: ./.github/workflows/{to}, with: {{n: '{n}'}}}}\n")).collect();
        format!("on:\n  push:\n  workflow_call:\n    inputs: {{n: {{type: string}}}}\njobs:\n{jobs}")
    };
    let leaf = "on: {workflow_call: {inputs: {n: {type: string}}}}\njobs: {run: {runs-on: x, environment: production}}";
    let files = files(&[("ship.yml", &many("b.yml")), ("b.yml", &many("c.yml")), ("c.yml", &many("leaf.yml")), ("leaf.yml", leaf)]);
    let workflow = files.get(".github/workflows/ship.yml").unwrap().as_ref().unwrap();
    let scenario = declared(workflow, &when("push"), &facts()).unwrap();
    let entries = resolve(&files, workflow, &scenario, &facts());
    assert!(entries.len() < 40_000, "{}", entries.len());
    assert!(entries.iter().any(|entry| entry.verdict == Verdict::Unknown));
}

#[test]
fn environment_may_come_from_an_object_or_an_anchor() {
    assert_eq!(
        jobs("  a: {runs-on: x, environment: \"${{ fromJSON('{\\\"name\\\": \\\"production\\\"}') }}\"}"),
        "ship.yml:a env(production)"
    );
    assert_eq!(
        jobs("  a: {runs-on: x, environment: &e production}\n  b: {runs-on: x, environment: *e}"),
        "ship.yml:a env(production); ship.yml:b env(production)"
    );
    assert_eq!(jobs("  a: {runs-on: x, environment: }"), "ship.yml:a none");
    assert_eq!(jobs("  a: {runs-on: x, environment: 2024}"), "ship.yml:a env(2024)");
    assert_eq!(jobs("  a: {runs-on: x, environment: \"${{ fromJSON('[\\\"production\\\"]') }}\"}"), "ship.yml:a invalid");
    assert_eq!(jobs("  a: {runs-on: x, environment: \"${{ fromJSON('{}') }}\"}"), "ship.yml:a invalid");
    assert_eq!(jobs("  a: {runs-on: x, environment: on}"), "ship.yml:a env(on)");
}

#[test]
fn names_that_differ_in_case_only_are_one() {
    assert_eq!(
        jobs("  a: {runs-on: x, environment: \"${{ github.actor == 'x' && 'Production' || 'production' }}\"}").to_lowercase(),
        "ship.yml:a env(production)"
    );
    let set = jobs("  a: {runs-on: x, environment: \"${{ github.actor == 'x' && 'release' || '' }}\"}");
    assert_eq!(set, "ship.yml:a set(, release)");
}

#[test]
fn a_matrix_from_an_expression_is_known_where_the_expression_is() {
    let of = |matrix: &str| jobs(&format!("  a: {{runs-on: x, environment: '${{{{ matrix.env }}}}', strategy: {{matrix: \"{matrix}\"}}}}"));
    assert_eq!(of("${{ fromJSON('{\\\"env\\\": [\\\"production\\\"]}') }}"), "ship.yml:a env(production)");
    assert_eq!(of("${{ fromJSON(vars.M) }}"), "ship.yml:a unknown");
    let include =
        "  a: {runs-on: x, environment: '${{ matrix.env }}', strategy: {matrix: {env: [qa], include: '${{ fromJSON(vars.M) }}'}}}";
    assert_eq!(jobs(include), "ship.yml:a (qa) env(qa); ship.yml:a unknown");
    assert_eq!(jobs("  a: {runs-on: x, strategy: {matrix: {env: []}}}"), "ship.yml:a invalid");
}

#[test]
fn contexts_that_a_key_does_not_offer_make_the_job_invalid() {
    for (key, text) in [
        ("environment", "${{ env.X }}"),
        ("environment", "${{ steps.a.outputs.b }}"),
        ("environment", "${{ github.ref && secrets.X }}"),
        ("environment", "${{ always() }}"),
        ("environment", "${{ unknown }}"),
        ("environment", "${{ 'a"),
        ("if", "matrix.x == 1"),
        ("if", "secrets.X != ''"),
        ("if", "hashFiles('x') != ''"),
    ] {
        assert_eq!(jobs(&format!("  a: {{runs-on: x, {key}: \"{text}\"}}")), "ship.yml:a invalid", "{key}: {text}");
    }
}

#[test]
fn payloads_have_what_their_event_has_and_nothing_else() {
    let on = "on: {push: , pull_request: , schedule: [{cron: '0 0 * * *'}], release: {types: [published]}, issue_comment: }\n";
    let of = |event: &str, environment: &str| {
        let text = format!("{on}jobs: {{a: {{runs-on: x, environment: \"${{{{ {environment} }}}}\"}}}}");
        ship(event, &[("ship.yml", &text)]).strip_prefix("ship.yml:a ").unwrap().to_owned()
    };
    let preview = "github.event.pull_request && 'preview' || 'production'";
    assert_eq!((of("push", preview), of("pull_request", preview)), ("env(production)".to_owned(), "env(preview)".to_owned()));
    let number = "github.event.number && format('pr-{0}', github.event.number) || 'production'";
    assert_eq!((of("push", number), of("schedule", number)), ("env(production)".to_owned(), "env(production)".to_owned()));
    assert_eq!(of("pull_request", number), "unknown");
    assert_eq!(of("release", "github.event.action"), "env(published)");
    assert_eq!(of("push", "github.event.action || 'none-here'"), "env(none-here)");
    assert_eq!(of("pull_request", "github.base_ref"), "env(main)");
    assert_eq!(of("pull_request", "github.event.pull_request.base.ref"), "env(main)");
    assert_eq!(of("push", "github.head_ref || github.ref_name"), "env(main)");
    assert_eq!(of("pull_request", "github.head_ref || github.ref_name"), "unknown");
    assert_eq!(of("issue_comment", "github.event.issue.pull_request && 'a' || 'b'"), "set(a, b)");
    assert_eq!(of("schedule", "github.event.schedule == '0 0 * * *' && 'a' || 'b'"), "env(a)");
    assert_eq!(of("push", "github.repository_owner"), "env(raxx-app)");
    assert_eq!(of("push", "inputs.x || vars.X || 'a'"), "unknown");
}

/// Reads the workflow directories that `GATECTL_WORKFLOW_DIRS` names, separated by `:`.
#[test]
#[expect(clippy::print_stderr, reason = "a test that was skipped, or that depends on what it was given, says so")]
fn every_job_of_real_workflows_gets_a_verdict() {
    let Ok(folders) = std::env::var("GATECTL_WORKFLOW_DIRS") else {
        eprintln!("skipped: GATECTL_WORKFLOW_DIRS is not set");
        return;
    };
    let (mut read_files, mut refused) = (0, Vec::new());
    for folder in folders.split(':') {
        let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let texts: Vec<(String, String)> = paths
            .filter(|path| path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml"))
            .filter_map(|path| Some((path.file_name()?.to_str()?.to_owned(), std::fs::read_to_string(&path).ok()?)))
            .collect();
        let pairs: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let files = files(&pairs);
        for (path, file) in files.iter() {
            read_files += 1;
            let Ok(workflow) = file else {
                refused.push(format!("{folder}: {path}: {file:?}"));
                continue;
            };
            let problems = workflow.problems.iter().chain(workflow.jobs.iter().flat_map(|job| &job.problems));
            refused.extend(problems.map(|problem| format!("{folder}: {path}:{}: {}", problem.pos.line, problem.why)));
            for scenario in derived(workflow, &files.reads(workflow, &facts()), &facts()) {
                let entries = resolve(&files, workflow, &scenario, &facts());
                assert!(entries.len() >= workflow.jobs.len(), "{folder}: {path} {}", scenario.label);
                let invalid = entries.iter().filter(|entry| entry.verdict == Verdict::Invalid);
                refused.extend(invalid.map(|entry| format!("{folder}: {}: {}", entry.path, entry.reason)));
            }
        }
    }
    eprintln!("{read_files} files, {} refusals\n{}", refused.len(), refused.join("\n"));
}
