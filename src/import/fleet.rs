//! Many repositories as one fleet file: the gate that most of them have as the default, the others as `only`.
//!
//! Owns what is the default, and what an `only` table must add to it. Must not know how a key is written.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::declared::{Declared, UNKNOWN};
use super::source::{Imported, Source, selected, unspeakable};
use super::{key, text, value};
use crate::desired::github::Gate;
use crate::model::{Address, EnvName, GateKey};
use crate::render::human::line;

/// What one repository declares: the texts of the keys that count, by environment.
type Keys = BTreeMap<EnvName, BTreeMap<GateKey, String>>;

/// One repository with its gates.
struct Member<'a> {
    source: &'a Source<'a>,
    gates: BTreeMap<EnvName, Gate>,
    keys: Keys,
}

/// Writes the fleet file that plans to no changes against the live state. Repositories without an environment are left out.
pub fn render_fleet(organization: &str, sources: &[Source<'_>]) -> Imported {
    let mut unknown = Vec::new();
    let mut members = Vec::new();
    for source in sources {
        unknown.extend(unspeakable(source));
        let (mut gates, mut keys) = (BTreeMap::new(), Keys::new());
        for (name, there) in selected(source) {
            let declared = Declared::new(source, there);
            unknown.extend(declared.unknown.into_iter().map(|(_, why)| (Address::environment(source.repository, name), why)));
            keys.insert(name.clone(), counted(&declared.gate));
            gates.insert(name.clone(), declared.gate);
        }
        if !gates.is_empty() {
            members.push(Member { source, gates, keys });
        }
    }
    let default = most_common(&members);
    let mut text = head(organization, sources, &members);
    for (address, why) in &unknown {
        let _ = writeln!(text, "{UNKNOWN}{}: {}", line(&address.to_string()), line(&why.reason));
    }
    for (name, keys) in &default {
        let _ = write!(text, "\n[environments.{}]\n{}", value::key(name.as_str()), written(keys));
    }
    for member in members.iter().filter(|member| member.keys != default) {
        for (name, keys) in differences(member, &default) {
            let (repository, name) = (value::string(member.source.repository.name()), value::key(name.as_str()));
            let _ = write!(text, "\n[fleet.only.{repository}.environments.{name}]\n{keys}");
        }
    }
    Imported { text, unknown }
}

fn head(organization: &str, sources: &[Source<'_>], members: &[Member<'_>]) -> String {
    let names = members.iter().map(|member| value::string(member.source.repository.name()));
    let mut text = format!(
        "{}# Imported by `gatectl import --fleet {organization}`. Against that state, `gatectl plan` shows no changes.\n\
         # The default is what most repositories have. Patterns, such as \"svc-*\", can replace names.\n\n\
         version = 1\n\n[fleet]\norganization = {}\nrepositories = {}\n",
        text::schema_line(env!("CARGO_PKG_REPOSITORY")),
        value::string(organization),
        value::list("repositories", names),
    );
    if let Some(url) = sources.iter().find_map(|source| source.api_url) {
        let _ = writeln!(text, "\n[github]\napi_url = {}", value::string(url));
    }
    text
}

fn counted(gate: &Gate) -> BTreeMap<GateKey, String> {
    GateKey::live().filter(|each| key::counts(*each, gate)).filter_map(|each| Some((each, key::text(each, gate)?))).collect()
}

/// What most repositories declare; of equally common ones, the first by text.
fn most_common(members: &[Member<'_>]) -> Keys {
    let mut counts: BTreeMap<&Keys, usize> = BTreeMap::new();
    for member in members {
        *counts.entry(&member.keys).or_default() += 1;
    }
    let most = counts.into_iter().rev().max_by_key(|(_, count)| *count);
    most.map(|(keys, _)| keys.clone()).unwrap_or_default()
}

/// What an `only` table must declare so that it and the default match the repository.
fn differences(member: &Member<'_>, default: &Keys) -> Vec<(EnvName, String)> {
    let mut all: Vec<(EnvName, String)> = Vec::new();
    for (name, gate) in &member.gates {
        let base = default.get(name);
        let keys: BTreeMap<GateKey, String> = match base {
            None => counted(gate),
            // What the default declares and this repository lacks is declared open.
            Some(base) => GateKey::live()
                .filter(|each| key::counts(*each, gate) || base.contains_key(each))
                .filter_map(|each| Some((each, key::text(each, gate)?)))
                .filter(|(each, own)| base.get(each) != Some(own))
                .collect(),
        };
        if base.is_none() || !keys.is_empty() {
            all.push((name.clone(), written(&keys)));
        }
    }
    // An environment that it lacks must not be created.
    all.extend(
        default.keys().filter(|name| !member.gates.contains_key(*name)).map(|name| (name.clone(), "state = \"optional\"\n".to_owned())),
    );
    all
}

fn written(keys: &BTreeMap<GateKey, String>) -> String {
    keys.iter().map(|(each, value)| format!("{} = {value}\n", each.name())).collect()
}
