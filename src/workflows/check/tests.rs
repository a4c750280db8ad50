use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::*;
use crate::desired::github::{BranchPolicy, Pattern, RefKind};
use crate::desired::verify::Verify;
use crate::desired::workflows::{Expectation, InputValue, When};
use crate::model::RepoName;
use crate::workflows::deploys::Targets;
use crate::workflows::freeze_check::Proof;

mod compensated;
mod declared;
mod files;
mod judged;
mod open;
mod robustness;
mod runbook;
mod untried;

fn env(name: &str) -> EnvName {
    EnvName::new(name).unwrap()
}

fn source(name: &str, text: &str) -> SourceFile {
    SourceFile::new(format!(".github/workflows/{name}"), text)
}

fn files(sources: &[SourceFile], facts: &Facts) -> Files {
    Files::new(sources.to_vec(), facts.repository.as_ref())
}

fn check(sources: &[SourceFile], facts: &Facts) -> CheckReport {
    super::check(&files(sources, facts), facts)
}

fn when(event: &str, git_ref: Option<&str>, inputs: &[(&str, &str)]) -> When {
    let inputs = inputs.iter().map(|(k, v)| ((*k).to_owned(), InputValue::String((*v).to_owned()))).collect::<BTreeMap<_, _>>();
    When { event: event.to_owned(), git_ref: git_ref.map(str::to_owned), inputs }
}

fn expect(name: &str, when: Vec<When>) -> Expectation {
    Expectation { file: format!(".github/workflows/{name}"), expect: Expected::Environments(vec![env("production")]), when }
}

fn facts(expectations: Vec<Expectation>) -> Facts {
    let set = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
    Facts {
        repository: Some(RepoName::parse("raxx-app/TradeMasterAPI").unwrap()),
        default_branch: "main".to_owned(),
        expectations,
        environments: [(env("production"), None)].into_iter().collect(),
        open: BTreeSet::new(),
        live: None,
        wider_secrets: None,
        verify: Verify::default(),
        targets: Targets { secrets: set(&["HEROKU_API_KEY"]), apps: set(&["raxx-console-prod"]) },
    }
}

/// `deploy.yml`, declared to run in production on a push to main.
fn on_push(job: &str) -> CheckReport {
    check(&[source("deploy.yml", &with_jobs(job))], &facts(vec![expect("deploy.yml", vec![when("push", None, &[])])]))
}

/// A workflow on pushes to main with these jobs.
fn with_jobs(jobs: &str) -> String {
    let jobs: String = jobs.lines().map(|line| format!("  {line}\n")).collect();
    format!("on: {{push: {{branches: [main]}}}}\njobs:\n{jobs}")
}

fn codes(report: &CheckReport) -> Vec<(&'static str, Severity)> {
    report.findings.iter().map(|finding| (finding.code.row().name, finding.severity)).collect()
}

const GATED: &str = "deploy:\n  runs-on: x\n  environment: production\n  steps: [{run: heroku container:release web}]";

const KEY: &str = "${{ secrets.HEROKU_API_KEY }}";

/// The verdict on an environment by the findings about it or about no environment.
fn verdict_of(report: &CheckReport, environment: &str) -> Verdict {
    let about = |finding: &&Finding| finding.environment.as_ref().is_none_or(|about| *about == env(environment));
    verdict(report.findings.iter().filter(about))
}

#[test]
fn names_compare_without_case() {
    let report = on_push(&GATED.replace("production", "PRODUCTION"));
    assert_eq!((report.verdict, codes(&report)), (Verdict::Gated, vec![]));
}

