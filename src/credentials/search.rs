//! A search for a token, cheapest source first; the vendor's own tool runs only if it is needed.

use std::fmt;
use std::sync::Arc;

use tokio::sync::OnceCell;

use super::ProcessEnv;
use super::cli::Tool;
use crate::http::{ApiError, ErrorKind, Token, TokenAnswer, TokenSource};

/// Receives every token that is found and every warning for the user, as soon as there is one.
pub trait Listener: Send + Sync {
    /// A token that may be sent from now on: it must not appear in any output.
    fn found(&self, token: &Token);
    /// A sentence for stderr; never a token.
    fn warn(&self, warning: &str);
}

/// The tokens for one API.
pub struct Search {
    env: ProcessEnv,
    at_hand: Option<Token>,
    /// Run if no other token is available, or if the server refuses it.
    tool: Option<Tool>,
    /// The tool's answer, once it ran.
    answer: OnceCell<Option<Token>>,
    missing: ApiError,
    listener: Arc<dyn Listener>,
}

impl Search {
    pub(super) fn new(env: &ProcessEnv, listener: &Arc<dyn Listener>, missing: (&str, &str)) -> Self {
        let (reason, hint) = missing;
        let missing = ApiError { hint: Some(hint.to_owned()), ..ApiError::new("", ErrorKind::Unauthenticated, reason) };
        Self { env: env.clone(), at_hand: None, tool: None, answer: OnceCell::new(), missing, listener: Arc::clone(listener) }
    }

    pub(super) fn with_token(mut self, token: Option<Token>) -> Self {
        token.iter().for_each(|token| self.listener.found(token));
        self.at_hand = token;
        self
    }

    pub(super) fn with_tool(mut self, tool: Tool) -> Self {
        self.tool = Some(tool);
        self
    }

    /// Where the current token came from; `None` if there is none yet.
    pub fn at_hand(&self) -> Option<&str> {
        self.at_hand.as_ref().map(Token::source)
    }

    async fn of_tool(&self) -> Option<&Token> {
        let ask = async || {
            let answer = self.tool.as_ref()?.token(&self.env).await;
            answer.warning.iter().for_each(|warning| self.listener.warn(warning));
            answer.token.iter().for_each(|token| self.listener.found(token));
            answer.token
        };
        self.answer.get_or_init(ask).await.as_ref()
    }
}

impl TokenSource for Search {
    fn token(&self) -> TokenAnswer<'_> {
        Box::pin(async {
            let known = self.answer.get().and_then(Option::as_ref).or(self.at_hand.as_ref());
            match known {
                Some(token) => Ok(token.clone()),
                None => self.of_tool().await.cloned().ok_or_else(|| self.missing.clone()),
            }
        })
    }

    fn instead_of<'a>(&'a self, refused: &'a Token) -> TokenAnswer<'a> {
        Box::pin(async move {
            let other = self.of_tool().await.filter(|token| !token.is_same(refused));
            other.cloned().ok_or_else(|| self.missing.clone())
        })
    }
}

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Search({:?}, then {:?})", self.at_hand, self.tool.as_ref().map(|tool| tool.source))
    }
}
