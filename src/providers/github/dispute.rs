//! Two writers at once: what of an environment is neither as a step found it nor as the step's own writes leave it.
//!
//! Owns that comparison, the look that it needs, and taking one write back. Must not decide what follows: that is [`crate::reconcile`]'s.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::apply::{Dispute, Moved, Performed};
use crate::http::{ApiError, ErrorKind, Reader, Writer};

use super::desired::{Pattern, RefKind};
use super::live::{self, Environment, PolicyMode, Snapshot};
use super::observe::{self, Asked, environment_target};
use super::ops::{self, Action, Body, BodyReviewer, Op, PolicyFlags};

/// What one PUT writes as a whole, beside the mode of the branch policy.
const WHOLE: [&str; 4] = ["reviewers", "prevent_self_review", "can_admins_bypass", "wait_timer"];

/// What another writer wrote of that which one PUT writes as a whole, after the ops of one step so far; one request.
///
/// # Errors
/// When the environment cannot be read.
pub async fn overwritten(reader: &Reader, done: &[&Op]) -> Result<Vec<Moved>, ApiError> {
    let dispute = compare(reader, done, Asked::default()).await?;
    Ok(if dispute.overwritten { dispute.foreign } else { Vec::new() })
}

/// Compares the environment, with every list that matters, with what the ops of one step, so far, say of it.
///
/// # Errors
/// When the environment cannot be read.
pub async fn dispute(reader: &Reader, done: &[&Op]) -> Result<Dispute, ApiError> {
    let asked = Trace::of(done).asked();
    compare(reader, done, asked).await
}

async fn compare(reader: &Reader, done: &[&Op], asked: Asked) -> Result<Dispute, ApiError> {
    let Some(op) = done.first() else { return Ok(Dispute::default()) };
    if done.iter().any(|op| op.action == Action::Delete) {
        return Ok(Dispute::default());
    }
    let trace = Trace::of(done);
    let live = observe::environment(reader, &op.repository, &op.environment, asked).await?;
    Ok(match live {
        Some(live) => trace.compare(&live),
        // An environment that this step made may not show yet.
        None if trace.before.is_none() => Dispute::default(),
        None => {
            let gone = Moved { name: op.environment.to_string(), was: json!("there"), now: json!("missing") };
            Dispute { foreign: vec![gone], overwritten: true, undone: 0 }
        }
    })
}

/// Puts a list back as it was before the last of these ops added to it, took from it or changed it; false when that shows no more.
///
/// # Errors
/// When the list cannot be read, or the request is refused.
pub async fn withdraw(writer: &Writer, done: &[&Op]) -> Result<bool, ApiError> {
    let Some(op) = done.last() else { return Ok(false) };
    let (reader, repository, environment) = (writer.reader(), &op.repository, &op.environment);
    let action = match &op.action {
        Action::CreateBranchPolicy(pattern) => patterns(reader, op)
            .await?
            .and_then(|there| there.get(pattern).copied())
            .map(|id| Action::DeleteBranchPolicy { pattern: pattern.clone(), id }),
        Action::DeleteBranchPolicy { pattern, .. } => {
            patterns(reader, op).await?.filter(|there| !there.contains_key(pattern)).map(|_| Action::CreateBranchPolicy(pattern.clone()))
        }
        Action::EnableRule { slug, .. } => {
            let there = observe::protection_rules(reader, repository, environment).await?;
            there.get(slug).map(|id| Action::DisableRule { slug: slug.clone(), id: *id })
        }
        Action::DisableRule { slug, .. } => {
            let there = observe::protection_rules(reader, repository, environment).await?;
            (!there.contains_key(slug)).then(|| Action::EnableRule { slug: slug.clone(), integration_id: None })
        }
        Action::CreateVariable { name, value } | Action::UpdateVariable { name, value } => {
            if observe::variables(reader, repository, environment).await?.get(name) != Some(value) {
                return Ok(false);
            }
            let Some(before) = Trace::of(done).variables.get(name.as_str()).and_then(|variable| variable.before) else {
                let target = environment_target(repository, environment).join("variables").join(name);
                return writer.delete(&target).await.map(|_| true);
            };
            Some(Action::UpdateVariable { name: name.clone(), value: before.to_owned() })
        }
        // One request writes these as a whole: whose comes last, stands. Patterns that a server brought back are nobody's.
        Action::Expect(_) | Action::Put { .. } | Action::DeleteOtherBranchPolicies(_) | Action::Delete => None,
    };
    match action {
        Some(action) => Ok(ops::perform(writer, &Op { action, ..(*op).clone() }).await? == Performed::Written),
        None => Ok(false),
    }
}

