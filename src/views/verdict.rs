//! The reports of check and verify as documents: the verdict, what decides it, warnings, and the jobs.
//!
//! Owns the order and the sentences. Each finding is shown once.

use super::verdict_jobs;
use super::words::count;
use crate::findings;
use crate::findings::Verdict;
use crate::model::{Address, Severity};
use crate::render::{Block, Document, Finding, FindingLocation, Glyph, Heading, HeadlinePlace, Location, Role, Section};
use crate::verify::{EnvironmentReport, EnvironmentVerdict, VerifyReport};
use crate::workflows::check::{CheckReport, Covered, ScenarioReport};

/// How much of the jobs is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jobs {
    /// Nothing.
    Omitted,
    /// How many there are.
    Counted,
    /// Each one of each run.
    Listed,
}

/// What `check` prints.
pub fn check_document(report: &CheckReport, jobs: Jobs) -> Document {
    let shown = report.findings.iter().map(|finding| (finding, of_file(finding, &report.workflows)));
    let mut sections = by_weight(shown.collect(), jobs);
    sections.extend(population(report.covered, &report.workflows, jobs));
    let headline = match report.verdict {
        Verdict::Gated => format!("GATED: {}.", covered(report.covered, "", "at a declared environment")),
        _ => format!("{}: {}.", shout(report.verdict), counts(&report.findings)),
    };
    Document {
        name: "check",
        sections,
        headline,
        headline_place: HeadlinePlace::First,
        tone: tone(report.verdict),
        next: next("check", report.verdict, &report.harmless),
        outputs: outputs(report.verdict, &report.findings),
    }
}

/// What `verify` prints.
pub fn verify_document(report: &VerifyReport, jobs: Jobs) -> Document {
    let mut sections: Vec<Section> = report.environments.iter().map(|one| environment(report, one)).collect();
    let shown = report.findings().into_iter().map(|(one, finding)| (finding, of_environment(finding, report, one)));
    sections.extend(by_weight(shown.collect(), jobs));
    sections.extend(population(report.covered, &report.workflows, jobs));
    Document {
        name: "verify",
        sections,
        headline: sentence(report),
        headline_place: HeadlinePlace::First,
        tone: tone(report.verdict),
        next: next("verify", report.verdict, &report.harmless),
        outputs: outputs(report.verdict, report.environments.iter().flat_map(|one| &one.findings)),
    }
}

/// The verdict in one sentence.
fn sentence(report: &VerifyReport) -> String {
    let decides = |one: &&EnvironmentReport| one.verdict == EnvironmentVerdict::Judged(report.verdict);
    let names: Vec<&str> = report.environments.iter().filter(decides).map(|one| one.name.as_str()).collect();
    let names = names.join(", ");
    match report.verdict {
        Verdict::Gated => format!("GATED: {}.", covered(report.covered, &format!(" to {names}"), "for a required reviewer")),
        Verdict::Compensated => format!("COMPENSATED: GitHub refuses required reviewers for {names}; a freeze check stands in for them."),
        Verdict::Unknown if names.is_empty() => "UNKNOWN: there is nothing to verify.".to_owned(),
        Verdict::Unknown => format!("UNKNOWN: it is not proven that every deploy to {names} waits for a required reviewer."),
        Verdict::Ungated if names.is_empty() => {
            "UNGATED: gate.toml declares every environment open, so no deploy waits for an approval.".to_owned()
        }
        Verdict::Ungated => format!("UNGATED: {names} can be deployed without the declared approval."),
    }
}

/// What a closed gate covers, as a sentence: the jobs that can deploy `to` something wait `at` something. Without the live state it is
/// not known whether anyone must approve there.
fn covered(covered: Covered, to: &str, at: &str) -> String {
    let jobs = match covered.gated {
        0 => format!("no job can deploy{to}"),
        1 => format!("the only job that can deploy{to} waits {at}"),
        n => format!("all {n} jobs that can deploy{to} wait {at}"),
    };
    format!("{jobs} ({}, {} read)", count(covered.files, "workflow file"), count(covered.jobs, "job"))
}

