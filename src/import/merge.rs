//! Brings an existing gate.toml in line with the live state.

use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value};

use crate::config::{self, Problems};
use crate::desired::github::{self as desired, BranchPolicy, Gate, Pattern, RefKind, Reviewer};
use crate::model::{Address, EnvName, GateKey};

use super::declared::{Declared, UNKNOWN, WEAK};
use super::edit::{self, ItemEdit};
use super::key::{self, names, patterns, pins};
use super::source::{Imported, Source, Updated, selected, unspeakable};
use super::{text, value};

pub(super) fn merge(path: &str, file: &str, source: &Source<'_>) -> Result<Updated, Problems> {
    let want = config::parse(path, file)?.desired.github;
    let body = file.strip_prefix('\u{feff}').unwrap_or(file);
    // A file that the reader takes is TOML.
    let mut document: DocumentMut = body.parse().unwrap_or_default();
    let mut merge = Merge { source, changes: Vec::new() };
    let mut unknown = unspeakable(source);
    let mut remarks = Vec::new();
    for (name, there) in selected(source) {
        let declared = Declared::new(source, there);
        match want.environments.get(name) {
            Some(desired::DesiredEnvironment::Present(gate) | desired::DesiredEnvironment::Optional(gate)) => {
                merge.bring_in_line(&mut document, name, gate, &declared);
            }
            Some(desired::DesiredEnvironment::Absent) => remarks
                .push(format!("{path} declares `{name}` absent, and it is live: `gatectl apply` deletes it; to keep it, remove its table")),
            None => merge.add(&mut document, name, &declared),
        }
        unknown.extend(declared.unknown.into_iter().map(|(_, unknown)| (Address::environment(source.repository, name), unknown)));
    }
    for (name, environment) in &want.environments {
        let asked = source.only.is_empty() || source.only.contains(name);
        if asked && !source.environments.contains_key(name) && matches!(environment, desired::DesiredEnvironment::Present(_)) {
            remarks.push(format!(
                "{path} declares `{name}`, which is not live: `gatectl apply` creates it; if it should stay absent, remove its table"
            ));
        }
    }
    let text = if merge.changes.is_empty() { file.to_owned() } else { as_written(file, &document.to_string()) };
    // Only a file that the reader accepts is returned.
    config::parse(path, &text)?;
    Ok(Updated { imported: Imported { text, unknown }, changes: merge.changes, remarks })
}

/// The edited text with the byte order mark of the file, and with CRLF if every line of it ends so: a line end within a string is a value.
fn as_written(file: &str, edited: &str) -> String {
    let mark = if file.starts_with('\u{feff}') { "\u{feff}" } else { "" };
    let is_crlf = file.contains("\r\n") && !file.replace("\r\n", "").contains('\n');
    let edited = if is_crlf { edited.replace("\r\n", "\n").replace('\n', "\r\n") } else { edited.to_owned() };
    format!("{mark}{edited}")
}

struct Merge<'a> {
    source: &'a Source<'a>,
    changes: Vec<String>,
}

