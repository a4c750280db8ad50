//! `[[workflows]]` and `[verify]`.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::DeValue;

use super::super::keys::{ENVIRONMENT, FLEET, ONLY, WHEN, WORKFLOW};
use super::super::near::{join, quote};
use super::super::position::Span;
use super::super::problem::{Problem, Sink};
use super::super::view::View;
use crate::desired::github::{Desired, DesiredEnvironment};
use crate::desired::verify::{Harmless, Verify};
use crate::desired::workflows::{EVENTS, Expectation, Expected, InputValue, When};
use crate::model::{EnvName, GateKey};

pub(super) fn expectations(sink: &mut Sink<'_>, root: View<'_>, github: &Desired) -> Vec<Expectation> {
    let items = root.list("workflows").into_iter().flatten();
    items.filter_map(|item| expectation(sink, View::new(item.get_ref().as_table()?, &WORKFLOW), github)).collect()
}

fn expectation(sink: &mut Sink<'_>, table: View<'_>, github: &Desired) -> Option<Expectation> {
    let when = match table.get("when").map(|value| (value.get_ref(), value.span())) {
        Some((DeValue::Table(one), span)) => when(sink, View::new(one, &WHEN), span).into_iter().collect(),
        Some((DeValue::Array(many), _)) => {
            let tables = many.iter().filter_map(|item| Some((item.get_ref().as_table()?, item.span())));
            tables.filter_map(|(one, span)| when(sink, View::new(one, &WHEN), span)).collect()
        }
        _ => Vec::new(),
    };
    let expect = expected(table)?;
    for (name, at) in named(table) {
        if EnvName::new(name).is_ok_and(|name| github.environments.get(&name) == Some(&DesiredEnvironment::Absent)) {
            sink.push(
                Problem::new(at, format!("`{name}` is declared absent"))
                    .label("no job can be held by it")
                    .help(format!("name another environment, or remove `state = \"absent\"` of `{name}`")),
            );
        }
    }
    Some(Expectation { file: table.text("file")?.to_owned(), expect, when })
}

fn expected(table: View<'_>) -> Option<Expected> {
    if table.key("jobs").is_some() {
        let job = |(id, _, held): (&str, Span, &Spanned<DeValue<'_>>)| {
            let name = held.get_ref().as_str()?;
            let name = if name.eq_ignore_ascii_case(Expected::NONE) { None } else { Some(EnvName::new(name).ok()?) };
            Some((id.to_owned(), name))
        };
        return Some(Expected::Jobs(table.entries("jobs").filter_map(job).collect()));
    }
    let names: Vec<EnvName> = named(table).into_iter().filter_map(|(name, _)| EnvName::new(name).ok()).collect();
    (!names.is_empty()).then_some(Expected::Environments(names))
}

/// The environments that a workflow names, and where.
fn named<'a>(table: View<'a>) -> Vec<(&'a str, Span)> {
    let one = table.text("environment").zip(table.get("environment")).map(|(name, value)| (name, value.span()));
    let jobs = table.entries("jobs").filter_map(|(_, _, held)| Some((held.get_ref().as_str()?, held.span())));
    one.into_iter().chain(table.texts("environment").into_iter().flatten()).chain(jobs).collect()
}

/// `[verify]`.
pub(super) fn verify(sink: &mut Sink<'_>, root: View<'_>, table: View<'_>) -> Verify {
    let harmless: Vec<(Harmless, Span)> =
        table.texts("harmless").into_iter().flatten().filter_map(|(text, span)| Some((text.parse().ok()?, span))).collect();
    let trusted_workflows = table.texts("trusted_workflows").into_iter().flatten().map(|(text, _)| text.to_owned()).collect();
    let only = root.table("fleet", &FLEET).into_iter().flat_map(|fleet| fleet.entries("only"));
    let only = only.filter_map(|(_, _, table)| Some(View::new(table.get_ref().as_table()?, &ONLY)));
    for environments in [root].into_iter().chain(only) {
        for (_, _, environment) in environments.entries("environments") {
            let Some(environment) = environment.get_ref().as_table().map(|table| View::new(table, &ENVIRONMENT)) else { continue };
            for (secret, span) in environment.texts(GateKey::Secrets.name()).into_iter().flatten() {
                contradicts(sink, &harmless, secret, span);
            }
        }
    }
    Verify { harmless: harmless.into_iter().map(|(entry, _)| entry).collect(), trusted_workflows }
}

