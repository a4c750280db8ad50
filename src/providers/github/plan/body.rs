//! The whole object that a PUT has to carry.

use super::super::live::LiveReviewer;
use super::super::live::{LiveEnvironment, PolicyMode};
use super::super::ops::{Body, BodyReviewer, PolicyFlags};
use super::planner::{Planner, Resolved};
use crate::desired::github::Gate;
use crate::model::Unknown;

impl Planner<'_> {
    /// The whole object that a PUT has to carry, whichever way GitHub reads absent keys (fact G2.1).
    ///
    /// In a repository whose billing plan decides, a body that needs no restricted rule names none: their mere presence is refused (2.2).
    ///
    /// # Errors
    /// If a reviewer that is already there has no form that a PUT could send.
    pub(super) fn body(&self, gate: &Gate, reviewers: Option<&[Resolved<'_>]>, there: Option<&LiveEnvironment>) -> Result<Body, Unknown> {
        let live_reviewers = there.map(|there| there.reviewers.as_slice()).unwrap_or_default();
        let sent: Option<Vec<BodyReviewer>> = match reviewers {
            Some(reviewers) => reviewers.iter().map(|(_, actor)| BodyReviewer::of(actor.id)).collect(),
            None => live_reviewers.iter().map(|reviewer| BodyReviewer::of(reviewer.actor())).collect(),
        };
        let mut merged = sent.ok_or_else(|| unsendable(live_reviewers))?;
        merged.sort();
        let live_timer = there.map_or(0, |there| there.wait_timer);
        let timer = gate.wait_timer.unwrap_or(live_timer);
        let live_prevent = there.is_some_and(|there| there.prevent_self_review);
        let prevent = gate.prevent_self_review.unwrap_or(live_prevent) && !merged.is_empty();
        let live_bypass = there.and_then(|there| there.can_admins_bypass);
        let live_mode = there.map_or(PolicyMode::All, |there| there.policy);
        let mode = gate.deployment_branch_policy.as_ref().map_or(live_mode, PolicyMode::from);

        // Once one restricted rule must be sent, adding the others makes no difference.
        let rules =
            !merged.is_empty() || !live_reviewers.is_empty() || timer > 0 || live_timer > 0 || gate.can_admins_bypass == Some(false);
        let explicit = rules || !self.repository.visibility.plan_gated();
        // Whether a key is sent: always if it is wanted or was there; as an explicit default only if no billing plan can refuse it.
        let send = |wanted: bool, declared: bool, live: bool| wanted || live || (explicit && (declared || there.is_some()));
        Ok(Body {
            wait_timer: send(timer > 0, gate.wait_timer.is_some(), live_timer > 0).then_some(timer),
            // Refused without reviewers unless it clears what exists (fact G2.2, message 4).
            prevent_self_review: if merged.is_empty() {
                live_prevent.then_some(false)
            } else {
                send(prevent, gate.prevent_self_review.is_some(), live_prevent).then_some(prevent)
            },
            reviewers: send(!merged.is_empty(), reviewers.is_some(), !live_reviewers.is_empty()).then_some(merged),
            deployment_branch_policy: send(mode != PolicyMode::All, gate.deployment_branch_policy.is_some(), live_mode != PolicyMode::All)
                .then(|| PolicyFlags::of(mode)),
            // The default of a fresh environment is not a constant (fact G2.13): a declared value is always sent.
            can_admins_bypass: match (gate.can_admins_bypass, live_bypass) {
                (Some(wanted), live) if live != Some(wanted) || !wanted || explicit => Some(wanted),
                (None, Some(live)) if !live || explicit => Some(live),
                _ => None,
            },
        })
    }
}

/// Why nothing is written to an environment with an enterprise team among its reviewers.
pub(super) fn unsendable(reviewers: &[LiveReviewer]) -> Unknown {
    let teams: Vec<String> = reviewers
        .iter()
        .filter_map(|reviewer| match reviewer {
            LiveReviewer::EnterpriseTeam { slug, id } => Some(format!("`{slug}` (id {id})")),
            LiveReviewer::User { .. } | LiveReviewer::Team { .. } => None,
        })
        .collect();
    Unknown::new(
        format!(
            "its reviewers include the enterprise team {} (type `BusinessTeam`), and GitHub does not document how a write keeps one",
            teams.join(", ")
        ),
        "change this environment in the repository's settings, or make a team of the organization the reviewer",
    )
}
