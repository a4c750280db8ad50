//! `gatectl reject --stale`: rejects the runs that a newer deployment has overtaken, after showing them.

use crate::cli::{RejectArgs, ReviewArgs};
use crate::exit::Exit;
use crate::providers::github::runs::admit::{Admitted, ReviewRequest, Which, barred};
use crate::providers::github::runs::queue::{Overtaken, Queue, Waiting};
use crate::providers::github::runs::{Decision, Run, review as write};
use crate::render::json;
use crate::views::review::ReviewReport;

use super::pending::Refusals;
use super::review::{OnUndetermined, ReviewInput, changed};
use super::{RunsContext, Session};
use crate::commands::wiring::Needs;
use crate::views::pending::{PendingReport, Question};

/// The comment in the record, unless `--comment` is given.
const COMMENT: &str = "overtaken by a newer deployment (gatectl reject --stale)";

/// Rejects runs that are provably overtaken; names the others and leaves them alone.
///
/// # Errors
/// When nothing can be read, or a check refuses a review; nothing is written then.
pub(in crate::commands) async fn run(session: &Session, args: &RejectArgs) -> anyhow::Result<Exit> {
    let site = RunsContext::open(session, session.config_if_any()?, Needs::REPOSITORY).await?;
    reject_stale(session, &site, &args.review).await
}

/// The same with a known repository.
pub(super) async fn reject_stale(session: &Session, site: &RunsContext, args: &ReviewArgs) -> anyhow::Result<Exit> {
    let (queue, viewer) = session.read("reading what waits", site.queue()).await??;
    let viewer = viewer.map_err(write::explained)?;
    let waiting = queue.waiting();
    site.refuse_strange(session, |name| waiting.iter().any(|one| one.pending.environment == *name)).await?;
    let named = &session.global.environment;
    let asked = |run: &&Run| of(&waiting, run.id).all(|one| named.is_empty() || named.contains(&one.pending.environment));
    let stale: Vec<&Run> = Queue::stale(&waiting).into_iter().filter(asked).collect();
    let may = |run: &&&Run| of(&waiting, run.id).all(|one| barred(one.run, one.pending, Decision::Rejected, &[], &viewer).is_none());
    let (mine, others): (Vec<&Run>, Vec<&Run>) = stale.iter().partition(may);
    let refused = others.iter().flat_map(|run| of(&waiting, run.id)).filter_map(|one| {
        let why = barred(one.run, one.pending, Decision::Rejected, &[], &viewer)?;
        Some(format!("run {} is out of date and was left alone: {why}", one.run.id))
    });
    session.warn(unsure(&queue, &waiting).chain(refused));
    let question = Question { environments: named, older_than: None, refusals: &Refusals::new(), now: session.now() };
    let pending = PendingReport::new(&queue, &waiting, &question, site.links());
    let complete = pending.exit(Exit::Done);
    let left = if others.is_empty() { complete } else { Exit::Error };
    if mine.is_empty() {
        let nothing = ReviewReport::new(Decision::Rejected, &viewer.login, &[], site.links());
        session.print(&site.config, &nothing.nothing_stale(), || json::to_string(&nothing))?;
        return Ok(left);
    }
    let request = ReviewRequest { decision: Decision::Rejected, environments: Which::All, commit: None, no_self_review: Vec::new() };
    let runs: Vec<u64> = mine.iter().map(|run| run.id).collect();
    let input = ReviewInput { site, request: &request, runs: &runs, rule: OnUndetermined::Refuse };
    let seen = session.unless_stopped(input.look(session.now())).await??;
    // Only what was compared is rejected.
    let same = |one: &Admitted| {
        let compared: Vec<u64> = queue
            .runs
            .iter()
            .filter(|it| it.run.id == one.run.id)
            .flat_map(|it| it.pending.iter().flatten())
            .map(|it| it.environment_id)
            .collect();
        mine.iter().any(|run| run.id == one.run.id && (run.attempt, &run.sha) == (one.run.attempt, &one.run.sha))
            && one.pending.iter().all(|pending| compared.contains(&pending.environment_id))
    };
    if !seen.admitted.iter().all(same) {
        return Err(changed());
    }
    let comment = args.comment.clone().unwrap_or_else(|| COMMENT.to_owned());
    let exit = input.conduct(session, seen, &pending, Some(comment), args.auto_approve).await?;
    Ok(if exit == Exit::Done { left } else { exit })
}

fn of<'a, 'q>(waiting: &'a [Waiting<'q>], run: u64) -> impl Iterator<Item = &'a Waiting<'q>> {
    waiting.iter().filter(move |one| one.run.id == run)
}

/// Runs not known to be out of date or current.
fn unsure<'a>(queue: &'a Queue, waiting: &'a [Waiting<'_>]) -> impl Iterator<Item = String> {
    let unread = queue.runs.iter().filter_map(|one| {
        let why = one.pending.as_ref().err()?;
        Some(format!("what run {} waits for is unknown, so it was left alone: {}", one.run.id, why.reason))
    });
    let unsure = waiting.iter().filter_map(|one| match &one.overtaken {
        Overtaken::Unknown(why) => {
            Some(format!("whether run {} ({}) is out of date is unknown, so it was left alone: {why}", one.run.id, one.pending.environment))
        }
        Overtaken::No | Overtaken::By(_) => None,
    });
    unread.chain(unsure)
}
