//! One job of one run: can it deploy, and is it held back?
//!
//! Owns the rules of the verdict (`docs/verify.md`). What may run is taken to run; what cannot be determined is undecided.

use std::collections::BTreeSet;

use super::credentials::{self, Credentials, Use, by_name, is_spared};
use super::names::near_miss;
use super::on_job;
use crate::findings::{Code, Finding, Severity};
use crate::model::EnvName;
use crate::workflows::deploys::{Identity, PAGES, Platform};
use crate::workflows::facts::{Facts, Guard};
use crate::workflows::reference::Reference;
use crate::workflows::resolve::{JobEntry, Verdict};
use crate::workflows::secrets::Read;

/// Where a job may run.
#[derive(Debug, Clone, PartialEq, Eq)]
enum JobGate {
    /// Behind a gate that gate.toml declares.
    Gated,
    /// In an undeclared environment that is live and has a gate of its own.
    GatedElsewhere,
    /// In an environment that gate.toml declares open.
    Open(EnvName),
    /// In an environment that gate.toml does not declare, and that is not known to be gated.
    Undeclared(String),
    /// In no environment.
    Nowhere,
    /// Unknown.
    Unresolved,
}

/// The result for a job.
pub(super) struct Judgment {
    pub(super) can_deploy: bool,
    /// Whether it waits at a declared gate, as far as it can deploy.
    pub(super) gated: bool,
    pub(super) finding: Option<Finding>,
    pub(super) approval: Option<Finding>,
    /// What `[verify] harmless` would need to decide the job.
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

/// The judge of all jobs.
pub(super) struct Judge<'a> {
    pub(super) facts: &'a Facts,
    pub(super) credentials: &'a Credentials,
    /// Jobs that run behind a gate in some run, as file and id.
    pub(super) gated_somewhere: &'a BTreeSet<(String, String)>,
}

/// The evidence that a job deploys, with its certainty.
#[derive(Default)]
struct Case {
    /// It uses something that deploys behind a gate.
    shared: Vec<Shared>,
    /// Undecided.
    open_questions: Vec<(Code, String)>,
    harmless: Harmless,
}

/// What kind of thing a job uses that a job behind a gate uses too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Means {
    Target,
    Identity,
    Secret,
    AllSecrets,
}

impl Means {
    const fn code(self) -> Code {
        match self {
            Self::Target => Code::UngatedDeploy,
            Self::Identity => Code::UngatedIdentity,
            Self::Secret | Self::AllSecrets => Code::UngatedCredential,
        }
    }
}

/// Something that a job uses and that a job behind a gate uses too.
struct Shared {
    means: Means,
    /// As a clause: `reads HEROKU_API_KEY, as deploy.yml:6 does in production`.
    what: String,
    gates: BTreeSet<EnvName>,
    /// Whether only a name is shared, for which another environment may have another value.
    by_name: bool,
}

impl Case {
    /// The other fix, if all that is shared are secrets that are named: they may be for notifications alone.
    fn spare(&self) -> &'static str {
        let are_secrets = self.shared.iter().all(|shared| shared.means == Means::Secret);
        if are_secrets && !self.shared.is_empty() { ", or, if the secret cannot deploy, name it in [verify] harmless" } else { "" }
    }

    /// Whether it certainly uses what deploys behind a gate, wherever it runs.
    fn is_proven(&self) -> bool {
        self.shared.iter().any(|shared| !shared.by_name)
    }
}