/// What an environment lists is a deploy credential, and cannot be harmless too.
fn contradicts(sink: &mut Sink<'_>, harmless: &[(Harmless, Span)], secret: &str, span: Span) {
    let Some((entry, at)) = harmless.iter().find(|(entry, _)| entry.spares_secret(secret)) else { return };
    sink.push(
        Problem::new(
            at.clone(),
            format!("{} cannot be harmless: an environment's `secrets` lists {}", quote(&entry.to_string()), quote(secret)),
        )
        .label("declared harmless here")
        .related(span, "declared a deploy credential here")
        .help("name only secrets that cannot deploy"),
    );
}

/// The keys that an event takes besides `event`.
fn takes(event: &str) -> &'static [&'static str] {
    match event {
        "push" => &["branch", "tag"],
        "release" => &["tag"],
        "workflow_dispatch" => &["ref", "inputs"],
        _ => &[],
    }
}

fn when(sink: &mut Sink<'_>, table: View<'_>, at: Span) -> Option<When> {
    let event = table.text("event").filter(|event| EVENTS.contains(event))?;
    for (name, span) in table.present() {
        if name == "event" || takes(event).contains(&name) || WHEN.key(name).is_none() {
            continue;
        }
        let help = match takes(event) {
            [] => "remove it".to_owned(),
            keys => format!("a {event} takes {}", join(keys.iter().copied(), "and")),
        };
        sink.push(Problem::new(span, format!("`{event}` takes no `{name}`")).label(format!("not of `{event}`")).help(help));
    }
    let branch = table.text("branch").map(|name| format!("refs/heads/{name}"));
    let tag = table.text("tag").map(|name| format!("refs/tags/{name}"));
    let dispatched = table.text("ref").map(|name| if name.starts_with("refs/") { name.to_owned() } else { format!("refs/heads/{name}") });
    if event == "push" {
        one_ref(sink, table, at);
    }
    Some(When { event: event.to_owned(), git_ref: branch.or(tag).or(dispatched), inputs: inputs(table) })
}

fn one_ref(sink: &mut Sink<'_>, table: View<'_>, at: Span) {
    match (table.key("branch"), table.key("tag")) {
        (None, None) => sink.push_absence(
            Problem::new(at, "a push needs a branch or a tag").label("of neither").help("add branch = \"main\" or tag = \"v1.2.3\""),
        ),
        (Some(branch), Some(tag)) => {
            let (first, second) = if branch.start < tag.start { (branch, tag) } else { (tag, branch) };
            sink.push(
                Problem::new(second, "a push has either a branch or a tag, not both")
                    .label("one too many")
                    .related(first, "this is given already")
                    .help("write a list with one scenario for each"),
            );
        }
        _ => {}
    }
}

fn inputs(table: View<'_>) -> BTreeMap<String, InputValue> {
    let value = |value: &DeValue<'_>| match value {
        DeValue::Boolean(flag) => Some(InputValue::Bool(*flag)),
        DeValue::String(text) => Some(InputValue::String(text.to_string())),
        DeValue::Float(number) => number.as_str().parse().ok().map(InputValue::Number),
        #[expect(clippy::cast_precision_loss, reason = "the check refuses what a double cannot hold")]
        held => super::super::view::integer(held).map(|number| InputValue::Number(number as f64)),
    };
    table.entries("inputs").filter_map(|(name, _, held)| Some((name.to_owned(), value(held.get_ref())?))).collect()
}
