//! What is worth knowing beside the changes.

use crate::model::{Address, Draft, RepoName};

use super::super::live::Repository;
use super::super::ops::Op;
use super::Planner;
use crate::desired::github::{BranchPolicy, Gate};

impl Planner<'_> {
    pub(super) fn note_missing_secrets<'s>(&self, missing: impl Iterator<Item = &'s String>, draft: &mut Draft<Op>, what: &str) {
        let commands: Vec<String> = missing
            .map(|name| format!("`gh secret set {name} --env {} --repo {}`", shell_word(self.name.as_str()), self.context.repository))
            .collect();
        if !commands.is_empty() {
            draft.note(&self.address, format!("{what}; set each with: {}", commands.join(", ")));
        }
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

    pub(super) fn note_billing(&self, gate: &Gate, draft: &mut Draft<Op>) {
        let gated_rule = gate.reviewers.as_ref().is_some_and(|r| !r.is_empty()) || gate.wait_timer.is_some_and(|t| t > 0);
        if self.repository.visibility.plan_gated() && gated_rule {
            draft.note(
                &self.address,
                "the repository is not public: GitHub documents required reviewers and wait timers there for GitHub Enterprise only (Team is not enough). Only trying tells for sure; if GitHub refuses, apply says what to do by hand and exits 3",
            );
        }
    }
}

pub(super) fn repository_notes(name: &RepoName, repository: &Repository, draft: &mut Draft<Op>) {
    let address = Address::repository(name);
    if repository.archived {
        draft.note(&address, "the repository is archived: GitHub refuses every write until somebody unarchives it in its settings");
    }
    if repository.admin == Some(false) {
        draft.note(
            &address,
            "the account behind this token does not administer the repository: `gatectl apply` needs `Administration: write` (fine-grained) or `repo` of an admin (classic)",
        );
    }
}

/// A name as one word of a POSIX shell.
fn shell_word(text: &str) -> String {
    if !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c)) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}
