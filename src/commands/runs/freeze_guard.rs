//! Whether a freeze refuses an approval: nothing is approved into a closed environment.

use jiff::Timestamp;

use crate::commands::freeze::observe;
use crate::desired::freeze::Policy;
use crate::freeze::{Decision, FlagTimes, FreezeVars, Keys, Leftover, Verdict, decide, leftovers};
use crate::http::Reader;
use crate::model::{Answer, Cause, EnvName, Unknown};
use crate::providers::freeze_store::access;

/// The `[freeze]` of gate.toml and what its store holds.
pub(in crate::commands) struct FreezeGuard<'a> {
    policy: &'a Policy,
    vars: Answer<FreezeVars>,
    written: FlagTimes,
}

/// Why the freeze refuses an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::commands) struct Closed {
    /// The reason.
    pub(in crate::commands) why: String,
    /// The next step.
    pub(in crate::commands) fix: String,
    /// Why it is not known to be open, if that is the only reason.
    pub(in crate::commands) undetermined: Option<Cause>,
}

impl<'a> FreezeGuard<'a> {
    /// Reads the store: its four values, and no other.
    pub(in crate::commands) async fn read(policy: &'a Policy, store: Result<&Reader, &Unknown>, now: Timestamp) -> Self {
        let keys = Keys::of(policy);
        let vars = observe(store, &keys).await;
        let written = match (store, &vars) {
            (Ok(reader), Answer::Present(vars)) => access::flag_times(reader, &keys, vars, now).await,
            _ => FlagTimes::default(),
        };
        Self { policy, vars, written }
    }

    /// Stale parts of the freeze of this environment.
    pub(in crate::commands) fn leftovers(&self, environment: &EnvName, now: Timestamp) -> Vec<Leftover> {
        let vars = self.vars.present().filter(|_| self.policy.covers(environment));
        vars.map(|vars| leftovers(&Keys::of(self.policy), vars, self.written, now)).unwrap_or_default()
    }

    /// Why this environment is closed, if it is or may be; with what is worth a warning.
    pub(in crate::commands) fn holds(&self, environment: &EnvName, now: Timestamp) -> (Option<Closed>, Vec<String>) {
        let Decision { verdict, mut warnings } = decide(self.policy, environment, &self.vars, now);
        warnings.extend(self.leftovers(environment, now).iter().map(ToString::to_string));
        let closed = match verdict {
            Verdict::Open { .. } => None,
            Verdict::Frozen(frozen) => {
                let why = format!("{environment} is frozen {frozen}");
                Some(Closed { why, fix: frozen.next_step(&self.policy.store), undetermined: None })
            }
            Verdict::Undetermined(unknown) => Some(Closed {
                why: format!("whether {environment} is frozen could not be determined: {}", unknown.reason),
                fix: format!("{}; or pass --ignore-unreachable-freeze", unknown.hint),
                undetermined: Some(unknown.cause),
            }),
        };
        (closed, warnings)
    }
}
