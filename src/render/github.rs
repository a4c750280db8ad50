//! Documents for a run of GitHub Actions: log, annotations, job summary, outputs of the step.
//!
//! Pure: the caller prints the log and appends the rest to the files that the runner names.

use super::document::{Block, Document, Finding, FindingLocation, Location};
use super::escape::{MAX_PROSE, actions, bounded};
use super::human;
use super::markdown;
use super::style::Style;
use crate::model::{Address, Severity};

/// The outputs of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// For standard output: what a person reads, then one annotation for each alert.
    pub log: String,
    /// For the file in `GITHUB_STEP_SUMMARY`.
    pub summary: String,
    /// For the file in `GITHUB_OUTPUT`.
    pub output: String,
}

/// The document as a step's output. `locate` finds the declaration of an address in gate.toml, or of one of its fields; `id` is that of
/// [`markdown::marker`], since a workflow that keeps the summary can post it as a comment.
pub fn render(document: &Document, id: &str, locate: impl Fn(&Address, Option<&str>) -> Option<Location>) -> Step {
    let annotations: String = alerts(document).map(|alert| annotation(alert, &locate)).collect();
    Step {
        log: human::render(document, Style::PLAIN) + &annotations,
        summary: markdown::render(document, id, markdown::SUMMARY_LIMIT),
        output: document.outputs.iter().map(|(name, value)| actions::output(name, value)).collect(),
    }
}

/// Everything that needs attention, in the order of the document.
fn alerts(document: &Document) -> impl Iterator<Item = &Finding> {
    document.sections.iter().flat_map(|section| section.alerts.iter().chain(section.blocks.iter().filter_map(Block::finding)))
}

/// Findings outside a document: those of a command that failed.
pub fn annotations(findings: &[Finding]) -> String {
    findings.iter().map(|finding| annotation(finding, &|_, _| None)).collect()
}

fn annotation(finding: &Finding, locate: &impl Fn(&Address, Option<&str>) -> Option<Location>) -> String {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let place = match &finding.place {
        FindingLocation::Nowhere => None,
        FindingLocation::At(location) => Some(location.clone()),
        // An address that is declared, but without the field, is still the place to look at.
        FindingLocation::Declared { address, field } => {
            field.as_deref().and_then(|field| locate(address, Some(field))).or_else(|| locate(address, None))
        }
    };
    let Location { file, line, col } = place.unwrap_or(Location { file: String::new(), line: 0, col: 0 });
    let number = |n: usize| if n == 0 { String::new() } else { n.to_string() };
    let title = format!("{}: {}", finding.code, bounded(&finding.subject, 300));
    let fix = if finding.fix.is_empty() { String::new() } else { format!("\nfix: {}", finding.fix) };
    let message = bounded(&finding.message, MAX_PROSE).into_owned() + &bounded(&fix, MAX_PROSE);
    let properties = [("file", file), ("line", number(line)), ("col", number(col)), ("title", title)];
    let properties: Vec<(&str, &str)> = properties.iter().map(|(key, value)| (*key, value.as_str())).collect();
    actions::command(level, &properties, &message) + "\n"
}
