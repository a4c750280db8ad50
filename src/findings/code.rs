//! The one table of finding codes, for both static and live checks; `docs/findings.md` is made from it.
//!
//! Owns what each code means in general. Must not know how a finding is found.

use serde::Serialize;

use crate::model::Severity;

/// What an error of a code says about the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Something is open, or is not as declared.
    Disproves,
    /// Something could not be decided.
    Undecided,
}

/// What the table says about a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The name that scripts match on.
    pub name: &'static str,
    /// Its severity unless something says otherwise.
    pub severity: Severity,
    /// What an error of this code says about the gate.
    pub proof: Proof,
    /// The failure mode, a letter of `docs/laws.md`.
    pub failure_mode: Option<char>,
    /// What it means for an attacker or an accident.
    pub means: &'static str,
    /// What to do about it, in general.
    pub fix: &'static str,
}

/// Declares the codes and their rows together, so that neither can exist without the other.
macro_rules! codes {
    ($($variant:ident = $name:literal, $severity:ident, $proof:ident, $mode:expr, $means:literal, $fix:literal;)*) => {
        /// The stable name of a kind of finding.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $means] $variant,)*
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// What the table says about the code.
            pub const fn row(self) -> Row {
                match self {
                    $(Self::$variant => Row {
                        name: $name,
                        severity: Severity::$severity,
                        proof: Proof::$proof,
                        failure_mode: $mode,
                        means: $means,
                        fix: $fix,
                    },)*
                }
            }
        }
    };
}

