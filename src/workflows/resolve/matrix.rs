//! A job's `strategy`, evaluated into the parts of a matrix.

use super::{node, value};
use crate::workflows::contexts::Known;
use crate::workflows::expressions::{Map, Node, Rest, Value, Why};
use crate::workflows::matrix::{self, Leg, Parts};
use crate::workflows::model::{Job, Matrix, Text};
use crate::workflows::yaml::{Data, Node as Yaml};

/// Every leg that may run.
///
/// # Errors
/// Why GitHub fails the job.
pub(super) fn legs(job: &Job, known: &Known<'_>) -> Result<Vec<Leg>, String> {
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
        Ok((fields, more)) => matrix::legs(&parts(fields, more)),
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
    value(text, known).map(node).map_err(|error| format!("its matrix fails: {}", error.message()))
}