/// The patterns; none outside of selected mode, or without the environment.
async fn patterns(reader: &Reader, op: &Op) -> Result<Option<BTreeMap<Pattern, u64>>, ApiError> {
    match observe::patterns(reader, &op.repository, &op.environment).await {
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

/// The ops of a step so far, by what they found and what they leave.
#[derive(Debug, Default)]
struct Trace<'a> {
    before: Option<&'a Snapshot>,
    puts: Vec<&'a Body>,
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
    fn of(done: &[&'a Op]) -> Self {
        let mut trace = Self::default();
        for op in done {
            match &op.action {
                Action::Expect(None) => {
                    trace.patterns = Listed::found(BTreeSet::new());
                    trace.rules = Listed::found(BTreeSet::new());
                }
                Action::Expect(Some(before)) => trace.found(before),
                Action::Put { body, .. } => trace.puts.push(body),
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

    fn asked(&self) -> Asked {
        Asked {
            patterns: self.patterns.known.is_some(),
            protection_rules: self.rules.known.is_some(),
            variables: !self.variables.is_empty(),
            secrets: false,
        }
    }

    fn compare(&self, live: &Environment) -> Dispute {
        let mut dispute = Dispute::default();
        if !self.is_as_found(live) && !self.puts.iter().any(|body| may_leave(body, live)) {
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
        let Some(body) = self.puts.last() else { return self.before.map(|before| self.whole_moves(before, live)).unwrap_or_default() };
        let mut moved = Vec::new();
        let mut differ = |name: &str, was: Option<Value>, now: Value| {
            if let Some(was) = was.filter(|was| *was != now) {
                moved.push(Moved { name: name.to_owned(), was, now });
            }
        };
        let sorted = |mut all: Vec<BodyReviewer>| {
            all.sort();
            json!(all)
        };
        let reviewers = live.reviewers.iter().map(|reviewer| BodyReviewer::from(reviewer.actor())).collect();
        differ("reviewers", body.reviewers.clone().map(sorted), sorted(reviewers));
        differ("can_admins_bypass", body.can_admins_bypass.map(|v| json!(v)), json!(live.can_admins_bypass));
        differ("wait_timer", body.wait_timer.map(|v| json!(v)), json!(live.wait_timer));
        differ("deployment_branch_policy", body.deployment_branch_policy.map(|v| json!(v)), json!(PolicyFlags::of(live.policy)));
        moved
    }
}

fn clone((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

/// The mode of a policy as a snapshot holds it.
fn mode(policy: &Value) -> Value {
    if policy.is_object() { json!("selected") } else { policy.clone() }
}

/// Whether a PUT of this body may have left this: GitHub drops reviewers without access in silence (API page, 2.5), and an old
/// server leaves out the keys that it does not know (2.4).
fn may_leave(body: &Body, live: &Environment) -> bool {
    let certain = Body {
        reviewers: None,
        prevent_self_review: None,
        can_admins_bypass: body.can_admins_bypass.filter(|_| live.can_admins_bypass.is_some()),
        ..body.clone()
    };
    let nobody_else = |wanted: &Vec<BodyReviewer>| live.reviewers.iter().all(|it| wanted.contains(&BodyReviewer::from(it.actor())));
    certain.holds_in(live) && body.reviewers.as_ref().is_none_or(nobody_else)
}
