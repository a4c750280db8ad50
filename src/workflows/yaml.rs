//! YAML with positions: a tree in which every key and value has its position in the file.
//!
//! Owns what a scalar is (YAML 1.2's core schema, as GitHub reads it: `on` and `no` are text), aliases and their
//! budget, duplicate keys and depth. Must not know what a workflow is.

use std::collections::{BTreeMap, BTreeSet};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span};

/// Deeper files are refused: the tree is walked recursively, and no workflow is nested like that.
const MAX_DEPTH: usize = 64;
/// How many nodes all aliases together may stand for.
const ALIAS_BUDGET: usize = 100_000;

/// A place in a file; lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pos {
    /// The line.
    pub line: usize,
    /// The column.
    pub col: usize,
}

/// A value and its position.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The position of the value; for an alias, the position of the alias.
    pub pos: Pos,
    /// The value.
    pub data: Data,
}

/// The three kinds of a YAML value.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Text, a number, a boolean or null.
    Scalar(Scalar),
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and values in the order of the file; no two keys are equal.
    Mapping(Vec<(Key, Node)>),
}

/// The key of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its text, as written.
    pub text: String,
    /// Its position.
    pub pos: Pos,
}

/// A scalar: its source text, and what the text means.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalar {
    /// The text without quotes, escapes resolved; of a number or boolean, as it is written.
    pub text: String,
    /// What it means.
    pub kind: NodeKind,
}

/// What a scalar means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NodeKind {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(f64),
    /// Anything else, and everything in quotes.
    String,
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub pos: Pos,
    /// Why: one sentence without a full stop.
    pub why: String,
}

/// Reads one YAML document; an empty one is a null.
///
/// # Errors
/// When it is not YAML, holds more than one document, repeats a key, or is nested or aliased beyond measure.
pub fn parse(text: &str) -> Result<Node, Problem> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|e| scan_error(&e))?;
        builder.take(event, span)?;
    }
    Ok(builder.root.unwrap_or_else(|| scalar_node(Pos { line: 1, col: 1 }, String::new(), NodeKind::Null)))
}

impl Node {
    /// The scalar, when it is one.
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.data {
            Data::Scalar(scalar) => Some(scalar),
            Data::Sequence(_) | Data::Mapping(_) => None,
        }
    }

    /// Keys and values, when it is a mapping.
    pub fn mapping(&self) -> Option<&[(Key, Self)]> {
        match &self.data {
            Data::Mapping(entries) => Some(entries),
            Data::Scalar(_) | Data::Sequence(_) => None,
        }
    }

    /// The value of a key, when this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.mapping()?.iter().find(|(k, _)| k.text == key).map(|(_, value)| value)
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(&self.data, Data::Scalar(Scalar { kind: NodeKind::Null, .. }))
    }

    /// A list's items, or the value itself as the only one.
    pub fn items(&self) -> &[Self] {
        match &self.data {
            Data::Sequence(items) => items,
            Data::Scalar(_) | Data::Mapping(_) => std::slice::from_ref(self),
        }
    }

    /// Calls `visit` for every scalar below, values only, in the order of the file.
    pub fn each_scalar<'a>(&'a self, visit: &mut impl FnMut(&'a Scalar, Pos)) {
        match &self.data {
            Data::Scalar(scalar) => visit(scalar, self.pos),
            Data::Sequence(items) => items.iter().for_each(|item| item.each_scalar(visit)),
            Data::Mapping(entries) => entries.iter().for_each(|(_, value)| value.each_scalar(visit)),
        }
    }

    /// What the value is called in a message.
    pub fn kind_name(&self) -> &'static str {
        match &self.data {
            Data::Scalar(Scalar { kind: NodeKind::Null, .. }) => "nothing",
            Data::Scalar(_) => "a scalar",
            Data::Sequence(_) => "a list",
            Data::Mapping(_) => "a mapping",
        }
    }

    /// How many nodes and keys it is made of, and how deep it is.
    fn measure(&self) -> (usize, usize) {
        let add = |(size, depth): (usize, usize), (own, inner): (usize, usize)| (size + own, depth.max(inner + 1));
        match &self.data {
            Data::Scalar(_) => (1, 1),
            Data::Sequence(items) => items.iter().map(Self::measure).fold((1, 1), add),
            Data::Mapping(entries) => {
                let keyed = |(_, value): &(Key, Self)| {
                    let (size, depth) = value.measure();
                    (size + 1, depth)
                };
                entries.iter().map(keyed).fold((1, 1), add)
            }
        }
    }
}

/// A collection whose end has not come yet.
struct Open {
    pos: Pos,
    anchor: usize,
    contents: Contents,
}

