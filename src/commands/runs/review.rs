//! `gatectl approve` and `gatectl reject`: look, refuse or ask, look again, write once, read back.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use jiff::Timestamp;

use crate::apply::RetryDelays;
use crate::cli::{ApproveArgs, Format, RejectArgs, ReviewArgs};
use crate::exit::Exit;
use crate::http::{ApiError, ErrorKind, Writer};
use crate::model::{Cause, EnvName, RepoName, RunRef, Unknown};
use crate::providers::github::runs::admit::{Admitted, ReviewRequest, Which, admit};
use crate::providers::github::runs::observe::{self, WaitingRun};
use crate::providers::github::runs::review::{self, Review, ReviewResult};
use crate::providers::github::runs::{Account, Decision, queue};
use crate::render::{Document, json};

use super::freeze_guard::FreezeGuard;
use super::pending::Refusals;
use super::{RunsContext, Session};
use crate::commands::failure::{Interrupted, hinted};
use crate::commands::wiring::Needs;
use crate::views::pending::{PendingReport, Question};
use crate::views::review::{Ended, Preview, ReviewReport};

/// The comment in the record if none was given.
const COMMENT: &str = "reviewed with gatectl";

/// What happens to a freeze that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnUndetermined {
    Refuse,
    Warn,
}

/// Approves.
///
/// # Errors
/// If a check refuses it; nothing is written then.
pub(in crate::commands) async fn approve(session: &Session, args: &ApproveArgs) -> anyhow::Result<Exit> {
    let rule = if args.ignore_unreachable_freeze { OnUndetermined::Warn } else { OnUndetermined::Refuse };
    run(session, &args.runs, &args.review, Decision::Approved, rule).await
}

/// Rejects. Rejecting only closes, so no freeze is read.
///
/// # Errors
/// If a check refuses it; nothing is written then.
pub(in crate::commands) async fn reject(session: &Session, args: &RejectArgs) -> anyhow::Result<Exit> {
    run(session, &args.runs, &args.review, Decision::Rejected, OnUndetermined::Refuse).await
}

async fn run(session: &Session, runs: &[RunRef], args: &ReviewArgs, decision: Decision, rule: OnUndetermined) -> anyhow::Result<Exit> {
    let config = session.config_if_any()?;
    let request = ReviewRequest {
        decision,
        environments: Which::named(&session.global.environment),
        commit: args.sha.clone(),
        no_self_review: config.desired.github.no_self_review(),
    };
    let needs = if decision == Decision::Approved { Needs::REPOSITORY_AND_FREEZE } else { Needs::REPOSITORY };
    let site = RunsContext::open(session, config, needs).await?;
    let runs = ids(runs, &site.repository, &site.wiring.web)?;
    let input = ReviewInput { site: &site, request: &request, runs: &runs, rule };
    let seen = session.read("reading the runs", input.look(session.now())).await??;
    let pending = session.unless_stopped(input.shipping(session, &seen)).await?;
    input.conduct(session, seen, &pending, args.comment.clone(), args.auto_approve).await
}

/// Everything that a review depends on.
pub(super) struct ReviewInput<'a> {
    pub(super) site: &'a RunsContext,
    pub(super) request: &'a ReviewRequest,
    pub(super) runs: &'a [u64],
    pub(super) rule: OnUndetermined,
}

/// The result of the checks: everything may be reviewed.
#[derive(Debug)]
pub(super) struct Reviewable {
    pub(super) viewer: Account,
    pub(super) admitted: Vec<Admitted>,
    pub(super) warnings: Vec<String>,
}

