//! The refusal of the billing plan: how it is recognized, and the manual steps for it (failure mode B, docs/laws.md).
//!
//! Owns GitHub's wordings and the manual steps. Must not know how the refused request was sent.

use crate::http::{ApiError, ErrorKind};
use crate::model::{ByHand, EnvName, RepoName};

use crate::desired::freeze::Store;
use crate::desired::github::{BranchPolicy, Gate, RefKind, Reviewer};

/// A rule that GitHub's billing plan refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// Required reviewers, and with them the prevention of self-review.
    RequiredReviewers,
    /// The wait timer.
    WaitTimer,
    /// The wording of 2022 names no rule (fact G2.2, message 3).
    Unnamed,
}

/// Recognizes a refusal by the billing plan, in all known wordings; `None` for every other 422 (fact G2.2).
pub fn classify(error: &ApiError) -> Option<Feature> {
    if error.kind != ErrorKind::Unprocessable || error.status != Some(422) {
        return None;
    }
    let message = error.message.to_lowercase();
    if !message.contains("billing plan") {
        return None;
    }
    Some(if message.contains("required reviewers") {
        Feature::RequiredReviewers
    } else if message.contains("wait timer") {
        Feature::WaitTimer
    } else {
        Feature::Unnamed
    })
}

/// The manual steps after a refusal, with exact values.
///
/// `url` is the repository's environment page; `freeze` the store to freeze in the meantime. `because` is filled in by
/// the reader of GitHub's words.
pub fn by_hand(repo: &RepoName, name: &EnvName, gate: &Gate, url: String, freeze: Option<&Store>) -> ByHand {
    let reviewers = gate.reviewers.as_deref().unwrap_or_default();
    let mut steps = Vec::new();
    if !reviewers.is_empty() {
        steps.push(match freeze {
            Some(store) => format!(
                "Freeze now: `gatectl freeze on {} --reason \"no required reviewers\"`. No approval is required to deploy to {name} until the rule is in place. A freeze is weaker than a reviewer: it stops only workflows that check it, and anyone who can write {} can lift it.",
                store.flag(),
                store.values()
            ),
            None => format!(
                "Freeze now: declare a [freeze] in gate.toml and run `gatectl freeze on --reason \"no required reviewers\"`. No approval is required to deploy to {name} until the rule is in place. A freeze stops only workflows that check it."
            ),
        });
        // Facts G2.15 and G2.2.
        steps.push(format!(
            "Limit who can start the deploy workflow: an Actions policy (workflow execution protections) does that on public repositories, and on private ones with GitHub Team or Enterprise. Its settings are under {}.",
            url.replace("/environments", "/actions")
        ));
    }
    steps.push(format!("Open {url} and choose `{name}`. If the page does not show the controls of the next steps, skip to the last step."));
    let before = steps.len();
    if !reviewers.is_empty() {
        let who: Vec<String> = reviewers.iter().map(describe).collect();
        steps.push(format!("Under \"Required reviewers\", add {}.", who.join(", ")));
        match gate.prevent_self_review {
            Some(true) => steps.push("Tick \"Prevent self-review\".".to_owned()),
            Some(false) => steps.push("Leave \"Prevent self-review\" unticked.".to_owned()),
            None => {}
        }
    }
    if let Some(minutes) = gate.wait_timer.filter(|minutes| *minutes > 0) {
        steps.push(format!("Tick \"Wait timer\" and enter {minutes} minutes."));
    }
    match gate.can_admins_bypass {
        Some(false) => steps.push("Untick \"Allow administrators to bypass configured protection rules\".".to_owned()),
        Some(true) => steps.push("Tick \"Allow administrators to bypass configured protection rules\".".to_owned()),
        None => {}
    }
    if steps.len() > before {
        steps.push("Click \"Save protection rules\".".to_owned());
    }
    match &gate.deployment_branch_policy {
        Some(BranchPolicy::All) => steps.push("In the \"Deployment branches\" list, choose the entry that restricts nothing.".to_owned()),
        Some(BranchPolicy::Protected) => {
            steps.push("In the \"Deployment branches\" list, choose the entry for protected branches.".to_owned());
        }
        Some(BranchPolicy::Selected(patterns)) => {
            let list: Vec<String> = patterns
                .iter()
                .map(|pattern| match pattern.kind {
                    RefKind::Branch => format!("branch `{}`", pattern.name),
                    RefKind::Tag => format!("tag `{}`", pattern.name),
                })
                .collect();
            steps.push(format!(
                "In the \"Deployment branches\" list, choose \"Selected branches and tags\". With \"Add deployment branch or tag rule\", \"Ref type\" and \"Add rule\", add {}; remove every other rule there.",
                list.join(", ")
            ));
        }
        None => {}
    }
    steps.push(format!(
        "If the controls are missing, your plan does not include the rule: GitHub documents required reviewers, wait timers and the admin-bypass switch for public repositories on every current plan, and for private or internal ones with GitHub Enterprise only. GitHub Team is not enough for a private repository. Make {repo} public, or move it to an organization with GitHub Enterprise. Then run `gatectl apply` again: it writes the whole gate in one request."
    ));
    ByHand { url, because: String::new(), steps }
}

