//! The limits of one server, shared by all of its clients: concurrent requests, points per minute, the quota that is left, and the
//! waits that the server requested.
//!
//! Knows numbers and times only; [`super::limits`] reads them off the answers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::limits::{Limit, Quota, Wait};
use super::pace::Pace;

/// GitHub's documented limit on concurrent requests (fact G2.11).
pub(super) const MOST_AT_ONCE: usize = 100;
/// After this many answers in a row that no limit refused, one more request may be in flight again.
const RECOVERY: usize = 32;

/// What one server's clients share.
#[derive(Debug)]
pub(super) struct Limiter {
    host: String,
    turns: Semaphore,
    allowance: Mutex<Allowance>,
    /// How many places are not given back when their requests end, because a secondary limit took them.
    excess: AtomicUsize,
    pace: Mutex<Pace>,
    /// Points per minute; `None` does not pace.
    points: Option<u32>,
    quota: Mutex<Option<Quota>>,
    shut: Mutex<Option<LimitPause>>,
    /// Held by the one write that is on its way.
    pub(super) writes: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Allowance {
    most: usize,
    now: usize,
    answers: usize,
}

#[derive(Debug, Clone)]
struct LimitPause {
    until: Instant,
    wait: Wait,
    shown: bool,
}

/// A place among the requests in flight.
pub(super) struct Turn<'a> {
    limiter: &'a Limiter,
    permit: Option<SemaphorePermit<'a>>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let excess = self.limiter.excess.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |excess| excess.checked_sub(1));
        if let (Ok(_), Some(permit)) = (excess, self.permit.take()) {
            permit.forget();
        }
    }
}

impl Limiter {
    pub(super) fn new(host: &str, at_once: usize, points: Option<u32>) -> Self {
        let most = at_once.clamp(1, MOST_AT_ONCE);
        Self {
            host: host.to_owned(),
            turns: Semaphore::new(most),
            allowance: Mutex::new(Allowance { most, now: most, answers: 0 }),
            excess: AtomicUsize::new(0),
            pace: Mutex::default(),
            points,
            quota: Mutex::default(),
            shut: Mutex::default(),
            writes: tokio::sync::Mutex::default(),
        }
    }

