//! What a step found and what its own writes leave, against what is there. Pure.
//!
//! Owns the comparison of both. Must not ask anything.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::apply::{Dispute, Moved, Performed};

use super::super::live::{self, Environment, LiveReviewer, PolicyMode, Snapshot};
use super::super::observe::Asked;
use super::super::ops::{Action, Body, BodyReviewer, Op, PolicyFlags, ReviewerKind};
use crate::desired::github::{Pattern, RefKind};

/// What one PUT writes as a whole, beside the mode of the branch policy.
const WHOLE: [&str; 4] = ["reviewers", "prevent_self_review", "can_admins_bypass", "wait_timer"];

/// The ops of a step so far, by what they found and what they leave.
#[derive(Debug, Default)]
pub(super) struct Trace<'a> {
    before: Option<&'a Snapshot>,
    puts: Vec<(&'a Body, Performed)>,
    patterns: Listed<Pattern>,
    rules: Listed<String>,
    variables: BTreeMap<&'a str, Variable<'a>>,
}

/// A variable as a step found it and as it wrote it.
#[derive(Debug, Default)]
struct Variable<'a> {
    before: Option<&'a str>,
    written: Option<&'a str>,
}

/// A list whose entries are added and removed one by one.
#[derive(Debug)]
struct Listed<T> {
    /// What may be there beside what was added; `None` when what was there before is not known.
    known: Option<BTreeSet<T>>,
    /// What must be there beside what was added.
    kept: BTreeSet<T>,
    added: BTreeSet<T>,
    removed: BTreeSet<T>,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self { known: None, kept: BTreeSet::new(), added: BTreeSet::new(), removed: BTreeSet::new() }
    }
}

impl<T: Ord + Clone> Listed<T> {
    fn found(entries: BTreeSet<T>) -> Self {
        Self { known: Some(entries.clone()), kept: entries, ..Self::default() }
    }

    fn add(&mut self, entry: T) {
        self.added.insert(entry);
    }

    fn remove(&mut self, entry: &T) {
        self.kept.remove(entry);
        self.removed.insert(entry.clone());
    }

    fn compare(&self, now: &BTreeSet<T>, name: impl Fn(&T) -> String, into: &mut Dispute) {
        let Some(known) = &self.known else { return };
        let moved = |entry: &T, was: &str, now: &str| Moved { name: name(entry), was: json!(was), now: json!(now) };
        let came = now.iter().filter(|entry| !known.contains(*entry) && !self.added.contains(*entry));
        into.foreign.extend(came.map(|entry| moved(entry, "missing", "there")));
        into.foreign.extend(self.kept.difference(now).map(|entry| moved(entry, "there", "missing")));
        into.undone += self.added.difference(now).count() + self.removed.intersection(now).count();
    }
}

