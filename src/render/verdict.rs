//! The reports of check and verify as documents.

use super::document::{Block, Document, Finding, Glyph, Heading, Location, Place, Role, Section, Severity, Span, Table};
use crate::model::Address;
use crate::verify::{self, EnvironmentReport, Verdict, VerifyReport};
use crate::workflows::check::{CheckReport, ScenarioReport};
use crate::workflows::resolve::{self, JobEntry};

impl From<&CheckReport> for Document {
    fn from(report: &CheckReport) -> Self {
        let mut sections = scenarios(&report.workflows);
        let findings: Vec<Block> = report.findings.iter().map(|finding| Block::Finding(of_file(finding))).collect();
        if !findings.is_empty() {
            sections.push(Section { heading: title("Findings"), blocks: findings, ..Section::default() });
        }
        let declared = report.workflows.iter().filter(|scenario| scenario.expect.is_some()).count();
        let headline = match report.verdict {
            Verdict::Gated if declared == 1 => "GATED: the declared scenario passes through its environment.".to_owned(),
            Verdict::Gated => format!("GATED: all {declared} declared scenarios pass through their environments."),
            _ => format!("{}: {}.", shout(report.verdict), counts(&report.findings)),
        };
        let next = match report.verdict {
            Verdict::Gated => Vec::new(),
            _ => vec!["Next: do what the fixes say, then run `gatectl check` again.".to_owned()],
        };
        Self { name: "check", sections, headline, tone: tone(report.verdict), next, outputs: outputs(report.verdict, &report.findings) }
    }
}

impl From<&VerifyReport> for Document {
    fn from(report: &VerifyReport) -> Self {
        let mut sections = scenarios(&report.workflows);
        sections.extend(report.environments.iter().map(|one| environment(report, one)));
        let all: Vec<verify::Finding> = report.environments.iter().flat_map(|one| one.findings.clone()).collect();
        let shared = shared(report);
        if !shared.is_empty() {
            let blocks = shared.into_iter().map(|finding| Block::Finding(of_file(finding))).collect();
            sections.push(Section { heading: title("Of every environment"), blocks, ..Section::default() });
        }
        let names: Vec<&str> =
            report.environments.iter().filter(|one| one.verdict == report.verdict).map(|one| one.name.as_str()).collect();
        let names = names.join(", ");
        let headline = match report.verdict {
            Verdict::Gated => format!("GATED: nothing reaches {names} without a person's approval."),
            Verdict::Compensated => {
                format!("COMPENSATED: GitHub refuses required reviewers for {names}; a freeze check stands in for them.")
            }
            Verdict::Unknown if names.is_empty() => "UNKNOWN: there is nothing to verify.".to_owned(),
            Verdict::Unknown => format!("UNKNOWN: whether {names} can be reached without a person's approval is not proven."),
            Verdict::Ungated => format!("UNGATED: {names} can be reached without the approval that gate.toml asks for."),
        };
        let next = match report.verdict {
            Verdict::Gated => Vec::new(),
            Verdict::Compensated => vec!["Next: `gatectl verify --accept-compensated` exits 0 on this.".to_owned()],
            _ => vec!["Next: do what the fixes say, then run `gatectl verify` again.".to_owned()],
        };
        Self { name: "verify", sections, headline, tone: tone(report.verdict), next, outputs: outputs(report.verdict, &all) }
    }
}

fn environment(report: &VerifyReport, one: &EnvironmentReport) -> Section {
    let address = Address::environment(&report.repository, &one.name);
    let shared = shared(report);
    let own = one.findings.iter().filter(|finding| !shared.contains(finding));
    let glyph = match one.verdict {
        Verdict::Gated => Glyph::None,
        Verdict::Compensated => Glyph::Alert,
        Verdict::Unknown => Glyph::Unknown,
        Verdict::Ungated => Glyph::Failure,
    };
    let finding = |finding: &verify::Finding| match finding.file {
        Some(_) => of_file(finding),
        None => {
            let place = Place::Declared { address: address.clone(), field: finding.field.map(str::to_owned) };
            shown(finding, one.name.to_string(), place)
        }
    };
    Section {
        heading: Some(Heading { glyph, subject: Some(address.to_string()), text: shout(one.verdict) }),
        blocks: own.map(|one| Block::Finding(finding(one))).collect(),
        ..Section::default()
    }
}

/// What speaks of no environment in particular is in the report of each.
fn shared(report: &VerifyReport) -> Vec<&verify::Finding> {
    report.environments.first().into_iter().flat_map(|one| &one.findings).filter(|finding| finding.environment.is_none()).collect()
}

/// One section for each scenario in which a job has to do with an environment; how many others there are.
fn scenarios(all: &[ScenarioReport]) -> Vec<Section> {
    let matters = |scenario: &&ScenarioReport| {
        let speaks = |job: &JobEntry| !matches!(job.verdict, resolve::Verdict::None | resolve::Verdict::Skipped);
        scenario.expect.is_some() || scenario.jobs.iter().any(|job| speaks(job) || !job.details.evidence.is_empty())
    };
    let mut sections: Vec<Section> = all.iter().filter(matters).map(scenario).collect();
    let others = all.len() - sections.len();
    if others > 0 {
        let text =
            format!("Not shown: {others} scenarios in which no job names an environment or seems to deploy; --format json has them.");
        sections.push(Section { blocks: vec![Block::Text(text)], fold: Some(FOLD), ..Section::default() });
    }
    sections
}

