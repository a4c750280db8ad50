//! Everything that a job could deploy with, before and in a run.
//!
//! Owns how a run fills in names, and how the legs of a matrix are merged. Must not know how steps are read. Tested in `tests.rs`.

use std::collections::BTreeMap;

use super::approvals;
use super::checkouts::Checkout;
use super::commands::{self, Template};
use super::evidence::{Deploy, Identity, InRun, Provider};
use super::permissions::Passed;
use super::shell;
use crate::workflows::model::{Job, Workflow};
use crate::workflows::secrets::Read;
use crate::workflows::yaml::Pos;

/// Everything that a job could deploy with.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Holds {
    /// Known deploys.
    pub deploys: Vec<Deploy>,
    /// Secrets that it reads for anything except a known harmless use; not `GITHUB_TOKEN`.
    pub secrets: Vec<(Read, Pos)>,
    /// Cloud identities.
    pub identities: Vec<Identity>,
    /// Cloud identities that it names and may assume without the run's token: with stored keys, or with those of its runner.
    pub by_other_means: Vec<Identity>,
    /// Whether it may ask for an OIDC token that nothing known explains.
    pub token: Option<Pos>,
    /// What approves deployments.
    pub approvals: Vec<(String, Pos)>,
    /// What it checks out besides the commit of the run.
    pub checkouts: Vec<Checkout>,
    /// Whether only its job id suggests that it deploys.
    pub named: bool,
    /// Commands that only a run completes.
    pub(super) templates: Vec<Template>,
    /// Whether anything above holds expressions that a run fills in.
    pub(super) templated: bool,
}

impl Holds {
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
        for template in &self.templates {
            let InRun::Values(found) = value(&template.command) else { continue };
            for script in &found {
                let commands = shell::commands(script);
                holds.deploys.extend(template.deploys(&commands));
                holds.identities.extend(commands::roles(&commands, &BTreeMap::new(), template.pos));
                if approvals::approves(script) {
                    holds.approvals.push((approvals::WHAT.to_owned(), template.pos));
                }
            }
        }
        if !passed.grants_token(workflow, job) {
            holds.token = None;
            holds.by_other_means = std::mem::take(&mut holds.identities);
            holds.by_other_means.retain(|identity| identity.provider == Provider::Aws);
        }
        if self.templated {
            // A target known only at run time stays as it is written: it may be any that fits. A promotion then goes to the next stage.
            let written = |deploy: &Deploy| deploy.target.clone().filter(|_| !deploy.promotes);
            let with = |deploy: &Deploy, target: Option<String>| Deploy { target: target.or_else(|| written(deploy)), ..deploy.clone() };
            holds.deploys = holds
                .deploys
                .iter()
                .flat_map(|deploy| filled(deploy, deploy.target.as_deref(), &value, |target| with(deploy, target)))
                .collect();
            for identities in [&mut holds.identities, &mut holds.by_other_means] {
                let in_run = |identity: &Identity| {
                    let with =
                        |found: Option<String>| Identity { name: found.unwrap_or_else(|| identity.name.clone()), ..identity.clone() };
                    filled(identity, Some(&identity.name), &value, with)
                };
                *identities = identities.iter().flat_map(in_run).collect();
            }
            holds.checkouts = holds.checkouts.iter().map(|checkout| checkout.in_run(&value)).collect();
        }
        holds
    }

    /// Whether the job holds anything that could deploy.
    pub const fn is_anything(&self) -> bool {
        let Self { deploys, secrets, identities, by_other_means: _, token, approvals: _, checkouts: _, named, templates: _, templated: _ } =
            self;
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
        union(&mut self.by_other_means, &other.by_other_means);
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
