//! What exists on GitHub: the live state as gatectl compares it.
//!
//! Owns the live shape and its meaning. Must not know how it was fetched (see [`super::observe`]) nor what is wanted.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::model::{Blocker, EnvName, GateKey, RepoName, Unknown, VarValue};

use super::strictness::{ActorId, Strictness};
use crate::desired::github::{BranchPolicy, Gate, Pattern, RefKind, Reviewer};

/// Everything that was observed of one repository. A part that could not be read says why.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    /// The repository itself.
    pub repository: Result<Repository, Unknown>,
    /// Every environment that exists: absence from a complete list is the only proof of absence (law 1).
    pub environments: Result<Environments, Unknown>,
    /// Each declared reviewer, looked up.
    pub reviewers: BTreeMap<Reviewer, Result<Actor, Blocker>>,
    /// Each reviewer that a PUT would send along undeclared, looked up (law 5).
    pub carried: BTreeMap<ActorId, Result<Actor, Unknown>>,
    /// Names of the branches that branch protection covers; `None` when nothing declared makes it matter.
    pub protected_branches: Option<Result<BTreeSet<String>, Unknown>>,
    /// Slugs of the apps whose custom rules an environment may enable, with their integration ids; only if needed.
    pub available_rules: BTreeMap<EnvName, Result<BTreeMap<String, u64>, Unknown>>,
    /// How many runs wait for an approval; only when an environment is about to be deleted.
    pub waiting_runs: Option<Result<u64, Unknown>>,
}

impl Live {
    /// The result if GitHub cannot be reached at all.
    pub fn unreachable(why: &Unknown) -> Self {
        Self::new(Err(why.clone()), Err(why.clone()))
    }

    /// A repository and its environments; nothing else was read.
    pub(super) const fn new(repository: Result<Repository, Unknown>, environments: Result<Environments, Unknown>) -> Self {
        Self {
            repository,
            environments,
            reviewers: BTreeMap::new(),
            carried: BTreeMap::new(),
            protected_branches: None,
            available_rules: BTreeMap::new(),
            waiting_runs: None,
        }
    }
}

/// Every environment of a repository by its name; one whose description is not fully understood is unknown (law 1).
pub type Environments = BTreeMap<EnvName, Result<LiveEnvironment, Unknown>>;

/// The repository as GitHub describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Its name in GitHub's own spelling.
    pub name: RepoName,
    /// Who can see it.
    pub visibility: Visibility,
    /// Whether it is read-only.
    pub archived: bool,
    /// Whether an organization owns it.
    pub in_organization: bool,
    /// The branch that dispatches and schedules run on.
    pub default_branch: String,
    /// Whether the account behind the token administers it; the token itself may still lack the grant (fact G1.5).
    pub admin: Option<bool>,
}

/// GitHub's visibilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// Every rule is available on every current plan.
    Public,
    /// Rules depend on the billing plan (fact G2.3).
    Private,
    /// As private, for everyone of the enterprise.
    Internal,
}

impl Visibility {
    /// Whether the billing plan decides which rules may be set (fact G2.3).
    pub const fn plan_gated(self) -> bool {
        !matches!(self, Self::Public)
    }
}

/// A reviewer with GitHub's identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The identity that GitHub stores.
    pub id: ActorId,
    /// The login, or `org/slug`.
    pub name: String,
    /// Whether they may see the repository: GitHub silently drops those who may not (fact G2.5).
    pub access: Access,
}

/// Access of a reviewer to the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// At least read access.
    Granted,
    /// None: GitHub would drop this reviewer.
    None,
    /// GitHub refused the lookup.
    Unknown(Unknown),
}

/// One environment as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveEnvironment {
    /// In GitHub's stored spelling.
    pub name: EnvName,
    /// Its database id, for the settings page's address.
    pub id: u64,
    /// Who may approve.
    pub reviewers: Vec<LiveReviewer>,
    /// No rule reads as `false`.
    pub prevent_self_review: bool,
    /// `None`: this server does not say (old GHES).
    pub can_admins_bypass: Option<bool>,
    /// Minutes; no rule reads as 0.
    pub wait_timer: u32,
    /// GitHub's two booleans.
    pub policy: PolicyMode,
    /// The patterns of selected mode with their ids; `None` if not requested.
    pub patterns: Option<Patterns>,
    /// Enabled custom rules by slug, with their ids; `None` if not requested.
    pub protection_rules: Option<Result<BTreeMap<String, u64>, Unknown>>,
    /// Environment variables; `None` if not requested.
    pub variables: Option<Result<BTreeMap<String, VarValue>, Unknown>>,
    /// Names of secrets; `None` if not requested.
    pub secrets: Option<Result<BTreeSet<String>, Unknown>>,
}

