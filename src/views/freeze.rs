//! The freeze as a document: what `freeze status` and `freeze check` show.

use jiff::Timestamp;

use crate::desired::freeze::Store;
use crate::freeze::{
    Answered, Audit, Checked, Coverage, Decision, EnvironmentStatus, Evidence, Frozen, OpenBecause, Override, Status, Verdict, Why,
    WindowState, WindowStatus,
};
use crate::model::{Address, Severity, Unknown};
use crate::render::{Block, Document, Finding, Glyph, Heading, Role, Section, Span, Table};

use super::fleet;
use super::words::{alike, count, row};

impl From<&Status> for Document {
    fn from(status: &Status) -> Self {
        let mut sections = vec![store(status)];
        sections.extend(status.over.as_ref().map(over));
        sections.extend(environments(status));
        sections.extend(windows(&status.windows));
        sections.extend(repositories(status));
        sections.extend(workflows(status));
        sections.extend(warnings(status));
        let (headline, tone) = headline(status);
        Self {
            name: "freeze",
            sections,
            headline,
            tone,
            next: status.next_step.iter().map(|step| format!("Next: {step}.")).collect(),
            outputs: vec![("frozen", status.frozen.map_or("unknown".to_owned(), |frozen| frozen.to_string()))],
            ..Self::default()
        }
    }
}

impl From<&Checked> for Document {
    fn from(checked: &Checked) -> Self {
        let store = checked.store.as_ref();
        let mut sections: Vec<Section> = checked.environments.iter().map(|environment| checked_environment(environment, store)).collect();
        if let Some(unknown) = &checked.unknown {
            let undetermined = finding(Severity::Error, "deploy-freeze", "freeze", &unknown.reason, &unknown.hint);
            sections.push(Section::new(Heading::of(Glyph::Unknown, "freeze", "undetermined"), vec![undetermined]));
        }
        let (verdict, headline, tone) = match checked.verdict {
            Answered::Open => ("open", "Open: deploys may go ahead.", Role::Added),
            Answered::Frozen => ("frozen", "FROZEN: deploys must not go ahead.", Role::Failure),
            Answered::Undetermined => ("undetermined", "UNDETERMINED, which counts as frozen: deploys must not go ahead.", Role::Failure),
        };
        Self {
            name: "freeze-check",
            sections,
            headline: headline.to_owned(),
            tone,
            outputs: vec![("verdict", verdict.to_owned())],
            ..Self::default()
        }
    }
}

fn headline(status: &Status) -> (String, Role) {
    let address = &status.address;
    match (&status.freeze, &status.unknown) {
        (_, Some(unknown)) => (format!("Whether deploys are frozen is unknown: {}", unknown.reason), Role::Failure),
        (Some(frozen), None) if is_overridden(status) => (format!("FROZEN {frozen}. An override lets deploys through."), Role::Alert),
        (Some(frozen), None) => (format!("FROZEN {frozen}."), Role::Alert),
        (None, None) => match status.environments.iter().find_map(|environment| window_of(&environment.decision)) {
            Some(frozen) => (format!("FROZEN {frozen}."), Role::Alert),
            None => (format!("Not frozen: {address} holds no freeze, and no window is closed."), Role::Added),
        },
    }
}

/// Whether everything that the freeze covers is open despite it.
fn is_overridden(status: &Status) -> bool {
    let open = |environment: &EnvironmentStatus| matches!(environment.decision.verdict, Verdict::Open { .. });
    status.over.is_some() && !status.environments.is_empty() && status.environments.iter().all(open)
}

fn window_of(decision: &Decision) -> Option<&Frozen> {
    match &decision.verdict {
        Verdict::Frozen(frozen) => Some(frozen),
        Verdict::Open { .. } | Verdict::Undetermined(_) => None,
    }
}

fn store(status: &Status) -> Section {
    let (glyph, text) = match (status.frozen, &status.freeze) {
        (None, _) => (Glyph::Unknown, "unknown".to_owned()),
        (Some(_), Some(frozen)) => (Glyph::Alert, format!("FROZEN, {}", kind(frozen.why))),
        (Some(_), None) => (Glyph::None, "open".to_owned()),
    };
    let mut blocks = Vec::new();
    match (&status.freeze, &status.record) {
        (Some(frozen), record) => {
            blocks.extend(facts(frozen));
            blocks.extend(record.as_ref().and_then(|record| record.reference.as_ref()).map(|reference| row("ref", Role::Plain, reference)));
        }
        (None, Some(record)) => {
            let did = if record.state == crate::freeze::Switch::Off { "lifted" } else { "ended" };
            let by = if record.by.is_empty() { "an unnamed account" } else { &record.by };
            blocks.push(row("last", Role::Plain, format!("{did}; its record is by {by}, at {}: {}", record.at, record.reason)));
        }
        (None, None) => {}
    }
    if let Some(Audit { flag: Some(evidence), .. }) = &status.audit {
        blocks.push(row("changed by", Role::Plain, told(evidence)));
    }
    if let Some(unknown) = &status.unknown {
        blocks.push(finding(Severity::Error, "unknown", &status.address.to_string(), &unknown.reason, &unknown.hint));
    }
    Section::new(Heading::of(glyph, status.address.to_string(), &text), blocks)
}

