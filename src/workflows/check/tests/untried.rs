//! Runs that only an expression, a filter, an input or a called workflow makes different: each is tried.

use super::*;
use crate::workflows::freeze_check::FreezeFacts;

/// A step that deploys with the gate's secret.
const SHIP: &str = "runs-on: x\n    env: {K: '${{ secrets.HEROKU_API_KEY }}'}";

/// A step that deploys a declared app.
const APP: &str = "{run: heroku container:release web --app raxx-console-prod}";

/// The verdict on `other.yml` beside a gated file; a called workflow may come with it.
fn verdict(on: &str, jobs: &str, called: Option<&str>) -> Verdict {
    let text = format!("on:\n  {on}\njobs:\n  {}\n", jobs.replace("SHIP", SHIP));
    let mut sources = vec![source("deploy.yml", &with_jobs(GATED)), source("other.yml", &text)];
    sources.extend(called.map(|text| source("called.yml", &text.replace("SHIP", SHIP))));
    check(&sources, &facts(vec![expect("deploy.yml", vec![when("push", None, &[])])])).verdict
}

#[test]
fn a_ref_that_is_treated_differently_is_found_behind_a_filter() {
    for (on, job) in [
        ("push: {tags: ['v*']}", "environment: \"${{ contains(github.ref_name, '-beta') && 'beta' || 'production' }}\""),
        ("push: {tags: ['v*']}", "if: contains(github.ref, '-rc')"),
        ("push: {tags: ['v[0-9]+.[0-9]+.[0-9]+*']}", "if: endsWith(github.ref, 'b1')"),
        ("push: {branches: ['release/**']}", "if: endsWith(github.ref_name, '-hotfix')"),
        ("pull_request: {branches: ['release/**']}", "if: endsWith(github.base_ref, '-lts')"),
    ] {
        assert_eq!(verdict(on, &format!("a:\n    {job}\n    SHIP"), None), Verdict::Ungated, "{on} {job}");
    }
    // A job that is fixed to the gate is gated on every ref.
    let gated = "a:\n    if: contains(github.ref, '-rc')\n    environment: production\n    SHIP";
    assert_eq!(verdict("push: {tags: ['v*']}", gated, None), Verdict::Gated);
}

#[test]
fn a_ref_with_any_name_that_git_takes_is_tried() {
    let long = "x".repeat(200);
    for name in ["release", "label", "push", "deployment", "a{b", "a,b", "[skip", &long, &"x".repeat(300)] {
        let wants = if name == "[skip" { Verdict::Gated } else { Verdict::Ungated };
        for condition in [format!("github.ref_name == '{name}'"), format!("github.ref == 'refs/heads/{name}'")] {
            let found = verdict("push:", &format!("a:\n    if: \"{condition}\"\n    SHIP"), None);
            assert!(found == wants || name.len() > 255 && found != Verdict::Gated, "{condition}: {found:?}");
        }
    }
    let base = verdict("pull_request:", "a:\n    if: github.base_ref == 'release'\n    SHIP", None);
    assert_eq!(base, Verdict::Ungated);
}

#[test]
fn each_event_is_tried_with_its_own_ref() {
    let production_on = |condition: &str| format!("a:\n    environment: \"${{{{ {condition} && 'production' || '' }}}}\"\n    SHIP");
    for (on, job) in [
        ("release: {types: [published]}", "a:\n    if: startsWith(github.ref, 'refs/tags/api-')\n    SHIP".to_owned()),
        ("release: {types: [published]}", production_on("startsWith(github.ref, 'refs/tags/v')")),
        ("merge_group:", production_on("github.ref == 'refs/heads/main'")),
        ("merge_group:", "a:\n    if: startsWith(github.ref, 'refs/heads/gh-readonly-queue/')\n    SHIP".to_owned()),
        (
            "pull_request: {types: [closed]}",
            "a:\n    if: github.event.pull_request.merged && github.ref == 'refs/heads/main'\n    SHIP".to_owned(),
        ),
        ("pull_request: {types: [closed]}", "a:\n    if: github.ref_name == 'main'\n    SHIP".to_owned()),
        ("registry_package:", "a:\n    if: github.ref_type == 'tag'\n    SHIP".to_owned()),
    ] {
        assert_eq!(verdict(on, &job, None), Verdict::Ungated, "{on} {job}");
    }
    assert_eq!(verdict("pull_request:", "a:\n    if: github.ref == 'refs/heads/main'\n    SHIP", None), Verdict::Gated);
    assert_eq!(verdict("merge_group:", &production_on("github.event_name == 'merge_group'"), None), Verdict::Gated);
}

