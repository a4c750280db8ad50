//! The tree of an expression, positions in it, and what may be wrong with it.

use super::functions::Function;
use super::value::Value;

/// Bytes within the text that was parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// Text that is not an expression, or names what its position does not offer: GitHub refuses the whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where.
    pub span: Span,
    /// What, in GitHub's words.
    pub message: String,
}

/// An expression that has no value in any run: GitHub fails the job or the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvalError {
    /// Where.
    pub span: Span,
    /// What, in GitHub's words.
    pub message: String,
}

/// Either kind of error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The file is refused.
    Syntax(SyntaxError),
    /// The run fails.
    Evaluation(EvalError),
}

impl Error {
    /// Where.
    pub fn span(&self) -> Span {
        match self {
            Self::Syntax(error) => error.span,
            Self::Evaluation(error) => error.span,
        }
    }

    /// What, in GitHub's words.
    pub fn message(&self) -> &str {
        match self {
            Self::Syntax(error) => &error.message,
            Self::Evaluation(error) => &error.message,
        }
    }
}

impl From<SyntaxError> for Error {
    fn from(error: SyntaxError) -> Self {
        Self::Syntax(error)
    }
}

impl From<EvalError> for Error {
    fn from(error: EvalError) -> Self {
        Self::Evaluation(error)
    }
}

/// A parsed expression.
#[derive(Debug, Clone)]
pub struct Expr {
    /// None for text without a token, whose value is null.
    pub(super) root: Option<Tree>,
    pub(super) names: Vec<(Name, Span)>,
}

impl Expr {
    /// The functions that the expression calls.
    pub(super) fn functions(&self) -> impl Iterator<Item = Function> {
        self.names.iter().filter_map(|(name, _)| match name {
            Name::Function(function) => Some(*function),
            Name::Context(_) => None,
        })
    }
}

/// A name that a position in a workflow may or may not offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    Context(String),
    Function(Function),
}

impl Name {
    /// GitHub's message if the name, as spelled, is not available.
    pub(super) fn refusal(&self, spelling: &str) -> String {
        match self {
            Self::Context(_) => format!("Unrecognized named-value: '{spelling}'"),
            Self::Function(_) => format!("Unrecognized function: '{spelling}'"),
        }
    }
}

/// A part of an expression. Its depth is at most that of the parser, so walking it recursively is safe.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    pub(super) span: Span,
    pub(super) kind: ExprKind,
}

#[derive(Debug, Clone)]
pub(super) enum ExprKind {
    Literal(Value),
    Context(String),
    Call {
        function: Function,
        args: Vec<Tree>,
    },
    Access {
        root: Box<Tree>,
        steps: Vec<Index>,
    },
    Not(Box<Tree>),
    /// A chain of one precedence, read from the left: `a < b <= c`.
    Compare {
        first: Box<Tree>,
        rest: Vec<(Comparison, Tree)>,
    },
    And(Vec<Tree>),
    Or(Vec<Tree>),
}

/// One step of `a.b['c'].*`.
#[derive(Debug, Clone)]
pub(super) enum Index {
    Star,
    Key(Tree),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}
