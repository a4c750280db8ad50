//! Every fixture again with its gate damaged: if the job deploys with anything, the verdict is never GATED.

use std::collections::BTreeSet;
use std::ops::Range;

use gatectl::findings::Verdict;
use gatectl::model::EnvName;
use gatectl::workflows::model::{Job, Workflow};
use gatectl::workflows::read::read;
use gatectl::workflows::resolve;
use gatectl::workflows::secrets::Read;
use gatectl::workflows::yaml::Key;

use crate::repository::{Repository, all};

/// A job behind a gate that holds a credential, an identity or a known deploy.
struct Gated {
    file: String,
    id: String,
    /// The gate's name.
    gate: EnvName,
    /// Names of the secrets that it reads.
    secrets: BTreeSet<String>,
    /// Heroku apps that it deploys.
    apps: BTreeSet<String>,
}

fn gated(repository: &Repository) -> Vec<Gated> {
    let facts = repository.facts();
    let mut found: Vec<Gated> = Vec::new();
    for job in repository.check().workflows.iter().flat_map(|scenario| &scenario.jobs) {
        let names = job.environments.iter().filter_map(|name| EnvName::new(name.as_str()).ok());
        let Some(gate) = names.filter(|name| facts.is_gate(name)).min() else { continue };
        let holds = &job.details.holds;
        if !matches!(job.verdict, resolve::Verdict::Env | resolve::Verdict::Set) || !holds.is_anything() {
            continue;
        }
        let at = found.iter().position(|known| known.file == job.details.file && known.id == job.job).unwrap_or_else(|| {
            let (file, id) = (job.details.file.clone(), job.job.clone());
            found.push(Gated { file, id, gate, secrets: BTreeSet::new(), apps: BTreeSet::new() });
            found.len() - 1
        });
        for (read, _) in &holds.secrets {
            if let Read::Named(name) = read {
                found[at].secrets.insert(name.clone());
            }
        }
        let apps = holds.deploys.iter().filter(|deploy| deploy.what.contains("heroku"));
        found[at].apps.extend(apps.filter_map(|deploy| deploy.target.clone()).filter(|app| !app.contains('$')));
    }
    found
}

/// A file as lines, in which jobs and their keys can be changed.
struct File {
    lines: Vec<String>,
    workflow: Workflow,
}

impl File {
    fn new(path: &str, text: &str) -> Self {
        Self { lines: text.lines().map(str::to_owned).collect(), workflow: read(path, text).unwrap() }
    }

    fn job(&self, id: &str) -> &Job {
        self.workflow.job(id).unwrap()
    }

    /// The lines of a key with everything below it.
    fn block(&self, key: &Key) -> Range<usize> {
        let start = key.pos.line - 1;
        let indent = |line: &str| line.len() - line.trim_start().len();
        let ends = |line: &&String| !line.trim().is_empty() && indent(line) < key.pos.col;
        let length = self.lines[start + 1..].iter().position(|line| ends(&line)).unwrap_or(self.lines.len() - start - 1);
        start..start + 1 + length
    }

