//! Evaluates a tree over what a scenario knows.
//!
//! Sound by construction: whatever the unknown turns out to be, the value that GitHub computes is in the set computed here. A part
//! that fails in some runs only makes the result unknown; an error means that every run fails.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use super::context::{Assumed, Contexts, Functions, Lookup, Reason, Resolved, StatusFunction};
use super::functions::{self, Failure, Function, Piece};
use super::possible::{Item, Open, Possible};
use super::syntax::{Comparison, EvalError, Expr, Index, Kind, Name, Span, Tree};
use super::text::{self, MAX_MEMORY, TOO_LARGE};
use super::value::{Value, compare, fold};
use super::{access, possible::MAX_VALUES};

/// The most combinations of argument values that are tried.
const MAX_COMBINATIONS: usize = 256;

/// What all sets of an evaluation may hold together, in bytes, before they are given up as unknown.
const MAX_HELD: usize = MAX_VALUES * MAX_MEMORY;

/// Evaluates an expression.
///
/// # Errors
/// When the expression names what the position does not offer, or fails in every run.
pub fn evaluate(expr: &Expr, contexts: &dyn Contexts, functions: &Functions) -> Result<Resolved, EvalError> {
    let span = expr.root.as_ref().map_or(Span { start: 0, end: 0 }, |root| root.span);
    for (name, span) in &expr.names {
        if !is_offered(name, contexts, functions) {
            let spelling = match name {
                Name::Context(name) => name.as_str(),
                Name::Function(function) => function.name(),
            };
            return Err(EvalError { span: *span, message: name.refusal(spelling) });
        }
    }
    Ok(Evaluator::new(contexts, functions).expression(expr)?.resolved(span))
}

/// Whether a position offers a name.
pub(super) fn is_offered(name: &Name, contexts: &dyn Contexts, functions: &Functions) -> bool {
    match name {
        Name::Context(name) => !matches!(contexts.context(name), Lookup::Unavailable),
        Name::Function(Function::HashFiles) => functions.hash_files,
        Name::Function(Function::Status(_)) => functions.status.is_some(),
        Name::Function(_) => true,
    }
}

/// One evaluation; a context is asked for once, so that its objects keep their identity.
pub(super) struct Evaluator<'a> {
    contexts: &'a dyn Contexts,
    functions: &'a Functions,
    roots: RefCell<HashMap<String, Possible>>,
    /// What every run holds at this point, at least, in bytes.
    least: Cell<usize>,
    /// What this evaluation holds at this point, in bytes.
    held: Cell<usize>,
}

type Evaluated = Result<Possible, EvalError>;

impl<'a> Evaluator<'a> {
    pub(super) fn new(contexts: &'a dyn Contexts, functions: &'a Functions) -> Self {
        Self { contexts, functions, roots: RefCell::default(), least: Cell::new(0), held: Cell::new(0) }
    }

    pub(super) fn expression(&self, expr: &Expr) -> Evaluated {
        expr.root.as_ref().map_or_else(|| Ok(Possible::known(Value::Null)), |root| self.tree(root))
    }

    /// Evaluates a part, and accounts for its memory as the runner does: a part's own parts are released when it is done.
    pub(super) fn tree(&self, tree: &Tree) -> Evaluated {
        let (least, held) = (self.least.get(), self.held.get());
        let value = self.kind(tree)?;
        let sizes = value.items.iter().map(|item| match item {
            Item::Known(Value::String(text)) => text::size(text),
            Item::Known(_) | Item::Partial(_) => 0,
            Item::Filtered(items) => items.len().saturating_mul(8),
        });
        let smallest = if value.open.is_closed() { sizes.clone().min().unwrap_or(0) } else { 0 };
        self.least.set(least.saturating_add(smallest));
        self.held.set(held.saturating_add(sizes.sum()));
        if self.least.get() > MAX_MEMORY {
            return Err(EvalError { span: tree.span, message: TOO_LARGE.to_owned() });
        }
        if self.held.get() > MAX_HELD {
            self.held.set(held);
            return Ok(undecided(tree, "its possible values are too large to follow").because(&value.reasons));
        }
        Ok(value)
    }

