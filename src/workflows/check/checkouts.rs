//! What a job behind a gate checks out: anything that may differ from the approved code.
//!
//! GitHub approves a run, whose commit is fixed. A checkout of a branch, a tag or an input is not.

use super::on_job;
use crate::findings::{Code, Finding};
use crate::workflows::deploys::{Checkout, Head, InRun};
use crate::workflows::facts::Facts;
use crate::workflows::resolve::{Files, JobEntry, Verdict};
use crate::workflows::scenario::Scenario;

/// Events that run the default branch's workflow, with its secrets, for code that anyone may propose.
const FOR_OTHERS: &[&str] = &["pull_request_target", "workflow_run", "issue_comment"];

/// Expressions that depend on these name the head of a pull request.
const HEADS: &[&str] =
    &["github.head_ref", "github.event.pull_request", "github.event.number", "github.event.issue", "github.event.workflow_run.head_"];

/// Expressions that depend only on these name the approved commit.
const COMMITS: &[&str] = &["github.sha", "github.event.after", "github.event.head_commit.id", "github.event.merge_group.head_sha"];

/// What is wrong with the checkouts of a job behind a gate.
pub(super) fn judge(job: &JobEntry, scenario: &Scenario, files: &Files, facts: &Facts) -> Vec<Finding> {
    let gate = job.names().find(|name| facts.is_gate(name));
    let Some(gate) = gate.filter(|_| matches!(job.verdict, Verdict::Env | Verdict::Set)) else { return Vec::new() };
    let executing = scenario.git_ref.clone().unwrap_or_else(|| "its ref".to_owned());
    let judged = format!("GitHub judges the ref of the run, {executing}");
    job.details
        .holds
        .checkouts
        .iter()
        .filter_map(|checkout| {
            let written = &checkout.written;
            let (code, message) = match risk(checkout, scenario, job, files)? {
                Risk::Proposed => (
                    Code::UntrustedCheckout,
                    format!(
                        "{} checks out the head of a pull request (`{written}`) on `{}`, with the secrets of `{gate}`; {judged}",
                        job.path, scenario.event
                    ),
                ),
                Risk::Moves => {
                    (Code::MovingCheckout, format!("{} checks out `{written}`, which may move after the approval; {judged}", job.path))
                }
            };
            let finding = on_job(code, job, message).at(checkout.pos.line, checkout.pos.col);
            Some(finding.about(&gate))
        })
        .collect()
}

enum Risk {
    /// Code that anyone may propose.
    Proposed,
    /// Code that may have changed since the approval.
    Moves,
}

fn risk(checkout: &Checkout, scenario: &Scenario, job: &JobEntry, files: &Files) -> Option<Risk> {
    let for_others = FOR_OTHERS.contains(&scenario.event.as_str()) && !looks_at_the_source(job, files);
    match &checkout.head {
        Head::Tip => Some(Risk::Moves),
        Head::PullRequest if for_others => Some(Risk::Proposed),
        Head::PullRequest => Some(Risk::Moves),
        Head::Ref(InRun::Values(names)) => names.iter().any(|name| !name.is_empty() && !is_commit(name)).then_some(Risk::Moves),
        Head::Ref(InRun::DependsOn(paths)) => {
            let path = paths.first()?.to_ascii_lowercase();
            let is = |known: &&str| path.starts_with(*known);
            if for_others && HEADS.iter().any(is) {
                Some(Risk::Proposed)
            } else if COMMITS.iter().any(is) || path.ends_with("sha") {
                None
            } else if ["github.", "inputs.", "vars."].iter().any(is) {
                Some(Risk::Moves)
            } else {
                // What an earlier job or step computed may well be a commit.
                None
            }
        }
    }
}

fn is_commit(name: &str) -> bool {
    name.len() == 40 && name.chars().all(|c| c.is_ascii_hexdigit())
}

/// Whether the job's condition looks at where the triggering run or comment came from.
fn looks_at_the_source(job: &JobEntry, files: &Files) -> bool {
    let condition = files.job(job).and_then(|(_, job)| job.condition.as_ref());
    condition.is_some_and(|text| ["workflow_run.event", "head_repository", "head.repo"].iter().any(|part| text.as_str().contains(part)))
}