#[test]
fn only_a_proof_passes() {
    let build = "build:\n  runs-on: x\n  steps: [{run: make}]\n";
    let passes = [format!("{build}{GATED}"), GATED.to_owned()];
    for jobs in passes {
        assert_eq!(on_push(&jobs).verdict, Verdict::Gated, "{jobs}");
    }
    let approve = "approve:\n  runs-on: x\n  environment: production\n";
    let job = |environment: &str| format!("deploy:\n  runs-on: x\n  environment: {environment}\n  steps: [{{run: make}}]");
    let fails = [
        (build.to_owned(), "no-gated-job", Verdict::Ungated),
        (format!("{approve}deploy:\n  runs-on: x\n  steps: [{{run: ./deploy}}]"), "unclassified-deploy", Verdict::Unknown),
        (format!("{approve}deploy:\n  runs-on: x\n  env: {{K: '{KEY}'}}"), "ungated-credential", Verdict::Ungated),
        (format!("{approve}deploy:\n  needs: approve\n  runs-on: x\n  env: {{K: '{KEY}'}}"), "upstream-gate", Verdict::Ungated),
        (
            format!("{approve}deploy:\n  needs: approve\n  if: '!cancelled()'\n  runs-on: x\n  env: {{K: '{KEY}'}}"),
            "upstream-gate-bypass",
            Verdict::Ungated,
        ),
        (job("staging"), "no-gated-job", Verdict::Ungated),
        (job("produciton"), "near-miss-environment", Verdict::Ungated),
        (job("Production-EU"), "no-gated-job", Verdict::Ungated),
        (job("${{ vars.ENVIRONMENT }}"), "unresolved-environment", Verdict::Unknown),
        (job("${{ github.actor == 'x' && 'production' || '' }}"), "unresolved-environment", Verdict::Unknown),
        (job("${{ github.actor == 'x' && 'production' || 'staging' }}"), "unresolved-environment", Verdict::Unknown),
        (job("${{ github.actor == 'x' && 'qa' || 'staging' }}"), "no-gated-job", Verdict::Ungated),
        (job("${{ inputs.environment }}"), "no-gated-job", Verdict::Ungated),
        (job("${{ secrets.NAME }}"), "invalid-workflow", Verdict::Ungated),
        (format!("{GATED}\n  if: github.ref == 'refs/heads/dev'"), "no-gated-job", Verdict::Ungated),
        (format!("{GATED}\nother:\n  runs-on: x\n  env: {{K: '{KEY}'}}"), "ungated-credential", Verdict::Ungated),
        (format!("{GATED}\nother:\n  uses: o/r/.github/workflows/x.yml@main\n  secrets: inherit"), "remote-workflow", Verdict::Unknown),
        (format!("{GATED}\nother:\n  runs-on: x\n  uses: ./.github/workflows/x.yml"), "invalid-workflow", Verdict::Ungated),
        (format!("{GATED}\nother:\n  needs: deploy\n  runs-on: x\n  env: {{K: '{KEY}'}}"), "upstream-gate", Verdict::Ungated),
        (
            format!("{GATED}\nother:\n  needs: deploy\n  if: always()\n  runs-on: x\n  env: {{K: '{KEY}'}}"),
            "upstream-gate-bypass",
            Verdict::Ungated,
        ),
    ];
    for (jobs, code, verdict) in fails {
        let report = on_push(&jobs);
        assert!(
            codes(&report).iter().any(|(found, severity)| *found == code && *severity == Severity::Error),
            "{jobs}: {:#?}",
            report.findings
        );
        assert_eq!(report.verdict, verdict, "{jobs}: {:#?}", report.findings);
    }
}

#[test]
fn the_order_of_jobs_and_files_changes_nothing() {
    let key = format!("other:\n  needs: deploy\n  if: always()\n  runs-on: x\n  env: {{K: '{KEY}'}}\n");
    let said = |texts: [&str; 2]| {
        let files = texts.map(|text| source(if text.contains("hotfix") { "b.yml" } else { "deploy.yml" }, text));
        let report = check(&files, &facts(vec![expect("deploy.yml", vec![when("push", None, &[])])]));
        let mut said: Vec<String> = report.findings.iter().map(|f| format!("{:?} {}", f.code, f.message)).collect();
        said.sort();
        (report.verdict, said)
    };
    let hotfix = with_jobs(&format!("hotfix:\n  runs-on: x\n  env: {{K: '{KEY}'}}"));
    let (one, other) = (with_jobs(&format!("{GATED}\n{key}")), with_jobs(&format!("{key}{GATED}")));
    let want = said([&one, &hotfix]);
    assert_eq!(want.1.len(), 2, "{want:?}");
    assert_eq!(said([&hotfix, &one]), want);
    assert_eq!(said([&other, &hotfix]), want);
}

