//! Plans and reports of a fleet as documents: what is the same in many repositories is shown once.
//!
//! Owns the grouping. Must not know how a single change, a cause or an outcome is shown: that is in [`super::plan`] and [`super::report`].

use serde_json::json;

use super::plan;
use super::report::outcome as outcome_section;
use super::words::{alike, count};
use crate::model::{
    Address, AddressKind, ApplyReport, Cost, FleetPlan, InvalidDeclaration, Manual, Outcome, OutcomeResult, RepositoryResult,
    RepositoryRow, Unknown,
};
use crate::render::{Block, Document, Fold, Glyph, Heading, Section};

/// How many repositories of a group are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// The first few.
    Few,
    /// All of them: `--list`.
    All,
}

/// Names of a group that are shown without `--list`.
const FEW: usize = 5;

/// A plan; `names` says which names of a group are shown.
pub(crate) fn plan_document<O>(fleet: &FleetPlan<O>, cost: Cost, names: Names) -> Document {
    let shown = &fleet.plan;
    let mut sections = Vec::new();
    let changes =
        groups(shown.changes(), |change| &change.address, |change| json!([change.action, change.weakens, change.fields]).to_string());
    for (change, addresses) in changes {
        sections.push(together(plan::change(change), &addresses, "Same change for", names));
    }
    for kind in alike(&shown.manual, |manual| (thing(&manual.address), anonymous(&manual.message, &manual.address))) {
        let Some(first) = kind.first() else { continue };
        let addresses: Vec<&Address> = kind.iter().map(|manual| &manual.address).collect();
        let steps = kind.iter().take(if names == Names::Few { FEW } else { kind.len() }).flat_map(|manual| &manual.steps);
        let all = Manual { steps: steps.cloned().collect(), ..(*first).clone() };
        sections.push(together(plan::manual(&all), &addresses, "Manual steps in", names));
    }
    sections.extend(blocked(&shown.invalid, &shown.unknown, "", names));
    sections.extend(left_alone(&fleet.repositories, names));
    let notes = groups(&shown.notes, |note| &note.address, |note| anonymous(&note.message, &note.address));
    let notes = notes.into_iter().map(|(note, addresses)| {
        let more = and_more(&addresses).map(|more| format!("({more}) ")).unwrap_or_default();
        (note.address.to_string(), format!("{more}{}", note.message))
    });
    sections.extend(plan::list("Notes", notes));
    let unmanaged = groups(&shown.unmanaged, |address| address, |_| String::new());
    let unmanaged = unmanaged.into_iter().map(|(first, addresses)| {
        let others = match addresses.len() {
            0 | 1 => String::new(),
            2 => "1 more repository has it too".to_owned(),
            all => format!("{} more repositories have it too", all - 1),
        };
        (first.to_string(), others)
    });
    sections.extend(plan::list(plan::UNMANAGED, unmanaged));
    let summary = shown.summary();
    Document {
        name: "plan",
        sections,
        headline: headline("Plan", fleet, cost),
        tone: plan::tone(summary),
        next: plan::next(summary, plan::apply(summary)),
        outputs: plan::outputs(summary),
        ..Document::default()
    }
}

/// The report on what was planned.
pub(crate) fn report_document<O>(fleet: &FleetPlan<O>, report: &ApplyReport, cost: Cost) -> Document {
    let whole = Document::from(report);
    let mut sections = Vec::new();
    let key = |outcome: &Outcome| json!([outcome.action, outcome.result.word(), anonymous(&outcome.message, &outcome.address)]).to_string();
    for (outcome, addresses) in groups(&report.outcomes, |outcome| &outcome.address, key) {
        // The steps of one repository stand for all: only its name differs.
        let what = if matches!(outcome.result, OutcomeResult::Manual(_)) { "As shown here for the first of" } else { "The same for" };
        sections.push(together(outcome_section(outcome), &addresses, what, Names::Few));
    }
    sections.extend(blocked(&report.invalid, &report.unknown, ", not touched", Names::Few));
    sections.extend(left_alone(&fleet.repositories, Names::Few));
    Document { sections, headline: format!("{} {}", whole.headline, headline("Fleet", fleet, cost)), ..whole }
}

