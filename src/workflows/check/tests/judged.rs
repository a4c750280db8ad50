//! Where a job runs decides what it is told, row by row: the message and the fix of each place, and which jobs are left alone.

use super::*;
use crate::workflows::facts::Guard;

const PAGES: &str = "steps: [{uses: actions/deploy-pages@v4}]";
const DEPLOY: &str = "steps: [{run: heroku container:release web -a raxx-console-prod}]";

fn world() -> Facts {
    let mut facts = facts(vec![expect("deploy.yml", vec![when("push", None, &[])])]);
    facts.environments.insert(env("preview"), None);
    facts.open = [env("preview")].into();
    facts
}

/// What is found in a second file next to a gated one.
fn beside_in(facts: &Facts, gated: &str, text: &str) -> Vec<Finding> {
    let report = check(&[source("deploy.yml", &with_jobs(gated)), source("other.yml", text)], facts);
    report.findings.into_iter().filter(|finding| finding.file.as_deref() == Some(".github/workflows/other.yml")).collect()
}

/// Code, message and fix of the only finding.
fn said(facts: &Facts, gated: &str, job: &str) -> (&'static str, String, String) {
    let found = beside_in(facts, gated, &with_jobs(job));
    let [one] = found.as_slice() else { panic!("{job}: {found:#?}") };
    (one.code.row().name, one.message.clone(), one.fix.clone())
}

fn brief(found: &[Finding]) -> Vec<(&'static str, Severity)> {
    found.iter().map(|finding| (finding.code.row().name, finding.severity)).collect()
}

#[test]
fn each_place_has_its_words() {
    let key = format!("env: {{K: '{KEY}'}}");
    let approve = "approve:\n  runs-on: x\n  environment: production\n";
    let add = "add `environment: production` to the job";
    let undeclared = |name: &str, rest: &str| format!("runs in the undeclared environment `{name}`{rest}");
    let mut facts = world();
    facts.live = Some([(env("qa"), Guard::Open), (env("dark"), Guard::Unknown), (env("held"), Guard::Gated)].into());
    for (job, code, at, fix) in [
        ("hotfix:\n  runs-on: x".to_owned(), "ungated-credential", "has no environment".to_owned(), add),
        (
            "hotfix:\n  runs-on: x\n  environment: ${{ '' }}".to_owned(),
            "ungated-credential",
            "may run without an environment (environment: ${{ '' }} is empty here)".to_owned(),
            add,
        ),
        (
            format!("{approve}hotfix:\n  needs: approve\n  runs-on: x"),
            "upstream-gate",
            "has no environment of its own and only waits for a job in production".to_owned(),
            add,
        ),
        (
            format!("{approve}hotfix:\n  needs: approve\n  if: always()\n  runs-on: x"),
            "upstream-gate-bypass",
            "may run although the job in production that it waits for was rejected".to_owned(),
            add,
        ),
        (
            "hotfix:\n  runs-on: x\n  environment: qa".to_owned(),
            "ungated-credential",
            undeclared("qa", ", where no person has to approve"),
            "declare [environments.qa]",
        ),
        (
            "hotfix:\n  runs-on: x\n  environment: dark".to_owned(),
            "unreadable-state",
            undeclared("dark", ", whose gate is not known"),
            "declare [environments.dark]",
        ),
        (
            "hotfix:\n  runs-on: x\n  environment: new".to_owned(),
            "ungated-credential",
            undeclared("new", ", which does not exist: GitHub creates it without rules"),
            "declare [environments.new]",
        ),
        (
            "hotfix:\n  runs-on: x\n  environment: prodution".to_owned(),
            "near-miss-environment",
            undeclared("prodution", ", which does not exist: GitHub creates it without rules"),
            "write `environment: production` instead of `prodution`",
        ),
    ] {
        let (its_code, message, its_fix) = said(&facts, GATED, &format!("{job}\n  {key}"));
        assert_eq!(
            (its_code, message),
            (code, format!("other.yml:hotfix {at}, and reads HEROKU_API_KEY, which gate.toml declares")),
            "{job}"
        );
        assert!(its_fix.starts_with(fix), "{job}: {its_fix}");
    }
    let held = format!("hotfix:\n  runs-on: x\n  environment: held\n  {key}");
    assert_eq!(beside_in(&facts, GATED, &with_jobs(&held)), [], "another gate holds it back");
    let unknown = format!("hotfix:\n  runs-on: x\n  environment: qa\n  {key}");
    assert!(said(&world(), GATED, &unknown).1.contains("hotfix runs in the undeclared environment `qa`, and"), "nothing was read");
}