#[test]
fn an_expectation_that_matches_nothing_fails() {
    let one = |expectation: Expectation| {
        let report = check(&[source("deploy.yml", &with_jobs(GATED))], &facts(vec![expectation]));
        assert_eq!(report.verdict, Verdict::Ungated);
        report.findings[0].clone()
    };
    let missing = one(expect("deploi.yml", vec![]));
    assert_eq!(missing.code, Code::MissingWorkflow);
    assert!(missing.fix.contains("deploy.yml"), "{missing:?}");
    for when in [when("schedule", None, &[]), when("push", Some("refs/heads/dev"), &[]), when("push", Some("refs/tags/v1"), &[])] {
        assert_eq!(one(expect("deploy.yml", vec![when])).code, Code::NeverTriggered);
    }
    let called = check(
        &[source("c.yml", "on: workflow_call\njobs: {a: {runs-on: x, environment: production}}")],
        &facts(vec![expect("c.yml", vec![])]),
    );
    assert_eq!(codes(&called), [("never-triggered", Severity::Error)]);
}

#[test]
fn without_when_some_declared_trigger_must_reach_it_and_none_may_pass_it_by() {
    let text = |environment: &str| {
        format!(
            "on: {{push: {{branches: [main]}}, workflow_dispatch: , schedule: [{{cron: '0 0 * * *'}}]}}\njobs: {{deploy: {{runs-on: x, environment: \"{environment}\"}}}}"
        )
    };
    let run = |environment: &str| check(&[source("deploy.yml", &text(environment))], &facts(vec![expect("deploy.yml", vec![])]));
    let report = run("production");
    assert_eq!((report.verdict, report.workflows.iter().filter(|w| w.expect.is_some()).count()), (Verdict::Gated, 3));
    // It is reached on a push, and in `staging` the job holds nothing that deploys.
    assert_eq!(run("${{ github.event_name == 'push' && 'production' || 'staging' }}").verdict, Verdict::Gated);
    assert_eq!(run("${{ github.ref == 'refs/heads/main' && 'production' || '' }}").verdict, Verdict::Ungated);
    assert_eq!(
        run("${{ github.ref == format('refs/heads/{0}', github.event.repository.default_branch) && 'production' || 'production' }}")
            .verdict,
        Verdict::Gated
    );
    let other = |on: &str| {
        check(
            &[source(
                "deploy.yml",
                &format!("on: {on}\njobs: {{deploy: {{runs-on: x, environment: production, if: github.ref == 'refs/heads/main'}}}}"),
            )],
            &facts(vec![expect("deploy.yml", vec![])]),
        )
    };
    assert_eq!(other("push").verdict, Verdict::Gated);
    assert_eq!(other("{push: {branches-ignore: [main]}}").verdict, Verdict::Ungated);
}