    fn key<'a>(&self, job: &'a Job, name: &str) -> Option<&'a Key> {
        job.body.mapping().unwrap().iter().map(|(key, _)| key).find(|key| key.text == name)
    }

    /// The text with a job's `environment` replaced.
    fn with_environment(&self, id: &str, line: Option<&str>) -> String {
        let job = self.job(id);
        let key = self.key(job, "environment").unwrap();
        let mut lines = self.lines.clone();
        lines.splice(self.block(key), line.map(|line| format!("{}{line}", " ".repeat(key.pos.col - 1))));
        lines.join("\n")
    }

    /// The text with a job's `environment` moved to another job that has none.
    fn moved(&self, from: &str, to: &Job, gate: &EnvName) -> Option<String> {
        let first = to.body.mapping()?.first().map(|(key, _)| key)?;
        if to.environment.name().is_some() || to.call.is_some() {
            return None;
        }
        let removed = self.block(self.key(self.job(from), "environment")?);
        let mut lines = self.lines.clone();
        let line = format!("{}environment: {gate}", " ".repeat(first.pos.col - 1));
        if first.pos.line > removed.end {
            lines.insert(first.pos.line - 1, line);
            lines.drain(removed);
        } else {
            lines.drain(removed);
            lines.insert(first.pos.line - 1, line);
        }
        Some(lines.join("\n"))
    }

    /// The text with a job once more, under another id and without its `environment`.
    fn twice(&self, id: &str) -> String {
        let job = self.job(id);
        let block = self.block(&Key { text: job.id.clone(), pos: job.pos });
        let environment = self.block(self.key(job, "environment").unwrap());
        let mut copy: Vec<String> = Vec::new();
        for at in block.clone() {
            if at == block.start {
                copy.push(format!("{}again:", " ".repeat(job.pos.col - 1)));
            } else if !environment.contains(&at) {
                copy.push(self.lines[at].clone());
            }
        }
        let mut lines = self.lines.clone();
        lines.splice(block.end..block.end, copy);
        lines.join("\n")
    }
}

/// Ways of reading a secret without a gate, as whole files; SECRET stands for its name.
const READS: &[(&str, &str)] = &[
    ("job env", "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    env:\n      K: ${{ secrets.SECRET }}\n    steps: [{run: ./go}]\n"),
    ("workflow env", "on: push\nenv:\n  K: ${{ secrets.SECRET }}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{run: ./go}]\n"),
    ("index", "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n    - run: ./go '${{ secrets['SECRET'] }}'\n"),
    ("everything", "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n    - run: ./go '${{ toJSON( secrets ) }}'\n"),
    (
        "dynamic",
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    strategy: {matrix: {name: [SECRET]}}\n    steps:\n    - run: ./go\n      env: {K: '${{ secrets[matrix.name] }}'}\n",
    ),
    (
        "an action",
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n    - uses: acme/go@v1\n      with: {key: '${{ secrets.SECRET }}'}\n",
    ),
    (
        "checkout",
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n    - uses: actions/checkout@v4\n      with: {token: '${{ secrets.SECRET }}'}\n    - run: git push\n",
    ),
    (
        "a container",
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    container: {image: acme/go, env: {K: '${{ secrets.SECRET }}'}}\n    steps: [{run: ./go}]\n",
    ),
    (
        "a service",
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    services: {go: {image: acme/go, env: {K: '${{ secrets.SECRET }}'}}}\n    steps: [{run: ./go}]\n",
    ),
    (
        "a condition",
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    if: github.actor == 'eve'\n    steps:\n    - run: ./go\n      env: {K: '${{ secrets.SECRET }}'}\n",
    ),
    (
        "a ref",
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    if: endsWith(github.ref, '-hotfix') && contains(github.ref, 'urgent')\n    steps:\n    - run: ./go\n      env: {K: '${{ secrets.SECRET }}'}\n",
    ),
    (
        "an input",
        "on: {workflow_dispatch: {inputs: {really: {type: boolean}, how: {type: string}}}}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    if: inputs.really && inputs.how == 'fast'\n    steps:\n    - run: ./go\n      env: {K: '${{ secrets.SECRET }}'}\n",
    ),
    (
        "a schedule",
        "on: {schedule: [{cron: '0 0 * * *'}]}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n    - run: ./go\n      env: {K: '${{ secrets.SECRET }}'}\n",
    ),
    (
        "a comment",
        "on: {issue_comment: {types: [created]}}\njobs:\n  a:\n    if: startsWith(github.event.comment.body, '/deploy')\n    runs-on: ubuntu-latest\n    steps:\n    - run: ./go\n      env: {K: '${{ secrets.SECRET }}'}\n",
    ),
    (
        "a dispatch from outside",
        "on: repository_dispatch\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n    - run: ./go\n      env: {K: '${{ secrets.SECRET }}'}\n",
    ),
    (
        "a pull request",
        "on: pull_request_target\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n    - run: ./go\n      env: {K: '${{ secrets.SECRET }}'}\n",
    ),
    (
        "a workflow elsewhere",
        "on: push\njobs:\n  a:\n    uses: evil/go/.github/workflows/go.yml@0123456789012345678901234567890123456789\n    secrets: inherit\n",
    ),
    (
        "a workflow elsewhere by name",
        "on: push\njobs:\n  a:\n    uses: evil/go/.github/workflows/go.yml@v1\n    secrets: {key: '${{ secrets.SECRET }}'}\n",
    ),
    (
        "another environment",
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    environment: elsewhere\n    steps:\n    - run: ./go\n      env: {K: '${{ secrets.SECRET }}'}\n",
    ),
    (
        "after a cancelled job",
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{run: 'true'}]\n  b:\n    needs: a\n    if: always()\n    runs-on: ubuntu-latest\n    steps:\n    - run: ./go\n      env: {K: '${{ secrets.SECRET }}'}\n",
    ),
    (
        "an anchor",
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    env: &keys\n      K: ${{ secrets.SECRET }}\n    steps: [{run: 'true'}]\n  b:\n    runs-on: ubuntu-latest\n    env: *keys\n    steps: [{run: ./go}]\n",
    ),
];

