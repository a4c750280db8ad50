//! A plan as a document.

use crate::model::{Action, Address, Change, Plan, Summary, Unknown};
use crate::render::value;
use crate::render::{Block, Document, Finding, Glyph, Heading, Place, Role, Row, Section, Severity};

impl<O> From<&Plan<O>> for Document {
    fn from(plan: &Plan<O>) -> Self {
        let summary = plan.summary();
        let mut sections: Vec<Section> = plan.changes().map(change).collect();
        sections.extend(plan.unknown.iter().map(|(address, unknown)| undetermined(address, unknown, "(unknown)")));
        let notes = plan.notes.iter().map(|note| (note.address.to_string(), note.message.clone()));
        sections.extend(list("Notes", notes));
        let unmanaged = plan.unmanaged.iter().map(|address| (address.to_string(), String::new()));
        sections.extend(list("Unmanaged (there, but not in gate.toml: left alone)", unmanaged));
        Self {
            name: "plan",
            sections,
            headline: headline(plan.is_empty(), summary),
            tone: tone(plan.is_empty(), summary),
            next: next(plan.is_empty(), summary),
            outputs: vec![
                ("changes", (!plan.is_empty()).to_string()),
                ("weakens", (summary.weakens > 0).to_string()),
                ("unknown", (summary.unknown > 0).to_string()),
            ],
        }
    }
}

fn change(change: &Change) -> Section {
    let verb = verb(change.action);
    let text = if change.weakens { format!("({verb}, weakens)") } else { format!("({verb})") };
    let mut rows: Vec<Row> = change.fields.iter().flat_map(|field| value::rows(field, change.action)).collect();
    let mut alerts: Vec<Finding> = change.fields.iter().filter(|field| field.weakens).map(|field| weakening(change, Some(field))).collect();
    if change.weakens && alerts.is_empty() {
        rows.push(Row { level: 1, ..value::reason(DELETED) });
        alerts.push(weakening(change, None));
    }
    Section {
        heading: Some(Heading { glyph: glyph(change.action), subject: Some(change.address.to_string()), text }),
        blocks: rows.into_iter().map(Block::Row).collect(),
        alerts,
        fold: Some("Changes"),
    }
}

const DELETED: &str = "the gate goes, with everything it requires";

fn weakening(change: &Change, field: Option<&crate::model::Field>) -> Finding {
    let reason = field.map_or(Some(DELETED), |field| field.because.as_deref());
    let reason = reason.map_or_else(|| "the gate is weaker afterwards".to_owned(), str::to_owned);
    Finding {
        severity: Severity::Warning,
        code: "weakens",
        subject: change.address.to_string(),
        message: field.map_or_else(|| reason.clone(), |field| format!("`{}`: {reason}", field.name)),
        fix: String::new(),
        place: Place::Declared { address: change.address.clone(), field: field.map(|field| field.name.clone()) },
    }
}

pub(super) fn undetermined(address: &Address, unknown: &Unknown, what: &str) -> Section {
    let mut blocks = vec![Block::Text(unknown.reason.clone())];
    if !unknown.hint.is_empty() {
        blocks.push(Block::Text(format!("hint: {}", unknown.hint)));
    }
    let alert = Finding {
        severity: Severity::Error,
        code: "unknown",
        subject: address.to_string(),
        message: unknown.reason.clone(),
        fix: unknown.hint.clone(),
        place: Place::Declared { address: address.clone(), field: None },
    };
    Section {
        heading: Some(Heading { glyph: Glyph::Unknown, subject: Some(address.to_string()), text: what.to_owned() }),
        blocks,
        alerts: vec![alert],
        fold: None,
    }
}

fn list(title: &'static str, entries: impl Iterator<Item = (String, String)>) -> Option<Section> {
    let blocks: Vec<Block> = entries.map(|(subject, text)| Block::Item { subject, text }).collect();
    (!blocks.is_empty()).then(|| Section {
        heading: Some(Heading { glyph: Glyph::None, subject: None, text: title.to_owned() }),
        blocks,
        alerts: Vec::new(),
        fold: Some(title),
    })
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

fn headline(empty: bool, summary: Summary) -> String {
    let Summary { create, update, delete, weakens, unknown } = summary;
    let mut line = match (empty, unknown) {
        (true, 0) => return "No changes. The live state is as gate.toml declares.".to_owned(),
        (true, _) => "Plan: no changes among what is known.".to_owned(),
        (false, _) => format!("Plan: {create} to create, {update} to update, {delete} to delete."),
    };
    match weakens {
        0 => {}
        1 => line.push_str(" 1 change weakens a gate (!)."),
        n => line.push_str(&format!(" {n} changes weaken a gate (!).")),
    }
    match unknown {
        0 => {}
        1 => line.push_str(" 1 address is unknown (?)."),
        n => line.push_str(&format!(" {n} addresses are unknown (?).")),
    }
    line
}

const fn tone(empty: bool, summary: Summary) -> Role {
    match (empty, summary.unknown, summary.weakens) {
        (true, 0, _) => Role::Added,
        (false, 0, 0) => Role::Strong,
        _ => Role::Alert,
    }
}

fn next(empty: bool, summary: Summary) -> Vec<String> {
    let mut next = Vec::new();
    if summary.unknown > 0 {
        next.push("Next: settle what is marked ? and run `gatectl plan` again; unknown is neither a pass nor a difference.".to_owned());
    }
    match (empty, summary.weakens) {
        (true, _) => {}
        (false, 0) => next.push("Next: `gatectl apply` makes these changes.".to_owned()),
        (false, _) => next.push("Next: `gatectl apply --allow-weaken`, if each line marked ! is meant.".to_owned()),
    }
    next
}
