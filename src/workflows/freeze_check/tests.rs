use super::*;
use crate::desired::freeze::{OnUnreachable, Store};
use crate::workflows::read::read;

mod before;
mod sound;

fn policy() -> Policy {
    Policy {
        store: Store::Heroku("shop-control".to_owned()),
        environments: BTreeSet::from([production()]),
        flag: Policy::FLAG.to_owned(),
        override_flag: Policy::OVERRIDE.to_owned(),
        frozen: false,
        compensates: true,
        check_commands: vec!["./scripts/freeze-guard".to_owned(), "make freeze-check".to_owned()],
        on_unreachable: OnUnreachable::Frozen,
        windows: Vec::new(),
    }
}

fn production() -> EnvName {
    EnvName::new("production").unwrap()
}

/// The answer for the last job of a workflow; the checkout holds a gate.toml in its root and in `services/other`.
fn proof_of(text: &str) -> Proof {
    proof_for(&policy(), Some("gate.toml"), text)
}

/// The same for any freeze, declared in this file of the repository or in none.
fn proof_for(policy: &Policy, config: Option<&str>, text: &str) -> Proof {
    let workflow = read("x.yml", text).unwrap();
    let job = workflow.jobs.last().unwrap();
    assert!(workflow.problems.is_empty() && job.problems.is_empty(), "{:?} {text}", job.problems);
    let environments = BTreeSet::from([production(), EnvName::new("staging").unwrap()]);
    let question = Question {
        environment: &production(),
        environments: &environments,
        freeze: FreezeFacts { policy, config, holds: &|path| Some(["gate.toml", "services/other/gate.toml"].contains(&path)) },
        contexts: &expressions::Nothing,
    };
    freeze_check_before_deploy(&workflow, job, &question)
}

fn job(runs_on: &str, steps: &str) -> String {
    let steps: String = steps.lines().map(|line| format!("      {line}\n")).collect();
    format!("on: push\njobs:\n  a:\n    runs-on: {runs_on}\n    environment: ${{{{ inputs.environment }}}}\n    steps:\n{steps}")
}

fn proof(steps: &str) -> Proof {
    proof_of(&job("ubuntu-latest", steps))
}

fn is_proven(steps: &str) -> bool {
    matches!(proof(steps), Proof::Proven(_))
}

const CHECK: &str = "- run: gatectl freeze check --environment production\n";
const DEPLOY: &str = "- run: heroku container:release web\n";

#[test]
fn a_check_before_the_deploy_is_a_proof() {
    assert_eq!(proof(&format!("- uses: actions/checkout@v4\n{CHECK}{DEPLOY}")), Proof::Proven(Pos { line: 8, col: 9 }));
    for check in [
        "- run: |\n    set -euo pipefail\n    # is it frozen?\n    ./bin/gatectl -c gate.toml freeze check \\\n      --environment ${{ inputs.environment }}\n    echo open\n",
        "- {run: gatectl freeze check, shell: bash, if: success(), continue-on-error: false}\n",
        "- run: ./scripts/freeze-guard --app x --fast\n",
        "- run: bash ./scripts/freeze-guard production\n",
        "- run: make freeze-check || exit 1\n",
        "- run: gatectl freeze check --environment=PRODUCTION -q\n",
        "- run: gatectl freeze check --environment staging --environment production\n",
        "- {run: gatectl freeze check, if: always()}\n",
        "- run: gatectl freeze check || exit 1\n",
        "- run: gatectl freeze check && ./release\n",
        "- run: HEROKU_API_KEY=x gatectl freeze check --app shop-control\n",
        "- run: gatectl freeze check --environment production > /dev/null 2>&1\n",
        "- run: |\n    export HEROKU_API_KEY=x\n    echo \"checking $GITHUB_REF ${{ github.sha }}\"\n    gatectl freeze check\n    if true; then ./release; fi\n",
        "- run: mkdir -p infra && cd infra && gatectl freeze check\n",
        "- {run: gatectl -c ../gate.toml freeze check, working-directory: infra}\n",
        "- {run: gatectl freeze check, shell: 'bash -euo pipefail {0}'}\n",
        "- {run: 'gatectl freeze check || exit 7', shell: 'bash {0}'}\n",
        "- {run: gatectl freeze check, shell: 'bash --noprofile {0}'}\n",
        "- {run: gatectl freeze check, shell: pwsh}\n",
        "- run: gatectl freeze check --environment \"$TARGET\"\n  env: {TARGET: production}\n",
        "- run: gatectl freeze check --environment \"$TARGET\"\n  env: {TARGET: '${{ inputs.environment }}'}\n",
        "- run: gatectl freeze check\n  env: {DEPLOY_FREEZE: '${{ vars.DEPLOY_FREEZE }}', DEPLOY_FREEZE_INFO: '${{ vars.DEPLOY_FREEZE_INFO }}'}\n",
    ] {
        for before in
            ["", "- uses: actions/checkout@v4\n", "- {uses: actions/checkout@v4, with: {ref: '${{ github.sha }}', fetch-depth: 0}}\n"]
        {
            let steps = format!("{before}{check}{DEPLOY}");
            assert!(is_proven(&steps), "{steps}: {:?}", proof(&steps));
        }
    }
}

