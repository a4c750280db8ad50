//! What is worth knowing besides the changes.

use std::collections::BTreeMap;

use crate::model::{Address, Blocker, Draft, Field, Manual, RepoName, is_misspelling, shell_word};

use super::super::live::{Environments, Repository};
use super::super::ops::Op;
use super::planner::Planner;
use crate::desired::github::{BranchPolicy, Gate};

impl Planner<'_> {
    /// What a plan leaves out of what gate.toml declares about secrets: no wider scope may have them.
    pub(super) fn note_wider_secrets(&self, gate: &Gate, draft: &mut Draft<Op>) {
        if !gate.secrets.is_empty() {
            draft.note(&self.address, "a plan does not look for its secrets at the repository and the organization; `gatectl verify` does");
        }
    }

    /// Declared secrets that do not exist: gatectl never knows their values, so setting them is a manual step.
    pub(super) fn missing_secrets<'s>(&self, missing: impl Iterator<Item = &'s String>, draft: &mut Draft<Op>) {
        let (environment, repository) = (shell_word(self.name.as_str()), self.context.repository);
        let missing: Vec<&String> = missing.collect();
        if missing.is_empty() {
            return;
        }
        let names = missing.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
        draft.manual.push(Manual {
            address: self.address.clone(),
            message: format!("gate.toml declares secrets that do not exist in {}: {names}. Only a person can set their values", self.name),
            steps: missing.iter().map(|name| format!("gh secret set {name} --env {environment} --repo {repository}")).collect(),
        });
    }

    /// An undeclared environment that has almost the same name: creating another one would leave it without the declared gate.
    pub(super) fn misspelled(&self) -> Option<Blocker> {
        let mut live = self.live.environments.iter().flat_map(BTreeMap::keys).filter(|name| !self.want.declares(name));
        let meant = live.find(|there| is_misspelling(self.name.as_str(), there.as_str()))?;
        Some(Blocker::invalid(
            format!("`{}` does not exist, and `{meant}` exists and is not in gate.toml: did you mean `{meant}`?", self.name),
            format!(
                "correct the name in gate.toml. If both are meant, declare `{meant}` too: a table without keys leaves it as it is, and \
                 `state = \"absent\"` deletes it"
            ),
        ))
    }

    pub(super) fn note_protected(&self, gate: &Gate, draft: &mut Draft<Op>) {
        if gate.deployment_branch_policy != Some(BranchPolicy::Protected) {
            return;
        }
        match &self.live.protected_branches {
            Some(Ok(branches)) if branches.is_empty() => draft.note(
                &self.address,
                "policy \"protected\" in a repository without a protected branch lets every branch deploy: protect one, or list the refs: { branches = [...], tags = [...] }",
            ),
            Some(Err(unknown)) => draft.note(
                &self.address,
                format!("whether any branch is protected is unknown ({}); without one, policy \"protected\" lets every branch deploy", unknown.reason),
            ),
            _ => {}
        }
    }
}

pub(super) fn repository_notes(name: &RepoName, repository: &Repository, environments: &Environments, draft: &mut Draft<Op>) {
    let address = Address::repository(name);
    // One live rule shows that the billing plan supports it, and the others with it (fact G2.3).
    let offered = environments.values().flatten().any(|there| !there.reviewers.is_empty() || there.wait_timer > 0);
    let gated = |field: &Field| match field.name.as_str() {
        "reviewers" => field.after.as_array().is_some_and(|all| !all.is_empty()),
        "wait_timer" => field.after.as_u64().is_some_and(|minutes| minutes > 0),
        _ => false,
    };
    let mut fields = draft.steps.iter().flat_map(|step| &step.changes).flat_map(|change| &change.fields);
    if repository.visibility.plan_gated() && !offered && fields.any(gated) {
        draft
            .note(&address, "a private repository needs GitHub Enterprise for reviewers and timers; if GitHub refuses them, apply exits 3");
    }
    if repository.archived {
        draft.note(&address, "the repository is archived: GitHub refuses every write until an admin unarchives it in its settings");
    }
    if repository.admin == Some(false) {
        draft.note(
            &address,
            "the account behind this token is not an admin of the repository: `gatectl apply` needs `Administration: write` (fine-grained) or `repo` of an admin (classic)",
        );
    }
}
