//! `[freeze]` and its windows.

use std::collections::BTreeSet;

use jiff::civil::DateTime;
use toml::de::DeValue;

use super::super::check::duplicates;
use super::super::keys::{FREEZE, WINDOW};
use super::super::problem::{Problem, Sink};
use super::super::syntax;
use super::super::view::{View, entries};
use crate::desired::freeze::{Length, OnUnreachable, Policy, Schedule, Store, Window};
use crate::desired::github::{Desired, DesiredEnvironment};
use crate::freeze;
use crate::model::{EnvName, nearest, parse_duration};

/// The name of the record that goes with a flag.
pub(super) fn record_key(key: &str) -> String {
    format!("{key}{}", Policy::RECORD_SUFFIX)
}

pub(super) fn policy(sink: &mut Sink<'_>, root: View<'_>, github: &Desired) -> Option<Policy> {
    let table = root.table("freeze", &FREEZE)?;
    let flag = table.text("flag").unwrap_or(Policy::FLAG).to_owned();
    let override_flag = table.text("override").unwrap_or(Policy::OVERRIDE).to_owned();
    distinct(sink, table, &flag, &override_flag);
    let store = match (table.text("heroku_app"), table.text("github")) {
        (Some(app), _) => Some(Store::Heroku(app.to_owned())),
        (None, name) => name.and_then(|name| Store::github(name).ok()),
    };
    if let Some(store) = store.as_ref().filter(|store| store.app().is_none()) {
        names_of_variables(sink, table);
        shadows(sink, root, store, &[&flag, &override_flag]);
    }
    if table.bool("frozen") == Some(false) {
        sink.push(
            Problem::new(table.get("frozen").map(|value| value.span()).unwrap_or_default(), "`frozen = false` cannot be declared")
                .label("would lift a freeze in passing")
                .help("remove the line; only `gatectl freeze off` lifts a freeze"),
        );
    }
    Some(Policy {
        environments: environments(sink, table, github),
        flag,
        override_flag,
        frozen: table.bool("frozen") == Some(true),
        compensates: table.bool("compensates").unwrap_or_default(),
        check_commands: table.texts("check_commands").into_iter().flatten().map(|(command, _)| command.to_owned()).collect(),
        on_unreachable: match table.text("on_unreachable") {
            Some("open") => OnUnreachable::Open,
            _ => OnUnreachable::default(),
        },
        windows: windows(sink, table),
        store: store?,
    })
}

/// The flag, the override and their records are four values of one store.
fn distinct(sink: &mut Sink<'_>, table: View<'_>, flag: &str, override_flag: &str) {
    if flag != override_flag && *flag != record_key(override_flag) && *override_flag != record_key(flag) {
        return;
    }
    let place = |name| table.get(name).map(|value| value.span());
    let Some(at) = place("override").or_else(|| place("flag")) else { return };
    sink.push(
        Problem::new(at, format!("`{flag}`, `{override_flag}` and their records must have four different names"))
            .label("used twice")
            .help(format!("choose another key; each has a record in KEY{}", Policy::RECORD_SUFFIX)),
    );
}

/// GitHub refuses some names that Heroku accepts.
fn names_of_variables(sink: &mut Sink<'_>, table: View<'_>) {
    for key in ["flag", "override"] {
        if let (Some(value), Some(Err(wrong))) = (table.get(key), table.text(key).map(syntax::VARIABLE.check)) {
            sink.push(Problem::new(value.span(), wrong.message).label("not a variable's name").help(wrong.help));
        }
    }
}

/// A variable of an environment overrides the repository's and the organization's: `vars.DEPLOY_FREEZE` in a job there would
/// not be the freeze.
fn shadows(sink: &mut Sink<'_>, root: View<'_>, store: &Store, flags: &[&str]) {
    let names: Vec<String> = flags.iter().flat_map(|flag| [(*flag).to_owned(), record_key(flag)]).collect();
    for (environment, _, value) in root.entries("environments") {
        let Some(variables) = value.get_ref().as_table().and_then(|table| table.get("variables")?.get_ref().as_table()) else { continue };
        for (name, span, _) in entries(variables) {
            if names.iter().any(|key| key.eq_ignore_ascii_case(name)) {
                sink.push(
                    Problem::new(span, format!("`{name}` of {environment} would hide the freeze of {} from its jobs", store.described()))
                        .label("goes before the freeze")
                        .related(root.key("freeze").unwrap_or_default(), "kept by this table")
                        .help("remove it here; `gatectl freeze` writes it"),
                );
            }
        }
    }
}

