//! Everything that a job could deploy with, before and in a run.
//!
//! Owns how a run fills in names, and how the legs of a matrix are merged. Must not know how steps are read. Tested in `tests.rs`.

use std::collections::BTreeMap;

use super::approvals;
use super::checkouts::Checkout;
use super::commands::{self, Template};
use super::permissions::Passed;
use super::shell;
use crate::workflows::model::{Job, Workflow};
use crate::workflows::secrets::Read;
use crate::workflows::yaml::Pos;

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
    pub(in crate::workflows) fn has_login(self, secret: &str) -> bool {
        match self {
            Self::Heroku => ["HEROKU_API_KEY", "HEROKU_API_TOKEN", "HEROKU_TOKEN"].contains(&secret.to_uppercase().as_str()),
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
    pub(in crate::workflows) const fn goes_to_the_next_stage(&self) -> bool {
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