#[test]
fn a_name_that_is_only_passed_on_gates_nothing() {
    let caller = with_jobs("deploy:\n  uses: ./.github/workflows/apply.yml\n  with: {environment: production}\n  secrets: inherit");
    let callee = |environment: &str| {
        format!(
            "on:\n  workflow_call:\n    inputs: {{environment: {{type: string}}}}\njobs:\n  apply:\n    runs-on: x\n{environment}    \
             steps: [{{run: './go ${{{{ inputs.environment }}}}', env: {{K: '{KEY}'}}}}]"
        )
    };
    let run = |environment: &str| {
        let sources = [source("deploy.yml", &caller), source("apply.yml", &callee(environment))];
        check(&sources, &facts(vec![expect("deploy.yml", vec![when("push", None, &[])])]))
    };
    assert_eq!(run("    environment: ${{ inputs.environment }}\n").verdict, Verdict::Gated);
    let ungated = run("");
    assert_eq!(codes(&ungated), [("ungated-credential", Severity::Error)], "{:#?}", ungated.findings);
    assert_eq!(ungated.findings[0].file.as_deref(), Some(".github/workflows/apply.yml"));
    assert_eq!(ungated.findings[0].line, Some(5));
    assert!(ungated.findings[0].fix.starts_with("add `environment: production` to the job"), "{:?}", ungated.findings[0]);
}

#[test]
fn an_environment_that_no_workflow_is_declared_for_is_pointed_out() {
    let of = |facts: &Facts| {
        let report = check(&[source("deploy.yml", &with_jobs(GATED))], facts);
        (report.verdict, codes(&report))
    };
    assert_eq!(of(&facts(vec![])), (Verdict::Gated, vec![("nothing-declared", Severity::Warning)]));
    let open = Facts { open: [env("production")].into(), ..facts(vec![]) };
    assert_eq!(of(&open), (Verdict::Ungated, vec![("nothing-gated", Severity::Error)]));
    let nothing = Facts { environments: BTreeMap::new(), ..facts(vec![]) };
    assert_eq!(of(&nothing).0, Verdict::Unknown);
}

#[test]
fn each_identity_behind_a_gate_names_the_claim_to_pin_it_to() {
    let job = "deploy:\n  runs-on: x\n  environment: production\n  permissions: {id-token: write}\n  steps: [{uses: aws-actions/configure-aws-credentials@v4, with: {role-to-assume: 'arn:aws:iam::1:role/prod'}}]";
    let report = on_push(job);
    assert_eq!((report.verdict, codes(&report)), (Verdict::Gated, vec![("identity-trust", Severity::Info)]));
    let finding = &report.findings[0];
    assert!(finding.message.contains("AWS arn:aws:iam::1:role/prod"), "{finding:?}");
    for claim in
        ["repo:raxx-app/TradeMasterAPI:environment:production", "repo:raxx-app@OWNER_ID/TradeMasterAPI@REPO_ID:environment:production"]
    {
        assert!(finding.fix.contains(claim), "{finding:?}");
    }
}

#[test]
fn an_input_that_decides_nothing_makes_no_scenario_of_its_own() {
    let text = "on: {workflow_dispatch: {inputs: {hash: {type: string, required: true}}}}\njobs:\n  deploy:\n    runs-on: x\n    environment: production\n    if: inputs.hash != ''\n";
    let report = check(&[source("deploy.yml", text)], &facts(vec![expect("deploy.yml", vec![])]));
    let labels: Vec<&str> = report.workflows.iter().map(|one| one.scenario.as_str()).collect();
    assert!(!labels.iter().any(|label| label.contains("hash=production")), "{labels:?}");
}

#[test]
fn a_workflow_that_is_called_at_another_ref_is_not_the_one_in_the_checkout() {
    let called = "on: workflow_call\njobs:\n  go:\n    runs-on: x\n    environment: production\n    steps: [{run: ./go}]\n";
    let at = |git_ref: &str| {
        let caller = format!(
            "on: push\njobs:\n  a:\n    uses: raxx-app/TradeMasterAPI/.github/workflows/called.yml@{git_ref}\n    secrets: inherit\n"
        );
        let sources = [source("deploy.yml", &caller), source("called.yml", called)];
        codes(&check(&sources, &facts(vec![expect("deploy.yml", vec![])])))
    };
    assert_eq!((at("main"), at("refs/heads/main")), (vec![], vec![]));
    assert_eq!(at("v1"), [("remote-workflow", Severity::Error); 2], "the call, and the declaration that relies on it");
}

