//! The repositories of an organization, as its lists describe them: GETs only (fact G1.8).
//!
//! Owns the requests of a fleet that are sent once, and which answers are the same for every repository. Must not know which
//! repositories are wanted.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::http::{ErrorKind, Reader, Sameness, Target};
use crate::model::{RepoName, Unknown};

use super::live::Repository;
use super::observe::{self, pages};

/// A repository of the list; one whose description is not fully understood is unknown (law 1).
pub type Listed = (RepoName, Result<Repository, Unknown>);

/// Reads every repository of an organization that the token can see, in the order of their names.
///
/// # Errors
/// If the list cannot be read to its end: half a list does not say which repositories match.
pub async fn repositories(reader: &Reader, organization: &str) -> Result<Vec<Listed>, Unknown> {
    // Sorted by name, so that an update during the read does not move entries to another page.
    let target = Target::new(["orgs", organization, "repos"]).query("type", "all").query("sort", "full_name").query("direction", "asc");
    let found: Vec<Entry> = pages::<_, Vec<Entry>>(reader, &target, 100).await.map_err(|error| match error.kind {
        ErrorKind::NotFound => Unknown {
            hint: format!("Check the name in `[fleet] organization`, and that the token can see {organization}. A personal account is not an organization"),
            ..error.unknown()
        },
        _ => error.unknown(),
    })?;
    let mut repositories = BTreeMap::new();
    for Entry(listed) in found {
        let (name, repository) = listed.map_err(|why| reader.malformed(&target, why).unknown())?;
        if !name.owner().eq_ignore_ascii_case(organization) {
            return Err(reader.malformed(&target, format!("the list contains {name}, which does not belong to {organization}")).unknown());
        }
        // One entry may be on two pages if another one is added meanwhile.
        repositories.insert(name.to_string().to_lowercase(), (name, repository.map_err(|why| reader.malformed(&target, why).unknown())));
    }
    Ok(repositories.into_values().collect())
}

/// One entry of the list, reduced as it is parsed: whole descriptions of thousands of repositories are not kept.
struct Entry(Result<(RepoName, Result<Repository, String>), String>);

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(observe::listed(&Value::deserialize(deserializer)?)))
    }
}

#[derive(Deserialize)]
struct WithProperties {
    repository_name: String,
    properties: Vec<Property>,
}

#[derive(Deserialize)]
struct Property {
    property_name: String,
    value: Value,
}

impl Property {
    /// Whether it has this value, or a list that contains it.
    fn is(&self, name: &str, wanted: &str) -> bool {
        let has = match &self.value {
            Value::Array(values) => values.iter().any(|value| value.as_str() == Some(wanted)),
            value => value.as_str() == Some(wanted),
        };
        has && self.property_name == name
    }
}

/// The names, in lower case, of the repositories that have all of these custom properties.
///
/// # Errors
/// If the list cannot be read to its end.
pub async fn with_properties(reader: &Reader, organization: &str, wanted: &BTreeMap<String, String>) -> Result<BTreeSet<String>, Unknown> {
    // The whole list: how a query quotes a value is not documented.
    let target = Target::new(["orgs", organization, "properties", "values"]);
    let found: Vec<WithProperties> = pages::<_, Vec<WithProperties>>(reader, &target, 100).await.map_err(|error| match error.kind {
        ErrorKind::NotFound | ErrorKind::Forbidden => Unknown {
            hint: "Give the token the organization permission `Custom properties: read`, or name the repositories".to_owned(),
            ..error.unknown()
        },
        _ => error.unknown(),
    })?;
    let has_all = |one: &WithProperties| wanted.iter().all(|(name, value)| one.properties.iter().any(|property| property.is(name, value)));
    Ok(found.into_iter().filter(has_all).map(|one| one.repository_name.to_lowercase()).collect())
}

/// Which answers are the same for all repositories of an organization: people, teams, who is in them, a file that workflows call at
/// a ref, and files with the same content.
pub fn shared(target: &Target) -> Option<Sameness> {
    let address = target.to_string();
    let (path, query) = address.split_once('?').unwrap_or((&address, ""));
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let is_shared = match parts.as_slice() {
        ["repos", _, _, "git", "blobs", sha] => return Some(Sameness::Content((*sha).to_owned())),
        ["repos", _, _, "contents", ..] => query.starts_with("ref="),
        ["users" | "user", ..] | ["orgs", _] | ["orgs", _, "teams"] | ["orgs", _, "teams", _] => true,
        ["orgs", _, "teams", _, rest @ ..] => rest.first() != Some(&"repos"),
        _ => false,
    };
    is_shared.then_some(Sameness::Address(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_a_repository_is_asked_for_each() {
        for people in [
            &["users", "ann"][..],
            &["user", "1"],
            &["orgs", "acme"],
            &["orgs", "acme", "teams", "sre"],
            &["orgs", "acme", "teams", "sre", "members"],
        ] {
            let target = Target::new(people).query("per_page", 100);
            assert_eq!(shared(&target), Some(Sameness::Address(target.to_string())), "{people:?}");
        }
        for own in [&["repos", "acme", "a"][..], &["orgs", "acme", "teams", "sre", "repos", "acme", "a"], &["orgs", "acme", "repos"]] {
            assert_eq!(shared(&Target::new(own)), None, "{own:?}");
        }
        let file = |name: &str| Target::new(["repos", "acme", name, "contents", "deploy.yml"]);
        assert_eq!(shared(&file("a")), None, "the default branch moves");
        assert!(shared(&file("a").query("ref", "v1")).is_some());
        let blob = |name: &str| shared(&Target::new(["repos", "acme", name, "git", "blobs", "5ca1ab1e"]));
        assert_eq!((blob("a"), blob("a")), (blob("b"), Some(Sameness::Content("5ca1ab1e".to_owned()))));
    }
}
