//! What differs between the declared and the live environments, and the requests that bring them in line. Pure.
//!
//! Owns the comparison, the order of the requests (law 4) and the whole body of each PUT. Must not send requests.

mod body;
mod notes;
mod people;
mod planner;
mod update;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::model::{self, Address, Blocker, Change, Draft, EnvName, GateKey, RepoName, Step, VarValue, is_misspelling};

use super::live::{Live, LiveEnvironment, PolicyMode};
use super::ops::{Action, Body, Op, PolicyFlags};
use super::refusal;
use crate::desired::github::{self as desired, BranchPolicy, Desired, Gate};
use notes::repository_notes;
use people::reviewers_json;
pub use planner::PlanContext;
use planner::{Planner, field, variable};

/// Compares what is wanted with what exists.
pub fn plan(context: PlanContext<'_>, want: &Desired, live: &Live) -> Draft<Op> {
    let mut draft = Draft { basis: basis(context.repository, want, live), ..Draft::default() };
    let (repository, environments) = match (&live.repository, &live.environments) {
        (Ok(repository), Ok(environments)) => (repository, environments),
        (Err(unknown), _) | (_, Err(unknown)) => {
            for name in want.environments.keys() {
                draft.unknown.push((Address::environment(context.repository, name), unknown.clone()));
            }
            return draft;
        }
    };
    for (name, wanted) in &want.environments {
        let planner = Planner { context, want, live, repository, name, address: Address::environment(context.repository, name) };
        match (wanted, environments.get(name)) {
            (desired::DesiredEnvironment::Present(gate), None) => planner.create(gate, &mut draft),
            (desired::DesiredEnvironment::Present(gate) | desired::DesiredEnvironment::Optional(gate), Some(Ok(there))) => {
                planner.update(gate, there, &mut draft);
            }
            (desired::DesiredEnvironment::Absent, Some(Ok(there))) => planner.delete(there, &mut draft),
            (_, Some(Err(unknown))) => draft.unknown.push((planner.address, unknown.clone())),
            (desired::DesiredEnvironment::Absent | desired::DesiredEnvironment::Optional(_), None) => {}
        }
    }
    draft.unmanaged =
        environments.keys().filter(|name| !want.declares(name)).map(|name| Address::environment(context.repository, name)).collect();
    if !draft.steps.is_empty() {
        repository_notes(context.repository, repository, environments, &mut draft);
    }
    draft
}

/// Declares every environment absent that exists and is not declared, as `--prune` asks.
///
/// `github-pages` stays: GitHub makes it for itself (fact G2.8). So does what a declared environment that does not exist may be a
/// misspelling of.
pub fn declare_the_rest_absent(want: &mut Desired, live: &Live) {
    let Ok(live) = &live.environments else { return };
    let declared = want.environments.iter().filter(|(_, environment)| matches!(environment, desired::DesiredEnvironment::Present(_)));
    let new: Vec<EnvName> = declared.map(|(name, _)| name.clone()).filter(|name| !live.contains_key(name)).collect();
    for name in live.keys() {
        let meant = new.iter().any(|new| is_misspelling(new.as_str(), name.as_str()));
        if name.folded() != "github-pages" && !want.declares(name) && !meant {
            want.environments.insert(name.clone(), desired::DesiredEnvironment::Absent);
        }
    }
}

/// The live state of each declared environment that is known, or that it does not exist.
fn basis(repository: &RepoName, want: &Desired, live: &Live) -> BTreeMap<Address, Value> {
    let Ok(environments) = &live.environments else { return BTreeMap::new() };
    let declared = want.environments.iter().filter_map(|(name, environment)| {
        let keys: Vec<&String> = environment.gate().into_iter().flat_map(|gate| gate.variables.keys()).collect();
        let there = match environments.get(name) {
            Some(Ok(there)) => Some(there.snapshot(repository.owner(), keys)),
            Some(Err(_)) => return None,
            None => None,
        };
        Some((Address::environment(repository, name), json!(there)))
    });
    declared.collect()
}

