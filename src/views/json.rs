//! Plans and reports as JSON: keys and their order are part of the interface (`docs/schemas/`).

use std::collections::BTreeSet;

use serde::Serialize;

use crate::model::{
    Action, Address, ApplyReport, ByHand, Change, EnvName, InvalidDeclaration, Manual, Note, OutcomeResult, Plan, ReportSummary,
    RepositoryRow, Requests, Summary, Unknown,
};
use crate::render::json::to_string;

/// The version of the JSON of plans and reports.
const FORMAT_VERSION: &str = "1.1";

/// The plan as JSON, ending in a newline; with the keys of a fleet if it is for one.
pub fn plan<'a, O>(plan: &'a Plan<O>, fleet: Option<FleetOutput<'a>>) -> String {
    to_string(&PlanOutput {
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
    })
}

/// The report as JSON, ending in a newline; with the keys of a fleet if it is on one.
pub fn report<'a>(report: &'a ApplyReport, fleet: Option<FleetOutput<'a>>) -> String {
    let outcomes = report.outcomes.iter().map(|outcome| {
        let manual = if let OutcomeResult::Manual(manual) = &outcome.result { Some(manual) } else { None };
        let (result, message) = (outcome.result.word(), &outcome.message);
        OutcomeEntry { address: &outcome.address, action: outcome.action, result, message, manual }
    });
    to_string(&ReportOutput {
        format_version: FORMAT_VERSION,
        converged: report.converged,
        outcomes: outcomes.collect(),
        summary: report.summary(),
        invalid: &report.invalid,
        unknown: unknown_entries(&report.unknown),
        interrupted: report.interrupted,
        limited_to: &report.limited_to,
        fleet,
    })
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
pub struct FleetOutput<'a> {
    /// The result for each repository.
    pub repositories: &'a [RepositoryRow],
    /// What the run took.
    pub requests: Requests,
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
