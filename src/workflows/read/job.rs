//! `jobs`: each job, and the relations between them.

use std::collections::HashMap;

use super::keys;
use super::nodes::{check_keys, pairs, scalar, scalars, text};
use crate::workflows::model::{Call, Job, JobEnvironment, Matrix, Problem, Secrets, Step, Text, UnknownKey, Workflow};
use crate::workflows::yaml::{Data, Key, Node, NodeKind};

/// Reads every job, with the `defaults` of the workflow for its steps, then checks what they say about each other.
pub(super) fn jobs(node: &Node, defaults: Option<&Node>, workflow: &mut Workflow) {
    let Some(entries) = node.mapping().filter(|entries| !entries.is_empty()) else {
        workflow.problems.push(Problem { pos: node.pos, why: "`jobs` must be a mapping with at least one job".to_owned() });
        return;
    };
    workflow.jobs = entries.iter().map(|(key, body)| job(key, body, &mut workflow.unknown_keys)).collect();
    for job in &mut workflow.jobs {
        let default =
            |key: &str| [job.body.get("defaults"), defaults].into_iter().flatten().find_map(|node| text(node.get("run")?.get(key)?));
        let (shell, folder) = (default("shell"), default("working-directory"));
        for step in &mut job.steps {
            step.shell = step.shell.take().or_else(|| shell.clone());
            step.working_directory = step.working_directory.take().or_else(|| folder.clone());
        }
    }
    workflow.order = order(&mut workflow.jobs);
}

fn job(key: &Key, body: &Node, unknown: &mut Vec<UnknownKey>) -> Job {
    let mut problems = Vec::new();
    if !is_id(&key.text) {
        let why = format!("`{}` is not a job id: letters, digits, `-` and `_`, and no digit or `-` first", key.text);
        problems.push(Problem { pos: key.pos, why });
    }
    match body.mapping() {
        Some(entries) => check_shape(key, body, entries, &mut problems, unknown),
        None => {
            problems.push(Problem { pos: key.pos, why: format!("the job `{}` is {} and must be a mapping", key.text, body.kind_name()) });
        }
    }
    Job {
        id: key.text.clone(),
        pos: key.pos,
        needs: scalars(body, "needs", &mut problems).unwrap_or_default(),
        condition: condition(body, &mut problems),
        environment: environment(body, &format!("jobs.{}.environment", key.text), &mut problems, unknown),
        matrix: matrix(body, &mut problems),
        continue_on_error: scalar(body, "continue-on-error", &mut problems),
        call: call(body, &mut problems),
        steps: steps(body, &mut problems),
        outputs: pairs(body.get("outputs"), "outputs", &mut problems),
        body: body.clone(),
        problems,
    }
}

fn check_shape(key: &Key, body: &Node, entries: &[(Key, Node)], problems: &mut Vec<Problem>, unknown: &mut Vec<UnknownKey>) {
    let place = format!("jobs.{}", key.text);
    let known: Vec<&'static str> = keys::STEPS_JOB.iter().chain(keys::CALL_JOB).copied().collect();
    check_keys(entries, &known, &place, unknown);
    if body.get("uses").is_some() {
        for (other, _) in entries.iter().filter(|(k, _)| !keys::CALL_JOB.contains(&k.text.as_str()) && known.contains(&k.text.as_str())) {
            let why = format!("a job that calls a workflow with `uses` cannot have `{}`", other.text);
            problems.push(Problem { pos: other.pos, why });
        }
        return;
    }
    for only_calls in ["with", "secrets"] {
        if let Some((other, _)) = entries.iter().find(|(k, _)| k.text == only_calls) {
            problems.push(Problem { pos: other.pos, why: format!("`{only_calls}` needs `uses` too") });
        }
    }
    if body.get("runs-on").is_none() {
        problems.push(Problem { pos: key.pos, why: format!("the job `{}` has neither `runs-on` nor `uses`", key.text) });
    }
}

fn environment(body: &Node, place: &str, problems: &mut Vec<Problem>, unknown: &mut Vec<UnknownKey>) -> JobEnvironment {
    let Some(node) = body.get("environment") else { return JobEnvironment::Absent };
    match &node.data {
        Data::Scalar(scalar) => JobEnvironment::Scalar(Text { scalar: scalar.clone(), pos: node.pos }),
        Data::Mapping(entries) => {
            check_keys(entries, keys::ENVIRONMENT, place, unknown);
            match scalar(node, "name", problems) {
                Some(name) => JobEnvironment::Mapping { name, deployment: scalar(node, "deployment", problems) },
                None => {
                    problems.push(Problem { pos: node.pos, why: "`environment` has no `name`".to_owned() });
                    JobEnvironment::Absent
                }
            }
        }
        Data::Sequence(_) => {
            problems.push(Problem { pos: node.pos, why: "`environment` is a list and must be a name or a mapping".to_owned() });
            JobEnvironment::Absent
        }
    }
}

