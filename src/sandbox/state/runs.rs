//! Workflow runs, what waits, and who approved.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::environment::{Environment, PolicyMode, RefType};
use super::github::{Repo, Ruleset};
use super::{State, people::ReviewerRef};
use crate::sandbox::switches::{FreshBypass, Rulesets};

/// A workflow run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The database id.
    pub id: u64,
    /// The workflow's path in the repository.
    pub path: String,
    /// The event.
    pub event: String,
    /// The short name of the branch or tag.
    pub head_branch: String,
    /// The commit.
    pub head_sha: String,
    /// `waiting`, `in_progress`, `completed`, …
    pub status: String,
    /// `success`, `failure`, …, once completed.
    pub conclusion: Option<String>,
    /// The login of the person who started it.
    pub actor: String,
    /// The login of the person who started this attempt.
    pub triggering_actor: String,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// What waits for a review or a timer.
    pub pending: Vec<Pending>,
    /// Reviews so far.
    pub approvals: Vec<Approval>,
}

/// An environment that a run waits for.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// The environment's id.
    pub environment: u64,
    /// The id of the deployment that waits.
    pub deployment: u64,
    /// When its timer started.
    pub since: Timestamp,
}

/// One review.
#[derive(Debug, Clone, PartialEq)]
pub struct Approval {
    /// The login of the reviewer.
    pub user: String,
    /// `approved` or `rejected`.
    pub state: String,
    /// The comment.
    pub comment: String,
    /// The environments' ids.
    pub environments: Vec<u64>,
}

/// A deployment record.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployment {
    /// The database id.
    pub id: u64,
    /// The commit.
    pub sha: String,
    /// The branch or tag.
    pub git_ref: String,
    /// The environment's name.
    pub environment: String,
    /// Its task: `deploy`, unless its creator sets another.
    pub task: String,
    /// The login of the creator.
    pub creator: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The run that its log leads to, which is the one that made it; none for one made over the API, which no gate holds back
    /// (fact G1.6), unless a test sets it.
    pub run: Option<u64>,
    /// Statuses, newest first.
    pub statuses: Vec<DeploymentStatus>,
}

/// One status of a deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct DeploymentStatus {
    /// The database id.
    pub id: u64,
    /// `success`, `failure`, `waiting`, `in_progress`, …
    pub state: String,
    /// The address of its log, if its creator set one.
    pub log: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Repo {
    /// Whether a branch counts as protected.
    pub fn protects(&self, branch: &str, rulesets: Rulesets) -> bool {
        let by_rule = self.branches.iter().any(|candidate| candidate.name == branch && candidate.protected);
        let covers = |set: &Ruleset| set.active && set.target == RefType::Branch && set.covers.contains(branch);
        by_rule || (rulesets == Rulesets::Protect && self.rulesets.iter().any(covers))
    }

    /// Whether a job on this full ref may deploy to an environment (fact G2.6).
    pub fn admits(&self, environment: &Environment, git_ref: &str, rulesets: Rulesets) -> bool {
        let (kind, name) = match (git_ref.strip_prefix("refs/heads/"), git_ref.strip_prefix("refs/tags/")) {
            (Some(name), _) => (RefType::Branch, name),
            (None, Some(name)) => (RefType::Tag, name),
            (None, None) => (RefType::Branch, git_ref),
        };
        match environment.policy {
            None => true,
            Some(PolicyMode::Protected) => {
                // Without any protected branch, every branch may deploy.
                let any = self.branches.iter().any(|branch| self.protects(&branch.name, rulesets));
                kind == RefType::Branch && (!any || self.protects(name, rulesets))
            }
            Some(PolicyMode::Custom) => environment.patterns.iter().any(|pattern| pattern.kind == kind && fnmatch(&pattern.name, name)),
        }
    }
}

/// The part of `File.fnmatch` that the sandbox knows: `*` and `?` do not cross `/`, `**` does.
fn fnmatch(pattern: &str, name: &str) -> bool {
    match (pattern.strip_prefix("**"), pattern.strip_prefix('*'), pattern.chars().next()) {
        (Some(rest), _, _) => (0..=name.len()).any(|at| name.get(at..).is_some_and(|tail| fnmatch(rest, tail))),
        (None, Some(rest), _) => {
            let reach = name.find('/').unwrap_or(name.len());
            (0..=reach).any(|at| name.get(at..).is_some_and(|tail| fnmatch(rest, tail)))
        }
        (None, None, None) => name.is_empty(),
        (None, None, Some(wanted)) => {
            let mut rest = name.chars();
            let fits = rest.next().is_some_and(|found| found == wanted || (wanted == '?' && found != '/'));
            fits && fnmatch(pattern.get(wanted.len_utf8()..).unwrap_or_default(), rest.as_str())
        }
    }
}

