//! The report of an apply as a document.

use super::plan::{contradicted, glyph, matches, undetermined, verb};
use crate::model::{ApplyReport, ByHand, Outcome, OutcomeResult, ReportSummary, Severity};
use crate::render::{Block, Document, Finding, Fold, Glyph, Heading, Role, Section};

impl From<&ApplyReport> for Document {
    fn from(report: &ApplyReport) -> Self {
        Self {
            name: "apply",
            sections: report
                .outcomes
                .iter()
                .map(outcome)
                .chain(report.invalid.iter().map(|invalid| contradicted(invalid, "(invalid, not touched)")))
                .chain(undetermined(&report.unknown, "(unknown, not touched)"))
                .collect(),
            headline: headline(report),
            tone: match (report.converged, report.summary().failed) {
                (true, _) => Role::Added,
                (false, 0) => Role::Alert,
                (false, _) => Role::Failure,
            },
            next: next(report),
            outputs: vec![("converged", report.converged.to_string())],
            ..Self::default()
        }
    }
}

pub(super) fn outcome(outcome: &Outcome) -> Section {
    let verb = verb(outcome.action);
    let (sign, text, alert) = match &outcome.result {
        OutcomeResult::Applied => (glyph(outcome.action), outcome.action.past().to_owned(), None),
        OutcomeResult::Manual(_) => (Glyph::Alert, "needs manual steps".to_owned(), Some((Severity::Warning, "manual"))),
        OutcomeResult::Failed => (Glyph::Failure, format!("failed to {verb}"), Some((Severity::Error, "failed"))),
        OutcomeResult::Skipped => (Glyph::Alert, format!("skipped, still to {verb}"), Some((Severity::Warning, "skipped"))),
    };
    let mut blocks = Vec::new();
    if !outcome.message.is_empty() {
        blocks.push(Block::Text(outcome.message.clone()));
    }
    if let OutcomeResult::Manual(manual) = &outcome.result {
        blocks.extend(by_hand(manual));
    }
    let finding = |(severity, code)| {
        let message = if outcome.message.is_empty() { &text } else { &outcome.message };
        let fix = match &outcome.result {
            OutcomeResult::Manual(manual) if manual.url.is_empty() => manual.steps.join("; "),
            OutcomeResult::Manual(manual) => format!("follow the steps at {}", manual.url),
            _ => String::new(),
        };
        Finding::declared(severity, code, &outcome.address, message, fix)
    };
    let alerts = alert.map(finding).into_iter().collect();
    let fold = alert.is_none().then_some(Fold::Always("Applied"));
    Section { alerts, fold, ..Section::new(Heading::of(sign, outcome.address.to_string(), text), blocks) }
}

fn by_hand(manual: &ByHand) -> Vec<Block> {
    let mut blocks = Vec::new();
    if !manual.because.is_empty() {
        blocks.push(Block::Text("The server says:".to_owned()));
        blocks.push(Block::Quote(manual.because.clone()));
    }
    blocks.push(Block::Text("Manual steps:".to_owned()));
    if !manual.url.is_empty() {
        blocks.push(Block::Link(manual.url.clone()));
    }
    blocks.push(Block::Steps(manual.steps.clone()));
    blocks
}

fn headline(report: &ApplyReport) -> String {
    let ReportSummary { applied, manual, failed, skipped } = report.summary();
    let start = if report.interrupted { "Apply interrupted" } else { "Apply" };
    if report.outcomes.is_empty() && report.converged {
        return format!("{start}: nothing to do. The {}.", matches(&report.limited_to));
    }
    let needs = if manual == 1 { "needs" } else { "need" };
    let counts = format!("{start}: {applied} applied, {manual} {needs} manual steps, {failed} failed, {skipped} skipped.");
    if report.converged {
        format!("{counts} Verified: {}.", matches(&report.limited_to))
    } else {
        format!("{counts} Live state does NOT match gate.toml yet.")
    }
}

fn next(report: &ApplyReport) -> Vec<String> {
    let summary = report.summary();
    if report.converged {
        return Vec::new();
    }
    let text = match (report.interrupted, summary.manual, summary.failed) {
        (true, ..) => "Next: run `gatectl apply` again; it continues from the live state.",
        (false, _, 1..) => "Next: fix what failed, then run `gatectl apply` again; it continues from the live state.",
        (false, 1.., 0) => "Next: follow the manual steps, then run `gatectl plan` to verify them.",
        (false, 0, 0) => "Next: `gatectl plan` shows what is left.",
    };
    vec![text.to_owned()]
}
