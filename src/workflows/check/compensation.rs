//! Whether freeze checks stand in for a gate: the proof for every declared scenario of an environment.

use super::{SourceFile, parse, same_path};
use crate::model::EnvName;
use crate::workflows::contexts::{Known, Place, github, unknown};
use crate::workflows::expressions::{Map, Node, Rest};
use crate::workflows::facts::Facts;
use crate::workflows::freeze_check::{Nothing, Proof, Question, freeze_check_before_deploy};
use crate::workflows::resolve::{Files, JobEntry, Verdict, resolve};
use crate::workflows::scenario::{Scenario, declared, derived, words};
use crate::workflows::yaml::Pos;

/// The proof for one deploying job of one declared scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compensation {
    /// The file that the event starts.
    pub file: String,
    /// `workflow_dispatch environment=production`.
    pub scenario: String,
    /// The job: `deploy.yml:deploy`; empty where there is none to ask.
    pub path: String,
    /// Whether the freeze check stops it.
    pub proof: Proof,
}

/// One proof for each deploying job of each declared scenario of an environment. A freeze compensates for missing reviewers
/// only if there is at least one, and every one is proven.
#[must_use]
pub fn compensation(sources: &[SourceFile], facts: &Facts, environment: &EnvName, equivalents: &[String]) -> Vec<Compensation> {
    let files: Files = sources.iter().map(|source| (source.path.clone(), parse(source))).collect();
    let mut found = Vec::new();
    for expectation in facts.expectations.iter().filter(|one| one.expect.environments().any(|name| name == environment)) {
        let nothing = |scenario: String, why: String| Compensation {
            file: expectation.file.clone(),
            scenario,
            path: String::new(),
            proof: Proof::Unproven(Pos { line: 1, col: 1 }, why),
        };
        let Some(workflow) = files.iter().find(|(path, _)| same_path(path, &expectation.file)).and_then(|(_, file)| file.as_ref().ok())
        else {
            found.push(nothing(String::new(), "the workflow is missing or could not be read".to_owned()));
            continue;
        };
        let scenarios: Vec<Result<Scenario, Compensation>> = if expectation.when.is_empty() {
            derived(workflow, facts).into_iter().map(Ok).collect()
        } else {
            let one = |when| declared(workflow, when, facts).map_err(|problem| nothing(words(when), problem.why));
            expectation.when.iter().map(one).collect()
        };
        for scenario in scenarios {
            match scenario {
                Err(refused) => found.push(refused),
                Ok(scenario) => {
                    let jobs = resolve(&files, workflow, &scenario, facts);
                    let deploying: Vec<&JobEntry> = jobs.iter().filter(|job| deploys(job)).collect();
                    if deploying.is_empty() && scenario.named_ref {
                        found.push(nothing(scenario.label.clone(), "no job of the scenario deploys".to_owned()));
                    }
                    found.extend(deploying.into_iter().map(|job| Compensation {
                        file: workflow.path.clone(),
                        scenario: scenario.label.clone(),
                        path: job.path.clone(),
                        proof: proof(&files, job, &scenario, facts, environment, equivalents),
                    }));
                }
            }
        }
    }
    found
}

/// A job that runs in some environment or in nobody knows which, or that seems to deploy.
fn deploys(job: &JobEntry) -> bool {
    match job.verdict {
        Verdict::Skipped => false,
        Verdict::None | Verdict::ViaNeeds => !job.details.evidence.is_empty(),
        Verdict::Env | Verdict::Set | Verdict::Unknown | Verdict::Invalid => true,
    }
}

fn proof(files: &Files, entry: &JobEntry, scenario: &Scenario, facts: &Facts, environment: &EnvName, equivalents: &[String]) -> Proof {
    let found = files.get(&entry.details.file).and_then(|file| file.as_ref().ok()).and_then(|file| Some((file, file.job(&entry.job)?)));
    let Some((workflow, job)) = found else {
        return Proof::Unproven(Pos { line: entry.line, col: entry.details.col }, entry.reason.clone());
    };
    let inputs: Map<Node> = scenario.inputs.iter().map(|input| (input.name.clone(), input.value.clone())).collect();
    let later = unknown("it is known only while the job runs");
    let known = Known {
        place: Place::Step,
        github: &github(scenario, facts),
        inputs: &Node::Partial(inputs, Rest::Null),
        needs: &later,
        matrix: &later,
        jobs: &later,
    };
    // A called workflow has inputs of its own, of which nothing is assumed here.
    let is_called = entry.path.contains('\u{203a}');
    freeze_check_before_deploy(workflow, job, &Question { environment, equivalents, contexts: if is_called { &Nothing } else { &known } })
}