fn matrix(body: &Node, problems: &mut Vec<Problem>) -> Option<Matrix> {
    let strategy = body.get("strategy").filter(|node| !node.is_null())?;
    match &strategy.data {
        Data::Mapping(_) => strategy.get("matrix").filter(|node| !node.is_null()).cloned().map(Matrix::Declared),
        Data::Scalar(_) => text(strategy).map(Matrix::Strategy),
        Data::Sequence(_) => {
            problems.push(Problem { pos: strategy.pos, why: "`strategy` is a list and must be a mapping".to_owned() });
            None
        }
    }
}

fn call(body: &Node, problems: &mut Vec<Problem>) -> Option<Call> {
    let uses = scalar(body, "uses", problems)?;
    let with = pairs(body.get("with"), "with", problems);
    let secrets = match body.get("secrets") {
        None => Secrets::Absent,
        Some(node) if node.scalar().is_some_and(|s| s.text == "inherit") => Secrets::Inherit(node.pos),
        Some(node) => Secrets::Named(pairs(Some(node), "secrets", problems)),
    };
    Some(Call { uses, with, secrets })
}

pub(super) fn steps(body: &Node, problems: &mut Vec<Problem>) -> Vec<Step> {
    let Some(node) = body.get("steps") else { return Vec::new() };
    let Data::Sequence(items) = &node.data else {
        problems.push(Problem { pos: node.pos, why: format!("`steps` is {} and must be a list", node.kind_name()) });
        return Vec::new();
    };
    items.iter().map(|item| step(item, problems)).collect()
}

fn step(node: &Node, problems: &mut Vec<Problem>) -> Step {
    if node.mapping().is_none() {
        problems.push(Problem { pos: node.pos, why: format!("a step is {} and must be a mapping", node.kind_name()) });
    }
    if let (Some(_), Some(run)) = (node.get("uses"), node.get("run")) {
        problems.push(Problem { pos: run.pos, why: "a step has either `uses` or `run`".to_owned() });
    }
    Step {
        pos: node.pos,
        condition: condition(node, problems),
        uses: scalar(node, "uses", problems),
        run: scalar(node, "run", problems),
        shell: scalar(node, "shell", problems),
        continue_on_error: scalar(node, "continue-on-error", problems),
        background: scalar(node, "background", problems),
        working_directory: scalar(node, "working-directory", problems),
        action_path: None,
        body: node.clone(),
    }
}

/// `if`; an empty one is the implied one.
fn condition(node: &Node, problems: &mut Vec<Problem>) -> Option<Text> {
    scalar(node, "if", problems).filter(|text| text.scalar.kind != NodeKind::Null)
}

fn is_id(id: &str) -> bool {
    id.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && id.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}

/// The jobs in an order in which none comes before what it needs. Marks those that need a missing job, and those in a cycle of
/// needs, which come last.
fn order(jobs: &mut [Job]) -> Vec<usize> {
    let index: HashMap<String, usize> = jobs.iter().enumerate().map(|(n, job)| (job.id.to_lowercase(), n)).collect();
    let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); jobs.len()];
    let mut waits: Vec<usize> = vec![0; jobs.len()];
    for (n, job) in jobs.iter_mut().enumerate() {
        for need in &job.needs {
            match index.get(&need.as_str().to_lowercase()).and_then(|other| dependents.get_mut(*other)) {
                Some(others) => {
                    others.push(n);
                    waits[n] += 1;
                }
                None => {
                    let why = format!("it needs the job `{}`, which is not in this file", need.as_str());
                    job.problems.push(Problem { pos: need.pos, why });
                }
            }
        }
    }
    let mut order: Vec<usize> = (0..jobs.len()).filter(|n| waits[*n] == 0).collect();
    let mut done = 0;
    while let Some(job) = order.get(done).copied() {
        done += 1;
        for next in std::mem::take(&mut dependents[job]) {
            waits[next] -= 1;
            if waits[next] == 0 {
                order.push(next);
            }
        }
    }
    // Every remaining job waits for itself or for a job that does.
    for (n, job) in jobs.iter_mut().enumerate().filter(|(n, _)| waits[*n] > 0) {
        job.problems.push(Problem { pos: job.pos, why: "its `needs` form a cycle".to_owned() });
        order.push(n);
    }
    order
}
