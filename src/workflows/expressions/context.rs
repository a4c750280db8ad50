//! What is known in a scenario, in the form that the evaluator needs.

use std::collections::BTreeSet;
use std::fmt;

use super::functions::StatusFunction;
use super::syntax::Span;
use super::value::{Map, Value};

/// The contexts that one position of a workflow offers, and what is known about them.
pub trait Contexts {
    /// What is known about the root of a context (`github`, `inputs`, `matrix`, …); none if the position does not offer it: GitHub
    /// refuses the file. The name comes as it is spelled in the expression: compare without case.
    fn context(&self, name: &str) -> Option<Node>;

    /// Whether the position offers a context. It is asked for each name of an expression, so it should not make the context.
    fn offers(&self, name: &str) -> bool {
        self.context(name).is_some()
    }
}

/// Every context, with nothing known about any.
#[derive(Debug, Clone, Copy)]
pub struct Nothing;

impl Contexts for Nothing {
    fn context(&self, _: &str) -> Option<Node> {
        Some(Node::unknown("nothing is assumed of a step"))
    }
}

/// What is known about a context or a property in it.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// The value.
    Known(Value),
    /// It is one of these, and it is not known which; an empty list says nothing.
    OneOf(Vec<Value>),
    /// Nothing, and why.
    Unknown(Why),
    /// It is an object with these properties.
    Partial(Map<Self>, Rest),
}

impl Node {
    /// A node about which nothing is known.
    pub(in crate::workflows) fn unknown(why: &str) -> Self {
        Self::Unknown(why.into())
    }

    /// An object with these properties, and no others.
    pub(in crate::workflows) fn object<K: Into<String>>(fields: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Partial(fields.into_iter().collect(), Rest::Null)
    }

    /// A node that is this text.
    pub(in crate::workflows) fn text(text: &str) -> Self {
        Self::Known(Value::from(text))
    }
}

/// What is known about the properties that a [`Node::Partial`] does not list.
#[derive(Debug, Clone, PartialEq)]
pub enum Rest {
    /// There are none, so they are null.
    Null,
    /// Nothing, and why.
    Unknown(Why),
}

/// Why something is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// What it depends on, the nearest first: an input depends on what the caller passes.
    pub paths: Vec<String>,
    /// A clause such as `the payload of an event is known at run time only`.
    pub clause: String,
}

impl From<String> for Why {
    fn from(clause: String) -> Self {
        Self { paths: Vec::new(), clause }
    }
}

impl From<&str> for Why {
    fn from(clause: &str) -> Self {
        Self::from(clause.to_owned())
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.paths.iter().try_for_each(|path| write!(f, "`{path}`: "))?;
        f.write_str(&self.clause)
    }
}

/// The functions that are available at one position only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Functions {
    /// `success()`, `failure()`, `cancelled()`, `always()`, and what to assume about them; none if they are not allowed.
    pub status: Option<Status>,
    /// Whether `hashFiles` is allowed; its value is always unknown.
    pub hash_files: bool,
}

/// What to assume about the jobs that this one needs. `always()` is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// `success()`.
    pub success: Assumed,
    /// `failure()`.
    pub failure: Assumed,
    /// `cancelled()`.
    pub cancelled: Assumed,
}

impl Status {
    /// Every needed job succeeded and none was cancelled.
    pub const NEEDS_SUCCEEDED: Self = Self { success: Assumed::True, failure: Assumed::False, cancelled: Assumed::False };
    /// Anything may have happened.
    pub const UNKNOWN: Self = Self { success: Assumed::Unknown, failure: Assumed::Unknown, cancelled: Assumed::Unknown };
}

/// A three-valued truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assumed {
    /// It holds.
    True,
    /// It does not.
    False,
    /// Unknown.
    Unknown,
}

/// Why a value is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What is not known: `needs.setup.outputs.env`, `hashFiles()`.
    pub path: String,
    /// Where the expression reads it.
    pub span: Span,
    /// Why it is unknown.
    pub why: Why,
}

impl Reason {
    /// Why a value that depends on it is unknown.
    pub fn behind(&self) -> Why {
        Why { paths: [&self.path].into_iter().chain(&self.why.paths).cloned().collect(), clause: self.why.clause.clone() }
    }
}

/// The value of an expression in every run of the scenario in which it has one.
#[derive(Debug, Clone, PartialEq)]
pub enum Resolved {
    /// Always this one.
    Known(Value),
    /// One of these: 2 to 16, no two equal. Not each of them need occur.
    OneOf(Vec<Value>),
    /// Unknown, for these reasons: at least one.
    Unknown(Vec<Reason>),
}

/// The result of an `if:`.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Its truth: a known bool, or unknown.
    pub value: Resolved,
    /// Whether there is text around `${{ }}`: the condition is then a non-empty string and always true, which is rarely intended.
    pub mixed: bool,
    /// The status functions that occur. If there is none, `success() &&` is implied, and is part of the value.
    pub status_functions: BTreeSet<StatusFunction>,
}

impl Condition {
    /// Its truth, if that is known.
    pub fn truth(&self) -> Option<bool> {
        match &self.value {
            Resolved::Known(value) => Some(value.is_truthy()),
            Resolved::OneOf(_) | Resolved::Unknown(_) => None,
        }
    }
}
