//! Workflow runs from the command line: `pending`, `approve`, `reject`, `evidence`. They need a repository and a token, no file.

pub(super) mod evidence;
mod evidence_view;
pub(super) mod freeze;
pub(super) mod pending;
pub(super) mod review;
mod review_view;

#[cfg(test)]
mod tests;

use jiff::Timestamp;

use crate::config::Config;
use crate::http::Reader;
use crate::model::RepoName;
use crate::providers::github::runs::Links;
use crate::render::diagnostic::Hinted;
use crate::render::{Block, Glyph, Heading, Role, Row, Span};

use super::Session;
use super::wiring::{Needs, Wiring};

/// The repository at hand, and a client that reads it.
struct Site {
    wiring: Wiring,
    reader: Reader,
    repository: RepoName,
}

impl Site {
    async fn open(session: &Session, config: &Config, needs: Needs) -> anyhow::Result<Self> {
        let wiring = Wiring::of(session, config, needs).await?;
        wiring.rehearse_runs(session, config)?;
        let repository = wiring
            .repository
            .clone()
            .ok_or_else(|| Hinted { message: "no repository is named".to_owned(), hint: "pass --repo OWNER/REPO".to_owned() })?;
        let reader = wiring.github()?;
        Ok(Self { wiring, reader, repository })
    }

    fn links(&self) -> Links<'_> {
        Links { web: &self.wiring.web, repository: &self.repository }
    }
}

/// A moment as people read it.
fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

/// The first digits of a commit.
fn short(sha: &str) -> String {
    sha.chars().take(7).collect()
}

/// The line above a section: with its sign, or plain where there is nothing to point at.
fn heading(glyph: Glyph, subject: &str, text: &str) -> Heading {
    match glyph {
        Glyph::None => Heading { glyph, subject: None, text: format!("{subject}: {text}") },
        _ => Heading { glyph, subject: Some(subject.to_owned()), text: text.to_owned() },
    }
}

/// A line `label: value`.
fn row(label: &str, role: Role, value: impl Into<String>) -> Block {
    Block::Row(Row { level: 1, label: Some(label.to_owned()), spans: vec![Span::new(role, value)], ..Row::default() })
}

/// A name as a shell takes it: it comes from outside, and stands in a command that somebody may copy.
fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// `1 deployment`, `2 deployments`.
fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
