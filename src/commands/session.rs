//! One run: its flags, its environment, its signals and its questions; `gate_file` reads gate.toml, `print` has the two streams.

mod gate_file;
mod print;

use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Context as _;
use jiff::Timestamp;

use crate::cli::Global;
use crate::credentials::ProcessEnv;
use crate::progress::{Mode, Progress};
use crate::render::human;
use crate::stop::Stop;

use super::failure::{Interrupted, hinted};

pub(super) use gate_file::{SAMPLE, empty, listed, refuse_undeclared, sample};
pub(super) use print::location;

/// One run of the program.
#[derive(Clone)]
pub struct Session {
    /// Flags.
    pub global: Global,
    /// Environment variables, read once.
    pub env: ProcessEnv,
    /// Where the run started.
    pub directory: PathBuf,
    /// The progress line on stderr.
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
        Self { global, remote: None, ..self.clone() }
    }

    /// Waits for reads, unless the user asks to stop: they can be dropped at any time.
    ///
    /// # Errors
    /// [`Interrupted`].
    pub(super) async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> anyhow::Result<T> {
        self.stop.unless_set(work).await.ok_or_else(Interrupted::unchanged)
    }

    /// The same, and says on the progress line `what` is read.
    ///
    /// # Errors
    /// [`Interrupted`].
    pub(super) async fn read<T>(&self, what: &str, work: impl Future<Output = T>) -> anyhow::Result<T> {
        self.progress.phase(what);
        self.unless_stopped(work).await
    }

    /// Waits for writes, unless the user asks to stop twice: one Ctrl-C does not leave a sent write in doubt. `abandoned` says what is
    /// known of them then.
    ///
    /// # Errors
    /// What `abandoned` says.
    pub(super) async fn unless_given_up<T>(
        &self,
        work: impl Future<Output = T>,
        abandoned: impl FnOnce() -> anyhow::Error,
    ) -> anyhow::Result<T> {
        tokio::select! {
            done = work => Ok(done),
            () = self.stop.asked(2) => Err(abandoned()),
        }
    }

    /// The present time, in whole seconds as records have it; the one place that reads the clock for what is decided or recorded.
    pub fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_second(now.as_second()).unwrap_or(now)
    }

    /// Asks on the terminal; only `answer` is a yes.
    ///
    /// # Errors
    /// If the answer differs, or the user asks to stop.
    pub(super) async fn confirm(&self, question: &str, answer: &str) -> anyhow::Result<()> {
        if self.ask(question).await? == answer {
            return Ok(());
        }
        let message = "not confirmed: nothing was written".to_owned();
        Err(hinted(message, format!("run again and answer `{answer}`, if that is what you want")))
    }

    /// Asks on the terminal for a line; returns it trimmed.
    ///
    /// # Errors
    /// When it cannot be read, or the user asks to stop.
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
        let answered = self.unless_stopped(tokio::task::spawn_blocking(read)).await;
        if answered.is_err() {
            // The question is half a line. Nothing can be done about a closed stderr.
            let _ = writeln!(std::io::stderr());
        }
        Ok(answered???.trim().to_owned())
    }

    /// Whether a person can be asked: on a terminal, and never when `CI` is set.
    pub fn can_ask(&self) -> bool {
        self.env.get("CI").is_none() && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }
}
