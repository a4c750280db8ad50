//! A token and where it was found.

use std::fmt;

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

/// A bearer token with the name of its source; its `Debug` shows the source alone.
#[derive(Clone)]
pub struct Token {
    secret: SecretString,
    source: String,
}

impl Token {
    /// Takes a token as it was found, blanks around it dropped, and where that was: `GH_TOKEN`, `gh auth token`, a path.
    #[must_use]
    pub fn new(secret: &str, source: impl Into<String>) -> Self {
        Self { secret: SecretString::from(secret.trim()), source: source.into() }
    }

    /// Where it was found.
    #[must_use]
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
