//! GitHub's world and its repositories.

use std::collections::{BTreeMap, BTreeSet};

use super::environment::{Environment, RefType, Secret, Variable};
use super::git::{Commit, Pull};
use super::people::{Account, AccountKind, Level, People, Permission, Plan, Team, Token};
use super::runs::{Deployment, Run};
use crate::model::RepoName;

/// GitHub.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GitHub {
    /// Accounts, teams, apps.
    pub people: People,
    /// What organizations hold, by login in lower case.
    pub organizations: BTreeMap<String, Organization>,
    /// Repositories.
    pub repos: Vec<Repo>,
    /// Tokens that are known by name. Empty: every token is a classic one of [`Self::viewer`] with all scopes.
    pub tokens: BTreeMap<String, Token>,
    /// Installations of GitHub Apps.
    pub installations: Vec<Installation>,
    /// How many seconds this server's clock is ahead of the machine's.
    pub clock_ahead: i64,
    /// The login behind an unnamed token.
    pub viewer: String,
    /// The source of new ids.
    pub ids: Ids,
    /// How many of the hour's 5000 requests are used up (fact G2.11).
    pub used: u32,
    /// When that hour ends, in seconds since 1970. None before the first request (fact G2.11).
    pub resets: Option<u64>,
}

/// A GitHub App on an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The installation's own id.
    pub id: u64,
    /// The App's id.
    pub app_id: String,
    /// The App's public key, as DER of PKCS#1.
    pub public_key: Vec<u8>,
    /// The account that it is installed on.
    pub account: String,
    /// What it was granted.
    pub permissions: BTreeMap<String, Level>,
    /// Whether an admin suspended it.
    pub suspended: bool,
}

/// What an organization has besides its people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Organization {
    /// Actions variables, by upper-case name.
    pub variables: BTreeMap<String, OrganizationVariable>,
}

/// An Actions variable of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganizationVariable {
    /// The variable.
    pub variable: Variable,
    /// Which repositories can read it.
    pub readers: Readers,
}

/// Which repositories can read a variable of their organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readers {
    /// All of them.
    All,
    /// Those that are not public.
    Private,
    /// Those with these ids.
    Selected(BTreeSet<u64>),
}

impl Readers {
    /// GitHub's word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Private => "private",
            Self::Selected(_) => "selected",
        }
    }

    /// Whether this repository is one of them.
    pub fn include(&self, repo: &Repo) -> bool {
        match self {
            Self::All => true,
            Self::Private => repo.visibility != Visibility::Public,
            Self::Selected(ids) => ids.contains(&repo.id),
        }
    }
}

/// The value of a custom property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PropertyValue {
    /// A text, a single selection, `true` or `false`.
    One(String),
    /// A multiple selection.
    Many(Vec<String>),
}

/// A source of ids, unique in one world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ids(u64);

impl Default for Ids {
    fn default() -> Self {
        Self(56_780_000)
    }
}

impl Ids {
    /// An unused id.
    pub fn fresh(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}

impl GitHub {
    /// Adds an account, or finds the one of this login.
    pub fn add_account(&mut self, login: &str, id: Option<u64>, kind: AccountKind) -> u64 {
        if let Some(account) = self.people.account(login) {
            return account.id;
        }
        let id = id.unwrap_or_else(|| self.derived_id(login));
        let account = Account { id, login: login.to_owned(), kind, plan: Plan::Free, owners: BTreeSet::new(), members: BTreeSet::new() };
        self.people.accounts.insert(id, account);
        id
    }

    /// Adds a team, or finds the one of this slug.
    pub fn add_team(&mut self, org: &str, slug: &str, id: Option<u64>) -> u64 {
        if let Some(team) = self.people.team(org, slug) {
            return team.id;
        }
        let mut id = id.unwrap_or_else(|| self.derived_id(&format!("{org}/{slug}")));
        while self.people.teams.contains_key(&id) {
            id += 1;
        }
        let team = Team {
            id,
            org: org.to_owned(),
            slug: slug.to_owned(),
            name: slug.to_owned(),
            parent: None,
            members: BTreeSet::new(),
            secret: false,
        };
        self.people.teams.insert(id, team);
        id
    }

    /// What an organization holds, to be changed.
    pub fn organization_mut(&mut self, login: &str) -> &mut Organization {
        self.organizations.entry(login.to_lowercase()).or_default()
    }

    /// Sets the billing plan of a repository's owner.
    pub fn set_plan(&mut self, owner: &str, plan: Plan) {
        for account in self.people.accounts.values_mut().filter(|account| account.login.eq_ignore_ascii_case(owner)) {
            account.plan = plan;
        }
    }

