//! The verdicts on the repositories of a fleet, as a document and as JSON.
//!
//! Owns the sum of the verdicts and the grouping of findings. Must not judge.

use std::cmp::Reverse;

use serde::Serialize;

use crate::findings::{self, Verdict};
use crate::model::{Address, Cost, RepositoryResult, RepositoryRow, Requests};
use crate::render::json::to_string;
use crate::render::{Block, Document, Finding, Glyph, Heading, HeadlinePlace, Section};
use crate::verify::{EnvironmentReport, EnvironmentVerdict, VerifyReport};
use crate::workflows::check::Covered;

use super::fleet::{self, Names};
use super::verdict::tone;
use super::words::alike;

/// What a verdict is based on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The live rules and the workflow files.
    Whole,
    /// The live rules alone.
    Live,
}

/// The verdicts on a fleet.
#[derive(Debug, Clone, Copy)]
pub struct FleetVerdict<'a> {
    /// Of each repository that was judged, in the order of their names.
    pub reports: &'a [VerifyReport],
    /// The repositories that were left alone.
    pub left_alone: &'a [RepositoryRow],
    /// What the verdicts are based on.
    pub scope: Scope,
    /// What it took.
    pub cost: Cost,
}

impl FleetVerdict<'_> {
    /// The worst of all; unknown if nothing was judged. An exception that ended proves nothing.
    pub fn verdict(&self) -> Verdict {
        let expired = self.left_alone.iter().filter(|row| row.result == RepositoryResult::Invalid).map(|_| Verdict::Unknown);
        self.reports.iter().map(|report| report.verdict).chain(expired).max().unwrap_or(Verdict::Unknown)
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.reports.iter().filter(|report| report.verdict == verdict).count()
    }

    fn left(&self, result: RepositoryResult) -> usize {
        self.left_alone.iter().filter(|row| row.result == result).count()
    }

    pub(super) fn headline(&self) -> String {
        let all = self.reports.len();
        let sum = |part: fn(&VerifyReport) -> usize| self.reports.iter().map(part).sum::<usize>();
        let (files, jobs) = (sum(|report| report.covered.files), sum(|report| report.covered.jobs));
        let (gated, unknown, ungated) = (self.count(Verdict::Gated), self.count(Verdict::Unknown), self.count(Verdict::Ungated));
        let sentence = match (self.verdict(), self.scope) {
            (Verdict::Gated, Scope::Whole) => {
                format!(
                    "GATED: in all {all} repositories, every job that can deploy waits for a required reviewer ({files} workflow files, {jobs} jobs read)"
                )
            }
            (Verdict::Gated, Scope::Live) => format!("GATED by the rules of all {all} repositories"),
            (Verdict::Ungated, _) => format!("UNGATED: {ungated} of {all} repositories can be deployed without the declared approval"),
            (Verdict::Unknown | Verdict::Compensated, _) => {
                format!("UNKNOWN: for {} of {all} repositories it is not proven that deploys wait for a required reviewer", all - gated)
            }
        };
        let scope = match self.scope {
            Scope::Whole => "",
            Scope::Live => ". Rules only: no workflow file was read, so a job may still deploy around them",
        };
        format!(
            "{sentence}{scope}. {gated} gated, {ungated} ungated, {unknown} unknown, {} excepted, {} archived; {} requests; {:.1} s.",
            self.left(RepositoryResult::Excepted),
            self.left(RepositoryResult::Archived),
            self.cost.requests.sent,
            self.cost.elapsed.as_secs_f64(),
        )
    }

    /// As JSON, ending in a newline.
    pub fn json(&self) -> String {
        let judged = self.reports.iter().map(|report| Entry {
            name: report.repository.to_string(),
            verdict: report.verdict.word(),
            reason: None,
            covered: (self.scope == Scope::Whole).then_some(report.covered),
            environments: &report.environments,
        });
        let left = self.left_alone.iter().map(|row| Entry {
            name: row.name.to_string(),
            verdict: match row.result {
                RepositoryResult::Excepted => "excepted",
                RepositoryResult::Archived => "archived",
                _ => Verdict::Unknown.word(),
            },
            reason: row.reason.as_deref(),
            covered: None,
            environments: &[],
        });
        let mut repositories: Vec<Entry<'_>> = judged.chain(left).collect();
        repositories.sort_by(|a, b| a.name.cmp(&b.name));
        let scope = (self.scope == Scope::Live).then_some("live");
        to_string(&Output { format_version: "1.1", verdict: self.verdict().word(), scope, repositories, requests: self.cost.requests })
    }
}

