use super::*;
use crate::model::RepoName;
use crate::workflows::read::read;
use crate::workflows::secrets::Read;
use crate::workflows::yaml::Pos;

mod checkout;
mod commands;
mod identities;

fn of(steps: &str) -> Holds {
    let text = format!(
        "on: push\njobs:\n  a:\n    runs-on: x\n    env: {{APP: shop-prod}}\n    permissions: {{id-token: write}}\n    steps:\n{steps}"
    );
    let workflow = read("x.yml", &text).unwrap();
    assert!(workflow.jobs[0].problems.is_empty(), "{:?}", workflow.jobs[0].problems);
    Holds::of(&workflow, &workflow.jobs[0], &Local::default())
}

fn targets(step: &str) -> Vec<Option<String>> {
    of(&format!("      - {step}")).deploys.into_iter().map(|deploy| deploy.target).collect()
}

#[test]
fn secrets_are_found_wherever_they_are_read_but_for_harmless_uses() {
    let names = |steps: &str| -> Vec<String> {
        of(steps)
            .secrets
            .into_iter()
            .map(|(read, _)| match read {
                Read::Named(name) => name,
                Read::All => "*".to_owned(),
            })
            .collect()
    };
    assert_eq!(names("      - run: x\n        env: {K: '${{ secrets.A }}'}"), ["A"]);
    assert_eq!(names("      - {uses: a/b@v1, with: {k: \"${{ secrets['A'] }}\"}}"), ["A"]);
    assert_eq!(names("      - run: echo '${{ toJSON(secrets) }}'"), ["*"]);
    assert_eq!(names("      - run: echo ${{ secrets[matrix.key] }}"), ["*"]);
    assert_eq!(names("      - run: gh x\n        env: {GH_TOKEN: '${{ secrets.GITHUB_TOKEN }}'}"), [""; 0]);
    assert_eq!(names("      - {uses: codecov/codecov-action@v5, with: {token: '${{ secrets.CODECOV_TOKEN }}'}}"), [""; 0]);
    assert_eq!(
        names("      - run: ./upload\n        env: {T: '${{ secrets.CODECOV_TOKEN }}'}"),
        ["CODECOV_TOKEN"],
        "only the use is known"
    );
}

#[test]
fn a_secret_is_followed_through_the_name_it_is_passed_under() {
    let caller =
        read("x.yml", "on: push\njobs: {a: {uses: ./.github/workflows/y.yml, secrets: {key: '${{ secrets.HEROKU_API_KEY }}'}}}").unwrap();
    let passed = Passed::default().by(&caller, &caller.jobs[0]);
    let callee = read("y.yml", "on: workflow_call\njobs: {b: {runs-on: x, env: {K: '${{ secrets.KEY }}'}}, c: {runs-on: x, env: {K: '${{ secrets.OTHER }}'}}, d: {runs-on: x, environment: e, env: {K: '${{ secrets.OTHER }}'}}, e: {runs-on: x, env: {K: '${{ toJSON(secrets) }}'}}, f: {runs-on: x, environment: e, env: {K: '${{ toJSON(secrets) }}'}}}").unwrap();
    let reads = |at: usize| -> Vec<Read> {
        let job = &callee.jobs[at];
        Holds::of(&callee, job, &Local::default())
            .in_run(&callee, job, &passed, |_| InRun::DependsOn(Vec::new()))
            .secrets
            .into_iter()
            .map(|(read, _)| read)
            .collect()
    };
    assert_eq!(reads(0), [Read::Named("HEROKU_API_KEY".to_owned())]);
    assert_eq!(reads(1), [], "it is not passed");
    assert_eq!(reads(2), [Read::Named("OTHER".to_owned())], "the environment may have it");
    assert_eq!(reads(3), [Read::Named("HEROKU_API_KEY".to_owned())], "all that are passed");
    assert_eq!(reads(4), [Read::All], "those of the environment too");
}

