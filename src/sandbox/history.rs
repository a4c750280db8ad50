//! What happened in a rehearsal before it begins: a deployment that went through, and one that waits where something gates it.

use super::setup::Setup;
use super::state::{ReviewerRef, State};
use crate::desired::github::{Gate, Reviewer};
use crate::model::EnvName;

const WORKFLOW: &str = ".github/workflows/deploy.yml";
const BRANCH: &str = "refs/heads/main";

impl State {
    /// Runs that deploy to each gated environment. If a reviewer is required, one was approved and another waits; where
    /// none is, no approval was requested. A missing environment is missing afterward too: it was deleted.
    pub fn rehearse_runs(&mut self, setup: &Setup) {
        let repo = setup.repository.to_string();
        for (name, _) in setup.targets() {
            let there = self.repo(&repo).is_some_and(|repo| repo.environment(name.as_str()).is_some());
            let actor = self.github.viewer.clone();
            let Some(run) = self.start_run(&repo, WORKFLOW, "workflow_dispatch", BRANCH, &actor, name.as_str()) else { return };
            if let Some(reviewer) = self.reviewer(&repo, name) {
                self.release_run(&repo, run, Some(&reviewer));
                self.finish_run(&repo, run, "success");
                self.start_run(&repo, WORKFLOW, "workflow_dispatch", BRANCH, &actor, name.as_str());
            } else {
                self.finish_run(&repo, run, "success");
            }
            if let (Some(repo), false) = (self.repo(&repo), there) {
                repo.remove(name.as_str());
            }
        }
    }

    /// From now on every unnamed token is of the first person whom gate.toml declares a reviewer.
    pub fn act_as_reviewer(&mut self, setup: &Setup) {
        let declared = |(_, gate): &(&EnvName, &Gate)| gate.reviewers.iter().flatten().next().cloned();
        let login = match setup.targets().iter().find_map(declared) {
            Some(Reviewer::User { login, .. }) => Some(login),
            Some(Reviewer::Team { org, slug, .. }) => {
                let org = org.unwrap_or_else(|| setup.repository.owner().to_owned());
                self.github.people.team(&org, &slug).and_then(|team| team.members.first().cloned())
            }
            None => None,
        };
        if let Some(login) = login {
            self.github.viewer = login;
        }
    }

    /// A reviewer of a live environment.
    fn reviewer(&mut self, repo: &str, environment: &EnvName) -> Option<String> {
        let first = self.repo(repo)?.environment(environment.as_str())?.reviewers.first().copied()?;
        let people = &self.github.people;
        match first {
            ReviewerRef::User(id) => people.accounts.get(&id).map(|account| account.login.clone()),
            ReviewerRef::Team(id) => people.teams.get(&id).and_then(|team| team.members.first().cloned()),
        }
    }
}
