//! What `[[workflows]]` declares, and the runs that do not do it.

use super::*;

const UNKNOWN: &str = "deploy:\n  runs-on: x\n  environment: ${{ vars.ENVIRONMENT }}\n  steps: [{run: make}]";

fn jobs(wanted: &[(&str, Option<&str>)]) -> Expectation {
    let jobs = wanted.iter().map(|(id, name)| ((*id).to_owned(), name.map(env))).collect();
    Expectation { expect: Expected::Jobs(jobs), ..expect("deploy.yml", vec![when("push", None, &[])]) }
}

fn found(expectation: Expectation, sources: &[SourceFile]) -> Vec<(&'static str, String, String, Option<EnvName>)> {
    let mut facts = facts(vec![expectation]);
    facts.environments.insert(env("staging"), None);
    // That no table names it is tested elsewhere.
    let found = check(sources, &facts).findings.into_iter().filter(|finding| finding.code != Code::NothingDeclared);
    found.map(|finding| (finding.code.row().name, finding.message, finding.fix, finding.environment)).collect()
}

#[test]
fn each_job_that_is_declared_resolves_to_exactly_that() {
    let docs = "docs:\n  runs-on: x\n  steps: [{run: make}]";
    let text = |jobs: &str| [source("deploy.yml", &with_jobs(jobs))];
    let both = format!("{GATED}\n{docs}");
    let want = [("deploy", Some("production")), ("docs", None)];
    assert_eq!(found(jobs(&want), &text(&both)), []);
    assert_eq!(found(jobs(&[("DEPLOY", Some("Production"))]), &text(&both)), []);
    // A job that only waits for a gate has no environment of its own.
    assert_eq!(found(jobs(&want), &text(&both.replace("docs:\n", "docs:\n  needs: deploy\n"))), []);
    let production = Some(env("production"));
    let correct = "correct `jobs` in gate.toml, or the workflow".to_owned();
    let moved = both.replace("environment: production", "environment: staging");
    for (expectation, jobs, code, message, fix, about) in [
        (
            jobs(&want),
            moved.clone(),
            "wrong-environment",
            "deploy.yml:deploy does not run in `production` (environment: staging)",
            "add `environment: production` to the job".to_owned(),
            production.clone(),
        ),
        (
            jobs(&want),
            both.replace("docs:\n", "docs:\n  environment: staging\n"),
            "wrong-environment",
            "deploy.yml:docs runs in an environment, and gate.toml declares none for it (environment: staging)",
            Code::WrongEnvironment.row().fix.to_owned(),
            None,
        ),
        (
            jobs(&want),
            format!("{UNKNOWN}\n{docs}"),
            "unresolved-environment",
            "whether deploy.yml:deploy runs in `production` is not known: ",
            Code::UnresolvedEnvironment.row().fix.to_owned(),
            production.clone(),
        ),
        (
            jobs(&[("deploi", Some("production"))]),
            both.clone(),
            "no-gated-job",
            "gate.toml declares the job `deploi` of .github/workflows/deploy.yml, and there is no such job",
            correct.clone(),
            production.clone(),
        ),
        (
            jobs(&want),
            format!("{both}\n").replace("deploy:\n", "deploy:\n  if: github.ref == 'refs/heads/dev'\n"),
            "no-gated-job",
            "gate.toml declares the job `deploy` of .github/workflows/deploy.yml, and it runs in no declared scenario",
            correct.clone(),
            production.clone(),
        ),
    ] {
        let all = found(expectation, &text(&jobs));
        let [(its_code, its_message, its_fix, its_environment)] = all.as_slice() else { panic!("{jobs}: {all:#?}") };
        assert_eq!((*its_code, its_fix, its_environment), (code, &fix, &about), "{jobs}: {its_message}");
        assert!(its_message.starts_with(message), "{jobs}: {its_message}");
    }
    assert_eq!(found(jobs(&[("gone", None)]), &text(&both)), [], "a job that is not there has no environment");
}

