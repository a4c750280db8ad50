//! `gatectl apply` on a fleet file: repository by repository, after one consent.

use std::collections::{BTreeMap, BTreeSet};

use crate::apply::RetryDelays;
use crate::cli::ApplyArgs;
use crate::commands::failure::hinted;
use crate::exit::Exit;
use crate::model::{Address, ApplyReport, FleetPlan, OutcomeResult, Plan, RepoName, RepositoryResult};
use crate::providers::Op;
use crate::reconcile::fleet::{self, FleetPlanned, Keep, Pending};
use crate::views;
use crate::views::fleet::{Names, plan_document, report_document};
use crate::views::json::FleetOutput;
use crate::views::words;

use super::super::failure::Interrupted;
use super::super::plan::prune;
use super::super::saved::{Saved, SavedPlan};
use super::super::{Session, apply};
use super::progress::Counter;
use super::{Run, part};

/// An unattended apply changes no more repositories than this, unless `--max-repositories` says otherwise.
const MOST_UNATTENDED: usize = 10;

/// Plans, or compares a saved plan with the live state; asks, writes one repository at a time, reads back, reports.
///
/// # Errors
/// If the list of repositories cannot be read, the saved plan is stale, or consent is missing; the result of each repository is
/// in the report.
pub(in crate::commands) async fn run(session: &Session, args: &ApplyArgs) -> anyhow::Result<Exit> {
    let saved = args.plan.as_deref().map(Saved::of_fleet).transpose()?;
    let environments = saved.as_ref().map_or(session.global.environment.as_slice(), |saved| saved.environments.as_slice());
    let config = &session.any_file(environments)?;
    let saved = saved.as_ref();
    if args.interlock || args.while_frozen {
        return Err(hinted(
            "a fleet file has no freeze, so --interlock and --while-frozen do not apply",
            "Leave them out, or apply the repository's own gate.toml",
        ));
    }
    let prune = prune(saved.map_or(args.scope.prune, |saved| saved.prune), config)?;
    let run = Run::open(session, config, saved.map_or_else(|| part(&args.fleet), SavedPlan::part), prune).await?;
    let members = run.members().await?;
    let counter = Counter::new(session, "reading", members.iter().filter(|member| member.is_read()).count());
    let mut check = saved.map(SavedPlan::comparison);
    let planned = run.context.plan(&members, |name, planned| {
        counter.one_more();
        if check.as_mut().is_none_or(|check| check.follows(name, planned)) { Keep::Pending } else { Keep::Shown }
    });
    let FleetPlanned { mut shown, pending } = session.unless_stopped(planned).await?;
    let mut stale = BTreeMap::new();
    if let (Some(check), Some(file)) = (check, &args.plan) {
        stale = check.finish(file, args.skip_stale)?;
        session.warn(stale.iter().map(|(name, why)| format!("skipped, since it moved after the plan was saved: {name}: {why}")));
        shown.plan = without_the_rest(shown.plan, &pending);
    }
    apply::print_plan(session, config, &shown.plan, plan_document(&shown, run.cost(), Names::Few))?;
    if !pending.is_empty() {
        let allow_weaken = args.allow_weaken || saved.is_some_and(|saved| saved.allow_weaken);
        consent(session, args, allow_weaken, &shown, pending.len()).await?;
    }
    let mut applied = write(session, &run, &shown.plan, &pending).await?;
    let exit = match applied.exit(&shown.plan) {
        Exit::Done | Exit::Manual if !stale.is_empty() => Exit::Stale,
        exit => exit,
    };
    applied.report.skip(stale.iter().filter_map(|(name, why)| Some((Address::repository(&RepoName::parse(name).ok()?), why))));
    let (after, report, cost) = (after(&shown, &applied.report), &applied.report, run.cost());
    let fleet = FleetOutput { repositories: &after.repositories, requests: cost.requests };
    let document = report_document(&after, report, cost);
    apply::print_report(session, config, &shown.plan, &document, || views::json::report(report, Some(fleet)))?;
    Ok(exit)
}

/// Of a saved plan only pending repositories are written; the others moved, and were named.
fn without_the_rest(mut plan: Plan<Op>, pending: &[Pending]) -> Plan<Op> {
    let kept: BTreeSet<String> = pending.iter().map(|pending| pending.name.to_string()).collect();
    plan.steps.retain(|step| step.changes.iter().all(|change| kept.contains(change.address.scope())));
    plan
}

/// The rows as the apply left them: what was written and read back is in sync.
fn after(shown: &FleetPlan<Op>, report: &ApplyReport) -> FleetPlan<Op> {
    let amiss: BTreeSet<&str> =
        report.outcomes.iter().filter(|outcome| outcome.result != OutcomeResult::Applied).map(|outcome| outcome.address.scope()).collect();
    let written: BTreeSet<&str> = report.outcomes.iter().map(|outcome| outcome.address.scope()).collect();
    let mut after = shown.clone();
    for row in &mut after.repositories {
        let name = row.name.to_string();
        if row.result == RepositoryResult::Changes && written.contains(name.as_str()) && !amiss.contains(name.as_str()) {
            row.result = RepositoryResult::InSync;
        }
    }
    after
}

/// Gets the consent that the plan needs, before any write: for weakening, and for the number of repositories.
async fn consent(session: &Session, args: &ApplyArgs, allow_weaken: bool, shown: &FleetPlan<Op>, count: usize) -> anyhow::Result<()> {
    let refusal = |weakened: &[String]| {
        hinted(
            format!("The plan weakens {} gates. Nothing was written.\n{}", weakened.len(), weakened.join("\n")),
            "Read the lines marked ! in the plan. If that is what you want, run again with --allow-weaken",
        )
    };
    let question = format!("This changes {}. Type the number of repositories ({count}) to confirm: ", words::count(count, "repository"));
    apply::consent(session, args.auto_approve, allow_weaken, &shown.plan, refusal, (&question, &count.to_string())).await?;
    let most = args.max_repositories.unwrap_or(MOST_UNATTENDED);
    if args.auto_approve && count > most {
        return Err(hinted(
            format!("the plan changes {count} repositories, and an unattended apply changes at most {most}. Nothing was written."),
            format!("Check the plan. If that is what you want, run again with --max-repositories {count}"),
        ));
    }
    Ok(())
}

async fn write(session: &Session, run: &Run<'_>, plan: &Plan<Op>, pending: &[Pending]) -> anyhow::Result<crate::reconcile::Applied> {
    let clients = run.wiring.clients();
    let total = pending.len();
    let seen = std::cell::RefCell::new(BTreeSet::new());
    let now = std::cell::RefCell::new(String::new());
    let progress = |name: &RepoName, what: &str| {
        let mut seen = seen.borrow_mut();
        seen.insert(name.to_string());
        let text = format!("{} of {total}: {name}: {what}", seen.len());
        session.progress.phase(&text);
        *now.borrow_mut() = text;
    };
    let delays = RetryDelays::default();
    let work = fleet::apply(&clients, plan, pending, &session.stop, &delays, progress);
    let abandoned = || {
        Interrupted::with(
            &format!("stopped at repository {}, so it is unknown whether the last write took effect; nothing was read back", now.borrow()),
            "`gatectl plan` shows where things stand; `gatectl apply` continues",
        )
    };
    session.unless_given_up(work, abandoned).await
}
