//! Values of the expression language, and how they turn into truth, text and numbers.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use super::number;

/// A value of the expression language.
///
/// Arrays and objects are compared by identity inside an expression (`fromJSON('[]') == fromJSON('[]')` is false), hence the
/// shared pointers; `PartialEq` here compares by content, for code outside the evaluator.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`; also what a missing property is.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number, always a double.
    Number(f64),
    /// Text.
    String(String),
    /// An array.
    Array(Arc<Vec<Self>>),
    /// An object.
    Object(Arc<Map<Self>>),
}

impl Value {
    /// Makes an array.
    pub fn array(items: Vec<Self>) -> Self {
        Self::Array(Arc::new(items))
    }

    /// Makes an object.
    pub fn object(entries: Map<Self>) -> Self {
        Self::Object(Arc::new(entries))
    }

    /// Whether the value counts as true: all but false, null, 0, NaN and the empty string.
    pub fn is_truthy(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(bool) => *bool,
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::String(text) => !text.is_empty(),
            Self::Array(_) | Self::Object(_) => true,
        }
    }

    /// The value as text, as interpolation writes it: null is empty, numbers have at most 15 digits, collections are their kind.
    pub fn to_text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Bool(bool) => bool.to_string(),
            Self::Number(number) => number::to_text(*number),
            Self::String(text) => text.clone(),
            Self::Array(_) => "Array".to_owned(),
            Self::Object(_) => "Object".to_owned(),
        }
    }

    /// The text, when the value is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Array(_) | Self::Object(_) => None,
        }
    }

    pub(super) fn is_primitive(&self) -> bool {
        !matches!(self, Self::Array(_) | Self::Object(_))
    }

    /// The value as the left or right of a comparison with another kind; collections are NaN.
    pub(super) fn to_number(&self) -> f64 {
        match self {
            Self::Null => 0.0,
            Self::Bool(bool) => f64::from(u8::from(*bool)),
            Self::Number(number) => *number,
            Self::String(text) => number::parse(text),
            Self::Array(_) | Self::Object(_) => f64::NAN,
        }
    }

    /// Whether no expression can distinguish the two.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.to_bits() == b.to_bits(),
            (Self::Array(a), Self::Array(b)) => Arc::ptr_eq(a, b),
            (Self::Object(a), Self::Object(b)) => Arc::ptr_eq(a, b),
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::String(a), Self::String(b)) => a == b,
            _ => false,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

/// The ordering of two values under `==`, `<` and so on; `None` if they are neither equal nor ordered.
///
/// Values of one kind compare directly, strings without case; others compare as numbers; collections equal only themselves.
pub(super) fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::String(a), Value::String(b)) => Some(fold(a).encode_utf16().cmp(fold(b).encode_utf16())),
        (Value::Array(_), Value::Array(_)) | (Value::Object(_), Value::Object(_)) => left.is_same(right).then_some(Ordering::Equal),
        _ => left.to_number().partial_cmp(&right.to_number()),
    }
}

/// The form in which names and strings compare: upper case, one character for one, the dotless i left alone.
pub(super) fn fold(text: &str) -> String {
    text.chars()
        .map(|c| {
            let mut upper = c.to_uppercase();
            match (c, upper.next(), upper.next()) {
                ('\u{131}', ..) => c,
                (_, Some(single), None) => single,
                _ => c,
            }
        })
        .collect()
}

/// An ordered map whose keys compare without case; the first spelling of a key stays.
#[derive(Debug, Clone)]
pub struct Map<T> {
    entries: Vec<(String, T)>,
    index: HashMap<String, usize>,
}

impl<T> Map<T> {
    /// Makes an empty map.
    pub fn new() -> Self {
        Self { entries: Vec::new(), index: HashMap::new() }
    }

    /// Sets a key, and returns what it held.
    pub fn insert(&mut self, key: impl Into<String>, value: T) -> Option<T> {
        let key = key.into();
        let next = self.entries.len();
        let at = *self.index.entry(fold(&key)).or_insert(next);
        match self.entries.get_mut(at) {
            Some((_, old)) => Some(std::mem::replace(old, value)),
            None => {
                self.entries.push((key, value));
                None
            }
        }
    }

    /// The value of a key, in any case.
    pub fn get(&self, key: &str) -> Option<&T> {
        self.index.get(&fold(key)).and_then(|at| self.entries.get(*at)).map(|(_, value)| value)
    }

    /// The key as it is spelled in the map.
    pub(super) fn spelling(&self, key: &str) -> Option<&str> {
        self.index.get(&fold(key)).and_then(|at| self.entries.get(*at)).map(|(key, _)| key.as_str())
    }

    /// The entries, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.entries.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The values, in the order in which they came.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().map(|(_, value)| value)
    }

    /// The entries themselves.
    pub(super) fn into_entries(self) -> impl Iterator<Item = (String, T)> {
        self.entries.into_iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<T> Default for Map<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: PartialEq> PartialEq for Map<T> {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl<K: Into<String>, T> FromIterator<(K, T)> for Map<T> {
    fn from_iter<I: IntoIterator<Item = (K, T)>>(entries: I) -> Self {
        let mut map = Self::new();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}
