//! Whether freeze checks compensate for a gate: one proof for every job that may deploy to an environment.

use std::collections::BTreeSet;

use crate::model::EnvName;
use crate::workflows::contexts::{Known, WorkflowKey, github};
use crate::workflows::expressions::{Node, Nothing};
use crate::workflows::facts::Facts;
use crate::workflows::freeze_check::{FreezeFacts, Proof, Question, freeze_check_before_deploy};
use crate::workflows::model::Workflow;
use crate::workflows::resolve::{Files, JobEntry, Verdict, resolve};
use crate::workflows::scenario::{Scenario, declared, derived, words};
use crate::workflows::yaml::Pos;

/// The proof for one job of one scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compensation {
    /// The file that the event starts.
    pub file: String,
    /// `workflow_dispatch environment=production`.
    pub scenario: String,
    /// The job: `deploy.yml:deploy`; empty if no job is involved.
    pub path: String,
    /// The file that the position of the proof is in.
    pub at: String,
    /// Whether the freeze check stops it.
    pub proof: Proof,
}

/// One proof for each job that may deploy to an environment, in every declared scenario and in every other one that the
/// triggers allow. A freeze compensates for missing reviewers only if there is at least one, and every one is proven.
pub fn compensation(files: &Files, facts: &Facts, environment: &EnvName, freeze: FreezeFacts<'_>) -> Vec<Compensation> {
    let environments = facts.environments.keys().cloned().collect();
    let mut proofs = Proofs { files, facts, environment, freeze, environments: &environments, found: Vec::new() };
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    for expectation in facts.expectations.iter().filter(|one| one.expect.environments().any(|name| name == environment)) {
        let nothing = |scenario: String, why: String| Compensation {
            file: expectation.file.clone(),
            scenario,
            path: String::new(),
            at: expectation.file.clone(),
            proof: Proof::Unproven(Pos { line: 1, col: 1 }, why),
        };
        let Some(Ok(workflow)) = files.declared(&expectation.file) else {
            proofs.found.push(nothing(String::new(), "the workflow is missing or could not be read".to_owned()));
            continue;
        };
        for when in &expectation.when {
            match declared(workflow, when, facts) {
                Err(problem) => proofs.found.push(nothing(words(when), problem.why)),
                Ok(scenario) => {
                    seen.insert((workflow.path.clone(), scenario.label.clone()));
                    let is_only = expectation.expect.environments().all(|name| name == environment);
                    if !proofs.scenario(workflow, &scenario) && is_only {
                        proofs.found.push(nothing(scenario.label.clone(), "no job of the scenario deploys".to_owned()));
                    }
                }
            }
        }
    }
    for workflow in files.workflows() {
        for scenario in derived(workflow, &files.reads(workflow, facts), facts) {
            if !seen.contains(&(workflow.path.clone(), scenario.label.clone())) {
                proofs.scenario(workflow, &scenario);
            }
        }
    }
    if proofs.found.is_empty() {
        let proof = Proof::Unproven(Pos { line: 1, col: 1 }, format!("no job of any workflow deploys to {environment}"));
        proofs.found.push(Compensation { file: String::new(), scenario: String::new(), path: String::new(), at: String::new(), proof });
    }
    proofs.found
}

struct Proofs<'a> {
    files: &'a Files,
    facts: &'a Facts,
    environment: &'a EnvName,
    freeze: FreezeFacts<'a>,
    environments: &'a BTreeSet<EnvName>,
    found: Vec<Compensation>,
}

impl Proofs<'_> {
    /// Adds the proofs of one scenario; returns whether any of its jobs may deploy.
    fn scenario(&mut self, workflow: &Workflow, scenario: &Scenario) -> bool {
        let jobs = resolve(self.files, workflow, scenario, self.facts);
        let deploying: Vec<&JobEntry> = jobs.iter().filter(|job| self.may_deploy(job)).collect();
        for job in &deploying {
            let (at, proof) = self.proof(workflow, job, scenario);
            let (file, scenario, path) = (workflow.path.clone(), scenario.label.clone(), job.path.clone());
            self.found.push(Compensation { file, scenario, path, at, proof });
        }
        !deploying.is_empty()
    }

    /// A job that runs in the environment, or in one that is not known, or that seems to deploy outside any environment.
    fn may_deploy(&self, job: &JobEntry) -> bool {
        let is_it = || job.names().any(|name| name == *self.environment);
        match job.verdict {
            Verdict::Skipped => false,
            Verdict::None | Verdict::ViaNeeds => job.details.holds.is_anything(),
            Verdict::Env => is_it(),
            Verdict::Set => is_it() || job.environments.iter().any(String::is_empty),
            Verdict::Unknown | Verdict::Invalid => true,
        }
    }

    /// The proof for a job, with the file that its position is in: in its own steps and needs, or before the job that calls its workflow.
    fn proof(&self, started: &Workflow, entry: &JobEntry, scenario: &Scenario) -> (String, Proof) {
        let inputs = scenario.inputs();
        let later = Node::unknown("it is known only while the job runs");
        let context = github(scenario, self.facts);
        let known = Known { key: WorkflowKey::Step, github: &context, inputs: &inputs, needs: &later, matrix: &later, jobs: &later };
        let question = Question { environment: self.environment, environments: self.environments, freeze: self.freeze, contexts: &known };
        let is_called = entry.details.chain.len() > 1;
        let own = match self.files.job(entry) {
            // A called workflow has inputs of its own, about which nothing is assumed here.
            Some((workflow, job)) if is_called => freeze_check_before_deploy(workflow, job, &Question { contexts: &Nothing, ..question }),
            Some((workflow, job)) => freeze_check_before_deploy(workflow, job, &question),
            None => Proof::Unproven(Pos { line: entry.line, col: entry.details.col }, entry.reason.clone()),
        };
        if !is_called || !matches!(own, Proof::Unproven(..)) {
            return (entry.details.file.clone(), own);
        }
        let caller = entry.details.chain.first().and_then(|(_, id)| started.job(id));
        match caller.map(|caller| freeze_check_before_deploy(started, caller, &question)) {
            Some(proof @ (Proof::Proven(_) | Proof::Earlier(..) | Proof::AtStart(_))) => (started.path.clone(), proof),
            Some(Proof::Unproven(..)) | None => (entry.details.file.clone(), own),
        }
    }
}
