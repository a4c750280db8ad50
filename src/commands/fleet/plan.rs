//! `gatectl plan` on a fleet file.

use crate::cli::PlanArgs;
use crate::config::Config;
use crate::exit::Exit;
use crate::reconcile::exit_of_plan;
use crate::reconcile::fleet::Keep;
use crate::views;
use crate::views::fleet::{Names, plan_document};
use crate::views::json::FleetOutput;

use super::super::Session;
use super::super::plan::prune;
use super::super::saved::{SavedPlan, replaceable};
use super::progress::Counter;
use super::{Run, part};

/// Observes and plans every repository, prints, and saves the plan to `--out`.
///
/// # Errors
/// If the list of repositories cannot be read or contradicts the file, or nothing can be printed. What cannot be read of a single
/// repository is its row.
pub(in crate::commands) async fn run(session: &Session, args: &PlanArgs, config: &Config) -> anyhow::Result<Exit> {
    if let Some(path) = &args.out {
        replaceable(path)?;
    }
    let prune = prune(args.scope.prune, config)?;
    let run = Run::open(session, config, part(&args.fleet), prune).await?;
    let members = run.members().await?;
    let counter = Counter::new(session, "reading", members.iter().filter(|member| member.is_read()).count());
    let mut saved = args.out.is_some().then(|| SavedPlan::of_fleet(args, &session.global));
    let planned = run.context.plan(&members, |name, planned| {
        counter.one_more();
        if let Some(saved) = &mut saved {
            saved.add(name, planned);
        }
        Keep::Shown
    });
    let planned = session.unless_stopped(planned).await?;
    let names = if args.list { Names::All } else { Names::Few };
    let (shown, cost) = (&planned.shown, run.cost());
    let fleet = FleetOutput { repositories: &shown.repositories, requests: cost.requests };
    session.print(config, &plan_document(shown, cost, names), || views::json::plan(&shown.plan, Some(fleet)))?;
    if let (Some(path), Some(saved)) = (&args.out, &saved) {
        // The replaced file lists the repositories of the earlier plan.
        session.warn(saved.lost_since(path));
        saved.write(session, path)?;
    }
    Ok(exit_of_plan(&shown.plan, args.detailed_exitcode))
}
