//! What a job could deploy with: known deploys, secrets, cloud identities, approvals.
//!
//! Owns the tables of commands and actions, and how a job's steps, the scripts and actions of the checkout and the caller's
//! `with` and `secrets` are combined. Evidence, each with its place; which environment holds it back is decided elsewhere.
//! Tested here, and as verdicts in `check`.

mod actions;
mod approvals;
mod checkouts;
mod commands;
mod fill;
mod local;
mod permissions;
mod shell;
mod token;

use std::collections::{BTreeMap, BTreeSet};

pub use checkouts::{Checkout, Head};
pub use local::Local;
pub use permissions::Passed;

use actions::Asks;
use approvals::approves;
use fill::{Assigned, Values};
use token::Use;

use super::model::{Job, Secrets, Step, Workflow};
use super::secrets::{self, Read};
use super::yaml::{Node, Pos};

/// The target of deploys to GitHub Pages.
pub const PAGES: &str = "github-pages";
/// How deep actions of the checkout that use each other are followed.
const MAX_DEPTH: usize = 10;

/// The target of a deploy, as far as targets can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Platform {
    /// A Heroku app.
    Heroku,
    /// The repository's GitHub Pages site.
    Pages,
    /// Any other: its targets are not read.
    Other,
}

impl Platform {
    /// Whether a secret, by its name, is taken for the login that deploys to it: nothing else in a workflow says so.
    pub(super) fn has_login(self, secret: &str) -> bool {
        match self {
            Self::Heroku => secret.to_uppercase().contains("HEROKU"),
            Self::Pages | Self::Other => false,
        }
    }
}

/// The service that accepts the run's OIDC token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provider {
    /// Amazon Web Services.
    Aws,
    /// Google Cloud.
    GoogleCloud,
    /// Microsoft Azure.
    Azure,
    /// `HashiCorp` Vault.
    Vault,
    /// The Python Package Index.
    PyPi,
    /// npm.
    Npm,
    /// crates.io.
    CratesIo,
    /// RubyGems.org.
    RubyGems,
    /// nuget.org.
    NuGet,
    /// `JFrog`.
    JFrog,
    /// Octopus Deploy.
    Octopus,
    /// Tailscale.
    Tailscale,
}

impl Provider {
    /// As messages call it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Aws => "AWS",
            Self::GoogleCloud => "Google Cloud",
            Self::Azure => "Azure",
            Self::Vault => "Vault",
            Self::PyPi => "PyPI",
            Self::Npm => "npm",
            Self::CratesIo => "crates.io",
            Self::RubyGems => "RubyGems",
            Self::NuGet => "NuGet",
            Self::JFrog => "JFrog",
            Self::Octopus => "Octopus Deploy",
            Self::Tailscale => "Tailscale",
        }
    }
}

/// A command or an action that deploys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deploy {
    /// As messages call it: `heroku rollback`, `the action azure/webapps-deploy`.
    pub what: String,
    /// The target.
    pub platform: Platform,
    /// The target, when it is known.
    pub target: Option<String>,
    /// Whether only a name that the project itself chose says that it deploys.
    pub named: bool,
    /// Whether it deploys what one stage of a pipeline runs to the next.
    pub promotes: bool,
    /// Its position.
    pub pos: Pos,
}

impl Deploy {
    /// Whether it deploys to the next stage of a pipeline, and the file does not say which app that is.
    pub(super) const fn goes_to_the_next_stage(&self) -> bool {
        self.target.is_none() && self.promotes
    }
}

/// A cloud identity that a job assumes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The service that accepts it.
    pub provider: Provider,
    /// The role, provider or client that it names; empty if the service trusts the repository itself.
    pub name: String,
    /// What the service's trust policy decides by.
    pub principal: Principal,
    /// Its position.
    pub pos: Pos,
}

/// What a trust policy decides by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Principal {
    /// The identity that is named: each job that may assume it has all of its rights.
    Named,
    /// The `sub` claim of the job: jobs that share the name do not share rights (fact W1.8).
    Subject,
}

/// The value of a text with expressions in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InRun {
    /// One of these.
    Values(Vec<String>),
    /// Not known before the run: what it depends on, such as `github.sha`.
    DependsOn(Vec<String>),
}

/// Everything that a job could deploy with.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Holds {
    /// Known deploys.
    pub deploys: Vec<Deploy>,
    /// Secrets that it reads for anything except a known harmless use; not `GITHUB_TOKEN`.
    pub secrets: Vec<(Read, Pos)>,
    /// Cloud identities.
    pub identities: Vec<Identity>,
    /// Whether it may ask for an OIDC token that nothing known explains.
    pub token: Option<Pos>,
    /// What approves deployments.
    pub approvals: Vec<(String, Pos)>,
    /// What it checks out besides the commit of the run.
    pub checkouts: Vec<Checkout>,
    /// Whether only its job id suggests that it deploys.
    pub named: bool,
    /// Whether any name above holds expressions that a run fills in.
    templated: bool,
}

