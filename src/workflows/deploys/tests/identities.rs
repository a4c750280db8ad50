//! Cloud identities, and what a job's OIDC token is for.

use super::*;

#[test]
fn identities_are_told_by_what_they_name() {
    let names = |step: &str| -> Vec<(Provider, String)> {
        of(&format!("      - {step}")).identities.into_iter().map(|identity| (identity.provider, identity.name)).collect()
    };
    let role = "arn:aws:iam::1:role/prod";
    let aws = vec![(Provider::Aws, role.to_owned())];
    assert_eq!(names(&format!("{{uses: aws-actions/configure-aws-credentials@v4, with: {{role-to-assume: '{role}'}}}}")), aws);
    assert_eq!(names(&format!("{{uses: acme/login@v1, with: {{role-to-assume: '{role}'}}}}")), aws, "an unknown action");
    assert_eq!(names(&format!("run: aws sts assume-role-with-web-identity --role-arn {role}")), aws);
    assert_eq!(names("run: aws s3 cp arn:aws:s3:::bucket . && ./go other:role/x"), []);
    assert_eq!(names("uses: aws-actions/configure-aws-credentials@v4"), [], "it uses stored keys");
    let azure = names("{uses: azure/login@v2, with: {client-id: '${{ secrets.C }}', tenant-id: t}}");
    assert_eq!(azure, [(Provider::Azure, "${{secrets.C}} t".to_owned())]);
    assert_eq!(names("uses: pypa/gh-action-pypi-publish@release/v1"), [(Provider::PyPi, String::new())]);
    assert_eq!(
        names("{uses: pypa/gh-action-pypi-publish@release/v1, with: {repository-url: 'https://test.pypi.org/legacy/'}}"),
        [(Provider::PyPi, "https://test.pypi.org/legacy/".to_owned())],
        "another index is another identity"
    );
    assert_eq!(names("{uses: pypa/gh-action-pypi-publish@release/v1, with: {password: '${{ secrets.P }}'}}"), []);
}

#[test]
fn a_token_is_explained_only_if_each_step_that_could_ask_for_it_is_known() {
    let attest = "uses: actions/attest-build-provenance@v2";
    let login = "{uses: aws-actions/configure-aws-credentials@v4, with: {role-to-assume: 'arn:aws:iam::1:role/x'}}";
    let keys = "uses: aws-actions/configure-aws-credentials@v4";
    let codecov = "{uses: codecov/codecov-action@v5, with: {use_oidc: true}}";
    let pages = "uses: actions/deploy-pages@v4";
    for (steps, unexplained) in [
        (vec!["run: ./login"], true),
        (vec!["uses: acme/anything@v1"], true),
        (vec!["uses: actions/checkout@v4", "uses: actions/setup-node@v4", "uses: docker/login-action@v3"], false),
        (vec!["run: make", attest], false),
        (vec!["run: make", pages], false),
        (vec!["run: make", codecov], false),
        (vec!["run: make", "uses: azure/webapps-deploy@v3"], true),
        // What explains it may come first.
        (vec![pages, "uses: azure/webapps-deploy@v3"], false),
        (vec!["uses: docker/build-push-action@v6", attest], false),
        (vec!["uses: docker/build-push-action@v6"], true),
        // One step that is known says nothing about another one.
        (vec![attest, "{uses: Infisical/secrets-action@v1, with: {method: oidc}}"], true),
        (vec![attest, "{uses: changesets/action@v1, with: {publish: pnpm release}}"], true),
        (vec![attest, "uses: ./ci/gone"], true),
        (vec![login, "uses: acme/anything@v1"], true),
        (vec!["{uses: acme/login@v1, with: {role-to-assume: 'arn:aws:iam::1:role/x'}}"], true),
        (vec![login, "run: ./deploy.sh"], false),
        (vec![keys, "run: make"], true),
        (vec![attest, "run: ./deploy.sh"], true),
        (vec![attest, "run: pnpm release"], true),
        (vec![attest, "run: node scripts/publish.js"], true),
        (vec![attest, "run: cp target/release/shop dist && cargo build --release"], false),
        (vec![attest, "run: npx nx release publish"], true),
        (vec![attest, "run: npx @changesets/cli publish"], true),
        (vec![attest, "run: yarn semantic-release"], true),
        (vec![attest, "run: npm run ci:publish"], true),
        (vec![attest, "run: python setup.py upload"], true),
        (vec![codecov, "run: 'curl $ACTIONS_ID_TOKEN_REQUEST_URL'"], true),
        (vec![login, "run: vault login -method=jwt role=x"], true),
        (vec!["run: aws sts assume-role-with-web-identity --role-arn arn:aws:iam::1:role/x"], false),
        (vec![attest, "{uses: actions/github-script@v7, with: {script: 'core.getIDToken()'}}"], true),
        (vec![attest, "{uses: actions/github-script@v7, with: {script: 'core.info()'}}"], false),
    ] {
        let text: String = steps.iter().map(|step| format!("      - {step}\n")).collect();
        assert_eq!(of(&text).token.is_some(), unexplained, "{text}");
    }
}

#[test]
fn a_direct_federation_with_google_cloud_has_the_rights_of_the_jobs_subject() {
    let principal = |with: &str| {
        of(&format!("      - {{uses: google-github-actions/auth@v3, with: {{workload_identity_provider: p{with}}}}}\n")).identities[0]
            .principal
    };
    assert_eq!((principal(""), principal(", service_account: s")), (Principal::Subject, Principal::Named));
}

#[test]
fn an_action_of_the_checkout_that_runs_a_program_may_use_the_token() {
    let token = |using: &str| {
        let mut local = Local::default();
        local.add("ci/go/action.yml", Ok(format!("runs:\n  using: {using}\n  steps: [{{uses: actions/checkout@v4}}]\n  main: go.js\n")));
        let text = "on: push\njobs: {a: {runs-on: x, permissions: {id-token: write}, steps: [{uses: ./ci/go}]}}";
        let workflow = read("x.yml", text).unwrap();
        Holds::of(&workflow, &workflow.jobs[0], &local).token.is_some()
    };
    assert!(token("node20") && token("docker") && !token("composite"));
}

#[test]
fn an_identity_is_named_as_it_is_in_the_run() {
    let text = "on: push\njobs: {a: {runs-on: x, permissions: {id-token: write}, steps: [{uses: aws-actions/configure-aws-credentials@v4, with: {role-to-assume: '${{ inputs.role }}'}}]}}";
    let workflow = read("x.yml", text).unwrap();
    let job = &workflow.jobs[0];
    let names = |value: InRun| -> Vec<String> {
        let holds = Holds::of(&workflow, job, &Local::default()).in_run(&workflow, job, &Passed::default(), |_| value.clone());
        holds.identities.into_iter().map(|identity| identity.name).collect()
    };
    assert_eq!(names(InRun::Values(vec!["one".to_owned(), "two".to_owned()])), ["one", "two"]);
    assert_eq!(names(InRun::DependsOn(Vec::new())), ["${{inputs.role}}"]);
}
