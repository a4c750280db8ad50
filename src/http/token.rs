//! A token and where it was found.

use std::fmt;
use std::pin::Pin;

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::{ApiError, ErrorKind};

/// The token for a request, or why there is none.
pub type TokenAnswer<'a> = Pin<Box<dyn Future<Output = Result<Token, ApiError>> + Send + 'a>>;

/// The source from which a client takes the token of each request.
pub trait TokenSource: fmt::Debug + Send + Sync {
    /// The token for the next request; finding it may take time.
    fn token(&self) -> TokenAnswer<'_>;

    /// Another token, after the server refused this one; an error if there is none.
    fn instead_of<'a>(&'a self, refused: &'a Token) -> TokenAnswer<'a>;
}

impl TokenSource for Token {
    fn token(&self) -> TokenAnswer<'_> {
        Box::pin(std::future::ready(Ok(self.clone())))
    }

    fn instead_of<'a>(&'a self, refused: &'a Self) -> TokenAnswer<'a> {
        let message = format!("there is no token other than the one from {}", refused.source);
        Box::pin(std::future::ready(Err(ApiError::new("", ErrorKind::Unauthenticated, message))))
    }
}

/// A bearer token with the name of its source; its `Debug` shows the source alone.
#[derive(Clone)]
pub struct Token {
    secret: SecretString,
    source: String,
}

impl Token {
    /// A token without surrounding blanks, and its source: `GH_TOKEN`, `gh auth token`, a path.
    pub fn new(secret: &str, source: impl Into<String>) -> Self {
        Self { secret: SecretString::from(secret.trim()), source: source.into() }
    }

    /// Where it was found.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The `Authorization` header, marked sensitive; `None` when the token could not be in a header.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        let secret = self.secret.expose_secret();
        if secret.is_empty() || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        let mut value = HeaderValue::from_str(&format!("Bearer {secret}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Whether both are the same token, wherever each was found.
    pub fn is_same(&self, other: &Self) -> bool {
        self.secret.expose_secret() == other.secret.expose_secret()
    }

    /// A name for it that does not reveal it.
    pub(super) fn digest(&self) -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, self.secret.expose_secret().as_bytes());
        digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether these bytes hold it.
    pub(super) fn is_in(&self, bytes: &[u8]) -> bool {
        let secret = self.secret.expose_secret().as_bytes();
        !secret.is_empty() && bytes.windows(secret.len()).any(|part| part == secret)
    }

    /// How many bytes it has.
    pub(crate) fn len(&self) -> usize {
        self.secret.expose_secret().len()
    }

    /// The text without this token, should a server have echoed it.
    pub(crate) fn scrub(&self, text: &str) -> String {
        match self.secret.expose_secret() {
            "" => text.to_owned(),
            secret => text.replace(secret, "***"),
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token(*** from {})", self.source)
    }
}
