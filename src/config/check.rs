//! Checks a file against the table of keys: unknown keys, wrong types, ranges, duplicates, what is missing.

use std::collections::{BTreeSet, HashMap};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::TABLES;
use super::near::{join, quote};
use super::position::Span;
use super::problem::{Problem, Sink};
use super::report::hidden;
use super::schema::{Key, Presence, Syntax, Table, Type};
use super::view::{entries, integer};
use crate::model::{GateKey, nearest};

/// Checks a table and all that is in it; `at` is where a message about the whole table points.
pub(super) fn table(sink: &mut Sink<'_>, schema: &'static Table, table: &DeTable<'_>, at: Span) {
    let mut meant = Vec::new();
    for (name, span, found) in entries(table) {
        match schema.key(name) {
            Some(key) => value(sink, &ValueOwner { key, name: key.name }, &key.kind, found),
            None => meant.extend(unknown(sink, schema, name, span)),
        }
    }
    for key in schema.keys.iter().filter(|key| matches!(key.presence, Presence::Required)) {
        if !table.contains_key(key.name) && !meant.contains(&key.name) {
            sink.push_absence(
                Problem::new(at.clone(), format!("{} needs `{}`", schema.noun, key.name))
                    .label(format!("without `{}`", key.name))
                    .help(format!("add `{}`", key.example)),
            );
        }
    }
    if !schema.either.iter().flat_map(|group| group.iter()).any(|name| meant.contains(name)) {
        either(sink, schema, table, at);
    }
}

/// Reports a key that the schema does not have; returns the intended one, so that it is not also reported as missing.
fn unknown(sink: &mut Sink<'_>, schema: &Table, name: &str, span: Span) -> Option<&'static str> {
    let problem = Problem::new(span, format!("unknown key {} in {}", quote(name), schema.noun));
    let near = nearest(name, schema.names());
    let elsewhere = || TABLES.iter().find(|table| table.key(name).is_some());
    sink.push(match (near, elsewhere()) {
        (Some(near), _) => problem.label(format!("did you mean `{near}`?")).help(format!("write `{near}`")),
        (None, Some(table)) => problem.label("not here").help(format!("move it: `{name}` is a key of {}", table.noun)),
        (None, None) => problem.label("unknown key").help(format!("{} has {}", schema.noun, join(schema.names(), "and"))),
    });
    near
}

/// Exactly one of the groups, and that one whole. Groups may share keys.
fn either(sink: &mut Sink<'_>, schema: &Table, table: &DeTable<'_>, at: Span) {
    let span_of = |name: &str| table.get_key_value(name).map(|(key, _)| key.span());
    let all: BTreeSet<&str> = schema.either.iter().copied().flatten().copied().collect();
    let mut given: Vec<(Span, &str)> = all.iter().filter_map(|name| Some((span_of(name)?, *name))).collect();
    given.sort_by_key(|(span, _)| span.start);
    let choice = |groups: &[&[&str]]| groups.iter().map(|group| join(group.iter().copied(), "and")).collect::<Vec<_>>().join(", or ");
    let Some((first, _)) = given.first() else {
        if !schema.either.is_empty() {
            let choice = choice(schema.either);
            sink.push_absence(
                Problem::new(at, format!("{} needs {choice}", schema.noun)).label("without either").help(format!("add {choice}")),
            );
        }
        return;
    };
    let holds = |group: &[&str], names: &[(Span, &str)]| names.iter().all(|(_, name)| group.contains(name));
    if let Some(count) = (1..=given.len()).find(|count| !schema.either.iter().any(|group| holds(group, &given[..*count]))) {
        sink.push(
            Problem::new(given[count - 1].0.clone(), format!("{} has either {}", schema.noun, choice(schema.either)))
                .label("one too many")
                .related(first.clone(), "this is given already")
                .help("remove one of them"),
        );
        return;
    }
    let meant: Vec<&[&str]> = schema.either.iter().copied().filter(|group| holds(group, &given)).collect();
    if meant.iter().any(|group| group.len() == given.len()) {
        return;
    }
    let missing: Vec<&str> = meant.iter().copied().flatten().copied().filter(|name| span_of(name).is_none()).collect();
    let examples = missing.iter().filter_map(|name| schema.key(name)).map(|key| format!("`{}`", key.example)).collect::<Vec<_>>();
    sink.push_absence(
        Problem::new(first.clone(), format!("{} needs {} together", schema.noun, choice(&meant)))
            .label(format!("without {}", join(missing.iter().copied(), "or")))
            .help(format!("add {}", examples.join(" or "))),
    );
}

/// The owner of a value: the key whose example shows the fix, and its name in messages.
struct ValueOwner<'n> {
    key: &'static Key,
    name: &'n str,
}

