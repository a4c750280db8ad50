//! What the freeze says to an approval: nothing is approved into a closed environment.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::freeze::{Decision, FreezeVars, Frozen, Keys, Policy, Verdict, Why, decide};
use crate::http::{ErrorKind, Reader};
use crate::model::{Answer, EnvName, Unknown};
use crate::providers::heroku::live::config_vars;

/// The `[freeze]` of gate.toml and what its store holds.
pub(in crate::commands) struct Brake<'a> {
    policy: &'a Policy,
    vars: Answer<FreezeVars>,
}

/// Why the freeze refuses an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::commands) struct Closed {
    /// What is the matter.
    pub(in crate::commands) why: String,
    /// The next step.
    pub(in crate::commands) fix: String,
    /// Whether it is only not known to be open.
    pub(in crate::commands) undetermined: bool,
}

impl<'a> Brake<'a> {
    /// Reads the store: its four config vars, and no other.
    pub(in crate::commands) async fn read(policy: &'a Policy, heroku: Result<&Reader, &Unknown>) -> Self {
        let keys = Keys::of(policy);
        let names: BTreeSet<String> = keys.all().map(str::to_owned).into();
        let vars = match heroku {
            Err(unknown) => Answer::Unknown(unknown.clone()),
            Ok(reader) => match config_vars(reader, &policy.heroku_app, &names).await {
                Ok(vars) => {
                    let set: BTreeMap<String, String> = vars.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
                    Answer::Present(keys.pick(&set))
                }
                Err(error) if error.kind == ErrorKind::NotFound => Answer::Absent,
                Err(error) => Answer::Unknown(error.unknown()),
            },
        };
        Self { policy, vars }
    }

    /// Why this environment is closed, if it is or may be; with what is worth a warning.
    pub(in crate::commands) fn holds(&self, environment: &EnvName, now: Timestamp) -> (Option<Closed>, Vec<String>) {
        let Decision { verdict, warnings } = decide(self.policy, environment, &self.vars, now);
        let closed = match verdict {
            Verdict::Open { .. } => None,
            Verdict::Frozen(frozen) => {
                let why = format!("{environment} is frozen{}", described(&frozen));
                Some(Closed { why, fix: frozen.next_step(&self.policy.heroku_app), undetermined: false })
            }
            Verdict::Undetermined(unknown) => Some(Closed {
                why: format!("whether {environment} is frozen could not be determined: {}", unknown.reason),
                fix: format!("{}; or pass --ignore-unreachable-freeze", unknown.hint),
                undetermined: true,
            }),
        };
        (closed, warnings)
    }
}

fn described(frozen: &Frozen) -> String {
    let mut text = match (frozen.why, &frozen.window) {
        (Why::Window, Some(window)) => format!(" by the window {window}"),
        (Why::Window, None) => " by a window".to_owned(),
        (Why::Emergency, _) => " (emergency)".to_owned(),
        (Why::Malformed, _) => " (its record cannot be read)".to_owned(),
        (Why::Manual, _) => String::new(),
    };
    for (word, value) in [("by", &frozen.by), ("because", &frozen.reason)] {
        if let Some(value) = value {
            text.push_str(&format!(", {word} {value}"));
        }
    }
    if let Some(until) = frozen.until {
        text.push_str(&format!(", until {until}"));
    }
    text
}
