//! Heroku's names.

use super::{only, word};
use crate::config::near::quote;
use crate::config::schema::{Syntax, Wrong};

pub(in crate::config) static APP: Syntax = Syntax {
    noun: "a Heroku app's name",
    pattern: Some("^[a-z][a-z0-9-]{1,28}[a-z0-9]$"),
    check: |text| {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let fits = (3..=30).contains(&text.len()) && text.chars().all(inner);
        if fits && text.starts_with(|c: char| c.is_ascii_lowercase()) && !text.ends_with('-') {
            return Ok(());
        }
        let host = text.trim_start_matches("https://").trim_end_matches('/').trim_end_matches(".herokuapp.com");
        Err(Wrong::new(
            "not the name of a Heroku app: 3 to 30 lower-case letters, digits and `-`, the first a letter",
            format!(
                "write it as `heroku apps` lists it{}",
                if host == text { String::new() } else { format!(", such as {}", quote(host)) }
            ),
        ))
    },
};

/// Heroku's rule for keys (fact H2.1).
pub(in crate::config) static CONFIG_VAR: Syntax = Syntax {
    noun: "a config var's key",
    pattern: Some("^(?!__|HEROKU_)[A-Za-z0-9_]+$"),
    check: |text| {
        if text.starts_with("__") {
            return Err(Wrong::new("Heroku refuses keys that begin with two underscores", "choose another key"));
        }
        if text.starts_with("HEROKU_") {
            return Err(Wrong::new("keys that begin with HEROKU_ are Heroku's own", "choose another key"));
        }
        only(text, word, "a config var's key has the letters A to Z, digits and `_` only")
    },
};
