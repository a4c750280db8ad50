//! Turns what is live into the text of a gate.toml. Pure.
//!
//! Owns which keys an imported file declares, what it says in comments about weak settings, and how an existing
//! file is brought up to date without losing its comments and order. Must not send requests or know the command line.
//!
//! Everything that holds a deployment back is declared; what holds nothing back (no reviewers, every ref, a timer of 0)
//! is left undeclared and, if it matters, named in a `# weak:` line. What could not be read, or cannot be said in
//! gate.toml, becomes an `# unknown:` line: nothing is left out silently. Both kinds of lines belong to import.
//! `[[workflows]]` and `[verify]` are proposed from the workflow files. Heroku config vars (they may be secrets) and freezes are
//! not imported. Tested in its `tests/`, `tests/verify/proposed.rs` and `tests/program/import.rs`.

mod declared;
mod edit;
mod fleet;
mod key;
mod merge;
mod proposal;
mod source;
mod text;
mod value;

#[cfg(test)]
mod tests;

use crate::config::Problems;
use crate::model::{Address, Unknown};

use declared::Declared;
pub use declared::UNSAID_BYPASS;
pub use fleet::render_fleet;
pub use proposal::{with_workflows, without_workflows};
pub use source::{Imported, Source, Updated};
use source::{refusal, selected, unspeakable};

/// Writes the gate.toml that plans to no changes against the live state.
pub fn render(source: &Source<'_>) -> Imported {
    let mut unknown = unspeakable(source);
    let mut text = text::head(source, &unknown);
    for (name, there) in selected(source) {
        let declared = Declared::new(source, there);
        text.push('\n');
        text.push_str(&text::environment(name, &declared));
        unknown.extend(declared.unknown.into_iter().map(|(_, unknown)| (Address::environment(source.repository, name), unknown)));
    }
    if let Some(reason) = refusal(&text) {
        let hint = "import fewer environments at a time, with --environment".to_owned();
        unknown.push((Address::repository(source.repository), Unknown::new(reason, hint)));
    }
    Imported { text, unknown }
}

/// Brings an existing gate.toml in line with the live state, and keeps its comments, its order and its spelling.
///
/// A declared key takes the live value; a key or an environment that is not declared is added if [`render`] would
/// declare it. Whether an environment exists is never changed: one that is declared and not live, or declared absent
/// and live, is left as it is and named in the remarks. A declared secret is not removed either: it is a requirement.
///
/// # Errors
/// Every problem of the file; only a valid file can be updated.
pub fn update(path: &str, text: &str, source: &Source<'_>) -> Result<Updated, Problems> {
    merge::merge(path, text, source)
}
