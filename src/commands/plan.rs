//! `gatectl plan`: what differs, and nothing written.

use crate::cli::PlanArgs;
use crate::exit::Exit;
use crate::model::{Cause, Plan};
use crate::render::{Document, json};

use super::Session;
use super::reconcile::Prune;
use super::saved::SavedPlan;
use super::wiring::Wiring;

/// Observes, plans, prints; saves the plan where `--out` says.
///
/// # Errors
/// When gate.toml cannot be read, or nothing can be asked or printed.
pub(super) async fn run(session: &Session, args: &PlanArgs) -> anyhow::Result<Exit> {
    let config = session.config()?;
    let wiring = Wiring::new(session, &config).await?;
    let scene = wiring.scene(session, &config, prune(args.scope.prune));
    session.progress.phase("reading the live state");
    let drafted = session.unless_stopped(scene.draft()).await?;
    wiring.trace_traffic();
    session.print(&config, &Document::from(&drafted.plan), || json::plan(&drafted.plan))?;
    let exit = exit(&drafted.plan, args.detailed_exitcode);
    if let Some(path) = &args.out {
        SavedPlan::new(&config, &drafted, args, &session.global).write(path)?;
        session.say(&format!("Saved the plan to {}. Apply exactly this with: gatectl apply {}", path.display(), path.display()));
    }
    Ok(exit)
}

/// What `--prune` asks for.
pub(super) fn prune(flag: bool) -> Prune {
    if flag { Prune::Undeclared } else { Prune::Nothing }
}

/// What is unknown is never a pass, even beside changes.
fn exit<O>(plan: &Plan<O>, detailed: bool) -> Exit {
    if let Some(exit) = unknown(plan) {
        return exit;
    }
    if detailed && !plan.is_empty() { Exit::Pending } else { Exit::Done }
}

/// The exit code for what could not be determined, if anything.
pub(super) fn unknown<O>(plan: &Plan<O>) -> Option<Exit> {
    let causes = || plan.unknown.iter().map(|(_, unknown)| unknown.cause);
    match causes().next() {
        None => None,
        Some(_) if causes().all(|cause| cause == Cause::Credentials) => Some(Exit::Credentials),
        Some(_) => Some(Exit::Error),
    }
}
