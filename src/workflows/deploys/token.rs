//! What the steps of a job could do with its OIDC token.
//!
//! Owns when a token counts as explained: every step that could ask for it is known, and so is what for.

use std::collections::BTreeSet;

use super::commands::is_named_a_deploy;

/// What a step could do with the OIDC token of its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Use {
    /// It does not ask for it.
    Nothing,
    /// Its purpose is known, and cannot deploy: an attestation.
    Harmless,
    /// It logs in, under a name that is known.
    Login,
    /// It runs what the repository holds, and nothing in it asks for the token.
    Runs,
    /// The same, and its name says that it deploys.
    RunsDeploy,
    /// Anything.
    Unknown,
}

/// Whether some step of a job, of all these uses, could use the token for something that is not known. What a job runs besides needs
/// no explanation of its own: a deploy is explained by a login alone, and a build also by what only attests it.
pub(super) fn are_unexplained(uses: &BTreeSet<Use>) -> bool {
    let has = |what| uses.contains(&what);
    has(Use::Unknown) || !has(Use::Login) && (has(Use::RunsDeploy) || has(Use::Runs) && !has(Use::Harmless))
}

/// Parts of texts that ask for a token, or hand one in.
const ASKS: &[&str] = &[
    "actions_id_token",
    "getidtoken",
    "id-token",
    "id_token",
    "web-identity",
    "web_identity",
    "webidentity",
    "workload-identity",
    "workload_identity",
    "federated",
    "oidc",
    "auth/jwt",
    "method=jwt",
    "method jwt",
];

/// Whether a text asks for an OIDC token.
pub(super) fn asks(text: &str) -> bool {
    let text = text.to_lowercase();
    ASKS.iter().any(|part| text.contains(part))
}

/// What a script could do with the token. A package that it publishes may be one that trusts the repository.
pub(super) fn of_script(script: &str, commands: &[Vec<String>]) -> Use {
    if asks(script) {
        Use::Unknown
    } else if commands.iter().any(|words| is_named_a_deploy(words)) {
        Use::RunsDeploy
    } else {
        Use::Runs
    }
}
