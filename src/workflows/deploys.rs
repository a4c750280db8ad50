//! Whether a job deploys: evidence, not proof, and each piece says why.
//!
//! Owns the lists of deploy actions and commands. Must not know which environment a job resolves to.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Job, Secrets, Step, Workflow};
use super::secrets::{self, Read};
use super::yaml::{Node, Pos};

/// What gate.toml says that evidence is measured against.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    /// Names of the secrets that gate.toml binds to an environment.
    pub secrets: BTreeSet<String>,
    /// Names of the Heroku apps that gate.toml declares.
    pub apps: BTreeSet<String>,
}

/// One reason to believe that a job deploys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// What it could deploy to.
    pub reach: Reach,
    /// The declared app that the deploy itself names.
    pub app: Option<String>,
    /// Why: one sentence without a full stop.
    pub reason: String,
    /// Where.
    pub pos: Pos,
}

/// What a deploy could reach. Ordered from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Nothing but the job's id says that it deploys.
    Named,
    /// An app that is named, and that gate.toml does not declare.
    Other,
    /// Something that is not named literally.
    Unknown,
    /// What gate.toml declares.
    Declared,
}

/// What a called workflow got from its caller.
#[derive(Debug, Clone, Default)]
pub struct Passed {
    /// The called workflow's names of secrets, and what the caller read for each.
    pub secrets: BTreeMap<String, Vec<Read>>,
    /// Declared apps that the caller names.
    pub apps: BTreeSet<String>,
}

impl Passed {
    /// What a calling job passes on, given what its own workflow got.
    #[must_use]
    pub fn by(&self, job: &Job, targets: &Targets) -> Self {
        let mut apps = self.apps.clone();
        apps.extend(apps_named(&job.body, targets));
        let secrets = match job.call.as_ref().map(|call| &call.secrets) {
            Some(Secrets::Named(pairs)) => pairs
                .iter()
                .map(|(name, value)| {
                    let reads = secrets::in_text(value.as_str()).into_iter().flat_map(|read| self.sources(read)).collect();
                    (name.text.to_uppercase(), reads)
                })
                .collect(),
            Some(Secrets::Inherit(_)) => self.secrets.clone(),
            Some(Secrets::Absent) | None => BTreeMap::new(),
        };
        Self { secrets, apps }
    }

    /// What reading a secret here reads in the end: itself, and what a caller passed under that name.
    fn sources(&self, read: Read) -> Vec<Read> {
        let mut all = match &read {
            Read::Named(name) => self.secrets.get(&name.to_uppercase()).cloned().unwrap_or_default(),
            Read::All => self.secrets.values().flatten().cloned().collect(),
        };
        all.push(read);
        all
    }
}

/// Everything that speaks for a job deploying.
#[must_use]
pub fn evidence(workflow: &Workflow, job: &Job, passed: &Passed, targets: &Targets) -> Vec<Evidence> {
    let mut found = Vec::new();
    for (read, pos) in workflow.env.iter().chain([&job.body]).flat_map(secrets::reads) {
        found.extend(passed.sources(read).iter().filter_map(|read| secret(read, pos, targets)));
    }
    if let Some(Secrets::Inherit(pos)) = job.call.as_ref().map(|call| &call.secrets)
        && !targets.secrets.is_empty()
    {
        let reason = "it passes all secrets on (`secrets: inherit`), those that gate.toml names among them".to_owned();
        found.push(Evidence { reach: Reach::Declared, app: None, reason, pos: *pos });
    }
    let names_declared = !passed.apps.is_empty() || !apps_named(&job.body, targets).is_empty();
    found.extend(job.steps.iter().filter_map(|step| {
        let (what, app) = deploy(step)?;
        let reach = match app {
            _ if names_declared => Reach::Declared,
            Some(_) => Reach::Other,
            None => Reach::Unknown,
        };
        let app = app.filter(|app| targets.apps.contains(app));
        Some(Evidence { reach, app, reason: format!("{what} looks like a deploy (heuristic)"), pos: step.pos })
    }));
    let first = job.id.split(['-', '_']).next().unwrap_or_default().to_lowercase();
    if ["deploy", "promote", "rollback", "ship"].contains(&first.as_str()) {
        found.push(Evidence { reach: Reach::Named, app: None, reason: "its id says that it deploys (heuristic)".to_owned(), pos: job.pos });
    }
    found
}