/// Deploys of an app without a gate; APP stands for its name.
const DEPLOYS: &[&str] = &[
    "heroku releases:rollback v12 --app APP",
    "heroku pipelines:promote -a APP",
    "git push https://git.heroku.com/APP.git HEAD:main",
    "bash -c 'npx heroku container:release web -a APP'",
    "if [ -f Procfile ]; then heroku container:release web --app=APP; fi",
    "HEROKU_APP=APP heroku rollback",
    "curl -n -X POST https://api.heroku.com/apps/APP/builds -d '{}'",
];

/// Every way of damaging what holds a job back, as words and the repository that comes of it.
fn mutants(repository: &Repository, job: &Gated) -> Vec<(String, Repository)> {
    let file = File::new(&job.file, repository.text(&job.file));
    let mut found: Vec<(String, Repository)> = Vec::new();
    let mut changed = |what: &str, text: String| found.push((what.to_owned(), repository.with(&job.file, text)));
    changed("removed", file.with_environment(&job.id, None));
    let gate = &job.gate;
    let slip: String = gate.as_str().chars().skip(1).collect();
    for name in [
        "elsewhere".to_owned(),
        slip,
        "''".to_owned(),
        format!("{gate}-2"),
        "${{ vars.ENVIRONMENT }}".to_owned(),
        "${{ inputs.nowhere }}".to_owned(),
        "${{ github.event.inputs.nowhere }}".to_owned(),
        "${{ matrix.nowhere }}".to_owned(),
        format!("${{{{ github.actor == 'eve' && 'elsewhere' || '{gate}' }}}}"),
        format!("${{{{ github.actor == 'eve' && '{gate}' || '' }}}}"),
        format!("${{{{ github.run_attempt > 1 && 'elsewhere' || '{gate}' }}}}"),
    ] {
        changed(&format!("renamed to {name}"), file.with_environment(&job.id, Some(&format!("environment: {name}"))));
    }
    for open in &repository.facts().open {
        changed(&format!("renamed to {open}, which is open"), file.with_environment(&job.id, Some(&format!("environment: {open}"))));
    }
    for other in file.workflow.jobs.iter().filter(|other| other.id != job.id) {
        if let Some(text) = file.moved(&job.id, other, gate) {
            changed(&format!("moved to {}", other.id), text);
        }
    }
    changed("twice", file.twice(&job.id));
    // In a called workflow, the name comes from the callers.
    for caller in repository.sources.iter().filter(|source| source.path != job.file) {
        let text = caller.text.as_ref().unwrap();
        let name = job.file.rsplit('/').next().unwrap();
        for from in [format!(": {gate}\n")] {
            if text.contains(&format!("/{name}")) && text.contains(&from) {
                found.push(("another name passed".to_owned(), repository.with(&caller.path, text.replace(&from, ": elsewhere\n"))));
            }
        }
    }
    let copy = job.file.replace(".yml", "-copy.yml");
    if !file.workflow.triggers.iter().all(|trigger| trigger.event == "workflow_call") {
        found.push(("a copy of the file".to_owned(), repository.with(&copy, file.with_environment(&job.id, None))));
    }
    found
}

