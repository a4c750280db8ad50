//! What the steps of one job hold, with the scripts and the actions of the checkout that they run.
//!
//! Owns how the tables of commands and actions are applied to steps, one by one. Must not know runs. Tested in `tests/`.

use std::collections::{BTreeMap, BTreeSet};

use super::actions::{self, Asks};
use super::approvals::{self, approves, requests_an_approval};
use super::checkouts::{self, Checkout};
use super::commands;
use super::evidence::{Deploy, Identity, PAGES, Platform, Principal};
use super::fill::{Assigned, fill};
use super::holds::Holds;
use super::local::Local;
use super::shell;
use super::token::{self, Use};
use crate::workflows::model::{Job, Step, Workflow};
use crate::workflows::secrets::{self, Read};
use crate::workflows::yaml::{Node, Pos};

/// How deep actions of the checkout that use each other are followed.
const MAX_DEPTH: usize = 10;

impl Holds {
    /// Everything that a job holds, before any run: names may hold expressions.
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
        holds.token = token::are_unexplained(&token).then_some(job.pos);
        let is_template = |text: &str| text.contains("${{");
        holds.templated = holds.deploys.iter().filter_map(|deploy| deploy.target.as_deref()).any(is_template)
            || holds.identities.iter().any(|identity| is_template(&identity.name))
            || holds.checkouts.iter().any(Checkout::is_template);
        holds
    }
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
    remotes: commands::Remotes,
    /// What the steps could do with the job's OIDC token.
    token: BTreeSet<Use>,
}

impl<'a> Found<'a> {
    fn of(local: &'a Local) -> Self {
        let (env, remotes) = (BTreeMap::new(), BTreeMap::new());
        Self { local, holds: Holds::default(), env, assigned: Assigned::default(), remotes, token: BTreeSet::new() }
    }

    /// The variables of an `env`, over those that are known before it.
    fn env(&mut self, node: Option<&Node>, inputs: &BTreeMap<String, String>) {
        let entries = node.and_then(Node::mapping).into_iter().flatten();
        let filled: Vec<_> =
            entries.filter_map(|(key, value)| Some((key.text.clone(), self.fill(&value.scalar()?.text, inputs)))).collect();
        self.env.extend(filled);
    }

    fn fill(&self, text: &str, inputs: &BTreeMap<String, String>) -> String {
        fill(text, inputs, &self.env)
    }

    /// One step; `inputs` are those of the action of this repository that it is a part of.
    fn step(&mut self, step: &Step, inputs: &BTreeMap<String, String>, pos: Pos, depth: usize) {
        let before = self.env.clone();
        self.env(step.body.get("env"), inputs);
        let action = step.action();
        let harmless = action.as_deref().and_then(|action| actions::HARMLESS.iter().find(|(line, ..)| actions::is(action, line)));
        match harmless {
            Some((_, is_signing, _)) => {
                if *is_signing {
                    self.token.insert(Use::Harmless);
                }
                if step.with().any(|(name, _)| actions::is_command(name)) {
                    self.holds.secrets.extend(step.body.get("env").into_iter().flat_map(secrets::reads));
                }
            }
            None => self.holds.secrets.extend(secrets::reads(&step.body)),
        }
        if let Some(run) = &step.run {
            self.script(&self.fill(run.as_str(), inputs), pos);
            self.local.scripts_of(step).into_iter().for_each(|script| self.script(script, pos));
        }
        // The script of `actions/github-script` is one of another language.
        let is_javascript = action.as_deref() == Some("actions/github-script");
        for (_, text) in step.with().filter(|(name, _)| !is_javascript && actions::is_command(name)) {
            let script = self.fill(text, inputs);
            self.commands(&script, &shell::commands(&script), pos);
        }
        if let (Some(action), Some(uses), None) = (&action, &step.uses, harmless) {
            self.action(action, uses.as_str(), step, inputs, pos, depth);
        }
        self.env = before;
        self.assigned.remove_from(&mut self.env);
    }

    /// What a script with these commands does. What it could do with the job's token is for the step that runs it to say.
    fn commands(&mut self, script: &str, commands: &[Vec<String>], pos: Pos) {
        let env = self.env_of(commands);
        let (deploys, templates) = commands::deploys(commands, &env, &mut self.remotes, pos);
        self.holds.deploys.extend(deploys);
        self.holds.templates.extend(templates);
        self.holds.checkouts.extend(checkouts::of_commands(commands, pos));
        if approves(&commands::expand(script, &env)) {
            self.holds.approvals.push((approvals::WHAT.to_owned(), pos));
        }
    }

    /// The variables whose values are known within a script.
    fn env_of(&self, commands: &[Vec<String>]) -> BTreeMap<String, String> {
        let mut env = self.env.clone();
        let assigned = Assigned::within(commands);
        assigned.remove_from(&mut env);
        env.extend(assigned.literals(|name| self.env.contains_key(name) || self.assigned.names(name)));
        env
    }

    fn script(&mut self, script: &str, pos: Pos) {
        let commands = shell::commands(script);
        self.commands(script, &commands, pos);
        self.assigned.add(Assigned::later(script, &commands));
        let roles = commands::roles(&commands, &self.env_of(&commands), pos);
        let names_identity = !roles.is_empty();
        self.holds.identities.extend(roles);
        self.token.insert(if names_identity { Use::Login } else { token::of_script(script, &commands) });
    }

    fn action(&mut self, action: &str, uses: &str, step: &Step, inputs: &BTreeMap<String, String>, pos: Pos, depth: usize) {
        if let Some(composite) = self.local.composite(uses).filter(|_| depth < MAX_DEPTH) {
            let mut given = composite.defaults.clone();
            given.extend(step.with().map(|(name, text)| (name.to_lowercase(), self.fill(text, inputs))));
            for inner in &composite.steps {
                self.step(inner, &given, pos, depth + 1);
            }
            return;
        }
        let given: BTreeMap<String, String> = step.with().map(|(key, text)| (key.to_lowercase(), self.fill(text, inputs))).collect();
        let input = |name: &str| given.get(&name.to_lowercase()).filter(|text| !text.is_empty()).cloned();
        if action == "actions/checkout" {
            self.holds.checkouts.extend(checkouts::of_action(input, pos));
        }
        // Requests of `actions/github-script` and of octokit's actions.
        let requests = ["script", "route", "query"].iter().filter_map(|name| given.get(*name)).any(|text| approves(text))
            || requests_an_approval(given.values());
        let is_gatectl = action.ends_with("/gatectl") && input("command").is_some_and(|command| command == "approve");
        if actions::approves(action) || requests || is_gatectl {
            self.holds.approvals.push((format!("it uses the action {action}"), pos));
        }
        if let Some(arguments) = input("arguments").filter(|_| action.starts_with("gradle/")) {
            self.script(&format!("gradle {arguments}"), pos);
        }
        if let Some(tags) = input("tags").filter(|_| ["docker/build-push-action", "docker/bake-action"].contains(&action)) {
            let script = format!("docker push {}", tags.replace(['\n', ','], " "));
            self.commands(&script, &shell::commands(&script), pos);
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
        self.token.insert(match login {
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
