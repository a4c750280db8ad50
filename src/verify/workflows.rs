//! What the workflow files say, in the light of what is live.

use std::collections::{BTreeMap, BTreeSet};

use crate::desired::freeze::Policy;
use crate::desired::github::BranchPolicy;
use crate::findings::{Code, Finding};
use crate::model::EnvName;
use crate::providers::github::inspection::Inspection;
use crate::workflows::check::{CheckReport, SourceFile, check, compensation};
use crate::workflows::facts::Facts;
use crate::workflows::freeze_check::Proof;

/// Checks the files against gate.toml and against the live policies; names what a job would create on its first run.
#[must_use]
pub fn check_live(sources: &[SourceFile], facts: &Facts, live: &Inspection) -> CheckReport {
    let mut report = check(sources, facts);
    let policies = live_policies(facts, live);
    if policies != facts.environments {
        let facts = Facts { environments: policies, ..facts.clone() };
        let refused = check(sources, &facts).findings.into_iter().filter(|finding| finding.code == Code::RefRefused);
        let same =
            |a: &Finding, b: &Finding| (a.code, &a.file, a.line, a.col, &a.environment) == (b.code, &b.file, b.line, b.col, &b.environment);
        let new: Vec<Finding> = refused.filter(|finding| !report.findings.iter().any(|known| same(known, finding))).collect();
        report.findings.extend(new.into_iter().map(|finding| {
            let message = format!("{} (the live policy)", finding.message);
            Finding { message, ..finding }
        }));
    }
    let created = would_create(&report, live);
    for finding in &mut report.findings {
        let place = (finding.file.clone().unwrap_or_default(), finding.line.unwrap_or_default());
        if let (Code::NearMissEnvironment, Some(name)) = (finding.code, created.get(&place)) {
            finding.code = Code::AutoCreatedEnvironment;
            finding.message = format!("{}; `{name}` does not exist, and GitHub creates it without rules on the first run", finding.message);
        }
    }
    report
}

/// The declared environments with the policies that hold today; where that is not known, the declared one.
fn live_policies(facts: &Facts, live: &Inspection) -> BTreeMap<EnvName, Option<BranchPolicy>> {
    // A policy without any pattern refuses every ref, and says so by itself.
    let says_more = |policy: &BranchPolicy| !matches!(policy, BranchPolicy::Selected(patterns) if patterns.is_empty());
    let today = |name: &EnvName| live.environments.as_ref().ok()?.get(name)?.as_ref().ok()?.branch_policy().filter(says_more);
    facts.environments.iter().map(|(name, policy)| (name.clone(), today(name).or_else(|| policy.clone()))).collect()
}

/// Names of environments that do not exist, by the place of the job that names them.
fn would_create(report: &CheckReport, live: &Inspection) -> BTreeMap<(String, usize), String> {
    let Ok(environments) = &live.environments else { return BTreeMap::new() };
    let missing = |name: &&String| EnvName::new(name.as_str()).is_ok_and(|name| !environments.contains_key(&name));
    let jobs = report.workflows.iter().flat_map(|scenario| &scenario.jobs);
    let named =
        jobs.flat_map(|job| job.environments.iter().filter(missing).map(|name| ((job.details.file.clone(), job.line), name.clone())));
    named.collect()
}

/// What is known of a freeze that is declared to stand in for reviewers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StandIn {
    /// What is missing to prove that every declared deploy checks it.
    pub gaps: Vec<Finding>,
    /// What is wrong with it today.
    pub today: Vec<Finding>,
}

/// For each environment whose freeze is declared to stand in for reviewers, whether every declared deploy checks it.
#[must_use]
pub fn stand_ins(policy: Option<&Policy>, asked: &BTreeSet<EnvName>, sources: &[SourceFile], facts: &Facts) -> BTreeMap<EnvName, StandIn> {
    let Some(policy) = policy.filter(|policy| policy.compensates) else { return BTreeMap::new() };
    let covered = asked.iter().filter(|name| policy.environments.contains(*name));
    covered.map(|name| (name.clone(), StandIn { gaps: freeze_gaps(sources, facts, name), today: Vec::new() })).collect()
}

/// Every declared deploy to an environment that a freeze check does not provably hold back.
fn freeze_gaps(sources: &[SourceFile], facts: &Facts, environment: &EnvName) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for one in compensation(sources, facts, environment, &[]) {
        let Proof::Unproven(pos, why) = one.proof else { continue };
        let subject = if one.path.is_empty() { one.scenario } else { format!("on `{}`, {}", one.scenario, one.path) };
        let gap = Finding::new(Code::Uncompensated, format!("{subject}: {why}")).about(environment);
        // The position is in the job's own file, which is not the one that the event starts where it is called.
        let gap = if one.path.contains('\u{203a}') { gap.in_file(one.file) } else { gap.in_file(one.file).at(pos.line, pos.col) };
        if !found.iter().any(|known| (&known.file, known.line, known.col) == (&gap.file, gap.line, gap.col)) {
            found.push(gap);
        }
    }
    found
}
