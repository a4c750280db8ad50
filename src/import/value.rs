//! How values of gate.toml are written.
//!
//! Strings hold only what a reader can see, and no command to a runner of GitHub Actions: the file goes to a terminal or a
//! log first. Only TOML 1.0 is written.

use std::fmt::Write as _;

use crate::desired::github::{BranchPolicy, RefKind, Reviewer};
use crate::render::escape::visible;

/// The width at which a list is broken into lines.
const WIDTH: usize = 100;

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

/// A list on one line if it fits after its key, else one item per line.
pub(super) fn list(key: &str, items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    let line = format!("[{}]", items.join(", "));
    if key.len() + " = ".len() + line.chars().count() <= WIDTH {
        return line;
    }
    format!("[\n{}]", items.iter().map(|item| format!("  {item},\n")).collect::<String>())
}
