//! Laws over random expressions and scenarios.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::select;

use super::super::{Contexts, Error, Functions, Map, Node, Resolved, Rest, Status, Value, condition, interpolate, parse};
use super::evaluate;

/// What is known about one leaf, and its value in a run.
#[derive(Debug, Clone)]
struct Leaf {
    knows: Knows,
    values: Vec<Value>,
    turns_out: prop::sample::Index,
}

#[derive(Debug, Clone, Copy)]
enum Knows {
    All,
    OneOf,
    Nothing,
}

impl Leaf {
    fn value(&self) -> Value {
        match self.knows {
            Knows::All => self.values[0].clone(),
            Knows::OneOf | Knows::Nothing => self.values[self.turns_out.index(self.values.len())].clone(),
        }
    }

    fn node(&self) -> Node {
        match self.knows {
            Knows::All => Node::Known(self.value()),
            Knows::OneOf => Node::OneOf(self.values.clone()),
            Knows::Nothing => Node::Unknown("of the test".into()),
        }
    }
}

/// `a` and `b` are leaves, `c` is an object of leaves with an object in it, with or without further unknown properties.
#[derive(Debug, Clone)]
struct Scenario {
    a: Leaf,
    b: Leaf,
    fields: Vec<Leaf>,
    extra: Option<Value>,
}

const FIELDS: [&str; 3] = ["x", "y", "Z"];

struct Before<'a>(&'a Scenario);
struct During(Map<Value>);

impl Contexts for Before<'_> {
    fn context(&self, name: &str) -> Option<Node> {
        let Scenario { a, b, fields, extra } = self.0;
        let fields = FIELDS.into_iter().zip(fields.iter().map(Leaf::node));
        let rest = |extra: &Option<Value>| if extra.is_some() { Rest::Unknown("more may come".into()) } else { Rest::Null };
        Some(match name.to_lowercase().as_str() {
            "a" => a.node(),
            "b" => b.node(),
            "c" => {
                let inner = Node::Partial(fields.clone().collect(), Rest::Null);
                Node::Partial(fields.chain([("inner", inner)]).collect(), rest(extra))
            }
            _ => return None,
        })
    }
}

impl Scenario {
    fn during(&self) -> During {
        let fields = || FIELDS.into_iter().zip(self.fields.iter().map(Leaf::value));
        let inner = Value::object(fields().collect());
        let extra = self.extra.iter().map(|value| ("extra", value.clone()));
        let c = Value::object(fields().chain([("inner", inner)]).chain(extra).collect());
        During([("a", self.a.value()), ("b", self.b.value()), ("c", c)].into_iter().collect())
    }
}

impl Contexts for During {
    fn context(&self, name: &str) -> Option<Node> {
        self.0.get(name).map(|value| Node::Known(value.clone()))
    }
}

fn value() -> impl Strategy<Value = Value> {
    let number = select(&[0.0, -0.0, 1.0, 2.0, -1.0, f64::NAN, 1.5][..]).prop_map(Value::Number);
    let text = select(&["", "x", "X", "y", "production", "1", "{0}-", "[\"x\"]", "{\"x\": 1}", "true"][..]).prop_map(Value::from);
    let plain = prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::Bool), number, text];
    plain.prop_recursive(2, 6, 3, |inner| {
        let entries = prop::collection::vec((select(&["x", "y", "Z"][..]), inner.clone()), 0..3);
        prop_oneof![
            2 => prop::collection::vec(inner, 0..3).prop_map(Value::array),
            2 => entries.prop_map(|entries| Value::object(entries.into_iter().collect())),
        ]
    })
}

fn leaf() -> impl Strategy<Value = Leaf> {
    let knows = select(&[Knows::All, Knows::OneOf, Knows::Nothing][..]);
    (knows, prop::collection::vec(value(), 1..4), any::<prop::sample::Index>()).prop_map(|(knows, values, turns_out)| Leaf {
        knows,
        values,
        turns_out,
    })
}