#[test]
fn what_a_gated_job_uses_too_is_named_with_its_place() {
    let gated = "deploy:\n  runs-on: x\n  environment: production\n  permissions: {id-token: write}\n  env: {K: '${{ secrets.OWN }}'}\n  steps: [{uses: aws-actions/configure-aws-credentials@v4, with: {role-to-assume: prod-role}}, {run: heroku rollback -a shop}]";
    let role =
        "permissions: {id-token: write}\n  steps: [{uses: aws-actions/configure-aws-credentials@v4, with: {role-to-assume: prod-role}}]";
    let claim = "`sub` claim repo:raxx-app/TradeMasterAPI:environment:production";
    for (job, code, what, pins) in [
        ("env: {K: '${{ secrets.own }}'}", "ungated-credential", "reads own", false),
        ("steps: [{run: heroku rollback -a shop}]", "ungated-deploy", "deploys shop (heroku rollback)", false),
        (role, "ungated-identity", "assumes the AWS identity prod-role", true),
    ] {
        let (its_code, message, fix) = said(&world(), gated, &format!("hotfix:\n  runs-on: x\n  {job}"));
        let want = format!("other.yml:hotfix has no environment, and {what}, as deploy.yml:5 does in production");
        assert_eq!((its_code, message, fix.contains(claim)), (code, want, pins), "{job}: {fix}");
    }
}

#[test]
fn what_nothing_decides_is_said_of_the_job() {
    for (job, code, what, named) in [
        ("env: {K: '${{ secrets.Other }}'}", "unclassified-credential", "reads Other", "the secret"),
        ("steps: [{run: heroku rollback -a b}]", "unclassified-deploy", "deploys b (heroku rollback)", "the job"),
        (
            "steps: [{run: make deploy}]",
            "unclassified-deploy",
            "runs make deploy, which deploys to a target that the file does not name",
            "the job",
        ),
    ] {
        let (its_code, message, fix) = said(&world(), GATED, &format!("hotfix:\n  runs-on: x\n  {job}"));
        assert_eq!((its_code, message), (code, format!("other.yml:hotfix has no environment, and {what}")), "{job}");
        assert!(fix.contains(&format!("name {named} in [verify] harmless")), "{job}: {fix}");
    }
}

#[test]
fn harmless_lists_every_missing_entry_and_those_that_are_there() {
    let listed = |jobs: &str, known: &[&str]| {
        let mut facts = world();
        facts.verify.harmless = known.iter().map(|entry| entry.parse().unwrap()).collect();
        let report = check(&[source("deploy.yml", &with_jobs(GATED)), source("other.yml", &with_jobs(jobs))], &facts);
        (report.harmless, report.covered.unclassified)
    };
    let secret = "a:\n  runs-on: x\n  env: {K: '${{ secrets.OTHER }}'}\n";
    let job = "b:\n  runs-on: x\n  steps: [{run: make deploy}]\n";
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(listed("a:\n  runs-on: x", &["SLACK_*"]), (vec![], 0));
    assert_eq!(listed(secret, &[]), (list(&["OTHER"]), 1));
    assert_eq!(listed(job, &[]), (list(&["other.yml:b"]), 1));
    assert_eq!(listed(&format!("{secret}{job}"), &["SLACK_*", "x.yml:y"]), (list(&["OTHER", "SLACK_*", "other.yml:b", "x.yml:y"]), 2));
}