    /// Waits for a place among the requests in flight.
    pub(super) async fn turn(&self) -> Turn<'_> {
        // Never closed, so this does not fail.
        Turn { limiter: self, permit: self.turns.acquire().await.ok() }
    }

    /// When a request with this many points may be sent, and the wait to show if that is not now.
    pub(super) fn paced(&self, points: u32) -> Option<(Instant, Wait)> {
        let now = Instant::now();
        let at = lock(&self.pace).reserve(points, self.points?, now);
        let duration = at.saturating_duration_since(now);
        (!duration.is_zero()).then(|| (at, self.wait(Limit::Pace, duration)))
    }

    /// Records what a server says about its quota.
    pub(super) fn note(&self, said: Quota) {
        let mut quota = lock(&self.quota);
        *quota = match *quota {
            // Answers may arrive out of order: the smallest number of the same hour counts.
            Some(known) if known.reset == said.reset => Some(Quota { remaining: known.remaining.min(said.remaining), ..said }),
            Some(known) if known.reset > said.reset => Some(known),
            _ => Some(said),
        };
    }

    /// The last known quota.
    pub(super) fn quota(&self) -> Option<Quota> {
        *lock(&self.quota)
    }

    /// Records an answer that no limit refused. After enough of them, one more request may be in flight.
    pub(super) fn answered(&self) {
        let mut allowance = lock(&self.allowance);
        if allowance.now == allowance.most {
            return;
        }
        allowance.answers += 1;
        if allowance.answers >= RECOVERY {
            allowance.answers = 0;
            allowance.now += 1;
            drop(allowance);
            if self.excess.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |excess| excess.checked_sub(1)).is_err() {
                self.turns.add_permits(1);
            }
        }
    }

    /// Pauses the server for this long, unless it is paused for longer already. A secondary limit also halves what may be in flight afterward,
    /// once for all who met it together.
    pub(super) fn shut(&self, limit: Limit, duration: Duration) -> Wait {
        let until = Instant::now() + duration;
        let wait = self.wait(limit, duration);
        let mut shut = lock(&self.shut);
        if limit == Limit::Secondary && shut.is_none() {
            let mut allowance = lock(&self.allowance);
            let now = (allowance.now / 2).max(1);
            let fewer = allowance.now - now;
            (allowance.now, allowance.answers) = (now, 0);
            self.excess.fetch_add(fewer - self.turns.forget_permits(fewer), Ordering::Relaxed);
        }
        if shut.as_ref().is_none_or(|shut| shut.until < until) {
            *shut = Some(LimitPause { until, wait: wait.clone(), shown: false });
        }
        wait
    }

    /// Whether nothing holds requests back now.
    pub(super) fn is_open(&self) -> bool {
        self.open_when_due().is_none()
    }

    /// Waits until requests may be sent, and shows each wait once. Returns whether there was one.
    ///
    /// # Errors
    /// The wait, if it would end after `latest`; it is then not begun.
    pub(super) async fn pass(&self, latest: Option<Instant>, show: impl Fn(&Wait)) -> Result<bool, Wait> {
        let mut waited = false;
        while let Some(shut) = self.open_when_due() {
            if latest.is_some_and(|latest| shut.until > latest) {
                return Err(shut.wait);
            }
            if !shut.shown && self.first_to_show(shut.until) {
                show(&shut.wait);
            }
            waited = true;
            tokio::time::sleep_until(shut.until).await;
        }
        Ok(waited)
    }

    fn wait(&self, limit: Limit, duration: Duration) -> Wait {
        let until = Timestamp::now().checked_add(duration).unwrap_or(Timestamp::MAX);
        Wait { host: self.host.clone(), limit, until, duration }
    }

    fn open_when_due(&self) -> Option<LimitPause> {
        let mut shut = lock(&self.shut);
        if shut.as_ref().is_some_and(|shut| shut.until <= Instant::now()) {
            *shut = None;
        }
        shut.clone()
    }

    fn first_to_show(&self, until: Instant) -> bool {
        match lock(&self.shut).as_mut() {
            Some(shut) if shut.until == until && !shut.shown => {
                shut.shown = true;
                true
            }
            _ => false,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quota(remaining: u64, reset: i64) -> Quota {
        Quota { limit: 5000, remaining, reset: Timestamp::from_second(reset).unwrap() }
    }

    #[test]
    fn the_smallest_number_of_the_latest_hour_counts() {
        let limiter = Limiter::new("h", 64, None);
        for (said, known) in
            [((10, 100), (10, 100)), ((12, 100), (10, 100)), ((9, 100), (9, 100)), ((1, 50), (9, 100)), ((5000, 200), (5000, 200))]
        {
            limiter.note(quota(said.0, said.1));
            assert_eq!(limiter.quota(), Some(quota(known.0, known.1)));
        }
    }

    #[tokio::test]
    async fn a_secondary_limit_halves_what_is_in_flight_and_answers_bring_it_back() {
        let limiter = Limiter::new("h", 8, None);
        let mut turns = Vec::new();
        for _ in 0..8 {
            turns.push(limiter.turn().await);
        }
        for _ in 0..8 {
            limiter.shut(Limit::Secondary, Duration::from_secs(60));
        }
        drop(turns);
        assert_eq!(limiter.turns.available_permits(), 4, "once for all who met it");
        for answers in [RECOVERY, RECOVERY * 2, RECOVERY * 9] {
            (0..answers).for_each(|_| limiter.answered());
        }
        assert_eq!(limiter.turns.available_permits(), 8);
        limiter.shut(Limit::Quota, Duration::from_secs(60));
        assert_eq!(limiter.turns.available_permits(), 8, "an hour's quota says nothing about how many at once");
    }

    #[tokio::test(start_paused = true)]
    async fn no_request_is_sent_during_a_wait_and_each_wait_is_shown_once() {
        let limiter = Limiter::new("h", 8, None);
        limiter.shut(Limit::Secondary, Duration::from_secs(60));
        let shown = AtomicUsize::new(0);
        let (start, show) = (Instant::now(), |_: &Wait| {
            shown.fetch_add(1, Ordering::Relaxed);
        });
        assert!(limiter.pass(Some(start + Duration::from_secs(59)), show).await.is_err());
        let all = tokio::join!(limiter.pass(None, show), limiter.pass(Some(start + Duration::from_secs(60)), show));
        assert_eq!((all, shown.into_inner(), start.elapsed()), ((Ok(true), Ok(true)), 1, Duration::from_secs(60)));
        assert!(limiter.is_open());
    }

    #[test]
    fn never_more_than_the_documented_number_at_once() {
        assert_eq!(Limiter::new("h", 5000, None).turns.available_permits(), MOST_AT_ONCE);
        assert_eq!(Limiter::new("h", 0, None).turns.available_permits(), 1);
    }
}
