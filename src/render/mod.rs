//! Turns plans and reports into text.
//!
//! Every command says what it has to say as a [`Document`] of raw text; one renderer per format prints it:
//! [`human`], [`markdown`], [`github`]. [`json`] prints the data itself. Owns escaping, layout and colors. Must not
//! know of providers, requests, files or the environment: everything here is a pure function.
//! Tested by `tests/render/`.

mod document;
pub mod escape;
pub mod github;
pub mod html;
pub mod human;
pub mod json;
pub mod markdown;
mod style;
mod table;
mod text_diff;
pub(crate) mod value;
mod wrap;

pub use document::{
    Block, Document, Finding, FindingLocation, Fold, Glyph, Heading, HeadlinePlace, Location, Role, Row, Section, Span, Table,
};
pub use style::{Color, Style};
pub use table::csv;
pub(crate) use wrap::wrap;