fn told(evidence: &Evidence) -> String {
    match evidence.rollback_to {
        Some(to) => format!("{evidence}, by rolling back to v{to}"),
        None => evidence.to_string(),
    }
}

fn over(over: &Override) -> Section {
    let (glyph, text, blocks) = match over {
        Override::None => (Glyph::None, "none", Vec::new()),
        Override::Valid(record) => {
            let what = record.freeze_id.map_or_else(|| "windows only".to_owned(), |id| format!("the freeze {id}"));
            let rows = [("by", record.by.clone()), ("until", record.until.to_string()), ("reason", record.reason.clone()), ("opens", what)];
            (Glyph::Alert, "in place", rows.map(|(label, text)| row(label, Role::Plain, text)).to_vec())
        }
        Override::Expired(record) => {
            (Glyph::None, "ended", vec![row("by", Role::Plain, &record.by), row("until", Role::Plain, record.until.to_string())])
        }
        Override::Invalid { why } => (Glyph::Alert, "opens nothing", vec![Block::Text(why.clone())]),
    };
    Section::new(Heading::of(glyph, "override", text), blocks)
}

fn environments(status: &Status) -> Option<Section> {
    let rows: Vec<Vec<Span>> = status
        .environments
        .iter()
        .map(|environment| {
            let (word, role, why) = verdict(&environment.decision.verdict);
            vec![Span::new(Role::Strong, environment.name.as_str()), Span::new(role, word), Span::plain(why)]
        })
        .collect();
    table("Environments", &["environment", "verdict", "why"], rows)
}

fn windows(windows: &[WindowStatus]) -> Option<Section> {
    let rows = windows
        .iter()
        .map(|window| {
            let (now, next) = match (&window.state, &window.error) {
                (Some(WindowState { now, next }), _) => (
                    now.map_or(Span::plain("open"), |closure| Span::new(Role::Alert, format!("closed until {}", end(closure.until)))),
                    Span::plain(next.map_or("never".to_owned(), |next| format!("{} to {}", next.since, end(next.until)))),
                ),
                (None, error) => (Span::new(Role::Failure, "unknown"), Span::plain(error.as_deref().unwrap_or_default())),
            };
            vec![Span::new(Role::Strong, window.name.as_str()), now, next, Span::plain(window.timezone.as_str())]
        })
        .collect();
    table("Windows (UTC)", &["window", "now", "closes next", "time zone"], rows)
}

/// How many repositories of a fleet check the freeze; those that do not are in the table of jobs.
fn repositories(status: &Status) -> Option<Section> {
    let all = &status.repositories;
    if all.is_empty() {
        return None;
    }
    let how_many = |coverage| all.iter().filter(|one| one.coverage == coverage).count();
    let text = format!(
        "{}: {} check the freeze in every job that deploys, {} do not, {} without a job that deploys, {} unknown",
        count(all.len(), "repository"),
        how_many(Coverage::Checked),
        how_many(Coverage::NotChecked),
        how_many(Coverage::NoDeploys),
        how_many(Coverage::Unknown)
    );
    let unread: Vec<(Address, Unknown)> =
        all.iter().filter_map(|one| Some((Address::repository(&one.name), one.unknown.clone()?))).collect();
    let unknown = |(subject, why): (String, &Unknown)| finding(Severity::Warning, "unknown", &subject, &why.reason, &why.hint);
    Some(Section::new(Heading::title(text), fleet::each_cause(&unread).into_iter().map(unknown).collect()))
}

/// The jobs that deploy; of a fleet only those that a freeze does not stop, or not always, alike ones of several repositories in one row.
fn workflows(status: &Status) -> Option<Section> {
    let is_fleet = !status.repositories.is_empty();
    let shown = status.workflows.iter().filter(|one| !is_fleet || one.gap.is_some() || one.only_at_start).enumerate();
    let kinds = alike(shown, |(at, one)| {
        let apart = if is_fleet { None } else { Some(*at) };
        (apart, &one.file, &one.job, &one.environment, &one.gap, one.only_at_start)
    });
    let rows = kinds
        .iter()
        .filter_map(|kind| Some((kind.first()?.1, kind.len() - 1)))
        .map(|(one, more)| {
            let (role, text) = match &one.gap {
                None if one.only_at_start => (Role::Alert, "when it starts"),
                None => (Role::Added, "yes"),
                Some(_) => (Role::Alert, "not shown"),
            };
            let why = match &one.gap {
                None if one.only_at_start => "its `if` reads the flag: a job that already waits or runs continues".to_owned(),
                gap => gap.clone().unwrap_or_default(),
            };
            let name = if more > 0 { format!("{} and in {more} more", one.name()) } else { one.name() };
            vec![Span::new(Role::Strong, name), Span::plain(one.environment.as_str()), Span::new(role, text), Span::plain(why)]
        })
        .collect();
    table("Jobs that deploy", &["job", "environment", "checks the freeze", "why"], rows)
}

