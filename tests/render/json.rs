//! The machine's view, held against the schemas that are published.

use std::path::Path;

use gatectl::model::{ApplyReport, Plan};
use gatectl::views::json as render;
use serde_json::{Value, json};

use crate::samples;
use gatectl_test_support::assert_golden;

fn plans() -> Vec<Plan<()>> {
    vec![samples::plan(vec![]), samples::everything(), samples::hostile()]
}

fn reports() -> Vec<ApplyReport> {
    vec![samples::applied(), samples::mixed(), samples::hostile_report()]
}

fn errors(schema: &str, text: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/schemas/{schema}.schema.json"));
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let value: Value = serde_json::from_str(text).unwrap();
    validator.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

fn assert_valid(schema: &str, text: &str) {
    assert_eq!(errors(schema, text), Vec::<String>::new());
}

#[test]
fn output_is_as_it_was_approved() {
    assert_golden("render/plan-everything.json", &render::plan(&samples::everything(), None));
    assert_golden("render/apply-mixed.json", &render::report(&samples::mixed(), None));
}

#[test]
fn output_follows_the_schemas() {
    plans().iter().for_each(|plan| assert_valid("plan", &render::plan(plan, None)));
    reports().iter().for_each(|report| assert_valid("apply", &render::report(report, None)));
}

#[test]
fn keys_stand_in_the_order_of_the_interface() {
    let keys = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.starts_with("  \"")).map(|line| line.trim().split('"').nth(1).unwrap().to_owned()).collect()
    };
    let plan = ["format_version", "config", "fingerprint", "changes", "manual", "invalid", "notes", "unknown", "summary", "unmanaged"];
    assert_eq!(keys(&render::plan(&samples::everything(), None)), plan);
    assert_eq!(
        keys(&render::report(&samples::mixed(), None)),
        ["format_version", "converged", "outcomes", "summary", "invalid", "unknown", "interrupted"]
    );
}

#[test]
fn a_reader_gets_back_what_was_there() {
    for plan in plans() {
        let value: Value = serde_json::from_str(&render::plan(&plan, None)).unwrap();
        assert_eq!(value["config"], json!(plan.config));
        assert_eq!(value["changes"], json!(plan.changes().collect::<Vec<_>>()));
        assert_eq!(value["notes"], json!(plan.notes));
        assert_eq!(value["manual"], json!(plan.manual));
        assert_eq!(value["invalid"], json!(plan.invalid));
        assert_eq!(value["summary"], json!(plan.summary()));
    }
    for report in reports() {
        let value: Value = serde_json::from_str(&render::report(&report, None)).unwrap();
        for (entry, outcome) in value["outcomes"].as_array().unwrap().iter().zip(&report.outcomes) {
            assert_eq!(entry["address"], json!(outcome.address));
            assert_eq!(entry["message"], json!(outcome.message));
        }
    }
}

#[test]
fn nothing_in_it_acts_on_a_terminal_or_a_runner() {
    let plans = plans().iter().map(|plan| render::plan(plan, None)).collect::<Vec<_>>();
    let texts = plans.into_iter().chain(reports().iter().map(|report| render::report(report, None))).collect::<Vec<_>>();
    for line in texts.iter().flat_map(|text| text.lines()) {
        assert!(!line.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{2069}').contains(&c)), "{line:?}");
        assert!(!line.contains("##[") && !line.trim_start().starts_with("::"), "{line:?}");
    }
}

#[test]
fn the_schemas_of_verify_and_check_take_the_shapes_of_the_interface() {
    let workflow = json!({"file": ".github/workflows/deploy.yml", "scenario": "push refs/tags/v1.2.3", "expect": "production", "jobs": [
        {"job": "deploy", "path": "deploy.yml:deploy", "verdict": "env", "environments": ["production"], "can_deploy": true, "line": 12, "reason": "named"},
    ]});
    let finding = json!({"code": "no-reviewers", "severity": "error", "failure_mode": "B", "message": "m", "fix": "f"});
    let covered = json!({"files": 3, "jobs": 7, "can_deploy": 3, "unclassified": 0});
    let verify = json!({"format_version": "1.1", "verdict": "ungated", "covered": covered, "workflows": [workflow],
        "environments": [{"name": "production", "verdict": "ungated", "findings": [finding]}]});
    assert_valid("verify", &verify.to_string());
    assert_valid(
        "check",
        &json!({"format_version": "1.1", "verdict": "gated", "covered": covered, "workflows": [workflow], "findings": []}).to_string(),
    );
}

#[test]
fn the_schemas_refuse_what_is_not_the_interface() {
    let plan: Value = serde_json::from_str(&render::plan(&samples::everything(), None)).unwrap();
    let without = |key: &str| {
        let mut plan = plan.clone();
        plan.as_object_mut().unwrap().remove(key);
        plan
    };
    let with = |pointer: &str, value: Value| {
        let mut plan = plan.clone();
        *plan.pointer_mut(pointer).unwrap() = value;
        plan
    };
    let keys = plan.as_object().unwrap().keys().map(|key| without(key));
    let wrong = [with("/changes/0/action", json!("noop")), with("/changes/0/address", json!("x")), with("/summary/create", json!(-1))];
    for bad in keys.chain(wrong) {
        assert!(!errors("plan", &bad.to_string()).is_empty(), "{bad}");
    }
}
