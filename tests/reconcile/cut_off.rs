//! A tightening that is killed at each of its writes (law 7): the next apply finishes it by itself, or says what may have happened.

use gatectl::model::Field;
use gatectl::sandbox::PolicyMode;

use crate::properties::{StepResult, apply_to};
use gatectl_test_support::world::World;

const LIVE: &str = "version = 1\n[environments.production]\nreviewers = [{ user = \"alice\" }]\nwait_timer = 5\n";
const PATTERNS: [&str; 3] = ["hotfix", "main", "release"];

fn want() -> String {
    format!("{LIVE}deployment_branch_policy = {{ branches = {PATTERNS:?} }}\n")
}

/// What the next plan says about the refs after a kill at this write, and which patterns are there.
async fn after_a_kill(nth: u32) -> (Option<PolicyMode>, Vec<String>, Option<Field>) {
    let world = World::where_holds(LIVE, &want()).await;
    apply_to(&world, StepResult::Killed(nth)).await;
    world.heal();
    let live = world.environment("production").unwrap();
    let plan = world.plan().await;
    let refs = plan.changes().flat_map(|change| &change.fields).find(|field| field.name == "deployment_branch_policy").cloned();
    (live.policy, live.patterns.into_iter().map(|pattern| pattern.name).collect(), refs)
}

#[tokio::test]
async fn a_killed_tightening_needs_consent_only_while_some_patterns_are_there() {
    let mut seen = [false; 4];
    for nth in 1..=4 {
        let (mode, there, refs) = after_a_kill(nth).await;
        seen[there.len()] = true;
        match (mode, there.len(), refs) {
            // Nothing can deploy, so the declared patterns finish it without consent.
            (None, 0, Some(refs)) | (Some(PolicyMode::Custom), 0, Some(refs)) => assert!(!refs.weakens, "{nth}: {refs:?}"),
            (Some(PolicyMode::Custom), 1 | 2, Some(refs)) => {
                let missing: Vec<String> =
                    PATTERNS.into_iter().filter(|name| !there.iter().any(|is| is == name)).map(|name| format!("branch `{name}`")).collect();
                let because = refs.because.clone().unwrap_or_default();
                assert!(
                    refs.weakens
                        && because.ends_with(&format!("an interrupted apply can leave this state: only {} is missing", missing.join(", "))),
                    "{nth}: {because}"
                );
            }
            (Some(PolicyMode::Custom), 3, None) => {}
            other => panic!("{nth}: {other:?}"),
        }
    }
    assert!(seen[0] && seen[1] && seen[2], "each state was met: {seen:?}");
}
