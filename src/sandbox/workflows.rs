//! Workflow files for a rehearsal: the shortest file that meets the expectations of gate.toml.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::desired::workflows::{Expectation, Expected, InputValue, When};
use crate::model::EnvName;

/// A file for each path that gate.toml mentions, in which every declared scenario runs in its environment.
pub(super) fn expected(expectations: &[Expectation]) -> BTreeMap<String, String> {
    let files: BTreeSet<&str> = expectations.iter().map(|expectation| expectation.file.as_str()).collect();
    files
        .into_iter()
        .map(|file| {
            let of_file: Vec<&Expectation> = expectations.iter().filter(|expectation| expectation.file == file).collect();
            // JSON is YAML.
            let document = json!({"on": triggers(&of_file), "jobs": jobs(&of_file)});
            (file.trim_start_matches("./").to_owned(), format!("{document:#}\n"))
        })
        .collect()
}

/// One file that deploys to each of these environments on a push.
pub(super) fn deploying<'a>(environments: impl Iterator<Item = &'a EnvName>) -> BTreeMap<String, String> {
    let job = |(at, environment): (usize, &EnvName)| (job_id(at), job(Some(environment)));
    let jobs: serde_json::Map<String, Value> = environments.enumerate().map(job).collect();
    let document = json!({"name": "Deploy", "on": {"push": {"branches": ["main"]}}, "jobs": jobs});
    std::iter::once((".github/workflows/deploy.yml".to_owned(), format!("{document:#}\n"))).collect()
}

fn job_id(at: usize) -> String {
    if at == 0 { "deploy".to_owned() } else { format!("deploy-{}", at + 1) }
}

fn job(environment: Option<&EnvName>) -> Value {
    let mut job = json!({"runs-on": "ubuntu-latest", "steps": [{"uses": "actions/checkout@v4"}, {"run": "./deploy"}]});
    if let Some(environment) = environment {
        job["environment"] = environment.as_str().into();
    }
    job
}

fn triggers(expectations: &[&Expectation]) -> Value {
    let mut events: BTreeMap<&str, BTreeMap<&str, &'static str>> = BTreeMap::new();
    for when in expectations.iter().flat_map(|expectation| &expectation.when) {
        let inputs = when.inputs.iter().map(|(name, value)| (name.as_str(), kind(value)));
        events.entry(&when.event).or_default().extend(inputs);
    }
    // Without `when`, every trigger of the file must lead to the environment: a push will do.
    if events.is_empty() {
        events.entry("push").or_default();
    }
    let body = |(event, inputs): (&str, BTreeMap<&str, &'static str>)| {
        let body = match event {
            "schedule" => json!([{"cron": "0 6 * * 1"}]),
            _ if inputs.is_empty() => Value::Null,
            _ => json!({"inputs": inputs.into_iter().map(|(name, kind)| (name, json!({"type": kind}))).collect::<BTreeMap<_, _>>()}),
        };
        (event.to_owned(), body)
    };
    Value::Object(events.into_iter().map(body).collect())
}

const fn kind(value: &InputValue) -> &'static str {
    match value {
        InputValue::Bool(_) => "boolean",
        InputValue::Number(_) => "number",
        InputValue::String(_) => "string",
    }
}

fn jobs(expectations: &[&Expectation]) -> Value {
    let mut jobs: BTreeMap<String, (Option<&EnvName>, Vec<&When>)> = BTreeMap::new();
    let listed = |one: &&Expectation| matches!(one.expect, Expected::Environments(_));
    let environments: BTreeSet<&EnvName> = expectations.iter().copied().filter(listed).flat_map(|one| one.expect.environments()).collect();
    let single = environments.len() == 1;
    for (at, environment) in environments.into_iter().enumerate() {
        let of_it = expectations.iter().filter(|one| one.expect.environments().any(|name| name == environment));
        let whens = of_it.flat_map(|one| &one.when).filter(|_| !single).collect();
        jobs.insert(job_id(at), (Some(environment), whens));
    }
    for one in expectations {
        if let Expected::Jobs(named) = &one.expect {
            jobs.extend(named.iter().map(|(id, environment)| (id.clone(), (environment.as_ref(), one.when.iter().collect()))));
        }
    }
    let body = |(id, (environment, whens)): (String, (Option<&EnvName>, Vec<&When>))| {
        let mut job = job(environment);
        let whens: Vec<String> = whens.into_iter().map(condition).collect();
        if !whens.is_empty() {
            job["if"] = whens.join(" || ").into();
        }
        (id, job)
    };
    Value::Object(jobs.into_iter().map(body).collect())
}

/// An expression that holds in one scenario.
fn condition(when: &When) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let git_ref = when.git_ref.iter().map(|git_ref| format!("github.ref == {}", quoted(git_ref)));
    let inputs = when.inputs.iter().map(|(name, value)| {
        let value = match value {
            InputValue::Bool(flag) => flag.to_string(),
            InputValue::Number(number) => number.to_string(),
            InputValue::String(text) => quoted(text),
        };
        format!("inputs['{}'] == {value}", name.replace('\'', "''"))
    });
    let all: Vec<String> = [format!("github.event_name == {}", quoted(&when.event))].into_iter().chain(git_ref).chain(inputs).collect();
    format!("({})", all.join(" && "))
}
