//! Warns of values that look like credentials: gate.toml is read by everyone who can read the repository.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Problem, Sink};
use crate::model::credential_in;

/// Adds a warning for each text that looks like a private key or a token. The warning names its place, and never the text.
pub(super) fn warn(sink: &mut Sink<'_>, root: &DeTable<'_>) {
    let mut left: Vec<&Spanned<DeValue<'_>>> = root.values().collect();
    while let Some(value) = left.pop() {
        match value.get_ref() {
            DeValue::Table(table) => left.extend(table.values()),
            DeValue::Array(items) => left.extend(items.iter()),
            DeValue::String(text) => {
                if let Some(what) = credential_in(text) {
                    sink.warn(
                        Problem::new(value.span(), format!("this value looks like {what}"))
                            .help("Revoke it, and keep the new one as a secret: everyone who can read the repository can read gate.toml"),
                    );
                }
            }
            _ => {}
        }
    }
}
