//! The legs of a job's matrix: its `strategy`, evaluated, and what GitHub makes of it.
//!
//! Owns the cross product, `exclude`, GitHub's two-step `include`, and what an unknown part of them means: a leg that
//! may run is a leg. Must not know what a leg is used for. Tested in `matrix/tests.rs`.

use super::value;
use crate::workflows::contexts::Known;
use crate::workflows::expressions::{Map, Node, Rest, Value, Why};
use crate::workflows::model::{Job, Matrix, Text};
use crate::workflows::yaml::{Data, Node as Yaml};

/// GitHub's limit on the legs of one job.
const MAX_LEGS: usize = 256;
/// How many combinations are made before `exclude` removes some.
const MAX_COMBINATIONS: usize = MAX_LEGS * 16;

/// What is known about a matrix: its parts, evaluated.
#[derive(Debug, Clone)]
struct Parts {
    /// The dimensions in the order of the file, with each of their values, or why the values are not known.
    dimensions: Vec<(String, Dimension)>,
    /// The entries of `exclude`; one that is not known keeps every leg.
    exclude: Vec<Node>,
    /// The entries of `include`.
    include: Vec<Node>,
    /// Why `include` holds more entries than are known, when it does.
    more: Option<Why>,
}

/// The values of one dimension, each with what is known about it, or why they are not known.
type Dimension = Result<Vec<Node>, Why>;

/// One leg: what `matrix` is in it, and how GitHub labels it.
#[derive(Debug, Clone)]
pub(super) struct Leg {
    /// The `matrix` context.
    pub(super) context: Node,
    /// `qa, eu`; empty if nothing is known.
    pub(super) label: String,
}

impl Leg {
    /// The one leg of a job without a matrix.
    fn only() -> Self {
        Self { context: Node::Known(Value::Null), label: String::new() }
    }

    /// A leg about which nothing is known.
    fn unknown(why: impl Into<Why>) -> Self {
        Self { context: Node::Unknown(why.into()), label: String::new() }
    }
}

/// Every leg that may run.
///
/// # Errors
/// Why GitHub fails the job.
pub(super) fn of(job: &Job, known: &Known<'_>) -> Result<Vec<Leg>, String> {
    let declared = match &job.matrix {
        None => return Ok(vec![Leg::only()]),
        Some(Matrix::Declared(yaml)) => evaluated(yaml, known)?,
        Some(Matrix::Strategy(text)) => match scalar(text, known)? {
            Node::Known(Value::Object(strategy)) => match strategy.get("matrix") {
                Some(matrix) => Node::Known(matrix.clone()),
                None => return Ok(vec![Leg::only()]),
            },
            Node::Unknown(why) => Node::Unknown(why),
            _ => Node::Unknown("the strategy is not known".into()),
        },
    };
    match fields(declared) {
        Ok((fields, more)) => legs(&parts(fields, more)),
        Err(why) => Ok(vec![Leg::unknown(why)]),
    }
}

/// The keys of a matrix with what is known about each, and why there may be more keys.
type Fields = (Vec<(String, Node)>, Option<Why>);

/// # Errors
/// Why the matrix is not known.
fn fields(matrix: Node) -> Result<Fields, Why> {
    match matrix {
        Node::Known(Value::Object(map)) => {
            Ok((map.iter().map(|(key, value)| (key.to_owned(), Node::Known(value.clone()))).collect(), None))
        }
        Node::Partial(map, rest) => {
            let more = if let Rest::Unknown(why) = rest { Some(why) } else { None };
            Ok((map.iter().map(|(key, value)| (key.to_owned(), value.clone())).collect(), more))
        }
        Node::Unknown(why) => Err(why),
        Node::Known(_) | Node::OneOf(_) => Err("the matrix is not known".into()),
    }
}

fn parts(fields: Vec<(String, Node)>, more: Option<Why>) -> Parts {
    let mut parts = Parts { dimensions: Vec::new(), exclude: Vec::new(), include: Vec::new(), more };
    for (key, value) in fields {
        let values = items(value);
        match (key.to_ascii_lowercase().as_str(), values) {
            ("include", Ok(values)) => parts.include = values,
            ("include", Err(why)) => parts.more = Some(why),
            ("exclude", values) => parts.exclude = values.unwrap_or_default(),
            (_, values) => parts.dimensions.push((key, values)),
        }
    }
    parts
}

/// The items of a list, each with what is known about it, or why the list is unknown.
fn items(value: Node) -> Result<Vec<Node>, Why> {
    match value {
        Node::Known(Value::Array(items)) => Ok(items.iter().cloned().map(Node::Known).collect()),
        Node::Partial(map, Rest::Null) if is_list(&map) => Ok(map.values().cloned().collect()),
        Node::Unknown(why) => Err(why),
        Node::Known(_) | Node::OneOf(_) | Node::Partial(..) => Err("its values are not known".into()),
    }
}

/// A list whose items are not all known is kept as a map from its indices.
fn is_list(map: &Map<Node>) -> bool {
    map.iter().enumerate().all(|(at, (key, _))| key == at.to_string())
}

/// A YAML value with its expressions evaluated.
fn evaluated(yaml: &Yaml, known: &Known<'_>) -> Result<Node, String> {
    Ok(match &yaml.data {
        Data::Scalar(inner) => scalar(&Text { scalar: inner.clone(), pos: yaml.pos }, known)?,
        Data::Sequence(list) => {
            let nodes = list.iter().map(|item| evaluated(item, known)).collect::<Result<Vec<_>, _>>()?;
            match all_known(&nodes) {
                Some(values) => Node::Known(Value::array(values)),
                None => Node::Partial(nodes.into_iter().enumerate().map(|(at, node)| (at.to_string(), node)).collect(), Rest::Null),
            }
        }
        Data::Mapping(entries) => {
            let mut rest = Rest::Null;
            let mut map = Map::new();
            for (key, item) in entries {
                if key.text.contains("${{") {
                    rest = Rest::Unknown("keys that an expression makes are not followed".into());
                } else {
                    map.insert(key.text.clone(), evaluated(item, known)?);
                }
            }
            Node::Partial(map, rest)
        }
    })
}

fn all_known(nodes: &[Node]) -> Option<Vec<Value>> {
    nodes.iter().map(|node| if let Node::Known(value) = node { Some(value.clone()) } else { None }).collect()
}

fn scalar(text: &Text, known: &Known<'_>) -> Result<Node, String> {
    value(text, known).map_err(|error| format!("its matrix fails: {}", error.message()))
}

/// The legs of an evaluated matrix.
///
/// # Errors
/// Why GitHub fails the job: an empty dimension, or too many legs.
fn legs(parts: &Parts) -> Result<Vec<Leg>, String> {
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
    let Some(keys) = keys_of(entry) else { return false };
    !keys.is_empty() && keys.iter().all(|(key, value)| combination.get(key).is_some_and(|other| same(value, other) == Some(true)))
}

/// GitHub's rule: an entry extends every original combination that it does not contradict, and otherwise is a new one.
fn included(original: Vec<Combination>, parts: &Parts) -> Vec<(Combination, Rest)> {
    let is_original = |key: &str| parts.dimensions.iter().any(|(name, _)| name.eq_ignore_ascii_case(key));
    let mut legs: Vec<(Combination, Rest)> = original.iter().map(|combination| (combination.clone(), Rest::Null)).collect();
    for entry in &parts.include {
        let Some(keys) = keys_of(entry) else {
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
fn keys_of(entry: &Node) -> Option<Vec<(String, Node)>> {
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
mod tests;
