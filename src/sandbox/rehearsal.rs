//! The declared world, broken in the way that a scenario names.

use std::collections::BTreeMap;

use super::fleet;
use super::scenario::Scenario;
use super::setup::{Setup, targets};
use super::state::{AccountKind, Permission, Plan, PolicyMode, ReviewerRef, State, Visibility};
use crate::desired::github::{self as desired, BranchPolicy};
use crate::model::{EnvName, RepoName};

impl State {
    /// The world as declared, then broken in the way that the scenario names.
    ///
    /// An environment `staging` without rules, which gate.toml need not declare, exists in every scenario.
    pub fn rehearsal(scenario: Scenario, setup: &Setup) -> Self {
        if scenario == Scenario::Fleet {
            let members = if setup.fleet.is_empty() { fleet::default_members(setup) } else { setup.fleet.clone() };
            let setup = setup.clone().with_fleet(members);
            let mut state = Self::declared(&setup);
            state.break_fleet(&setup);
            return state;
        }
        let mut state = Self::declared(setup);
        state.break_repository(scenario, &setup.repository, &setup.environments);
        for member in &setup.fleet {
            state.break_repository(scenario, &member.repository, &member.environments);
        }
        state
    }

    /// Breaks what is declared of one repository.
    pub(super) fn break_repository(
        &mut self,
        scenario: Scenario,
        repository: &RepoName,
        environments: &BTreeMap<EnvName, desired::DesiredEnvironment>,
    ) {
        let owner = repository.owner();
        let (owner_pays, robot) = match scenario {
            Scenario::PlanLimit => (self.github.people.account(owner).map(|account| account.kind), None),
            Scenario::WrongReviewer => (None, Some(self.github.add_account(&format!("{owner}-deploy-bot"), None, AccountKind::User))),
            _ => (None, None),
        };
        match owner_pays {
            Some(AccountKind::Organization) => self.github.set_plan(owner, Plan::Team),
            Some(_) => self.github.set_plan(owner, Plan::Pro),
            None => {}
        }
        let robot = robot.and_then(|id| self.github.people.accounts.get(&id).cloned());
        let Some(repo) = self.repo(&repository.to_string()) else { return };
        if let Some(robot) = &robot {
            repo.collaborators.insert(robot.login.clone(), Permission::Write);
        }
        for (name, gate) in targets(environments) {
            match scenario {
                Scenario::MissingEnvironment => {
                    repo.remove(name.as_str());
                }
                Scenario::PlanLimit => {
                    repo.visibility = Visibility::Private;
                    repo.remove(name.as_str());
                }
                Scenario::NoRules => {
                    if let Some(environment) = repo.environment_mut(name.as_str()) {
                        environment.reviewers.clear();
                        environment.prevent_self_review = false;
                        environment.wait_timer = 0;
                        environment.policy = None;
                        environment.patterns.clear();
                        environment.custom_rules.clear();
                    }
                }
                Scenario::WrongReviewer => {
                    if let (Some(environment), Some(robot)) = (repo.environment_mut(name.as_str()), &robot) {
                        environment.reviewers = vec![ReviewerRef::User(robot.id)];
                    }
                }
                Scenario::UnprotectedBranches => {
                    for branch in &mut repo.branches {
                        branch.protected = false;
                    }
                    if let (Some(environment), None | Some(BranchPolicy::Protected)) =
                        (repo.environment_mut(name.as_str()), &gate.deployment_branch_policy)
                    {
                        environment.policy = Some(PolicyMode::Protected);
                    }
                }
                Scenario::Gated | Scenario::Fleet => {}
            }
        }
    }
}