/// Whether a step looks like a deploy.
#[must_use]
pub fn is_deploying(step: &Step) -> bool {
    deploy(step).is_some()
}

fn secret(read: &Read, pos: Pos, targets: &Targets) -> Option<Evidence> {
    let reason = match read {
        Read::Named(name) if targets.secrets.iter().any(|known| known.eq_ignore_ascii_case(name)) => {
            format!("it reads the secret {name}, which gate.toml binds to an environment")
        }
        Read::All if !targets.secrets.is_empty() => "it reads all secrets at once, those that gate.toml names among them".to_owned(),
        Read::Named(_) | Read::All => return None,
    };
    Some(Evidence { reach: Reach::Declared, app: None, reason, pos })
}

/// What of a step looks like a deploy, and the app that it names literally.
fn deploy(step: &Step) -> Option<(String, Option<String>)> {
    if let Some(uses) = &step.uses {
        let action = uses.as_str().split('@').next().unwrap_or_default().to_lowercase();
        if action == "akhileshns/heroku-deploy" || action.starts_with("heroku/") {
            let app = step.body.get("with").and_then(|with| with.get("heroku_app_name").or_else(|| with.get("app"))).and_then(Node::scalar);
            return Some((format!("the action `{action}`"), app.map(|app| app.text.clone()).filter(|app| is_app(app))));
        }
    }
    let script = step.run.as_ref()?.as_str().replace("\\\n", " ");
    script.lines().find_map(|line| Some((format!("`{}`", deploy_command(line)?), app_of(line))))
}

/// Heroku commands that put code or an image live.
const HEROKU_DEPLOYS: &[&str] =
    &["container:release", "pipelines:promote", "builds:create", "deploy:jar", "deploy:war", "releases:rollback", "rollback"];

fn deploy_command(line: &str) -> Option<String> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches(['"', '\'', '(', ')', ';'])).collect();
    for (n, word) in words.iter().enumerate() {
        let rest = words.get(n + 1..).unwrap_or_default();
        let command = rest.iter().find(|word| !word.starts_with('-'));
        match *word {
            "heroku" => {
                if let Some(command) = command.filter(|command| HEROKU_DEPLOYS.contains(*command)) {
                    return Some(format!("heroku {command}"));
                }
            }
            "git" if rest.contains(&"push") && rest.iter().any(|word| *word == "heroku" || word.contains("git.heroku.com")) => {
                return Some("git push ... heroku".to_owned());
            }
            "curl"
                if line.contains("api.heroku.com")
                    && ["/builds", "/releases", "/formation", "/pipeline-promotions"].iter().any(|p| line.contains(p)) =>
            {
                return Some("curl api.heroku.com".to_owned());
            }
            _ => {}
        }
    }
    None
}

/// The app that a command names literally.
fn app_of(line: &str) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches(['"', '\'', ';'])).collect();
    let after = |flags: &[&str]| words.iter().position(|word| flags.contains(word)).and_then(|n| words.get(n + 1));
    let joined = words.iter().find_map(|word| word.strip_prefix("--app=").or_else(|| word.strip_prefix("--remote=")));
    let url = words.iter().find_map(|word| word.split_once("git.heroku.com/")).map(|(_, app)| app.trim_end_matches(".git"));
    after(&["-a", "--app"]).copied().or(joined).or(url).filter(|app| is_app(app)).map(str::to_owned)
}

fn is_app(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// The declared apps that a node names, as words; an app's web address deploys nothing.
fn apps_named(node: &Node, targets: &Targets) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    node.each_scalar(&mut |scalar, _| {
        found.extend(targets.apps.iter().filter(|app| names(&scalar.text, app)).cloned());
    });
    found
}

