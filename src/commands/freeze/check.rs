//! `gatectl freeze check`: may this deploy go ahead? If anything goes wrong, the answer is not yes.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use crate::cli::{Format, StoreArgs};
use crate::commands::failure::hinted;
use crate::desired::freeze::{Policy, Store};
use crate::exit::Exit;
use crate::freeze::{
    Answered, Audit, Checked, Decision, EnvironmentStatus, FlagTimes, FreezeVars, Keys, Source, Verdict, audit, decide, from_step,
    leftovers,
};
use crate::http::Reader;
use crate::model::{Answer, Cause, EnvName, Unknown};
use crate::providers::freeze_store::{self, access};
use crate::render::{Document, json};
use crate::views::diagnostic::Hinted;

use super::super::Session;
use super::super::wiring::Wiring;
use super::{FreezeTarget, beside};

/// The time limit for all requests with their retries.
const REQUESTS: Duration = Duration::from_millis(7_500);
/// The time limit for everything, including the search for a token.
const OVERALL: Duration = Duration::from_millis(9_000);

/// Asks, prints, and answers with the exit code.
///
/// # Errors
/// Only when the answer cannot be printed, or the user stopped the run.
pub(super) async fn run(session: &Session, which: &StoreArgs) -> anyhow::Result<Exit> {
    let now = session.now();
    let (target, checked) = match question(session, which) {
        Ok((target, asked)) => {
            let checked = session.unless_stopped(answer(session, &target, &asked, now)).await?;
            (Some(target), checked)
        }
        Err(error) => {
            session.complain(&error);
            (None, Checked::unasked(as_unknown(&error), now))
        }
    };
    let config = target.as_ref().and_then(|target| target.config.as_ref());
    session.print_as(format(session), config, &Document::from(&checked), || json::to_string(&checked))?;
    Ok(match checked.verdict {
        Answered::Open => Exit::Done,
        Answered::Frozen => Exit::Frozen,
        Answered::Undetermined => Exit::Undetermined,
    })
}

/// The policy and the environments in question.
struct CheckScope {
    policy: Policy,
    environments: BTreeSet<EnvName>,
    /// Names that gate.toml does not know and that look like one the freeze covers: most likely that one, misspelled.
    strange: BTreeSet<EnvName>,
    /// Those in question that gate.toml does not mention at all.
    undeclared: BTreeSet<EnvName>,
}

fn question(session: &Session, which: &StoreArgs) -> anyhow::Result<(FreezeTarget, CheckScope)> {
    let target = FreezeTarget::find(session, which)?;
    // A gate.toml that exists and cannot be read may hold a window that is closed now.
    if target.config.is_none() && target.fleet.is_none() && session.has_file() {
        return Err(hinted(
            "gate.toml cannot be read, and it may declare a window that is closed now",
            "`gatectl validate` shows what is wrong with it",
        ));
    }
    let named: BTreeSet<EnvName> = session.global.environment.iter().cloned().collect();
    let asked = match &target.policy {
        Some(policy) => covered_by(policy.clone(), named, &target),
        None if named.is_empty() => {
            return Err(hinted(
                "no environment is named, and gate.toml does not say which ones the freeze covers",
                "gatectl freeze check --environment NAME",
            ));
        }
        None => CheckScope {
            policy: target.keys.bare_policy(named.clone()),
            environments: named,
            strange: BTreeSet::new(),
            undeclared: BTreeSet::new(),
        },
    };
    Ok((target, asked))
}

fn covered_by(policy: Policy, named: BTreeSet<EnvName>, target: &FreezeTarget) -> CheckScope {
    let environments = if named.is_empty() { policy.environments.clone() } else { named };
    let declared = target.config.as_ref().map(|config| &config.desired.github.environments);
    let known = |name: &EnvName| policy.covers(name) || declared.is_some_and(|all| all.contains_key(name));
    let (environments, strange): (BTreeSet<EnvName>, _) =
        environments.into_iter().partition(|name| known(name) || resembled(name, &policy).is_none());
    let undeclared = environments.iter().filter(|name| declared.is_some() && !known(name)).cloned().collect();
    CheckScope { policy, environments, strange, undeclared }
}

