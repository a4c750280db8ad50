//! Which repositories a pattern of names stands for, and which a shard holds. Tested in `fleet.rs`.

use std::fmt;
use std::str::FromStr;

use crate::model::fnmatch;

/// The name of a repository, or a pattern of names: `*` stands for any characters, `?` for one. Compares without case, as GitHub does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamePattern {
    text: String,
    excludes: bool,
}

impl NamePattern {
    /// As it is written; a `!` in front excludes what the rest matches.
    pub fn new(text: &str) -> Self {
        match text.strip_prefix('!') {
            Some(rest) => Self { text: rest.to_owned(), excludes: true },
            None => Self { text: text.to_owned(), excludes: false },
        }
    }

    /// Whether it excludes what it matches.
    pub fn excludes(&self) -> bool {
        self.excludes
    }

    /// Whether it matches one name only.
    pub fn is_exact(&self) -> bool {
        !self.text.contains(['*', '?'])
    }

    /// The pattern without its `!`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it matches a name, which is the part after `OWNER/`.
    pub fn matches(&self, name: &str) -> bool {
        fnmatch::matches_any(&self.text.to_lowercase(), &name.to_lowercase())
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.excludes { "!" } else { "" }, self.text)
    }
}

/// A stable part of a fleet, for one of several runners: `K/N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 1.
    number: u32,
    of: u32,
}

impl FromStr for Shard {
    type Err = String;

    /// Reads `K/N`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((number, of)) if (1..=of).contains(&number) => Ok(Self { number, of }),
            _ => Err("write K/N with K from 1 to N, such as 1/4".to_owned()),
        }
    }
}

impl Shard {
    /// Whether a repository is in this part. That depends on its name alone, so adding a repository does not move any other.
    pub fn holds(self, name: &str) -> bool {
        // FNV-1a, 64 bits.
        let hash = name
            .to_lowercase()
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        hash % u64::from(self.of) == u64::from(self.number - 1)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}
