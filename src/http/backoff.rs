//! Pauses between attempts.

use std::time::Duration;

/// The pause before the next attempt, doubled with each one, jittered.
pub(super) fn pause(base: Duration, attempt: u32) -> Duration {
    jittered(base.saturating_mul(1 << attempt.min(10)))
}

/// Between half and one and a half times as long, so that clients that failed together do not come back together.
pub(super) fn jittered(duration: Duration) -> Duration {
    duration.mul_f64(0.5 + share())
}

/// A random number between 0 and 1.
pub(super) fn share() -> f64 {
    let (random, _) = uuid::Uuid::new_v4().as_u64_pair();
    // The fixed version bits sit in the lower half.
    f64::from((random >> 32) as u32) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_stays_near_its_doubled_base() {
        for attempt in 0..4 {
            let base = Duration::from_millis(100);
            let pause = pause(base, attempt);
            assert!(pause >= base * (1 << attempt) / 2 && pause <= base * (1 << attempt) * 2, "{pause:?}");
        }
    }
}
