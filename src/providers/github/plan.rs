//! What differs between the declared and the live environments, and the requests that bring them in line. Pure.
//!
//! Owns the comparison, the order of the requests (law 4) and the whole body of each PUT. Must not ask anything.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::model::{self, Address, Cause, Change, Draft, EnvName, Field, RepoName, Step, Unknown};

use super::desired::{self, BranchPolicy, Desired, Gate, Pattern, Reviewer};
use super::live::{Access, Actor, Environment, Live, LiveReviewer, PolicyMode, Repository};
use super::ops::{Action, Body, BodyReviewer, Op, PolicyFlags};
use super::refusal;
use super::strictness::{ActorId, Dimension, Strictness, covered, weakened};

/// GitHub enables at most this many custom rules on an environment (API page, 1.3).
const MAX_RULES: usize = 6;

/// What a plan needs to know beside the two sides.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The repository as it is declared.
    pub repository: &'a RepoName,
    /// Where its pages are: `https://github.com` or the server's own address.
    pub web: &'a str,
    /// The app that holds the freeze, for the steps by hand.
    pub freeze_app: Option<&'a str>,
}

/// Compares what is wanted with what is there.
#[must_use]
pub fn plan(context: Context<'_>, want: &Desired, live: &Live) -> Draft<Op> {
    let mut draft = Draft::default();
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
        let planner = Planner { context, live, repository, name, address: Address::environment(context.repository, name) };
        match (wanted, environments.get(name)) {
            (desired::Environment::Present(gate), None) => planner.create(gate, &mut draft),
            (desired::Environment::Present(gate), Some(there)) => planner.update(gate, there, &mut draft),
            (desired::Environment::Absent, Some(there)) => planner.delete(there, &mut draft),
            (desired::Environment::Absent, None) => {}
        }
    }
    draft.unmanaged =
        environments.keys().filter(|name| !want.declares(name)).map(|name| Address::environment(context.repository, name)).collect();
    if !draft.steps.is_empty() {
        repository_notes(context.repository, repository, &mut draft);
    }
    draft
}

fn repository_notes(name: &RepoName, repository: &Repository, draft: &mut Draft<Op>) {
    let address = Address::repository(name);
    if repository.archived {
        draft.note(&address, "the repository is archived: GitHub refuses every write until somebody unarchives it in its settings");
    }
    if repository.admin == Some(false) {
        draft.note(
            &address,
            "the account behind this token does not administer the repository: `gatectl apply` needs `Administration: write` (fine-grained) or `repo` of an admin (classic)",
        );
    }
}

struct Planner<'a> {
    context: Context<'a>,
    live: &'a Live,
    repository: &'a Repository,
    name: &'a EnvName,
    address: Address,
}

/// A declared reviewer with the account or team it stands for.
type Resolved<'a> = (&'a Reviewer, &'a Actor);

