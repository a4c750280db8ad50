//! The rules other than reviewers: bypass, self-review, refs, timer, custom rules, secrets.

use std::collections::{BTreeMap, BTreeSet};

use super::Enforcement;
use super::reviewers::hinted;
use crate::desired::github::{BranchPolicy, Gate, RefKind};
use crate::findings::{Code, Finding, Severity};
use crate::model::{GateKey, RepoName, Unknown, shell_word};
use crate::providers::github::inspection::Inspection;
use crate::providers::github::live::{LiveEnvironment, LiveReviewer};
use crate::providers::github::strictness::refs_within;

/// How many of the latest runs show who usually deploys, and the minimum that shows it.
const LATEST: usize = 20;
const FEWEST: usize = 3;

/// What is wrong with the other rules of an environment; `used` are the secrets of the jobs behind it, each with such a job.
pub(super) fn judge(
    repository: &RepoName,
    want: Option<&Gate>,
    used: &BTreeMap<String, String>,
    environment: &LiveEnvironment,
    live: &Inspection,
    enforcement: &Enforcement,
) -> Vec<Finding> {
    let silent = Gate::default();
    let want = want.unwrap_or(&silent);
    let mut found = Vec::new();
    found.extend(bypass(want, environment));
    found.extend(self_review(want, environment, live));
    found.extend(timer(want, environment));
    found.extend(custom_rules(want, environment));
    if matches!(enforcement, Enforcement::Refused(_)) {
        // The plan withholds all of these (fact G2.3).
        found = found.into_iter().map(|finding| finding.mode('B')).collect();
    }
    let refs = refs(want, environment, live);
    // The finding about wider refs says it already.
    let is_open = refs.iter().any(|finding| finding.code == Code::OpenRefs && finding.severity == Severity::Error);
    found.extend(refs);
    found.extend(super::refs::judge(environment, live).filter(|_| !is_open));
    found.extend(secrets(repository, want, used, environment, live));
    found
}

fn bypass(want: &Gate, environment: &LiveEnvironment) -> Option<Finding> {
    let message = "admins may start a waiting deploy without an approval";
    let found = match (environment.can_admins_bypass, want.can_admins_bypass) {
        (Some(true), Some(false)) => Finding::new(Code::AdminsMayBypass, format!("{message}, and gate.toml declares that they may not"))
            .severity(Severity::Error)
            .fix("gatectl apply"),
        (Some(true), None) => Finding::new(Code::AdminsMayBypass, format!("{message}; not set in gate.toml")),
        (None, declared) => {
            let message = "the server does not say whether admins may skip the rules";
            let weight = if declared.is_some() { Severity::Error } else { Severity::Warning };
            Finding::new(Code::UnreadableState, message).severity(weight).fix("upgrade GitHub Enterprise Server to 3.9 or later")
        }
        (Some(true), Some(true)) | (Some(false), _) => return None,
    };
    Some(found.on(GateKey::CanAdminsBypass.name()))
}

fn self_review(want: &Gate, environment: &LiveEnvironment, live: &Inspection) -> Option<Finding> {
    if environment.reviewers.is_empty() {
        return None;
    }
    let found = if environment.prevent_self_review {
        let [LiveReviewer::User { login, .. }] = environment.reviewers.as_slice() else { return None };
        let starter = usual_starter(live).filter(|starter| starter.eq_ignore_ascii_case(login))?;
        let message = format!("`{starter}` starts most deploys, is the only reviewer, and may not approve their own");
        Finding::new(Code::SelfReviewDeadlock, message)
    } else if want.prevent_self_review == Some(true) {
        let message = "the person who starts a deploy may approve it, and gate.toml declares that they may not";
        Finding::new(Code::SelfReviewAllowed, message).severity(Severity::Error).fix("gatectl apply")
    } else if want.prevent_self_review.is_none() {
        let starter =
            usual_starter(live).filter(|starter| environment.reviewers.iter().any(|reviewer| approves(reviewer, starter, live)))?;
        let message = format!("`{starter}` starts most deploys and may approve them; not set in gate.toml");
        Finding::new(Code::SelfReviewAllowed, message)
    } else {
        return None;
    };
    Some(found.on(GateKey::PreventSelfReview.name()))
}

