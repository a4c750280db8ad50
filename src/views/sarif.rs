//! Findings as SARIF 2.1.0, for code scanning.
//!
//! Owns the shape. Rules come from the one table of findings, so their ids are as stable as the codes.

use serde_json::{Value, json};

use crate::findings::{Code, Finding, Severity};
use crate::render::{Location, json};

/// The findings as one SARIF run, ending in a newline. `place` says where a finding belongs that is in no workflow file.
pub fn render<'f>(findings: impl IntoIterator<Item = &'f Finding>, place: impl Fn(&Finding) -> Option<Location>) -> String {
    let result = |finding| result(finding, location(finding).or_else(|| place(finding)));
    let results: Vec<Value> = findings.into_iter().map(result).collect();
    json::to_string(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": driver(env!("CARGO_PKG_REPOSITORY"))},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    }))
}

/// The tool. `repository` is its public address, and may be empty: an address that does not resolve is worse than none.
fn driver(repository: &str) -> Value {
    let mut driver = json!({
        "name": "gatectl",
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": Code::ALL.iter().map(|code| rule(*code, repository)).collect::<Vec<_>>(),
    });
    if !repository.is_empty() {
        driver["informationUri"] = repository.into();
    }
    driver
}

fn rule(code: Code, repository: &str) -> Value {
    let row = code.row();
    let mut rule = json!({
        "id": row.name,
        "shortDescription": {"text": row.means},
        "help": {"text": format!("Fix: {}.", row.fix)},
        "defaultConfiguration": {"level": level(row.severity)},
    });
    if !repository.is_empty() {
        rule["helpUri"] = format!("{repository}/blob/main/docs/findings.md#{}", row.name).into();
    }
    rule
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
    // A path is a relative reference: only characters that would change its meaning are encoded.
    let uri: String = location.file.replace('\\', "/").chars().map(encoded).collect();
    let mut place = json!({"artifactLocation": {"uri": uri}});
    if location.line > 0 {
        place["region"] = json!({"startLine": location.line});
        if location.col > 0 {
            place["region"]["startColumn"] = location.col.into();
        }
    }
    json!({"physicalLocation": place})
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_given_only_if_they_can_resolve() {
        assert!(driver("").get("informationUri").is_none());
        let driver = driver("https://example.com/gatectl");
        assert_eq!(driver["informationUri"], "https://example.com/gatectl");
        let uri = driver["rules"][0]["helpUri"].as_str().unwrap();
        assert_eq!(uri, format!("https://example.com/gatectl/blob/main/docs/findings.md#{}", Code::ALL[0].row().name));
    }
}