impl Merge<'_> {
    /// Adds an environment after the last one that is declared.
    fn add(&mut self, document: &mut DocumentMut, name: &EnvName, declared: &Declared) {
        let text = format!("\n{}", text::environment(name, declared));
        let Ok(mut parsed) = text.parse::<DocumentMut>() else { return };
        let table = parsed.get_mut("environments").and_then(|all| all.as_table_mut()?.remove(name.as_str()));
        let Some(table) = table.and_then(|item| item.into_table().ok()) else { return };
        if !document.contains_key("environments") {
            let mut environments = Table::new();
            environments.set_implicit(true);
            document.insert("environments", Item::Table(environments));
        }
        let Some(environments) = document.get_mut("environments") else { return };
        match environments {
            // A key as it was written: the quotes of a name are part of it.
            Item::Table(all) => _ = all.insert(name.as_str(), Item::Table(edit::unplaced(table))),
            Item::Value(Value::InlineTable(all)) => _ = all.insert(name.as_str(), Value::InlineTable(flat(table))),
            _ => return,
        }
        self.changes.push(format!("environments.{}", value::key(name.as_str())));
    }

    fn bring_in_line(&mut self, document: &mut DocumentMut, name: &EnvName, file: &Gate, live: &Declared) {
        let Some(environments) = document.get_mut("environments").and_then(Item::as_table_like_mut) else { return };
        let same = |key: &str| EnvName::new(key).is_ok_and(|key| key == *name);
        let Some(spelling) = edit::spelling(environments, same) else { return };
        let Some(item) = environments.get_mut(&spelling) else { return };
        let before = self.changes.len();
        let mut gate = live.gate.clone();
        // What is not imported is left as the file declares it.
        let kept = file.variables.iter().filter(|(name, _)| live.masked.contains(*name));
        gate.variables.extend(kept.map(|(name, value)| (name.clone(), value.clone())));
        if let Some(table) = item.as_table_like_mut() {
            for key in GateKey::live().filter(|key| !live.is_unknown(*key)) {
                if self.set(table, key, file, &gate) {
                    self.changes.push(format!("environments.{}.{}", value::key(&spelling), key.name()));
                }
            }
        }
        if let Item::Table(table) = item
            && comments(table, &live.comments(), self.changes.len() > before)
        {
            self.changes.push(format!("the comments of environments.{}", value::key(&spelling)));
        }
    }

    /// Sets one key to the live value; returns whether it changed.
    fn set(&self, table: &mut dyn TableLike, key: GateKey, file: &Gate, live: &Gate) -> bool {
        let declared = key::declared(key, file);
        if (declared && key::same(key, file, live, self.source.repository.owner())) || (!declared && !key::counts(key, live)) {
            return false;
        }
        let text = key::text(key, live).unwrap_or_default();
        // An empty list of secrets or variables may be present without declaring anything.
        match (key, table.get_mut(key.name())) {
            (GateKey::Variables, item) => {
                let written = item.is_some_and(|item| variables(item, live));
                if !written {
                    insert_variables(table, live, &text);
                }
            }
            (_, None) => _ = table.insert(key.name(), Item::Value(edit::value(&text))),
            (GateKey::Reviewers, Some(item)) => self.reviewers(item, file, live, &text),
            (GateKey::DeploymentBranchPolicy, Some(item)) => policy(item, live, &text),
            (GateKey::ProtectionRules, Some(item)) => names_in(item, live.protection_rules.iter().flatten(), Extra::Goes, &text),
            (GateKey::Secrets, Some(item)) => names_in(item, live.secrets.iter(), Extra::Stays, &text),
            (_, Some(item)) => edit::replace(item, &text),
        }
        true
    }

    fn reviewers(&self, item: &mut Item, file: &Gate, live: &Gate, text: &str) {
        let owner = self.source.repository.owner();
        let file = file.reviewers.as_deref().unwrap_or_default();
        let live = live.reviewers.as_deref().unwrap_or_default();
        let new = |reviewer: &Reviewer| edit::value(&value::reviewer(reviewer));
        let item_edit = |at: usize| {
            let Some(declared) = file.get(at) else { return ItemEdit::Drop };
            if live.iter().any(|live| names(declared, live, owner)) {
                return ItemEdit::Keep;
            }
            match live.iter().find(|live| pins(declared, live)) {
                Some(renamed) => ItemEdit::Replace(new(renamed)),
                None => ItemEdit::Drop,
            }
        };
        let missing = live.iter().filter(|live| !file.iter().any(|declared| names(declared, live, owner) || pins(declared, live)));
        match item {
            Item::Value(Value::Array(array)) => edit::list(array, |at, _| item_edit(at), missing.map(new).collect()),
            // Tables in double brackets: an empty list has none.
            _ => edit::replace(item, text),
        }
    }
}

/// The two lists if both sides have some, else the whole value.
fn policy(item: &mut Item, live: &Gate, text: &str) {
    let live = live.deployment_branch_policy.as_ref();
    let (Some(wanted), Some(table)) = (patterns(live), item.as_table_like_mut()) else { return edit::replace(item, text) };
    for (key, kind) in [("branches", RefKind::Branch), ("tags", RefKind::Tag)] {
        let of: Vec<&Pattern> = wanted.iter().filter(|pattern| pattern.kind == kind).collect();
        match table.get_mut(key) {
            Some(list) => {
                let text = value::list(key, of.iter().map(|pattern| value::string(&pattern.name)));
                names_in(list, of.iter().map(|pattern| &pattern.name), Extra::Goes, &text);
            }
            None if of.is_empty() => {}
            None => {
                let only = BranchPolicy::Selected(of.into_iter().cloned().collect());
                if let Value::InlineTable(new) = edit::value(&value::policy(&only))
                    && let Some(list) = new.get(key)
                {
                    table.insert(key, Item::Value(list.clone()));
                }
            }
        }
    }
}