#[test]
fn a_checkout_that_can_move_after_the_approval_is_pointed_out() {
    let moving = ("moving-checkout", Severity::Warning);
    let untrusted = ("untrusted-checkout", Severity::Warning);
    let on = |event: &str, git_ref: &str| {
        let text = format!(
            "on: {event}\njobs:\n  deploy:\n    runs-on: x\n    environment: production\n    steps: [{{uses: actions/checkout@v4, with: {{ref: \"{git_ref}\"}}}}]\n"
        );
        codes(&check(&[source("deploy.yml", &text)], &facts(vec![expect("deploy.yml", vec![])])))
    };
    for fixed in ["", "${{ github.sha }}", "${{ needs.build.outputs.version }}", "0123456789012345678901234567890123456789"] {
        assert_eq!(on("push", fixed), [], "{fixed}");
    }
    for name in ["main", "${{ github.ref }}", "${{ github.ref_name }}", "release-${{ vars.X }}"] {
        assert_eq!(on("push", name), [moving], "{name}");
    }
    for head in ["${{ github.event.pull_request.head.sha }}", "${{ github.head_ref }}", "refs/pull/${{ github.event.number }}/merge"] {
        assert_eq!(on("pull_request_target", head), [untrusted], "{head}");
    }
    assert_eq!(on("pull_request", "${{ github.event.pull_request.head.sha }}"), []);
    assert_eq!(on("workflow_run", "${{ github.event.workflow_run.head_sha }}"), [untrusted]);
    // A condition on where the run came from is taken for a guard.
    let guarded = "on: workflow_run\njobs:\n  deploy:\n    runs-on: x\n    if: github.event.workflow_run.event == 'push'\n    environment: production\n    steps: [{uses: actions/checkout@v4, with: {ref: '${{ github.event.workflow_run.head_sha }}'}}]\n";
    assert_eq!(codes(&check(&[source("deploy.yml", guarded)], &facts(vec![expect("deploy.yml", vec![])]))), []);
    // What a caller passes is what is checked out.
    let called = "on: {workflow_call: {inputs: {ref: {type: string}}}}\njobs:\n  deploy:\n    runs-on: x\n    environment: production\n    steps: [{uses: actions/checkout@v4, with: {ref: '${{ inputs.ref }}'}}]\n";
    let by = |passed: &str| {
        let caller = format!("on: push\njobs:\n  a:\n    uses: ./.github/workflows/called.yml\n    with: {{ref: \"{passed}\"}}\n");
        codes(&check(&[source("deploy.yml", &caller), source("called.yml", called)], &facts(vec![expect("deploy.yml", vec![])])))
    };
    assert_eq!((by("${{ github.sha }}"), by("main")), (vec![], vec![moving]));
    let ungated =
        "on: push\njobs:\n  test:\n    runs-on: x\n    steps: [{uses: actions/checkout@v4, with: {ref: main}}, {run: git pull}]\n";
    assert_eq!(beside(ungated), [], "only what waits for an approval");
}

#[test]
fn a_job_that_fails_when_it_starts_does_not_make_its_workflow_rejected() {
    let message = |tail: &str| {
        let text = with_jobs(&format!("{GATED}\nother:\n  runs-on: x\n  steps: [{{run: make}}]\n{tail}"));
        let report = check(&[source("deploy.yml", &text)], &facts(vec![expect("deploy.yml", vec![])]));
        let found = report.findings.iter().find(|finding| finding.code == Code::InvalidWorkflow);
        found.map(|finding| finding.message.clone()).unwrap_or_default()
    };
    let empty = "  environment: '${{ matrix.env }}'\n  strategy: {matrix: \"${{ fromJSON('{\\\"env\\\": []}') }}\"}";
    assert!(message(empty).contains("deploy.yml:other fails when it starts"), "{}", message(empty));
    let list = "  environment: ${{ fromJSON('[1]') }}";
    assert!(message(list).contains("deploy.yml:other fails when it starts"), "{}", message(list));
    assert!(message("  environment: [production]").contains("GitHub rejects this workflow"), "{}", message("  environment: [production]"));
}

