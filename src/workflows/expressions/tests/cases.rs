//! The official cases: a folder of JSON files, each a map of names to lists of cases.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::super::evaluate::is_offered;
use super::super::lexer;
use super::super::parser::parse_part;
use super::super::syntax::Name;
use super::super::{Contexts, Functions, Map, Node, Resolved, Span, SyntaxError, Value};
use super::evaluate;

#[derive(Deserialize)]
struct Case {
    expr: String,
    #[serde(default)]
    contexts: Option<Value>,
    #[serde(default)]
    result: Option<Expected>,
    #[serde(default)]
    err: Option<Expected>,
    #[serde(default)]
    options: Options,
}

#[derive(Deserialize)]
struct Expected {
    kind: String,
    #[serde(default)]
    value: Option<Value>,
}

/// Which implementations a case is not for; the one that it may name here is `rust`.
#[derive(Deserialize, Default)]
struct Options {
    #[serde(default)]
    skip: Vec<String>,
}

/// A list that tolerates entries in an order of its own and keys that repeat: JSON maps would drop the latter.
struct Groups(Vec<(String, Vec<Case>)>);

impl<'de> Deserialize<'de> for Groups {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Groups;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a map of names to cases")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Groups, A::Error> {
                let mut groups = Vec::new();
                while let Some(group) = map.next_entry()? {
                    groups.push(group);
                }
                Ok(Groups(groups))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

struct Given(Map<Value>);

impl Contexts for Given {
    fn context(&self, name: &str) -> Option<Node> {
        self.0.get(name).map(|value| Node::Known(value.clone()))
    }
}

/// The result of a case: a kind and a value, or the stage that failed and GitHub's whole message.
fn outcome(case: &Case) -> Result<(&'static str, Value), (&'static str, String)> {
    let contexts = Given(match &case.contexts {
        Some(Value::Object(contexts)) => contexts.as_ref().clone(),
        _ => Map::new(),
    });
    let functions = Functions::default();
    let expr = &case.expr;
    let located = |message: &str, span: Span| {
        let position = expr[..span.start].encode_utf16().count() + 1;
        format!("{message}. Located at position {position} within expression: {expr}")
    };
    let syntax = |error: SyntaxError| located(&error.message, error.span);
    let within = Span { start: 0, end: expr.len() };
    lexer::lex(expr, within).map_err(|error| ("lexing", syntax(error)))?;
    let offers = |name: &Name| is_offered(name, &contexts, &functions);
    let parsed = parse_part(expr, within, &offers).map_err(|error| ("parsing", syntax(error)))?;
    match evaluate(&parsed, &contexts, &functions) {
        Ok(Resolved::Known(value)) => Ok((kind(&value), value)),
        Ok(unknown) => Err(("unknown", format!("{unknown:?}"))),
        Err(error) => Err(("evaluation", located(&error.message, error.span))),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "Null",
        Value::Bool(_) => "Boolean",
        Value::Number(_) => "Number",
        Value::String(_) => "String",
        Value::Array(_) => "Array",
        Value::Object(_) => "Object",
    }
}

/// Equal as JSON: NaN, which JSON writes as null, is equal to itself, and 0 to -0.
fn agree(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(number), Value::Null) | (Value::Null, Value::Number(number)) => !number.is_finite(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| agree(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.iter().count() == b.iter().count() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| agree(a, b)))
        }
        _ => a == b,
    }
}

fn disagreement(case: &Case) -> Option<String> {
    let outcome = outcome(case);
    let fits = match (&outcome, &case.result, &case.err) {
        (Ok((kind, value)), Some(want), None) => want.kind == *kind && agree(value, want.value.as_ref().unwrap_or(&Value::Null)),
        (Err((stage, message)), None, Some(want)) => {
            want.kind == *stage && message.contains(want.value.as_ref().and_then(Value::as_str).unwrap_or_default())
        }
        _ => false,
    };
    (!fits).then(|| format!("{}\n    got {outcome:?}", case.expr))
}

fn folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("GATECTL_EXPRESSION_CASES") {
        return Some(PathBuf::from(folder));
    }
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data/expressions");
    folder.is_dir().then_some(folder)
}

#[test]
#[expect(clippy::print_stdout, reason = "the test output shows how many cases ran")]
fn the_evaluator_agrees_with_the_official_expression_cases() {
    let Some(folder) = folder() else {
        println!("skipped: no ../shared/data/expressions and no GATECTL_EXPRESSION_CASES");
        return;
    };
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let (mut count, mut skipped) = (0, 0);
    let mut wrong: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let Groups(groups) = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for (group, cases) in groups {
            for case in cases {
                if case.options.skip.iter().any(|who| who == "rust") {
                    skipped += 1;
                    continue;
                }
                count += 1;
                let name = format!("{}: {group}", path.file_stem().unwrap().display());
                wrong.entry(name).or_default().extend(disagreement(&case));
            }
        }
    }
    wrong.retain(|_, cases| !cases.is_empty());
    println!("{count} cases, {skipped} skipped, {} wrong, in {}", wrong.values().map(Vec::len).sum::<usize>(), folder.display());
    assert!(count > 0, "no cases in {}", folder.display());
    assert!(wrong.is_empty(), "{wrong:#?}");
}