fn table(title: &str, header: &[&str], rows: Vec<Vec<Span>>) -> Option<Section> {
    let header = header.iter().map(|name| (*name).to_owned()).collect();
    (!rows.is_empty()).then(|| Section::new(Heading::title(title), vec![Block::Table(Table { header, rows })]))
}

fn warnings(status: &Status) -> Option<Section> {
    let audited = status.audit.iter().flat_map(|audit| &audit.warnings);
    let subject = status.address.to_string();
    let blocks: Vec<Block> =
        status.warnings.iter().chain(audited).map(|warning| finding(Severity::Warning, "deploy-freeze", &subject, warning, "")).collect();
    Section::of(blocks)
}

fn checked_environment(environment: &EnvironmentStatus, store: Option<&Store>) -> Section {
    let name = environment.name.as_str();
    let (word, _, why) = verdict(&environment.decision.verdict);
    let mut blocks = Vec::new();
    let glyph = match &environment.decision.verdict {
        Verdict::Open { .. } => {
            blocks.push(Block::Text(why));
            Glyph::None
        }
        Verdict::Frozen(frozen) => {
            blocks.extend(facts(frozen));
            let message = format!("deploys to {name} are frozen {frozen}");
            blocks.push(finding(
                Severity::Error,
                "deploy-freeze",
                name,
                &message,
                &store.map(|store| frozen.next_step(store)).unwrap_or_default(),
            ));
            Glyph::Failure
        }
        Verdict::Undetermined(unknown) => {
            let message =
                format!("whether deploys to {name} are frozen could not be determined, which counts as frozen: {}", unknown.reason);
            blocks.push(finding(Severity::Error, "deploy-freeze", name, &message, &unknown.hint));
            Glyph::Unknown
        }
    };
    blocks.extend(environment.decision.warnings.iter().map(|warning| finding(Severity::Warning, "deploy-freeze", name, warning, "")));
    Section::new(Heading::of(glyph, name, word), blocks)
}

fn verdict(verdict: &Verdict) -> (&'static str, Role, String) {
    match verdict {
        Verdict::Open { because } => ("open", Role::Added, opened(because)),
        Verdict::Frozen(frozen) => ("frozen", Role::Alert, frozen.to_string()),
        Verdict::Undetermined(unknown) => ("undetermined", Role::Failure, unknown.reason.clone()),
    }
}

fn opened(because: &OpenBecause) -> String {
    match because {
        OpenBecause::NotCovered => "no freeze covers it".to_owned(),
        OpenBecause::NotFrozen => "not frozen".to_owned(),
        OpenBecause::Overridden(record) => format!("overridden by {} until {}: {}", record.by, record.until, record.reason),
        OpenBecause::Unreachable => "the store cannot be reached, and gate.toml lets deploys through then".to_owned(),
    }
}

/// One line for each thing that is known.
fn facts(frozen: &Frozen) -> Vec<Block> {
    let until = match (frozen.until, frozen.why) {
        (Some(until), _) => until.to_string(),
        (None, Why::Window) => "too far ahead to compute".to_owned(),
        (None, _) => "it is lifted".to_owned(),
    };
    let facts = [
        ("window", frozen.window.clone()),
        ("since", frozen.since.map(|since| since.to_string())),
        ("until", Some(until)),
        ("by", Some(frozen.by.clone().unwrap_or_else(|| "unknown".to_owned())).filter(|_| frozen.window.is_none())),
        ("reason", frozen.reason.clone()),
        ("id", frozen.id.map(|id| id.to_string())),
    ];
    facts.into_iter().filter_map(|(label, text)| Some(row(label, Role::Plain, text?))).collect()
}

fn end(until: Option<Timestamp>) -> String {
    until.map_or_else(|| "beyond what gatectl computes".to_owned(), |until| until.to_string())
}

const fn kind(why: Why) -> &'static str {
    match why {
        Why::Malformed => "malformed",
        Why::Emergency => "emergency",
        Why::Manual => "manual",
        Why::Window => "window",
    }
}

fn finding(severity: Severity, code: &'static str, subject: &str, message: &str, fix: &str) -> Block {
    Block::Finding(Finding::new(severity, code, subject, message, fix))
}
