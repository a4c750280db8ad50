//! The world in which a fault is tried, and what must hold after any apply.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use super::*;
use crate::cases::{Case, Declared, Policy, Rules};
use gatectl_test_support::world::World;

/// One gate that changes in every way, one that goes, and an app: nine kinds of writes.
fn case() -> Case {
    let rules = Rules {
        reviewers: [0].into(),
        prevent: false,
        bypass: true,
        timer: 0,
        policy: Policy::Selected([(false, "dev"), (false, "main")].into()),
        rules: [0].into(),
        variables: [Some(0), None],
    };
    let declared = Declared {
        reviewers: Some([0, 3].into()),
        prevent: Some(true),
        bypass: Some(false),
        timer: Some(30),
        policy: Some(Policy::Selected([(false, "main"), (true, "release/1")].into())),
        rules: Some([1].into()),
        variables: [Some(1), Some(2)],
    };
    Case {
        public: false,
        enterprise: true,
        start: [Some(rules.clone()), Some(rules)],
        want: [Some(Some(declared)), Some(None)],
        config: [(Some(0), Some(1)), (None, Some(2))],
        prune: false,
        freeze: false,
    }
}

/// A world of the case in which waits are counted.
pub(super) struct Trial {
    pub(super) world: World,
    pub(super) start: State,
    pub(super) waits: Arc<AtomicUsize>,
}

impl Trial {
    pub(super) async fn new(switches: &Switches) -> Self {
        let start = case().state(switches);
        let mut world = World::of(start.clone(), case().config()).await;
        let waits = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&waits);
        world.faithful.set(false);
        world.settings.on_wait = Some(Arc::new(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
        }));
        // Long compared with an answer on a busy machine, short compared with the test.
        world.settings.attempt_timeout = Duration::from_secs(5);
        world.settings.parallelism = 4;
        world.settings.timeout = Duration::from_secs(50);
        world.settings.max_body = 200_000;
        Self { world, start, waits }
    }

    /// What must hold after any apply, and that the next one converges if this one did not.
    pub(super) async fn laws(&self, applied: &Applied) -> Result<(), String> {
        let text = |error: proptest::test_runner::TestCaseError| error.to_string();
        properties::honest(&self.world, applied).map_err(text)?;
        self.world.heal();
        if !applied.report.converged {
            let next = self.world.apply().await;
            properties::honest(&self.world, &next).map_err(text)?;
            if !next.report.converged {
                return Err(format!("the next apply: {}", said(&next)));
            }
        }
        properties::never_weaker(&self.world, &self.start).map_err(text)?;
        properties::nothing_else(&self.world, &self.start).map_err(text)
    }
}
