//! Wire formats: every field that GitHub may leave out is optional, unknown ones are ignored.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::page;

#[derive(Deserialize)]
pub(super) struct Repository {
    pub full_name: String,
    pub private: Option<bool>,
    pub visibility: Option<String>,
    pub archived: bool,
    pub default_branch: String,
    pub owner: Owner,
    pub permissions: Option<Permissions>,
}

#[derive(Deserialize)]
pub(super) struct Owner {
    #[serde(rename = "type")]
    pub kind: String,
}

#[derive(Deserialize)]
pub(super) struct Permissions {
    pub admin: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct WireEnvironment {
    pub id: u64,
    pub can_admins_bypass: Option<bool>,
    pub protection_rules: Option<Vec<Rule>>,
    /// `None` if the key is missing, which is not the null that means every ref.
    #[serde(default, deserialize_with = "present")]
    pub deployment_branch_policy: Option<Option<PolicyFlags>>,
}

/// The value of a key that is there, null or not.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
pub(super) struct Rule {
    #[serde(rename = "type")]
    pub kind: String,
    pub wait_timer: Option<u32>,
    pub prevent_self_review: Option<bool>,
    pub reviewers: Option<Vec<Value>>,
}

#[derive(Deserialize)]
pub(super) struct ReviewerEntry {
    #[serde(rename = "type")]
    pub kind: String,
    pub reviewer: Option<Reviewer>,
}

#[derive(Deserialize)]
pub(super) struct Reviewer {
    pub id: u64,
    pub node_id: Option<String>,
    pub login: Option<String>,
    pub slug: Option<String>,
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct PolicyFlags {
    pub protected_branches: bool,
    pub custom_branch_policies: bool,
}

#[derive(Deserialize)]
pub(super) struct BranchPolicy {
    pub id: u64,
    pub name: String,
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

/// This list has no pages (fact G1.3): its count and its entries are from one moment.
#[derive(Deserialize)]
pub(super) struct ProtectionRules {
    pub total_count: usize,
    pub custom_deployment_protection_rules: Vec<CustomRule>,
}

#[derive(Deserialize)]
pub(super) struct CustomRule {
    pub id: u64,
    pub enabled: bool,
    pub app: App,
}

#[derive(Deserialize)]
pub(super) struct App {
    pub id: u64,
    pub slug: String,
}

#[derive(Deserialize)]
pub(super) struct Variable {
    pub name: String,
    pub value: String,
}

#[derive(Deserialize)]
pub(super) struct Secret {
    pub name: String,
}

#[derive(Deserialize)]
pub(super) struct Branch {
    pub name: String,
}

#[derive(Deserialize)]
pub(super) struct Runs {
    pub total_count: u64,
}

page!(Environments, Value, environments);
page!(BranchPolicies, BranchPolicy, branch_policies);
page!(Variables, Variable, variables);
page!(Secrets, Secret, secrets);
page!(Apps, App, available_custom_deployment_protection_rule_integrations);