impl<'a> Trace<'a> {
    pub(super) fn of(done: &[(&'a Op, Performed)]) -> Self {
        let mut trace = Self::default();
        for (op, did) in done {
            if *did == Performed::AlreadySo {
                // Not of this step's making; but a variable that it was about is to be looked at.
                if let Action::CreateVariable { name, .. } | Action::UpdateVariable { name, .. } = &op.action {
                    trace.variables.entry(name).or_default();
                }
                continue;
            }
            match &op.action {
                Action::Expect(None) => {
                    trace.patterns = Listed::found(BTreeSet::new());
                    trace.rules = Listed::found(BTreeSet::new());
                }
                Action::Expect(Some(before)) => trace.found(before),
                Action::Put { body, .. } => trace.puts.push((body, *did)),
                Action::CreateBranchPolicy(pattern) => trace.patterns.add(pattern.clone()),
                Action::DeleteBranchPolicy { pattern, .. } => trace.patterns.remove(pattern),
                Action::DeleteOtherBranchPolicies(keep) => trace.patterns.known = Some(keep.clone()),
                Action::EnableRule { slug, .. } => trace.rules.add(slug.clone()),
                Action::DisableRule { slug, .. } => trace.rules.remove(slug),
                Action::CreateVariable { name, value } | Action::UpdateVariable { name, value } => {
                    trace.variables.entry(name).or_default().written = Some(value);
                }
                Action::Delete => {}
            }
        }
        trace
    }

    fn found(&mut self, before: &'a Snapshot) {
        self.before = Some(before);
        if let Some(Value::Object(lists)) = before.get("deployment_branch_policy") {
            let of = |key: &str, kind: RefKind| {
                let names = lists.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
                names.map(move |name| Pattern { kind, name: name.to_owned() }).collect::<Vec<_>>()
            };
            let patterns = of("branches", RefKind::Branch).into_iter().chain(of("tags", RefKind::Tag));
            self.patterns = Listed::found(patterns.collect());
        }
        if let Some(Value::Array(slugs)) = before.get("protection_rules") {
            self.rules = Listed::found(slugs.iter().filter_map(Value::as_str).map(str::to_owned).collect());
        }
        for (name, value) in before {
            if let Some(name) = name.strip_prefix("variables.") {
                self.variables.insert(name, Variable { before: value.as_str(), written: None });
            }
        }
    }

    pub(super) fn asked(&self) -> Asked {
        Asked {
            patterns: self.patterns.known.is_some(),
            protection_rules: self.rules.known.is_some(),
            variables: !self.variables.is_empty(),
            secrets: false,
        }
    }

    /// What is there against what should be; a list that was not read is left out.
    pub(super) fn compare(&self, live: Option<&Environment>) -> Dispute {
        let mut dispute = Dispute::default();
        let Some(live) = live else {
            // An environment that this step made may not show yet.
            if self.before.is_some() {
                dispute.foreign.push(Moved { name: "the environment".to_owned(), was: json!("there"), now: json!("missing") });
                dispute.overwritten = true;
            }
            return dispute;
        };
        if !self.is_as_found(live) && !self.puts.iter().any(|(body, did)| may_leave(body, *did, live)) {
            dispute.overwritten = true;
            dispute.foreign.extend(self.whole(live));
        }
        if let (PolicyMode::Selected, Some(Ok(patterns))) = (live.policy, &live.patterns) {
            let name = |pattern: &Pattern| match pattern.kind {
                RefKind::Branch => format!("branch pattern `{}`", pattern.name),
                RefKind::Tag => format!("tag pattern `{}`", pattern.name),
            };
            self.patterns.compare(&patterns.keys().cloned().collect(), name, &mut dispute);
        }
        if let Some(Ok(rules)) = &live.protection_rules {
            self.rules.compare(&rules.keys().cloned().collect(), |slug| format!("custom rule of `{slug}`"), &mut dispute);
        }
        if let Some(Ok(variables)) = &live.variables {
            for (name, variable) in &self.variables {
                let now = variables.get(*name).map(String::as_str);
                if variable.written.is_some() && now == variable.written {
                    continue;
                }
                if now == variable.before {
                    dispute.undone += usize::from(variable.written.is_some());
                } else {
                    let was = json!(variable.written.or(variable.before));
                    dispute.foreign.push(Moved { name: format!("variables.{name}"), was, now: json!(now) });
                }
            }
        }
        dispute
    }

    /// Whether what a PUT writes is as the step found it: nothing was written yet, or reads lag behind.
    fn is_as_found(&self, live: &Environment) -> bool {
        match self.before {
            Some(before) => self.whole_moves(before, live).is_empty(),
            // Right after it was made: by a PUT that does not show whole yet, or that went without what the server does not know.
            None => live.reviewers.is_empty() && live.wait_timer == 0 && !live.prevent_self_review && live.policy == PolicyMode::All,
        }
    }

    fn whole_moves(&self, before: &Snapshot, live: &Environment) -> Vec<Moved> {
        let whole: Snapshot = before.iter().filter(|(name, _)| WHOLE.contains(&name.as_str())).map(clone).collect();
        let mut moved: Vec<Moved> =
            live::moved(&whole, &live.snapshot([])).into_iter().map(|(name, was, now)| Moved { name, was, now }).collect();
        let was = before.get("deployment_branch_policy").map(mode);
        let now = mode(&live.branch_policy().map_or(json!("selected"), |policy| policy.json()));
        if let Some(was) = was.filter(|was| *was != now) {
            moved.push(Moved { name: "deployment_branch_policy".to_owned(), was, now });
        }
        moved
    }

    /// What a PUT writes, as it is, against the last one of this step, or against what the step found.
    fn whole(&self, live: &Environment) -> Vec<Moved> {
        let Some((body, _)) = self.puts.last() else { return self.before.map(|before| self.whole_moves(before, live)).unwrap_or_default() };
        let mut moved = Vec::new();
        let mut differ = |name: &str, was: Option<Value>, now: Value| {
            if let Some(was) = was.filter(|was| *was != now) {
                moved.push(Moved { name: name.to_owned(), was, now });
            }
        };
        let listed = json!(live.reviewers.iter().map(LiveReviewer::json).collect::<Vec<_>>());
        let wanted: Option<BTreeSet<BodyReviewer>> = body.reviewers.as_ref().map(|all| all.iter().copied().collect());
        let there: BTreeSet<BodyReviewer> = live.reviewers.iter().filter_map(|it| BodyReviewer::of(it.actor())).collect();
        if wanted.as_ref().is_some_and(|wanted| *wanted != there) {
            differ("reviewers", wanted.map(|wanted| self.named(wanted, live)), listed);
        }
        differ("can_admins_bypass", body.can_admins_bypass.map(|v| json!(v)), json!(live.can_admins_bypass));
        differ("wait_timer", body.wait_timer.map(|v| json!(v)), json!(live.wait_timer));
        let word = |flags: Option<PolicyFlags>| match flags {
            None => json!("all"),
            Some(flags) if flags.protected_branches => json!("protected"),
            Some(_) => json!("selected"),
        };
        differ("deployment_branch_policy", body.deployment_branch_policy.map(word), word(PolicyFlags::of(live.policy)));
        moved
    }
}

impl Trace<'_> {
    /// Reviewers with the names that the step found, or that are there now; a PUT knows ids alone.
    fn named(&self, reviewers: BTreeSet<BodyReviewer>, live: &Environment) -> Value {
        let found = self.before.and_then(|before| before.get("reviewers")).and_then(Value::as_array).into_iter().flatten().cloned();
        let known: Vec<Value> = found.chain(live.reviewers.iter().map(LiveReviewer::json)).collect();
        let name = |reviewer: BodyReviewer| {
            let key = if reviewer.kind == ReviewerKind::Team { "team" } else { "user" };
            let known = known.iter().find(|known| known["id"] == json!(reviewer.id) && known.get(key).is_some());
            known.cloned().unwrap_or_else(|| json!({ "id": reviewer.id }))
        };
        reviewers.into_iter().map(name).collect()
    }
}

fn clone((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

/// The mode of a policy as a snapshot holds it.
fn mode(policy: &Value) -> Value {
    if policy.is_object() { json!("selected") } else { policy.clone() }
}

/// Whether a PUT of this body, which did that, may have left this: an old server leaves out the keys that it does not know (API
/// page, 2.4), and where GitHub dropped reviewers, fewer are there.
fn may_leave(body: &Body, did: Performed, live: &Environment) -> bool {
    let reduced = did == Performed::Reduced;
    let certain = Body {
        reviewers: body.reviewers.clone().filter(|_| !reduced),
        prevent_self_review: None,
        can_admins_bypass: body.can_admins_bypass.filter(|_| live.can_admins_bypass.is_some()),
        ..body.clone()
    };
    let nobody_else =
        |wanted: &Vec<BodyReviewer>| live.reviewers.iter().all(|it| BodyReviewer::of(it.actor()).is_some_and(|it| wanted.contains(&it)));
    certain.holds_in(live) && (!reduced || body.reviewers.as_ref().is_none_or(nobody_else))
}

#[cfg(test)]
mod tests;
