//! The one step that brings an existing environment in line, and the order of its requests (law 4).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::model::{self, Blocker, Change, Draft, Field, GateKey, Step, Unknown, VarValue, WrittenBy};

use super::super::live::{LiveEnvironment, PolicyMode};
use super::super::ops::{Action, Body, Op, PolicyFlags};
use super::super::strictness::{ActorId, Strictness, covered, weakened};
use super::body::unsendable;
use super::people::reviewers_json;
use super::planner::{Planner, Resolved, field, variable};
use crate::desired::github::{BranchPolicy, Gate, Pattern};

impl Planner<'_> {
    /// The one step that brings an existing environment in line; `None` when it already is.
    pub(super) fn differences(
        &self,
        gate: &Gate,
        there: &LiveEnvironment,
        draft: &mut Draft<Op>,
    ) -> Result<Option<Step<Op>>, Vec<Blocker>> {
        let reviewers = self.reviewers(gate)?;
        let owner = self.repository.name.owner();
        let before = there.strictness();
        let mut after = before.clone();
        let mut fields = Vec::new();

        if let Some(wanted) = &reviewers {
            after.reviewers = wanted.iter().map(|(_, actor)| actor.id).collect();
            if after.reviewers != before.reviewers {
                let live = Value::Array(there.reviewers.iter().map(|reviewer| reviewer.json(owner)).collect());
                fields.push((GateKey::Reviewers, live, reviewers_json(wanted, &there.reviewers, owner)));
                self.note_access(wanted, draft);
            }
            self.note_renames(wanted, there, draft);
        }
        after.prevent_self_review = match gate.prevent_self_review {
            Some(true) if after.reviewers.is_empty() => {
                return Err(Blocker::invalid(
                    "`prevent_self_review = true` needs a reviewer, and the environment has none",
                    "declare `reviewers` as well",
                )
                .into());
            }
            Some(wanted) => wanted,
            // Without reviewers the setting has no effect, and GitHub does not keep it.
            None => before.prevent_self_review && !after.reviewers.is_empty(),
        };
        if after.prevent_self_review != before.prevent_self_review {
            fields.push((GateKey::PreventSelfReview, json!(before.prevent_self_review), json!(after.prevent_self_review)));
            if gate.prevent_self_review.is_none() {
                draft.note(&self.address, "prevent_self_review is cleared with the reviewers: it has no effect without them");
            }
        }
        if let Some(wanted) = gate.can_admins_bypass {
            let live = there.can_admins_bypass.ok_or_else(|| {
                Unknown::new(
                    "this server does not say whether admins may bypass the rules",
                    "GitHub Enterprise Server supports `can_admins_bypass` since 3.9; leave the key out of gate.toml for older versions",
                )
            })?;
            after.can_admins_bypass = wanted;
            if wanted != live {
                fields.push((GateKey::CanAdminsBypass, json!(live), json!(wanted)));
            }
        }
        if let Some(wanted) = gate.wait_timer {
            after.wait_timer = wanted;
            if wanted != there.wait_timer {
                fields.push((GateKey::WaitTimer, json!(there.wait_timer), json!(wanted)));
            }
        }
        let policy = self.policy(gate, there)?;
        if let Some((live, wanted)) = &policy {
            after.refs.clone_from(wanted);
            if live != *wanted {
                fields.push((GateKey::DeploymentBranchPolicy, live.json(), wanted.json()));
            }
        }
        let rules = self.rules(gate, there)?;
        if let Some(wanted) = &gate.protection_rules {
            after.protection_rules.clone_from(wanted);
            if !rules.is_empty() {
                fields.push((GateKey::ProtectionRules, json!(before.protection_rules), json!(wanted)));
            }
        }
        let mut fields = judged(fields, &before, &after);
        let variables = variables(gate, there)?;
        if let (false, Some(Err(unknown))) = (gate.secrets.is_empty(), &there.secrets) {
            return Err(unknown.clone().into());
        }
        for (name, live, wanted) in &variables {
            fields.push(field(&variable(name), live.as_ref().map_or(Value::Null, VarValue::shown), wanted.shown()));
        }
        if fields.is_empty() {
            return Ok(None);
        }

        if there.has_enterprise_team() {
            return Err(unsendable(&there.reviewers).into());
        }
        let change = Change::new(self.address.clone(), model::Action::Update, fields);
        let ops = self.update_ops(gate, there, reviewers.as_deref(), &change, policy.as_ref(), &rules, &variables)?;
        Ok(Some(Step { changes: vec![change], ops }))
    }

    /// The requests of an update, in the order of law 4: what tightens goes before the PUT, what loosens after it, so that no
    /// moment combines the looser halves of both ends.
    #[expect(clippy::too_many_arguments, reason = "the parts of one comparison, each used once")]
    fn update_ops(
        &self,
        gate: &Gate,
        there: &LiveEnvironment,
        reviewers: Option<&[Resolved<'_>]>,
        change: &Change,
        policy: Option<&(BranchPolicy, &BranchPolicy)>,
        rules: &[RuleEdit],
        variables: &[(String, Option<VarValue>, VarValue)],
    ) -> Result<Vec<Op>, Unknown> {
        let mut ops = vec![self.op(Action::Expect(Some(there.snapshot(self.repository.name.owner(), gate.variables.keys()))))];
        for rule in rules {
            if let RuleEdit::Enable { slug, integration_id } = rule {
                ops.push(self.op(Action::EnableRule { slug: slug.clone(), integration_id: Some(*integration_id) }));
            }
        }
        let (early, late) = self.pattern_ops(there, policy);
        ops.extend(early);
        let mode = gate.deployment_branch_policy.as_ref().map_or(there.policy, PolicyMode::from);
        let differs = |key: GateKey| change.fields.iter().find(|field| field.name == key.name());
        if mode != there.policy || GateKey::live().any(|key| key.written_by() == WrittenBy::Put && differs(key).is_some()) {
            let refs_weaken = differs(GateKey::DeploymentBranchPolicy).is_some_and(|field| field.weakens);
            // If rules that the billing plan restricts exist already, a smaller body could clear them. A bypass that is off is not one:
            // GitHub creates some environments this way (fact G2.13) on any plan.
            let gated_rules = !there.reviewers.is_empty() || there.wait_timer > 0 || there.prevent_self_review;
            let if_refused = (mode != there.policy && !refs_weaken && !gated_rules)
                .then(|| Body { deployment_branch_policy: Some(PolicyFlags::of(mode)), ..Body::default() });
            self.sendable(reviewers, &there.reviewers)?;
            let body = self.body(gate, reviewers, Some(there))?;
            if refs_weaken && !gated_rules && self.repository.visibility.plan_gated() && body.has_gated_rules() {
                // A refused PUT may apply the policy that it carries (2.2): wider refs wait until the rules are there, and so does a
                // bypass, the one other thing that can loosen here.
                let first = Body {
                    deployment_branch_policy: Some(PolicyFlags::of(there.policy)),
                    can_admins_bypass: body.can_admins_bypass.map(|wanted| wanted && there.can_admins_bypass != Some(false)),
                    ..body.clone()
                };
                ops.push(self.put(gate, first, None));
            }
            ops.push(self.put(gate, body, if_refused));
        }
        ops.extend(late);
        for rule in rules {
            if let RuleEdit::Disable { slug, id } = rule {
                ops.push(self.op(Action::DisableRule { slug: slug.clone(), id: *id }));
            }
        }
        for (name, live, value) in variables {
            let (name, value) = (name.clone(), value.clone());
            ops.push(self.op(if live.is_some() { Action::UpdateVariable { name, value } } else { Action::CreateVariable { name, value } }));
        }
        Ok(ops)
    }

    /// The edits of the pattern list that go before the PUT, and those that go after it.
    ///
    /// If the list loses and gains patterns, the removals come first: a moment in which both may deploy would be
    /// wider than either end. Adding first is harmless only if one end covers the other, and then no ref is shut out.
    fn pattern_ops(&self, there: &LiveEnvironment, policy: Option<&(BranchPolicy, &BranchPolicy)>) -> (Vec<Op>, Vec<Op>) {
        let Some((live, BranchPolicy::Selected(wanted))) = policy else { return (Vec::new(), Vec::new()) };
        let create = |pattern: &Pattern| self.op(Action::CreateBranchPolicy(pattern.clone()));
        let BranchPolicy::Selected(live) = live else {
            // GitHub may bring back earlier patterns in selected mode: they are removed before any is added.
            let prune = self.op(Action::DeleteOtherBranchPolicies(wanted.clone()));
            return (Vec::new(), std::iter::once(prune).chain(wanted.iter().map(create)).collect());
        };
        let ids = there.patterns.as_ref().and_then(|patterns| patterns.as_ref().ok());
        let added: Vec<&Pattern> = wanted.difference(live).collect();
        let removed: Vec<Op> = live
            .difference(wanted)
            .filter_map(|pattern| {
                let id = *ids?.get(pattern)?;
                Some(self.op(Action::DeleteBranchPolicy { pattern: pattern.clone(), id }))
            })
            .collect();
        let added_within_live = added.iter().all(|pattern| covered(pattern, live));
        let removed_within_wanted = live.difference(wanted).all(|pattern| covered(pattern, wanted));
        let added = added.into_iter().map(create);
        match (removed_within_wanted, added_within_live) {
            (true, _) => (Vec::new(), added.chain(removed).collect()),
            (false, true) => (added.chain(removed).collect(), Vec::new()),
            (false, false) => (removed, added.collect()),
        }
    }

    /// Both sides of the branch policy, when it is declared.
    fn policy<'g>(&self, gate: &'g Gate, there: &LiveEnvironment) -> Result<Option<(BranchPolicy, &'g BranchPolicy)>, Unknown> {
        let Some(wanted) = &gate.deployment_branch_policy else { return Ok(None) };
        match (there.branch_policy(), &there.patterns) {
            (Some(live), _) => Ok(Some((live, wanted))),
            (None, Some(Err(unknown))) => Err(unknown.clone()),
            (None, _) => Err(not_read("the branch and tag patterns")),
        }
    }

    /// The edits that turn the enabled custom rules into the declared ones.
    fn rules(&self, gate: &Gate, there: &LiveEnvironment) -> Result<Vec<RuleEdit>, Blocker> {
        let Some(wanted) = &gate.protection_rules else { return Ok(Vec::new()) };
        let live = match &there.protection_rules {
            Some(Ok(live)) => live,
            Some(Err(unknown)) => return Err(unknown.clone().into()),
            None => return Err(not_read("the custom protection rules").into()),
        };
        let union: BTreeSet<&String> = wanted.iter().chain(live.keys()).collect();
        if union.len() > MAX_RULES && wanted.iter().any(|slug| !live.contains_key(slug)) {
            return Err(Blocker::invalid(
                format!(
                    "GitHub allows at most {MAX_RULES} custom rules, so one would have to be removed before a new one is added, and the gate would be weaker in between"
                ),
                "apply in two steps: first remove rules (with --allow-weaken), then add the new ones",
            ));
        }
        let mut edits = Vec::new();
        for slug in wanted.iter().filter(|slug| !live.contains_key(*slug)) {
            let available = match self.live.available_rules.get(self.name) {
                Some(Ok(available)) => available,
                Some(Err(unknown)) => return Err(unknown.clone().into()),
                None => &BTreeMap::new(),
            };
            let integration_id = *available.get(slug).ok_or_else(|| {
                let hint = match available.keys().next() {
                    Some(_) => format!("use one of those that are: {}", available.keys().cloned().collect::<Vec<_>>().join(", ")),
                    None => "install the app on the repository first".to_owned(),
                };
                Blocker::invalid(
                    format!("no app `{slug}` with a deployment protection rule is installed on {}", self.context.repository),
                    hint,
                )
            })?;
            edits.push(RuleEdit::Enable { slug: slug.clone(), integration_id });
        }
        for (slug, id) in live.iter().filter(|(slug, _)| !wanted.contains(*slug)) {
            edits.push(RuleEdit::Disable { slug: slug.clone(), id: *id });
        }
        Ok(edits)
    }
}