/// Whether a name abbreviates another one: its letters are found there in the same order, from the first one on.
fn abbreviates(short: &str, name: &str) -> bool {
    let mut letters = name.chars();
    short.len() > 1 && short.chars().next() == name.chars().next() && short.chars().all(|c| letters.any(|letter| letter == c))
}

/// The covered environment that a name resembles: a typo or an abbreviation.
fn resembled<'p>(name: &EnvName, policy: &'p Policy) -> Option<&'p EnvName> {
    let name = name.folded();
    policy.environments.iter().find(|covered| {
        let covered = covered.folded();
        strsim::damerau_levenshtein(&name, &covered) <= 2 || abbreviates(&name, &covered) || name.starts_with(&*covered)
    })
}

async fn answer(session: &Session, target: &FreezeTarget, asked: &CheckScope, now: Timestamp) -> Checked {
    let covered = asked.environments.iter().any(|name| asked.policy.covers(name));
    let seen = if covered { read(session, target).await } else { ObservedFreeze::unknown(too_slow(&target.keys.store)) };
    checked(asked, &seen, now)
}

/// The freeze, where it was read, and what else is known about it.
struct ObservedFreeze {
    vars: Answer<FreezeVars>,
    source: Source,
    /// When the flags were written, if the store said so in time.
    written: FlagTimes,
    warnings: Vec<String>,
}

impl ObservedFreeze {
    fn unknown(unknown: Unknown) -> Self {
        Self { vars: Answer::Unknown(unknown), source: Source::Store, written: FlagTimes::default(), warnings: Vec::new() }
    }
}

/// The four values, within bounds: from the store, or, if these credentials cannot read it, from the step's environment.
async fn read(session: &Session, target: &FreezeTarget) -> ObservedFreeze {
    let work = async {
        match Wiring::of_store(session, target.config.as_ref(), &target.keys.store, Some(REQUESTS)).await {
            Ok(wiring) => in_store(&wiring.store(&target.keys.store), &target.keys).await,
            Err(error) => ObservedFreeze::unknown(as_unknown(&error)),
        }
    };
    let seen = tokio::time::timeout(OVERALL, work).await.unwrap_or_else(|_| ObservedFreeze::unknown(too_slow(&target.keys.store)));
    at_job_start(session, &target.keys, &seen.vars).unwrap_or(seen)
}

async fn in_store(reader: &Result<Reader, Unknown>, keys: &Keys) -> ObservedFreeze {
    let reader = match reader {
        Ok(reader) => reader,
        Err(unknown) => return ObservedFreeze::unknown(unknown.clone()),
    };
    // Who changed it is worth showing, but no reason to wait or refuse.
    let history = async { freeze_store::of(&keys.store).history(reader, keys).await.ok().flatten() };
    let (vars, history) = beside(access::observe(reader, keys), history).await;
    let audit = vars.present().zip(history).map(|(vars, history)| audit(keys, vars, &history));
    // Only a rollback may have changed the answer unnoticed.
    let rolled_back = |audit: &Audit| [&audit.flag, &audit.override_flag].into_iter().flatten().any(|change| change.rollback_to.is_some());
    let written = audit.as_ref().map(FlagTimes::from).unwrap_or_default();
    let warnings = audit.filter(rolled_back).map(|audit| audit.warnings).unwrap_or_default();
    ObservedFreeze { vars, source: Source::Store, written, warnings }
}

