//! Beyond soundness: that enough is known, and that messages point at the right place.

mod cases;
mod properties;

use super::evaluate::{Evaluator, is_offered};
use super::syntax::Name;
use super::{
    Assumed, Condition, Contexts, Error, EvalError, Expr, Functions, Map, Node, Reason, Resolved, Rest, Span, Status, StatusFunction,
    Value, condition, interpolate, parse,
};

/// Evaluates an expression that was parsed for a position that offers everything.
fn evaluate(expr: &Expr, contexts: &dyn Contexts, functions: &Functions) -> Result<Resolved, EvalError> {
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

/// A dispatch with a chosen environment and an unknown actor.
struct Dispatch;

impl Contexts for Dispatch {
    fn context(&self, name: &str) -> Option<Node> {
        let unknown = || Node::Unknown("only the run knows".into());
        let known = |text: &str| Node::Known(Value::from(text));
        let partial = |entries: Vec<(&str, Node)>, rest| Node::Partial(entries.into_iter().collect(), rest);
        Some(match name.to_lowercase().as_str() {
            "github" => partial(
                vec![
                    ("event_name", known("workflow_dispatch")),
                    ("ref", known("refs/heads/main")),
                    ("actor", unknown()),
                    ("event", partial(vec![("pull_request", Node::Known(Value::Null))], Rest::Unknown("the payload is not known".into()))),
                ],
                Rest::Unknown("only the run knows".into()),
            ),
            "inputs" => partial(
                vec![
                    ("environment", Node::OneOf(vec![Value::from("staging"), Value::from("production")])),
                    ("force", Node::Known(Value::Bool(true))),
                ],
                Rest::Null,
            ),
            "needs" => unknown(),
            "matrix" => Node::Known(Value::object([("list", Value::array(vec![Value::from("x")]))].into_iter().collect())),
            _ => return None,
        })
    }
}

const PLAIN: Functions = Functions { status: None, hash_files: false };
const IN_IF: Functions = Functions { status: Some(Status::NEEDS_SUCCEEDED), hash_files: false };

fn value(text: &str) -> Resolved {
    evaluate(&parse(text).unwrap(), &Dispatch, &PLAIN).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

fn known(text: &str) -> Resolved {
    Resolved::Known(Value::from(text))
}

fn one_of(texts: &[&str]) -> Resolved {
    Resolved::OneOf(texts.iter().copied().map(Value::from).collect())
}

fn truth(bool: bool) -> Resolved {
    Resolved::Known(Value::Bool(bool))
}

fn reasons(resolved: Resolved) -> Vec<Reason> {
    match resolved {
        Resolved::Unknown(reasons) => reasons,
        known => panic!("{known:?}"),
    }
}

#[test]
fn a_context_is_made_once_however_often_an_expression_reads_it() {
    struct Counting(std::cell::Cell<usize>);
    impl Contexts for Counting {
        fn offers(&self, name: &str) -> bool {
            name == "needs"
        }

        fn context(&self, _: &str) -> Option<Node> {
            self.0.set(self.0.get() + 1);
            Some(Node::Partial(Map::new(), Rest::Null))
        }
    }
    let counting = Counting(std::cell::Cell::new(0));
    let text = (0..100).map(|n| format!("needs.j{n}.result == 'success'")).collect::<Vec<_>>().join(" || ");
    condition(&text, &counting, &Functions::default()).unwrap();
    assert_eq!(counting.0.get(), 1);
}

#[test]
fn a_choice_by_the_unknown_is_one_of_its_branches() {
    assert_eq!(value("github.actor == 'x' && 'production' || 'staging'"), one_of(&["production", "staging"]));
    assert_eq!(value("github.actor && 'production' || 'staging'"), one_of(&["production", "staging"]));
    assert_eq!(value("needs && 'a' || needs && 'b' || 'c'"), one_of(&["a", "b", "c"]));
    assert_eq!(value("case(github.actor == 'x', 'a', 'b')"), one_of(&["a", "b"]));
    // The first branch is falsy, so that the second is always taken.
    assert_eq!(value("github.actor && '' || 'staging'"), known("staging"));
    assert_eq!(value("github.actor == 'x' && 'a' || 'a'"), known("a"));
}

#[test]
fn the_known_side_decides() {
    assert_eq!(value("false && github.actor"), truth(false));
    assert_eq!(value("'x' || github.actor"), known("x"));
    assert_eq!(value("(github.actor || 'x') && 'y'"), known("y"));
    assert_eq!(value("(github.actor && false) && 'y' || 'z'"), known("z"));
    assert_eq!(value("inputs.environment == 'testing'"), truth(false));
    assert_eq!(value("inputs.environment && 'y'"), known("y"));
    assert_eq!(value("contains(inputs.environment, 'o')"), Resolved::OneOf(vec![Value::Bool(false), Value::Bool(true)]));
    assert_eq!(value("contains(fromJSON('[\"production\", \"staging\"]'), inputs.environment)"), truth(true));
    assert_eq!(value("format('{0}', 'x', github.actor)"), known("x"));
    assert_eq!(value("format('x{0}', github.actor) && 'y'"), known("y"));
}

#[test]
fn finite_sets_stay_finite() {
    assert_eq!(value("inputs.environment"), one_of(&["staging", "production"]));
    assert_eq!(value("format('{0}-eu', inputs.environment)"), one_of(&["staging-eu", "production-eu"]));
    assert_eq!(value("fromJSON('{\"staging\": \"s\", \"production\": \"p\"}')[inputs.environment]"), one_of(&["s", "p"]));
    assert_eq!(
        value("fromJSON('{\"a\": \"s\", \"b\": \"p\"}')[github.actor]"),
        Resolved::OneOf(vec![Value::Null, Value::from("s"), Value::from("p")])
    );
    let many = (0..5).map(|_| "inputs.environment").collect::<Vec<_>>().join(", ");
    assert!(matches!(value(&format!("format('{{0}}{{1}}{{2}}{{3}}{{4}}', {many})")), Resolved::Unknown(_)));
}

#[test]
fn missing_properties_are_null_only_where_that_is_known() {
    assert_eq!(value("inputs.missing"), Resolved::Known(Value::Null));
    assert_eq!(value("inputs.missing || 'production'"), known("production"));
    assert_eq!(value("github.event.pull_request.head.ref"), Resolved::Known(Value::Null));
    assert!(matches!(value("github.event.inputs.environment"), Resolved::Unknown(_)));
    assert!(matches!(value("toJSON(github)"), Resolved::Unknown(_)));
    assert!(matches!(value("github"), Resolved::Unknown(_)));
    assert_eq!(value("toJSON(inputs.missing)"), known("null"));
    assert_eq!(value("(needs && github || inputs).ref"), Resolved::OneOf(vec![Value::from("refs/heads/main"), Value::Null]));
}

#[test]
fn reasons_name_the_path_and_the_place() {
    let text = "github.ref == 'x' || needs['setup'].outputs.env";
    let start = text.find("needs").unwrap();
    let expected =
        Reason { path: "needs.setup.outputs.env".to_owned(), span: Span { start, end: text.len() }, why: "only the run knows".into() };
    assert_eq!(reasons(value(text)), [expected]);
    let paths = |text: &str| reasons(value(text)).into_iter().map(|reason| reason.path).collect::<Vec<_>>();
    assert_eq!(paths("format('{0}{1}', github.actor, github.event.x[0].y)"), ["github.actor", "github.event.x[0].y"]);
    assert_eq!(paths("github"), ["github"]);
    assert_eq!(paths("(github.event || 1).zzz.*"), ["(...).zzz.*"]);
    assert_eq!(paths("fromJSON(needs.a.outputs.b).c"), ["needs.a.outputs.b"]);
    // The environment is one of two, which does not matter if both lead on.
    assert_eq!(paths("inputs.environment && github.actor"), ["github.actor"]);
}

#[test]
fn failing_in_some_runs_is_unknown_and_in_all_an_error() {
    assert_eq!(
        reasons(value("github.actor && fromJSON('oops')"))[1].why.to_string(),
        "it may fail: Error parsing JSON when evaluating fromJson"
    );
    assert!(matches!(value("fromJSON(format('[{0}', inputs.environment))"), Resolved::Unknown(_)));
    let expr = parse("github.ref && fromJSON('oops')").unwrap();
    let error = evaluate(&expr, &Dispatch, &PLAIN).unwrap_err();
    assert_eq!(error.span, Span { start: 14, end: 30 });
}

#[test]
fn scalars_keep_a_type_alone_and_become_text_in_company() {
    let interpolated = |text: &str| interpolate(text, &Dispatch, &PLAIN);
    assert_eq!(interpolated("production"), Ok(known("production")));
    assert_eq!(interpolated(""), Ok(known("")));
    assert_eq!(interpolated("${{ inputs.force }}"), Ok(truth(true)));
    assert_eq!(interpolated(" ${{ inputs.force }}"), Ok(known(" true")));
    assert_eq!(interpolated("${{ inputs.environment }}-${{ 1 }}"), Ok(one_of(&["staging-1", "production-1"])));
    assert_eq!(interpolated("${{ 'a}}b' }}c"), Ok(known("a}}bc")));
    assert_eq!(interpolated("$${{ '{0}' }}{0}"), Ok(known("${0}{0}")));
    assert!(matches!(interpolated("p-${{ github.actor }}"), Ok(Resolved::Unknown(_))));
}

#[test]
fn scalars_that_are_wrong_say_where() {
    let at = |text: &str| interpolate(text, &Dispatch, &PLAIN).unwrap_err();
    for (text, span, message) in [
        ("a ${{ 'b }}", (2, 11), "`${{` is not closed by `}}`"),
        ("a ${{ }}", (2, 8), "An expression was expected"),
        ("a ${{ env.X }}", (6, 9), "Unrecognized named-value: 'env'"),
        ("a ${{ always() }}", (6, 12), "Unrecognized function: 'always'"),
        ("${{ 1 }} ${{ hashFiles('x') }}", (13, 22), "Unrecognized function: 'hashFiles'"),
        ("${{ 1 == }}", (6, 8), "Unexpected end of expression: '=='"),
        ("${{ \"x\" }}", (4, 7), "Unexpected symbol: '\"x\"'"),
        // Also if no run reaches it.
        ("${{ true || secrets.X }}", (12, 19), "Unrecognized named-value: 'secrets'"),
    ] {
        let error = at(text);
        assert!(matches!(error, Error::Syntax(_)), "{text}");
        assert_eq!((error.span(), error.message()), (Span { start: span.0, end: span.1 }, message), "{text}");
    }
    let unchecked = evaluate(&parse("true || secrets.X").unwrap(), &Dispatch, &PLAIN).unwrap_err();
    assert_eq!((unchecked.span, unchecked.message.as_str()), (Span { start: 8, end: 15 }, "Unrecognized named-value: 'secrets'"));
}

#[test]
fn conditions_imply_success_unless_they_ask() {
    let of = |text: &str, status: Status| condition(text, &Dispatch, &Functions { status: Some(status), hash_files: false }).unwrap();
    let rejected = Status { success: Assumed::False, failure: Assumed::True, cancelled: Assumed::Unknown };
    for (text, after_success, after_rejection) in [
        ("", Some(true), Some(false)),
        ("github.ref == 'refs/heads/main'", Some(true), Some(false)),
        ("${{ inputs.force }}", Some(true), Some(false)),
        ("github.actor == 'x'", None, Some(false)),
        ("always()", Some(true), Some(true)),
        ("${{ failure() }}", Some(false), Some(true)),
        ("!cancelled()", Some(true), None),
        ("always() && github.actor == 'x'", None, None),
        ("success('a')", Some(true), None),
        ("failure('a')", Some(false), None),
        ("fromJSON('oops') || always()", None, None),
    ] {
        let bool =
            |status: Status| match condition(text, &Dispatch, &Functions { status: Some(status), hash_files: false }).map(|c| c.value) {
                Ok(Resolved::Known(Value::Bool(bool))) => Some(bool),
                _ => None,
            };
        assert_eq!((bool(Status::NEEDS_SUCCEEDED), bool(rejected)), (after_success, after_rejection), "{text}");
    }
    assert_eq!(of("Always() || failure()", rejected).status_functions, [StatusFunction::Failure, StatusFunction::Always].into());
    assert_eq!(reasons(of("true", Status::UNKNOWN).value)[0].path, "success()");
}

#[test]
fn text_around_a_condition_makes_it_true() {
    let Condition { value, mixed, .. } = condition("${{ false }} && true", &Dispatch, &IN_IF).unwrap();
    assert_eq!((value, mixed), (truth(true), true));
    let block = condition("${{ github.actor == 'x' }}\n", &Dispatch, &IN_IF).unwrap();
    assert_eq!((block.value, block.mixed), (truth(true), true));
    assert!(!condition("${{ false }}", &Dispatch, &IN_IF).unwrap().mixed);
}

#[test]
fn hashes_of_files_are_unknown() {
    let functions = Functions { hash_files: true, ..PLAIN };
    let value = evaluate(&parse("hashFiles('**/*.lock') && 'x' || 'y'").unwrap(), &Dispatch, &functions);
    assert_eq!(value, Ok(one_of(&["x", "y"])));
}

#[test]
fn the_language_of_the_runner() {
    for (text, expected) in [
        ("'it''s'''", known("it's'")),
        ("format('{1}{0}{{}}', 1, 2)", known("21{}")),
        ("true == 'true'", truth(false)),
        ("fromJSON('[1]') == fromJSON('[1]')", truth(false)),
        ("inputs == INPUTS", truth(true)),
        ("matrix.list == MATRIX.LIST", truth(true)),
        ("matrix.list.* == matrix.list.*", truth(false)),
        ("github.event == github.event", truth(true)),
        ("github.event == github", truth(false)),
        ("github == 'Object'", truth(false)),
        ("format('{0}', github)", known("Object")),
        ("0xFf", Resolved::Known(Value::Number(255.0))),
        ("fromJSON('{\"a\": 1, \"a\": 2}').A", Resolved::Known(Value::Number(2.0))),
        ("1 < 2 < 3 == true", truth(true)),
        ("case(true, 1, fromJSON('oops'))", Resolved::Known(Value::Number(1.0))),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
    for text in [
        "TRUE",
        "True",
        "f()",
        "format()",
        "case(true, 1)",
        "contains(1)",
        "'a'[0]",
        "format('x',)",
        "a b",
        "1_0",
        "a..b",
        "true.x",
        "a[",
        "(",
    ] {
        assert!(parse(text).is_err() || evaluate(&parse(text).unwrap(), &Dispatch, &PLAIN).is_err(), "{text}");
    }
    // GitHub's own reader is lenient with these.
    for text in ["fromJSON('{''a'': 1}')", "fromJSON('1 2')", "fromJSON('{\"a\": 1, \"A\": 2}')"] {
        assert!(matches!(value(text), Resolved::Unknown(_)), "{text}");
    }
}

#[test]
fn hostile_sizes_end() {
    for piece in ["(", "!", "a.", "a[", "1==", "1&&", "format(", "'", "github.actor||", "${{", "${{1}}", "}}", "\u{1f600}", "-"] {
        let text = piece.repeat(1_000_000 / piece.len());
        let _ = parse(&text);
        let _ = interpolate(&text, &Dispatch, &PLAIN);
        let _ = condition(&text, &Dispatch, &IN_IF);
    }
    let chain = format!("1{}", " == 1".repeat(4000));
    assert_eq!(value(&chain), truth(true));
    let doubled = |text: &str| (0..20).fold(text.to_owned(), |inner, _| format!("format('{{0}}{{0}}', {inner})"));
    let error = evaluate(&parse(&doubled("github.ref")).unwrap(), &Dispatch, &PLAIN).unwrap_err();
    assert_eq!(error.message, "The maximum allowed memory size was exceeded");
    // The longer of the two is too long before the shorter is.
    assert!(matches!(value(&doubled("inputs.environment")), Resolved::Unknown(_)));
    let deep = format!("toJSON(fromJSON('{}1{}'))", "[".repeat(5000), "]".repeat(5000));
    assert!(matches!(value(&deep), Resolved::Unknown(_)));
}

#[test]
fn maps_keep_order_and_ignore_case() {
    let mut map: Map<u8> = [("b", 1), ("A", 2)].into_iter().collect();
    assert_eq!(map.insert("B", 3), Some(1));
    assert_eq!(map.iter().collect::<Vec<_>>(), [("b", &3), ("A", &2)]);
    assert_eq!((map.get("a"), map.iter().count()), (Some(&2), 2));
}

#[test]
fn json_writes_numbers_as_the_runner_does() {
    for (text, json) in [("1e21", "1E+21"), ("0.00001", "1E-05"), ("123456789", "123456789"), ("-0.5", "-0.5")] {
        assert_eq!(value(&format!("toJSON({text})")), known(json));
    }
}

#[test]
fn json_with_one_key_in_two_spellings_is_not_decided() {
    let Resolved::Unknown(reasons) = value("fromJSON('{\"a\": 1, \"A\": 2}').a") else { panic!() };
    assert!(reasons[0].why.clause.contains("two spellings"), "{reasons:?}");
}
