//! The providers: one folder each, with the same few files.
//!
//! To add one: a folder with `desired` (what gate.toml declares), `live` (what is there, GETs only), `plan` (pure) and
//! `ops` (the writes as data, and their performance), then the lines below that the compiler asks for.
//! A provider must not know of another one, of the file's syntax, of rendering or of the command line.

pub mod github;
pub mod heroku;