impl Holds {
    /// Everything that a job holds, before any run: names may hold expressions.
    #[must_use]
    pub fn of(workflow: &Workflow, job: &Job, local: &Local) -> Self {
        let mut found = Found::of(local);
        found.env(workflow.env.as_ref(), &BTreeMap::new());
        found.env(job.body.get("env"), &BTreeMap::new());
        found.holds.secrets.extend(workflow.env.iter().flat_map(secrets::reads));
        for (key, value) in job.body.mapping().into_iter().flatten() {
            if key.text != "steps" && !(key.text == "secrets" && job.call.is_some()) {
                found.holds.secrets.extend(secrets::reads(value));
            }
        }
        for step in &job.steps {
            found.step(step, &BTreeMap::new(), step.pos, 0);
        }
        let Found { mut holds, token, .. } = found;
        holds.secrets.retain(|(read, _)| !matches!(read, Read::Named(name) if name.eq_ignore_ascii_case("GITHUB_TOKEN")));
        let first = job.id.split(['-', '_']).next().unwrap_or_default().to_lowercase();
        holds.named = job.call.is_none() && holds.deploys.is_empty() && ["deploy", "promote", "rollback", "ship"].contains(&first.as_str());
        holds.token = token.are_unexplained().then_some(job.pos);
        let is_template = |text: &str| text.contains("${{");
        holds.templated = holds.deploys.iter().filter_map(|deploy| deploy.target.as_deref()).any(is_template)
            || holds.identities.iter().any(|identity| is_template(&identity.name))
            || holds.checkouts.iter().any(Checkout::is_template);
        holds
    }

    /// What a job holds in a run: under the names that its callers know, with the expressions filled in that are known.
    #[must_use]
    pub fn in_run(&self, workflow: &Workflow, job: &Job, passed: &Passed, value: impl Fn(&str) -> InRun) -> Self {
        let mut holds = self.clone();
        let has_environment = job.environment.name().is_some();
        holds.secrets = self
            .secrets
            .iter()
            .flat_map(|(read, pos)| passed.sources(read, has_environment).into_iter().map(|read| (read, *pos)))
            .collect();
        if !passed.grants_token(workflow, job) {
            holds.token = None;
            holds.identities.clear();
        }
        if self.templated {
            // A target that an input names stays as it is written: it may be any.
            let chosen = |written: &String| match value(written) {
                InRun::DependsOn(names) => names.iter().any(|name| name.starts_with("inputs") || name.starts_with("github.event.inputs")),
                InRun::Values(_) => false,
            };
            let with = |deploy: &Deploy, target: Option<String>| Deploy {
                target: target.or_else(|| deploy.target.clone().filter(chosen)),
                ..deploy.clone()
            };
            holds.deploys = self
                .deploys
                .iter()
                .flat_map(|deploy| filled(deploy, deploy.target.as_deref(), &value, |target| with(deploy, target)))
                .collect();
            holds.identities = holds
                .identities
                .iter()
                .flat_map(|identity| {
                    let name = identity.name.clone();
                    filled(identity, Some(&identity.name), &value, |found| Identity {
                        name: found.unwrap_or_else(|| name.clone()),
                        ..identity.clone()
                    })
                })
                .collect();
            holds.checkouts = holds.checkouts.iter().map(|checkout| checkout.in_run(&value)).collect();
        }
        holds
    }

    /// Whether the job holds anything that could deploy.
    #[must_use]
    pub const fn is_anything(&self) -> bool {
        let Self { deploys, secrets, identities, token, approvals: _, checkouts: _, named, templated: _ } = self;
        !deploys.is_empty() || !secrets.is_empty() || !identities.is_empty() || token.is_some() || *named
    }

    /// Merges what another leg of the same job holds.
    pub fn merge(&mut self, other: &Self) {
        fn union<T: Clone + PartialEq>(all: &mut Vec<T>, more: &[T]) {
            for one in more {
                if !all.contains(one) {
                    all.push(one.clone());
                }
            }
        }
        union(&mut self.deploys, &other.deploys);
        union(&mut self.secrets, &other.secrets);
        union(&mut self.identities, &other.identities);
        union(&mut self.approvals, &other.approvals);
        union(&mut self.checkouts, &other.checkouts);
        self.token = self.token.or(other.token);
    }
}

