//! A whole gate.toml, generated from the live state.

use std::fmt::Write as _;

use crate::model::{Address, EnvName, GateKey, Unknown};
use crate::render::human::line;

use super::declared::{Declared, UNKNOWN};
use super::key as gate_key;
use super::source::Source;
use super::value::{key, string};

/// The line that names the JSON Schema for editors: the one that the release at `repository` publishes. An address that does not
/// resolve is worse than none, so before the first publication a comment says how to write the file.
pub(super) fn schema_line(repository: &str) -> String {
    if repository.is_empty() {
        return "# For completion in editors: `gatectl schema > gate.schema.json`, then `#:schema ./gate.schema.json` as the first line.\n"
            .to_owned();
    }
    format!("#:schema {repository}/releases/download/v{}/gate.schema.json\n", env!("CARGO_PKG_VERSION"))
}

/// Everything above the first environment.
pub(super) fn head(source: &Source<'_>, unspeakable: &[(Address, Unknown)]) -> String {
    let mut text = format!(
        "{}# Imported by `gatectl import {}`. Against that state, `gatectl plan` shows no changes.\n\
         # `# weak:` names a setting that lets deploys through, `# unknown:` what could not be imported.\n\
         # Not imported: the freeze, Heroku config vars (they may be secrets).\n",
        schema_line(env!("CARGO_PKG_REPOSITORY")),
        source.repository,
    );
    // Writing into a string cannot fail.
    for (_, unknown) in unspeakable {
        let _ = writeln!(text, "{UNKNOWN}{}", line(&unknown.reason));
    }
    let _ = writeln!(text, "\nversion = 1\n\n[github]\nrepository = {}", string(&source.repository.to_string()));
    if let Some(url) = source.api_url {
        let _ = writeln!(text, "api_url = {}", string(url));
    }
    text
}

/// One environment: import's comments, the header, the keys that count, the variables.
pub(super) fn environment(name: &EnvName, declared: &Declared) -> String {
    let mut text = String::new();
    for line in declared.comments() {
        text.push_str(&line);
        text.push('\n');
    }
    let header = key(name.as_str());
    let _ = writeln!(text, "[environments.{header}]");
    for each in GateKey::live().filter(|each| *each != GateKey::Variables && gate_key::counts(*each, &declared.gate)) {
        let _ = writeln!(text, "{} = {}", each.name(), gate_key::text(each, &declared.gate).unwrap_or_default());
    }
    if gate_key::counts(GateKey::Variables, &declared.gate) {
        let _ = writeln!(text, "\n[environments.{header}.variables]");
        for (name, value) in &declared.gate.variables {
            let _ = writeln!(text, "{} = {}", key(name), string(value));
        }
    }
    text
}
