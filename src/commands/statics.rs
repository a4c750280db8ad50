//! The static half: workflow files of the checkout, and what they are checked against.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::config::{self, Config};
use crate::files;
use crate::model::{EnvName, RepoName};
use crate::views::diagnostic::Hinted;
use crate::views::verdict::Jobs;
use crate::workflows::check::{CheckReport, Origin, SourceFile};
use crate::workflows::facts::Facts;
use crate::workflows::resolve::Files;

use super::Session;
use super::session::refuse_undeclared;

/// Where GitHub looks for workflows; subdirectories are not supported (fact W1.2).
pub(super) const FOLDER: &str = ".github/workflows";

/// How deep actions of the checkout that use each other are read.
const ROUNDS: usize = 10;

/// GitHub's events have at most 25 MB.
const MAX_EVENT: u64 = 64 * 1024 * 1024;

/// More than any workflow that GitHub runs.
const MAX_BYTES: u64 = 1024 * 1024;

/// The checkout that gate.toml is about, and what its workflow files are checked against.
pub(super) struct Checkout {
    /// Its root.
    pub(super) root: PathBuf,
    /// As far as they are known without asking anyone.
    pub(super) facts: Facts,
}

impl Checkout {
    /// The one that holds gate.toml, or else the file's directory.
    pub(super) fn of(session: &Session, config: &Config) -> Self {
        Self::at(root(session, config), session, config)
    }

    /// The one with this root.
    pub(super) fn at(root: PathBuf, session: &Session, config: &Config) -> Self {
        Self { facts: facts(session, config, &root), root }
    }

    /// Every workflow file; see [`in_checkout`].
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub(super) fn files(&self) -> anyhow::Result<Option<Files>> {
        in_checkout(&self.root, self.facts.repository.as_ref())
    }
}

/// The directory that gate.toml is about: the checkout's root, or else the file's directory.
fn root(session: &Session, config: &Config) -> PathBuf {
    let path = session.directory.join(&config.path);
    let folder = path.parent().unwrap_or(&session.directory).to_owned();
    config::checkout(&folder).unwrap_or(folder)
}

/// The path of gate.toml in the repository, with `/`; its own name if it lies elsewhere.
pub(super) fn in_repository(session: &Session, config: &Config, root: &Path) -> String {
    let path = session.directory.join(&config.path);
    let real = std::fs::canonicalize(&path).unwrap_or(path);
    let inside = std::fs::canonicalize(root).ok().and_then(|root| real.strip_prefix(root).ok().map(Path::to_owned));
    let parts = inside.iter().flat_map(|path| path.iter()).filter_map(|part| part.to_str()).collect::<Vec<_>>().join("/");
    if parts.is_empty() {
        real.file_name().map_or_else(|| "gate.toml".to_owned(), |name| name.to_string_lossy().into_owned())
    } else {
        parts
    }
}

/// Every workflow file of a checkout; `None` if there are none, unless this is the repository itself: then it has none.
///
/// # Errors
/// When the folder cannot be listed. A file that cannot be read is an answer of its own.
pub(super) fn in_checkout(root: &Path, repository: Option<&RepoName>) -> anyhow::Result<Option<Files>> {
    let folder = root.join(FOLDER);
    // A link that leads nowhere, or a folder that may not be read, does not mean that there are none.
    let absent = |error: std::io::Error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory);
    if !folder.symlink_metadata().is_err_and(absent) {
        return in_folder(&folder).map(|sources| Some(with_checkout(root, Files::new(sources, repository))));
    }
    let is_it = repository.is_some() && config::origin(root).map(|origin| origin.repository).as_ref() == repository;
    Ok(is_it.then(|| Files::new([], repository)))
}

/// The workflows, and the actions and scripts of the checkout that their steps run, as far as it has them.
fn with_checkout(root: &Path, mut files: Files) -> Files {
    let mut tried: BTreeSet<String> = BTreeSet::new();
    // An action may run another one; each round reads what the last one named.
    for _ in 0..ROUNDS {
        let wanted = files.wanted_of_the_checkout().into_iter().filter(|path| tried.insert(path.clone()));
        let found: Vec<SourceFile> = wanted.filter_map(|path| script(root, path)).collect();
        if found.is_empty() {
            break;
        }
        files.add(found);
    }
    files
}

