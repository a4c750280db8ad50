//! What every command starts from: flags, environment, file, and the two streams.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use jiff::Timestamp;

use crate::cli::{FleetArgs, Format, Global};
use crate::config::{self, Config, LoadError};
use crate::credentials::ProcessEnv;
use crate::findings::Finding;
use crate::model::{Address, AddressKind, EnvName};
use crate::progress::{Mode, Progress};
use crate::render::{Document, Location, Style, github, human, markdown};
use crate::sandbox::Scenario;
use crate::stop::Stop;
use crate::views::diagnostic::Hinted;

use super::failure::Interrupted;
use super::output::{rendered, scope, to_stderr, without_tokens};

/// One run of the program.
pub struct Session {
    /// Flags.
    pub global: Global,
    /// Environment variables, read once.
    pub env: ProcessEnv,
    /// Where the run started.
    pub directory: PathBuf,
    /// What is being done, on stderr.
    pub progress: Arc<Progress>,
    /// Set by Ctrl-C, SIGTERM and SIGHUP.
    pub stop: Stop,
    /// The gate.toml of the default branch, if `--repo` names a repository and there is no file here.
    pub remote: Option<RemoteGate>,
    /// Whether a result went to stdout.
    pub wrote: Arc<AtomicBool>,
}

/// A gate.toml that was read through the API.
#[derive(Debug, Clone)]
pub struct RemoteGate {
    /// What messages call it.
    pub name: String,
    /// The file.
    pub text: String,
}

impl Session {
    /// Whether there is a gate.toml to read on disk.
    #[must_use]
    pub fn has_file(&self) -> bool {
        self.global.config.is_some() || config::find(&self.directory).is_some()
    }

    /// Starts a session.
    ///
    /// # Errors
    /// When there is no current directory.
    pub fn new(global: Global) -> anyhow::Result<Self> {
        let env = ProcessEnv::of_this_process();
        let quiet = global.quiet || global.verbose > 0;
        let progress = Arc::new(Progress::new(Mode::detect(quiet, env.get("CI").is_some())));
        let directory = std::env::current_dir().context("reading the current directory")?;
        Ok(Self { global, env, directory, progress, stop: Stop::default(), remote: None, wrote: Arc::default() })
    }

    /// The same run, about another gate file.
    #[must_use]
    pub fn about_file(&self, path: &Path) -> Self {
        let global = Global { config: Some(path.to_owned()), ..self.global.clone() };
        let Self { env, directory, progress, stop, wrote, .. } = self;
        Self {
            global,
            env: env.clone(),
            directory: directory.clone(),
            progress: Arc::clone(progress),
            stop: stop.clone(),
            remote: None,
            wrote: Arc::clone(wrote),
        }
    }

    /// Reads gate.toml: `--config`, or the one here or above; narrowed to `--environment`.
    ///
    /// # Errors
    /// When there is none, or it has problems: all of them.
    pub fn config(&self) -> anyhow::Result<Config> {
        self.config_of(&self.global.environment)
    }

    /// Reads gate.toml, narrowed to some environments; all, when none is named.
    ///
    /// # Errors
    /// As [`Self::config`].
    pub fn config_of(&self, environments: &[EnvName]) -> anyhow::Result<Config> {
        if self.global.sandbox.is_some() {
            // The emulator can be tried anywhere.
            return self.config_or_sample(environments);
        }
        self.file(environments)
    }

    /// Reads gate.toml; the emulator's own gate if there is no file.
    ///
    /// # Errors
    /// As [`Self::config`].
    pub fn config_or_sample(&self, environments: &[EnvName]) -> anyhow::Result<Config> {
        if self.global.config.is_some() || config::find(&self.directory).is_some() {
            return self.file(environments);
        }
        let mut config = sample()?;
        narrow(&mut config, environments)?;
        Ok(config)
    }

    /// Reads gate.toml if there is one, whole; an empty one stands in if there is none. For commands that need only a
    /// repository.
    ///
    /// # Errors
    /// When the file has problems, or the one that `--config` names cannot be read.
    pub fn config_if_any(&self) -> anyhow::Result<Config> {
        if self.global.sandbox.is_some() {
            return self.config_or_sample(&[]);
        }
        if self.remote.is_some() || self.has_file() {
            return self.file(&[]);
        }
        config::parse(config::FILE_NAME, "version = 1\n").map_err(|problems| LoadError::Problems(problems).into())
    }