fn value(sink: &mut Sink<'_>, owner: &ValueOwner<'_>, kind: &'static Type, found: &Spanned<DeValue<'_>>) {
    match (kind, found.get_ref()) {
        (Type::Boolean, DeValue::Boolean(_)) | (Type::Text, DeValue::String(_)) => {}
        (Type::Number, DeValue::Integer(_) | DeValue::Float(_)) => number(sink, owner, found),
        (Type::Integer { min, max }, DeValue::Integer(_)) => range(sink, owner, *min, *max, found),
        (Type::Name(syntax), DeValue::String(text)) => name(sink, syntax, text, found.span()),
        (Type::Word(words), DeValue::String(text)) => word(sink, owner, words, text, found.span()),
        (Type::LocalDateTime, DeValue::Datetime(time)) if time.date.is_some() && time.time.is_some() && time.offset.is_none() => {}
        (Type::LocalDateTime, DeValue::Datetime(time)) => sink.push(
            Problem::new(found.span(), format!("{} must be a local date-time", quote(owner.name)))
                .label(if time.offset.is_some() { "has an offset" } else { "is an incomplete date-time" })
                .help(format!("write `{}`; the window's `timezone` says where", owner.key.example)),
        ),
        (Type::LocalDate, DeValue::Datetime(time)) if time.date.is_some() && time.time.is_none() => {}
        (Type::LocalDate, DeValue::Datetime(_)) => sink.push(
            Problem::new(found.span(), format!("{} must be a date without a time", quote(owner.name)))
                .label("more or less than a date")
                .help(format!("write `{}`", owner.key.example)),
        ),
        (Type::List { of, noun, max, min, same }, DeValue::Array(items)) => {
            for item in items.iter() {
                value(sink, owner, of, item);
            }
            size(sink, noun, (*min, *max), items, found.span());
            duplicates(sink, *same, items.iter().filter_map(|item| Some((item.get_ref().as_str()?, item.span()))));
        }
        (Type::Table(schema), DeValue::Table(inner)) => table(sink, schema, inner, found.span()),
        (Type::Map { name: syntax, of, same }, DeValue::Table(inner)) => {
            for (key, span, item) in entries(inner) {
                name(sink, syntax, key, span);
                value(sink, &ValueOwner { key: owner.key, name: key }, of, item);
            }
            duplicates(sink, *same, entries(inner).map(|(key, span, _)| (key, span)));
        }
        (Type::Either(kinds), held) => match kinds.iter().find(|kind| kind.takes(held)) {
            Some(kind) => value(sink, owner, kind, found),
            None => wrong_type(sink, owner, kind, found),
        },
        (kind, _) => wrong_type(sink, owner, kind, found),
    }
}

impl Type {
    /// Whether a value has the type that this kind reads.
    fn takes(&self, value: &DeValue<'_>) -> bool {
        match self {
            Self::Boolean => value.is_bool(),
            Self::Integer { .. } => value.is_integer(),
            Self::Number => value.is_integer() || value.is_float(),
            Self::Text | Self::Name(_) | Self::Word(_) => value.is_str(),
            Self::LocalDateTime | Self::LocalDate => value.is_datetime(),
            Self::List { .. } => value.is_array(),
            Self::Table(_) | Self::Map { .. } => value.is_table(),
            Self::Either(kinds) => kinds.iter().any(|kind| kind.takes(value)),
        }
    }

    /// The expected type in a message.
    fn wanted(&self) -> String {
        match self {
            Self::Boolean => "true or false".to_owned(),
            Self::Integer { .. } => "a whole number".to_owned(),
            Self::Number => "a number".to_owned(),
            Self::Text | Self::Name(_) => "a string".to_owned(),
            Self::Word(words) => words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" or "),
            Self::LocalDateTime => "a local date-time".to_owned(),
            Self::LocalDate => "a date".to_owned(),
            Self::List { noun, .. } => format!("a list of {noun}"),
            Self::Table(_) | Self::Map { .. } => "a table".to_owned(),
            Self::Either(kinds) => kinds.iter().map(Self::wanted).collect::<Vec<_>>().join(" or "),
        }
    }
}

