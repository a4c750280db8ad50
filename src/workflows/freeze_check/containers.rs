//! Containers of a job: GitHub starts them before the first step, so before any freeze check.
//!
//! Owns which of them could deploy: those that get a secret, and services that reach into the runner. An image alone gets
//! neither the job's environment variables nor its tokens. Tested in `tests.rs`.

use crate::workflows::model::{Job, Workflow};
use crate::workflows::secrets;
use crate::workflows::yaml::{Node, Pos};

/// The container that may deploy as soon as it starts, and why, in a clause.
pub(super) fn may_deploy(workflow: &Workflow, job: &Job) -> Option<(Pos, String)> {
    let variables: Vec<&Node> = [workflow.env.as_ref(), job.body.get("env")].into_iter().flatten().collect();
    let container = job.body.get("container").filter(|container| reads_secret(container, &variables));
    if let Some(container) = container {
        return Some((
            container.pos,
            "the job's container reads a secret, and starts before the freeze check: give the secret to a step".to_owned(),
        ));
    }
    let services = job.body.get("services").filter(|services| !services.is_null())?;
    let Some(named) = services.mapping() else {
        return Some((services.pos, "`services` is one expression: a service may deploy, and starts before the freeze check".to_owned()));
    };
    named.iter().find_map(|(name, service)| {
        let why = if reads_secret(service, &variables) {
            "reads a secret"
        } else if reaches_runner(service) {
            "reaches into the runner (`volumes` or `options`)"
        } else {
            return None;
        };
        let name = &name.text;
        Some((
            service.pos,
            format!("the service `{name}` {why}, and starts before the freeze check: check the freeze in a job before this one"),
        ))
    })
}

/// Whether a container may get a secret; `credentials` only pull its image.
fn reads_secret(container: &Node, variables: &[&Node]) -> bool {
    let any_secret = |node: &Node| any_scalar(node, &|text| secrets::expressions(text).any(|inside| is_secret(inside, variables)));
    match container.mapping() {
        Some(entries) => entries.iter().any(|(key, value)| key.text != "credentials" && any_secret(value)),
        None => any_secret(container),
    }
}

/// Whether an expression may result in a secret, the run's token, or an environment variable with either.
fn is_secret(expression: &str, variables: &[&Node]) -> bool {
    let lower = expression.to_ascii_lowercase();
    let (outside, _) = secrets::split_strings(&lower);
    let path = |c: char| !(c.is_ascii_alphanumeric() || "_-.*".contains(c));
    outside.iter().flat_map(|part| part.split(path)).any(|path| match path.split_once('.').unwrap_or((path, "")) {
        ("secrets", _) => true,
        ("env", name) => !is_plain_variable(name, variables),
        ("github", name) => ["", "*", "token"].contains(&name),
        _ => false,
    })
}

/// Whether a variable of the workflow or job is a text without expressions.
fn is_plain_variable(name: &str, variables: &[&Node]) -> bool {
    let named = variables.iter().filter_map(|env| env.mapping()).flatten().filter(|(key, _)| key.text.eq_ignore_ascii_case(name));
    let plain: Vec<bool> = named.map(|(_, value)| value.scalar().is_some_and(|scalar| !scalar.text.contains("${{"))).collect();
    !plain.is_empty() && plain.iter().all(|plain| *plain)
}

/// Whether a service has files, devices or rights of the machine that it runs on.
fn reaches_runner(service: &Node) -> bool {
    const OPTIONS: &[&str] = &[
        "--cap-add",
        "--device",
        "--env-file",
        "--ipc",
        "--mount",
        "--net",
        "--network",
        "--pid",
        "--privileged",
        "--security-opt",
        "--userns",
        "--volume",
        "--volumes-from",
        "-v",
    ];
    let of_host = |text: &str| text.split_once(':').is_some_and(|(from, _)| from.contains(['/', '\\', '$', '.', '~']));
    let volumes = service.get("volumes").is_some_and(|volumes| volumes.mapping().is_some() || any_scalar(volumes, &of_host));
    let of_runner =
        |word: &str| OPTIONS.contains(&word.split('=').next().unwrap_or_default()) || word.starts_with("-v") || word.starts_with("${{");
    let option = |text: &str| text.split_whitespace().any(of_runner);
    volumes || service.get("options").is_some_and(|options| any_scalar(options, &option))
}

fn any_scalar(node: &Node, is: &impl Fn(&str) -> bool) -> bool {
    let mut found = false;
    node.each_scalar(&mut |scalar, _| found |= is(&scalar.text));
    found
}
