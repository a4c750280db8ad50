//! The output of a command, independent of the medium.
//!
//! Owns the shape that plan, apply, verify, check, freeze and evidence share. All text here is raw: it may hold
//! anything that came from outside, and each renderer escapes it for its medium, in one place. Must not know
//! terminals, Markdown or any command.

use crate::model::{Address, Severity};

/// Everything one command prints as its result.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Document {
    /// The command, in lower case: `plan`; part of the hidden marker of a comment.
    pub name: &'static str,
    /// The sections, in order.
    pub sections: Vec<Section>,
    /// The summary sentence.
    pub headline: String,
    /// The position of that sentence.
    pub headline_place: HeadlinePlace,
    /// How good the news is.
    pub tone: Role,
    /// The next steps: one sentence each.
    pub next: Vec<String>,
    /// Outputs of a workflow step for later steps.
    pub outputs: Vec<(&'static str, String)>,
}

/// The position of the summary sentence in text for people; in Markdown it always comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HeadlinePlace {
    /// Before everything that explains it.
    First,
    /// After everything that it summarizes.
    #[default]
    Last,
}

/// Some blocks that belong together, mostly about one address.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Section {
    /// The line above the blocks.
    pub heading: Option<Heading>,
    /// The content, complete in itself.
    pub blocks: Vec<Block>,
    /// What must be visible even if the section is folded; the blocks say it too.
    pub alerts: Vec<Finding>,
    /// The title of the fold that the section goes into, shared by neighbors; `None` keeps it in the open.
    pub fold: Option<Fold>,
}

impl Section {
    /// Blocks below a heading.
    pub(crate) fn new(heading: Heading, blocks: Vec<Block>) -> Self {
        Self { heading: Some(heading), blocks, ..Self::default() }
    }

    /// A sentence without a heading.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self { blocks: vec![Block::Text(text.into())], ..Self::default() }
    }

    /// Blocks without a heading; none if there are none.
    pub(crate) fn of(blocks: Vec<Block>) -> Option<Self> {
        (!blocks.is_empty()).then(|| Self { blocks, ..Self::default() })
    }
}

/// What a section is folded into if the medium can fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    /// Below this title, always.
    Always(&'static str),
    /// Below this title if everything below it takes more than a screen; else it stays in the open.
    IfLong(&'static str),
}

impl Fold {
    /// The title.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Always(title) | Self::IfLong(title) => title,
        }
    }
}

/// The line above a section: `+ github/o/r/environments/production  (create)`, or a plain title.
#[derive(Debug, Clone, PartialEq)]
pub struct Heading {
    /// The action.
    pub glyph: Glyph,
    /// The name of the thing.
    pub subject: Option<String>,
    /// The text about the subject, or the title if there is no subject.
    pub text: String,
}

impl Heading {
    /// What is done to a thing.
    pub(crate) fn of(glyph: Glyph, subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self { glyph, subject: Some(subject.into()), text: text.into() }
    }

    /// A plain title.
    pub(crate) fn title(text: impl Into<String>) -> Self {
        Self { glyph: Glyph::None, subject: None, text: text.into() }
    }
}

/// One piece of content.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A line of a diff.
    Row(Row),
    /// A paragraph. Text between backticks is code.
    Text(String),
    /// Quoted words, line by line.
    Quote(String),
    /// A page to open.
    Link(String),
    /// Manual steps, in this order.
    Steps(Vec<String>),
    /// One entry of a list: a name, and text about it.
    Item {
        /// The name.
        subject: String,
        /// Text about it; may be empty.
        text: String,
    },
    /// A problem, with its fix.
    Finding(Finding),
    /// Rows and columns.
    Table(Table),
}

impl Block {
    /// The finding, if it is one.
    pub const fn finding(&self) -> Option<&Finding> {
        match self {
            Self::Finding(finding) => Some(finding),
            _ => None,
        }
    }
}

/// A line of a diff: sign, label, values.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Row {
    /// The sign in front.
    pub glyph: Glyph,
    /// How deep it is below the heading: 1 is a field, 2 an element of its value.
    pub level: usize,
    /// The name of the field, aligned with its neighbors.
    pub label: Option<String>,
    /// The values.
    pub spans: Vec<Span>,
}

