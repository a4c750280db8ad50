//! What gate.toml declares of a GitHub repository.
//!
//! Owns the declared shape. Must not know live state, requests or the file's syntax.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::{EnvName, RepoName};

/// The `[github]` table and all `[environments.*]`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Desired {
    /// `github.repository`, when the file names one; else the command line, the environment or the git remote does.
    pub repository: Option<RepoName>,
    /// `github.api_url`, for GitHub Enterprise Server.
    pub api_url: Option<String>,
    /// Every declared environment.
    pub environments: BTreeMap<EnvName, DesiredEnvironment>,
    /// Declared, but outside this run's scope (`--environment`): neither planned nor undeclared.
    pub left_out: BTreeSet<EnvName>,
}

/// One `[environments.NAME]` table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum DesiredEnvironment {
    /// It must exist, with these rules.
    Present(Gate),
    /// `state = "optional"`: managed if it exists, never created.
    Optional(Gate),
    /// `state = "absent"`: it must not exist.
    Absent,
}

impl DesiredEnvironment {
    /// The rules that are declared for it; none for one that must not exist.
    pub const fn gate(&self) -> Option<&Gate> {
        match self {
            Self::Present(gate) | Self::Optional(gate) => Some(gate),
            Self::Absent => None,
        }
    }
}

/// The declared rules of one environment. `None` means undeclared: the live value stays (law 5).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Gate {
    /// Who may approve; an empty list declares that no approval is required.
    pub reviewers: Option<Vec<Reviewer>>,
    /// Whether the person who started the run may not approve it.
    pub prevent_self_review: Option<bool>,
    /// Whether admins may skip the rules.
    pub can_admins_bypass: Option<bool>,
    /// Minutes, 0..=43200.
    pub wait_timer: Option<u32>,
    /// Which refs may deploy.
    pub deployment_branch_policy: Option<BranchPolicy>,
    /// Slugs of the GitHub Apps whose custom rules are enabled: the whole set.
    pub protection_rules: Option<BTreeSet<String>>,
    /// Environment variables, owned key by key; keys are upper-case as GitHub returns them.
    pub variables: BTreeMap<String, String>,
    /// Names of secrets that must exist in this environment; never values.
    pub secrets: BTreeSet<String>,
    /// How many different people must have approved a deployment. GitHub enforces one; `evidence` judges the rest.
    pub approvals: Option<u32>,
}

/// A reviewer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reviewer {
    /// A person's account, with the database id that pins it.
    User {
        /// The login as it is written.
        login: String,
        /// The id that the login must have.
        id: Option<u64>,
    },
    /// A team of an organization.
    Team {
        /// The organization, when it is written (`org/slug`); else the repository's owner.
        org: Option<String>,
        /// The team's slug.
        slug: String,
        /// The id that the team must have.
        id: Option<u64>,
    },
}

/// GitHub's two booleans and its pattern list, as the three states that are legal (fact G2.6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BranchPolicy {
    /// Every ref may deploy.
    All,
    /// Branches that branch protection covers.
    Protected,
    /// Only these: the whole set.
    Selected(BTreeSet<Pattern>),
}

/// One pattern of a selected-refs policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pattern {
    /// What kind of ref it matches.
    #[serde(rename = "type")]
    pub kind: RefKind,
    /// Ruby's `File.fnmatch` language; `*` does not cross `/` (fact G1.2).
    pub name: String,
}

impl Pattern {
    /// Whether refs that it admits can still be created: a tag under any name, a branch if the pattern has a wildcard.
    pub fn admits_new_refs(&self) -> bool {
        self.kind == RefKind::Tag || self.name.contains(['*', '?', '['])
    }
}

/// Branches and tags are distinguished by the policy, not by the pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RefKind {
    /// `refs/heads/*`, and `refs/pull/*/merge`.
    Branch,
    /// `refs/tags/*`.
    Tag,
}

impl RefKind {
    /// GitHub's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Branch => "branch",
            Self::Tag => "tag",
        }
    }
}

impl Desired {
    /// The environments whose deployments the person who started the run may not approve.
    pub fn no_self_review(&self) -> Vec<EnvName> {
        let prevents = |environment: &DesiredEnvironment| environment.gate().is_some_and(|gate| gate.prevent_self_review == Some(true));
        self.environments.iter().filter(|(_, environment)| prevents(environment)).map(|(name, _)| name.clone()).collect()
    }

    /// Whether the file mentions an environment.
    pub fn declares(&self, name: &EnvName) -> bool {
        self.environments.contains_key(name) || self.left_out.contains(name)
    }
}