fn names(text: &str, app: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    text.match_indices(app).any(|(at, _)| {
        let after = &text[at + app.len()..];
        !text[..at].ends_with(word) && !after.starts_with(word) && !after.starts_with(".herokuapp.com")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflows::read::read;

    fn targets() -> Targets {
        let set = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        Targets { secrets: set(&["HEROKU_API_KEY"]), apps: set(&["shop-prod"]) }
    }

    fn of(steps: &str) -> Vec<Reach> {
        let text = format!("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n{steps}");
        let workflow = read("x.yml", &text).unwrap();
        assert!(workflow.jobs[0].problems.is_empty(), "{:?}", workflow.jobs[0].problems);
        evidence(&workflow, &workflow.jobs[0], &Passed::default(), &targets()).into_iter().map(|e| e.reach).collect()
    }

    #[test]
    fn deploys_are_told_by_the_app_they_can_reach() {
        for (step, reach) in [
            ("      - run: heroku container:release web --app shop-prod", Reach::Declared),
            ("      - run: heroku container:release web -a shop-staging", Reach::Other),
            ("      - run: heroku container:release web -a \"$APP\"", Reach::Unknown),
            ("      - run: git push https://git.heroku.com/shop-prod.git HEAD:main", Reach::Declared),
            ("      - run: git push --force heroku main", Reach::Unknown),
            ("      - run: |\n          git push \\\n            heroku main", Reach::Unknown),
            ("      - uses: akhileshns/heroku-deploy@v3\n        with: {heroku_app_name: shop-prod}", Reach::Declared),
            ("      - uses: akhileshns/heroku-deploy@v3\n        with: {heroku_app_name: other}", Reach::Other),
            ("      - uses: akhileshns/heroku-deploy@v3\n        with: {heroku_app_name: '${{ inputs.app }}'}", Reach::Unknown),
            ("      - run: heroku pipelines:promote\n        env: {HEROKU_APP: shop-prod}", Reach::Declared),
        ] {
            assert_eq!(of(step), [reach], "{step}");
        }
    }

    #[test]
    fn looking_is_not_deploying() {
        for step in [
            "      - run: heroku config:get DEPLOY_FREEZE --app shop-prod",
            "      - run: curl -f https://shop-prod.herokuapp.com/health",
            "      - run: git push origin main",
            "      - run: '# heroku container:release web -a shop-prod'",
            "      - run: echo ${{ secrets.OTHER }}",
            "      - uses: actions/checkout@v4",
        ] {
            assert_eq!(of(step), [], "{step}");
        }
    }

    #[test]
    fn bound_secrets_are_evidence_wherever_they_are_read() {
        assert_eq!(of("      - run: x\n        env: {K: '${{ secrets.heroku_api_key }}'}"), [Reach::Declared]);
        assert_eq!(of("      - run: echo '${{ toJSON(secrets) }}'"), [Reach::Declared]);
        let workflow = read("x.yml", "on: push\nenv: {K: '${{ secrets.HEROKU_API_KEY }}'}\njobs: {a: {runs-on: x}}").unwrap();
        assert_eq!(evidence(&workflow, &workflow.jobs[0], &Passed::default(), &targets()).len(), 1);
        assert!(evidence(&workflow, &workflow.jobs[0], &Passed::default(), &Targets::default()).is_empty());
    }

    #[test]
    fn a_secret_is_followed_through_the_name_it_is_passed_under() {
        let caller =
            read("x.yml", "on: push\njobs: {a: {uses: ./.github/workflows/y.yml, secrets: {key: '${{ secrets.HEROKU_API_KEY }}'}}}")
                .unwrap();
        let passed = Passed::default().by(&caller.jobs[0], &targets());
        let callee = read("y.yml", "on: workflow_call\njobs: {b: {runs-on: x, env: {K: '${{ secrets.KEY }}'}}, c: {runs-on: x}}").unwrap();
        assert_eq!(evidence(&callee, &callee.jobs[0], &passed, &targets()).len(), 1);
        assert_eq!(evidence(&callee, &callee.jobs[0], &Passed::default(), &targets()).len(), 0);
        assert_eq!(evidence(&callee, &callee.jobs[1], &passed, &targets()).len(), 0);
    }
}
