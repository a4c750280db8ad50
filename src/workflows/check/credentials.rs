//! What the jobs behind the gates deploy with, and what only jobs of open environments use.
//!
//! Owns the comparison of secrets, identities and targets across jobs. Must not know what a finding is.

use std::collections::{BTreeMap, BTreeSet};

use super::runs::Run;
use crate::model::EnvName;
use crate::workflows::deploys::{Deploy, Identity, Platform, Principal, Provider};
use crate::workflows::facts::Facts;
use crate::workflows::resolve::{JobEntry, Verdict};
use crate::workflows::secrets::Read;

/// A deploy credential or target, in the form that is compared across jobs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Credential {
    /// A secret, by its name in upper case.
    Secret(String),
    /// An identity.
    Identity {
        /// The service that accepts it.
        provider: Provider,
        /// Its name there.
        name: String,
        /// The file, if the name is an expression that has a value of its own in each: `${{steps.role.outputs.arn}}`.
        file: Option<String>,
    },
    /// The target of a deploy.
    Target(Platform, String),
}

/// Where a credential is used behind a gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Use {
    /// The gates it is used behind.
    pub(super) gates: BTreeSet<EnvName>,
    /// `deploy.yml:deploy`, or gate.toml.
    pub(super) by: String,
    /// Where that job is: `.github/workflows/deploy.yml:6`; empty for gate.toml.
    pub(super) at: String,
}

/// Every credential of the population.
#[derive(Debug, Default)]
pub(super) struct Credentials {
    gated: BTreeMap<Credential, Use>,
    open: BTreeSet<Credential>,
}

