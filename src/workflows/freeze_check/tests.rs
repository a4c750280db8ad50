use super::*;
use crate::workflows::read::read;

fn proof(steps: &str) -> Proof {
    let steps: String = steps.lines().map(|line| format!("      {line}\n")).collect();
    let head = "on: push\njobs:\n  a:\n    runs-on: x\n    environment: ${{ inputs.environment }}\n    steps:\n";
    let workflow = read("x.yml", &format!("{head}{steps}")).unwrap();
    assert!(workflow.jobs[0].problems.is_empty(), "{:?}", workflow.jobs[0].problems);
    freeze_check_before_deploy(&workflow, &workflow.jobs[0], &question(&production(), &["./freeze-guard --app x".to_owned()]))
}

fn question<'a>(environment: &'a EnvName, equivalents: &'a [String]) -> Question<'a> {
    Question { environment, equivalents, contexts: &Nothing }
}

fn production() -> EnvName {
    EnvName::new("production").unwrap()
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
        "- run: ./freeze-guard --app x --fast\n",
        "- run: gatectl freeze check --environment=PRODUCTION -q\n",
        "- {run: gatectl freeze check, if: always()}\n",
    ] {
        assert!(is_proven(&format!("{check}{DEPLOY}")), "{check}: {:?}", proof(&format!("{check}{DEPLOY}")));
        assert!(is_proven(&format!("{check}- run: make ship\n")), "{check}");
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
        "- {run: gatectl freeze check, shell: 'bash {0}'}\n",
        "- run: gatectl freeze check || true\n",
        "- run: gatectl freeze check | tee log\n",
        "- run: gatectl freeze check &\n",
        "- run: '! gatectl freeze check'\n",
        "- run: if gatectl freeze check; then echo; fi\n",
        "- run: echo gatectl freeze check\n",
        "- run: gatectl freeze check ${{ github.event.inputs.x }}\n",
        "- run: |\n    set +e\n    gatectl freeze check\n",
        "- run: |\n    exit 0\n    gatectl freeze check\n",
        "- run: |\n    if false; then\n    gatectl freeze check\n    fi\n",
        "- run: '# gatectl freeze check'\n",
        "- run: gatectl freeze status\n",
        "- run: gatectl freeze check --help\n",
        "- run: gatectl --sandbox freeze check\n",
        "- run: gatectl freeze check --environment staging\n",
        "- run: gatectl freeze check --environment ${{ inputs.other }}\n",
        "- run: gatectl -c other.toml freeze check\n",
        "- run: |\n    set -n\n    gatectl freeze check\n",
        "- uses: actions/checkout@v4\n",
    ] {
        assert!(!is_proven(&format!("{check}{DEPLOY}")), "{check}");
    }
}

#[test]
fn nothing_deploys_before_the_check_or_in_spite_of_it() {
    assert!(!is_proven(&format!("{DEPLOY}{CHECK}")));
    assert!(!is_proven(&format!("- run: make ship\n{CHECK}")));
    assert!(is_proven(&format!("- run: make build\n{CHECK}{DEPLOY}")));
    assert!(!is_proven(&format!("{CHECK}- {{run: heroku rollback, if: always()}}\n")));
    assert!(!is_proven(&format!("{CHECK}- {{run: heroku rollback, if: '!cancelled()'}}\n")));
    assert!(is_proven(&format!("{CHECK}- {{run: heroku rollback, if: inputs.back}}\n")));
    assert!(is_proven(&format!("{CHECK}- {{run: heroku rollback, if: success() && inputs.back}}\n")));
    assert!(is_proven(&format!("{CHECK}{DEPLOY}- {{run: notify, if: always()}}\n")));
    assert!(!is_proven(&format!("{CHECK}- {{run: notify, if: always()}}\n")));
}

#[test]
fn defaults_choose_the_shell() {
    let text = format!("on: push\ndefaults: {{run: {{shell: 'bash {{0}}'}}}}\njobs:\n  a:\n    runs-on: x\n    steps:\n    {CHECK}");
    let workflow = read("x.yml", &text).unwrap();
    assert!(matches!(freeze_check_before_deploy(&workflow, &workflow.jobs[0], &question(&production(), &[])), Proof::Unproven(..)));
}