fn scenario() -> impl Strategy<Value = Scenario> {
    (leaf(), leaf(), prop::collection::vec(leaf(), 3), prop::option::of(value())).prop_map(|(a, b, fields, extra)| Scenario {
        a,
        b,
        fields,
        extra,
    })
}

fn expression() -> impl Strategy<Value = String> {
    const ATOMS: &[&str] = &[
        "a",
        "b",
        "c",
        "A",
        "c.x",
        "c.y",
        "c.z",
        "c.inner",
        "c.inner.x",
        "c.extra",
        "c.none",
        "c.*",
        "c.*.x",
        "a.*",
        "a.*.*",
        "a.x",
        "a[0]",
        "b[1]",
        "a[b]",
        "c[a]",
        "c.inner[b]",
        "c.*[0]",
        "null",
        "true",
        "false",
        "0",
        "1",
        "NaN",
        "''",
        "'x'",
        "'production'",
        "'{0}'",
        "'1'",
        "'{0}{1}'",
        "fromJSON('[\"x\", {\"x\": 2}]')",
        "fromJSON('{\"x\": \"y\"}')",
        "fromJSON('oops')",
    ];
    let atom = select(ATOMS).prop_map(str::to_owned);
    atom.prop_recursive(4, 24, 4, |inner| {
        let binary = select(&["&&", "||", "==", "!=", "<", "<=", ">", ">="][..]);
        let two = select(&["contains", "startsWith", "endsWith", "format", "join"][..]);
        let one = select(&["format", "join", "toJSON", "fromJSON", "!", ""][..]);
        prop_oneof![
            6 => (inner.clone(), binary, inner.clone()).prop_map(|(left, op, right)| format!("({left} {op} {right})")),
            3 => (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} && {b} || {c})")),
            2 => (two, inner.clone(), inner.clone()).prop_map(|(name, left, right)| format!("{name}({left}, {right})")),
            2 => (one, inner.clone()).prop_map(|(name, operand)| format!("{name}({operand})")),
            1 => (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("case({a}, {b}, {c})")),
            1 => (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("case({a} == 'x', {b}, !{c}, {a}, {c})")),
            1 => (inner.clone(), inner.clone()).prop_map(|(object, key)| format!("({object})[{key}]")),
            1 => (inner.clone(), select(&[".x", ".*", ".*.x", "[0]"][..])).prop_map(|(object, key)| format!("({object}){key}")),
            1 => (inner.clone(), inner).prop_map(|(a, b)| format!("format('{{1}}/{{0}}', {a}, {b})")),
        ]
    })
}

/// Equal, and NaN equal to itself.
fn alike(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || (a.is_nan() && b.is_nan()),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| alike(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.iter().count() == b.iter().count() && a.iter().zip(b.iter()).all(|((k, a), (l, b))| k == l && alike(a, b))
        }
        _ => a == b,
    }
}

fn holds(resolved: &Resolved, value: &Value) -> bool {
    match resolved {
        Resolved::Known(known) => alike(known, value),
        Resolved::OneOf(values) => values.iter().any(|known| alike(known, value)),
        Resolved::Unknown(_) => true,
    }
}

fn is_well_formed(resolved: &Resolved, text: &str) -> bool {
    match resolved {
        Resolved::Known(_) => true,
        Resolved::OneOf(values) => (2..=16).contains(&values.len()),
        Resolved::Unknown(reasons) => {
            !reasons.is_empty()
                && reasons.iter().all(|r| {
                    !r.path.is_empty() && !r.why.clause.is_empty() && text.get(r.span.start..r.span.end).is_some_and(|t| !t.is_empty())
                })
        }
    }
}