/// Each entry once per possible value of its name; once as unknown if the name is unknown.
fn filled<T: Clone>(one: &T, name: Option<&str>, value: &impl Fn(&str) -> InRun, with: impl Fn(Option<String>) -> T) -> Vec<T> {
    match name.filter(|name| name.contains("${{")) {
        None => vec![one.clone()],
        Some(name) => match value(name) {
            InRun::Values(values) => values.into_iter().map(|value| with(Some(value))).collect(),
            InRun::DependsOn(_) => vec![with(None)],
        },
    }
}

/// Whether an action is one of the tables. None of those deploys or logs in before its own step.
#[must_use]
pub fn is_known_action(uses: &str) -> bool {
    let name = actions::name(uses);
    let is = |line: &str| actions::is(&name, line);
    let deploys = actions::DEPLOY.iter().any(|(line, ..)| is(line));
    let harmless = actions::HARMLESS.iter().any(|(line, ..)| is(line));
    deploys || harmless || actions::is_setup(&name, |_| false) || actions::LOGIN.iter().any(|login| is(login.action))
}

/// Whether a step uses an action that only prepares its job: it fetches, sets up, or logs in with stored credentials.
#[must_use]
pub fn only_prepares(step: &Step) -> bool {
    let has_input = |name: &str| with(step).any(|(key, text)| key.eq_ignore_ascii_case(name) && !text.is_empty());
    step.uses.as_ref().is_some_and(|uses| actions::is_setup(&actions::name(uses.as_str()), has_input))
}

/// What is collected for one job.
struct Found<'a> {
    local: &'a Local,
    holds: Holds,
    /// The variables whose values are known.
    env: BTreeMap<String, String>,
    /// Those that a step so far may have changed for the steps after it.
    assigned: Assigned,
    /// Names of git remotes, with the apps they go to.
    remotes: BTreeMap<String, String>,
    /// What the steps could do with the job's OIDC token.
    token: token::Uses,
}

impl<'a> Found<'a> {
    fn of(local: &'a Local) -> Self {
        let (env, remotes) = (BTreeMap::new(), BTreeMap::new());
        Self { local, holds: Holds::default(), env, assigned: Assigned::default(), remotes, token: token::Uses::default() }
    }

    /// The variables of an `env`, over those that are known before it.
    fn env(&mut self, node: Option<&Node>, inputs: &BTreeMap<String, String>) {
        let values = Values { inputs, env: &self.env };
        let entries = node.and_then(Node::mapping).into_iter().flatten();
        let filled: Vec<_> = entries.filter_map(|(key, value)| Some((key.text.clone(), values.fill(&value.scalar()?.text)))).collect();
        self.env.extend(filled);
    }

    fn fill(&self, text: &str, inputs: &BTreeMap<String, String>) -> String {
        Values { inputs, env: &self.env }.fill(text)
    }

    /// One step; `inputs` are those of the action of this repository that it is a part of.
    fn step(&mut self, step: &Step, inputs: &BTreeMap<String, String>, pos: Pos, depth: usize) {
        let before = self.env.clone();
        self.env(step.body.get("env"), inputs);
        let action = step.uses.as_ref().map(|uses| actions::name(uses.as_str()));
        let harmless = action.as_deref().and_then(|action| actions::HARMLESS.iter().find(|(line, ..)| actions::is(action, line)));
        match harmless {
            Some((_, true, _)) => self.token.add(Use::Harmless),
            Some((_, false, _)) => {}
            None => self.holds.secrets.extend(secrets::reads(&step.body)),
        }
        if let Some(run) = &step.run {
            self.script(&self.fill(run.as_str(), inputs), pos);
            for script in self.local.scripts_of(step) {
                self.script(script, pos);
            }
        }
        if let (Some(action), Some(uses), None) = (&action, &step.uses, harmless) {
            self.action(action, uses.as_str(), step, inputs, pos, depth);
        }
        self.env = before;
        self.assigned.remove_from(&mut self.env);
    }

    fn script(&mut self, script: &str, pos: Pos) {
        let mut env = self.env.clone();
        Assigned::within(script).remove_from(&mut env);
        self.assigned.add(Assigned::later(script));
        self.holds.deploys.extend(commands::deploys(script, &env, &mut self.remotes, pos));
        self.holds.checkouts.extend(checkouts::of_script(script, pos));
        if approves(&commands::expand(script, &env)) {
            self.holds.approvals.push(("it answers pending deployments".to_owned(), pos));
        }
        let known = self.holds.identities.len();
        for words in shell::commands(script) {
            let words = words.iter().map(|word| commands::expand(word, &env));
            for word in words.filter(|word| word.contains("arn:aws") && word.contains(":role/")) {
                let name = word.rsplit('=').next().unwrap_or(&word).to_owned();
                self.holds.identities.push(Identity { provider: Provider::Aws, name, principal: Principal::Named, pos });
            }
        }
        let names_identity = self.holds.identities.len() > known;
        self.token.add(if names_identity { Use::Login } else { token::of_script(script) });
    }

