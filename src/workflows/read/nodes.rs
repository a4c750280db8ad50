//! Reads the small parts of which a workflow is made: scalars, lists of them, and mappings with known keys.

use super::keys;
use crate::workflows::model::{Problem, Text, UnknownKey};
use crate::workflows::yaml::{Data, Key, Node};

/// The scalar of a node, as text with a position.
pub(super) fn text(node: &Node) -> Option<Text> {
    node.scalar().map(|scalar| Text { scalar: scalar.clone(), pos: node.pos })
}

/// The scalar under a key; a collection there is a problem.
pub(super) fn scalar(node: &Node, key: &str, problems: &mut Vec<Problem>) -> Option<Text> {
    let value = node.get(key)?;
    let text = text(value);
    if text.is_none() {
        problems.push(Problem { pos: value.pos, why: format!("`{key}` is {} and must be a scalar", value.kind_name()) });
    }
    text
}

/// The scalars under a key that takes one or a list of them; anything else there is a problem, and a null is not a key.
pub(super) fn scalars(node: &Node, key: &str, problems: &mut Vec<Problem>) -> Option<Vec<Text>> {
    let value = node.get(key).filter(|value| !value.is_null())?;
    let texts: Vec<Text> = value.items().iter().filter_map(text).filter(|t| !t.as_str().is_empty()).collect();
    if texts.len() != value.items().len() {
        problems.push(Problem { pos: value.pos, why: format!("`{key}` must be a non-empty string or a list of them") });
    }
    Some(texts)
}

/// Names and scalars of a mapping; values that are collections are left out and are a problem.
pub(super) fn pairs(node: Option<&Node>, key: &str, problems: &mut Vec<Problem>) -> Vec<(Key, Text)> {
    let Some(node) = node.filter(|node| !node.is_null()) else { return Vec::new() };
    let Data::Mapping(entries) = &node.data else {
        problems.push(Problem { pos: node.pos, why: format!("`{key}` is {} and must be a mapping", node.kind_name()) });
        return Vec::new();
    };
    let mut found = Vec::new();
    for (name, value) in entries {
        match text(value) {
            Some(text) => found.push((name.clone(), text)),
            None => problems.push(Problem { pos: value.pos, why: format!("`{key}.{}` must be a scalar", name.text) }),
        }
    }
    found
}

pub(super) fn check_keys(entries: &[(Key, Node)], known: &[&'static str], place: &str, unknown: &mut Vec<UnknownKey>) {
    for (key, _) in entries.iter().filter(|(key, _)| !known.contains(&key.text.as_str())) {
        unknown.push(UnknownKey { key: key.clone(), place: place.to_owned(), near: keys::near(&key.text, known) });
    }
}