impl Credentials {
    pub(super) fn of(runs: &[Run<'_>], facts: &Facts) -> Self {
        let mut all = Self::default();
        let gates: BTreeSet<EnvName> = facts.gates().cloned().collect();
        let declared = |credential| (credential, Use { gates: gates.clone(), by: "gate.toml".to_owned(), at: String::new() });
        all.gated.extend(facts.targets.secrets.iter().map(|name| declared(Credential::Secret(name.to_uppercase()))));
        all.gated.extend(facts.targets.apps.iter().map(|app| declared(Credential::Target(Platform::Heroku, app.clone()))));
        for job in runs.iter().flat_map(|run| &run.jobs).filter(|job| !is_spared(job, facts)) {
            let names: Vec<EnvName> = match job.verdict {
                Verdict::Env | Verdict::Set => job.names().collect(),
                _ => continue,
            };
            let gates: BTreeSet<EnvName> = names.iter().filter(|name| facts.is_gate(name)).cloned().collect();
            if !gates.is_empty() {
                for credential in held(job, facts) {
                    let new = || Use { gates: BTreeSet::new(), by: job.path.clone(), at: format!("{}:{}", job.details.file, job.line) };
                    all.gated.entry(credential).or_insert_with(new).gates.extend(gates.iter().cloned());
                }
            } else if names.iter().all(|name| facts.open.contains(name)) {
                all.open.extend(held(job, facts));
            }
        }
        all
    }

    /// Where a credential is used behind a gate.
    pub(super) fn gated(&self, credential: &Credential) -> Option<&Use> {
        self.gated.get(credential)
    }

    /// The secrets that are used behind each gate, each with the job that does.
    pub(super) fn secrets(&self) -> BTreeMap<EnvName, BTreeMap<String, String>> {
        let mut all: BTreeMap<EnvName, BTreeMap<String, String>> = BTreeMap::new();
        for (credential, used) in &self.gated {
            if let Credential::Secret(name) = credential {
                for gate in &used.gates {
                    all.entry(gate.clone()).or_default().insert(name.clone(), used.by.clone());
                }
            }
        }
        all
    }

    /// Whether any secret is used behind a gate: a job that reads all secrets reads it too.
    pub(super) fn any_secret(&self) -> Option<(&str, &Use)> {
        self.gated.iter().find_map(|(credential, used)| match credential {
            Credential::Secret(name) => Some((name.as_str(), used)),
            Credential::Identity { .. } | Credential::Target(..) => None,
        })
    }

    /// Whether an identity whose name is not known may be one that is assumed behind a gate.
    pub(super) fn may_be_gated(&self, identity: &Identity) -> bool {
        let mut known = self.gated.keys();
        is_local(&identity.name) && known.any(|one| matches!(one, Credential::Identity { provider, .. } if *provider == identity.provider))
    }

    /// Whether a target that is known only at run time may be one that a gate protects: what is known of its name fits.
    pub(super) fn may_be_gated_target(&self, deploy: &Deploy) -> bool {
        let (start, end) = match deploy.target.as_deref() {
            // The shell decides.
            None if deploy.platform == Platform::Heroku && !deploy.named => ("", ""),
            None => return false,
            Some(target) if by_name(target) => return false,
            Some(target) => match target.split_once("${{").zip(target.rsplit_once("}}")) {
                Some(((start, _), (_, end))) => (start, end),
                None => return false,
            },
        };
        let fits = |name: &str| name.strip_prefix(start).is_some_and(|rest| rest.ends_with(end));
        let is_it = |one: &Credential| matches!(one, Credential::Target(platform, name) if *platform == deploy.platform && fits(name));
        self.gated.iter().any(|(one, used)| !used.gates.is_empty() && is_it(one))
    }

    /// Whether only jobs of open environments use it among those that have one.
    pub(super) fn is_open(&self, credential: &Credential) -> bool {
        self.open.contains(credential) && !self.gated.contains_key(credential)
    }
}

/// Whether `[verify] harmless` names a job, or one that calls it.
pub(super) fn is_spared(job: &JobEntry, facts: &Facts) -> bool {
    job.details.chain.iter().any(|(file, id)| facts.verify.spares_job(file, id))
}

/// How `[verify] harmless` names a job.
pub(super) fn spared_name(job: &JobEntry) -> String {
    let (file, id) =
        job.details.chain.first().map_or((job.details.file.as_str(), job.job.as_str()), |(file, id)| (file.as_str(), id.as_str()));
    let (file, id) = if job.details.file.starts_with('.') { (job.details.file.as_str(), job.job.as_str()) } else { (file, id) };
    format!("{}:{id}", file.rsplit('/').next().unwrap_or(file))
}

/// What a job holds, as it is compared.
fn held(job: &JobEntry, facts: &Facts) -> Vec<Credential> {
    let holds = &job.details.holds;
    let secrets = holds.secrets.iter().filter_map(|(read, _)| secret(read, facts));
    let identities = holds.identities.iter().chain(&holds.by_other_means).filter_map(|one| identity(one, &job.details.file));
    secrets.chain(identities).chain(holds.deploys.iter().filter_map(target)).collect()
}

/// A secret that is not declared harmless. One that an environment lists never is.
pub(super) fn secret(read: &Read, facts: &Facts) -> Option<Credential> {
    match read {
        Read::Named(name) => {
            let upper = name.to_uppercase();
            (facts.targets.secrets.contains(&upper) || !facts.verify.spares_secret(name)).then_some(Credential::Secret(upper))
        }
        Read::All => None,
    }
}

/// An identity that a job of a file assumes; none if its rights are those of the job's own `sub` claim.
pub(super) fn identity(identity: &Identity, file: &str) -> Option<Credential> {
    let Identity { provider, ref name, principal, .. } = *identity;
    let file = is_local(name).then(|| file.to_owned());
    (principal == Principal::Named).then(|| Credential::Identity { provider, name: name.to_lowercase(), file })
}

/// Whether a name is a variable or a secret, which each environment may set for itself.
pub(super) fn by_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.contains("${{") && (lower.contains("vars.") || lower.contains("secrets."))
}

/// Whether a name is known only at run time, and differs between files.
fn is_local(name: &str) -> bool {
    name.contains("${{") && !by_name(name)
}

/// The target of a deploy, if its name is known.
pub(super) fn target(deploy: &Deploy) -> Option<Credential> {
    deploy.target.clone().filter(|target| !target.contains("${{")).map(|target| Credential::Target(deploy.platform, target))
}
