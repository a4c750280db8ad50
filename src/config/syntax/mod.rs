//! The rules for single pieces of text: names, patterns, addresses.
//!
//! Each refusal says what to write instead.
//! Tested in `config/tests/`.

mod fleet;
mod freeze;
mod github;
mod heroku;
mod workflows;

pub(super) use fleet::{PROPERTY, PROPERTY_VALUE, REMARK, REPOSITORY_GLOB, REPOSITORY_PATTERN};
pub(super) use freeze::{CHECK_COMMAND, CRON, DURATION, TIMEZONE, WINDOW};
pub(super) use github::{API_URL, APP_SLUG, ENVIRONMENT, LOGIN, OWNER_OR_REPOSITORY, PATTERN, REPOSITORY, SECRET, TEAM, VARIABLE};
pub(super) use heroku::{APP, CONFIG_VAR};
pub(super) use workflows::{CALLED_WORKFLOW, HARMLESS, INPUT, JOB, REF, REF_NAME, WORKFLOW_FILE};

use super::near::quote;
use super::schema::Wrong;

type Check = Result<(), Wrong>;

pub(super) fn exact(text: &str) -> String {
    text.to_owned()
}
/// How GitHub compares environments, logins and slugs.
pub(super) fn folded(text: &str) -> String {
    text.to_lowercase()
}
/// How GitHub stores the names of variables and secrets.
pub(super) fn upper(text: &str) -> String {
    text.to_ascii_uppercase()
}

fn not_empty(text: &str) -> Check {
    if text.trim().is_empty() { Err(Wrong::new("an empty name", "write a name")) } else { Ok(()) }
}

fn word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Refuses empty text and every character but the plain ones; the rule is the message, the repaired text the help.
fn only(text: &str, plain: impl Fn(char) -> bool, rule: &str) -> Check {
    if text.is_empty() {
        return Err(Wrong::new(format!("empty: {rule}"), "write a name, or remove it"));
    }
    let Some(odd) = text.chars().find(|&c| !plain(c)) else { return Ok(()) };
    let kept: String = text.chars().filter(|&c| plain(c)).collect();
    let help = match odd {
        '@' if text.starts_with('@') && !kept.is_empty() => format!("write {}", quote(&kept)),
        '-' | '.' | ' ' if plain('_') && !plain('-') => {
            format!("write {}", quote(&text.chars().map(|c| if plain(c) { c } else { '_' }).collect::<String>()))
        }
        _ => format!("remove {}", quote(&odd.escape_default().to_string())),
    };
    Err(Wrong::new(rule, help))
}