#[test]
fn coverage_counts_files_jobs_and_those_that_can_deploy() {
    let report = on_push(&format!("build:\n  runs-on: x\n  steps: [{{run: make}}]\n{GATED}"));
    assert_eq!(report.covered, Covered { files: 1, jobs: 2, can_deploy: 1, unclassified: 0, gated: 1 });
    // In no environment, but named harmless: it cannot deploy. In an environment, it can.
    let spared = |job: &str| {
        let mut facts = world();
        facts.verify.harmless = vec!["other.yml:a".parse().unwrap()];
        let report = check(&[source("deploy.yml", &with_jobs(GATED)), source("other.yml", &with_jobs(job))], &facts);
        (codes(&report), report.covered.can_deploy)
    };
    assert_eq!(spared("a:\n  runs-on: x\n  environment: qa\n  env: {K: '${{ secrets.OTHER }}'}"), (vec![], 1));
    // A deploy to an app that gate.toml declares is never harmless, and one to an app that only jobs use is.
    assert_eq!(spared(&format!("a:\n  runs-on: x\n  {DEPLOY}")), (vec![("ungated-deploy", Severity::Error)], 2));
    let mut facts = world();
    facts.verify.harmless = vec!["other.yml:a".parse().unwrap()];
    let gated = "deploy:\n  runs-on: x\n  environment: production\n  steps: [{run: heroku rollback -a shop}]";
    assert_eq!(beside_in(&facts, gated, &with_jobs("a:\n  runs-on: x\n  steps: [{run: heroku rollback -a shop}]")), []);
}

#[test]
fn an_open_environment_may_use_its_own_and_not_what_a_gate_protects() {
    let (error, warning) = (Severity::Error, Severity::Warning);
    let role = |name: &str| {
        format!(
            "permissions: {{id-token: write}}\n  steps: [{{uses: aws-actions/configure-aws-credentials@v4, with: {{role-to-assume: \"{name}\"}}}}]"
        )
    };
    let roles = ["${{ vars.ROLE }}", "${{ Secrets.ROLE }}", "${{ github.event.role }}", "vars.role"];
    let steps: Vec<String> = roles.iter().map(|name| role(name).split_once('[').unwrap().1.trim_end_matches(']').to_owned()).collect();
    let gated =
        &format!("deploy:\n  runs-on: x\n  environment: production\n  permissions: {{id-token: write}}\n  steps: [{}]", steps.join(", "));
    let in_preview = |steps: &str| {
        let found = beside_in(&world(), gated, &with_jobs(&format!("a:\n  runs-on: x\n  environment: preview\n  {steps}")));
        (brief(&found), found.first().map(|finding| (finding.message.clone(), finding.environment.clone())).unwrap_or_default())
    };
    let at = "other.yml:a runs in `preview`, which gate.toml declares open, and";
    let production = Some(env("production"));
    assert_eq!(in_preview("steps: [{run: heroku rollback -a preview-app}]"), (vec![], Default::default()));
    assert_eq!(
        in_preview(&format!("env: {{K: '{KEY}'}}")),
        (
            vec![("ungated-credential", warning)],
            (format!("{at} reads HEROKU_API_KEY, which gate.toml declares; the name may have another value there"), production.clone())
        )
    );
    assert_eq!(
        in_preview(DEPLOY),
        (
            vec![("ungated-deploy", error)],
            (format!("{at} deploys raxx-console-prod (heroku container:release), which gate.toml declares"), production.clone())
        )
    );
    // Each environment may set a variable and a secret for itself; a name that only looks like one is a name, and the same event may have another value.
    let (identity, undecided) = ("ungated-identity", "unclassified-credential");
    for (name, want) in roles.iter().zip([(identity, warning), (identity, warning), (undecided, error), (identity, error)]) {
        assert_eq!(in_preview(&role(name)).0.first(), Some(&want), "{name}");
    }
    assert_eq!(
        in_preview("steps: [{run: heroku pipelines:promote -a preview-app}]").0,
        [("unclassified-deploy", error)],
        "the next stage may be behind a gate"
    );
    // With two gates it is about neither.
    let mut two = world();
    two.environments.insert(env("eu"), None);
    let found = beside_in(&two, GATED, &with_jobs(&format!("a:\n  runs-on: x\n  environment: preview\n  env: {{K: '{KEY}'}}")));
    assert_eq!(found.iter().map(|finding| finding.environment.clone()).collect::<Vec<_>>(), [None]);
}