    fn action(&mut self, action: &str, uses: &str, step: &Step, inputs: &BTreeMap<String, String>, pos: Pos, depth: usize) {
        if let Some(composite) = self.local.composite(uses).filter(|_| depth < MAX_DEPTH) {
            let mut given = composite.defaults.clone();
            given.extend(with(step).map(|(name, text)| (name.to_lowercase(), self.fill(text, inputs))));
            for inner in &composite.steps {
                self.step(inner, &given, pos, depth + 1);
            }
            return;
        }
        let given: BTreeMap<String, String> = with(step).map(|(key, text)| (key.to_lowercase(), self.fill(text, inputs))).collect();
        let input = |name: &str| given.get(&name.to_lowercase()).filter(|text| !text.is_empty()).cloned();
        if action == "actions/checkout" {
            self.holds.checkouts.extend(checkouts::of_action(input, pos));
        }
        // Requests of `actions/github-script` and of octokit's actions.
        let requests = ["script", "route", "query"].iter().filter_map(|name| given.get(*name)).any(|text| approves(text));
        let is_gatectl = action.ends_with("/gatectl") && input("command").is_some_and(|command| command == "approve");
        if actions::approves(action) || requests || is_gatectl {
            self.holds.approvals.push((format!("it uses the action {action}"), pos));
        }
        if let Some(arguments) = input("arguments").filter(|_| action.starts_with("gradle/")) {
            self.script(&format!("gradle {arguments}"), pos);
        }
        let deploy = actions::DEPLOY.iter().find(|(line, ..)| actions::is(action, line));
        if let Some((_, platform, names)) = deploy {
            // A package that is only built, or a preview: the input says so.
            let target = match platform {
                Platform::Pages => Some(PAGES.to_owned()),
                Platform::Heroku | Platform::Other => names.iter().find_map(|name| input(name)),
            };
            let is_preview = action == "pulumi/actions" && input("command").is_some_and(|command| command == "preview");
            if !is_preview {
                let what = format!("the action {action}");
                self.holds.deploys.push(Deploy { what, platform: *platform, target, named: false, promotes: false, pos });
            }
        }
        let login = actions::LOGIN.iter().find(|login| actions::is(action, login.action));
        let identities = match login {
            Some(login) => {
                let asks = match login.asks {
                    Asks::If(names) => names.iter().any(|name| input(name).is_some()),
                    Asks::Unless(stored) => !stored.iter().any(|name| input(name).is_some()),
                };
                let name = || login.names.iter().filter_map(|name| input(name)).collect::<Vec<_>>().join(" ");
                asks.then(|| (login.provider, name())).into_iter().collect::<Vec<_>>()
            }
            None => actions::IDENTITY_INPUTS.iter().filter_map(|(name, provider)| Some((*provider, input(name)?))).collect(),
        };
        let is_known = deploy.is_some() || actions::builds(action);
        let setup = actions::is_setup(action, |name| input(name).is_some());
        self.token.add(match login {
            _ if action == "actions/deploy-pages" => Use::Harmless,
            Some(_) if !identities.is_empty() => Use::Login,
            Some(_) => Use::Runs,
            None if setup => Use::Nothing,
            None if is_known && !given.values().any(|text| token::asks(text)) => Use::Runs,
            None => Use::Unknown,
        });
        let is_direct = action == "google-github-actions/auth" && input("service_account").is_none();
        let principal = if is_direct { Principal::Subject } else { Principal::Named };
        self.holds.identities.extend(identities.into_iter().map(|(provider, name)| Identity { provider, name, principal, pos }));
    }
}

/// The `with` of a step.
fn with(step: &Step) -> impl Iterator<Item = (&str, &str)> {
    let entries = step.body.get("with").and_then(Node::mapping).into_iter().flatten();
    entries.filter_map(|(key, value)| Some((key.text.as_str(), value.scalar()?.text.as_str())))
}

/// The names of secrets that gate.toml binds to an environment, and of the apps that it declares.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    /// Names of the secrets that gate.toml binds to an environment that is not open.
    pub secrets: BTreeSet<String>,
    /// Names of the Heroku apps that gate.toml declares.
    pub apps: BTreeSet<String>,
}

#[cfg(test)]
mod tests;
