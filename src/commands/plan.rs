//! `gatectl plan`: what differs, and nothing written.

use super::failure::hinted;
use crate::cli::{Format, PlanArgs};
use crate::config::Config;
use crate::exit::Exit;
use crate::reconcile::{Prune, exit_of_plan};
use crate::render::Document;
use crate::views;
use crate::workflows::merge;

use super::Session;
use super::saved::{SavedPlan, replaceable};
use super::statics::Checkout;
use super::wiring::Wiring;

/// Observes, plans, prints; saves the plan to `--out`.
///
/// # Errors
/// When gate.toml cannot be read, or nothing can be asked or printed.
pub(super) async fn run(session: &Session, args: &PlanArgs) -> anyhow::Result<Exit> {
    if let Some(path) = &args.out {
        replaceable(path)?;
    }
    let config = session.config(&session.global.environment)?;
    Session::refuse_fleet_flags(&args.fleet, &config.path)?;
    let prune = prune(args.scope.prune, &config)?;
    let wiring = Wiring::new(session, &config).await?;
    let context = wiring.context(session, &config, prune);
    let planned = session.read("reading the live state", context.plan()).await?;
    let document = match session.global.format {
        Format::Markdown | Format::Github => views::plan::comment(&planned.plan, applied_by(session, &config).as_deref()),
        Format::Human | Format::Json | Format::Html => Document::from(&planned.plan),
    };
    let document = if planned.archived && !planned.plan.is_empty() {
        let next = "Next: unarchive the repository in its settings, then run `gatectl plan` again.";
        Document { next: vec![next.to_owned()], ..document }
    } else {
        document
    };
    session.print(&config, &document, || views::json::plan(&planned.plan, None))?;
    let exit = exit_of_plan(&planned.plan, args.detailed_exitcode);
    if let Some(path) = &args.out {
        SavedPlan::new(&planned, args, &session.global).write(session, path)?;
    }
    Ok(exit)
}

/// The workflow of the checkout that applies gate.toml when a change to it is merged, if one is known.
fn applied_by(session: &Session, config: &Config) -> Option<String> {
    let checkout = Checkout::of(session, config);
    merge::applied_by(&checkout.files().ok().flatten()?, &checkout.facts.default_ref())
}

/// Checks `--prune`: it is about the whole file, so no part of it may be left out.
///
/// # Errors
/// When `--environment` leaves something out, or when nothing is declared and everything would be deleted.
pub(super) fn prune(flag: bool, config: &Config) -> anyhow::Result<Prune> {
    let github = &config.desired.github;
    let (message, hint) = match (flag, github.left_out.first(), github.environments.is_empty()) {
        (false, _, _) => return Ok(Prune::Nothing),
        (true, Some(left_out), _) => (
            format!("--prune covers all environments, but --environment leaves out {left_out}"),
            "run it without --environment, or without --prune",
        ),
        (true, None, true) => (
            format!("{} declares no environment, so --prune would delete them all", config.path),
            "declare the environments to keep, or declare single ones with `state = \"absent\"`",
        ),
        (true, None, false) => return Ok(Prune::Undeclared),
    };
    Err(hinted(message, hint.to_owned()))
}
