//! The declared reviewers, taken at their word only where GitHub confirms it.

use serde_json::{Value, json};

use crate::model::{Cause, Draft, Unknown};

use super::super::live::{Access, Actor, Environment, LiveReviewer};
use super::super::ops::Op;
use super::super::strictness::ActorId;
use super::{Planner, Resolved};
use crate::desired::github::{Gate, Reviewer};

impl Planner<'_> {
    /// The declared reviewers with their accounts; fails on the first that cannot be taken at its word.
    pub(super) fn reviewers<'g>(
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

    pub(super) fn note_renames(&self, wanted: &[Resolved<'_>], there: &Environment, draft: &mut Draft<Op>) {
        for (reviewer, actor) in wanted {
            if let Reviewer::User { login, .. } = reviewer
                && let Some(LiveReviewer::User { login: now, .. }) = there.reviewers.iter().find(|r| r.actor() == actor.id)
                && !now.eq_ignore_ascii_case(login)
            {
                draft.note(&self.address, format!("reviewer `{login}` is now called `{now}`: write that into gate.toml, the id stays"));
            }
        }
    }
}

pub(super) fn reviewers_json(reviewers: &[Resolved<'_>]) -> Value {
    reviewers
        .iter()
        .map(|(reviewer, actor)| {
            let (ActorId::User(id) | ActorId::Team(id) | ActorId::EnterpriseTeam(id)) = actor.id;
            match reviewer {
                Reviewer::User { login, .. } => json!({"user": login, "id": id}),
                Reviewer::Team { .. } => json!({"team": actor.name, "id": id}),
            }
        })
        .collect()
}
