//! The reference of every key as Markdown: `docs/gate-toml.md`, held to the table of keys by a test.

use std::fmt::Write as _;

use super::super::keys::ROOT;
use super::super::schema::{Key, Presence, Table, Type};
use super::super::{json_schema, parse};

const HEAD: &str = "\
# gate.toml

A reference for every key, generated from the table that gatectl itself reads the file with. `examples/` has whole files.

Editors complete and check the file with its JSON Schema. `gatectl schema > gate.schema.json` writes it; then make
`#:schema ./gate.schema.json` the first line of gate.toml. A release also publishes `gate.schema.json`.

A key that is left out is not managed: its live value stays as it is. gatectl looks for gate.toml in the current directory and its
parents, up to the root of the repository. `gatectl validate` reports all of its problems at once.
";

/// Rules that no single key shows, each with a file that breaks it.
const RULES: &[(&str, &str)] = &[
    ("Every file needs `version`.", "[github]\nrepository = \"acme/shop\"\n"),
    (
        "Names of environments are case-insensitive, so two that differ only in case are the same name.",
        "version = 1\n[environments.production]\n[environments.Production]\n",
    ),
    (
        "`prevent_self_review = true` needs `reviewers` with at least one entry.",
        "version = 1\n[environments.production]\nprevent_self_review = true\n",
    ),
    (
        "An environment with `state = \"absent\"` has no other key.",
        "version = 1\n[environments.production]\nstate = \"absent\"\nwait_timer = 5\n",
    ),
    (
        "A table of patterns needs at least one pattern: with none, nothing could deploy.",
        "version = 1\n[environments.production]\ndeployment_branch_policy = { branches = [], tags = [] }\n",
    ),
    (
        "A pattern is matched against the short name of a ref, so `refs/heads/` in front of it is refused.",
        "version = 1\n[environments.production]\ndeployment_branch_policy = { branches = [\"refs/heads/main\"] }\n",
    ),
    (
        "`frozen = false` is refused, since only `gatectl freeze off` lifts a freeze.",
        "version = 1\n[freeze]\nheroku_app = \"shop-prod\"\nenvironments = [\"production\"]\nfrozen = false\n[environments.production]\n",
    ),
    (
        "A fleet file has no `[[workflows]]`, `[heroku]`, `[freeze]` or `github.repository`: these belong to one repository.",
        "version = 1\n[fleet]\norganization = \"acme\"\nrepositories = [\"svc-*\"]\n[heroku.config.shop-prod]\nTIER = \"1\"\n",
    ),
    (
        "`repositories` needs at least one name or pattern without `!`.",
        "version = 1\n[fleet]\norganization = \"acme\"\nrepositories = [\"!svc-x\"]\n",
    ),
    (
        "The config vars of the freeze are not declared a second time below `[heroku.config]`.",
        "version = 1\n[heroku.config.shop-prod]\nDEPLOY_FREEZE = \"true\"\n[freeze]\nheroku_app = \"shop-prod\"\nenvironments = [\"production\"]\n[environments.production]\n",
    ),
];

fn reference() -> String {
    let mut text = HEAD.to_owned();
    section(&mut text, "The file", &ROOT);
    below(&mut text, "", &ROOT);
    text.push_str("\n## Rules over several keys\n\n");
    for (rule, _) in RULES {
        let _ = writeln!(text, "- {rule}");
    }
    text
}

fn section(text: &mut String, title: &str, table: &Table) {
    let _ = writeln!(text, "\n## {title}");
    if !table.either.is_empty() {
        let groups: Vec<String> =
            table.either.iter().map(|group| group.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" and ")).collect();
        let _ = writeln!(text, "\nExactly one of: {}.", groups.join("; "));
    }
    for key in table.keys {
        let presence = match &key.presence {
            Presence::Required => "required".to_owned(),
            Presence::Optional => "optional".to_owned(),
            Presence::Default(default) => format!("default `{}`", default.json()),
        };
        let _ = writeln!(
            text,
            "\n### `{}`\n\n{}\n\nType: {}; {presence}.\n\n```toml\n{}\n```",
            key.name,
            key.about,
            words(&key.kind),
            key.example
        );
    }
}

