//! Evaluates a tree over what is known in a scenario.
//!
//! Sound by construction: for every value of the unknown, the value that GitHub computes is in the set computed here. A part
//! that fails in some runs only makes the result unknown; an error means that every run fails.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::context::{Assumed, Contexts, Functions};
use super::functions::{self, Function, Piece, StatusFunction};
use super::lift::{SourceSpan, compared, filled, lift, may_fail, reasons, truths_only};
use super::possible::{Evaluated, Item, MAX_VALUES, Open, Possible};
use super::syntax::{EvalError, Expr, ExprKind, Index, Name, Span, Tree};
use super::text::{self, MAX_MEMORY, TOO_LARGE};
use super::value::{Value, fold};
use super::{access, lift};

/// What all sets of an evaluation may hold together, in bytes, before they are given up as unknown.
const MAX_HELD: usize = MAX_VALUES * MAX_MEMORY;

/// Whether a position offers a name.
pub(super) fn is_offered(name: &Name, contexts: &dyn Contexts, functions: &Functions) -> bool {
    match name {
        Name::Context(name) => contexts.offers(name),
        Name::Function(Function::HashFiles) => functions.hash_files,
        Name::Function(Function::Status(_)) => functions.status.is_some(),
        Name::Function(_) => true,
    }
}

