//! Reads gate.toml.
//!
//! Owns the file's syntax: which keys there are (`keys`, the one table that the reader, the near matches and the JSON
//! Schema share), what each may hold, and the position of each. Turns a file into [`Desired`], or into every
//! problem that it has. Also finds the file and the repository that a directory belongs to.
//! Must not know live state, requests, credentials or the command line.
//! Tested in its `tests/`; every file in `examples/` by `tests/program/examples.rs`.

mod check;
mod credentials;
mod discover;
mod json_schema;
mod keys;
mod load;
mod lower;
mod near;
mod position;
mod problem;
mod report;
mod schema;
mod syntax;
mod view;

#[cfg(test)]
mod tests;

pub use discover::{Remote, checkout, default_branch, leads_out, origin};
pub use json_schema::json_schema;
pub use load::{FILE_NAME, LoadError, Unreadable, find, load};
pub use position::{Position, Positions};
pub use problem::{MAX_BYTES, Problem, Problems, Related};

use toml::de::DeTable;

use crate::desired::Desired;
use problem::Sink;

/// A gate.toml without problems.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The file as the user named it.
    pub path: String,
    /// What it declares.
    pub desired: Desired,
    /// The position of each key in the file, for later messages about it.
    pub positions: Positions,
    /// What is allowed but probably not intended.
    pub warnings: Vec<Problem>,
}

/// Reads the text of a gate.toml; `path` is only a name for messages.
///
/// A byte order mark at the start is skipped, as editors do; positions count from after it.
///
/// # Errors
/// Every problem of the text at once, in the order of the text.
pub fn parse(path: &str, text: &str) -> Result<Config, Problems> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut sink = Sink::new(text);
    if text.len() > MAX_BYTES {
        sink.too_large();
        return Err(sink.finish(path));
    }
    let (root, errors) = DeTable::parse_recoverable(text);
    sink.syntax(&errors);
    let desired = read(&mut sink, root.get_ref());
    let result = match desired {
        Some(desired) if sink.is_empty() => {
            Ok(Config { path: path.to_owned(), desired, positions: Positions::of(text, root.get_ref()), warnings: sink.into_warnings() })
        }
        _ => Err(sink.finish(path)),
    };
    view::dismantle(root.into_inner());
    result
}

fn read(sink: &mut Sink<'_>, root: &DeTable<'_>) -> Option<Desired> {
    check::table(sink, &keys::ROOT, root, 0..0);
    credentials::warn(sink, root);
    lower::desired(sink, root)
}
