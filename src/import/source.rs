//! The input and the result of an import, and which parts gate.toml can express.

use std::collections::BTreeSet;

use crate::config;
use crate::model::{Address, EnvName, RepoName, Unknown};
use crate::providers::github::live::{Environments, LiveEnvironment};

use super::value;

/// What was read of a repository for an import.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The repository in GitHub's own spelling.
    pub repository: &'a RepoName,
    /// The REST API's address, if it is not GitHub's own.
    pub api_url: Option<&'a str>,
    /// Only these are imported; all, when it is empty.
    pub only: &'a [EnvName],
    /// The live environments with all their parts.
    pub environments: &'a Environments,
    /// The branches that branch protection covers; `None` when no environment's policy depends on them.
    pub protected_branches: Option<&'a Result<BTreeSet<String>, Unknown>>,
}

/// An imported file.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The text of gate.toml.
    pub text: String,
    /// What could not be imported; each is also a comment of a newly written table.
    pub unknown: Vec<(Address, Unknown)>,
}

/// An existing file, brought up to date.
#[derive(Debug, Clone, PartialEq)]
pub struct Updated {
    /// The file; the same text if it already says all of it.
    pub imported: Imported,
    /// What was changed, as paths of keys, in the order of the live state.
    pub changes: Vec<String>,
    /// What was left alone and should be looked at.
    pub remarks: Vec<String>,
}

/// The requested environments that a file can name.
pub(super) fn selected<'a>(source: &Source<'a>) -> impl Iterator<Item = (&'a EnvName, &'a LiveEnvironment)> {
    asked(source).filter_map(|(name, there)| Some((name, there.as_ref().ok()?))).filter(|(name, _)| refused_name(name).is_none())
}

/// Environments whose names gate.toml refuses, and those that are not understood.
pub(super) fn unspeakable(source: &Source<'_>) -> Vec<(Address, Unknown)> {
    let unknown = |(name, there): (&EnvName, &Result<LiveEnvironment, Unknown>)| {
        let unknown = match (refused_name(name), there) {
            (Some(why), _) => {
                let hint = "rename it on GitHub, which means recreating it, or leave it unmanaged".to_owned();
                Unknown::new(format!("`{name}` is left out: {why}"), hint)
            }
            (None, Err(unknown)) => Unknown { reason: format!("`{name}` is left out: {}", unknown.reason), ..unknown.clone() },
            (None, Ok(_)) => return None,
        };
        Some((Address::environment(source.repository, name), unknown))
    };
    asked(source).filter_map(unknown).collect()
}

fn asked<'a>(source: &Source<'a>) -> impl Iterator<Item = (&'a EnvName, &'a Result<LiveEnvironment, Unknown>)> {
    let only = source.only;
    source.environments.iter().filter(move |(name, _)| only.is_empty() || only.contains(name))
}

pub(super) fn refused_name(name: &EnvName) -> Option<String> {
    refusal(&format!("version = 1\n[environments.{}]\n", value::key(name.as_str())))
}

/// Why the reader refuses a text, in its own words; `None` when it takes it.
pub(super) fn refusal(text: &str) -> Option<String> {
    let problems = config::parse("gate.toml", text).err()?;
    let message = problems.problems.first().map(|problem| problem.message.clone()).unwrap_or_default();
    Some(format!("gate.toml cannot express it: {message}"))
}
