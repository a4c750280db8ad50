//! Exit codes of `plan` and `apply`.

use crate::apply::StepResult;
use crate::exit::Exit;
use crate::model::{Address, Cause, Outcome, OutcomeResult, Plan, Step};

use super::Applied;

/// The exit code of a plan; `detailed` is `--detailed-exitcode`. Unknown is never a pass, even if there are changes.
pub fn exit_of_plan<O>(plan: &Plan<O>, detailed: bool) -> Exit {
    blocked(plan).unwrap_or(if detailed && !plan.holds() { Exit::Pending } else { Exit::Done })
}

/// The exit code for invalid and unknown addresses, if there are any.
fn blocked<O>(plan: &Plan<O>) -> Option<Exit> {
    let invalid = plan.invalid.iter().map(|_| Cause::Other);
    Cause::common(plan.unknown.iter().map(|(_, unknown)| unknown.cause).chain(invalid)).map(Exit::from)
}

impl Applied {
    /// The exit code of an apply of this plan.
    pub fn exit<O>(&self, plan: &Plan<O>) -> Exit {
        let Self { ends, after, report } = self;
        let summary = report.summary();
        if report.interrupted {
            return Exit::Interrupted;
        }
        if summary.failed + summary.skipped > 0 {
            let amiss = |address: &Address| {
                let fails = |outcome: &&Outcome| matches!(outcome.result, OutcomeResult::Failed | OutcomeResult::Skipped);
                report.outcomes.iter().filter(fails).any(|outcome| outcome.address == *address)
            };
            let failed = plan.steps.iter().zip(ends).filter(|(step, _)| step.changes.iter().any(|change| amiss(&change.address)));
            let mut failed = failed.peekable();
            let unread = |step: &Step<O>| {
                let mut unknown = after.unknown.iter().filter(|(_, unknown)| unknown.cause == Cause::Credentials);
                unknown.any(|(address, _)| step.changes.iter().any(|change| change.address == *address))
            };
            let credentials = failed.peek().is_some()
                && failed.all(|(step, end)| match end {
                    StepResult::Failed { kind, .. } => kind.cause() == Cause::Credentials,
                    StepResult::Skipped(_) => true,
                    StepResult::Done | StepResult::Mismatch(_) | StepResult::Refused(..) => unread(step),
                });
            return if credentials { Exit::Credentials } else { Exit::Error };
        }
        blocked(plan).unwrap_or(if summary.manual > 0 { Exit::Manual } else { Exit::Done })
    }
}