#[test]
fn what_only_fetches_installs_logs_in_or_notifies_may_come_first() {
    for step in [
        "- uses: acme/gatectl@v1\n  with: {command: install}\n",
        "- uses: actions/setup-node@v4\n",
        "- {uses: aws-actions/configure-aws-credentials@v4, with: {role-to-assume: x}}\n",
        "- uses: docker/login-action@v3\n",
        "- uses: gradle/actions/setup-gradle@v4\n",
        "- uses: github/codeql-action/init@v3\n",
        "- uses: github/codeql-action/upload-sarif@v3\n",
        "- uses: actions/download-artifact@v4\n",
        "- {uses: actions/checkout@v4, with: {repository: acme/tools, path: tools}}\n",
        "- run: npm ci\n",
        "- run: |\n    sudo apt-get update\n    sudo apt-get install -y jq\n    pip install -r requirements.txt\n",
        "- run: curl -sSfL https://github.com/acme/gatectl/releases/download/v1/x.tar.gz | tar -xz -C /usr/local/bin\n",
        "- run: curl https://cli-assets.heroku.com/install.sh | sh\n",
        "- run: echo \"$HOME/.local/bin\" >> \"$GITHUB_PATH\"\n",
        "- run: echo \"TARGET=x\" >> $GITHUB_ENV\n",
        "- run: aws ecr get-login-password | docker login --username AWS --password-stdin x\n",
        "- run: 'curl -X POST -d \"{}\" https://hooks.slack.com/services/x'\n",
        "- run: git config --global user.name x\n",
        "- {uses: slackapi/slack-github-action@v2, if: always()}\n",
    ] {
        let steps = format!("{step}{CHECK}{DEPLOY}");
        assert!(is_proven(&steps), "{steps}: {:?}", proof(&steps));
        // And after it, whatever happened.
        let steps = match step.strip_prefix("- {") {
            Some(rest) => format!("{CHECK}{DEPLOY}- {{{}", rest.replace(", if: always()", "").replacen("uses", "if: always(), uses", 1)),
            None => format!("{CHECK}{DEPLOY}- if: always()\n  {}", step.trim_start_matches("- ")),
        };
        assert!(is_proven(&steps), "{steps}: {:?}", proof(&steps));
    }
}

