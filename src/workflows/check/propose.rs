//! What gate.toml should declare about the workflow files, for a file that does not mention them yet.
//!
//! Owns which environments each file reaches. Must not know how gate.toml is written.
//! Tested by `tests/verify/proposed.rs`.

use std::collections::{BTreeMap, BTreeSet};

use super::expected::is_env;
use super::{check, runs};
use crate::desired::workflows::{Expectation, Expected};
use crate::model::EnvName;
use crate::workflows::facts::Facts;
use crate::workflows::resolve::{Files, Verdict};

/// What the workflow files suggest.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// A `[[workflows]]` table for each file with a job that runs in a declared environment. Each of them holds.
    pub workflows: Vec<Expectation>,
    /// `[verify] harmless` for every undecided job, if none of them can deploy: only a person knows that.
    pub harmless: Vec<String>,
    /// Jobs that name an environment which gate.toml does not declare: path and environment.
    pub undeclared: BTreeSet<(String, String)>,
}

/// Derives the declarations from every run that the triggers allow.
pub fn propose(files: &Files, facts: &Facts) -> Proposal {
    let (runs, _) = runs::all(files, facts);
    let mut reached: BTreeMap<&str, BTreeSet<&EnvName>> = BTreeMap::new();
    let mut undeclared = BTreeSet::new();
    for run in &runs {
        for job in run.jobs.iter().filter(|job| job.verdict == Verdict::Env) {
            let declared: Vec<&EnvName> = facts.environments.keys().filter(|name| is_env(job, name)).collect();
            if declared.is_empty() {
                undeclared.extend(job.environments.iter().map(|name| (job.path.clone(), name.clone())));
            } else {
                reached.entry(&run.workflow.path).or_default().extend(declared);
            }
        }
    }
    let expectation = |(file, names): (&str, BTreeSet<&EnvName>)| Expectation {
        file: file.to_owned(),
        expect: Expected::Environments(names.into_iter().cloned().collect()),
        when: Vec::new(),
    };
    let workflows: Vec<Expectation> = reached.into_iter().map(expectation).collect();
    let harmless = check(files, &Facts { expectations: workflows.clone(), ..facts.clone() }).harmless;
    Proposal { workflows, harmless, undeclared }
}
