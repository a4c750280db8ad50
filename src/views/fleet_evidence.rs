//! The evidence of many repositories, grouped by repository, as a document and as JSON.

use serde::Serialize;

use super::evidence::EvidenceReport;
use super::fleet::{Names, left_alone};
use crate::model::{RepoName, RepositoryRow, Requests};
use crate::render::json::to_string;
use crate::render::{Document, Fold, Glyph, Heading, HeadlinePlace, Role, Section};

/// The evidence of a fleet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FleetEvidence<'a> {
    /// By repository, in the order of their names.
    pub(crate) reports: &'a [(RepoName, EvidenceReport)],
    /// The repositories that were left alone.
    pub(crate) left_alone: &'a [RepositoryRow],
    /// The requests that it took.
    pub(crate) requests: Requests,
}

#[derive(Serialize)]
struct Output<'a> {
    format_version: &'static str,
    repositories: Vec<&'a EvidenceReport>,
    left_alone: &'a [RepositoryRow],
    requests: Requests,
}

impl FleetEvidence<'_> {
    /// As JSON, ending in a newline: each repository as `evidence` prints it alone.
    #[must_use]
    pub(crate) fn json(&self) -> String {
        let repositories = self.reports.iter().map(|(_, report)| report).collect();
        to_string(&Output { format_version: "2.0", repositories, left_alone: self.left_alone, requests: self.requests })
    }
}

impl From<FleetEvidence<'_>> for Document {
    fn from(fleet: FleetEvidence<'_>) -> Self {
        let mut sections = Vec::new();
        let (mut approved, mut unread) = (0, 0);
        for (name, report) in fleet.reports {
            let own = Self::from(report);
            let is_unread = report.unread().next().is_some();
            let glyph = match (report.all_approved(), is_unread) {
                (_, true) => Glyph::Unknown,
                (true, false) => Glyph::None,
                (false, false) => Glyph::Alert,
            };
            sections.push(Section {
                heading: Some(Heading { glyph, subject: Some(name.to_string()), text: own.headline }),
                fold: (glyph == Glyph::None).then_some(Fold::Always("Approved")),
                ..Section::default()
            });
            approved += usize::from(report.all_approved());
            unread += usize::from(is_unread);
            if glyph != Glyph::None {
                // The query is the same for all; the JSON has it.
                sections.extend(own.sections.into_iter().skip(1));
            }
        }
        sections.extend(left_alone(fleet.left_alone, Names::Few));
        let all = fleet.reports.len();
        Self {
            name: "evidence",
            sections,
            headline: format!(
                "Evidence of {all} repositories: {approved} with approvals for every deployment shown, {} without, {unread} not fully read; {} requests.",
                all - approved,
                fleet.requests.sent
            ),
            tone: if approved == all { Role::Added } else { Role::Alert },
            next: Vec::new(),
            headline_place: HeadlinePlace::Last,
            outputs: vec![("all-approved", (approved == all).to_string())],
        }
    }
}
