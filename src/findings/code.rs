//! The one table of finding codes, for static and live checks alike; `docs/findings.md` is made from it.
//!
//! Owns what each code means in general. Must not know how a finding is found.

use serde::Serialize;

use super::Severity;

/// What an error of a code says of the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Something is open, or is not as declared.
    Disproves,
    /// Something could not be decided.
    Undecided,
}

/// What the table says of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The name that scripts match on.
    pub name: &'static str,
    /// How bad it is where nothing says otherwise.
    pub severity: Severity,
    /// What an error of this code says of the gate.
    pub proof: Proof,
    /// The failure mode, a letter of `docs/laws.md`.
    pub failure_mode: Option<char>,
    /// What it means for an attacker or an accident.
    pub means: &'static str,
    /// What to do about it, in general.
    pub fix: &'static str,
}

/// Declares the codes and their rows at once, so that neither can be without the other.
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

            /// What the table says of the code.
            #[must_use]
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
    NothingDeclared = "nothing-declared", Error, Undecided, None,
        "gate.toml declares no workflow, so nothing says which jobs must pass through an environment.",
        "add a [[workflows]] table for each workflow that deploys";
    MissingWorkflow = "missing-workflow", Error, Disproves, None,
        "A declared workflow file is not there; it may have been renamed, and what took its place is not checked.",
        "correct `file` in gate.toml, or restore the workflow";
    UnreadableWorkflow = "unreadable-workflow", Error, Undecided, None,
        "A workflow file could not be read, so nobody can say what it deploys.",
        "make the file valid YAML";
    InvalidWorkflow = "invalid-workflow", Warning, Disproves, None,
        "GitHub rejects the workflow: it cannot run, and a gate in it protects nothing.",
        "correct the workflow as the message says";
    UnknownKey = "unknown-key", Warning, Disproves, None,
        "A key is not one that GitHub knows; a misspelt filter or environment does not do what it seems to do.",
        "correct the key's spelling";
    UnclearFilter = "unclear-filter", Warning, Undecided, None,
        "GitHub does not document what a filter pattern matches, so nobody can say which refs start the workflow.",
        "write the pattern in a documented form";
    NeverTriggered = "never-triggered", Error, Disproves, None,
        "A declared scenario cannot start the workflow, so the expectation proves nothing about real deploys.",
        "correct `when` in gate.toml, or the workflow's `on`";
    NoGatedJob = "no-gated-job", Error, Disproves, None,
        "No job of a declared scenario resolves to the environment: whatever it deploys waits for nobody.",
        "add `environment:` to the job that deploys";
    WrongEnvironment = "wrong-environment", Error, Disproves, None,
        "A job that deploys resolves to another environment than the declared one, and passes that one's gate instead.",
        "correct the job's `environment`, or the expectation in gate.toml";
    NearMissEnvironment = "near-miss-environment", Warning, Disproves, Some('C'),
        "A job names an environment that is almost a declared one; GitHub creates an environment it does not know, without rules.",
        "use the declared name";
    UnresolvedEnvironment = "unresolved-environment", Error, Undecided, None,
        "Which environment a job runs in cannot be told from the files alone; it may be none.",
        "make the name a literal, or an expression over inputs with fixed choices";
    RemoteWorkflow = "remote-workflow", Error, Undecided, None,
        "A job calls a workflow of another repository, whose jobs may run in any environment or in none.",
        "move the deploying job into this repository, or call a workflow of this repository";
    UpstreamGate = "upstream-gate", Error, Disproves, None,
        "A deploying job has no environment and only waits for a job that has one: the environment's secrets and refs do not bind it.",
        "add `environment:` to the deploying job itself";
    UpstreamGateBypass = "upstream-gate-bypass", Error, Disproves, None,
        "A job waits for a gated job but may run although that one was rejected, because its `if` uses a status function.",
        "require `needs.<gate>.result == 'success'` in the job's `if`";
    RefRefused = "ref-refused", Warning, Disproves, None,
        "The environment's deployment branch policy refuses the ref of a declared deploy: the deploy fails, and people look for ways round the gate.",
        "let the policy admit the ref: { branches = [...], tags = [...] } in gate.toml";
    MixedCondition = "mixed-condition", Warning, Disproves, None,
        "An `if` mixes text with `${{ }}`, which GitHub reads as a non-empty string: the condition always holds.",
        "put the whole condition inside one `${{ }}`, or write it without";
    UngatedDeploy = "ungated-deploy", Error, Disproves, None,
        "A job runs a command or an action that deploys what a gate is there for, and does not wait at the gate.",
        "add `environment:` to the job; passing the name to a reusable workflow gates nothing";
    UngatedIdentity = "ungated-identity", Error, Disproves, None,
        "A job takes on the same cloud identity as a gated deploy, and does not wait at the gate.",
        "add `environment:` to the job, and pin the identity's trust policy to the environment";
    UngatedCredential = "ungated-credential", Error, Disproves, None,
        "A job reads a secret that a gated deploy uses, and does not wait at the gate.",
        "add `environment:` to the job, or take the secret out of it";
    UngatedJob = "ungated-job", Error, Disproves, None,
        "A job waits at a gate in some runs and starts without an environment in others.",
        "name the environment in every run";
    UnclassifiedCredential = "unclassified-credential", Error, Undecided, None,
        "A job without a gate holds a secret, or may take on an identity, and nothing says that it cannot deploy with it.",
        "add it to [verify] harmless in gate.toml if it cannot deploy; else give the job a declared environment";
    UnclassifiedDeploy = "unclassified-deploy", Error, Undecided, None,
        "A job without a gate seems to deploy, and what it deploys to is not known.",
        "add the job to [verify] harmless in gate.toml if it deploys nothing that the gate is for; else give it a declared environment";
    AutoApproval = "auto-approval", Error, Disproves, None,
        "A job approves deployments: whoever starts it needs no person's approval.",
        "remove the job, and revoke the token that it approves with";
    NothingGated = "nothing-gated", Error, Disproves, None,
        "gate.toml declares every environment open (`reviewers = []`), so nothing waits for a person.",
        "declare `reviewers` for the environment that production is deployed from";
    UnpinnedWorkflow = "unpinned-workflow", Warning, Undecided, None,
        "A called workflow of another repository is named by a branch or tag: what it runs may change without anybody here.",
        "name the workflow by the full commit SHA";
    NoDeploymentRecord = "no-deployment-record", Warning, Disproves, None,
        "A job sets `deployment: false`: its gate holds, but no deployment is recorded, and nobody finds it in the activity log.",
        "remove `deployment: false`";
    WorkflowsUnread = "workflows-unread", Error, Undecided, None,
        "The workflow files could not be read, so nobody can say which jobs pass through the environment.",
        "run it in a checkout, or give the token `Contents: read`";
    EnvironmentMissing = "environment-missing", Error, Disproves, Some('C'),
        "The environment does not exist. A job that names it starts at once: GitHub creates it then, without any rule.",
        "gatectl apply";
    EnvironmentNotAbsent = "environment-not-absent", Error, Disproves, None,
        "gate.toml declares the environment absent and it is there: a job that names it passes whatever rules it happens to have.",
        "gatectl apply --allow-weaken";
    NoReviewers = "no-reviewers", Error, Disproves, Some('A'),
        "Nobody has to approve: a deploy starts as soon as its job does. Other rules, such as a branch policy, ask nobody.",
        "declare `reviewers` in gate.toml, then: gatectl apply";
    ReviewersNotEnforced = "reviewers-not-enforced", Error, Disproves, Some('B'),
        "The billing plan does not offer required reviewers to this private repository: GitHub refuses them, or lists them and does not enforce them.",
        "make the repository public or move it to GitHub Enterprise; until then declare [freeze] compensates = true and check the freeze in every deploy job";
    PlanUnknown = "plan-unknown", Error, Undecided, Some('B'),
        "The repository is private, and the token may not see the plan: required reviewers may be listed and yet not be enforced.",
        "give the token the organisation permission `Organization plan: read`, or the classic scope admin:org as an owner";
    UndeclaredReviewer = "undeclared-reviewer", Error, Disproves, Some('D'),
        "Somebody may approve whom gate.toml does not declare, and one approval is enough.",
        "gatectl apply takes them off; or declare them in gate.toml";
    ReviewerIdMismatch = "reviewer-id-mismatch", Error, Disproves, Some('D'),
        "A reviewer has the declared login and another id: a login that was given up can be registered by anybody.",
        "find out who the login belongs to before you change the id; then: gatectl apply";
    BotReviewer = "bot-reviewer", Error, Disproves, Some('D'),
        "A reviewer is no person: whoever holds the machine's credentials approves.",
        "declare people or teams as `reviewers`, then: gatectl apply";
    MissingReviewer = "missing-reviewer", Warning, Disproves, Some('D'),
        "A declared reviewer is not on the environment's list and cannot approve; GitHub drops those without access in silence.",
        "gatectl apply, after the reviewer has at least read access";
    ReviewerWithoutAccess = "reviewer-without-access", Warning, Disproves, Some('D'),
        "A reviewer cannot see the repository and so cannot approve. Where nobody else can, people look for ways round the gate.",
        "give the reviewer at least read access to the repository";
    EmptyTeam = "empty-team", Warning, Disproves, Some('D'),
        "A team without members is a reviewer: nobody can approve for it, and whoever may add members may add himself.",
        "add people to the team, or declare another reviewer";
    ReviewerUnknown = "reviewer-unknown", Error, Undecided, Some('D'),
        "Whether a reviewer exists and can approve could not be determined.",
        "give the token the permission that the message names";
    RenamedReviewer = "renamed-reviewer", Info, Disproves, None,
        "A reviewer has the pinned id and another login: the account was renamed.",
        "write the new login into gate.toml, with the same id";
    SelfReviewAllowed = "self-review-allowed", Warning, Disproves, None,
        "Whoever starts a deploy may approve it himself: one stolen account is enough.",
        "declare prevent_self_review = true, with a second reviewer, then: gatectl apply";
    SelfReviewDeadlock = "self-review-deadlock", Warning, Disproves, None,
        "The only reviewer is the one who usually starts the deploys and may not approve them: people look for ways round the gate.",
        "declare a second reviewer, then: gatectl apply";
    AdminsMayBypass = "admins-may-bypass", Warning, Disproves, None,
        "Admins may start a waiting deploy without an approval, by a click.",
        "declare can_admins_bypass = false, then: gatectl apply";
    OpenRefs = "open-refs", Warning, Disproves, None,
        "More refs may deploy than should: a branch that nobody reviewed reaches the gate, and one approval by mistake lets it through.",
        "declare deployment_branch_policy, then: gatectl apply";
    NoProtectedBranch = "no-protected-branch", Warning, Disproves, None,
        "Only protected branches may deploy, and no branch is protected: GitHub then lets every branch deploy.",
        "protect the default branch, or declare { branches = [...] } as deployment_branch_policy";
    RefsAnyoneCanCreate = "refs-anyone-can-create", Warning, Disproves, None,
        "The environment admits branches or tags by a pattern, and anyone with write access can create one that matches: its workflow files are theirs, and one approval by mistake lets it through.",
        "add a ruleset that restricts creation and update of these refs, with a short bypass list; or admit exact branches only";
    NoPattern = "no-pattern", Warning, Disproves, None,
        "Only selected refs may deploy, and none is selected: nothing can deploy, and people look for ways round the gate.",
        "declare deployment_branch_policy with the refs that deploy, then: gatectl apply";
    WaitTimerShorter = "wait-timer-shorter", Error, Disproves, None,
        "Deploys wait shorter than gate.toml declares: there is less time to notice and to reject.",
        "gatectl apply";
    CustomRuleMissing = "custom-rule-missing", Error, Disproves, None,
        "A custom protection rule that gate.toml declares is not enabled: its app is not asked.",
        "gatectl apply";
    WiderSecret = "wider-secret", Error, Disproves, None,
        "A secret of the environment exists at the repository or organisation too: any workflow can read it there and deploy without the gate.",
        "delete the wider secret";
    MissingSecret = "missing-secret", Warning, Disproves, None,
        "A declared secret is not in the environment: the deploy fails, or finds the secret at a wider scope.",
        "set the secret in the environment";
    AutoCreatedEnvironment = "auto-created-environment", Warning, Disproves, Some('C'),
        "A job names an environment that does not exist and is almost a declared one: GitHub creates it on the first run, without any rule.",
        "write the declared name";
    UnreadableState = "unreadable-state", Error, Undecided, None,
        "A part of the live state that the verdict rests on could not be read.",
        "give the token the permission that the message names";
    Uncompensated = "uncompensated", Warning, Disproves, Some('B'),
        "The freeze is declared to stand in for required reviewers, and a declared deploy does not provably check it first.",
        "make `gatectl freeze check --environment NAME` the first step after the checkout in every job that deploys";
    FreezeCheckedEarlier = "freeze-checked-earlier", Warning, Disproves, Some('B'),
        "The freeze that stands in for required reviewers is checked in an earlier job. A freeze that begins between that job and the deploy does not stop it.",
        "check the freeze in the first step of the deploying job too";
    FreezeOpen = "freeze-open", Warning, Disproves, Some('B'),
        "The freeze that stands in for required reviewers is not on, or may not be: its check lets deploys through, and nobody approves them.",
        "gatectl freeze on";
    StaleFreeze = "stale-freeze", Warning, Disproves, None,
        "A freeze or an override was forgotten: one without an end, one that is over, or a flag that someone set by hand.",
        "tidy it with the command that the message names";
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