#[test]
fn what_only_an_open_environment_deploys_is_open_for_all() {
    let facts = world();
    let open = "a:\n  runs-on: x\n  environment: preview\n  steps: [{run: heroku rollback -a preview-app}]\n";
    let other = "deploy:\n  runs-on: x\n  steps: [{run: heroku rollback -a preview-app}]";
    assert_eq!(brief(&beside_in(&facts, GATED, &with_jobs(&format!("{open}{other}")))), []);
    assert_eq!(brief(&beside_in(&facts, GATED, &with_jobs(other))), [("unclassified-deploy", Severity::Error)]);
}

#[test]
fn only_the_pages_environment_publishes_the_pages_site_and_nothing_else() {
    let job = |rest: &str| brief(&beside_in(&world(), GATED, &with_jobs(&format!("a:\n  runs-on: x\n{rest}"))));
    let undecided = [("unclassified-deploy", Severity::Error)];
    assert_eq!(job(&format!("  environment: github-pages\n  {PAGES}")), []);
    assert_eq!(job(&format!("  environment: GitHub-Pages\n  {PAGES}")), []);
    assert_eq!(job(&format!("  environment: site\n  {PAGES}")), undecided);
    assert_eq!(job(&format!("  {PAGES}")), undecided);
    assert_eq!(
        job(&format!(
            "  environment: ${{{{ github.event_name == 'push' && github.actor == 'x' && 'github-pages' || 'site' }}}}\n  {PAGES}"
        )),
        undecided
    );
    assert_eq!(job("  environment: github-pages\n  steps: [{run: netlify deploy --prod}]"), undecided);
}

/// A job that is behind the gate in some runs, and in `qa` in the others.
#[test]
fn a_job_that_is_not_at_the_gate_may_go_elsewhere_with_a_target_of_its_own() {
    let chosen = |prod: &str, qa: &str| format!("${{{{ github.ref == 'refs/heads/main' && '{prod}' || '{qa}' }}}}");
    let environment = chosen("production", "qa");
    let job = |environment: &str, steps: &str| {
        let text = format!(
            "on: push\njobs:\n  a:\n    runs-on: x\n    permissions: {{id-token: write}}\n    environment: {environment}\n    env: {{K: '{KEY}'}}\n    steps: [{steps}]"
        );
        brief(&beside_in(&world(), GATED, &text))
    };
    let role = |name: &str| format!("{{uses: aws-actions/configure-aws-credentials@v4, with: {{role-to-assume: \"{name}\"}}}}");
    let app = |name: &str| format!("{{run: \"heroku rollback -a {name}\"}}");
    let (own_app, own_role) = (app(&chosen("raxx-console-prod", "shop-qa")), role(&chosen("prod-role", "qa-role")));
    let trust = ("identity-trust", Severity::Info);
    let credential = ("ungated-credential", Severity::Error);
    for (steps, want) in [
        (own_app.clone(), vec![]),
        (own_role.clone(), vec![trust]),
        (format!("{own_app}, {own_role}"), vec![trust]),
        // Its target, or its identity, is not known.
        (app("${{ vars.APP }}"), vec![credential]),
        (app(&chosen("raxx-console-prod", "")), vec![credential]),
        (format!("{own_app}, {}", role("${{ vars.ROLE }}")), vec![("ungated-identity", Severity::Error), trust]),
        // Only its secret is another one, perhaps.
        ("{run: ./go}".to_owned(), vec![credential]),
        // It is the gate's own.
        (format!("{own_app}, {}", app("raxx-console-prod")), vec![("ungated-deploy", Severity::Error)]),
    ] {
        let mut found = job(&environment, &steps);
        found.sort();
        let mut want = want;
        want.sort();
        assert_eq!(found, want, "{steps}");
    }
    // It never is at the gate.
    assert_eq!(job("qa", &app("shop-qa")), [credential]);
}