/// A second file next to a gated one, with no declaration.
fn beside(text: &str) -> Vec<(&'static str, Severity)> {
    let sources = [source("deploy.yml", &with_jobs(GATED)), source("other.yml", text)];
    codes(&check(&sources, &facts(vec![expect("deploy.yml", vec![when("push", None, &[])])])))
}

#[test]
fn deploys_past_the_gate_are_found_in_undeclared_files() {
    let job = |tail: &str| with_jobs(&format!("hotfix:\n  runs-on: x\n{tail}"));
    let (error, warning) = (Severity::Error, Severity::Warning);
    let key = format!("  env: {{K: '{KEY}'}}\n");
    let cases: Vec<(String, Vec<(&str, Severity)>)> = vec![
        (job(&key), vec![("ungated-credential", error)]),
        (job("  steps: [{run: heroku container:release web -a raxx-console-prod}]"), vec![("ungated-deploy", error)]),
        (job("  steps: [{run: 'heroku container:release web -a $APP'}]"), vec![("unclassified-deploy", error)]),
        (job("  steps: [{run: heroku container:release web -a raxx-console-staging}]"), vec![("unclassified-deploy", error)]),
        (job("  steps: [{run: make}]"), vec![]),
        (job("  environment: heroku\n  steps: [{run: heroku rollback -a raxx-console-prod}]"), vec![("ungated-deploy", error)]),
        (job("  environment: production\n  steps: [{run: heroku rollback -a raxx-console-prod}]"), vec![]),
        (job(&format!("{key}  environment: production\n")), vec![]),
        (job(&format!("{key}  environment: staging\n")), vec![("ungated-credential", error)]),
        (job(&format!("{key}  environment: prodution\n")), vec![("near-miss-environment", error)]),
        (job("  environment: prodution\n"), vec![("near-miss-environment", warning)]),
        (job("  environment: prod\n"), vec![]),
        (job(&format!("{key}  environment: ${{{{ vars.X }}}}\n")), vec![("unresolved-environment", error)]),
        (job(&format!("{key}  if: github.ref == 'refs/heads/none'\n")), vec![]),
        (job(&format!("{key}  if: github.ref == 'refs/heads/main' ${{{{ false }}}}\n")), vec![("ungated-credential", error)]),
        (with_jobs("a:\n  uses: o/r/.github/workflows/x.yml@v1\n  secrets: inherit"), vec![("remote-workflow", error)]),
        (with_jobs("a:\n  uses: o/r/.github/workflows/x.yml@v1"), vec![]),
        (job("  env: {K: '${{ secrets.OTHER }}'}\n"), vec![("unclassified-credential", error)]),
        (job("  permissions: {id-token: write}\n  steps: [{run: ./login}]\n"), vec![("unclassified-credential", error)]),
        (job("  steps: [{uses: activescott/automate-environment-deployment-approval@v1}]\n"), vec![("auto-approval", error)]),
    ];
    for (text, want) in cases {
        let found: Vec<_> = beside(&text).into_iter().filter(|(code, _)| *code != "mixed-condition").collect();
        assert_eq!(found, want, "{text}");
    }
}

#[test]
fn a_branch_that_is_treated_differently_is_seen() {
    let text = |condition: &str| {
        format!(
            "on: push\njobs:\n  a:\n    runs-on: x\n    env: {{K: '{KEY}'}}\n    environment: ${{{{ {condition} && 'production' || '' }}}}"
        )
    };
    assert_eq!(beside(&text("github.ref == 'refs/heads/main'")), [("ungated-credential", Severity::Error)]);
    assert_eq!(beside(&text("github.ref != 'refs/heads/hotfix'")), [("ungated-credential", Severity::Error)]);
    assert_eq!(beside(&text("startsWith(github.ref, 'refs/')")), []);
}

