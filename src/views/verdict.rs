//! The reports of check and verify as documents.

use crate::desired::workflows::Expected;
use crate::findings;
use crate::findings::Verdict;
use crate::model::{Address, EnvName};
use crate::render::{Block, Document, Finding, FindingLocation, Glyph, Heading, Location, Role, Section, Severity, Span, Table};
use crate::verify::{EnvironmentReport, EnvironmentVerdict, VerifyReport};
use crate::workflows::check::{CheckReport, Covered, ScenarioReport};
use crate::workflows::resolve::{self, JobEntry};

impl From<&CheckReport> for Document {
    fn from(report: &CheckReport) -> Self {
        let mut sections = scenarios(&report.workflows);
        let findings: Vec<Block> = report.findings.iter().map(|finding| Block::Finding(of_file(finding))).collect();
        if !findings.is_empty() {
            sections.push(Section { heading: title("Findings"), blocks: findings, ..Section::default() });
        }
        let headline = match report.verdict {
            Verdict::Gated => format!("GATED: {}.", covered(report.covered, "a declared gate")),
            _ => format!("{}: {}.", shout(report.verdict), counts(&report.findings)),
        };
        let next = match report.verdict {
            Verdict::Gated => Vec::new(),
            _ => next("check", &report.harmless),
        };
        Self { name: "check", sections, headline, tone: tone(report.verdict), next, outputs: outputs(report.verdict, &report.findings) }
    }
}

impl From<&VerifyReport> for Document {
    fn from(report: &VerifyReport) -> Self {
        let mut sections = scenarios(&report.workflows);
        sections.extend(report.environments.iter().map(|one| environment(report, one)));
        let all: Vec<findings::Finding> = report.environments.iter().flat_map(|one| one.findings.clone()).collect();
        let shared = shared(report);
        if !shared.is_empty() {
            let blocks = shared.into_iter().map(|finding| Block::Finding(of_file(finding))).collect();
            sections.push(Section { heading: title("Of every environment"), blocks, ..Section::default() });
        }
        let names: Vec<&str> = report
            .environments
            .iter()
            .filter(|one| one.verdict == EnvironmentVerdict::Judged(report.verdict))
            .map(|one| one.name.as_str())
            .collect();
        let names = names.join(", ");
        let headline = match report.verdict {
            Verdict::Gated => format!("GATED: {}.", covered(report.covered, &names)),
            Verdict::Compensated => {
                format!("COMPENSATED: GitHub refuses required reviewers for {names}; a freeze check stands in for them.")
            }
            Verdict::Unknown if names.is_empty() => "UNKNOWN: there is nothing to verify.".to_owned(),
            Verdict::Unknown => format!("UNKNOWN: it is not proven that every declared deploy to {names} waits for a required reviewer."),
            Verdict::Ungated if names.is_empty() => {
                "UNGATED: gate.toml declares every environment open, so nothing waits for a person.".to_owned()
            }
            Verdict::Ungated => format!("UNGATED: {names} can be deployed without the declared approval."),
        };
        let next = match report.verdict {
            Verdict::Gated => Vec::new(),
            Verdict::Compensated => vec!["Next: `gatectl verify --accept-compensated` exits 0 on this.".to_owned()],
            _ => next("verify", &report.harmless),
        };
        Self { name: "verify", sections, headline, tone: tone(report.verdict), next, outputs: outputs(report.verdict, &all) }
    }
}

/// What a closed gate covers, as a sentence.
fn covered(covered: Covered, names: &str) -> String {
    let counted = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let jobs = match covered.gated {
        1 => format!("the only job that can deploy to {names} waits for a required reviewer"),
        n => format!("all {n} jobs that can deploy to {names} wait for a required reviewer"),
    };
    format!("{jobs} ({}, {} read)", counted(covered.files, "workflow file"), counted(covered.jobs, "job"))
}

/// What to do next; the entry of gate.toml stands on a line of its own, ready to paste.
fn next(verb: &str, harmless: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    if !harmless.is_empty() {
        let names = harmless.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        lines.push("If none of what is undecided can deploy, put this into gate.toml under [verify]:".to_owned());
        lines.push(format!("harmless = [{names}]"));
    }
    lines.push(format!("Next: do what the fixes say, then run `gatectl {verb}` again."));
    lines
}

