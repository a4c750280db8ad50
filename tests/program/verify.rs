//! What the program prints and how it exits, on the runbook's repository.

use std::path::Path;

use gatectl::sandbox::{Fault, Response, Scenario};
use serde_json::Value;
use tempfile::TempDir;

use super::run::{Ran, assert_valid, gatectl, root, run};
use super::served::Served;
use super::suggestions::follow;
use gatectl_test_support::assert_golden;

const SCENARIOS: [(&str, i32, &[&str]); 6] = [
    ("missing-environment", 6, &["environment-missing"]),
    ("no-rules", 6, &["no-reviewers", "open-refs"]),
    ("wrong-reviewer", 6, &["undeclared-reviewer"]),
    ("plan-limit", 6, &["environment-missing", "reviewers-not-enforced"]),
    ("unprotected-branches", 6, &["no-protected-branch"]),
    ("gated", 0, &[]),
];

/// A checkout of the runbook's repository with a change.
fn checkout(change: impl FnOnce(&Path)) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join(".github/workflows");
    std::fs::create_dir_all(&folder).unwrap();
    for entry in std::fs::read_dir(root().join("tests/fixtures/workflows/runbook")).unwrap() {
        let from = entry.unwrap().path();
        std::fs::copy(&from, folder.join(from.file_name().unwrap())).unwrap();
    }
    std::fs::copy(root().join("gate.toml"), dir.path().join("gate.toml")).unwrap();
    change(dir.path());
    dir
}

fn in_checkout(args: &[&str]) -> Ran {
    run(checkout(|_| {}).path(), args, &[])
}

fn edit(dir: &Path, file: &str, from: &str, to: &str) {
    let path = dir.join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    std::fs::write(path, text.replace(from, to)).unwrap();
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", ran.stdout, ran.stderr))
}

