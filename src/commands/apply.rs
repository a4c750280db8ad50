//! `gatectl apply`: the plan, consent, the writes, and reading back.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::apply::RetryDelays;
use crate::cli::{ApplyArgs, Format};
use crate::config::Config;
use crate::exit::Exit;
use crate::model::shell_word;
use crate::model::{Action, Address, AddressKind, Change, Plan};
use crate::providers::Op;
use crate::reconcile::{Applied, Context, FreezeReason, Planned};
use crate::render::Document;
use crate::views;

use super::failure::{Interrupted, hinted};
use super::plan::prune;
use super::saved::Saved;
use super::wiring::Wiring;
use super::{Session, frozen};

/// Plans or takes a saved plan, asks, writes, reads back, reports.
///
/// # Errors
/// If nothing could be planned or consent was missing; the report has the result of each step.
pub(super) async fn run(session: &Session, args: &ApplyArgs) -> anyhow::Result<Exit> {
    let saved = args.plan.as_deref().map(Saved::of_repository).transpose()?;
    let config = session.config(saved.as_ref().map_or(&session.global.environment, |saved| &saved.environments))?;
    Session::refuse_fleet_flags(&args.fleet, &config.path)?;
    let prune = prune(saved.as_ref().map_or(args.scope.prune, |saved| saved.prune), &config)?;
    let wiring = Wiring::new(session, &config).await?;
    let context = wiring.context(session, &config, prune);
    let planned = session.read("reading the live state", context.plan()).await?;
    if let (Some(saved), Some(file)) = (&saved, &args.plan) {
        saved.check(file, &planned)?;
    }
    let plan = &planned.plan;
    print_plan(session, &config, plan, Document::from(plan))?;
    let writes_github = plan.changes().any(|change| matches!(change.address.kind(), AddressKind::Environment(_)));
    if planned.archived && writes_github {
        return Err(hinted(
            "the repository is archived, so GitHub refuses every write: nothing was written",
            "unarchive it in the repository's settings, then run `gatectl apply` again",
        ));
    }
    let policy = config.desired.freeze.as_ref();
    let freeze_reason = frozen::freeze_reason(session, args.interlock, policy, &planned)?;
    if !plan.is_empty() {
        let allow_weaken = args.allow_weaken || saved.is_some_and(|saved| saved.allow_weaken);
        if !args.while_frozen {
            frozen::refuse_to_weaken(policy, &planned, session.now())?;
        }
        let refusal = |weakened: &[String]| refuse_to_weaken(args, plan, weakened);
        let question = ("Apply these changes? Only 'yes' will be accepted: ", "yes");
        consent(session, args.auto_approve, allow_weaken, plan, refusal, question).await?;
    }
    let applied = write(session, &wiring, &context, &planned, freeze_reason.as_ref()).await?;
    let report = &applied.report;
    print_report(session, &config, plan, &Document::from(report), || views::json::report(report, None))?;
    Ok(applied.exit(plan))
}

/// Shows a plan to a person before it is applied; a program gets the report alone.
pub(super) fn print_plan(session: &Session, config: &Config, plan: &Plan<Op>, document: Document) -> anyhow::Result<()> {
    match session.global.format {
        Format::Human => session.print(config, &views::plan::before_apply(plan, document), String::new),
        _ => Ok(()),
    }
}

/// Prints what an apply did; a person who saw that there is nothing to do knows it already.
pub(super) fn print_report(
    session: &Session,
    config: &Config,
    plan: &Plan<Op>,
    document: &Document,
    json: impl FnOnce() -> String,
) -> anyhow::Result<()> {
    if session.global.format == Format::Human {
        if plan.is_empty() {
            return Ok(());
        }
        session.write("\n")?;
    }
    session.print(config, document, json)
}

async fn write(
    session: &Session,
    wiring: &Wiring,
    context: &Context,
    planned: &Planned,
    freeze_reason: Option<&FreezeReason>,
) -> anyhow::Result<Applied> {
    let (clients, delays) = (wiring.clients(), RetryDelays::default());
    let trail = RefCell::new(Vec::new());
    let progress = |what: &str| {
        trail.borrow_mut().push(what.to_owned());
        session.progress.phase(what);
    };
    let work = async {
        match freeze_reason {
            Some(freeze_reason) => {
                context.apply_frozen(freeze_reason, &clients, planned, &session.stop, &delays, progress).await.map_err(frozen::not_first)
            }
            None => Ok(context.apply(&clients, planned, &session.stop, &delays, progress).await),
        }
    };
    session.unless_given_up(work, || abandoned(&trail.borrow(), freeze_reason.is_some())).await?
}

