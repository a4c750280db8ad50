//! The verdict as one HTML page: a grid of repositories and environments, and the findings under it.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::fleet_evidence::left_alone;
use super::fleet_verdict::FleetVerdict;
use crate::findings::{Finding, Severity, Verdict};
use crate::model::RepositoryRow;
use crate::render::html::{filter, page, text};
use crate::verify::{EnvironmentVerdict, VerifyReport};
use crate::views::verdict::Weight;

/// The page for one repository.
pub(crate) fn verdict_page(report: &VerifyReport) -> String {
    let body = html! {
        h1 { "Deploy gates" }
        p.lead { @if report.verdict == Verdict::Gated { "Every gate is proven closed." } @else { "1 of 1 repository is not proven gated." } }
        (grid(&[report], &[]))
        (findings(report))
    };
    page("Deploy gates", &body)
}

/// The page for a fleet; a repository without a finding is in the grid alone.
pub(crate) fn fleet_verdict_page(fleet: FleetVerdict<'_>) -> String {
    let reports: Vec<&VerifyReport> = fleet.reports.iter().collect();
    let has_findings = |report: &&&VerifyReport| report.environments.iter().any(|one| !one.findings.is_empty());
    let words: BTreeSet<&str> = reports.iter().map(|report| report.verdict.word()).collect();
    let of = |word: &str| reports.iter().filter(|report| report.verdict.word() == word).count();
    let body = html! {
        h1 { "Deploy gates" }
        p.lead { (text(&fleet.headline())) }
        (filter("Show repositories by verdict", reports.len(), words.into_iter().map(|word| (word, of(word)))))
        (grid(&reports, fleet.left_alone))
        @for report in reports.iter().filter(has_findings) { div data-kind=(report.verdict.word()) { (findings(report)) } }
    };
    page("Deploy gates", &body)
}

/// Repositories and environments, each with its verdict.
fn grid(reports: &[&VerifyReport], left_out: &[RepositoryRow]) -> Markup {
    let mut names: Vec<String> = reports.iter().flat_map(|report| &report.environments).map(|one| one.name.to_string()).collect();
    names.sort();
    names.dedup();
    html! {
        div.wrap {
            table {
                caption { "Verdict of each environment" }
                thead { tr { th scope="col" { "repository" } @for name in &names { th scope="col" { (text(name)) } } } }
                tbody {
                    @for report in reports { (row(report, &names)) }
                    @for one in left_out {
                        tr { th scope="row" { (text(&one.name.to_string())) } td colspan=(names.len().max(1)) { (text(&left_alone(one))) } }
                    }
                }
            }
        }
    }
}

fn row(report: &VerifyReport, names: &[String]) -> Markup {
    html! {
        tr data-kind=(report.verdict.word()) {
            th scope="row" { (text(&report.repository.to_string())) }
            @for name in names {
                td { @match report.environments.iter().find(|one| one.name.to_string() == *name) { Some(one) => (badge(one.verdict)), None => "-" } }
            }
        }
    }
}

fn badge(verdict: EnvironmentVerdict) -> Markup {
    let class = match verdict {
        EnvironmentVerdict::Judged(Verdict::Gated) => "badge good",
        EnvironmentVerdict::Judged(Verdict::Ungated) => "badge bad",
        EnvironmentVerdict::Judged(Verdict::Compensated | Verdict::Unknown) => "badge warn",
        EnvironmentVerdict::Open => "badge",
    };
    html! { span class=(class) { (verdict.word()) } }
}

fn findings(report: &VerifyReport) -> Markup {
    html! {
        h2 { (text(&report.repository.to_string())) }
        @for environment in &report.environments {
            p { (badge(environment.verdict)) " " strong { (text(environment.name.as_str())) } }
            @if environment.findings.is_empty() { p.dim { "No findings." } }
            @for weight in Weight::ALL {
                @for finding in environment.findings.iter().filter(|finding| Weight::of(finding) == weight) { (one(finding)) }
            }
        }
    }
}

fn one(finding: &Finding) -> Markup {
    let class = if finding.severity == Severity::Error { "exception" } else { "exception warnline" };
    let place = finding.file.as_ref().map(|file| match finding.line {
        Some(line) => format!("{file}:{line}"),
        None => file.clone(),
    });
    html! {
        div class=(class) {
            p { code { (finding.code.row().name) } @if let Some(place) = &place { " " span.mono { (text(place)) } } }
            p { (text(&finding.message)) }
            p.dim { "Fix: " (text(&finding.fix)) }
        }
    }
}
