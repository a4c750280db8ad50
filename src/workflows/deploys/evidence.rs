//! What shows that a job deploys: a deploy that is known, and an identity that it assumes.
//!
//! Owns the words for them. Must not know how they are found. Tested in `tests/`.

use crate::workflows::yaml::Pos;

/// The target of deploys to GitHub Pages.
pub const PAGES: &str = "github-pages";

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
