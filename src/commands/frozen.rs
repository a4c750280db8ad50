//! What a freeze means to an apply: no weakening while frozen, and frozen while gates are rebuilt.
//!
//! The second is for `--interlock`, and for `freeze.compensates` where GitHub may refuse a reviewer. Owns the order: frozen and
//! read back before anything else is written, and as before only after everything was read back as declared. GitHub tells that
//! it refuses a reviewer only when it is asked, and by then the environment may be there without one (API page, 2.2); so the
//! freeze comes first and goes when it was not needed.

use std::collections::BTreeSet;

use jiff::Timestamp;
use uuid::Uuid;

use crate::freeze::{Claim, Flag, FreezeId, Interlock, Keys, Policy, Verdict, decide};
use crate::http::Writer;
use crate::model::{Action, Address, Answer, ByHand, Change, EnvName, Kind, Outcome, OutcomeResult, Plan, Report, Step};
use crate::providers::heroku::freeze::{self as store, SendError};
use crate::providers::{Fleet, Op};
use crate::render::diagnostic::Hinted;

use super::Session;
use super::freeze::local;
use super::reconcile::Drafted;

/// Refuses to weaken a gate that is frozen, or may be, before any write.
///
/// # Errors
/// Which changes, and what closes them.
pub(super) fn refuse_to_weaken(policy: Option<&Policy>, drafted: &Drafted, now: Timestamp) -> anyhow::Result<()> {
    let (Some(policy), Some(vars)) = (policy, &drafted.freeze) else { return Ok(()) };
    let vars = match vars {
        Ok(vars) => Answer::Present(vars.clone()),
        Err(unknown) => Answer::Unknown(unknown.clone()),
    };
    for change in drafted.plan.changes().filter(|change| change.weakens) {
        let Some(environment) = guarded(policy, change) else { continue };
        let why = match decide(policy, environment, &vars, now).verdict {
            Verdict::Open { .. } => continue,
            Verdict::Frozen(frozen) => format!("deploys to {environment} are frozen {frozen}"),
            Verdict::Undetermined(unknown) => format!("whether deploys to {environment} are frozen is unknown ({})", unknown.reason),
        };
        return Err(Hinted {
            message: format!("the plan weakens {}, and {why}: nothing was written", change.address),
            hint: "wait until the freeze is over, or, if that is what you want, run again with --while-frozen".to_owned(),
        }
        .into());
    }
    Ok(())
}

/// The environment that a change opens, where the freeze covers it.
fn guarded<'a>(policy: &'a Policy, change: &'a Change) -> Option<&'a EnvName> {
    match change.address.kind() {
        Kind::Environment(name) => Some(name).filter(|name| policy.covers(name)),
        // The override opens all of them alike.
        Kind::Config(key) if change.address.scope() == policy.heroku_app && *key == policy.override_flag => policy.environments.first(),
        _ => None,
    }
}

/// Whether this apply freezes deploys around its writes.
///
/// # Errors
/// When it should and cannot: no freeze covers what changes, or an override that is on is to be changed in the same run.
pub(super) fn occasion(session: &Session, asked: bool, policy: Option<&Policy>, drafted: &Drafted) -> anyhow::Result<Option<Occasion>> {
    let changed: Vec<&EnvName> = drafted
        .plan
        .changes()
        .filter_map(|change| match change.address.kind() {
            Kind::Environment(name) => Some(name),
            _ => None,
        })
        .collect();
    let occasion = match (asked, drafted.refusable.is_empty()) {
        (true, _) if !changed.is_empty() => Occasion::Asked,
        (false, false) => Occasion::Refusable(drafted.refusable.clone()),
        _ => return Ok(None),
    };
    let Some(policy) = policy.filter(|policy| changed.iter().any(|name| policy.covers(name))) else {
        return Err(Hinted {
            message: "--interlock needs a freeze that covers what is written".to_owned(),
            hint: "list the environment in `freeze.environments` of gate.toml".to_owned(),
        }
        .into());
    };
    for name in changed.iter().filter(|name| !policy.covers(name)) {
        session.warn(&[format!("the freeze does not cover {name}: deploys to it are not held back meanwhile")]);
    }
    let overridden = |flag: Option<&str>| Flag::read(flag) != Flag::Off;
    let on = drafted.freeze.as_ref().and_then(|vars| vars.as_ref().ok()).is_some_and(|vars| overridden(vars.override_flag.as_deref()));
    let address = Address::config(&policy.heroku_app, &policy.override_flag);
    if on && drafted.plan.changes().any(|change| change.address == address) {
        return Err(Hinted {
            message: format!("{address} is on and would have to be put back after this run, but gate.toml declares another value"),
            hint: format!("first: gatectl freeze override --revoke --app {}", policy.heroku_app),
        }
        .into());
    }
    Ok(Some(occasion))
}

/// Freezes where there is an occasion; a freeze that the plan itself sets comes first in any case.
///
/// # Errors
/// When deploys are not known to be frozen: then nothing else may be written.
pub(super) async fn hold(
    session: &Session,
    fleet: &Fleet,
    occasion: Option<Occasion>,
    policy: Option<&Policy>,
    plan: &Plan<Op>,
) -> anyhow::Result<Option<Hold>> {
    let (Some(occasion), Some(policy)) = (occasion, policy) else { return Ok(None) };
    if plan.steps.iter().any(sets_freeze) {
        return Ok(None);
    }
    let writer = fleet.heroku().map_err(|error| not_first(error.into()))?.clone();
    session.progress.phase("freezing deploys");
    let keys = Keys::of(policy);
    let hold = Hold::take(writer, keys, &occasion, local(&session.env), session.now());
    Ok(Some(session.unless_given_up(hold).await??))
}

