//! The legs of a job's matrix.
//!
//! Owns the cross product, `exclude`, GitHub's two-step `include`, and what an unknown part of them means: a leg that
//! may run is a leg. Must not know what a leg is used for.

use super::expressions::{Map, Node, Rest, Value, Why};

/// GitHub's limit on the legs of one job.
const MAX_LEGS: usize = 256;
/// How many combinations are made before `exclude` removes some.
const MAX_COMBINATIONS: usize = MAX_LEGS * 16;

/// What is known about a matrix: its parts, evaluated.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The dimensions in the order of the file, with each of their values, or why the values are not known.
    pub dimensions: Vec<(String, Dimension)>,
    /// The entries of `exclude`; one that is not known keeps every leg.
    pub exclude: Vec<Node>,
    /// The entries of `include`.
    pub include: Vec<Node>,
    /// Why `include` holds more entries than are known, when it does.
    pub more: Option<Why>,
}

/// The values of one dimension, each with what is known about it, or why they are not known.
pub type Dimension = Result<Vec<Node>, Why>;

/// One leg: what `matrix` is in it, and how GitHub labels it.
#[derive(Debug, Clone)]
pub struct Leg {
    /// The `matrix` context.
    pub context: Node,
    /// `qa, eu`; empty if nothing is known.
    pub label: String,
}

impl Leg {
    /// The one leg of a job without a matrix.
    pub fn only() -> Self {
        Self { context: Node::Known(Value::Null), label: String::new() }
    }

    /// A leg about which nothing is known.
    pub fn unknown(why: impl Into<Why>) -> Self {
        Self { context: Node::Unknown(why.into()), label: String::new() }
    }
}

/// Every leg that may run.
///
/// # Errors
/// Why GitHub fails the job: an empty dimension, or too many legs.
pub fn legs(parts: &Parts) -> Result<Vec<Leg>, String> {
    if product(parts) > MAX_COMBINATIONS && !parts.exclude.is_empty() {
        return Ok(vec![Leg::unknown("the matrix has too many combinations to follow what is excluded")]);
    }
    let mut legs = included(combinations(parts)?, parts);
    if let Some(why) = &parts.more {
        for (_, rest) in &mut legs {
            *rest = Rest::Unknown(why.clone());
        }
        legs.push((Map::new(), Rest::Unknown(why.clone())));
    }
    if legs.len() > MAX_LEGS {
        return Err(format!("the matrix has more than {MAX_LEGS} legs"));
    }
    Ok(legs.into_iter().map(|(values, rest)| Leg { label: label(&values), context: Node::Partial(values, rest) }).collect())
}

type Combination = Map<Node>;

/// How many combinations the dimensions make.
fn product(parts: &Parts) -> usize {
    let size = |dimension: &Dimension| dimension.as_ref().map_or(1, Vec::len);
    parts.dimensions.iter().fold(1, |product: usize, (_, dimension)| product.saturating_mul(size(dimension)))
}

/// The cross product, without what `exclude` certainly removes.
fn combinations(parts: &Parts) -> Result<Vec<Combination>, String> {
    if parts.dimensions.is_empty() {
        return Ok(Vec::new());
    }
    // Bounded before it is built: dimensions multiply.
    if product(parts) > MAX_COMBINATIONS {
        return Err(format!("the matrix has more than {MAX_LEGS} legs"));
    }
    let mut all = vec![Combination::new()];
    for (name, dimension) in &parts.dimensions {
        let values = match dimension {
            Ok(values) if values.is_empty() => return Err(format!("the matrix dimension `{name}` has no values")),
            Ok(values) => values.clone(),
            Err(why) => vec![Node::Unknown(why.clone())],
        };
        all = all
            .iter()
            .flat_map(|combination| {
                values.iter().map(|value| {
                    let mut combination = combination.clone();
                    combination.insert(name.clone(), value.clone());
                    combination
                })
            })
            .collect();
    }
    all.retain(|combination| !parts.exclude.iter().any(|entry| excludes(entry, combination)));
    Ok(all)
}

/// An entry excludes what certainly matches it in every key that it names.
fn excludes(entry: &Node, combination: &Combination) -> bool {
    let Some(keys) = fields(entry) else { return false };
    !keys.is_empty() && keys.iter().all(|(key, value)| combination.get(key).is_some_and(|other| same(value, other) == Some(true)))
}

/// GitHub's rule: an entry extends every original combination that it does not contradict, and otherwise is a new one.
fn included(original: Vec<Combination>, parts: &Parts) -> Vec<(Combination, Rest)> {
    let is_original = |key: &str| parts.dimensions.iter().any(|(name, _)| name.eq_ignore_ascii_case(key));
    let mut legs: Vec<(Combination, Rest)> = original.iter().map(|combination| (combination.clone(), Rest::Null)).collect();
    for entry in &parts.include {
        let Some(keys) = fields(entry) else {
            legs.push((Combination::new(), Rest::Unknown("an entry of `include` is not known".into())));
            continue;
        };
        let mut extended = false;
        for (combination, (leg, _)) in original.iter().zip(legs.iter_mut()) {
            let fits =
                keys.iter().filter(|(key, _)| is_original(key)).map(|(key, value)| combination.get(key).and_then(|o| same(value, o)));
            let fits: Vec<Option<bool>> = fits.collect();
            if fits.contains(&Some(false)) {
                continue;
            }
            let sure = fits.iter().all(|fit| *fit == Some(true));
            extended |= sure;
            for (key, value) in keys.iter().filter(|(key, _)| !is_original(key)) {
                let value = if sure { value.clone() } else { Node::Unknown("whether `include` extends this leg is not known".into()) };
                leg.insert(key.clone(), value);
            }
        }
        if !extended {
            legs.push((keys.into_iter().collect(), Rest::Null));
        }
    }
    legs
}

/// The keys of an entry, when all of them are known.
fn fields(entry: &Node) -> Option<Vec<(String, Node)>> {
    match entry {
        Node::Known(Value::Object(map)) => Some(map.iter().map(|(key, value)| (key.to_owned(), Node::Known(value.clone()))).collect()),
        Node::Partial(map, Rest::Null) => Some(map.iter().map(|(key, value)| (key.to_owned(), value.clone())).collect()),
        Node::Known(_) | Node::OneOf(_) | Node::Unknown(_) | Node::Partial(_, Rest::Unknown(_)) => None,
    }
}

/// Whether two values are the same; none if it is unknown.
fn same(a: &Node, b: &Node) -> Option<bool> {
    match (a, b) {
        (Node::Known(a), Node::Known(b)) => Some(a == b),
        (Node::Partial(..), Node::Known(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)))
        | (Node::Known(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)), Node::Partial(..)) => Some(false),
        _ => None,
    }
}

fn label(values: &Combination) -> String {
    let known = values.values().filter_map(|value| match value {
        Node::Known(value @ (Value::Bool(_) | Value::Number(_) | Value::String(_))) => Some(value.to_text()),
        _ => None,
    });
    known.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
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
}