fn environment(report: &VerifyReport, one: &EnvironmentReport) -> Section {
    let address = Address::environment(&report.repository, &one.name);
    let shared = shared(report);
    let own = one.findings.iter().filter(|finding| !shared.contains(finding));
    let glyph = match one.verdict {
        EnvironmentVerdict::Open | EnvironmentVerdict::Judged(Verdict::Gated) => Glyph::None,
        EnvironmentVerdict::Judged(Verdict::Compensated) => Glyph::Alert,
        EnvironmentVerdict::Judged(Verdict::Unknown) => Glyph::Unknown,
        EnvironmentVerdict::Judged(Verdict::Ungated) => Glyph::Failure,
    };
    let finding = |finding: &findings::Finding| match finding.file {
        Some(_) => of_file(finding),
        None => {
            let place = FindingLocation::Declared { address: address.clone(), field: finding.field.map(str::to_owned) };
            shown(finding, one.name.to_string(), place)
        }
    };
    Section {
        heading: Some(Heading { glyph, subject: Some(address.to_string()), text: one.verdict.word().to_uppercase() }),
        blocks: own.map(|one| Block::Finding(finding(one))).collect(),
        ..Section::default()
    }
}

/// What speaks of no environment in particular is in the report of each.
fn shared(report: &VerifyReport) -> Vec<&findings::Finding> {
    report.environments.first().into_iter().flat_map(|one| &one.findings).filter(|finding| finding.environment.is_none()).collect()
}

/// One section for each file of which a scenario has to do with an environment; how many other scenarios there are.
fn scenarios(all: &[ScenarioReport]) -> Vec<Section> {
    let matters = |scenario: &&ScenarioReport| {
        let speaks = |job: &JobEntry| !matches!(job.verdict, resolve::Verdict::None | resolve::Verdict::Skipped);
        scenario.expect.is_some() || scenario.jobs.iter().any(|job| speaks(job) || job.can_deploy)
    };
    let shown: Vec<&ScenarioReport> = all.iter().filter(matters).collect();
    let mut sections: Vec<Section> =
        shown.chunk_by(|a, b| a.file == b.file).filter_map(|scenarios| Some(file(&scenarios.first()?.file, scenarios))).collect();
    let others = match all.len() - shown.len() {
        0 => return sections,
        1 => "1 other scenario, in which no job names an environment or seems to deploy".to_owned(),
        n => format!("{n} other scenarios, in which no job names an environment or seems to deploy"),
    };
    let text = format!("Not shown: {others}; --format json has all.");
    sections.push(Section { blocks: vec![Block::Text(text)], fold: Some(FOLD), ..Section::default() });
    sections
}

const FOLD: &str = "Scenarios";

fn file(name: &str, scenarios: &[&ScenarioReport]) -> Section {
    let mut rows = Vec::new();
    let mut reasons: Vec<Block> = Vec::new();
    for scenario in scenarios {
        let mut lead =
            vec![Span::plain(scenario.scenario.clone()), Span::plain(scenario.expect.as_ref().map_or_else(|| "-".to_owned(), declared))];
        if scenario.jobs.is_empty() {
            rows.push(lead.iter().cloned().chain([Span::plain("-"), Span::new(Role::Alert, "no job runs")]).collect());
        }
        for job in &scenario.jobs {
            let own = format!("{}:", name.rsplit('/').next().unwrap_or(name));
            let line = if job.line == 0 { String::new() } else { job.line.to_string() };
            let path = job.path.strip_prefix(&own).unwrap_or(&job.path).to_owned();
            lead.extend([Span::plain(path.clone()), Span::new(role(scenario, job), resolved(job)), Span::plain(line)]);
            rows.push(std::mem::replace(&mut lead, vec![Span::plain(""); 2]));
            let because = Block::Item { subject: path, text: job.reason.clone() };
            if !is_plain(job) && !reasons.contains(&because) {
                reasons.push(because);
            }
        }
    }
    let table = Table { header: ["scenario", "declared", "job", "environment", "line"].map(str::to_owned).to_vec(), rows };
    Section {
        heading: Some(Heading { glyph: Glyph::None, subject: Some(name.to_owned()), text: String::new() }),
        blocks: [Block::Table(table)].into_iter().chain(reasons).collect(),
        fold: Some(FOLD),
        ..Section::default()
    }
}