impl Judge<'_> {
    pub(super) fn judge(&self, job: &JobEntry) -> Judgment {
        let nothing = Judgment { can_deploy: false, gated: false, finding: None, approval: None, harmless: Harmless::default() };
        if matches!(job.verdict, Verdict::Skipped | Verdict::Invalid) {
            return nothing;
        }
        let approval = job.details.holds.approvals.first().map(|(what, pos)| {
            let message = format!("{} approves deployments itself: {what}", job.path);
            Finding::new(Code::AutoApproval, message).in_file(job.details.file.clone()).at(pos.line, pos.col)
        });
        if self.is_trusted(job) {
            return Judgment { approval, ..nothing };
        }
        let places = self.places(job);
        let spared = is_spared(job, self.facts);
        let case = self.case(job, spared);
        let names_environment = !spared && !matches!(job.verdict, Verdict::None | Verdict::ViaNeeds);
        let holds_deploy = case.is_proven() || job.details.holds.deploys.iter().any(|deploy| !deploy.named) && !spared;
        let can_deploy = names_environment || holds_deploy || approval.is_some();
        let gated = places.contains(&JobGate::Gated);
        let finding = places
            .iter()
            .filter_map(|place| self.finding(job, place, &case))
            .max_by_key(|(finding, _)| (finding.verdict(), finding.severity));
        let (finding, harmless) = match finding {
            // The finding on the approval covers its credential already.
            Some((finding, true)) if approval.is_some() && finding.code == Code::UnclassifiedCredential => (None, Harmless::default()),
            Some((finding, undecided)) => (Some(finding), if undecided { case.harmless } else { Harmless::default() }),
            None => (None, Harmless::default()),
        };
        Judgment { can_deploy, gated, finding, approval, harmless }
    }

    /// A call that gets nothing to deploy with, or that gate.toml trusts.
    fn is_trusted(&self, job: &JobEntry) -> bool {
        let trusts = |path: &str| self.facts.verify.trusts(path);
        job.details.remote.as_ref().is_some_and(|remote| remote.gets_nothing || trusts(&remote.path))
            || job.elsewhere().is_some_and(|named| trusts(named.without_ref))
    }

    /// Whether a job runs behind a declared gate in some run.
    fn waits_in_other_runs(&self, job: &JobEntry) -> bool {
        self.gated_somewhere.contains(&job.id())
    }

    fn places(&self, job: &JobEntry) -> Vec<JobGate> {
        match job.verdict {
            Verdict::Env | Verdict::Set => job.environments.iter().map(|name| self.place(name)).collect(),
            Verdict::None | Verdict::ViaNeeds => vec![JobGate::Nowhere],
            Verdict::Unknown => vec![JobGate::Unresolved],
            Verdict::Skipped | Verdict::Invalid => Vec::new(),
        }
    }

    fn place(&self, text: &str) -> JobGate {
        let Ok(name) = EnvName::new(text) else { return JobGate::Nowhere };
        if self.facts.is_gate(&name) {
            JobGate::Gated
        } else if self.facts.open.contains(&name) {
            JobGate::Open(name)
        } else if self.guard(text) == Some(Guard::Gated) {
            JobGate::GatedElsewhere
        } else {
            JobGate::Undeclared(text.to_owned())
        }
    }

    fn case(&self, job: &JobEntry, spared: bool) -> Case {
        let mut case = Case::default();
        let holds = &job.details.holds;
        let mut seen = BTreeSet::new();
        for deploy in &holds.deploys {
            let credential = credentials::target(deploy);
            let used = credential.as_ref().and_then(|credential| self.credentials.gated(credential));
            let target = deploy.target.as_deref().unwrap_or_default();
            match (used, &credential) {
                // A deploy to a declared app counts regardless of the job's name.
                (Some(used), _) if !spared || self.facts.targets.apps.contains(target) => {
                    if seen.insert(credential.clone()) {
                        let what = format!("deploys {target} ({}){}", deploy.what, elsewhere(used));
                        case.shared.push(Shared { means: Means::Target, what, gates: used.gates.clone(), by_name: false });
                    }
                }
                _ if spared => {}
                (None, Some(credential)) if self.credentials.is_open(credential) => {}
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
        for identity in &holds.identities {
            let credential = credentials::identity(identity, &job.details.file);
            let what = match identity.name.as_str() {
                "" => format!("assumes this repository's identity at {}", identity.provider.word()),
                name => format!("assumes the {} identity {name}", identity.provider.word()),
            };
            if let Some(used) = credential.as_ref().and_then(|credential| self.credentials.gated(credential)) {
                let what = format!("{what}{}", elsewhere(used));
                let by_name = by_name(&identity.name);
                case.shared.push(Shared { means: Means::Identity, what, gates: used.gates.clone(), by_name });
            } else if !credential.is_some_and(|credential| self.credentials.is_open(&credential)) {
                case.open_questions.push((Code::UnclassifiedCredential, what));
                case.harmless.job = true;
            }
        }
        self.secrets(job, &mut case);
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

    fn secrets(&self, job: &JobEntry, case: &mut Case) {
        let mut seen = BTreeSet::new();
        for (read, _) in &job.details.holds.secrets {
            match read {
                Read::All => match self.credentials.any_secret() {
                    Some((name, used)) => {
                        let what = format!("reads all secrets at once, among them {name}{}", elsewhere(used));
                        case.shared.push(Shared { means: Means::AllSecrets, what, gates: used.gates.clone(), by_name: true });
                    }
                    None => {
                        case.open_questions.push((Code::UnclassifiedCredential, "reads all secrets at once".to_owned()));
                        case.harmless.job = true;
                    }
                },
                Read::Named(name) => {
                    let Some(credential) = credentials::secret(read, self.facts).filter(|_| seen.insert(name.to_uppercase())) else {
                        continue;
                    };
                    if let Some(used) = self.credentials.gated(&credential) {
                        let open = matches!(self.places(job).as_slice(), [JobGate::Open(_)]);
                        // A name that only environments have cannot be the gate's secret in another one.
                        if !(open && self.facts.is_environment_secret(name)) {
                            let what = format!("reads {name}{}", elsewhere(used));
                            case.shared.push(Shared { means: Means::Secret, what, gates: used.gates.clone(), by_name: true });
                        }
                    } else if !self.credentials.is_open(&credential) {
                        case.open_questions.push((Code::UnclassifiedCredential, format!("reads {name}")));
                        case.harmless.secrets.insert(name.to_uppercase());
                    }
                }
            }
        }
    }

    /// The finding for a case at a place, and whether it is undecided.
    fn finding(&self, job: &JobEntry, place: &JobGate, case: &Case) -> Option<(Finding, bool)> {
        let at = match place {
            JobGate::Gated | JobGate::GatedElsewhere => return None,
            JobGate::Open(name) => {
                let undecided = || next_stage(job, name).or_else(|| self.unknown_name(job, name));
                let undecided = || undecided().filter(|_| !is_spared(job, self.facts)).map(|finding| (finding, true));
                return open(job, name, case).map(|finding| (finding, false)).or_else(undecided);
            }
            JobGate::Unresolved => return self.unresolved(job, case).map(|finding| (finding, true)),
            JobGate::Undeclared(name) if self.goes_elsewhere(job, name, case) => return None,
            JobGate::Undeclared(name) => self.undeclared(name),
            JobGate::Nowhere if job.verdict == Verdict::ViaNeeds => {
                format!("has no environment of its own and only waits for a job in {}", job.environments.join(", "))
            }
            JobGate::Nowhere if !job.details.loose_gates.is_empty() => {
                format!("may run although the job in {} that it waits for was rejected", job.details.loose_gates.join(", "))
            }
            JobGate::Nowhere if job.verdict == Verdict::None && !job.details.has_environment => "has no environment".to_owned(),
            JobGate::Nowhere => format!("may run without an environment ({})", job.reason),
        };
        let mut clauses: Vec<(Code, &str)> = case.shared.iter().map(|shared| (shared.means.code(), shared.what.as_str())).collect();
        if clauses.is_empty() && *place == JobGate::Nowhere && self.waits_in_other_runs(job) && !is_spared(job, self.facts) {
            clauses.push((Code::UngatedJob, "waits at a declared gate in other runs"));
        }
        let Some(code) = clauses.iter().map(|(code, _)| *code).min() else {
            return undecided(job, &at, case).or_else(|| self.chosen(job, &at)).map(|finding| (finding, true));
        };
        let code = match place {
            JobGate::Undeclared(name) if self.guard(name) == Some(Guard::Unknown) => Code::UnreadableState,
            JobGate::Undeclared(name) if near_miss(name, self.facts, self.facts.gates()).is_some() => Code::NearMissEnvironment,
            JobGate::Nowhere if job.verdict == Verdict::ViaNeeds => Code::UpstreamGate,
            JobGate::Nowhere if !job.details.loose_gates.is_empty() => Code::UpstreamGateBypass,
            _ => code,
        };
        let gates: BTreeSet<&EnvName> = case.shared.iter().flat_map(|shared| &shared.gates).collect();
        let what: Vec<&str> = clauses.iter().map(|(_, what)| *what).collect();
        let finding = on_job(code, job, format!("{} {at}, {}", job.path, list(&what))).severity(Severity::Error);
        let gate = gates.first().map(|gate| gate.as_str()).or_else(|| self.facts.gates().next().map(EnvName::as_str)).unwrap_or("NAME");
        let fix = match place {
            JobGate::Undeclared(name) if code == Code::NearMissEnvironment => {
                format!(
                    "write `environment: {}` instead of `{name}`",
                    near_miss(name, self.facts, self.facts.gates()).map_or(gate, EnvName::as_str)
                )
            }
            JobGate::Undeclared(name) => {
                format!("declare [environments.{name}] in gate.toml (`reviewers = []` if it may be open), or run the job in `{gate}`")
            }
            _ => format!("add `environment: {gate}` to the job{}{}", self.pin(case, gate), case.spare()),
        };
        let finding = finding.fix(fix);
        let finding = match gates.first().filter(|_| gates.len() == 1) {
            Some(only) => finding.about(only),
            None => finding,
        };
        Some((finding, false))
    }

    /// Whether a job whose environment is chosen for each run goes to a target or assumes an identity of its own if it is not at the
    /// gate, `staging` with the staging app, and cannot have the gate's secrets there: only environments have secrets of these names.
    fn goes_elsewhere(&self, job: &JobEntry, name: &str, case: &Case) -> bool {
        let holds = &job.details.holds;
        let literal = |name: &str| !name.is_empty() && !name.contains(['$', '{']);
        let targets = holds.deploys.iter().all(|deploy| deploy.target.as_deref().is_some_and(literal)) && !holds.deploys.is_empty();
        let identities = holds.identities.iter().all(|identity| literal(&identity.name)) && !holds.identities.is_empty();
        self.waits_in_other_runs(job)
            && !case.is_proven()
            && (targets || identities)
            && (identities || holds.identities.is_empty())
            && self.has_own_secrets(job, name)
    }

    /// Whether no secret of a job is the one of the same name behind a gate. That a name which gate.toml lists exists in its
    /// environment only is a finding of its own. Where no scope was looked up, an environment that may exist has the login of the
    /// deploy to its own app.
    fn has_own_secrets(&self, job: &JobEntry, environment: &str) -> bool {
        let may_exist = self.facts.live.is_none() || self.guard(environment).is_some();
        let is_login = |name: &str| may_exist && self.facts.wider_secrets.is_none() && Platform::Heroku.has_login(name);
        job.details.holds.secrets.iter().all(|(read, _)| match (read, credentials::secret(read, self.facts)) {
            (Read::All, _) => false,
            (Read::Named(name), Some(credential)) if self.credentials.gated(&credential).is_some() => {
                self.facts.targets.secrets.contains(&name.to_uppercase()) || self.facts.is_environment_secret(name) || is_login(name)
            }
            (Read::Named(_), _) => true,
        })
    }

    /// A job of an open environment whose identity or target may be one that a gate protects.
    fn unknown_name(&self, job: &JobEntry, name: &EnvName) -> Option<Finding> {
        let holds = &job.details.holds;
        let identity = holds.identities.iter().find(|identity| self.credentials.may_be_gated(identity));
        let identity = identity
            .map(|identity| (Code::UnclassifiedCredential, format!("assumes the {} identity {}", identity.provider.word(), identity.name)));
        let target = || {
            let deploy = holds.deploys.iter().find(|deploy| self.credentials.may_be_gated_target(deploy))?;
            Some((Code::UnclassifiedDeploy, format!("deploys {} ({})", deploy.target.as_deref().unwrap_or_default(), deploy.what)))
        };
        let (code, what) = identity.or_else(target)?;
        let message =
            format!("{} runs in `{name}`, which gate.toml declares open, and {what}, whose name is known only in the run", job.path);
        let fix = format!("write the name out, or, if no gate protects it, add {} to [verify] harmless", spared_name(job));
        Some(on_job(code, job, message).fix(fix))
    }

    /// The service that holds an identity's trust policy.
    fn pin(&self, case: &Case, gate: &str) -> String {
        let has_identity = case.shared.iter().any(|shared| shared.means == Means::Identity);
        match sub_claims(self.facts, gate).filter(|_| has_identity) {
            Some(claims) => format!(", and pin the identity's trust policy to the `sub` claim {claims}"),
            None => String::new(),
        }
    }

    /// The live gate of an environment, if the live ones are known and it is one of them.
    fn guard(&self, name: &str) -> Option<Guard> {
        self.facts.live.as_ref()?.get(&EnvName::new(name).ok()?).copied()
    }

    fn undeclared(&self, name: &str) -> String {
        match (&self.facts.live, self.guard(name)) {
            (None, _) => format!("runs in the undeclared environment `{name}`"),
            (Some(_), None) => {
                format!("runs in the undeclared environment `{name}`, which does not exist: GitHub creates it without rules")
            }
            (Some(_), Some(Guard::Unknown)) => format!("runs in the undeclared environment `{name}`, whose gate is not known"),
            (Some(_), Some(_)) => format!("runs in the undeclared environment `{name}`, where no person has to approve"),
        }
    }

    /// A job that waits at a gate or does not, as an input chooses: its runner may reach what it deploys to by itself.
    fn chosen(&self, job: &JobEntry, at: &str) -> Option<Finding> {
        if !self.waits_in_other_runs(job) || !job.details.by_input || is_spared(job, self.facts) {
            return None;
        }
        let message = format!("{} {at}, and waits at a declared gate if another input is given", job.path);
        let fix = format!(
            "let the input name declared environments only (`type: choice`), or, if the job cannot deploy, add {} to [verify] harmless",
            spared_name(job)
        );
        Some(on_job(Code::UnresolvedEnvironment, job, message).fix(fix))
    }

    fn unresolved(&self, job: &JobEntry, case: &Case) -> Option<Finding> {
        let what = case.shared.iter().map(|shared| &shared.what);
        let what: Vec<&str> = what.chain(case.open_questions.iter().map(|(_, what)| what)).map(String::as_str).collect();
        if what.is_empty() {
            return self.chosen(job, &format!("runs in an unknown environment ({})", job.reason));
        }
        let code = if job.details.remote.is_some() { Code::RemoteWorkflow } else { Code::UnresolvedEnvironment };
        let finding = on_job(code, job, format!("{} runs in an unknown environment ({}), {}", job.path, job.reason, list(&what)));
        Some(match &job.details.remote {
            Some(remote) if Reference::parse(&remote.path).is_some_and(|named| named.is_of(self.facts.repository.as_ref())) => {
                finding.fix("call it as ./.github/workflows/FILE, or run `gatectl verify`, which reads it at that ref")
            }
            Some(remote) => {
                let path = &remote.path;
                finding.fix(format!(
                    "move the job into this repository, or, if it deploys nothing of yours, set [verify] trusted_workflows = [\"{path}\"]"
                ))
            }
            None => finding,
        })
    }
}

/// The `sub` claim of a job behind a gate, in both of its forms.
fn sub_claims(facts: &Facts, gate: &str) -> Option<String> {
    let repository = facts.repository.as_ref()?;
    let (owner, name) = (repository.owner(), repository.name());
    Some(format!("repo:{owner}/{name}:environment:{gate} (with immutable claims repo:{owner}@OWNER_ID/{name}@REPO_ID:environment:{gate})"))
}

/// The note on the trust policies of the identities of a job behind a gate.
pub(super) fn trust(job: &JobEntry, facts: &Facts) -> Option<Finding> {
    let gate = job.environments.iter().filter_map(|name| EnvName::new(name.as_str()).ok()).find(|name| facts.is_gate(name));
    let gate = gate.filter(|_| matches!(job.verdict, Verdict::Env | Verdict::Set))?;
    let named = |identity: &Identity| format!("{} {}", identity.provider.word(), identity.name).trim_end().to_owned();
    let identities: Vec<String> = job.details.holds.identities.iter().map(named).collect();
    if identities.is_empty() {
        return None;
    }
    let claims = sub_claims(facts, gate.as_str())?;
    let message = format!("{} assumes {}: only the trust policy can keep other jobs from doing so", job.path, identities.join(" and "));
    Some(on_job(Code::IdentityTrust, job, message).fix(format!("let it admit only the `sub` claim {claims}")).about(&gate))
}

/// A case that nothing decides.
fn undecided(job: &JobEntry, at: &str, case: &Case) -> Option<Finding> {
    let (first, _) = case.open_questions.iter().min_by_key(|(code, _)| *code)?;
    let what: Vec<&str> = case.open_questions.iter().map(|(_, what)| what.as_str()).collect();
    let finding = on_job(*first, job, format!("{} {at}, {}", job.path, list(&what)));
    let what = match (case.harmless.job, case.harmless.secrets.len()) {
        (true, _) => "the job",
        (false, 1) => "the secret",
        (false, _) => "the secrets",
    };
    Some(finding.fix(format!("give the job a declared environment, or, if it cannot deploy, name {what} in [verify] harmless")))
}

/// How `[verify] harmless` names a job.
pub(super) fn spared_name(job: &JobEntry) -> String {
    let (file, id) =
        job.details.chain.first().map_or((job.details.file.as_str(), job.job.as_str()), |(file, id)| (file.as_str(), id.as_str()));
    let (file, id) = if job.details.file.starts_with('.') { (job.details.file.as_str(), job.job.as_str()) } else { (file, id) };
    format!("{}:{id}", file.rsplit('/').next().unwrap_or(file))
}

/// A job of an open environment that deploys to the next stage, which may be behind a gate.
fn next_stage(job: &JobEntry, name: &EnvName) -> Option<Finding> {
    let deploy = job.details.holds.deploys.iter().find(|deploy| deploy.goes_to_the_next_stage())?;
    let message = format!(
        "{} runs in `{name}`, which gate.toml declares open, and runs {}, which deploys to the next stage of a pipeline",
        job.path, deploy.what
    );
    let fix =
        format!("name the app with `--to APP`, or, if no stage after it is behind a gate, add {} to [verify] harmless", spared_name(job));
    Some(on_job(Code::UnclassifiedDeploy, job, message).fix(fix))
}

/// A job of an open environment that uses what a gate protects.
fn open(job: &JobEntry, name: &EnvName, case: &Case) -> Option<Finding> {
    let at = format!("runs in `{name}`, which gate.toml declares open");
    let Shared { means, what, gates, by_name } = case.shared.iter().min_by_key(|shared| (shared.by_name, shared.means.code()))?;
    let finding = match by_name {
        false => on_job(means.code(), job, format!("{} {at}, and {what}", job.path))
            .severity(Severity::Error)
            .fix(format!("give `{name}` an identity and a target of its own, or declare reviewers for it")),
        true => on_job(means.code(), job, format!("{} {at}, and {what}; the name may have another value there", job.path))
            .severity(Severity::Warning)
            .fix(format!("use another name in `{name}`, or store both values in their environments only")),
    };
    Some(match gates.first().filter(|_| gates.len() == 1) {
        Some(gate) => finding.about(gate),
        None => finding,
    })
}

/// The end of a sentence that has begun with another clause: `and a`, or `a, b, and c`.
fn list(clauses: &[&str]) -> String {
    match clauses.split_last() {
        Some((last, [])) => format!("and {last}"),
        Some((last, rest)) => format!("{}, and {last}", rest.join(", ")),
        None => String::new(),
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

/// Whether a job runs in this one environment.
fn only(job: &JobEntry, name: &str) -> bool {
    job.verdict == Verdict::Env && job.environments.iter().all(|known| known.eq_ignore_ascii_case(name))
}