/// What GitHub Actions handed to this step, if the store cannot be read with these credentials: GITHUB_TOKEN never can.
fn at_job_start(session: &Session, keys: &Keys, read: &Answer<FreezeVars>) -> Option<ObservedFreeze> {
    let refused = match read {
        Answer::Present(_) => return None,
        Answer::Absent => None,
        Answer::Unknown(unknown) if unknown.cause == Cause::Credentials => Some(unknown),
        Answer::Unknown(_) => return None,
    };
    let in_actions = session.env.get("GITHUB_ACTIONS") == Some("true") && keys.store.app().is_none();
    let vars = from_step(keys, |name| session.env.passed(name)).filter(|_| in_actions)?;
    let mut warnings = vec![format!(
        "these values are from the start of the job: a freeze set since then is not seen. If the job waits between its steps, let the check ask the API: set GH_TOKEN to a token with `Variables: read` on {}",
        keys.store.described()
    )];
    warnings.extend(
        refused.filter(|_| session.env.get("GH_TOKEN").is_some()).map(|unknown| format!("the API could not be read: {}", unknown.reason)),
    );
    Some(ObservedFreeze { vars, source: Source::JobStart, written: FlagTimes::default(), warnings })
}

fn checked(asked: &CheckScope, seen: &ObservedFreeze, now: Timestamp) -> Checked {
    let left = seen.vars.present().map(|vars| leftovers(&Keys::of(&asked.policy), vars, seen.written, now)).unwrap_or_default();
    let decided = asked.environments.iter().map(|name| {
        let mut decision = decide(&asked.policy, name, &seen.vars, now);
        if asked.policy.covers(name) {
            decision.warnings.extend(left.iter().map(ToString::to_string));
            decision.warnings.extend(seen.warnings.iter().cloned());
        }
        if asked.undeclared.contains(name) {
            decision.warnings.push(format!("gate.toml does not declare an environment `{name}`: check the spelling"));
        }
        EnvironmentStatus { name: name.clone(), decision }
    });
    let strange = asked.strange.iter().map(|name| EnvironmentStatus {
        name: name.clone(),
        decision: Decision {
            verdict: Verdict::Undetermined(Unknown::new(
                format!("gate.toml declares no environment `{name}`, but the freeze covers one with a similar name"),
                match resembled(name, &asked.policy) {
                    Some(covered) => format!("did you mean `{covered}`? If not, declare [environments.{name}]"),
                    None => "check the spelling".to_owned(),
                },
            )),
            warnings: Vec::new(),
        },
    });
    Checked::of(&asked.policy.store, seen.source, decided.chain(strange).collect(), now)
}

fn too_slow(store: &Store) -> Unknown {
    Unknown::new(
        format!("no response within {} s", OVERALL.as_secs()),
        format!("see {}, and run again", freeze_store::of(store).api().status_page),
    )
}

fn as_unknown(error: &anyhow::Error) -> Unknown {
    let hint = error.downcast_ref::<Hinted>().map(|hinted| hinted.hint.clone());
    Unknown::new(
        error.to_string().lines().next().unwrap_or_default().to_owned(),
        hint.unwrap_or_else(|| "`gatectl validate` shows what is wrong with gate.toml".to_owned()),
    )
}

/// In GitHub Actions a refusal in the log is easily missed, so annotation and summary are the default there.
fn format(session: &Session) -> Format {
    let in_actions = session.env.get("GITHUB_ACTIONS") == Some("true");
    if in_actions && session.global.format == Format::Human { Format::Github } else { session.global.format }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::freeze::Keys;

    #[test]
    fn an_abbreviation_or_a_typo_resembles_what_the_freeze_covers() {
        let covered = EnvName::new("production").unwrap();
        let policy = Keys::standard(Store::Heroku("shop".to_owned())).bare_policy([covered.clone()].into());
        for (name, is_it) in
            [("prd", true), ("prod", true), ("Prodution", true), ("production-eu", true), ("staging", false), ("p", false), ("docs", false)]
        {
            assert_eq!(resembled(&EnvName::new(name).unwrap(), &policy), is_it.then_some(&covered), "{name}");
        }
    }
}
