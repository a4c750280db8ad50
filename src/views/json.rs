//! Plans and reports as JSON: keys and their order are part of the interface (`docs/schemas/`).

use std::collections::BTreeSet;

use serde::Serialize;

use crate::model::{
    Action, Address, ApplyReport, ByHand, Change, EnvName, FleetPlan, InvalidDeclaration, Manual, Note, OutcomeResult, Plan, ReportSummary,
    RepositoryRow, Requests, Summary, Unknown,
};
use crate::render::json::to_string;

/// The version of the JSON of plans and reports.
const FORMAT_VERSION: &str = "1.1";

/// The plan as JSON, ending in a newline.
pub fn plan<O>(plan: &Plan<O>) -> String {
    to_string(&plan_output(plan, None))
}

/// The plan of a fleet as JSON: the same keys, and the result for each repository.
pub fn fleet_plan<O>(fleet: &FleetPlan<O>, requests: Requests) -> String {
    to_string(&plan_output(&fleet.plan, Some(FleetOutput { repositories: &fleet.repositories, requests })))
}

/// The report on a fleet as JSON: the same keys, and the result for each repository.
pub fn fleet_report<O>(report: &ApplyReport, fleet: &FleetPlan<O>, requests: Requests) -> String {
    to_string(&report_output(report, Some(FleetOutput { repositories: &fleet.repositories, requests })))
}

fn plan_output<'a, O>(plan: &'a Plan<O>, fleet: Option<FleetOutput<'a>>) -> PlanOutput<'a> {
    PlanOutput {
        format_version: FORMAT_VERSION,
        config: &plan.config,
        fingerprint: &plan.fingerprint,
        changes: plan.changes().collect(),
        manual: &plan.manual,
        invalid: &plan.invalid,
        notes: &plan.notes,
        unknown: unknown_entries(&plan.unknown),
        summary: plan.summary(),
        unmanaged: &plan.unmanaged,
        limited_to: &plan.limited_to,
        fleet,
    }
}

/// The report as JSON, ending in a newline.
pub fn report(report: &ApplyReport) -> String {
    to_string(&report_output(report, None))
}

fn report_output<'a>(report: &'a ApplyReport, fleet: Option<FleetOutput<'a>>) -> ReportOutput<'a> {
    let outcomes = report.outcomes.iter().map(|outcome| {
        let manual = if let OutcomeResult::Manual(manual) = &outcome.result { Some(manual) } else { None };
        let (result, message) = (outcome.result.word(), &outcome.message);
        OutcomeEntry { address: &outcome.address, action: outcome.action, result, message, manual }
    });
    ReportOutput {
        format_version: FORMAT_VERSION,
        converged: report.converged,
        outcomes: outcomes.collect(),
        summary: report.summary(),
        invalid: &report.invalid,
        unknown: unknown_entries(&report.unknown),
        interrupted: report.interrupted,
        limited_to: &report.limited_to,
        fleet,
    }
}

/// Why a command stopped before it had a result, as JSON, ending in a newline.
pub fn stopped(message: &str, hint: &str) -> String {
    to_string(&StoppedOutput { format_version: FORMAT_VERSION, error: StoppedError { message, hint } })
}

#[derive(Serialize)]
struct StoppedOutput<'a> {
    format_version: &'static str,
    error: StoppedError<'a>,
}

#[derive(Serialize)]
struct StoppedError<'a> {
    message: &'a str,
    hint: &'a str,
}

fn unknown_entries(unknown: &[(Address, Unknown)]) -> Vec<UnknownEntry<'_>> {
    unknown.iter().map(|(address, unknown)| UnknownEntry { address, reason: &unknown.reason, hint: &unknown.hint }).collect()
}

#[derive(Serialize)]
struct PlanOutput<'a> {
    format_version: &'static str,
    config: &'a str,
    fingerprint: &'a str,
    changes: Vec<&'a Change>,
    manual: &'a [Manual],
    invalid: &'a [InvalidDeclaration],
    notes: &'a [Note],
    unknown: Vec<UnknownEntry<'a>>,
    summary: Summary,
    unmanaged: &'a [Address],
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    limited_to: &'a BTreeSet<EnvName>,
    #[serde(flatten)]
    fleet: Option<FleetOutput<'a>>,
}

/// Additional keys of a fleet.
#[derive(Serialize)]
struct FleetOutput<'a> {
    repositories: &'a [RepositoryRow],
    requests: Requests,
}

#[derive(Serialize)]
struct UnknownEntry<'a> {
    address: &'a Address,
    reason: &'a str,
    hint: &'a str,
}

#[derive(Serialize)]
struct ReportOutput<'a> {
    format_version: &'static str,
    converged: bool,
    outcomes: Vec<OutcomeEntry<'a>>,
    summary: ReportSummary,
    invalid: &'a [InvalidDeclaration],
    unknown: Vec<UnknownEntry<'a>>,
    interrupted: bool,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    limited_to: &'a BTreeSet<EnvName>,
    #[serde(flatten)]
    fleet: Option<FleetOutput<'a>>,
}

#[derive(Serialize)]
struct OutcomeEntry<'a> {
    address: &'a Address,
    action: Action,
    result: &'static str,
    message: &'a str,
    manual: Option<&'a ByHand>,
}