/// What gate.toml declares of a scenario, as text.
fn declared(expect: &Expected) -> String {
    match expect {
        Expected::Environments(names) => names.iter().map(EnvName::as_str).collect::<Vec<_>>().join(", "),
        Expected::Jobs(jobs) => {
            let pair =
                |(job, name): (&String, &Option<EnvName>)| format!("{job}={}", name.as_ref().map_or(Expected::NONE, EnvName::as_str));
            jobs.iter().map(pair).collect::<Vec<_>>().join(", ")
        }
    }
}

/// Whether the name alone says all.
const fn is_plain(job: &JobEntry) -> bool {
    matches!(job.verdict, resolve::Verdict::Env | resolve::Verdict::None | resolve::Verdict::Skipped)
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
    let expected =
        |name: &String| scenario.expect.as_ref().is_some_and(|want| want.environments().any(|want| want.folded() == name.to_lowercase()));
    match job.verdict {
        resolve::Verdict::Env if job.environments.iter().all(expected) => Role::Added,
        resolve::Verdict::Env => Role::Plain,
        resolve::Verdict::Set | resolve::Verdict::Unknown | resolve::Verdict::Invalid | resolve::Verdict::ViaNeeds => Role::Alert,
        resolve::Verdict::None | resolve::Verdict::Skipped => Role::Quiet,
    }
}

fn of_file(finding: &findings::Finding) -> Finding {
    let Some(file) = &finding.file else { return shown(finding, "gate.toml".to_owned(), FindingLocation::Nowhere) };
    let (line, col) = (finding.line.unwrap_or(0), finding.col.unwrap_or(0));
    let subject = if line == 0 { file.clone() } else { format!("{file}:{line}") };
    shown(finding, subject, FindingLocation::At(Location { file: file.clone(), line, col }))
}

fn shown(finding: &findings::Finding, subject: String, place: FindingLocation) -> Finding {
    let mode = finding.failure_mode.map_or_else(String::new, |mode| format!(" (failure mode {mode})"));
    Finding {
        severity: match finding.severity {
            findings::Severity::Error => Severity::Error,
            findings::Severity::Warning => Severity::Warning,
            findings::Severity::Info => Severity::Info,
        },
        code: finding.code.row().name,
        subject,
        message: format!("{}{mode}{}", finding.message, occurs(&finding.scenarios)),
        fix: finding.fix.clone(),
        place,
    }
}

/// The runs that a finding occurs in: a few by name.
fn occurs(scenarios: &[String]) -> String {
    const SHOWN: usize = 2;
    let named: Vec<String> = scenarios.iter().take(SHOWN).map(|scenario| format!("`{scenario}`")).collect();
    match scenarios.len().saturating_sub(SHOWN) {
        _ if named.is_empty() => String::new(),
        0 => format!(" (on {})", named.join(" and ")),
        more => format!(" (on {} and {more} more)", named.join(", ")),
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

fn outputs(verdict: Verdict, findings: &[findings::Finding]) -> Vec<(&'static str, String)> {
    let count = |severity: findings::Severity| findings.iter().filter(|finding| finding.severity == severity).count();
    vec![
        ("verdict", verdict.word().to_owned()),
        ("errors", count(findings::Severity::Error).to_string()),
        ("warnings", count(findings::Severity::Warning).to_string()),
    ]
}

fn counts(findings: &[findings::Finding]) -> String {
    let decisive: Vec<_> = findings.iter().filter(|finding| finding.severity == findings::Severity::Error).collect();
    let undecided = decisive.iter().filter(|finding| finding.verdict() == Verdict::Unknown).count();
    let word = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    match (decisive.len() - undecided, undecided) {
        (errors, 0) => word(errors, "error"),
        (0, unknown) => format!("{} could not be decided", word(unknown, "question")),
        (errors, unknown) => format!("{}, and {} could not be decided", word(errors, "error"), word(unknown, "question")),
    }
}