/// The jobs: each one, or how many.
fn population(covered: Covered, workflows: &[ScenarioReport], jobs: Jobs) -> Vec<Section> {
    match jobs {
        Jobs::Listed => return verdict_jobs::scenarios(workflows),
        Jobs::Counted if covered.jobs > 0 => {}
        Jobs::Counted | Jobs::Omitted => return Vec::new(),
    }
    let Covered { jobs, can_deploy, unclassified, .. } = covered;
    let others = jobs.saturating_sub(can_deploy + unclassified);
    let undecided = if unclassified == 0 { String::new() } else { format!(", {unclassified} undecided") };
    vec![Section::text(format!("Jobs: {can_deploy} can deploy{undecided}, {others} cannot. Run with -v to list them."))]
}

/// What to do next; the entry of gate.toml stands on a line of its own, ready to paste.
fn next(verb: &str, verdict: Verdict, harmless: &[String]) -> Vec<String> {
    match verdict {
        Verdict::Gated => return Vec::new(),
        Verdict::Compensated => return vec!["Next: `gatectl verify --accept-compensated` exits 0 on this.".to_owned()],
        Verdict::Unknown | Verdict::Ungated => {}
    }
    let mut lines = Vec::new();
    if !harmless.is_empty() {
        let names = harmless.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        lines.push("If none of the undecided items can deploy, add this to gate.toml under [verify]:".to_owned());
        lines.push(format!("harmless = [{names}]"));
    }
    lines.push(format!("Next: apply the fixes above, then run `gatectl {verb}` again."));
    lines
}

/// The line of one environment.
fn environment(report: &VerifyReport, one: &EnvironmentReport) -> Section {
    let glyph = match one.verdict {
        EnvironmentVerdict::Open | EnvironmentVerdict::Judged(Verdict::Gated) => Glyph::None,
        EnvironmentVerdict::Judged(Verdict::Compensated) => Glyph::Alert,
        EnvironmentVerdict::Judged(Verdict::Unknown) => Glyph::Unknown,
        EnvironmentVerdict::Judged(Verdict::Ungated) => Glyph::Failure,
    };
    let subject = Address::environment(&report.repository, &one.name).to_string();
    Section::new(Heading::of(glyph, subject, one.verdict.word().to_uppercase()), Vec::new())
}

/// The effect of a finding on the verdict, in display order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::views) enum Weight {
    Disproves,
    Undecided,
    Warns,
    Informs,
}

impl Weight {
    pub(in crate::views) const ALL: [Self; 4] = [Self::Disproves, Self::Undecided, Self::Warns, Self::Informs];

    pub(in crate::views) fn of(finding: &findings::Finding) -> Self {
        match (finding.severity, finding.verdict()) {
            (Severity::Error, Verdict::Unknown) => Self::Undecided,
            (Severity::Error, _) => Self::Disproves,
            (Severity::Warning, _) => Self::Warns,
            (Severity::Info, _) => Self::Informs,
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Disproves => "Errors",
            Self::Undecided => "Undecided",
            Self::Warns => "Warnings",
            Self::Informs => "Notes",
        }
    }
}

/// One section for each severity present, of findings and how each is shown; notes are counted with the jobs.
fn by_weight(findings: Vec<(&findings::Finding, Finding)>, jobs: Jobs) -> Vec<Section> {
    let mut sections = Vec::new();
    for weight in Weight::ALL {
        let of_it: Vec<&Finding> = findings.iter().filter(|(finding, _)| Weight::of(finding) == weight).map(|(_, shown)| shown).collect();
        if weight == Weight::Informs && jobs != Jobs::Listed && !of_it.is_empty() {
            sections.push(Section::text(format!("{} not shown. Run with -v to see them.", count(of_it.len(), "note"))));
            continue;
        }
        let blocks: Vec<Block> = by_kind(&of_it).map(|shown| Block::Finding(shown.clone())).collect();
        if !blocks.is_empty() {
            sections.push(Section::new(Heading::title(format!("{} ({})", weight.title(), blocks.len())), blocks));
        }
    }
    sections
}

/// Findings of one code together, and in those the ones with one fix, each where the first of them was.
fn by_kind<'a>(findings: &[&'a Finding]) -> impl Iterator<Item = &'a Finding> {
    let first = |is: &dyn Fn(&Finding) -> bool| findings.iter().position(|known| is(known));
    let mut ordered = findings.to_vec();
    ordered
        .sort_by_cached_key(|one| (first(&|known| known.code == one.code), first(&|known| known.code == one.code && known.fix == one.fix)));
    ordered.into_iter()
}

