//! Operations on values, applied to sets of values.

use super::context::{Assumed, Reason};
use super::functions::{self, Function, Piece, StatusFunction};
use super::possible::{Evaluated, Item, Open, Possible};
use super::syntax::{Comparison, EvalError, Span, Tree};
use super::text::Failure;
use super::value::{Value, compare};

/// The most combinations of argument values that are tried.
const MAX_COMBINATIONS: usize = 256;

/// The value of a status function.
pub(super) fn assumed(function: StatusFunction, assumed: Assumed, span: Span) -> Possible {
    let path = format!("{}()", Function::Status(function).name());
    let reason = Reason { path, span, why: "how the needed jobs end is known at run time only".into() };
    Possible::truths(assumed != Assumed::False, assumed != Assumed::True, vec![reason])
}

/// The predicate of `case`: a bool, or the run fails. If it may be both, some runs fail and the rest is unknown.
pub(super) fn truths_only(predicate: &Tree, value: Possible) -> Evaluated {
    let is_bool = |item: &Item| matches!(item, Item::Known(Value::Bool(_)));
    let error = EvalError { span: predicate.span, message: "case predicate must evaluate to a boolean value".to_owned() };
    match (value.items.iter().all(is_bool), value.items.iter().any(is_bool) || !value.open.is_closed()) {
        (true, _) => Ok(value),
        (false, true) => Ok(may_fail(&error).because(&value.reasons)),
        (false, false) => Err(error),
    }
}

/// What a reason or a failure is about.
pub(super) struct SourceSpan {
    pub(super) path: String,
    pub(super) span: Span,
}

impl SourceSpan {
    /// A part of an expression that has no name.
    pub(super) fn of(span: Span) -> Self {
        Self { path: "expression".to_owned(), span }
    }

    pub(super) fn unknown(&self, why: &str) -> Possible {
        Possible::unknown(Open::ANY, vec![Reason { path: self.path.clone(), span: self.span, why: why.into() }])
    }

    pub(super) fn failure(&self, failure: Failure) -> EvalError {
        let (Failure::Error(message) | Failure::Undecided(message)) = failure;
        EvalError { span: self.span, message }
    }
}

/// A comparison of each value with each.
pub(super) fn compared(comparison: Comparison, left: &Possible, right: &Possible) -> Possible {
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
pub(super) fn lift(place: &SourceSpan, args: &[Possible], open: Open, apply: impl Fn(&[Value]) -> Result<Value, Failure>) -> Evaluated {
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
            Err(Failure::Undecided(why)) => set = set.or(place.unknown(&why)),
            Err(error) => failure = Some(place.failure(error)),
        }
    }
    match failure {
        Some(error) if set.is_empty() => Err(error),
        Some(error) => Ok(set.or(may_fail(&error)).because(&reasons)),
        None => Ok(set.because(&reasons).settled()),
    }
}

/// The text made of pieces and the values of their arguments.
pub(super) fn filled(place: &SourceSpan, pieces: &[Piece<'_>], values: &[Possible]) -> Evaluated {
    let has_text = pieces.iter().any(|piece| matches!(piece, Piece::Text(part) if !part.is_empty()));
    let may_be_empty = |value: &Possible| value.open.falsy || value.items.iter().any(|item| item.operand().to_text().is_empty());
    let open = Open { truthy: true, falsy: !has_text && values.iter().all(may_be_empty) };
    lift(place, values, open, |values| functions::fill(pieces, |at| values.get(at).map_or_else(String::new, Value::to_text)))
}

/// The reasons of everything that is not one known value.
pub(super) fn reasons<'p>(values: impl IntoIterator<Item = &'p Possible>) -> Vec<Reason> {
    values.into_iter().fold(Possible::default(), |all, value| all.because(&value.reasons)).reasons
}

/// The value of a part that fails if it is reached, if it is not known whether it is.
pub(super) fn may_fail(error: &EvalError) -> Possible {
    SourceSpan::of(error.span).unknown(&format!("it may fail: {}", error.message))
}