codes! {
    NothingDeclared = "nothing-declared", Warning, Undecided, None,
        "No [[workflows]] of gate.toml names a declared environment. gatectl checks that no job bypasses it, but not that a deploy reaches it.",
        "add a [[workflows]] table for each workflow that deploys";
    MissingWorkflow = "missing-workflow", Error, Disproves, None,
        "A declared workflow file does not exist. It may have been renamed, and its replacement is not checked.",
        "correct `file` in gate.toml, or restore the workflow";
    UnreadableWorkflow = "unreadable-workflow", Error, Undecided, None,
        "A workflow file could not be read, so it is not known what it deploys.",
        "make the file valid YAML";
    InvalidWorkflow = "invalid-workflow", Warning, Disproves, None,
        "GitHub rejects the workflow or fails the job: it cannot run, and a gate in it protects nothing.",
        "correct the workflow as the message says";
    UnknownKey = "unknown-key", Warning, Disproves, None,
        "A key is not one that GitHub knows; a misspelled filter or environment has no effect.",
        "correct the key's spelling";
    UnclearFilter = "unclear-filter", Warning, Undecided, None,
        "GitHub does not document what a filter pattern matches, so it is not known which refs start the workflow.",
        "write the pattern in a documented form";
    NeverTriggered = "never-triggered", Error, Disproves, None,
        "A declared scenario cannot start the workflow, so the expectation proves nothing about real deploys.",
        "correct `when` in gate.toml, or the workflow's `on`";
    NoGatedJob = "no-gated-job", Error, Disproves, None,
        "No job of a declared scenario resolves to the environment: what it deploys does not wait for an approval.",
        "add `environment:` to the job that deploys";
    WrongEnvironment = "wrong-environment", Error, Disproves, None,
        "A job that deploys resolves to an environment other than the declared one, and passes that environment's gate instead.",
        "correct the job's `environment`, or the expectation in gate.toml";
    NearMissEnvironment = "near-miss-environment", Warning, Disproves, Some('C'),
        "A job names an environment that is almost a declared one; GitHub creates an environment it does not know, without rules.",
        "use the declared name";
    UnresolvedEnvironment = "unresolved-environment", Error, Undecided, None,
        "The environment of a job cannot be determined from the files alone; the job may have none.",
        "use a literal name, or an expression over inputs with fixed choices";
    RemoteWorkflow = "remote-workflow", Error, Undecided, None,
        "A job calls a workflow that was not read, of another repository or at another ref: its jobs may run in any environment or in none.",
        "move the deploying job into this repository, or call a workflow of this repository";
    UpstreamGate = "upstream-gate", Error, Disproves, None,
        "A deploying job has no environment and only waits for a job that has one: the environment's secrets and refs do not bind it.",
        "add `environment:` to the deploying job itself";
    UpstreamGateBypass = "upstream-gate-bypass", Error, Disproves, None,
        "A job waits for a gated job but may run although that one was rejected, because its `if` uses a status function.",
        "require `needs.<gate>.result == 'success'` in the job's `if`";
    RefRefused = "ref-refused", Warning, Disproves, None,
        "The environment's deployment branch policy refuses the ref of a declared deploy: the deploy fails, and people look for ways around the gate.",
        "let the policy admit the ref: { branches = [...], tags = [...] } in gate.toml";
    MixedCondition = "mixed-condition", Warning, Disproves, None,
        "An `if` mixes text with `${{ }}`, which GitHub reads as a non-empty string: the condition always holds.",
        "put the whole condition inside one `${{ }}`, or use none";
    UngatedDeploy = "ungated-deploy", Error, Disproves, None,
        "A job runs a command or an action that deploys what a gate protects, without waiting at the gate.",
        "add `environment:` to the job; passing the name to a reusable workflow gates nothing";
    UngatedIdentity = "ungated-identity", Error, Disproves, None,
        "A job assumes the same cloud identity as a gated deploy, and does not wait at the gate.",
        "add `environment:` to the job, and pin the identity's trust policy to the environment";
    UngatedCredential = "ungated-credential", Error, Disproves, None,
        "A job reads a secret that a gated deploy uses, and does not wait at the gate.",
        "add `environment:` to the job, or remove the secret from it";
    UngatedJob = "ungated-job", Error, Disproves, None,
        "A job waits at a gate in some runs and starts without an environment in others.",
        "name the environment in every run";
    UnclassifiedCredential = "unclassified-credential", Error, Undecided, None,
        "A job without a gate holds a secret, or may assume an identity, and gate.toml does not say that it cannot deploy with it.",
        "add it to [verify] harmless in gate.toml if it cannot deploy; otherwise give the job a declared environment";
    UnclassifiedDeploy = "unclassified-deploy", Error, Undecided, None,
        "A job without a gate appears to deploy, but its target is not known.",
        "add the job to [verify] harmless in gate.toml if it deploys nothing that the gate protects; otherwise give it a declared environment";
    AutoApproval = "auto-approval", Error, Disproves, None,
        "A job approves deployments itself: starting the job is enough, and no person has to approve.",
        "remove the job, and revoke the token that it approves with";
    MovingCheckout = "moving-checkout", Warning, Disproves, None,
        "A job behind a gate checks out a branch, a tag or an input instead of the commit of its run: what it deploys can change after the approval.",
        "remove `ref`, or set it to `${{ github.sha }}`";
    UntrustedCheckout = "untrusted-checkout", Warning, Disproves, None,
        "A job behind a gate checks out the head of a pull request under an event that runs with the repository's secrets: anyone can propose what it runs.",
        "deploy after the merge, on `push`, or run nothing from that checkout";
    IdentityTrust = "identity-trust", Info, Undecided, None,
        "A job behind a gate assumes a cloud identity. Whether only that job can do so is decided by the identity's trust policy, which gatectl does not read.",
        "pin the trust policy to the `sub` claim that the message names";
    NothingGated = "nothing-gated", Error, Disproves, None,
        "gate.toml declares every environment open (`reviewers = []`), so no deploy waits for a person.",
        "declare `reviewers` for the environment that production is deployed from";
    UnpinnedWorkflow = "unpinned-workflow", Warning, Undecided, None,
        "A called workflow of another repository is named by a branch or tag: what it runs can change without a change here.",
        "name the workflow by the full commit SHA";
    UnreadAction = "unread-action", Info, Undecided, None,
        "An action of this repository is not among the files that were read, or a run uses it at another ref. gatectl does not see a deploy command inside it, but does see the credentials that it gets. If an action or a script exists but cannot be read, the verdict is UNKNOWN.",
        "run gatectl in a checkout, or with --remote";
    NoDeploymentRecord = "no-deployment-record", Warning, Disproves, None,
        "A job sets `deployment: false`: its gate holds, but no deployment is recorded, so it is missing from the activity log.",
        "remove `deployment: false`";
    WorkflowsUnread = "workflows-unread", Error, Undecided, None,
        "The workflow files could not be read, so it is not known which jobs pass through the environment.",
        "run gatectl in a checkout, or give the token `Contents: read`";
    EnvironmentMissing = "environment-missing", Error, Disproves, Some('C'),
        "The environment does not exist. A job that names it starts at once, and GitHub creates the environment without any rules.",
        "gatectl apply";
    EnvironmentNotAbsent = "environment-not-absent", Error, Disproves, None,
        "gate.toml declares the environment absent, but it exists: a job that names it passes whatever rules it has.",
        "gatectl apply --allow-weaken";
    NoReviewers = "no-reviewers", Error, Disproves, Some('A'),
        "No approval is required: a deploy starts as soon as its job does. Other rules, such as a branch policy, do not require one.",
        "declare `reviewers`, or `reviewers = []` if it is open on purpose, then: gatectl apply";
    ReviewersNotEnforced = "reviewers-not-enforced", Error, Disproves, Some('B'),
        "The billing plan does not offer required reviewers to this private repository: GitHub refuses them, or lists them and does not enforce them.",
        "make the repository public or move it to GitHub Enterprise; until then, declare `[freeze] compensates = true` in the repository's own gate.toml and check the freeze in every deploy job";
    PlanUnknown = "plan-unknown", Error, Undecided, Some('B'),
        "The repository is private, and the token cannot see the billing plan: required reviewers may be listed but not enforced.",
        "give the token the organization permission `Organization plan: read`, or the classic scope admin:org as an owner";
    UndeclaredReviewer = "undeclared-reviewer", Error, Disproves, Some('D'),
        "A reviewer that gate.toml does not declare may approve, and one approval is enough.",
        "`gatectl apply` removes them; or declare them in gate.toml";
    ReviewerIdMismatch = "reviewer-id-mismatch", Error, Disproves, Some('D'),
        "A reviewer has the declared login but a different id: anyone can register a login that was given up.",
        "find out who the login belongs to before you change the id; then: gatectl apply";
    BotReviewer = "bot-reviewer", Error, Disproves, Some('D'),
        "A reviewer is not a person: anyone with the machine account's credentials can approve.",
        "declare people or teams as `reviewers`, then: gatectl apply";
    MissingReviewer = "missing-reviewer", Warning, Disproves, Some('D'),
        "A declared reviewer is not on the environment's list and cannot approve; GitHub silently drops reviewers without access.",
        "give the reviewer at least read access, then: gatectl apply";
    ReviewerWithoutAccess = "reviewer-without-access", Warning, Disproves, Some('D'),
        "A reviewer cannot see the repository and so cannot approve. If no one else can, people look for ways around the gate.",
        "give the reviewer at least read access to the repository";
    EmptyTeam = "empty-team", Warning, Disproves, Some('D'),
        "A team without members is a reviewer: it cannot approve, and anyone who can add members can add themselves.",
        "add people to the team, or declare another reviewer";
    ReviewerUnknown = "reviewer-unknown", Error, Undecided, Some('D'),
        "Whether a reviewer exists and can approve could not be determined.",
        "give the token the permission that the message names";
    RenamedReviewer = "renamed-reviewer", Info, Disproves, None,
        "A reviewer has the pinned id but a different login: the account was renamed.",
        "write the new login into gate.toml, with the same id";
    SelfReviewAllowed = "self-review-allowed", Warning, Disproves, None,
        "The person who starts a deploy may approve it too: one stolen account is enough.",
        "declare prevent_self_review = true, with a second reviewer, then: gatectl apply";
    SelfReviewDeadlock = "self-review-deadlock", Warning, Disproves, None,
        "The only reviewer is the person who usually starts the deploys and may not approve them: people look for ways around the gate.",
        "declare a second reviewer, then: gatectl apply";
    AdminsMayBypass = "admins-may-bypass", Warning, Disproves, None,
        "Admins may start a waiting deploy without an approval, with one click.",
        "declare can_admins_bypass = false, then: gatectl apply";
    OpenRefs = "open-refs", Warning, Disproves, None,
        "More refs may deploy than should: an unreviewed branch reaches the gate, and one mistaken approval lets it through.",
        "declare deployment_branch_policy, then: gatectl apply";
    NoProtectedBranch = "no-protected-branch", Warning, Disproves, None,
        "Only protected branches may deploy, and no branch is protected: GitHub then lets every branch deploy.",
        "protect the default branch, or declare { branches = [...] } as deployment_branch_policy";
    RefsAnyoneCanCreate = "refs-anyone-can-create", Warning, Disproves, None,
        "The environment admits branches or tags by a pattern, and anyone with write access can create one that matches: they write its workflow files, and one mistaken approval lets it through.",
        "add a ruleset that restricts creation and update of these refs, with a short bypass list; or admit exact branches only";
    NoPattern = "no-pattern", Warning, Disproves, None,
        "Only selected refs may deploy, and none is selected: nothing can deploy, and people look for ways around the gate.",
        "declare deployment_branch_policy with the refs that deploy, then: gatectl apply";
    WaitTimerShorter = "wait-timer-shorter", Error, Disproves, None,
        "Deploys wait for less time than gate.toml declares, which leaves less time to notice and reject one.",
        "gatectl apply";
    CustomRuleMissing = "custom-rule-missing", Error, Disproves, None,
        "A custom protection rule that gate.toml declares is not enabled: its app is not consulted.",
        "gatectl apply";
    WiderSecret = "wider-secret", Error, Disproves, None,
        "A secret of the environment also exists at the repository or organization: any workflow can read it there and deploy without the gate.",
        "delete the wider secret";
    MissingSecret = "missing-secret", Warning, Disproves, None,
        "A declared secret is not in the environment: the deploy fails, or finds the secret at a wider scope.",
        "set the secret in the environment";
    AutoCreatedEnvironment = "auto-created-environment", Warning, Disproves, Some('C'),
        "A job names an environment that does not exist and is almost a declared one: GitHub creates it on the first run, without any rules.",
        "write the declared name";
    UnreadableState = "unreadable-state", Error, Undecided, None,
        "Some live state that the verdict depends on could not be read.",
        "give the token the permission that the message names";
    Uncompensated = "uncompensated", Warning, Disproves, Some('B'),
        "The freeze is declared to compensate for required reviewers, and a declared deploy does not provably check it first.",
        "make `gatectl freeze check --environment NAME` the first step after the checkout in every job that deploys";
    FreezeCheckedEarlier = "freeze-checked-earlier", Warning, Disproves, Some('B'),
        "The freeze that stands in for required reviewers is checked in an earlier job. A freeze that begins between that job and the deploy does not stop it.",
        "check the freeze in the first step of the deploying job too";
    FreezeOpen = "freeze-open", Warning, Disproves, Some('B'),
        "The freeze that stands in for required reviewers is not on, or may not be: its check lets deploys through, and no one approves them.",
        "gatectl freeze on --reason TEXT";
    StaleFreeze = "stale-freeze", Warning, Disproves, None,
        "A freeze or an override was forgotten: one without an end, one that is over, or a flag that someone set by hand.",
        "clean it up with the command in the message";
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.row().name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_has_a_name_of_its_own_and_a_next_step() {
        let names: BTreeSet<_> = Code::ALL.iter().map(|code| code.row().name).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for row in Code::ALL.iter().map(|code| code.row()) {
            assert!(row.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", row.name);
            assert!(row.means.ends_with('.') && !row.fix.is_empty(), "{}", row.name);
            assert!(row.failure_mode.is_none_or(|mode| ('A'..='D').contains(&mode)), "{}", row.name);
        }
    }
}
