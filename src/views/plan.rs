//! A plan as a document.

use std::collections::BTreeSet;

use crate::model::{Action, Address, AddressKind, Change, EnvName, InvalidDeclaration, Manual, Plan, Severity, Summary, Unknown};
use crate::render::value;
use crate::render::{Block, Document, Finding, FindingLocation, Fold, Glyph, Heading, Role, Row, Section};

use super::words::{alike, count};

impl<O> From<&Plan<O>> for Document {
    fn from(plan: &Plan<O>) -> Self {
        let summary = plan.summary();
        let mut sections: Vec<Section> = plan.changes().map(change).collect();
        sections.extend(plan.manual.iter().map(manual));
        sections.extend(plan.invalid.iter().map(|invalid| contradicted(invalid, "(invalid)")));
        sections.extend(undetermined(&plan.unknown, "(unknown)"));
        let notes = plan.notes.iter().map(|note| (note.address.to_string(), note.message.clone()));
        sections.extend(list("Notes", notes));
        let unmanaged = plan.unmanaged.iter().map(|address| (address.to_string(), String::new()));
        sections.extend(list(UNMANAGED, unmanaged));
        Self {
            name: "plan",
            sections,
            headline: headline(summary, &plan.limited_to),
            tone: tone(summary),
            next: next(summary, apply(summary)),
            outputs: outputs(summary),
            ..Self::default()
        }
    }
}

/// A plan as it is shown before its apply: the next step is that apply itself, after whatever it cannot resolve.
pub(crate) fn before_apply<O>(plan: &Plan<O>, document: Document) -> Document {
    let Summary { invalid, unknown, .. } = plan.summary();
    match plan.is_empty() {
        true => document,
        false => Document { next: next(Summary { invalid, unknown, ..Summary::default() }, None), ..document },
    }
}

/// The plan as a comment on a pull request: one line that sums up, and what a merge does. `applied_by` is the workflow that applies
/// gate.toml when it is merged, if there is one.
pub fn comment<O>(plan: &Plan<O>, applied_by: Option<&str>) -> Document {
    let document = Document::from(plan);
    let Some(headline) = lead(plan) else { return document };
    let summary = plan.summary();
    Document { headline, next: next(summary, merge(summary, applied_by)), ..document }
}

/// `2 changes, 1 weakens production`; empty if nothing differs.
fn lead<O>(plan: &Plan<O>) -> Option<String> {
    let Summary { create, update, delete, manual, invalid, unknown, .. } = plan.summary();
    let changes = create + update + delete;
    if changes + manual + invalid + unknown == 0 {
        return None;
    }
    let mut parts = vec![match changes {
        0 => "No changes".to_owned(),
        n => count(n, "change"),
    }];
    let weakened: Vec<String> = plan.changes().filter(|change| change.weakens).map(|change| name(&change.address)).collect();
    match weakened.as_slice() {
        [] => {}
        [one] => parts.push(format!("1 weakens {one}")),
        [first, second] => parts.push(format!("2 weaken {first} and {second}")),
        [first, second, rest @ ..] => parts.push(format!("{} weaken {first}, {second} and {} more", weakened.len(), rest.len())),
    }
    let more = [(manual, "manual step"), (invalid, "invalid declaration"), (unknown, "unknown address")];
    parts.extend(more.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| count(n, what)));
    Some(parts.join(", "))
}

/// The environment's own name, which readers know; else the whole address.
fn name(address: &Address) -> String {
    match address.kind() {
        AddressKind::Environment(name) => name.to_string(),
        AddressKind::Config(_) | AddressKind::App | AddressKind::Freeze | AddressKind::Repository => address.to_string(),
    }
}

pub(super) fn change(change: &Change) -> Section {
    let verb = verb(change.action);
    let text = if change.weakens { format!("({verb}, weakens)") } else { format!("({verb})") };
    let mut rows: Vec<Row> = change.fields.iter().flat_map(|field| value::rows(field, change.action)).collect();
    let mut alerts: Vec<Finding> = change.fields.iter().filter(|field| field.weakens).map(|field| weakening(change, Some(field))).collect();
    if change.weakens && alerts.is_empty() {
        rows.push(Row { level: 1, ..value::reason(DELETED) });
        alerts.push(weakening(change, None));
    }
    let heading = Heading::of(glyph(change.action), change.address.to_string(), text);
    Section { alerts, fold: Some(Fold::IfLong("Changes")), ..Section::new(heading, rows.into_iter().map(Block::Row).collect()) }
}