    /// An id that follows from the name alone, unless it is taken.
    fn derived_id(&self, name: &str) -> u64 {
        let mut id = 10_000_000 + crate::sandbox::wire::fnv(name.to_lowercase().as_bytes()) % 90_000_000;
        while self.people.accounts.contains_key(&id) {
            id += 1;
        }
        id
    }
}

/// A repository.
#[derive(Debug, Clone, PartialEq)]
pub struct Repo {
    /// The database id.
    pub id: u64,
    /// `OWNER/REPO`, in its canonical case; the owner's account decides whether an organization owns it.
    pub name: RepoName,
    /// Names it had before: they answer 301.
    pub former_names: Vec<RepoName>,
    /// Who can see it.
    pub visibility: Visibility,
    /// Read-only.
    pub archived: bool,
    /// Disabled by GitHub.
    pub disabled: bool,
    /// The default branch.
    pub default_branch: String,
    /// Branches.
    pub branches: Vec<Branch>,
    /// Rulesets.
    pub rulesets: Vec<Ruleset>,
    /// Direct collaborators: login to permission.
    pub collaborators: BTreeMap<String, Permission>,
    /// Teams with access: id to permission.
    pub teams: BTreeMap<u64, Permission>,
    /// Ids of the Apps that are installed and offer a custom protection rule.
    pub installed_apps: BTreeSet<u64>,
    /// Names of the repository's Actions secrets.
    pub secrets: BTreeMap<String, Secret>,
    /// Names of the organization's Actions secrets that the repository can read.
    pub organization_secrets: BTreeMap<String, Secret>,
    /// Actions variables, by upper-case name.
    pub variables: BTreeMap<String, Variable>,
    /// Custom properties that its organization set for it.
    pub properties: BTreeMap<String, PropertyValue>,
    /// The newest commit of each branch or tag, if it is not the first commit.
    pub heads: BTreeMap<String, String>,
    /// Commits, by SHA.
    pub commits: BTreeMap<String, Commit>,
    /// Pull requests, oldest first.
    pub pulls: Vec<Pull>,
    /// Text files of the default branch, by path.
    pub files: BTreeMap<String, String>,
    /// Environments, by folded name.
    pub environments: BTreeMap<String, Environment>,
    /// Workflow runs, newest first.
    pub runs: Vec<Run>,
    /// Deployments, newest first.
    pub deployments: Vec<Deployment>,
}

impl Repo {
    /// An empty private repository whose default branch `main` is protected.
    pub fn new(id: u64, name: RepoName) -> Self {
        Self {
            id,
            name,
            former_names: Vec::new(),
            visibility: Visibility::Private,
            archived: false,
            disabled: false,
            default_branch: "main".to_owned(),
            branches: vec![Branch { name: "main".to_owned(), protected: true }],
            rulesets: Vec::new(),
            collaborators: BTreeMap::new(),
            teams: BTreeMap::new(),
            installed_apps: BTreeSet::new(),
            secrets: BTreeMap::new(),
            organization_secrets: BTreeMap::new(),
            variables: BTreeMap::new(),
            properties: BTreeMap::new(),
            heads: BTreeMap::new(),
            commits: std::iter::once(Commit::first()).map(|commit| (commit.sha.clone(), commit)).collect(),
            pulls: Vec::new(),
            files: BTreeMap::new(),
            environments: BTreeMap::new(),
            runs: Vec::new(),
            deployments: Vec::new(),
        }
    }

    /// Whether this is its name, ignoring case.
    pub fn is(&self, owner: &str, name: &str) -> bool {
        self.name.is(owner, name)
    }

    /// The environment of this name, ignoring case.
    pub fn environment(&self, name: &str) -> Option<&Environment> {
        self.environments.get(&name.to_lowercase())
    }

    /// The environment of this name, to be changed: what another writer does.
    pub fn environment_mut(&mut self, name: &str) -> Option<&mut Environment> {
        self.environments.get_mut(&name.to_lowercase())
    }

    /// Adds or replaces an environment.
    pub fn insert(&mut self, environment: Environment) {
        self.environments.insert(environment.name.to_lowercase(), environment);
    }

    /// Removes an environment as a person in the web settings does; false when there was none.
    pub fn remove(&mut self, name: &str) -> bool {
        self.environments.remove(&name.to_lowercase()).is_some()
    }

    /// Renames the repository: the old name answers 301 from now on.
    pub fn rename(&mut self, name: RepoName) {
        self.former_names.push(std::mem::replace(&mut self.name, name));
    }

    /// What an account may do here, over all grants (fact G1.5).
    pub fn permission(&self, people: &People, login: &str) -> Permission {
        let owner = people.account(self.name.owner());
        let is = |other: &String| other.eq_ignore_ascii_case(login);
        let owns = self.name.owner().eq_ignore_ascii_case(login) || owner.is_some_and(|owner| owner.owners.iter().any(is));
        let member = owner.is_some_and(|owner| owner.members.iter().any(is));
        let base = match self.visibility {
            Visibility::Public => Permission::Read,
            Visibility::Internal if member => Permission::Read,
            Visibility::Internal | Visibility::Private => Permission::None,
        };
        if owns { Permission::Admin } else { base.max(self.granted(people, login)) }
    }

    /// The permission that an account has as a collaborator or through teams.
    pub fn granted(&self, people: &People, login: &str) -> Permission {
        let is = |other: &String| other.eq_ignore_ascii_case(login);
        let direct = self.collaborators.iter().filter(|(name, _)| is(name)).map(|(_, permission)| *permission);
        let teams = people.teams.values().filter(|team| team.members.iter().any(is)).map(|team| self.team_permission(people, team.id));
        direct.chain(teams).max().unwrap_or(Permission::None)
    }

    /// What a team may do here, its parents' access included.
    pub fn team_permission(&self, people: &People, team: u64) -> Permission {
        people.lineage(team).filter_map(|team| self.teams.get(&team.id).copied()).max().unwrap_or(Permission::None)
    }
}

/// Who can see a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// Everyone.
    Public,
    /// Those with access.
    Private,
    /// The enterprise.
    Internal,
}

impl Visibility {
    /// GitHub's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Internal => "internal",
        }
    }
}

/// A branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Its name.
    pub name: String,
    /// Whether a branch protection rule covers it.
    pub protected: bool,
}

/// A ruleset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruleset {
    /// The database id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// `branch` or `tag`.
    pub target: RefType,
    /// Whether it is enforced.
    pub active: bool,
    /// The names of the branches or tags that it covers; in its conditions they may be patterns.
    pub covers: BTreeSet<String>,
    /// The types of its rules: `creation`, `update`, `deletion`.
    pub rules: BTreeSet<String>,
}
