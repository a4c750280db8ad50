//! Rulesets of a repository and of its organization: which refs they keep people from creating and moving.
//!
//! GETs only; requested only if an environment admits refs by pattern. Must not judge.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde::Deserialize;

use super::target::repo_target;
use crate::desired::github::{Pattern, RefKind};
use crate::http::Reader;
use crate::model::fnmatch;
use crate::model::{RepoName, Unknown};

/// An enforced ruleset on branches or tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruleset {
    /// Its name.
    pub name: String,
    /// Branches or tags.
    pub kind: RefKind,
    /// The refs that it names, as GitHub writes them: `refs/tags/v*`, `~ALL`.
    pub include: Vec<String>,
    /// The refs that it leaves out.
    pub exclude: Vec<String>,
    /// The types of its rules: `creation`, `update`, `deletion`, …
    pub rules: BTreeSet<String>,
    /// Who may ignore it.
    pub bypass: Bypass,
}

/// Who may ignore a ruleset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bypass {
    /// The number of actors: roles, teams, apps, people.
    Listed(usize),
    /// The token does not see the list.
    Hidden,
}

impl Ruleset {
    /// Whether it certainly covers every ref that a pattern of an environment admits.
    pub fn covers(&self, pattern: &Pattern) -> bool {
        let prefix = match self.kind {
            RefKind::Branch => "refs/heads/",
            RefKind::Tag => "refs/tags/",
        };
        let includes = |include: &String| {
            include == "~ALL" || include.strip_prefix(prefix).is_some_and(|general| fnmatch::covers(general, &pattern.name))
        };
        self.kind == pattern.kind && self.exclude.is_empty() && self.include.iter().any(includes)
    }
}

/// Reads every enforced ruleset on branches and tags, those of the organization included.
///
/// # Errors
/// When the list or one of the rulesets cannot be read.
pub(super) async fn rulesets(reader: &Reader, repo: &RepoName) -> Result<Vec<Ruleset>, Unknown> {
    let list = repo_target(repo).join("rulesets").query("includes_parents", true).query("per_page", 100);
    let listed: Vec<wire::Listed> = reader.get_json(&list).await.map_err(|error| error.unknown())?;
    let active = listed.into_iter().filter(|one| one.enforcement == "active" && matches!(one.target.as_deref(), Some("branch" | "tag")));
    let details = active.map(|one| async move {
        let target = repo_target(repo).join("rulesets").join(&one.id.to_string()).query("includes_parents", true);
        let whole: wire::Whole = reader.get_json(&target).await.map_err(|error| error.unknown())?;
        let names = whole.conditions.and_then(|conditions| conditions.ref_name);
        let (include, exclude) = names.map(|names| (names.include, names.exclude)).unwrap_or_default();
        Ok(Ruleset {
            name: one.name,
            kind: if one.target.as_deref() == Some("tag") { RefKind::Tag } else { RefKind::Branch },
            include,
            exclude,
            rules: whole.rules.into_iter().map(|rule| rule.kind).collect(),
            bypass: whole.bypass_actors.map_or(Bypass::Hidden, |actors| Bypass::Listed(actors.len())),
        })
    });
    join_all(details).await.into_iter().collect()
}

/// Wire formats.
mod wire {
    use super::Deserialize;

    #[derive(Deserialize)]
    pub(super) struct Listed {
        pub id: u64,
        pub name: String,
        pub target: Option<String>,
        pub enforcement: String,
    }

    #[derive(Deserialize)]
    pub(super) struct Whole {
        pub conditions: Option<Conditions>,
        pub rules: Vec<Rule>,
        /// Left out if the token may not see it.
        pub bypass_actors: Option<Vec<serde_json::Value>>,
    }

    #[derive(Deserialize)]
    pub(super) struct Conditions {
        pub ref_name: Option<RefName>,
    }

    #[derive(Deserialize)]
    pub(super) struct RefName {
        pub include: Vec<String>,
        pub exclude: Vec<String>,
    }

    #[derive(Deserialize)]
    pub(super) struct Rule {
        #[serde(rename = "type")]
        pub kind: String,
    }
}