#[test]
fn a_check_that_may_be_skipped_or_ignored_is_none() {
    for check in [
        "- {run: gatectl freeze check, continue-on-error: true}\n",
        "- {run: gatectl freeze check, continue-on-error: '${{ inputs.x }}'}\n",
        "- {run: gatectl freeze check, if: inputs.check}\n",
        "- {run: gatectl freeze check, if: failure()}\n",
        "- {run: gatectl freeze check, background: true}\n",
        "- {run: \"gatectl freeze check\\n./release\", shell: 'bash {0}'}\n",
        "- {run: gatectl freeze check, shell: 'bash -n {0}'}\n",
        "- {run: gatectl freeze check, shell: python}\n",
        "- {run: \"gatectl freeze check\\n./release\", shell: pwsh}\n",
        "- run: gatectl freeze check || true\n",
        "- run: gatectl freeze check || exit 0\n",
        "- run: gatectl freeze check || echo frozen\n",
        "- run: gatectl freeze check || ./release || exit 1\n",
        "- run: gatectl freeze check | tee log\n",
        "- run: gatectl freeze check &\n",
        "- run: \"gatectl freeze check && echo open\\n./release\"\n",
        "- run: gatectl freeze check && ./a || ./release\n",
        "- run: \"cd infra && gatectl freeze check\\n./release\"\n",
        "- run: test -f x || gatectl freeze check\n",
        "- run: '! gatectl freeze check'\n",
        "- run: if gatectl freeze check; then echo; fi\n",
        "- run: echo gatectl freeze check\n",
        "- run: gatectl freeze check ${{ github.event.inputs.x }}\n",
        "- run: echo '${{ github.event.inputs.x }}'; gatectl freeze check\n",
        "- run: |\n    set +e\n    gatectl freeze check\n",
        "- run: |\n    exit 0\n    gatectl freeze check\n",
        "- run: |\n    trap 'exit 0' EXIT\n    gatectl freeze check\n",
        "- run: |\n    gatectl() { true; }\n    gatectl freeze check\n",
        "- run: |\n    if false; then\n    gatectl freeze check\n    fi\n",
        "- run: '# gatectl freeze check'\n",
        "- run: gatectl freeze status\n",
        "- run: gatectl freeze check --help\n",
        "- run: gatectl --sandbox freeze check\n",
        "- run: ./scripts/freeze-guard --help\n",
        "- run: cat ./scripts/freeze-guard\n",
        "- run: |\n    set -n\n    gatectl freeze check\n",
        "- uses: actions/checkout@v4\n",
        "- {wait: x}\n",
    ] {
        assert!(!is_proven(&format!("{check}{DEPLOY}")), "{check}");
    }
}

#[test]
fn the_check_asks_the_right_question() {
    let checkout = "- uses: actions/checkout@v4\n";
    for check in [
        "- run: gatectl freeze check --environment staging\n",
        "- run: gatectl freeze check --environment ${{ inputs.other }}\n",
        "- run: gatectl freeze check --environment \"$OTHER\"\n",
        "- run: \"TARGET=staging\\ngatectl freeze check --environment $TARGET\"\n  env: {TARGET: production}\n",
        "- run: ./scripts/freeze-guard staging\n",
        "- run: gatectl freeze check --app other\n",
        "- run: gatectl -c other.toml freeze check\n",
        "- run: gatectl -c services/other/gate.toml freeze check\n",
        "- run: cd services/other && gatectl freeze check\n",
        "- run: cd \"$WHERE\" && gatectl freeze check\n",
        "- run: cd .. && gatectl freeze check\n",
        "- {run: gatectl freeze check, working-directory: services/other/deep}\n",
        "- {run: ./scripts/freeze-guard, working-directory: infra}\n",
        "- run: HEROKU_HOST=http://127.0.0.1 gatectl freeze check\n",
        "- run: \"export PATH=./fake:$PATH\\ngatectl freeze check\"\n",
        "- run: \"DEPLOY_FREEZE=false gatectl freeze check\"\n",
        "- run: gatectl freeze check\n  env: {DEPLOY_FREEZE: 'false'}\n",
        "- run: gatectl freeze check\n  env: {DEPLOY_FREEZE: '${{ vars.OTHER }}'}\n",
        "- run: gatectl freeze check\n  env: '${{ fromJSON(inputs.env) }}'\n",
    ] {
        assert!(!is_proven(&format!("{checkout}{check}{DEPLOY}")), "{check}");
    }
    for before in [
        "- {uses: actions/checkout@v4, with: {ref: '${{ github.event.pull_request.head.sha }}'}}\n",
        "- {uses: actions/checkout@v4, with: {ref: '${{ inputs.tag }}'}}\n",
        "- {uses: Actions/Checkout/@v4, with: {ref: '${{ inputs.tag }}'}}\n",
        "- {uses: actions/checkout@v4, with: {repository: acme/other}}\n",
        "- {uses: actions/checkout@v4, with: {path: '${{ inputs.x }}'}}\n",
        "- {uses: actions/download-artifact@v4, with: {run-id: 1}}\n",
        "- run: echo HEROKU_HOST=http://127.0.0.1 >> $GITHUB_ENV\n",
        "- run: echo x > gate.toml\n",
        "- run: curl -o gate.toml https://raw.githubusercontent.com/acme/x/main/gate.toml\n",
    ] {
        assert!(!is_proven(&format!("{before}{CHECK}{DEPLOY}")), "{before}");
    }
    // The command may come from the other repository.
    let other = "- {uses: actions/checkout@v4, with: {repository: acme/tools, path: scripts}}\n";
    assert!(!is_proven(&format!("{checkout}{other}- run: ./scripts/freeze-guard production\n{DEPLOY}")));
}

