//! The reviewers that a write would send, trusted only if GitHub confirms them.

use serde_json::{Value, json};

use crate::model::{Blocker, Cause, Draft, Unknown};

use super::super::live::{Access, Actor, LiveEnvironment, LiveReviewer};
use super::super::ops::Op;
use super::super::strictness::ActorId;
use super::planner::{Planner, Resolved};
use crate::desired::github::{Gate, Reviewer};

impl Planner<'_> {
    /// The declared reviewers with their accounts.
    ///
    /// # Errors
    /// Everything that keeps one of them from being trusted.
    pub(super) fn reviewers<'g>(&'g self, gate: &'g Gate) -> Result<Option<Vec<Resolved<'g>>>, Vec<Blocker>> {
        let Some(declared) = &gate.reviewers else { return Ok(None) };
        let mut resolved: Vec<Resolved<'g>> = Vec::new();
        let mut blockers = Vec::new();
        for reviewer in declared {
            match self.live.reviewers.get(reviewer) {
                Some(Ok(actor)) if actor.access == Access::None => blockers.push(Blocker::invalid(
                    format!("{} has no access to {}, and GitHub silently drops such a reviewer", actor.name, self.context.repository),
                    format!("give {} read access to the repository, or take them out of `reviewers`", actor.name),
                )),
                Some(Ok(actor)) => resolved.push((reviewer, actor)),
                Some(Err(blocker)) => blockers.push(blocker.clone()),
                None => blockers.push(not_looked_up().into()),
            }
        }
        if !blockers.is_empty() {
            return Err(blockers);
        }
        resolved.sort_by_key(|(_, actor)| actor.id);
        resolved.dedup_by_key(|(_, actor)| actor.id);
        Ok(Some(resolved))
    }

    /// Whether a PUT may send these reviewers, or, if none are declared, those that exist (law 5).
    ///
    /// # Errors
    /// If GitHub may drop one that is there, or all of them, so that the gate is lost.
    pub(super) fn sendable(&self, reviewers: Option<&[Resolved<'_>]>, there: &[LiveReviewer]) -> Result<(), Unknown> {
        let Some(reviewers) = reviewers else { return there.iter().try_for_each(|reviewer| self.carries(reviewer)) };
        let is_there = |actor: &Actor| there.iter().any(|reviewer| reviewer.actor() == actor.id);
        let all_may_go = !there.is_empty() && reviewers.iter().all(|(_, actor)| actor.access != Access::Granted);
        let at_risk: Vec<(&Actor, Unknown)> = reviewers
            .iter()
            .filter(|(_, actor)| all_may_go || is_there(actor))
            .filter_map(|(_, actor)| {
                Some((
                    *actor,
                    match &actor.access {
                        Access::Granted => return None,
                        Access::Unknown(unknown) => unknown.clone(),
                        Access::None => Unknown::new(format!("{} has no access", actor.name), "give them read access to the repository"),
                    },
                ))
            })
            .collect();
        let Some((_, Unknown { reason: why, hint, cause })) = at_risk.first() else { return Ok(()) };
        let names = at_risk.iter().map(|(actor, _)| actor.name.as_str()).collect::<Vec<_>>().join(", ");
        Err(Unknown {
            reason: format!(
                "a write may lose {names} among the reviewers of {}, since GitHub silently drops those without access: {why}",
                self.name
            ),
            hint: hint.clone(),
            cause: *cause,
        })
    }

    /// Whether an undeclared reviewer survives a PUT that sends it along.
    fn carries(&self, reviewer: &LiveReviewer) -> Result<(), Unknown> {
        let who = reviewer.json(self.repository.name.owner());
        let who = who.get("user").or_else(|| who.get("team")).and_then(Value::as_str).unwrap_or("an enterprise team").to_owned();
        let (why, cause) = match self.live.carried.get(&reviewer.actor()) {
            Some(Ok(Actor { access: Access::Granted, .. })) => return Ok(()),
            Some(Ok(Actor { access: Access::None, .. })) => (format!("{who} has no access to {}", self.context.repository), Cause::Other),
            Some(Ok(Actor { access: Access::Unknown(unknown), .. }) | Err(unknown)) => (unknown.reason.clone(), unknown.cause),
            None => (not_looked_up().reason, Cause::Other),
        };
        Err(Unknown {
            reason: format!(
                "a write would send along the reviewer {who}, which gate.toml does not declare and GitHub would silently drop: {why}"
            ),
            hint: format!("give {who} read access to the repository, or declare `reviewers` for {}", self.name),
            cause,
        })
    }

    pub(super) fn note_access(&self, reviewers: &[Resolved<'_>], draft: &mut Draft<Op>) {
        for (_, actor) in reviewers {
            if let Access::Unknown(unknown) = &actor.access {
                draft.note(
                    &self.address,
                    format!(
                        "it is unknown whether {} has access to the repository ({}); GitHub drops reviewers without access, so apply checks again after writing",
                        actor.name, unknown.reason
                    ),
                );
            }
        }
    }

    pub(super) fn note_renames(&self, wanted: &[Resolved<'_>], there: &LiveEnvironment, draft: &mut Draft<Op>) {
        for (reviewer, actor) in wanted {
            if let Reviewer::User { login, .. } = reviewer
                && let Some(LiveReviewer::User { login: now, .. }) = there.reviewers.iter().find(|r| r.actor() == actor.id)
                && !now.eq_ignore_ascii_case(login)
            {
                draft.note(
                    &self.address,
                    format!("reviewer `{login}` is now called `{now}`: write the new login in gate.toml and keep the id"),
                );
            }
        }
    }
}

fn not_looked_up() -> Unknown {
    Unknown::new("a reviewer was not looked up", "run the command again")
}

/// The declared reviewers as a plan shows them: an existing one under its live name, so that it shows as unchanged.
pub(super) fn reviewers_json(reviewers: &[Resolved<'_>], there: &[LiveReviewer], owner: &str) -> Value {
    reviewers
        .iter()
        .map(|(reviewer, actor)| {
            if let Some(live) = there.iter().find(|live| live.actor() == actor.id) {
                return live.json(owner);
            }
            let (ActorId::User(id) | ActorId::Team(id) | ActorId::EnterpriseTeam(id)) = actor.id;
            match reviewer {
                Reviewer::User { login, .. } => json!({"user": login, "id": id}),
                Reviewer::Team { .. } => json!({"team": actor.name, "id": id}),
            }
        })
        .collect()
}
