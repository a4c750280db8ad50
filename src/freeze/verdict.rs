//! May a deploy to this environment go ahead now?
//!
//! Owns the precedence: malformed, then emergency, then manual, then window. Only what is known to be open is open.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::record::{FreezeId, FreezeKind, OverrideRecord};
use super::state::{Freeze, FreezeVars, Override};
use super::window::{Closure, WindowError, state_at};
use crate::desired::freeze::{OnUnreachable, Policy, Store, Window};
use crate::model::{Answer, Cause, EnvName, Unknown};

impl Policy {
    /// Whether a freeze closes this environment. If it does not, the store need not be read.
    pub fn covers(&self, environment: &EnvName) -> bool {
        self.environments.contains(environment)
    }
}

/// A verdict, and its warnings; stale parts of a freeze are for [`leftovers`](super::leftovers).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// The answer.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// One sentence each.
    pub warnings: Vec<String>,
}

/// Whether a deploy may go ahead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "lowercase")]
pub enum Verdict {
    /// It may.
    Open {
        /// Why so.
        because: OpenBecause,
    },
    /// It may not.
    Frozen(Frozen),
    /// Undetermined; counts as closed.
    Undetermined(Unknown),
}

/// Why a deploy may go ahead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpenBecause {
    /// No freeze covers the environment.
    NotCovered,
    /// There is no freeze, and no window is closed.
    NotFrozen,
    /// It has an owner.
    Overridden(OverrideRecord),
    /// The store cannot be reached, and the policy says that this is open.
    Unreachable,
}

/// What closes the environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Frozen {
    /// What kind of freeze.
    pub why: Why,
    /// Since when, if known.
    pub since: Option<Timestamp>,
    /// When it ends, if it does.
    pub until: Option<Timestamp>,
    /// Who claims to have set it.
    pub by: Option<String>,
    /// What for; for a malformed one, what is wrong.
    pub reason: Option<String>,
    /// Its id: `freeze off --id` takes it.
    pub id: Option<FreezeId>,
    /// The window's name, if a window is the reason.
    pub window: Option<String>,
}

/// What kind of freeze closes an environment, most severe first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// The store holds what cannot be understood.
    Malformed,
    /// The freeze.
    Emergency,
    /// It was set.
    Manual,
    /// The calendar.
    Window,
}

impl Frozen {
    fn plain(why: Why) -> Self {
        Self { why, since: None, until: None, by: None, reason: None, id: None, window: None }
    }

    /// The closure from the store.
    pub fn by_store(freeze: &Freeze) -> Option<Self> {
        let said = |text: &String| (!text.is_empty()).then(|| text.clone());
        match freeze {
            Freeze::Open | Freeze::Expired(_) => None,
            Freeze::Malformed { why } => Some(Self { reason: Some(why.clone()), ..Self::plain(Why::Malformed) }),
            Freeze::Unattributed => Some(Self::plain(Why::Manual)),
            Freeze::Recorded(record) => Some(Self {
                why: match record.kind {
                    FreezeKind::Emergency => Why::Emergency,
                    FreezeKind::Manual => Why::Manual,
                },
                since: Some(record.at),
                until: record.until,
                by: said(&record.by),
                reason: said(&record.reason),
                id: Some(record.id),
                window: None,
            }),
        }
    }

    fn by_window(window: &Window, closure: Closure) -> Self {
        Self {
            since: Some(closure.since),
            until: closure.until,
            reason: window.reason.clone(),
            window: Some(window.name.clone()),
            ..Self::plain(Why::Window)
        }
    }

    /// The commands that open what is closed, for the store that holds the freeze.
    pub fn next_step(&self, store: &Store) -> String {
        let which = store.flag();
        let over = format!("gatectl freeze override {which} --for 1h --reason TEXT");
        match (self.why, self.id) {
            (Why::Window, _) => format!("wait until the window opens, or `{over}`"),
            (Why::Malformed, _) => format!("`gatectl freeze status {which}`, then `gatectl freeze off {which} --reason TEXT`"),
            (Why::Emergency | Why::Manual, None) => format!("`gatectl freeze off {which} --reason TEXT`, or `{over}`"),
            (Why::Emergency | Why::Manual, Some(id)) => format!("`gatectl freeze off {which} --id {id} --reason TEXT`, or `{over}`"),
        }
    }
}

impl fmt::Display for Frozen {
    /// `by … since … until …: reason`, as far as it is known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.window {
            Some(window) => write!(f, "by the window {window}")?,
            None => write!(f, "by {}", self.by.as_deref().unwrap_or("an unnamed account"))?,
        }
        if let Some(since) = self.since {
            write!(f, " since {since}")?;
        }
        if let Some(until) = self.until {
            write!(f, " until {until}")?;
        }
        self.reason.as_ref().map_or(Ok(()), |reason| write!(f, ": {reason}"))
    }
}

