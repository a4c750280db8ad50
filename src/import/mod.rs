//! Turns what is live into the text of a gate.toml. Pure.
//!
//! Owns which keys an imported file declares, what it says in comments about doors that stand open, and how an existing
//! file is brought up to date without losing its comments and order. Must not ask anything, nor know of the command line.
//!
//! Everything that holds a deployment back is declared; what holds nothing back (no reviewers, every ref, a timer of 0)
//! is left undeclared and, where it matters, named in a `# weak:` line. What could not be read, or cannot be said in
//! gate.toml, becomes an `# unknown:` line: nothing is left out silently. Both kinds of lines belong to import.
//! Workflows, Heroku config vars (they may be secrets) and freezes are not imported.

mod declared;
mod edit;
mod key;
mod merge;
mod text;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::config::{self, Problems};
use crate::model::{Address, Cause, EnvName, RepoName, Unknown};
use crate::providers::github::live::{Environments, LiveEnvironment};

use declared::Declared;
pub use declared::UNSAID_BYPASS;

/// What was read of a repository, as far as an import goes.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The repository in GitHub's own spelling.
    pub repository: &'a RepoName,
    /// The REST API's address, where it is not GitHub's own.
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
    /// The file; the very same text where it already says all of it.
    pub imported: Imported,
    /// What was changed, as paths of keys, in the order of the live state.
    pub changes: Vec<String>,
    /// What was left alone and should be looked at.
    pub remarks: Vec<String>,
}

/// Writes the gate.toml that plans to no changes against the live state.
#[must_use]
pub fn render(source: &Source<'_>) -> Imported {
    let mut unknown = unspeakable(source);
    let mut text = text::head(source, &unknown);
    for (name, there) in selected(source) {
        let declared = Declared::new(source, there);
        text.push('\n');
        text.push_str(&text::environment(name, &declared));
        unknown.extend(declared.unknown.into_iter().map(|(_, unknown)| (Address::environment(source.repository, name), unknown)));
    }
    if let Some(reason) = refusal(&text) {
        let hint = "import fewer environments at a time, with --environment".to_owned();
        unknown.push((Address::repository(source.repository), Unknown { reason, hint, cause: Cause::Other }));
    }
    Imported { text, unknown }
}

/// Brings an existing gate.toml in line with the live state, and keeps its comments, its order and its spelling.
///
/// A declared key takes the live value; a key or an environment that is not declared is added where [`render`] would
/// declare it. Whether an environment exists is never changed: one that is declared and not live, or declared absent
/// and live, is left as it is and named in the remarks. Nor is a declared secret taken away: it is a demand.
///
/// # Errors
/// Every problem of the file; it has to be sound before it can be merged into.
pub fn update(path: &str, text: &str, source: &Source<'_>) -> Result<Updated, Problems> {
    merge::merge(path, text, source)
}

/// What is asked for and can be named in a file.
fn selected<'a>(source: &Source<'a>) -> impl Iterator<Item = (&'a EnvName, &'a LiveEnvironment)> {
    asked(source).filter_map(|(name, there)| Some((name, there.as_ref().ok()?))).filter(|(name, _)| refused_name(name).is_none())
}

/// Environments whose names gate.toml refuses, and those that are not understood.
fn unspeakable(source: &Source<'_>) -> Vec<(Address, Unknown)> {
    let unknown = |(name, there): (&EnvName, &Result<LiveEnvironment, Unknown>)| {
        let unknown = match (refused_name(name), there) {
            (Some(why), _) => {
                let hint = "rename it on GitHub, which means to recreate it, or leave it unmanaged".to_owned();
                Unknown { reason: format!("`{name}` is left out: {why}"), hint, cause: Cause::Other }
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

fn refused_name(name: &EnvName) -> Option<String> {
    refusal(&format!("version = 1\n[environments.{}]\n", text::key(name.as_str())))
}

/// Why the reader refuses a text, in its own words; `None` when it takes it.
fn refusal(text: &str) -> Option<String> {
    let problems = config::parse("gate.toml", text).err()?;
    let message = problems.problems.first().map(|problem| problem.message.clone()).unwrap_or_default();
    Some(format!("gate.toml cannot say it: {message}"))
}