    fn kind(&self, tree: &Tree) -> Evaluated {
        match &tree.kind {
            Kind::Literal(value) => Ok(Possible::known(value.clone())),
            Kind::Context(name) => Ok(self.root(name).placed(name, tree.span)),
            Kind::Access { root, steps } => self.access(tree, root, steps),
            Kind::Not(operand) => {
                let value = self.tree(operand)?;
                Ok(Possible::truths(value.may_be_falsy(), value.may_be_truthy(), value.reasons))
            }
            Kind::Compare { first, rest } => {
                let mut left = self.tree(first)?;
                for (comparison, right) in rest {
                    left = compared(*comparison, &left, &self.tree(right)?);
                }
                Ok(left)
            }
            Kind::And(operands) => self.logical(operands, Possible::falsy, Possible::truthy),
            Kind::Or(operands) => self.logical(operands, Possible::truthy, Possible::falsy),
            Kind::Call { function, args } => self.call(tree, *function, args),
        }
    }

    fn root(&self, name: &str) -> Possible {
        let mut roots = self.roots.borrow_mut();
        let root = roots.entry(fold(name)).or_insert_with(|| match self.contexts.context(name) {
            Lookup::Node(node) => Possible::of_node(node),
            Lookup::Unavailable => Possible::known(Value::Null),
        });
        root.clone()
    }

    /// `&&` and `||`: the operands that decide are kept, the others lead on to the next operand.
    fn logical(&self, operands: &[Tree], decides: fn(Possible) -> Possible, leads_on: fn(Possible) -> Possible) -> Evaluated {
        let mut decided = Possible::default();
        let mut last = Possible::known(Value::Null);
        for (at, operand) in operands.iter().enumerate() {
            let certain = decided.is_empty();
            last = match self.tree(operand) {
                Ok(value) => value,
                Err(error) if certain => return Err(error),
                Err(error) => return Ok(decided.or(may_fail(&error))),
            };
            if at + 1 == operands.len() {
                break;
            }
            if leads_on(last.clone()).is_empty() {
                return Ok(decided.or(last).settled());
            }
            let kept = decides(last.clone());
            if !kept.is_empty() {
                decided = decided.or(kept);
            }
        }
        Ok(decided.or(last).settled())
    }

    fn access(&self, tree: &Tree, root: &Tree, steps: &[Index]) -> Evaluated {
        let mut value = match &root.kind {
            Kind::Context(name) => self.root(name),
            _ => self.tree(root)?,
        };
        for step in steps {
            value = match step {
                Index::Star => access::star(&value),
                Index::Key(key) => access::index(&value, &self.tree(key)?),
            };
        }
        Ok(value.placed(&access::path(root, steps), tree.span))
    }

    fn call(&self, tree: &Tree, function: Function, args: &[Tree]) -> Evaluated {
        match function {
            Function::Case => self.case(args),
            Function::Format => self.format(tree, args),
            Function::Status(status) => self.status(tree, status, args),
            Function::HashFiles => {
                self.all(args)?;
                Ok(undecided(tree, "the content of files is known at run time only"))
            }
            Function::Contains => self.predicate(tree, args, functions::contains),
            Function::StartsWith => self.predicate(tree, args, functions::starts_with),
            Function::EndsWith => self.predicate(tree, args, functions::ends_with),
            Function::Join => {
                let args = self.all(args)?;
                lift(tree, &args, Open::ANY, |values| match values {
                    [array, rest @ ..] => functions::join(array, rest.first()),
                    [] => Ok(Value::Null),
                })
            }
            Function::ToJson => {
                let args = self.all(args)?;
                if args.iter().flat_map(|arg| &arg.items).any(|item| matches!(item, Item::Partial(_))) {
                    return Ok(Possible::unknown(Open::TRUTHY, reasons(&args)));
                }
                lift(tree, &args, Open::TRUTHY, |values| values.first().map_or(Ok(Value::Null), functions::to_json))
            }
            Function::FromJson => {
                let args = self.all(args)?;
                lift(tree, &args, Open::ANY, |values| values.first().map_or(Ok(Value::Null), functions::from_json))
            }
        }
    }

    fn all(&self, args: &[Tree]) -> Result<Vec<Possible>, EvalError> {
        args.iter().map(|arg| self.tree(arg)).collect()
    }

    fn predicate(&self, tree: &Tree, args: &[Tree], holds: fn(&Value, &Value) -> bool) -> Evaluated {
        let args = self.all(args)?;
        if args.iter().any(|arg| !arg.open.is_closed()) {
            return Ok(Possible::truths(true, true, reasons(&args)));
        }
        lift(tree, &args, Open::ANY, |values| match values {
            [left, right] => Ok(Value::Bool(holds(left, right))),
            _ => Ok(Value::Null),
        })
    }

