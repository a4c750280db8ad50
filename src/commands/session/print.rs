//! What a run prints: results on stdout in the requested format, everything else on stderr.
//!
//! Tested in `tests/program/terminal.rs`, `usage.rs` and `action.rs`.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::Ordering;

use anyhow::Context as _;

use crate::cli::Format;
use crate::commands::output::{rendered, scope, to_stderr, without_tokens};
use crate::config::Config;
use crate::findings::Finding;
use crate::model::{Address, AddressKind, EnvName};
use crate::render::{Document, Location, Style, github, human, markdown};
use crate::views::diagnostic::Hinted;

use super::Session;

impl Session {
    /// Prints a result to stdout in the requested format; `json` is what `--format json` prints.
    ///
    /// # Errors
    /// When stdout is closed, or a file that Actions names cannot be written.
    pub fn print(&self, config: &Config, document: &Document, json: impl FnOnce() -> String) -> anyhow::Result<()> {
        self.print_as(self.global.format, Some(config), document, json)
    }

    /// Prints a result in some format, with or without a gate.toml.
    ///
    /// # Errors
    /// As [`Self::print`].
    pub fn print_as(
        &self,
        format: Format,
        config: Option<&Config>,
        document: &Document,
        json: impl FnOnce() -> String,
    ) -> anyhow::Result<()> {
        let document = &scope().repeat_in(document.clone());
        let written = match format {
            Format::Human => self.write(&human::render(document, Style::stdout())),
            Format::Json => self.write(&scope().repeat_in_json(&json())),
            // Refused before anything was asked.
            Format::Html => self.write(&human::render(document, Style::stdout())),
            Format::Markdown => {
                let path = config.map_or("", |config| config.path.as_str());
                self.write(&markdown::render(document, path, markdown::COMMENT_LIMIT))
            }
            Format::Github => {
                let path = config.map_or("gate.toml", |config| config.path.as_str());
                let step = github::render(document, path, |address, field| locate(config?, address, field));
                self.write(&step.log)
                    .and_then(|()| self.append("GITHUB_STEP_SUMMARY", &step.summary))
                    .and_then(|()| self.append("GITHUB_OUTPUT", &step.output))
            }
        };
        // If stdout is gone, stderr still says what was done.
        written.inspect_err(|_| self.show(document))
    }

    /// Writes a result to a file that the user named.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_file(&self, path: &Path, text: &str) -> anyhow::Result<()> {
        std::fs::write(path, text).with_context(|| {
            Hinted::new(format!("{} could not be written", path.display()), "name a file in a directory that exists and is writable")
        })
    }

    /// Where in gate.toml a finding on an environment belongs.
    pub(in crate::commands) fn place(&self, config: &Config, finding: &Finding) -> Option<Location> {
        let mut path = vec!["environments".to_owned(), finding.environment.as_ref()?.to_string()];
        path.extend(finding.field.map(str::to_owned));
        Some(location(config, &path))
    }

    /// Writes finished text to stdout; a closed pipe is not our error.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn write(&self, text: &str) -> anyhow::Result<()> {
        self.wrote.store(true, Ordering::Relaxed);
        let print = || {
            let mut stdout = anstream::stdout().lock();
            stdout.write_all(without_tokens(text).as_bytes()).and_then(|()| stdout.flush())
        };
        match self.progress.suspend(print) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => other.context("writing to standard output"),
        }
    }

    fn append(&self, variable: &str, text: &str) -> anyhow::Result<()> {
        let Some(path) = self.env.get(variable) else { return Ok(()) };
        let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
        file.and_then(|mut file| file.write_all(without_tokens(text).as_bytes())).with_context(|| format!("writing {variable} ({path})"))
    }

    /// Shows on stderr, even with `-q`, the document that the user is about to be asked about.
    pub fn show(&self, document: &Document) {
        let document = scope().repeat_in(document.clone());
        self.progress.suspend(|| rendered(&human::render(&document, Style::stderr())));
    }

    /// Prints a note on stderr, unless `-q`; its line breaks are ours.
    pub fn say(&self, text: &str) {
        if !self.global.quiet {
            let text = scope().repeat(text);
            self.progress.suspend(|| text.lines().for_each(to_stderr));
        }
    }

    /// Warns on stderr, even with `-q`.
    pub fn warn(&self, warnings: impl IntoIterator<Item = String>) {
        for warning in warnings {
            let warning = scope().repeat(&warning);
            self.progress.suspend(|| to_stderr(&format!("warning: {warning}")));
        }
    }

    /// Explains on stderr an error that does not end the command.
    pub(in crate::commands) fn complain(&self, error: &anyhow::Error) {
        self.progress.suspend(|| rendered(crate::commands::explain(error).trim_end()));
    }
}

/// Where in gate.toml an address, or a field of it, is declared.
fn locate(config: &Config, address: &Address, field: Option<&str>) -> Option<Location> {
    let mut path: Vec<String> = match address.kind() {
        AddressKind::Environment(name) => {
            if let Some(mut path) = only_table(config, address, name) {
                path.extend(field.into_iter().map(str::to_owned));
                // A key that the table does not replace is one of the default.
                let position = config.positions.get(&path);
                if field.is_none() || *position != *config.positions.get(path.split_last().map_or(&[][..], |(_, parent)| parent)) {
                    return Some(location(config, &path));
                }
            }
            let declared = config.desired.github.environments.keys().find(|declared| *declared == name)?;
            vec!["environments".to_owned(), declared.to_string()]
        }
        AddressKind::Config(key) => vec!["heroku".to_owned(), "config".to_owned(), address.scope().to_owned(), key.clone()],
        AddressKind::App => vec!["heroku".to_owned(), "config".to_owned(), address.scope().to_owned()],
        AddressKind::Freeze => vec!["freeze".to_owned()],
        AddressKind::Repository if config.desired.fleet.is_some() => vec!["fleet".to_owned(), "repositories".to_owned()],
        AddressKind::Repository => vec!["github".to_owned(), "repository".to_owned()],
    };
    if let (AddressKind::Environment(_), Some(field)) = (address.kind(), field) {
        path.extend(field.split('.').map(str::to_owned));
    }
    Some(location(config, &path))
}

/// Where in gate.toml a key is.
pub(in crate::commands) fn location<S: AsRef<str>>(config: &Config, key: &[S]) -> Location {
    let at = config.positions.get(key);
    Location { file: config.path.clone(), line: at.line, col: at.column }
}

/// The table of a fleet file that replaces keys of an environment of one repository.
fn only_table(config: &Config, address: &Address, name: &EnvName) -> Option<Vec<String>> {
    let (_, repository) = address.scope().split_once('/')?;
    let mut only = config.desired.fleet.iter().flat_map(|fleet| &fleet.only);
    let only = only.find(|only| only.repositories.matches(repository))?;
    let path = ["fleet", "only", only.repositories.text(), "environments", name.as_str()].map(str::to_owned).to_vec();
    // If the table does not have it, its nearest parent answers.
    let outer = path.split_last().map_or(&[][..], |(_, outer)| outer);
    (config.positions.get(&path) != config.positions.get(outer)).then_some(path)
}
