//! Findings: what is wrong, how bad it is, and what to do about it.
//!
//! Owns how findings decide a verdict. Must not know how they are found.

use serde::Serialize;

use super::code::{Code, Proof};
use crate::model::{EnvName, Severity};

/// Whether production is gated, as far as the evidence goes. Ordered from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Proven.
    Gated,
    /// GitHub refuses required reviewers, and a freeze check provably stands in for them.
    Compensated,
    /// Neither proven nor disproven.
    Unknown,
    /// Disproven.
    Ungated,
}

impl Verdict {
    /// As JSON writes it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gated => "gated",
            Self::Compensated => "compensated",
            Self::Unknown => "unknown",
            Self::Ungated => "ungated",
        }
    }
}

/// One problem, as raw text: the code that prints it escapes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind of thing.
    pub code: Code,
    /// How bad it is here.
    pub severity: Severity,
    /// The failure mode, a letter of `docs/laws.md`.
    pub failure_mode: Option<char>,
    /// What is wrong here, in one or two sentences.
    pub message: String,
    /// What to do about it here.
    pub fix: String,
    /// The environment it is about; `None` means every one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<EnvName>,
    /// The file it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Counts from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Counts from 1, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub col: Option<usize>,
    /// The runs that it occurs in, if it depends on the run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scenarios: Vec<String>,
    /// The key of gate.toml below the environment that it is about: the finding's place if it is not in a workflow file.
    #[serde(skip)]
    pub field: Option<&'static str>,
}

impl Finding {
    /// A finding with the defaults of its code.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        let row = code.row();
        Self {
            code,
            severity: row.severity,
            failure_mode: row.failure_mode,
            message: message.into(),
            fix: row.fix.to_owned(),
            environment: None,
            file: None,
            line: None,
            col: None,
            scenarios: Vec::new(),
            field: None,
        }
    }

    /// The same finding with another severity.
    #[must_use]
    pub fn severity(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }

    /// The same finding with a fix for this case.
    #[must_use]
    pub fn fix(self, fix: impl Into<String>) -> Self {
        Self { fix: fix.into(), ..self }
    }

    /// The same finding, about one environment.
    #[must_use]
    pub fn about(self, environment: &EnvName) -> Self {
        Self { environment: Some(environment.clone()), ..self }
    }

    /// The same finding, with another failure mode for this case.
    #[must_use]
    pub fn mode(self, failure_mode: char) -> Self {
        Self { failure_mode: Some(failure_mode), ..self }
    }

    /// The same finding, on a key of gate.toml below the environment.
    #[must_use]
    pub fn on(self, field: &'static str) -> Self {
        Self { field: Some(field), ..self }
    }

    /// The same finding, in a file.
    #[must_use]
    pub fn in_file(self, file: impl Into<String>) -> Self {
        Self { file: Some(file.into()), ..self }
    }

    /// The same finding, at a line and column.
    #[must_use]
    pub fn at(self, line: usize, col: usize) -> Self {
        Self { line: Some(line), col: Some(col), ..self }
    }

    /// The same finding, in one run.
    #[must_use]
    pub fn on_run(self, scenario: impl Into<String>) -> Self {
        Self { scenarios: vec![scenario.into()], ..self }
    }

    /// The verdict from this finding alone.
    pub fn verdict(&self) -> Verdict {
        match (self.severity, self.code.row().proof) {
            (Severity::Error, Proof::Disproves) => Verdict::Ungated,
            (Severity::Error, Proof::Undecided) => Verdict::Unknown,
            (Severity::Warning | Severity::Info, _) => Verdict::Gated,
        }
    }
}

/// The verdict from all findings: the worst of them.
pub fn verdict<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Verdict {
    findings.into_iter().map(Finding::verdict).max().unwrap_or(Verdict::Gated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_finding_decides_and_warnings_decide_nothing() {
        let ungated = Finding::new(Code::UngatedJob, "x");
        let unknown = Finding::new(Code::UnreadableWorkflow, "x");
        let warning = ungated.clone().severity(Severity::Warning);
        assert_eq!(verdict([]), Verdict::Gated);
        assert_eq!(verdict([&warning]), Verdict::Gated);
        assert_eq!(verdict([&warning, &unknown]), Verdict::Unknown);
        assert_eq!(verdict([&unknown, &ungated, &warning]), Verdict::Ungated);
    }

    #[test]
    fn json_has_the_contract_keys() {
        let finding = Finding::new(Code::NearMissEnvironment, "x").in_file("a.yml").at(3, 5);
        let json = serde_json::to_value(finding).unwrap();
        assert_eq!(json["code"], "near-miss-environment");
        assert_eq!((&json["severity"], &json["failure_mode"]), (&"warning".into(), &"C".into()));
        assert_eq!((&json["line"], &json["col"], &json["file"]), (&3.into(), &5.into(), &"a.yml".into()));
        assert_eq!(serde_json::to_value(Finding::new(Code::UngatedJob, "x")).unwrap()["failure_mode"], serde_json::Value::Null);
    }
}