/// Text with one meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The raw text.
    pub text: String,
    /// Its role.
    pub role: Role,
}

impl Span {
    /// Text of a role.
    pub fn new(role: Role, text: impl Into<String>) -> Self {
        Self { text: text.into(), role }
    }

    /// Text without a role.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::new(Role::Plain, text)
    }
}

/// The role of a piece of text; a medium with colors shows it by color, but never by color alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// Nothing special.
    #[default]
    Plain,
    /// Unchanged text, and remarks.
    Quiet,
    /// A name.
    Strong,
    /// Added text; good news.
    Added,
    /// Removed text.
    Removed,
    /// The part of an added line that differs.
    AddedPart,
    /// The part of a removed line that differs.
    RemovedPart,
    /// Changed text.
    Changed,
    /// Text that needs attention.
    Alert,
    /// Errors.
    Failure,
}

/// The sign at the front of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Glyph {
    /// No sign: unchanged, or not a change at all.
    #[default]
    None,
    /// `+`
    Create,
    /// `~`
    Update,
    /// `-`
    Delete,
    /// `!`: weakens a gate, or needs a person.
    Alert,
    /// `!`: went wrong.
    Failure,
    /// `?`: could not be determined.
    Unknown,
}

impl Glyph {
    /// The sign as one ASCII character.
    pub const fn sign(self) -> char {
        match self {
            Self::None => ' ',
            Self::Create => '+',
            Self::Update => '~',
            Self::Delete => '-',
            Self::Alert | Self::Failure => '!',
            Self::Unknown => '?',
        }
    }

    /// The color of the sign.
    pub const fn role(self) -> Role {
        match self {
            Self::None => Role::Plain,
            Self::Create => Role::Added,
            Self::Update => Role::Changed,
            Self::Delete => Role::Removed,
            Self::Alert | Self::Unknown => Role::Alert,
            Self::Failure => Role::Failure,
        }
    }
}

impl Severity {
    /// The color of the word.
    pub(super) const fn role(self) -> Role {
        match self {
            Self::Error => Role::Failure,
            Self::Warning => Role::Alert,
            Self::Info => Role::Quiet,
        }
    }
}

/// A problem, with its fix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its severity.
    pub severity: Severity,
    /// Its code, for lookup: `no-reviewers`.
    pub code: &'static str,
    /// What it is about.
    pub subject: String,
    /// The message.
    pub message: String,
    /// The next step; may be empty.
    pub fix: String,
    /// Its place in a file.
    pub place: FindingLocation,
}

impl Finding {
    /// A finding without a place in a file.
    pub(crate) fn new(
        severity: Severity,
        code: &'static str,
        subject: impl Into<String>,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let (subject, message, fix) = (subject.into(), message.into(), fix.into());
        Self { severity, code, subject, message, fix, place: FindingLocation::Nowhere }
    }

    /// A finding about something that gate.toml declares.
    pub(crate) fn declared(
        severity: Severity,
        code: &'static str,
        address: &Address,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let place = FindingLocation::Declared { address: address.clone(), field: None };
        Self { place, ..Self::new(severity, code, address.to_string(), message, fix) }
    }

    /// A finding about a place in a file.
    pub(crate) fn at(severity: Severity, code: &'static str, place: Location, message: impl Into<String>, fix: impl Into<String>) -> Self {
        let subject = format!("{}:{}:{}", place.file, place.line, place.col);
        Self { place: FindingLocation::At(place), ..Self::new(severity, code, subject, message, fix) }
    }
}

/// The place of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum FindingLocation {
    /// Nowhere in particular.
    #[default]
    Nowhere,
    /// At the declaration of an address in gate.toml, or of one of its fields.
    Declared {
        /// The address.
        address: Address,
        /// The field's key, when the finding is about one.
        field: Option<String>,
    },
    /// At a known place of a file.
    At(Location),
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The path from the repository's root.
    pub file: String,
    /// From 1; 0 when only the file is known.
    pub line: usize,
    /// From 1; 0 when only the line is known.
    pub col: usize,
}

/// Rows and columns; a row that is shorter than the header has empty cells at its end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// The columns' names.
    pub header: Vec<String>,
    /// The cells.
    pub rows: Vec<Vec<Span>>,
}