impl Planner<'_> {
    fn create(&self, gate: &Gate, draft: &mut Draft<Op>) {
        if let Some(why) = self.misspelled() {
            return draft.block(&self.address, why);
        }
        let reviewers = match self.reviewers(gate) {
            Ok(reviewers) => reviewers,
            Err(blockers) => return self.block(draft, blockers),
        };
        self.note_access(reviewers.as_deref().unwrap_or_default(), draft);
        let mut fields = Vec::new();
        let mut add = |name: &str, after: Option<Value>| fields.extend(after.map(|after| field(name, Value::Null, after)));
        let owner = self.repository.name.owner();
        for key in GateKey::live() {
            let value = match key {
                GateKey::Reviewers => reviewers.as_deref().map(|reviewers| reviewers_json(reviewers, &[], owner)),
                GateKey::PreventSelfReview => gate.prevent_self_review.map(Value::from),
                GateKey::CanAdminsBypass => gate.can_admins_bypass.map(Value::from),
                GateKey::WaitTimer => gate.wait_timer.map(Value::from),
                GateKey::DeploymentBranchPolicy => gate.deployment_branch_policy.as_ref().map(BranchPolicy::json),
                GateKey::ProtectionRules => gate.protection_rules.as_ref().map(|rules| json!(rules)),
                // Variables have a field each; no value of a secret is known.
                GateKey::State | GateKey::Secrets | GateKey::Variables | GateKey::Approvals => None,
            };
            add(key.name(), value);
        }
        for (name, value) in &gate.variables {
            add(&variable(name), Some(VarValue::new(name.as_str(), value.as_str()).shown()));
        }

        let body = match self.body(gate, reviewers.as_deref(), None) {
            Ok(body) => body,
            Err(unknown) => return draft.unknown.push((self.address.clone(), unknown)),
        };
        let mode = gate.deployment_branch_policy.as_ref().map(PolicyMode::from);
        let if_refused =
            mode.and_then(PolicyFlags::of).map(|flags| Body { deployment_branch_policy: Some(Some(flags)), ..Body::default() });
        let mut ops = vec![self.op(Action::Expect(None)), self.put(gate, body, if_refused)];
        if let Some(BranchPolicy::Selected(patterns)) = &gate.deployment_branch_policy {
            ops.extend(patterns.iter().map(|pattern| self.op(Action::CreateBranchPolicy(pattern.clone()))));
        }
        for slug in gate.protection_rules.iter().flatten() {
            ops.push(self.op(Action::EnableRule { slug: slug.clone(), integration_id: None }));
        }
        for (name, value) in &gate.variables {
            let value = VarValue::new(name.as_str(), value.as_str());
            ops.push(self.op(Action::CreateVariable { name: name.clone(), value }));
        }
        draft.steps.push(Step { changes: vec![Change::new(self.address.clone(), model::Action::Create, fields)], ops });

        self.missing_secrets(gate.secrets.iter(), draft);
        self.note_protected(gate, draft);
    }

    fn block(&self, draft: &mut Draft<Op>, blockers: Vec<Blocker>) {
        for blocker in blockers {
            draft.block(&self.address, blocker);
        }
    }

    fn update(&self, gate: &Gate, there: &LiveEnvironment, draft: &mut Draft<Op>) {
        let notes = draft.notes.len();
        match self.differences(gate, there, draft) {
            Err(blockers) => {
                draft.notes.truncate(notes);
                return self.block(draft, blockers);
            }
            Ok(step) => draft.steps.extend(step),
        }
        self.note_protected(gate, draft);
        if let Some(Ok(secrets)) = &there.secrets {
            self.missing_secrets(gate.secrets.difference(secrets), draft);
        }
        self.note_wider_secrets(gate, draft);
    }

    fn delete(&self, there: &LiveEnvironment, draft: &mut Draft<Op>) {
        if there.has_enterprise_team() {
            return draft.unknown.push((self.address.clone(), body::unsendable(&there.reviewers)));
        }
        let before = there.snapshot(self.repository.name.owner(), []);
        let fields = before
            .iter()
            .filter(|(_, value)| !matches!(value, Value::Null | Value::Bool(_)) && **value != json!([]) && **value != json!(0))
            .map(|(name, value)| field(name, value.clone(), Value::Null))
            .collect();
        let ops = vec![self.op(Action::Expect(Some(before))), self.op(Action::Delete)];
        draft.steps.push(Step { changes: vec![Change::new(self.address.clone(), model::Action::Delete, fields)], ops });
        draft.note(
            &self.address,
            "deleting an environment deletes its secrets and variables for good, and fails the jobs that wait on it; a workflow that still names it recreates it, without rules",
        );
        match &self.live.waiting_runs {
            Some(Ok(count)) if *count > 0 => {
                draft.note(
                    &self.address,
                    format!("{count} runs of the repository wait for an approval right now: look at `gatectl pending` first"),
                );
            }
            Some(Err(unknown)) => {
                draft.note(&self.address, format!("whether runs wait on it is unknown: {}", unknown.reason));
            }
            _ => {}
        }
    }

    fn put(&self, gate: &Gate, body: Body, if_refused: Option<Body>) -> Op {
        let url = format!("{}/{}/settings/environments", self.context.web.trim_end_matches('/'), self.repository.name);
        let by_hand = refusal::by_hand(self.context.repository, self.name, gate, url, self.context.freeze_store);
        self.op(Action::Put { body, if_refused, by_hand })
    }

    fn op(&self, action: Action) -> Op {
        let environments = self.live.environments.as_ref().ok();
        let stored = environments.and_then(|all| all.get_key_value(self.name)).map_or(self.name, |(stored, _)| stored);
        Op { repository: self.repository.name.clone(), environment: stored.clone(), action }
    }
}

#[cfg(test)]
mod tests;