/// The value of every run was predicted; what certainly fails does fail.
fn foreseen(before: &Result<Resolved, Error>, during: &Result<Resolved, Error>) -> bool {
    match (before, during) {
        (Ok(before), Ok(Resolved::Known(value))) => holds(before, value),
        // A run whose own value is open (its JSON is not strict) has no value to compare.
        (_, Ok(Resolved::OneOf(_) | Resolved::Unknown(_))) | (Ok(_), Err(_)) => true,
        (Err(_), during) => during.is_err(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_run_of_an_expression_is_foreseen(text in expression(), scenario in scenario()) {
        let expr = parse(&text).unwrap();
        let functions = Functions::default();
        let before = evaluate(&expr, &Before(&scenario), &functions).map_err(Error::from);
        let during = evaluate(&expr, &scenario.during(), &functions).map_err(Error::from);
        prop_assert!(foreseen(&before, &during), "{text}: before {before:?}, during {during:?}");
        prop_assert!(before.as_ref().map_or(true, |before| is_well_formed(before, &text)), "{text}: {before:?}");
    }

    #[test]
    fn what_is_known_in_parts_is_known(text in expression(), mut scenario in scenario()) {
        for leaf in scenario.fields.iter_mut().chain([&mut scenario.a, &mut scenario.b]) {
            leaf.knows = Knows::All;
        }
        scenario.extra = None;
        let expr = parse(&text).unwrap();
        let before = evaluate(&expr, &Before(&scenario), &Functions::default());
        let during = evaluate(&expr, &scenario.during(), &Functions::default());
        let same = match (&before, &during) {
            (Ok(Resolved::Known(before)), Ok(Resolved::Known(during))) => alike(before, during),
            (Ok(Resolved::Unknown(_)), Ok(Resolved::Unknown(_))) => true,
            (Ok(Resolved::OneOf(before)), Ok(Resolved::OneOf(during))) => before.iter().zip(during).all(|(a, b)| alike(a, b)),
            _ => before == during,
        };
        prop_assert!(same, "{text}: before {before:?}, during {during:?}");
    }

    #[test]
    fn every_run_of_a_scalar_and_a_condition_is_foreseen(
        parts in prop::collection::vec((select(&["", "prod-", " }} ", "'"][..]), expression()), 1..4),
        scenario in scenario(),
    ) {
        let mut text = String::new();
        for (literal, expr) in &parts {
            write!(text, "{literal}${{{{ {expr} }}}}").unwrap();
        }
        let functions = Functions { status: Some(Status::UNKNOWN), hash_files: false };
        let run = Functions { status: Some(Status::NEEDS_SUCCEEDED), hash_files: false };
        let (before, during) = (interpolate(&text, &Before(&scenario), &functions), interpolate(&text, &scenario.during(), &run));
        prop_assert!(foreseen(&before, &during), "{text}: before {before:?}, during {during:?}");
        prop_assert!(before.as_ref().map_or(true, |before| is_well_formed(before, &text)), "{text}: {before:?}");
        for text in [&text, &parts[0].1] {
            let before = condition(text, &Before(&scenario), &functions).map(|condition| condition.value);
            let during = condition(text, &scenario.during(), &run).map(|condition| condition.value);
            prop_assert!(foreseen(&before, &during), "{text}: before {before:?}, during {during:?}");
            prop_assert!(before.as_ref().map_or(true, |before| is_well_formed(before, text)), "{text}: {before:?}");
        }
    }

    #[test]
    fn no_text_panics(text in ".{0,60}", soup in prop::collection::vec(select(SOUP), 0..30), scenario in scenario()) {
        for text in [text.clone(), soup.concat(), format!("{text}${{{{{}}}}}", soup.concat())] {
            let _ = interpolate(&text, &Before(&scenario), &Functions::default());
            if let Err(error) = condition(&text, &Before(&scenario), &Functions::default()) {
                prop_assert!(text.get(error.span().start..error.span().end).is_some(), "{text}: {error:?}");
            }
        }
    }
}

const SOUP: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    ".",
    ",",
    "*",
    "!",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    "&&",
    "||",
    "&",
    "|",
    "=",
    "a",
    "b.x",
    "c",
    "'x'",
    "'",
    "''",
    "1",
    "-",
    "0x",
    "null",
    "true",
    "format(",
    "fromJSON(",
    "contains(",
    "case(",
    " ",
    "\n",
    "{",
    "}}",
    "${{",
    "\u{e9}",
    "\u{1f600}",
];