impl State {
    /// Simulates a workflow run with one job in this environment: creates the environment, ungated, if it is missing
    /// (fact G2.8), fails on a ref that may not deploy, waits for reviewers or a timer, or else deploys. Returns the run's
    /// id, or none if there is no such repository.
    pub fn start_run(&mut self, repo: &str, path: &str, event: &str, git_ref: &str, actor: &str, environment: &str) -> Option<u64> {
        let now = self.now.tick();
        let (rulesets, bypass) = (self.switches.rulesets, self.switches.fresh_bypass == FreshBypass::Allowed);
        let (repo, ids) = self.repo_with_ids(repo)?;
        let target = match repo.environment(environment) {
            Some(target) => target.clone(),
            None => Environment::ungated(ids, environment, bypass, now),
        };
        let admitted = repo.admits(&target, git_ref, rulesets);
        let gated = !target.reviewers.is_empty() || target.wait_timer > 0 || target.custom_rules.iter().any(|rule| rule.enabled);
        let (status, conclusion) = match (admitted, gated) {
            (false, _) => ("completed", Some("failure".to_owned())),
            (true, true) => ("waiting", None),
            (true, false) => ("in_progress", None),
        };
        let id = ids.fresh();
        let mut run = Run {
            id,
            path: path.to_owned(),
            event: event.to_owned(),
            head_branch: git_ref.trim_start_matches("refs/heads/").trim_start_matches("refs/tags/").to_owned(),
            head_sha: super::derived_sha(&format!("change {id}")),
            status: status.to_owned(),
            conclusion,
            actor: actor.to_owned(),
            triggering_actor: actor.to_owned(),
            attempt: 1,
            created_at: now,
            updated_at: now,
            pending: Vec::new(),
            approvals: Vec::new(),
        };
        let state = if admitted { status } else { "failure" };
        let deployment = repo.deploy(ids, &run, &target.name, state, now);
        if status == "waiting" {
            run.pending.push(Pending { environment: target.id, deployment, since: now });
        }
        repo.commit(&run.head_branch, &run.head_sha, actor, &format!("Change {id}"), now);
        repo.runs.insert(0, run);
        if repo.environment(environment).is_none() {
            repo.insert(target);
        }
        Some(id)
    }

    /// Ends a run and its deployments: `success`, `failure`, ...
    pub fn finish_run(&mut self, repo: &str, run: u64, conclusion: &str) {
        let now = self.now.tick();
        let Some((repo, ids)) = self.repo_with_ids(repo) else { return };
        let deployments: Vec<u64> = repo.deployments.iter().filter(|made| made.run == Some(run)).map(|made| made.id).collect();
        for deployment in deployments {
            repo.note(ids, deployment, conclusion, now);
        }
        if let Some(run) = repo.runs.iter_mut().find(|candidate| candidate.id == run) {
            run.status = "completed".to_owned();
            run.conclusion = Some(conclusion.to_owned());
            run.updated_at = now;
            run.pending.clear();
        }
    }

    /// One more job of a run, in an environment that exists; it waits if the environment has reviewers or a timer.
    pub fn add_job(&mut self, repo: &str, run: u64, environment: &str) {
        let now = self.now.tick();
        let Some((repo, ids)) = self.repo_with_ids(repo) else { return };
        let (Some(target), Some(at)) = (repo.environment(environment).cloned(), repo.runs.iter().position(|known| known.id == run)) else {
            return;
        };
        let mut run = repo.runs.remove(at);
        let waits = !target.reviewers.is_empty() || target.wait_timer > 0;
        let state = if waits { "waiting" } else { "in_progress" };
        let deployment = repo.deploy(ids, &run, &target.name, state, now);
        if waits {
            run.pending.push(Pending { environment: target.id, deployment, since: now });
        }
        (run.status, run.conclusion, run.updated_at) = (state.to_owned(), None, now);
        repo.runs.insert(at, run);
    }

    /// Runs all jobs of a run again: the same run, one attempt further, with new deployments. Its reviews stay.
    pub fn rerun(&mut self, repo: &str, run: u64, actor: &str) {
        let Some(known) = self.repo(repo) else { return };
        let made = known.deployments.iter().filter(|made| made.run == Some(run)).map(|made| made.environment.clone());
        let environments: BTreeSet<String> = made.collect();
        for known in known.runs.iter_mut().filter(|known| known.id == run) {
            known.attempt += 1;
            actor.clone_into(&mut known.triggering_actor);
            known.pending.clear();
        }
        for environment in environments {
            self.add_job(repo, run, &environment);
        }
    }