/// Skipped and without an environment look alike: both name none.
#[test]
fn a_job_that_is_skipped_on_the_default_branch_alone_is_seen_on_another() {
    let text = |condition: &str| {
        format!("on: push\njobs:\n  a:\n    runs-on: x\n    if: {condition}\n    steps: [{{run: heroku rollback -a raxx-console-prod}}]")
    };
    assert_eq!(beside(&text("github.ref != 'refs/heads/main'")), [("ungated-deploy", Severity::Error)]);
    assert_eq!(beside(&text("github.event_name == 'schedule'")), []);
}

#[test]
fn a_known_deploy_of_another_app_can_deploy_unless_gate_toml_calls_its_job_harmless() {
    let text = with_jobs("hotfix:\n  runs-on: x\n  steps: [{run: heroku container:release web -a raxx-console-staging}]");
    let can_deploy = |harmless: &[&str]| {
        let mut facts = facts(vec![expect("deploy.yml", vec![when("push", None, &[])])]);
        facts.verify.harmless = harmless.iter().map(|entry| entry.parse().unwrap()).collect();
        let report = check(&[source("deploy.yml", &with_jobs(GATED)), source("other.yml", &text)], &facts);
        let jobs: Vec<bool> =
            report.workflows.iter().flat_map(|run| &run.jobs).filter(|job| job.job == "hotfix").map(|job| job.can_deploy).collect();
        (jobs, report.verdict)
    };
    assert_eq!(can_deploy(&[]), (vec![true], Verdict::Unknown));
    assert_eq!(can_deploy(&["other.yml:hotfix"]), (vec![false], Verdict::Gated));
    assert_eq!(can_deploy(&["other.yml:another"]), (vec![true], Verdict::Unknown));
}

#[test]
fn an_environment_that_is_chosen_among_those_that_exist_is_for_verify() {
    let fix = |kind: &str| {
        let text = format!(
            "on: {{workflow_dispatch: {{inputs: {{to: {{type: {kind}, required: true}}}}}}}}\njobs:\n  a:\n    runs-on: x\n    environment: ${{{{ inputs.to }}}}\n    env: {{K: '{KEY}'}}\n"
        );
        let report =
            check(&[source("deploy.yml", &with_jobs(GATED)), source("other.yml", &text)], &facts(vec![expect("deploy.yml", vec![])]));
        report.findings.iter().find(|finding| finding.code == Code::UnresolvedEnvironment).map(|finding| finding.fix.clone()).unwrap()
    };
    assert!(fix("environment").starts_with("run `gatectl verify`"), "{}", fix("environment"));
    assert!(!fix("string").contains("verify"));
}

#[test]
fn a_finding_about_one_environment_decides_nothing_of_another() {
    let job = format!("{GATED}\nhotfix:\n  runs-on: x\n  env: {{K: '{KEY}'}}\n  environment: prodution");
    let report = on_push(&job);
    assert_eq!((verdict_of(&report, "production"), verdict_of(&report, "staging")), (Verdict::Ungated, Verdict::Gated));
}

#[test]
fn a_condition_that_always_holds_is_pointed_out() {
    let report = on_push(&format!("{GATED}\n  if: ${{{{ github.ref == 'refs/heads/dev' }}}} && true"));
    assert_eq!(codes(&report), [("mixed-condition", Severity::Warning)]);
}

#[test]
fn misspelled_keys_name_the_right_one() {
    let report = on_push(&format!("{GATED}\nother:\n  runs-on: x\n  enviroment: production"));
    assert_eq!(codes(&report), [("unknown-key", Severity::Warning)]);
    assert_eq!(report.findings[0].fix, "write `environment`");
    assert_eq!(report.findings[0].line, Some(9));
}

#[test]
fn a_gate_without_a_record_is_pointed_out() {
    let report = on_push("deploy:\n  runs-on: x\n  environment: {name: production, deployment: false}");
    assert_eq!((report.verdict, codes(&report)), (Verdict::Gated, vec![("no-deployment-record", Severity::Warning)]));
}