#[test]
fn a_job_that_calls_a_workflow_is_the_jobs_that_it_calls() {
    let call = with_jobs("deploy:\n  uses: ./.github/workflows/apply.yml\n  secrets: inherit");
    let sources = |environment: &str| {
        let callee = format!("on: workflow_call\njobs:\n  apply:\n    runs-on: x\n    environment: {environment}\n");
        [source("deploy.yml", &call), source("apply.yml", &callee)]
    };
    let want = || jobs(&[("deploy", Some("production"))]);
    assert_eq!(found(want(), &sources("production")), []);
    assert_eq!(found(want(), &sources("staging")).iter().map(|finding| finding.0).collect::<Vec<_>>(), ["wrong-environment"]);
    // A job of that name in the called workflow is another one.
    assert_eq!(
        found(jobs(&[("apply", Some("production"))]), &sources("production")).first().map(|finding| finding.0),
        Some("no-gated-job")
    );
}

#[test]
fn what_is_reached_instead_is_said_once() {
    let legs = "a:\n  runs-on: x\n  strategy: {matrix: {n: [1, 2]}}\n  steps: [{run: make}]\nb:\n  runs-on: x\n  if: github.ref == 'refs/heads/none'\n  environment: staging";
    let said = |jobs: &str| {
        let all = found(expect("deploy.yml", vec![when("push", None, &[])]), &[source("deploy.yml", &with_jobs(jobs))]);
        all.into_iter().map(|(code, message, ..)| (code, message)).collect::<Vec<_>>()
    };
    let file = ".github/workflows/deploy.yml";
    assert_eq!(
        said("a:\n  runs-on: x\n  steps: [{run: make}]\nb:\n  runs-on: x\n  if: github.ref == 'refs/heads/none'\n  environment: staging"),
        [("no-gated-job", format!("no job of {file} runs in `production` (deploy.yml:a: it has no `environment`)"))]
    );
    assert_eq!(said(legs).len(), 1);
    assert_eq!(
        said("b:\n  runs-on: x\n  if: github.ref == 'refs/heads/none'\n  environment: staging"),
        [("no-gated-job", format!("no job of {file} runs in `production` (no job runs)"))]
    );
}

#[test]
fn a_finding_is_about_the_environment_that_is_declared_alone_and_suggests_only_what_is_near() {
    let gone = |file: &str, names: &[&str]| {
        let expectation = Expectation { expect: Expected::Environments(names.iter().copied().map(env).collect()), ..expect(file, vec![]) };
        let all = found(expectation, &[source("deploy.yml", &with_jobs(GATED))]);
        let (code, _, fix, environment) = all[0].clone();
        (code, fix, environment)
    };
    let near = "correct `file` in gate.toml: did you mean .github/workflows/deploy.yml?".to_owned();
    let plain = Code::MissingWorkflow.row().fix.to_owned();
    assert_eq!(gone("deploi.yml", &["production"]), ("missing-workflow", near.clone(), Some(env("production"))));
    assert_eq!(gone("deploi.yml", &["production", "staging"]), ("missing-workflow", near, None));
    assert_eq!(gone("release.yml", &["production"]), ("missing-workflow", plain, Some(env("production"))));
}

#[test]
fn each_declared_environment_that_is_not_known_to_be_reached_is_named() {
    let expectation = Expectation {
        expect: Expected::Environments(vec![env("production"), env("staging")]),
        ..expect("deploy.yml", vec![when("push", None, &[])])
    };
    let all = found(expectation, &[source("deploy.yml", &with_jobs(UNKNOWN))]);
    let about: Vec<_> = all.into_iter().map(|(code, _, _, environment)| (code, environment)).collect();
    assert_eq!(about, [("unresolved-environment", Some(env("production"))), ("unresolved-environment", Some(env("staging")))]);
}