    /// Where gate.toml is: `--config`, or the one here or above.
    ///
    /// # Errors
    /// When there is none.
    pub fn path(&self) -> anyhow::Result<PathBuf> {
        match &self.global.config {
            Some(path) => Ok(path.clone()),
            None => Ok(config::find(&self.directory)
                .ok_or_else(|| Hinted {
                    message: "there is no gate.toml here or in a parent directory".to_owned(),
                    hint:
                        "write one from what is live with `gatectl import OWNER/REPO > gate.toml`, name one with --config, or try --sandbox"
                            .to_owned(),
                })
                .map(|found| found.strip_prefix(&self.directory).map(PathBuf::from).unwrap_or(found))?),
        }
    }

    /// Reads gate.toml, which may be for a fleet: `--config`, or the one here or above; in a rehearsal without a file, a sample.
    ///
    /// # Errors
    /// When there is none, or it has problems: all of them.
    pub fn any_file(&self, environments: &[EnvName]) -> anyhow::Result<Config> {
        if self.global.sandbox == Some(Scenario::Fleet) && !self.has_file() {
            let mut config = config::parse(config::FILE_NAME, SAMPLE_FLEET).map_err(LoadError::Problems)?;
            narrow(&mut config, environments)?;
            return Ok(config);
        }
        match self.global.sandbox {
            Some(_) if !self.has_file() => self.config_or_sample(environments),
            _ => self.whole_file(environments),
        }
    }

    /// The file at hand if it is for a fleet. A file that cannot be read is for the command to report.
    ///
    /// # Errors
    /// When it declares no environment of one of these names.
    pub fn fleet_file(&self, environments: &[EnvName]) -> anyhow::Result<Option<Config>> {
        match self.any_file(&[]) {
            Ok(config) if config.desired.fleet.is_some() => self.any_file(environments).map(Some),
            Ok(_) | Err(_) => Ok(None),
        }
    }

    /// Refuses flags for fleets on the file of one repository.
    ///
    /// # Errors
    /// When there are any.
    pub(super) fn refuse_fleet_flags(args: &FleetArgs, config: &Config) -> anyhow::Result<()> {
        let flag = match (args.repository.is_empty(), args.shard) {
            (false, _) => "--repository",
            (true, Some(_)) => "--shard",
            (true, None) => return Ok(()),
        };
        Err(Hinted {
            message: format!("{flag} takes a part of a fleet, and {} is for one repository", config.path),
            hint: "Leave it out, or name a file with `[fleet]`: -c FILE. To name another repository, use -R OWNER/REPO".to_owned(),
        }
        .into())
    }

    /// The file of one repository.
    fn file(&self, environments: &[EnvName]) -> anyhow::Result<Config> {
        let config = self.whole_file(environments)?;
        match &config.desired.fleet {
            None => Ok(config),
            Some(fleet) => Err(Hinted {
                message: format!(
                    "{} is for the repositories of {}, and this command is for one repository",
                    config.path, fleet.organization
                ),
                hint: "Name the repository's own gate.toml with -c FILE. On a fleet file, run validate, plan, apply or verify".to_owned(),
            }
            .into()),
        }
    }

    fn whole_file(&self, environments: &[EnvName]) -> anyhow::Result<Config> {
        let mut config = match &self.remote {
            Some(remote) => config::parse(&remote.name, &remote.text).map_err(LoadError::Problems)?,
            None => {
                let path = self.path()?;
                self.refuse_link_out(&path)?;
                config::load(&path)?
            }
        };
        narrow(&mut config, environments)?;
        Ok(config)
    }

    /// In CI the files are those of a pull request, and an error excerpt would print lines of whatever a link points to.
    fn refuse_link_out(&self, path: &Path) -> anyhow::Result<()> {
        if self.env.get("CI").is_none() || !config::leads_out(&self.directory, path) {
            return Ok(());
        }
        Err(Hinted {
            message: format!("{} is a link that leads out of the repository: not read, since CI is set", path.display()),
            hint: "commit gate.toml itself in place of the link".to_owned(),
        }
        .into())
    }

