//! The evidence that a job deploys, with its certainty.
//!
//! Owns what a job shares with the jobs behind the gates, and what is undecided about it, each as a clause. Must not know where it runs
//! except for what only that place has. Tested as verdicts in `tests/`.

use std::collections::BTreeSet;

use super::credentials::{Credentials, Use, by_name, identity, secret, target};
use super::place::{Place, only};
use crate::findings::Code;
use crate::model::EnvName;
use crate::workflows::deploys::{PAGES, Platform};
use crate::workflows::facts::Facts;
use crate::workflows::resolve::{JobEntry, Verdict};
use crate::workflows::secrets::Read;

/// The evidence that a job deploys, with its certainty.
#[derive(Default)]
pub(super) struct Case {
    /// It uses something that deploys behind a gate.
    pub(super) shared: Vec<Shared>,
    /// Undecided.
    pub(super) open_questions: Vec<(Code, String)>,
    pub(super) harmless: Harmless,
}

/// The `harmless` entries that would decide a job that cannot deploy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Harmless {
    /// Whether only the job itself can be named.
    pub(super) job: bool,
    /// Secrets by name.
    pub(super) secrets: BTreeSet<String>,
}

/// What kind of thing a job uses that a job behind a gate uses too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    /// The target of a deploy.
    Target,
    /// A cloud identity.
    Identity,
    /// A secret that it names.
    Secret,
    /// Every secret, without naming one.
    AllSecrets,
}

impl Means {
    pub(super) const fn code(self) -> Code {
        match self {
            Self::Target => Code::UngatedDeploy,
            Self::Identity => Code::UngatedIdentity,
            Self::Secret | Self::AllSecrets => Code::UngatedCredential,
        }
    }
}

/// Something that a job uses and that a job behind a gate uses too.
pub(super) struct Shared {
    pub(super) means: Means,
    /// As a clause: `reads HEROKU_API_KEY, as deploy.yml:6 does in production`.
    pub(super) what: String,
    pub(super) gates: BTreeSet<EnvName>,
    /// Whether only a name is shared, for which another environment may have another value.
    pub(super) by_name: bool,
}

impl Shared {
    fn new(means: Means, what: &str, used: &Use, by_name: bool) -> Self {
        Self { means, what: format!("{what}{}", elsewhere(used)), gates: used.gates.clone(), by_name }
    }
}

impl Case {
    /// What a job uses. Of a spared one, only deploys to declared apps count.
    pub(super) fn of(job: &JobEntry, spared: bool, facts: &Facts, credentials: &Credentials) -> Self {
        let mut case = Self::default();
        let holds = &job.details.holds;
        let mut seen = BTreeSet::new();
        for deploy in &holds.deploys {
            let credential = target(deploy);
            let used = credential.as_ref().and_then(|credential| credentials.gated(credential));
            let target = deploy.target.as_deref().unwrap_or_default();
            match (used, &credential) {
                // A deploy to a declared app counts regardless of the job's name.
                (Some(used), _) if !spared || facts.targets.apps.contains(target) => {
                    if seen.insert(credential.clone()) {
                        case.shared.push(Shared::new(Means::Target, &format!("deploys {target} ({})", deploy.what), used, false));
                    }
                }
                _ if spared => {}
                (None, Some(credential)) if credentials.is_open(credential) => {}
                // GitHub lets the Pages site be published from this environment; it reaches nothing else.
                (None, _) if deploy.platform == Platform::Pages && only(job, PAGES) => {}
                _ => {
                    let what = match deploy.target.as_deref() {
                        Some(target) => format!("deploys {target} ({})", deploy.what),
                        None => format!("runs {}, which deploys to a target that the file does not name", deploy.what),
                    };
                    case.open_questions.push((Code::UnclassifiedDeploy, what));
                    case.harmless.job = true;
                }
            }
        }
        if spared {
            return case;
        }
        for assumed in &holds.identities {
            let credential = identity(assumed, &job.details.file);
            let what = match assumed.name.as_str() {
                "" => format!("assumes this repository's identity at {}", assumed.provider.word()),
                name => format!("assumes the {} identity {name}", assumed.provider.word()),
            };
            if let Some(used) = credential.as_ref().and_then(|credential| credentials.gated(credential)) {
                case.shared.push(Shared::new(Means::Identity, &what, used, by_name(&assumed.name)));
            } else if !credential.is_some_and(|credential| credentials.is_open(&credential)) {
                case.open_questions.push((Code::UnclassifiedCredential, what));
                case.harmless.job = true;
            }
        }
        for named in &holds.by_other_means {
            let credential = identity(named, &job.details.file);
            if let Some(used) = credential.as_ref().and_then(|credential| credentials.gated(credential)) {
                let what = format!("names the {} identity {}", named.provider.word(), named.name);
                case.shared.push(Shared::new(Means::Identity, &what, used, by_name(&named.name)));
            }
        }
        case.secrets(job, facts, credentials);
        if holds.token.is_some() {
            case.open_questions
                .push((Code::UnclassifiedCredential, "may assume any identity that trusts this repository (`id-token: write`)".to_owned()));
            case.harmless.job = true;
        }
        if holds.named && case.open_questions.is_empty() && matches!(job.verdict, Verdict::None | Verdict::ViaNeeds) {
            case.open_questions.push((Code::UnclassifiedDeploy, format!("has the id `{}`, which suggests that it deploys", job.job)));
            case.harmless.job = true;
        }
        case
    }