#[test]
fn a_job_outside_its_environment_is_told_once_and_other_jobs_are_not_forgotten() {
    let said = |jobs: &str| {
        let all = on_push(jobs).findings.into_iter();
        all.map(|finding| (finding.code.row().name, finding.message.split(" (").next().unwrap_or_default().to_owned())).collect::<Vec<_>>()
    };
    let hotfix = format!("hotfix:\n  runs-on: x\n  env: {{K: '{KEY}'}}");
    let past = ("ungated-credential", "deploy.yml:hotfix has no environment, and reads HEROKU_API_KEY, which gate.toml declares");
    let past = (past.0, past.1.to_owned());
    // The declaration's own finding takes the place of what is not decided about the same job.
    let unknown = format!("{}\n  env: {{K: '${{{{ secrets.OTHER }}}}'}}\n{hotfix}", UNKNOWN.replace("\n  steps: [{run: make}]", ""));
    let [first, second] = said(&unknown).try_into().unwrap();
    assert!(
        first.0 == "unresolved-environment" && first.1.starts_with("whether deploy.yml:deploy runs in `production` is not known"),
        "{first:?}"
    );
    assert_eq!(second, past);
    let build = format!("build:\n  runs-on: x\n  steps: [{{run: make}}]\n{hotfix}");
    let [first, second] = said(&build).try_into().unwrap();
    assert_eq!((first.0, second), ("no-gated-job", past.clone()));
    // What certainly deploys past the gate says more than that the gate is not reached.
    assert_eq!(said(&hotfix), [past]);
}

#[test]
fn what_is_said_of_a_job_for_one_environment_stands_for_no_other_one() {
    let verdicts = |job: &str, names: &[&str]| {
        let mut facts = facts(vec![Expectation {
            expect: Expected::Environments(names.iter().copied().map(env).collect()),
            ..expect("deploy.yml", vec![when("push", None, &[])])
        }]);
        facts.environments.insert(env("staging"), None);
        let report = check(&[source("deploy.yml", &with_jobs(job))], &facts);
        ["production", "staging"].map(|name| verdict_of(&report, name))
    };
    assert_eq!(verdicts(UNKNOWN, &["production", "staging"]), [Verdict::Unknown; 2]);
    assert_eq!(verdicts("build:\n  runs-on: x\n  steps: [{run: make}]", &["production", "staging"]), [Verdict::Ungated; 2]);
    // What it reads may deploy to either, though only one is declared for the file.
    let reads = format!("{UNKNOWN}\n  env: {{K: '${{{{ secrets.OTHER }}}}'}}");
    assert_eq!(verdicts(&reads, &["production"]), [Verdict::Unknown; 2]);
    assert_eq!(verdicts(&reads, &["production", "staging"]), [Verdict::Unknown; 2]);
    // It runs past staging's gate, and production is not reached.
    let past = "held:\n  runs-on: x\n  environment: staging\n  env: {S: '${{ secrets.STAGE }}'}";
    let report = verdicts(&format!("past:\n  runs-on: x\n  env: {{S: '${{{{ secrets.STAGE }}}}'}}\n{past}"), &["production"]);
    assert_eq!(report, [Verdict::Ungated; 2]);
}

#[test]
fn a_ref_that_the_files_own_filter_names_must_be_admitted() {
    let refused = |on: &str, policy: &[&str]| {
        let patterns = policy.iter().map(|name| Pattern { kind: RefKind::Branch, name: (*name).to_owned() });
        let mut facts = facts(vec![expect("deploy.yml", vec![])]);
        facts.expectations.clear();
        facts.environments.insert(env("production"), Some(BranchPolicy::Selected(patterns.collect())));
        let text = format!("on: {on}\njobs:\n  deploy:\n    runs-on: x\n    environment: production\n");
        let report = check(&[source("deploy.yml", &text)], &facts);
        report.findings.into_iter().filter(|finding| finding.code == Code::RefRefused).map(|finding| finding.scenarios).collect::<Vec<_>>()
    };
    assert_eq!(refused("{push: {branches: [main, dev]}}", &["main"]), [["push refs/heads/dev"]]);
    assert_eq!(refused("{push: {branches: [main]}}", &["main"]), [[""; 0]; 0]);
    // These start on the default branch, or on any, and no filter of the file names one.
    for on in [
        "workflow_dispatch",
        "push",
        "{push: {branches-ignore: [dev]}}",
        "{pull_request: {branches: [main]}}",
        "{schedule: [{cron: '0 0 * * *'}]}",
        "{push: {branches: [release]}, workflow_dispatch: }",
    ] {
        assert_eq!(refused(on, &["release"]), [[""; 0]; 0], "{on}");
    }
}
