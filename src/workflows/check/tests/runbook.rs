//! The runbook's own repository.

use super::*;
use crate::workflows::freeze_check::FreezeFacts;

fn runbook(policy: Option<BranchPolicy>) -> CheckReport {
    let (sources, facts) = runbook_repository(policy);
    check(&sources, &facts)
}

fn runbook_repository(policy: Option<BranchPolicy>) -> (Vec<SourceFile>, Facts) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/workflows/runbook");
    let sources: Vec<SourceFile> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| source(path.file_name().unwrap().to_str().unwrap(), &std::fs::read_to_string(&path).unwrap()))
        .collect();
    assert_eq!(sources.len(), 4);
    let dispatch = || vec![when("workflow_dispatch", None, &[("environment", "production")])];
    let tags = ["refs/tags/v1.2.3", "refs/tags/trademaster-api-v1.2.3"].map(|tag| when("push", Some(tag), &[])).to_vec();
    let mut facts =
        facts(vec![expect("deploy-heroku.yml", dispatch()), expect("deploy-console.yml", dispatch()), expect("deploy-antlers.yml", tags)]);
    facts.environments.insert(env("production"), policy);
    (sources, facts)
}

#[test]
fn the_runbooks_repository_has_its_planted_fault_and_no_other() {
    let report = runbook(Some(BranchPolicy::Protected));
    assert_eq!(codes(&report), [("ref-refused", Severity::Warning)], "{:#?}", report.findings);
    for finding in &report.findings {
        assert_eq!(finding.file.as_deref(), Some(".github/workflows/deploy-antlers.yml"));
        assert_eq!((finding.line, finding.environment.as_ref()), (Some(3), Some(&env("production"))));
        assert!(finding.fix.contains("tags = [\"v*\", \"trademaster-api-v*\"]"), "{}", finding.fix);
    }
    assert_eq!(report.findings[0].scenarios, ["push refs/tags/v1.2.3", "push refs/tags/trademaster-api-v1.2.3"], "once, with both runs");
    assert_eq!(report.verdict, Verdict::Gated);
    let declared: Vec<_> = report.workflows.iter().filter(|w| w.expect.is_some()).collect();
    assert_eq!(declared.len(), 4);
    for scenario in declared {
        let deploy = scenario.jobs.iter().find(|job| job.job == "deploy").unwrap();
        assert_eq!(deploy.environments, ["production"], "{scenario:?}");
    }
}

#[test]
fn a_policy_that_admits_the_tags_leaves_nothing_to_say() {
    let pattern = |kind, name: &str| Pattern { kind, name: name.to_owned() };
    let patterns = [pattern(RefKind::Branch, "main"), pattern(RefKind::Tag, "v*"), pattern(RefKind::Tag, "trademaster-api-v*")];
    for policy in [None, Some(BranchPolicy::All), Some(BranchPolicy::Selected(patterns.into_iter().collect()))] {
        assert_eq!(codes(&runbook(policy.clone())), [], "{policy:?}");
    }
}

#[test]
fn json_has_the_shape_of_the_contract() {
    let json = serde_json::to_value(on_push(GATED)).unwrap();
    assert_eq!(
        json["workflows"][0],
        serde_json::json!({
            "file": ".github/workflows/deploy.yml", "scenario": "push refs/heads/main", "expect": "production",
            "jobs": [{"job": "deploy", "path": "deploy.yml:deploy", "verdict": "env", "environments": ["production"],
                      "can_deploy": true, "line": 5, "reason": "environment: production"}],
        })
    );
    assert_eq!((&json["verdict"], &json["format_version"], &json["findings"]), (&"gated".into(), &"1.1".into(), &serde_json::json!([])));
}

#[test]
fn the_runbooks_freeze_covers_two_of_its_three_workflows() {
    let (sources, facts) = runbook_repository(None);
    let policy =
        crate::desired::freeze::Policy { check_commands: vec!["./scripts/deploy-freeze-check".to_owned()], ..compensated::policy() };
    let freeze = FreezeFacts { policy: &policy, config: Some("gate.toml"), holds: &|_| Some(false) };
    let proofs = compensation(&files(&sources, &facts), &facts, &env("production"), freeze);
    let proven: BTreeSet<(&str, bool)> =
        proofs.iter().map(|c| (c.file.rsplit('/').next().unwrap(), matches!(c.proof, Proof::Proven(_)))).collect();
    let want = [("deploy-antlers.yml", false), ("deploy-console.yml", true), ("deploy-heroku.yml", false)];
    assert_eq!(proven.into_iter().collect::<Vec<_>>(), want, "{proofs:#?}");
}
