//! Whether an approval is required, and whether the right people can give it.

use super::Enforcement;
use crate::desired::github::{Gate, Reviewer};
use crate::findings::{Code, Finding, Severity};
use crate::model::{GateKey, Unknown};
use crate::providers::github::inspection::Inspection;
use crate::providers::github::live::{Access, LiveEnvironment, LiveReviewer, PolicyMode, Visibility};
use crate::providers::github::strictness::ActorId;

const FIELD: &str = GateKey::Reviewers.name();

/// What is wrong with the reviewers of an environment.
pub(super) fn judge(want: Option<&Gate>, environment: &LiveEnvironment, live: &Inspection, enforcement: &Enforcement) -> Vec<Finding> {
    let declared = want.and_then(|gate| gate.reviewers.as_deref());
    if environment.reviewers.is_empty() {
        return vec![no_reviewers(declared, environment, enforcement).on(FIELD)];
    }
    let mut found: Vec<Finding> = not_enforced(enforcement).into_iter().collect();
    let mut able = 0;
    let mut doubts: Vec<(Finding, bool)> = Vec::new();
    let mut unexpected = Vec::new();
    let mut undecided = Vec::new();
    for reviewer in &environment.reviewers {
        let who = name(reviewer);
        if let Some(kind) = machine(reviewer) {
            let message = format!("{who} is a reviewer but not a person: GitHub says its type is {kind}");
            unexpected.push(Finding::new(Code::BotReviewer, message));
            continue;
        }
        if matches!(reviewer, LiveReviewer::EnterpriseTeam { .. }) {
            let message = format!("whether {who} can approve is not known: GitHub documents no way to look up an enterprise team");
            undecided.push(Finding::new(Code::ReviewerUnknown, message).fix("make a team of the organization the reviewer"));
            continue;
        }
        match declared.map(|declared| matching(declared, reviewer, live)) {
            Some(Err(finding)) => {
                unexpected.push(finding);
                continue;
            }
            Some(Ok(Reviewer::User { login, .. })) if !is_login(reviewer, login) => {
                let message = format!("the declared reviewer `{login}` is now called {who}: the id is the same");
                found.push(Finding::new(Code::RenamedReviewer, message));
            }
            Some(Ok(_)) | None => {}
        }
        match ability(reviewer, live) {
            Ability::Able => able += 1,
            Ability::Unable(finding) => doubts.push((finding, false)),
            Ability::Unknown(unknown) => {
                let message = format!("whether {who} can approve is not known: {}", unknown.reason);
                doubts.push((hinted(Finding::new(Code::ReviewerUnknown, message), &unknown), true));
            }
        }
    }
    let open = doubts.iter().any(|(_, open)| *open);
    let any_unexpected = !unexpected.is_empty();
    found.extend(unexpected);
    // Others can approve too: one approval is enough, and it may be theirs.
    found.extend(undecided);
    found.extend(doubts.into_iter().map(|(finding, undecided)| {
        let severity = match (able, undecided, open) {
            // No reviewer is left who can approve.
            (0, true, _) | (0, false, false) => Severity::Error,
            _ => Severity::Warning,
        };
        finding.severity(severity)
    }));
    if !any_unexpected {
        found.extend(missing(declared.unwrap_or_default(), environment, live));
    }
    found.into_iter().map(|finding| finding.on(FIELD)).collect()
}

fn no_reviewers(declared: Option<&[Reviewer]>, environment: &LiveEnvironment, enforcement: &Enforcement) -> Finding {
    let rules = match (environment.policy, environment.wait_timer) {
        (PolicyMode::All, 0) => "it has no required reviewers",
        (_, 0) => "its rules only restrict refs, and it has no required reviewers",
        (PolicyMode::All, _) => "its only rule is a wait timer, and it has no required reviewers",
        (..) => "its rules only restrict refs and time, and it has no required reviewers",
    };
    let finding = |text: &str| Finding::new(Code::NoReviewers, format!("no approval is required: {rules}{text}"));
    match (declared, enforcement) {
        (_, Enforcement::Refused(why)) => {
            let finding = finding(&format!("; GitHub refuses them: {why}"));
            finding.mode('B').fix(Code::ReviewersNotEnforced.row().fix)
        }
        (Some([]), _) => {
            finding(", as gate.toml declares").fix("declare `reviewers`, or limit the run to the other environments: --environment NAME")
        }
        (Some(_), _) => finding("").fix("gatectl apply"),
        (None, _) => finding(""),
    }
}

/// Whether billing plan and visibility enforce the listed reviewers.
fn not_enforced(enforcement: &Enforcement) -> Option<Finding> {
    match enforcement {
        Enforcement::Enforced => None,
        Enforcement::Refused(why) => Some(Finding::new(
            Code::ReviewersNotEnforced,
            format!("the required reviewers are listed, but GitHub does not enforce them: {why}"),
        )),
        Enforcement::Unknown(unknown) => {
            let message = format!("whether GitHub enforces the required reviewers is not known: {}", unknown.reason);
            Some(hinted(Finding::new(Code::PlanUnknown, message), unknown))
        }
    }
}

