//! What the workflow files mean, given the live state.

use std::collections::{BTreeMap, BTreeSet};

use super::Enforcement;
use super::reviewers::can_approve;
use crate::desired::freeze::OnUnreachable;
use crate::desired::github::BranchPolicy;
use crate::findings::{Code, Finding};
use crate::model::{EnvName, Unknown};
use crate::providers::github::inspection::Inspection;
use crate::providers::github::live::LiveEnvironment;
use crate::workflows::check::{CheckReport, check, compensation};
use crate::workflows::facts::{Facts, Guard};
use crate::workflows::freeze_check::{FreezeFacts, Proof};
use crate::workflows::resolve::Files;
use crate::workflows::yaml::Pos;

/// Checks the files against gate.toml and against the live policies; names what a job would create on its first run.
pub fn check_live(files: &Files, facts: &Facts, live: &Inspection) -> CheckReport {
    let facts = &Facts { live: guards(live), wider_secrets: wider_secrets(live), ..facts.clone() };
    let mut report = check(files, facts);
    let policies = live_policies(facts, live);
    if policies != facts.environments {
        let facts = Facts { environments: policies, ..facts.clone() };
        let refused = check(files, &facts).findings.into_iter().filter(|finding| finding.code == Code::RefRefused);
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
            if !finding.message.contains("creates it without rules") {
                finding.message =
                    format!("{}; `{name}` does not exist, and GitHub creates it without rules on the first run", finding.message);
            }
        }
    }
    report
}

/// Names of every secret beyond the environments, if both lists are known.
fn wider_secrets(live: &Inspection) -> Option<BTreeSet<String>> {
    let wider = live.wider_secrets.as_ref()?;
    let is_personal = live.repository.as_ref().is_ok_and(|repository| !repository.in_organization);
    let organization = match &wider.organization {
        Ok(names) => names.clone(),
        Err(_) if is_personal => BTreeSet::new(),
        Err(_) => return None,
    };
    Some(wider.repository.as_ref().ok()?.union(&organization).cloned().collect())
}

/// Whether a person has to approve in each live environment.
fn guards(live: &Inspection) -> Option<BTreeMap<EnvName, Guard>> {
    let enforcement = Enforcement::of(live);
    let guard = |environment: &Result<LiveEnvironment, Unknown>| {
        let Ok(environment) = environment else { return Guard::Unknown };
        let can: Vec<Option<bool>> = environment.reviewers.iter().map(|reviewer| can_approve(reviewer, live)).collect();
        match &enforcement {
            _ if can.iter().all(|can| *can == Some(false)) => Guard::Open,
            Enforcement::Refused(_) => Guard::Open,
            Enforcement::Enforced if can.contains(&Some(true)) => Guard::Gated,
            Enforcement::Enforced | Enforcement::Unknown(_) => Guard::Unknown,
        }
    };
    Some(live.environments.as_ref().ok()?.iter().map(|(name, environment)| (name.clone(), guard(environment))).collect())
}

/// The declared environments with their live policies; if a live one is not known, the declared one.
fn live_policies(facts: &Facts, live: &Inspection) -> BTreeMap<EnvName, Option<BranchPolicy>> {
    // A policy without any pattern refuses every ref, and has its own finding.
    let says_more = |policy: &BranchPolicy| !matches!(policy, BranchPolicy::Selected(patterns) if patterns.is_empty());
    let today = |name: &EnvName| live.environments.as_ref().ok()?.get(name)?.as_ref().ok()?.branch_policy().filter(says_more);
    facts.environments.iter().map(|(name, policy)| (name.clone(), today(name).or_else(|| policy.clone()))).collect()
}

/// Environments that do not exist, by the place of the job that names them.
fn would_create(report: &CheckReport, live: &Inspection) -> BTreeMap<(String, usize), String> {
    let Ok(environments) = &live.environments else { return BTreeMap::new() };
    let missing = |name: &&String| EnvName::new(name.as_str()).is_ok_and(|name| !environments.contains_key(&name));
    let jobs = report.workflows.iter().flat_map(|scenario| &scenario.jobs);
    let named =
        jobs.flat_map(|job| job.environments.iter().filter(missing).map(|name| ((job.details.file.clone(), job.line), name.clone())));
    named.collect()
}

/// What is known about a freeze that is declared to compensate for reviewers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compensation {
    /// What is missing to prove that every deploy checks it.
    pub gaps: Vec<Finding>,
    /// What is wrong with it today, or weaker than it could be.
    pub weaknesses: Vec<Finding>,
}

/// For each environment whose freeze is declared to compensate for reviewers, whether every deploy checks it.
pub fn compensations(asked: &BTreeSet<EnvName>, files: &Files, facts: &Facts, freeze: FreezeFacts<'_>) -> BTreeMap<EnvName, Compensation> {
    let covered = asked.iter().filter(|name| freeze.policy.compensates && freeze.policy.environments.contains(*name));
    covered.map(|name| (name.clone(), of(files, facts, name, freeze))).collect()
}

fn of(files: &Files, facts: &Facts, environment: &EnvName, freeze: FreezeFacts<'_>) -> Compensation {
    let mut found = Compensation::default();
    let add = |list: &mut Vec<Finding>, finding: Finding| {
        if !list.iter().any(|known| (&known.file, known.line, known.col) == (&finding.file, finding.line, finding.col)) {
            list.push(finding.about(environment));
        }
    };
    if freeze.policy.on_unreachable == OnUnreachable::Open {
        let message = "[freeze] on_unreachable = \"open\": while the freeze cannot be read, its check lets deploys through";
        let finding = Finding::new(Code::FreezeOpen, message).fix("remove on_unreachable, so that an unreadable freeze stops deploys");
        found.weaknesses.push(finding.about(environment));
    }
    for one in compensation(files, facts, environment, freeze) {
        let subject = match (one.scenario.as_str(), one.path.as_str()) {
            ("", _) => String::new(),
            (scenario, "") => format!("on `{scenario}`: "),
            (scenario, path) => format!("on `{scenario}`, {path}: "),
        };
        let placed = |finding: Finding, pos: Pos| if one.at.is_empty() { finding } else { finding.in_file(&one.at).at(pos.line, pos.col) };
        match one.proof {
            Proof::Proven(_) => {}
            Proof::Unproven(pos, why) => add(&mut found.gaps, placed(Finding::new(Code::Uncompensated, format!("{subject}{why}")), pos)),
            Proof::AtStart(pos) => {
                let why = "only its `if` reads the freeze, when the job starts: a freeze that is set while it waits does not stop it";
                add(&mut found.gaps, placed(Finding::new(Code::Uncompensated, format!("{subject}{why}")), pos));
            }
            Proof::Earlier(pos, job) => {
                let message = format!(
                    "{subject}the freeze is checked in the job `{job}`, before this one: the answer is as old as the wait between them, up to 30 days"
                );
                add(&mut found.weaknesses, placed(Finding::new(Code::FreezeCheckedEarlier, message), pos));
            }
        }
    }
    found
}
