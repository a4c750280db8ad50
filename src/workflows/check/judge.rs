//! One job of one run: can it deploy, and is it held back?
//!
//! Owns the rules of the verdict (`docs/verify.md`), with their words and their fixes. What may run is taken to run; what cannot be
//! determined is undecided. Must not know how the evidence was found. Tested in `tests/`.

use std::collections::BTreeSet;

use super::case::{Case, Harmless, Means, Shared};
use super::credentials::{Credentials, is_spared, secret, spared_name};
use super::names::near_miss;
use super::place::Place;
use super::trust::sub_claims;
use super::{on_job, placed};
use crate::findings::{Code, Finding, Severity};
use crate::model::EnvName;
use crate::workflows::deploys::Platform;
use crate::workflows::facts::{Facts, Guard};
use crate::workflows::reference::Reference;
use crate::workflows::resolve::{JobEntry, Verdict};
use crate::workflows::secrets::Read;

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

/// The judge of all jobs.
pub(super) struct Judge<'a> {
    pub(super) facts: &'a Facts,
    pub(super) credentials: &'a Credentials,
    /// Jobs that run behind a gate in some run, as file and id.
    pub(super) gated_somewhere: &'a BTreeSet<(String, String)>,
}

impl Judge<'_> {
    pub(super) fn judge(&self, job: &JobEntry) -> Judgment {
        let nothing = Judgment { can_deploy: false, gated: false, finding: None, approval: None, harmless: Harmless::default() };
        if matches!(job.verdict, Verdict::Skipped | Verdict::Invalid) {
            return nothing;
        }
        let approval = job.details.holds.approvals.first().map(|(what, pos)| {
            let message = format!("{} approves deployments itself: {what}", job.path);
            placed(Code::AutoApproval, &job.details.file, *pos, message)
        });
        if self.is_trusted(job) {
            return Judgment { approval, ..nothing };
        }
        let places = Place::all(job, self.facts);
        let spared = is_spared(job, self.facts);
        let case = Case::of(job, spared, self.facts, self.credentials);
        let names_environment = !spared && !matches!(job.verdict, Verdict::None | Verdict::ViaNeeds);
        let holds_deploy = case.is_proven() || job.details.holds.deploys.iter().any(|deploy| !deploy.named) && !spared;
        let can_deploy = names_environment || holds_deploy || approval.is_some();
        let gated = places.contains(&Place::Gated);
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

    /// The finding for a case at a place, and whether it is undecided.
    fn finding(&self, job: &JobEntry, place: &Place, case: &Case) -> Option<(Finding, bool)> {
        let at = match place {
            Place::Gated | Place::GatedElsewhere => return None,
            Place::Open(name) => {
                let undecided = || open_undecided(job, name, self.credentials).filter(|_| !is_spared(job, self.facts));
                return open(job, name, case).map(|finding| (finding, false)).or_else(|| undecided().map(|finding| (finding, true)));
            }
            Place::Unresolved => return self.unresolved(job, case).map(|finding| (finding, true)),
            Place::Undeclared(name) if self.goes_elsewhere(job, name, case) => return None,
            Place::Undeclared(name) => self.undeclared(name),
            Place::Nowhere if job.verdict == Verdict::ViaNeeds => {
                format!("has no environment of its own and only waits for a job in {}", job.environments.join(", "))
            }
            Place::Nowhere if !job.details.gates.loose.is_empty() => {
                let loose: Vec<&str> = job.details.gates.loose.iter().map(String::as_str).collect();
                format!("may run although the job in {} that it waits for was rejected", loose.join(", "))
            }
            Place::Nowhere if job.verdict == Verdict::None && !job.details.has_environment => "has no environment".to_owned(),
            Place::Nowhere => format!("may run without an environment ({})", job.reason),
        };
        let mut clauses: Vec<(Code, &str)> = case.shared.iter().map(|shared| (shared.means.code(), shared.what.as_str())).collect();
        if clauses.is_empty() && *place == Place::Nowhere && self.waits_in_other_runs(job) && !is_spared(job, self.facts) {
            clauses.push((Code::UngatedJob, "waits at a declared gate in other runs"));
        }
        let Some(code) = clauses.iter().map(|(code, _)| *code).min() else {
            return undecided(job, &at, case).or_else(|| self.chosen(job, &at)).map(|finding| (finding, true));
        };
        let code = match place {
            Place::Undeclared(name) if self.facts.guard(name) == Some(Guard::Unknown) => Code::UnreadableState,
            Place::Undeclared(name) if near_miss(name, self.facts, self.facts.gates()).is_some() => Code::NearMissEnvironment,
            Place::Nowhere if job.verdict == Verdict::ViaNeeds => Code::UpstreamGate,
            Place::Nowhere if !job.details.gates.loose.is_empty() => Code::UpstreamGateBypass,
            _ => code,
        };
        let gates: BTreeSet<&EnvName> = case.shared.iter().flat_map(|shared| &shared.gates).collect();
        let what: Vec<&str> = clauses.iter().map(|(_, what)| *what).collect();
        let finding = on_job(code, job, format!("{} {at}, {}", job.path, list(&what))).severity(Severity::Error);
        let gate = gates.first().map(|gate| gate.as_str()).or_else(|| self.facts.gates().next().map(EnvName::as_str)).unwrap_or("NAME");
        let fix = match place {
            Place::Undeclared(name) if code == Code::NearMissEnvironment => {
                format!(
                    "write `environment: {}` instead of `{name}`",
                    near_miss(name, self.facts, self.facts.gates()).map_or(gate, EnvName::as_str)
                )
            }
            Place::Undeclared(name) => {
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

    /// Whether a job runs behind a declared gate in some run.
    fn waits_in_other_runs(&self, job: &JobEntry) -> bool {
        self.gated_somewhere.contains(&job.id())
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
        let may_exist = self.facts.live.is_none() || self.facts.guard(environment).is_some();
        let is_login = |name: &str| may_exist && self.facts.wider_secrets.is_none() && Platform::Heroku.has_login(name);
        job.details.holds.secrets.iter().all(|(read, _)| match (read, secret(read, self.facts)) {
            (Read::All, _) => false,
            (Read::Named(name), Some(credential)) if self.credentials.gated(&credential).is_some() => {
                self.facts.targets.secrets.contains(&name.to_uppercase()) || self.facts.is_environment_secret(name) || is_login(name)
            }
            (Read::Named(_), _) => true,
        })
    }

    /// The service that holds an identity's trust policy.
    fn pin(&self, case: &Case, gate: &str) -> String {
        let has_identity = case.shared.iter().any(|shared| shared.means == Means::Identity);
        match sub_claims(self.facts, gate).filter(|_| has_identity) {
            Some(claims) => format!(", and pin the identity's trust policy to the `sub` claim {claims}"),
            None => String::new(),
        }
    }

    fn undeclared(&self, name: &str) -> String {
        match (&self.facts.live, self.facts.guard(name)) {
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

/// The end of a sentence that has begun with another clause: `and a`, or `a, b, and c`.
fn list(clauses: &[&str]) -> String {
    match clauses.split_last() {
        Some((last, [])) => format!("and {last}"),
        Some((last, rest)) => format!("{}, and {last}", rest.join(", ")),
        None => String::new(),
    }
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

/// A job whose target may be one that a gate protects.
fn open_undecided(job: &JobEntry, name: &EnvName, credentials: &Credentials) -> Option<Finding> {
    next_stage(job, name).or_else(|| unknown_name(job, name, credentials))
}

/// A job that deploys to the next stage, which may be behind a gate.
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

/// A job whose identity or target may be one that a gate protects.
fn unknown_name(job: &JobEntry, name: &EnvName, credentials: &Credentials) -> Option<Finding> {
    let holds = &job.details.holds;
    let identity = holds.identities.iter().find(|identity| credentials.may_be_gated(identity));
    let identity = identity
        .map(|identity| (Code::UnclassifiedCredential, format!("assumes the {} identity {}", identity.provider.word(), identity.name)));
    let target = || {
        let deploy = holds.deploys.iter().find(|deploy| credentials.may_be_gated_target(deploy))?;
        Some((Code::UnclassifiedDeploy, format!("deploys {} ({})", deploy.target.as_deref().unwrap_or("an app"), deploy.what)))
    };
    let (code, what) = identity.or_else(target)?;
    let message = format!("{} runs in `{name}`, which gate.toml declares open, and {what}, whose name is known only at run time", job.path);
    let fix = format!("write the name out, or, if no gate protects it, add {} to [verify] harmless", spared_name(job));
    Some(on_job(code, job, message).fix(fix))
}