#[derive(Serialize)]
struct Output<'a> {
    format_version: &'static str,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    repositories: Vec<Entry<'a>>,
    requests: Requests,
}

#[derive(Serialize)]
struct Entry<'a> {
    name: String,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    covered: Option<Covered>,
    environments: &'a [EnvironmentReport],
}

/// A finding that decides, with every environment that it is about.
struct Group<'a> {
    finding: &'a findings::Finding,
    addresses: Vec<Address>,
}

/// The findings that keep a repository from being gated, equal ones grouped; the worst come first.
fn groups(reports: &[VerifyReport]) -> Vec<Group<'_>> {
    let judged = |one: &&EnvironmentReport| one.verdict != EnvironmentVerdict::Open;
    let environments = reports.iter().flat_map(|report| report.environments.iter().filter(judged).map(move |one| (report, one)));
    let found = environments
        .flat_map(|(report, one)| one.findings.iter().map(|finding| (Address::environment(&report.repository, &one.name), finding)));
    let kinds = alike(found.filter(|(_, finding)| finding.verdict() != Verdict::Gated), |(address, finding)| {
        (fleet::thing(address), finding.code.row().name, finding.message.replace(address.scope(), "OWNER/REPO"))
    });
    let groups = kinds.into_iter().filter_map(|kind| {
        let (_, finding) = *kind.first()?;
        Some(Group { finding, addresses: kind.into_iter().map(|(address, _)| address).collect() })
    });
    let mut groups: Vec<Group<'_>> = groups.collect();
    groups.sort_by_key(|group| (Reverse(group.finding.verdict()), Reverse(group.addresses.len())));
    groups
}

impl From<FleetVerdict<'_>> for Document {
    fn from(fleet: FleetVerdict<'_>) -> Self {
        let mut sections: Vec<Section> = groups(fleet.reports).iter().map(section).collect();
        sections.extend(fleet::left_alone(fleet.left_alone, Names::Few));
        let verdict = fleet.verdict();
        let next = match verdict {
            Verdict::Gated => Vec::new(),
            _ => vec![
                "Next: run `gatectl plan` for what `gatectl apply` can change; `--format json` has every finding of each repository."
                    .to_owned(),
            ],
        };
        Self {
            name: "verify",
            sections,
            headline: fleet.headline(),
            tone: tone(verdict),
            next,
            headline_place: HeadlinePlace::First,
            outputs: vec![("verdict", verdict.word().to_owned())],
        }
    }
}

fn section(group: &Group<'_>) -> Section {
    let glyph = if group.finding.verdict() == Verdict::Ungated { Glyph::Failure } else { Glyph::Unknown };
    let severity = group.finding.severity;
    let addresses: Vec<&Address> = group.addresses.iter().collect();
    let (code, message, fix) = (group.finding.code.row().name, &group.finding.message, &group.finding.fix);
    let shown = match addresses.first() {
        Some(first) => Finding::declared(severity, code, first, message, fix),
        None => Finding::new(severity, code, "", message, fix),
    };
    let heading = Heading::of(glyph, shown.subject.clone(), format!("({})", shown.code));
    let section = Section { alerts: vec![shown.clone()], ..Section::new(heading, vec![Block::Finding(shown)]) };
    fleet::together(section, &addresses, "The same for", Names::Few)
}