/// GitHub enables at most this many custom rules on an environment (fact G1.3).
const MAX_RULES: usize = 6;

/// A part that was not requested is not known to be empty.
fn not_read(what: &str) -> Unknown {
    Unknown::new(format!("{what} were not read"), "run the command again")
}

enum RuleEdit {
    Enable { slug: String, integration_id: u64 },
    Disable { slug: String, id: u64 },
}

/// The variables to write: name, live value, declared value.
fn variables(gate: &Gate, there: &LiveEnvironment) -> Result<Vec<(String, Option<VarValue>, VarValue)>, Unknown> {
    let live = match &there.variables {
        Some(Ok(live)) => live,
        Some(Err(unknown)) if !gate.variables.is_empty() => return Err(unknown.clone()),
        None if !gate.variables.is_empty() => return Err(not_read("the variables")),
        Some(Err(_)) | None => return Ok(Vec::new()),
    };
    Ok(gate
        .variables
        .iter()
        .filter(|(name, value)| live.get(*name).map(VarValue::expose) != Some(value.as_str()))
        .map(|(name, value)| (name.clone(), live.get(name).cloned(), VarValue::new(name.as_str(), value.as_str())))
        .collect())
}

/// The fields that differ, with what got weaker marked, and the reason in words.
fn judged(differences: Vec<(GateKey, Value, Value)>, before: &Strictness, after: &Strictness) -> Vec<Field> {
    let weaker = weakened(Some(before), Some(after));
    let judge = |(key, live, wanted): (GateKey, Value, Value)| {
        let field = field(key.name(), live, wanted);
        let because = weaker.contains(&key).then(|| {
            let interrupted = field
                .only_gains()
                .map(|missing| format!("; an interrupted apply can leave this state: only {} is missing", missing.join(", ")));
            why(key, before, after) + &interrupted.unwrap_or_default()
        });
        Field { weakens: because.is_some(), because, ..field }
    };
    differences.into_iter().map(judge).collect()
}

fn why(key: GateKey, before: &Strictness, after: &Strictness) -> String {
    match key {
        GateKey::State => "a workflow that names a missing environment runs ungated".to_owned(),
        GateKey::Reviewers if after.reviewers.is_empty() => "removes the last reviewer: no approval is required".to_owned(),
        GateKey::Reviewers => {
            let count = after.reviewers.difference(&before.reviewers).count();
            let teams = after.reviewers.difference(&before.reviewers).any(|actor| matches!(actor, ActorId::Team(_)));
            let who = if teams { "a person or team" } else { "someone" };
            format!("lets {who} approve who could not before ({count} new; one approval is enough)")
        }
        GateKey::PreventSelfReview => "lets the account that started a run approve it".to_owned(),
        GateKey::CanAdminsBypass => "lets admins skip the rules".to_owned(),
        GateKey::WaitTimer => "shortens the wait".to_owned(),
        GateKey::DeploymentBranchPolicy => "may let refs deploy that could not before".to_owned(),
        GateKey::ProtectionRules => "an app no longer has to agree".to_owned(),
        // None of these holds a deployment back.
        GateKey::Secrets | GateKey::Variables | GateKey::Approvals => String::new(),
    }
}