impl Planner<'_> {
    fn create(&self, gate: &Gate, draft: &mut Draft<Op>) {
        let reviewers = match self.reviewers(gate, &[], draft) {
            Ok(reviewers) => reviewers,
            Err(unknown) => return draft.unknown.push((self.address.clone(), unknown)),
        };
        let mut fields = Vec::new();
        let mut add = |name: &str, after: Option<Value>| {
            if let Some(after) = after {
                fields.push(field(name, Value::Null, after));
            }
        };
        add("reviewers", reviewers.as_deref().map(reviewers_json));
        add("prevent_self_review", gate.prevent_self_review.map(|v| json!(v)));
        add("can_admins_bypass", gate.can_admins_bypass.map(|v| json!(v)));
        add("wait_timer", gate.wait_timer.map(|v| json!(v)));
        add("deployment_branch_policy", gate.deployment_branch_policy.as_ref().map(BranchPolicy::json));
        add("protection_rules", gate.protection_rules.as_ref().map(|rules| json!(rules)));
        for (key, value) in &gate.variables {
            add(&format!("variables.{key}"), Some(json!(value)));
        }

        let body = self.body(gate, reviewers.as_deref(), None);
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
            ops.push(self.op(Action::CreateVariable { name: name.clone(), value: value.clone() }));
        }
        draft.steps.push(Step { changes: vec![Change::new(self.address.clone(), model::Action::Create, fields)], ops });

        self.note_missing_secrets(gate.secrets.iter(), draft, "values of secrets cannot be restored");
        self.note_protected(gate, draft);
        self.note_billing(gate, draft);
    }

    fn update(&self, gate: &Gate, there: &Environment, draft: &mut Draft<Op>) {
        let notes = draft.notes.len();
        match self.differences(gate, there, draft) {
            Err(unknown) => {
                draft.notes.truncate(notes);
                draft.unknown.push((self.address.clone(), unknown));
            }
            Ok(None) => {}
            Ok(Some(step)) => {
                if step.changes.iter().any(|c| c.fields.iter().any(|f| f.name == "reviewers" || f.name == "wait_timer")) {
                    self.note_billing(gate, draft);
                }
                draft.steps.push(step);
            }
        }
        self.note_protected(gate, draft);
        match &there.secrets {
            Some(Ok(secrets)) => self.note_missing_secrets(gate.secrets.difference(secrets), draft, "declared secrets are missing"),
            Some(Err(unknown)) => {
                draft.note(&self.address, format!("whether the declared secrets exist is unknown: {}", unknown.reason));
            }
            None => {}
        }
    }

    fn delete(&self, there: &Environment, draft: &mut Draft<Op>) {
        let before = there.snapshot([]);
        let fields = before
            .iter()
            .filter(|(_, value)| !matches!(value, Value::Null | Value::Bool(_)) && **value != json!([]) && **value != json!(0))
            .map(|(name, value)| field(name, value.clone(), Value::Null))
            .collect();
        let ops = vec![self.op(Action::Expect(Some(before))), self.op(Action::Delete)];
        draft.steps.push(Step { changes: vec![Change::new(self.address.clone(), model::Action::Delete, fields)], ops });
        draft.note(
            &self.address,
            "deleting an environment deletes its secrets and variables for good, and fails the jobs that wait on it; a workflow that still names it makes it anew, without rules",
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

    /// The one step that brings an existing environment in line; `None` when it already is.
    fn differences(&self, gate: &Gate, there: &Environment, draft: &mut Draft<Op>) -> Result<Option<Step<Op>>, Unknown> {
        let reviewers = self.reviewers(gate, &there.reviewers, draft)?;
        let before = there.strictness();
        let mut after = before.clone();
        let mut fields = Vec::new();

        if let Some(wanted) = &reviewers {
            after.reviewers = wanted.iter().map(|(_, actor)| actor.id).collect();
            if after.reviewers != before.reviewers {
                let live = Value::Array(there.reviewers.iter().map(LiveReviewer::json).collect());
                fields.push((Dimension::Reviewers, field("reviewers", live, reviewers_json(wanted))));
            }
            self.note_renames(wanted, there, draft);
        }
        after.prevent_self_review = match gate.prevent_self_review {
            Some(true) if after.reviewers.is_empty() => {
                return Err(Unknown {
                    reason: "`prevent_self_review = true` needs a reviewer, and the environment has none".to_owned(),
                    hint: "declare `reviewers` as well".to_owned(),
                    cause: Cause::Other,
                });
            }
            Some(wanted) => wanted,
            // Without reviewers the setting means nothing, and GitHub keeps none.
            None => before.prevent_self_review && !after.reviewers.is_empty(),
        };
        if after.prevent_self_review != before.prevent_self_review {
            let change = field("prevent_self_review", json!(before.prevent_self_review), json!(after.prevent_self_review));
            fields.push((Dimension::SelfReview, change));
            if gate.prevent_self_review.is_none() {
                draft.note(&self.address, "prevent_self_review is cleared with the reviewers: it means nothing without them");
            }
        }
        if let Some(wanted) = gate.can_admins_bypass {
            let live = there.can_admins_bypass.ok_or_else(|| Unknown {
                reason: "this server does not say whether admins may bypass the rules".to_owned(),
                hint: "GitHub Enterprise Server knows `can_admins_bypass` since 3.9; leave the key out of gate.toml for an older one"
                    .to_owned(),
                cause: Cause::Other,
            })?;
            after.can_admins_bypass = wanted;
            if wanted != live {
                fields.push((Dimension::AdminBypass, field("can_admins_bypass", json!(live), json!(wanted))));
            }
        }
        if let Some(wanted) = gate.wait_timer {
            after.wait_timer = wanted;
            if wanted != there.wait_timer {
                fields.push((Dimension::WaitTimer, field("wait_timer", json!(there.wait_timer), json!(wanted))));
            }
        }
        let policy = self.policy(gate, there)?;
        if let Some((live, wanted)) = &policy {
            after.refs = wanted.refs();
            if live != *wanted {
                fields.push((Dimension::Refs, field("deployment_branch_policy", live.json(), wanted.json())));
            }
        }
        let rules = self.rules(gate, there)?;
        if let Some(wanted) = &gate.protection_rules {
            after.protection_rules.clone_from(wanted);
            if !rules.is_empty() {
                fields.push((Dimension::CustomRules, field("protection_rules", json!(before.protection_rules), json!(wanted))));
            }
        }
        let mut fields = judged(fields, &before, &after);
        let variables = variables(gate, there)?;
        for (name, live, wanted) in &variables {
            fields.push(field(&format!("variables.{name}"), json!(live), json!(wanted)));
        }
        if fields.is_empty() {
            return Ok(None);
        }

        let change = Change::new(self.address.clone(), model::Action::Update, fields);
        let ops = self.update_ops(gate, there, reviewers.as_deref(), &change, policy.as_ref(), &rules, &variables);
        Ok(Some(Step { changes: vec![change], ops }))
    }

    /// The requests of an update, in the order of law 4: what tightens goes before the PUT, what loosens after it, so that no
    /// moment combines the looser halves of both ends.
    #[expect(clippy::too_many_arguments, reason = "the parts of one comparison, each used once")]
    fn update_ops(
        &self,
        gate: &Gate,
        there: &Environment,
        reviewers: Option<&[Resolved<'_>]>,
        change: &Change,
        policy: Option<&(BranchPolicy, &BranchPolicy)>,
        rules: &[RuleEdit],
        variables: &[(String, Option<String>, String)],
    ) -> Vec<Op> {
        let mut ops = vec![self.op(Action::Expect(Some(there.snapshot(gate.variables.keys()))))];
        for rule in rules {
            if let RuleEdit::Enable { slug, integration_id } = rule {
                ops.push(self.op(Action::EnableRule { slug: slug.clone(), integration_id: Some(*integration_id) }));
            }
        }
        let (early, late) = self.pattern_ops(there, policy);
        ops.extend(early);
        let mode = gate.deployment_branch_policy.as_ref().map_or(there.policy, PolicyMode::from);
        let put_fields = ["reviewers", "prevent_self_review", "can_admins_bypass", "wait_timer"];
        if mode != there.policy || change.fields.iter().any(|field| put_fields.contains(&field.name.as_str())) {
            let refs_weaken = change.fields.iter().any(|field| field.name == "deployment_branch_policy" && field.weakens);
            // Where rules that the billing plan gates are there already, a smaller body could clear them. A bypass that is off is none:
            // GitHub makes some environments so (API page, 2.13), whatever the plan.
            let gated_rules = !there.reviewers.is_empty() || there.wait_timer > 0 || there.prevent_self_review;
            let if_refused = (mode != there.policy && !refs_weaken && !gated_rules)
                .then(|| Body { deployment_branch_policy: Some(PolicyFlags::of(mode)), ..Body::default() });
            let body = self.body(gate, reviewers, Some(there));
            if refs_weaken && !gated_rules && self.repository.visibility.plan_gated() && body.has_gated_rules() {
                // A refused PUT may apply the policy that it carries (2.2): wider refs wait until the rules are there.
                let live = Some(PolicyFlags::of(there.policy));
                ops.push(self.put(gate, Body { deployment_branch_policy: live, ..body.clone() }, None));
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
        ops
    }

    /// The edits of the pattern list that go before the PUT, and those that go after it.
    ///
    /// Where the list loses and gains patterns, what goes is removed first: a moment in which both may deploy would be
    /// wider than either end. Only where one end covers the other is adding first harmless, and then nobody is shut out.
    fn pattern_ops(&self, there: &Environment, policy: Option<&(BranchPolicy, &BranchPolicy)>) -> (Vec<Op>, Vec<Op>) {
        let Some((live, BranchPolicy::Selected(wanted))) = policy else { return (Vec::new(), Vec::new()) };
        let create = |pattern: &Pattern| self.op(Action::CreateBranchPolicy(pattern.clone()));
        let BranchPolicy::Selected(live) = live else {
            // GitHub may bring back patterns of an earlier time in selected mode: they go before any is added.
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

    /// The whole object that a PUT has to carry, whichever way GitHub reads absent keys (API page, 2.1).
    ///
    /// In a repository whose billing plan decides, what needs no gated rule names none: their mere presence is refused (2.2).
    fn body(&self, gate: &Gate, reviewers: Option<&[Resolved<'_>]>, there: Option<&Environment>) -> Body {
        let live_reviewers = there.map(|there| there.reviewers.as_slice()).unwrap_or_default();
        let merged: Vec<BodyReviewer> = match reviewers {
            Some(reviewers) => reviewers.iter().map(|(_, actor)| actor.id.into()).collect(),
            None => live_reviewers.iter().map(|reviewer| reviewer.actor().into()).collect(),
        };
        let live_timer = there.map_or(0, |there| there.wait_timer);
        let timer = gate.wait_timer.unwrap_or(live_timer);
        let live_prevent = there.is_some_and(|there| there.prevent_self_review);
        let prevent = gate.prevent_self_review.unwrap_or(live_prevent) && !merged.is_empty();
        let live_bypass = there.and_then(|there| there.can_admins_bypass);
        let live_mode = there.map_or(PolicyMode::All, |there| there.policy);
        let mode = gate.deployment_branch_policy.as_ref().map_or(live_mode, PolicyMode::from);

        // Once one gated rule has to be sent, the others cost nothing more.
        let rules =
            !merged.is_empty() || !live_reviewers.is_empty() || timer > 0 || live_timer > 0 || gate.can_admins_bypass == Some(false);
        let explicit = rules || !self.repository.visibility.plan_gated();
        // Whether a key is sent: always where it is wanted or was there; as an explicit default only where no plan can mind.
        let send = |wanted: bool, declared: bool, live: bool| wanted || live || (explicit && (declared || there.is_some()));
        Body {
            wait_timer: send(timer > 0, gate.wait_timer.is_some(), live_timer > 0).then_some(timer),
            // Refused without reviewers unless it clears what is there (API page, 2.2, message 4).
            prevent_self_review: if merged.is_empty() {
                live_prevent.then_some(false)
            } else {
                send(prevent, gate.prevent_self_review.is_some(), live_prevent).then_some(prevent)
            },
            reviewers: send(!merged.is_empty(), reviewers.is_some(), !live_reviewers.is_empty()).then_some(merged),
            deployment_branch_policy: send(mode != PolicyMode::All, gate.deployment_branch_policy.is_some(), live_mode != PolicyMode::All)
                .then(|| PolicyFlags::of(mode)),
            // The default of a fresh environment is not a constant (API page, 2.13): what is declared is said.
            can_admins_bypass: match (gate.can_admins_bypass, live_bypass) {
                (Some(wanted), live) if live != Some(wanted) || !wanted || explicit => Some(wanted),
                (None, Some(live)) if !live || explicit => Some(live),
                _ => None,
            },
        }
    }

    /// Both sides of the branch policy, when it is declared.
    fn policy<'g>(&self, gate: &'g Gate, there: &Environment) -> Result<Option<(BranchPolicy, &'g BranchPolicy)>, Unknown> {
        let Some(wanted) = &gate.deployment_branch_policy else { return Ok(None) };
        match (there.branch_policy(), &there.patterns) {
            (Some(live), _) => Ok(Some((live, wanted))),
            (None, Some(Err(unknown))) => Err(unknown.clone()),
            (None, _) => Err(Unknown {
                reason: "the branch and tag patterns were not read".to_owned(),
                hint: "run the command again".to_owned(),
                cause: Cause::Other,
            }),
        }
    }

    /// The edits that turn the enabled custom rules into the declared ones.
    fn rules(&self, gate: &Gate, there: &Environment) -> Result<Vec<RuleEdit>, Unknown> {
        let Some(wanted) = &gate.protection_rules else { return Ok(Vec::new()) };
        let live = match &there.protection_rules {
            Some(Ok(live)) => live,
            Some(Err(unknown)) => return Err(unknown.clone()),
            None => return Ok(Vec::new()),
        };
        let union: BTreeSet<&String> = wanted.iter().chain(live.keys()).collect();
        if union.len() > MAX_RULES && wanted.iter().any(|slug| !live.contains_key(slug)) {
            return Err(Unknown {
                reason: format!(
                    "GitHub enables at most {MAX_RULES} custom rules at a time, so one would have to go before the new one comes, and the gate would be weaker in between"
                ),
                hint: "apply in two steps: first take rules away (with --allow-weaken), then add the new ones".to_owned(),
                cause: Cause::Other,
            });
        }
        let mut edits = Vec::new();
        for slug in wanted.iter().filter(|slug| !live.contains_key(*slug)) {
            let available = match self.live.available_rules.get(self.name) {
                Some(Ok(available)) => available,
                Some(Err(unknown)) => return Err(unknown.clone()),
                None => &BTreeMap::new(),
            };
            let integration_id = *available.get(slug).ok_or_else(|| Unknown {
                reason: format!("no app `{slug}` with a deployment protection rule is installed on {}", self.context.repository),
                hint: match available.keys().next() {
                    Some(_) => format!("installed are: {}", available.keys().cloned().collect::<Vec<_>>().join(", ")),
                    None => "install the app on the repository first".to_owned(),
                },
                cause: Cause::Other,
            })?;
            edits.push(RuleEdit::Enable { slug: slug.clone(), integration_id });
        }
        for (slug, id) in live.iter().filter(|(slug, _)| !wanted.contains(*slug)) {
            edits.push(RuleEdit::Disable { slug: slug.clone(), id: *id });
        }
        Ok(edits)
    }

    /// The declared reviewers with their accounts; fails on the first that cannot be taken at its word.
    fn reviewers<'g>(
        &'g self,
        gate: &'g Gate,
        there: &[LiveReviewer],
        draft: &mut Draft<Op>,
    ) -> Result<Option<Vec<Resolved<'g>>>, Unknown> {
        let Some(declared) = &gate.reviewers else { return Ok(None) };
        let mut resolved: Vec<Resolved<'g>> = Vec::new();
        for reviewer in declared {
            match self.live.reviewers.get(reviewer) {
                Some(Ok(actor)) => resolved.push((reviewer, actor)),
                Some(Err(unknown)) => return Err(unknown.clone()),
                None => {
                    return Err(Unknown {
                        reason: "a reviewer was not looked up".to_owned(),
                        hint: "run the command again".to_owned(),
                        cause: Cause::Other,
                    });
                }
            }
        }
        for (_, actor) in &resolved {
            match &actor.access {
                Access::Granted => {}
                Access::None => draft.note(
                    &self.address,
                    format!("{} has no access to the repository: GitHub would drop this reviewer without a word. Give read access first", actor.name),
                ),
                Access::Unknown(unknown) => draft.note(
                    &self.address,
                    format!("whether {} can see the repository is unknown ({}); GitHub drops reviewers that cannot, so apply looks again after writing", actor.name, unknown.reason),
                ),
            }
        }
        // GitHub took those who are there already; of the others it may drop each whose access is not known.
        let stays = |actor: &Actor| actor.access == Access::Granted || there.iter().any(|live| live.actor() == actor.id);
        let nobody = resolved.iter().all(|(_, actor)| actor.access == Access::None);
        if !resolved.is_empty() && (nobody || !there.is_empty() && !resolved.iter().any(|(_, actor)| stays(actor))) {
            let can = if nobody { "can see the repository" } else { "is known to see the repository" };
            return Err(Unknown {
                reason: format!(
                    "none of the declared reviewers {can}: GitHub drops those who cannot, and would leave {} without a reviewer",
                    self.name
                ),
                hint: format!(
                    "give {} read access to {} first",
                    resolved.iter().map(|(_, a)| a.name.as_str()).collect::<Vec<_>>().join(", "),
                    self.context.repository
                ),
                cause: Cause::Other,
            });
        }
        resolved.sort_by_key(|(_, actor)| actor.id);
        resolved.dedup_by_key(|(_, actor)| actor.id);
        Ok(Some(resolved))
    }

    fn note_renames(&self, wanted: &[Resolved<'_>], there: &Environment, draft: &mut Draft<Op>) {
        for (reviewer, actor) in wanted {
            if let Reviewer::User { login, .. } = reviewer
                && let Some(LiveReviewer::User { login: now, .. }) = there.reviewers.iter().find(|r| r.actor() == actor.id)
                && !now.eq_ignore_ascii_case(login)
            {
                draft.note(&self.address, format!("reviewer `{login}` is now called `{now}`: write that into gate.toml, the id stays"));
            }
        }
    }

    fn note_missing_secrets<'s>(&self, missing: impl Iterator<Item = &'s String>, draft: &mut Draft<Op>, what: &str) {
        let commands: Vec<String> = missing
            .map(|name| format!("`gh secret set {name} --env {} --repo {}`", shell_word(self.name.as_str()), self.context.repository))
            .collect();
        if !commands.is_empty() {
            draft.note(&self.address, format!("{what}; set each with: {}", commands.join(", ")));
        }
    }

    fn note_protected(&self, gate: &Gate, draft: &mut Draft<Op>) {
        if gate.deployment_branch_policy != Some(BranchPolicy::Protected) {
            return;
        }
        match &self.live.protected_branches {
            Some(Ok(branches)) if branches.is_empty() => draft.note(
                &self.address,
                "policy \"protected\" in a repository without a protected branch lets every branch deploy: protect one, or list the refs: { branches = [...], tags = [...] }",
            ),
            Some(Err(unknown)) => draft.note(
                &self.address,
                format!("whether any branch is protected is unknown ({}); without one, policy \"protected\" lets every branch deploy", unknown.reason),
            ),
            _ => {}
        }
    }

    fn note_billing(&self, gate: &Gate, draft: &mut Draft<Op>) {
        let gated_rule = gate.reviewers.as_ref().is_some_and(|r| !r.is_empty()) || gate.wait_timer.is_some_and(|t| t > 0);
        if self.repository.visibility.plan_gated() && gated_rule {
            draft.note(
                &self.address,
                "the repository is not public: GitHub documents required reviewers and wait timers there for GitHub Enterprise only (Team is not enough). Only trying tells for sure; if GitHub refuses, apply says what to do by hand and exits 3",
            );
        }
    }

    fn put(&self, gate: &Gate, body: Body, if_refused: Option<Body>) -> Op {
        let url = format!("{}/{}/settings/environments", self.context.web.trim_end_matches('/'), self.repository.name);
        let by_hand = refusal::by_hand(self.context.repository, self.name, gate, url, self.context.freeze_app);
        self.op(Action::Put { body, if_refused, by_hand })
    }

    fn op(&self, action: Action) -> Op {
        let environments = self.live.environments.as_ref().ok();
        let stored = environments.and_then(|all| all.get(self.name)).map_or(self.name, |there| &there.name);
        Op { repository: self.repository.name.clone(), environment: stored.clone(), action }
    }
}

enum RuleEdit {
    Enable { slug: String, integration_id: u64 },
    Disable { slug: String, id: u64 },
}

/// The variables to write: name, live value, declared value.
fn variables(gate: &Gate, there: &Environment) -> Result<Vec<(String, Option<String>, String)>, Unknown> {
    let live = match &there.variables {
        Some(Ok(live)) => live,
        Some(Err(unknown)) => return Err(unknown.clone()),
        None => return Ok(Vec::new()),
    };
    Ok(gate
        .variables
        .iter()
        .filter(|(name, value)| live.get(*name) != Some(value))
        .map(|(name, value)| (name.clone(), live.get(name).cloned(), value.clone()))
        .collect())
}

fn field(name: &str, before: Value, after: Value) -> Field {
    Field { name: name.to_owned(), before, after, weakens: false, because: None }
}

/// Marks the fields whose dimension got weaker, with the reason in words.
fn judged(fields: Vec<(Dimension, Field)>, before: &Strictness, after: &Strictness) -> Vec<Field> {
    let weaker = weakened(Some(before), Some(after));
    fields
        .into_iter()
        .map(|(dimension, mut field)| {
            if weaker.contains(&dimension) {
                field.weakens = true;
                field.because = Some(why(dimension, before, after));
            }
            field
        })
        .collect()
}

fn why(dimension: Dimension, before: &Strictness, after: &Strictness) -> String {
    match dimension {
        Dimension::Existence => "a workflow that names a missing environment runs ungated".to_owned(),
        Dimension::Reviewers if after.reviewers.is_empty() => "takes the last reviewer away: nobody has to approve".to_owned(),
        Dimension::Reviewers => {
            let count = after.reviewers.difference(&before.reviewers).count();
            let teams = after.reviewers.difference(&before.reviewers).any(|actor| matches!(actor, ActorId::Team(_)));
            let who = if teams { "a team, or somebody," } else { "somebody" };
            format!("lets {who} approve who could not before ({count} new; one approval suffices)")
        }
        Dimension::SelfReview => "lets the one who started a run approve it".to_owned(),
        Dimension::AdminBypass => "lets admins skip the rules".to_owned(),
        Dimension::WaitTimer => "shortens the wait".to_owned(),
        Dimension::Refs => "lets refs deploy that could not before, or that cannot be shown to be among those that could".to_owned(),
        Dimension::CustomRules => "an app no longer has to agree".to_owned(),
    }
}

fn reviewers_json(reviewers: &[Resolved<'_>]) -> Value {
    reviewers
        .iter()
        .map(|(reviewer, actor)| {
            let (ActorId::User(id) | ActorId::Team(id)) = actor.id;
            match reviewer {
                Reviewer::User { login, .. } => json!({"user": login, "id": id}),
                Reviewer::Team { .. } => json!({"team": actor.name, "id": id}),
            }
        })
        .collect()
}

/// A name as one word of a POSIX shell.
fn shell_word(text: &str) -> String {
    if !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c)) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests;
