//! One live environment as a gate that could be declared, with what is weak about it and what is not known.

use std::collections::BTreeSet;

use crate::desired::github::{Gate, Reviewer};
use crate::model::{GateKey, Unknown};
use crate::providers::github::live::{LiveEnvironment, LiveReviewer, PolicyMode};
use crate::render::human::line;

use super::key::{self, patterns};
use super::source::{Source, refusal};

/// How import's own comment on a weak setting begins.
pub(super) const WEAK: &str = "# weak: ";
/// How import's own line begins that names what was left out.
pub(super) const UNKNOWN: &str = "# unknown: ";

/// Patterns that nearly every ref matches.
const CATCH_ALL: [&str; 4] = ["*", "**", "**/*", "*/**"];
/// Words that suggest a machine account.
const MACHINE_WORDS: [&str; 8] = ["bot", "robot", "ci", "svc", "service", "automation", "machine", "deployer"];

/// What a file must declare to match one live environment.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Declared {
    /// Every key that is known, defaults included.
    pub(super) gate: Gate,
    /// What could not be read, or cannot be said, by the key that it belongs to; none for what the policy depends on.
    pub(super) unknown: Vec<(Option<GateKey>, Unknown)>,
    /// Variables whose live values look like credentials, and are not imported.
    pub(super) masked: BTreeSet<String>,
    /// Weaknesses that let a deployment through today.
    weak: Vec<String>,
}

/// Open because the server predates the key: nothing failed to be read, so it is not unknown (fact G2.4).
pub const UNSAID_BYPASS: &str =
    "this server does not say whether admins may bypass the rules; GitHub Enterprise Server has the setting since 3.9";

impl Declared {
    pub(super) fn new(source: &Source<'_>, there: &LiveEnvironment) -> Self {
        let mut unknown = Vec::new();
        let mut read = |key: GateKey, why: &Unknown| {
            let reason = format!("`{}` could not be read: {}", key.name(), why.reason);
            unknown.push((Some(key), Unknown { reason, ..why.clone() }));
        };
        let unrequested = unasked("they were not requested");
        let mut gate = Gate {
            reviewers: there.reviewers.iter().map(reviewer).collect(),
            prevent_self_review: Some(there.prevent_self_review && !there.reviewers.is_empty()),
            can_admins_bypass: there.can_admins_bypass,
            wait_timer: Some(there.wait_timer),
            deployment_branch_policy: there.branch_policy(),
            ..Gate::default()
        };
        if gate.reviewers.is_none() {
            read(GateKey::Reviewers, &unasked("a team of the enterprise is among them, which gate.toml cannot name"));
            if gate.prevent_self_review.take() == Some(true) {
                read(GateKey::PreventSelfReview, &unasked("it needs the reviewers; live: true"));
            }
        }
        if gate.deployment_branch_policy.is_none() {
            let why = there.patterns.as_ref().and_then(|patterns| patterns.as_ref().err());
            read(GateKey::DeploymentBranchPolicy, why.unwrap_or(&unasked("the patterns were not requested")));
        }
        match there.protection_rules.as_ref().map_or(Err(&unrequested), Result::as_ref) {
            Ok(rules) => gate.protection_rules = Some(rules.keys().cloned().collect()),
            Err(why) => read(GateKey::ProtectionRules, why),
        }
        match there.secrets.as_ref().map_or(Err(&unrequested), Result::as_ref) {
            Ok(names) => gate.secrets.clone_from(names),
            Err(why) => read(GateKey::Secrets, why),
        }
        match there.variables.as_ref().map_or(Err(&unrequested), Result::as_ref) {
            Ok(variables) => {
                gate.variables = variables.iter().filter_map(|(name, value)| Some((name.clone(), value.plain()?.to_owned()))).collect();
            }
            Err(why) => read(GateKey::Variables, why),
        }
        let masked = there.variables.iter().flatten().flatten().filter(|(_, value)| value.plain().is_none());
        let masked = masked.map(|(name, _)| name.clone()).collect();
        let mut declared = Self { weak: weak(source, there, &gate), gate, unknown, masked };
        declared.drop_unspeakable(there);
        if there.policy == PolicyMode::Protected
            && let Some(Err(why)) = source.protected_branches
        {
            let reason = format!("whether any branch is protected, and without one every branch may deploy: {}", why.reason);
            declared.unknown.push((None, Unknown { reason, ..why.clone() }));
        }
        declared
    }

    /// Whether the key must not be touched, since its right value is unknown.
    pub(super) fn is_unknown(&self, key: GateKey) -> bool {
        let unsaid = key == GateKey::CanAdminsBypass && self.gate.can_admins_bypass.is_none();
        unsaid || self.unknown.iter().any(|(of, _)| *of == Some(key))
    }

    /// The comments that stand above the table.
    pub(super) fn comments(&self) -> Vec<String> {
        let weak = self.weak.iter().map(|weak| format!("{WEAK}{}", line(weak)));
        let unknown = self.unknown.iter().map(|(_, unknown)| format!("{UNKNOWN}{}", line(&unknown.reason)));
        weak.chain(unknown).collect()
    }

