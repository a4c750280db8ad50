//! Whether GitHub enforces the rules that an environment lists.
//!
//! Owns what billing plan and visibility mean (fact G2.3). A listed rule on a private repository proves nothing: it
//! may date from a better plan, or from a time when the repository was public. Only a plan that was read is proof.

use crate::model::Unknown;
use crate::providers::github::inspection::{Billing, Inspection};
use crate::providers::github::live::{Repository, Visibility};

/// Whether GitHub enforces required reviewers, timers and custom rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enforcement {
    /// It does.
    Enforced,
    /// It does not: why, in a clause.
    Refused(String),
    /// Unknown.
    Unknown(Unknown),
}

impl Enforcement {
    /// What was observed, as an answer.
    pub fn of(live: &Inspection) -> Self {
        match (&live.billing, &live.repository) {
            (Billing::Server, _) => Self::Enforced,
            (_, Err(unknown)) => Self::Unknown(unknown.clone()),
            (billing, Ok(repository)) => in_cloud(billing, repository),
        }
    }
}

fn in_cloud(billing: &Billing, repository: &Repository) -> Enforcement {
    let of = |plan: &str| {
        Enforcement::Refused(format!("the repository is {}, and its owner is on the plan `{plan}`", word(repository.visibility)))
    };
    match (billing, repository.visibility) {
        (Billing::Plan(plan), _) if ["bronze", "silver", "gold"].contains(&plan.as_str()) => of(plan),
        (_, Visibility::Public) => Enforcement::Enforced,
        _ if !repository.in_organization => {
            Enforcement::Refused(format!("the repository is {} and belongs to a personal account", word(repository.visibility)))
        }
        (Billing::Plan(plan), _) => match plan.as_str() {
            "enterprise" => Enforcement::Enforced,
            "free" | "pro" | "team" => of(plan),
            other => Enforcement::Unknown(Unknown::new(
                format!("GitHub does not document which rules the plan `{other}` supports"),
                "ask GitHub whether the plan supports required reviewers in private repositories",
            )),
        },
        (Billing::Unreadable(unknown), _) => Enforcement::Unknown(unknown.clone()),
        (Billing::Server, _) => Enforcement::Enforced,
    }
}

const fn word(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Public => "public",
        Visibility::Private => "private",
        Visibility::Internal => "internal",
    }
}
