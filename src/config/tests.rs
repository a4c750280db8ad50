//! What gate.toml accepts, what it refuses, and how it says so.

mod accepted;
mod environments;
mod fleet;
mod freeze;
mod problems;
mod reference;
mod schema;
mod values;
mod workflows;

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const DESIGN: &str = include_str!("../../tests/fixtures/design.toml");

/// Every key once, none with the value that it has by default.
const FULL: &str = r#"version = 1
[github]
repository = "o/r"
api_url = "http://127.0.0.1:8080/api/v3"
[environments.gone]
state = "absent"
[environments.a]
reviewers = [{ team = "org/sre", id = 7 }, { user = "moose" }]
prevent_self_review = true
can_admins_bypass = true
wait_timer = 43_200
protection_rules = ["app"]
deployment_branch_policy = { branches = ["main", "release/*"], tags = ["v*"] }
variables = { tier = "prod" }
secrets = ["key"]
approvals = 2
[[workflows]]
file = ".github/workflows/a.yaml"
environment = "elsewhere"
when = [
  { event = "push", branch = "main" }, { event = "push", tag = "v1" }, { event = "schedule" },
  { event = "workflow_dispatch", ref = "refs/tags/v1", inputs = { dry = true, n = 2, x = 1.5 } },
  { event = "workflow_dispatch", ref = "topic/x" }, { event = "release", tag = "v2" },
]
[[workflows]]
file = ".github/workflows/b.yml"
environment = ["staging", "Elsewhere"]
[[workflows]]
file = ".github/workflows/c.yml"
jobs = { deploy = "elsewhere", docs = "none" }
[verify]
harmless = ["codecov_token", "SLACK_*", "ci.yml:lint"]
trusted_workflows = ["slsa-framework/slsa-github-generator/.github/workflows/*"]
[heroku.config.app]
KEY = "1"
[freeze]
heroku_app = "app"
environments = ["A"]
flag = "F"
override = "O"
frozen = true
compensates = true
check_commands = ["./scripts/freeze-check.sh", "make freeze-check"]
on_unreachable = "open"
windows = [{ name = "x", from = 2026-12-21T00:00:00, until = 2027-01-04T08:00:00, timezone = "Europe/Berlin", reason = "rest" }, { name = "y", start = "0 1 * * *", duration = "1h", timezone = "UTC" }, { name = "z", start = "0 16 * * FRI", end = "0 8 * * MON", timezone = "UTC" }]
"#;

fn read(text: &str) -> Desired {
    parse("gate.toml", text).unwrap_or_else(|problems| panic!("{problems}")).desired
}

fn refuse(text: &str) -> Vec<Problem> {
    parse("gate.toml", text).expect_err("the text has a problem").problems
}

/// A text with the wanted carets marked, the words of each message and help, in the order of the text.
///
/// The marker is removed before reading; the line `version = 1` is put in front.
fn expect(marked: &str, wanted: &[(&str, &str)]) {
    let marked = format!("version = 1\n{marked}");
    let text = marked.replace('§', "");
    let places: Vec<(usize, usize)> = marked
        .char_indices()
        .filter(|(_, c)| *c == '§')
        .map(|(i, _)| {
            let before = marked[..i].replace('§', "");
            (before.matches('\n').count() + 1, before.rsplit('\n').next().unwrap().chars().count() + 1)
        })
        .collect();
    let problems = refuse(&text);
    let shown = parse("gate.toml", &text).unwrap_err().plain();
    let found: Vec<(usize, usize)> = problems.iter().map(|p| (p.at.line, p.at.column)).collect();
    assert_eq!(found, places, "places of\n{shown}");
    assert_eq!(problems.len(), wanted.len(), "{shown}");
    for (problem, (message, help)) in problems.iter().zip(wanted) {
        assert!(problem.message.contains(message), "`{}` lacks `{message}`", problem.message);
        let told = problem.help.as_deref().unwrap_or_default();
        assert!(told.contains(help) && !told.is_empty(), "`{told}` lacks `{help}`");
        assert!(shown.contains(&format!("--> gate.toml:{}:{}", problem.at.line, problem.at.column)), "{shown}");
    }
}

fn one(marked: &str, message: &str, help: &str) {
    expect(marked, &[(message, help)]);
}

const PROD: &str = "[environments.production]\n";

fn in_prod(marked: &str, message: &str, help: &str) {
    one(&format!("{PROD}{marked}"), message, help);
}

/// Every key path of a document, tables and items of lists included.
fn paths(item: &toml_edit::Item, at: &[String], all: &mut Vec<Vec<String>>) {
    let mut below = |name: String, item: &toml_edit::Item| {
        let path = [at, &[name]].concat();
        all.push(path.clone());
        paths(item, &path, all);
    };
    if let Some(table) = item.as_table_like() {
        table.iter().for_each(|(name, item)| below(name.to_owned(), item));
    } else if let Some(tables) = item.as_array_of_tables() {
        tables.iter().enumerate().for_each(|(i, table)| below(i.to_string(), &toml_edit::Item::Table(table.clone())));
    } else if let Some(list) = item.as_array() {
        list.iter().enumerate().for_each(|(i, value)| below(i.to_string(), &toml_edit::Item::Value(value.clone())));
    }
}

fn remove(item: &mut toml_edit::Item, path: &[String]) {
    let (name, rest) = path.split_first().unwrap();
    let at = name.parse::<usize>();
    if rest.is_empty() {
        if let Some(table) = item.as_table_like_mut() {
            table.remove(name);
        } else if let Some(tables) = item.as_array_of_tables_mut() {
            tables.remove(at.unwrap());
        } else {
            item.as_array_mut().unwrap().remove(at.unwrap());
        }
    } else if let Ok(at) = at {
        if let Some(tables) = item.as_array_of_tables_mut() {
            let table = tables.get_mut(at).unwrap();
            let mut inner = toml_edit::Item::Table(table.clone());
            remove(&mut inner, rest);
            *table = inner.into_table().unwrap();
        } else {
            let value = item.as_array_mut().unwrap().get_mut(at).unwrap();
            let mut inner = toml_edit::Item::Value(value.clone());
            remove(&mut inner, rest);
            *value = inner.into_value().unwrap();
        }
    } else {
        remove(item.as_table_like_mut().unwrap().get_mut(name).unwrap(), rest);
    }
}