/// Whether a planned step sets the freeze.
pub(super) fn sets_freeze(step: &Step<Op>) -> bool {
    step.changes.iter().any(|change| *change.address.kind() == Kind::Freeze)
}

/// The error for a freeze that should have come first and did not.
pub(super) fn not_first(why: anyhow::Error) -> anyhow::Error {
    why.context(Hinted {
        message: "deploys could not be frozen first, so nothing else was written".to_owned(),
        hint: "run again when Heroku answers; without --interlock and `compensates` nothing is frozen first".to_owned(),
    })
}

/// Why an apply freezes deploys around its writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Occasion {
    /// The user asked for it.
    Asked,
    /// These environments get a first reviewer that GitHub's billing plan may refuse.
    Refusable(BTreeSet<EnvName>),
}

/// Deploys are frozen for the time of this run.
#[derive(Debug)]
pub(super) struct Hold {
    writer: Writer,
    keys: Keys,
    id: FreezeId,
    /// How to put back what was there; none where a freeze without an end was there already.
    interlock: Option<Interlock>,
}

impl Hold {
    /// Freezes, and reads that back.
    ///
    /// # Errors
    /// When deploys are not known to be frozen: then nothing else may be written.
    pub(super) async fn take(writer: Writer, keys: Keys, occasion: &Occasion, by: String, now: Timestamp) -> anyhow::Result<Self> {
        let id = FreezeId::new(Uuid::new_v4());
        let claim = Claim { id, by, reason: reason(occasion), now };
        let frozen = async {
            let live = store::read(writer.reader(), &keys).await.map_err(SendError::NotWritten)?;
            let Some((interlock, write)) = Interlock::needed(&keys, &live, &claim)? else { return Ok(None) };
            store::send(&writer, &keys, &write).await?;
            anyhow::Ok(Some(interlock))
        };
        match frozen.await {
            Ok(interlock) => Ok(Self { writer, keys, id, interlock }),
            Err(error) => Err(not_first(plain(error))),
        }
    }

    /// What to run to lift the freeze that this run set.
    pub(super) fn lift(&self) -> String {
        let app = &self.keys.app;
        match self.interlock {
            Some(_) => format!("gatectl freeze off --app {app} --id {} --reason TEXT", self.id),
            None => format!("gatectl freeze status --app {app}"),
        }
    }

    /// Puts the freeze back as it was, where everything was read back as declared; says what became of it.
    pub(super) async fn release(self, report: &Report) -> Outcome {
        let (result, message) = match &self.interlock {
            _ if !report.converged => self.kept(report),
            None => (OutcomeResult::Applied, "was frozen before, without an end, and is left so".to_owned()),
            Some(interlock) => match self.restore(interlock).await {
                Ok(()) => (OutcomeResult::Applied, "frozen while the gate was written, and now as it was before".to_owned()),
                Err(error) => {
                    let message = format!(
                        "the gate is as declared, but the freeze of this run could not be taken back: {error}. See `gatectl freeze status --app {}`; to lift it: {}",
                        self.keys.app,
                        self.lift()
                    );
                    (OutcomeResult::Failed, message)
                }
            },
        };
        Outcome { address: Address::freeze(&self.keys.app), action: Action::Update, result, message }
    }

    async fn restore(&self, interlock: &Interlock) -> anyhow::Result<()> {
        let live = store::read(self.writer.reader(), &self.keys).await?;
        store::send(&self.writer, &self.keys, &interlock.restore(&live)?).await?;
        Ok(())
    }

    fn kept(&self, report: &Report) -> (OutcomeResult, String) {
        let app = &self.keys.app;
        let refused = report.outcomes.iter().any(|outcome| matches!(outcome.result, OutcomeResult::Manual(_)));
        let message = if refused {
            format!(
                "FROZEN, and stays so in place of what GitHub refuses. That is weaker than a reviewer: it holds only in workflows that run `gatectl freeze check` before they deploy, whoever may write the config vars of {app} or edit the workflow gets past it, and pushes, promotions and rollbacks on Heroku itself never ask"
            )
        } else {
            "FROZEN, and stays so: the gate could not be shown to be as declared".to_owned()
        };
        let first = if refused {
            "Let a single deploy through, with a name and a reason: gatectl freeze override --for 1h --reason TEXT"
        } else {
            "Bring the gate in line: gatectl apply"
        };
        let steps = vec![first.to_owned(), format!("When the gate is as declared, lift the freeze: {}", self.lift())];
        let url = format!("https://dashboard.heroku.com/apps/{app}/settings");
        (OutcomeResult::Manual(ByHand { url, because: String::new(), steps }), message)
    }
}

fn reason(occasion: &Occasion) -> String {
    match occasion {
        Occasion::Asked => "gatectl apply --interlock: a gate is being written".to_owned(),
        Occasion::Refusable(names) => {
            let names: Vec<&str> = names.iter().map(EnvName::as_str).collect();
            let shown: String = names.join(", ").chars().filter(|c| !c.is_control()).take(200).collect();
            format!("gatectl apply: first reviewers of {shown}, which GitHub may refuse")
        }
    }
}

/// A refused request as itself, so that the exit code tells whether credentials are why.
fn plain(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<SendError>() {
        Ok(SendError::NotWritten(error)) => error.into(),
        Ok(error) => error.into(),
        Err(error) => error,
    }
}
