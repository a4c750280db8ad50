//! `gatectl validate`: the file alone, offline.

use crate::exit::Exit;
use crate::render::Document;

use super::Session;

/// Reads gate.toml and says that it is sound.
///
/// # Errors
/// Every problem of the file.
pub(super) fn run(session: &Session) -> anyhow::Result<Exit> {
    let config = session.config()?;
    let want = &config.desired;
    let vars: usize = want.heroku.config.values().map(std::collections::BTreeMap::len).sum();
    let headline = format!(
        "{} is valid: {} environments, {} workflow expectations, {vars} config vars, {}.",
        config.path,
        want.github.environments.len(),
        want.workflows.len(),
        if want.freeze.is_some() { "a freeze" } else { "no freeze" },
    );
    let document = Document {
        name: "validate",
        sections: Vec::new(),
        headline,
        tone: crate::render::Role::Added,
        next: Vec::new(),
        outputs: Vec::new(),
    };
    session.print(&config, &document, || {
        crate::render::json::to_string(&serde_json::json!({"format_version": "1.0", "valid": true, "config": config.path}))
    })?;
    Ok(Exit::Done)
}