    /// `case(predicate, value, …, default)`, read lazily as the runner does.
    fn case(&self, args: &[Tree]) -> Evaluated {
        let mut taken = Possible::default();
        for pair in args.chunks(2) {
            let [predicate, value] = pair else {
                let Some(default) = pair.first() else { break };
                return self.branch(&taken, default).map(Possible::settled);
            };
            let decided = match self.tree(predicate).and_then(|decided| truths_only(predicate, decided)) {
                Err(error) if !taken.is_empty() => return Ok(taken.or(may_fail(&error))),
                decided => decided?,
            };
            if decided.may_be_truthy() {
                let chosen = if decided.may_be_falsy() {
                    taken.or(self.tree(value).unwrap_or_else(|error| may_fail(&error)))
                } else {
                    self.branch(&taken, value)?
                };
                taken = chosen.because(&decided.reasons);
            }
            if !decided.may_be_falsy() {
                break;
            }
        }
        Ok(taken.settled())
    }

    /// What is taken so far, or the value of a branch that is surely taken otherwise.
    fn branch(&self, taken: &Possible, value: &Tree) -> Evaluated {
        match self.tree(value) {
            Err(error) if !taken.is_empty() => Ok(taken.clone().or(may_fail(&error))),
            value => Ok(taken.clone().or(value?)),
        }
    }

    fn format(&self, tree: &Tree, args: &[Tree]) -> Evaluated {
        let Some((format, args)) = args.split_first() else { return Ok(Possible::known(Value::Null)) };
        let format = self.tree(format)?;
        let Some(single) = format.single() else {
            return self.format_any(tree, format, args);
        };
        let text = single.operand().to_text();
        let pieces = functions::format_pieces(&text, args.len()).map_err(|failure| failed(tree, failure))?;
        let mut asked: Vec<usize> = pieces.iter().filter_map(|piece| if let Piece::Arg(at) = piece { Some(*at) } else { None }).collect();
        asked.sort_unstable();
        asked.dedup();
        let values = asked.iter().filter_map(|at| args.get(*at)).map(|arg| self.tree(arg)).collect::<Result<Vec<_>, _>>()?;
        let literal = pieces.iter().any(|piece| matches!(piece, Piece::Text(part) if !part.is_empty()));
        lift(tree, &values, Open { truthy: true, falsy: !literal }, |values| {
            let value_of = |at: usize| asked.binary_search(&at).ok().and_then(|at| values.get(at)).map_or_else(String::new, Value::to_text);
            functions::fill(&pieces, value_of)
        })
    }

    /// `format` with a format string that is not one text: which arguments it asks for is open, so none of them is certain to fail.
    fn format_any(&self, tree: &Tree, format: Possible, args: &[Tree]) -> Evaluated {
        let rest = args.iter().map(|arg| self.tree(arg).unwrap_or_else(|error| may_fail(&error)));
        let values: Vec<Possible> = std::iter::once(format).chain(rest).collect();
        lift(tree, &values, Open::ANY, |values| {
            let (format, args) = values.split_first().map_or((String::new(), values), |(format, args)| (format.to_text(), args));
            let pieces = functions::format_pieces(&format, args.len())?;
            functions::fill(&pieces, |at| args.get(at).map_or_else(String::new, Value::to_text))
        })
    }

    fn status(&self, tree: &Tree, function: StatusFunction, args: &[Tree]) -> Evaluated {
        self.all(args)?;
        let assumed = match (self.functions.status, function) {
            (_, StatusFunction::Always) => Assumed::True,
            (None, _) => Assumed::Unknown,
            // With names the answer is that of some of the jobs: certain only where that of all of them makes it so.
            (Some(status), StatusFunction::Success) if status.success == Assumed::True || args.is_empty() => status.success,
            (Some(status), StatusFunction::Failure) if status.failure == Assumed::False || args.is_empty() => status.failure,
            (Some(status), StatusFunction::Cancelled) => status.cancelled,
            (Some(_), StatusFunction::Success | StatusFunction::Failure) => Assumed::Unknown,
        };
        Ok(self::assumed(function, assumed, tree.span))
    }
}

