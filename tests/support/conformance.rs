//! Holds exchanges against the official API descriptions.
//!
//! Owns the reading of GitHub's OpenAPI description and Heroku's schema, and the deviations from them that docs/facts.md names.
//! Knows no type of the crate, so that its unit tests can use it too.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

/// The official descriptions.
pub struct Official {
    github: Value,
    heroku: Value,
    compiled: Mutex<BTreeMap<String, Arc<Validator>>>,
}

/// One exchange, in plain words.
pub struct Seen<'a> {
    /// Whether GitHub was asked, else Heroku.
    pub github: bool,
    pub method: &'a str,
    /// The raw path below the base.
    pub path: &'a str,
    pub request: &'a [u8],
    pub status: u16,
    pub response: &'a [u8],
}

impl Official {
    /// Reads both descriptions; `None`, reported on stderr, if they are not available.
    pub fn load() -> Option<Self> {
        let read = |variable: &str, default: &str| {
            let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(default);
            let path = std::env::var_os(variable).map_or_else(beside, PathBuf::from);
            let value = std::fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok());
            if value.is_none() {
                #[allow(clippy::print_stderr, reason = "a skipped test says so")]
                let () = eprintln!("skipped: no API description at {} (set {variable})", path.display());
            }
            value
        };
        let mut github: Value = read("GATECTL_OPENAPI", "github-openapi-subset.json")?;
        let mut heroku: Value = read("GATECTL_HEROKU_SCHEMA", "heroku-schema-subset.json")?;
        modern(&mut github);
        modern(&mut heroku);
        observed(&mut github);
        Some(Self { github, heroku, compiled: Mutex::default() })
    }

    /// What is wrong with the request; none when its operation is not described.
    pub fn request(&self, seen: &Seen<'_>) -> Option<Vec<String>> {
        let (key, operation) = self.operation(seen)?;
        let schema = if seen.github { operation.pointer("/requestBody/content/application~1json/schema") } else { operation.get("schema") };
        if seen.request.is_empty() {
            let needed = operation.pointer("/requestBody/required") == Some(&Value::Bool(true));
            return Some(if needed { vec![format!("{key}: no body")] } else { Vec::new() });
        }
        let mut body = match serde_json::from_slice(seen.request) {
            Ok(body) => body,
            Err(error) => return Some(vec![format!("{key}: {error}")]),
        };
        // GitHub takes this key, and its description does not know it.
        if let (Value::Object(body), true) = (&mut body, key.ends_with("/environments/{environment_name}")) {
            body.remove("can_admins_bypass");
        }
        match schema {
            Some(schema) => Some(self.check(seen.github, &format!("{key} request"), schema, &body)),
            None => Some(vec![format!("{key}: takes no body")]),
        }
    }

    /// What is wrong with the answer; none when its operation is not described.
    pub fn response(&self, seen: &Seen<'_>) -> Option<Vec<String>> {
        let (key, operation) = self.operation(seen)?;
        let key = format!("{key} {}", seen.status);
        if [204, 303, 304].contains(&seen.status) {
            return Some(if seen.response.is_empty() { Vec::new() } else { vec![format!("{key}: has a body")] });
        }
        let body: Value = match serde_json::from_slice(seen.response) {
            Ok(body) => body,
            Err(error) => return Some(vec![format!("{key}: {error}")]),
        };
        if seen.status >= 300 {
            return Some(error_problems(seen.github, &key, seen.status, &body));
        }
        let schema = if seen.github {
            operation.pointer(&format!("/responses/{}/content/application~1json/schema", seen.status)).cloned()
        } else {
            let whole = || json!({"$ref": format!("#/definitions/{}", operation["of"].as_str().unwrap_or_default())});
            Some(operation.get("targetSchema").cloned().unwrap_or_else(whole))
        };
        match schema {
            Some(schema) => Some(self.check(seen.github, &key, &schema, &body)),
            None => Some(vec![format!("{key}: not a declared status")]),
        }
    }

    /// Every operation of the GitHub description: method and path template.
    pub fn operations(&self) -> Vec<(String, String)> {
        let paths = self.github["paths"].as_object().into_iter().flatten();
        let verbs =
            |operations: &Value| operations.as_object().into_iter().flatten().map(|(verb, _)| verb.to_uppercase()).collect::<Vec<_>>();
        let all = paths.flat_map(|(path, operations)| verbs(operations).into_iter().map(|verb| (verb, path.clone())));
        all.filter(|(verb, _)| verb != "PARAMETERS").collect()
    }

    fn operation(&self, seen: &Seen<'_>) -> Option<(String, Value)> {
        let mut best: Option<(usize, String, Value)> = None;
        let mut offer = |template: &str, operation: &Value| {
            if let Some(literals) = fit(template, seen.path)
                && best.as_ref().is_none_or(|(most, _, _)| literals > *most)
            {
                best = Some((literals, format!("{} {template}", seen.method), operation.clone()));
            }
        };
        if seen.github {
            for (template, operations) in self.github["paths"].as_object()? {
                if let Some(operation) = operations.get(seen.method.to_lowercase()) {
                    offer(template, operation);
                }
            }
        } else {
            for (name, definition) in self.heroku["definitions"].as_object()? {
                for link in definition["links"].as_array().into_iter().flatten().filter(|link| link["method"] == seen.method) {
                    let mut link = link.clone();
                    link["of"] = name.as_str().into();
                    offer(link["href"].clone().as_str()?, &link);
                }
            }
        }
        best.map(|(_, key, operation)| (key, operation))
    }

    fn check(&self, github: bool, key: &str, schema: &Value, body: &Value) -> Vec<String> {
        let known = self.compiled.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        let validator = known.unwrap_or_else(|| {
            let (root, draft) = if github { ("components", Draft::Draft202012) } else { ("definitions", Draft::Draft4) };
            let document = if github { &self.github } else { &self.heroku };
            let whole = json!({ root: document[root], "allOf": [schema] });
            let options = jsonschema::options().with_draft(draft).should_validate_formats(true);
            let validator = Arc::new(options.build(&whole).unwrap());
            self.compiled.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), Arc::clone(&validator));
            validator
        });
        validator.iter_errors(body).map(|error| format!("{key}: {} at {}", error, error.instance_path())).collect()
    }
}

