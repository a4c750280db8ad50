//! The evidence as one HTML page: a timeline, a table, and the exceptions with room for a review after the fact.

use jiff::Timestamp;
use maud::{Markup, html};

use super::evidence::{Entry, EnvironmentEvidence, EvidenceReport};
use super::evidence_document::{account, facts, headline, logins, population, standings};
use super::fleet_evidence::{FleetEvidence, left_alone};
use super::words::{count, minute};
use crate::model::age;
use crate::providers::github::runs::Account;
use crate::providers::github::runs::audit::Rule;
use crate::providers::github::runs::evidence::{Standing, Summary};
use crate::render::html::{filter, link, page, sha256, text};
use crate::render::json;

/// The page of one repository. It names the SHA-256 of the JSON that shows the same report.
pub(crate) fn evidence_page(report: &EvidenceReport) -> String {
    let name = report.header.repository.name.to_string();
    let body = html! {
        h1 { "Deployment evidence: " (text(&name)) }
        p.lead { (text(&headline(report))) }
        (header(&facts(report), Some(&sha256(&json::to_string(report)))))
        (by_standing(&report.summary))
        (deployments(report, 0, ""))
        (exceptions(&[report]))
        h2 { "Runs without a deployment record" }
        (unrecorded(report))
    };
    page(&format!("Deployment evidence: {name}"), &body)
}

/// The page of a fleet: the total, a table of repositories, and the deployments of each.
pub(crate) fn fleet_evidence_page(fleet: FleetEvidence<'_>) -> String {
    let reports: Vec<&EvidenceReport> = fleet.reports.iter().map(|(_, report)| report).collect();
    let body = html! {
        h1 { "Deployment evidence: " (count(reports.len(), "repository")) }
        p.lead { (text(&fleet.headline())) }
        (header(&fleet.facts(), Some(&sha256(&fleet.json()))))
        (by_standing(&fleet.summary()))
        (repositories(fleet))
        @for (at, report) in reports.iter().enumerate() {
            @let name = report.header.repository.name.to_string();
            h2 id=(format!("repository-{at}")) { (text(&name)) }
            p { (text(&headline(report))) }
            (header(&facts(report), None))
            (deployments(report, at, &format!("{name}: ")))
        }
        (exceptions(&reports))
        h2 { "Runs without a deployment record" }
        @for report in &reports { h3 { (text(&report.header.repository.name.to_string())) } (unrecorded(report)) }
    };
    page("Deployment evidence", &body)
}

