//! The keys of `[environments.NAME]`: the one table of their names, whether they hold deployments back, and what writes them.
//!
//! The reader of gate.toml, its JSON Schema, plans, snapshots, strictness, import and findings take names and order from here.
//! Tested by `every_key_of_the_table_is_read` in `config/tests/accepted.rs` and by the properties of `providers/github/strictness.rs`.

use std::fmt;

/// What writes a key to GitHub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrittenBy {
    /// The PUT that replaces the environment's rules: it carries the key also if another one changes (law 5).
    Put,
    /// The mode by that PUT, and one request for each pattern.
    PutAndPatterns,
    /// Requests of its own, one for each entry.
    Entries,
    /// Nothing: it is a manual step.
    Person,
    /// Nothing: GitHub has no such setting; gatectl judges it.
    Nothing,
}

/// Declares the keys and their rows together, so that neither can exist without the other.
macro_rules! keys {
    ($($Key:ident = $name:literal, $holds_back:literal, $written_by:ident, $means:literal;)*) => {
        /// A key of `[environments.NAME]`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum GateKey {
            $(#[doc = $means] $Key,)*
        }

        impl GateKey {
            /// Every key, in the order in which a plan shows them.
            pub const ALL: &[Self] = &[$(Self::$Key),*];

            /// What GitHub and gate.toml call it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$Key => $name,)* }
            }

            /// Whether its value holds deployments back, so that a change of it can weaken the gate (law 7).
            pub const fn holds_back(self) -> bool {
                match self { $(Self::$Key => $holds_back,)* }
            }

            /// What writes it.
            pub const fn written_by(self) -> WrittenBy {
                match self { $(Self::$Key => WrittenBy::$written_by,)* }
            }
        }
    };
}

keys! {
    State = "state", true, Nothing, "Whether the environment exists: a workflow that names a missing one runs ungated.";
    Reviewers = "reviewers", true, Put, "Who may approve.";
    PreventSelfReview = "prevent_self_review", true, Put, "Whether the person who started a run may not approve it.";
    CanAdminsBypass = "can_admins_bypass", true, Put, "Whether admins may skip the rules.";
    WaitTimer = "wait_timer", true, Put, "How long every deployment waits.";
    DeploymentBranchPolicy = "deployment_branch_policy", true, PutAndPatterns, "Which refs may deploy.";
    ProtectionRules = "protection_rules", true, Entries, "Which apps have to agree.";
    Secrets = "secrets", false, Person, "Names of secrets that must exist.";
    Variables = "variables", false, Entries, "Environment variables.";
    Approvals = "approvals", false, Nothing, "How many different people must have approved.";
}

impl GateKey {
    /// The keys whose values hold deployments back.
    pub fn strict() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|key| key.holds_back())
    }

    /// The keys that GitHub has a value for.
    pub fn live() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|key| key.written_by() != WrittenBy::Nothing)
    }
}

impl fmt::Display for GateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