#[test]
fn nothing_that_may_deploy_comes_before_the_check_or_runs_in_spite_of_it() {
    for before in [
        DEPLOY,
        "- run: make ship\n",
        "- run: npm run build\n",
        "- run: sudo npm ci\n",
        "- run: npm -w ci run deploy\n",
        "- {uses: akhileshns/heroku-deploy@v3, with: {heroku_app_name: x}}\n",
        "- uses: ./.github/actions/anything\n",
        "- {uses: acme/gatectl@v1, with: {command: apply}}\n",
        "- {uses: actions/github-script@v7, with: {script: x}}\n",
        "- {uses: gradle/actions/setup-gradle@v3, with: {arguments: publish}}\n",
        "- uses: github/codeql-action/autobuild@v3\n",
        "- uses: github/codeql-action/analyze@v3\n",
        "- run: echo x | sh\n",
        "- run: curl https://github.com/acme/x/raw/main/deploy.sh | sh\n",
        "- run: curl https://api.render.com/deploy/x\n",
        "- run: git push heroku main\n",
        "- run: git fetch --upload-pack=./deploy x\n",
        "- run: echo $(heroku rollback)\n",
        "- run: npm ci && heroku rollback\n",
        "- run: '[ -f x ] && ./deploy'\n",
    ] {
        assert!(!is_proven(&format!("{before}{CHECK}{DEPLOY}")), "{before}");
    }
    assert!(!is_proven(&format!("{CHECK}- {{run: heroku rollback, if: always()}}\n")));
    assert!(!is_proven(&format!("{CHECK}- {{run: heroku rollback, if: '!cancelled()'}}\n")));
    assert!(!is_proven(&format!("{CHECK}- {{run: ./notify, if: failure()}}\n")));
    assert!(is_proven(&format!("{CHECK}- {{run: heroku rollback, if: inputs.back}}\n")));
    assert!(is_proven(&format!("{CHECK}- {{run: heroku rollback, if: success() && inputs.back}}\n")));
    assert!(is_proven(&format!("{CHECK}{DEPLOY}- {{run: echo done, if: always()}}\n")));
    let named = CHECK.replace("- run", "- id: freeze\n  run");
    let only = |outcome: &str| format!("{named}- {{run: heroku rollback, if: \"always() && steps.freeze.outcome == '{outcome}'\"}}\n");
    assert!(is_proven(&only("success")) && !is_proven(&only("failure")));
}

#[test]
fn on_a_runner_that_may_be_windows_the_check_stands_alone_or_names_bash() {
    let on = |runs_on: &str, steps: &str| matches!(proof_of(&job(runs_on, steps)), Proof::Proven(_));
    let script = "- run: \"gatectl freeze check\\n./release\"\n";
    for posix in ["ubuntu-24.04", "macos-latest", "[self-hosted, linux]", "{group: x, labels: [ubuntu-latest-16-cores]}", "{labels: linux}"]
    {
        assert!(on(posix, script), "{posix}");
    }
    for other in ["windows-latest", "self-hosted", "'${{ matrix.os }}'", "[self-hosted, '${{ inputs.os }}', linux]", "{group: big}"] {
        assert!(!on(other, script), "{other}");
        assert!(on(other, &format!("- run: gatectl freeze check --environment production\n{DEPLOY}")), "{other}");
        assert!(on(other, "- {run: \"gatectl freeze check\\n./release\", shell: bash}\n"), "{other}");
        assert!(!on(other, "- run: gatectl freeze check || exit 1\n"), "{other}");
        assert!(!on(other, &format!("- run: 'echo a # & heroku rollback'\n{CHECK}")), "{other}");
        assert!(on(other, &format!("- run: npm ci\n{CHECK}")), "{other}");
    }
    assert!(on("'${{ matrix.os }}'\n    container: debian:12", script));
}