fn error_problems(github: bool, key: &str, status: u16, body: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    if text("message").is_none() {
        wrong.push(format!("{key}: an error without a message"));
    }
    // A redirect's body has an address in place of the status.
    if github && status >= 400 && (text("status") != Some(&status.to_string()) || text("documentation_url").is_none()) {
        wrong.push(format!("{key}: an error without status or page: {body}"));
    }
    if !github && text("id").is_none() {
        wrong.push(format!("{key}: an error without an id"));
    }
    wrong
}

/// How many segments of a path are literally those of a template that it fits.
fn fit(template: &str, path: &str) -> Option<usize> {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    let mut literals = 0;
    for (wanted, found) in template.iter().zip(&path) {
        match wanted.starts_with('{') {
            true if found.is_empty() => return None,
            true => {}
            false if wanted == found => literals += 1,
            false => return None,
        }
    }
    (template.len() == path.len()).then_some(literals)
}

/// OpenAPI 3.0's `nullable` and Heroku's `strictProperties`, as JSON Schema says them.
fn modern(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(modern),
        Value::Object(object) => {
            object.values_mut().for_each(modern);
            // A declared default is a value that is sent, also if it does not have the declared format.
            let empty_by_default = object.get("default") == Some(&json!("")) && object.contains_key("format");
            if empty_by_default {
                alternative(object, json!({"const": ""}));
            }
            if object.get("nullable") == Some(&Value::Bool(true)) {
                object.remove("nullable");
                alternative(object, json!({"type": "null"}));
            }
            if object.get("strictProperties") == Some(&Value::Bool(true))
                && let Some(properties) = object.get("properties").and_then(Value::as_object)
            {
                let keys: Vec<Value> = properties.keys().map(|key| key.as_str().into()).collect();
                object.insert("required".to_owned(), Value::Array(keys));
                object.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
        }
        _ => {}
    }
}

/// Another schema that a value may fit instead.
fn alternative(object: &mut Map<String, Value>, other: Value) {
    let inner = Value::Object(std::mem::take(object));
    object.insert("anyOf".to_owned(), json!([inner, other]));
}

/// What GitHub sends although its description does not list it: a deployment that waits for its gate has the status `waiting`.
fn observed(github: &mut Value) {
    if let Some(Value::Array(states)) = github.pointer_mut("/components/schemas/deployment-status/properties/state/enum") {
        states.push("waiting".into());
    }
}