fn describe(reviewer: &Reviewer) -> String {
    match reviewer {
        Reviewer::User { login, id: Some(id) } => format!("{login} (user id {id})"),
        Reviewer::User { login, id: None } => login.clone(),
        Reviewer::Team { slug, .. } => format!("team {slug}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired::github::Pattern;

    fn error(status: u16, message: &str) -> ApiError {
        ApiError { status: Some(status), ..ApiError::new("PUT /x", ErrorKind::Unprocessable, message) }
    }

    #[test]
    fn every_known_wording_of_the_billing_refusal_is_recognized_and_nothing_else() {
        let refused = [
            (
                "Failed to create the environment protection rule. Please ensure the billing plan supports the required reviewers protection rule.",
                Feature::RequiredReviewers,
            ),
            (
                "Failed to create the environment protection rule. Please ensure the billing plan supports the wait timer protection rule.",
                Feature::WaitTimer,
            ),
            ("Fail to create protected rule, please ensure billing plan include protected branch gate.", Feature::Unnamed),
        ];
        for (message, feature) in refused {
            assert_eq!(classify(&error(422, message)), Some(feature), "{message}");
            assert_eq!(classify(&error(400, message)), None);
        }
        for other in [
            "Failed to create or update the environment protection rule. Required reviewers must have at least one reviewer to set prevent_self_review.",
            "\"custom_branch_policies\" and \"protected_branches\" cannot have the same value",
            "Invalid request.\n\n\"can_admins_bypass\" is not a permitted key.",
        ] {
            assert_eq!(classify(&error(422, other)), None, "{other}");
        }
    }

    fn steps(gate: &Gate, freeze: Option<&Store>) -> String {
        let (repo, name) = (RepoName::parse("acme/shop").unwrap(), EnvName::new("production").unwrap());
        by_hand(&repo, &name, gate, "https://github.com/acme/shop/settings/environments".to_owned(), freeze).steps.join("\n")
    }

    #[test]
    fn the_steps_name_everything_that_gate_toml_declares_and_nothing_else() {
        let reviewers = vec![
            Reviewer::User { login: "alice".to_owned(), id: Some(501) },
            Reviewer::User { login: "bob".to_owned(), id: None },
            Reviewer::Team { org: None, slug: "sre".to_owned(), id: Some(601) },
        ];
        let patterns = [(RefKind::Branch, "main"), (RefKind::Tag, "v*")];
        let selected = patterns.into_iter().map(|(kind, name)| Pattern { kind, name: name.to_owned() }).collect();
        let gate = Gate {
            reviewers: Some(reviewers),
            prevent_self_review: Some(true),
            can_admins_bypass: Some(false),
            wait_timer: Some(10),
            deployment_branch_policy: Some(BranchPolicy::Selected(selected)),
            ..Gate::default()
        };
        let all = steps(&gate, Some(&Store::Heroku("shop-prod".to_owned())));
        for part in [
            "gatectl freeze on --app shop-prod",
            "settings/actions.",
            "add alice (user id 501), bob, team sre.",
            "Tick \"Prevent self-review\"",
            "enter 10 minutes",
            "Untick \"Allow administrators",
            "Save protection rules",
            "add branch `main`, tag `v*`;",
            "Make acme/shop public",
        ] {
            assert!(all.contains(part), "{part}: {all}");
        }
        assert!(steps(&gate, None).contains("declare a [freeze]"));
        // A branch policy is not saved with the other rules, and without reviewers there is nothing to freeze for.
        let refs = steps(&Gate { deployment_branch_policy: Some(BranchPolicy::Protected), ..Gate::default() }, None);
        assert!(refs.contains("protected branches"), "{refs}");
        let timer =
            steps(&Gate { wait_timer: Some(0), prevent_self_review: Some(true), reviewers: Some(Vec::new()), ..Gate::default() }, None);
        for part in [
            "freeze on",
            "Required reviewers\"",
            "Prevent self-review",
            "Wait timer",
            "configured protection rules",
            "Save protection rules",
        ] {
            assert!(!refs.contains(part) && !timer.contains(part), "{part}: {refs} {timer}");
        }
        let open = steps(&Gate { wait_timer: Some(1), can_admins_bypass: Some(true), ..Gate::default() }, None);
        assert!(open.contains("enter 1 minutes") && open.contains("Tick \"Allow administrators") && open.contains("Save"), "{open}");
    }
}
