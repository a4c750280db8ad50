//! What jobs of open environments share with those behind a gate.

use super::*;

#[test]
fn what_only_jobs_of_open_environments_use_is_open_for_all() {
    let role = |name: &str| format!("steps: [{{uses: aws-actions/configure-aws-credentials@v4, with: {{role-to-assume: {name}}}}}]");
    let with = |other: &str| {
        let mut facts = facts(vec![expect("deploy.yml", vec![when("push", None, &[])])]);
        facts.open = [env("preview")].into();
        let job = |environment: &str, name: &str| {
            with_jobs(&format!("a:\n  runs-on: x\n  permissions: {{id-token: write}}\n{environment}  {}", role(name)))
        };
        let sources = [
            source("deploy.yml", &with_jobs(GATED)),
            source("preview.yml", &job("  environment: preview\n", "preview-role")),
            source("other.yml", &job("", other)),
        ];
        codes(&check(&sources, &facts))
    };
    assert_eq!(with("preview-role"), []);
    assert_eq!(with("another-role"), [("unclassified-credential", Severity::Error)]);
}

/// `deploy.yml` in production, and `other.yml` in `staging`, which is declared open, each with a step and an `env` of the file.
fn beside_an_open_one(gated: (&str, &str), open: (&str, &str)) -> Vec<(&'static str, Severity)> {
    let job = |(step, variable): (&str, &str), environment: &str| {
        format!(
            "on: {{push: {{branches: [main]}}}}\nenv: {{NAME: '{variable}'}}\npermissions: {{id-token: write}}\njobs:\n  deploy:\n    runs-on: x\n    environment: {environment}\n    steps: [{step}]\n"
        )
    };
    let mut facts = facts(vec![expect("deploy.yml", vec![when("push", None, &[])])]);
    facts.environments.insert(env("staging"), None);
    facts.open = [env("staging")].into();
    let sources = [source("deploy.yml", &job(gated, "production")), source("other.yml", &job(open, "staging"))];
    let report = check(&sources, &facts);
    codes(&report).into_iter().filter(|(code, _)| *code != "identity-trust").collect()
}

#[test]
fn what_an_open_environment_shares_with_a_gate_is_compared_by_its_value() {
    let aws = |name: &str| format!("{{uses: aws-actions/configure-aws-credentials@v4, with: {{role-to-assume: '{name}'}}}}");
    let heroku = |name: &str| format!("{{uses: akhileshns/heroku-deploy@v3, with: {{heroku_app_name: '{name}'}}}}");
    let gcp = |more: &str| format!("{{uses: google-github-actions/auth@v3, with: {{workload_identity_provider: p{more}}}}}");
    let (identity, deploy) = (("ungated-identity", Severity::Error), ("ungated-deploy", Severity::Error));
    let undecided = ("unclassified-credential", Severity::Error);
    let variable = "${{ env.NAME }}";
    for (gated, open, want) in [
        ((aws(variable), "prod"), (aws("prod"), ""), vec![identity]),
        ((aws(variable), "prod"), (aws(variable), "staging"), vec![]),
        ((heroku(variable), "shop"), (heroku("shop"), ""), vec![deploy]),
        ((heroku(variable), "shop"), (heroku(variable), "shop-staging"), vec![]),
        // A value known only at run time may be the other one.
        ((aws("prod"), ""), (aws("${{ steps.role.outputs.arn }}"), ""), vec![undecided]),
        ((aws("${{ steps.role.outputs.arn }}"), ""), (aws("${{ steps.role.outputs.arn }}"), ""), vec![undecided]),
        ((gcp(""), ""), (aws("${{ steps.role.outputs.arn }}"), ""), vec![]),
        // Jobs share the pool, and each has the rights of its own `sub` claim.
        ((gcp(""), ""), (gcp(""), ""), vec![]),
        ((gcp(", service_account: s"), ""), (gcp(", service_account: s"), ""), vec![identity]),
    ] {
        assert_eq!(beside_an_open_one((&gated.0, gated.1), (&open.0, open.1)), want, "{gated:?} {open:?}");
    }
}

#[test]
fn a_job_that_goes_elsewhere_on_other_branches_holds_the_gates_secrets_there_too() {
    let text = |more: &str| {
        format!(
            "on: {{push: {{branches: [main, develop]}}}}\njobs:\n  deploy:\n    runs-on: x\n    environment: ${{{{ github.ref_name == 'main' && 'production' || 'dev' }}}}\n    steps: [{{run: 'heroku rollback -a shop-${{{{ github.ref_name }}}}'{more}}}]\n"
        )
    };
    let run = |more: &str| {
        let report = check(&[source("deploy.yml", &text(more))], &facts(vec![expect("deploy.yml", vec![when("push", None, &[])])]));
        codes(&report)
    };
    assert_eq!(run(""), []);
    assert_eq!(run(&format!(", env: {{K: '{KEY}'}}")), [], "gate.toml declares that only environments have it");
    assert_eq!(run(", env: {K: '${{ secrets.HEROKU_TOKEN }}'}"), [], "the login of its own deploy");
    assert_eq!(run(", env: {K: '${{ secrets.PROD_DATABASE_URL }}'}"), [("ungated-credential", Severity::Error)]);
    assert_eq!(run(", env: {K: '${{ toJSON(secrets) }}'}"), [("ungated-credential", Severity::Error)]);
}

