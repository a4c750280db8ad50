//! The JSON Schema against the reader.

use super::*;

/// What an editor hands to the schema: dates as text.
fn as_json(value: &toml::Value) -> serde_json::Value {
    match value {
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(items) => items.iter().map(as_json).collect(),
        toml::Value::Table(table) => serde_json::Value::Object(table.iter().map(|(k, v)| (k.clone(), as_json(v))).collect()),
        toml::Value::String(text) => text.as_str().into(),
        toml::Value::Integer(number) => (*number).into(),
        toml::Value::Float(number) => (*number).into(),
        toml::Value::Boolean(flag) => (*flag).into(),
    }
}

fn schema_takes(text: &str) -> bool {
    let value: toml::Value = toml::from_str(text).unwrap();
    jsonschema::draft7::is_valid(&json_schema(), &as_json(&value))
}

#[test]
fn the_schema_takes_what_the_reader_takes() {
    assert!(jsonschema::draft7::meta::is_valid(&json_schema()));
    for text in [DESIGN, FULL, include_str!("../../../gate.toml")] {
        assert!(schema_takes(text), "{text}");
    }
}

#[test]
fn the_schema_refuses_what_it_can() {
    let document: toml_edit::DocumentMut = FULL.parse().unwrap();
    let mut all = Vec::new();
    paths(document.as_item(), &[], &mut all);
    for path in all {
        let mut less = document.clone();
        remove(less.as_item_mut(), &path);
        let text = less.to_string();
        assert!(schema_takes(&text) || parse("gate.toml", &text).is_err(), "the schema is stricter about {}", path.join("."));
    }
    for bad in [
        "",
        "version = 2",
        "version = 1\nx = 1",
        "version = 1\n[environments.a]\nreviewrs = []",
        "version = 1\n[environments.a]\nwait_timer = 43201",
        "version = 1\n[environments.a]\nreviewers = [{ user = \"a\", team = \"b\" }]",
        "version = 1\n[environments.a]\nreviewers = [{}]",
        "version = 1\n[environments.a]\nvariables = { A-B = \"\" }",
        "version = 1\n[environments.a]\ndeployment_branch_policy = \"main\"",
        "version = 1\n[freeze]\nheroku_app = \"my-app\"\nenvironments = []",
        "version = 1\n[[freeze.windows]]\nname = \"w\"\ntimezone = \"UTC\"\nstart = \"* * * * *\"",
    ] {
        assert!(!schema_takes(bad), "{bad}");
        assert!(parse("gate.toml", bad).is_err(), "{bad}");
    }
}

#[test]
fn every_key_has_a_description() {
    fn walk(value: &serde_json::Value) -> usize {
        let properties = value.get("properties").and_then(|p| p.as_object());
        let mine: usize = properties
            .into_iter()
            .flatten()
            // In a group, `true` and `false` only say which keys go together.
            .filter(|(_, key)| !key.is_boolean())
            .map(|(name, key)| {
                assert!(key["description"].as_str().is_some_and(|text| text.ends_with('.')), "{name}");
                1
            })
            .sum();
        let below: usize = match value {
            serde_json::Value::Object(map) => map.values().map(walk).sum(),
            serde_json::Value::Array(items) => items.iter().map(walk).sum(),
            _ => 0,
        };
        mine + below
    }
    assert!(walk(&json_schema()) > 45);
}