/// The declared reviewer that matches a listed one, or why none does.
fn matching<'d>(declared: &'d [Reviewer], reviewer: &LiveReviewer, live: &Inspection) -> Result<&'d Reviewer, Finding> {
    if let Some(found) = declared.iter().find(|want| is(want, reviewer, live)) {
        return Ok(found);
    }
    let who = name(reviewer);
    let pinned = declared.iter().find_map(|want| match want {
        Reviewer::User { login, id: Some(id) } if is_login(reviewer, login) => Some(id),
        _ => None,
    });
    Err(match pinned {
        Some(pinned) => {
            let message = format!("{who} has id {}, and gate.toml pins {pinned}: that is another account", id(reviewer));
            Finding::new(Code::ReviewerIdMismatch, message)
        }
        None => {
            let declared: Vec<String> = declared.iter().map(written).collect();
            let message = match declared.as_slice() {
                [] => format!("{who} may approve, and gate.toml declares no reviewers"),
                declared => format!("{who} may approve, and gate.toml declares {}", declared.join(", ")),
            };
            Finding::new(Code::UndeclaredReviewer, message)
        }
    })
}

/// Ids decide if there are any: names can be given up and taken by others (fact G2.5).
fn is(want: &Reviewer, reviewer: &LiveReviewer, live: &Inspection) -> bool {
    let pinned = match want {
        Reviewer::User { id, .. } => id.map(ActorId::User),
        Reviewer::Team { id, .. } => id.map(ActorId::Team),
    };
    let looked_up = || live.declared.get(want).and_then(|found| found.as_ref().ok()).map(|actor| actor.id);
    if let Some(id) = pinned.or_else(looked_up) {
        return id == reviewer.actor();
    }
    match (want, reviewer) {
        (Reviewer::User { login, .. }, _) => is_login(reviewer, login),
        (Reviewer::Team { slug: want, .. }, LiveReviewer::Team { slug, .. }) => want.eq_ignore_ascii_case(slug),
        (Reviewer::Team { .. }, LiveReviewer::User { .. } | LiveReviewer::EnterpriseTeam { .. }) => false,
    }
}

fn missing(declared: &[Reviewer], environment: &LiveEnvironment, live: &Inspection) -> Vec<Finding> {
    let gone = declared.iter().filter(|want| !environment.reviewers.iter().any(|reviewer| is(want, reviewer, live)));
    gone.map(|want| {
        let why = match live.declared.get(want) {
            Some(Err(unknown)) => format!(": {}", unknown.reason),
            _ => String::new(),
        };
        Finding::new(Code::MissingReviewer, format!("{} is declared and not on the environment's list{why}", written(want)))
    })
    .collect()
}

enum Ability {
    Able,
    Unable(Finding),
    Unknown(Unknown),
}

/// Whether a listed reviewer exists, can see the repository, and is a person or a team.
fn ability(reviewer: &LiveReviewer, live: &Inspection) -> Ability {
    let public = live.repository.as_ref().is_ok_and(|repository| repository.visibility == Visibility::Public);
    // Everyone can read a public repository; GitHub lists no account that does not exist (fact G2.5).
    if public && matches!(reviewer, LiveReviewer::User { .. }) {
        return Ability::Able;
    }
    let who = name(reviewer);
    let Some(listed) = live.listed.get(&reviewer.actor()) else {
        return Ability::Unknown(Unknown::new(format!("{who} was not looked up"), "run it again"));
    };
    match &listed.members {
        Some(Ok(members)) if members.is_empty() => return Ability::Unable(Finding::new(Code::EmptyTeam, format!("{who} has no members"))),
        Some(Err(unknown)) => return Ability::Unknown(unknown.clone()),
        Some(Ok(_)) | None => {}
    }
    match &listed.access {
        Access::Granted => Ability::Able,
        Access::None => Ability::Unable(Finding::new(Code::ReviewerWithoutAccess, format!("{who} has no access to the repository"))),
        Access::Unknown(unknown) => Ability::Unknown(unknown.clone()),
    }
}

/// Whether a listed reviewer is a person or a team who can approve, if that is known.
pub(super) fn can_approve(reviewer: &LiveReviewer, live: &Inspection) -> Option<bool> {
    let has_no_access = live.listed.get(&reviewer.actor()).is_some_and(|listed| listed.access == Access::None);
    match ability(reviewer, live) {
        _ if machine(reviewer).is_some() || has_no_access => Some(false),
        Ability::Able => Some(true),
        Ability::Unable(_) => Some(false),
        Ability::Unknown(_) => None,
    }
}

/// GitHub's word for an account that is not a person.
fn machine(reviewer: &LiveReviewer) -> Option<&str> {
    match reviewer {
        LiveReviewer::User { kind, .. } if kind != "User" => Some(kind),
        LiveReviewer::User { .. } | LiveReviewer::Team { .. } | LiveReviewer::EnterpriseTeam { .. } => None,
    }
}

fn is_login(reviewer: &LiveReviewer, want: &str) -> bool {
    matches!(reviewer, LiveReviewer::User { login, .. } if login.eq_ignore_ascii_case(want))
}

fn name(reviewer: &LiveReviewer) -> String {
    match reviewer {
        LiveReviewer::User { login, .. } => format!("`{login}`"),
        LiveReviewer::Team { slug, .. } => format!("the team `{slug}`"),
        LiveReviewer::EnterpriseTeam { slug, .. } => format!("the enterprise team `{slug}`"),
    }
}

fn written(reviewer: &Reviewer) -> String {
    match reviewer {
        Reviewer::User { login, .. } => format!("`{login}`"),
        Reviewer::Team { slug, .. } => format!("the team `{slug}`"),
    }
}

const fn id(reviewer: &LiveReviewer) -> u64 {
    match reviewer {
        LiveReviewer::User { id, .. } | LiveReviewer::Team { id, .. } | LiveReviewer::EnterpriseTeam { id, .. } => *id,
    }
}

/// A finding with the next step of its cause.
pub(super) fn hinted(finding: Finding, unknown: &Unknown) -> Finding {
    if unknown.hint.is_empty() { finding } else { finding.fix(unknown.hint.clone()) }
}