fn codes(findings: &Value, severity: &str) -> Vec<String> {
    let of = |finding: &&Value| finding["severity"] == severity;
    findings.as_array().unwrap().iter().filter(of).map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn verdicts_look_as_they_were_approved() {
    for (scenario, code, _) in SCENARIOS {
        let args = ["verify", &format!("--sandbox={scenario}")];
        let ran = in_checkout(&args);
        assert_eq!(ran.code, Some(code), "{scenario}: {}", ran.stderr);
        assert_golden(&format!("verify/{scenario}.txt"), &ran.transcript(&args));
        assert!(ran.stdout.lines().all(|line| line.chars().count() <= 80), "{}", ran.stdout);
    }
    assert_golden("verify/check.txt", &in_checkout(&["check"]).transcript(&["check"]));
    assert_golden("verify/check.md", &in_checkout(&["check", "--format", "markdown"]).stdout);
}

#[test]
fn json_follows_the_schema_and_names_the_planted_fault_alone() {
    for (scenario, code, errors) in SCENARIOS {
        let ran = in_checkout(&["verify", &format!("--sandbox={scenario}"), "--format", "json"]);
        let report = json(&ran);
        assert_valid("docs/schemas/verify.schema.json", &report);
        assert_eq!(codes(&report["environments"][0]["findings"], "error"), *errors, "{scenario}");
        assert_eq!(report["verdict"], if code == 0 { "gated" } else { "ungated" });
    }
    let check = json(&in_checkout(&["check", "--format", "json"]));
    assert_valid("docs/schemas/check.schema.json", &check);
    assert_eq!((codes(&check["findings"], "error"), codes(&check["findings"], "warning")), (vec![], vec!["ref-refused".to_owned()]));
}

#[test]
fn annotations_stand_at_the_lines_of_workflows_and_of_gate_toml() {
    let ran = in_checkout(&["verify", "--sandbox=wrong-reviewer", "--format", "github"]);
    let line = |start: &str| ran.stdout.lines().any(|line| line.starts_with(start));
    assert!(line("::error file=gate.toml,line=7,"), "{}", ran.stdout);
    assert!(line("::warning file=.github/workflows/deploy-antlers.yml,line=3,"), "{}", ran.stdout);
}

#[test]
fn sarif_holds_every_finding_once() {
    for command in [&["check"][..], &["verify", "--sandbox=wrong-reviewer"]] {
        let dir = checkout(|_| {});
        let args: Vec<&str> = command.iter().copied().chain(["--sarif", "out.sarif"]).collect();
        let ran = run(dir.path(), &args, &[]);
        assert!(ran.stderr.is_empty(), "{}", ran.stderr);
        let sarif: Value = serde_json::from_str(&std::fs::read_to_string(dir.path().join("out.sarif")).unwrap()).unwrap();
        assert_valid("tests/verify/sarif.schema.json", &sarif);
        let rules = sarif["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
        let results = sarif["runs"][0]["results"].as_array().unwrap();
        assert_eq!(results.len(), if command.len() == 1 { 1 } else { 3 }, "{results:#?}");
        for result in results {
            let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
            assert_eq!(rule["id"], result["ruleId"]);
            assert!(result["locations"][0]["physicalLocation"]["region"]["startLine"].as_u64().unwrap() > 1, "{result}");
        }
    }
}

#[test]
fn check_exits_6_unless_all_is_proven() {
    let code = |change: &dyn Fn(&Path), args: &[&str]| {
        let ran = run(checkout(change).path(), args, &[]);
        (ran.code.unwrap(), ran.stdout + &ran.stderr)
    };
    let heroku = ".github/workflows/deploy-heroku.yml";
    let (exit, said) = code(&|dir| edit(dir, heroku, "    environment: ${{ inputs.environment || 'staging' }}\n", ""), &["check"]);
    assert!(exit == 6 && said.contains("error[ungated-credential]") && said.contains("deploy-heroku.yml:"), "{exit} {said}");
    let (exit, said) = code(&|dir| edit(dir, heroku, "inputs.environment || 'staging' }}\n    env", "vars.TARGET }}\n    env"), &["check"]);
    assert!(exit == 6 && said.contains("UNKNOWN:") && said.contains("error[unresolved-environment]"), "{exit} {said}");
    let (exit, said) = code(&|dir| std::fs::remove_file(dir.join(heroku)).unwrap(), &["check"]);
    assert!(exit == 6 && said.contains("error[missing-workflow]"), "{exit} {said}");
    let (exit, said) = code(&|dir| std::fs::remove_dir_all(dir.join(".github")).unwrap(), &["check"]);
    assert!(exit == 1 && said.contains("--workflows DIR"), "{exit} {said}");
    let fixtures = root().join("tests/fixtures/workflows/runbook");
    let gone = |dir: &Path| std::fs::remove_dir_all(dir.join(".github")).unwrap();
    assert_eq!(code(&gone, &["check", "--workflows", fixtures.to_str().unwrap()]).0, 0);
    assert_eq!(code(&|_| {}, &["check", "--workflows", "nowhere"]).0, 1);
    assert_eq!(code(&|_| {}, &["check", "--environment", "production"]).0, 0);
    let (exit, said) = code(&|_| {}, &["check", "--environment", "productio"]);
    assert!(exit == 1 && said.contains("declares no environment"), "{exit} {said}");
}

#[test]
fn actions_and_scripts_of_the_checkout_are_read() {
    let ran = |script: &[u8]| {
        let dir = checkout(|dir| {
            let text = "on: push\njobs:\n  hotfix:\n    runs-on: ubuntu-latest\n    steps: [{uses: ./ci/hotfix}]\n";
            std::fs::write(dir.join(".github/workflows/hotfix.yml"), text).unwrap();
            std::fs::create_dir_all(dir.join("ci/hotfix")).unwrap();
            let action = "runs: {using: composite, steps: [{run: ci/go.sh, shell: bash}]}\n";
            std::fs::write(dir.join("ci/hotfix/action.yml"), action).unwrap();
            std::fs::write(dir.join("ci/go.sh"), script).unwrap();
        });
        run(dir.path(), &["check"], &[])
    };
    assert_eq!(ran(b"make test\n").code, Some(0));
    for script in [&b"heroku rollback -a raxx-console-prod\n"[..], b"# caf\xe9\nheroku rollback -a raxx-console-prod\n"] {
        let deploys = ran(script);
        assert!(deploys.code == Some(6) && deploys.stdout.contains("error[ungated-deploy]"), "{}", deploys.stdout);
    }
    let program = [&b"\x7fELF\0"[..], &[b'x'; 1_100_000]].concat();
    assert_eq!(ran(&program).code, Some(0), "a program is no script");
    let large = ran(&[b'#'; 1_100_000]);
    assert!(large.code == Some(6) && large.stdout.contains("`ci/go.sh` could not be"), "{}", large.stdout);
}

#[test]
fn validate_checks_the_expectations_where_there_is_a_checkout() {
    let of = |change: &dyn Fn(&Path)| run(checkout(change).path(), &["validate"], &[]);
    assert_eq!(of(&|_| {}).code, Some(0));
    let missing = of(&|dir| std::fs::remove_file(dir.join(".github/workflows/deploy-heroku.yml")).unwrap());
    assert_eq!(missing.code, Some(6), "{}", missing.stdout);
    let alone = of(&|dir| std::fs::remove_dir_all(dir.join(".github")).unwrap());
    assert_eq!(alone.code, Some(0));
    assert!(alone.stdout.contains("were not checked"), "{}", alone.stdout);
    let broken = of(&|dir| edit(dir, "gate.toml", "version = 1", "version = 2"));
    assert_eq!(broken.code, Some(1));
}

#[test]
fn without_a_token_the_answer_is_unknown_and_says_what_is_missing() {
    let ran = in_checkout(&["verify", "--environment", "production"]);
    assert_eq!(ran.code, Some(6), "{}", ran.stderr);
    assert!(ran.stdout.contains("UNKNOWN") && ran.stdout.contains("GH_TOKEN"), "{}", ran.stdout);
}

#[test]
fn without_a_checkout_the_files_come_from_the_default_branch() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run(dir.path(), &["verify", "--sandbox=gated"], &[]).code, Some(0));
    // The emulator's own files declare what gate.toml expects; those of the checkout do not.
    let dir =
        checkout(|dir| edit(dir, ".github/workflows/deploy-heroku.yml", "    environment: ${{ inputs.environment || 'staging' }}\n", ""));
    assert_eq!(run(dir.path(), &["verify", "--sandbox=gated"], &[]).code, Some(6));
    assert_eq!(run(dir.path(), &["verify", "--sandbox=gated", "--remote"], &[]).code, Some(0));
    std::fs::create_dir(dir.path().join(".git")).unwrap();
    std::fs::write(dir.path().join(".git/config"), "[remote \"origin\"]\n\turl = https://github.com/somebody/else\n").unwrap();
    assert_eq!(run(dir.path(), &["verify", "--sandbox=gated"], &[]).code, Some(0));
}

