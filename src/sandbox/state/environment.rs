//! Environments: what gates a deployment, and what they hold.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::github::Ids;
use super::people::ReviewerRef;

/// An environment: everything that gates a deployment, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// The database id.
    pub id: u64,
    /// The name, in the case of its first writer.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
    /// Required reviewers, in the order in which they were sent.
    pub reviewers: Vec<ReviewerRef>,
    /// Whether the person who started a run may not approve it.
    pub prevent_self_review: bool,
    /// Minutes.
    pub wait_timer: u32,
    /// Whether admins may skip the rules.
    pub can_admins_bypass: bool,
    /// Which refs may deploy; `None` means all.
    pub policy: Option<PolicyMode>,
    /// The patterns of selected mode; hidden in the other modes.
    pub patterns: Vec<BranchPattern>,
    /// Enabled custom rules.
    pub custom_rules: Vec<CustomRule>,
    /// Variables, by upper-case name.
    pub variables: BTreeMap<String, Variable>,
    /// Secrets, by upper-case name.
    pub secrets: BTreeMap<String, Secret>,
    /// The ids of the rules until the next write.
    pub rule_ids: RuleIds,
}

impl Environment {
    /// An environment without any rule: what a job that names a missing one makes.
    pub fn ungated(ids: &mut Ids, name: &str, can_admins_bypass: bool, now: Timestamp) -> Self {
        Self {
            id: ids.fresh(),
            name: name.to_owned(),
            created_at: now,
            updated_at: now,
            reviewers: Vec::new(),
            prevent_self_review: false,
            wait_timer: 0,
            can_admins_bypass,
            policy: None,
            patterns: Vec::new(),
            custom_rules: Vec::new(),
            variables: BTreeMap::new(),
            secrets: BTreeMap::new(),
            rule_ids: RuleIds::fresh(ids),
        }
    }
}

/// Ids of the rule entries of one environment; fresh ones after each write (fact G2.13).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleIds {
    /// `wait_timer`.
    pub wait_timer: u64,
    /// `required_reviewers`.
    pub required_reviewers: u64,
    /// `branch_policy`.
    pub branch_policy: u64,
}

impl RuleIds {
    /// Three new ids.
    pub fn fresh(ids: &mut Ids) -> Self {
        Self { wait_timer: ids.fresh(), required_reviewers: ids.fresh(), branch_policy: ids.fresh() }
    }
}

/// The two modes of a branch policy that is not null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyMode {
    /// `protected_branches`.
    Protected,
    /// `custom_branch_policies`.
    Custom,
}

/// One pattern of selected mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchPattern {
    /// The database id.
    pub id: u64,
    /// The pattern.
    pub name: String,
    /// What kind of ref it matches.
    pub kind: RefType,
}

/// Branch or tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefType {
    /// `branch`.
    Branch,
    /// `tag`.
    Tag,
}

impl RefType {
    /// GitHub's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Branch => "branch",
            Self::Tag => "tag",
        }
    }
}

/// A custom (GitHub App) protection rule of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomRule {
    /// The database id.
    pub id: u64,
    /// The App's id.
    pub app: u64,
    /// Whether it is enabled.
    pub enabled: bool,
}

/// An Actions variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The value.
    pub value: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}

/// An Actions secret; its value cannot be read, so there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secret {
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
}
