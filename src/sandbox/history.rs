//! What happened in a rehearsal before it begins: deployments that went through, and one that waits if something gates it.

use jiff::SignedDuration;

use super::setup::Setup;
use super::state::{AccountKind, ReviewerRef, State};
use crate::desired::github::{Gate, Reviewer};
use crate::model::EnvName;

const WORKFLOW: &str = ".github/workflows/deploy.yml";
const BRANCH: &str = "refs/heads/main";
/// The author of what is deployed.
const DEVELOPER: &str = "sandbox-developer";

impl State {
    /// Runs that deploy to each gated environment, over the last days. If a reviewer is required, two were approved, the second one
    /// with a pull request, and a third waits with another one; without one, no approval was requested. A missing environment is
    /// missing afterward too: it was deleted.
    pub fn rehearse_runs(&mut self, setup: &Setup) {
        let (repo, present) = (setup.repository.to_string(), self.now);
        let actor = self.github.viewer.clone();
        for (name, _) in setup.targets() {
            let there = self.repo(&repo).is_some_and(|repo| repo.environment(name.as_str()).is_some());
            self.now = present.before(SignedDuration::from_hours(50));
            let Some(run) = self.rehearse_run(&repo, &actor, name) else { break };
            let reviewer = self.reviewer(&repo, name);
            self.end_run(&repo, run, reviewer.as_deref());
            if let Some(reviewer) = reviewer {
                for (title, hours, waits) in [("Cache the price list", 24, false), ("Show prices without tax", 20, true)] {
                    self.now = self.now.after(SignedDuration::from_hours(hours));
                    let Some(run) = self.rehearse_run(&repo, &actor, name) else { break };
                    self.rehearse_pull(&repo, run, title, &reviewer);
                    if !waits {
                        self.end_run(&repo, run, Some(&reviewer));
                    }
                }
            }
            if let (Some(repo), false) = (self.repo(&repo), there) {
                repo.remove(name.as_str());
            }
        }
        self.now = present;
    }

    fn rehearse_run(&mut self, repo: &str, actor: &str, name: &EnvName) -> Option<u64> {
        self.start_run(repo, WORKFLOW, "workflow_dispatch", BRANCH, actor, name.as_str())
    }

    /// Approves a run after a while, if there is a reviewer, and completes it successfully.
    fn end_run(&mut self, repo: &str, run: u64, reviewer: Option<&str>) {
        if let Some(reviewer) = reviewer {
            self.now = self.now.after(SignedDuration::from_mins(12));
            self.release_run(repo, run, Some(reviewer));
        }
        self.now = self.now.after(SignedDuration::from_mins(3));
        self.finish_run(repo, run, "success");
    }

    /// Says that the commit of a run came with a pull request, which this reviewer approved and the account that started the run merged.
    fn rehearse_pull(&mut self, repo: &str, run: u64, title: &str, reviewer: &str) {
        self.github.add_account(DEVELOPER, None, AccountKind::User);
        let merger = self.github.viewer.clone();
        let Some((repo, ids)) = self.repo_with_ids(repo) else { return };
        let Some(sha) = repo.runs.iter().find(|known| known.id == run).map(|run| run.head_sha.clone()) else { return };
        if let Some(commit) = repo.commits.get_mut(&sha) {
            commit.author = Some(DEVELOPER.to_owned());
            title.clone_into(&mut commit.message);
        }
        repo.merge(ids, &sha, &[reviewer]);
        for merged in repo.pulls.iter_mut().filter_map(|pull| pull.merged.as_mut()).filter(|merged| merged.sha == sha) {
            merged.by.clone_from(&merger);
        }
    }

    /// From now on every unnamed token is of the first person that gate.toml declares as a reviewer.
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
        let Some(login) = login else { return };
        // A reviewer who may read the freeze, as `approve` needs it.
        if let Some((place, _)) = &setup.variables {
            for account in self.github.people.accounts.values_mut().filter(|account| account.login.eq_ignore_ascii_case(place)) {
                account.owners.insert(login.clone());
            }
        }
        self.github.viewer = login;
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
