//! The verdict as one HTML page: a grid of repositories and environments, and the findings under it.

use maud::{Markup, html};

use crate::findings::{Finding, Severity, Verdict};
use crate::render::html::{page, text};
use crate::verify::{EnvironmentVerdict, VerifyReport};
use crate::views::verdict::Weight;

/// The page for one repository, or for all of a fleet.
#[must_use]
pub(crate) fn verdict_page(reports: &[&VerifyReport]) -> String {
    let mut names: Vec<String> = reports.iter().flat_map(|report| &report.environments).map(|one| one.name.to_string()).collect();
    names.sort();
    names.dedup();
    let open = reports.iter().filter(|report| report.verdict != Verdict::Gated).count();
    let total = reports.len();
    let body = html! {
        h1 { "Deploy gates" }
        p.lead {
            @if open == 0 { "Every gate is proven closed." }
            @else { (open) " of " (total) @if total == 1 { " repository is" } @else { " repositories are" } " not proven gated." }
        }
        div.wrap {
            table {
                caption { "Verdict of each environment" }
                thead { tr { th scope="col" { "repository" } @for name in &names { th scope="col" { (text(name)) } } } }
                tbody { @for report in reports { (row(report, &names)) } }
            }
        }
        @for report in reports { (findings(report)) }
    };
    page("Deploy gates", &body)
}

fn row(report: &VerifyReport, names: &[String]) -> Markup {
    html! {
        tr {
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