/// What is known of an apply that was cut off: the steps so far in order, the last one in progress.
fn abandoned(trail: &[String], frozen: bool) -> anyhow::Error {
    let mut message = match trail.split_last() {
        None => "nothing was sent".to_owned(),
        Some((last, before)) => {
            let before: Vec<&str> = before.iter().filter(|what| !what.starts_with("checking ")).map(String::as_str).collect();
            let done = if before.is_empty() { String::new() } else { format!("; before that, in this order: {}", before.join(", ")) };
            format!("stopped while {last}, so it is unknown whether that took effect{done}; nothing was read back")
        }
    };
    let mut hint = "`gatectl plan` shows where things stand";
    if frozen {
        message.push_str("; deploys may stay frozen");
        hint = "`gatectl plan` and `gatectl freeze status` show where things stand";
    }
    Interrupted::with(&message, hint)
}

/// How to consent, in commands that can be pasted; the scope of the run is added where they are printed.
fn consent_hint(args: &ApplyArgs, plan: &Plan<Op>) -> String {
    let flags = [
        ("--interlock", args.interlock),
        ("--while-frozen", args.while_frozen),
        ("--allow-weaken", true),
        ("--auto-approve", args.auto_approve),
    ];
    let flags: String = flags.into_iter().filter(|(_, given)| *given).map(|(flag, _)| format!(" {flag}")).collect();
    let file = args.plan.as_ref().map(|plan| format!(" {}", shell_word(&plan.to_string_lossy()))).unwrap_or_default();
    let whole = format!("gatectl apply{file}{flags}");
    let weakening = || plan.changes().filter(|change| change.weakens);
    if !weakening().any(may_be_cut_off) {
        return format!("read the lines marked ! in the plan; if that is what you want, run `{whole}`");
    }
    let finish = if weakening().all(may_be_cut_off) || args.scope.prune {
        whole
    } else {
        // Only remains of a cut-off apply.
        let names = weakening().filter(|change| may_be_cut_off(change)).filter_map(|change| match change.address.kind() {
            AddressKind::Environment(name) => Some(format!(" --environment {}", shell_word(name.as_str()))),
            _ => None,
        });
        format!("gatectl apply{}{flags}", names.collect::<String>())
    };
    format!("if an apply was interrupted here, this finishes it: `{finish}`")
}

/// Whether the only weakening is adding missing patterns to a list: what a cut-off apply or a manual edit leaves.
fn may_be_cut_off(change: &Change) -> bool {
    let weakens = || change.fields.iter().filter(|field| field.weakens);
    change.action == Action::Update && weakens().all(|field| field.only_gains().is_some())
}

/// Why a plan that weakens these is not written without a word on it.
fn refuse_to_weaken(args: &ApplyArgs, plan: &Plan<Op>, weakened: &[String]) -> anyhow::Error {
    let fields = plan.changes().flat_map(|change| &change.fields);
    let why: String = fields.filter_map(|field| Some(format!("\n{}: {}", field.name, field.because.as_ref()?))).collect();
    hinted(format!("the plan weakens {}: nothing was written{why}", weakened.join(", ")), consent_hint(args, plan))
}

/// Gets the consent that a plan needs, before any write: to each weakening unless it is allowed, and then the `answer` to `question`.
/// `refusal` is the error if weakening is neither allowed nor can be asked about.
pub(super) async fn consent(
    session: &Session,
    auto_approve: bool,
    allow_weaken: bool,
    plan: &Plan<Op>,
    refusal: impl FnOnce(&[String]) -> anyhow::Error,
    (question, answer): (&str, &str),
) -> anyhow::Result<()> {
    let weakened = || plan.changes().filter(|change| change.weakens && !allow_weaken).map(|change| &change.address);
    let can_ask = session.can_ask() && !auto_approve;
    if !can_ask && weakened().next().is_some() {
        return Err(refusal(&weakened().map(ToString::to_string).collect::<Vec<_>>()));
    }
    if auto_approve {
        return Ok(());
    }
    if !can_ask {
        let hint = "review `gatectl plan`, then run again with --auto-approve";
        return Err(hinted("cannot ask for confirmation: stdin is not a terminal (or CI is set). Nothing was written.", hint));
    }
    if session.global.format != Format::Human {
        // Consent needs a visible plan; stdout is for a program here.
        session.show(&Document::from(plan));
    }
    let name = |address: &Address| match address.kind() {
        AddressKind::Environment(name) => name.to_string(),
        _ => address.to_string(),
    };
    for name in weakened().map(name).collect::<BTreeSet<String>>() {
        session.confirm(&format!("This weakens {name}. Type the environment name ({name}) to confirm: "), &name).await?;
    }
    session.confirm(question, answer).await
}