#[test]
fn defaults_choose_the_shell_and_the_directory() {
    let of = |defaults: &str, steps: &str| {
        let text = format!(
            "on: push\ndefaults: {{run: {defaults}}}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n    - uses: actions/checkout@v4\n    {steps}"
        );
        matches!(proof_of(&text), Proof::Proven(_))
    };
    assert!(!of("{shell: 'bash {0}'}", "- run: \"gatectl freeze check\\n    ./release\""));
    assert!(of("{shell: 'bash -e {0}'}", CHECK) && of("{working-directory: infra}", CHECK));
    assert!(!of("{working-directory: services/other}", CHECK));
}

#[test]
fn an_action_that_may_run_before_all_steps_breaks_the_proof() {
    let with = |uses: &str| is_proven(&format!("{CHECK}- {{uses: {uses}}}\n{DEPLOY}"));
    assert!(!with("acme/deploy@v1") && !with("docker://acme/deploy") && !with("acme/tools/deploy@v1"));
    assert!(with("akhileshns/heroku-deploy@v3") && with("actions/upload-artifact@v4") && with("./.github/actions/deploy"));
}

#[test]
fn without_a_declared_freeze_a_check_names_its_store() {
    let proof = |steps: &str| proof_for(&policy(), None, &job("ubuntu-latest", &format!("- uses: actions/checkout@v4\n{steps}{DEPLOY}")));
    let named = CHECK.replace("check", &format!("check {}", policy().store.flag()));
    assert!(matches!(proof(&named), Proof::Proven(_)));
    assert!(matches!(proof(CHECK), Proof::Unproven(_, why) if why.contains("names no store")));
}

#[test]
fn a_condition_on_the_flag_holds_a_job_back_only_when_it_starts() {
    let github = Policy { store: Store::Github("acme".to_owned()), ..policy() };
    let of = |policy: &Policy, condition: &str| {
        let text = format!("on: push\njobs:\n  a:\n    runs-on: x\n    if: {condition}\n    steps: [{{run: ./release}}]\n");
        proof_for(policy, Some("gate.toml"), &text)
    };
    let flag = "vars.DEPLOY_FREEZE != 'true'";
    let overridable = "vars.DEPLOY_FREEZE != 'true' || vars.DEPLOY_FREEZE_OVERRIDE == '1'";
    for condition in [flag, overridable, "github.ref == 'refs/heads/main' && !vars.deploy_freeze"] {
        assert_eq!(of(&github, condition), Proof::AtStart(Pos { line: 5, col: 9 }), "{condition}");
    }
    for condition in ["vars.OTHER != 'true'", "vars.DEPLOY_FREEZE == 'true'", "inputs.force || vars.DEPLOY_FREEZE != 'true'"] {
        assert!(matches!(of(&github, condition), Proof::Unproven(..)), "{condition}");
    }
    assert!(matches!(of(&policy(), flag), Proof::Unproven(..)), "variables are not where this freeze is kept");
}

#[test]
fn a_job_that_this_one_waits_for_may_check() {
    let text = |freeze: &str, deploy: &str| {
        format!(
            "on: push\njobs:\n  freeze:\n    runs-on: ubuntu-latest\n{freeze}    steps:\n    - uses: actions/checkout@v4\n    {CHECK}  \
             build: {{runs-on: x, needs: freeze, steps: [{{run: make}}]}}\n  deploy:\n    runs-on: x\n{deploy}    steps: [{{run: ./release}}]\n"
        )
    };
    let earlier = |freeze: &str, deploy: &str| matches!(proof_of(&text(freeze, deploy)), Proof::Earlier(_, job) if job == "freeze");
    assert!(earlier("", "    needs: freeze\n") && earlier("", "    needs: [build]\n"));
    assert!(earlier("    if: github.ref == 'x'\n", "    needs: freeze\n"));
    assert!(earlier("", "    needs: freeze\n    if: always() && needs.freeze.result == 'success'\n"));
    assert!(!earlier("", "    needs: []\n") && !earlier("", "    needs: freeze\n    if: always()\n"));
    assert!(!earlier("", "    needs: freeze\n    if: '!failure()'\n"));
    assert!(!earlier("", "    needs: build\n    if: needs.build.result != 'cancelled' && always()\n"));
    assert!(!earlier("    continue-on-error: true\n", "    needs: freeze\n"));
}
