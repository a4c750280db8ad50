//! The verdict: what was observed and what the workflow files say, joined per environment.

use std::collections::{BTreeMap, BTreeSet};

use super::reviewers::hinted;
use super::{Compensation, Enforcement, EnvironmentReport, EnvironmentVerdict, VerifyReport, reviewers, rules};
use crate::desired::github::{Desired, DesiredEnvironment, Gate};
use crate::findings::{Code, Finding, Severity, Verdict};
use crate::model::{EnvName, GateKey, RepoName, Unknown};
use crate::providers::github::inspection::Inspection;
use crate::workflows::check::CheckReport;

/// Everything that a verdict is based on.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// Whose environments they are.
    pub repository: &'a RepoName,
    /// What gate.toml declares.
    pub want: &'a Desired,
    /// The environments in question.
    pub asked: &'a BTreeSet<EnvName>,
    /// What was observed.
    pub live: &'a Inspection,
    /// What the workflow files say, or why it is unknown.
    pub workflows: Result<&'a CheckReport, &'a Unknown>,
    /// The environments that a workflow is declared for.
    pub expected: &'a BTreeSet<EnvName>,
    /// For each environment whose freeze is declared to compensate: whether it does.
    pub compensations: &'a BTreeMap<EnvName, Compensation>,
}

/// The verdict on every environment in question.
pub fn judge(case: Case<'_>) -> VerifyReport {
    let environments = case.asked.iter().filter_map(|name| environment(case, name)).collect();
    VerifyReport::new(case.repository.clone(), environments, case.workflows.ok())
}

/// One environment; `None` if gate.toml declares it absent and it is.
fn environment(case: Case<'_>, name: &EnvName) -> Option<EnvironmentReport> {
    let enforcement = Enforcement::of(case.live);
    let mut found = match (case.want.environments.get(name), live(case, name)) {
        (Some(DesiredEnvironment::Absent), Ok(None)) => return None,
        (Some(DesiredEnvironment::Absent), Ok(Some(_))) => {
            vec![Finding::new(Code::EnvironmentNotAbsent, "gate.toml declares it absent, and it exists").on(GateKey::State.name())]
        }
        (_, Err(finding)) => vec![finding],
        (Some(DesiredEnvironment::Optional(_)), Ok(None)) => match case.workflows {
            // If no job can name it, nothing is missing; a job that names it creates it, without rules.
            Ok(report) if !names(report, name) => return None,
            Ok(_) => missing(case.repository, &enforcement),
            Err(_) => Vec::new(),
        },
        (Some(DesiredEnvironment::Present(_)) | None, Ok(None)) => missing(case.repository, &enforcement),
        (declared, Ok(Some(environment))) => {
            let gate: Option<&Gate> = declared.and_then(DesiredEnvironment::gate);
            let mut found = match is_open(gate) {
                // gate.toml declares that no approval is required.
                true => Vec::new(),
                false => reviewers::judge(gate, environment, case.live, &enforcement),
            };
            let nothing = BTreeMap::new();
            let used = case.workflows.ok().and_then(|report| report.secrets.get(name)).unwrap_or(&nothing);
            found.extend(rules::judge(case.repository, gate, used, environment, case.live, &enforcement));
            found
        }
    };
    for finding in &mut found {
        finding.environment = Some(name.clone());
    }
    if is_open(case.want.environments.get(name).and_then(DesiredEnvironment::gate)) {
        let own =
            workflows(case, name).into_iter().filter(|finding| finding.environment.is_some() && finding.code != Code::NothingDeclared);
        return Some(EnvironmentReport::open(name.clone(), found.into_iter().chain(own).collect()));
    }
    // A freeze compensates only for what the billing plan withholds.
    let refused = found.iter().any(|finding| compensable(finding, &enforcement));
    let rest = found.iter().filter(|finding| !compensable(finding, &enforcement)).cloned().collect::<Vec<_>>();
    let from_files = workflows(case, name);
    let compensation = case.compensations.get(name);
    if refused {
        let of_freeze = compensation.into_iter().flat_map(|freeze| freeze.gaps.iter().chain(&freeze.weaknesses)).cloned();
        found.extend(of_freeze.map(|finding| finding.about(name)));
    }
    let remaining = crate::findings::verdict(rest.iter().chain(&from_files));
    found.extend(from_files);
    let mut report = EnvironmentReport::new(name.clone(), found);
    if refused && compensation.is_some_and(|freeze| freeze.gaps.is_empty()) && remaining == Verdict::Gated && case.expected.contains(name) {
        report.verdict = EnvironmentVerdict::Judged(Verdict::Compensated);
    }
    Some(report)
}

/// Whether a job may run in an environment.
fn names(report: &CheckReport, name: &EnvName) -> bool {
    let mut jobs = report.workflows.iter().flat_map(|scenario| &scenario.jobs);
    jobs.any(|job| job.environments.iter().any(|named| named.is_empty() || named.eq_ignore_ascii_case(name.as_str())))
}

/// Whether gate.toml declares that no approval is required.
fn is_open(gate: Option<&Gate>) -> bool {
    gate.and_then(|gate| gate.reviewers.as_ref()).is_some_and(Vec::is_empty)
}

/// Whether a finding only says that the billing plan withholds a rule.
fn compensable(finding: &Finding, enforcement: &Enforcement) -> bool {
    let by_plan = matches!(enforcement, Enforcement::Refused(_)) && finding.failure_mode == Some('B');
    by_plan && finding.severity == Severity::Error && finding.code != Code::EnvironmentMissing
}

fn live<'a>(case: Case<'a>, name: &EnvName) -> Result<Option<&'a crate::providers::github::live::LiveEnvironment>, Finding> {
    match (&case.live.environments, &case.live.repository) {
        (Ok(environments), _) => match environments.get(name).map(Result::as_ref).transpose() {
            Ok(there) => Ok(there),
            Err(unknown) => Err(hinted(Finding::new(Code::UnreadableState, unknown.reason.clone()), unknown)),
        },
        // If the repository cannot be seen, its environments cannot be either.
        (Err(_), Err(unknown)) | (Err(unknown), Ok(_)) => {
            let message = format!("the environments of {} could not be read: {}", case.repository, unknown.reason);
            Err(hinted(Finding::new(Code::UnreadableState, message), unknown))
        }
    }
}

fn missing(repository: &RepoName, enforcement: &Enforcement) -> Vec<Finding> {
    let message =
        format!("it does not exist in {repository}: a job that names it starts without an approval, and creates it without rules");
    let mut found = vec![Finding::new(Code::EnvironmentMissing, message)];
    if let Enforcement::Refused(why) = enforcement {
        found.push(
            Finding::new(Code::ReviewersNotEnforced, format!("GitHub would refuse required reviewers: {why}"))
                .on(GateKey::Reviewers.name()),
        );
    }
    found
}

/// What the workflow files mean for an environment.
fn workflows(case: Case<'_>, name: &EnvName) -> Vec<Finding> {
    match case.workflows {
        Err(unknown) => {
            let message = format!("the workflow files could not be read: {}", unknown.reason);
            // Also without [[workflows]]: a file that was not read may hold a job that deploys.
            vec![hinted(Finding::new(Code::WorkflowsUnread, message), unknown)]
        }
        Ok(report) => {
            let about = |finding: &&Finding| finding.environment.as_ref().is_none_or(|about| about == name);
            report.findings.iter().filter(about).filter(|finding| finding.code != Code::NothingGated).cloned().collect()
        }
    }
}
