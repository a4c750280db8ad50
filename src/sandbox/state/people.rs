//! Accounts, teams, apps and tokens.

use std::collections::{BTreeMap, BTreeSet};

/// Everyone and everything that may act.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People {
    /// Users, bots and organizations, by id.
    pub accounts: BTreeMap<u64, Account>,
    /// Teams, by id.
    pub teams: BTreeMap<u64, Team>,
    /// GitHub Apps.
    pub apps: Vec<App>,
}

impl People {
    /// The account with this login, ignoring case.
    pub fn account(&self, login: &str) -> Option<&Account> {
        self.accounts.values().find(|account| account.login.eq_ignore_ascii_case(login))
    }

    /// The team of this organization with this slug.
    pub fn team(&self, org: &str, slug: &str) -> Option<&Team> {
        self.teams.values().find(|team| team.org.eq_ignore_ascii_case(org) && team.slug.eq_ignore_ascii_case(slug))
    }

    /// The billing plan of this account; Free if unknown.
    pub fn plan(&self, login: &str) -> Plan {
        self.account(login).map_or(Plan::Free, |account| account.plan)
    }

    /// The team and its parents, nearest first.
    pub fn lineage(&self, team: u64) -> impl Iterator<Item = &Team> {
        let mut seen = BTreeSet::new();
        std::iter::successors(self.teams.get(&team), |team| self.teams.get(&team.parent?)).take_while(move |team| seen.insert(team.id))
    }
}

/// A user, a bot or an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The database id.
    pub id: u64,
    /// The login, as it is written.
    pub login: String,
    /// Which of the three.
    pub kind: AccountKind,
    /// Its billing plan.
    pub plan: Plan,
    /// Logins of those who own it, when it is an organization.
    pub owners: BTreeSet<String>,
    /// Logins of all members, when it is an organization.
    pub members: BTreeSet<String>,
}

/// GitHub's `type` of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountKind {
    /// A person, or a machine with a person's account.
    User,
    /// A GitHub App's account.
    Bot,
    /// An organization.
    Organization,
}

impl AccountKind {
    /// GitHub's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Bot => "Bot",
            Self::Organization => "Organization",
        }
    }
}

/// A billing plan (fact G2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// Free, for users and organizations.
    Free,
    /// Pro, for users.
    Pro,
    /// Team, for organizations.
    Team,
    /// Enterprise Cloud; Enterprise Server counts as this.
    Enterprise,
}

impl Plan {
    /// GitHub's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Pro => "pro",
            Self::Team => "team",
            Self::Enterprise => "enterprise",
        }
    }
}

/// A team of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// The database id.
    pub id: u64,
    /// The organization's login.
    pub org: String,
    /// The slug.
    pub slug: String,
    /// The name.
    pub name: String,
    /// The parent team, whose access it inherits.
    pub parent: Option<u64>,
    /// Logins of its members.
    pub members: BTreeSet<String>,
    /// Whether only members and owners can see it.
    pub secret: bool,
}

/// A GitHub App.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// The database id.
    pub id: u64,
    /// The slug.
    pub slug: String,
    /// The login of its owner.
    pub owner: String,
}

/// What an account may do in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Nothing.
    None,
    /// Read.
    Read,
    /// Manage issues.
    Triage,
    /// Push.
    Write,
    /// Manage without dangerous actions.
    Maintain,
    /// Everything.
    Admin,
}

impl Permission {
    /// The role's name.
    pub fn role(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Triage => "triage",
            Self::Write => "write",
            Self::Maintain => "maintain",
            Self::Admin => "admin",
        }
    }

    /// The four-word form of the permission endpoint: triage reads as read, maintain as write (fact G1.5).
    pub fn legacy(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read | Self::Triage => "read",
            Self::Write | Self::Maintain => "write",
            Self::Admin => "admin",
        }
    }
}

/// A required reviewer, as GitHub stores it: by id (fact G2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReviewerRef {
    /// An account.
    User(u64),
    /// A team.
    Team(u64),
}

/// A token and what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Whose it is; for an installation the bot's login.
    pub login: String,
    /// What it was granted.
    pub grant: Grant,
}

/// The three kinds of tokens, with their grants (fact G2.9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// A classic token with OAuth scopes: `repo`, `read:org`, …
    Classic(BTreeSet<String>),
    /// A fine-grained token: area (`administration`, `actions`, …) to level.
    FineGrained(BTreeMap<String, Level>),
    /// An App installation's, or `GITHUB_TOKEN`: area to level.
    Installation(BTreeMap<String, Level>),
}

/// How much of an area a token was granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `read`.
    Read,
    /// `write`, which includes `read`.
    Write,
}

impl Level {
    /// GitHub's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

impl Token {
    /// A classic token.
    pub fn classic(login: &str, scopes: &[&str]) -> Self {
        Self { login: login.to_owned(), grant: Grant::Classic(scopes.iter().map(|&scope| scope.to_owned()).collect()) }
    }

    /// A fine-grained token.
    pub fn fine_grained(login: &str, areas: &[(&str, Level)]) -> Self {
        Self { login: login.to_owned(), grant: Grant::FineGrained(areas.iter().map(|&(area, level)| (area.to_owned(), level)).collect()) }
    }

    /// An installation's token.
    pub fn installation(login: &str, areas: &[(&str, Level)]) -> Self {
        Self { login: login.to_owned(), grant: Grant::Installation(areas.iter().map(|&(area, level)| (area.to_owned(), level)).collect()) }
    }
}