/// Patterns by what they are, with the id that deletes them; keyed by (name, type) (fact G1.2).
pub type Patterns = Result<BTreeMap<Pattern, u64>, Unknown>;

/// A reviewer, as an environment lists them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LiveReviewer {
    /// An account; `kind` is GitHub's `type`: `User`, `Bot`, …
    User {
        /// The login.
        login: String,
        /// The database id.
        id: u64,
        /// GitHub's word for what kind of account it is.
        kind: String,
    },
    /// A team.
    Team {
        /// The slug.
        slug: String,
        /// The database id.
        id: u64,
    },
    /// A team of the enterprise, `BusinessTeam` to GitHub: shown, and never sent, since it is not known how a PUT handles one.
    EnterpriseTeam {
        /// The slug, which begins with `ent:`.
        slug: String,
        /// The database id.
        id: u64,
    },
}

impl LiveReviewer {
    /// The identity.
    pub const fn actor(&self) -> ActorId {
        match self {
            Self::User { id, .. } => ActorId::User(*id),
            Self::Team { id, .. } => ActorId::Team(*id),
            Self::EnterpriseTeam { id, .. } => ActorId::EnterpriseTeam(*id),
        }
    }

    /// As a plan shows it; `owner` is the repository's, whose teams these are.
    pub fn json(&self, owner: &str) -> Value {
        match self {
            Self::User { login, id, .. } => json!({"user": login, "id": id}),
            Self::Team { slug, id } => json!({"team": format!("{owner}/{slug}"), "id": id}),
            Self::EnterpriseTeam { slug, id } => json!({"enterprise_team": slug, "id": id}),
        }
    }
}

/// GitHub's two booleans as the three states that are legal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyMode {
    /// `null`.
    All,
    /// `protected_branches`.
    Protected,
    /// `custom_branch_policies`.
    Selected,
}

impl From<&BranchPolicy> for PolicyMode {
    fn from(policy: &BranchPolicy) -> Self {
        match policy {
            BranchPolicy::All => Self::All,
            BranchPolicy::Protected => Self::Protected,
            BranchPolicy::Selected(_) => Self::Selected,
        }
    }
}

impl LiveEnvironment {
    /// The policy as gate.toml would write it; `None` when the patterns are not known.
    pub fn branch_policy(&self) -> Option<BranchPolicy> {
        match self.policy {
            PolicyMode::All => Some(BranchPolicy::All),
            PolicyMode::Protected => Some(BranchPolicy::Protected),
            PolicyMode::Selected => {
                let patterns = self.patterns.as_ref()?.as_ref().ok()?;
                Some(BranchPolicy::Selected(patterns.keys().cloned().collect()))
            }
        }
    }

    /// Whether a team of the enterprise may approve.
    pub fn has_enterprise_team(&self) -> bool {
        self.reviewers.iter().any(|reviewer| matches!(reviewer, LiveReviewer::EnterpriseTeam { .. }))
    }

    /// Whether a PUT is needed to bring it in line with a gate that declares no reviewers: then those that exist are sent along.
    pub fn carries_reviewers(&self, gate: &Gate) -> bool {
        gate.reviewers.is_none() && !self.reviewers.is_empty() && self.rules_differ(gate)
    }

    /// Whether a PUT is needed to bring it in line, apart from its reviewers.
    pub fn rules_differ(&self, gate: &Gate) -> bool {
        gate.prevent_self_review.is_some_and(|wanted| wanted != self.prevent_self_review)
            || gate.can_admins_bypass.is_some_and(|wanted| Some(wanted) != self.can_admins_bypass)
            || gate.wait_timer.is_some_and(|wanted| wanted != self.wait_timer)
            || gate.deployment_branch_policy.as_ref().is_some_and(|wanted| PolicyMode::from(wanted) != self.policy)
    }