    /// Prints a result to stdout in the format that was asked for; `json` is what `--format json` prints.
    ///
    /// # Errors
    /// When stdout is closed, or a file that Actions names cannot be written.
    pub fn print(&self, config: &Config, document: &Document, json: impl FnOnce() -> String) -> anyhow::Result<()> {
        self.print_as(self.global.format, Some(config), document, json)
    }

    /// Prints a result in some format; also if there is no gate.toml.
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
        // What was done is not lost with the place where it was to be told.
        written.inspect_err(|_| self.show(document))
    }

    /// Writes a result to a file that the user named.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_file(&self, path: &Path, text: &str) -> anyhow::Result<()> {
        std::fs::write(path, text).with_context(|| Hinted {
            message: format!("{} could not be written", path.display()),
            hint: "name a file in a directory that exists and can be written".to_owned(),
        })
    }

    /// Where in gate.toml a finding on an environment belongs.
    #[must_use]
    pub(super) fn place(&self, config: &Config, finding: &Finding) -> Option<Location> {
        let mut path = vec!["environments".to_owned(), finding.environment.as_ref()?.to_string()];
        path.extend(finding.field.map(str::to_owned));
        let position = config.positions.get(&path);
        Some(Location { file: config.path.clone(), line: position.line, col: position.column })
    }

    /// Writes finished text to stdout; a reader that went away is not an error of ours.
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

    /// Waits for reads, unless the user wants to stop: they can be dropped at any time.
    ///
    /// # Errors
    /// [`Interrupted`].
    pub(super) async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> anyhow::Result<T> {
        self.stop.unless_set(work).await.ok_or_else(Interrupted::unchanged)
    }

    /// Waits for a write, unless the user asks to stop twice: what is on its way is not left in doubt by one Ctrl-C.
    ///
    /// # Errors
    /// [`Interrupted`].
    pub(super) async fn unless_given_up<T>(&self, work: impl Future<Output = T>) -> anyhow::Result<T> {
        tokio::select! {
            done = work => Ok(done),
            () = self.stop.asked(2) => {
                Err(Interrupted::with("whether the request in flight took effect is unknown", "`gatectl freeze status` shows what is there"))
            }
        }
    }

    /// Shows a document on stderr, `-q` or not: what the user is about to be asked about.
    pub fn show(&self, document: &Document) {
        let document = scope().repeat_in(document.clone());
        self.progress.suspend(|| rendered(&human::render(&document, Style::stderr())));
    }

    /// Says something on stderr, unless `-q`; its line breaks are ours.
    pub fn say(&self, text: &str) {
        if !self.global.quiet {
            let text = scope().repeat(text);
            self.progress.suspend(|| text.lines().for_each(to_stderr));
        }
    }

    /// Warns on stderr, `-q` or not.
    pub fn warn(&self, warnings: &[String]) {
        for warning in warnings {
            let warning = scope().repeat(warning);
            self.progress.suspend(|| to_stderr(&format!("warning: {warning}")));
        }
    }

    /// Explains on stderr an error that does not end the command.
    pub(super) fn complain(&self, error: &anyhow::Error) {
        self.progress.suspend(|| rendered(super::explain(error).trim_end()));
    }

    /// The present time, in whole seconds as records have it; the one place that reads the clock for what is decided or recorded.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_second(now.as_second()).unwrap_or(now)
    }

    /// Asks on the terminal; anything but `answer` is a no.
    ///
    /// # Errors
    /// When the answer is another one, or the user wants to stop.
    pub(super) async fn confirm(&self, question: &str, answer: &str) -> anyhow::Result<()> {
        if self.ask(question).await? == answer {
            return Ok(());
        }
        let message = "not confirmed: nothing was written".to_owned();
        Err(Hinted { message, hint: format!("run again and answer `{answer}`, if that is what you want") }.into())
    }

    /// Asks on the terminal for a line, without the blanks around it.
    ///
    /// # Errors
    /// When it cannot be read, or the user wants to stop.
    pub(super) async fn ask(&self, question: &str) -> anyhow::Result<String> {
        let (progress, question) = (Arc::clone(&self.progress), human::line(question));
        // On a thread of its own: a wait at the prompt can still be interrupted.
        let read = move || {
            progress.suspend(|| -> std::io::Result<String> {
                let mut stderr = std::io::stderr().lock();
                write!(stderr, "{question}")?;
                stderr.flush()?;
                drop(stderr);
                let mut line = String::new();
                std::io::stdin().lock().read_line(&mut line)?;
                Ok(line)
            })
        };
        let line = self.unless_stopped(tokio::task::spawn_blocking(read)).await???;
        Ok(line.trim().to_owned())
    }

    /// Whether a person can be asked: on a terminal, and never when `CI` is set.
    #[must_use]
    pub fn can_ask(&self) -> bool {
        self.env.get("CI").is_none() && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }
}

