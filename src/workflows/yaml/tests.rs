use proptest::prelude::*;

use super::*;

fn at<'a>(node: &'a Node, path: &[&str]) -> &'a Node {
    path.iter().fold(node, |node, key| node.get(key).unwrap())
}

fn place(node: &Node) -> (usize, usize) {
    (node.pos.line, node.pos.col)
}

#[test]
fn every_key_and_value_knows_its_line_and_column() {
    let error = parse("name: x\njobs:\n  a: {b: ]\n").unwrap_err();
    assert_eq!(error.pos.line, 3, "{error:?}");
    let tree = parse("name: x\non:\n  push:\n    branches: [main, 'v*']\n").unwrap();
    assert_eq!(place(at(&tree, &["on", "push", "branches"])), (4, 15));
    assert_eq!(place(&at(&tree, &["on", "push", "branches"]).items()[1]), (4, 22));
    let (key, _) = &at(&tree, &["on"]).mapping().unwrap()[0];
    assert_eq!((key.text.as_str(), key.pos.line, key.pos.col), ("push", 3, 3));
}

#[test]
fn scalars_mean_what_yaml_1_2_says_and_keep_their_text() {
    let kinds = |text: &str| parse(&format!("a: {text}\n")).unwrap().get("a").unwrap().scalar().unwrap().clone();
    for text in
        ["on", "no", "yes", "off", "1_000", "1.2.3", "v1", "2024-01-01", "'12'", "\"true\"", "!!str 12", "- -", "0x", "e5", "+", "."]
    {
        let Ok(tree) = parse(&format!("a: {text}\n")) else { continue };
        assert_eq!(tree.get("a").unwrap().scalar().unwrap().kind, NodeKind::String, "{text}");
    }
    for (text, number) in [("012", 12.0), ("0x10", 16.0), ("0o10", 8.0), ("3.10", 3.1), ("-1", -1.0), ("1e3", 1000.0), (".5", 0.5)] {
        assert_eq!(kinds(text).kind, NodeKind::Number(number), "{text}");
        assert_eq!(kinds(text).text, text);
    }
    for text in ["~", "null", ""] {
        assert_eq!(kinds(text).kind, NodeKind::Null, "{text}");
    }
    assert_eq!(kinds("True").kind, NodeKind::Bool(true));
}

#[test]
fn a_repeated_key_is_an_error_with_its_position() {
    let error = parse("jobs:\n  a: 1\n  b: 2\n  a: 3\n").unwrap_err();
    assert_eq!((error.pos.line, error.pos.col), (4, 3), "{error:?}");
    assert!(error.why.contains("`a`"));
    assert!(parse("env: 1\nENV: 2\n").is_err());
    assert!(parse("a: {x: 1}\nb: {x: 1}\n").is_ok());
}

#[test]
fn aliases_stand_for_their_anchor_at_their_own_place() {
    let tree = parse("a: &x [1, 2]\nb: *x\nc: {d: *x}\n").unwrap();
    assert_eq!(tree.get("b").unwrap().items().len(), 2);
    assert_eq!(place(at(&tree, &["c", "d"])), (3, 8));
    assert!(parse("a: *nobody\n").is_err());
    assert!(parse("a: &a [*a]\n").is_err());
}

#[test]
fn merge_keys_are_ordinary_keys() {
    let tree = parse("a: &x {k: 1}\nb:\n  <<: *x\n").unwrap();
    assert!(at(&tree, &["b"]).get("k").is_none());
    assert!(at(&tree, &["b"]).get("<<").is_some());
}

#[test]
fn alias_bombs_and_deep_nesting_are_refused() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..40 {
        let before = format!("*a{}", n - 1);
        bomb.push_str(&format!("a{n}: &a{n} [{}]\n", vec![before; 10].join(", ")));
    }
    assert!(parse(&bomb).is_err());
    assert!(parse(&format!("a: {}{}", "[".repeat(100_000), "]".repeat(100_000))).is_err());
    assert!(parse(&"- ".repeat(100_000)).is_err());
    let nested: String = (0..5000).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    assert!(parse(&nested).is_err());
    let mut chain = "a0: &a0 [x]\n".to_owned();
    for n in 1..5000 {
        chain.push_str(&format!("a{n}: &a{n} [*a{}]\n", n - 1));
    }
    assert!(parse(&chain).is_err());
}

#[test]
fn one_document_and_nothing_else() {
    assert!(parse("").unwrap().is_null());
    assert!(parse("# only a comment\n").unwrap().is_null());
    assert!(parse("--- \na: 1\n").is_ok());
    assert!(parse("a: 1\n---\nb: 2\n").is_err());
    assert!(parse("\u{feff}a: 1\n").unwrap().get("a").is_some());
    assert!(parse("? [a, b]\n: c\n").is_err());
    assert!(parse("? *x\n: c\n").is_err());
}

#[test]
fn a_megabyte_is_read() {
    let mut text = "jobs:\n".to_owned();
    while text.len() < 1_000_000 {
        text.push_str(&format!(
            "  job-{}:\n    runs-on: ubuntu\n    steps:\n      - run: |\n          echo one\n          echo two\n",
            text.len()
        ));
    }
    assert!(parse(&text).unwrap().get("jobs").unwrap().mapping().unwrap().len() > 5000);
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in "\\PC*") {
        let _ = parse(&text);
    }

    #[test]
    fn yaml_like_text_never_panics(text in "[-a-c:\\[\\]{}&*!|>'\"#%@,? \\n\\t]{0,80}") {
        let _ = parse(&text);
    }
}
