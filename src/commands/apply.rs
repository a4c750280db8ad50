//! `gatectl apply`: the plan, consent, the writes, and reading back.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::apply::{self, End};
use crate::cli::{ApplyArgs, Format};
use crate::exit::Exit;
use crate::model::{Address, Cause, Kind, OutcomeResult, Plan, Report, Step};
use crate::providers::{Fleet, Op};
use crate::render::diagnostic::Hinted;
use crate::render::{Document, json};

use super::plan::{prune, unknown};
use super::reconcile::Scene;
use super::saved::SavedPlan;
use super::session::Interrupted;
use super::wiring::Wiring;
use super::{Session, frozen};

/// How long reading back waits for what was written to show, in all, before it counts as not there: reads may lag behind writes.
const PATIENCE: [Duration; 5] = [
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1600),
    Duration::from_millis(3000),
];

/// Plans or takes a saved plan, asks, writes, reads back, reports.
///
/// # Errors
/// When nothing could be planned or nobody consented; what happens to single steps is in the report.
pub(super) async fn run(session: &Session, args: &ApplyArgs) -> anyhow::Result<Exit> {
    let saved = args.plan.as_deref().map(SavedPlan::read).transpose()?;
    let config = match &saved {
        Some(saved) => session.config_of(&saved.environments)?,
        None => session.config()?,
    };
    let wiring = Wiring::new(session, &config).await?;
    let scene = wiring.scene(session, &config, prune(saved.as_ref().map_or(args.scope.prune, |saved| saved.prune)));
    session.progress.phase("reading the live state");
    let drafted = session.unless_stopped(scene.draft()).await?;
    if let Some(saved) = &saved {
        saved.check(&config, &drafted)?;
    }
    let plan = &drafted.plan;
    if session.global.format == Format::Human {
        session.print(&config, &Document::from(plan), String::new)?;
    }
    let (mut ends, mut hold) = (Vec::new(), None);
    if !plan.is_empty() {
        let consent = args.allow_weaken || saved.is_some_and(|saved| saved.allow_weaken);
        let policy = config.desired.freeze.as_ref();
        if !args.while_frozen {
            frozen::refuse_to_weaken(policy, &drafted, session.now())?;
        }
        let occasion = frozen::occasion(session, args.interlock, policy, &drafted)?;
        ask(session, args.auto_approve, consent, plan)?;
        let fleet = wiring.fleet();
        hold = frozen::hold(session, &fleet, occasion.clone(), policy, plan).await?;
        ends = write(session, &fleet, plan, occasion.is_some())
            .await
            .inspect_err(|_| hold.iter().for_each(|hold| session.warn(&[format!("deploys stay frozen; to lift that: {}", hold.lift())])))?;
    }
    let mut report = read_back(session, &scene, plan, &ends).await?;
    if let Some(hold) = hold {
        session.progress.phase("putting the freeze back");
        let outcome = hold.release(&report).await;
        report.converged &= outcome.result == OutcomeResult::Applied;
        report.outcomes.push(outcome);
        report.outcomes.sort_by(|a, b| a.address.cmp(&b.address));
    }
    wiring.trace_traffic();
    if session.global.format != Format::Human || !plan.is_empty() {
        session.print(&config, &Document::from(&report), || json::report(&report))?;
    }
    if !plan.unknown.is_empty() {
        session.say(&format!("{} addresses could not be determined and were not touched.", plan.unknown.len()));
    }
    Ok(exit(plan, &ends, &report))
}

/// Performs the steps. With `freeze_first`, nothing else is tried before a planned freeze is in place.
async fn write(session: &Session, fleet: &Fleet, plan: &Plan<Op>, freeze_first: bool) -> anyhow::Result<Vec<End>> {
    let mut rest = plan.steps.clone();
    let first = rest.iter().position(|step| freeze_first && frozen::sets_freeze(step));
    if let Some(index) = first {
        match perform(session, fleet, &[rest.remove(index)]).await?.pop() {
            Some(End::Done) => {}
            Some(End::Failed { why, .. } | End::Skipped(why)) => return Err(frozen::not_first(anyhow::Error::msg(why))),
            Some(End::Refused(..)) | None => return Err(frozen::not_first(anyhow::Error::msg("it was refused"))),
        }
    }
    let mut ends = perform(session, fleet, &rest).await?;
    if let Some(index) = first {
        ends.insert(index.min(ends.len()), End::Done);
    }
    Ok(ends)
}

