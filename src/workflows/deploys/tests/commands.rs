//! What commands deploy or approve, and to what they deploy.

use super::*;

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
