//! One API of a run: where it is, and the tokens for it. Every token that is found is redacted.

use std::sync::Arc;

use crate::commands::Session;
use crate::commands::output::{keep_out, to_stderr};
use crate::credentials::{self, App, Installed, Use};
use crate::http::{Endpoint, Reader, Settings, Stack, Token, TokenSource, Writer};
use crate::progress::Progress;
use crate::providers::heroku;
use crate::stop::Stop;

use super::settings;

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