    fn secrets(&mut self, job: &JobEntry, facts: &Facts, credentials: &Credentials) {
        let mut seen = BTreeSet::new();
        for (read, _) in &job.details.holds.secrets {
            match read {
                Read::All => match credentials.any_secret() {
                    Some((name, used)) => {
                        let what = format!("reads all secrets at once, among them {name}");
                        self.shared.push(Shared::new(Means::AllSecrets, &what, used, true));
                    }
                    None => {
                        self.open_questions.push((Code::UnclassifiedCredential, "reads all secrets at once".to_owned()));
                        self.harmless.job = true;
                    }
                },
                Read::Named(name) => {
                    let Some(credential) = secret(read, facts).filter(|_| seen.insert(name.to_uppercase())) else {
                        continue;
                    };
                    if let Some(used) = credentials.gated(&credential) {
                        let open = matches!(Place::all(job, facts).as_slice(), [Place::Open(_)]);
                        // A name that only environments have cannot be the gate's secret in another one.
                        if !(open && facts.is_environment_secret(name)) {
                            self.shared.push(Shared::new(Means::Secret, &format!("reads {name}"), used, true));
                        }
                    } else if !credentials.is_open(&credential) {
                        self.open_questions.push((Code::UnclassifiedCredential, format!("reads {name}")));
                        self.harmless.secrets.insert(name.to_uppercase());
                    }
                }
            }
        }
    }

    /// The other fix, if all that is shared are secrets that are named: they may be for notifications alone.
    pub(super) fn spare(&self) -> &'static str {
        let are_secrets = self.shared.iter().all(|shared| shared.means == Means::Secret);
        if are_secrets && !self.shared.is_empty() { ", or, if the secret cannot deploy, name it in [verify] harmless" } else { "" }
    }

    /// Whether it certainly uses what deploys behind a gate, wherever it runs.
    pub(super) fn is_proven(&self) -> bool {
        self.shared.iter().any(|shared| !shared.by_name)
    }
}

/// Where else it is used.
fn elsewhere(used: &Use) -> String {
    let gates = used.gates.iter().map(EnvName::as_str).collect::<Vec<_>>().join(", ");
    match used.at.as_str() {
        "" => format!(", which {} declares", used.by),
        at => format!(", as {} does in {gates}", at.strip_prefix(".github/workflows/").unwrap_or(at)),
    }
}
