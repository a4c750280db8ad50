//! The words in which the table of keys is written.

use serde_json::Value;

/// A table of gate.toml.
#[derive(Debug)]
pub(super) struct Table {
    /// What a message calls one: `an environment`.
    pub(super) noun: &'static str,
    /// What it may hold.
    pub(super) keys: &'static [Key],
    /// Groups of keys of which exactly one group is given, whole; none when there is no such rule.
    pub(super) either: &'static [&'static [&'static str]],
}

/// One key of a table.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    /// What it means, for editors.
    pub(super) about: &'static str,
    pub(super) kind: Type,
    pub(super) presence: Presence,
    /// How it is written: the fix that a message shows.
    pub(super) example: &'static str,
}

/// No limit.
pub(super) const ANY: usize = usize::MAX;

/// A key that may be left out: then nothing is declared.
pub(super) const fn key(name: &'static str, kind: Type, example: &'static str, about: &'static str) -> Key {
    Key { name, about, kind, presence: Presence::Optional, example }
}

impl Key {
    /// The same, but it must be there.
    pub(super) const fn required(self) -> Self {
        Self { presence: Presence::Required, ..self }
    }

    /// The same, but this holds if it is left out.
    pub(super) const fn or(self, default: Default) -> Self {
        Self { presence: Presence::Default(default), ..self }
    }
}

/// Whether a key must be there, and what its absence means.
#[derive(Debug)]
pub(super) enum Presence {
    /// It must be there.
    Required,
    /// Left out, nothing is declared.
    Optional,
    /// Left out, this holds.
    Default(Default),
}

/// A default as a constant.
#[derive(Debug, Clone, Copy)]
pub(super) enum Default {
    Bool(bool),
    Text(&'static str),
}

impl Default {
    pub(super) fn json(self) -> Value {
        match self {
            Self::Bool(value) => value.into(),
            Self::Text(value) => value.into(),
        }
    }
}

/// What a value may be.
#[derive(Debug)]
pub(super) enum Type {
    Boolean,
    Integer {
        min: i64,
        max: i64,
    },
    /// A whole or decimal number.
    Number,
    /// Any text.
    Text,
    /// Text with a rule.
    Name(&'static Syntax),
    /// One of these words.
    Word(&'static [&'static str]),
    /// A date and a time without an offset.
    LocalDateTime,
    /// A date.
    LocalDate,
    List {
        of: &'static Self,
        /// What a message calls the items: `reviewers`.
        noun: &'static str,
        min: usize,
        max: usize,
        /// Two strings with the same form are duplicates.
        same: fn(&str) -> String,
    },
    Table(&'static Table),
    /// A table with free keys.
    Map {
        name: &'static Syntax,
        of: &'static Self,
        /// Two keys with the same form are duplicates.
        same: fn(&str) -> String,
    },
    /// The first of these that takes the value's type.
    Either(&'static [Self]),
}

/// A rule for a piece of text.
#[derive(Debug)]
pub(super) struct Syntax {
    /// What a message calls it: `an environment's name`.
    pub(super) noun: &'static str,
    /// The same rule as a regular expression, for editors; never stricter than `check`.
    pub(super) pattern: Option<&'static str>,
    /// The rule.
    pub(super) check: fn(&str) -> Result<(), Wrong>,
}

/// What is wrong with a piece of text, and what to write instead.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) message: String,
    pub(super) help: String,
}

impl Wrong {
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }
}

impl Table {
    pub(super) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.keys.iter().map(|key| key.name)
    }
}