/// What happens to a declared name that is not live.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extra {
    Goes,
    Stays,
}

/// A list of names, compared as GitHub does.
fn names_in<'n>(item: &mut Item, live: impl Iterator<Item = &'n String>, extra: Extra, text: &str) {
    let live: Vec<&String> = live.collect();
    let Item::Value(Value::Array(array)) = item else { return edit::replace(item, text) };
    let is = |value: &Value, name: &str| match extra {
        Extra::Goes => value.as_str() == Some(name),
        // Secrets are stored in upper case.
        Extra::Stays => value.as_str().is_some_and(|text| text.eq_ignore_ascii_case(name)),
    };
    let missing: Vec<Value> =
        live.iter().filter(|name| !array.iter().any(|value| is(value, name))).map(|name| edit::value(&value::string(name))).collect();
    let item_edit = |_: usize, value: &Value| {
        if extra == Extra::Stays || live.iter().any(|name| is(value, name)) { ItemEdit::Keep } else { ItemEdit::Drop }
    };
    edit::list(array, item_edit, missing);
}

/// Edits a table of variables in place; false if there is no such table.
fn variables(item: &mut Item, live: &Gate) -> bool {
    let Some(table) = item.as_table_like_mut() else { return false };
    let gone: Vec<String> =
        table.iter().map(|(key, _)| key.to_owned()).filter(|key| !live.variables.contains_key(&key.to_ascii_uppercase())).collect();
    for key in gone {
        table.remove(&key);
    }
    for (name, value) in &live.variables {
        let wanted = value::string(value);
        match edit::spelling(table, |key| key.eq_ignore_ascii_case(name)) {
            Some(key) => {
                if let Some(item) = table.get_mut(&key).filter(|item| item.as_str() != Some(value)) {
                    edit::replace(item, &wanted);
                }
            }
            None => _ = table.insert(name, Item::Value(edit::value(&wanted))),
        }
    }
    true
}

/// A table of its own if the environment has a header, else an inline one.
fn insert_variables(table: &mut dyn TableLike, live: &Gate, text: &str) {
    if table.is_dotted() || live.variables.is_empty() {
        table.insert(GateKey::Variables.name(), Item::Value(edit::value(text)));
        return;
    }
    let mut own = Table::new();
    for (name, value) in &live.variables {
        own.insert(name, Item::Value(edit::value(&value::string(value))));
    }
    table.insert(GateKey::Variables.name(), Item::Table(own));
}

/// Refreshes import's own lines above a table: if there are any, or if the table was changed.
fn comments(table: &mut Table, now: &[String], changed: bool) -> bool {
    if table.is_implicit() || table.is_dotted() {
        return false;
    }
    let before = table.decor().prefix().and_then(toml_edit::RawString::as_str).unwrap_or_default().to_owned();
    let own = |line: &str| line.starts_with(WEAK) || line.starts_with(UNKNOWN);
    let lines: Vec<&str> = before.split_inclusive('\n').collect();
    let first = lines.iter().position(|line| own(line));
    if first.is_none() && !changed {
        return false;
    }
    let mut kept: Vec<String> = lines.iter().filter(|line| !own(line)).map(|line| (*line).to_owned()).collect();
    let at = first.unwrap_or(kept.len());
    kept.splice(at..at, now.iter().map(|line| format!("{line}\n")));
    let after = kept.concat();
    if after == before {
        return false;
    }
    table.decor_mut().set_prefix(after);
    true
}

/// An environment as an inline table, for a file that writes them that way.
fn flat(table: Table) -> InlineTable {
    let mut table = table.into_inline_table();
    table.decor_mut().clear();
    table.fmt();
    table
}