#[test]
fn a_secret_that_an_environment_lists_is_never_harmless() {
    let mut facts = facts(vec![expect("deploy.yml", vec![when("push", None, &[])])]);
    facts.verify.harmless = vec!["HEROKU_*".parse().unwrap()];
    let hotfix = with_jobs(&format!("a:\n  runs-on: x\n  env: {{K: '{KEY}'}}"));
    let report = check(&[source("deploy.yml", &with_jobs(GATED)), source("other.yml", &hotfix)], &facts);
    assert_eq!(codes(&report), [("ungated-credential", Severity::Error)]);
    assert_eq!(
        report.findings[0].fix,
        "add `environment: production` to the job, or, if the secret cannot deploy, name it in [verify] harmless"
    );
}

#[test]
fn a_role_of_the_gate_is_its_own_however_it_is_assumed() {
    let assume = |with: &str| {
        format!("{{uses: aws-actions/configure-aws-credentials@v4, with: {{role-to-assume: 'arn:aws:iam::1:role/prod'{with}}}}}")
    };
    let cli = "{run: aws sts assume-role --role-arn arn:aws:iam::1:role/prod}".to_owned();
    let identity = [("ungated-identity", Severity::Error)];
    for (gated, permissions) in [(assume(""), "permissions: {id-token: write}, "), (assume(", aws-access-key-id: a"), "")] {
        for steps in [assume(", aws-access-key-id: a"), cli.clone()] {
            let text = format!(
                "on: {{push: {{branches: [main]}}}}\njobs:\n  deploy: {{runs-on: x, {permissions}environment: production, steps: [{gated}]}}\n  \
                 other: {{runs-on: self-hosted, steps: [{steps}]}}\n"
            );
            let report = check(&[source("deploy.yml", &text)], &facts(vec![expect("deploy.yml", vec![])]));
            let found: Vec<_> = codes(&report).into_iter().filter(|(name, _)| *name != "identity-trust").collect();
            assert_eq!((report.verdict, found.as_slice()), (Verdict::Ungated, &identity[..]), "{gated} {steps}");
        }
    }
    // Without the token, a role that no gate knows is nothing of its own.
    let text = "on: push\njobs:\n  a: {runs-on: self-hosted, steps: [{run: aws sts assume-role --role-arn arn:aws:iam::1:role/other}]}\n";
    let report = check(&[source("deploy.yml", &with_jobs(GATED)), source("other.yml", text)], &facts(vec![expect("deploy.yml", vec![])]));
    assert_eq!(report.verdict, Verdict::Gated, "{:?}", report.findings);
}

#[test]
fn an_app_that_only_the_shell_knows_may_be_the_gates() {
    let run = |step: &str| {
        let gated = "{run: heroku container:release web -a raxx-console-prod}";
        let text = format!(
            "on: {{push: {{branches: [main]}}}}\njobs:\n  a: {{runs-on: x, environment: staging, steps: [{step}]}}\n  \
             b: {{runs-on: x, environment: production, steps: [{gated}]}}\n"
        );
        let mut facts = facts(vec![expect("deploy.yml", vec![])]);
        facts.open.insert(env("staging"));
        facts.environments.insert(env("staging"), None);
        let report = check(&[source("deploy.yml", &text)], &facts);
        (report.verdict, codes(&report).first().map(|(name, _)| *name))
    };
    let undecided = (Verdict::Unknown, Some("unclassified-deploy"));
    for app in ["$(cat app)", "${APP:-x}", "$APP", "${{ steps.a.outputs.app }}"] {
        assert_eq!(run(&format!("{{run: 'heroku container:release web -a {app}'}}")), undecided, "{app}");
    }
    assert_eq!(run("{run: \"curl -X POST https://api.heroku.com/pipeline-promotions\"}"), undecided);
    for step in [
        "{run: 'heroku container:release web -a ${{ vars.APP }}'}",
        "{run: 'APP=shop-staging; heroku container:release web -a $APP'}",
        "{run: npx vercel --prod}",
    ] {
        assert_eq!(run(step).0, Verdict::Gated, "{step}");
    }
}

#[test]
fn a_harmless_action_that_is_given_a_command_runs_it() {
    let run = |step: &str| {
        let text = with_jobs(&format!("bench:\n  runs-on: x\n  steps: [{step}]"));
        let report =
            check(&[source("deploy.yml", &with_jobs(GATED)), source("other.yml", &text)], &facts(vec![expect("deploy.yml", vec![])]));
        (report.verdict, codes(&report).first().map(|(name, _)| *name))
    };
    let key = "env: {HEROKU_API_KEY: '${{ secrets.HEROKU_API_KEY }}'}";
    let token = "token: '${{ secrets.CODSPEED_TOKEN }}'";
    assert_eq!(run(&format!("{{uses: CodSpeedHQ/action@v3, with: {{run: cargo codspeed run, {token}}}}}")), (Verdict::Gated, None));
    let given = run(&format!("{{uses: CodSpeedHQ/action@v3, with: {{run: make, {token}}}, {key}}}"));
    assert_eq!(given, (Verdict::Ungated, Some("ungated-credential")));
    let deploys = run("{uses: CodSpeedHQ/action@v3, with: {run: heroku container:release web -a raxx-console-prod}}");
    assert_eq!(deploys, (Verdict::Ungated, Some("ungated-deploy")));
}
