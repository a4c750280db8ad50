//! Who acts, for the record of a freeze: a claim, which the app's releases confirm or not.

use uuid::Uuid;

use crate::credentials::ProcessEnv;
use crate::freeze::{Claim, FreezeId};

use super::Session;

/// The longest name that is kept, in characters.
const MAX: usize = 100;

/// The account that started the run, as GitHub Actions names it: `gh:NAME`.
pub(super) fn in_actions(env: &ProcessEnv) -> Option<String> {
    let running = env.get("GITHUB_ACTIONS") == Some("true");
    env.get("GITHUB_ACTOR").filter(|_| running).map(|actor| plain(&format!("gh:{actor}")))
}

/// Who acts, without asking anyone: the Actions account, else the local user and, if known, the machine.
pub(super) fn local(env: &ProcessEnv) -> String {
    if let Some(actor) = in_actions(env) {
        return actor;
    }
    let first = |names: [&str; 3]| names.into_iter().find_map(|name| env.get(name));
    let user = first(["USER", "LOGNAME", "USERNAME"]).unwrap_or("unknown");
    match first(["HOSTNAME", "HOST", "COMPUTERNAME"]) {
        Some(host) => plain(&format!("local:{user}/{host}")),
        None => plain(&format!("local:{user}")),
    }
}

/// Who acts when an apply has to set the freeze that gate.toml declares; asks no one.
pub(super) fn declared(session: &Session) -> Claim {
    let reason = "declared in gate.toml (frozen = true)".to_owned();
    Claim { id: FreezeId::new(Uuid::new_v4()), by: local(&session.env), reason, now: session.now() }
}

/// Names from outside, as a record takes them: one line, not too long.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_from_actions_first() {
        let env = |pairs: &[(&str, &str)]| pairs.iter().copied().collect::<ProcessEnv>();
        let both = [("GITHUB_ACTIONS", "true"), ("GITHUB_ACTOR", "mona"), ("USER", "runner")];
        assert_eq!(local(&env(&both)), "gh:mona");
        assert_eq!(in_actions(&env(&[("GITHUB_ACTOR", "mona")])), None, "a variable alone is not a run");
        assert_eq!(local(&env(&[("USER", "ann"), ("HOSTNAME", "desk")])), "local:ann/desk");
        assert_eq!(local(&env(&[])), "local:unknown");
        assert_eq!(local(&env(&[("USER", "a\nb")])), "local:ab");
        assert!(local(&env(&[("USER", &"x".repeat(500))])).chars().count() <= MAX);
    }
}