/// One evaluation; each context is requested once, so that its objects keep their identity.
pub(super) struct Evaluator<'a> {
    contexts: &'a dyn Contexts,
    functions: &'a Functions,
    roots: RefCell<HashMap<String, Rc<Possible>>>,
    /// What every run holds at this point, at least, in bytes.
    least: Cell<usize>,
    /// What this evaluation holds at this point, in bytes.
    held: Cell<usize>,
}

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
            return Ok(SourceSpan::of(tree.span).unknown("its possible values are too large to follow").because(&value.reasons));
        }
        Ok(value)
    }

    fn kind(&self, tree: &Tree) -> Evaluated {
        match &tree.kind {
            ExprKind::Literal(value) => Ok(Possible::known(value.clone())),
            ExprKind::Context(name) => Ok(Possible::clone(&self.root(name)).placed(name, tree.span)),
            ExprKind::Access { root, steps } => self.access(tree, root, steps),
            ExprKind::Not(operand) => {
                let value = self.tree(operand)?;
                Ok(Possible::truths(value.may_be_falsy(), value.may_be_truthy(), value.reasons))
            }
            ExprKind::Compare { first, rest } => {
                let mut left = self.tree(first)?;
                for (comparison, right) in rest {
                    left = compared(*comparison, &left, &self.tree(right)?);
                }
                Ok(left)
            }
            ExprKind::And(operands) => self.logical(operands, Possible::falsy, Possible::truthy),
            ExprKind::Or(operands) => self.logical(operands, Possible::truthy, Possible::falsy),
            ExprKind::Call { function, args } => self.call(tree, *function, args),
        }
    }

    fn root(&self, name: &str) -> Rc<Possible> {
        let mut roots = self.roots.borrow_mut();
        let root = roots
            .entry(fold(name))
            .or_insert_with(|| Rc::new(self.contexts.context(name).map_or_else(|| Possible::known(Value::Null), Possible::of_node)));
        Rc::clone(root)
    }

    /// Evaluates a part that not every run reaches: its memory and its failure do not count for all runs.
    fn aside(&self, tree: &Tree) -> Evaluated {
        let (least, held) = (self.least.get(), self.held.get());
        let value = self.tree(tree);
        self.least.set(least);
        if value.is_err() {
            self.held.set(held);
        }
        value
    }

    fn maybe(&self, tree: &Tree) -> Possible {
        self.aside(tree).unwrap_or_else(|error| may_fail(&error))
    }

    /// `&&` and `||`: deciding values are kept, the others continue with the next operand.
    fn logical(&self, operands: &[Tree], decides: fn(Possible) -> Possible, leads_on: fn(Possible) -> Possible) -> Evaluated {
        let mut decided = Possible::default();
        for (at, operand) in operands.iter().enumerate() {
            let value = if decided.is_empty() { self.tree(operand)? } else { self.maybe(operand) };
            if at + 1 == operands.len() || leads_on(value.clone()).is_empty() {
                return Ok(decided.or(value).settled());
            }
            let kept = decides(value);
            if !kept.is_empty() {
                decided = decided.or(kept);
            }
        }
        Ok(decided)
    }

    fn access(&self, tree: &Tree, root: &Tree, steps: &[Index]) -> Evaluated {
        // A context is not copied for each access: `needs` may have a hundred jobs, each read once.
        let mut value = match &root.kind {
            ExprKind::Context(name) => self.root(name),
            _ => Rc::new(self.tree(root)?),
        };
        for step in steps {
            value = Rc::new(match step {
                Index::Star => access::star(&value),
                Index::Key(key) => access::index(&value, &self.tree(key)?),
            });
        }
        Ok(Rc::unwrap_or_clone(value).placed(&access::path(root, steps), tree.span))
    }

    fn call(&self, tree: &Tree, function: Function, args: &[Tree]) -> Evaluated {
        let place = SourceSpan { path: format!("{}()", function.name()), span: tree.span };
        match function {
            Function::Case => self.case(args),
            Function::Format => self.format(&place, args),
            Function::Status(status) => self.status(tree.span, status, args),
            Function::HashFiles => {
                self.all(args)?;
                Ok(place.unknown("the content of files is known at run time only"))
            }
            Function::Contains => self.predicate(&place, args, functions::contains),
            Function::StartsWith => self.predicate(&place, args, functions::starts_with),
            Function::EndsWith => self.predicate(&place, args, functions::ends_with),
            Function::Join => {
                let args = self.all(args)?;
                lift(&place, &args, Open::ANY, |values| match values {
                    [array, rest @ ..] => functions::join(array, rest.first()),
                    [] => Ok(Value::Null),
                })
            }
            Function::ToJson => {
                let args = self.all(args)?;
                if args.iter().flat_map(|arg| &arg.items).any(|item| matches!(item, Item::Partial(_))) {
                    return Ok(Possible::unknown(Open::TRUTHY, reasons(&args)));
                }
                lift(&place, &args, Open::TRUTHY, |values| values.first().map_or(Ok(Value::Null), functions::to_json))
            }
            Function::FromJson => {
                let args = self.all(args)?;
                lift(&place, &args, Open::ANY, |values| values.first().map_or(Ok(Value::Null), functions::from_json))
            }
        }
    }

    fn all(&self, args: &[Tree]) -> Result<Vec<Possible>, EvalError> {
        args.iter().map(|arg| self.tree(arg)).collect()
    }

    fn predicate(&self, place: &SourceSpan, args: &[Tree], holds: fn(&Value, &Value) -> bool) -> Evaluated {
        let args = self.all(args)?;
        if args.iter().any(|arg| !arg.open.is_closed()) {
            return Ok(Possible::truths(true, true, reasons(&args)));
        }
        lift(place, &args, Open::ANY, |values| match values {
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
                taken = if taken.is_empty() { self.tree(default)? } else { taken.or(self.maybe(default)) };
                break;
            };
            let certain = taken.is_empty();
            let decided = if certain { self.tree(predicate) } else { self.aside(predicate) };
            let decided = match decided.and_then(|decided| truths_only(predicate, decided)) {
                Err(error) if !certain => return Ok(taken.or(may_fail(&error))),
                decided => decided?,
            };
            if !decided.may_be_falsy() {
                taken = if certain { self.tree(value)? } else { taken.or(self.maybe(value)) };
                break;
            }
            if decided.may_be_truthy() {
                taken = taken.or(self.maybe(value)).because(&decided.reasons);
            }
        }
        Ok(taken.settled())
    }

    fn format(&self, place: &SourceSpan, args: &[Tree]) -> Evaluated {
        let Some((format, args)) = args.split_first() else { return Ok(Possible::known(Value::Null)) };
        let format = self.tree(format)?;
        let Some(single) = format.single() else {
            return self.format_any(place, format, args);
        };
        let text = single.operand().to_text();
        let pieces = functions::format_pieces(&text, args.len()).map_err(|failure| place.failure(failure))?;
        // Arguments that the text does not use are not evaluated.
        let mut asked = BTreeMap::new();
        let mut values = Vec::new();
        let mut renumbered = Vec::new();
        for piece in pieces {
            renumbered.push(match piece {
                Piece::Text(_) => piece,
                Piece::Arg(at) => {
                    if let (None, Some(arg)) = (asked.get(&at), args.get(at)) {
                        asked.insert(at, values.len());
                        values.push(self.tree(arg)?);
                    }
                    Piece::Arg(asked.get(&at).copied().unwrap_or_default())
                }
            });
        }
        filled(place, &renumbered, &values)
    }

    /// `format` with a format string that is not one text: it is open which arguments it uses, so none of them is certain to fail.
    fn format_any(&self, place: &SourceSpan, format: Possible, args: &[Tree]) -> Evaluated {
        let rest = args.iter().map(|arg| self.maybe(arg));
        let values: Vec<Possible> = std::iter::once(format).chain(rest).collect();
        lift(place, &values, Open::ANY, |values| {
            let (format, args) = values.split_first().map_or((String::new(), values), |(format, args)| (format.to_text(), args));
            let pieces = functions::format_pieces(&format, args.len())?;
            functions::fill(&pieces, |at| args.get(at).map_or_else(String::new, Value::to_text))
        })
    }

    fn status(&self, span: Span, function: StatusFunction, args: &[Tree]) -> Evaluated {
        self.all(args)?;
        let assumed = match (self.functions.status, function) {
            (_, StatusFunction::Always) => Assumed::True,
            (None, _) => Assumed::Unknown,
            // With names the answer is that of some of the jobs: it is certain only if the answer for all jobs makes it so.
            (Some(status), StatusFunction::Success) if status.success == Assumed::True || args.is_empty() => status.success,
            (Some(status), StatusFunction::Failure) if status.failure == Assumed::False || args.is_empty() => status.failure,
            (Some(status), StatusFunction::Cancelled) => status.cancelled,
            (Some(_), StatusFunction::Success | StatusFunction::Failure) => Assumed::Unknown,
        };
        Ok(lift::assumed(function, assumed, span))
    }
}
