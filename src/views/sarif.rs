//! Findings as SARIF 2.1.0, for code scanning.
//!
//! Owns the shape. Rules come from the one table of findings, so their ids are as stable as the codes.

use serde_json::{Value, json};

use crate::findings::{Code, Finding, Severity};
use crate::render::{Location, json};

/// The findings as one SARIF run, ending in a newline. `place` says where a finding belongs that is in no workflow file.
#[must_use]
pub fn render(findings: &[Finding], place: impl Fn(&Finding) -> Option<Location>) -> String {
    let results: Vec<Value> = findings.iter().map(|finding| result(finding, location(finding).or_else(|| place(finding)))).collect();
    json::to_string(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "gatectl",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": Code::ALL.iter().map(|code| rule(*code)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    }))
}

fn rule(code: Code) -> Value {
    let row = code.row();
    json!({
        "id": row.name,
        "shortDescription": {"text": row.means},
        "help": {"text": format!("Fix: {}.", row.fix)},
        "defaultConfiguration": {"level": level(row.severity)},
    })
}

fn result(finding: &Finding, location: Option<Location>) -> Value {
    let index = Code::ALL.iter().position(|code| *code == finding.code);
    let mode = finding.failure_mode.map_or_else(String::new, |mode| format!(" (failure mode {mode})"));
    let locations: Vec<Value> = location.into_iter().map(|location| physical(&location)).collect();
    json!({
        "ruleId": finding.code.row().name,
        "ruleIndex": index,
        "level": level(finding.severity),
        "message": {"text": format!("{}{mode}. Fix: {}.", finding.message, finding.fix)},
        "locations": locations,
    })
}

fn location(finding: &Finding) -> Option<Location> {
    let file = finding.file.clone()?;
    Some(Location { file, line: finding.line.unwrap_or(0), col: finding.col.unwrap_or(0) })
}

fn physical(location: &Location) -> Value {
    // A path is a relative reference: only what would change its meaning is encoded.
    let uri: String = location.file.replace('\\', "/").chars().map(encoded).collect();
    let mut region = serde_json::Map::new();
    for (key, number) in [("startLine", location.line), ("startColumn", location.col)] {
        if number > 0 {
            region.insert(key.to_owned(), number.into());
        }
    }
    let artifact = json!({"uri": uri});
    if region.contains_key("startLine") {
        json!({"physicalLocation": {"artifactLocation": artifact, "region": region}})
    } else {
        json!({"physicalLocation": {"artifactLocation": artifact}})
    }
}

fn encoded(c: char) -> String {
    if c.is_ascii_alphanumeric() || "-._~/".contains(c) {
        return c.to_string();
    }
    let mut bytes = [0; 4];
    c.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}")).collect()
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}