const COMPENSATED: &str = r#"
version = 1
[github]
repository = "acme/shop"
[environments.production]
reviewers = [{ user = "alice" }]
[[workflows]]
file = ".github/workflows/deploy.yml"
environment = "production"
[freeze]
heroku_app = "shop-control"
environments = ["production"]
compensates = true
"#;

const CHECKED: &str = "on: workflow_dispatch
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment: production
    steps:
      - run: gatectl freeze check --environment production
      - run: ./deploy
";

#[test]
fn workflows_that_are_called_elsewhere_are_read_at_their_ref() {
    const COMMIT: &str = "0123456789012345678901234567890123456789";
    let toml = COMPENSATED.split("[freeze]").next().unwrap();
    let served = Served::rehearsal(Scenario::Gated, toml);
    let folder = served.dir.path().join(".github/workflows");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("deploy.yml"), CHECKED).unwrap();
    let verdict_at = |git_ref: &str, text: Option<&str>| {
        let called = format!("on: push\njobs:\n  sync:\n    uses: acme/tools/.github/workflows/sync.yml@{git_ref}\n    secrets: inherit\n");
        std::fs::write(folder.join("sync.yml"), called).unwrap();
        served.sandbox.with(|state| {
            state.github.repos.retain(|repo| !repo.is("acme", "tools"));
            let Some(text) = text else { return };
            let mut tools = state.repo("acme/shop").unwrap().clone();
            tools.rename(gatectl::model::RepoName::parse("acme/tools").unwrap());
            tools.id += 1_000;
            tools.visibility = gatectl::sandbox::Visibility::Public;
            tools.files.insert(".github/workflows/sync.yml".to_owned(), text.to_owned());
            tools.branches.push(gatectl::sandbox::Branch { name: COMMIT.to_owned(), ..tools.branches[0].clone() });
            state.github.repos.push(tools);
        });
        let report = json(&served.run(&["verify", "--format", "json"]));
        let findings = &report["environments"][0]["findings"];
        let codes = [codes(findings, "error"), codes(findings, "warning").into_iter().filter(|code| code.contains("workflow")).collect()];
        (report["verdict"].as_str().unwrap().to_owned(), codes.concat())
    };
    let said = |verdict: &str, codes: &[&str]| (verdict.to_owned(), codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>());
    let harmless = "on: workflow_call\njobs:\n  a:\n    runs-on: x\n    steps: [{run: make}]\n";
    let deploys = "on: workflow_call\njobs:\n  a:\n    runs-on: x\n    steps: [{run: ./go, env: {K: '${{ secrets.K }}'}}]\n";
    assert_eq!(verdict_at("main", None), said("unknown", &["remote-workflow"]));
    assert_eq!(verdict_at("main", Some(harmless)), said("gated", &[]));
    assert_eq!(verdict_at("main", Some(deploys)), said("unknown", &["unclassified-credential", "unpinned-workflow"]));
    assert_eq!(verdict_at(COMMIT, Some(deploys)), said("unknown", &["unclassified-credential"]));
}

