//! Names that GitHub compares in its own way.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

/// Why a string is not a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameError(pub String);

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NameError {}

/// The name of a GitHub environment: keeps its spelling, compares without case (fact G2.7).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EnvName(String);

impl EnvName {
    /// GitHub's limit, in characters (fact G2.7).
    pub const MAX_CHARS: usize = 255;

    /// Reads a name; empty and overlong ones are refused.
    ///
    /// # Errors
    /// When the name is empty or longer than [`Self::MAX_CHARS`].
    pub fn new(name: impl Into<String>) -> Result<Self, NameError> {
        let name = name.into();
        match name.chars().count() {
            0 => Err(NameError("an environment needs a name".to_owned())),
            n if n > Self::MAX_CHARS => {
                Err(NameError(format!("an environment name has at most {} characters, this one has {n}", Self::MAX_CHARS)))
            }
            _ => Ok(Self(name)),
        }
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that is equal for names of the same environment.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

impl PartialEq for EnvName {
    fn eq(&self, other: &Self) -> bool {
        self.folded() == other.folded()
    }
}
impl Eq for EnvName {}
impl PartialOrd for EnvName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for EnvName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded().cmp(&other.folded())
    }
}
impl Hash for EnvName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded().hash(state);
    }
}
impl fmt::Display for EnvName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `OWNER/REPO`; GitHub compares both halves without case (fact G1).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepoName {
    owner: String,
    name: String,
}

impl RepoName {
    /// Reads `OWNER/REPO`.
    ///
    /// # Errors
    /// When there are not exactly two parts, or a part holds a character that GitHub does not allow.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let part = |s: &str| !s.is_empty() && s != "." && s != ".." && s.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        match text.split_once('/') {
            // The end of a clone URL; GitHub refuses such a name.
            Some((owner, name)) if part(owner) && part(name) && name.to_ascii_lowercase().ends_with(".git") => {
                let name = &name[..name.len() - ".git".len()];
                Err(NameError(format!("a repository's name does not end in `.git`: write {owner}/{name}")))
            }
            Some((owner, name)) if part(owner) && part(name) => Ok(Self { owner: owner.to_owned(), name: name.to_owned() }),
            _ => Err(NameError("a repository is written OWNER/REPO".to_owned())),
        }
    }

    /// The account or organization.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The repository's own name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether these two halves name it.
    pub fn is(&self, owner: &str, name: &str) -> bool {
        self.owner.eq_ignore_ascii_case(owner) && self.name.eq_ignore_ascii_case(name)
    }
}

impl TryFrom<String> for RepoName {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}
impl From<RepoName> for String {
    fn from(name: RepoName) -> Self {
        name.to_string()
    }
}
impl PartialEq for RepoName {
    fn eq(&self, other: &Self) -> bool {
        self.is(&other.owner, &other.name)
    }
}
impl Eq for RepoName {}
impl fmt::Display for RepoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_names_compare_without_case_and_keep_their_spelling() {
        let a = EnvName::new("Production").unwrap();
        assert_eq!(a, EnvName::new("PRODUCTION").unwrap());
        assert_ne!(a, EnvName::new("production-eu").unwrap());
        assert_eq!(a.to_string(), "Production");
        assert_eq!(EnvName::new("É").unwrap(), EnvName::new("é").unwrap());
    }

    #[test]
    fn environment_names_are_counted_in_characters() {
        assert!(EnvName::new("é".repeat(255)).is_ok());
        assert!(EnvName::new("é".repeat(256)).is_err());
        assert!(EnvName::new("").is_err());
    }

    #[test]
    fn repository_names_have_two_plain_parts() {
        assert_eq!(RepoName::parse("raxx-app/TradeMasterAPI").unwrap(), RepoName::parse("RAXX-app/trademasterapi").unwrap());
        for bad in ["", "a", "a/", "/b", "a/b/c", "a b/c", "a/..", "a/b?c", "acme/x.git", "acme/x.GIT"] {
            assert!(RepoName::parse(bad).is_err(), "{bad}");
        }
    }
}