const FOLD: &str = "Scenarios";

fn scenario(scenario: &ScenarioReport) -> Section {
    let expect = scenario.expect.as_ref().map_or_else(|| "not declared".to_owned(), |name| format!("declared: {name}"));
    let rows = scenario.jobs.iter().map(|job| {
        let line = if job.line == 0 { String::new() } else { job.line.to_string() };
        vec![
            Span::plain(job.path.clone()),
            Span::new(role(scenario, job), resolved(job)),
            Span::plain(line),
            Span::new(Role::Quiet, job.reason.clone()),
        ]
    });
    let table = Table { header: ["job", "environment", "line", "because"].map(str::to_owned).to_vec(), rows: rows.collect() };
    let block = if table.rows.is_empty() { Block::Text("no job runs".to_owned()) } else { Block::Table(table) };
    Section {
        heading: Some(Heading {
            glyph: Glyph::None,
            subject: Some(scenario.file.clone()),
            text: format!("{} ({expect})", scenario.scenario),
        }),
        blocks: vec![block],
        fold: Some(FOLD),
        ..Section::default()
    }
}

/// What a job resolves to, in a word or by name.
fn resolved(job: &JobEntry) -> String {
    let names = || job.environments.iter().map(|name| if name.is_empty() { "none" } else { name }).collect::<Vec<_>>().join(" or ");
    match job.verdict {
        resolve::Verdict::Env | resolve::Verdict::Set => names(),
        resolve::Verdict::ViaNeeds => format!("none, after {}", names()),
        resolve::Verdict::None => "none".to_owned(),
        resolve::Verdict::Unknown => "unknown".to_owned(),
        resolve::Verdict::Skipped => "skipped".to_owned(),
        resolve::Verdict::Invalid => "invalid".to_owned(),
    }
}

fn role(scenario: &ScenarioReport, job: &JobEntry) -> Role {
    let expected = |name: &String| scenario.expect.as_ref().is_some_and(|want| want.folded() == name.to_lowercase());
    match job.verdict {
        resolve::Verdict::Env if job.environments.iter().all(expected) => Role::Added,
        resolve::Verdict::Env => Role::Plain,
        resolve::Verdict::Set | resolve::Verdict::Unknown | resolve::Verdict::Invalid | resolve::Verdict::ViaNeeds => Role::Alert,
        resolve::Verdict::None | resolve::Verdict::Skipped => Role::Quiet,
    }
}

fn of_file(finding: &verify::Finding) -> Finding {
    let Some(file) = &finding.file else { return shown(finding, "gate.toml".to_owned(), Place::Nowhere) };
    let (line, col) = (finding.line.unwrap_or(0), finding.col.unwrap_or(0));
    let subject = if line == 0 { file.clone() } else { format!("{file}:{line}") };
    shown(finding, subject, Place::At(Location { file: file.clone(), line, col }))
}

fn shown(finding: &verify::Finding, subject: String, place: Place) -> Finding {
    let mode = finding.failure_mode.map_or_else(String::new, |mode| format!(" (failure mode {mode})"));
    Finding {
        severity: match finding.severity {
            verify::Severity::Error => Severity::Error,
            verify::Severity::Warning => Severity::Warning,
            verify::Severity::Info => Severity::Info,
        },
        code: finding.code.row().name,
        subject,
        message: format!("{}{mode}", finding.message),
        fix: finding.fix.clone(),
        place,
    }
}

fn title(text: &str) -> Option<Heading> {
    Some(Heading { glyph: Glyph::None, subject: None, text: text.to_owned() })
}

fn shout(verdict: Verdict) -> String {
    verdict.word().to_uppercase()
}

const fn tone(verdict: Verdict) -> Role {
    match verdict {
        Verdict::Gated => Role::Added,
        Verdict::Compensated | Verdict::Unknown => Role::Alert,
        Verdict::Ungated => Role::Failure,
    }
}

fn outputs(verdict: Verdict, findings: &[verify::Finding]) -> Vec<(&'static str, String)> {
    let count = |severity: verify::Severity| findings.iter().filter(|finding| finding.severity == severity).count();
    vec![
        ("verdict", verdict.word().to_owned()),
        ("errors", count(verify::Severity::Error).to_string()),
        ("warnings", count(verify::Severity::Warning).to_string()),
    ]
}

fn counts(findings: &[verify::Finding]) -> String {
    let decisive: Vec<_> = findings.iter().filter(|finding| finding.severity == verify::Severity::Error).collect();
    let undecided = decisive.iter().filter(|finding| finding.verdict() == Verdict::Unknown).count();
    let word = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    match (decisive.len() - undecided, undecided) {
        (errors, 0) => word(errors, "error"),
        (0, unknown) => format!("{} could not be decided", word(unknown, "question")),
        (errors, unknown) => format!("{}, and {} could not be decided", word(errors, "error"), word(unknown, "question")),
    }
}
