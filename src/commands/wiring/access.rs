//! One API of a run: where it is, the tokens for it, and how requests are sent. Every token that is found is redacted.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::commands::Session;
use crate::commands::output::{keep_out, to_stderr};
use crate::credentials::{self, App, Installed, Use};
use crate::http::{Cache, Endpoint, OnExhausted, Reader, Settings, Stack, Token, TokenSource, Wait, Writer};
use crate::progress::Progress;
use crate::providers::heroku;
use crate::stop::Stop;

/// One API: where it is, and the tokens for it.
pub(super) struct ApiAccess {
    pub(super) endpoint: Endpoint,
    tokens: Arc<dyn TokenSource>,
    /// The tokens for writes, if they differ.
    write_tokens: Option<Arc<dyn TokenSource>>,
}

impl ApiAccess {
    pub(super) fn new(endpoint: Endpoint, tokens: impl TokenSource + 'static) -> Self {
        Self { endpoint, tokens: Arc::new(tokens), write_tokens: None }
    }

    /// GitHub with the tokens for `OWNER/REPO`, or for a whole organization: of a GitHub App if the environment names one.
    pub(super) fn of_github(session: &Session, endpoint: Endpoint, place: &str) -> Self {
        let listener = listener(session);
        let (owner, repository) = place.split_once('/').map_or((place, None), |(owner, repository)| (owner, Some(repository)));
        let app = |purpose: Use| -> Option<Arc<dyn TokenSource>> {
            // A separate stack that a stop does not end: reading back after a stop may need another token.
            let stack = Stack::new(Settings { stop: Stop::default(), cache: None, ..settings(session) });
            let installed = Installed { owner: owner.to_owned(), repository: repository.map(str::to_owned) };
            Some(Arc::new(App::of(&session.env, stack, &endpoint, installed, purpose, &listener)?))
        };
        match app(Use::Read) {
            Some(reads) => Self { tokens: reads, write_tokens: app(Use::Write), endpoint },
            None => {
                let search = credentials::github(&session.env, &endpoint, &listener);
                Self::new(endpoint, search)
            }
        }
    }

    /// Heroku with its tokens.
    ///
    /// # Errors
    /// When HEROKU_HOST is not an address.
    pub(super) fn of_heroku(session: &Session) -> anyhow::Result<Self> {
        let endpoint = heroku::api::endpoint(session.env.get("HEROKU_HOST").unwrap_or(heroku::api::PUBLIC))?;
        let search = credentials::heroku(&session.env, &endpoint, &listener(session));
        Ok(Self::new(endpoint, search))
    }

    pub(super) fn reader(&self, stack: &Stack) -> Reader {
        stack.reader_as(&self.endpoint, Arc::clone(&self.tokens))
    }

    pub(super) fn writer(&self, stack: &Stack) -> Writer {
        stack.writer_as(&self.endpoint, Arc::clone(self.write_tokens.as_ref().unwrap_or(&self.tokens)))
    }
}

/// Redacts every token that is found, and prints warnings about it.
struct Listener(Arc<Progress>);

impl credentials::Listener for Listener {
    fn found(&self, token: &Token) {
        keep_out(token);
    }

    fn warn(&self, warning: &str) {
        self.0.suspend(|| to_stderr(&format!("warning: {warning}")));
    }
}

fn listener(session: &Session) -> Arc<dyn credentials::Listener> {
    Arc::new(Listener(Arc::clone(&session.progress)))
}

/// Answers of earlier runs. A rehearsal has none, since each starts a new emulator.
fn cache(session: &Session) -> Option<Arc<Cache>> {
    if session.global.no_cache || session.global.sandbox.is_some() {
        return None;
    }
    let folder = |name: &str| session.env.get(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
    // A home directory that does not exist is not created.
    let home = || folder("HOME").filter(|home| home.is_dir());
    let own = || if cfg!(windows) { folder("LOCALAPPDATA") } else { home().map(|home| home.join(".cache")) };
    let folder = folder("XDG_CACHE_HOME").or_else(own)?;
    Some(Arc::new(Cache::at(folder.join("gatectl"))))
}

/// A wait on a rate limit that is shorter is not worth a line in a log.
const WORTH_A_LINE: Duration = Duration::from_secs(3);

/// How requests are sent, and what is said while they wait.
pub(super) fn settings(session: &Session) -> Settings {
    let progress: Arc<Progress> = Arc::clone(&session.progress);
    let warning: Arc<Progress> = Arc::clone(&session.progress);
    // Without a progress line a log would show nothing; traces report it already.
    let in_words = !session.progress.is_shown() && !session.global.quiet && session.global.verbose == 0;
    Settings {
        timeout: session.global.timeout,
        parallelism: usize::from(session.global.parallelism),
        cache: cache(session),
        on_exhausted: if session.global.wait { OnExhausted::Wait } else { OnExhausted::GiveUp },
        on_wait: Some(Arc::new(move |wait: &Wait| {
            let what = format!("waiting for the {} of {}", wait.limit, wait.host);
            progress.wait(&what, Instant::now() + wait.duration);
            if in_words && wait.duration >= WORTH_A_LINE {
                to_stderr(&format!("{what} until {}; a shorter --timeout gives up instead", wait.until_utc()));
            }
        })),
        on_warning: Some(Arc::new(move |text: &str| warning.suspend(|| to_stderr(&format!("warning: Heroku says: {text}"))))),
        stop: session.stop.clone(),
        ..Settings::default()
    }
}
