//! What a job gets in a run: which secrets a caller passed, and whether it may ask for an OIDC token.

use std::collections::BTreeMap;

use crate::workflows::model::{Job, Secrets, Workflow};
use crate::workflows::secrets::{self, Read};
use crate::workflows::yaml::Node;

/// What a called workflow got from its caller; the default is a workflow that an event started.
#[derive(Debug, Clone, Default)]
pub struct Passed {
    secrets: Granted,
    /// Whether the calling job may ask for an OIDC token; none if there is no caller.
    token: Option<bool>,
}

/// Which secrets a workflow sees.
#[derive(Debug, Clone, Default)]
enum Granted {
    /// All, by their own names.
    #[default]
    Own,
    /// These, and what the caller read for each. Names are upper-case.
    Named(BTreeMap<String, Vec<Read>>),
}

impl Passed {
    /// What a calling job passes on, given what its own workflow got.
    #[must_use]
    pub fn by(&self, workflow: &Workflow, job: &Job) -> Self {
        let secrets = match job.call.as_ref().map(|call| &call.secrets) {
            Some(Secrets::Inherit(_)) => self.secrets.clone(),
            Some(Secrets::Named(pairs)) => {
                let of = |text: &str| secrets::in_text(text).iter().flat_map(|read| self.sources(read, false)).collect();
                Granted::Named(pairs.iter().map(|(name, value)| (name.text.to_uppercase(), of(value.as_str()))).collect())
            }
            Some(Secrets::Absent) | None => Granted::Named(BTreeMap::new()),
        };
        Self { secrets, token: Some(self.grants_token(workflow, job)) }
    }

    /// The secret that a name here really reads. A called job with an environment sees that environment's secrets, passed or not.
    pub(super) fn sources(&self, read: &Read, has_environment: bool) -> Vec<Read> {
        match (&self.secrets, read) {
            (Granted::Own, read) => vec![read.clone()],
            (Granted::Named(passed), Read::Named(name)) => {
                let own = has_environment.then(|| read.clone());
                passed.get(&name.to_uppercase()).cloned().unwrap_or_default().into_iter().chain(own).collect()
            }
            (Granted::Named(_), Read::All) if has_environment => vec![Read::All],
            (Granted::Named(passed), Read::All) => passed.values().flatten().cloned().collect(),
        }
    }

    /// Whether a job may ask for an OIDC token: its own `permissions` or its workflow's say so, or its caller's if neither
    /// is written; a called workflow never gets more than its caller has.
    pub fn grants_token(&self, workflow: &Workflow, job: &Job) -> bool {
        let declared = job.body.get("permissions").or(workflow.permissions.as_ref()).map(writes_token);
        match self.token {
            None => declared.unwrap_or(false),
            Some(caller) => caller && declared.unwrap_or(true),
        }
    }

    /// Whether a calling job passes on anything that could deploy.
    pub fn gives_nothing(&self, workflow: &Workflow, job: &Job) -> bool {
        let passed = self.by(workflow, job);
        let is_token = |read: &Read| matches!(read, Read::Named(name) if name.eq_ignore_ascii_case("GITHUB_TOKEN"));
        let no_secret = matches!(&passed.secrets, Granted::Named(named) if named.values().flatten().all(is_token));
        // `with` cannot read a secret: GitHub refuses it.
        no_secret && passed.token != Some(true)
    }

    /// The secrets that a calling job passes to a workflow that is not read.
    pub fn reads(&self, job: &Job) -> Vec<Read> {
        match job.call.as_ref().map(|call| &call.secrets) {
            Some(Secrets::Inherit(_)) => match &self.secrets {
                Granted::Own => vec![Read::All],
                Granted::Named(named) => named.values().flatten().cloned().collect(),
            },
            Some(Secrets::Named(pairs)) => {
                pairs.iter().flat_map(|(_, value)| secrets::in_text(value.as_str())).flat_map(|read| self.sources(&read, false)).collect()
            }
            Some(Secrets::Absent) | None => Vec::new(),
        }
    }
}

fn writes_token(permissions: &Node) -> bool {
    match permissions.scalar() {
        Some(scalar) => scalar.text == "write-all",
        None => permissions.get("id-token").and_then(Node::scalar).is_some_and(|scalar| scalar.text == "write"),
    }
}