/// The value of a status function.
pub(super) fn assumed(function: StatusFunction, assumed: Assumed, span: Span) -> Possible {
    let path = format!("{}()", Function::Status(function).name());
    let reason = Reason { path, span, why: "how the needed jobs end is known at run time only".to_owned() };
    Possible::truths(assumed != Assumed::False, assumed != Assumed::True, vec![reason])
}

/// The predicate of `case`: a bool, or the run fails. Where it may be both, some runs fail and the rest is unknown.
fn truths_only(predicate: &Tree, value: Possible) -> Evaluated {
    let is_bool = |item: &Item| matches!(item, Item::Known(Value::Bool(_)));
    let error = EvalError { span: predicate.span, message: "case predicate must evaluate to a boolean value".to_owned() };
    match (value.items.iter().all(is_bool), value.items.iter().any(is_bool) || !value.open.is_closed()) {
        (true, _) => Ok(value),
        (false, true) => Ok(may_fail(&error).because(&value.reasons)),
        (false, false) => Err(error),
    }
}

fn compared(comparison: Comparison, left: &Possible, right: &Possible) -> Possible {
    let reasons = reasons([left, right]);
    if !left.open.is_closed() || !right.open.is_closed() {
        return Possible::truths(true, true, reasons);
    }
    let (mut may_hold, mut may_fail) = (false, false);
    for a in left.items.iter().map(Item::operand) {
        for b in right.items.iter().map(Item::operand) {
            let order = compare(&a, &b);
            let holds = match comparison {
                Comparison::Equal => order.is_some_and(|order| order.is_eq()),
                Comparison::NotEqual => order.is_none_or(|order| order.is_ne()),
                Comparison::Less => order.is_some_and(|order| order.is_lt()),
                Comparison::LessOrEqual => order.is_some_and(|order| order.is_le()),
                Comparison::Greater => order.is_some_and(|order| order.is_gt()),
                Comparison::GreaterOrEqual => order.is_some_and(|order| order.is_ge()),
            };
            may_hold |= holds;
            may_fail |= !holds;
        }
    }
    Possible::truths(may_hold, may_fail, reasons)
}

/// Applies a function of known values to each combination of what the arguments may be.
fn lift(tree: &Tree, args: &[Possible], open: Open, apply: impl Fn(&[Value]) -> Result<Value, Failure>) -> Evaluated {
    let reasons = reasons(args);
    let combinations = args.iter().fold(1_usize, |count, arg| count.saturating_mul(arg.items.len()));
    if args.iter().any(|arg| !arg.open.is_closed()) || combinations > MAX_COMBINATIONS {
        return Ok(Possible::unknown(open, reasons));
    }
    let mut set = Possible::default();
    let mut failure = None;
    for combination in 0..combinations {
        let mut digits = combination;
        let values: Vec<Value> = args
            .iter()
            .filter_map(|arg| {
                let item = arg.items.get(digits % arg.items.len().max(1));
                digits /= arg.items.len().max(1);
                item.map(Item::operand)
            })
            .collect();
        match apply(&values) {
            Ok(value) => set = set.or(Possible::known(value)),
            Err(Failure::Undecided(why)) => set = set.or(undecided(tree, &why)),
            Err(error) => failure = Some(failed(tree, error)),
        }
    }
    match failure {
        Some(error) if set.is_empty() => Err(error),
        Some(error) => Ok(set.or(may_fail(&error)).because(&reasons)),
        None => Ok(set.because(&reasons).settled()),
    }
}

/// The reasons of all that is not one known value.
fn reasons<'p>(values: impl IntoIterator<Item = &'p Possible>) -> Vec<Reason> {
    values.into_iter().fold(Possible::default(), |all, value| all.because(&value.reasons)).reasons
}

fn failed(tree: &Tree, failure: Failure) -> EvalError {
    let (Failure::Error(message) | Failure::Undecided(message)) = failure;
    EvalError { span: tree.span, message }
}

/// The value of a part that fails if it is reached, where nobody can say whether it is.
pub(super) fn may_fail(error: &EvalError) -> Possible {
    let why = format!("it may fail: {}", error.message);
    Possible::unknown(Open::ANY, vec![Reason { path: "expression".to_owned(), span: error.span, why }])
}

fn undecided(tree: &Tree, why: &str) -> Possible {
    let path = match &tree.kind {
        Kind::Call { function, .. } => format!("{}()", function.name()),
        _ => "expression".to_owned(),
    };
    Possible::unknown(Open::ANY, vec![Reason { path, span: tree.span, why: why.to_owned() }])
}
