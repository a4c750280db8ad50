//! A fleet for a rehearsal: many repositories of one organization, a fixed share of which is wrong in each way that happens.
//!
//! Owns which repositories there are and what is wrong with each. People and teams exist once, regardless of the number.

use super::faults::Fault;
use super::scenario::Scenario;
use super::setup::{Member, Setup};
use super::state::{Plan, PropertyValue, State, Visibility};
use super::wire::Response;
use crate::model::RepoName;

/// The default number of repositories besides the one of gate.toml: more than fit on one page.
const SIZE: usize = 119;
/// What they are called.
const NAMES: &str = "svc-*";

/// What is wrong with a repository of a fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// Nothing.
    Gated,
    /// Its gated environments are gone.
    Missing,
    /// They exist and have no rules.
    NoRules,
    /// A machine account is their reviewer.
    WrongReviewer,
    /// It is private, and the billing plan refuses required reviewers there.
    PlanLimit,
    /// The token may not read its environments.
    Unreadable,
    /// It is archived.
    Archived,
}

impl Condition {
    /// The condition of the repository at this place, counted from 0: of each twenty, two each are missing, without rules, with
    /// a wrong reviewer, beyond the plan, and unreadable; one is archived, nine are gated.
    pub fn of(place: usize) -> Self {
        match place % 10 {
            2 => Self::Missing,
            4 => Self::NoRules,
            6 => Self::WrongReviewer,
            8 => Self::PlanLimit,
            9 => Self::Unreadable,
            5 if place % 20 == 15 => Self::Archived,
            _ => Self::Gated,
        }
    }

    /// The scenario that breaks one repository in this way.
    fn scenario(self) -> Scenario {
        match self {
            Self::Missing => Scenario::MissingEnvironment,
            Self::NoRules => Scenario::NoRules,
            Self::WrongReviewer => Scenario::WrongReviewer,
            Self::PlanLimit => Scenario::PlanLimit,
            Self::Gated | Self::Unreadable | Self::Archived => Scenario::Gated,
        }
    }
}

/// Names that patterns with `*` stand for: this many in all, shared among the patterns. A name without `*`, also after `!`, is
/// itself.
pub fn fleet_names(patterns: &[&str], count: usize) -> Vec<String> {
    let globs = patterns.iter().filter(|pattern| pattern.contains('*') && !pattern.starts_with('!')).count();
    let each = count.div_ceil(globs.max(1));
    let mut names = Vec::new();
    for pattern in patterns {
        let name = pattern.trim_start_matches('!');
        match name.split_once('*') {
            None => names.push(name.to_owned()),
            Some(_) if pattern.starts_with('!') => names.push(name.replace('*', "x")),
            Some((before, after)) => {
                let more = (1..=each).map(|number| format!("{before}{number:03}{}", after.replace('*', "x")));
                names.extend(more);
            }
        }
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// The repositories of a rehearsal whose gate.toml is for a single one: each has the same declaration.
pub(super) fn default_members(setup: &Setup) -> Vec<Member> {
    let names = fleet_names(&[NAMES], SIZE);
    let repositories = names.into_iter().filter_map(|name| RepoName::parse(&format!("{}/{name}", setup.repository.owner())).ok());
    let others = repositories.filter(|repository| *repository != setup.repository);
    others.map(|repository| Member::new(repository, setup.environments.clone())).collect()
}

impl State {
    /// Breaks each repository of the fleet as its place says. The one of gate.toml itself stays as declared.
    ///
    /// Only a Team plan affects some repositories of an organization and not others: the private ones.
    pub(super) fn break_fleet(&mut self, setup: &Setup) {
        for repo in &mut self.github.repos {
            repo.visibility = Visibility::Public;
        }
        for (place, member) in setup.fleet.iter().enumerate() {
            let condition = Condition::of(place);
            self.break_repository(condition.scenario(), &member.repository, &member.environments);
            if let Some(repo) = self.repo(&member.repository.to_string()) {
                repo.archived = condition == Condition::Archived;
                let properties = member.properties.iter().map(|(name, value)| (name.clone(), PropertyValue::One(value.clone())));
                repo.properties.extend(properties);
            }
            if condition == Condition::Unreadable {
                let refusal = Response::github_error(403, "Resource not accessible by personal access token");
                self.faults.push(Fault::before(refusal).path(&format!("/repos/{}/environments*", member.repository)));
            }
        }
        self.github.set_plan(setup.repository.owner(), Plan::Team);
    }
}