#[test]
fn a_called_workflow_elsewhere_is_judged_unless_it_is_trusted_and_may_move_unless_it_is_pinned() {
    let callee = |steps: &str| format!("on: workflow_call\njobs:\n  go:\n    runs-on: x\n    steps: [{steps}]\n");
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let run = |git_ref: &str, text: &str, call: &str, trusted: &[&str]| {
        let mut facts = world();
        facts.verify.trusted_workflows = trusted.iter().map(|path| (*path).to_owned()).collect();
        let caller = with_jobs(&format!("a:\n  uses: o/r/.github/workflows/x.yml@{git_ref}\n{call}"));
        let called = SourceFile::new(format!("o/r/.github/workflows/x.yml@{git_ref}"), text).of(Origin::Called);
        codes(&check(&[source("deploy.yml", &with_jobs(GATED)), source("other.yml", &caller), called], &facts))
    };
    let (error, warning) = (Severity::Error, Severity::Warning);
    let reads = callee("{run: ./go, env: {K: '${{ secrets.HEROKU_API_KEY }}'}}");
    let inherit = "  secrets: inherit";
    let moves = ("unpinned-workflow", warning);
    assert_eq!(run(commit, &reads, inherit, &[]), [("ungated-credential", error)]);
    assert_eq!(run("v1", &reads, inherit, &[]), [("ungated-credential", error), moves]);
    // Forty characters that are not a commit.
    assert_eq!(run(&"x".repeat(40), &reads, inherit, &[]), [("ungated-credential", error), moves]);
    assert_eq!(run("abc", &reads, inherit, &[]), [("ungated-credential", error), moves]);
    assert_eq!(run("v1", &reads, inherit, &["o/r/.github/workflows/*"]), []);
    assert_eq!(run("v1", &reads, inherit, &["o/other/.github/workflows/*"]), [("ungated-credential", error), moves]);
    assert_eq!(run("v1", &reads, &format!("{inherit}\n  if: false"), &[]), []);
    assert_eq!(run("v1", &callee("{run: make}"), inherit, &[]), []);
    let gated = reads.replace("    runs-on: x\n", "    runs-on: x\n    environment: production\n");
    assert_eq!(run("v1", &gated, inherit, &[]), [moves]);
    // What approves deployments is judged regardless of trust.
    let approves = callee("{uses: activescott/automate-environment-deployment-approval@v1}");
    assert_eq!(run("v1", &approves, inherit, &["o/r/.github/workflows/*"]), [("auto-approval", error)]);
}

#[test]
fn a_call_that_is_not_read_counts_only_if_it_gets_something() {
    let run = |call: &str| {
        let report = check(
            &[
                source("deploy.yml", &with_jobs(GATED)),
                source("other.yml", &with_jobs(&format!("a:\n  uses: o/r/.github/workflows/x.yml@v1\n{call}"))),
            ],
            &world(),
        );
        (codes(&report), report.covered.can_deploy)
    };
    let error = Severity::Error;
    assert_eq!(run(""), (vec![], 1));
    assert_eq!(run("  permissions: {id-token: write}"), (vec![("remote-workflow", error)], 2));
    assert_eq!(run("  secrets: inherit"), (vec![("remote-workflow", error)], 2));
}

#[test]
fn a_name_that_is_near_is_said_once_and_of_the_job_that_has_it() {
    let near = ("near-miss-environment", Severity::Warning);
    let approve = "approve:\n  runs-on: x\n  environment: prodution\n";
    let found = |jobs: &str| brief(&beside_in(&world(), GATED, &with_jobs(jobs)));
    assert_eq!(found(approve), [near]);
    assert_eq!(found(&format!("{approve}after:\n  needs: approve\n  runs-on: x\n  steps: [{{run: make}}]")), [near]);
    let undecided = ("unclassified-credential", Severity::Error);
    let mut both = found(&format!("{approve}  env: {{K: '${{{{ secrets.OTHER }}}}'}}"));
    both.sort();
    let mut want = [near, undecided];
    want.sort();
    assert_eq!(both, want);
}

