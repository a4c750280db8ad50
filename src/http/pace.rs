//! Spreads requests over time so that a server's points per minute are never exceeded. Pure but for the clock it is given.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

const WINDOW: Duration = Duration::from_secs(60);

/// The requests of the last minute, and those that already have a time to be sent at.
#[derive(Debug, Default)]
pub(super) struct Pace {
    sent: VecDeque<(Instant, u32)>,
}

impl Pace {
    /// Reserves the earliest moment from `now` on at which a request with this many points keeps every minute within `budget`.
    pub(super) fn reserve(&mut self, points: u32, budget: u32, now: Instant) -> Instant {
        let mut at = self.sent.back().map_or(now, |(last, _)| now.max(*last));
        let over = |sent: &VecDeque<(Instant, u32)>, at: Instant| sent.front().is_some_and(|(first, _)| *first + WINDOW <= at);
        while over(&self.sent, at) {
            self.sent.pop_front();
        }
        // A request that is larger than the whole budget goes alone.
        while self.sent.iter().map(|(_, points)| points).sum::<u32>() + points > budget {
            let Some((first, _)) = self.sent.pop_front() else { break };
            at = at.max(first + WINDOW);
        }
        self.sent.push_back((at, points));
        at
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_minute_exceeds_the_budget_and_none_waits_without_need(
            asked in proptest::collection::vec((0_u64..5_000, prop_oneof![Just(1_u32), Just(5)]), 1..200),
            budget in 5_u32..60,
        ) {
            let start = Instant::now();
            let (mut pace, mut now, mut sent) = (Pace::default(), start, Vec::<(Instant, u32)>::new());
            for (pause, points) in asked {
                now += Duration::from_millis(pause);
                let at = pace.reserve(points, budget, now);
                prop_assert!(at >= now && sent.last().is_none_or(|(last, _)| at >= *last));
                // The minute that ends with this request.
                let minute: u32 = sent.iter().filter(|(time, _)| *time + WINDOW > at).map(|(_, points)| points).sum();
                prop_assert!(minute + points <= budget, "{minute} + {points} > {budget}");
                sent.push((at, points));
            }
            let alone = Pace::default().reserve(5, budget, now);
            prop_assert_eq!(alone, now);
        }
    }
}
