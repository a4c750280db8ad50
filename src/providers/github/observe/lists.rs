//! The lists of an environment, one request each: patterns, custom rules, variables, secrets.
//!
//! Owns their addresses and what an entry means. Must not know which of them a plan needs.

use std::collections::{BTreeMap, BTreeSet};

use crate::http::{ApiError, Reader, Target};
use crate::model::{EnvName, RepoName, VarValue};

use super::super::target::environment_target;
use super::{pages, wire};
use crate::desired::github::{Pattern, RefKind};

/// Reads the patterns of an environment with their ids.
///
/// # Errors
/// When they cannot be read; GitHub answers 404 outside of selected mode.
pub async fn patterns(reader: &Reader, repo: &RepoName, name: &EnvName) -> Result<BTreeMap<Pattern, u64>, ApiError> {
    let target = environment_target(repo, name).join("deployment-branch-policies");
    let policies = pages::<_, wire::BranchPolicies>(reader, &target, 100).await?;
    let kind = |policy: &wire::BranchPolicy| match policy.kind.as_deref() {
        // Old data has no type; it means a branch (fact G1.2).
        None | Some("branch") => Ok(RefKind::Branch),
        Some("tag") => Ok(RefKind::Tag),
        Some(other) => {
            Err(reader.malformed(&target, format!("pattern `{}` is of a type that is neither branch nor tag: {other}", policy.name)))
        }
    };
    policies.into_iter().map(|policy| Ok((Pattern { kind: kind(&policy)?, name: policy.name }, policy.id))).collect()
}

/// Reads the enabled custom rules of an environment: slug to the rule's id.
///
/// # Errors
/// If they cannot be read, or the list is not as long as it says.
pub async fn protection_rules(reader: &Reader, repo: &RepoName, name: &EnvName) -> Result<BTreeMap<String, u64>, ApiError> {
    let target = environment_target(repo, name).join("deployment_protection_rules");
    let list: wire::ProtectionRules = reader.get_json(&target).await?;
    let (said, rules) = (list.total_count, list.custom_deployment_protection_rules);
    if said != rules.len() {
        return Err(reader.malformed(&target, format!("the list claims {said} entries but has {}", rules.len())));
    }
    Ok(rules.into_iter().filter(|rule| rule.enabled).map(|rule| (rule.app.slug, rule.id)).collect())
}

/// Reads the variables of an environment; names fold to upper case.
pub(super) async fn variables(reader: &Reader, repo: &RepoName, name: &EnvName) -> Result<BTreeMap<String, VarValue>, ApiError> {
    // 30 is the most that this list gives per page (fact G1.4).
    let variables = pages::<_, wire::Variables>(reader, &environment_target(repo, name).join("variables"), 30).await?;
    let named = |v: wire::Variable| (v.name.to_uppercase(), VarValue::new(v.name.to_uppercase(), v.value));
    Ok(variables.into_iter().map(named).collect())
}

/// Reads the names of the secrets of an environment, a repository or an organization; they fold to upper case.
pub(in crate::providers::github) async fn secrets(reader: &Reader, list: &Target) -> Result<BTreeSet<String>, ApiError> {
    let secrets = pages::<_, wire::Secrets>(reader, list, 100).await?;
    Ok(secrets.into_iter().map(|s| s.name.to_uppercase()).collect())
}

pub(super) async fn installed_rules(reader: &Reader, repo: &RepoName, name: &EnvName) -> Result<BTreeMap<String, u64>, ApiError> {
    let target = environment_target(repo, name).join("deployment_protection_rules").join("apps");
    let apps = pages::<_, wire::Apps>(reader, &target, 100).await?;
    Ok(apps.into_iter().map(|app| (app.slug, app.id)).collect())
}

/// The integration id of an app whose rule is to be enabled on an environment that was just made.
///
/// # Errors
/// When the list cannot be read, or the app is not installed on the repository.
pub async fn integration_id(reader: &Reader, repo: &RepoName, name: &EnvName, slug: &str) -> Result<u64, ApiError> {
    installed_rules(reader, repo, name).await?.remove(slug).ok_or_else(|| {
        let target = environment_target(repo, name).join("deployment_protection_rules").join("apps");
        let message = format!("no app `{slug}` with a deployment protection rule is installed on {repo}");
        let hint = Some("install the app on the repository, then apply again".to_owned());
        ApiError { hint, ..reader.malformed(&target, message) }
    })
}