    /// Approves what a run waits for as a reviewer does in the browser. An admin who bypasses leaves no review.
    pub fn release_run(&mut self, repo: &str, run: u64, reviewer: Option<&str>) {
        let review = reviewer.map(|user| (user, "approved", "reviewed in the browser"));
        self.end_wait(repo, run, review, ("in_progress", None), "in_progress");
    }

    /// Rejects what a run waits for as a reviewer does in the browser: the run fails.
    pub fn reject_run(&mut self, repo: &str, run: u64, reviewer: &str) {
        let review = Some((reviewer, "rejected", "rejected in the browser"));
        self.end_wait(repo, run, review, ("completed", Some("failure")), "failure");
    }

    /// Ends the wait of a run: the review (user, state, comment), the run's status and conclusion, and its deployments' state.
    fn end_wait(
        &mut self,
        repo: &str,
        run: u64,
        review: Option<(&str, &str, &str)>,
        (status, conclusion): (&str, Option<&str>),
        deployments: &str,
    ) {
        let now = self.now.tick();
        let Some((repo, ids)) = self.repo_with_ids(repo) else { return };
        let mut pending = Vec::new();
        for known in repo.runs.iter_mut().filter(|known| known.id == run) {
            pending = std::mem::take(&mut known.pending);
            (known.status, known.conclusion, known.updated_at) = (status.to_owned(), conclusion.map(str::to_owned), now);
            if let Some((user, state, comment)) = review {
                let environments = pending.iter().map(|pending| pending.environment).collect();
                let (user, state, comment) = (user.to_owned(), state.to_owned(), comment.to_owned());
                known.approvals.push(Approval { user, state, comment, environments });
            }
        }
        for pending in pending {
            repo.note(ids, pending.deployment, deployments, now);
        }
    }

    /// Records a deployment as a script does over the API: no job, no gate, and a log at any address.
    pub fn deploy_over_api(&mut self, repo: &str, environment: &str, sha: &str, creator: &str, run: Option<u64>) {
        let now = self.now.tick();
        let Some((repo, ids)) = self.repo_with_ids(repo) else { return };
        let status = DeploymentStatus { id: ids.fresh(), state: "success".to_owned(), log: None, created_at: now };
        let deployment = Deployment {
            id: ids.fresh(),
            sha: sha.to_owned(),
            git_ref: "main".to_owned(),
            environment: environment.to_owned(),
            task: "deploy".to_owned(),
            creator: creator.to_owned(),
            created_at: now,
            run,
            statuses: vec![status],
        };
        repo.deployments.insert(0, deployment);
    }
}

impl Repo {
    /// Records the deployment that a run's job makes, in this state, and returns its id.
    fn deploy(&mut self, ids: &mut super::Ids, run: &Run, environment: &str, state: &str, now: Timestamp) -> u64 {
        let status = DeploymentStatus { id: ids.fresh(), state: state.to_owned(), log: None, created_at: now };
        let id = ids.fresh();
        let deployment = Deployment {
            id,
            sha: run.head_sha.clone(),
            git_ref: run.head_branch.clone(),
            environment: environment.to_owned(),
            task: "deploy".to_owned(),
            creator: run.actor.clone(),
            created_at: now,
            run: Some(run.id),
            statuses: vec![status],
        };
        self.deployments.insert(0, deployment);
        id
    }

    /// Gives a deployment a new status.
    pub(in crate::sandbox) fn note(&mut self, ids: &mut super::Ids, deployment: u64, state: &str, now: Timestamp) {
        if let Some(deployment) = self.deployments.iter_mut().find(|candidate| candidate.id == deployment) {
            deployment.statuses.insert(0, DeploymentStatus { id: ids.fresh(), state: state.to_owned(), log: None, created_at: now });
        }
    }

    /// Whether an account is one of an environment's reviewers, directly or through a team.
    pub fn reviews(&self, people: &super::People, environment: &Environment, login: &str) -> bool {
        environment.reviewers.iter().any(|reviewer| match reviewer {
            ReviewerRef::User(id) => people.accounts.get(id).is_some_and(|account| account.login.eq_ignore_ascii_case(login)),
            ReviewerRef::Team(id) => {
                // Members of child teams belong to the parent too.
                let lines = people.teams.values().filter(|team| people.lineage(team.id).any(|ancestor| ancestor.id == *id));
                lines.flat_map(|team| &team.members).any(|member| member.eq_ignore_ascii_case(login))
            }
        })
    }
}