impl ReviewInput<'_> {
    /// Reads the runs, the token's owner and the freeze at once, and holds them against the request.
    pub(super) async fn look(&self, now: Timestamp) -> anyhow::Result<Reviewable> {
        let RunsContext { config, reader, repository, wiring } = self.site;
        let guard = async {
            match (&config.desired.freeze, self.request.decision) {
                (Some(policy), Decision::Approved) => Some(FreezeGuard::read(policy, wiring.store(&policy.store).as_ref(), now).await),
                _ => None,
            }
        };
        let scenes = join_all(self.runs.iter().map(|run| observe::run_state(reader, repository, *run)));
        let (viewer, scenes, guard) = tokio::join!(observe::viewer(reader), scenes, guard);
        let viewer = viewer.map_err(review::explained)?;
        let (mut admitted, mut refusals, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
        for (run, run_state) in self.runs.iter().zip(scenes) {
            match admit(run_state?, self.request, &viewer) {
                Ok(one) => admitted.push(one),
                Err(found) => refusals.extend(found.iter().map(|refusal| (format!("run {run}: {refusal}"), refusal.fix(), Cause::Other))),
            }
        }
        if let Some(guard) = guard {
            let environments: BTreeSet<&EnvName> =
                admitted.iter().flat_map(|one| &one.pending).map(|pending| &pending.environment).collect();
            for environment in environments {
                let (closed, said) = guard.holds(environment, now);
                warnings.extend(said);
                match closed {
                    Some(closed) if closed.undetermined.is_some() && self.rule == OnUndetermined::Warn => warnings.push(closed.why),
                    Some(closed) => refusals.push((closed.why, closed.fix, closed.undetermined.unwrap_or_default())),
                    None => {}
                }
            }
        }
        if refusals.is_empty() { Ok(Reviewable { viewer, admitted, warnings }) } else { Err(refused(self.request.decision, &refusals)) }
    }

    /// What each run would ship, if a person is shown it.
    async fn shipping(&self, session: &Session, seen: &Reviewable) -> PendingReport {
        let shown = session.global.format == Format::Human;
        let waits = |one: &Admitted| WaitingRun { run: one.run.clone(), pending: Ok(one.pending.clone()) };
        let runs = seen.admitted.iter().filter(|_| shown).map(waits).collect();
        let queue = queue::observe::queue(&self.site.reader, &self.site.repository, runs).await;
        let question = Question { environments: &[], older_than: None, refusals: &Refusals::new(), now: session.now() };
        PendingReport::new(&queue, &queue.waiting(), &question, self.site.links())
    }

    /// Shows what is about to be reviewed, asks unless `auto_approve`, looks again, writes, and prints the record with the `comment`.
    pub(super) async fn conduct(
        &self,
        session: &Session,
        seen: Reviewable,
        pending: &PendingReport,
        comment: Option<String>,
        auto_approve: bool,
    ) -> anyhow::Result<Exit> {
        let (decision, links) = (self.request.decision, self.site.links());
        session.warn(seen.warnings.iter().cloned());
        if session.global.format == Format::Human {
            let preview = Preview { decision, viewer: &seen.viewer.login, runs: &seen.admitted, pending, links };
            session.print(&self.site.config, &Document::from(&preview), String::new)?;
        }
        let (now, comment) = if auto_approve {
            (seen, comment)
        } else {
            let comment = ask(session, decision, comment).await?;
            // A person may have taken hours to answer: only what was shown is reviewed.
            let now = session.unless_stopped(self.look(session.now())).await??;
            unchanged(&seen.admitted, &now.admitted)?;
            (now, comment)
        };
        session.progress.phase("writing the review");
        let ended = self.submit(session, &now, comment.as_deref().unwrap_or(COMMENT)).await?;
        let report = ReviewReport::new(decision, &now.viewer.login, &ended, links);
        session.print(&self.site.config, &Document::from(&report), || json::to_string(&report))?;
        Ok(report.exit())
    }

    /// One write at a time; a stop takes effect between two of them.
    pub(super) async fn submit<'a>(
        &self,
        session: &Session,
        seen: &'a Reviewable,
        comment: &str,
    ) -> anyhow::Result<Vec<(&'a Admitted, Ended)>> {
        let writer = self.site.wiring.github_writer()?;
        let abandoned = || {
            let message = "the review in flight was interrupted, so it is unknown whether it took effect";
            Interrupted::with(message, "check the run's page")
        };
        let mut ended = Vec::new();
        for admitted in &seen.admitted {
            let end = if session.stop.is_set() {
                Ended::Skipped
            } else {
                let review = Review { admitted, decision: self.request.decision, comment, viewer: &seen.viewer };
                session.unless_given_up(write(&writer, &self.site.repository, &review), abandoned).await?
            };
            ended.push((admitted, end));
        }
        Ok(ended)
    }
}

