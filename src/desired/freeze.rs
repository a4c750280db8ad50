//! The `[freeze]` table: what a freeze covers, how it is stored, and the calendar.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::model::{Address, EnvName, RepoName};

/// The whole `[freeze]` table with its defaults filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// Where the freeze is kept.
    pub store: Store,
    /// The environments that a freeze closes.
    pub environments: BTreeSet<EnvName>,
    /// The config var that says `true` while frozen.
    pub flag: String,
    /// The config var that opens a frozen deploy.
    pub override_flag: String,
    /// `frozen = true`: declares a freeze. `false` cannot be written.
    pub frozen: bool,
    /// Whether a freeze compensates while GitHub refuses required reviewers.
    pub compensates: bool,
    /// Commands that fail while deploys are frozen, besides `gatectl freeze check`.
    pub check_commands: Vec<String>,
    /// What `freeze check` says when the store cannot be reached.
    pub on_unreachable: OnUnreachable,
    /// The calendar.
    pub windows: Vec<Window>,
}

/// Where a freeze is kept. What is sent to it is in the folder of its provider: see [`crate::providers::freeze_store`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Store {
    /// Config vars of a Heroku app.
    Heroku(String),
    /// Actions variables of a GitHub organization (`acme`) or of a repository (`acme/shop`).
    Github(String),
}

impl Store {
    /// Reads `OWNER` or `OWNER/REPO`.
    ///
    /// # Errors
    /// A sentence, when the text is neither.
    pub fn github(text: &str) -> Result<Self, String> {
        // An owner's name obeys the rules of a path's first part.
        let path = if text.contains('/') { text.to_owned() } else { format!("{text}/any") };
        match RepoName::parse(&path) {
            Ok(_) => Ok(Self::Github(text.to_owned())),
            Err(_) => Err("write an organization (OWNER) or a repository (OWNER/REPO)".to_owned()),
        }
    }

    /// Whether two names are the same store: GitHub compares names without case (fact G1).
    pub fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Heroku(a), Self::Heroku(b)) => a == b,
            (Self::Github(a), Self::Github(b)) => a.eq_ignore_ascii_case(b),
            (Self::Heroku(_), Self::Github(_)) | (Self::Github(_), Self::Heroku(_)) => false,
        }
    }

    /// Its name in messages: `shop-prod`.
    pub fn name(&self) -> &str {
        match self {
            Self::Heroku(name) | Self::Github(name) => name,
        }
    }

    /// What it is, with its name: `the app shop-prod`.
    pub fn described(&self) -> String {
        match self {
            Self::Heroku(app) => format!("the app {app}"),
            Self::Github(name) if name.contains('/') => format!("the repository {name}"),
            Self::Github(name) => format!("the organization {name}"),
        }
    }

    /// What holds the four values: `the app's config vars`.
    pub const fn values(&self) -> &'static str {
        match self {
            Self::Heroku(_) => "the app's config vars",
            Self::Github(_) => "the Actions variables that hold it",
        }
    }

    /// The key of gate.toml that names it.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Heroku(_) => "freeze.heroku_app",
            Self::Github(_) => "freeze.github",
        }
    }

    /// The service whose credentials can read it.
    pub fn credentials(&self) -> &'static str {
        match self {
            Self::Heroku(_) => "the account behind HEROKU_API_KEY",
            Self::Github(name) if name.contains('/') => "the token in GH_TOKEN, which needs `Variables: read`",
            Self::Github(_) => "the token in GH_TOKEN, which needs the organization permission `Variables: read`",
        }
    }

    /// The flag that names it on the command line: `--app shop-prod`.
    pub fn flag(&self) -> String {
        match self {
            Self::Heroku(app) => format!("--app {app}"),
            Self::Github(name) => format!("--github {name}"),
        }
    }

    /// The address of the freeze that is kept there.
    pub fn address(&self) -> Address {
        match self {
            Self::Heroku(app) => Address::freeze(app),
            Self::Github(name) => Address::github_freeze(name),
        }
    }

    /// The app whose config vars hold the values: gate.toml may declare more of them.
    pub fn app(&self) -> Option<&str> {
        match self {
            Self::Heroku(app) => Some(app),
            Self::Github(_) => None,
        }
    }
}

impl Policy {
    /// The default of `flag`.
    pub const FLAG: &str = "DEPLOY_FREEZE";
    /// The default of `override`.
    pub const OVERRIDE: &str = "DEPLOY_FREEZE_OVERRIDE";
    /// What is appended to a key's name for its JSON record.
    pub const RECORD_SUFFIX: &str = "_INFO";
}

/// What an unreachable store means for a deploy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnUnreachable {
    /// Closed: `freeze check` exits 8.
    #[default]
    Frozen,
    /// Open, with a loud warning.
    Open,
}

/// One `[[freeze.windows]]`: a time in which deploys are closed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// What messages call it; unique in the file.
    pub name: String,
    /// When.
    pub schedule: Schedule,
    /// The IANA zone that the schedule's times are local to.
    pub timezone: String,
    /// Why; shown to everyone who is refused.
    pub reason: Option<String>,
}

/// When a window is closed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// Recurring: from each match of a five-field cron line.
    Recurring {
        /// The cron line as written, already checked by [`crate::freeze::Cron::parse`].
        start: String,
        /// How long each occurrence lasts.
        length: Length,
    },
    /// Once: from one local date-time to another.
    Once {
        /// The first closed moment.
        from: DateTime,
        /// The first open moment.
        until: DateTime,
    },
}

/// How long each occurrence of a recurring window lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Length {
    /// This much absolute time; more than zero, at most 31 days.
    Duration(Duration),
    /// Until this cron line matches for the first time after the start, in wall-clock time. As written, already checked.
    End(String),
}
