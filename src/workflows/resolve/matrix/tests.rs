use super::*;

fn text(text: &str) -> Node {
    Node::Known(Value::from(text))
}

fn dimension(name: &str, values: &[&str]) -> (String, Dimension) {
    (name.to_owned(), Ok(values.iter().map(|v| text(v)).collect()))
}

fn entry(pairs: &[(&str, &str)]) -> Node {
    Node::Partial(pairs.iter().map(|(key, value)| (*key, text(value))).collect(), Rest::Null)
}

fn parts(dimensions: Vec<(String, Dimension)>) -> Parts {
    Parts { dimensions, exclude: Vec::new(), include: Vec::new(), more: None }
}

fn labels(parts: &Parts) -> Vec<String> {
    legs(parts).unwrap().into_iter().map(|leg| leg.label).collect()
}

#[test]
fn dimensions_multiply_in_their_order() {
    let two = parts(vec![dimension("env", &["qa", "prod"]), dimension("region", &["eu", "us"])]);
    assert_eq!(labels(&two), ["qa, eu", "qa, us", "prod, eu", "prod, us"]);
}

#[test]
fn exclude_takes_every_partial_match() {
    let mut some = parts(vec![dimension("env", &["qa", "prod"]), dimension("region", &["eu", "us"])]);
    some.exclude = vec![entry(&[("env", "qa")]), entry(&[("env", "prod"), ("region", "us")])];
    assert_eq!(labels(&some), ["prod, eu"]);
    some.exclude = vec![Node::Unknown("x".into())];
    assert_eq!(labels(&some).len(), 4);
}

/// The example of GitHub's documentation on `include`, which shows both steps and their order.
#[test]
fn include_extends_or_adds() {
    let mut fruit = parts(vec![dimension("fruit", &["apple", "pear"]), dimension("animal", &["cat", "dog"])]);
    fruit.include = vec![
        entry(&[("color", "green")]),
        entry(&[("color", "pink"), ("animal", "cat")]),
        entry(&[("fruit", "apple"), ("shape", "circle")]),
        entry(&[("fruit", "banana")]),
        entry(&[("fruit", "banana"), ("animal", "cat")]),
    ];
    assert_eq!(
        labels(&fruit),
        ["apple, cat, pink, circle", "apple, dog, green, circle", "pear, cat, pink", "pear, dog, green", "banana", "banana, cat"]
    );
}

#[test]
fn include_alone_makes_one_leg_for_each_entry() {
    let mut only = parts(Vec::new());
    only.include = vec![entry(&[("a", "1")]), entry(&[("a", "2")])];
    assert_eq!(labels(&only), ["1", "2"]);
}

#[test]
fn an_unknown_dimension_leaves_the_known_one_known() {
    let some = parts(vec![("app".to_owned(), Err("x".into())), dimension("env", &["dev", "test"])]);
    assert_eq!(labels(&some), ["dev", "test"]);
}

#[test]
fn an_unknown_include_may_add_any_leg() {
    let mut some = parts(vec![dimension("env", &["dev"])]);
    some.more = Some("x".into());
    let legs = legs(&some).unwrap();
    assert_eq!(legs.len(), 2);
    assert!(matches!(&legs[1].context, Node::Partial(map, Rest::Unknown(_)) if map.is_empty()));
}

#[test]
fn an_include_that_may_contradict_both_extends_and_adds() {
    let mut some = parts(vec![("env".to_owned(), Err("x".into()))]);
    some.include = vec![entry(&[("env", "prod"), ("gate", "yes")])];
    let legs = legs(&some).unwrap();
    assert_eq!(legs.len(), 2);
    assert!(matches!(&legs[0].context, Node::Partial(map, _) if matches!(map.get("gate"), Some(Node::Unknown(_)))));
}

#[test]
fn empty_and_endless_matrices_fail() {
    assert!(legs(&parts(vec![dimension("a", &[])])).is_err());
    let many: Vec<String> = (0..200).map(|n| n.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(legs(&parts(vec![dimension("a", &many), dimension("b", &many), dimension("c", &many)])).is_err());
    assert!(legs(&parts(vec![dimension("a", &many)])).is_ok());
    let mut excluding = parts(vec![dimension("a", &many), dimension("b", &many)]);
    assert!(legs(&excluding).is_err());
    excluding.exclude = vec![entry(&[("a", "1")])];
    assert!(matches!(legs(&excluding).unwrap().as_slice(), [Leg { context: Node::Unknown(_), .. }]));
}