/// The tables that a table's keys hold, each with the way to its header.
fn below(text: &mut String, path: &str, table: &Table) {
    for key in table.keys {
        let path = if path.is_empty() { key.name.to_owned() } else { format!("{path}.{}", key.name) };
        for (title, inner) in inner(&key.kind, &path) {
            section(text, &title, inner);
            let path = title.trim_matches(|c: char| "[]`".contains(c)).to_owned();
            below(text, &path, inner);
        }
    }
}

fn inner(kind: &Type, path: &str) -> Vec<(String, &'static Table)> {
    match kind {
        Type::Table(table) => vec![(format!("`[{path}]`"), *table)],
        Type::Map { of, .. } => inner(of, &format!("{path}.NAME")),
        Type::List { of: Type::Table(table), .. } => vec![(format!("`[[{path}]]`"), *table)],
        // The same table, alone or in a list, is described once.
        Type::Either(kinds) => kinds.iter().flat_map(|kind| inner(kind, path)).take(1).collect(),
        _ => Vec::new(),
    }
}

fn words(kind: &Type) -> String {
    match kind {
        Type::Boolean => "`true` or `false`".to_owned(),
        Type::Number => "number".to_owned(),
        Type::Integer { min, max } if min == max => format!("`{min}`"),
        Type::Integer { min, max: i64::MAX } => format!("whole number from {min}"),
        Type::Integer { min, max } => format!("whole number, {min} to {max}"),
        Type::Text => "text".to_owned(),
        Type::Name(syntax) => format!("text, {}", syntax.noun),
        Type::Word(words) => words.iter().map(|word| format!("`\"{word}\"`")).collect::<Vec<_>>().join(" or "),
        Type::LocalDateTime => "local date and time".to_owned(),
        Type::LocalDate => "date".to_owned(),
        Type::List { of, min, max, .. } => {
            let bounds = match (min, max) {
                (0, &usize::MAX) => String::new(),
                (min, &usize::MAX) => format!(", at least {min}"),
                (0, max) => format!(", at most {max}"),
                (min, max) => format!(", {min} to {max}"),
            };
            format!("list{bounds}, each {}", words(of))
        }
        Type::Table(table) => format!("{} as a table", table.noun),
        Type::Map { name, of, .. } => format!("table from {} to {}", name.noun, words(of)),
        Type::Either(kinds) => kinds.iter().map(words).collect::<Vec<_>>().join("; or "),
    }
}

/// Holds a file of the repository to what it should be; `GATECTL_BLESS=1` writes it instead.
fn hold(file: &str, wanted: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("GATECTL_BLESS").is_some() {
        std::fs::write(&path, wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "{file} is stale: run with GATECTL_BLESS=1 to rewrite it");
}

#[test]
fn the_reference_is_the_table_of_keys() {
    hold("docs/gate-toml.md", &reference());
}

#[test]
fn the_schema_beside_the_documents_is_what_the_command_prints() {
    hold("docs/schemas/gate.schema.json", &format!("{:#}\n", json_schema()));
}

#[test]
fn every_key_is_in_the_reference() {
    fn count(table: &Table) -> usize {
        table.keys.iter().map(|key: &Key| 1 + inner(&key.kind, "").iter().map(|(_, table)| count(table)).sum::<usize>()).sum()
    }
    assert_eq!(reference().matches("\n### ").count(), count(&ROOT));
}

#[test]
fn every_key_of_the_schema_has_a_title_and_examples_that_it_takes() {
    fn walk(schema: &serde_json::Value, seen: &mut usize) {
        // In a group, `true` and `false` only say which keys go together.
        for (name, key) in schema["properties"].as_object().into_iter().flatten().filter(|(_, key)| !key.is_boolean()) {
            assert_eq!(key["title"], *name);
            for example in key["examples"].as_array().into_iter().flatten() {
                *seen += 1;
                assert!(jsonschema::draft7::is_valid(key, example), "{name}: {example}");
            }
        }
        match schema {
            serde_json::Value::Object(inner) => inner.values().for_each(|inner| walk(inner, seen)),
            serde_json::Value::Array(inner) => inner.iter().for_each(|inner| walk(inner, seen)),
            _ => {}
        }
    }
    let mut seen = 0;
    walk(&json_schema(), &mut seen);
    assert!(seen > 35, "{seen}");
}

#[test]
fn every_rule_of_the_reference_is_one_that_the_reader_holds() {
    for (rule, file) in RULES {
        assert!(parse("gate.toml", file).is_err(), "{rule}");
    }
}
