//! Addresses: the stable names of what gatectl manages.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use super::{EnvName, RepoName};

/// What an address points at. The order of the variants is the order of a plan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AddressKind {
    /// The repository itself; nothing is planned here, but notes and unknowns may mention it.
    Repository,
    /// A GitHub environment, by its name.
    Environment(EnvName),
    /// A Heroku app itself; nothing is planned here, but unknowns may mention it.
    App,
    /// One config var of a Heroku app, by its key.
    Config(String),
    /// The deploy freeze of a Heroku app, of a repository or of its owner.
    Freeze,
}

/// The name of one managed thing: `github/OWNER/REPO/environments/NAME`, `heroku/APP/config/KEY`, `heroku/APP/freeze`,
/// `github/OWNER[/REPO]/freeze`.
///
/// Scripts match on the printed form, so it is part of the interface. Sorting addresses gives the order of a plan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Address {
    provider: Provider,
    scope: String,
    kind: AddressKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Provider {
    Github,
    Heroku,
}

impl Address {
    /// The address of a repository: `github/OWNER/REPO`.
    pub fn repository(repo: &RepoName) -> Self {
        Self { provider: Provider::Github, scope: repo.to_string(), kind: AddressKind::Repository }
    }

    /// The address of an environment: `github/OWNER/REPO/environments/NAME`.
    pub fn environment(repo: &RepoName, name: &EnvName) -> Self {
        Self { provider: Provider::Github, scope: repo.to_string(), kind: AddressKind::Environment(name.clone()) }
    }

    /// The address of a Heroku app: `heroku/APP`.
    pub fn app(app: &str) -> Self {
        Self { provider: Provider::Heroku, scope: app.to_owned(), kind: AddressKind::App }
    }

    /// The address of one config var: `heroku/APP/config/KEY`.
    pub fn config(app: &str, key: &str) -> Self {
        Self { provider: Provider::Heroku, scope: app.to_owned(), kind: AddressKind::Config(key.to_owned()) }
    }

    /// The address of an app's deploy freeze: `heroku/APP/freeze`.
    pub fn freeze(app: &str) -> Self {
        Self { provider: Provider::Heroku, scope: app.to_owned(), kind: AddressKind::Freeze }
    }

    /// The address of the deploy freeze that is kept at a repository or its owner: `github/OWNER[/REPO]/freeze`.
    pub fn github_freeze(owner_or_repository: &str) -> Self {
        Self { provider: Provider::Github, scope: owner_or_repository.to_owned(), kind: AddressKind::Freeze }
    }

    /// `github` or `heroku`.
    pub const fn provider(&self) -> &'static str {
        match self.provider {
            Provider::Github => "github",
            Provider::Heroku => "heroku",
        }
    }

    /// `OWNER/REPO`, `OWNER`, or the name of the app.
    pub fn scope(&self) -> &str {
        &self.scope
    }

    /// What the address points at.
    pub fn kind(&self) -> &AddressKind {
        &self.kind
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider(), self.scope)?;
        match &self.kind {
            AddressKind::Repository | AddressKind::App => Ok(()),
            AddressKind::Environment(name) => write!(f, "/environments/{name}"),
            AddressKind::Config(key) => write!(f, "/config/{key}"),
            AddressKind::Freeze => f.write_str("/freeze"),
        }
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl TryFrom<String> for Address {
    type Error = String;

    /// Reads the printed form back: everything after `/environments/` is the name, slashes included.
    fn try_from(text: String) -> Result<Self, String> {
        let bad = || format!("not an address: {text}");
        let (provider, rest) = text.split_once('/').ok_or_else(bad)?;
        match provider {
            "github" => {
                let (owner, rest) = rest.split_once('/').ok_or_else(bad)?;
                if rest == "freeze" {
                    return Ok(Self::github_freeze(owner));
                }
                let (name, tail) = rest.split_once('/').map_or((rest, None), |(name, tail)| (name, Some(tail)));
                let repo = RepoName::parse(&format!("{owner}/{name}")).map_err(|e| e.0)?;
                match tail {
                    None => Ok(Self::repository(&repo)),
                    Some("freeze") => Ok(Self::github_freeze(&repo.to_string())),
                    Some(tail) => {
                        let name = tail.strip_prefix("environments/").ok_or_else(bad)?;
                        Ok(Self::environment(&repo, &EnvName::new(name).map_err(|e| e.0)?))
                    }
                }
            }
            "heroku" => match rest.split_once('/') {
                None => Ok(Self::app(rest)),
                Some((app, "freeze")) => Ok(Self::freeze(app)),
                Some((app, tail)) => Ok(Self::config(app, tail.strip_prefix("config/").ok_or_else(bad)?)),
            },
            _ => Err(bad()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_back_what_they_print() {
        let repo = RepoName::parse("o/r").unwrap();
        for address in [
            Address::repository(&repo),
            Address::environment(&repo, &EnvName::new("prod/eu west").unwrap()),
            Address::app("app"),
            Address::config("app", "KEY"),
            Address::freeze("app"),
            Address::github_freeze("o"),
            Address::github_freeze("o/r"),
        ] {
            assert_eq!(Address::try_from(address.to_string()), Ok(address));
        }
        assert_eq!(Address::environment(&repo, &EnvName::new("production").unwrap()).to_string(), "github/o/r/environments/production");
    }

    #[test]
    fn plan_order_is_github_then_heroku_then_name() {
        let repo = RepoName::parse("o/r").unwrap();
        let env = |n: &str| Address::environment(&repo, &EnvName::new(n).unwrap());
        let mut all = vec![Address::freeze("a"), Address::config("a", "B"), Address::config("a", "A"), env("b"), env("A")];
        all.sort();
        assert_eq!(all, vec![env("A"), env("b"), Address::config("a", "A"), Address::config("a", "B"), Address::freeze("a")]);
    }
}