/// The title above what gate.toml does not declare.
pub(super) const UNMANAGED: &str = "Unmanaged (exists but not in gate.toml; not touched)";

const DELETED: &str = "deletes the gate and every rule in it";

fn weakening(change: &Change, field: Option<&crate::model::Field>) -> Finding {
    let reason = field.map_or(Some(DELETED), |field| field.because.as_deref());
    let reason = reason.map_or_else(|| "the gate is weaker afterward".to_owned(), str::to_owned);
    let message = field.map_or_else(|| reason.clone(), |field| format!("`{}`: {reason}", field.name));
    let place = FindingLocation::Declared { address: change.address.clone(), field: field.map(|field| field.name.clone()) };
    Finding { place, ..Finding::declared(Severity::Warning, "weakens", &change.address, message, "") }
}

pub(super) fn manual(manual: &Manual) -> Section {
    let alert = Finding::declared(Severity::Warning, "manual", &manual.address, &manual.message, manual.steps.join("; "));
    let blocks = vec![Block::Text(manual.message.clone()), Block::Steps(manual.steps.clone())];
    Section { alerts: vec![alert], ..Section::new(Heading::of(Glyph::Alert, manual.address.to_string(), "(manual)"), blocks) }
}

/// A declaration that the live state contradicts, with everything that it affects.
pub(super) fn contradicted(invalid: &InvalidDeclaration, what: &str) -> Section {
    let addresses: Vec<&Address> = invalid.addresses.iter().collect();
    blocked(Glyph::Failure, "invalid", &addresses, &invalid.why.reason, &invalid.why.hint, what)
}

/// What could not be determined: each cause once, with the addresses that it affects, in the order of the first of them.
pub(super) fn undetermined(unknown: &[(Address, Unknown)], what: &str) -> Vec<Section> {
    let causes = alike(unknown, |(_, why)| (without_request_id(&why.reason), &why.hint));
    let section = |cause: Vec<&(Address, Unknown)>| {
        let (_, why) = cause.first()?;
        let addresses: Vec<&Address> = cause.iter().map(|(address, _)| address).collect();
        Some(blocked(Glyph::Unknown, "unknown", &addresses, &why.reason, &why.hint, what))
    };
    causes.into_iter().filter_map(section).collect()
}

/// A reason without the server's request id, which is another one for each answer: what is left tells whether two causes are one.
pub(super) fn without_request_id(reason: &str) -> String {
    let Some((before, rest)) = reason.split_once(" (request id ") else { return reason.to_owned() };
    let after = rest.split_once(')').map_or("", |(_, after)| after);
    format!("{before}{after}")
}

pub(super) fn blocked(glyph: Glyph, code: &'static str, addresses: &[&Address], reason: &str, hint: &str, what: &str) -> Section {
    let (first, others) = match addresses {
        [first, others @ ..] => (first.to_string(), others),
        [] => (String::new(), addresses),
    };
    let also = others.iter().map(|address| Block::Item { subject: address.to_string(), text: String::new() });
    let mut blocks: Vec<Block> = also.collect();
    blocks.push(Block::Text(reason.to_owned()));
    if !hint.is_empty() {
        blocks.push(Block::Text(format!("hint: {hint}")));
    }
    let alert = |address: &&Address| Finding::declared(Severity::Error, code, address, reason, hint);
    let text = match others.len() {
        0 => what.to_owned(),
        more => format!("and {more} more {what}"),
    };
    Section { alerts: addresses.iter().map(alert).collect(), ..Section::new(Heading::of(glyph, first, text), blocks) }
}

pub(super) fn list(title: &'static str, entries: impl Iterator<Item = (String, String)>) -> Option<Section> {
    let blocks: Vec<Block> = entries.map(|(subject, text)| Block::Item { subject, text }).collect();
    (!blocks.is_empty()).then(|| Section { fold: Some(Fold::Always(title)), ..Section::new(Heading::title(title), blocks) })
}

pub(super) const fn verb(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Delete => "delete",
    }
}

pub(super) const fn glyph(action: Action) -> Glyph {
    match action {
        Action::Create => Glyph::Create,
        Action::Update => Glyph::Update,
        Action::Delete => Glyph::Delete,
    }
}