/// A misspelled name here would leave the real environment open, so it must be one that the file declares, if it declares any.
fn environments(sink: &mut Sink<'_>, table: View<'_>, github: &Desired) -> BTreeSet<EnvName> {
    let mut names = BTreeSet::new();
    for (index, (text, span)) in table.texts("environments").into_iter().flatten().enumerate() {
        let Ok(name) = EnvName::new(text) else { continue };
        match github.environments.get(&name) {
            None if !github.environments.is_empty() => {
                // Each search goes through all declared names; a list this long is not a typo.
                let near = if index < 100 { nearest(text, github.environments.keys().map(EnvName::as_str)) } else { None };
                let label = near.map_or_else(|| "not declared".to_owned(), |near| format!("did you mean \"{near}\"?"));
                let help = match near {
                    Some(near) => format!("write \"{near}\", or declare [environments.{}]", header(text)),
                    None => format!("declare [environments.{}], or name one that is declared", header(text)),
                };
                sink.push_absence(Problem::new(span, format!("no environment `{name}` is declared")).label(label).help(help));
            }
            Some(DesiredEnvironment::Absent) => sink.push(
                Problem::new(span, format!("`{name}` is declared absent")).label("nothing to freeze").help("remove it from this list"),
            ),
            _ => {}
        }
        names.insert(name);
    }
    names
}

/// A name as a part of a table's header, bare if TOML allows it.
fn header(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.chars().all(bare) { name.to_owned() } else { format!("{name:?}") }
}

fn windows(sink: &mut Sink<'_>, freeze: View<'_>) -> Vec<Window> {
    let tables: Vec<View<'_>> =
        freeze.list("windows").into_iter().flatten().filter_map(|item| Some(View::new(item.get_ref().as_table()?, &WINDOW))).collect();
    let names = tables.iter().filter_map(|table| table.get("name")).filter_map(|name| Some((name.get_ref().as_str()?, name.span())));
    duplicates(sink, syntax::exact, names);
    tables.into_iter().filter_map(|table| window(sink, table)).collect()
}

fn window(sink: &mut Sink<'_>, table: View<'_>) -> Option<Window> {
    cautions(sink, table);
    let schedule = schedule(sink, table)?;
    Some(Window {
        name: table.text("name")?.to_owned(),
        schedule,
        timezone: table.text("timezone")?.to_owned(),
        reason: table.text("reason").map(str::to_owned),
    })
}

fn cautions(sink: &mut Sink<'_>, table: View<'_>) {
    let mut warn = |key: &str, caution: fn(&str) -> Option<String>, help: &str| {
        if let (Some(value), Some(message)) = (table.get(key), table.text(key).and_then(caution)) {
            sink.warn(Problem::new(value.span(), message).help(help));
        }
    };
    for key in ["start", "end"] {
        warn(key, freeze::day_caution, "write `*` for one of the two day fields, or two windows if either is what you mean");
    }
    warn("timezone", freeze::zone_caution, "keep it only if you want that fixed offset");
}

fn schedule(sink: &mut Sink<'_>, table: View<'_>) -> Option<Schedule> {
    if let Some(start) = table.text("start") {
        let length = match (table.text("duration"), table.text("end")) {
            (Some(duration), _) => Length::Duration(parse_duration(duration).ok()?),
            (None, end) => Length::End(end?.to_owned()),
        };
        return Some(Schedule::Recurring { start: start.to_owned(), length });
    }
    let from = local(sink, table, "from");
    let until = local(sink, table, "until");
    let (from, until) = (from?, until?);
    if from >= until {
        sink.push(
            Problem::new(table.get("until")?.span(), "a window ends after it begins")
                .label("not after `from`")
                .related(table.get("from")?.span(), "begins here")
                .help("swap the two, or correct the date"),
        );
    }
    Some(Schedule::Once { from, until })
}

fn local(sink: &mut Sink<'_>, table: View<'_>, key: &str) -> Option<DateTime> {
    let value = table.get(key)?;
    let DeValue::Datetime(toml::value::Datetime { date: Some(date), time: Some(time), offset: None }) = value.get_ref() else {
        return None;
    };
    let part = |n: u8| i8::try_from(n).unwrap_or(-1);
    let read = DateTime::new(
        i16::try_from(date.year).unwrap_or(-1),
        part(date.month),
        part(date.day),
        part(time.hour),
        part(time.minute),
        part(time.second.unwrap_or(0)),
        time.nanosecond.and_then(|n| i32::try_from(n).ok()).unwrap_or(0),
    );
    if read.is_err() {
        sink.push(
            Problem::new(value.span(), "no such moment")
                .label("not a date-time of the calendar")
                .help("write a date-time such as 2026-12-21T00:00:00"),
        );
    }
    read.ok()
}