enum Contents {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<(Key, Node)>, seen: BTreeSet<String>, key: Option<Key> },
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    /// Finished nodes that have an anchor, with their size and depth.
    anchors: BTreeMap<usize, (Node, usize, usize)>,
    aliased: usize,
    documents: usize,
    root: Option<Node>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Problem> {
        let pos = pos(span.start);
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(Problem { pos, why: "a workflow file holds one YAML document, and here a second one starts".to_owned() });
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                let kind = match tag.as_deref() {
                    Some(tag) if tag.is_yaml_core_schema() && tag.suffix != "str" => core_kind(&text),
                    Some(_) => NodeKind::String,
                    None if plain => core_kind(&text),
                    None => NodeKind::String,
                };
                self.add(scalar_node(pos, text.into_owned(), kind), anchor)?;
            }
            Event::SequenceStart(anchor, _) => self.start(pos, anchor, Contents::Sequence(Vec::new()))?,
            Event::MappingStart(anchor, _) => {
                self.start(pos, anchor, Contents::Mapping { entries: Vec::new(), seen: BTreeSet::new(), key: None })?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(Open { pos, anchor, contents }) = self.open.pop() {
                    let data = match contents {
                        Contents::Sequence(items) => Data::Sequence(items),
                        Contents::Mapping { entries, .. } => Data::Mapping(entries),
                    };
                    self.add(Node { pos, data }, anchor)?;
                }
            }
            Event::Alias(anchor) => {
                let Some((node, size, depth)) = self.anchors.get(&anchor) else {
                    return Err(Problem { pos, why: "this alias refers to an anchor that is not complete here".to_owned() });
                };
                self.aliased = self.aliased.saturating_add(*size);
                if self.aliased > ALIAS_BUDGET {
                    return Err(Problem { pos, why: format!("the file's aliases stand for more than {ALIAS_BUDGET} values") });
                }
                if self.open.len() + depth > MAX_DEPTH {
                    return Err(too_deep(pos));
                }
                let node = Node { pos, data: node.data.clone() };
                self.add(node, 0)?;
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn start(&mut self, pos: Pos, anchor: usize, contents: Contents) -> Result<(), Problem> {
        if let Some(Open { contents: Contents::Mapping { key: None, .. }, .. }) = self.open.last() {
            return Err(Problem { pos, why: "a key must be a scalar, and this one is a collection".to_owned() });
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(pos));
        }
        self.open.push(Open { pos, anchor, contents });
        Ok(())
    }

    fn add(&mut self, node: Node, anchor: usize) -> Result<(), Problem> {
        if anchor > 0 {
            let (size, depth) = node.measure();
            self.aliased = self.aliased.saturating_add(size);
            if self.aliased > ALIAS_BUDGET {
                return Err(Problem { pos: node.pos, why: format!("the file's anchors stand for more than {ALIAS_BUDGET} values") });
            }
            self.anchors.insert(anchor, (node.clone(), size, depth));
        }
        match self.open.last_mut().map(|open| &mut open.contents) {
            None => self.root = Some(node),
            Some(Contents::Sequence(items)) => items.push(node),
            Some(Contents::Mapping { entries, seen, key }) => match key.take() {
                Some(name) => entries.push((name, node)),
                None => {
                    let Data::Scalar(Scalar { text, .. }) = node.data else {
                        return Err(Problem { pos: node.pos, why: "a key must be a scalar, and this one is a collection".to_owned() });
                    };
                    // GitHub compares keys without case when it looks for repeated ones.
                    if !seen.insert(text.to_uppercase()) {
                        return Err(Problem { pos: node.pos, why: format!("the key `{text}` is already defined in this mapping") });
                    }
                    *key = Some(Key { text, pos: node.pos });
                }
            },
        }
        Ok(())
    }
}

fn scalar_node(pos: Pos, text: String, kind: NodeKind) -> Node {
    Node { pos, data: Data::Scalar(Scalar { text, kind }) }
}

fn too_deep(pos: Pos) -> Problem {
    Problem { pos, why: format!("nested deeper than {MAX_DEPTH} levels") }
}

fn pos(marker: Marker) -> Pos {
    Pos { line: marker.line(), col: marker.col() + 1 }
}

fn scan_error(error: &ScanError) -> Problem {
    Problem { pos: pos(*error.marker()), why: error.info().to_owned() }
}

/// YAML 1.2's core schema (its section 10.3.2).
fn core_kind(text: &str) -> NodeKind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => NodeKind::Null,
        "true" | "True" | "TRUE" => NodeKind::Bool(true),
        "false" | "False" | "FALSE" => NodeKind::Bool(false),
        _ => number(text).map_or(NodeKind::String, NodeKind::Number),
    }
}

fn number(text: &str) -> Option<f64> {
    let radix = |digits: &str, radix: u32| {
        let all = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
        all.then(|| digits.chars().filter_map(|c| c.to_digit(radix)).fold(0.0, |n, d| n * f64::from(radix) + f64::from(d)))
    };
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    match unsigned {
        ".inf" | ".Inf" | ".INF" => return Some(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY }),
        ".nan" | ".NaN" | ".NAN" if unsigned.len() == text.len() => return Some(f64::NAN),
        _ => {}
    }
    let starts = unsigned.strip_prefix('.').unwrap_or(unsigned).starts_with(|c: char| c.is_ascii_digit());
    let legal = unsigned.chars().all(|c| c.is_ascii_digit() || ".eE+-".contains(c));
    if starts && legal { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests;
