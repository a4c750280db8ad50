use super::*;
use crate::model::RepoName;
use crate::workflows::read::read;
use crate::workflows::secrets::Read;
use crate::workflows::yaml::Pos;

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
fn heroku_is_recognized_in_every_form_with_the_app_that_it_names() {
    let (prod, unknown) = (Some("shop-prod".to_owned()), None);
    for (step, want) in [
        ("run: heroku container:release web --app shop-prod", &prod),
        ("run: /usr/bin/heroku rollback -a shop-prod", &prod),
        ("run: ./node_modules/.bin/heroku releases:rollback --app=shop-prod", &prod),
        ("run: heroku rollback -ashop-prod", &prod),
        ("run: heroku rollback -a shop-staging -a shop-prod", &unknown),
        ("run: HEROKU_APP=shop-staging heroku rollback --app=shop-staging -ashop-prod", &unknown),
        ("run: heroku pipelines:promote -a shop-staging", &unknown),
        ("run: heroku pipelines:promote -a shop-staging --to shop-prod", &prod),
        ("run: heroku pipelines:promote -a shop-staging --to=shop-prod,shop-eu", &unknown),
        ("run: dpl --provider=heroku --app=shop-prod", &prod),
        ("run: dpl heroku api --app shop-prod", &prod),
        ("run: npx heroku builds:create -a shop-prod", &prod),
        ("run: bash -c 'heroku container:release web -a shop-prod'", &prod),
        ("run: HEROKU_APP=shop-prod heroku container:release web", &prod),
        ("run: heroku container:release web -a \"$APP\"", &prod),
        ("run: heroku container:release web -a ${APP}", &prod),
        ("run: heroku container:release web -a ${{ env.APP }}", &prod),
        ("run: heroku container:release web -a $OTHER", &unknown),
        ("run: heroku container:release web -a $APP_NAME", &unknown),
        ("run: heroku container:release web -a $APPX", &unknown),
        ("run: docker push registry.heroku.com/$APP/web", &prod),
        ("run: git push https://git.heroku.com/shop-prod.git HEAD:main", &prod),
        ("run: 'git push https://heroku:$KEY@git.heroku.com/shop-prod.git main'", &prod),
        ("run: heroku git:remote -a shop-prod && git push heroku main", &prod),
        ("run: git remote add live https://git.heroku.com/shop-prod.git; git push -f live main", &prod),
        ("run: git push --force heroku main", &unknown),
        ("run: if true; then sudo docker push registry.heroku.com/shop-prod/web; fi", &prod),
        ("run: curl -X POST https://api.heroku.com/apps/shop-prod/builds -d @b.json", &prod),
        ("run: curl -X POST api.heroku.com/apps/shop-prod/builds", &prod),
        ("run: 'curl -nsSF file=@a https://api.heroku.com/apps/shop-prod/builds'", &prod),
        ("run: wget --method=PATCH --body-file=a https://api.heroku.com/apps/shop-prod/formation", &prod),
        (
            "run: \"curl -d '{\\\"source_blob\\\":{\\\"url\\\":\\\"https://x\\\"}}' -H 'Origin: https://y' https://api.heroku.com/apps/shop-prod/builds\"",
            &prod,
        ),
        ("{run: \"NAME=shop-prod\\nheroku container:release web -a $NAME\"}", &prod),
        ("{run: \"export NAME='shop-prod'; heroku container:release web -a \\\"$NAME\\\"\"}", &prod),
        ("{run: \"NAME=a; NAME=b; heroku container:release web -a $NAME\"}", &unknown),
        ("{run: 'for APP in a b; do heroku container:release web -a $APP; done'}", &unknown),
        ("{run: 'git remote add -f prod https://git.heroku.com/shop-prod.git && git push prod main'}", &prod),
        ("{run: 'git remote set-url --push prod https://git.heroku.com/shop-prod.git && git push prod main'}", &prod),
        ("{run: 'git config remote.prod.url https://git.heroku.com/shop-prod.git && git push prod main'}", &prod),
        ("{uses: docker/build-push-action@v6, with: {tags: 'ghcr.io/x,registry.heroku.com/shop-prod/web', push: true}}", &prod),
        ("run: pack build registry.heroku.com/shop-prod/web --publish", &prod),
        ("{uses: nick-fields/retry@v3, with: {command: heroku container:release web -a shop-prod}}", &prod),
        ("run: heroku api POST /apps/shop-prod/builds", &unknown),
        ("run: a.b=c echo heroku rollback -a shop-prod", &prod),
        ("run: wget --post-data=x https://api.heroku.com/apps/shop-prod/formation", &prod),
        ("{uses: akhileshns/heroku-deploy@v3, with: {heroku_app_name: shop-prod}}", &prod),
    ] {
        assert_eq!(targets(step), std::slice::from_ref(want), "{step}");
    }
    let dpl = of("      - run: dpl --provider=pages --app=shop-prod").deploys;
    assert_eq!(dpl.iter().map(|deploy| (deploy.platform, deploy.target.as_deref())).collect::<Vec<_>>(), [(Platform::Other, None)]);
}