#[test]
fn a_script_that_github_does_not_hand_out_is_not_taken_for_absent() {
    let toml = COMPENSATED.split("[freeze]").next().unwrap();
    let world = Served::rehearsal(Scenario::Gated, toml);
    world.sandbox.with(|state| {
        let files = &mut state.repo("acme/shop").unwrap().files;
        files.clear();
        files.insert(".github/workflows/deploy.yml".to_owned(), CHECKED.to_owned());
        let nightly = "on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{run: ci/x.sh && ls ci/lib ci/gone}]\n";
        files.insert(".github/workflows/nightly.yml".to_owned(), nightly.to_owned());
        files.insert("ci/x.sh".to_owned(), "make test\n".to_owned());
        files.insert("ci/lib/y.sh".to_owned(), String::new());
    });
    let verify = || world.run(&["verify", "--remote"]);
    let read = verify();
    assert_eq!(read.code, Some(0), "a folder and a file that is not there say nothing: {}", read.stdout);
    let refusal = Response::github_error(403, "Resource not accessible by integration");
    world.sandbox.with(|state| state.faults.push(Fault::before(refusal).path("/repos/acme/shop/contents/ci/x.sh*")));
    let refused = verify();
    assert!(refused.code == Some(6) && refused.stdout.contains("`ci/x.sh` could not be"), "{}", refused.stdout);
}

#[test]
fn a_freeze_that_stands_in_exits_0_only_when_that_is_accepted() {
    let served = Served::rehearsal(Scenario::PlanLimit, COMPENSATED);
    let folder = served.dir.path().join(".github/workflows");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("deploy.yml"), CHECKED).unwrap();
    assert_eq!(json(&served.run(&["verify", "--format", "json"]))["verdict"], "ungated", "the environment is missing");
    assert_eq!(served.run(&["apply", "--auto-approve"]).code, Some(3), "the plan refuses reviewers");
    let verify = served.run(&["verify", "--format", "json"]);
    let findings = &json(&verify)["environments"][0]["findings"];
    assert_eq!((verify.code, json(&verify)["verdict"].clone()), (Some(6), "compensated".into()), "{}", verify.stdout);
    assert!(!codes(findings, "warning").contains(&"freeze-open".to_owned()), "apply left it frozen: {findings}");
    assert_eq!(follow(&served, &served.run(&["verify"]).stdout, "verify --accept-compensated", &[]).code, Some(0));
    served.sandbox.with(|state| state.heroku.apps.get_mut("shop-control").unwrap().config.clear());
    let open = served.run(&["verify", "--format", "json"]);
    assert!(codes(&json(&open)["environments"][0]["findings"], "warning").contains(&"freeze-open".to_owned()), "{}", open.stdout);
}

#[test]
fn explain_names_the_rule() {
    let offline = gatectl(&["explain", "--ref", "refs/tags/v1", "--offline"]);
    assert!(
        offline.stdout.contains("gate.toml: refused: only protected branches may deploy, and a tag is not a\n    branch"),
        "{}",
        offline.stdout
    );
    let said = |args: &[&str]| {
        let args: Vec<&str> = ["explain", "--environment", "production"].iter().chain(args).copied().collect();
        let ran = in_checkout(&args);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert!(said(&["--ref", "refs/heads/main", "--sandbox=gated"]).contains("`main` is one"));
    assert!(said(&["--ref", "refs/heads/x", "--sandbox=unprotected-branches"]).contains("no branch is protected"));
    assert!(said(&["--ref", "refs/heads/x", "--sandbox=no-rules"]).contains("every ref may deploy"));
    let json: Value = serde_json::from_str(&said(&["--ref", "refs/heads/x", "--sandbox=gated", "--format", "json"])).unwrap();
    assert_eq!(json["environments"][0]["live"]["answer"], "refused");
}
