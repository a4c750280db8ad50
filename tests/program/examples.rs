//! Every example reads, follows the schema, and does in a rehearsal what it says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use gatectl::config;
use gatectl::desired::Desired;
use gatectl::http::{Settings, Stack, Token};
use gatectl::model::{Action, Plan, RepoName};
use gatectl::providers::{Op, github, heroku};
use gatectl::sandbox::{Sandbox, Scenario, Setup, State};

use super::run::root;

fn examples() -> Vec<(PathBuf, String)> {
    let entries = std::fs::read_dir(root().join("examples")).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = entries.filter(|path| path.extension().is_some_and(|it| it == "toml")).collect();
    found.sort();
    found.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

fn desired(text: &str) -> Desired {
    config::parse("gate.toml", text).unwrap_or_else(|problems| panic!("{problems}")).desired
}

async fn planned(scenario: Scenario, want: &Desired) -> Plan<Op> {
    // Of a fleet, one repository stands for all.
    let of_fleet = || RepoName::parse(&format!("{}/web", want.fleet.as_ref().unwrap().organization)).unwrap();
    let repository = want.github.repository.clone().unwrap_or_else(of_fleet);
    let mut setup = Setup::new(repository.clone(), &want.github, &want.heroku);
    if let Some(freeze) = &want.freeze {
        setup = setup.with_freeze(freeze);
    }
    let sandbox = Sandbox::start(State::rehearsal(scenario, &setup)).await.unwrap();
    let stack = Stack::new(Settings::default());
    let token = || Some(Token::new("of-the-rehearsal", "a test"));
    let hub = stack.reader(&github::api::endpoint(sandbox.github_url()).unwrap(), token()).unwrap();
    let apps = stack.reader(&heroku::api::endpoint(sandbox.heroku_url()).unwrap(), token()).unwrap();
    let keys: BTreeMap<String, BTreeSet<String>> =
        want.heroku.config.iter().map(|(app, vars)| (app.clone(), vars.keys().cloned().collect())).collect();

    let live = github::observe::observe(&hub, &repository, &want.github).await;
    let context = github::plan::PlanContext { repository: &repository, web: "https://github.com", freeze_store: None };
    let vars = heroku::live::observe(&apps, &keys).await;
    let drafts =
        [github::plan::plan(context, &want.github, &live).map(Op::Github), heroku::plan::plan(&want.heroku, &vars, None).map(Op::Heroku)];
    Plan::assemble("gate.toml".to_owned(), String::new(), drafts)
}

#[tokio::test]
async fn each_plans_against_the_emulator() {
    let examples = examples();
    assert!(examples.len() >= 4, "{}", examples.len());
    for (path, text) in examples {
        let want = desired(&text);
        let gated = planned(Scenario::Gated, &want).await;
        assert!(gated.is_empty() && gated.unknown.is_empty(), "{}: {gated:#?}", path.display());

        let missing = planned(Scenario::MissingEnvironment, &want).await;
        let created = missing.changes().filter(|change| change.action == Action::Create).count();
        let reviewed = want
            .github
            .environments
            .values()
            .filter(|environment| environment.gate().and_then(|gate| gate.reviewers.as_ref()).is_some_and(|all| !all.is_empty()));
        assert_eq!(created, reviewed.count(), "{}: {missing:#?}", path.display());
        assert!(created > 0 && missing.unknown.is_empty(), "{}: {missing:#?}", path.display());
    }
}

#[test]
fn each_names_a_schema_that_takes_it() {
    for (path, text) in examples() {
        let schema = text.lines().next().and_then(|line| line.strip_prefix("#:schema ")).unwrap();
        let schema = std::fs::read_to_string(path.parent().unwrap().join(schema)).unwrap();
        let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
        let value: toml::Table = text.parse().unwrap();
        let errors: Vec<String> = jsonschema::draft7::new(&schema)
            .unwrap()
            .iter_errors(&as_json(toml::Value::Table(value)))
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
    }
}

/// As an editor hands TOML to a JSON Schema: dates become strings.
fn as_json(value: toml::Value) -> serde_json::Value {
    match value {
        toml::Value::Table(table) => table.into_iter().map(|(key, value)| (key, as_json(value))).collect(),
        toml::Value::Array(items) => items.into_iter().map(as_json).collect(),
        toml::Value::Datetime(at) => at.to_string().into(),
        other => serde_json::to_value(other).unwrap(),
    }
}
