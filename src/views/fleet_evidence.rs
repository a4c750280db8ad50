//! The evidence of many repositories, grouped by repository with one population statement each and one total: as a document, as
//! JSON and as a table.

use serde::Serialize;

use super::evidence::{EvidenceReport, FORMAT_VERSION};
use super::evidence_document::{facts, linked, made, period, population, standings};
use super::fleet::{Names, left_alone as left_alone_sections};
use super::words::{count, row};
use crate::model::{RepoName, RepositoryResult, RepositoryRow, Requests};
use crate::providers::github::runs::evidence::Summary;
use crate::render::json::to_string;
use crate::render::{Document, Fold, Glyph, Heading, HeadlinePlace, Role, Section, Table};

/// The evidence of a fleet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FleetEvidence<'a> {
    /// By repository, in the order of their names.
    pub(crate) reports: &'a [(RepoName, EvidenceReport)],
    /// The repositories that were left alone.
    pub(crate) left_alone: &'a [RepositoryRow],
    /// What it took.
    pub(crate) requests: Requests,
}

#[derive(Serialize)]
struct Output<'a> {
    format_version: &'static str,
    complete: bool,
    summary: Summary,
    repositories: Vec<&'a EvidenceReport>,
    left_alone: &'a [RepositoryRow],
    requests: Requests,
}

impl<'a> FleetEvidence<'a> {
    fn each(&self) -> impl Iterator<Item = &'a EvidenceReport> {
        self.reports.iter().map(|(_, report)| report)
    }

    /// Whether everything that was asked for could be read. An exception that ended says nothing about its repository.
    pub(crate) fn is_complete(&self) -> bool {
        self.each().all(|report| report.complete) && !self.has_invalid()
    }

    /// Whether a repository was left alone because its exception ended.
    pub(crate) fn has_invalid(&self) -> bool {
        self.left_alone.iter().any(|row| row.result == RepositoryResult::Invalid)
    }

    /// The deployments of all repositories, counted by standing.
    pub(crate) fn summary(&self) -> Summary {
        Summary::sum(self.each().map(|report| &report.summary))
    }

    /// As JSON, ending in a newline: each repository as `evidence` prints it alone.
    pub(crate) fn json(&self) -> String {
        to_string(&Output {
            format_version: FORMAT_VERSION,
            complete: self.is_complete(),
            summary: self.summary(),
            repositories: self.each().collect(),
            left_alone: self.left_alone,
            requests: self.requests,
        })
    }

    /// One table for all repositories.
    pub(crate) fn records(&self) -> Table {
        let mut tables = self.each().map(EvidenceReport::records);
        let mut all = tables.next().unwrap_or_default();
        all.rows.extend(tables.flat_map(|table| table.rows));
        all
    }

    /// One sentence or two: what could not be read first, then the total.
    pub(super) fn headline(&self) -> String {
        let (all, total) = (self.reports.len(), self.summary());
        let unread: Vec<&str> = self.reports.iter().filter(|(_, report)| !report.complete).map(|(name, _)| name.name()).collect();
        let first = match unread.as_slice() {
            [] => String::new(),
            names => format!("Incomplete: {} of {all} repositories could not be fully read: {}. ", names.len(), names.join(", ")),
        };
        let known = match total.total() {
            0 => "no deployments found, which says nothing about approvals".to_owned(),
            number => format!("{}: {}", count(number, "deployment"), standings(&total)),
        };
        let approved = self.each().filter(|report| report.all_approved()).count();
        format!("{first}Evidence of {}: {known}. In {approved} of them every deployment passes.", count(all, "repository"))
    }

    /// The header of the whole, as label and value.
    pub(super) fn facts(&self) -> Vec<(&'static str, String)> {
        let Some(header) = self.each().next().map(|report| &report.header) else { return Vec::new() };
        let (pages, linked) = self.each().fold((0, (0, 0)), |(pages, (linked, of)), report| {
            let own: usize = report.environments.iter().map(|environment| environment.pages).sum();
            (pages + own, (linked + report.changes.linked, of + report.changes.of))
        });
        let complete = if self.is_complete() { "complete" } else { "INCOMPLETE" };
        let mut facts = made(header).to_vec();
        facts.extend([
            ("source", format!("{}, {}, {} left alone", header.host, count(self.reports.len(), "repository"), self.left_alone.len())),
            ("query", period(&header.query)),
            (
                "population",
                format!(
                    "{} of {} read from {} of GitHub's lists, which state no total; {complete}",
                    count(self.summary().total(), "deployment"),
                    count(self.reports.len(), "repository"),
                    count(pages, "page")
                ),
            ),
            ("changes linked", format!("{} of {}", linked.0, linked.1)),
        ]);
        facts
    }
}

/// Why a repository has no evidence here.
pub(super) fn left_alone(row: &RepositoryRow) -> String {
    match (&row.reason, row.result) {
        (Some(reason), _) => format!("left alone: {reason}"),
        (None, RepositoryResult::Archived) => "left alone: archived".to_owned(),
        (None, _) => "left alone".to_owned(),
    }
}

/// What keeps the evidence of a repository from passing comes first: what could not be read, then what was not approved.
fn rank(report: &EvidenceReport) -> (Glyph, u8) {
    match (report.complete, report.all_approved()) {
        (false, _) => (Glyph::Unknown, 0),
        (true, false) => (Glyph::Alert, 1),
        (true, true) => (Glyph::None, 2),
    }
}

impl From<FleetEvidence<'_>> for Document {
    fn from(fleet: FleetEvidence<'_>) -> Self {
        let head = fleet.facts().into_iter().map(|(label, value)| row(label, Role::Plain, value)).collect();
        let mut sections = vec![Section::new(Heading::title("evidence: how it was collected"), head)];
        let mut order: Vec<&(RepoName, EvidenceReport)> = fleet.reports.iter().collect();
        order.sort_by_key(|(_, report)| rank(report).1);
        for (name, report) in order {
            let own = Self::from(report);
            let (glyph, _) = rank(report);
            let mut blocks = vec![row("population", Role::Plain, population(report)), row("changes linked", Role::Plain, linked(report))];
            // How each was made is the same for all, except what could not be read.
            blocks.extend(
                facts(report).into_iter().filter(|(label, _)| *label == "not read").map(|(label, value)| row(label, Role::Alert, value)),
            );
            let fold = (glyph == Glyph::None).then_some(Fold::Always("Approved"));
            sections.push(Section { fold, ..Section::new(Heading::of(glyph, name.to_string(), own.headline), blocks) });
            if glyph != Glyph::None {
                sections.extend(own.sections.into_iter().skip(1));
            }
        }
        sections.extend(left_alone_sections(fleet.left_alone, Names::Few));
        let approved = fleet.each().all(EvidenceReport::all_approved);
        Self {
            name: "evidence",
            sections,
            headline: format!("{} {} requests.", fleet.headline(), fleet.requests.sent),
            tone: if approved && fleet.is_complete() { Role::Added } else { Role::Alert },
            headline_place: if fleet.is_complete() { HeadlinePlace::Last } else { HeadlinePlace::First },
            outputs: vec![("all-approved", approved.to_string())],
            ..Self::default()
        }
    }
}