#[test]
fn an_input_that_is_left_out_is_tried() {
    for (input, environment) in [
        ("type: choice, options: [production]", "inputs.t"),
        ("type: boolean", "github.event.inputs.t && 'production' || ''"),
        ("type: string", "inputs.t && 'production' || ''"),
    ] {
        let on = |more: &str| format!("workflow_dispatch: {{inputs: {{t: {{{input}{more}}}}}}}");
        let job = format!("a:\n    environment: \"${{{{ {environment} }}}}\"\n    SHIP");
        assert_eq!(verdict(&on(""), &job, None), Verdict::Ungated, "{input}");
    }
    let required = "workflow_dispatch: {inputs: {t: {type: choice, options: [production], required: true}}}";
    assert_eq!(verdict(required, "a:\n    environment: '${{ inputs.t }}'\n    SHIP", None), Verdict::Gated);
}

#[test]
fn what_a_called_workflow_and_an_action_compare_is_tried() {
    let caller = "a: {uses: ./.github/workflows/called.yml, secrets: inherit}";
    let dispatch = |input: &str| format!("workflow_dispatch: {{inputs: {{t: {{{input}}}}}}}");
    for (on, called) in [
        ("push:".to_owned(), "if: startsWith(github.ref, 'refs/heads/hotfix/')"),
        ("push:".to_owned(), "environment: \"${{ startsWith(github.ref, 'refs/tags/beta') && 'beta' || 'production' }}\""),
        (dispatch("type: boolean, default: false"), "if: github.event.inputs.t == 'true'"),
        (dispatch("type: choice, options: [production, dev], default: production"), "environment: '${{ github.event.inputs.t }}'"),
    ] {
        let called = format!("on: workflow_call\njobs:\n  hot:\n    {called}\n    SHIP\n");
        assert_eq!(verdict(&on, caller, Some(&called)), Verdict::Ungated, "{on} {called}");
    }
    // What the caller passes on is compared in the called workflow.
    let caller = "a: {uses: ./.github/workflows/called.yml, secrets: inherit, with: {branch: '${{ github.ref_name }}'}}";
    let called = "on: {workflow_call: {inputs: {branch: {type: string}}}}\njobs:\n  hot:\n    if: inputs.branch == 'hotfix'\n    SHIP\n";
    assert_eq!(verdict("push:", caller, Some(called)), Verdict::Ungated);
}