#[test]
fn other_platforms_are_told_by_the_verb() {
    for step in [
        "run: kubectl -n prod apply -f k8s.yml",
        "run: kubectl --kubeconfig k --namespace prod --context live apply -f k8s.yml",
        "run: helm upgrade --install shop ./chart",
        "run: terraform apply -auto-approve",
        "run: aws s3 sync dist s3://shop",
        "run: aws ecs update-service --service shop",
        "run: gcloud run deploy shop",
        "run: az webapp deploy --name shop",
        "run: helm upgrade --install shop ./chart --version 1.2.3",
        "run: helm upgrade --install shop ./chart --version `cat VERSION`",
        "run: kubectl -n a --context b --kubeconfig c --as d apply -f k8s.yml",
        "run: sudo -u deploy ssh prod ./restart",
        "run: poetry run ansible-playbook site.yml",
        "run: yarn surge dist",
        "run: npx firebase-tools deploy",
        "run: npx @railway/cli up",
        "run: npm publish --dry-run false",
        "run: \"curl -d '{\\\"u\\\": \\\"https://x\\\"}' https://api.render.com/deploy/srv-1\"",
        "run: flyctl deploy --remote-only",
        "run: npx vercel --prod",
        "run: npx netlify deploy --prod",
        "run: cf push shop",
        "run: ssh deploy@shop.example.com ./restart",
        "run: sshpass -p x ssh deploy@shop.example.com ./restart",
        "run: rsync -az dist/ deploy@shop.example.com:/srv",
        "run: bundle exec cap production deploy",
        "run: cap production deploy:migrate",
        "run: curl https://api.render.com/deploy/srv-1",
        "run: RAILS_ENV=production make deploy",
        "{uses: pulumi/actions@v5, with: {command: up}}",
        "{uses: dflook/terraform-apply@v1, with: {command: preview}}",
        "run: npm publish --access public",
        "run: cargo publish",
        "run: twine upload dist/*",
        "uses: google-github-actions/deploy-cloudrun@v2",
        "run: make deploy",
        "run: npm run deploy:prod",
    ] {
        assert_eq!(targets(step), [None], "{step}");
    }
}