/// Keeps only the named environments, and nothing of Heroku to write.
fn narrow(config: &mut Config, wanted: &[EnvName]) -> anyhow::Result<()> {
    if wanted.is_empty() {
        return Ok(());
    }
    let only = config.desired.fleet.iter().flat_map(|fleet| &fleet.only).flat_map(|only| only.environments.keys());
    let declared: BTreeSet<EnvName> = config.desired.github.environments.keys().chain(only).cloned().collect();
    for name in wanted {
        if !declared.contains(name) {
            let declared: Vec<&str> = declared.iter().map(EnvName::as_str).collect();
            return Err(Hinted {
                message: format!("{} declares no environment `{name}`", config.path),
                hint: match declared.as_slice() {
                    [] => "it declares none".to_owned(),
                    declared => format!("it declares: {}", declared.join(", ")),
                },
            }
            .into());
        }
    }
    let github = &mut config.desired.github;
    let (kept, left_out): (BTreeMap<_, _>, BTreeMap<_, _>) =
        std::mem::take(&mut github.environments).into_iter().partition(|(name, _)| wanted.contains(name));
    (github.environments, github.left_out) = (kept, left_out.into_keys().collect());
    for only in config.desired.fleet.iter_mut().flat_map(|fleet| &mut fleet.only) {
        only.environments.retain(|name, _| wanted.contains(name));
    }
    github.left_out.extend(declared.into_iter().filter(|name| !wanted.contains(name)));
    config.desired.heroku.config.clear();
    // A freeze that covers one of them is looked at, since it says what may be weakened now; setting it is not asked for.
    config.desired.freeze = config.desired.freeze.take().filter(|freeze| wanted.iter().any(|name| freeze.covers(name)));
    if let Some(freeze) = &mut config.desired.freeze {
        freeze.frozen = false;
    }
    Ok(())
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
                    return Some(Location { file: config.path.clone(), line: position.line, col: position.column });
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
    let position = config.positions.get(&path);
    Some(Location { file: config.path.clone(), line: position.line, col: position.column })
}

/// The table of a fleet file that replaces keys of an environment of one repository.
fn only_table(config: &Config, address: &Address, name: &EnvName) -> Option<Vec<String>> {
    let (_, repository) = address.scope().split_once('/')?;
    let mut only = config.desired.fleet.iter().flat_map(|fleet| &fleet.only);
    let only = only.find(|only| only.repositories.matches(repository))?;
    let path = ["fleet", "only", only.repositories.text(), "environments", name.as_str()].map(str::to_owned).to_vec();
    // Where the table does not speak of it, its nearest parent answers.
    let outer = path.split_last().map_or(&[][..], |(_, outer)| outer);
    (config.positions.get(&path) != config.positions.get(outer)).then_some(path)
}

/// The gate that the emulator shows if there is no file.
///
/// # Errors
/// Never, as long as the program's own gate.toml is sound.
pub(super) fn sample() -> Result<Config, LoadError> {
    config::parse(config::FILE_NAME, SAMPLE).map_err(LoadError::Problems)
}

/// The runbook's own gate: what the emulator shows if there is no file.
pub(super) const SAMPLE: &str = include_str!("../../gate.toml");

/// What the emulator shows of a fleet where there is no file.
const SAMPLE_FLEET: &str = include_str!("../../examples/fleet.toml");