fn header(facts: &[(&'static str, String)], digest: Option<&str>) -> Markup {
    html! {
        dl {
            @for (label, value) in facts { dt { (label) } dd { (text(value)) } }
            @if let Some(digest) = digest { dt { "SHA-256 of the JSON" } dd.mono { (digest) } }
        }
    }
}

/// The result for each repository of a fleet, and those that were left alone.
fn repositories(fleet: FleetEvidence<'_>) -> Markup {
    html! {
        div.wrap {
            table {
                caption { "Repositories" }
                thead { tr { th scope="col" { "repository" } th scope="col" { "population" } th scope="col" { "deployments by standing" } } }
                tbody {
                    @for (at, (name, report)) in fleet.reports.iter().enumerate() {
                        tr {
                            th scope="row" { a href=(format!("#repository-{at}")) { (text(&name.to_string())) } }
                            td { (text(&population(report))) }
                            td { @if report.summary.total() == 0 { "none found" } @else { (standings(&report.summary)) } }
                        }
                    }
                    @for row in fleet.left_alone {
                        tr {
                            th scope="row" { (text(&row.name.to_string())) }
                            td colspan="2" { (text(&left_alone(row))) }
                        }
                    }
                }
            }
        }
    }
}

/// The deployments of each environment. `prefix` names the repository, if there are several.
fn deployments(report: &EvidenceReport, repository: usize, prefix: &str) -> Markup {
    html! {
        @for (at, environment) in report.environments.iter().enumerate() {
            (section(&format!("deployments-{repository}-{at}"), environment, prefix))
        }
    }
}

fn exceptions(reports: &[&EvidenceReport]) -> Markup {
    let several = reports.len() > 1;
    let of = |report: &EvidenceReport| if several { format!("{}: ", report.header.repository.name) } else { String::new() };
    let all: Vec<(String, &EnvironmentEvidence, &Entry)> = reports
        .iter()
        .flat_map(|report| {
            let entries =
                report.environments.iter().flat_map(|environment| environment.deployments.iter().map(move |entry| (environment, entry)));
            entries.filter(|(_, entry)| !entry.verdict.passes()).map(|(environment, entry)| (of(report), environment, entry))
        })
        .collect();
    let is_whole = reports.iter().all(|report| report.complete) && reports.iter().any(|report| report.summary.total() > 0);
    html! {
        h2 { "Exceptions (" (all.len()) ")" }
        @if all.is_empty() && is_whole {
            p { "None: every deployment that began was approved by someone who neither started it nor wrote it, as far as GitHub shows." }
        } @else if all.is_empty() {
            p { "None among the deployments that could be read." }
        }
        @for (repository, environment, entry) in &all { (exception(repository, environment, entry)) }
    }
}

/// The color of a standing: green for what passes, red for a gate that did not hold, amber for the rest.
fn color(entry: &Entry) -> &'static str {
    match entry.verdict {
        Standing::Approved => "good",
        Standing::NoApproval | Standing::Bypassed => "bad",
        Standing::Rejected | Standing::Waiting => "quiet",
        Standing::SelfApproved
        | Standing::AuthorApproved
        | Standing::ApprovedByAutomation
        | Standing::TooFewApprovals { .. }
        | Standing::NotProvable(_) => "warn",
    }
}

fn badge(entry: &Entry) -> Markup {
    let class = format!("badge {}", color(entry));
    html! { span class=(class) { (entry.standing) } }
}

fn by_standing(summary: &Summary) -> Markup {
    let words = Standing::WORDS.iter().map(|word| (*word, summary.count(word))).filter(|(_, number)| *number > 0);
    filter("Show deployments by standing", summary.total(), words)
}

fn section(id: &str, environment: &EnvironmentEvidence, prefix: &str) -> Markup {
    let columns = ["created (UTC)", "standing", "commit", "started by", "approved by", "when", "ships", "run"];
    html! {
        h2 { (text(prefix)) (text(&environment.name)) }
        @if let Some(unknown) = &environment.unknown {
            div.exception { p { "Unknown: the deployments to this environment could not be read." } p { (text(&unknown.reason)) } }
        }
        (timeline(environment))
        (rules(environment))
        div.wrap {
            table.cards id=(id) data-sortable {
                caption { (count(environment.deployments.len(), "deployment")) " to " (text(prefix)) (text(&environment.name)) }
                thead { tr { @for column in columns { th scope="col" { button type="button" { (column) } } } } }
                tbody {
                    @for entry in &environment.deployments {
                        tr data-kind=(entry.standing) {
                            th scope="row" data-label=(columns[0]) data-value=(entry.created_at) { (minute(entry.created_at)) }
                            td data-label=(columns[1]) { (badge(entry)) }
                            td.mono.sha data-label=(columns[2]) { (text(&entry.sha)) }
                            td data-label=(columns[3]) { @match &entry.started_by { Some(starter) => (text(&account(starter))), None => "-" } }
                            td data-label=(columns[4]) { (reviews(entry)) }
                            td data-label=(columns[5]) { (approved(entry)) }
                            td data-label=(columns[6]) { (ships(entry)) }
                            td data-label=(columns[7]) {
                                @match (&entry.url, entry.run) { (Some(url), Some(run)) => (link(url, &run.to_string())), _ => "-" }
                            }
                        }
                    }
                }
            }
        }
        p.dim { "GitHub's own log: " (link(&environment.activity_log, &environment.activity_log)) }
    }
}

/// Who approved or rejected it, and what they said.
fn reviews(entry: &Entry) -> Markup {
    html! {
        @if entry.approved_by.is_empty() && entry.rejected_by.is_empty() { "-" }
        @else { (text(&people(&entry.approved_by))) }
        @if !entry.rejected_by.is_empty() { div { "rejected by " (text(&people(&entry.rejected_by))) } }
        @for comment in &entry.comments { div.dim { "comment: " (text(comment)) } }
    }
}

fn people(accounts: &[Account]) -> String {
    accounts.iter().map(account).collect::<Vec<_>>().join(", ")
}

/// The rules that the audit log shows for the deployments of the period, the newest first.
fn rules(environment: &EnvironmentEvidence) -> Markup {
    let mut found: Vec<&Rule> = Vec::new();
    for rule in environment.deployments.iter().filter_map(|entry| entry.rule.as_ref()) {
        if !found.contains(&rule) {
            found.push(rule);
        }
    }
    html! {
        @if found.is_empty() { p.dim { "Rules in force: unknown. An audit log shows them (--audit-log)." } }
        @for rule in found {
            p.dim {
                "Rules in force " @match rule.since { Some(since) => { "since " (minute(since)) " UTC" }, None => "before the first change in the audit log" }
                ": " span.mono { (values(rule)) }
            }
        }
    }
}

fn values(rule: &Rule) -> Markup {
    html! { @for (name, value) in &rule.values { (text(&format!("{name} = {value}; "))) } }
}

fn approved(entry: &Entry) -> Markup {
    let (prefix, at) = match (entry.approved_at, entry.approved_no_later_than) {
        (Some(at), _) => ("", at),
        (None, Some(at)) => ("no later than ", at),
        (None, None) => return html! { "-" },
    };
    let latency = entry.latency_seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    let latency = latency.map(|latency| age(Timestamp::UNIX_EPOCH, latency));
    let at_most = if prefix.is_empty() { "" } else { "at most " };
    html! { (prefix) (minute(at)) @if let Some(latency) = latency { div.dim { (at_most) (latency) " after the request" } } }
}

fn ships(entry: &Entry) -> Markup {
    html! {
        @match &entry.changes {
            Some(pulls) if !pulls.is_empty() => {
                @for pull in pulls {
                    div {
                        "#" (pull.number) " " (text(&pull.title)) " by " @match &pull.author { Some(author) => (text(&author.login)), None => "unknown" }
                        ", reviewed by " @match &pull.approved_by {
                            None => "unknown",
                            Some(all) if all.is_empty() => "no one",
                            Some(all) => (text(&logins(all))),
                        }
                        ", merged by " @match &pull.merged_by { Some(account) => (text(&account.login)), None => "unknown" }
                    }
                }
            },
            _ => (entry.shipped()),
        }
        @if let Some(unnamed @ 1..) = entry.unnamed_authors { div.dim { (count(unnamed, "commit")) " by an author without a known account" } }
        @if let Some(authors) = &entry.authors { @if !authors.is_empty() { div.dim { "authors: " (text(&people(authors))) } } }
    }
}

/// Deployments along time, each a dot in the color of its standing; the newest at the right.
fn timeline(environment: &EnvironmentEvidence) -> Markup {
    let moments = || environment.deployments.iter().map(|entry| entry.created_at.as_second());
    let (Some(first), Some(last)) = (moments().min(), moments().max()) else { return html! {} };
    let span = (last - first).max(1);
    let x = |second: i64| 20 + (second - first) * 960 / span;
    let ends = [environment.deployments.last(), environment.deployments.first()];
    html! {
        svg.timeline viewBox="0 0 1000 70" role="img" aria-label=(format!("Timeline of {}", count(environment.deployments.len(), "deployment"))) {
            line.axis x1="10" y1="24" x2="990" y2="24" {}
            @for entry in &environment.deployments {
                circle class=(color(entry)) data-kind=(entry.standing) cx=(x(entry.created_at.as_second())) cy="24" r="6" {
                    title { (minute(entry.created_at)) ": " (entry.standing) }
                }
            }
            @if let [Some(oldest), Some(newest)] = ends {
                text x="10" y="64" { (minute(oldest.created_at)) }
                text x="990" y="64" text-anchor="end" { (minute(newest.created_at)) }
            }
        }
    }
}

fn exception(repository: &str, environment: &EnvironmentEvidence, entry: &Entry) -> Markup {
    let class = if color(entry) == "bad" { "exception" } else { "exception warnline" };
    html! {
        div class=(class) data-kind=(entry.standing) {
            p { (badge(entry)) " " strong { (text(repository)) (text(&environment.name)) } " " (minute(entry.created_at)) " UTC, commit " span.mono { (text(&entry.sha)) } }
            @if let Some(reason) = &entry.reason { p { (text(reason)) } }
            @if let Some(url) = &entry.url { p { (link(url, url)) } }
            @for comment in &entry.comments { p { "Comment of the review: " (text(comment)) } }
            @if let Some(rule) = &entry.rule {
                p.dim { "Rules at that time: " span.mono { (values(rule)) } }
            } @else {
                p.dim { "Rules at that time: unknown" }
            }
            div.review { "Review after the fact (reason, owner, decision, date):" }
        }
    }
}

fn unrecorded(report: &EvidenceReport) -> Markup {
    html! {
        @match &report.unrecorded_runs {
            None => p { "Not looked for: the list of runs is too long, or could not be read." },
            Some(runs) if runs.is_empty() => p { "None: every run of the same workflows in the period has a deployment record." },
            Some(runs) => {
                p { (count(runs.len(), "run")) " of the same workflows: deployed elsewhere, did not deploy, or set " code { "deployment: false" } "." }
                ul { @for run in runs { li { (link(&run.url, &run.url)) } } }
            }
        }
    }
}