/// A finding of an environment's report: at its place in a file, or else at what gate.toml declares of the environment.
fn of_environment(finding: &findings::Finding, report: &VerifyReport, one: &EnvironmentReport) -> Finding {
    if finding.file.is_some() || finding.environment.is_none() {
        return of_file(finding, &report.workflows);
    }
    let address = Address::environment(&report.repository, &one.name);
    shown(finding, &finding.message, one.name.to_string(), FindingLocation::Declared { address, field: finding.field.map(str::to_owned) })
}

/// A finding in a file. What the place says already is not repeated: the file's name before a job, and runs that are all the file has.
fn of_file(finding: &findings::Finding, workflows: &[ScenarioReport]) -> Finding {
    let Some(file) = &finding.file else { return shown(finding, &finding.message, "gate.toml".to_owned(), FindingLocation::Nowhere) };
    let (line, col) = (finding.line.unwrap_or(0), finding.col.unwrap_or(0));
    let subject = if line == 0 { file.clone() } else { format!("{file}:{line}") };
    let own = format!("{}:", file.rsplit('/').next().unwrap_or(file));
    let message = finding.message.strip_prefix(&own).map_or_else(|| finding.message.clone(), |job| format!("job {job}"));
    let message = format!("{message}{}", occurs(finding, file, workflows));
    shown(finding, &message, subject, FindingLocation::At(Location { file: file.clone(), line, col }))
}

fn shown(finding: &findings::Finding, message: &str, subject: String, place: FindingLocation) -> Finding {
    let mode = finding.failure_mode.map_or_else(String::new, |mode| format!(" (failure mode {mode})"));
    Finding {
        severity: finding.severity,
        code: finding.code.row().name,
        subject,
        message: format!("{message}{mode}"),
        fix: finding.fix.clone(),
        place,
    }
}

/// The runs that a finding occurs in, a few by name, unless it occurs in every run of its file and is not about the run itself.
fn occurs(finding: &findings::Finding, file: &str, workflows: &[ScenarioReport]) -> String {
    const SHOWN: usize = 2;
    let occurs_in = |run: &ScenarioReport| finding.scenarios.contains(&run.scenario);
    let mut runs = workflows.iter().filter(|run| run.file == file).peekable();
    if finding.code != findings::Code::RefRefused && runs.peek().is_some() && runs.all(occurs_in) {
        return String::new();
    }
    let named: Vec<String> = finding.scenarios.iter().take(SHOWN).map(|scenario| format!("`{scenario}`")).collect();
    match finding.scenarios.len().saturating_sub(SHOWN) {
        _ if named.is_empty() => String::new(),
        0 => format!(" (on {})", named.join(" and ")),
        more => format!(" (on {} and {more} more)", named.join(", ")),
    }
}

fn shout(verdict: Verdict) -> String {
    verdict.word().to_uppercase()
}

pub(super) const fn tone(verdict: Verdict) -> Role {
    match verdict {
        Verdict::Gated => Role::Added,
        Verdict::Compensated | Verdict::Unknown => Role::Alert,
        Verdict::Ungated => Role::Failure,
    }
}

fn outputs<'f>(verdict: Verdict, findings: impl IntoIterator<Item = &'f findings::Finding>) -> Vec<(&'static str, String)> {
    let severities: Vec<Severity> = findings.into_iter().map(|finding| finding.severity).collect();
    let how_many = |severity: Severity| severities.iter().filter(|one| **one == severity).count();
    vec![
        ("verdict", verdict.word().to_owned()),
        ("errors", how_many(Severity::Error).to_string()),
        ("warnings", how_many(Severity::Warning).to_string()),
    ]
}

fn counts(findings: &[findings::Finding]) -> String {
    let decisive: Vec<_> = findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
    let undecided = decisive.iter().filter(|finding| finding.verdict() == Verdict::Unknown).count();
    match (decisive.len() - undecided, undecided) {
        (errors, 0) => count(errors, "error"),
        (0, unknown) => format!("{} could not be decided", count(unknown, "question")),
        (errors, unknown) => format!("{}, and {} could not be decided", count(errors, "error"), count(unknown, "question")),
    }
}
