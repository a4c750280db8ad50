//! What a verdict on gates is based on: the live state, and whether each listed reviewer can really approve.
//!
//! Owns the observed shape. Must not know how it was fetched (see [`super::inspect`]) nor what is wanted.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Unknown;

use super::live::{Access, Actor, Environments, Repository};
use super::rulesets::Ruleset;
use super::strictness::ActorId;
use crate::desired::github::Reviewer;

/// Everything that was inspected. A part that could not be read says why.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    /// The repository itself.
    pub repository: Result<Repository, Unknown>,
    /// Every environment that exists; absence from a complete list is the only proof of absence (law 1).
    pub environments: Result<Environments, Unknown>,
    /// Each declared reviewer, looked up.
    pub declared: BTreeMap<Reviewer, Result<Actor, Unknown>>,
    /// Everyone an environment of interest lists as a reviewer.
    pub listed: BTreeMap<ActorId, Listed>,
    /// Branches that are protected.
    pub protected_branches: Result<ProtectedBranches, Unknown>,
    /// What offers the rules to a private repository.
    pub billing: Billing,
    /// Names of secrets beyond the environments; `None` when no environment of interest has to exist.
    pub wider_secrets: Option<WiderSecrets>,
    /// Rulesets on refs; `None` when no environment of interest admits refs by pattern.
    pub rulesets: Option<Result<Vec<Ruleset>, Unknown>>,
    /// Who started the latest runs of the declared workflows; `None` if not requested or unknown: it only adds warnings.
    pub starters: Option<Vec<String>>,
}

impl Inspection {
    /// The result if GitHub cannot be reached at all.
    pub fn unreachable(why: &Unknown) -> Self {
        Self {
            repository: Err(why.clone()),
            environments: Err(why.clone()),
            declared: BTreeMap::new(),
            listed: BTreeMap::new(),
            protected_branches: Err(why.clone()),
            billing: Billing::Unreadable(why.clone()),
            wider_secrets: None,
            rulesets: None,
            starters: None,
        }
    }
}

/// What is known about a reviewer that an environment lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Whether they can see the repository.
    pub access: Access,
    /// Logins of a team's members, child teams included; `None` for a person.
    pub members: Option<Result<BTreeSet<String>, Unknown>>,
}

/// Names of protected branches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtectedBranches {
    /// The names.
    pub names: BTreeSet<String>,
    /// Whether these are all of them.
    pub complete: bool,
}

/// What decides whether a private repository's rules are enforced (fact G2.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Billing {
    /// GitHub Enterprise Server: every rule is there.
    Server,
    /// The plan's name as GitHub writes it: `free`, `team`, `enterprise`.
    Plan(String),
    /// The owner has no plan that this token can see.
    Unreadable(Unknown),
}

/// Names of the secrets that the repository's workflows can read without an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WiderSecrets {
    /// Of the repository.
    pub repository: Result<BTreeSet<String>, Unknown>,
    /// Of the organization, shared with the repository.
    pub organization: Result<BTreeSet<String>, Unknown>,
}
