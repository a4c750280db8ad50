//! Heroku apps.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

/// Heroku.
#[derive(Debug, Clone, PartialEq)]
pub struct Heroku {
    /// Apps, by name.
    pub apps: BTreeMap<String, HerokuApp>,
    /// Tokens that are known by name. Empty: every token is [`Self::viewer`]'s, with the `global` scope.
    pub tokens: BTreeMap<String, HerokuToken>,
    /// The email behind an unnamed token.
    pub viewer: String,
    /// The rest of the account's request pool (fact H2.1).
    pub remaining: u32,
}

impl Default for Heroku {
    fn default() -> Self {
        Self { apps: BTreeMap::new(), tokens: BTreeMap::new(), viewer: "operator@example.com".to_owned(), remaining: 4500 }
    }
}

/// A Heroku token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HerokuToken {
    /// Whose it is.
    pub email: String,
    /// Its OAuth scopes: `global`, `identity`, `read`, `write`, `read-protected`, `write-protected`.
    pub scopes: BTreeSet<String>,
}

/// An app.
#[derive(Debug, Clone, PartialEq)]
pub struct HerokuApp {
    /// A UUID.
    pub id: String,
    /// The name.
    pub name: String,
    /// The owner's email.
    pub owner: String,
    /// Config vars.
    pub config: BTreeMap<String, String>,
    /// Releases, oldest first; the last one is current.
    pub releases: Vec<Release>,
    /// `cedar` or `fir`.
    pub generation: String,
    /// The stage in its pipeline, when it is in one.
    pub stage: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A release: what every change of config vars makes.
#[derive(Debug, Clone, PartialEq)]
pub struct Release {
    /// A UUID.
    pub id: String,
    /// 1, 2, 3, …
    pub version: u64,
    /// Names the keys that changed.
    pub description: String,
    /// The email of the person who made it.
    pub user: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// All config vars of that release.
    pub config: BTreeMap<String, String>,
}

impl HerokuApp {
    /// An app with these config vars, in its first release.
    pub fn new(name: &str, owner: &str, config: BTreeMap<String, String>, now: Timestamp) -> Self {
        let mut app = Self {
            id: uuid(&format!("app {name}")),
            name: name.to_owned(),
            owner: owner.to_owned(),
            config,
            releases: Vec::new(),
            generation: "cedar".to_owned(),
            stage: Some("production".to_owned()),
            created_at: now,
        };
        app.release("Initial release", owner, now);
        app
    }

    /// Makes a release of the app as it is now.
    pub fn release(&mut self, description: &str, user: &str, now: Timestamp) {
        let version = self.releases.last().map_or(1, |release| release.version + 1);
        self.releases.push(Release {
            id: uuid(&format!("release {} {version}", self.name)),
            version,
            description: description.to_owned(),
            user: user.to_owned(),
            created_at: now,
            config: self.config.clone(),
        });
    }

    /// What another writer does: changes config vars (none deletes) and makes a release.
    pub fn set(&mut self, user: &str, changes: &[(&str, Option<&str>)], now: Timestamp) {
        for (key, value) in changes {
            match value {
                Some(value) => self.config.insert((*key).to_owned(), (*value).to_owned()),
                None => self.config.remove(*key),
            };
        }
        let keys: Vec<&str> = changes.iter().map(|(key, _)| *key).collect();
        self.release(&format!("Set {} config vars", keys.join(", ")), user, now);
    }

    /// Goes back to an earlier release, config vars included; false if there is none of this version.
    pub fn rollback(&mut self, version: u64, user: &str, now: Timestamp) -> bool {
        let Some(config) = self.releases.iter().find(|release| release.version == version).map(|release| release.config.clone()) else {
            return false;
        };
        self.config = config;
        self.release(&format!("Rollback to v{version}"), user, now);
        true
    }
}

/// A UUID that follows from a name.
pub(in crate::sandbox) fn uuid(name: &str) -> String {
    let (a, b) = (crate::sandbox::wire::fnv(name.as_bytes()), crate::sandbox::wire::fnv(format!("{name}.").as_bytes()));
    let (a1, a2, a3) = (a >> 32, (a >> 16) & 0xffff, a & 0xfff);
    format!("{a1:08x}-{a2:04x}-4{a3:03x}-{:04x}-{:012x}", 0x8000 | (b >> 50), b & 0xffff_ffff_ffff)
}
