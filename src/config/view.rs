//! Reading access to a table whose shape was checked.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::position::Span;
use super::schema::Table;
use crate::model::nearest;

/// A table and the part of the schema that describes it.
///
/// A value of the wrong type is `None` here: [`super::check`] has already reported it.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    table: &'a DeTable<'a>,
    /// What answers for keys that the table does not have.
    base: Option<&'a DeTable<'a>>,
    schema: &'static Table,
}

impl<'a> View<'a> {
    pub(super) fn new(table: &'a DeTable<'a>, schema: &'static Table) -> Self {
        Self { table, base: None, schema }
    }

    /// The same table, with the keys that it does not have taken from another one. A whole key replaces a whole key.
    pub(super) fn over(self, base: &'a DeTable<'a>) -> Self {
        Self { base: Some(base), ..self }
    }

    fn tables(&self) -> impl Iterator<Item = &'a DeTable<'a>> + use<'a> {
        std::iter::once(self.table).chain(self.base)
    }

    /// The raw value of a key.
    pub(super) fn get(&self, name: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        debug_assert!(self.schema.key(name).is_some(), "the schema of {} has no key {name}", self.schema.noun);
        self.tables().find_map(|table| table.get(name))
    }

    /// The position of a key, if it exists.
    pub(super) fn key(&self, name: &str) -> Option<Span> {
        self.tables().find_map(|table| table.get_key_value(name)).map(|(key, _)| key.span())
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.get(name)?.get_ref().as_str()
    }

    pub(super) fn bool(&self, name: &str) -> Option<bool> {
        self.get(name)?.get_ref().as_bool()
    }

    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        integer(self.get(name)?.get_ref())
    }

    pub(super) fn table(&self, name: &str, schema: &'static Table) -> Option<Self> {
        self.get(name)?.get_ref().as_table().map(|table| Self::new(table, schema))
    }

    /// The items of a list.
    pub(super) fn list(&self, name: &str) -> Option<impl Iterator<Item = &'a Spanned<DeValue<'a>>> + use<'a>> {
        self.get(name)?.get_ref().as_array().map(|items| items.iter())
    }

    /// The strings of a list, each with its place.
    pub(super) fn texts(&self, name: &str) -> Option<impl Iterator<Item = (&'a str, Span)> + use<'a>> {
        self.list(name).map(|items| items.filter_map(|item| Some((item.get_ref().as_str()?, item.span()))))
    }

    /// The entries of a table with free keys: name, the name's place, value.
    pub(super) fn entries(&self, name: &str) -> impl Iterator<Item = (&'a str, Span, &'a Spanned<DeValue<'a>>)> + use<'a> {
        let table = self.get(name).and_then(|value| value.get_ref().as_table());
        table.into_iter().flat_map(entries)
    }

    /// Whether a key exists, spelled as in the schema or misspelled.
    pub(super) fn mentions(&self, name: &str) -> bool {
        let near = |(key, _): &(&str, Span)| self.schema.key(key).is_none() && nearest(key, [name]).is_some();
        self.key(name).is_some() || self.present().iter().any(near)
    }

    /// Every key that exists, in the order of the text; of one that is replaced, only what replaces it.
    pub(super) fn present(&self) -> Vec<(&'a str, Span)> {
        let inherited = self.base.into_iter().flat_map(entries).filter(|(name, ..)| !self.table.contains_key(*name));
        let mut keys: Vec<_> = entries(self.table).chain(inherited).map(|(name, span, _)| (name, span)).collect();
        keys.sort_by_key(|(_, span)| span.start);
        keys
    }
}

/// The entries of a table in the order of their names: name, the name's place, value.
pub(super) fn entries<'a>(table: &'a DeTable<'a>) -> impl Iterator<Item = (&'a str, Span, &'a Spanned<DeValue<'a>>)> {
    table.iter().map(|(key, value)| (key.get_ref().as_ref(), key.span(), value))
}

/// A whole number, when it fits.
pub(super) fn integer(value: &DeValue<'_>) -> Option<i64> {
    value.as_integer().and_then(|n| i64::from_str_radix(n.as_str(), n.radix()).ok())
}

/// Takes a tree apart without recursion: dotted keys inside inline tables nest deeper than a thread's stack likes.
pub(super) fn dismantle(root: DeTable<'_>) {
    let mut left: Vec<DeValue<'_>> = vec![DeValue::Table(root)];
    while let Some(value) = left.pop() {
        match value {
            DeValue::Table(table) => left.extend(table.into_iter().map(|(_, value)| value.into_inner())),
            DeValue::Array(items) => left.extend(items.into_iter().map(Spanned::into_inner)),
            _ => {}
        }
    }
}
