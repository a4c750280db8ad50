//! Scalars of a workflow file: text with `${{ }}` in it, and `if:`.

use super::context::{Assumed, Condition, Contexts, Functions, Resolved};
use super::evaluate::{Evaluator, is_offered};
use super::functions::StatusFunction;
use super::functions::{Function, Piece};
use super::lift;
use super::parser::parse_part;
use super::possible::Possible;
use super::syntax::{Error, EvalError, Expr, Span, SyntaxError};
use super::value::Value;

const OPENING: &str = "${{";
const CLOSING: &str = "}}";

/// Evaluates a scalar: plain text is itself, a single `${{ }}` keeps its type, a mixture is concatenated as text.
///
/// Positions are bytes of the scalar's text.
///
/// # Errors
/// When an expression is not closed or not valid, names something unavailable at its position, or fails in every run.
pub fn interpolate(text: &str, contexts: &dyn Contexts, functions: &Functions) -> Result<Resolved, Error> {
    let span = whole(text);
    let parts = parts(text, contexts, functions)?;
    Ok(value(&parts, span, contexts, functions)?.resolved(span))
}

/// Evaluates an `if:`, bare or in `${{ }}`.
///
/// # Errors
/// As [`interpolate`].
pub fn condition(text: &str, contexts: &dyn Contexts, functions: &Functions) -> Result<Condition, Error> {
    let span = whole(text);
    let parts = if text.contains(OPENING) {
        parts(text, contexts, functions)?
    } else {
        vec![Part::Expression(parse_part(text, span, &|name| is_offered(name, contexts, functions))?)]
    };
    let expressions = parts.iter().filter_map(|part| if let Part::Expression(expr) = part { Some(expr) } else { None });
    let called = expressions.flat_map(Expr::functions);
    let status_functions =
        called.filter_map(|function| if let Function::Status(status) = function { Some(status) } else { None }).collect();
    let mixed = parts.iter().any(|part| matches!(part, Part::Text(_)));
    let mut condition = Condition { value: Resolved::Known(Value::Null), mixed, status_functions };
    // An empty condition is the implied one.
    let is_empty = matches!(parts.as_slice(), [Part::Expression(Expr { root: None, .. })]);
    let own = if is_empty { Ok(Possible::known(Value::Bool(true))) } else { value(&parts, span, contexts, functions) };
    let value = if condition.status_functions.is_empty() { after_success(own, span, functions)? } else { own? };
    condition.value = value.truth(span);
    Ok(condition)
}

/// `success() && own`.
fn after_success(own: Result<Possible, EvalError>, span: Span, functions: &Functions) -> Result<Possible, EvalError> {
    let success = lift::assumed(StatusFunction::Success, functions.status.map_or(Assumed::Unknown, |status| status.success), span);
    if !success.may_be_truthy() {
        return Ok(success);
    }
    match own {
        Err(error) if success.may_be_falsy() => Ok(success.falsy().or(lift::may_fail(&error))),
        Ok(own) if success.may_be_falsy() => Ok(success.falsy().or(own)),
        own => own,
    }
}

enum Part<'a> {
    Text(&'a str),
    Expression(Expr),
}

fn whole(text: &str) -> Span {
    Span { start: 0, end: text.len() }
}

/// Cuts a scalar into its text and its expressions.
fn parts<'a>(text: &'a str, contexts: &dyn Contexts, functions: &Functions) -> Result<Vec<Part<'a>>, SyntaxError> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(opening) = text.get(at..).and_then(|rest| rest.find(OPENING)).map(|found| at + found) {
        let start = opening + OPENING.len();
        let Some(end) = closing(text, start) else {
            let message = format!("`{OPENING}` is not closed by `{CLOSING}`");
            return Err(SyntaxError { span: Span { start: opening, end: text.len() }, message });
        };
        let expr = parse_part(text, Span { start, end }, &|name| is_offered(name, contexts, functions))?;
        if expr.root.is_none() {
            return Err(SyntaxError {
                span: Span { start: opening, end: end + CLOSING.len() },
                message: "An expression was expected".to_owned(),
            });
        }
        if opening > at {
            parts.push(Part::Text(text.get(at..opening).unwrap_or_default()));
        }
        parts.push(Part::Expression(expr));
        at = end + CLOSING.len();
    }
    match text.get(at..) {
        Some(rest) if !rest.is_empty() || parts.is_empty() => parts.push(Part::Text(rest)),
        _ => {}
    }
    Ok(parts)
}

/// The position of the `}}` outside quotes.
fn closing(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes().get(start..)?;
    let mut quoted = false;
    bytes.iter().enumerate().find_map(|(at, byte)| {
        quoted ^= *byte == b'\'';
        (!quoted && bytes.get(at..)?.starts_with(CLOSING.as_bytes())).then_some(start + at)
    })
}

fn value(parts: &[Part<'_>], span: Span, contexts: &dyn Contexts, functions: &Functions) -> Result<Possible, EvalError> {
    let evaluator = Evaluator::new(contexts, functions);
    if let [Part::Expression(expr)] = parts {
        return evaluator.expression(expr);
    }
    let mut pieces = Vec::new();
    let mut values = Vec::new();
    for part in parts {
        match part {
            Part::Text(text) => pieces.push(Piece::Text(text)),
            Part::Expression(expr) => {
                pieces.push(Piece::Arg(values.len()));
                values.push(evaluator.expression(expr)?);
            }
        }
    }
    lift::filled(&lift::SourceSpan::of(span), &pieces, &values)
}