/// The verdict on a job of an open environment that runs a step beside a gated one.
fn in_the_open(on: &str, gated: &str, open: &str) -> (Verdict, Vec<(&'static str, Severity)>) {
    let job = |environment: &str, step: &str| {
        format!("jobs:\n  a:\n    runs-on: x\n    environment: {environment}\n    permissions: {{id-token: write}}\n    steps: [{step}]\n")
    };
    let mut facts = facts(vec![expect("deploy.yml", vec![when("push", None, &[])])]);
    facts.open = [env("staging")].into();
    facts.environments.insert(env("staging"), None);
    let sources = [
        source("deploy.yml", &format!("on: {{push: {{branches: [main]}}}}\n{}", job("production", gated))),
        source("other.yml", &format!("on: {on}\n{}", job("staging", open))),
    ];
    let report = check(&sources, &facts);
    (report.verdict, codes(&report).into_iter().filter(|(code, _)| *code != "identity-trust").collect())
}

#[test]
fn a_target_that_the_starter_chooses_is_any_of_its_values() {
    let role = |name: &str| format!("{{uses: aws-actions/configure-aws-credentials@v4, with: {{role-to-assume: \"{name}\"}}}}");
    let chosen = "{workflow_dispatch: {inputs: {t: {type: choice, options: [staging, prod], default: staging}}}}";
    for (on, gated, open) in [
        (chosen, APP.to_owned(), "{run: 'heroku container:release web --app raxx-console-${{ inputs.t }}'}".to_owned()),
        (chosen, role("arn:aws:iam::1:role/prod"), role("arn:aws:iam::1:role/${{ inputs.t }}")),
        (
            "push",
            role("arn:aws:iam::1:role/prod"),
            role("arn:aws:iam::1:role/${{ startsWith(github.ref, 'refs/heads/r/') && 'prod' || 'staging' }}"),
        ),
    ] {
        assert_eq!(in_the_open(on, &gated, &open).0, Verdict::Ungated, "{open}");
    }
    assert_eq!(
        in_the_open(chosen, APP, "{run: 'heroku container:release web --app raxx-console-staging # ${{ inputs.t }}'}").0,
        Verdict::Gated
    );
}

#[test]
fn a_target_that_the_starter_may_write_freely_is_not_known() {
    let free = "{workflow_dispatch: {inputs: {t: {type: string}}}}";
    let to = |app: &str| in_the_open(free, APP, &format!("{{run: 'heroku container:release web --app {app}'}}"));
    let unknown = (Verdict::Unknown, vec![("unclassified-deploy", Severity::Error)]);
    assert_eq!(to("${{ inputs.t }}"), unknown);
    assert_eq!(to("raxx-console-${{ inputs.t }}"), unknown);
    // No name of this form is behind the gate.
    assert_eq!(to("review-${{ inputs.t }}").0, Verdict::Gated);
    assert_eq!(to("${{ vars.APP }}").0, Verdict::Gated);
    let role = |name: &str| format!("{{uses: aws-actions/configure-aws-credentials@v4, with: {{role-to-assume: \"{name}\"}}}}");
    assert_eq!(in_the_open(free, &role("arn:aws:iam::1:role/prod"), &role("arn:aws:iam::1:role/${{ inputs.t }}")).0, Verdict::Unknown);
}

#[test]
fn a_job_that_leaves_its_gate_by_an_input_is_not_known() {
    let run = |input: &str, harmless: &[&str]| {
        let text = format!(
            "on: {{workflow_dispatch: {{inputs: {{t: {{{input}}}}}}}}}\njobs:\n  deploy:\n    runs-on: [self-hosted, prod]\n    \
             environment: ${{{{ inputs.t }}}}\n    steps: [{{run: ./deploy.sh}}]\n"
        );
        let mut facts = facts(vec![expect("deploy.yml", vec![when("workflow_dispatch", None, &[("t", "production")])])]);
        facts.verify.harmless = harmless.iter().map(|entry| entry.parse().unwrap()).collect();
        let report = check(&[source("deploy.yml", &text)], &facts);
        (report.verdict, codes(&report))
    };
    let unknown = (Verdict::Unknown, vec![("unresolved-environment", Severity::Error)]);
    assert_eq!(run("type: string, required: true", &[]), unknown);
    assert_eq!(run("type: choice, required: true, options: [production, hotfix]", &[]), unknown);
    assert_eq!(run("type: choice, required: true, options: [production]", &[]), (Verdict::Gated, vec![]));
    assert_eq!(run("type: choice, required: true, options: [production, hotfix]", &["deploy.yml:deploy"]).0, Verdict::Gated);
}

/// Whether the freeze check of a job in production is proven in every run.
fn is_compensated(on: &str, check_step: &str, more: &[SourceFile]) -> bool {
    let policy = compensated::policy();
    let text = format!(
        "on: {on}\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    environment: production\n    steps: [{{uses: actions/checkout@v4}}, {check_step}, {{run: ./ship}}]\n"
    );
    let sources: Vec<SourceFile> = [source("deploy.yml", &text)].into_iter().chain(more.iter().cloned()).collect();
    let freeze = FreezeFacts { policy: &policy, config: Some("gate.toml"), holds: &|_| Some(false) };
    let facts = facts(vec![expect("deploy.yml", vec![])]);
    let proofs = compensation(&files(&sources, &facts), &facts, &env("production"), freeze);
    !proofs.is_empty() && proofs.iter().all(|one| matches!(one.proof, Proof::Proven(_)))
}

#[test]
fn a_freeze_check_that_some_input_or_ref_turns_off_compensates_nothing() {
    let dispatch = |input: &str| format!("{{workflow_dispatch: {{inputs: {{t: {{{input}}}}}}}}}");
    let run = "run: gatectl freeze check --environment production";
    assert!(is_compensated("push", &format!("{{{run}}}"), &[]));
    for (on, step) in [
        (dispatch("type: boolean, default: false"), format!("{{{run}, if: '!inputs.t'}}")),
        (dispatch("type: boolean, default: false"), format!("{{{run}, if: \"github.event.inputs.t != 'true'\"}}")),
        (
            dispatch("type: choice, options: [production, staging], default: production"),
            "{run: 'gatectl freeze check --environment ${{ inputs.t }}'}".to_owned(),
        ),
        (dispatch("default: production"), "{run: gatectl freeze check --environment \"$T\", env: {T: '${{ inputs.t }}'}}".to_owned()),
        ("push".to_owned(), format!("{{{run}, if: \"!startsWith(github.ref, 'refs/heads/hotfix/')\"}}")),
        ("release".to_owned(), format!("{{{run}, if: \"!startsWith(github.ref_name, 'api-')\"}}")),
    ] {
        assert!(!is_compensated(&on, &step, &[]), "{on} {step}");
    }
    let ship = |on: &str, condition: &str| {
        format!("on: {on}\njobs:\n  hot:\n    runs-on: x\n    if: {condition}\n    environment: production\n    steps: [{{run: ./ship}}]\n")
    };
    let tag = source("hot.yml", &ship("{push: {tags: ['v*']}}", "endsWith(github.ref, '-hot')"));
    assert!(!is_compensated("push", &format!("{{{run}}}"), &[tag]));
    let called = source("called.yml", &ship("workflow_call", "startsWith(github.ref, 'refs/heads/hotfix/')"));
    let caller = source("caller.yml", "on: push\njobs: {a: {uses: ./.github/workflows/called.yml, secrets: inherit}}\n");
    assert!(!is_compensated("push", &format!("{{{run}}}"), &[called, caller]));
}