/// Every way of deploying with the same thing beside the gate.
fn additions(repository: &Repository, job: &Gated) -> Vec<(String, Repository)> {
    let mut found = Vec::new();
    for secret in job.secrets.iter().take(1) {
        for (how, text) in READS {
            let text = text.replace("SECRET", secret);
            found.push((format!("{secret} read through {how}"), repository.with(".github/workflows/added.yml", text)));
        }
        let caller = "on: push\njobs:\n  a:\n    uses: ./.github/workflows/added.yml\n    secrets: inherit\n";
        let called = format!(
            "on: workflow_call\njobs:\n  b:\n    runs-on: ubuntu-latest\n    steps:\n    - run: ./go\n      env: {{K: '${{{{ secrets.{secret} }}}}'}}\n"
        );
        let added = repository.with(".github/workflows/added.yml", called).with(".github/workflows/caller.yml", caller.to_owned());
        found.push((format!("{secret} inherited"), added));
        let caller = format!(
            "on: push\njobs:\n  a:\n    uses: ./.github/workflows/added.yml\n    secrets: {{other: '${{{{ secrets.{secret} }}}}'}}\n"
        );
        let called = "on: {workflow_call: {secrets: {other: {required: true}}}}\njobs:\n  b:\n    runs-on: ubuntu-latest\n    steps:\n    - run: ./go\n      env: {K: '${{ secrets.other }}'}\n";
        let added = repository.with(".github/workflows/added.yml", called.to_owned()).with(".github/workflows/caller.yml", caller);
        found.push((format!("{secret} passed under another name"), added));
    }
    for app in &job.apps {
        for command in DEPLOYS {
            let command = command.replace("APP", app);
            let text =
                format!("on: workflow_dispatch\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n    - run: |\n        {command}\n");
            found.push((command, repository.with(".github/workflows/added.yml", text)));
        }
    }
    found
}

#[test]
fn a_damaged_gate_is_never_reported_closed() {
    let mut tried = 0;
    let mut wrong = Vec::new();
    for repository in all("repositories").into_iter().chain([Repository::runbook()]).chain(all("attacks")) {
        for job in &gated(&repository) {
            for (what, mutant) in mutants(&repository, job) {
                tried += 1;
                let verdicts = (mutant.check().verdict, mutant.verify(|_| {}).verdict);
                if verdicts.0 == Verdict::Gated || verdicts.1 == Verdict::Gated {
                    wrong.push(format!("{}: {}:{}: {what}: {verdicts:?}", repository.name, job.file, job.id));
                }
            }
        }
    }
    assert!(tried > 300, "{tried}");
    assert!(wrong.is_empty(), "{} of {tried} are GATED:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_deploy_beside_the_gate_is_never_missed() {
    let mut tried = 0;
    let mut wrong = Vec::new();
    for repository in all("repositories").into_iter().chain([Repository::runbook()]) {
        for job in &gated(&repository) {
            for (what, mutant) in additions(&repository, job) {
                tried += 1;
                if mutant.check().verdict == Verdict::Gated {
                    wrong.push(format!("{}: {}:{}: {what}", repository.name, job.file, job.id));
                }
            }
        }
    }
    assert!(tried > 200, "{tried}");
    assert!(wrong.is_empty(), "{} of {tried} are GATED:\n{}", wrong.len(), wrong.join("\n"));
}