/// Items that differ only in their repository, each with all its addresses.
fn groups<'a, T>(
    items: impl IntoIterator<Item = &'a T>,
    address: impl Fn(&'a T) -> &'a Address,
    likeness: impl Fn(&'a T) -> String,
) -> Vec<(&'a T, Vec<&'a Address>)> {
    let kinds = alike(items, |item| (thing(address(item)), likeness(item)));
    kinds.into_iter().filter_map(|kind| Some((*kind.first()?, kind.into_iter().map(&address).collect()))).collect()
}

/// What an address is within its repository.
pub(super) fn thing(address: &Address) -> String {
    match address.kind() {
        AddressKind::Environment(name) => format!("environments/{}", name.folded()),
        _ => String::new(),
    }
}

/// A text without the name of its repository and without what differs for each answer.
fn anonymous(text: &str, address: &Address) -> String {
    plan::without_request_id(text).replace(address.scope(), "OWNER/REPO")
}

/// Each cause once, with what it affects: `github/acme/svc-a`, or `github/acme/svc-a and 11 more`.
pub fn each_cause(unknown: &[(Address, Unknown)]) -> Vec<(String, &Unknown)> {
    let causes = groups(unknown, |(address, _)| address, |(address, why)| anonymous(&why.reason, address) + &why.hint);
    let subject = |first: &Address, all: &[&Address]| match and_more(all) {
        Some(more) => format!("{first} {more}"),
        None => first.to_string(),
    };
    causes.into_iter().map(|((first, why), all)| (subject(first, &all), why)).collect()
}

/// A section that stands for several repositories: the first of them shows what is the same in all.
pub(super) fn together(mut section: Section, addresses: &[&Address], what: &str, names: Names) -> Section {
    if addresses.len() < 2 {
        return section;
    }
    if let (Some(heading), Some(first)) = (&mut section.heading, addresses.first()) {
        let thing = thing(first);
        let count = addresses.len();
        if thing.is_empty() || what.ends_with(" in") {
            (heading.subject, heading.text) = (None, format!("{count} repositories {}", heading.text));
        } else {
            (heading.subject, heading.text) = (Some(thing), format!("in {count} repositories {}", heading.text));
        }
    }
    section.blocks.insert(0, Block::Text(format!("{what} {}", listed(addresses, names))));
    section
}

/// `and 13 more`, if there are more.
fn and_more(addresses: &[&Address]) -> Option<String> {
    (addresses.len() > 1).then(|| format!("and {} more", addresses.len() - 1))
}

/// Addresses without a plan: each cause once, with the repositories that it affects. `remark` says what happened to them.
fn blocked(invalid: &[InvalidDeclaration], unknown: &[(Address, Unknown)], remark: &str, names: Names) -> Vec<Section> {
    let invalid = invalid.iter().flat_map(|one| one.addresses.iter().map(|address| (address, &one.why.reason, &one.why.hint)));
    let unknown = unknown.iter().map(|(address, why)| (address, &why.reason, &why.hint));
    let section = |glyph, word: &'static str, kind: Vec<(&Address, &String, &String)>, title| {
        let (first, reason, hint) = *kind.first()?;
        let section = plan::blocked(glyph, word, &[first], reason, hint, &format!("({word}{remark})"));
        let mut addresses: Vec<&Address> = kind.iter().map(|(address, ..)| *address).collect();
        // Several environments of one repository are one place.
        addresses.dedup_by_key(|address| address.scope());
        Some(together(section, &addresses, title, names))
    };
    let invalid = alike(invalid, |(address, reason, _)| anonymous(reason, address)).into_iter();
    let unknown = alike(unknown, |(address, reason, _)| anonymous(reason, address)).into_iter();
    let invalid = invalid.filter_map(|kind| section(Glyph::Failure, "invalid", kind, "Invalid in"));
    invalid.chain(unknown.filter_map(|kind| section(Glyph::Unknown, "unknown", kind, "Unknown in"))).collect()
}

/// `14 repositories: svc-a, svc-b, …`; each without its owner, who is the same for all.
fn listed(addresses: &[&Address], names: Names) -> String {
    let all = addresses.iter().map(|address| address.scope().split_once('/').map_or(address.scope(), |(_, name)| name));
    format!("{} repositories: {}", addresses.len(), shortened(all.collect(), names))
}

fn shortened(all: Vec<&str>, names: Names) -> String {
    match names {
        Names::Few if all.len() > FEW => {
            format!("{}, … (`--list` shows all)", all.iter().take(FEW).copied().collect::<Vec<_>>().join(", "))
        }
        _ => all.join(", "),
    }
}

/// The repositories that are left alone: every exception with its reason, until it expires, and the archived ones.
pub(super) fn left_alone(rows: &[RepositoryRow], names: Names) -> Vec<Section> {
    let of = |result| rows.iter().filter(move |row| row.result == result);
    let excepted = of(RepositoryResult::Excepted).map(|row| (row.name.to_string(), row.reason.clone().unwrap_or_default()));
    let archived: Vec<&str> = of(RepositoryResult::Archived).map(|row| row.name.name()).collect();
    let archived = (!archived.is_empty()).then(|| {
        let heading = Heading::title("Archived (skipped: GitHub refuses every write)");
        Section { fold: Some(Fold::Always("Archived")), ..Section::new(heading, vec![Block::Text(shortened(archived, names))]) }
    });
    plan::list("Excepted (left alone)", excepted).into_iter().chain(archived).collect()
}

/// One line: repositories by result, requests out of the limit, and the time.
fn headline<O>(what: &str, fleet: &FleetPlan<O>, Cost { requests, elapsed }: Cost) -> String {
    let of = |result| fleet.count(result);
    let matched = count(fleet.repositories.len(), "repository");
    let of_limit = match (requests.limit, requests.remaining) {
        (Some(limit), Some(remaining)) => format!("{} requests, {remaining} of {limit} left", requests.sent),
        _ => format!("{} requests", requests.sent),
    };
    let not_modified = if requests.not_modified > 0 { format!(" ({} not modified, free)", requests.not_modified) } else { String::new() };
    format!(
        "{what}: {matched} matched, {} in sync, {} changed, {} invalid, {} unknown, {} excepted, {} archived; {of_limit}{not_modified}; {:.1} s.",
        of(RepositoryResult::InSync),
        of(RepositoryResult::Changes),
        of(RepositoryResult::Invalid),
        of(RepositoryResult::Unknown),
        of(RepositoryResult::Excepted),
        of(RepositoryResult::Archived),
        elapsed.as_secs_f64(),
    )
}