/// Outputs of a plan for later steps of a workflow.
pub(super) fn outputs(summary: Summary) -> Vec<(&'static str, String)> {
    let Summary { create, update, delete, weakens, manual, invalid, unknown } = summary;
    vec![
        ("changes", (create + update + delete > 0).to_string()),
        ("weakens", (weakens > 0).to_string()),
        ("manual", (manual > 0).to_string()),
        ("invalid", (invalid > 0).to_string()),
        ("unknown", (unknown > 0).to_string()),
    ]
}

/// That everything the run looked at is as declared.
pub(super) fn matches(limited_to: &BTreeSet<EnvName>) -> String {
    match limited_to.iter().map(EnvName::as_str).collect::<Vec<_>>().join(", ").as_str() {
        "" => "live state matches gate.toml".to_owned(),
        names => format!("live state of {names} matches gate.toml"),
    }
}

fn headline(summary: Summary, limited_to: &BTreeSet<EnvName>) -> String {
    let Summary { create, update, delete, weakens, manual, invalid, unknown } = summary;
    let changes = create + update + delete;
    if changes + manual + invalid + unknown == 0 {
        return format!("No changes. The {}.", matches(limited_to));
    }
    let mut line = match (changes, invalid + unknown) {
        (0, 0) => "Plan: no changes.".to_owned(),
        (0, _) => "Plan incomplete: no changes in what could be read.".to_owned(),
        (_, 0) => format!("Plan: {create} to create, {update} to update, {delete} to delete."),
        _ => format!("Plan incomplete: {create} to create, {update} to update, {delete} to delete."),
    };
    let mut add = |count: usize, one: &str, more: &str| match count {
        0 => {}
        1 => line.push_str(&format!(" 1 {one}.")),
        count => line.push_str(&format!(" {count} {more}.")),
    };
    add(weakens, "change weakens a gate (!)", "changes weaken a gate (!)");
    add(manual, "manual step remains", "manual steps remain");
    add(invalid, "declaration is invalid", "declarations are invalid");
    add(unknown, "address is unknown (?)", "addresses are unknown (?)");
    line
}

pub(super) const fn tone(summary: Summary) -> Role {
    let Summary { create, update, delete, weakens, manual, invalid, unknown } = summary;
    match (create + update + delete, weakens + manual + invalid + unknown) {
        (0, 0) => Role::Added,
        (_, 0) => Role::Strong,
        _ => Role::Alert,
    }
}

/// What to do now; `apply` is the sentence about the changes, if there are any.
pub(super) fn next(summary: Summary, apply: Option<String>) -> Vec<String> {
    let invalid = "Next: correct each invalid declaration in gate.toml or on GitHub, then run `gatectl plan` again.";
    let unknown = "Next: resolve each item marked ? and run `gatectl plan` again. Unknown is neither a pass nor a difference.";
    let manual = "Next: do the manual steps, then run `gatectl plan` again.";
    let said = |n: usize, text: &str| (n > 0).then(|| text.to_owned());
    [said(summary.invalid, invalid), said(summary.unknown, unknown), apply, said(summary.manual, manual)].into_iter().flatten().collect()
}

/// How the changes are applied from here.
pub(super) fn apply(summary: Summary) -> Option<String> {
    match (summary.create + summary.update + summary.delete, summary.weakens) {
        (0, _) => None,
        (_, 0) => Some("Next: `gatectl apply` makes these changes.".to_owned()),
        (_, _) => Some("Next: `gatectl apply --allow-weaken`, if each line marked ! is intended.".to_owned()),
    }
}

/// How a merge applies them.
fn merge(summary: Summary, applied_by: Option<&str>) -> Option<String> {
    let consent = if summary.weakens > 0 { " --allow-weaken" } else { "" };
    match applied_by {
        _ if summary.create + summary.update + summary.delete == 0 => None,
        Some(path) if summary.weakens > 0 => Some(format!(
            "Merging applies this: `{path}` runs `gatectl apply`. It refuses to weaken a gate, unless the plan that it applies was made with `--allow-weaken`."
        )),
        Some(path) => Some(format!("Merging applies this: `{path}` runs `gatectl apply`.")),
        None => Some(format!("Merging does not apply this. Run `gatectl apply{consent}` after the merge.")),
    }
}