fn wrong_type(sink: &mut Sink<'_>, owner: &ValueOwner<'_>, kind: &Type, found: &Spanned<DeValue<'_>>) {
    let what = match found.get_ref() {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    let source = sink.source(&found.span());
    let scalar = !matches!(found.get_ref(), DeValue::Array(_) | DeValue::Table(_));
    let quotable = scalar && source.len() <= 60 && !source.contains(['"', '\n']);
    let unquoted = found.get_ref().as_str().filter(|text| match kind {
        Type::Boolean => matches!(*text, "true" | "false"),
        Type::Integer { .. } => !text.is_empty() && text.len() <= 18 && text.bytes().all(|b| b.is_ascii_digit()),
        _ => false,
    });
    let help = match (kind, unquoted) {
        (_, Some(text)) => format!("remove the quotes: {text}"),
        (Type::Text | Type::Name(_), None) if quotable => format!("quote it: \"{source}\""),
        _ => format!("write `{}`", owner.key.example),
    };
    sink.push(
        Problem::new(found.span(), format!("{} must be {}, found {what}", quote(owner.name), kind.wanted()))
            .label(format!("this is {what}"))
            .help(help),
    );
}

fn range(sink: &mut Sink<'_>, owner: &ValueOwner<'_>, min: i64, max: i64, found: &Spanned<DeValue<'_>>) {
    if integer(found.get_ref()).is_some_and(|n| (min..=max).contains(&n)) {
        return;
    }
    let rule = match (min, max) {
        (only, same) if only == same => format!("must be {only}"),
        (_, i64::MAX) => format!("must be at least {min}"),
        _ => format!("must be from {min} to {max}"),
    };
    sink.push(
        Problem::new(found.span(), format!("`{}` {rule}, found {}", owner.name, quote(sink.source(&found.span()))))
            .label(rule)
            .help(owner.key.about),
    );
}

/// Numbers become 64-bit floating point, as Actions has them.
fn number(sink: &mut Sink<'_>, owner: &ValueOwner<'_>, found: &Spanned<DeValue<'_>>) {
    const EXACT: i64 = 1 << 53;
    let fits = match found.get_ref() {
        DeValue::Float(n) => n.as_str().parse::<f64>().is_ok_and(f64::is_finite),
        held => integer(held).is_some_and(|n| (-EXACT..=EXACT).contains(&n)),
    };
    if !fits {
        sink.push(
            Problem::new(found.span(), format!("{} is not a number that a workflow can hold exactly", quote(owner.name)))
                .label("too large, or not finite")
                .help(format!("quote it: \"{}\"", sink.source(&found.span()))),
        );
    }
}

fn name(sink: &mut Sink<'_>, syntax: &Syntax, text: &str, span: Span) {
    if let Some(unseen) = text.chars().find(|c| hidden(*c)) {
        sink.push(
            Problem::new(span, format!("{} holds an invisible character", syntax.noun))
                .label(format!("holds {}", unseen.escape_unicode()))
                .help("remove it: two names that look the same must be the same"),
        );
    } else if let Err(wrong) = (syntax.check)(text) {
        sink.push(Problem::new(span, wrong.message).label(format!("not {}", syntax.noun)).help(wrong.help));
    }
}

fn word(sink: &mut Sink<'_>, owner: &ValueOwner<'_>, words: &[&'static str], text: &str, span: Span) {
    if words.contains(&text) {
        return;
    }
    let problem = Problem::new(span, format!("`{}` cannot be {}", owner.name, quote(text)));
    // The nearest word is the most open one; the intended value has its own form.
    if owner.key.name == GateKey::DeploymentBranchPolicy.name() && matches!(text, "selected" | "custom" | "custom_branch_policies") {
        return sink.push(problem.label("selected refs are written out").help(format!("write `{}`", owner.key.example)));
    }
    sink.push(match nearest(text, words.iter().copied()) {
        Some(near) => problem.label(format!("did you mean \"{near}\"?")).help(format!("write \"{near}\"")),
        None => problem.label("not one of its values").help(format!("write one of {}", join(words.iter().copied(), "or"))),
    });
}

fn size(sink: &mut Sink<'_>, noun: &str, (min, max): (usize, usize), items: &[Spanned<DeValue<'_>>], span: Span) {
    if items.len() < min {
        sink.push(Problem::new(span, format!("an empty list of {noun}")).label("empty").help("name at least one, or remove the key"));
    } else if let Some(first_extra) = items.get(max) {
        sink.push(
            Problem::new(first_extra.span(), format!("at most {max} {noun}, found {}", items.len()))
                .label(format!("number {}", max + 1))
                .help(format!("remove {}", items.len() - max)),
        );
    }
}

/// Reports names that look the same: the later one, with a reference to the first.
pub(super) fn duplicates<'n, K>(sink: &mut Sink<'_>, same: impl Fn(&str) -> K, names: impl Iterator<Item = (&'n str, Span)>)
where
    K: std::hash::Hash + Eq,
{
    let mut names: Vec<_> = names.collect();
    names.sort_by_key(|(_, span)| span.start);
    let mut seen: HashMap<K, (&str, Span)> = HashMap::new();
    for (name, span) in names {
        match seen.entry(same(name)) {
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert((name, span));
            }
            std::collections::hash_map::Entry::Occupied(entry) => {
                let (first, first_span) = entry.get();
                let message = if *first == name {
                    format!("{} is named twice", quote(name))
                } else {
                    format!("{} and {} are the same name: only case differs", quote(first), quote(name))
                };
                sink.push(
                    Problem::new(span, message).label("named again").related(first_span.clone(), "named first").help("keep one of them"),
                );
            }
        }
    }
}