/// Decides whether a deploy to `environment` may go ahead at `now`.
///
/// `vars` is not read if [`Policy::covers`] returns false. Windows close without the store; only a valid override that was
/// read from it opens them. An app that is not there, and credentials that are refused, are not an unreachable store:
/// `on_unreachable` does not open these.
pub fn decide(policy: &Policy, environment: &EnvName, vars: &Answer<FreezeVars>, now: Timestamp) -> Decision {
    if !policy.covers(environment) {
        return Decision { verdict: Verdict::Open { because: OpenBecause::NotCovered }, warnings: Vec::new() };
    }
    let calendar = Calendar::at(policy, now);
    match vars {
        Answer::Present(vars) => with_store(&calendar, vars, now),
        Answer::Absent => without_store(&calendar, OnUnreachable::Frozen, &not_there(&policy.store)),
        Answer::Unknown(unknown) => match unknown.cause {
            Cause::Credentials => without_store(&calendar, OnUnreachable::Frozen, unknown),
            Cause::Other => without_store(&calendar, policy.on_unreachable, unknown),
        },
    }
}

fn with_store(calendar: &Calendar, vars: &FreezeVars, now: Timestamp) -> Decision {
    let (freeze, over) = (Freeze::read(vars, now), Override::read(vars, now));
    let opening = over.opening(&freeze);
    let closed = Frozen::by_store(&freeze).or_else(|| calendar.closed.clone());
    let verdict = match (closed, calendar.broken(), opening) {
        (None, None, _) => Verdict::Open { because: OpenBecause::NotFrozen },
        // A window that cannot be read would close no more than an override opens.
        (_, _, Some(record)) => Verdict::Open { because: OpenBecause::Overridden(record.clone()) },
        (Some(frozen), _, None) => Verdict::Frozen(frozen),
        (None, Some(unknown), None) => Verdict::Undetermined(unknown),
    };
    Decision { verdict, warnings: calendar.errors.iter().map(ToString::to_string).collect() }
}

fn without_store(calendar: &Calendar, rule: OnUnreachable, unknown: &Unknown) -> Decision {
    let mut warnings: Vec<String> = calendar.errors.iter().map(ToString::to_string).collect();
    let verdict = match (calendar.closed.clone(), calendar.broken(), rule) {
        (Some(frozen), ..) => {
            warnings.push(format!("whether there is an override could not be read: {}", unknown.reason));
            Verdict::Frozen(frozen)
        }
        (None, Some(broken), _) => Verdict::Undetermined(broken),
        (None, None, OnUnreachable::Frozen) => Verdict::Undetermined(unknown.clone()),
        (None, None, OnUnreachable::Open) => {
            warnings.push(format!(
                "whether deploys are frozen could not be read, and `on_unreachable = \"open\"` lets them through: {}",
                unknown.reason
            ));
            Verdict::Open { because: OpenBecause::Unreachable }
        }
    };
    Decision { verdict, warnings }
}

/// What is known if the store is not there for these credentials.
pub(super) fn not_there(store: &Store) -> Unknown {
    Unknown::new(
        format!("{} that holds the freeze does not exist, or these credentials cannot see it", store.described()),
        format!("check its name (`{}` in gate.toml) and {}", store.key(), store.credentials()),
    )
}

/// The windows of a policy at one moment.
struct Calendar {
    /// The closed window that ends last.
    closed: Option<Frozen>,
    errors: Vec<WindowError>,
}

impl Calendar {
    fn at(policy: &Policy, now: Timestamp) -> Self {
        let mut calendar = Self { closed: None, errors: Vec::new() };
        for window in &policy.windows {
            match state_at(window, now) {
                Err(error) => calendar.errors.push(error),
                Ok(state) => {
                    let frozen = state.now.map(|closure| Frozen::by_window(window, closure));
                    let end = |frozen: &Frozen| frozen.until.unwrap_or(Timestamp::MAX);
                    if frozen.as_ref().is_some_and(|new| calendar.closed.as_ref().is_none_or(|held| end(held) < end(new))) {
                        calendar.closed = frozen;
                    }
                }
            }
        }
        calendar
    }

    fn broken(&self) -> Option<Unknown> {
        self.errors.first().map(|error| Unknown::new(error.to_string(), "correct the window in gate.toml: `gatectl validate` shows where"))
    }
}

#[cfg(test)]
mod tests;
