//! Compares what a step sent with what was read back. Pure.
//!
//! A PUT replaces the whole gate, so it also carries what gate.toml does not declare; the plan that is made from reading back does
//! not look at that (law 5). Tested here and in `tests/reconcile/others.rs`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::apply::Mismatch;
use crate::model::GateKey;

use super::live::{Live, LiveEnvironment};
use super::ops::{Action, Body, BodyReviewer, Op, PolicyFlags, ReviewerKind};

/// The keys of a step's last PUT that are not there as they were sent. What could not be read is left out: read-back reports that itself.
pub fn not_kept(ops: &[Op], live: &Live) -> Vec<Mismatch> {
    let put = ops.iter().rev().find_map(|op| if let Action::Put { body, .. } = &op.action { Some((op, body)) } else { None });
    let Some((op, body)) = put else { return Vec::new() };
    let Some(Ok(there)) = live.environments.as_ref().ok().and_then(|all| all.get(&op.environment)) else { return Vec::new() };
    let owner = op.repository.owner();
    differences(body, &known(ops, there, owner), there, owner)
}

fn differences(body: &Body, known: &[Value], there: &LiveEnvironment, owner: &str) -> Vec<Mismatch> {
    let mut moved = Vec::new();
    let mut differ = |key: GateKey, sent: Option<Value>, now: Value| {
        if let Some(was) = sent.filter(|sent| *sent != now) {
            moved.push(Mismatch { name: key.name().to_owned(), was, now });
        }
    };
    let sent: Option<BTreeSet<Option<BodyReviewer>>> = body.reviewers.as_ref().map(|all| all.iter().copied().map(Some).collect());
    // One of a kind that is never sent is not among those that were.
    let listed = there.reviewers.iter().map(|reviewer| BodyReviewer::of(reviewer.actor())).collect();
    if let Some(sent) = sent.filter(|sent| *sent != listed) {
        let sent = sent.into_iter().flatten().map(|reviewer| named(reviewer, known)).collect();
        differ(GateKey::Reviewers, Some(sent), json!(there.reviewers.iter().map(|reviewer| reviewer.json(owner)).collect::<Vec<_>>()));
    }
    differ(GateKey::PreventSelfReview, body.prevent_self_review.map(Value::from), json!(there.prevent_self_review));
    differ(GateKey::CanAdminsBypass, body.can_admins_bypass.map(Value::from), json!(there.can_admins_bypass));
    differ(GateKey::WaitTimer, body.wait_timer.map(Value::from), json!(there.wait_timer));
    differ(GateKey::DeploymentBranchPolicy, body.deployment_branch_policy.map(mode), mode(PolicyFlags::of(there.policy)));
    moved
}

/// Reviewers with their names, as the step found them and as they are now; a PUT knows ids alone.
fn known(ops: &[Op], there: &LiveEnvironment, owner: &str) -> Vec<Value> {
    let found =
        ops.iter().find_map(|op| if let Action::Expect(Some(before)) = &op.action { before.get(GateKey::Reviewers.name()) } else { None });
    let found = found.and_then(Value::as_array).into_iter().flatten().cloned();
    found.chain(there.reviewers.iter().map(|reviewer| reviewer.json(owner))).collect()
}

fn named(reviewer: BodyReviewer, known: &[Value]) -> Value {
    let key = match reviewer.kind {
        ReviewerKind::Team => "team",
        ReviewerKind::User => "user",
    };
    let found = known.iter().find(|known| known.get("id") == Some(&json!(reviewer.id)) && known.get(key).is_some());
    found.cloned().unwrap_or_else(|| json!({ "id": reviewer.id }))
}

fn mode(flags: Option<PolicyFlags>) -> Value {
    match flags {
        None => json!("all"),
        Some(flags) if flags.protected_branches => json!("protected"),
        Some(_) => json!("selected"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::EnvName;
    use crate::providers::github::live::{LiveReviewer, PolicyMode};

    fn there(policy: PolicyMode, reviewers: Vec<LiveReviewer>) -> LiveEnvironment {
        LiveEnvironment {
            name: EnvName::new("production").unwrap(),
            id: 1,
            reviewers,
            prevent_self_review: false,
            can_admins_bypass: Some(false),
            wait_timer: 5,
            policy,
            patterns: None,
            protection_rules: None,
            variables: None,
            secrets: None,
        }
    }

    fn words(body: &Body, there: &LiveEnvironment) -> Vec<String> {
        let known = [json!({"team": "acme/sre", "id": 7}), json!({"user": "alice", "id": 7}), json!({"user": "bob", "id": 8})];
        differences(body, &known, there, "acme").iter().map(|one| format!("{} {} {}", one.name, one.was, one.now)).collect()
    }

    #[test]
    fn each_key_that_was_sent_is_compared() {
        let live = there(PolicyMode::All, Vec::new());
        assert_eq!(words(&Body::default(), &live), [""; 0], "what was not sent is not compared");
        let sent = Body {
            wait_timer: Some(6),
            prevent_self_review: Some(true),
            reviewers: Some(vec![BodyReviewer { kind: ReviewerKind::User, id: 7 }]),
            deployment_branch_policy: Some(PolicyFlags::of(PolicyMode::Protected)),
            can_admins_bypass: Some(true),
        };
        assert_eq!(
            words(&sent, &live),
            [
                "reviewers [{\"id\":7,\"user\":\"alice\"}] []",
                "prevent_self_review true false",
                "can_admins_bypass true false",
                "wait_timer 6 5",
                "deployment_branch_policy \"protected\" \"all\"",
            ]
        );
    }

    #[test]
    fn a_policy_is_kept_only_as_it_was_sent() {
        let modes = [PolicyMode::All, PolicyMode::Protected, PolicyMode::Selected];
        for (sent, live) in modes.iter().flat_map(|sent| modes.map(|live| (*sent, live))) {
            let body = Body { deployment_branch_policy: Some(PolicyFlags::of(sent)), ..Body::default() };
            assert_eq!(words(&body, &there(live, Vec::new())).is_empty(), sent == live, "{sent:?} {live:?}");
        }
    }
}