#[test]
fn a_called_workflow_never_gets_more_than_its_caller_has() {
    let grants = |caller: &str, callee: &str| {
        let caller = read("x.yml", &format!("on: push\n{caller}jobs: {{a: {{uses: ./.github/workflows/y.yml}}}}")).unwrap();
        let callee = read("y.yml", &format!("on: workflow_call\n{callee}jobs: {{b: {{runs-on: x}}}}")).unwrap();
        Passed::default().by(&caller, &caller.jobs[0]).grants_token(&callee, &callee.jobs[0])
    };
    let write = "permissions: {id-token: write}\n";
    assert!(grants(write, "") && grants(write, write) && grants("permissions: write-all\n", ""));
    assert!(!grants("", write) && !grants("", "") && !grants(write, "permissions: {contents: read}\n"));
}

#[test]
fn a_call_gives_nothing_if_it_passes_neither_a_secret_nor_the_token() {
    for (passed, nothing) in [
        ("", true),
        (", secrets: inherit", false),
        (", secrets: {k: '${{ secrets.K }}'}", false),
        (", secrets: {k: '${{ secrets.GITHUB_TOKEN }}'}", true),
        (", permissions: {id-token: write}", false),
    ] {
        let caller = read("x.yml", &format!("on: push\njobs: {{a: {{uses: ./.github/workflows/y.yml{passed}}}}}")).unwrap();
        assert_eq!(Passed::default().gives_nothing(&caller, &caller.jobs[0]), nothing, "{passed}");
    }
}

#[test]
fn only_a_job_without_a_known_deploy_is_judged_by_its_id() {
    let named = |job: &str| {
        let workflow = read("x.yml", &format!("on: push\njobs: {{{job}}}")).unwrap();
        Holds::of(&workflow, &workflow.jobs[0], &Local::default()).named
    };
    for job in ["deploy: {runs-on: x}", "ship-it: {runs-on: x}", "Promote_all: {runs-on: x, steps: [{run: make}]}"] {
        assert!(named(job), "{job}");
    }
    for job in [
        "build: {runs-on: x}",
        "deployment: {runs-on: x}",
        "deploy: {runs-on: x, steps: [{run: heroku rollback}]}",
        "deploy: {uses: o/r/.github/workflows/x.yml@v1}",
    ] {
        assert!(!named(job), "{job}");
    }
}

#[test]
fn legs_of_a_job_hold_together_what_each_holds() {
    let [left, right] = ["heroku rollback -a one && git pull", "heroku rollback -a two && ./go"].map(|run| {
        of(&format!("      - run: {run}\n        env: {{A: '${{{{ secrets.SAME }}}}', B: '${{{{ secrets.{} }}}}'}}\n", run.len()))
    });
    let mut both = left.clone();
    both.merge(&left);
    assert_eq!(both, left, "the same once");
    both.merge(&right);
    assert_eq!(both.deploys, [left.deploys, right.deploys].concat());
    assert_eq!(both.secrets.len(), 3, "{:?}", both.secrets);
    assert_eq!(both.checkouts, left.checkouts);
    assert!(both.token.is_some());
}

#[test]
fn each_thing_to_deploy_with_is_something() {
    let pos = Pos { line: 1, col: 1 };
    let aws = Identity { provider: Provider::Aws, name: "x".to_owned(), principal: Principal::Named, pos };
    assert!(!Holds::default().is_anything());
    for (about, holds) in [
        ("deploys", Holds { deploys: of("      - run: heroku rollback").deploys, ..Holds::default() }),
        ("secrets", Holds { secrets: vec![(Read::All, pos)], ..Holds::default() }),
        ("identities", Holds { identities: vec![aws], ..Holds::default() }),
        ("token", Holds { token: Some(pos), ..Holds::default() }),
        ("named", Holds { named: true, ..Holds::default() }),
    ] {
        assert!(holds.is_anything(), "{about}");
    }
}

#[test]
fn a_call_reads_what_it_passes_as_inputs_and_not_what_it_hands_on() {
    let text = "on: push\njobs:\n  a:\n    uses: ./.github/workflows/x.yml\n    with: {k: '${{ secrets.READ }}'}\n    secrets: {ON: '${{ secrets.HANDED }}'}\n";
    let workflow = read("x.yml", text).unwrap();
    let secrets = Holds::of(&workflow, &workflow.jobs[0], &Local::default()).secrets;
    assert_eq!(secrets.iter().map(|(read, _)| read.clone()).collect::<Vec<_>>(), [Read::Named("READ".to_owned())]);
}
