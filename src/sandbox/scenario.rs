//! What can be wrong in a rehearsal, by name.

use std::fmt;
use std::str::FromStr;

/// What is wrong in a rehearsal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scenario {
    /// The gated environments are gone.
    #[default]
    MissingEnvironment,
    /// They exist and have no rules.
    NoRules,
    /// A machine account is their reviewer.
    WrongReviewer,
    /// The billing plan refuses required reviewers.
    PlanLimit,
    /// Only protected branches may deploy, and no branch is protected.
    UnprotectedBranches,
    /// Nothing is wrong.
    Gated,
    /// One repository of many, of which a share is wrong in each way.
    Fleet,
}

impl Scenario {
    /// All of them, in the order in which help shows them.
    pub const ALL: [Self; 7] = [
        Self::MissingEnvironment,
        Self::NoRules,
        Self::WrongReviewer,
        Self::PlanLimit,
        Self::UnprotectedBranches,
        Self::Gated,
        Self::Fleet,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::MissingEnvironment => "missing-environment",
            Self::NoRules => "no-rules",
            Self::WrongReviewer => "wrong-reviewer",
            Self::PlanLimit => "plan-limit",
            Self::UnprotectedBranches => "unprotected-branches",
            Self::Gated => "gated",
            Self::Fleet => "fleet",
        }
    }

    /// What it shows, in one line.
    pub fn description(self) -> &'static str {
        match self {
            Self::MissingEnvironment => "the gated environments were deleted: nothing waits for approval",
            Self::NoRules => "the gated environments exist, but have no protection rules",
            Self::WrongReviewer => "a machine account is the required reviewer",
            Self::PlanLimit => "the repository is private and its billing plan refuses required reviewers",
            Self::UnprotectedBranches => "only protected branches may deploy, but no branch is protected",
            Self::Gated => "everything is as declared",
            Self::Fleet => "an organization with many repositories, some of which are broken in each of these ways",
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scenario {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let known = || Self::ALL.map(Self::name).join(", ");
        Self::ALL.into_iter().find(|scenario| scenario.name() == text).ok_or_else(|| format!("no scenario `{text}`; there are {}", known()))
    }
}
