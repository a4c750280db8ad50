//! What an expression compares values with.
//!
//! Owns the question alone: nothing is evaluated except parts that read no context.

use super::context::{Functions, Nothing, Resolved};
use super::evaluate::Evaluator;
use super::functions::Function;
use super::parser::parse;
use super::syntax::{ExprKind, Index, Tree};
use super::value::Value;

/// Which part of a value a text is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Portion {
    /// All of it; also each text that no comparison holds.
    Whole,
    /// `startsWith`.
    Start,
    /// `endsWith`.
    End,
    /// `contains`.
    Anywhere,
}

/// A text that is known before any run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Which part of a value it is compared with.
    pub portion: Portion,
    /// The text.
    pub text: String,
    /// The comparison as it is written; none for a text that no comparison holds.
    pub comparison: Option<String>,
}

/// Everything that an expression compares.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compared {
    /// Texts that are known before any run.
    pub texts: Vec<Text>,
    /// Comparisons of two values of which neither is, as they are written.
    pub open: Vec<String>,
}

/// What an expression compares; nothing for a text that is not one.
pub fn compared(expression: &str) -> Compared {
    let mut found = Compared::default();
    if let Some(root) = parse(expression).ok().and_then(|expr| expr.root) {
        found.tree(expression, &root);
    }
    found
}

impl Compared {
    fn tree(&mut self, source: &str, tree: &Tree) {
        match &tree.kind {
            ExprKind::Literal(Value::String(text)) => {
                self.texts.push(Text { portion: Portion::Whole, text: text.to_string(), comparison: None });
            }
            ExprKind::Literal(_) | ExprKind::Context(_) => {}
            ExprKind::Not(operand) => self.tree(source, operand),
            ExprKind::And(operands) | ExprKind::Or(operands) => operands.iter().for_each(|operand| self.tree(source, operand)),
            ExprKind::Access { root, steps } => {
                self.tree(source, root);
                for step in steps {
                    match step {
                        // `github.ref` is written with a name that is compared with nothing.
                        Index::Key(Tree { kind: ExprKind::Literal(_), .. }) | Index::Star => {}
                        Index::Key(key) => self.tree(source, key),
                    }
                }
            }
            ExprKind::Compare { first, rest } => {
                let sides: Vec<&Tree> = std::iter::once(&**first).chain(rest.iter().map(|(_, side)| side)).collect();
                self.sides(source, tree, &sides, Portion::Whole);
            }
            ExprKind::Call { function, args } => {
                let portion = match function {
                    Function::StartsWith => Portion::Start,
                    Function::EndsWith => Portion::End,
                    Function::Contains => Portion::Anywhere,
                    _ => return args.iter().for_each(|arg| self.tree(source, arg)),
                };
                match args.as_slice() {
                    // A list, or a text that holds each of them.
                    [list, sought] if constant(list).is_some() => self.sides(source, tree, &[list, sought], Portion::Whole),
                    [value, sought] => self.sides(source, tree, &[value, sought], portion),
                    _ => {}
                }
            }
        }
    }

    /// The sides of one comparison, of which the last is sought at a place of the first.
    fn sides(&mut self, source: &str, tree: &Tree, sides: &[&Tree], portion: Portion) {
        let comparison = source.get(tree.span.start..tree.span.end).map(str::to_owned);
        let mut known = false;
        for side in sides {
            match constant(side) {
                Some(texts) => {
                    known = true;
                    self.texts.extend(texts.into_iter().map(|text| Text { portion, text, comparison: comparison.clone() }));
                }
                None => self.tree(source, side),
            }
        }
        if !known {
            self.open.extend(comparison);
        }
    }
}

/// The texts of a part that reads no context.
fn constant(tree: &Tree) -> Option<Vec<String>> {
    let value = Evaluator::new(&Nothing, &Functions::default()).tree(tree).ok()?;
    match value.resolved(tree.span) {
        Resolved::Known(value) => Some(texts(&value)),
        Resolved::OneOf(values) => Some(values.iter().flat_map(texts).collect()),
        Resolved::Unknown(_) => None,
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_has_a_place_and_a_known_text_or_is_open() {
        let of = |expression: &str| -> Vec<(Portion, String)> {
            compared(expression).texts.into_iter().map(|text| (text.portion, text.text)).collect()
        };
        let one = |place, text: &str| vec![(place, text.to_owned())];
        assert_eq!(of("github.ref == 'refs/heads/a'"), one(Portion::Whole, "refs/heads/a"));
        assert_eq!(
            of("startsWith(github.ref, 'a') && !endsWith(github.ref_name, 'b')"),
            [(Portion::Start, "a".to_owned()), (Portion::End, "b".to_owned())]
        );
        assert_eq!(of("contains(github['ref'], 'c')"), one(Portion::Anywhere, "c"));
        assert_eq!(of("contains(fromJSON('[\"a\"]'), github.ref_name)"), one(Portion::Whole, "a"));
        assert_eq!(of("github.ref == format('refs/heads/{0}', 'x')"), one(Portion::Whole, "refs/heads/x"));
        assert_eq!(compared("github.ref_name == inputs.branch || x").open, ["github.ref_name == inputs.branch"]);
        assert_eq!(compared("github.ref ==").texts, []);
        let comparisons: Vec<Option<String>> =
            compared("github.event_name == 'push' && 'a' || 'b'").texts.into_iter().map(|text| text.comparison).collect();
        assert_eq!(comparisons, [Some("github.event_name == 'push'".to_owned()), None, None]);
    }
}
