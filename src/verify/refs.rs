//! Refs that an environment admits by pattern, and whether rulesets keep people from creating them.

use std::collections::BTreeSet;

use super::reviewers::hinted;
use crate::desired::github::{BranchPolicy, Pattern, RefKind};
use crate::findings::{Code, Finding, Severity};
use crate::model::GateKey;
use crate::providers::github::inspection::Inspection;
use crate::providers::github::live::LiveEnvironment;
use crate::providers::github::rulesets::{Bypass, Ruleset};

/// Refs that everyone with write access can create or move, and so deploy from after one mistaken approval.
pub(super) fn judge(environment: &LiveEnvironment, live: &Inspection) -> Option<Finding> {
    let Some(BranchPolicy::Selected(patterns)) = environment.branch_policy() else { return None };
    let open: Vec<&Pattern> = patterns.iter().filter(|pattern| pattern.admits_new_refs()).collect();
    if open.is_empty() {
        return None;
    }
    let finding = |message: String| Finding::new(Code::RefsAnyoneCanCreate, message).on(GateKey::DeploymentBranchPolicy.name());
    let rulesets = match live.rulesets.as_ref()? {
        Ok(rulesets) => rulesets,
        Err(unknown) => {
            let message = format!("whether a ruleset restricts who can create {} is not known: {}", written(&open), unknown.reason);
            return Some(hinted(finding(message), unknown));
        }
    };
    let (restricted, free): (Vec<&Pattern>, Vec<&Pattern>) = open.into_iter().partition(|pattern| is_restricted(pattern, rulesets));
    if !free.is_empty() {
        let names = written(&free);
        return Some(finding(format!(
            "everyone with write access can create or move {names} and deploy from there: no active ruleset restricts creation and update of them"
        )));
    }
    let hidden: BTreeSet<&str> = restricted
        .iter()
        .flat_map(|pattern| rulesets.iter().filter(|set| set.covers(pattern)))
        .filter(|set| set.bypass == Bypass::Hidden)
        .map(|set| set.name.as_str())
        .collect();
    (!hidden.is_empty()).then(|| {
        let names = hidden.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let message =
            format!("rulesets restrict who can create {}, but this token does not see who may bypass {names}", written(&restricted));
        finding(message).severity(Severity::Info).fix("run it with a token that has `Administration: read` to see the bypass list")
    })
}

/// Whether the rulesets that certainly cover a pattern restrict both creation and update.
fn is_restricted(pattern: &Pattern, rulesets: &[Ruleset]) -> bool {
    let rules: BTreeSet<&str> = rulesets.iter().filter(|set| set.covers(pattern)).flat_map(|set| &set.rules).map(String::as_str).collect();
    ["creation", "update"].iter().all(|rule| rules.contains(rule))
}

fn written(patterns: &[&Pattern]) -> String {
    let one = |pattern: &&Pattern| match pattern.kind {
        RefKind::Branch => format!("branches `{}`", pattern.name),
        RefKind::Tag => format!("tags `{}`", pattern.name),
    };
    patterns.iter().map(one).collect::<Vec<_>>().join(" and ")
}