async fn perform(session: &Session, fleet: &Fleet, steps: &[Step<Op>]) -> Result<Vec<End>, Interrupted> {
    let work = apply::run(fleet, steps, &session.stop, |what| session.progress.phase(what));
    tokio::select! {
        ends = work => Ok(ends),
        () = session.stop.asked(2) => {
            Err(Interrupted("the request in flight was abandoned, so whether it took effect is unknown; run `gatectl plan` to see"))
        }
    }
}

/// Reads again until everything is as declared, or patience ends; only what was written is waited for.
async fn read_back(session: &Session, scene: &Scene, plan: &Plan<Op>, ends: &[End]) -> anyhow::Result<Report> {
    let interrupted = session.stop.is_set();
    let addresses: BTreeSet<Address> = plan.changes().map(|change| change.address.clone()).collect();
    let nothing = || Plan::assemble(plan.config.clone(), String::new(), []);
    if addresses.is_empty() {
        return Ok(apply::report(plan, Vec::new(), &nothing(), interrupted));
    }
    let narrowed = scene.narrowed(&addresses);
    session.progress.phase("reading back");
    let mut after = narrowed.draft().await.plan;
    for pause in PATIENCE {
        if session.stop.is_set() || !awaited(plan, ends, &after) {
            break;
        }
        tokio::time::sleep(pause).await;
        after = narrowed.draft().await.plan;
    }
    Ok(apply::report(plan, ends.to_vec(), &after, interrupted))
}

/// Whether something that was written with success does not show yet.
fn awaited(plan: &Plan<Op>, ends: &[End], after: &Plan<Op>) -> bool {
    let written = plan.steps.iter().zip(ends).filter(|(_, end)| **end == End::Done);
    let mut addresses = written.flat_map(|(step, _)| &step.changes).map(|change| &change.address);
    addresses.any(|address| {
        after.changes().any(|change| change.address == *address) || after.unknown.iter().any(|(unknown, _)| unknown == address)
    })
}

/// Gets the consent that the plan needs, before any write.
fn ask(session: &Session, auto_approve: bool, allow_weaken: bool, plan: &Plan<Op>) -> anyhow::Result<()> {
    let weakened: Vec<&Address> = plan.changes().filter(|change| change.weakens).map(|change| &change.address).collect();
    let can_ask = session.can_ask() && !auto_approve;
    if !weakened.is_empty() && !allow_weaken && !can_ask {
        let list: Vec<String> = weakened.iter().map(ToString::to_string).collect();
        return Err(Hinted {
            message: format!("the plan weakens {}: nothing was written", list.join(", ")),
            hint: "read the lines marked ! in the plan; if that is what you want, run again with --allow-weaken".to_owned(),
        }
        .into());
    }
    if auto_approve {
        return Ok(());
    }
    if !can_ask {
        return Err(Hinted {
            message: "nobody can be asked to confirm: this is no terminal, or CI is set; nothing was written".to_owned(),
            hint: "look at `gatectl plan`, then run again with --auto-approve".to_owned(),
        }
        .into());
    }
    if !allow_weaken {
        for address in weakened {
            let word = match address.kind() {
                Kind::Environment(name) => name.to_string(),
                _ => address.to_string(),
            };
            session.expect(&format!("{word} gets weaker. Type `{word}` to consent: "), &word)?;
        }
    }
    session.expect("Make these changes? Only `yes` is taken for a yes: ", "yes")
}

fn exit(plan: &Plan<Op>, ends: &[End], report: &Report) -> Exit {
    let summary = report.summary();
    if report.interrupted {
        return Exit::Interrupted;
    }
    if summary.failed + summary.skipped > 0 {
        let credentials = |end: &End| match end {
            End::Failed { cause, .. } => *cause == Cause::Credentials,
            End::Skipped(_) => true,
            End::Done | End::Refused(..) => false,
        };
        let failed = ends.iter().filter(|end| matches!(end, End::Failed { .. } | End::Skipped(_)));
        let all = failed.clone().count() >= summary.failed + summary.skipped && failed.clone().all(credentials);
        return if all { Exit::Credentials } else { Exit::Error };
    }
    if let Some(exit) = unknown(plan) {
        return exit;
    }
    if summary.manual > 0 { Exit::Manual } else { Exit::Done }
}