#[test]
fn looking_is_not_deploying() {
    for step in [
        "run: heroku config:get DEPLOY_FREEZE --app shop-prod",
        "run: curl -f https://shop-prod.herokuapp.com/health",
        "run: curl https://api.heroku.com/apps/shop-prod/releases",
        "run: git push origin main",
        "run: '# heroku container:release web -a shop-prod'",
        "run: echo heroku rollback -a shop-prod",
        "run: echo curl -X POST https://api.heroku.com/apps/shop-prod/builds",
        "run: curl -fsSL https://api.heroku.com/apps/shop-prod/builds",
        "run: helm upgrade --help",
        "run: make -C deploy test && npm ci --prefix deploy && npm test -- deploy",
        "run: aws s3 cp s3://public/x . && gsutil cp gs://public/x data/",
        "run: ansible-playbook --syntax-check site.yml",
        "run: npm install -g surge",
        "run: MY_MSG=x echo heroku rollback -a shop-prod",
        "run: sudo apt-get install -y ssh lftp",
        "run: ssh -T git@github.com",
        "run: aws s3 ls sync",
        "run: wrangler deployments list",
        "run: ship/make lint",
        "{uses: pulumi/actions@v5, with: {command: preview}}",
        "run: which heroku && heroku --version",
        "run: kubectl get pods",
        "run: kubectl apply --dry-run=server -f k8s.yml",
        "run: terraform validate && terraform plan",
        "run: helm lint ./chart",
        "run: aws s3 ls",
        "run: rsync -a src/ dist/",
        "run: ssh-keyscan github.com >> known_hosts",
        "run: npm ci && npm test",
        "run: cargo publish --dry-run",
        "uses: actions/checkout@v4",
    ] {
        assert_eq!(targets(step), [], "{step}");
    }
}

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
fn literal_variables_are_filled_in_until_a_step_may_change_them() {
    let role = |steps: &str| -> Vec<String> {
        let text = format!(
            "on: push\nenv: {{ROLE: prod, UP: '${{{{ vars.UP }}}}'}}\njobs: {{a: {{runs-on: x, env: {{ARN: 'arn:aws:iam::1:role/prod'}}, steps: [{steps}]}}}}"
        );
        let workflow = read("x.yml", &text).unwrap();
        let holds = Holds::of(&workflow, &workflow.jobs[0], &Local::default());
        holds
            .identities
            .into_iter()
            .map(|identity| identity.name)
            .chain(holds.deploys.into_iter().filter_map(|deploy| deploy.target))
            .collect()
    };
    let login = |name: &str| format!("{{uses: aws-actions/configure-aws-credentials@v4, with: {{role-to-assume: '{name}'}}}}");
    assert_eq!(role(&login("${{ env.ROLE }}")), ["prod"]);
    assert_eq!(role(&login("a/${{env.UP}}")), ["a/${{vars.UP}}"]);
    assert_eq!(role(&login("${{ env.NONE }}")), ["${{env.NONE}}"]);
    assert_eq!(role("{run: 'aws sts assume-role-with-web-identity --role-arn \"$ARN\"'}"), ["arn:aws:iam::1:role/prod"]);
    assert_eq!(role("{uses: akhileshns/heroku-deploy@v3, with: {heroku_app_name: 'shop-${{ env.ROLE }}'}}"), ["shop-prod"]);
    let set = |run: &str| role(&format!("{{run: '{run}'}}, {}", login("${{ env.ROLE }}")));
    assert_eq!(set("echo ROLE=x >> $GITHUB_ENV"), ["${{env.ROLE}}"], "a later step has another value");
    assert_eq!(set("echo OTHER=x >> $GITHUB_ENV"), ["prod"]);
    assert_eq!(set("ROLE=x make"), ["prod"], "only that script");
    assert_eq!(role("{run: 'ROLE=x; heroku rollback -a $ROLE'}"), [""; 0]);
    assert_eq!(role("{env: {ROLE: mine}, run: heroku rollback -a $ROLE}"), ["mine"]);
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
fn what_approves_deployments_is_told_from_what_looks_at_them() {
    let approves = |step: &str| !of(&format!("      - {step}")).approvals.is_empty();
    for step in [
        "run: gh api -X POST repos/o/r/actions/runs/1/pending_deployments -f state=approved",
        "run: 'curl -d @body https://api.github.com/repos/o/r/actions/runs/1/pending_deployments'",
        "uses: activescott/automate-environment-deployment-approval@v1",
        "{uses: actions/github-script@v7, with: {script: 'await github.rest.actions.reviewPendingDeploymentsForRun({})'}}",
        "run: gh api --method POST repos/o/r/actions/runs/1/deployment_protection_rule --input a.json",
        "{uses: actions/github-script@v7, with: {script: \"github.request('POST /repos/o/r/actions/runs/1/pending_deployments', {})\"}}",
        "{uses: octokit/request-action@v2, with: {route: POST /repos/o/r/actions/runs/1/pending_deployments}}",
        "{shell: pwsh, run: Invoke-RestMethod -Method Post -Uri https://api.github.com/repos/o/r/actions/runs/1/pending_deployments}",
        "{env: {URL: https://api.github.com/repos/o/r/actions/runs/1/pending_deployments}, run: curl -XPOST $URL}",
        "run: gh api graphql -f query='mutation { approveDeployments(input:{}) { clientMutationId } }'",
        "run: gatectl -c x.toml approve 123 --auto-approve",
        "run: curl --data-binary @body https://api.github.com/repos/o/r/actions/runs/1/pending_deployments",
        "run: 'curl -T body https://api.github.com/repos/o/r/actions/runs/1/pending_deployments'",
        "run: 'curl -sSX\"$METHOD\" https://api.github.com/repos/o/r/actions/runs/1/pending_deployments'",
        "run: wget --method=PUT --body-file=a https://api.github.com/repos/o/r/actions/runs/1/pending_deployments",
        "run: https --json api.github.com/repos/o/r/actions/runs/1/pending_deployments state=approved",
        "run: http POST api.github.com/repos/o/r/actions/runs/1/pending_deployments < a.json",
        "run: cat a.json | xh api.github.com/repos/o/r/actions/runs/1/pending_deployments",
        "{uses: fjogeleit/http-request-action@v1, with: {url: 'https://api.github.com/repos/o/r/actions/runs/1/pending_deployments', method: POST}}",
        "{uses: nick-fields/retry@v3, with: {command: gh api -X POST repos/o/r/actions/runs/1/pending_deployments}}",
        "{shell: pwsh, run: irm -Met Post -Uri https://api.github.com/repos/o/r/actions/runs/1/pending_deployments}",
        "{run: \"U=$API/pending_deployments\\ncurl -x http://proxy:8080 -d @a $U\"}",
        "{run: \"U=$API/pending_deployments\\nretry 3 curl --json @a $U\"}",
        "{run: \"python3 - <<E\\nrequests.post(api + '/pending_deployments')\\nE\"}",
    ] {
        assert!(approves(step), "{step}");
    }
    for step in [
        "run: gh api repos/o/r/actions/runs/1/pending_deployments",
        "uses: trstringer/manual-approval@v1",
        "run: gatectl pending",
        "run: gatectl verify && ./approve",
        "run: curl --silent https://api.github.com/repos/o/r/actions/runs/1/pending_deployments",
        "{uses: actions/github-script@v7, with: {script: 'await github.rest.issues.create({})'}}",
        "{uses: acme/report@v1, with: {example: 'reviewPendingDeploymentsForRun'}}",
        "run: curl -fsSL https://api.github.com/repos/o/r/actions/runs/1/pending_deployments | jq -f wanted.jq && rm -dir x",
        "run: 'curl -G -d per_page=1 https://api.github.com/repos/o/r/actions/runs/1/pending_deployments'",
        "run: gh api -X GET repos/o/r/actions/runs/1/pending_deployments -f per_page=1",
        "run: 'curl -D headers -sd= -XGET https://api.github.com/repos/o/r/actions/runs/1/pending_deployments'",
        "run: http --ignore-stdin api.github.com/repos/o/r/actions/runs/1/pending_deployments page==1",
        "run: http GET api.github.com/repos/o/r/actions/runs/1/pending_deployments",
        "{uses: fjogeleit/http-request-action@v1, with: {url: 'https://api.github.com/repos/o/r/actions/runs/1/pending_deployments', method: GET}}",
        "{run: \"gh api repos/o/r/actions/runs/1/pending_deployments >a\\ncurl -d @a https://hooks.example.com/x\"}",
    ] {
        assert!(!approves(step), "{step}");
    }
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
fn an_action_of_this_repository_is_read_by_each_of_its_names() {
    let own = RepoName::parse("acme/shop").unwrap();
    let mut local = Local::of(Some(&own));
    local.add("ci/ship/action.yml", Ok("runs: {using: composite, steps: [{run: heroku rollback -a shop-prod, shell: sh}]}".to_owned()));
    let found = |uses: &str| {
        let workflow = read("x.yml", &format!("on: push\njobs: {{a: {{runs-on: x, steps: [{{uses: '{uses}'}}]}}}}")).unwrap();
        (Holds::of(&workflow, &workflow.jobs[0], &local).deploys.len(), local.wanted([&workflow].into_iter()).len())
    };
    for uses in ["./ci/ship", "$/ci/ship", "Acme/shop/ci/ship@main", "acme/shop/ci/ship@v1"] {
        assert_eq!(found(uses), (1, 0), "{uses}");
    }
    assert_eq!((found("acme/other/ci/ship@main"), found("acme/shop/ci/gone@main")), ((0, 0), (0, 2)));
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

/// GitHub follows ten.
#[test]
fn ten_actions_of_the_checkout_that_use_each_other_are_followed() {
    let mut local = Local::default();
    for at in 1..=12 {
        let steps = format!("[{{uses: ./a{}}}, {{run: heroku rollback -a level-{at}, shell: sh}}]", at + 1);
        local.add(&format!("a{at}/action.yml"), Ok(format!("runs: {{using: composite, steps: {steps}}}")));
    }
    local.add("loop/action.yml", Ok("runs: {using: composite, steps: [{uses: ./loop}]}".to_owned()));
    let workflow = read("x.yml", "on: push\njobs: {a: {runs-on: x, steps: [{uses: ./a1}, {uses: ./loop}]}}").unwrap();
    assert_eq!(Holds::of(&workflow, &workflow.jobs[0], &local).deploys.len(), 10);
}

#[test]
fn actions_and_scripts_of_the_checkout_are_read() {
    let mut local = Local::default();
    local.add("ci/ship/action.yml", Ok("inputs: {app: {default: none}}\nruns:\n  using: composite\n  steps:\n    - run: heroku rollback -a ${{ inputs.app }}\n      shell: bash\n".to_owned()));
    local.add("scripts/go.sh", Ok("#!/bin/sh\nheroku container:release web -a shop-prod\n".to_owned()));
    let of = |steps: &str| {
        let workflow = read("x.yml", &format!("on: push\njobs: {{a: {{runs-on: x, steps: {steps}}}}}")).unwrap();
        Holds::of(&workflow, &workflow.jobs[0], &local).deploys.into_iter().map(|deploy| deploy.target).collect::<Vec<_>>()
    };
    let prod = [Some("shop-prod".to_owned())];
    assert_eq!(of("[{uses: ./ci/ship, with: {app: shop-prod}}]"), prod);
    assert_eq!(of("[{uses: ./ci/ship}]"), [Some("none".to_owned())]);
    assert_eq!(of("[{run: ./scripts/go.sh}]"), prod);
    assert_eq!(of("[{run: bash scripts/go.sh now}]"), prod);
    assert_eq!(of("[{run: ./scripts/gone.sh}]"), []);
}

/// Each script is reached only by the form that its row is about.
#[test]
fn scripts_of_the_checkout_are_followed() {
    let deploy = "heroku rollback -a shop-prod";
    for (files, step, found) in [
        (vec![("ops/a.sh", "./ops/go.sh"), ("ops/go.sh", deploy)], "run: ./ops/a.sh", true),
        (vec![("ops/a.sh", ". ops/go"), ("ops/go", deploy)], "run: ./ops/a.sh", true),
        (vec![("ops/a.sh", "\"$(dirname \"$0\")/go.sh\""), ("ops/go.sh", deploy)], "run: ./ops/a.sh", true),
        (vec![("ops/a.sh", "cd \"$(dirname \"$0\")\"; ./go"), ("ops/go", deploy)], "run: ./ops/a.sh", true),
        (vec![("a.sh", "./b.sh"), ("b.sh", "./a.sh; ./c.sh"), ("c.sh", deploy)], "run: ./a.sh", true),
        (vec![("ops/go", deploy)], "run: cd ops && ./go", true),
        (vec![("go", deploy)], "run: bash go", true),
        (vec![("go", deploy)], "run: make go", false),
        (vec![("lib/go", deploy)], "run: cd ops && ./go", false),
        (vec![("ops/a.sh", "true"), ("ops/go.sh", deploy)], "run: ./ops/a.sh", false),
        (vec![("go.py", "os.system(\"heroku rollback -a shop-prod\")")], "run: python go.py", true),
        (vec![("go.py", "run(['heroku', 'rollback', '-a', 'shop-prod'])")], "run: python go.py", true),
        (vec![("go.js", "execSync('heroku rollback -a shop-prod')")], "run: node go.js", true),
        (vec![("go.rb", "system \"heroku rollback -a shop-prod\"")], "run: ruby go.rb", true),
        (vec![("a.js", "import './b.js'"), ("b.js", "exec(`heroku rollback -a shop-prod`)")], "run: node a.js", true),
        (vec![("go.py", "print(\"heroku rollback -a shop-prod\")")], "run: python go.py", false),
        (vec![("ci/go/go.sh", deploy)], "uses: ./ci/go", true),
        (vec![("go.sh", deploy)], "uses: ./ci/go", false),
    ] {
        let mut local = Local::default();
        let action = "runs: {using: Composite, steps: [{run: '${{ github.action_path }}/go.sh', shell: sh}]}";
        local.add("ci/go/action.yml", Ok(action.to_owned()));
        for (path, text) in &files {
            local.add(path, Ok((*text).to_owned()));
        }
        let workflow = read("x.yml", &format!("on: push\njobs: {{a: {{runs-on: x, steps: [{{{step}}}]}}}}")).unwrap();
        let deploys = Holds::of(&workflow, &workflow.jobs[0], &local).deploys;
        let targets: Vec<_> = deploys.iter().filter_map(|deploy| deploy.target.as_deref()).collect();
        assert_eq!(targets.contains(&"shop-prod"), found, "{files:?} {step}");
    }
}

#[test]
fn what_a_job_checks_out_beside_the_commit_of_its_run_is_told_by_its_kind() {
    let checkouts = |step: &str| of(&format!("      - {step}")).checkouts;
    let fixed = |name: &str| Head::Ref(InRun::Values(vec![name.to_owned()]));
    for (step, written, head) in [
        ("run: git pull", "git pull", Head::Tip),
        ("run: gh pr checkout 7", "gh pr checkout", Head::PullRequest),
        ("run: git reset --hard origin/main", "origin/main", Head::Tip),
        ("run: git checkout v1", "v1", fixed("v1")),
        ("run: git switch main", "main", fixed("main")),
        ("{uses: actions/checkout@v4, with: {ref: main}}", "main", fixed("main")),
        ("{uses: actions/checkout@v4, with: {ref: main, repository: '${{ github.repository }}'}}", "main", fixed("main")),
        ("{uses: actions/checkout@v4, with: {ref: refs/pull/7/merge}}", "refs/pull/7/merge", Head::PullRequest),
    ] {
        let found = checkouts(step);
        assert_eq!(found.iter().map(|one| (one.written.as_str(), &one.head)).collect::<Vec<_>>(), [(written, &head)], "{step}");
        // What is written out is the same in every run.
        let in_run = found[0].in_run(|_| InRun::Values(vec!["other".to_owned()]));
        assert_eq!(in_run, found[0], "{step}");
    }
    for step in [
        "run: git checkout -b x",
        "run: git checkout \"$REF\"",
        "run: git checkout a.txt",
        "run: git reset --hard HEAD",
        "uses: actions/checkout@v4",
        "{uses: actions/checkout@v4, with: {ref: ''}}",
        "{uses: actions/checkout@v4, with: {ref: main, repository: acme/other}}",
    ] {
        assert_eq!(checkouts(step), [], "{step}");
    }
    let [chosen] = checkouts("{uses: actions/checkout@v4, with: {ref: '${{ inputs.ref }}'}}").try_into().unwrap();
    assert_eq!(chosen.in_run(|_| InRun::Values(vec!["v2".to_owned()])).head, fixed("v2"));
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
