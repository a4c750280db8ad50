//! Why a deployment has its standing, and why it is not known what it shipped, in words.
//!
//! Must not know how a report is laid out. Tested by golden files in `commands/runs`.

use crate::providers::github::runs::changes::Unlinked;
use crate::providers::github::runs::evidence::{Gap, RunMismatch, Standing};

use super::words::count;

/// Why it is not known what it shipped.
pub(super) const fn unlinked_words(unlinked: Unlinked) -> &'static str {
    match unlinked {
        Unlinked::NoEarlierDeployment => "no earlier deployment is known to compare with",
        Unlinked::OutsideHistory => "the commits since the previous deployment are not in the history of the newest one",
        Unlinked::Unread => "the commits or pull requests could not be read",
    }
}

/// Why it was not approved independently, or why that is unknown.
pub(super) fn reason(standing: &Standing) -> Option<String> {
    match standing {
        Standing::Approved | Standing::SelfApproved | Standing::Rejected | Standing::Waiting => None,
        Standing::AuthorApproved => Some("an account that approved it wrote one of the commits or pull requests that it shipped".to_owned()),
        Standing::ApprovedByAutomation => Some(
            "it was approved by a bot or an App, or by an account that approved several deployments within seconds of each request".to_owned(),
        ),
        Standing::TooFewApprovals { found, needed } => {
            Some(format!("{found} of the {needed} people that gate.toml requires approved it; GitHub enforces only one"))
        }
        Standing::Bypassed => Some("the audit log shows that an admin bypassed the environment's rules".to_owned()),
        Standing::NoApproval => Some(
            "it started, but no review of its run approved it: no reviewer was required at the time, or an admin bypassed the rule. GitHub's API cannot tell these apart; an audit log can (--audit-log)"
                .to_owned(),
        ),
        Standing::NotProvable(gap) => Some(match gap {
            Gap::NoRun => "none of its statuses links to a run of this repository: it was created through the API, which no gate stops, or its log is elsewhere".to_owned(),
            Gap::SeveralRuns => "its statuses link to several runs".to_owned(),
            Gap::RunMismatch(RunMismatch::Commit) => "the run it links to is for another commit".to_owned(),
            Gap::RunMismatch(RunMismatch::Before) => "it is older than the run it links to".to_owned(),
            Gap::RunMismatch(RunMismatch::After) => "it was created after the run it links to had ended".to_owned(),
            Gap::Gone => "the run it links to was deleted, is too old, or is hidden from this token".to_owned(),
            Gap::Unread(why) => why.reason.clone(),
            Gap::NeverSeenToStart(Some(state)) => format!("it is {state}, and no status shows that its job started"),
            Gap::NeverSeenToStart(None) => "it has no status".to_owned(),
            Gap::WhichAttempt(attempts) => {
                format!("its run was approved, but it has {attempts} attempts, and GitHub does not say which one was approved")
            }
            Gap::TooFewApprovals { deployments, approvals } => format!(
                "its run made {} to this environment with {}, and GitHub does not say which",
                count(*deployments, "deployment"),
                count(*approvals, "approval")
            ),
            Gap::Contradiction => "its run was both approved and rejected for this environment".to_owned(),
            Gap::UnnamedEnvironment => "a review of its run names no environment, which happens after an environment is deleted".to_owned(),
            Gap::UnnamedPerson => "GitHub no longer names the account that approved it, or that started its run".to_owned(),
            Gap::UnknownKind(login) => format!("GitHub does not say whether {login}, who approved it, is a person"),
        }),
    }
}