    /// Removes what the reader of gate.toml would refuse, or what a plan could not prove.
    fn drop_unspeakable(&mut self, there: &LiveEnvironment) {
        let mut left_out = Vec::new();
        let machine = there.reviewers.iter().find_map(|reviewer| match reviewer {
            LiveReviewer::User { login, kind, .. } if kind != "User" => Some(format!("`{login}` is a {kind}, which cannot approve")),
            _ => None,
        });
        for key in GateKey::live().filter(|key| key::counts(*key, &self.gate)) {
            let refused = match (key, &machine) {
                (GateKey::Reviewers, Some(machine)) => Some(machine.clone()),
                // Has no effect without reviewers; it is kept or dropped with them.
                (GateKey::PreventSelfReview, _) => None,
                _ => key::text(key, &self.gate)
                    .and_then(|value| refusal(&format!("version = 1\n[environments.x]\n{} = {value}\n", key.name()))),
            };
            if let Some(why) = refused {
                left_out.push((key, format!("{why}; live: {}", key::text(key, &self.gate).unwrap_or_default())));
                if key == GateKey::Reviewers && self.gate.prevent_self_review == Some(true) {
                    left_out.push((GateKey::PreventSelfReview, "it needs the reviewers; live: true".to_owned()));
                }
            }
        }
        for (key, why) in left_out {
            key::clear(key, &mut self.gate);
            let reason = format!("`{}` is left out: {why}", key.name());
            let hint = "change it on GitHub, then import again".to_owned();
            self.unknown.push((Some(key), Unknown::new(reason, hint)));
        }
    }
}

/// How gate.toml names a reviewer; `None` for a type that it cannot declare.
fn reviewer(live: &LiveReviewer) -> Option<Reviewer> {
    match live {
        LiveReviewer::User { login, id, .. } => Some(Reviewer::User { login: login.clone(), id: Some(*id) }),
        // Only teams of the repository's own organization can see it, so the organization need not be written.
        LiveReviewer::Team { slug, id } => Some(Reviewer::Team { org: None, slug: slug.clone(), id: Some(*id) }),
        LiveReviewer::EnterpriseTeam { .. } => None,
    }
}

fn unasked(reason: &str) -> Unknown {
    Unknown::new(reason.to_owned(), "")
}

/// The weaknesses, each with the key that would prevent it.
fn weak(source: &Source<'_>, there: &LiveEnvironment, gate: &Gate) -> Vec<String> {
    let mut weak = Vec::new();
    if there.reviewers.is_empty() {
        weak.push("no required reviewers (declare `reviewers`, or `reviewers = []` if it is open on purpose)".to_owned());
    } else if !there.prevent_self_review {
        weak.push("the person who starts a run may approve it (close with `prevent_self_review = true`)".to_owned());
    }
    for (name, _) in there.variables.iter().flatten().flatten().filter(|(_, value)| value.plain().is_none()) {
        weak.push(format!("the variable `{name}` looks like a credential and is not imported: everyone who can read the repository can read it; make it a secret"));
    }
    for reviewer in &there.reviewers {
        if let LiveReviewer::User { login, .. } = reviewer
            && login.to_lowercase().split(|c: char| !c.is_ascii_alphanumeric()).any(|word| MACHINE_WORDS.contains(&word))
        {
            weak.push(format!("reviewer `{login}` looks like a machine account: anyone with its token can approve"));
        }
    }
    if there.can_admins_bypass.is_none() {
        weak.push(UNSAID_BYPASS.to_owned());
    }
    let rules = gate.protection_rules.as_ref().is_some_and(|rules| !rules.is_empty());
    if there.can_admins_bypass == Some(true) && (!there.reviewers.is_empty() || there.wait_timer > 0 || rules) {
        weak.push("admins may bypass the rules (close with `can_admins_bypass = false`)".to_owned());
    }
    match there.policy {
        PolicyMode::All => weak.push("every branch and every tag may deploy (close with `deployment_branch_policy`)".to_owned()),
        PolicyMode::Protected if source.protected_branches.is_some_and(|all| all.as_ref().is_ok_and(BTreeSet::is_empty)) => {
            weak.push("only protected branches may deploy, but none is protected, so every branch may".to_owned());
        }
        PolicyMode::Protected => {}
        PolicyMode::Selected => {
            let wide =
                patterns(gate.deployment_branch_policy.as_ref()).into_iter().flatten().filter(|p| CATCH_ALL.contains(&p.name.as_str()));
            weak.extend(wide.map(|pattern| format!("the pattern `{}` lets nearly every {} deploy", pattern.name, pattern.kind.word())));
        }
    }
    weak
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn catch_all_patterns_cover_plain_names() {
        for pattern in CATCH_ALL {
            assert!(crate::model::fnmatch::matches(pattern, "feature") || crate::model::fnmatch::matches(pattern, "a/b"), "{pattern}");
        }
    }
}