async fn write(writer: &Writer, repository: &RepoName, review: &Review<'_>) -> Ended {
    let end: Result<ReviewResult, ApiError> = review::submit(writer, repository, review, &RetryDelays::default().read_back).await;
    match end {
        Ok(ReviewResult::Recorded(record)) => Ended::Recorded(record),
        Ok(ReviewResult::Unconfirmed) => Ended::Unconfirmed,
        Err(error) if error.kind == ErrorKind::Interrupted => Ended::Skipped,
        Err(error) => Ended::Failed(error),
    }
}

/// Compares the current state with what was shown.
///
/// # Errors
/// When they differ.
pub(super) fn unchanged(then: &[Admitted], now: &[Admitted]) -> anyhow::Result<()> {
    if then.len() == now.len() && then.iter().zip(now).all(|(then, now)| then.still(now)) {
        return Ok(());
    }
    Err(changed())
}

pub(super) fn changed() -> anyhow::Error {
    let message = "a run changed after it was shown: nothing was reviewed".to_owned();
    hinted(message, "run the same command again and review what it shows")
}

/// The ids of the runs, each once.
///
/// # Errors
/// When an address is of another repository or host: its id would name another run here.
pub(super) fn ids(runs: &[RunRef], repository: &RepoName, web: &str) -> anyhow::Result<Vec<u64>> {
    let mut ids = Vec::new();
    for run in runs {
        if let Some((host, named)) = &run.place
            && (named != repository || !host.eq_ignore_ascii_case(web))
        {
            return Err(hinted(
                format!("run {run} belongs to {host}/{named}, not to {web}/{repository}"),
                format!("pass --repo {named}, with GITHUB_API_URL set if it is on another server"),
            ));
        }
        if !ids.contains(&run.id) {
            ids.push(run.id);
        }
    }
    Ok(ids)
}

/// Every reason with its next step; credentials are named only if they are the only obstacle.
fn refused(decision: Decision, refusals: &[(String, String, Cause)]) -> anyhow::Error {
    let lines: Vec<&str> = refusals.iter().map(|(why, _, _)| why.as_str()).collect();
    let mut fixes: Vec<&str> = refusals.iter().map(|(_, fix, _)| fix.as_str()).collect();
    fixes.dedup();
    Unknown {
        reason: format!("nothing was {}: {}", decision.word(), lines.join("\n")),
        hint: fixes.join("; "),
        cause: Cause::common(refusals.iter().map(|(_, _, cause)| *cause)).unwrap_or_default(),
    }
    .into()
}

/// Asks for the comment, unless it was given, and then for the confirmation.
async fn ask(session: &Session, decision: Decision, comment: Option<String>) -> anyhow::Result<Option<String>> {
    // Never ask about something that was not shown.
    if !session.can_ask() || session.global.format != Format::Human {
        return Err(hinted(
            format!(
                "cannot ask for confirmation: stdin is not a terminal, CI is set, or the output format is not for people. Nothing was {}",
                decision.word()
            ),
            "review `gatectl pending`, then run again with --auto-approve, and with --sha to pin the commit you reviewed",
        ));
    }
    let comment = match comment {
        Some(given) => Some(given),
        None => Some(session.ask(&format!("Comment for the record [{COMMENT}]: ")).await?).filter(|text| !text.is_empty()),
    };
    let what = if decision == Decision::Approved { "Approve this" } else { "Reject this" };
    session.confirm(&format!("{what}? Only 'yes' will be accepted: "), "yes").await?;
    Ok(comment)
}
