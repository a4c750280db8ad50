//! Finds tokens: environment, then `~/.netrc`, then the vendor's own CLI, which is started only if a request needs it.
//!
//! Owns where tokens come from. Prints nothing and sends nothing; knows of the wire only the token types and the endpoint.
//! Tested in `tests.rs` and, through the binary, in `tests/program/secrets.rs`.

mod app;
mod cli;
mod file;
mod github;
mod heroku;
mod netrc;
mod search;

pub use app::{App, Installed, Use};
pub use github::github;
pub use heroku::heroku;
pub use search::{Listener, Search};

use std::collections::BTreeMap;
use std::fmt;

use crate::http::Token;

/// The environment variables of a process, or a test's replacement.
#[derive(Clone, Default)]
pub struct ProcessEnv(BTreeMap<String, String>);

impl ProcessEnv {
    /// Those of this process that are valid Unicode.
    pub fn of_this_process() -> Self {
        Self(std::env::vars_os().filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?))).collect())
    }

    /// The value of a variable; none when it is unset or blank.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.passed(name).filter(|value| !value.trim().is_empty())
    }

    /// The value of a variable that is set, also if it is blank.
    pub fn passed(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for ProcessEnv {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}

impl fmt::Debug for ProcessEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The first of these variables that is set, as a token.
fn first_set(env: &ProcessEnv, names: &[&str]) -> Option<Token> {
    names.iter().find_map(|name| env.get(name).map(|value| Token::new(value, *name)))
}

#[cfg(test)]
mod tests;
