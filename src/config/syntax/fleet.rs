//! Names of repositories in a fleet, and their custom properties.

use super::{Check, not_empty, only};
use crate::config::near::quote;
use crate::config::schema::{Syntax, Wrong};

/// A name or pattern that may exclude.
pub(in crate::config) static REPOSITORY_GLOB: Syntax = Syntax {
    noun: "a repository's name or pattern",
    pattern: Some(r"^!?[A-Za-z0-9_.*?-]+$"),
    check: |text| pattern(text.strip_prefix('!').unwrap_or(text)),
};

/// A name or pattern.
pub(in crate::config) static REPOSITORY_PATTERN: Syntax = Syntax {
    noun: "a repository's name or pattern",
    pattern: Some(r"^[A-Za-z0-9_.*?-]+$"),
    check: |text| match text.strip_prefix('!') {
        Some(rest) => {
            Err(Wrong::new("a table is for repositories that it matches, so `!` has no effect here", format!("write {}", quote(rest))))
        }
        None => pattern(text),
    },
};

fn pattern(text: &str) -> Check {
    if let Some((_, name)) = text.split_once('/') {
        return Err(Wrong::new("the organization is named once, in `organization`", format!("write {}", quote(name))));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.*?".contains(c);
    only(text, plain, "a repository's name has letters, digits, `-`, `_` and `.` only; `*` and `?` are wildcards")
}

/// The name of a custom property (fact G1.8).
pub(in crate::config) static PROPERTY: Syntax = Syntax {
    noun: "a custom property's name",
    pattern: Some("^[A-Za-z0-9_$#-]+$"),
    check: |text| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_$#".contains(c);
        only(text, plain, "a custom property's name has letters, digits, `-`, `_`, `$` and `#` only")
    },
};

pub(in crate::config) static PROPERTY_VALUE: Syntax = Syntax { noun: "a custom property's value", pattern: None, check: not_empty };

pub(in crate::config) static REMARK: Syntax = Syntax { noun: "a remark", pattern: None, check: not_empty };