/// What a step may run; none if nothing is there but a folder or a program, which is judged by what the job holds.
fn script(root: &Path, path: String) -> Option<SourceFile> {
    let place = root.join(&path);
    match files::read(&place, MAX_BYTES) {
        Ok(bytes) if bytes.contains(&0) => None,
        Ok(bytes) => Some(SourceFile::script(path, &bytes)),
        Err(_) if !place.exists() || place.is_dir() => None,
        Err(error) if error.kind() == ErrorKind::FileTooLarge => {
            let text = SourceFile::too_large(path, MAX_BYTES).of(Origin::Checkout);
            (!is_program(&place)).then_some(text)
        }
        Err(error) => Some(SourceFile::unread(path, error.to_string()).of(Origin::Checkout)),
    }
}

/// Whether a file is a program, by a zero byte near its start.
fn is_program(place: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(place).and_then(|file| file.take(8192).read_to_end(&mut head));
    read.is_ok() && head.contains(&0)
}

/// The workflow files of a folder that is named. If it is the one of a checkout, with the actions and scripts that they run there.
///
/// # Errors
/// When the folder cannot be listed.
pub(super) fn in_named(folder: &Path, repository: Option<&RepoName>) -> anyhow::Result<Files> {
    let files = Files::new(in_folder(folder)?, repository);
    let real = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let root = real.ends_with(FOLDER).then(|| real.parent()?.parent()).flatten();
    Ok(match root {
        Some(root) => with_checkout(root, files),
        None => files,
    })
}

/// Every workflow file of a folder, as if it lay where GitHub looks.
///
/// # Errors
/// When the folder cannot be listed.
fn in_folder(folder: &Path) -> anyhow::Result<Vec<SourceFile>> {
    let hint = || {
        Hinted::new(
            format!("the workflow files in {} cannot be listed", folder.display()),
            "name the folder that holds them with --workflows DIR",
        )
    };
    let mut sources = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(hint)? {
        let entry = entry.with_context(hint)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_workflow(&name) && !entry.path().is_dir() {
            let path = format!("{FOLDER}/{name}");
            sources.push(match files::read(&entry.path(), MAX_BYTES) {
                Ok(bytes) => SourceFile::new(path, bytes),
                Err(error) if error.kind() == ErrorKind::FileTooLarge => SourceFile::too_large(path, MAX_BYTES),
                Err(error) => SourceFile::unread(path, error.to_string()),
            });
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sources)
}

/// Whether GitHub takes a file of the folder for a workflow.
pub(super) fn is_workflow(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "yml" || extension == "yaml")
}

fn facts(session: &Session, config: &Config, root: &Path) -> Facts {
    let want = &config.desired;
    let declared = session.global.repo.clone().or_else(|| want.github.repository.clone());
    let named = || session.env.get("GITHUB_REPOSITORY").and_then(|name| RepoName::parse(name).ok());
    let repository = declared.or_else(named).or_else(|| config::origin(root).map(|remote| remote.repository));
    let branch = config::default_branch(root).or_else(|| branch_of_event(session)).unwrap_or_else(|| "main".to_owned());
    Facts::new(repository, &branch, &want.github, &want.heroku, &want.workflows, &want.verify)
}

/// The default branch as the event that started the Actions run tells it.
fn branch_of_event(session: &Session) -> Option<String> {
    let event = files::read(Path::new(session.env.get("GITHUB_EVENT_PATH")?), MAX_EVENT).ok()?;
    let event: serde_json::Value = serde_json::from_slice(&event).ok()?;
    event.pointer("/repository/default_branch")?.as_str().map(str::to_owned)
}

/// The environments that are asked about: those that `--environment` names, or all that gate.toml mentions.
///
/// # Errors
/// When `--environment` names one that gate.toml does not mention.
pub(super) fn asked(session: &Session, config: &Config) -> anyhow::Result<BTreeSet<EnvName>> {
    let want = &config.desired;
    let known: BTreeSet<EnvName> =
        want.github.environments.keys().chain(want.workflows.iter().flat_map(|one| one.expect.environments())).cloned().collect();
    let wanted = &session.global.environment;
    refuse_undeclared(config, &known, wanted)?;
    Ok(if wanted.is_empty() { known } else { known.into_iter().filter(|name| wanted.contains(name)).collect() })
}

/// How much of the jobs is printed: all of them on `-v`.
pub(super) const fn jobs(session: &Session) -> Jobs {
    if session.global.verbose > 0 { Jobs::Listed } else { Jobs::Counted }
}

/// The report without findings that are only about other environments.
pub(super) fn narrow(mut report: CheckReport, asked: &BTreeSet<EnvName>) -> CheckReport {
    let about = |name: &Option<EnvName>| name.as_ref().is_none_or(|name| asked.contains(name));
    report
        .workflows
        .retain(|scenario| scenario.expect.as_ref().is_none_or(|expect| expect.environments().any(|name| asked.contains(name))));
    report.findings.retain(|finding| about(&finding.environment));
    report.verdict = crate::findings::verdict(&report.findings);
    report
}
