//! How values of gate.toml are written.
//!
//! Strings hold nothing but what a reader can see, and no command to a runner of GitHub Actions: the file goes to a terminal or a
//! log first. Only TOML 1.0 is written.

use std::fmt::Write as _;

use crate::desired::github::{BranchPolicy, RefKind, Reviewer};
use crate::model::{Address, EnvName, Unknown};
use crate::render::escape::visible;
use crate::render::human::line;

use super::Source;
use super::declared::{Declared, UNKNOWN};
use super::key::Key;

/// Where a list is broken into lines.
const WIDTH: usize = 100;

/// Everything above the first environment.
pub(super) fn head(source: &Source<'_>, unspeakable: &[(Address, Unknown)]) -> String {
    let mut text = format!(
        "#:schema ./gate.schema.json\n\
         # Imported by `gatectl import {}`. Against that state, `gatectl plan` shows no changes.\n\
         # `# weak:` names a door that stands open, `# unknown:` what could not be imported.\n\
         # Not imported: workflows, the freeze, Heroku config vars (they may be secrets).\n\
         # For completion in editors: `gatectl schema > gate.schema.json`\n",
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
    for each in Key::ALL.into_iter().filter(|key| *key != Key::Variables && key.counts(&declared.gate)) {
        let _ = writeln!(text, "{} = {}", each.name(), each.text(&declared.gate).unwrap_or_default());
    }
    if Key::Variables.counts(&declared.gate) {
        let _ = writeln!(text, "\n[environments.{header}.variables]");
        for (name, value) in &declared.gate.variables {
            let _ = writeln!(text, "{} = {}", key(name), string(value));
        }
    }
    text
}

/// A key, bare if TOML allows it.
pub(super) fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { name.to_owned() } else { string(name) }
}

/// A basic string on one line.
pub(super) fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut one = [0; 4];
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '[' if out.ends_with("##") => out.push_str("\\u005b"),
            _ if c.is_ascii_graphic() || c == ' ' || visible(c.encode_utf8(&mut one)).chars().eq([c]) => out.push(c),
            _ => {
                let code = u32::from(c);
                let _ = if code > 0xffff { write!(out, "\\U{code:08x}") } else { write!(out, "\\u{code:04x}") };
            }
        }
    }
    out.push('"');
    out
}

/// `{ user = "LOGIN", id = 1 }`.
pub(super) fn reviewer(reviewer: &Reviewer) -> String {
    let (key, name, id) = match reviewer {
        Reviewer::User { login, id } => ("user", login.clone(), id),
        Reviewer::Team { org: Some(org), slug, id } => ("team", format!("{org}/{slug}"), id),
        Reviewer::Team { org: None, slug, id } => ("team", slug.clone(), id),
    };
    let pin = id.map(|id| format!(", id = {id}")).unwrap_or_default();
    format!("{{ {key} = {}{pin} }}", string(&name))
}

/// A word, or the table of patterns.
pub(super) fn policy(policy: &BranchPolicy) -> String {
    let patterns = match policy {
        BranchPolicy::All => return string("all"),
        BranchPolicy::Protected => return string("protected"),
        BranchPolicy::Selected(patterns) => patterns,
    };
    let of = |kind: RefKind| patterns.iter().filter(move |p| p.kind == kind).map(|p| string(&p.name)).collect::<Vec<_>>();
    let mut parts = Vec::new();
    for (name, kind) in [("branches", RefKind::Branch), ("tags", RefKind::Tag)] {
        let names = of(kind);
        if !names.is_empty() {
            // What stands before it on the line counts toward the width.
            parts.push(format!("{name} = {}", list(&format!("deployment_branch_policy = {{ {name}"), names)));
        }
    }
    if parts.is_empty() {
        parts.push("branches = [], tags = []".to_owned());
    }
    format!("{{ {} }}", parts.join(", "))
}

/// A list on one line where it fits behind its key, else an item a line.
pub(super) fn list(key: &str, items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    let line = format!("[{}]", items.join(", "));
    if key.len() + " = ".len() + line.chars().count() <= WIDTH {
        return line;
    }
    format!("[\n{}]", items.iter().map(|item| format!("  {item},\n")).collect::<String>())
}
