//! Two gatectl at once.
//!
//! GitHub has no lock and no precondition on a write (API page, 2.1), so between a last look and the write that follows it somebody
//! else's write cannot be kept out. What can be had: whoever looks after the other wrote refuses to write; and of two that both
//! looked before either wrote, the one that ends last says what is not as it declared, unless everything is.

use std::time::Duration;

use gatectl::reconcile::Applied;
use gatectl::sandbox::{Effect, Fault};

use crate::cases::amiss_at;
use crate::world::{World, parse, said};

const START: &str = r#"
version = 1
[environments.production]
reviewers = [{ user = "alice", id = 501 }]
wait_timer = 5
deployment_branch_policy = { branches = ["main"] }
"#;
const ONE: &str = r#"
version = 1
[environments.production]
reviewers = [{ user = "alice", id = 501 }, { user = "bob", id = 502 }]
wait_timer = 10
deployment_branch_policy = { branches = ["one", "both"] }
"#;
const TWO: &str = r#"
version = 1
[environments.production]
reviewers = [{ user = "bob", id = 502 }]
wait_timer = 20
deployment_branch_policy = { branches = ["two", "both"] }
"#;

/// Lets one run's nth write wait on the wire while the other run goes from its plan to its report. `late` is the one that waits.
async fn interleaved(nth: usize, planned_before: bool) -> (World, Applied, Applied) {
    let everybody = format!("{START}[environments.people]\nreviewers = [{{ user = \"bob\", id = 502 }}]\n");
    let mut world = World::where_holds(&everybody, ONE).await;
    let late = world.run();
    let late_plan = Box::pin(late.scene.draft()).await.plan;
    world.config = parse(TWO);
    let early = world.run();
    let early_plan = Box::pin(early.scene.draft()).await.plan;

    let methods = ["DELETE", "PUT", "POST", "POST"];
    let before = methods[..nth].iter().filter(|method| **method == methods[nth]).count();
    let wait = Fault::new(Effect::Delay(Duration::from_millis(1500))).method(methods[nth]).nth(u32::try_from(before + 1).unwrap());
    world.fault(wait);
    let overtake = async {
        // The other one has looked, has written all before its nth write, and that one is under way.
        while world.writes() <= nth {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let plan = if planned_before { early_plan } else { Box::pin(early.scene.draft()).await.plan };
        early.apply(&plan, &world).await
    };
    let (late, early) = tokio::join!(late.apply(&late_plan, &world), overtake);
    (world, late, early)
}

#[tokio::test]
async fn the_one_that_looks_after_the_other_wrote_does_not_write() {
    for nth in 1..4 {
        let (world, late, early) = interleaved(nth, true).await;
        assert!(!early.report.converged, "{}", said(&early));
        assert!(said(&early).contains("somebody else"), "{}", said(&early));
        assert!(late.report.converged, "{}", said(&late));
        assert_eq!(world.sandbox.with(|state| amiss_at(&parse(ONE).desired, state)), Vec::<String>::new());
    }
}

#[tokio::test]
async fn of_two_that_both_looked_before_either_wrote_the_last_one_tells() {
    // The late one has looked, and its first write is on the wire while the other does everything.
    for planned_before in [true, false] {
        let (mut world, late, early) = interleaved(0, planned_before).await;
        let wrong = |toml: &str| world.sandbox.with(|state| amiss_at(&parse(toml).desired, state));
        let (one, two) = (wrong(ONE), wrong(TWO));
        assert_eq!(late.report.converged, one.is_empty(), "what the last one says is so: {one:?}\n{}", said(&late));
        assert!(one.is_empty() || two.is_empty() || !late.report.converged);
        if !one.is_empty() {
            assert!(said(&late).contains("another writer"), "{}", said(&late));
        }
        assert!(early.report.converged || said(&early).contains("somebody else"), "{}", said(&early));
        world.heal();
        world.config = parse(ONE);
        world.converge().await;
    }
}
