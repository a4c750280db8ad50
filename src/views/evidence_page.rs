//! The evidence as one HTML page: a timeline, a table, and the exceptions with room for a review after the fact.

use maud::{Markup, html};

use super::evidence::{Entry, EnvironmentEvidence, EvidenceReport, logins};
use super::evidence_document::{facts, headline};
use super::words::{count, minute, short};
use crate::providers::github::runs::audit::Rule;
use crate::providers::github::runs::evidence::Standing;
use crate::render::html::{link, page, sha256, text};
use crate::render::json;

/// The page. It names the SHA-256 of the JSON that shows the same report.
#[must_use]
pub(crate) fn evidence_page(report: &EvidenceReport) -> String {
    let digest = sha256(&json::to_string(report));
    let name = report.header.repository.name.to_string();
    let exceptions: Vec<(&EnvironmentEvidence, &Entry)> = entries(report).filter(|(_, entry)| !entry.verdict.passes()).collect();
    let body = html! {
        h1 { "Deployment evidence: " (text(&name)) }
        p.lead { (text(&headline(report))) }
        dl {
            @for (label, value) in facts(report) { dt { (label) } dd { (text(&value)) } }
            dt { "SHA-256 of the JSON" } dd.mono { (digest) }
        }
        (filter(report))
        @for (at, environment) in report.environments.iter().enumerate() { (section(at, environment)) }
        h2 { "Exceptions (" (exceptions.len()) ")" }
        @if exceptions.is_empty() { p { "None: every deployment that began was approved by someone who neither started it nor wrote it, as far as GitHub shows." } }
        @for (environment, entry) in &exceptions { (exception(environment, entry)) }
        h2 { "Runs without a deployment record" }
        (unrecorded(report))
    };
    page(&format!("Deployment evidence: {name}"), &body)
}

fn entries(report: &EvidenceReport) -> impl Iterator<Item = (&EnvironmentEvidence, &Entry)> {
    report.environments.iter().flat_map(|environment| environment.deployments.iter().map(move |entry| (environment, entry)))
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

fn filter(report: &EvidenceReport) -> Markup {
    let words = Standing::WORDS.iter().filter(|word| report.summary.count(word) > 0);
    html! {
        div.filter data-filter="main" role="group" aria-label="Show deployments by standing" {
            button type="button" data-show="" aria-pressed="true" { "all " (report.summary.total()) }
            @for word in words {
                button type="button" data-show=(word) aria-pressed="false" { (word) " " (report.summary.count(word)) }
            }
        }
    }
}

fn section(at: usize, environment: &EnvironmentEvidence) -> Markup {
    let columns = ["created (UTC)", "standing", "commit", "started by", "approved by", "when", "ships", "run"];
    html! {
        h2 { (text(&environment.name)) }
        (timeline(environment))
        (rules(environment))
        div.wrap {
            table.cards id=(format!("deployments-{at}")) data-sortable {
                caption { (count(environment.deployments.len(), "deployment")) " to " (text(&environment.name)) }
                thead { tr { @for column in columns { th scope="col" { button type="button" { (column) } } } } }
                tbody {
                    @for entry in &environment.deployments {
                        tr data-kind=(entry.standing) {
                            th scope="row" data-label=(columns[0]) data-value=(entry.created_at) { (minute(entry.created_at)) }
                            td data-label=(columns[1]) { (badge(entry)) }
                            td.mono data-label=(columns[2]) { (text(&short(&entry.sha))) }
                            td data-label=(columns[3]) { @match &entry.started_by { Some(account) => (text(&account.login)), None => "-" } }
                            td data-label=(columns[4]) { @if entry.approved_by.is_empty() { "-" } @else { (text(&logins(&entry.approved_by))) } }
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
    match (entry.approved_at, entry.approved_no_later_than) {
        (Some(at), _) => html! { (minute(at)) },
        (None, Some(at)) => html! { "no later than " (minute(at)) },
        (None, None) => html! { "-" },
    }
}

fn ships(entry: &Entry) -> Markup {
    html! {
        @match &entry.changes {
            Some(pulls) if !pulls.is_empty() => {
                @for pull in pulls {
                    div {
                        "#" (pull.number) " " (text(&pull.title)) " by " @match &pull.author { Some(author) => (text(&author.login)), None => "unknown" }
                        ", reviewed by " @match &pull.reviewers {
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
        @if let Some(authors) = &entry.authors { @if !authors.is_empty() { div.dim { "authors: " (text(&logins(authors))) } } }
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
        svg.timeline viewBox="0 0 1000 56" role="img" aria-label=(format!("Timeline of {}", count(environment.deployments.len(), "deployment"))) {
            line.axis x1="10" y1="24" x2="990" y2="24" {}
            @for entry in &environment.deployments {
                circle class=(color(entry)) data-kind=(entry.standing) cx=(x(entry.created_at.as_second())) cy="24" r="6" {
                    title { (minute(entry.created_at)) ": " (entry.standing) }
                }
            }
            @if let [Some(oldest), Some(newest)] = ends {
                text x="10" y="50" { (minute(oldest.created_at)) }
                text x="990" y="50" text-anchor="end" { (minute(newest.created_at)) }
            }
        }
    }
}

fn exception(environment: &EnvironmentEvidence, entry: &Entry) -> Markup {
    let class = if color(entry) == "bad" { "exception" } else { "exception warnline" };
    html! {
        div class=(class) data-kind=(entry.standing) {
            p { (badge(entry)) " " strong { (text(&environment.name)) } " " (minute(entry.created_at)) " UTC, commit " span.mono { (text(&entry.sha)) } }
            @if let Some(reason) = &entry.reason { p { (text(reason)) } }
            @if let Some(url) = &entry.url { p { (link(url, url)) } }
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