/// The account that started more than half of the latest runs.
fn usual_starter(live: &Inspection) -> Option<&str> {
    let latest = live.starters.as_ref()?.iter().take(LATEST);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for login in latest.clone() {
        *counts.entry(login).or_default() += 1;
    }
    let (login, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    (count >= FEWEST && count * 2 > latest.count()).then_some(login)
}

fn approves(reviewer: &LiveReviewer, who: &str, live: &Inspection) -> bool {
    match reviewer {
        LiveReviewer::User { login, .. } => login.eq_ignore_ascii_case(who),
        LiveReviewer::EnterpriseTeam { .. } => false,
        LiveReviewer::Team { .. } => {
            let members = live.listed.get(&reviewer.actor()).and_then(|listed| listed.members.as_ref()?.as_ref().ok());
            members.is_some_and(|members| members.iter().any(|login| login.eq_ignore_ascii_case(who)))
        }
    }
}

fn timer(want: &Gate, environment: &LiveEnvironment) -> Option<Finding> {
    let minutes = want.wait_timer.filter(|minutes| environment.wait_timer < *minutes)?;
    let message = format!("deploys wait {} minutes, and gate.toml declares {minutes}", environment.wait_timer);
    Some(Finding::new(Code::WaitTimerShorter, message).on(GateKey::WaitTimer.name()))
}

fn custom_rules(want: &Gate, environment: &LiveEnvironment) -> Vec<Finding> {
    const FIELD: &str = GateKey::ProtectionRules.name();
    let Some(slugs) = want.protection_rules.as_ref().filter(|slugs| !slugs.is_empty()) else { return Vec::new() };
    match &environment.protection_rules {
        Some(Ok(enabled)) => {
            let missing = slugs.iter().filter(|slug| !enabled.contains_key(*slug));
            missing
                .map(|slug| Finding::new(Code::CustomRuleMissing, format!("the rule of the app `{slug}` is not enabled")).on(FIELD))
                .collect()
        }
        Some(Err(unknown)) => vec![unreadable("the custom protection rules", unknown).on(FIELD)],
        None => Vec::new(),
    }
}

fn refs(want: &Gate, environment: &LiveEnvironment, live: &Inspection) -> Vec<Finding> {
    const FIELD: &str = GateKey::DeploymentBranchPolicy.name();
    let mut found = Vec::new();
    let declared = want.deployment_branch_policy.as_ref();
    // What gate.toml declares decides; if it declares nothing, nothing does.
    let weight = if declared.is_some() { Severity::Error } else { Severity::Warning };
    let Some(policy) = environment.branch_policy() else {
        if let Some(Err(unknown)) = &environment.patterns {
            found.push(unreadable("which refs may deploy", unknown).severity(weight).on(FIELD));
        }
        return found;
    };
    match declared {
        Some(want) if !refs_within(&policy, want) => {
            let message = format!("{} may deploy, and gate.toml declares {}", admitted(&policy), admitted(want));
            found.push(Finding::new(Code::OpenRefs, message).severity(Severity::Error).fix("gatectl apply").on(FIELD));
            return found;
        }
        None if policy == BranchPolicy::All => {
            let message = "every branch and tag may deploy; not set in gate.toml";
            found.push(Finding::new(Code::OpenRefs, message).on(FIELD));
        }
        _ => {}
    }
    if let BranchPolicy::Selected(patterns) = &policy {
        let everything = patterns.iter().filter(|pattern| ["*", "**", "**/*"].contains(&pattern.name.as_str()));
        found.extend(everything.map(|pattern| {
            let message = format!("the pattern `{}` lets every {} deploy", pattern.name, pattern.kind.word());
            Finding::new(Code::OpenRefs, message).on(FIELD)
        }));
    }
    match (&policy, &live.protected_branches) {
        (BranchPolicy::Protected, Ok(branches)) if branches.names.is_empty() => {
            let message = "only protected branches may deploy, but no branch is protected, so every branch may";
            found.push(Finding::new(Code::NoProtectedBranch, message).severity(weight).on(FIELD));
        }
        (BranchPolicy::Protected, Err(unknown)) => {
            found.push(unreadable("whether any branch is protected", unknown).severity(weight).on(FIELD));
        }
        (BranchPolicy::Selected(patterns), _) if patterns.is_empty() => {
            found.push(Finding::new(Code::NoPattern, "only selected refs may deploy, and none is selected").on(FIELD));
        }
        _ => {}
    }
    found
}

/// The refs of a policy, in words.
fn admitted(policy: &BranchPolicy) -> String {
    match policy {
        BranchPolicy::All => "every branch and tag".to_owned(),
        BranchPolicy::Protected => "protected branches".to_owned(),
        BranchPolicy::Selected(patterns) if patterns.is_empty() => "no ref".to_owned(),
        BranchPolicy::Selected(patterns) => {
            let of = |kind, word: &str| {
                let names: Vec<String> =
                    patterns.iter().filter(|pattern| pattern.kind == kind).map(|pattern| format!("`{}`", pattern.name)).collect();
                (!names.is_empty()).then(|| format!("{word} {}", names.join(", ")))
            };
            let kinds = [of(RefKind::Branch, "branches"), of(RefKind::Tag, "tags")];
            kinds.into_iter().flatten().collect::<Vec<_>>().join(" and ")
        }
    }
}

/// The secrets that gate.toml declares, and those that jobs behind the gate use (`used`, each with such a job).
fn secrets(
    repository: &RepoName,
    want: &Gate,
    used: &BTreeMap<String, String>,
    environment: &LiveEnvironment,
    live: &Inspection,
) -> Vec<Finding> {
    const FIELD: &str = GateKey::Secrets.name();
    let set = |name: &str| format!("gh secret set {name} --env {} --repo {}", shell_word(&environment.name.to_string()), repository);
    let mut found = Vec::new();
    let declared: BTreeSet<String> = want.secrets.iter().map(|name| name.to_uppercase()).collect();
    match &environment.secrets {
        Some(Ok(there)) => found.extend(declared.iter().filter(|name| !there.contains(*name)).map(|name| {
            let message = format!("the environment has no secret {name}");
            Finding::new(Code::MissingSecret, message).fix(set(name))
        })),
        Some(Err(unknown)) if !declared.is_empty() => {
            found.push(unreadable("the environment's secrets", unknown).severity(Severity::Warning));
        }
        Some(Err(unknown)) if !used.is_empty() => {
            found.push(unreadable("the environment's secrets", unknown).severity(Severity::Info));
        }
        Some(Err(_)) | None => {}
    }
    let in_environment = |name: &String| matches!(&environment.secrets, Some(Ok(there)) if there.contains(name));
    let in_organization = live.repository.as_ref().is_ok_and(|repository| repository.in_organization);
    let scopes = live.wider_secrets.iter().flat_map(|wider| [("repository", &wider.repository), ("organization", &wider.organization)]);
    for (scope, names) in scopes {
        let delete = |name: &str| match scope {
            "organization" => format!("gh secret delete {name} --org {}", repository.owner()),
            _ => format!("gh secret delete {name} --repo {repository}"),
        };
        let names = match names {
            Ok(names) => names,
            // A person's repository has no organization to get secrets from.
            Err(_) if scope == "organization" && live.repository.is_ok() && !in_organization => continue,
            Err(unknown) if !declared.is_empty() => {
                found.push(unreadable(&format!("the secrets of the {scope}"), unknown));
                continue;
            }
            Err(unknown) if !used.is_empty() => {
                found.push(unreadable(&format!("the secrets of the {scope}"), unknown).severity(Severity::Info));
                continue;
            }
            Err(_) => continue,
        };
        found.extend(declared.intersection(names).map(|name| {
            let message = format!("{name} is also a secret of the {scope}: a job without any environment can read it and deploy");
            Finding::new(Code::WiderSecret, message).fix(delete(name))
        }));
        let wide: Vec<(&String, &String)> = used.iter().filter(|(name, _)| !declared.contains(*name) && names.contains(*name)).collect();
        if let [(first, job), ..] = wide.as_slice() {
            let all = wide.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
            let too = if wide.iter().all(|(name, _)| in_environment(name)) { " also" } else { "" };
            let subject = if wide.len() == 1 { format!("{all} is{too} a secret") } else { format!("{all} are{too} secrets") };
            let message = format!(
                "{subject} of the {scope}, and {job} deploys with {first}: any workflow on any branch can read it without an approval"
            );
            let fix = if in_environment(first) { delete(first) } else { format!("{} && {}", set(first), delete(first)) };
            found.push(Finding::new(Code::WiderSecret, message).severity(Severity::Warning).fix(fix));
        }
    }
    found.into_iter().map(|finding| finding.on(FIELD)).collect()
}

fn unreadable(what: &str, unknown: &Unknown) -> Finding {
    hinted(Finding::new(Code::UnreadableState, format!("{what} could not be read: {}", unknown.reason)), unknown)
}
