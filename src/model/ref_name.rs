//! What git refuses in the name of a ref (git-check-ref-format).
//!
//! Pure. Must not know patterns: their wildcards are refused in names and mean something in them. Tested by `config/tests/environments.rs`.

/// What a name cannot have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// A character.
    Char(char),
    /// Several in a row.
    Text(&'static str),
}

/// The first thing in a name, or in a part of one, that no name has; wildcards apart.
pub fn refused(name: &str) -> Option<Refused> {
    let bad = name.chars().find(|c| c.is_whitespace() || c.is_control() || "~:^".contains(*c)).map(Refused::Char);
    bad.or_else(|| ["..", "//", "@{"].into_iter().find(|text| name.contains(text)).map(Refused::Text))
}