#[test]
fn a_branch_that_runs_in_another_environment_is_a_run_of_its_own() {
    let text = format!(
        "on: push\njobs:\n  a:\n    runs-on: x\n    env: {{K: '{KEY}'}}\n    environment: ${{{{ github.ref == 'refs/heads/main' && 'production' || 'qa' }}}}"
    );
    assert_eq!(brief(&beside_in(&world(), GATED, &text)), [("ungated-credential", Severity::Error)]);
}

#[test]
fn a_short_or_long_name_is_a_branch_unless_it_is_a_commit() {
    let moving = [("moving-checkout", Severity::Warning)];
    let on = |event: &str, git_ref: &str| {
        let text = format!(
            "on: {event}\njobs:\n  deploy:\n    runs-on: x\n    environment: production\n    steps: [{{uses: actions/checkout@v4, with: {{ref: \"{git_ref}\"}}}}]\n"
        );
        codes(&check(&[source("deploy.yml", &text)], &facts(vec![expect("deploy.yml", vec![])])))
    };
    for name in ["abc1234", "release-0123456789012345678901234567890123", "refs/pull/7/merge"] {
        assert_eq!(on("push", name), moving, "{name}");
    }
    assert_eq!(on("push", "0123456789abcdef0123456789abcdef01234567"), []);
}

#[test]
fn a_command_that_the_files_give_to_an_expression_is_judged_as_it_runs() {
    let push = "git push https://git.heroku.com/raxx-console-prod.git main";
    let matrix = |list: &str, steps: &str| format!("hotfix:\n  runs-on: x\n  strategy: {{matrix: {{cmd: {list}}}}}\n  steps: [{steps}]");
    let run = "{run: '${{ matrix.cmd }}'}";
    let remote = "{run: \"git remote add live https://git.heroku.com/raxx-console-prod.git\\ngit push ${{ matrix.cmd }} main\"}";
    let approve = "gh api -X POST repos/o/r/actions/runs/1/pending_deployments";
    for (job, code) in [
        (matrix(&format!("[make, '{push}']"), run), Some("ungated-deploy")),
        (matrix(&format!("['{push}']"), "{env: {RUN: '${{ matrix.cmd }}'}, run: bash -c \"$RUN\"}"), Some("ungated-deploy")),
        (matrix("[live]", remote), Some("ungated-deploy")),
        (matrix(&format!("['{approve}']"), run), Some("auto-approval")),
        (matrix("[\"arn:aws:iam::1:role/prod\"]", "{run: 'aws sts assume-role --role-arn ${{ matrix.cmd }}'}"), Some("ungated-identity")),
        (matrix("[test]", "{run: 'make ${{ matrix.cmd }}'}"), None),
        (matrix(&format!("['{push}']"), "{run: 'echo ${{ matrix.cmd }}'}"), None),
    ] {
        let gated = "deploy:\n  runs-on: x\n  environment: production\n  permissions: {id-token: write}\n  steps: [{run: aws sts assume-role --role-arn arn:aws:iam::1:role/prod}]";
        let found = beside_in(&world(), gated, &with_jobs(&job));
        assert_eq!(found.first().map(|finding| finding.code.row().name), code, "{job}: {found:#?}");
    }
    let called = "on: {workflow_call: {inputs: {cmd: {type: string}}}}\njobs: {a: {runs-on: x, steps: [{run: '${{ inputs.cmd }}'}]}}";
    for (cmd, count) in [(push, 1), ("make", 0)] {
        let caller = format!("call:\n  uses: ./.github/workflows/called.yml\n  with: {{cmd: '{cmd}'}}");
        let files = [source("deploy.yml", &with_jobs(GATED)), source("other.yml", &with_jobs(&caller)), source("called.yml", called)];
        assert_eq!(check(&files, &world()).findings.len(), count, "{cmd}");
    }
}
