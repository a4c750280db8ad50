//! `[fleet]`: which repositories, and what replaces the default for some of them.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::keys::{ENVIRONMENT, EXCEPTION, FLEET, MEMBERS, ONLY};
use super::super::problem::{Problem, Sink};
use super::super::view::View;
use super::github;
use crate::desired::fleet::{Exception, Fleet, Members, NamePattern, Only};
use crate::desired::github::DesiredEnvironment;
use crate::model::EnvName;

/// What belongs to the file of one repository, and why.
const REFUSED: [(&str, &str); 3] = [
    ("workflows", "workflow files belong to one repository"),
    ("heroku", "a Heroku app belongs to one repository"),
    ("freeze", "a freeze belongs to one repository"),
];

pub(super) fn desired(sink: &mut Sink<'_>, root: View<'_>, environments: &BTreeMap<EnvName, DesiredEnvironment>) -> Option<Fleet> {
    let table = root.table("fleet", &FLEET)?;
    refuse(sink, root);
    let organization = table.text("organization")?.to_owned();
    let members = members(sink, table)?;
    let only = table.entries("only").filter_map(|(name, _, value)| {
        let only = View::new(value.get_ref().as_table()?, &ONLY);
        let environments = overlaid(sink, root, only, &organization, environments);
        Some(Only { repositories: NamePattern::new(name), environments })
    });
    let only = only.collect();
    let except = table.entries("except").filter_map(|(name, _, value)| exception(name, value)).collect();
    Some(Fleet { organization, members, only, except })
}

/// Refuses what is for a single repository.
fn refuse(sink: &mut Sink<'_>, root: View<'_>) {
    let fleet = root.key("fleet").unwrap_or_default();
    for (name, why) in REFUSED {
        let Some(at) = root.key(name) else { continue };
        sink.push(
            Problem::new(at, format!("a fleet file has no `{name}`: {why}"))
                .label("not in a fleet file")
                .related(fleet.clone(), "this is a fleet file")
                .help(format!("move `{name}` into the repository's own gate.toml")),
        );
    }
    let github = root.table("github", &super::super::keys::GITHUB);
    if let Some(at) = github.and_then(|github| github.key("repository")) {
        sink.push(
            Problem::new(at, "a gate.toml is for one repository or for a fleet, not for both")
                .label("names one repository")
                .related(fleet, "names many")
                .help("remove `repository`, or remove `[fleet]`"),
        );
    }
}

fn members(sink: &mut Sink<'_>, table: View<'_>) -> Option<Members> {
    if let Some(by_property) = table.table("repositories", &MEMBERS) {
        let properties = by_property.entries("property");
        let properties: BTreeMap<String, String> =
            properties.filter_map(|(name, _, value)| Some((name.to_owned(), value.get_ref().as_str()?.to_owned()))).collect();
        if properties.is_empty() {
            sink.push_absence(
                Problem::new(table.get("repositories")?.span(), "no custom property is named, so nothing is selected")
                    .label("selects nothing")
                    .help("name one: { property = { tier = \"production\" } }"),
            );
        }
        return Some(Members::WithProperties(properties));
    }
    let patterns: Vec<NamePattern> = table.texts("repositories")?.map(|(text, _)| NamePattern::new(text)).collect();
    if !patterns.is_empty() && patterns.iter().all(NamePattern::excludes) {
        sink.push(
            Problem::new(table.get("repositories")?.span(), "every pattern excludes, so nothing is selected")
                .label("selects nothing")
                .help("name what to select before what to exclude, such as [\"*\", \"!sandbox-*\"]"),
        );
    }
    Some(Members::Named(patterns))
}

fn exception(name: &str, value: &Spanned<DeValue<'_>>) -> Option<Exception> {
    let table = View::new(value.get_ref().as_table()?, &EXCEPTION);
    let date = table.get("until")?.get_ref().as_datetime()?.date?;
    let part = |number: u8| i8::try_from(number).ok();
    Some(Exception {
        repositories: NamePattern::new(name),
        reason: table.text("reason")?.to_owned(),
        owner: table.text("owner")?.to_owned(),
        until: jiff::civil::Date::new(i16::try_from(date.year).ok()?, part(date.month)?, part(date.day)?).ok()?,
    })
}

/// The default environments, with keys replaced by those of one `only` table.
fn overlaid(
    sink: &mut Sink<'_>,
    root: View<'_>,
    only: View<'_>,
    organization: &str,
    environments: &BTreeMap<EnvName, DesiredEnvironment>,
) -> BTreeMap<EnvName, DesiredEnvironment> {
    let mut environments = environments.clone();
    for (name, span, value) in only.entries("environments") {
        github::encoded(sink, name, span);
        let (Ok(name), Some(table)) = (EnvName::new(name), value.get_ref().as_table()) else { continue };
        let own = View::new(table, &ENVIRONMENT);
        let environment = match default(root, &name) {
            // An environment that must not exist has no rules, regardless of the default.
            Some(base) if own.text("state") != Some("absent") => own.over(base),
            _ => own,
        };
        let environment = github::environment(sink, environment, Some(organization));
        environments.insert(name, environment);
    }
    environments
}

/// The file's own table of an environment, whose name compares without case.
fn default<'a>(root: View<'a>, name: &EnvName) -> Option<&'a DeTable<'a>> {
    root.entries("environments").find_map(|(other, _, value)| {
        let same = EnvName::new(other).is_ok_and(|other| other == *name);
        value.get_ref().as_table().filter(|_| same)
    })
}