    /// How strict it is. A key that was not requested counts as maximally strict: it is not managed, so it does not change.
    pub fn strictness(&self) -> Strictness {
        Strictness {
            reviewers: self.reviewers.iter().map(LiveReviewer::actor).collect(),
            prevent_self_review: self.prevent_self_review,
            can_admins_bypass: self.can_admins_bypass.unwrap_or(false),
            wait_timer: self.wait_timer,
            refs: self.branch_policy().unwrap_or_else(|| BranchPolicy::Selected(BTreeSet::new())),
            protection_rules: match &self.protection_rules {
                Some(Ok(rules)) => rules.keys().cloned().collect(),
                _ => BTreeSet::new(),
            },
        }
    }
}

impl BranchPolicy {
    /// As a plan shows it: `"all"`, `"protected"`, or the two lists of gate.toml.
    pub fn json(&self) -> Value {
        match self {
            Self::All => json!("all"),
            Self::Protected => json!("protected"),
            Self::Selected(patterns) => {
                let of = |kind: RefKind| patterns.iter().filter(|p| p.kind == kind).map(|p| p.name.as_str()).collect::<Vec<_>>();
                let mut table = serde_json::Map::new();
                for (key, kind) in [("branches", RefKind::Branch), ("tags", RefKind::Tag)] {
                    let names = of(kind);
                    if !names.is_empty() {
                        table.insert(key.to_owned(), json!(names));
                    }
                }
                Value::Object(table)
            }
        }
    }
}

/// What a write relies on: the requested fields by content, never dates or rule ids, which change on their own (fact G2.13).
pub type Snapshot = BTreeMap<String, Value>;

/// The fields of `now` that are not as in `then`, with both values; a renamed login or slug is not a difference, since only ids count.
pub fn moved(then: &Snapshot, now: &Snapshot) -> Vec<(String, Value, Value)> {
    then.iter()
        .filter_map(|(name, before)| {
            let after = now.get(name).unwrap_or(&Value::Null);
            (identity(before) != identity(after)).then(|| (name.clone(), before.clone(), after.clone()))
        })
        .collect()
}

/// A value without the names of reviewers, in an order of its own.
fn identity(value: &Value) -> Value {
    let Value::Array(items) = value else { return value.clone() };
    let mut items: Vec<Value> = items
        .iter()
        .map(|item| match (item.get("id"), item.get("team").is_some()) {
            (Some(id), team) => json!([team, id]),
            (None, _) => item.clone(),
        })
        .collect();
    items.sort_by_key(ToString::to_string);
    Value::Array(items)
}

impl LiveEnvironment {
    /// What a key holds, as a plan shows it; `None` if that is not known, or the key has no value of its own.
    pub fn value(&self, key: GateKey, owner: &str) -> Option<Value> {
        match key {
            GateKey::Reviewers => Some(self.reviewers.iter().map(|reviewer| reviewer.json(owner)).collect()),
            GateKey::PreventSelfReview => Some(json!(self.prevent_self_review)),
            GateKey::CanAdminsBypass => Some(json!(self.can_admins_bypass)),
            GateKey::WaitTimer => Some(json!(self.wait_timer)),
            GateKey::DeploymentBranchPolicy if matches!(self.patterns, Some(Err(_))) => None,
            GateKey::DeploymentBranchPolicy => Some(self.branch_policy().map_or(json!("selected"), |policy| policy.json())),
            GateKey::ProtectionRules => {
                let rules = self.protection_rules.as_ref()?.as_ref().ok()?;
                Some(json!(rules.keys().collect::<Vec<_>>()))
            }
            // Variables have a field each; no value of a secret is known.
            GateKey::State | GateKey::Secrets | GateKey::Variables | GateKey::Approvals => None,
        }
    }

    /// What is known of the environment, limited to `keys` of variables and the requested parts; what could not be read is left out.
    pub fn snapshot<'a>(&self, owner: &str, keys: impl IntoIterator<Item = &'a String>) -> Snapshot {
        let mut fields = Snapshot::new();
        for key in GateKey::live() {
            if let Some(value) = self.value(key, owner) {
                fields.insert(key.name().to_owned(), value);
            }
        }
        if let Some(Ok(variables)) = &self.variables {
            fields.extend(keys.into_iter().map(|name| (format!("{}.{name}", GateKey::Variables), json!(variables.get(name)))));
        }
        fields
    }
}
